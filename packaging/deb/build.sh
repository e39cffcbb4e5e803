#!/bin/sh
# build.sh DIRECTORY VERSION: DIRECTORY/contactd as a Debian package beside it. It depends on nothing, so one package is
# for every release. packaging/systemd's units go with it, if there are any: the service is started when it is installed.
# What it stores stays when it is removed, purged too: these are other people's messages.
set -eu
umask 022
cd "$(dirname "$0")/../.."
top=$1 version=$2
maintainer="${DEBFULLNAME:-the contactd authors} <${DEBEMAIL:-contactd@localhost}>"
architecture=$(dpkg --print-architecture)
when=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2> /dev/null || echo 0)}
tree=$top/deb
doc=$tree/usr/share/doc/contactd
rm -rf "$tree"
mkdir -p "$tree/DEBIAN" "$doc"

compressed() { # to, mode 0644: what comes on stdin
    mkdir -p "$(dirname "$1")"
    gzip -9n > "$1"
}

install -D -m 0755 "$top/contactd" "$tree/usr/bin/contactd"
compressed "$tree/usr/share/man/man8/contactd.8.gz" < packaging/deb/contactd.8
compressed "$doc/contactd.cdx.json.gz" < "$top/contactd.cdx.json"
compressed "$doc/LICENSES.gz" < "$top/LICENSES"
compressed "$doc/README.md.gz" < README.md
install -D -m 0644 -t "$doc/examples" packaging/systemd/tls.conf packaging/systemd/https.conf packaging/litestream/litestream.yml
{
    printf 'Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\nUpstream-Name: contactd\n\n'
    printf 'Files: *\nCopyright: %s\nLicense: MIT\nComment: The libraries that are linked in have their own, in LICENSES.gz.\n\nLicense: MIT\n' \
        "$(sed -n 's/^Copyright (c) //p' LICENSE)"
    sed '1,/^Copyright/d; /./,$!d; s/^$/./; s/^/ /' LICENSE | sed '/./,$!d' | sed '1{/^ \.$/d}'
} > "$doc/copyright"
printf 'contactd (%s) unstable; urgency=medium\n\n  * What is new is told in its repository.\n\n -- %s  %s\n' \
    "$version" "$maintainer" "$(LC_ALL=C date -u -R -d "@$when")" | compressed "$doc/changelog.gz"

mkdir -p "$tree/usr/share/lintian/overrides"
cat > "$tree/usr/share/lintian/overrides/contactd" << 'END'
# One file for every release, with libraries that are newer than the release's: meant so.
contactd: statically-linked-binary
contactd: embedded-library
contactd: shared-library-lacks-prerequisites
END

units= units_at_once=
for unit in packaging/systemd/*.service packaging/systemd/*.socket; do
    [ -f "$unit" ] || continue
    install -D -m 0644 "$unit" "$tree/usr/lib/systemd/system/$(basename "$unit")"
    sed -i 's,/usr/local/bin/contactd,/usr/bin/contactd,g' "$tree/usr/lib/systemd/system/$(basename "$unit")"
    units="$units $(basename "$unit")"
    case $unit in *-redirect.socket) continue ;; esac # a port that its owner has to want
    units_at_once="$units_at_once $(basename "$unit")"
done
script() { # name: the script's body on stdin
    { printf '#!/bin/sh\nset -e\n'; cat; } > "$tree/DEBIAN/$1"
    chmod 0755 "$tree/DEBIAN/$1"
}
if [ -n "$units" ]; then
    script postinst << END
if [ "\$1" = configure ] && [ -d /run/systemd/system ]; then
    systemctl daemon-reload
    [ -n "\$2" ] || systemctl preset $units_at_once
    if systemctl -q is-active contactd.service; then
        systemctl restart contactd.service
    elif [ -z "\$2" ]; then
        systemctl start contactd.service
    fi
fi
END
    script prerm << END
if [ "\$1" = remove ] && [ -d /run/systemd/system ]; then
    systemctl disable --now $units
fi
END
    script postrm << 'END'
if [ -d /run/systemd/system ]; then
    systemctl daemon-reload
fi
END
fi

cat > "$tree/DEBIAN/control" << END
Package: contactd
Version: $version
Architecture: $architecture
Maintainer: $maintainer
Installed-Size: $(du -sk --apparent-size "$tree" | cut -f1)
Section: web
Priority: optional
Description: contact-form backend in one file
 Takes what people type into the contact forms of web pages, has it on disk
 before it answers, sorts out spam, and shows it to administrators in a browser
 or to programs. It understands the forms of several hosted services.
END
(cd "$tree" && find usr -type f | LC_ALL=C sort | xargs md5sum > DEBIAN/md5sums)
find "$tree" -exec touch -h -d "@$when" {} +
SOURCE_DATE_EPOCH=$when dpkg-deb --root-owner-group -Zxz --build "$tree" "$top/contactd_${version}_$architecture.deb" > /dev/null
rm -rf "$tree"
echo "  DEB   $top/contactd_${version}_$architecture.deb"
