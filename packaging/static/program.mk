# What the Makefile does otherwise for the static build: the same sources, linked with packaging/static's libraries
# into one file. No debugging information, no unused functions, no path of this directory.
PKG_LIBS_STATIC := curl microhttpd gnutls hogweed nettle gmp jansson sqlite3 sodium pcre2-8
PKG_CFLAGS = -isystem $(BUILD)/root/usr/include
PKG_LIBS   = -L$(BUILD)/root/usr/lib $(PKG_LIBS_STATIC:%=-l%)
OPT        := -O2 -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 -ffunction-sections -fdata-sections -fno-asynchronous-unwind-tables \
              -fno-unwind-tables -fno-ident -ffile-prefix-map=$(CURDIR)/=
# Names that checksec looks for, and would not find in a file without any.
NAMED      := __stack_chk_fail __*_chk
HARDEN_LD  := $(filter-out -pie,$(HARDEN_LD)) -static-pie -Wl,--gc-sections -Wl,--build-id=none -Wl,-z,pack-relative-relocs -s \
               -Wl,-T,packaging/static/order.ld $(NAMED:%=-Wl,--export-dynamic-symbol='%')

$(OBJ) $(MAIN): $(wildcard $(BUILD)/*.built) packaging/static/program.mk
$(MAIN): packaging/static/order.ld

# libmicrohttpd, GnuTLS and GMP are LGPL: with our objects anybody can link another version of them. README.md says how.
$(BUILD)/contactd.a: $(MAIN) $(OBJ)
	@echo "  AR    $@"
	@rm -f $@
	@$(AR) crD $@ $^

$(BUILD)/contactd.cdx.json $(BUILD)/LICENSES &: $(BUILD)/contactd packaging/static/bill.sh packaging/static/sources
	@echo "  BILL  $(BUILD)/contactd.cdx.json, $(BUILD)/LICENSES"
	@packaging/static/bill.sh $(BUILD) $(VERSION)

.PHONY: static-files
static-files: $(BUILD)/contactd $(BUILD)/contactd.a $(BUILD)/contactd.cdx.json
	@ls -l $(BUILD)/contactd | awk '{ printf "  %s: %.2f MB\n", $$NF, $$5 / 1000000 }'
	@sha256sum $(BUILD)/contactd
