// SPDX-License-Identifier: GPL-2.0-only
/*
 * Whether a journal is believed: who waits, whose word counts, and what happens
 * to one that was put back. Signatures are the business of other suites; here
 * a witness is one that the sds role has signed.
 */
#include <kunit/test.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/shmem_fs.h>
#include <linux/slab.h>
#include <net/net_namespace.h>

#include "../../kmod/witness.h"
#include "util.h"
#include "world.h"

/* an SM with a journal in memory */
struct bench {
	struct rewire_sm *sm;
	struct rewire_freshness *fresh;
	struct rewire_journal *journal;
	struct file *file[2];
	struct rewire_why why;
};

static int see_nothing(void *data, const struct rewire_journal_record *record,
		       const void *payload, struct rewire_why *why)
{
	return 0;
}

static int start(struct bench *b, u32 flags)
{
	struct file *none[2] = {};
	int ret;

	mutex_lock(&b->journal->lock);
	ret = rewire_journal_open(b->journal,
				  flags & REWIRE_PROVISION_VOLATILE ? none :
								      b->file,
				  &b->sm->roots, b->sm->attest.id, NULL,
				  see_nothing, NULL, &b->why) ?:
	      rewire_witness_start(b->fresh, flags, &b->why);
	mutex_unlock(&b->journal->lock);
	return ret;
}

static void stop(struct bench *b)
{
	mutex_lock(&b->journal->lock);
	rewire_journal_close(b->journal);
	mutex_unlock(&b->journal->lock);
}

static int witness_init(struct kunit *test)
{
	struct bench *b = kunit_kzalloc(test, sizeof(*b), GFP_KERNEL);
	u32 i;

	KUNIT_ASSERT_NOT_NULL(test, b);
	test->priv = b;
	b->sm = world_sm(test, 'a', true);
	b->fresh = &b->sm->freshness;
	b->journal = &b->sm->journal;
	b->fresh->journal = b->journal;
	b->fresh->attest = &b->sm->attest;
	b->fresh->roles = &b->sm->roles;
	b->fresh->events = &b->sm->events;
	for (i = 0; i < 2; i++) {
		b->file[i] = shmem_file_setup("rewire-journal", 0,
					      VM_NORESERVE);
		KUNIT_ASSERT_FALSE(test, IS_ERR(b->file[i]));
	}
	return 0;
}

static void witness_exit(struct kunit *test)
{
	struct bench *b = test->priv;
	u32 i;

	if (!b)
		return;
	stop(b);
	for (i = 0; i < 2; i++)
		if (!IS_ERR_OR_NULL(b->file[i]))
			fput(b->file[i]);
	world_sm_free(b->sm);
}

/* what the SM says now; and the answer of one who knows just that */
static struct rewire_head ask(struct kunit *test)
{
	struct bench *b = test->priv;
	struct rewire_head head = {}, *given;
	ssize_t len = rewire_witness_head(b->fresh, &given, &b->why);
	u8 id[REWIRE_ID_SIZE];

	KUNIT_ASSERT_GT_MSG(test, len, 0, "%s", b->why.text);
	head = *given;
	KUNIT_EXPECT_EQ(test, len,
			sizeof(head) + head.cert_len + head.sig_len);
	KUNIT_EXPECT_EQ(test,
			rewire_peer_verify(&b->sm->roles, given + 1,
					   head.cert_len, REWIRE_HEAD_DOMAIN,
					   given, sizeof(head),
					   (u8 *)(given + 1) + head.cert_len,
					   head.sig_len, id, NULL), 0);
	KUNIT_EXPECT_MEMEQ(test, id, head.sm, sizeof(id));
	kfree(given);
	return head;
}

static struct rewire_witness answer(const struct rewire_head *asked,
				    const struct rewire_head *known)
{
	struct rewire_witness witness = { .sequence = known->sequence };

	memcpy(witness.sm, asked->sm, sizeof(witness.sm));
	memcpy(witness.nonce, asked->nonce, sizeof(witness.nonce));
	memcpy(witness.journal, known->journal, sizeof(witness.journal));
	memcpy(witness.head, known->head, sizeof(witness.head));
	return witness;
}

static int heed(struct bench *b, const struct rewire_witness *witness)
{
	int ret;

	b->why.text[0] = '\0';
	mutex_lock(&b->journal->lock);
	ret = rewire_witness_heed(b->fresh, witness, &b->why);
	mutex_unlock(&b->journal->lock);
	return ret;
}

