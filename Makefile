# SPDX-License-Identifier: GPL-2.0-only
#
# Everything is built into build/. `make help` lists the targets.

MAKEFLAGS += --no-print-directory
CHECKS := check-static check-user check-tuf check-kunit check-model check-e2e check-weakened check-vms check-fuzz

all: modules user

# The module for one kernel: KDIR is a build folder, or a name scripts/kernel
# knows (stock, debug, oldest, newest). Kernels do not share objects.
modules: KDIR ?= stock
modules:
	@scripts/build-modules $(KDIR)

user:
	@scripts/setup user
	@$(MAKE) -C userspace
	@$(MAKE) -C enclaves

setup:
	@scripts/setup

check:
	@scripts/check

$(CHECKS):
	@scripts/$@

# Not a part of the check: it looks at the tests, not at the client.
check-tuf-mutants:
	@scripts/setup tuf
	@tests/tuf/mutants $(MUTANTS)

# Nor this: it takes too long.
check-soak:
	@scripts/check-soak $(MOVES) $(SEED)

demo:
	@scripts/demo

bench bench-quick:
	@scripts/bench $(if $(findstring quick,$@),--quick)

bench-plots:
	@scripts/bench-plots

clean:
	rm -rf build

help:
	@echo 'all          the module for the stock kernel, and the programs (default)'
	@echo 'modules      the module: KDIR=stock|debug|oldest|newest|FOLDER'
	@echo 'user         programs and enclaves, into build/bin and build/enclaves'
	@echo 'demo         two virtual hosts; an enclave moves from one to the other'
	@echo 'check        every test; or one part of it:'
	@echo '             $(CHECKS)'
	@echo 'check-tuf-mutants  each check of the TUF client removed in turn:'
	@echo '             the tests must notice (MUTANTS="NAME ...": only these)'
	@echo 'check-soak   MOVES=200 migrations under load in the debug kernel'
	@echo 'bench        measure, into build/bench.json (bench-quick: sooner)'
	@echo 'bench-plots  draw the curves of that, into build/bench/plots'
	@echo 'setup        install all that building and testing needs'
	@echo 'clean        remove build/ (kernels are kept in ~/.cache/rewire)'

.PHONY: all modules user setup check $(CHECKS) check-tuf-mutants check-soak demo bench bench-quick bench-plots clean help
