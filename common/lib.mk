# Builds one library: common/<LIB>/lib<LIB>.a and its unit tests. Set LIB, DEPS and PKGS before.
ROOT := ../..
OUT      = $(BUILD)/common/$(LIB)
include $(ROOT)/common/build.mk

SOURCES := $(wildcard *.c *.S)
OBJECTS := $(patsubst %,$(OUT)/%.o,$(basename $(SOURCES))) $(if $(SQL_MODULE),$(OUT)/migrations.o)
TESTS   := $(patsubst tests/%.c,$(OUT)/tests/%,$(wildcard tests/test_*.c))
CPPFLAGS += -iquote . $(call includes,$(DEPS)) $(call pkg_cflags,$(PKGS))

all: $(OUT)/lib$(LIB).a

$(OUT)/lib$(LIB).a: $(OBJECTS)
	$(QUIET)rm -f $@ && $(AR) rcs $@ $^

tests: $(TESTS)

$(OUT)/tests/%: $(OUT)/tests/%.o $(OUT)/lib$(LIB).a $(call archives,$(DEPS))
	$(call say,LINK,$@)
	$(QUIET)$(CC) $(LDFLAGS) -o $@ $< $(OUT)/lib$(LIB).a $(call link,$(DEPS)) $(call pkg_libs,$(PKGS)) -lcmocka $(LDLIBS)

$(OUT)/migrations.c: $(wildcard migrations/*.sql) $(ROOT)/common/db/embed_sql.sh
	@mkdir -p $(@D)
	$(QUIET)$(ROOT)/common/db/embed_sql.sh $(SQL_MODULE) $(SQL_ARRAY) migrations > $@

-include $(OBJECTS:.o=.d) $(TESTS:=.d)
.PHONY: all tests
