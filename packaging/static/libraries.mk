# The libraries of the static build in their order, and what is told about them: run by `make static`.
#   make -f packaging/static/libraries.mk TO=build/static
TO   := build/static
HERE := packaging/static
LIBRARIES := gmp nettle gnutls28 libmicrohttpd sqlite3 jansson libsodium pcre2 curl

.PHONY: all
all: $(LIBRARIES:%=$(TO)/%.built) $(TO)/gen/roots.h

# Built anew when its recipe or a version changes: a recipe's file is every recipe's.
$(TO)/%.built: $(HERE)/build.sh $(HERE)/sources
	@echo "  LIB   $*"
	+@nice -n 10 $(HERE)/build.sh $(TO) $*

$(TO)/nettle.built: $(TO)/gmp.built
$(TO)/gnutls28.built: $(TO)/nettle.built
$(TO)/libmicrohttpd.built $(TO)/curl.built: $(TO)/gnutls28.built

$(TO)/gen/roots.h: $(HERE)/roots.sh $(HERE)/sources
	@mkdir -p $(@D)
	@echo "  GEN   $@"
	@$(HERE)/roots.sh $(TO) > $@.new && mv $@.new $@
