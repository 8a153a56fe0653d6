# Builds the libraries of common/ and the programs; everything else is a script under deploy/ or tests/.
# VARIANT=release (default) or asan; binaries land in build/<VARIANT>/<program>/<program>.
VARIANT  ?= release
JOBS     ?= $(shell nproc)
LIBS     := $(patsubst %/Makefile,%,$(wildcard common/*/Makefile))
PROGRAMS := $(patsubst %/Makefile,%,$(wildcard *-service/Makefile gateway/Makefile))
LOCAL    := deploy/local
export VARIANT

all: $(PROGRAMS)

help:
	@echo 'make run            install what is missing, build, start everything here, show its log'
	@echo 'make up | down      the same in the background | stop it'
	@echo 'make status | logs  is it ready | follow its log'
	@echo 'make reset          remove the private database, broker, mail and uploads'
	@echo 'make test | check   all tests | formatting, lints, static analysis'
	@echo 'make test-both      all tests, those of single programs in the release build too and not only with sanitizers'
	@echo 'make test-deploy    images, compose and Kubernetes files on a container engine of its own (root; some minutes)'
	@echo 'make bench | fuzz   benchmarks against the peers | fuzz targets for a bounded time'
	@echo 'make all | clean    only build (VARIANT=release|asan) | remove what was built'
	@echo
	@echo 'PORT_OFFSET=n adds n to every port; DB_URL and AMQP_URL name servers to use instead of private ones.'

# A library needs only the headers of the others, so all build side by side; programs link them.
$(LIBS):
	+@$(MAKE) -s --no-print-directory -C $@ DEPS_BUILT=1

$(PROGRAMS): $(LIBS)
	+@$(MAKE) -s --no-print-directory -C $@ DEPS_BUILT=1

# The unit and store tests, not run. A folder's tests wait for its own build so that no object is made twice.
TESTS := $(addprefix tests-of/,$(LIBS) $(PROGRAMS))
test-binaries: $(TESTS)
$(TESTS): tests-of/%: % $(LIBS)
	+@$(MAKE) -s --no-print-directory -C $* DEPS_BUILT=1 tests

packages-%:
	@$(LOCAL)/packages $(subst +, ,$*)

build: packages-build+run
	+@$(MAKE) -s --no-print-directory -j$(JOBS) all

run up: build
	@$(LOCAL)/fleet $@

down status logs reset:
	@$(LOCAL)/fleet $@

test:
	@tests/run

test-both:
	@tests/run --both

# An engine needs root, and the images all packages once more: not part of make test.
test-deploy:
	@tests/packages deploy
	@cd tests && PYTHONPATH=. /usr/bin/python3 -B -m pytest -s --tb=short deploy

check:
	@tests/packages check
	@tests/lint/run

bench:
	@tests/packages
	@tests/bench/gateway
	@tests/bench/helpdesk --tickets 100000
	@tests/bench/helpdesk --tickets 1000000
	@tests/bench/auth_login.py
	@tests/bench/workflow
	@tests/bench/workflow_timers.py
	@tests/bench/messaging
	@tests/bench/messaging_lists
	@tests/bench/notification

fuzz: packages-build+run+test
	@tests/fuzz/run

clean:
	rm -rf build

.PHONY: all help build run up down status logs reset test test-both test-deploy check bench fuzz clean test-binaries $(LIBS) $(PROGRAMS) $(TESTS)
