// SPDX-License-Identifier: MIT
/*
 * Canonical JSON of TUF: written and read again it is the same document, and the
 * same bytes.
 */
#include "tuf_fuzz.h"

/* The form has control characters as they are; a parser wants them escaped. */
static char *escape(const char *data, size_t length)
{
	char *text = malloc(6 * length + 1), *to = text;
	size_t i;

	for (i = 0; i < length; i++)
		if ((unsigned char)data[i] < ' ')
			to += sprintf(to, "\\u%04x", data[i]);
		else
			*to++ = data[i];
	*to = 0;
	return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tuf_error err = { 0 };
	size_t length, again_length;
	char *form, *text, *again;
	json_t *doc, *read;
	int rc = tuf_json_load(data, size, &doc, &err);

	if (rc) {
		tuf_refused(rc, &err);
		return 0;
	}
	rc = tuf_json_canonical(doc, &form, &length, &err);
	if (rc) {
		tuf_refused(rc, &err);
		json_decref(doc);
		return 0;
	}
	text = escape(form, length);
	promise(!tuf_json_load(text, strlen(text), &read, &err));
	promise(json_equal(doc, read));
	promise(!tuf_json_canonical(read, &again, &again_length, &err));
	promise(length == again_length && !memcmp(form, again, length));
	json_decref(read);
	json_decref(doc);
	free(again);
	free(text);
	free(form);
	return 0;
}
