// SPDX-License-Identifier: GPL-2.0-only
/*
 * Evidence: that it says what it should, and that nothing else is believed.
 */
#include <kunit/test.h>
#include <linux/random.h>
#include <linux/slab.h>

#include "../../kmod/cbor.h"
#include "../../kmod/evidence.h"
#include "util.h"
#include "world.h"

#define NONCE	"a challenge"
#define PAYLOAD	1024

struct tokens {
	struct rewire_sm *a, *b;
	struct rewire_claims claims, found;
	struct rewire_why why;
	u8 token[REWIRE_MAX_EVIDENCE];
	int len;
	u8 payload[PAYLOAD];
	int payload_len;
};

/* everything a token can say, by SM a */
static void all_claims(struct kunit *test)
{
	struct tokens *t = test->priv;
	struct rewire_claims *claims = &t->claims;
	struct rewire_enclave *enclave = world_enclave(test, t->a);

	rewire_evidence_fill_sm(t->a, claims);
	claims->nonce_len = strlen(NONCE);
	memcpy(claims->nonce, NONCE, claims->nonce_len);
	mutex_lock(&enclave->lock);
	memset(enclave->developer, 0xde, sizeof(enclave->developer));
	rewire_evidence_fill_enclave(enclave, claims);
	mutex_unlock(&enclave->lock);
	rewire_evidence_fill_session(REWIRE_SIDE_TARGET, "the request's id",
				     "the hash of all messages so far.",
				     claims);
	claims->groups |= REWIRE_EAT_STATE | REWIRE_EAT_JOURNAL;
	memset(claims->state_digest, 0xd1, sizeof(claims->state_digest));
	claims->freshness = REWIRE_FRESHNESS_WITNESSED;
	claims->platform |= REWIRE_CLAIM_JOURNAL | REWIRE_CLAIM_WITNESSED;
	memset(claims->journal, 0x70, sizeof(claims->journal));
	claims->sequence = 70;
	memset(claims->head, 0x4e, sizeof(claims->head));
	world_enclave_free(enclave);
}

static int make(struct kunit *test)
{
	struct tokens *t = test->priv;

	t->len = rewire_evidence_make(&t->a->attest, &t->claims, t->token,
				      sizeof(t->token));
	return t->len;
}

static int check(struct kunit *test, u32 len)
{
	struct tokens *t = test->priv;

	memset(&t->found, 0xff, sizeof(t->found));
	return rewire_evidence_check(&t->b->roles, t->token, len, &t->found,
				     &t->why);
}

/* refused: nothing is said, and a sentence says why */
static void expect_refused(struct kunit *test, int ret, int error,
			   const char *what, u32 which)
{
	struct tokens *t = test->priv;

	if (error)
		KUNIT_EXPECT_EQ_MSG(test, ret, error, "%s %u", what, which);
	else
		KUNIT_EXPECT_LT_MSG(test, ret, 0, "%s %u", what, which);
	KUNIT_EXPECT_PTR_EQ_MSG(test, memchr_inv(&t->found, 0,
						 sizeof(t->found)), NULL,
				"%s %u", what, which);
	if (ret == -ENOMEM)
		return;
	KUNIT_EXPECT_NE_MSG(test, t->why.text[0], 0, "%s %u", what, which);
	t->why.text[0] = 0;
}

static int tokens_init(struct kunit *test)
{
	struct tokens *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, t);
	test->priv = t;
	t->a = world_sm(test, 'a', true);
	t->b = world_sm(test, 'b', true);
	all_claims(test);
	t->payload_len = rewire_claims_encode(&t->claims, t->payload, PAYLOAD,
					      &t->why);
	KUNIT_ASSERT_GT(test, t->payload_len, 0);
	KUNIT_ASSERT_GT(test, make(test), 0);
	return 0;
}

static void tokens_exit(struct kunit *test)
{
	struct tokens *t = test->priv;

	if (!t)
		return;
	world_sm_free(t->a);
	world_sm_free(t->b);
}

