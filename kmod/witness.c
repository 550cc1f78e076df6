// SPDX-License-Identifier: GPL-2.0-only
/*
 * Freshness of the journal.
 *
 * A witness remembers one head of each SM. It must not simply move on to a head
 * that it is shown, however high its number: an old journal that was put back
 * and written to since has high numbers too. So it either answers with the head
 * that it remembers, and the SM looks whether its chain ever had that one; or
 * it is shown a head that names the one it remembers as part of the same chain,
 * which the SM says only when it has found it there.
 */
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/version.h>

#include "compat.h"
#include "weaken.h"
#include "witness.h"

/* a head that is older is not answered any more, once somebody asks anew */
#define WITNESS_HEAD_NS		(60 * NSEC_PER_SEC)

/* in the kernel's log, and to those who listen */
static void witness_tell(struct rewire_freshness *fresh, const char *what)
{
	struct rewire_event event = { .type = REWIRE_EVENT_TYPE_JOURNAL };

	pr_warn("rewire: %s\n", what);
	strscpy(event.reason, what, sizeof(event.reason));
	rewire_event_post(fresh->events, &event);
}

static void witness_rolled_back(struct rewire_freshness *fresh)
{
	WRITE_ONCE(fresh->state, REWIRE_FRESHNESS_ROLLED_BACK);
	witness_tell(fresh, "the journal was rolled back: this SM runs nothing");
}

static u32 witness_wanted(u32 flags)
{
	if (flags & REWIRE_PROVISION_VOLATILE)
		return REWIRE_FRESHNESS_VOLATILE;
	if (flags & REWIRE_PROVISION_TPM)
		return REWIRE_FRESHNESS_TPM;
	if (flags & REWIRE_PROVISION_UNWITNESSED)
		return REWIRE_FRESHNESS_NONE;
	return REWIRE_FRESHNESS_WAITING;
}

/**
 * rewire_witness_start() - a new life of an SM
 * @fresh: with its pointers set; the journal is open, or there is none, and the
 *	caller has its lock
 * @flags: REWIRE_PROVISION_*, of which one at most is about freshness
 * @why: for the sentence
 *
 * Writes the BOOT record.
 *
 * Return: 0 or a negative errno.
 */
int rewire_witness_start(struct rewire_freshness *fresh, u32 flags,
			 struct rewire_why *why)
{
	struct rewire_journal_boot boot = {
		.freshness = witness_wanted(flags),
		.kernel = LINUX_VERSION_CODE,
	};
	int ret;

	lockdep_assert_held(&fresh->journal->lock);
	if (flags & (flags - 1))
		return rewire_because(why, -EINVAL,
				      "volatile, unwitnessed, strict and a TPM exclude each other");
	get_random_bytes(boot.boot_id, sizeof(boot.boot_id));
	get_random_bytes(fresh->nonce, sizeof(fresh->nonce));
	fresh->asked = 0;
	fresh->silent_since = ktime_get_boottime_ns();
	fresh->strict = flags & REWIRE_PROVISION_STRICT;
	ret = rewire_journal_append(fresh->journal, REWIRE_JOURNAL_BOOT, &boot,
				    sizeof(boot), why);
	if (ret)
		return ret;
	WRITE_ONCE(fresh->state, boot.freshness);
	if (boot.freshness == REWIRE_FRESHNESS_VOLATILE)
		witness_tell(fresh, "no journal: this SM will remember nothing");
	else if (boot.freshness == REWIRE_FRESHNESS_NONE)
		witness_tell(fresh, "nobody is asked if the journal is the last");
	if (fresh->journal->cut)
		witness_tell(fresh, "a torn end of the journal was cut off");
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_witness_start);

/**
 * rewire_witness_fresh() - may anything run?
 * @fresh: freshness
 * @why: for the sentence
 *
 * Return: 0; -ENOLINK while a witness is waited for; -EUCLEAN when the journal
 * was rolled back.
 */
int rewire_witness_fresh(const struct rewire_freshness *fresh,
			 struct rewire_why *why)
{
	switch (READ_ONCE(fresh->state)) {
	case REWIRE_FRESHNESS_WAITING:
		if (rewire_weakened(witness))
			return 0;
		return rewire_because(why, -ENOLINK,
				      "this SM waits for a witness of its journal: rewire witness");
	case REWIRE_FRESHNESS_ROLLED_BACK:
		return rewire_because(why, -EUCLEAN,
				      "the journal was rolled back; put the last one back and load the module anew");
	default:
		return 0;
	}
}
EXPORT_SYMBOL_IF_KUNIT(rewire_witness_fresh);

