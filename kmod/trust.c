// SPDX-License-Identifier: GPL-2.0-only
/*
 * Trust bundles and the table of levels. Several holders of root keys sign each
 * of them together; an SM looks, writes it to its journal, and obeys from then
 * on. What it obeyed is never undone: versions only rise.
 *
 * The form is checked before the first signature. What is missing, null, there
 * twice or unknown is a reason to refuse, never one not to check.
 */
#include <linux/err.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "chardev.h"
#include "compat.h"
#include "signed.h"
#include "sm.h"
#include "trust.h"
#include "weaken.h"

#define TRUST_MAX_STATEMENT	(sizeof(struct rewire_bundle) +		\
				 REWIRE_BUNDLE_ANCHORS * REWIRE_MAX_CERT)

static_assert(TRUST_MAX_STATEMENT <= REWIRE_JOURNAL_MAX_PAYLOAD);

/**
 * struct trust_news - a statement that is not in force yet
 * @kind: role of the bundle, or REWIRE_TRUST_LEVELS
 * @version: what it says it is
 * @length: bytes of @statement
 * @statement: a copy, to be kept
 * @anchors: of a bundle
 */
struct trust_news {
	u32 kind;
	u64 version;
	u32 length;
	void *statement;
	struct rewire_anchors *anchors;
};

static void trust_drop(struct trust_news *news)
{
	rewire_anchors_free(news->anchors);
	kvfree(news->statement);
}

static int trust_numbers(const struct rewire_bundle *bundle,
			 struct rewire_why *why)
{
	bool root = bundle->role == REWIRE_ROLE_ROOT;
	bool platform = bundle->role == REWIRE_ROLE_PLATFORM;

	if (bundle->role >= REWIRE_ROLES)
		return rewire_because(why, -EBADMSG,
				      "the bundle is for role %u, which is none",
				      bundle->role);
	if (!bundle->anchors || bundle->anchors > REWIRE_BUNDLE_ANCHORS)
		return rewire_because(why, -EBADMSG,
				      "the bundle has %u anchors, not 1 to %u",
				      bundle->anchors, REWIRE_BUNDLE_ANCHORS);
	if (!bundle->threshold ||
	    bundle->threshold > (root ? bundle->anchors : 1))
		return rewire_because(why, -EBADMSG,
				      "the bundle's threshold is %u of %u anchors",
				      bundle->threshold, bundle->anchors);
	if (bundle->revoked > (platform ? REWIRE_BUNDLE_REVOKED : 0))
		return rewire_because(why, -EBADMSG,
				      "the bundle revokes %u SMs, at most %u of role platform",
				      bundle->revoked, REWIRE_BUNDLE_REVOKED);
	return 0;
}

/* each SM once, none of them zero, and zeros behind */
static int trust_revoked(const struct rewire_bundle *bundle,
			 struct rewire_why *why)
{
	u32 i, j;

	for (i = 0; i < bundle->revoked; i++) {
		if (!memchr_inv(bundle->revoked_sm[i], 0, REWIRE_ID_SIZE))
			return rewire_because(why, -EBADMSG,
					      "revoked SM %u has no id", i);
		for (j = 0; j < i; j++)
			if (!memcmp(bundle->revoked_sm[i],
				    bundle->revoked_sm[j], REWIRE_ID_SIZE))
				return rewire_because(why, -EBADMSG,
						      "revoked SMs %u and %u are the same",
						      j, i);
	}
	for (; i < REWIRE_BUNDLE_REVOKED; i++)
		if (memchr_inv(bundle->revoked_sm[i], 0, REWIRE_ID_SIZE))
			return rewire_because(why, -EBADMSG,
					      "row %u of revoked SMs does not count, and is not zero",
					      i);
	return 0;
}

/* the certificates fill what is behind the struct, to the byte */
static int trust_certificates(const struct rewire_bundle *bundle, u32 length,
			      struct rewire_anchors *anchors,
			      struct rewire_why *why)
{
	const u8 *cert = (const u8 *)(bundle + 1);
	u32 left = length - sizeof(*bundle);
	int ret;
	u32 i;

