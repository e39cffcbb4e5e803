#!/bin/sh
# Turns the files of this folder that the program serves into one C header:
#
#   src/assets/embed.sh form.js page.css > build/gen/assets.h
#
# Each becomes a `struct asset` named after it, with its bytes, the same bytes
# compressed, an ETag that changes with them, and their digest as a source for a
# Content-Security-Policy. The ETag is a weak one, since it stands for both encodings.
#
# Indentation and lines that are comments stay behind, but for the first line, which
# has the licence: a literal must not go over several lines.
set -eu
cd "$(dirname "$0")"

bytes() { od -An -v -tu1 | tr -s ' \n' ',' | sed 's/^,//; s/,$//'; }

trimmed() { sed -e 's/^[[:space:]]*//' -e '2,$ { /^\/\//d; /^$/d; }' "$1"; }

# Hex digits to base64. awk has no operators for bits, but three bytes are a number.
base64_of() {
    awk -v hex="$1" 'BEGIN {
        letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
        for (i = 1; i <= length(hex); i += 6) {
            three = substr(hex, i, 6)
            value = 0
            for (j = 1; j <= 6; j++)
                value = value * 16 + (j > length(three) ? 0 : index("0123456789abcdef", substr(three, j, 1)) - 1)
            for (j = 0; j < 4; j++)
                text = text (j <= length(three) / 2 ? substr(letters, int(value / 64 ^ (3 - j)) % 64 + 1, 1) : "=")
        }
        print text
    }'
}

echo '/* Made by src/assets/embed.sh; do not edit. */'
echo '#ifndef CONTACTD_GEN_ASSETS_H'
echo '#define CONTACTD_GEN_ASSETS_H'
echo
echo '#include "base/str.h"'
echo
echo 'struct asset {'
echo '    struct str plain, zipped;'
echo '    const char *etag;'
echo '};'
for file in "$@"; do
    name=$(echo "$file" | tr 'a-z./-' 'A-Z___')
    digest=$(trimmed "$file" | sha256sum | cut -c1-64)
    echo
    echo "static const unsigned char ${name}_PLAIN[] = {$(trimmed "$file" | bytes)};"
    echo "static const unsigned char ${name}_ZIPPED[] = {$(trimmed "$file" | gzip -9n | bytes)};"
    echo "#define ASSET_${name}_SOURCE \"'sha256-$(base64_of "$digest")'\""
    echo "static const struct asset ASSET_${name} = {"
    echo "    .plain = {(const char *)${name}_PLAIN, sizeof ${name}_PLAIN},"
    echo "    .zipped = {(const char *)${name}_ZIPPED, sizeof ${name}_ZIPPED},"
    echo "    .etag = \"W/\\\"$(echo "$digest" | cut -c1-16)\\\"\","
    echo "};"
done
echo
echo '#endif'