/**
 * rewire_witness_knows() - may others act on what was written so far?
 * @fresh: freshness; the caller has the journal's lock
 * @records: how many were in the journal when it was written
 * @why: for the sentence
 *
 * A TPM's counter knows each record that counts as soon as it is written.
 *
 * Return: 0, always for an SM that is not strict; -ENOLINK while no witness
 * knows that many records; -EUCLEAN when the journal was rolled back.
 */
int rewire_witness_knows(const struct rewire_freshness *fresh, u64 records,
			 struct rewire_why *why)
{
	const struct rewire_journal *journal = fresh->journal;
	int ret;

	if (!fresh->strict || rewire_weakened(strict))
		return 0;
	lockdep_assert_held(&journal->lock);
	ret = rewire_witness_fresh(fresh, why);
	if (ret)
		return ret;
	if (journal->is_vouched && journal->vouched.sequence >= records)
		return 0;
	return rewire_because(why, -ENOLINK,
			      "no witness knows journal record %llu yet: rewire witness",
			      records - 1);
}
EXPORT_SYMBOL_IF_KUNIT(rewire_witness_knows);

static int witness_durable(const struct rewire_freshness *fresh,
			   struct rewire_why *why)
{
	if (fresh->journal && rewire_journal_durable(fresh->journal))
		return 0;
	return rewire_because(why, -EOPNOTSUPP, "this SM has no journal");
}

/* with the journal's lock: one more head is given out */
static void witness_asked(struct rewire_freshness *fresh)
{
	u64 now = ktime_get_boottime_ns();

	if (fresh->asked && now - fresh->asked < WITNESS_HEAD_NS)
		return;
	/* the answer's time counts from then: let that not be long ago */
	if (fresh->asked)
		get_random_bytes(fresh->nonce, sizeof(fresh->nonce));
	fresh->asked = now ?: 1;
}

static int witness_compose(struct rewire_freshness *fresh,
			   struct rewire_head *head, struct rewire_why *why)
{
	struct rewire_journal *journal = fresh->journal;
	int ret;

	head->header.magic = REWIRE_MAGIC;
	head->header.type = REWIRE_TYPE_HEAD;
	head->header.version = REWIRE_VERSION;
	head->header.size = sizeof(*head);
	memcpy(head->sm, journal->sm, sizeof(head->sm));
	head->cert_len = fresh->attest->cert_len;
	head->sig_len = fresh->attest->signature_len;
	mutex_lock(&journal->lock);
	ret = rewire_journal_flush(journal, why);
	witness_asked(fresh);
	memcpy(head->journal, journal->id, sizeof(head->journal));
	memcpy(head->nonce, fresh->nonce, sizeof(head->nonce));
	head->sequence = journal->chain.sequence;
	memcpy(head->head, journal->chain.head, sizeof(head->head));
	if (journal->is_vouched) {
		head->vouched = journal->vouched.sequence;
		memcpy(head->vouched_head, journal->vouched.head,
		       sizeof(head->vouched_head));
	}
	mutex_unlock(&journal->lock);
	return ret;
}

/**
 * rewire_witness_head() - what the SM says of its journal, signed
 * @fresh: freshness
 * @head: out: head, certificate, signature; the caller frees it with kfree()
 * @why: for the sentence
 *
 * What is told is on the disk: the witness may remember it.
 *
 * Return: its bytes; -EOPNOTSUPP without a journal, -ENOKEY when the attestation
 * key is gone, -ENOMEM, -EIO.
 */
ssize_t rewire_witness_head(struct rewire_freshness *fresh,
			    struct rewire_head **head, struct rewire_why *why)
{
	int ret = witness_durable(fresh, why);
	u8 *buffer, *signature;

	if (ret)
		return ret;
	buffer = kzalloc(sizeof(**head) + fresh->attest->cert_len +
			 REWIRE_MAX_SIGNATURE, GFP_KERNEL);
	if (!buffer)
		return -ENOMEM;
	*head = (struct rewire_head *)buffer;
	ret = witness_compose(fresh, *head, why);
	if (ret)
		goto err_buffer;
	memcpy(*head + 1, fresh->attest->cert, fresh->attest->cert_len);
	signature = buffer + sizeof(**head) + fresh->attest->cert_len;
	ret = rewire_attest_sign(fresh->attest, REWIRE_HEAD_DOMAIN, *head,
				 sizeof(**head), signature);
	if (ret > 0)
		return signature - buffer + ret;
	ret = rewire_because(why, ret ?: -EKEYREJECTED,
			     "the attestation key does not sign");
err_buffer:
	kfree(buffer);
	*head = NULL;
	return ret;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_witness_head);

