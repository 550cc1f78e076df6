// SPDX-License-Identifier: GPL-2.0-only
/*
 * The claims of an SM and of its enclaves, and the commands that ask for them.
 */
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/utsname.h>
#include <linux/version.h>

#include "chardev.h"
#include "compat.h"
#include "enclave.h"
#include "evidence.h"
#include "platform.h"

/**
 * rewire_evidence_fill_sm() - begin a statement: what the SM says of itself
 * @sm: provisioned
 * @claims: out: complete but for the nonce
 *
 * Takes the journal's lock. Each call looks anew: root may have changed the
 * platform since the last one.
 */
void rewire_evidence_fill_sm(struct rewire_sm *sm, struct rewire_claims *claims)
{
	struct rewire_journal *journal = &sm->journal;
	u32 freshness = rewire_platform_journal(sm);

	memset(claims, 0, sizeof(*claims));
	claims->groups = REWIRE_EAT_SM;
	claims->profile = 1;
	claims->ueid[0] = REWIRE_UEID_RAND;
	memcpy(claims->ueid + 1, sm->attest.id, REWIRE_ID_SIZE);
	claims->freshness = freshness;
	claims->generation = READ_ONCE(sm->roots.newest);
	claims->platform = rewire_platform_measure() |
			   rewire_platform_freshness(freshness);
	/* not current's: what a personality or a namespace says is no kernel */
	strscpy(claims->kernel, init_utsname()->release,
		REWIRE_MAX_RELEASE + 1);
	claims->version = LINUX_VERSION_CODE;
	claims->levels = rewire_trust_levels_version(sm);
	if (freshness == REWIRE_FRESHNESS_VOLATILE)
		return;
	claims->groups |= REWIRE_EAT_JOURNAL;
	mutex_lock(&journal->lock);
	memcpy(claims->journal, journal->id, REWIRE_ID_SIZE);
	claims->sequence = journal->chain.sequence;
	memcpy(claims->head, journal->chain.head, REWIRE_DIGEST_SIZE);
	mutex_unlock(&journal->lock);
}
EXPORT_SYMBOL_IF_KUNIT(rewire_evidence_fill_sm);

/**
 * rewire_evidence_fill_enclave() - add what the SM says of an enclave
 * @enclave: locked, and admitted by its manifest
 * @claims: of rewire_evidence_fill_sm()
 *
 * The state digest is left out; who has one adds it and REWIRE_EAT_STATE.
 */
void rewire_evidence_fill_enclave(const struct rewire_enclave *enclave,
				  struct rewire_claims *claims)
{
	lockdep_assert_held(&enclave->lock);
	claims->groups |= REWIRE_EAT_ENCLAVE;
	memcpy(claims->workload, enclave->workload, REWIRE_ID_SIZE);
	claims->epoch = enclave->epoch;
	memcpy(claims->measurement, enclave->measurement, REWIRE_DIGEST_SIZE);
	memcpy(claims->software, enclave->manifest.software, REWIRE_ID_SIZE);
	claims->svn = enclave->manifest.svn;
	memcpy(claims->developer, enclave->developer, REWIRE_ID_SIZE);
}
EXPORT_SYMBOL_IF_KUNIT(rewire_evidence_fill_enclave);

/**
 * rewire_evidence_fill_session() - bind a statement to a step of a migration
 * @role: REWIRE_SIDE_* of this SM
 * @request_id: the migration
 * @transcript: of its messages so far
 * @claims: of rewire_evidence_fill_sm()
 */
void rewire_evidence_fill_session(u32 role, const u8 *request_id,
				  const u8 *transcript,
				  struct rewire_claims *claims)
{
	claims->groups |= REWIRE_EAT_SESSION;
	claims->role = role;
	memcpy(claims->request_id, request_id, REWIRE_ID_SIZE);
	memcpy(claims->transcript, transcript, REWIRE_DIGEST_SIZE);
}
EXPORT_SYMBOL_IF_KUNIT(rewire_evidence_fill_session);

/*
 * Only of the workload's one instance: an enclave that is not admitted yet, or
 * is about to be given up, would make two SMs speak for the same workload.
 */
static bool evidence_instance(const struct rewire_enclave *enclave)
{
	switch (enclave->state) {
	case REWIRE_ENCLAVE_READY:
	case REWIRE_ENCLAVE_RUNNING:
	case REWIRE_ENCLAVE_PAUSING:
	case REWIRE_ENCLAVE_PAUSED:
	case REWIRE_ENCLAVE_FROZEN:
		return !enclave->relinquished;
	default:
		return false;
	}
}

static int evidence_claims(struct rewire_context *context,
			   const struct rewire_get_evidence *arg,
			   struct rewire_enclave *enclave,
			   struct rewire_claims *claims)
{
	struct rewire_sm *sm = context->rfile->sm;
	int ret;

	/* a verifier may remember the head that it states */
	mutex_lock(&sm->journal.lock);
	ret = rewire_journal_flush(&sm->journal, &context->why);
	mutex_unlock(&sm->journal.lock);
	if (ret)
		return ret;
	rewire_evidence_fill_sm(sm, claims);
	claims->nonce_len = arg->nonce_length;
	memcpy(claims->nonce, arg->nonce, arg->nonce_length);
	if (!enclave)
		return 0;
	mutex_lock(&enclave->lock);
	if (evidence_instance(enclave))
		rewire_evidence_fill_enclave(enclave, claims);
	else
		ret = rewire_because(&context->why, -EBADFD,
				     "the enclave is not the instance of its workload now");
	mutex_unlock(&enclave->lock);
	return ret;
}

/**
 * rewire_evidence_get() - REWIRE_GET_EVIDENCE, REWIRE_ENCLAVE_EVIDENCE
 * @context: of the command
 * @arg: as userspace gave it
 * @enclave: NULL for evidence of the SM alone
 *
 * Return: 0 or a negative errno as in uapi/rewire_trust.h.
 */
int rewire_evidence_get(struct rewire_context *context,
			struct rewire_get_evidence *arg,
			struct rewire_enclave *enclave)
{
	struct rewire_claims *claims;
	u8 *token;
	int ret;

	if (arg->nonce_length < REWIRE_MIN_CHALLENGE ||
	    arg->nonce_length > REWIRE_MAX_CHALLENGE || arg->__reserved)
		return rewire_because(&context->why, -EINVAL,
				      "a nonce of %u bytes, or a reserved member is not zero",
				      arg->nonce_length);
	claims = kmalloc(sizeof(*claims), GFP_KERNEL_ACCOUNT);
	token = kmalloc(REWIRE_MAX_EVIDENCE, GFP_KERNEL_ACCOUNT);
	ret = -ENOMEM;
	if (!claims || !token)
		goto out;
	ret = evidence_claims(context, arg, enclave, claims);
	if (ret)
		goto out;
	ret = rewire_evidence_make(&context->rfile->sm->attest, claims, token,
				   REWIRE_MAX_EVIDENCE);
	if (ret < 0)
		goto out;
	if (ret > arg->length)
		ret = rewire_because(&context->why, -EMSGSIZE,
				     "evidence of %d bytes, room for %u",
				     ret, arg->length);
	else if (copy_to_user(u64_to_user_ptr(arg->buffer), token, ret))
		ret = -EFAULT;
	if (ret > 0) {
		arg->length = ret;
		ret = 0;
	}
out:
	kfree(token);
	kfree(claims);
	return ret;
}