/* a token over any payload, as SM a would sign it if it could be made to */
static void sign_as(struct kunit *test, const u8 *payload, u32 len,
		    const u8 *cert, u32 cert_len)
{
	static const u8 header[] = { 0xa1, 0x01, 0x39, 0x01, 0x00 };
	struct tokens *t = test->priv;
	struct rewire_cbor_out out = { .room = PAYLOAD + 64 };
	u8 *signature = kunit_kzalloc(test, REWIRE_MAX_SIGNATURE, GFP_KERNEL);
	int ret;

	out.buf = kunit_kzalloc(test, out.room, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, out.buf);
	KUNIT_ASSERT_NOT_NULL(test, signature);
	rewire_cbor_put_head(&out, REWIRE_CBOR_ARRAY, 4);
	rewire_cbor_put_string(&out, REWIRE_CBOR_TEXT, "Signature1", 10);
	rewire_cbor_put_string(&out, REWIRE_CBOR_BYTES, header, sizeof(header));
	rewire_cbor_put_string(&out, REWIRE_CBOR_BYTES, NULL, 0);
	rewire_cbor_put_string(&out, REWIRE_CBOR_BYTES, payload, len);
	ret = rewire_attest_sign_bytes(&t->a->attest, out.buf, out.len,
				       signature);
	KUNIT_ASSERT_GT(test, ret, 0);
	kunit_kfree(test, out.buf);

	out = (struct rewire_cbor_out){ t->token, sizeof(t->token), 0 };
	rewire_cbor_put_head(&out, REWIRE_CBOR_TAG, 18);
	rewire_cbor_put_head(&out, REWIRE_CBOR_ARRAY, 4);
	rewire_cbor_put_string(&out, REWIRE_CBOR_BYTES, header, sizeof(header));
	rewire_cbor_put_head(&out, REWIRE_CBOR_MAP, 1);
	rewire_cbor_put_head(&out, REWIRE_CBOR_UINT, 33);
	rewire_cbor_put_string(&out, REWIRE_CBOR_BYTES, cert, cert_len);
	rewire_cbor_put_string(&out, REWIRE_CBOR_BYTES, payload, len);
	rewire_cbor_put_string(&out, REWIRE_CBOR_BYTES, signature, ret);
	t->len = rewire_cbor_done(&out);
	KUNIT_ASSERT_GT(test, t->len, 0);
	kunit_kfree(test, signature);
}

static void sign(struct kunit *test, const u8 *payload, u32 len,
		 const struct rewire_sm *sm)
{
	sign_as(test, payload, len, sm->attest.cert, sm->attest.cert_len);
}

static void token_says_what_was_claimed(struct kunit *test)
{
	struct tokens *t = test->priv;

	KUNIT_ASSERT_EQ_MSG(test, check(test, t->len), 0, "%s", t->why.text);
	KUNIT_EXPECT_EQ(test, memcmp(&t->found, &t->claims, sizeof(t->found)),
			0);
	KUNIT_EXPECT_EQ(test, memcmp(t->found.ueid + 1, t->a->attest.id,
				     REWIRE_ID_SIZE), 0);
	KUNIT_EXPECT_EQ(test, t->found.epoch, 1);
	KUNIT_EXPECT_EQ(test, t->found.svn, 3);
	KUNIT_EXPECT_EQ(test, memchr_inv(t->found.measurement, 51,
					 REWIRE_DIGEST_SIZE) == NULL, true);
}

static void token_is_what_another_maker_makes(struct kunit *test)
{
	struct tokens *t = test->priv;
	u8 *made = kunit_kzalloc(test, t->len, GFP_KERNEL);
	int len = t->len;

	KUNIT_ASSERT_NOT_NULL(test, made);
	memcpy(made, t->token, len);
	sign(test, t->payload, t->payload_len, t->a);
	KUNIT_ASSERT_EQ(test, t->len, len);
	KUNIT_EXPECT_EQ(test, memcmp(made, t->token, len), 0);
}

/* with keys of 2048 bits; one of 3072 adds 128 bytes, three times */
static void token_is_small(struct kunit *test)
{
	struct tokens *t = test->priv;

	KUNIT_EXPECT_LT(test, t->len, 2048);
}

