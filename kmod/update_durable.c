// SPDX-License-Identifier: GPL-2.0-only
/*
 * Updates in the journal. HANDING makes the update known; TRIAL uses the package
 * up, and SWITCHED is the update: epoch, floor and version floor of the workload
 * follow from that one record, now and when it is read again. What was not
 * switched when the SM went down is given up.
 */
#include <crypto/sha2.h>
#include <linux/slab.h>
#include <linux/uidgid.h>

#include "compat.h"
#include "enclave.h"
#include "stream.h"
#include "update.h"
#include "weaken.h"

/* what a state means for its workload */
static void update_settle(struct rewire_sm *sm,
			  const struct rewire_journal_update *known)
{
	struct rewire_least least = {
		.release = known->to.release,
		.svn = known->to.svn,
	};

	if (known->state != REWIRE_UPDATE_SWITCHED)
		return;
	memcpy(least.software, known->software, REWIRE_ID_SIZE);
	rewire_workload_switched(sm, known->workload, known->epoch + 1, &least);
}

/* what it is about to be aborted for: a negative errno, and words */
void rewire_update_blame(struct rewire_update *update, int error,
			 const char *reason)
{
	struct rewire_journal_update *known = &update->known;

	mutex_lock(&update->sm->journal.lock);
	known->error = -error;
	strscpy(known->reason, reason, sizeof(known->reason));
	mutex_unlock(&update->sm->journal.lock);
}

static struct rewire_journal_update
update_next(const struct rewire_update *update, u32 state)
{
	struct rewire_journal_update next = update->known;

	next.state = state;
	if (state == REWIRE_UPDATE_TRIAL)
		next.flags |= REWIRE_JOURNAL_TRIED;
	next.sequence = 0;
	memset(next.head, 0, sizeof(next.head));
	return next;
}

/* the record was written: this is what the update is known as now */
static void update_recorded(struct rewire_update *update,
			    struct rewire_journal_update *next)
{
	struct rewire_journal *journal = &update->sm->journal;

	if (rewire_journal_durable(journal)) {
		next->sequence = journal->chain.sequence - 1;
		memcpy(next->head, journal->chain.head, sizeof(next->head));
	}
	update->known = *next;
	update->recorded = true;
	update_settle(update->sm, next);
}

/**
 * rewire_update_record() - a step becomes durable
 * @update: locked; on success it has what it is known as
 * @state: REWIRE_UPDATE_HANDING, _TRIAL, _SWITCHED or _ABORTED
 * @why: for the sentence
 *
 * Return: 0, or as the journal says, and nothing is different then.
 */
int rewire_update_record(struct rewire_update *update, u32 state,
			 struct rewire_why *why)
{
	struct rewire_journal_update next = update_next(update, state);
	struct rewire_sm *sm = update->sm;
	int ret;

	mutex_lock(&sm->journal.lock);
	ret = rewire_workload_touch(sm, next.workload, why) ?:
	      rewire_journal_append(&sm->journal, REWIRE_JOURNAL_UPDATE, &next,
				    sizeof(next), why);
	if (!ret)
		update_recorded(update, &next);
	mutex_unlock(&sm->journal.lock);
	return ret;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_update_record);

/* a step that nothing rests on: it may get lost */
void rewire_update_note(struct rewire_update *update, u32 state)
{
	struct rewire_journal_update next = update_next(update, state);
	struct rewire_journal *journal = &update->sm->journal;
	u64 before;

	mutex_lock(&journal->lock);
	before = journal->chain.sequence;
	rewire_journal_note(journal, REWIRE_JOURNAL_UPDATE, &next,
			    sizeof(next));
	if (journal->chain.sequence != before)
		update_recorded(update, &next);
	else
		update->known = next;
	mutex_unlock(&journal->lock);
}
EXPORT_SYMBOL_IF_KUNIT(rewire_update_note);

static bool update_malformed(const struct rewire_journal_record *record,
			     const struct rewire_journal_update *known)
{
	return record->length != sizeof(*known) ||
	       (known->state != REWIRE_UPDATE_HANDING &&
		known->state != REWIRE_UPDATE_TRIAL &&
		known->state != REWIRE_UPDATE_SWITCHED &&
		known->state != REWIRE_UPDATE_ABORTED) ||
	       known->reason[sizeof(known->reason) - 1];
}

