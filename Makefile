# Two commands for a fresh Debian 12: `make run` shows what Postern does, `make test` proves it.
#
#   make              build/bin/posternd and build/bin/postern, optimized
#   make run          the demo: Contoso on 127.0.0.1:2525, until Ctrl-C
#   make test         unit tests, the same under ASan and UBSan, conformance, end to end, the console
#                     in a browser, and a look at every fuzz target
#   make tidy         clang-tidy over the sources (.clang-tidy)
#   make console      the web console in a headless Chromium
#   make e2e-asan     end to end with programs built with ASan and UBSan
#   make tsan         unit tests and end to end, under TSan
#   make conformance  the public suites in CONFORMANCE_DIR (default ../shared/conformance)
#   make fuzz         every fuzz target for SECONDS seconds (default 60)
#   make bench        figures, beside Postfix's smtp-sink in the same run
#   make install      into PREFIX (default /usr/local); DESTDIR is honoured
#   make install-library  the authentication library for other programs, into PREFIX
#   make deb          postern_VERSION-1_ARCH.deb in build/
PREFIX ?= /usr/local
SECONDS ?= 60
CONFORMANCE_DIR ?= $(abspath ../shared/conformance)
export CONFORMANCE_DIR

# $(call build,PRESET[,TARGETS]): configures when needed and builds.
build = cmake --preset $(1) -DCMAKE_INSTALL_PREFIX=$(PREFIX) >build/configure-$(1).log || { cat build/configure-$(1).log; exit 1; }; \
        cmake --build --preset $(1) $(if $(2),--target $(2))
ctest = ctest --output-on-failure --no-tests=error -j $(shell nproc)

.PHONY: all run test lint tidy unit asan tsan conformance e2e console e2e-asan fuzz bench profile install install-library deb clean

all: | build
	@scripts/install-dependencies build
	@$(call build,release)

build:
	@mkdir -p build

run: | build
	@scripts/install-dependencies build run
	@$(call build,release,posternd postern)
	@exec /usr/bin/python3 scripts/demo

test: | build
	@scripts/install-dependencies build test
	@$(MAKE) --no-print-directory lint unit conformance e2e console asan
	@$(MAKE) --no-print-directory fuzz SECONDS=1

lint:
	@/usr/bin/python3 tools/check_layers.py
	@/usr/bin/python3 tools/lint_coawait.py
	@/usr/bin/python3 tools/rfc_index.py --check
	@git ls-files 'src/*.h' 'src/*.cpp' | xargs clang-format-19 --dry-run --Werror

# Some minutes, so not a part of the tests. Benchmarks and tests are left out.
tidy: | build
	@scripts/install-dependencies build tidy
	@$(call build,release,posternd postern)
	@git ls-files 'src/*.cpp' | grep -vE '_(test|fuzz|bench)\.cpp$$' | \
	  xargs -P $(shell nproc) -n 6 clang-tidy-19 -p build --quiet

unit: | build
	@$(call build,release)
	@$(ctest) --test-dir build -L unit

asan: | build
	@$(call build,asan)
	@$(ctest) --test-dir build/asan -L unit

tsan: | build
	@$(call build,tsan)
	@$(ctest) --test-dir build/tsan -L unit
	@POSTERN_BIN_DIR=build/tsan/bin /usr/bin/python3 -m pytest -q tests/e2e

conformance: | build
	@scripts/install-dependencies build test
	@$(call build,release)
	@$(ctest) --test-dir build -L conformance --verbose

e2e: | build
	@$(call build,release)
	@/usr/bin/python3 -m pytest -q tests/e2e

# npm writes node_modules/.package-lock.json last.
console: | build
	@scripts/install-dependencies build test
	@$(call build,release,posternd postern)
	@cd tests/console && { [ node_modules/.package-lock.json -nt package-lock.json ] || \
	  { npm ci --silent && touch node_modules/.package-lock.json; }; }
	@/usr/bin/python3 -m pytest -q tests/console

e2e-asan: | build
	@$(call build,asan)
	@POSTERN_BIN_DIR=build/asan/bin /usr/bin/python3 -m pytest -q tests/e2e

fuzz: | build
	@scripts/install-dependencies build test
	@$(call build,asan,fuzz_targets)
	@scripts/fuzz $(SECONDS)

bench: | build
	@scripts/install-dependencies build bench
	@$(call build,bench)
	@/usr/bin/python3 bench/run.py

profile: | build
	@scripts/install-dependencies build profile
	@$(call build,profile,posternd postern loadgen)
	@/usr/bin/python3 bench/record_profile.py

install: all
	@cmake --install build

install-library: all
	@cmake --install build --component library --prefix $(DESTDIR)$(PREFIX)

deb: all
	@scripts/install-dependencies build package
	@cd build && cpack -G DEB

clean:
	rm -rf build