static void token_needs_its_room(struct kunit *test)
{
	struct tokens *t = test->priv;
	u8 *buf = kunit_kzalloc(test, t->len, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, buf);
	KUNIT_EXPECT_EQ(test, rewire_evidence_make(&t->a->attest, &t->claims,
						   buf, t->len - 1), -EMSGSIZE);
	KUNIT_EXPECT_EQ(test, rewire_evidence_make(&t->a->attest, &t->claims,
						   buf, t->len), t->len);
}

/* groups come whole; every combination that makes sense */
static void groups_come_and_go(struct kunit *test)
{
	struct tokens *t = test->priv;
	struct rewire_claims all = t->claims;
	u32 groups;
	bool sense;
	int ret;

	for (groups = 0; groups <= REWIRE_EAT_GROUPS; groups++) {
		t->claims = all;
		t->claims.groups = groups;
		sense = (groups & REWIRE_EAT_SM) &&
			(groups & REWIRE_EAT_JOURNAL) &&
			(!(groups & REWIRE_EAT_STATE) ||
			 (groups & REWIRE_EAT_ENCLAVE));
		ret = rewire_claims_encode(&t->claims, t->payload, PAYLOAD,
					   NULL);
		if (!sense) {
			KUNIT_EXPECT_EQ_MSG(test, ret, -EINVAL, "groups %#x",
					    groups);
			continue;
		}
		KUNIT_ASSERT_GT_MSG(test, ret, 0, "groups %#x", groups);
		KUNIT_EXPECT_EQ(test, rewire_claims_decode(t->payload, ret,
							   &t->found, NULL), 0);
		KUNIT_EXPECT_EQ(test, t->found.groups, groups);
		KUNIT_EXPECT_EQ(test, !memchr_inv(t->found.workload, 0,
						  REWIRE_ID_SIZE),
				!(groups & REWIRE_EAT_ENCLAVE));
	}
}

static void without_a_journal_there_is_none(struct kunit *test)
{
	struct tokens *t = test->priv;

	rewire_evidence_fill_sm(t->a, &t->claims);
	t->claims.nonce_len = REWIRE_MAX_CHALLENGE;
	KUNIT_EXPECT_EQ(test, t->claims.freshness, REWIRE_FRESHNESS_VOLATILE);
	KUNIT_ASSERT_GT(test, make(test), 0);
	KUNIT_ASSERT_EQ(test, check(test, t->len), 0);
	KUNIT_EXPECT_EQ(test, t->found.groups, REWIRE_EAT_SM);
	KUNIT_EXPECT_EQ(test, t->found.platform & REWIRE_CLAIM_JOURNAL, 0);
}

/*
 * One byte nobody signs and the kernel's parser of certificates skips: the tag
 * of the parameters of the algorithm that a certificate names once more behind
 * what is signed. The claims stay what they are.
 */
static bool skipped(const struct tokens *t, u32 at)
{
	const u32 cert = 14;

	return at >= cert && at < cert + t->a->attest.cert_len &&
	       !memcmp(&t->found, &t->claims, sizeof(t->found));
}

static void token_with_any_byte_changed_is_refused(struct kunit *test)
{
	struct tokens *t = test->priv;
	u32 i, accepted = 0;
	int ret;

	for (i = 0; i < t->len; i++) {
		t->token[i] ^= 1 << i % 8;
		ret = check(test, t->len);
		t->token[i] ^= 1 << i % 8;
		if (!ret && skipped(t, i))
			accepted++;
		else
			expect_refused(test, ret, 0, "byte", i);
	}
	KUNIT_EXPECT_LE(test, accepted, 1);
}

static void token_truncated_is_refused(struct kunit *test)
{
	struct tokens *t = test->priv;
	int len;

	expect_refused(test, check(test, 0), -EINVAL, "bytes", 0);
	for (len = 1; len < t->len; len++)
		expect_refused(test, check(test, len), -EBADMSG, "bytes", len);
}

static void token_with_more_behind_is_refused(struct kunit *test)
{
	struct tokens *t = test->priv;

	expect_refused(test, check(test, t->len + 1), -EBADMSG, "behind", 1);
	expect_refused(test, check(test, REWIRE_MAX_EVIDENCE), -EBADMSG,
		       "behind", REWIRE_MAX_EVIDENCE);
	expect_refused(test, check(test, REWIRE_MAX_EVIDENCE + 1), -EINVAL,
		       "behind", REWIRE_MAX_EVIDENCE + 1);
}

