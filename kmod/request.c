// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the SDS signs about migrations: the request that orders one, the fence
 * that ends one whose target is out; and whether a request would be followed.
 */
#include <crypto/sha2.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "compat.h"
#include "evidence.h"
#include "migrate.h"
#include "weaken.h"

#define REQUEST_MAX_LIFETIME_MS	(24 * 60 * 60 * 1000)

/**
 * rewire_request_get() - a migration request out of user memory
 * @sm: whose roles
 * @request: user address of struct rewire_request
 * @signature: user address of its CMS signature
 * @signature_len: its bytes
 * @out: the request, verified
 * @why: for the sentence
 *
 * Return: 0; -EFAULT; -EINVAL; -EBADMSG; -EKEYREJECTED; -ENOKEY; -EOPNOTSUPP.
 */
int rewire_request_get(struct rewire_sm *sm, u64 request, u64 signature,
		       u32 signature_len, struct rewire_request *out,
		       struct rewire_why *why)
{
	u8 *cms;
	int ret;

	if (!signature_len || signature_len > REWIRE_MAX_CMS)
		return rewire_because(why, -EINVAL, "a signature of %u bytes",
				      signature_len);
	if (copy_from_user(out, u64_to_user_ptr(request), sizeof(*out)))
		return -EFAULT;
	cms = memdup_user(u64_to_user_ptr(signature), signature_len);
	if (IS_ERR(cms))
		return PTR_ERR(cms);
	ret = rewire_signed_verify(&sm->roles, REWIRE_ROLE_SDS, out,
				   sizeof(*out), cms, signature_len, NULL,
				   why) ?:
	      rewire_header_check(&out->header, REWIRE_TYPE_REQUEST,
				  sizeof(*out), why);
	kfree(cms);
	if (ret)
		return ret;
	if (!out->lifetime_ms || out->lifetime_ms > REQUEST_MAX_LIFETIME_MS ||
	    memchr_inv(out->__reserved, 0, sizeof(out->__reserved)) ||
	    !memcmp(out->source, out->target, REWIRE_ID_SIZE))
		return rewire_because(why, -EBADMSG,
				      "the request's lifetime, reserved bytes or SMs are wrong");
	if (out->min_atl > REWIRE_MAX_LEVEL)
		return rewire_because(why, -EBADMSG,
				      "the request wants trust level %u, there are %u",
				      out->min_atl, REWIRE_MAX_LEVEL);
	return 0;
}

/* the checks of either side that can be made without a session */
static int request_try_source(struct rewire_sm *sm,
			      const struct rewire_request *request,
			      u32 *min_atl, struct rewire_why *why)
{
	struct rewire_enclave *enclave;
	int ret;

	enclave = rewire_sm_find_workload(sm, request->workload, &ret);
	if (!enclave)
		return rewire_because(why, ret,
				      "the workload does not live here");
	mutex_lock(&enclave->lock);
	ret = rewire_source_check(request, enclave, why);
	*min_atl = max(request->min_atl, enclave->manifest.min_atl);
	mutex_unlock(&enclave->lock);
	rewire_enclave_put(enclave);
	return ret;
}

/* the target's own words about its platform, asked for with the caller's nonce */
static int request_try_level(struct rewire_sm *sm,
			     const struct rewire_request *request,
			     struct rewire_try_request *arg, u32 min_atl,
			     struct rewire_why *why)
{
	struct rewire_claims *claims;
	u8 *token;
	int ret;

	if (!arg->evidence_length)
		return 0;
	if (arg->evidence_length > REWIRE_MAX_EVIDENCE)
		return rewire_because(why, -EINVAL, "evidence of %u bytes",
				      arg->evidence_length);
	token = memdup_user(u64_to_user_ptr(arg->evidence),
			    arg->evidence_length);
	if (IS_ERR(token))
		return PTR_ERR(token);
	claims = kzalloc(sizeof(*claims), GFP_KERNEL_ACCOUNT);
	ret = -ENOMEM;
	if (claims)
		ret = rewire_evidence_check(&sm->roles, token,
					    arg->evidence_length, claims, why);
	if (!ret && (claims->nonce_len != sizeof(arg->nonce) ||
		     (memcmp(claims->nonce, arg->nonce, sizeof(arg->nonce)) &&
		      !rewire_weakened(evidence_nonce)) ||
		     memcmp(claims->ueid + 1, request->target, REWIRE_ID_SIZE)))
		ret = rewire_because(why, -EKEYREJECTED,
				     "the evidence is of another SM, or answers another nonce");
	if (!ret) {
		arg->level = rewire_trust_level(sm, claims->platform,
						claims->version);
		if (arg->level < min_atl)
			ret = rewire_because(why, -EPERM,
					     "the target has trust level %u, at least %u is wanted",
					     arg->level, min_atl);
	}
	kfree(claims);
	kfree(token);
	return ret;
}

/**
 * rewire_request_try() - REWIRE_TRY_REQUEST
 * @context: of the command
 * @arg: as userspace gave it
 *
 * Return: 0, or what REWIRE_MIGRATE_OUT or REWIRE_MIGRATE_IN would say.
 */