/**
 * rewire_update_replay() - a record of an update is read
 * @sm: being provisioned: nobody else knows its updates yet
 * @record: authentic, its payload and MAC behind it
 * @known: the payload
 * @why: for the sentence
 *
 * Return: 0, -EUCLEAN, -ENOMEM, -EDQUOT.
 */
int rewire_update_replay(struct rewire_sm *sm,
			 const struct rewire_journal_record *record,
			 const struct rewire_journal_update *known,
			 struct rewire_why *why)
{
	struct rewire_update *update;
	int ret;

	if (update_malformed(record, known))
		return rewire_because(why, -EUCLEAN,
				      "an update's record is malformed");
	ret = rewire_workload_touch(sm, known->workload, why);
	if (ret)
		return ret;
	update = rewire_update_known(sm, known->id);
	if (!update) {
		update = rewire_update_alloc(sm);
		if (!update)
			return -ENOMEM;
		list_add(&update->list, &sm->updates);
	}
	update->known = *known;
	update->state = known->state;
	update->recorded = true;
	update->owner = make_kuid(&init_user_ns, known->owner);
	if (!known->sequence) {
		update->known.sequence = record->sequence;
		sha256((const u8 *)record, REWIRE_JOURNAL_BYTES(record->length),
		       update->known.head);
	}
	update_settle(sm, known);
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_update_replay);

u64 rewire_update_records(struct rewire_sm *sm)
{
	struct rewire_update *update;
	u64 count = 0;

	lockdep_assert_held(&sm->journal.lock);
	mutex_lock(&sm->lock);
	list_for_each_entry(update, &sm->updates, list)
		count += update->recorded;
	mutex_unlock(&sm->lock);
	return count;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_update_records);

/* Oldest first. Updates change their records only while the journal is locked. */
int rewire_update_snapshot(struct rewire_sm *sm, struct rewire_why *why)
{
	struct rewire_update *update;
	int ret;

	lockdep_assert_held(&sm->journal.lock);
	list_for_each_entry_reverse(update, &sm->updates, list) {
		if (!update->recorded)
			continue;
		ret = rewire_journal_append(&sm->journal,
					    REWIRE_JOURNAL_UPDATE,
					    &update->known,
					    sizeof(update->known), why);
		if (ret)
			return ret;
	}
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_update_snapshot);

static int update_recover(struct rewire_update *update, struct rewire_why *why)
{
	int ret = 0;

	mutex_lock(&update->lock);
	if (update->state == REWIRE_UPDATE_HANDING ||
	    update->state == REWIRE_UPDATE_TRIAL) {
		rewire_update_blame(update, -ECANCELED, "the SM went down");
		ret = rewire_update_record(update, REWIRE_UPDATE_ABORTED, why);
		if (!ret)
			update->state = REWIRE_UPDATE_ABORTED;
	}
	if (!ret) {
		update->over = true;
		update->sm->finished_updates++;
	}
	mutex_unlock(&update->lock);
	return ret;
}

/**
 * rewire_updates_recover() - updates end where the journal ends
 * @sm: being provisioned; the journal has been read
 * @why: for the sentence
 *
 * Return: 0, or as the journal says.
 */
int rewire_updates_recover(struct rewire_sm *sm, struct rewire_why *why)
{
	struct rewire_update *update;
	int ret;

	list_for_each_entry_reverse(update, &sm->updates, list) {
		ret = update_recover(update, why);
		if (ret)
			return ret;
	}
	rewire_updates_trim(sm);
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_updates_recover);

/* was this checkpoint made within an update? */
bool rewire_update_made(struct rewire_sm *sm,
			const struct rewire_stream_header *header)
{
	bool made;

	mutex_lock(&sm->journal.lock);
	made = rewire_update_known(sm, header->request_id);
	mutex_unlock(&sm->journal.lock);
	return made;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_update_made);

/**
 * rewire_update_ended_well() - may a checkpoint made within an update live?
 * @sm: whose
 * @header: of the checkpoint, verified; rewire_update_made() said yes
 * @why: for the sentence
 *
 * The new version's may once it was switched, the old one's once it was aborted:
 * a power cut leaves one of the two, whenever it comes.
 *
 * Return: 0 or -ESTALE.
 */
