# make install, into the overlay's own /usr; the units as systemd reads them.

check "make install PREFIX=/usr" make --no-print-directory -C "$repository" install PREFIX=/usr
same "the configuration is installed" "$(cat "$repository/config/profilerd.toml")" \
    "$(cat /etc/profilerd/profilerd.toml 2>&1)"
printf 'idle-exit = "2s"\n' >/etc/profilerd/profilerd.toml
check "make install again" make --no-print-directory -C "$repository" install PREFIX=/usr
same "an installed configuration is kept" 'idle-exit = "2s"' "$(cat /etc/profilerd/profilerd.toml)"

for unit in system/profilerd@.socket system/profilerd@.service; do
    same "systemd-analyze verify has nothing to say about $unit" "" \
        "$(systemd-analyze verify "/usr/lib/systemd/$unit" 2>&1)"
done
for unit in user/profilerd.socket user/profilerd.service; do
    same "systemd-analyze verify has nothing to say about $unit" "" \
        "$(as alice systemd-analyze --user verify "/usr/lib/systemd/$unit" 2>&1)"
done

version=$(systemctl --version | sed -n '1s/^systemd \([0-9]*\).*/\1/p')
for dropin in system/profilerd@.service.d user/profilerd.service.d; do
    same "the manager itself reloads only where it can ($dropin, systemd $version)" \
        "$([ "$version" -ge 253 ] && echo yes || echo no)" \
        "$([ -e "/usr/lib/systemd/$dropin/notify-reload.conf" ] && echo yes || echo no)"
done

unknown=$(for name in $(sed -n 's/^    case \([a-zA-Z]*\) = .*/\1/p' \
    "$repository/Sources/Systemd/JournalMessage.swift"); do
    journalctl --no-pager --dump-catalog "$(message_id "$name")" >/dev/null 2>&1 || echo "$name"
done)
same "the catalog explains every message" "" "$unknown"