	for (i = 0; i < REWIRE_BUNDLE_ANCHORS; i++) {
		u32 bytes = bundle->cert_len[i];
		bool counts = i < bundle->anchors;

		if (counts != !!bytes ||
		    bytes > REWIRE_MAX_CERT || bytes > left)
			return rewire_because(why, -EBADMSG,
					      "certificate %u of the bundle has %u bytes",
					      i, bytes);
		if (!bytes)
			continue;
		ret = rewire_anchors_add(anchors, cert, bytes, why);
		if (ret)
			return ret;
		cert += bytes;
		left -= bytes;
	}
	if (left)
		return rewire_because(why, -EBADMSG,
				      "%u bytes follow the bundle", left);
	return 0;
}

static int trust_bundle(struct trust_news *news, struct rewire_why *why)
{
	const struct rewire_bundle *bundle = news->statement;
	int ret;

	if (news->length < sizeof(*bundle))
		return rewire_because(why, -EBADMSG, "a bundle of %u bytes",
				      news->length);
	ret = rewire_header_check(&bundle->header, REWIRE_TYPE_BUNDLE,
				  sizeof(*bundle), why) ?:
	      trust_numbers(bundle, why) ?: trust_revoked(bundle, why);
	if (ret)
		return ret;
	news->kind = bundle->role;
	news->version = bundle->version;
	news->anchors = rewire_anchors_alloc(bundle->role);
	if (!news->anchors)
		return -ENOMEM;
	news->anchors->version = bundle->version;
	news->anchors->threshold = bundle->threshold;
	news->anchors->revoked = bundle->revoked;
	memcpy(news->anchors->revoked_sm, bundle->revoked_sm,
	       sizeof(bundle->revoked_sm));
	return trust_certificates(bundle, news->length, news->anchors, why);
}

static int trust_rule(const struct rewire_levels *levels, u32 at,
		      struct rewire_why *why)
{
	const struct rewire_level_rule *rule = &levels->rule[at];
	u32 i;

	if (!rule->level || rule->level > REWIRE_MAX_LEVEL)
		return rewire_because(why, -EBADMSG,
				      "rule %u gives level %u, not 1 to %u", at,
				      rule->level, REWIRE_MAX_LEVEL);
	if (rule->claims & ~REWIRE_CLAIMS)
		return rewire_because(why, -EBADMSG,
				      "rule %u asks for claims that nobody knows, %#llx",
				      at, rule->claims & ~REWIRE_CLAIMS);
	for (i = 0; i < at; i++)
		if (rule->claims == levels->rule[i].claims &&
		    rule->min_kernel == levels->rule[i].min_kernel)
			return rewire_because(why, -EBADMSG,
					      "rules %u and %u ask for the same",
					      i, at);
	return 0;
}

static int trust_levels(struct trust_news *news, struct rewire_why *why)
{
	const struct rewire_levels *levels = news->statement;
	int ret;
	u32 i;

	if (news->length != sizeof(*levels))
		return rewire_because(why, -EBADMSG,
				      "a table of levels of %u bytes",
				      news->length);
	ret = rewire_header_check(&levels->header, REWIRE_TYPE_LEVELS,
				  sizeof(*levels), why);
	if (ret)
		return ret;
	if (!levels->rules || levels->rules > REWIRE_LEVEL_RULES ||
	    levels->__reserved)
		return rewire_because(why, -EBADMSG,
				      "the table of levels has %u rules, not 1 to %u, or reserved bytes",
				      levels->rules, REWIRE_LEVEL_RULES);
	for (i = 0; i < levels->rules; i++) {
		ret = trust_rule(levels, i, why);
		if (ret)
			return ret;
	}
	if (memchr_inv(levels->rule + i, 0,
		       (REWIRE_LEVEL_RULES - i) * sizeof(*levels->rule)))
		return rewire_because(why, -EBADMSG,
				      "a rule behind the first %u is not zero",
				      levels->rules);
	news->kind = REWIRE_TRUST_LEVELS;
	news->version = levels->version;
	return 0;
}

