// SPDX-License-Identifier: MIT
/*
 * Targets metadata of TUF: what it says of each target, and whom it delegates to.
 */
#include "tuf_fuzz.h"

/* A name becomes one part of a path, and no other name becomes the same. */
static void name(const char *name)
{
	char *file = tuf_name_file(name, ""), *url = tuf_name_quote(name, "");

	promise(file && url && !strchr(file, '/') && !strchr(url, '/'));
	promise(file[0] != '.');
	if (!strchr(name, '/')) {
		tuf_name_unquote(url);
		promise(!strcmp(url, name));
		tuf_name_unquote(file);
		promise(!strcmp(file, name));
	}
	free(file);
	free(url);
}

static void delegations(const struct tuf_metadata *targets, const char *path)
{
	static const char *const top[] = { "root", "timestamp", "snapshot", "targets" };
	struct tuf_error err = { 0 };
	struct tuf_delegate next;
	size_t position = 0, i;
	int rc;

	while ((rc = tuf_delegate_next(targets, path, &position, &next, &err)) > 0) {
		for (i = 0; i < 4; i++)
			promise(strcmp(next.role.name, top[i]));
		name(next.role.name);
		tuf_decided(targets, &next.role);
		free(next.name);
	}
	promise(rc == 0);
}

static void files(const struct tuf_metadata *targets)
{
	size_t count = targets->members->count, i;

	for (i = 0; i < count; i++) {
		struct tuf_hashes hashes;
		struct tuf_file file;
		char *path;

		promise(tuf_members_at(targets->members, i, &path) && path);
		promise(tuf_metadata_target(targets, path, &file));
		promise(file.length >= 0 && file.version == 0);
		name(path);
		if (!tuf_hashes_begin(&hashes, file.hashes)) {
			promise(!tuf_hashes_add(&hashes, "data", 4));
			tuf_hashes_wrong(&hashes);
			tuf_hashes_end(&hashes);
		}
		delegations(targets, path);
		free(path);
	}
}

/* Read target by target it is what it is read as a whole. */
static void as_a_whole(const struct tuf_metadata *targets, const uint8_t *data,
		       size_t size)
{
	struct tuf_metadata *whole = NULL;
	struct tuf_text form = { 0 };
	struct tuf_error err = { 0 };
	json_t *doc = NULL;

	if (!tuf_json_load(data, size, &doc, &err))
		tuf_metadata_from_json(TUF_TARGETS, doc, &whole, &err);
	json_decref(doc);
	promise(!whole == !targets);
	if (!whole)
		return;
	tuf_text_put_value(&form, whole->body);
	promise(!form.wrong == !targets->members->form.wrong);
	if (!form.wrong)
		promise(form.used == targets->members->form.used &&
			!memcmp(form.data, targets->members->form.data, form.used));
	free(form.data);
	tuf_metadata_free(whole);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tuf_metadata *targets = tuf_loaded(TUF_TARGETS, data, size);

	as_a_whole(targets, data, size);
	if (!targets)
		return 0;
	files(targets);
	delegations(targets, "a/file");
	delegations(targets, "");
	tuf_metadata_free(targets);
	return 0;
}
