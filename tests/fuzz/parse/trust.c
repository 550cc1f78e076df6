// SPDX-License-Identifier: MIT
/*
 * Trust bundles and tables of levels: what librewire takes the module takes, and
 * the other way round.
 */
#include "../kernel/kernel.h"
#include "fuzz.h"

static void look(const struct rewire_statement *statement)
{
	const struct rewire_bundle *bundle = (const void *)statement->body;
	struct rewire_anchor_name name;
	char why[KERNEL_WHY] = "";

	promise(!kernel_trust_read(statement->body, statement->length, why));
	if (bundle->header.type == REWIRE_TYPE_BUNDLE)
		for (__u32 i = 0; i < bundle->anchors; i++)
			promise(!rewire_trust_anchor(statement, i, &name, NULL));
	if (statement->signatures)
		rewire_trust_signed_by(statement, 0, PKI_FILE("root-1.crt"), NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rewire_statement *statement = NULL;
	struct rewire_error err = { 0 };
	char why[KERNEL_WHY] = "";
	int rc = rewire_trust_parse(data, size, &statement, &err);
	int kernel = kernel_trust_read(data, size, why);

	promise(!kernel || why[0]);
	if (rc) {
		refused(rc, &err);
		if (!kernel)
			fprintf(stderr, "librewire: %s\n", err.text);
		promise(kernel);
		return 0;
	}
	look(statement);
	rewire_trust_free(statement);
	return 0;
}
