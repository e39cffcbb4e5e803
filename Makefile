# SPDX-License-Identifier: MIT
# One makefile, no recursion: adding a source file edits nothing here.
#
#   make             the ordinary build, build/contactd
#   make SAN=address build/address/contactd (ASan + UBSan);  SAN=thread: TSan
#   make help        the other targets

SHELL := /bin/sh
.DELETE_ON_ERROR:
.DEFAULT_GOAL := all

VERSION := 0.1.0
SAN     ?=
STATIC  ?=
BUILD   := build$(if $(SAN),/$(SAN))
PKGS    := libmicrohttpd gnutls jansson sqlite3 libsodium libpcre2-8
CC      ?= cc

WARN := -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
        -Wvla -Wformat=2 -Wcast-qual -Wundef -Wswitch-enum -Wimplicit-fallthrough \
        -Werror=implicit-function-declaration -Werror=incompatible-pointer-types $(WERROR)
# clang 14 wants to be told that it may do what gcc does. Unlike gcc it also complains of what rows
# within designated initializers leave zero, as {200, "Form"} among a route's replies.
CLANG_ONLY := $(if $(findstring clang,$(shell $(CC) --version 2>/dev/null | head -n 1)),\
  -enable-trivial-auto-var-init-zero-knowing-it-will-be-removed-from-clang -Wno-missing-field-initializers)
HARDEN := -fstack-protector-strong -fstack-clash-protection -fPIE -fno-common \
          -ftrivial-auto-var-init=zero $(CLANG_ONLY) -fno-delete-null-pointer-checks \
          -fno-strict-overflow -fno-strict-aliasing -fvisibility=hidden
HARDEN_LD := -pie -Wl,-z,relro,-z,now,-z,noexecstack,-z,separate-code -Wl,--as-needed

ifeq ($(SAN),)
  OPT := -O2 -g -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2
else ifeq ($(SAN),address)
  OPT := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=undefined
else ifeq ($(SAN),thread)
  OPT := -O1 -g -fno-omit-frame-pointer -fsanitize=thread
else
  $(error SAN=$(SAN) is not known; use SAN=address or SAN=thread)
endif

CFLAGS  ?=
LDFLAGS ?=
JOBS    ?= 2
SHARE   = $(if $(filter -j%,$(MAKEFLAGS)),,-j$(JOBS))
# Recursive on purpose: pkg-config runs only when something is compiled.
PKG_CFLAGS = $(shell pkg-config --cflags $(PKGS) libcurl)
PKG_LIBS   = $(shell pkg-config --libs $(PKGS))
ALL_CFLAGS = -std=c17 -D_GNU_SOURCE -DCONTACTD_VERSION='"$(VERSION)"' -Iinclude -Isrc -I$(BUILD)/gen \
             $(WARN) $(HARDEN) $(OPT) $(PKG_CFLAGS) $(CFLAGS) $(EXTRA_CFLAGS)
ALL_LDFLAGS = $(HARDEN_LD) $(filter -fsanitize%,$(OPT)) $(LDFLAGS)
LIBS = $(PKG_LIBS) -lpthread -lm

# libcurl is opened at run time, or linked in by the static build.
SRC   := $(filter-out src/notify/curl_$(if $(STATIC),loaded,linked).c,$(wildcard src/*/*.c))
OBJ   := $(SRC:src/%.c=$(BUILD)/obj/%.o)
MAIN  := $(BUILD)/obj/main.o
ASSETS := form.js page.css $(patsubst src/assets/%,%,$(wildcard src/assets/panel/*))
GEN   := $(BUILD)/gen/sql_sqlite.h $(BUILD)/gen/assets.h
.SECONDARY: $(GEN)
ifneq ($(STATIC),)
  include packaging/static/program.mk
endif
C_FILES = $(wildcard src/*.c src/*/*.[ch] include/*/*.h tests/*/*.[ch])
UNIT  := $(patsubst tests/%.c,$(BUILD)/tests/%,\
           $(wildcard $(foreach room,unit store spam,tests/$(room)/test_*.c)))

.PHONY: all
all: $(BUILD)/contactd ## the ordinary build: build/contactd

$(BUILD)/contactd: $(MAIN) $(OBJ)
	@echo "  LD    $@"
	@$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

$(BUILD)/obj/%.o: src/%.c Makefile | $(GEN)
	@mkdir -p $(@D)
	@echo "  CC    $<"
	@$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

# Every migration and every named query of a dialect, as one C header.
$(BUILD)/gen/sql_%.h: sql/embed.awk $(wildcard sql/*/*.sql)
	@mkdir -p $(@D)
	@echo "  GEN   $@"
	@awk -f sql/embed.awk $(sort $(wildcard sql/$*/[0-9]*.sql)) sql/$*/queries.sql > $@