/*
 * Copy a statement and check its form.
 * Return: 0, with @news to be dropped or put in force; or a negative errno.
 */
static int trust_read(struct trust_news *news, const void *statement,
		      u32 length, struct rewire_why *why)
{
	const struct rewire_header *header;
	int ret;

	memset(news, 0, sizeof(*news));
	if (length < sizeof(*header) || length > TRUST_MAX_STATEMENT)
		return rewire_because(why, -EBADMSG, "a statement of %u bytes",
				      length);
	news->statement = kvmalloc(length, GFP_KERNEL_ACCOUNT);
	if (!news->statement)
		return -ENOMEM;
	memcpy(news->statement, statement, length);
	news->length = length;
	header = news->statement;
	ret = header->type == REWIRE_TYPE_LEVELS ? trust_levels(news, why) :
						   trust_bundle(news, why);
	if (ret)
		trust_drop(news);
	return ret;
}

/* Who may put this in force did so: also who would have a say from then on. */
static int trust_signed(struct rewire_sm *sm, const struct trust_news *news,
			const struct rewire_cms *signatures, u32 count,
			struct rewire_why *why)
{
	int ret;

	ret = rewire_quorum_root(&sm->roles, news->statement, news->length,
				 signatures, count, why);
	if (!ret && news->kind == REWIRE_ROLE_ROOT)
		ret = rewire_quorum_check(news->anchors, "new", news->statement,
					  news->length, signatures, count, why);
	return ret;
}

/* version in force; 0 before the first */
static u64 trust_version(const struct rewire_sm *sm, u32 kind)
{
	const void *statement = sm->trusted.statement[kind];

	/* behind the header in both */
	static_assert(offsetof(struct rewire_bundle, version) ==
		      offsetof(struct rewire_levels, version));
	if (!statement)
		return 0;
	return ((const struct rewire_levels *)statement)->version;
}

static int trust_newer(const struct rewire_sm *sm,
		       const struct trust_news *news, int error,
		       struct rewire_why *why)
{
	u64 version = trust_version(sm, news->kind);

	if (news->version > version || rewire_weakened(bundle_version))
		return 0;
	return rewire_because(why, error,
			      "version %llu of the %s, in force is %llu",
			      news->version,
			      news->kind == REWIRE_TRUST_LEVELS ?
				      "levels" : rewire_role_name(news->kind),
			      version);
}

/* From here on it counts. Nothing in here can fail. */
static void trust_obey(struct rewire_sm *sm, struct trust_news *news)
{
	struct rewire_trusted *trusted = &sm->trusted;

	if (news->anchors)
		rewire_roles_replace(&sm->roles, news->anchors);
	news->anchors = NULL;
	down_write(&trusted->lock);
	swap(trusted->statement[news->kind], news->statement);
	trusted->length[news->kind] = news->length;
	up_write(&trusted->lock);
}

/* to those who listen: from now on this counts */
static void trust_tell(struct rewire_sm *sm, u32 kind)
{
	struct rewire_event event = { .type = REWIRE_EVENT_TYPE_TRUST };

	if (kind == REWIRE_TRUST_LEVELS)
		snprintf(event.reason, sizeof(event.reason),
			 "the table of levels is of version %llu",
			 trust_version(sm, kind));
	else
		snprintf(event.reason, sizeof(event.reason),
			 "the bundle of role %s is of version %llu",
			 rewire_role_name(kind), trust_version(sm, kind));
	rewire_event_post(&sm->events, &event);
}

/**
 * rewire_trust_take() - take a bundle or a table of levels
 * @sm: provisioned
 * @statement: kernel memory
 * @length: its bytes
 * @signatures: detached CMS
 * @count: how many
 * @why: for the sentence
 *
 * When it is in force it is in the journal.
 *
 * Return: 0; -EBADMSG or -EOPNOTSUPP for its form; -ENOKEY: too few signers;
 * -EKEYREJECTED: a wrong signature; -ESTALE: not newer; what the journal says.
 */
