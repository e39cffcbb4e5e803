# SPDX-License-Identifier: MIT
# Turns the SQL of one dialect into a C header:
#
#   awk -f sql/embed.awk 001_x.sql 002_y.sql ... queries.sql
#
# SQL_MIGRATIONS[] holds the numbered files in order. Each block of queries.sql
# that is headed "-- name: x" becomes a constant SQL_X and its row in
# SQL_QUERIES[], so a query that C asks for and SQL lacks does not compile.
# Comment lines and empty lines stay behind. Works with mawk, gawk and busybox.

# One C string literal per line. Character by character, because awks disagree
# about backslashes in gsub(); "?" because of C's trigraphs.
function quoted(line, text, i, c) {
    text = ""
    for (i = 1; i <= length(line); i++) {
        c = substr(line, i, 1)
        if (c == "\\" || c == "\"" || c == "?")
            c = "\\" c
        else if (c == "\t")
            c = "\\t"
        else if (c == "\r")
            c = "\\r"
        text = text c
    }
    return "\"" text "\\n\""
}

function refuse(text) {
    print FILENAME ":" FNR ": " text > "/dev/stderr"
    is_refused = 1
    exit 1
}

function begin_file(name) {
    sub(/.*\//, "", name)
    is_queries = name == "queries.sql"
    query = ""
    if (is_queries)
        return
    migrations++
    if (name !~ /^[0-9][0-9][0-9]_[a-z0-9_]+\.sql$/ || name + 0 != migrations)
        refuse("migration " migrations " must be named " sprintf("%03d", migrations) "_<what>.sql")
    migration_text[migrations] = "    /* " name " */\n"
}

FNR == 1 { begin_file(FILENAME) }

is_queries && /^-- name: / {
    query = $3
    if (NF != 3 || query !~ /^[a-z][a-z0-9_]*$/)
        refuse("a query's name is one word of a-z, 0-9 and _")
    if (query in query_text)
        refuse("there are two queries named " query)
    query_name[++queries] = query
    query_text[query] = ""
    next
}

/^[ \t]*(--.*)?$/ { next }

is_queries {
    if (query == "")
        refuse("this line belongs to no query")
    query_text[query] = query_text[query] "        " quoted($0) "\n"
    next
}

{ migration_text[migrations] = migration_text[migrations] "    " quoted($0) "\n" }

END {
    if (is_refused)
        exit 1
    print "/* Made by sql/embed.awk; do not edit. */"
    print "#ifndef CONTACTD_GEN_SQL_H\n#define CONTACTD_GEN_SQL_H\n"
    # A whole schema is longer than the 4095 bytes that C17 promises for a literal.
    print "#pragma GCC diagnostic push\n#pragma GCC diagnostic ignored \"-Woverlength-strings\"\n"
    print "static const char *const SQL_MIGRATIONS[] = {"
    for (i = 1; i <= migrations; i++)
        printf "    (\n%s    ),\n", migration_text[i] # in parentheses: it is one text, as clang asks
    print "};\n\n#pragma GCC diagnostic pop\n\nenum sql_query {"
    for (i = 1; i <= queries; i++)
        print "    SQL_" toupper(query_name[i]) ","
    print "    SQL__COUNT\n};\n\nstatic const char *const SQL_QUERIES[SQL__COUNT] = {"
    for (i = 1; i <= queries; i++) {
        if (query_text[query_name[i]] == "") {
            print "queries.sql: query " query_name[i] " is empty" > "/dev/stderr"
            exit 1
        }
        printf "    [SQL_%s] =\n%s    ,\n", toupper(query_name[i]), query_text[query_name[i]]
    }
    print "};\n\n#endif"
}
