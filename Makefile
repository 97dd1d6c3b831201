# Two commands for a fresh Debian 12: `make run` shows what Postern does, `make test` proves it.
PRESET ?= release
NINJA = cmake --preset $(1) >/dev/null && cmake --build --preset $(1)

.PHONY: all build
all: build
build:
	scripts/install-dependencies build
	$(call NINJA,$(PRESET))
