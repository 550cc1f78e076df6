// SPDX-License-Identifier: MIT
/*
 * Signed structs, and the CMS behind them: no other bytes than those that were
 * signed have a signature that holds.
 */
#include "fuzz.h"

static const struct {
	__u16 type;
	const char *certificate;
} kinds[] = {
	{ REWIRE_TYPE_MANIFEST, PKI_FILE("developer.crt") },
	{ REWIRE_TYPE_REQUEST, PKI_FILE("sds.crt") },
	{ REWIRE_TYPE_WITNESS, PKI_FILE("sds.crt") },
	{ REWIRE_TYPE_FENCE, PKI_FILE("sds.crt") },
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rewire_signed object;
	struct rewire_error err = { 0 };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		int rc = rewire_signed_parse(data, size, kinds[i].type, &object,
					     &err);

		if (!rc) {
			promise(object.length + object.signature_length == size);
			rc = rewire_signed_verify(&object, kinds[i].certificate,
						  &err);
		}
		if (rc)
			refused(rc, &err);
	}
	return 0;
}
