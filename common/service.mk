# Builds one program. Set NAME and DEPS (libraries of common/) before.
ROOT := ..
OUT      = $(BUILD)/$(NAME)
include $(ROOT)/common/build.mk

SOURCES := $(wildcard *.c api/*.c domain/*.c store/*.c events/*.c $(addsuffix /*.c,$(EXTRA_DIRS)))
OBJECTS := $(patsubst %.c,$(OUT)/%.o,$(SOURCES)) $(if $(wildcard migrations/*.sql),$(OUT)/migrations.o)
UNIT    := $(patsubst %.c,$(OUT)/%,$(wildcard tests/unit/test_*.c))
STORE   := $(patsubst %.c,$(OUT)/%,$(wildcard tests/store/test_*.c))
PARTS   := $(filter-out $(OUT)/main.o,$(OBJECTS))
CPPFLAGS += -iquote . $(call includes,$(DEPS)) $(call pkg_cflags,$(PKGS)) -DSERVICE_NAME='"$(NAME)"'

all: $(OUT)/$(NAME)

$(OUT)/$(NAME): $(OBJECTS) $(call archives,$(DEPS))
	$(call say,LINK,$@)
	$(QUIET)$(CC) $(LDFLAGS) -o $@ $(OBJECTS) $(call link,$(DEPS)) $(call pkg_libs,$(PKGS)) $(LDLIBS)

tests: $(UNIT) $(STORE)

$(OUT)/tests/%: $(OUT)/tests/%.o $(PARTS) $(call archives,$(DEPS))
	$(call say,LINK,$@)
	$(QUIET)$(CC) $(LDFLAGS) -o $@ $< $(PARTS) $(call link,$(DEPS)) $(call pkg_libs,$(PKGS)) -lcmocka $(LDLIBS)

$(OUT)/migrations.c: $(wildcard migrations/*.sql) $(ROOT)/common/db/embed_sql.sh
	@mkdir -p $(@D)
	$(QUIET)$(ROOT)/common/db/embed_sql.sh $(subst -service,,$(NAME)) SERVICE_MIGRATIONS migrations > $@

-include $(OBJECTS:.o=.d) $(addsuffix .d,$(UNIT) $(STORE))
.PHONY: all tests