int rewire_trust_take(struct rewire_sm *sm, const void *statement, u32 length,
		      const struct rewire_cms *signatures, u32 count,
		      struct rewire_why *why)
{
	struct trust_news news;
	int ret;

	ret = trust_read(&news, statement, length, why);
	if (ret)
		return ret;
	mutex_lock(&sm->journal.lock);
	ret = trust_signed(sm, &news, signatures, count, why) ?:
	      trust_newer(sm, &news, -ESTALE, why) ?:
	      rewire_journal_append(&sm->journal, REWIRE_JOURNAL_TRUST,
				    news.statement, news.length, why);
	if (!ret) {
		trust_obey(sm, &news);
		trust_tell(sm, news.kind);
	}
	mutex_unlock(&sm->journal.lock);
	trust_drop(&news);
	return ret;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_trust_take);

/**
 * rewire_trust_get() - REWIRE_GET_TRUST
 * @context: of the command
 * @arg: as userspace gave it
 *
 * Return: 0; -EINVAL: no such kind, or a reserved member.
 */
int rewire_trust_get(struct rewire_context *context,
		     struct rewire_get_trust *arg)
{
	struct rewire_sm *sm = context->rfile->sm;
	const struct rewire_anchors *anchors;

	if (arg->kind >= REWIRE_TRUST_KINDS || arg->__reserved)
		return rewire_because(&context->why, -EINVAL,
				      "no statement of kind %u, or a reserved member",
				      arg->kind);
	arg->threshold = 0;
	arg->anchors = 0;
	arg->revoked = 0;
	memset(arg->anchor, 0, sizeof(arg->anchor));
	if (arg->kind == REWIRE_TRUST_LEVELS) {
		arg->version = rewire_trust_levels_version(sm);
		return 0;
	}
	down_read(&sm->roles.lock);
	anchors = sm->roles.role[arg->kind];
	arg->version = anchors->version;
	arg->threshold = anchors->threshold;
	arg->anchors = anchors->count;
	arg->revoked = anchors->revoked;
	memcpy(arg->anchor, anchors->id, sizeof(arg->anchor));
	up_read(&sm->roles.lock);
	return 0;
}

/**
 * rewire_trust_put() - REWIRE_TRUST
 * @context: of the command
 * @arg: flags checked
 *
 * Return: as rewire_trust_take(); -EINVAL for a length or number; -EFAULT.
 */
int rewire_trust_put(struct rewire_context *context, struct rewire_trust *arg)
{
	struct rewire_quorum quorum = {};
	struct rewire_why *why = &context->why;
	void *statement;
	int ret;

	if (!arg->statement_length ||
	    arg->statement_length > TRUST_MAX_STATEMENT)
		return rewire_because(why, -EINVAL,
				      "a statement of %u bytes, not 1 to %zu",
				      arg->statement_length,
				      TRUST_MAX_STATEMENT);
	statement = vmemdup_user(u64_to_user_ptr(arg->statement),
				 arg->statement_length);
	if (IS_ERR(statement))
		return PTR_ERR(statement);
	ret = rewire_quorum_copy(&quorum, arg->signature, arg->signatures,
				 why) ?:
	      rewire_trust_take(context->rfile->sm, statement,
				arg->statement_length, quorum.cms, quorum.count,
				why);
	rewire_quorum_free(&quorum);
	kvfree(statement);
	return ret;
}

/**
 * rewire_trust_replay() - obey again what was obeyed before
 * @sm: whose roles are there, and that nobody else uses yet
 * @statement: of an authenticated record
 * @length: its bytes
 * @why: for the sentence
 *
 * Who signed it was looked at before it was written.
 *
 * Return: 0; -EUCLEAN: not newer than the record before; -EBADMSG, -EOPNOTSUPP
 * for its form; -ENOMEM.
 */
int rewire_trust_replay(struct rewire_sm *sm, const void *statement, u32 length,
			struct rewire_why *why)
{
	struct trust_news news;
	int ret;