static int hear(struct bench *b, const struct rewire_head *asked,
		const struct rewire_head *known)
{
	struct rewire_witness witness = answer(asked, known);

	return heed(b, &witness);
}

static int fresh(const struct bench *b)
{
	return rewire_witness_fresh(b->fresh, NULL);
}

static const struct mode {
	const char *desc;
	u32 flags;
	int start, fresh;
	u32 state;
} modes[] = {
	{ "witness", 0, 0, -ENOLINK, REWIRE_FRESHNESS_WAITING },
	{ "volatile", REWIRE_PROVISION_VOLATILE, 0, 0,
	  REWIRE_FRESHNESS_VOLATILE },
	{ "unwitnessed", REWIRE_PROVISION_UNWITNESSED, 0, 0,
	  REWIRE_FRESHNESS_NONE },
	{ "strict", REWIRE_PROVISION_STRICT, 0, -ENOLINK,
	  REWIRE_FRESHNESS_WAITING },
	{ "tpm", REWIRE_PROVISION_TPM, 0, 0, REWIRE_FRESHNESS_TPM },
	{ "two of them",
	  REWIRE_PROVISION_VOLATILE | REWIRE_PROVISION_UNWITNESSED, -EINVAL, 0,
	  REWIRE_FRESHNESS_VOLATILE },
	{ "strict and a tpm", REWIRE_PROVISION_STRICT | REWIRE_PROVISION_TPM,
	  -EINVAL, 0, REWIRE_FRESHNESS_VOLATILE },
};

