#!/bin/sh
# Fails when a room includes a room that is not below it. layers.txt is the
# drawing, this is the inspector. It also keeps third parties in their rooms.
set -eu
cd "$(dirname "$0")/../.."
grep -rnE '^[[:space:]]*#[[:space:]]*include[[:space:]]*["<]' src include |
awk -v rules=tests/lint/layers.txt '
    BEGIN {
        while ((getline line < rules) > 0) {
            sub(/#.*/, "", line)
            if (split(line, part, ":") < 2) continue
            room = part[1]; gsub(/ /, "", room)
            known[room] = 1
            n = split(part[2], lower, " ")
            for (i = 1; i <= n; i++) {
                if (!(lower[i] in known)) fail(rules, room " needs " lower[i] ", which is not below it")
                may[room, lower[i]] = 1
            }
        }
        owner["microhttpd.h"] = "http"
        owner["gnutls/gnutls.h"] = owner["gnutls/x509.h"] = owner["gnutls/abstract.h"] = "http"
        owner["sqlite3.h"] = "store"
        owner["libpq-fe.h"] = "store"
        owner["curl/curl.h"] = "notify"
        owner["sodium.h"] = "base core"
    }
    function fail(where, what) { print where ": " what; bad = 1 }
    {
        split($0, at, ":")
        split(at[1], dir, "/")
        from = dir[2] == "main.c" ? "app" : dir[2]
        match($0, /["<][^">]+/)
        header = substr($0, RSTART + 1, RLENGTH - 1)
        if (header in owner && index(" " owner[header] " ", " " from " ") == 0)
            fail(at[1] ":" at[2], header " belongs to the room " owner[header])
        if (split(header, to, "/") < 2 || !(to[1] in known)) next
        if (from != to[1] && !((from, to[1]) in may))
            fail(at[1] ":" at[2], from " must not include " to[1])
    }
    END { exit bad }'