int rewire_request_try(struct rewire_context *context,
		       struct rewire_try_request *arg)
{
	struct rewire_sm *sm = context->rfile->sm;
	struct rewire_why *why = &context->why;
	struct rewire_request request;
	u32 min_atl;
	int ret;

	if (arg->__reserved ||
	    (arg->side != REWIRE_SIDE_SOURCE && arg->side != REWIRE_SIDE_TARGET))
		return rewire_because(why, -EINVAL,
				      "no such side, or a reserved member");
	ret = rewire_request_get(sm, arg->request, arg->signature,
				 arg->signature_length, &request, why) ?:
	      rewire_session_addressed(sm, arg->side, &request, why);
	if (ret)
		return ret;
	mutex_lock(&sm->journal.lock);
	ret = rewire_session_unused(sm, arg->side, request.id, why) ?:
	      rewire_journal_room(&sm->journal, why);
	mutex_unlock(&sm->journal.lock);
	if (ret)
		return ret;
	if (arg->side == REWIRE_SIDE_TARGET)
		return rewire_target_check(sm, &request, 0, why);
	return request_try_source(sm, &request, &min_atl, why) ?:
	       request_try_level(sm, &request, arg, min_atl, why);
}

static int fence_get(struct rewire_sm *sm, struct rewire_session_fence *arg,
		     struct rewire_fence *fence, struct rewire_why *why)
{
	u8 *cms;
	int ret;

	if (!arg->signature_length || arg->signature_length > REWIRE_MAX_CMS)
		return rewire_because(why, -EINVAL, "a signature of %u bytes",
				      arg->signature_length);
	if (copy_from_user(fence, u64_to_user_ptr(arg->fence), sizeof(*fence)))
		return -EFAULT;
	cms = memdup_user(u64_to_user_ptr(arg->signature),
			  arg->signature_length);
	if (IS_ERR(cms))
		return PTR_ERR(cms);
	ret = rewire_signed_verify(&sm->roles, REWIRE_ROLE_SDS, fence,
				   sizeof(*fence), cms, arg->signature_length,
				   NULL, why) ?:
	      rewire_header_check(&fence->header, REWIRE_TYPE_FENCE,
				  sizeof(*fence), why);
	kfree(cms);
	return ret;
}

static bool fence_is_about(const struct rewire_fence *fence,
			   const struct rewire_session *session)
{
	const struct rewire_request *request = &session->request;

	return !memcmp(fence->request_id, request->id, REWIRE_ID_SIZE) &&
	       !memcmp(fence->request_digest, session->request_digest,
		       REWIRE_DIGEST_SIZE) &&
	       !memcmp(fence->workload, request->workload, REWIRE_ID_SIZE) &&
	       !memcmp(fence->source, request->source, REWIRE_ID_SIZE) &&
	       !memcmp(fence->target, request->target, REWIRE_ID_SIZE) &&
	       fence->epoch == request->epoch;
}

/* the target is out: whatever it has of the workload is no instance any more */
static int fence_target(struct rewire_session *session, struct rewire_why *why)
{
	const struct rewire_request *request = &session->request;
	struct rewire_enclave *enclave;
	int ret;

	if (session->state != REWIRE_SESSION_ACTIVE)
		return rewire_session_abort(session, REWIRE_SESSION_EV_FENCE,
					    "fenced by the SDS", why);
	enclave = rewire_sm_find_workload(session->sm, request->workload, &ret);
	if (enclave) {
		ret = rewire_enclave_destroy(enclave, "fenced by the SDS", why);
		rewire_enclave_put(enclave);
		if (ret)
			return ret;
	}
	return rewire_workload_fence(session->sm, request->workload,
				     request->epoch + 2, why);
}

/**
 * rewire_session_fence() - REWIRE_SESSION_FENCE
 * @context: of the command
 * @arg: as userspace gave it
 *
 * Return: 0; the errnos of a signature; -EBADMSG: about another migration;
 * -EPERM: the target is not revoked; -EBADFD: not for this state.
 */
int rewire_session_fence(struct rewire_context *context,
			 struct rewire_session_fence *arg)
{
	struct rewire_session *session = context->rfile->object;
	struct rewire_why *why = &context->why;
	struct rewire_fence fence;
	int ret;

	if (arg->flags || arg->__reserved)
		return rewire_because(why, -EINVAL,
				      "flags or reserved member");
	ret = fence_get(session->sm, arg, &fence, why);
	if (ret)
		return ret;
	mutex_lock(&session->lock);
	if (!fence_is_about(&fence, session))
		ret = rewire_because(why, -EBADMSG,
				     "a fence of another migration");
	else if (session->side == REWIRE_SIDE_TARGET)
		ret = fence_target(session, why);
	else if (!rewire_trust_revoked(session->sm, session->peer) &&
		 !rewire_weakened(fence))
		ret = rewire_because(why, -EPERM,
				     "the target's SM is not revoked here; give the trust bundle first");
	else
		ret = rewire_session_abort(session, REWIRE_SESSION_EV_FENCE,
					   "fenced by the SDS", why);
	mutex_unlock(&session->lock);
	return ret;
}
