// SPDX-License-Identifier: MIT
/*
 * What an SM says of its journal, and what a witness answers.
 */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

#include "said.h"

static int check_shape(const __u8 *data, size_t length,
		       struct rewire_head *head, struct rewire_error *err)
{
	if (length < sizeof(*head))
		return rewire_fail(err, EBADMSG, "too short for the head of a journal");
	memcpy(head, data, sizeof(*head));
	if (head->header.magic != REWIRE_MAGIC ||
	    head->header.type != REWIRE_TYPE_HEAD)
		return rewire_fail(err, EBADMSG, "not the head of a journal");
	if (head->header.version != REWIRE_VERSION ||
	    head->header.size != sizeof(*head) || head->header.flags)
		return rewire_fail(err, EBADMSG, "a format of another version");
	return 0;
}

int rewire_head_check(const void *data, size_t length, const char *platform,
		      struct rewire_head *ret_head, struct rewire_error *err)
{
	struct rewire_head head;
	int rc = check_shape(data, length, &head, err);
	const struct said said = {
		.data = data,
		.size = sizeof(head),
		.length = length,
		.cert_len = rc ? 0 : head.cert_len,
		.sig_len = rc ? 0 : head.sig_len,
		.domain = REWIRE_HEAD_DOMAIN,
		.domain_len = sizeof(REWIRE_HEAD_DOMAIN),
		.sm = head.sm,
	};

	if (!rc)
		rc = said_check(&said, platform, err);
	if (!rc)
		*ret_head = head;
	return rc;
}

static int gone_back(const struct rewire_head *known,
		     const struct rewire_head *shown, struct rewire_error *err)
{
	if (memcmp(known->sm, shown->sm, sizeof(known->sm)))
		return rewire_fail(err, EINVAL, "the head that is remembered is another SM's");
	if (memcmp(known->journal, shown->journal, sizeof(known->journal)))
		return rewire_fail(err, EUCLEAN, "the SM has begun another journal than the one that is remembered, at record %llu",
				   (unsigned long long)known->sequence);
	if (shown->sequence < known->sequence)
		return rewire_fail(err, EUCLEAN, "the journal has %llu records, and had %llu: it was rolled back",
				   (unsigned long long)shown->sequence,
				   (unsigned long long)known->sequence);
	if (shown->sequence == known->sequence &&
	    memcmp(shown->head, known->head, sizeof(known->head)))
		return rewire_fail(err, EUCLEAN, "the journal has another record %llu than the one that is remembered: it was forked",
				   (unsigned long long)known->sequence);
	return 0;
}

int rewire_witness_answer(const struct rewire_head *known,
			  const struct rewire_head *shown,
			  struct rewire_witness *ret_witness,
			  bool *ret_remember, struct rewire_error *err)
{
	struct rewire_witness witness = { 0 };
	bool remember = true;
	int rc = known ? gone_back(known, shown, err) : 0;

	if (rc)
		return rc;
	if (known && shown->sequence > known->sequence)
		remember = shown->vouched == known->sequence &&
			   !memcmp(shown->vouched_head, known->head,
				   sizeof(known->head));
	memcpy(witness.sm, shown->sm, sizeof(witness.sm));
	memcpy(witness.nonce, shown->nonce, sizeof(witness.nonce));
	known = remember ? shown : known;
	memcpy(witness.journal, known->journal, sizeof(witness.journal));
	witness.sequence = known->sequence;
	memcpy(witness.head, known->head, sizeof(witness.head));
	*ret_witness = witness;
	*ret_remember = remember;
	return 0;
}

int rewire_sm_journal_info(int sm, struct rewire_journal_info *ret_info,
			   struct rewire_error *err)
{
	struct rewire_journal_info info = { .size = sizeof(info) };

	if (ioctl(sm, REWIRE_JOURNAL_INFO, &info))
		return rewire_fail_ioctl(err, sm, errno, "asking for the journal");
	*ret_info = info;
	return 0;
}

int rewire_sm_head(int sm, void *buffer, size_t *ret_length,
		   struct rewire_error *err)
{
	struct rewire_get_head arg = {
		.size = sizeof(arg),
		.length = (__u32)(*ret_length < REWIRE_MAX_HEAD ?
				  *ret_length : REWIRE_MAX_HEAD),
		.buffer = (uintptr_t)buffer,
	};

	if (ioctl(sm, REWIRE_GET_HEAD, &arg))
		return rewire_fail_ioctl(err, sm, errno, "asking for the journal's head");
	*ret_length = arg.length;
	return 0;
}

int rewire_sm_witness(int sm, const struct rewire_signed *witness,
		      struct rewire_error *err)
{
	struct rewire_put_witness arg = {
		.size = sizeof(arg),
		.witness = (uintptr_t)&witness->body,
		.signature = (uintptr_t)witness->signature,
		.signature_length = (__u32)witness->signature_length,
	};

	if (ioctl(sm, REWIRE_PUT_WITNESS, &arg))
		return rewire_fail_ioctl(err, sm, errno, "giving the SM its witness");
	return 0;
}

int rewire_sm_compact(int sm, struct rewire_error *err)
{
	struct rewire_journal_compact arg = { .size = sizeof(arg) };

	if (ioctl(sm, REWIRE_JOURNAL_COMPACT, &arg))
		return rewire_fail_ioctl(err, sm, errno, "compacting the journal");
	return 0;
}
