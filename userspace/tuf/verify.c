// SPDX-License-Identifier: MIT
/*
 * Have enough different keys signed? Keys and signatures are tried as they come,
 * so nobody pays for a key that did not sign.
 */
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "hash.h"
#include "json.h"
#include "key.h"
#include "metadata.h"

struct count {
	const struct tuf_role *role;
	struct tuf_text *form;		/* of what is signed */
	unsigned char (*prints)[32];	/* of the keys that have signed */
	int64_t valid;
};

static bool listed(const struct tuf_role *role, const char *id)
{
	json_t *value;
	size_t i;

	json_array_foreach((json_t *)role->keyids, i, value)
		if (!strcmp(json_string_value(value), id))
			return true;
	return false;
}

static bool counted(const struct count *count, const unsigned char *print)
{
	int64_t i;

	for (i = 0; i < count->valid; i++)
		if (!memcmp(count->prints[i], print, 32))
			return true;
	return false;
}

static void try_signature(struct count *count, const json_t *signature)
{
	const char *id = json_string_value(json_object_get(signature, "keyid"));
	const char *hex = json_string_value(json_object_get(signature, "sig"));
	json_t *object = json_object_get(count->role->keys, id);
	unsigned char sig[TUF_SIGNATURE_MAX];
	size_t length = strlen(hex) / 2;
	struct tuf_error unfit = { 0 };
	struct tuf_key *key;

	if (!object || !listed(count->role, id) || length > sizeof(sig) ||
	    tuf_unhex(hex, sig, length))
		return;
	if (tuf_key_load(id, object, &key, &unfit))
		return;
	if (!counted(count, key->print) &&
	    !tuf_key_verify(key, count->form->data, count->form->used, sig, length))
		memcpy(count->prints[count->valid++], key->print, 32);
	tuf_key_free(key);
}

int tuf_verify(const struct tuf_metadata *metadata, const struct tuf_role *role,
	       const char *section, struct tuf_error *err)
{
	const json_t *list = json_object_get(metadata->doc, "signatures");
	struct count count = { .role = role };
	struct tuf_text form = { 0 };
	size_t i;
	int rc;

	if (!metadata->members)
		tuf_text_put_value(&form, metadata->body);
	count.form = metadata->members ? &metadata->members->form : &form;
	rc = tuf_text_end(count.form, err);
	if (rc)
		return rc;
	count.prints = calloc(json_array_size(list) + 1, sizeof(*count.prints));
	if (!count.prints) {
		free(form.data);
		return tuf_no_memory(err);
	}
	for (i = 0; i < json_array_size(list) && count.valid < role->threshold; i++)
		try_signature(&count, json_array_get(list, i));
	if (count.valid < role->threshold)
		rc = tuf_fail(err, TUF_SIGNATURE, section,
			      "signed by %lld of the %lld keys of %s that it takes",
			      (long long)count.valid, (long long)role->threshold,
			      role->name);
	free(count.prints);
	free(form.data);
	return rc;
}
