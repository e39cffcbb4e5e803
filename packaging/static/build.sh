#!/bin/sh
# build.sh DIRECTORY LIBRARY: one library of the static build, from DIRECTORY/source into DIRECTORY/root.
# Only what the server uses of it, with the same hardening as our own code, and without a trace of the directory it was
# built in. DIRECTORY/LIBRARY.built is left when it is done; libraries.mk knows the order.
set -eu
mkdir -p "$1"
top=$(cd "$1" && pwd)
library=$2
root=$top/root
work=$top/work/$library
log=$top/$library.log

HARDEN="-fPIE -fstack-protector-strong -fstack-clash-protection -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2"
SMALL="-ffunction-sections -fdata-sections -fno-asynchronous-unwind-tables -fno-unwind-tables -fno-ident"
export CC="${CC:-gcc}" AR="${AR:-gcc-ar}" RANLIB="${RANLIB:-gcc-ranlib}" ARFLAGS=crD LC_ALL=C TZ=UTC SOURCE_DATE_EPOCH=0
export PKG_CONFIG_LIBDIR="$root/usr/lib/pkgconfig" PKG_CONFIG_PATH= PKG_CONFIG_SYSROOT_DIR="$root"
export CPPFLAGS="-I$root/usr/include" LDFLAGS="-L$root/usr/lib"

flags() { # how far to optimize
    export CFLAGS="$1 -g0 -w -std=gnu17 $HARDEN $SMALL -ffile-prefix-map=$work/=$library/ -ffile-prefix-map=$root/=/"
}

unpack() {
    version=$(awk -v library="$library" '$1 == library { print $2 }' "$(dirname "$0")/sources")
    rm -rf "$work"
    mkdir -p "$top/work"
    dpkg-source --no-check --no-copy -q -x "$top/source/${library}_${version#*:}.dsc" "$work"
}