/*
 * Signed, and an answer to our question: does the chain have that head?
 *
 * Return: 0; 1 when it does not; or a negative errno.
 */
static int witness_compare(struct rewire_freshness *fresh,
			   const struct rewire_witness *witness,
			   struct rewire_why *why)
{
	struct rewire_journal *journal = fresh->journal;
	int ret;

	if (memcmp(witness->sm, journal->sm, sizeof(witness->sm)))
		return rewire_because(why, -EPERM,
				      "the witness is about another SM");
	if (!fresh->asked ||
	    memcmp(witness->nonce, fresh->nonce, sizeof(witness->nonce)))
		return rewire_because(why, -ESTALE,
				      "the witness does not answer the last head; ask anew");
	if (memcmp(witness->journal, journal->id, sizeof(witness->journal)))
		return 1;
	ret = rewire_journal_had(journal, witness->sequence, witness->head,
				 why);
	return ret < 0 ? ret : !ret;
}

static u64 seconds_since(u64 boottime)
{
	return div_u64(ktime_get_boottime_ns() - boottime, NSEC_PER_SEC);
}

/* with the journal's lock: how late it is, at least by what was said once */
static u64 witness_now(const struct rewire_freshness *fresh)
{
	return fresh->time +
	       (fresh->time_taken ? seconds_since(fresh->time_taken) : 0);
}

/*
 * It was said after we asked, and may have been held back since: so it is later
 * than that, by as much as has passed since we asked at most. And it never was
 * later than it is.
 */
static void witness_time(struct rewire_freshness *fresh, u64 time)
{
	fresh->time = max(witness_now(fresh),
			  time + seconds_since(fresh->asked));
	fresh->time_taken = ktime_get_boottime_ns();
}

/* What follows from a statement that the sds role has signed. */
VISIBLE_IF_KUNIT int rewire_witness_heed(struct rewire_freshness *fresh,
					 const struct rewire_witness *witness,
					 struct rewire_why *why)
{
	int ret;

	lockdep_assert_held(&fresh->journal->lock);
	ret = rewire_witness_fresh(fresh, why);
	if (ret == -EUCLEAN)
		return ret;
	ret = witness_compare(fresh, witness, why);
	if (ret > 0 && rewire_weakened(head))
		ret = 0;
	if (ret > 0) {
		witness_rolled_back(fresh);
		return rewire_because(why, -EUCLEAN,
				      "the witness knows a head at record %llu that this journal never had",
				      witness->sequence);
	}
	if (!ret)
		ret = rewire_journal_append(fresh->journal,
					    REWIRE_JOURNAL_WITNESS, witness,
					    sizeof(*witness), why);
	if (ret)
		return ret;
	witness_time(fresh, witness->time);
	/* an answer that was held back says nothing of now */
	fresh->silent_since = fresh->asked;
	get_random_bytes(fresh->nonce, sizeof(fresh->nonce));
	fresh->asked = 0;
	if (fresh->state != REWIRE_FRESHNESS_TPM)
		WRITE_ONCE(fresh->state, fresh->strict ?
			   REWIRE_FRESHNESS_STRICT : REWIRE_FRESHNESS_WITNESSED);
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_witness_heed);

/**
 * rewire_witness_take() - somebody remembers a head of this journal
 * @fresh: freshness
 * @witness: the statement
 * @cms: its signature
 * @cms_len: bytes of that
 * @why: for the sentence
 *
 * Return: 0, and the SM is fresh; -ESTALE when it answers another question;
 * -EPERM when it is about another SM; -EUCLEAN when the journal is not the last
 * one, and the SM then stays so; else as the signature or the journal deserve.
 */