/* the pairs of the map, one by one; the head of the map has one byte or two */
struct pair {
	const u8 *key;
	u32 key_len;
	u32 len;
};

static u32 pairs_of(struct kunit *test, struct pair *pairs, u32 room)
{
	struct tokens *t = test->priv;
	struct rewire_cbor_in in;
	u64 count, value;
	u8 major;
	u32 i;

	KUNIT_ASSERT_EQ(test, rewire_cbor_open(&in, t->payload, t->payload_len,
					       NULL), 0);
	KUNIT_ASSERT_EQ(test, rewire_cbor_get(&in, REWIRE_CBOR_MAP, &count,
					      NULL), 0);
	KUNIT_ASSERT_LE(test, count, room);
	for (i = 0; i < count; i++) {
		pairs[i].key = in.at;
		KUNIT_ASSERT_EQ(test, rewire_cbor_get_head(&in, &major, &value,
							   NULL), 0);
		pairs[i].key_len = in.at - pairs[i].key;
		KUNIT_ASSERT_EQ(test, rewire_cbor_get_head(&in, &major, &value,
							   NULL), 0);
		if (major != REWIRE_CBOR_UINT)
			in.at += value;
		pairs[i].len = in.at - pairs[i].key;
	}
	return count;
}

enum spoil { WITHOUT, TWICE, NULLED, OTHER_TYPE, RENAMED, SPOILS };

static const char *const spoil_names[SPOILS] = {
	"without claim", "twice claim", "null for claim", "array for claim",
	"unknown key for claim",
};

/* all pairs, but one of them @how; Return: bytes */
static u32 spoiled(struct rewire_cbor_out *out, const struct pair *pairs,
		   u32 count, u32 which, enum spoil how)
{
	static const u8 null = 0xf6, array = 0x80;
	u32 i;

	rewire_cbor_put_head(out, REWIRE_CBOR_MAP, count - (how == WITHOUT) +
						   (how == TWICE));
	for (i = 0; i < count; i++) {
		if (i != which) {
			rewire_cbor_put_raw(out, pairs[i].key, pairs[i].len);
			continue;
		}
		if (how == WITHOUT)
			continue;
		if (how == TWICE) {
			rewire_cbor_put_raw(out, pairs[i].key, pairs[i].len);
			rewire_cbor_put_raw(out, pairs[i].key, pairs[i].len);
			continue;
		}
		if (how == RENAMED) {
			/* for the last one at least, still in order */
			rewire_cbor_put_raw(out, pairs[i].key,
					    pairs[i].key_len);
			out->buf[out->len - 1] ^= 0x40;
			rewire_cbor_put_raw(out, pairs[i].key +
						 pairs[i].key_len,
					    pairs[i].len - pairs[i].key_len);
			continue;
		}
		rewire_cbor_put_raw(out, pairs[i].key, pairs[i].key_len);
		rewire_cbor_put_raw(out, how == NULLED ? &null : &array, 1);
	}
	return out->len;
}

static void claim_missing_double_null_or_unknown_is_refused(struct kunit *test)
{
	struct tokens *t = test->priv;
	u8 *buf = kunit_kzalloc(test, PAYLOAD, GFP_KERNEL);
	struct rewire_cbor_out out;
	struct pair pairs[32];
	u32 count, i, len;
	int how, ret;

	KUNIT_ASSERT_NOT_NULL(test, buf);
	count = pairs_of(test, pairs, ARRAY_SIZE(pairs));
	KUNIT_ASSERT_EQ(test, count, 22);
	for (how = 0; how < SPOILS; how++) {
		for (i = 0; i < count; i++) {
			out = (struct rewire_cbor_out){ buf, PAYLOAD, 0 };
			len = spoiled(&out, pairs, count, i, how);
			memset(&t->found, 0xff, sizeof(t->found));
			ret = rewire_claims_decode(buf, len, &t->found,
						   &t->why);
			/* the only group of one claim: not there at all */
			if (how == WITHOUT && i == 12) {
				KUNIT_EXPECT_EQ(test, ret, 0);
				KUNIT_EXPECT_EQ(test, t->found.groups,
						REWIRE_EAT_GROUPS &
						~REWIRE_EAT_STATE);
				continue;
			}
			expect_refused(test, ret, -EBADMSG, spoil_names[how],
				       i);
		}
	}
}

