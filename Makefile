# Leadpipe. `make` builds the programs into build/bin; `make demo` and `make test` install what is missing first.

VERSION := 0.1.0
BUILD ?= build
PREFIX ?= /usr/local
DESTDIR ?=
ONLY ?=

TOOLS := hs-tasks enrich qualify outreach perfstat hs-sandbox

# Layers that a program stands on, highest first, and the libraries that they bring in. qualify and perfstat are pure: no network, no SQLite.
hs-tasks_LAYERS := net store trace record base
enrich_LAYERS := net store trace record base
outreach_LAYERS := store trace record base
hs-sandbox_LAYERS := store trace record base
qualify_LAYERS := trace record base
perfstat_LAYERS := trace record base

base_PACKAGES := libmd
record_PACKAGES := libpcre2-8
record_LIBS := -ljq
store_PACKAGES := sqlite3
net_PACKAGES := libcurl
hs-sandbox_PACKAGES := libmicrohttpd
enrich_PACKAGES := gumbo libpsl libidn2

CC ?= cc
AR ?= ar
PKG_CONFIG ?= pkg-config
CFLAGS ?= -O2 -g
WARNINGS := -Wall -Wextra -Wconversion -Wshadow -Wformat=2 -Werror
# The OpenSSF compiler options guide for C (2026-06), as far as this compiler knows them.
cc-option = $(shell $(CC) -Werror $(1) -x c -c /dev/null -o /dev/null 2>/dev/null && echo $(1))
HARDEN := $(if $(filter -fsanitize%,$(SANITIZE)),,-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3) -fstack-protector-strong -fPIE \
	$(call cc-option,-fstack-clash-protection) $(call cc-option,-fcf-protection=full) $(call cc-option,-fstrict-flex-arrays=3) \
	$(call cc-option,-ftrivial-auto-var-init=zero) -fno-delete-null-pointer-checks -fno-strict-overflow
HARDEN_LINK := -pie -Wl,-z,relro,-z,now -Wl,-z,noexecstack -Wl,-z,nodlopen -Wl,--as-needed
SANITIZE ?=

ALL_CFLAGS = -std=c11 -D_GNU_SOURCE -Ilib -DLEADPIPE_VERSION='"$(VERSION)"' -DLEADPIPE_PREFIX='"$(PREFIX)"' \
	$(WARNINGS) $(HARDEN) $(SANITIZE) $(CFLAGS) -MMD -MP