	ret = trust_read(&news, statement, length, why);
	if (ret)
		return ret;
	ret = trust_newer(sm, &news, -EUCLEAN, why);
	if (!ret)
		trust_obey(sm, &news);
	trust_drop(&news);
	return ret;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_trust_replay);

/**
 * rewire_trust_records() - how many records rewire_trust_snapshot() will write
 * @sm: with journal->lock
 *
 * Return: their number.
 */
u32 rewire_trust_records(const struct rewire_sm *sm)
{
	u32 kind, count = 0;

	lockdep_assert_held(&sm->journal.lock);
	for (kind = 0; kind < REWIRE_TRUST_KINDS; kind++)
		count += !!sm->trusted.statement[kind];
	return count;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_trust_records);

/**
 * rewire_trust_snapshot() - write down all that is in force
 * @sm: with journal->lock
 * @journal: where to
 * @why: for the sentence
 *
 * Return: 0, or what rewire_journal_append() says.
 */
int rewire_trust_snapshot(struct rewire_sm *sm, struct rewire_journal *journal,
			  struct rewire_why *why)
{
	const struct rewire_trusted *trusted = &sm->trusted;
	int ret = 0;
	u32 kind;

	lockdep_assert_held(&sm->journal.lock);
	for (kind = 0; kind < REWIRE_TRUST_KINDS && !ret; kind++)
		if (trusted->statement[kind])
			ret = rewire_journal_append(journal,
						    REWIRE_JOURNAL_TRUST,
						    trusted->statement[kind],
						    trusted->length[kind], why);
	return ret;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_trust_snapshot);

/**
 * rewire_trust_revoked() - is an SM not to be believed any more?
 * @sm: who asks
 * @id: the other SM
 *
 * Return: whether the trust bundle of the platform role says so.
 */
bool rewire_trust_revoked(struct rewire_sm *sm, const u8 id[REWIRE_ID_SIZE])
{
	return rewire_roles_revoked(&sm->roles, id);
}
EXPORT_SYMBOL_IF_KUNIT(rewire_trust_revoked);

/* version of the table of levels in force, 0 without one */
u64 rewire_trust_levels_version(struct rewire_sm *sm)
{
	const struct rewire_levels *levels;
	u64 version;

	down_read(&sm->trusted.lock);
	levels = sm->trusted.statement[REWIRE_TRUST_LEVELS];
	version = levels ? levels->version : 0;
	up_read(&sm->trusted.lock);
	return version;
}

/**
 * rewire_trust_level() - the Authorisation Trust Level of a platform
 * @sm: whose table counts
 * @claims: REWIRE_CLAIM_* of the platform
 * @kernel: its release, as LINUX_VERSION_CODE packs it
 *
 * Return: the highest level of those whose rule it meets; 0 when it meets none,
 * or there is no table.
 */
u32 rewire_trust_level(struct rewire_sm *sm, u64 claims, u32 kernel)
{
	const struct rewire_levels *levels;
	u32 i, level = 0;

	down_read(&sm->trusted.lock);
	levels = sm->trusted.statement[REWIRE_TRUST_LEVELS];
	for (i = 0; levels && i < levels->rules; i++) {
		const struct rewire_level_rule *rule = &levels->rule[i];

		if (kernel >= rule->min_kernel && !(rule->claims & ~claims))
			level = max(level, rule->level);
	}
	up_read(&sm->trusted.lock);
	return level;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_trust_level);

void rewire_trust_setup(struct rewire_trusted *trusted)
{
	memset(trusted, 0, sizeof(*trusted));
	init_rwsem(&trusted->lock);
}

/**
 * rewire_trust_forget() - as if nothing had ever been taken
 * @trusted: of an SM that ends, or whose provisioning failed
 *
 * The roles are rewire_roles_free()'s.
 */
void rewire_trust_forget(struct rewire_trusted *trusted)
{
	u32 kind;

	for (kind = 0; kind < REWIRE_TRUST_KINDS; kind++) {
		kvfree(trusted->statement[kind]);
		trusted->statement[kind] = NULL;
	}
}
EXPORT_SYMBOL_IF_KUNIT(rewire_trust_forget);
