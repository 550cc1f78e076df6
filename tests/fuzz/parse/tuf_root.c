// SPDX-License-Identifier: MIT
/*
 * Root metadata of TUF: form, keys, signatures, and that no root follows itself.
 */
#include "tuf_fuzz.h"

/* What is read is written as it was read, as far as it is the key. */
static void keys(const json_t *object)
{
	const char *id;
	json_t *value;

	json_object_foreach((json_t *)object, id, value) {
		struct tuf_error err = { 0 };
		struct tuf_key *key, *again;
		int rc = tuf_key_load(id, value, &key, &err);

		if (rc) {
			tuf_refused(rc, &err);
			continue;
		}
		promise(!tuf_key_new(key->pkey, &again, &err));
		promise(!memcmp(key->print, again->print, sizeof(key->print)));
		tuf_key_free(again);
		tuf_key_free(key);
	}
}

static void follow_itself(const uint8_t *data, size_t size)
{
	struct tuf_trusted trusted = { 0 };
	struct tuf_error err = { 0 };
	struct tuf_metadata *next;

	if (tuf_check_first_root(data, size, &trusted.root, &err))
		return;
	promise(tuf_check_root(&trusted, data, size, &next, &err) == -TUF_VERSION);
	promise(!tuf_key_withdrawn(trusted.root, trusted.root, TUF_TIMESTAMP));
	tuf_trusted_clear(&trusted);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tuf_metadata *root = tuf_loaded(TUF_ROOT, data, size);
	struct tuf_role role;
	int type;

	if (!root)
		return 0;
	for (type = TUF_ROOT; type <= TUF_TARGETS; type++) {
		tuf_root_role(root, (enum tuf_type)type, &role);
		tuf_decided(root, &role);
	}
	tuf_root_consistent(root);
	keys(json_object_get(root->body, "keys"));
	tuf_metadata_free(root);
	follow_itself(data, size);
	return 0;
}
