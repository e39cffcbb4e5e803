#!/bin/sh
# fetch.sh DIRECTORY: the source packages that `sources` names, through apt-get source, into DIRECTORY/source.
# apt works in DIRECTORY/apt, on lists of its own: those of the system stay as they are. Whatever is there with the right
# sum is not fetched again, so a second run needs no network. Exit code 75: Debian's mirrors could not be reached.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1/source" "$1/apt/lists/partial" "$1/apt/archives/partial"
top=$(cd "$1" && pwd)

packages() {
    grep -Ev '^(#|snapshot|$)' "$here/sources"
}

dsc() { # package, version: the file's name has no epoch
    echo "$top/source/${1}_${2#*:}.dsc"
}

# The sum of the .dsc is the one that was pinned, and those in it are those of the files beside it.
is_whole() { # package, version, sum
    file=$(dsc "$1" "$2")
    [ -f "$file" ] && [ "$(sha256sum < "$file")" = "$3  -" ] || return 1
    (cd "$top/source" && sed -n '/^Checksums-Sha256:/,/^[^ ]/s/^ \([0-9a-f]*\) [0-9]* /\1  /p' "$file" | sha256sum -c --status -)
}

missing() {
    packages | while read -r package version suite sum; do
        is_whole "$package" "$version" "$sum" || echo "$package $version $suite $sum"
    done
}

apt() { # apt-get with our lists alone
    (cd "$top/source" && apt-get -q -o Dir::Etc::sourcelist="$top/apt/sources.list" -o Dir::Etc::sourceparts=- \
        -o Dir::Etc::preferencesparts=- -o Dir::State::lists="$top/apt/lists" -o Dir::Cache="$top/apt" -o Dir::Cache::archives="$top/apt/archives" \
        -o APT::Sandbox::User="$(id -un)" -o Acquire::Retries=3 -o APT::Update::Error-Mode=any -o Acquire::Languages=none "$@")
}

# An old list does no harm, since the sums are pinned.
from() { # mirror, suites...: everything that is missing from there
    mirror=$1
    shift
    for suite in "$@"; do
        echo "deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg check-valid-until=no] $mirror $suite main"
    done > "$top/apt/sources.list"
    apt update >> "$top/apt/log" 2>&1 || return 1
    missing | while read -r package version suite sum; do
        echo "  FETCH $package $version" >&2
        apt source --download-only "$package=$version" >> "$top/apt/log" 2>&1 || true
        file=$(dsc "$package" "$version")
        if [ "$sum" = - ] && [ -f "$file" ]; then
            echo "packaging/static/sources: $package $version has the sum $(sha256sum < "$file" | cut -d' ' -f1)" >&2
        fi
    done
}

[ -n "$(missing)" ] || exit 0
[ -f /usr/share/keyrings/debian-archive-keyring.gpg ] || { echo "the keys of Debian's archive are missing: apt-get install debian-archive-keyring" >&2; exit 1; }
suites=$(missing | awk '{ print $3 }' | sort -u)
reached=no
# shellcheck disable=SC2086
from "${DEBIAN_MIRROR:-http://deb.debian.org/debian}" $suites && reached=yes
if [ -n "$(missing)" ]; then
    day=$(awk '$1 == "snapshot" { print $2 }' "$here/sources")
    # shellcheck disable=SC2086
    from "http://snapshot.debian.org/archive/debian/$day" $suites && reached=yes
fi
[ -n "$(missing)" ] || exit 0
missing | while read -r package version suite sum; do
    echo "$package $version ($suite) could not be fetched as pinned; see $top/apt/log" >&2
done
[ $reached = yes ] && exit 1
echo "neither Debian's mirror nor snapshot.debian.org can be reached" >&2
exit 75
