#!/bin/sh
# roots.sh DIRECTORY: the certificates that Debian's ca-certificates trusts for servers, as a C string of PEM, on stdout.
# Mozilla's certdata.txt has them in octal; what it trusts stands in a second kind of object, of the same label.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
version=$(awk '$1 == "ca-certificates" { print $2 }' "$here/sources")
work=$1/work/ca-certificates
rm -rf "$work"
mkdir -p "$1/work"
dpkg-source --no-check --no-copy -q -x "$1/source/ca-certificates_$version.dsc" "$work" > /dev/null

echo "/* SPDX-License-Identifier: MPL-2.0 */"
echo "/* Mozilla's certificates as of Debian's ca-certificates $version. Made by packaging/static/roots.sh. */"
echo "#pragma GCC system_header /* a string of any length */"
echo "static const char ROOTS[] ="
LC_ALL=C awk '
    function finish() {
        if (class == "CKO_CERTIFICATE") der[label] = value
        if (class == "CKO_NSS_TRUST") {
            order[++labels] = label
            is_trusted[label] = trust == "CKT_NSS_TRUSTED_DELEGATOR"
        }
        class = label = value = trust = ""
    }
    function number(octal) {
        return substr(octal, 1, 1) * 64 + substr(octal, 2, 1) * 8 + substr(octal, 3, 1)
    }
    function pem(octals,    count, byte, i, line, bits) { # three bytes become four letters
        count = split(substr(octals, 2), byte, "\\")
        print "    \"-----BEGIN CERTIFICATE-----\\n\""
        for (i = 1; i <= count; i += 3) {
            bits = number(byte[i]) * 65536 + (i + 1 <= count ? number(byte[i + 1]) * 256 : 0) + (i + 2 <= count ? number(byte[i + 2]) : 0)
            line = line letter(bits, 262144) letter(bits, 4096) (i + 1 <= count ? letter(bits, 64) : "=") (i + 2 <= count ? letter(bits, 1) : "=")
            if (length(line) == 64 || i + 3 > count) {
                print "    \"" line "\\n\""
                line = ""
            }
        }
        print "    \"-----END CERTIFICATE-----\\n\""
    }
    function letter(bits, unit) {
        return substr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", int(bits / unit) % 64 + 1, 1)
    }
    FNR == NR { if ($0 !~ /^#/ && NF) refused[$0] = 1; next }
    /^BEGINDATA/ { has_begun = 1; next }
    !has_begun || /^#/ { next }
    is_octal && /^END/ { is_octal = 0; next }
    is_octal { if (keeps) value = value $0; next }
    /MULTILINE_OCTAL/ { is_octal = 1; keeps = $1 == "CKA_VALUE"; next }
    /^$/ { finish(); next }
    $1 == "CKA_CLASS" { class = $3 }
    $1 == "CKA_TRUST_SERVER_AUTH" { trust = $3 }
    $1 == "CKA_LABEL" { label = $0; sub(/^CKA_LABEL UTF8 /, "", label) }
    END {
        finish()
        for (i = 1; i <= labels; i++)
            if (is_trusted[order[i]] && !(order[i] in refused) && order[i] in der) { pem(der[order[i]]); certificates++ }
        if (certificates < 100) exit 1
    }
' "$work/mozilla/blacklist.txt" "$work/mozilla/certdata.txt"
echo "    ;"
