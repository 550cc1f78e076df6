#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# 100,000 random and mutated commands in this machine, as root, with the module
# loaded. REWIRE_FUZZ_COUNT and REWIRE_FUZZ_SEED change that.

set -eu
exec build/bin/fuzz-ioctl --count "${REWIRE_FUZZ_COUNT:-100000}" \
	--seconds "${REWIRE_FUZZ_SECONDS:-1200}" \
	${REWIRE_FUZZ_SEED:+--seed "$REWIRE_FUZZ_SEED"} \
	build/fuzz/pki build/enclaves/counter.elf
