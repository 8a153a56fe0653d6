# Flags and functions shared by lib.mk and service.mk. VARIANT: release (default) or asan.
VARIANT ?= release
BUILD   := $(ROOT)/build/$(VARIANT)
CC      ?= gcc
AR      ?= ar
V       ?= 0
QUIET   := $(if $(filter 0,$(V)),@)
say      = @$(if $(filter 0,$(V)),printf '  %-5s %s\n' $(1) $(2:$(ROOT)/build/%=%))

WARNINGS := -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith \
            -Wcast-qual -Wwrite-strings -Wformat=2 -Wundef -Wvla -Wswitch-enum -Wunused-result \
            -Wno-missing-field-initializers -Wno-unused-parameter
CFLAGS_release := -O2 -g -fstack-protector-strong -D_FORTIFY_SOURCE=2 -fPIE -fno-plt
CFLAGS_asan    := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=undefined \
                  -fno-omit-frame-pointer -fPIE -DARENA_POISON
LDFLAGS_release := -pie -Wl,-z,relro,-z,now -Wl,--as-needed
LDFLAGS_asan    := -pie -fsanitize=address,undefined

VERSION := $(shell cat $(ROOT)/common/VERSION)
COMMIT  := $(or $(shell git -C $(ROOT) rev-parse --short HEAD 2>/dev/null),unknown)

CPPFLAGS := -D_GNU_SOURCE -DTTS_VERSION='"$(VERSION)"' -MMD -MP
CFLAGS   := -std=gnu11 $(WARNINGS) $(CFLAGS_$(VARIANT)) $(EXTRA_CFLAGS)
LDFLAGS  := $(LDFLAGS_$(VARIANT)) $(EXTRA_LDFLAGS)
LDLIBS   := -lpthread

# Everything the named libraries need, dependents before what they depend on.
closure     = $(shell $(ROOT)/common/closure.sh $(ROOT)/common $(1))
includes    = $(foreach d,$(call closure,$(1)),-iquote $(ROOT)/common/$(d))
archives    = $(foreach d,$(call closure,$(1)),$(BUILD)/common/$(d)/lib$(d).a)
link        = -Wl,--start-group $(call archives,$(1)) -Wl,--end-group $(call pkg_libs,$(shell $(ROOT)/common/closure.sh -p $(ROOT)/common $(1)))
# A package is a pkg-config name, or -lname for the few that have none.
pkg_cflags  = $(if $(filter-out -l%,$(1)),$(shell pkg-config --cflags $(filter-out -l%,$(1))))
pkg_libs    = $(if $(filter-out -l%,$(1)),$(shell pkg-config --libs $(filter-out -l%,$(1)))) $(filter -l%,$(1))

# The including makefile sets OUT before it defines targets; "all" stays the default goal.
.DEFAULT_GOAL := all
$(OUT)/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(QUIET)$(CC) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<
$(OUT)/%.o: $(OUT)/%.c
	$(QUIET)$(CC) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<

# The libraries this one needs are built first, unless the caller has done so (DEPS_BUILT=1).
deps:
	@$(if $(DEPS_BUILT),:,for d in $(call closure,$(DEPS)); do $(MAKE) -s -C $(ROOT)/common/$$d DEPS_BUILT=1 || exit 1; done)
$(filter-out $(OUT)/%,$(foreach d,$(call closure,$(DEPS)),$(BUILD)/common/$(d)/lib$(d).a)): | deps
	@:
.PHONY: deps