# configure, make, make install, of the folders that `only` names. Debian's patches may be younger than the configure of
# the archive, which is meant to stay.
only=.
autotools() {
    (cd "$work" && ./configure --prefix=/usr --libdir=/usr/lib --enable-static --disable-shared --with-pic \
        --disable-dependency-tracking --disable-silent-rules "$@")
    for folder in $only; do
        make -C "$work/$folder" AUTOCONF=: AUTOHEADER=: AUTOMAKE=: ACLOCAL=:
        make -C "$work/$folder" install AUTOCONF=: AUTOHEADER=: AUTOMAKE=: ACLOCAL=: DESTDIR="$root"
    done
    rm -f "$root"/usr/lib/*.la
}

install_by_hand() { # name, objects... -- headers...
    archive=$root/usr/lib/lib$1.a
    shift
    mkdir -p "$root/usr/lib" "$root/usr/include"
    rm -f "$archive"
    while [ "$1" != -- ]; do
        "$AR" crD "$archive" "$1"
        shift
    done
    shift
    cp "$@" "$root/usr/include/"
}

build_gmp() {
    flags -O2
    mkdir -p "$work/doc"
    printf 'all install:\n' > "$work/doc/Makefile.in" # Debian's archive is without the manual, for its licence
    autotools --disable-cxx
}

build_nettle() {
    flags -O2
    (cd "$work" && ./configure --prefix=/usr --libdir=/usr/lib --disable-shared --disable-openssl --disable-documentation \
        --disable-dependency-tracking --enable-pic --enable-fat --disable-mini-gmp)
    make -C "$work" libnettle.a libhogweed.a nettle.pc hogweed.pc
    make -C "$work" install-static install-headers install-pkgconfig DESTDIR="$root"
}

# No system-wide configuration and no trust store of its own: the program brings both.
build_gnutls28() {
    flags -Os
    autotools --with-included-libtasn1 --with-included-unistring --without-p11-kit --without-tpm --without-tpm2 --without-idn \
        --without-brotli --without-zstd --without-zlib --without-leancrypto --disable-cxx --disable-tools --disable-doc --disable-tests \
        --disable-full-test-suite --disable-nls --disable-guile --disable-libdane --disable-gost --disable-srp-authentication \
        --disable-anon-authentication --disable-ssl3-support --disable-ssl2-support --disable-heartbeat-support \
        --disable-padlock --disable-gcc-warnings --disable-rpath --disable-bash-tests --disable-valgrind-tests --disable-gtk-doc \
        --with-system-priority-file= --without-default-trust-store-file --without-default-trust-store-dir
}

TLS="-lgnutls -lhogweed -lnettle -lgmp" # what a configure has to link its trials with

build_libmicrohttpd() {
    flags -O2
    export LIBS="$TLS"
    autotools --enable-https --disable-dauth --disable-bauth --disable-httpupgrade --disable-postprocessor --disable-cookie \
        --disable-doc --disable-examples --disable-tools --disable-curl --disable-nls --disable-experimental --without-libgcrypt
}

# The compile-time options are those that sqlite.org advises, and what src/store wants: full-text search, erased pages.
build_sqlite3() {
    flags -O2
    (cd "$work" && ./configure --disable-shared && make sqlite3.c sqlite3.h)
    (cd "$work" && $CC $CFLAGS -DSQLITE_THREADSAFE=1 -DSQLITE_ENABLE_FTS5 -DSQLITE_SECURE_DELETE -DSQLITE_DQS=0 -DSQLITE_LIKE_DOESNT_MATCH_BLOBS \
        -DSQLITE_OMIT_LOAD_EXTENSION -DSQLITE_OMIT_DEPRECATED -DSQLITE_OMIT_SHARED_CACHE -DSQLITE_OMIT_JSON -DSQLITE_OMIT_DECLTYPE -DSQLITE_OMIT_GET_TABLE \
        -DSQLITE_USE_ALLOCA -DHAVE_USLEEP -DHAVE_FDATASYNC -c -o sqlite3.o sqlite3.c)
    install_by_hand sqlite3 "$work/sqlite3.o" -- "$work/sqlite3.h"
}

# Debian's archive is without a configure, which would find out what is known of Linux anyway.
build_jansson() {
    flags -O2
    sed 's/@json_inline@/inline/; s/@json_have_long_long@/1/; s/@json_have_atomic_builtins@/1/; s/@json_have_sync_builtins@/1/' \
        "$work/src/jansson_config.h.in" > "$work/src/jansson_config.h"
    rm "$work/src/dtoa.c" # writes numbers; ours does that itself
    (cd "$work/src" && for file in *.c; do
        $CC $CFLAGS -I. -DHAVE_STDINT_H -DHAVE_UNISTD_H -DHAVE_FCNTL_H -DHAVE_SCHED_H -DHAVE_SYS_STAT_H -DHAVE_SYS_TIME_H -DHAVE_SYS_TYPES_H \
            -DHAVE_CLOSE -DHAVE_OPEN -DHAVE_READ -DHAVE_GETPID -DHAVE_GETTIMEOFDAY -DHAVE_SCHED_YIELD -DHAVE_ATOMIC_BUILTINS \
            -DHAVE_SYNC_BUILTINS -DUSE_URANDOM -c "$file"
    done)
    install_by_hand jansson "$work"/src/*.o -- "$work/src/jansson.h" "$work/src/jansson_config.h"
}

build_libsodium() {
    flags -O2
    autotools --disable-pie
}

build_pcre2() {
    flags -O2
    autotools --disable-pcre2grep-callout --disable-pcre2-16 --disable-pcre2-32 --disable-jit
}

# HTTP, HTTPS, SMTP and SMTPS. Names are looked up by a thread with libc's own getaddrinfo.
build_curl() {
    flags -Os
    only="include lib"
    export LIBS="$TLS"
    autotools --with-gnutls --without-ca-bundle --without-ca-path --without-ca-fallback --without-zlib --without-brotli --without-zstd \
        --without-libpsl --without-libidn2 --without-nghttp2 --without-librtmp --without-libssh2 --without-libgsasl --enable-threaded-resolver \
        --disable-ares --enable-http --enable-smtp --disable-ftp --disable-file --disable-ldap --disable-ldaps --disable-rtsp --disable-dict \
        --disable-telnet --disable-tftp --disable-pop3 --disable-imap --disable-smb --disable-gopher --disable-mqtt --disable-ipfs \
        --disable-websockets --disable-manual --disable-docs --disable-ntlm --disable-kerberos-auth --disable-negotiate-auth --disable-aws \
        --disable-netrc --disable-alt-svc --disable-hsts --disable-doh --disable-tls-srp --disable-unix-sockets --disable-cookies \
        --disable-form-api --enable-mime --enable-dateparse --disable-progress-meter --disable-libcurl-option
}

set +e
(
    set -e
    unpack
    "build_$library"
) > "$log" 2>&1
status=$?
set -e
if [ $status != 0 ]; then
    tail -n 30 "$log" >&2
    echo "$library does not build; all of it is in $log" >&2
    exit 1
fi
touch "$top/$library.built"
