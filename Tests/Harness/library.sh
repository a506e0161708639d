#!/bin/bash
# SocketCredentials without the profiler: a package that depends on this one by version, and on
# nothing of it but the library, is built and run. Its programs are the tutorial's last listing and
# the example of README.md. It must do without the C libraries and the packages of the programs, and
# say the same to root and to an ordinary user, but for the claim that only root may make.
set -euo pipefail
cd "$(dirname "$0")/../.."
root=$PWD
listing=Sources/SocketCredentials/SocketCredentials.docc/Resources/10-answer.swift
# One place for every run, so that SwiftPM's cache has one copy of the repository and not many.
work=$root/.build/library
rm -rf "$work"
mkdir -p "$work"
# The program runs where every user can reach it.
public=$(mktemp -d /tmp/library-consumer.XXXXXX)
trap 'rm -rf "$public"' EXIT
chmod 0755 "$public"
export LC_ALL=C
fail() {
    echo "not ok - $*" >&2
    exit 1
}

# A version of what is committed. Each run's is another one, since SwiftPM remembers which commit
# a version was.
export LIBRARY_REPOSITORY=file://$work/profilerd.git LIBRARY_VERSION=0.0.$(date +%s)
git clone --quiet --bare "$root" "$work/profilerd.git"
git -C "$work/profilerd.git" tag "$LIBRARY_VERSION" "$(git rev-parse HEAD)"
mkdir -p "$work"/consumer/Sources/{consumer,readme}
cp Tests/LibraryConsumer/Package.swift "$work/consumer"
cp "$listing" "$work/consumer/Sources/consumer/main.swift"
sed -n '/^    import SocketCredentials$/,/^    }$/s/^    //p' README.md \
    >"$work/consumer/Sources/readme/main.swift"

# pkg-config knows none of the machine's libraries.
cd "$work/consumer"
PKG_CONFIG_LIBDIR=$work/none swift build --static-swift-stdlib --verbose \
    --security-path "$work/security" \
    >"$work/log" 2>&1 || { cat "$work/log"; fail "a package that depends on the library is built"; }
echo "ok - a package that depends on the library is built"

packages=$(ls .build/checkouts | tr '\n' ' ')
[ "$packages" = "profilerd swift-system " ] || fail "only swift-system is fetched: $packages"
echo "ok - it fetches swift-system and nothing else"
modules=$(cd .build/debug/Modules && echo *.swiftmodule)
[ "$modules" = "SocketCredentials.swiftmodule SystemPackage.swiftmodule consumer.swiftmodule \
readme.swiftmodule" ] ||
    fail "only the library is compiled: $modules"
echo "ok - it compiles the library and nothing else of this package"

link=$(grep -E -- '-o [^ ]*/consumer( |$)' "$work/log") || fail "the link line is in the log"
! grep -E -- '-l(systemd|dw|elf|iberty|z)\b|use-ld=bfd|pack-relative-relocs' <<<"$link" ||
    fail "it links no library of the programs"
echo "ok - it links no library of the programs"

# Each step of the tutorial is a program.
maps=(-Xcc "-fmodule-map-file=$root/Sources/CLinux/include/module.modulemap"
    -Xcc "-fmodule-map-file=$PWD/.build/checkouts/swift-system/Sources/CSystem/include/module.modulemap")
for step in "$root/$(dirname "$listing")"/*.swift; do
    swiftc -typecheck -swift-version 6 -warnings-as-errors -I .build/debug/Modules "${maps[@]}" \
        "$step" || fail "$(basename "$step") compiles"
done
echo "ok - every step of the tutorial compiles"

hello() {
    echo "hello: pid N (as the sender says), uid $1 (one that the sender may become)," \
        "gid $2 (one that the sender may become), from ucred of SCM_CREDENTIALS"
}
# What the tutorial's program prints; $1 is the uid, $2 the gid, $3 how the claim of uid 1000
# ends.
expected() {
    cat <<END
$(hello "$1" "$2")
that may be us
$3
answer here: a stream socket
here I am
END
}
check() {
    diff <(sed -E 's/pid [0-9]+/pid N/' "$work/output") <(expected "$@") >&2 ||
        fail "uid $1 sees what the tutorial says"
    echo "ok - uid $1 sees what the tutorial says"
}
[ "$(.build/debug/readme)" = true ] || fail "README.md's example says true"
echo "ok - README.md's example says true"
refused="The kernel does not let this process claim uid 1000 (EPERM): uid 1000 needs CAP_SETUID."
if [ "$(id -u)" = 0 ]; then
    .build/debug/consumer >"$work/output"
    check 0 0 "$(hello 1000 0)"
    cp .build/debug/consumer "$public/program"
    setpriv --reuid 4242 --regid 4242 --clear-groups "$public/program" >"$work/output"
    check 4242 4242 "$refused"
else
    echo "ok - uid 0 sees what the tutorial says # SKIP it needs root: sudo make test"
    [ "$(id -u)" != 1000 ] || refused=$(hello 1000 "$(id -g)")
    .build/debug/consumer >"$work/output"
    check "$(id -u)" "$(id -g)" "$refused"
fi
