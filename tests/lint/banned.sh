#!/bin/sh
# A mistake that can be grepped is grepped: calls that overflow, hide state or
# end the process from below, and words that mark unfinished work.
set -eu
cd "$(dirname "$0")/../.."
status=0
refuse() { # pattern, reason, files...
    pattern=$1 reason=$2
    shift 2
    if grep -nE "$pattern" "$@" /dev/null; then
        echo "  ^ $reason" >&2
        status=1
    fi
}
sources=$(find src include -name '*.[ch]')
below_app=$(find src -name '*.c' ! -path 'src/app/*')
quiet=$(find src/core src/store src/http src/config -name '*.c' ! -path 'src/http/loop.c' ! -path 'src/http/request.c')
# shellcheck disable=SC2086
{
refuse '\b(strcpy|strcat|sprintf|vsprintf|gets|strtok|atoi|atol|alloca|asctime|ctime|localtime|gmtime|strerror_r|tmpnam|mktemp|rand|srand)\(' \
    'this call is banned: it overflows, has hidden state, or hides errors' $sources
refuse '\b(exit|abort|_exit)\(' 'nothing below app ends the process' $below_app
refuse '\bLOG\(|\bfprintf\(stderr' 'this room returns errors, it does not log' $quiet
refuse '\b(TODO|FIXME|XXX|HACK)\b' 'finish it or write it into an issue' $sources
refuse '^typedef (struct|enum|union)[^(]*$' 'structs and enums keep their keyword' $sources
refuse '[[:space:]]+$' 'trailing white space' $sources
}
# A file opens with its licence and a word about what it is for.
for file in $sources; do
    head -n 1 "$file" | grep -q 'SPDX-License-Identifier: MIT' || { echo "$file: no SPDX line"; status=1; }
    sed -n 2p "$file" | grep -q '^/\*' || { echo "$file: does not say what it is for"; status=1; }
done
exit $status
