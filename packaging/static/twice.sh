#!/bin/sh
# twice.sh: builds the static program from nothing in two directories and compares. About a quarter of an hour.
set -eu
cd "$(dirname "$0")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for name in one another-longer-name; do
    mkdir -p "$work/$name/build/static"
    tar -cf - --exclude=./build --exclude=./.git . | tar -xf - -C "$work/$name"
    [ ! -d build/static/source ] || cp -r build/static/source "$work/$name/build/static/"
    make -C "$work/$name" --no-print-directory static
done
cd "$work"
sha256sum */build/static/contactd */build/static/contactd.cdx.json
cmp one/build/static/contactd another-longer-name/build/static/contactd
cmp one/build/static/contactd.cdx.json another-longer-name/build/static/contactd.cdx.json
