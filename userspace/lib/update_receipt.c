// SPDX-License-Identifier: MIT
/*
 * How an update ended, as its SM signed it: read and checked without an SM.
 */
#include <errno.h>
#include <string.h>

#include "rewire_update.h"
#include "said.h"

int rewire_update_receipt_parse(const void *data, size_t length,
				struct rewire_update_receipt *ret_receipt,
				struct rewire_error *err)
{
	struct rewire_update_receipt r;

	if (length < sizeof(r))
		return rewire_fail(err, EBADMSG, "too short for the receipt of an update");
	memcpy(&r, data, sizeof(r));
	if (r.header.magic != REWIRE_MAGIC ||
	    r.header.type != REWIRE_TYPE_UPDATE_RECEIPT)
		return rewire_fail(err, EBADMSG, "not the receipt of an update");
	if (r.header.version != REWIRE_VERSION || r.header.size != sizeof(r) ||
	    r.header.flags)
		return rewire_fail(err, EBADMSG, "a format of another version");
	if (!r.cert_len || r.cert_len > REWIRE_MAX_CERT || !r.sig_len ||
	    r.sig_len > REWIRE_MAX_UPDATE_RECEIPT ||
	    length != sizeof(r) + r.cert_len + r.sig_len)
		return rewire_fail(err, EBADMSG, "its lengths do not add up");
	if (r.state != REWIRE_UPDATE_SWITCHED && r.state != REWIRE_UPDATE_ABORTED)
		return rewire_fail(err, EBADMSG, "it is about an update that is not over");
	if (memchr(r.reason, '\0', sizeof(r.reason)) == NULL)
		return rewire_fail(err, EBADMSG, "its reason has no end");
	*ret_receipt = r;
	return 0;
}

int rewire_update_receipt_verify(const void *data, size_t length,
				 const char *platform,
				 struct rewire_update_receipt *ret_receipt,
				 struct rewire_error *err)
{
	struct rewire_update_receipt receipt;
	struct said said = {
		.data = data,
		.size = sizeof(receipt),
		.length = length,
		.domain = REWIRE_UPDATE_RECEIPT_DOMAIN,
		.domain_len = sizeof(REWIRE_UPDATE_RECEIPT_DOMAIN),
		.sm = receipt.sm,
	};
	int rc = rewire_update_receipt_parse(data, length, &receipt, err);

	if (rc)
		return rc;
	said.cert_len = receipt.cert_len;
	said.sig_len = receipt.sig_len;
	rc = said_check(&said, platform, err);
	if (!rc)
		*ret_receipt = receipt;
	return rc;
}

int rewire_update_receipt_in_journal(const struct rewire_update_receipt *receipt,
				     const void *journal, size_t length,
				     struct rewire_error *err)
{
	static const __u8 none[REWIRE_DIGEST_SIZE];
	struct rewire_journal_summary summary;
	struct rewire_head head = { .sequence = receipt->sequence + 1 };
	int rc;

	if (!memcmp(receipt->head, none, sizeof(none)))
		return rewire_fail(err, ENODATA, "the SM had no journal when it signed this");
	rc = rewire_journal_verify(journal, length, NULL, &summary, err);
	if (rc)
		return rc;
	/* The head right after a record is that record's digest. */
	memcpy(head.sm, receipt->sm, sizeof(head.sm));
	memcpy(head.journal, summary.journal, sizeof(head.journal));
	memcpy(head.head, receipt->head, sizeof(head.head));
	return rewire_journal_contains(journal, length, &head, err);
}
