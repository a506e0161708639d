# make deps test-deps build demo test sanitize fuzz bench lint docs install uninstall clean
#
# A Swift toolchain (6.3 or later) is the one thing that deps does not bring.

PREFIX ?= /usr/local
SYSCONFDIR ?= /etc
DESTDIR ?=

SWIFT ?= swift
INSTALL ?= install

# For each driver of `make fuzz`; an hour or more finds what a minute does not.
FUZZ_SECONDS ?= 60

# systemd and journald look for these under /usr and /usr/local alike.
UNITDIR = $(PREFIX)/lib/systemd
CATALOGDIR = $(PREFIX)/lib/systemd/catalog
DOCDIR = $(PREFIX)/share/doc/profilerd

# Whether the systemd that is installed for knows Type=notify-reload (253); a package says it by
# NOTIFY_RELOAD=yes or no.
NOTIFY_RELOAD ?= $(shell version=$$(systemctl --version 2>/dev/null | sed -n '1s/^systemd \([0-9]*\).*/\1/p'); \
	[ "$${version:-0}" -ge 253 ] && echo yes || echo no)

BINARIES = .build/release/profilerd .build/release/profilerctl
UNITS = system/profilerd@.socket system/profilerd@.service \
	user/profilerd.socket user/profilerd.service
# Where the drop-in for it goes.
DROPINS = system/profilerd@.service.d/notify-reload.conf user/profilerd.service.d/notify-reload.conf
PACKAGES = binutils dbus-user-session g++ gcc iproute2 libcap-dev libdw-dev libelf-dev libiberty-dev \
	libpam-systemd libsystemd-dev make pkg-config procps python3 systemd systemd-sysv \
	util-linux zlib1g-dev

# Where the loader finds the libraries of the daemon: beside itself all that its units let it run.
LIBRARIES = $(shell ldd .build/release/profilerd | \
	sed -n 's|.*[[:space:]]\(/[^ ]*\)/[^/ ]* (0x[0-9a-f]*)$$|\1|p' | sort -u)

# What only the tests use: peers to check against.
TEST_PACKAGES = dwz elfutils golang-go libcap2-bin linux-perf python3-venv ruby strace xz-utils

.PHONY: all deps test-deps build demo test soak sanitize fuzz bench lint docs install uninstall clean

all: build

# Asks the package manager only for what is missing.
deps: WANTED = $(PACKAGES)
test-deps: WANTED = $(TEST_PACKAGES)
deps test-deps:
	@missing=; for package in $(WANTED); do \
		dpkg-query --show --showformat='$${Status}' $$package 2>/dev/null | \
			grep -q 'ok installed' || missing="$$missing $$package"; \
	done; \
	if [ -n "$$missing" ]; then \
		echo "installing$$missing"; \
		[ "$$(id -u)" = 0 ] || { echo "that needs root: run sudo make $@" >&2; exit 1; }; \
		apt-get update -q && \
		DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $$missing; \
	fi

build: .build/static/libstdc++.a
	$(SWIFT) build --configuration release --static-swift-stdlib

# By itself in a directory, where the linker finds it before the shared one.
.build/static/libstdc++.a:
	mkdir -p $(@D)
	ln -sf "$$($(CC) -print-file-name=libstdc++.a)" $@

demo: deps build
	Tests/Harness/demo.sh

test: build
	Tests/Harness/test.sh

# Sessions, kills, restarts, floods and full disks together, as the seed decides, under a real systemd.
# For a night, make soak SOAK_MINUTES=480 SOAK_SEED=7.
SOAK_MINUTES ?= 3
SOAK_SEED ?= 1
soak: build
	Tests/Harness/soak.sh $(SOAK_MINUTES) $(SOAK_SEED)

# Builds everything twice more, each time with another sanitizer.
sanitize:
	Tests/Harness/sanitize.sh