int rewire_update_ended_well(struct rewire_sm *sm,
			     const struct rewire_stream_header *header,
			     struct rewire_why *why)
{
	const struct rewire_update *update;
	bool good = false;

	mutex_lock(&sm->journal.lock);
	update = rewire_update_known(sm, header->request_id);
	if (update && update->known.state == REWIRE_UPDATE_SWITCHED)
		good = header->epoch == update->known.epoch + 1;
	else if (update && update->known.state == REWIRE_UPDATE_ABORTED)
		good = header->epoch == update->known.epoch;
	mutex_unlock(&sm->journal.lock);
	if (good || rewire_weakened(lineage))
		return 0;
	return rewire_because(why, -ESTALE,
			      "it is the version that an update did not end with");
}
EXPORT_SYMBOL_IF_KUNIT(rewire_update_ended_well);

static void receipt_compose(const struct rewire_update *update,
			    struct rewire_update_receipt *receipt)
{
	const struct rewire_journal_update *known = &update->known;
	const struct rewire_attest *attest = &update->sm->attest;

	receipt->header = (struct rewire_header){
		.magic = REWIRE_MAGIC,
		.type = REWIRE_TYPE_UPDATE_RECEIPT,
		.version = REWIRE_VERSION,
		.size = sizeof(*receipt),
	};
	memcpy(receipt->id, known->id, REWIRE_ID_SIZE);
	memcpy(receipt->nonce, known->nonce, REWIRE_NONCE_SIZE);
	memcpy(receipt->package_digest, known->package_digest,
	       REWIRE_DIGEST_SIZE);
	memcpy(receipt->sm, attest->id, REWIRE_ID_SIZE);
	memcpy(receipt->workload, known->workload, REWIRE_ID_SIZE);
	memcpy(receipt->software, known->software, REWIRE_ID_SIZE);
	receipt->state = update->state;
	receipt->error = known->error;
	receipt->epoch = known->epoch +
			 (update->state == REWIRE_UPDATE_SWITCHED);
	receipt->from = known->from;
	receipt->to = known->to;
	receipt->sequence = known->sequence;
	memcpy(receipt->head, known->head, REWIRE_DIGEST_SIZE);
	memcpy(receipt->reason, known->reason, sizeof(receipt->reason));
	receipt->cert_len = attest->cert_len;
	receipt->sig_len = attest->signature_len;
}

/**
 * rewire_update_receipt() - how it ended, signed
 * @update: locked
 * @receipt: out: receipt, certificate, signature; the caller frees it with kfree()
 * @why: for the sentence
 *
 * Return: its bytes; -EBADFD: it has not ended; -ENOKEY when the attestation key
 * is gone; -ENOMEM.
 */
ssize_t rewire_update_receipt(struct rewire_update *update,
			      struct rewire_update_receipt **receipt,
			      struct rewire_why *why)
{
	const struct rewire_attest *attest = &update->sm->attest;
	u8 *buffer, *signature;
	int ret;

	if (update->state != REWIRE_UPDATE_SWITCHED &&
	    update->state != REWIRE_UPDATE_ABORTED)
		return rewire_because(why, -EBADFD,
				      "not for an update that is %s",
				      rewire_update_state_name(update->state));
	buffer = kzalloc(sizeof(**receipt) + attest->cert_len +
			 REWIRE_MAX_SIGNATURE, GFP_KERNEL);
	if (!buffer)
		return -ENOMEM;
	*receipt = (struct rewire_update_receipt *)buffer;
	receipt_compose(update, *receipt);
	memcpy(*receipt + 1, attest->cert, attest->cert_len);
	signature = buffer + sizeof(**receipt) + attest->cert_len;
	ret = rewire_attest_sign(attest, REWIRE_UPDATE_RECEIPT_DOMAIN, *receipt,
				 sizeof(**receipt), signature);
	if (ret > 0)
		return signature - buffer + ret;
	kfree(buffer);
	*receipt = NULL;
	return rewire_because(why, ret ?: -EKEYREJECTED,
			      "the attestation key does not sign");
}
EXPORT_SYMBOL_IF_KUNIT(rewire_update_receipt);