/* what is signed is not believed for that */
static void signed_claims_are_looked_at(struct kunit *test)
{
	struct tokens *t = test->priv;

	sign(test, t->payload, t->payload_len - 1, t->a);
	expect_refused(test, check(test, t->len), -EBADMSG, "cut", 1);
	sign(test, t->payload, 0, t->a);
	expect_refused(test, check(test, t->len), -EBADMSG, "empty", 0);
}

static void ueid_of_another_sm_is_refused(struct kunit *test)
{
	struct tokens *t = test->priv;

	memcpy(t->claims.ueid + 1, t->b->attest.id, REWIRE_ID_SIZE);
	KUNIT_EXPECT_EQ(test, make(test), -EINVAL);
	t->payload_len = rewire_claims_encode(&t->claims, t->payload, PAYLOAD,
					      NULL);
	KUNIT_ASSERT_GT(test, t->payload_len, 0);
	sign(test, t->payload, t->payload_len, t->a);
	expect_refused(test, check(test, t->len), -EKEYREJECTED, "ueid", 0);
}

static void certificate_of_another_sm_is_refused(struct kunit *test)
{
	struct tokens *t = test->priv;
	const u8 *cert;
	u32 len;

	sign(test, t->payload, t->payload_len, t->b);
	expect_refused(test, check(test, t->len), -EKEYREJECTED, "cert", 0);
	cert = world_stranger(&len);
	sign_as(test, t->payload, t->payload_len, cert, len);
	expect_refused(test, check(test, t->len), -ENOKEY, "cert", 1);
	sign_as(test, t->payload, t->payload_len, t->payload, 64);
	expect_refused(test, check(test, t->len), -EBADMSG, "cert", 2);
	sign_as(test, t->payload, t->payload_len, NULL, 0);
	expect_refused(test, check(test, t->len), -EINVAL, "cert", 3);
}

static void values_out_of_range_are_refused(struct kunit *test)
{
	struct tokens *t = test->priv;
	struct rewire_claims all = t->claims;
	u64 *const members[] = {
		&t->claims.role, &t->claims.epoch, &t->claims.freshness,
		&t->claims.generation, &t->claims.version, &t->claims.role,
		&t->claims.generation, &t->claims.version,
	};
	static const u64 values[] = {
		0, 0, REWIRE_FRESHNESS_STATES, 0, 0, 3,
		REWIRE_MAX_GENERATIONS + 1, 1ULL << 32,
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(members); i++) {
		t->claims = all;
		*members[i] = values[i];
		KUNIT_EXPECT_EQ_MSG(test, make(test), -EINVAL, "value %d", i);
	}
	t->claims = all;
	t->claims.ueid[0] = 2;
	KUNIT_EXPECT_EQ(test, make(test), -EINVAL);
	t->claims = all;
	t->claims.nonce_len = REWIRE_MIN_CHALLENGE - 1;
	KUNIT_EXPECT_EQ(test, make(test), -EINVAL);
	t->claims.nonce_len = REWIRE_MAX_CHALLENGE + 1;
	KUNIT_EXPECT_EQ(test, make(test), -EINVAL);
	t->claims = all;
	t->claims.kernel[2] = '\n';
	KUNIT_EXPECT_EQ(test, make(test), -EINVAL);
	t->claims.kernel[0] = 0;
	KUNIT_EXPECT_EQ(test, make(test), -EINVAL);
}

/* the journal cannot be fresh in one claim and not in the other */
static void freshness_that_contradicts_is_refused(struct kunit *test)
{
	struct tokens *t = test->priv;
	struct rewire_claims all = t->claims;

	t->claims.platform &= ~REWIRE_CLAIM_WITNESSED;
	KUNIT_EXPECT_EQ(test, make(test), -EINVAL);
	t->claims = all;
	t->claims.platform |= REWIRE_CLAIM_TPM_COUNTER;
	KUNIT_EXPECT_EQ(test, make(test), -EINVAL);
	t->claims = all;
	t->claims.freshness = REWIRE_FRESHNESS_NONE;
	KUNIT_EXPECT_EQ(test, make(test), -EINVAL);
}

