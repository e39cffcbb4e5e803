#!/bin/sh
# bill.sh DIRECTORY VERSION: what DIRECTORY/contactd is made of, as CycloneDX in contactd.cdx.json, and all of its licences in
# one file, LICENSES. Both tell of what was there when it was built, and no time: the same build has the same bill.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
top=$1 version=$2

licence() { # as SPDX writes it; what is taken of each package, not what else its archive has
    case $1 in
    libmicrohttpd | gnutls28) echo LGPL-2.1-or-later ;;
    nettle | gmp) echo 'LGPL-3.0-or-later OR GPL-2.0-or-later' ;;
    sqlite3) echo blessing ;;
    jansson) echo MIT ;;
    libsodium) echo ISC ;;
    pcre2) echo BSD-3-Clause ;;
    curl) echo curl ;;
    ca-certificates) echo MPL-2.0 ;;
    glibc) echo LGPL-2.1-or-later ;;
    gcc) echo 'GPL-3.0-or-later WITH GCC-exception-3.1' ;;
    *) echo "bill.sh: $1 has no licence here" >&2; exit 1 ;;
    esac
}

# The toolchain's part of the program: libc.a and libgcc.a, whose sources dpkg knows.
toolchain() {
    dpkg-query -W -f 'glibc ${source:Version}\n' libc6-dev
    dpkg-query -W -f 'gcc ${source:Version}\n' "$(dpkg -S "$(realpath "$(gcc -print-libgcc-file-name)")" | cut -d: -f1)"
}

# What an archive brings along and the program takes from there.
bundled() {
    [ "$1" != gnutls28 ] || printf ', "properties": [{"name": "contactd:bundled", "value": "libtasn1 %s"}, {"name": "contactd:bundled", "value": "libunistring, as gnulib has it"}]' \
        "$(sed -n 's/^# *define ASN1_VERSION "\(.*\)"/\1/p' "$top/work/gnutls28/lib/minitasn1/libtasn1.h")"
}

component() { # name, version, a JSON member more
    printf '    {"type": "library", "name": "%s", "version": "%s", "licenses": [{"expression": "%s"}],\n' "$1" "$2" "$(licence "$1")"
    printf '     "purl": "pkg:deb/debian/%s@%s?arch=source"%s}' "$1" "$(echo "$2" | sed 's/:/%3A/; s/+/%2B/g; s/~/%7E/g')" "$3"
}

{
    printf '{\n  "bomFormat": "CycloneDX",\n  "specVersion": "1.5",\n  "version": 1,\n  "metadata": {\n'
    printf '    "component": {"type": "application", "bom-ref": "contactd", "name": "contactd", "version": "%s", "licenses": [{"license": {"id": "MIT"}}],\n' "$version"
    printf '      "hashes": [{"alg": "SHA-256", "content": "%s"}]}\n  },\n  "components": [\n' "$(sha256sum < "$top/contactd" | cut -d' ' -f1)"
    grep -Ev '^(#|snapshot|$)' "$here/sources" | while read -r package its_version suite sum; do
        component "$package" "$its_version" ', "externalReferences": [{"type": "source-distribution", "url": "https://deb.debian.org/debian/dists/'"$suite"'", "comment": "its .dsc", "hashes": [{"alg": "SHA-256", "content": "'"$sum"'"}]}]'"$(bundled "$package")"
        printf ',\n'
    done
    toolchain | sed '$!s/$/ ,/' | while read -r package its_version comma; do
        component "$package" "$its_version" ''
        printf '%s\n' "$comma"
    done
    printf '  ]\n}\n'
} > "$top/contactd.cdx.json"

{
    echo "contactd $version is MIT, as follows. What it is linked with is below, each as Debian's copyright file has it, the parts of its archive that are not in the program included."
    echo
    cat "$here/../../LICENSE"
    grep -Ev '^(#|snapshot|$)' "$here/sources" | while read -r package its_version suite sum; do
        printf '\n======== %s %s ========\n\n' "$package" "$its_version"
        cat "$top/work/$package/debian/copyright"
    done
    printf '\n======== glibc ========\n\n'
    cat /usr/share/doc/libc6-dev/copyright
    printf '\n======== gcc ========\n\n'
    cat "/usr/share/doc/$(dpkg -S "$(realpath "$(gcc -print-libgcc-file-name)")" | cut -d: -f1)/copyright"
    for name in LGPL-2.1 LGPL-3 GPL-2 GPL-3 MPL-2.0; do
        printf '\n======== %s ========\n\n' "$name"
        cat "/usr/share/common-licenses/$name"
    done
} > "$top/LICENSES"