static void mode_desc(const struct mode *mode, char *desc)
{
	strscpy(desc, mode->desc, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(mode, modes, mode_desc);

static void start_says_what_is_wanted(struct kunit *test)
{
	const struct mode *mode = test->param_value;
	struct bench *b = test->priv;

	KUNIT_EXPECT_EQ(test, start(b, mode->flags), mode->start);
	KUNIT_EXPECT_EQ(test, fresh(b), mode->fresh);
	KUNIT_EXPECT_EQ(test, b->fresh->state, mode->state);
}

static void witness_of_the_head_is_believed_once(struct kunit *test)
{
	struct bench *b = test->priv;
	struct rewire_journal_info info = {};
	struct rewire_head head;

	KUNIT_ASSERT_EQ(test, start(b, 0), 0);
	head = ask(test);
	KUNIT_EXPECT_EQ(test, head.vouched, 0);
	KUNIT_EXPECT_EQ_MSG(test, hear(b, &head, &head), 0, "%s", b->why.text);
	KUNIT_EXPECT_EQ(test, fresh(b), 0);
	KUNIT_EXPECT_EQ(test, hear(b, &head, &head), -ESTALE);
	rewire_witness_info(b->fresh, &info);
	KUNIT_EXPECT_EQ(test, info.freshness, REWIRE_FRESHNESS_WITNESSED);
	KUNIT_EXPECT_EQ(test, info.sequence, head.sequence + 1);
}

static void witness_nobody_asked_is_refused(struct kunit *test)
{
	struct bench *b = test->priv;
	struct rewire_witness witness;
	struct rewire_head head;

	KUNIT_ASSERT_EQ(test, start(b, 0), 0);
	memset(&head, 0, sizeof(head));
	memcpy(head.sm, b->journal->sm, sizeof(head.sm));
	memcpy(head.nonce, b->fresh->nonce, sizeof(head.nonce));
	KUNIT_EXPECT_EQ(test, hear(b, &head, &head), -ESTALE);
	head = ask(test);
	witness = answer(&head, &head);
	witness.nonce[0] ^= 1;
	KUNIT_EXPECT_EQ(test, heed(b, &witness), -ESTALE);
	witness = answer(&head, &head);
	witness.sm[0] ^= 1;
	KUNIT_EXPECT_EQ(test, heed(b, &witness), -EPERM);
	KUNIT_EXPECT_EQ(test, fresh(b), -ENOLINK);
}

/* The witness knows an older head, and the chain has it. */
static void witness_of_an_earlier_head_is_believed(struct kunit *test)
{
	struct bench *b = test->priv;
	struct rewire_head early, late;

	KUNIT_ASSERT_EQ(test, start(b, 0), 0);
	early = ask(test);
	KUNIT_ASSERT_EQ(test, hear(b, &early, &early), 0);
	stop(b);
	KUNIT_ASSERT_EQ(test, start(b, 0), 0);
	KUNIT_EXPECT_EQ(test, fresh(b), -ENOLINK);
	late = ask(test);
	KUNIT_EXPECT_MEMNEQ(test, late.nonce, early.nonce, sizeof(late.nonce));
	KUNIT_EXPECT_EQ(test, late.vouched, early.sequence);
	KUNIT_EXPECT_MEMEQ(test, late.vouched_head, early.head,
			   sizeof(late.vouched_head));
	KUNIT_EXPECT_EQ(test, hear(b, &late, &early), 0);
	KUNIT_EXPECT_EQ(test, fresh(b), 0);
}

/* A journal that was put back grows as well: its numbers prove nothing. */
static void journal_put_back_is_found_out(struct kunit *test)
{
	struct bench *b = test->priv;
	struct rewire_head known, asked;
	u8 *saved = kunit_kzalloc(test, PAGE_SIZE, GFP_KERNEL);
	loff_t at = 0, length;
	int i;

	KUNIT_ASSERT_NOT_NULL(test, saved);
	KUNIT_ASSERT_EQ(test, start(b, 0), 0);
	length = b->journal->chain.end;
	KUNIT_ASSERT_EQ(test, kernel_read(b->file[0], saved, length, &at),
			(ssize_t)length);
	known = ask(test);
	KUNIT_ASSERT_EQ(test, hear(b, &known, &known), 0);
	known = ask(test);
	stop(b);

	fput(b->file[0]);
	b->file[0] = shmem_file_setup("rewire-journal", 0, VM_NORESERVE);
	KUNIT_ASSERT_FALSE(test, IS_ERR(b->file[0]));
	at = 0;
	KUNIT_ASSERT_EQ(test, kernel_write(b->file[0], saved, length, &at),
			(ssize_t)length);
	for (i = 0; i < 5; i++) {
		KUNIT_ASSERT_EQ(test, start(b, 0), 0);
		asked = ask(test);
		if (i < 4)
			stop(b);
	}
	KUNIT_EXPECT_GT(test, asked.sequence, known.sequence);
	KUNIT_EXPECT_EQ(test, hear(b, &asked, &known), -EUCLEAN);
	KUNIT_EXPECT_EQ(test, fresh(b), -EUCLEAN);
	/* and nothing makes that good */
	asked = ask(test);
	KUNIT_EXPECT_EQ(test, hear(b, &asked, &asked), -EUCLEAN);
	KUNIT_EXPECT_EQ(test, b->fresh->state, REWIRE_FRESHNESS_ROLLED_BACK);
}

static void journal_of_another_id_is_found_out(struct kunit *test)
{
	struct bench *b = test->priv;
	struct rewire_head head, known;

	KUNIT_ASSERT_EQ(test, start(b, 0), 0);
	head = ask(test);
	known = head;
	known.journal[0] ^= 1;
	KUNIT_EXPECT_EQ(test, hear(b, &head, &known), -EUCLEAN);
	KUNIT_EXPECT_EQ(test, fresh(b), -EUCLEAN);
}

static int knows(struct bench *b, u64 records)
{
	int ret;

	mutex_lock(&b->journal->lock);
	ret = rewire_witness_knows(b->fresh, records, &b->why);
	mutex_unlock(&b->journal->lock);
	return ret;
}

/* A record more, which nobody was shown. Return: how many there are. */
static u64 record(struct kunit *test)
{
	static const struct rewire_journal_audit nothing;
	struct bench *b = test->priv;
	int ret;

	mutex_lock(&b->journal->lock);
	ret = rewire_journal_append(b->journal, REWIRE_JOURNAL_AUDIT, &nothing,
				    sizeof(nothing), &b->why);
	mutex_unlock(&b->journal->lock);
	KUNIT_ASSERT_EQ_MSG(test, ret, 0, "%s", b->why.text);
	return b->journal->chain.sequence;
}

static void strict_waits_for_every_record(struct kunit *test)
{
	struct bench *b = test->priv;
	struct rewire_head early, late;
	u64 records;

	KUNIT_ASSERT_EQ(test, start(b, REWIRE_PROVISION_STRICT), 0);
	KUNIT_EXPECT_EQ(test, knows(b, 1), -ENOLINK);
	early = ask(test);
	KUNIT_ASSERT_EQ(test, hear(b, &early, &early), 0);
	KUNIT_EXPECT_EQ(test, b->fresh->state, REWIRE_FRESHNESS_STRICT);
	KUNIT_EXPECT_EQ(test, knows(b, early.sequence), 0);
	records = record(test);
	KUNIT_EXPECT_EQ(test, fresh(b), 0);
	KUNIT_EXPECT_EQ(test, knows(b, records), -ENOLINK);
	KUNIT_EXPECT_NOT_NULL(test, strstr(b->why.text, "rewire witness"));
	/* the witness only says again what it remembers: not enough */
	late = ask(test);
	KUNIT_ASSERT_EQ(test, hear(b, &late, &early), 0);
	KUNIT_EXPECT_EQ(test, knows(b, records), -ENOLINK);
	late = ask(test);
	KUNIT_ASSERT_EQ(test, hear(b, &late, &late), 0);
	KUNIT_EXPECT_EQ(test, knows(b, records), 0);
	KUNIT_EXPECT_EQ(test, knows(b, record(test)), -ENOLINK);
}

static void others_wait_at_the_start_only(struct kunit *test)
{
	struct bench *b = test->priv;
	struct rewire_head head;

	KUNIT_ASSERT_EQ(test, start(b, 0), 0);
	head = ask(test);
	KUNIT_ASSERT_EQ(test, hear(b, &head, &head), 0);
	KUNIT_EXPECT_EQ(test, knows(b, record(test)), 0);
}

/* What a witness vouched for once must not let an old journal speak again. */
static void strict_that_was_rolled_back_knows_nothing(struct kunit *test)
{
	struct bench *b = test->priv;
	struct rewire_head head, other;

	KUNIT_ASSERT_EQ(test, start(b, REWIRE_PROVISION_STRICT), 0);
	head = ask(test);
	KUNIT_ASSERT_EQ(test, hear(b, &head, &head), 0);
	KUNIT_EXPECT_EQ(test, knows(b, 1), 0);
	head = ask(test);
	other = head;
	other.head[0] ^= 1;
	KUNIT_EXPECT_EQ(test, hear(b, &head, &other), -EUCLEAN);
	KUNIT_EXPECT_EQ(test, knows(b, 1), -EUCLEAN);
}

/* The epoch rises once, however often who wants it to run asks. */
static void strict_runs_nothing_unwitnessed(struct kunit *test)
{
	struct bench *b = test->priv;
	struct rewire_enclave *enclave;
	struct rewire_head head;
	u64 epoch, records;
	int i;

	KUNIT_ASSERT_EQ(test, start(b, REWIRE_PROVISION_STRICT), 0);
	head = ask(test);
	KUNIT_ASSERT_EQ(test, hear(b, &head, &head), 0);
	enclave = world_enclave(test, b->sm);
	mutex_lock(&enclave->lock);
	enclave->checkpointed = true;
	epoch = enclave->epoch + 1;
	KUNIT_EXPECT_EQ(test, rewire_enclave_outdate(enclave, &b->why),
			-ENOLINK);
	records = b->journal->chain.sequence;
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_EQ(test, rewire_enclave_outdate(enclave, &b->why),
				-ENOLINK);
	KUNIT_EXPECT_EQ(test, enclave->epoch, epoch);
	KUNIT_EXPECT_EQ(test, b->journal->chain.sequence, records);
	mutex_unlock(&enclave->lock);
	head = ask(test);
	KUNIT_ASSERT_EQ(test, hear(b, &head, &head), 0);
	mutex_lock(&enclave->lock);
	KUNIT_EXPECT_EQ_MSG(test, rewire_enclave_outdate(enclave, &b->why), 0,
			    "%s", b->why.text);
	KUNIT_EXPECT_EQ(test, enclave->epoch, epoch);
	mutex_unlock(&enclave->lock);
	world_enclave_free(enclave);
}

/* A witness may remember it: no power cut takes the record away again. */
static void head_is_on_the_disk(struct kunit *test)
{
	struct bench *b = test->priv;

	KUNIT_ASSERT_EQ(test, start(b, 0), 0);
	rewire_sm_audit(b->sm, REWIRE_EVENT_TYPE_ATTACK, 0, NULL, "noted");
	KUNIT_EXPECT_TRUE(test, b->journal->unsynced);
	ask(test);
	KUNIT_EXPECT_FALSE(test, b->journal->unsynced);
}

static int snapshot_nothing(void *data, struct rewire_journal *journal,
			    struct rewire_why *why)
{
	return 0;
}

static int compact(struct bench *b)
{
	int ret;

	mutex_lock(&b->journal->lock);
	ret = rewire_witness_compact(b->fresh, 0, snapshot_nothing, NULL,
				     &b->why);
	mutex_unlock(&b->journal->lock);
	return ret;
}

/* What a witness may know is not compacted away before it has answered. */
static void compaction_waits_for_witnesses(struct kunit *test)
{
	struct bench *b = test->priv;
	struct rewire_head head, late;

	KUNIT_ASSERT_EQ(test, start(b, 0), 0);
	KUNIT_EXPECT_EQ(test, compact(b), -ENOLINK);
	head = ask(test);
	KUNIT_ASSERT_EQ(test, hear(b, &head, &head), 0);
	head = ask(test);
	KUNIT_EXPECT_EQ(test, compact(b), -EBUSY);
	KUNIT_ASSERT_EQ(test, hear(b, &head, &head), 0);
	KUNIT_EXPECT_EQ_MSG(test, compact(b), 0, "%s", b->why.text);
	stop(b);
	KUNIT_ASSERT_EQ_MSG(test, start(b, 0), 0, "%s", b->why.text);
	KUNIT_EXPECT_EQ(test, b->journal->active, 1);
	late = ask(test);
	KUNIT_EXPECT_EQ_MSG(test, hear(b, &late, &head), 0, "%s", b->why.text);
}

/* ---- what has expired ---- */

#define NOON	1800000000ULL	/* that a witness says it is, in seconds */

static int expired(struct bench *b, u64 expires)
{
	b->why.text[0] = '\0';
	return rewire_witness_expired(b->fresh, expires, &b->why);
}

static void hear_time(struct kunit *test, u64 time)
{
	struct bench *b = test->priv;
	struct rewire_head head = ask(test);
	struct rewire_witness witness = answer(&head, &head);

	witness.time = time;
	KUNIT_ASSERT_EQ_MSG(test, heed(b, &witness), 0, "%s", b->why.text);
}

static void what_never_expires_needs_no_witness(struct kunit *test)
{
	struct bench *b = test->priv;

	KUNIT_ASSERT_EQ(test, start(b, 0), 0);
	KUNIT_EXPECT_EQ(test, expired(b, 0), 0);
	KUNIT_EXPECT_EQ(test, expired(b, U64_MAX), -ENOLINK);
	KUNIT_EXPECT_NOT_NULL(test, strstr(b->why.text, "rewire witness"));
	hear_time(test, NOON);
	KUNIT_EXPECT_EQ(test, expired(b, 0), 0);
}

/* Nobody's clock but the witness's counts, and what has passed since. */
static void expired_by_the_time_of_the_witness(struct kunit *test)
{
	struct bench *b = test->priv;

	KUNIT_ASSERT_EQ(test, start(b, 0), 0);
	hear_time(test, NOON);
	KUNIT_EXPECT_EQ(test, expired(b, NOON - 1), -ETIME);
	KUNIT_EXPECT_NE(test, b->why.text[0], 0);
	KUNIT_EXPECT_EQ(test, expired(b, 1), -ETIME);
	KUNIT_EXPECT_EQ(test, expired(b, NOON + 600), 0);
	KUNIT_EXPECT_EQ(test, expired(b, U64_MAX), 0);
	/* as if it were an hour later */
	b->fresh->time_taken -= 3600 * NSEC_PER_SEC;
	KUNIT_EXPECT_EQ(test, expired(b, NOON + 600), -ETIME);
	KUNIT_EXPECT_EQ(test, expired(b, NOON + 4200), 0);
}

/* One that says an earlier time does not turn it back. */
static void time_does_not_go_back(struct kunit *test)
{
	struct bench *b = test->priv;

	KUNIT_ASSERT_EQ(test, start(b, 0), 0);
	hear_time(test, NOON);
	b->fresh->time_taken -= 3600 * NSEC_PER_SEC;
	hear_time(test, NOON - 1000);
	KUNIT_EXPECT_EQ(test, expired(b, NOON + 600), -ETIME);
	KUNIT_EXPECT_EQ(test, expired(b, NOON + 4200), 0);
}

/* The journal's last witness says how late it is at least, not how late. */
static void time_of_an_earlier_life_only_expires(struct kunit *test)
{
	struct rewire_witness witness = { .time = NOON };
	struct bench *b = test->priv;

	KUNIT_ASSERT_EQ(test, start(b, 0), 0);
	rewire_witness_replay(b->fresh, &witness, sizeof(witness) - 1);
	KUNIT_EXPECT_EQ(test, b->fresh->time, 0ULL);
	rewire_witness_replay(b->fresh, &witness, sizeof(witness));
	witness.time = NOON - 1000;
	rewire_witness_replay(b->fresh, &witness, sizeof(witness));
	KUNIT_EXPECT_EQ(test, expired(b, NOON - 1), -ETIME);
	KUNIT_EXPECT_EQ(test, expired(b, NOON + 600), -ENOLINK);
	KUNIT_EXPECT_EQ(test, expired(b, 0), 0);
	hear_time(test, NOON + 10);
	KUNIT_EXPECT_EQ(test, expired(b, NOON + 600), 0);
	KUNIT_EXPECT_EQ(test, expired(b, NOON + 9), -ETIME);
}

/* ---- silence ---- */

static struct rewire_journal_info info_of(struct bench *b)
{
	struct rewire_journal_info info = {};

	rewire_witness_info(b->fresh, &info);
	return info;
}

static void attack_12_silence_is_told(struct kunit *test)
{
	const u64 day = 86400 * NSEC_PER_SEC;
	struct bench *b = test->priv;
	struct rewire_journal_info info;

	KUNIT_ASSERT_EQ(test, start(b, 0), 0);
	b->fresh->silent_since -= day;
	info = info_of(b);
	KUNIT_EXPECT_EQ(test, info.told, 0ULL);
	KUNIT_EXPECT_EQ(test, info.heard, 0);
	KUNIT_EXPECT_GE(test, info.silent_ms, 86400000ULL);

	hear_time(test, NOON);
	info = info_of(b);
	KUNIT_EXPECT_EQ(test, info.told, NOON);
	KUNIT_EXPECT_EQ(test, info.heard, 1);
	KUNIT_EXPECT_LT(test, info.silent_ms, 3600000ULL);
	b->fresh->silent_since -= day;
	KUNIT_EXPECT_GE(test, info_of(b).silent_ms, 86400000ULL);

	/* the next life knows what it said, and not how long ago that was */
	stop(b);
	b->fresh->time_taken = 0;
	KUNIT_ASSERT_EQ(test, start(b, 0), 0);
	info = info_of(b);
	KUNIT_EXPECT_EQ(test, info.told, NOON);
	KUNIT_EXPECT_EQ(test, info.heard, 0);
	KUNIT_EXPECT_LT(test, info.silent_ms, 3600000ULL);
}

/* Whoever carries the answers can keep one for later: it does not get fresher. */
static void attack_12_answer_held_back(struct kunit *test)
{
	const u64 day = 86400 * NSEC_PER_SEC;
	struct bench *b = test->priv;
	struct rewire_witness witness;
	struct rewire_head head;

	KUNIT_ASSERT_EQ(test, start(b, 0), 0);
	head = ask(test);
	witness = answer(&head, &head);
	witness.time = NOON;
	b->fresh->asked -= day;
	KUNIT_ASSERT_EQ(test, heed(b, &witness), 0);
	KUNIT_EXPECT_GE(test, info_of(b).silent_ms, 86400000ULL);
}

static struct kunit_case witness_cases[] = {
	KUNIT_CASE_PARAM(start_says_what_is_wanted, mode_gen_params),
	KUNIT_CASE(witness_of_the_head_is_believed_once),
	KUNIT_CASE(witness_nobody_asked_is_refused),
	KUNIT_CASE(witness_of_an_earlier_head_is_believed),
	KUNIT_CASE(journal_put_back_is_found_out),
	KUNIT_CASE(strict_waits_for_every_record),
	KUNIT_CASE(others_wait_at_the_start_only),
	KUNIT_CASE(strict_that_was_rolled_back_knows_nothing),
	KUNIT_CASE(strict_runs_nothing_unwitnessed),
	KUNIT_CASE(journal_of_another_id_is_found_out),
	KUNIT_CASE(head_is_on_the_disk),
	KUNIT_CASE(compaction_waits_for_witnesses),
	KUNIT_CASE(what_never_expires_needs_no_witness),
	KUNIT_CASE(expired_by_the_time_of_the_witness),
	KUNIT_CASE(time_does_not_go_back),
	KUNIT_CASE(time_of_an_earlier_life_only_expires),
	KUNIT_CASE(attack_12_silence_is_told),
	KUNIT_CASE(attack_12_answer_held_back),
	{}
};

static struct kunit_suite witness_suite = {
	.name = "rewire_witness",
	.init = witness_init,
	.exit = witness_exit,
	.test_cases = witness_cases,
};

kunit_test_suite(witness_suite);