/* a peer that knows more than we do */
static void unknown_platform_bits_are_carried(struct kunit *test)
{
	struct tokens *t = test->priv;

	t->claims.platform |= 1ULL << 63;
	KUNIT_ASSERT_GT(test, make(test), 0);
	KUNIT_ASSERT_EQ(test, check(test, t->len), 0);
	KUNIT_EXPECT_EQ(test, t->found.platform, t->claims.platform);
}

/* attacks 35 and 37: of another session, and our own sent back */
static void attack_37_evidence_of_anything_else_is_refused(struct kunit *test)
{
	struct tokens *t = test->priv;
	const u8 *nonce = NONCE, *id = "the request's id";
	const u8 *transcript = "the hash of all messages so far.";
	const struct rewire_claims *c = &t->found;

	KUNIT_ASSERT_EQ(test, check(test, t->len), 0);
	KUNIT_EXPECT_EQ(test, rewire_evidence_bound(c, nonce, strlen(NONCE),
						    REWIRE_SIDE_TARGET, id,
						    transcript, &t->why), 0);
	KUNIT_EXPECT_EQ(test, rewire_evidence_bound(c, nonce, strlen(NONCE),
						    REWIRE_SIDE_SOURCE, id,
						    transcript, &t->why),
			-EKEYREJECTED);
	KUNIT_EXPECT_STREQ(test, t->why.text,
			   "the evidence is of the other role");
	KUNIT_EXPECT_EQ(test, rewire_evidence_bound(c, nonce, strlen(NONCE) - 1,
						    REWIRE_SIDE_TARGET, id,
						    transcript, NULL),
			-EKEYREJECTED);
	KUNIT_EXPECT_EQ(test, rewire_evidence_bound(c, "b challenge",
						    strlen(NONCE),
						    REWIRE_SIDE_TARGET, id,
						    transcript, NULL),
			-EKEYREJECTED);
	KUNIT_EXPECT_EQ(test, rewire_evidence_bound(c, nonce, strlen(NONCE),
						    REWIRE_SIDE_TARGET,
						    "another request ",
						    transcript, NULL),
			-EKEYREJECTED);
	KUNIT_EXPECT_EQ(test, rewire_evidence_bound(c, nonce, strlen(NONCE),
						    REWIRE_SIDE_TARGET, id,
						    "the hash of some other messages.",
						    NULL), -EKEYREJECTED);
	t->found.groups &= ~REWIRE_EAT_SESSION;
	KUNIT_EXPECT_EQ(test, rewire_evidence_bound(c, nonce, strlen(NONCE),
						    REWIRE_SIDE_TARGET, id,
						    transcript, NULL),
			-EKEYREJECTED);
}

/*
 * An SM signs nothing without a domain, so that no signature of one kind is one
 * of another: what the host chooses, a nonce, is wrapped.
 */
