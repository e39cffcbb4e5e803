#!/bin/sh
# What systemd says of packaging/systemd, installed as its comments say: nothing, or it is refused.
# A key that it does not know it ignores with a word, so the exit code alone would not do.
set -eu
cd "$(dirname "$0")/../.."
units=$(mktemp -d)
trap 'rm -rf "$units"' EXIT
cp packaging/systemd/*.service packaging/systemd/*.socket "$units"
# The program need not be installed here.
sed -i 's,^ExecStart=/usr/local/bin/contactd,ExecStart=/bin/true,' "$units/contactd.service"
for conf in packaging/systemd/*.conf; do
    place=$(sed -n 's,.*[Ii]nstall as /etc/systemd/system/\([^ ,]*\).*,\1,p' "$conf")
    if [ "$(basename "$place")" != "$(basename "$conf")" ]; then
        echo "$conf does not say what it is to be installed as" >&2
        exit 1
    fi
    install -D -m 0644 "$conf" "$units/$place"
done
status=0
for unit in "$units"/*.service "$units"/*.socket; do
    said=$(systemd-analyze verify "$unit" 2>&1) || status=1
    [ -z "$said" ] || { printf '%s\n' "$said" >&2; status=1; }
done
for port in 80 443; do
    grep -rqx "ListenStream=$port" "$units" || { echo "nobody listens on $port" >&2; status=1; }
done
exit $status
