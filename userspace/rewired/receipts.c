// SPDX-License-Identifier: MIT
/*
 * Receipts of updates, as files.
 */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "log.h"
#include "receipts.h"

static int fits(int length, size_t size, struct rewire_error *err)
{
	if (length >= 0 && (size_t)length < size)
		return 0;
	return rewire_fail(err, ENAMETOOLONG,
			   "the folder of receipts has too long a name");
}

int receipts_dir(const struct helper *helper, char path[STORE_PATH],
		 struct rewire_error *err)
{
	const char *dir = helper->options.receipts_dir;

	return fits(dir ? snprintf(path, STORE_PATH, "%s", dir) :
		    snprintf(path, STORE_PATH, "%s/receipts",
			     helper->store.dir), STORE_PATH, err);
}

static int name(const struct helper *helper, const __u8 id[REWIRE_ID_SIZE],
		const char *end, char *path, size_t size,
		struct rewire_error *err)
{
	char dir[STORE_PATH], text[REWIRE_ID_TEXT];
	int rc = receipts_dir(helper, dir, err);

	if (rc)
		return rc;
	rewire_id_format(id, text);
	return fits(snprintf(path, size, "%s/%s%s", dir, text, end), size, err);
}

int receipts_path(const struct helper *helper, const __u8 id[REWIRE_ID_SIZE],
		  char *path, size_t size, struct rewire_error *err)
{
	return name(helper, id, RECEIPTS_FILE, path, size, err);
}

void receipts_keep(struct helper *helper, const __u8 id[REWIRE_ID_SIZE],
		   const void *receipt, size_t length)
{
	char path[STORE_PATH], sent[STORE_PATH];
	struct rewire_error err;
	int rc = receipts_path(helper, id, path, sizeof(path), &err);

	if (!rc)
		rc = name(helper, id, RECEIPTS_SENT, sent, sizeof(sent), &err);
	if (!rc) {
		/* It may be of a second try, with the first one's on its way. */
		unlink(sent);
		rc = rewire_file_write(path, receipt, length, 0600, &err);
		unlink(sent);
	}
	if (rc)
		log_error("keeping the receipt of an update: %s", err.text);
	else
		log_info("receipt kept in %s", path);
	atomic_store(&helper->receipts, true);
}