static void attack_36_no_bytes_are_signed_bare(struct kunit *test)
{
	struct tokens *t = test->priv;
	static const char *const bare[] = {
		"", "\x84", "\x84\x6aSignature", "\x84\x6aSignature2.......",
		"\x84\x69Signature1", "\x83\x6aSignature1......",
		REWIRE_MESSAGE_DOMAIN, REWIRE_HEAD_DOMAIN "........",
	};
	const struct rewire_attest *a = &t->a->attest;
	u8 *signature = kunit_kzalloc(test, REWIRE_MAX_SIGNATURE, GFP_KERNEL);
	int i, ret;
	u8 id[REWIRE_ID_SIZE];

	KUNIT_ASSERT_NOT_NULL(test, signature);
	for (i = 0; i < ARRAY_SIZE(bare); i++)
		KUNIT_EXPECT_EQ_MSG(test,
				    rewire_attest_sign_bytes(&t->a->attest,
							     bare[i],
							     strlen(bare[i]),
							     signature),
				    -EINVAL, "bytes %d", i);

	/* the signature of a message over the same bytes is none of evidence */
	ret = rewire_attest_sign(&t->a->attest, REWIRE_MESSAGE_DOMAIN,
				 REWIRE_COSE_CONTEXT "...", 15, signature);
	KUNIT_ASSERT_GT(test, ret, 0);
	KUNIT_EXPECT_EQ(test,
			rewire_peer_verify_bytes(&t->b->roles, a->cert,
						 a->cert_len,
						 REWIRE_COSE_CONTEXT "...", 15,
						 signature, ret, id, NULL),
			-EKEYREJECTED);
	/* and the other way round */
	ret = rewire_attest_sign_bytes(&t->a->attest,
				       REWIRE_COSE_CONTEXT "...", 15,
				       signature);
	KUNIT_ASSERT_GT(test, ret, 0);
	KUNIT_EXPECT_EQ(test,
			rewire_peer_verify_bytes(&t->b->roles, a->cert,
						 a->cert_len,
						 REWIRE_COSE_CONTEXT "...", 15,
						 signature, ret, id, NULL), 0);
	KUNIT_EXPECT_EQ(test,
			rewire_peer_verify(&t->b->roles, a->cert, a->cert_len,
					   REWIRE_MESSAGE_DOMAIN,
					   REWIRE_COSE_CONTEXT "...", 15,
					   signature, ret, id, NULL),
			-EKEYREJECTED);
}

/* whatever is accepted is what its claims are encoded as */
static void mutated_claims_are_refused_or_the_only_form(struct kunit *test)
{
	struct tokens *t = test->priv;
	u8 *bytes, *again = kunit_kzalloc(test, PAYLOAD, GFP_KERNEL);
	u32 round, len, accepted = 0;

	KUNIT_ASSERT_NOT_NULL(test, again);
	for (round = 0; round < 20000; round++) {
		len = t->payload_len;
		if (!(round % 8))
			len = 1 + get_random_u32() % len;
		bytes = kmemdup(t->payload, len, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, bytes);
		do {
			bytes[get_random_u32() % len] = get_random_u32();
		} while (!(get_random_u32() & 3));
		if (!rewire_claims_decode(bytes, len, &t->found, NULL)) {
			accepted++;
			if (rewire_claims_encode(&t->found, again, PAYLOAD,
						 NULL) != len ||
			    memcmp(again, bytes, len))
				KUNIT_FAIL(test, "round %u: another form",
					   round);
		}
		kfree(bytes);
	}
	KUNIT_EXPECT_GT(test, accepted, 0);
	KUNIT_EXPECT_LT(test, accepted, 20000);
}

static struct kunit_case evidence_cases[] = {
	KUNIT_CASE(token_says_what_was_claimed),
	KUNIT_CASE(token_is_what_another_maker_makes),
	KUNIT_CASE(token_is_small),
	KUNIT_CASE(token_needs_its_room),
	KUNIT_CASE(groups_come_and_go),
	KUNIT_CASE(without_a_journal_there_is_none),
	KUNIT_CASE_SLOW(token_with_any_byte_changed_is_refused),
	KUNIT_CASE(token_truncated_is_refused),
	KUNIT_CASE(token_with_more_behind_is_refused),
	KUNIT_CASE(claim_missing_double_null_or_unknown_is_refused),
	KUNIT_CASE(signed_claims_are_looked_at),
	KUNIT_CASE(ueid_of_another_sm_is_refused),
	KUNIT_CASE(certificate_of_another_sm_is_refused),
	KUNIT_CASE(values_out_of_range_are_refused),
	KUNIT_CASE(freshness_that_contradicts_is_refused),
	KUNIT_CASE(unknown_platform_bits_are_carried),
	KUNIT_CASE(attack_37_evidence_of_anything_else_is_refused),
	KUNIT_CASE(attack_36_no_bytes_are_signed_bare),
	KUNIT_CASE(mutated_claims_are_refused_or_the_only_form),
	{}
};

static struct kunit_suite evidence_suite = {
	.name = "rewire_evidence",
	.init = tokens_init,
	.exit = tokens_exit,
	.test_cases = evidence_cases,
};

kunit_test_suite(evidence_suite);