LAYERS := net store trace record base
packages = $(foreach layer,$($(1)_LAYERS),$($(layer)_PACKAGES)) $($(1)_PACKAGES)
libraries = $(if $(strip $(call packages,$(1))),$(shell $(PKG_CONFIG) --libs $(call packages,$(1)))) $(foreach layer,$($(1)_LAYERS),$($(layer)_LIBS)) -lm
archives = $(foreach layer,$($(1)_LAYERS),$(BUILD)/lib/lib$(layer).a)
objects = $(patsubst %.c,$(BUILD)/obj/%.o,$(wildcard $(1)/*.c))

PROGRAMS := $(TOOLS:%=$(BUILD)/bin/%)
TEST_TOOLS := $(patsubst tests/fault/%.c,$(BUILD)/test-tools/%,$(wildcard tests/fault/*.c))
UNIT_TESTS := $(patsubst tests/unit/%.c,$(BUILD)/test/%,$(wildcard tests/unit/*_test.c))
SOURCES = $(wildcard lib/*/*.c bin/*/*.c tests/unit/*.c tests/fault/*.c)
HEADERS = $(wildcard lib/*/*.h bin/*/*.h tests/unit/*.h)

.PHONY: all demo test test-tools test-unit test-bats test-e2e sanitize lint bench fault conformance install uninstall clean dist format bootstrap check-built
.SECONDARY:

all: $(PROGRAMS)

bootstrap:
	@scripts/bootstrap

demo: bootstrap
	@$(MAKE) --no-print-directory all
	@scripts/demo

test: bootstrap
	@$(MAKE) --no-print-directory all test-tools $(BUILD)/unit-tests
	@BUILD=$(BUILD) scripts/run-tests unit bats e2e

# One kind of test, without installing: make test-bats ONLY=qualify
test-unit: $(BUILD)/unit-tests
	@BUILD=$(BUILD) scripts/run-tests unit $(ONLY)
test-bats test-e2e: all test-tools
	@BUILD=$(BUILD) scripts/run-tests $(@:test-%=%) $(ONLY)

sanitize:
	@scripts/bootstrap lint
	@$(MAKE) --no-print-directory BUILD=$(BUILD)/sanitize SANITIZE='-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer' CFLAGS='-O1 -g' \
		all test-tools $(BUILD)/sanitize/unit-tests
	@BUILD=$(BUILD)/sanitize scripts/run-tests unit bats e2e

lint:
	@scripts/bootstrap lint
	@scripts/lint

bench:
	@scripts/bootstrap bench
	@$(MAKE) --no-print-directory all
	@scripts/bench

# An hour or so; tests/fault/README.md tells each. make test has short forms.
fault: bootstrap
	@$(MAKE) --no-print-directory all test-tools
	@set -e; export BUILD=$(BUILD); slow=p50=300ms,p95=800ms,p99=1200ms; \
		tests/fault/governor 64 70; tests/fault/governor 64 70 --limit-window fixed; \
		tests/fault/governor 64 70 --latency $$slow; tests/fault/governor 64 70 --limit-window fixed --latency $$slow; \
		tests/fault/every-k 1; tests/fault/race 2000 1000; tests/fault/race 2000 1000 --fail late=1%:3s; tests/fault/lost-answers 10000

# SPEC: a folder with bundle-v3.json and bundle-2026-03.json, HubSpot's API description, for the checking proxy. Without it only HubSpot's own client runs.
conformance:
	@scripts/bootstrap conformance
	@$(MAKE) --no-print-directory all
	@SPEC=$(SPEC) tests/conformance/run

define program_rule
$(BUILD)/bin/$(1): $(call objects,bin/$(1)) $(call archives,$(1)) | $(BUILD)/bin/.made
	$$(CC) $$(ALL_CFLAGS) $$(LDFLAGS) $$(HARDEN_LINK) -o $$@ $(call objects,bin/$(1)) $(call archives,$(1)) $$(call libraries,$(1))
endef
$(foreach tool,$(TOOLS),$(eval $(call program_rule,$(tool))))

define archive_rule
$(BUILD)/lib/lib$(1).a: $(call objects,lib/$(1)) | $(BUILD)/lib/.made
	@rm -f $$@
	$$(AR) rcs $$@ $$^
endef
$(foreach layer,$(LAYERS),$(eval $(call archive_rule,$(layer))))

$(BUILD)/obj/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(EXTRA_CFLAGS) -c -o $@ $<

$(BUILD)/%/.made:
	@mkdir -p $(@D)
	@touch $@

# A unit test names the parts of bin/ that it needs in a comment: // uses: bin/qualify/score.c
uses = $(patsubst %.c,$(BUILD)/obj/%.o,$(shell sed -n 's,^// uses: ,,p' $(1)))
.SECONDEXPANSION:
$(BUILD)/test/%: $(BUILD)/obj/tests/unit/%.o $$(call uses,tests/unit/%.c) $(LAYERS:%=$(BUILD)/lib/lib%.a) | $(BUILD)/test/.made
	$(CC) $(ALL_CFLAGS) $(LDFLAGS) $(HARDEN_LINK) -o $@ $(filter %.o,$^) $(LAYERS:%=$(BUILD)/lib/lib%.a) \
		$(shell $(PKG_CONFIG) --libs cmocka $(sort $(foreach t,$(TOOLS),$(call packages,$(t))))) $(record_LIBS) -lm

$(BUILD)/unit-tests: $(UNIT_TESTS)
	@touch $@

# Small programs that tests drive.
test-tools: $(TEST_TOOLS)
$(BUILD)/test-tools/%: $(BUILD)/obj/tests/fault/%.o $(LAYERS:%=$(BUILD)/lib/lib%.a) | $(BUILD)/test-tools/.made
	$(CC) $(ALL_CFLAGS) $(LDFLAGS) $(HARDEN_LINK) -o $@ $< $(LAYERS:%=$(BUILD)/lib/lib%.a) $(call libraries,hs-tasks)

-include $(shell find $(BUILD)/obj -name '*.d' 2>/dev/null)

format:
	clang-format -i $(SOURCES) $(HEADERS)

install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/leadpipe $(DESTDIR)$(PREFIX)/share/man
	install -m 755 $(PROGRAMS) scripts/task-monitor $(DESTDIR)$(PREFIX)/bin/
	cp -R share/. $(DESTDIR)$(PREFIX)/share/leadpipe/
	for page in man/*.[157]; do section=$${page##*.}; install -D -m 644 $$page $(DESTDIR)$(PREFIX)/share/man/man$$section/$${page##*/} || exit 1; done

uninstall:
	rm -f $(TOOLS:%=$(DESTDIR)$(PREFIX)/bin/%) $(DESTDIR)$(PREFIX)/bin/task-monitor
	rm -rf $(DESTDIR)$(PREFIX)/share/leadpipe
	for page in man/*.[157]; do rm -f $(DESTDIR)$(PREFIX)/share/man/man$${page##*.}/$${page##*/}; done

dist:
	@mkdir -p $(BUILD)
	git archive --format=tar.gz --prefix=leadpipe-$(VERSION)/ -o $(BUILD)/leadpipe-$(VERSION).tar.gz HEAD

clean:
	rm -rf $(BUILD)
