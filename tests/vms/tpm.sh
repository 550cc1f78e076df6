#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# A journal that a TPM's counter vouches for, on a machine that is switched off
# in between. Run by scripts/check-vms.

set -euo pipefail
cd "$(dirname -- "$0")/../.."
: "${REWIRE_KO:?run me by scripts/check-vms}"
PATH=$PWD/build/bin:$PATH

work=$(mktemp -d "${TMPDIR:-/tmp}/rewire-tpm.XXXXXX")
trap 'rm -rf "$work"' EXIT

{
	rewire pki init "$work/pki"
	rewire pki host "$work/pki" mine
	rewire sign build/enclaves/counter.elf -o "$work/counter.manifest" \
		--key "$work/pki/developer.key" --cert "$work/pki/developer.crt" \
		--software 7b1d3c9e-58d1-4d8e-9c55-0d6b5f3f2a10 --release 1 --svn 1
} >"$work/made" 2>&1 || { cat "$work/made" >&2; exit 1; }

status=0
for life in FIRST SECOND; do
	scripts/vm --name tpm --tpm "$work/tpm" --share "$work" --timeout 900 -- \
		tests/vms/tpm-life "$work" "$life" || status=1
done
echo "1..$(cat "$work/results")"
exit $status
