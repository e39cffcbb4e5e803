#!/bin/bash
# SPDX-License-Identifier: MIT
# Builds the benchmark's peers and tools into build/bench; nothing outside that
# folder is touched: packages are fetched by a private apt (own lists, own cache)
# and unpacked there, never installed.
#
#   build-peers.sh           everything that is missing or older than its source
#   build-peers.sh gin       only this one, with its output on the terminal
#
# Leaves build/bench/NAME/version (written last: it marks a finished build) and
# build/bench/missing.txt, one "NAME<TAB>reason" for each peer that cannot be had.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
out=$(cd "$here/../.." && pwd)/build/bench
mirror=${DEBIAN_MIRROR:-http://deb.debian.org/debian}
# shellcheck source=/dev/null
release=$(. /etc/os-release && echo "${VERSION_CODENAME:-stable}")
jobs=(tools gin gin-static gonet node fastapi axum)

# Progress goes to the terminal also when the rest goes to a log: the builder of
# all starts itself once for each, with 3 open.
[ -n "${BENCH_LOGGED-}" ] || exec 3>&2
say() { printf 'bench: %-8s %s\n' "$name" "$*" >&3; }
die() { echo "reason: $*" >&2; exit 1; }

# --- packages -----------------------------------------------------------------

# private_apt SUITE ARGUMENT...: an apt-get that knows SUITE and nothing of this machine's own.
private_apt() {
    local dir=$out/apt/$1
    shift
    apt-get -qq -o Dir::Etc::sourcelist="$dir/sources.list" -o Dir::Etc::sourceparts=/dev/null \
        -o Dir::State="$dir/state" -o Dir::State::status="${dpkg_status:-$dir/state/status}" \
        -o Dir::Cache="$dir/cache" -o APT::Sandbox::User= -o APT::Update::Error-Mode=any "$@"
}

# open_suite SUITE: its package lists, fetched once. Backports lean on their release.
open_suite() {
    local dir=$out/apt/$1 suite
    [ -e "$dir/ready" ] && return
    say "reading the package list of $1"
    mkdir -p "$dir"/state/lists/partial "$dir"/cache/archives/partial
    : > "$dir/state/status"
    for suite in "$1" ${1%-backports}; do
        echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $suite main"
    done | sort -u > "$dir/sources.list"
    private_apt "$1" update || return
    touch "$dir/ready"
}

# unpack ROOT SUITE PATTERN PACKAGE...: the packages, and those they need whose
# names match PATTERN, under root/ROOT; "NAME VERSION" of each in root/ROOT/packages.
unpack() {
    local root=$out/root/$1 suite=$2 pattern=$3 package
    shift 3
    [ -e "$root/packages" ] && return
    open_suite "$suite" || return
    rm -rf "$root"
    mkdir -p "$root/debs"
    # -t: apt by itself would not prefer backports.
    private_apt "$suite" -s --no-install-recommends -t "$suite" install "$@" |
        sed -nE "s/^Inst ($pattern) (\[[^]]*\] )?\(([^ ]+) .*/\1 \3/p" > "$root/list" || return
    say "fetching $(wc -l < "$root/list") packages of $suite"
    # shellcheck disable=SC2046 # a word per package is meant
    (cd "$root/debs" && private_apt "$suite" download $(tr ' ' = < ../list)) || return
    for package in "$root"/debs/*.deb; do dpkg-deb -x "$package" "$root" || return; done
    rm -rf "$root/debs"
    mv "$root/list" "$root/packages"
}

# version_of ROOT PACKAGE: its upstream version, without Debian's additions.
version_of() { sed -nE "s/^$2 ([0-9]+:)?([^-+~]+).*/\2/p" "$out/root/$1/packages" | head -n 1; }

finish() { echo "$*" > "$out/$name/version"; say "built: $*"; }

# --- the peers ----------------------------------------------------------------

build_tools() {
    command -v wrk > /dev/null || die "wrk is not installed (Debian: wrk)"
    local tool
    for tool in coldstart fsynclat; do
        # shellcheck disable=SC2046 # a word per flag is meant
        "${CC:-cc}" -std=c17 -O2 -Wall -Wextra -o "$out/tools/$tool" "$here/tools/$tool.c" $(pkg-config --cflags --libs gnutls)
    done
    finish coldstart, fsynclat
}

# The newest Go that runs here. Unstable's often does: the toolchain asks little
# of the C library. Sets go and goroot; Go's own libraries come from the same suite.
find_go() {
    local suite
    for suite in sid "$release-backports"; do
        goroot=go-$suite
        unpack "$goroot" "$suite" 'golang-[^ ]+' golang-go \
            golang-github-gin-gonic-gin-dev golang-github-mattn-go-sqlite3-dev || continue
        for go in "$out/root/$goroot"/usr/lib/go-*/bin/go; do
            "$go" version && return
        done
    done
    die "no Go of Debian's could be fetched that runs here"
}

build_go() { # PEER, LINKER-FLAGS
    find_go
    say "compiling"
    # libsqlite3: the machine's SQLite, as in contactd, not a copy of the driver's.
    env -u GOROOT -u GOFLAGS GOTOOLCHAIN=local GO111MODULE=off GOPATH="$out/root/$goroot/usr/share/gocode" \
        GOCACHE="$out/cache/go" CGO_ENABLED=1 \
        "$go" build -tags "libsqlite3${2:+,netgo,osusergo}" -trimpath -ldflags "-s -w${2:+ -linkmode external -extldflags '$2'}" \
        -o "$out/$name/server" "$here/peers/$1/main.go"
    go_version=$("$go" env GOVERSION)
    driver="go-sqlite3 $(version_of "$goroot" golang-github-mattn-go-sqlite3-dev)"
}

build_gin() {
    build_go gin
    finish "Gin $(version_of "$goroot" golang-github-gin-gonic-gin-dev), $go_version, $driver"
}

# The same in one file that needs no other, as far as go-sqlite3 lets it.
build_gin-static() {
    build_go gin '-static -lm'
    finish "Gin $(version_of "$goroot" golang-github-gin-gonic-gin-dev), $go_version, $driver"
}

build_gonet() {
    build_go gonet
    finish "$go_version, $driver"
}

build_node() {
    command -v npm > /dev/null || die "npm is not on PATH"
    cp "$here"/peers/node/* "$out/node/"
    say "npm install; better-sqlite3 compiles for minutes"
    # From source: its prebuilt binary lies outside the registry. nodedir: with
    # the headers of the node at hand, for the same reason.
    (cd "$out/node" && npm_config_build_from_source=true npm_config_nodedir="$(node -p \
        'require("path").resolve(process.execPath, "../..")')" \
        npm install --no-audit --no-fund --no-package-lock --omit=dev --loglevel=error)
    # shellcheck disable=SC2016 # the template strings are JavaScript's
    finish "$(cd "$out/node" && node -p '
        const version = (name) => require(`./node_modules/${name}/package.json`).version;
        const sqlite = new (require("better-sqlite3"))(":memory:").prepare("SELECT sqlite_version()").pluck().get();
        `Express ${version("express")}, Fastify ${version("fastify")}, node ${process.versions.node}, ` +
        `better-sqlite3 ${version("better-sqlite3")} (SQLite ${sqlite})`')"
}

build_fastapi() {
    # Of this machine's own release, for its own python; what it has is not fetched.
    dpkg_status=/var/lib/dpkg/status unpack python "$release" '[^ ]+' python3-fastapi python3-uvicorn \
        python3-uvloop python3-httptools python3-ujson python3-email-validator
    cp "$here/peers/fastapi/main.py" "$out/fastapi/"
    cat > "$out/fastapi/server" << END
#!/bin/sh
export PYTHONPATH=$out/fastapi:$out/root/python/usr/lib/python3/dist-packages
export LD_LIBRARY_PATH=$(echo "$out"/root/python/usr/lib/*-linux-gnu*)
[ \$# -eq 0 ] || exec /usr/bin/python3 "\$@"
exec /usr/bin/python3 -m uvicorn --loop uvloop --http httptools --no-access-log --log-level warning \\
    --host 127.0.0.1 --port "\$PORT" main:app
END
    chmod +x "$out/fastapi/server"
    finish "$(DB=:memory: TOKEN=- "$out/fastapi/server" -c '
import platform, fastapi, httptools, main, pydantic, uvicorn, uvloop
print(f"FastAPI {fastapi.__version__}, uvicorn {uvicorn.__version__}, pydantic {pydantic.VERSION}, "
      f"Python {platform.python_version()}")')"
}

# The cargo at hand, or Debian's: in bookworm its recent one is called cargo-web.
find_cargo() {
    command -v cargo && return
    local root=$out/root/cargo package=cargo
    [ "$release" != bookworm ] || package=cargo-web
    dpkg_status=/var/lib/dpkg/status unpack cargo "$release" '[^ ]+' "$package"
    PATH=$root/usr/bin:$PATH
    LD_LIBRARY_PATH=$(echo "$root"/usr/lib/*-linux-gnu*)
    export PATH LD_LIBRARY_PATH
}

build_axum() {
    find_cargo
    # Debian packages crates' sources; axum came after bookworm.
    unpack rust trixie 'librust-[^ ]+' librust-axum-dev librust-tokio-dev librust-rusqlite-dev librust-serde-dev \
        librust-serde-json-dev librust-chrono-dev librust-email-address-dev
    rm -rf "$out/axum/source"
    cp -r "$here/peers/axum" "$out/axum/source" # cargo writes a lock file beside its manifest
    say "compiling"
    cargo build --release --offline --manifest-path "$out/axum/source/Cargo.toml" --target-dir "$out/cache/cargo" \
        --config 'source.crates-io.replace-with="debian"' \
        --config "source.debian.directory=\"$out/root/rust/usr/share/cargo/registry\""
    cp "$out/cache/cargo/release/axum-peer" "$out/axum/server"
    finish "axum $(version_of rust librust-axum-dev), tokio $(version_of rust librust-tokio-dev)," \
        "rusqlite $(version_of rust librust-rusqlite-dev), $(rustc --version | cut -d' ' -f1-2)"
}

# --- one or all ---------------------------------------------------------------

source_of() { if [ "$1" = tools ]; then echo "$here/tools"; else echo "$here/peers/${1%-static}"; fi; }

is_current() {
    [ -e "$out/$1/version" ] && [ -z "$(find "$(source_of "$1")" -type f -newer "$out/$1/version")" ]
}

if [ $# -eq 1 ]; then
    name=$1
    case " ${jobs[*]} " in *" $name "*) ;; *) echo "no such peer: $name (${jobs[*]})" >&2; exit 2 ;; esac
    mkdir -p "$out/$name"
    rm -f "$out/$name/version"
    "build_$name"
    exit
fi

mkdir -p "$out/log"
: > "$out/missing.txt"
for name in "${jobs[@]}"; do
    if is_current "$name"; then
        say "there: $(cat "$out/$name/version")"
        continue
    fi
    log=$out/log/build-$name.log
    if ! BENCH_LOGGED=1 "$BASH" "$0" "$name" > "$log" 2>&1; then
        reason=$(grep -m1 '^reason: ' "$log" | cut -c9- || true)
        [ -n "$reason" ] ||
            reason="does not build: $(grep -iE -m1 '(^|[^a-z])(error|E:|fatal)' "$log" || tail -n 1 "$log")"
        printf '%s\t%s\n' "$name" "${reason//$'\t'/ }" >> "$out/missing.txt"
        say "MISSING: $reason (log: ${log#"$PWD/"})"
    fi
done