int rewire_witness_take(struct rewire_freshness *fresh,
			const struct rewire_witness *witness, const void *cms,
			size_t cms_len, struct rewire_why *why)
{
	int ret;

	ret = witness_durable(fresh, why) ?:
	      rewire_header_check(&witness->header, REWIRE_TYPE_WITNESS,
				  sizeof(*witness), why) ?:
	      rewire_signed_verify(fresh->roles, REWIRE_ROLE_SDS, witness,
				   sizeof(*witness), cms, cms_len, NULL,
				   why);
	if (ret)
		return ret;
	mutex_lock(&fresh->journal->lock);
	ret = rewire_witness_heed(fresh, witness, why);
	mutex_unlock(&fresh->journal->lock);
	return ret;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_witness_take);

/* a witness of an earlier life: since then it is at least that late */
void rewire_witness_replay(struct rewire_freshness *fresh, const void *payload,
			   u32 length)
{
	const struct rewire_witness *witness = payload;

	if (length == sizeof(*witness))
		fresh->time = max(fresh->time, witness->time);
}
EXPORT_SYMBOL_IF_KUNIT(rewire_witness_replay);

/**
 * rewire_witness_expired() - is it too late for what was signed?
 * @fresh: freshness
 * @expires: until when it counts, in seconds since 1970; 0: for ever
 * @why: for the sentence
 *
 * Time is what the last witness said and what has passed since; a clock that
 * somebody can set has no say.
 *
 * Return: 0; -ETIME: it is; -ENOLINK: nobody has told the time since the SM
 * started.
 */
int rewire_witness_expired(struct rewire_freshness *fresh, u64 expires,
			   struct rewire_why *why)
{
	struct rewire_journal *journal = fresh->journal;
	bool heard;
	u64 now;

	if (!expires || rewire_weakened(package_expiry))
		return 0;
	mutex_lock(&journal->lock);
	now = witness_now(fresh);
	heard = fresh->time_taken;
	mutex_unlock(&journal->lock);
	if (now > expires)
		return rewire_because(why, -ETIME,
				      "it expired %llu seconds ago",
				      now - expires);
	if (heard)
		return 0;
	return rewire_because(why, -ENOLINK,
			      "no witness has told the time since this SM started, and it expires: rewire witness");
}
EXPORT_SYMBOL_IF_KUNIT(rewire_witness_expired);

/**
 * rewire_witness_compact() - compact the journal, if no witness gets lost by it
 * @fresh: freshness; the caller has the journal's lock
 * @records: as for rewire_journal_compact()
 * @snapshot: the same
 * @data: the same
 * @why: for the sentence
 *
 * A head that was given out may be what a witness remembers from now on. Were
 * it compacted away before its answer is here, no later answer could be
 * compared with anything.
 *
 * Return: 0 or a negative errno, as rewire_journal_compact(); -EBUSY while an
 * answer of a witness is missing.
 */
int rewire_witness_compact(struct rewire_freshness *fresh, u64 records,
			   rewire_journal_snapshot_t snapshot, void *data,
			   struct rewire_why *why)
{
	int ret = witness_durable(fresh, why) ?:
		  rewire_witness_fresh(fresh, why);

	if (ret)
		return ret;
	if (fresh->asked)
		return rewire_because(why, -EBUSY,
				      "a head was given out and not answered yet: rewire witness");
	ret = rewire_journal_compact(fresh->journal, records, snapshot, data,
				     why);
	if (!ret)
		witness_tell(fresh, "the journal was compacted");
	return ret;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_witness_compact);

/**
 * rewire_witness_info() - the journal in numbers
 * @fresh: freshness
 * @info: out: all but its size
 */
void rewire_witness_info(struct rewire_freshness *fresh,
			 struct rewire_journal_info *info)
{
	struct rewire_journal *journal = fresh->journal;

	memset_after(info, 0, size);
	info->freshness = READ_ONCE(fresh->state);
	if (witness_durable(fresh, NULL))
		return;
	mutex_lock(&journal->lock);
	info->told = journal->is_vouched ? journal->vouched.time : 0;
	info->silent_ms = div_u64(ktime_get_boottime_ns() - fresh->silent_since,
				  NSEC_PER_MSEC);
	info->heard = !!fresh->time_taken;
	memcpy(info->journal, journal->id, sizeof(info->journal));
	info->base = journal->chain.base;
	info->sequence = journal->chain.sequence;
	memcpy(info->head, journal->chain.head, sizeof(info->head));
	info->bytes = journal->chain.end;
	info->active = journal->active;
	info->generation = journal->chain.generation;
	info->cut = journal->cut;
	mutex_unlock(&journal->lock);
}
EXPORT_SYMBOL_IF_KUNIT(rewire_witness_info);