# What the server serves itself or describes itself with, as another.
ASSETS += shapes.json docs.css docs.js
$(BUILD)/gen/assets.h: src/assets/embed.sh $(addprefix src/assets/,$(ASSETS))
	@mkdir -p $(@D)
	@echo "  GEN   $@"
	@src/assets/embed.sh $(ASSETS) > $@

$(BUILD)/tests/%: tests/%.c $(OBJ) Makefile
	@mkdir -p $(@D)
	@echo "  TEST  $@"
	@$(CC) $(ALL_CFLAGS) -MMD -MP $(ALL_LDFLAGS) -o $@ $< $(OBJ) $(LIBS) \
	    $(if $(filter test_%,$(@F)),$(shell pkg-config --cflags --libs cmocka))

.PHONY: test-programs
test-programs: $(UNIT)

.PHONY: static
static: ## one file with every library in it: build/static/contactd
	@.ci/need static
	@packaging/static/fetch.sh build/static
	@$(MAKE) --no-print-directory $(SHARE) -f packaging/static/libraries.mk
	@$(MAKE) --no-print-directory $(SHARE) STATIC=1 BUILD=build/static static-files

IMAGE ?= contactd
.PHONY: image
image: ## that file alone in a container image (IMAGE=name:tag)
	@packaging/image.sh $(IMAGE)

.PHONY: deb
deb: static ## that file as a Debian package, in build/static
	@packaging/deb/build.sh build/static $(VERSION)

# The same program with its safety belts off: what the fault tests must be able to catch.
.PHONY: unsafe
unsafe:
	@$(MAKE) --no-print-directory BUILD=build/unsafe EXTRA_CFLAGS=-DCONTACTD_TEST_UNSAFE all

FUZZ := $(patsubst tests/fuzz/%.c,build/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))

.PHONY: fuzz-programs
fuzz-programs: $(FUZZ)

build/fuzz/%: tests/fuzz/%.c $(SRC) Makefile | $(GEN)
	@mkdir -p $(@D)
	@echo "  FUZZ  $@"
	@clang -std=c17 -D_GNU_SOURCE -DCONTACTD_VERSION='"$(VERSION)"' -Iinclude -Isrc -Ibuild/gen -g -O1 \
	    -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined $(PKG_CFLAGS) -o $@ $< \
	    $(wildcard src/base/*.c src/core/*.c src/config/*.c) $(patsubst %,src/http/%.c,guard router query_string parameters) \
	    -ljansson -lsodium -lpcre2-8 -lsqlite3 -lm -lpthread

.PHONY: run
run: ## install what is missing, build, and serve on 127.0.0.1:3000
	@.ci/need build
	@$(MAKE) --no-print-directory all
	@exec ./$(BUILD)/contactd serve

.PHONY: test
test: ## install what the tests need and run all of them
	@.ci/need test
	@tests/run

.PHONY: lint
lint: ## arrows between rooms, banned calls, format
	@.ci/need test
	@tests/run lint

.PHONY: fuzz
fuzz: ## every fuzz target for FUZZ_SECONDS (default 8) each
	@.ci/need test
	@tests/run fuzz

.PHONY: bench
bench: ## side by side with its peers (builds them first), as a Markdown table
	@.ci/need bench
	@$(MAKE) --no-print-directory all
	@$(MAKE) --no-print-directory static || echo "bench: the static build failed: its rows are missing, or of an older one" >&2
	@tests/bench/build-peers.sh
	@/usr/bin/python3 tests/bench/bench.py --binary build/contactd

PREFIX ?= /usr/local

.PHONY: install
install: all ## copy contactd to $(DESTDIR)$(PREFIX)/bin
	install -D -m 0755 $(BUILD)/contactd $(DESTDIR)$(PREFIX)/bin/contactd

.PHONY: clean
clean: ## remove build/
	rm -rf build

.PHONY: format
format: ## clang-format over all C files
	@clang-format -i $(C_FILES)

.PHONY: format-check
format-check:
	@clang-format --dry-run -Werror $(C_FILES)

.PHONY: help
help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | awk -F'\t' '{ printf "  make %-10s %s\n", $$1, $$2 }'

-include $(MAIN:.o=.d) $(OBJ:.o=.d) $(UNIT:=.d)