# Each driver for a minute; for a night, make fuzz FUZZ_SECONDS=28800. What it finds stays in
# .build/fuzzing, and the next run goes on from there.
fuzz:
	Tests/Fuzzing/run.sh $(FUZZ_SECONDS)

bench: build
	Benchmarks/run.sh

lint:
	$(SWIFT) format lint --strict --recursive Sources Tests
	Tests/Harness/lint.sh

# The library's documentation, in .build/docs, for any web server.
docs:
	Tests/Harness/documentation.sh

# Installs what was built; builds nothing, so that it can run as root after a build as a user.
install: $(BINARIES)
	$(INSTALL) -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(UNITDIR)/system $(DESTDIR)$(UNITDIR)/user \
		$(DESTDIR)$(CATALOGDIR) $(DESTDIR)$(DOCDIR) $(DESTDIR)$(SYSCONFDIR)/profilerd
	$(INSTALL) -m 0755 $(BINARIES) $(DESTDIR)$(PREFIX)/bin
	for unit in $(UNITS); do \
		sed 's|@prefix@|$(PREFIX)|g; s|@libraries@|$(LIBRARIES)|g' systemd/$$unit \
			>$(DESTDIR)$(UNITDIR)/$$unit && \
		chmod 0644 $(DESTDIR)$(UNITDIR)/$$unit || exit 1; \
	done
	for file in $(DROPINS); do \
		if [ "$(NOTIFY_RELOAD)" = yes ]; then \
			$(INSTALL) -D -m 0644 systemd/notify-reload.conf $(DESTDIR)$(UNITDIR)/$$file || exit 1; \
		else \
			rm -f $(DESTDIR)$(UNITDIR)/$$file; \
		fi; \
	done
	sed 's|@prefix@|$(PREFIX)|g' systemd/profilerd.catalog >$(DESTDIR)$(CATALOGDIR)/profilerd.catalog
	chmod 0644 $(DESTDIR)$(CATALOGDIR)/profilerd.catalog
	for file in $(wildcard README.md LICENSE); do \
		$(INSTALL) -m 0644 $$file $(DESTDIR)$(DOCDIR) || exit 1; \
	done
	[ -e $(DESTDIR)$(SYSCONFDIR)/profilerd/profilerd.toml ] || \
		$(INSTALL) -m 0644 config/profilerd.toml $(DESTDIR)$(SYSCONFDIR)/profilerd/profilerd.toml
ifeq ($(DESTDIR),)
	$(refresh)
endif

$(BINARIES):
	@echo "$@ is missing: run make build first" >&2; exit 1

# The configuration and the recordings stay.
uninstall:
	rm -f $(addprefix $(DESTDIR)$(PREFIX)/bin/,$(notdir $(BINARIES))) \
		$(addprefix $(DESTDIR)$(UNITDIR)/,$(UNITS) $(DROPINS)) $(DESTDIR)$(CATALOGDIR)/profilerd.catalog \
		$(DESTDIR)$(DOCDIR)/README.md $(DESTDIR)$(DOCDIR)/LICENSE
	for file in $(DROPINS); do \
		directory=$$(dirname $(DESTDIR)$(UNITDIR)/$$file); \
		[ ! -d $$directory ] || rmdir --ignore-fail-on-non-empty $$directory; \
	done
	[ ! -d $(DESTDIR)$(DOCDIR) ] || rmdir --ignore-fail-on-non-empty $(DESTDIR)$(DOCDIR)
ifeq ($(DESTDIR),)
	$(refresh)
endif

clean:
	rm -rf .build .build-address .build-thread

# A running systemd reads the units again, and journald's catalog is compiled anew. A package
# (DESTDIR) leaves both to the machine it is unpacked on. User managers read new units when
# they start; a running one wants systemctl --user daemon-reload.
define refresh
if command -v journalctl >/dev/null; then journalctl --update-catalog; fi
if [ -d /run/systemd/system ]; then systemctl daemon-reload; fi
endef
