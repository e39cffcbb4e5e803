#!/bin/sh
# Turns the files of this folder that the program serves into one C header:
#
#   src/assets/embed.sh form.js page.css > build/gen/assets.h
#
# Each becomes a `struct asset` named after it, with its bytes, the same bytes
# compressed, and an ETag that changes with them.
set -eu
cd "$(dirname "$0")"

bytes() { od -An -v -tu1 | tr -s ' \n' ',' | sed 's/^,//; s/,$//'; }

echo '/* Made by src/assets/embed.sh; do not edit. */'
echo '#ifndef CONTACTD_GEN_ASSETS_H'
echo '#define CONTACTD_GEN_ASSETS_H'
echo
echo '#include "base/str.h"'
echo
echo 'struct asset {'
echo '    const char *content_type, *etag;'
echo '    struct str plain, zipped;'
echo '};'
for file in "$@"; do
    case $file in
    *.js) type='text/javascript; charset=utf-8' ;;
    *.css) type='text/css; charset=utf-8' ;;
    *) echo "embed.sh: no content type for $file" >&2; exit 1 ;;
    esac
    name=$(echo "$file" | tr 'a-z.-' 'A-Z__')
    echo
    echo "static const unsigned char ${name}_PLAIN[] = {$(bytes < "$file")};"
    echo "static const unsigned char ${name}_ZIPPED[] = {$(gzip -9nc "$file" | bytes)};"
    echo "static const struct asset ASSET_${name} = {"
    echo "    .content_type = \"$type\","
    echo "    .etag = \"\\\"$(sha256sum < "$file" | cut -c1-16)\\\"\","
    echo "    .plain = {(const char *)${name}_PLAIN, sizeof ${name}_PLAIN},"
    echo "    .zipped = {(const char *)${name}_ZIPPED, sizeof ${name}_ZIPPED},"
    echo "};"
done
echo
echo '#endif'
