// SPDX-License-Identifier: GPL-2.0-only
/*
 * Evidence as EAT claims (RFC 9711) in COSE_Sign1 (RFC 9052): made, and taken
 * apart. There is one encoding of each token and one form of each claim; whatever
 * is missing, there twice, null, unknown or of another form is refused.
 */
#include <linux/ctype.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "cbor.h"
#include "compat.h"
#include "evidence.h"
#include "platform.h"
#include "weaken.h"

/* all claims at their longest have some 900 */
#define MAX_PAYLOAD	1024

/* { 1: -257 }, which is what a token's protected header has to be */
static const u8 protected_header[] = { 0xa1, 0x01, 0x39, 0x01, 0x00 };

struct claim_row {
	s64 key;
	u32 kind;
	u32 group;
	u32 offset;
	u32 size;
	const char *name;
};

#define CLAIM_ROW(member, number, type, in, text) {			\
	.key = number,							\
	.kind = REWIRE_EAT_##type,					\
	.group = REWIRE_EAT_##in,					\
	.offset = offsetof(struct rewire_claims, member),		\
	.size = sizeof_field(struct rewire_claims, member),		\
	.name = text,							\
},

static const struct claim_row claim_rows[] = {
	REWIRE_EAT_CLAIMS(CLAIM_ROW)
};

static_assert(ARRAY_SIZE(claim_rows) <= 32);

/* the names of groups, by bit, for messages */
static const char *const group_names[] = {
	"the SM", "the migration", "the enclave", "its state", "the journal",
};

static int claims_range(const char *name, struct rewire_why *why)
{
	return rewire_because(why, -EBADMSG,
			      "evidence: claim %s is out of range", name);
}

static int claims_check_sm(const struct rewire_claims *claims,
			   struct rewire_why *why)
{
	const u64 journal = REWIRE_CLAIM_JOURNAL | REWIRE_CLAIM_WITNESSED |
			    REWIRE_CLAIM_TPM_COUNTER;

	if (claims->ueid[0] != REWIRE_UEID_RAND)
		return claims_range("ueid", why);
	if (claims->freshness >= REWIRE_FRESHNESS_STATES)
		return claims_range("freshness", why);
	if (!claims->generation || claims->generation > REWIRE_MAX_GENERATIONS)
		return claims_range("root-generation", why);
	if (!claims->version || claims->version > U32_MAX)
		return claims_range("kernel-version", why);
	if ((claims->platform & journal) !=
	    rewire_platform_freshness(claims->freshness))
		return rewire_because(why, -EBADMSG,
				      "evidence: freshness %llu and platform claims %#llx contradict each other",
				      claims->freshness, claims->platform);
	if (!(claims->groups & REWIRE_EAT_JOURNAL) !=
	    (claims->freshness == REWIRE_FRESHNESS_VOLATILE))
		return rewire_because(why, -EBADMSG,
				      "evidence: freshness %llu %s a journal",
				      claims->freshness,
				      claims->groups & REWIRE_EAT_JOURNAL ?
					      "with" : "without");
	return 0;
}

/* What no table says: which values make sense, and which groups go together. */
static int claims_check(const struct rewire_claims *claims,
			struct rewire_why *why)
{
	u32 groups = claims->groups;

	if ((groups & REWIRE_EAT_STATE) && !(groups & REWIRE_EAT_ENCLAVE))
		return rewire_because(why, -EBADMSG,
				      "evidence: a state, and no enclave that it is of");
	if ((groups & REWIRE_EAT_SESSION) &&
	    claims->role != REWIRE_SIDE_SOURCE &&
	    claims->role != REWIRE_SIDE_TARGET)
		return claims_range("role", why);
	if ((groups & REWIRE_EAT_ENCLAVE) && !claims->epoch)
		return claims_range("epoch", why);
	return claims_check_sm(claims, why);
}

static bool claims_text_ok(const u8 *text, u32 len)
{
	u32 i;

	for (i = 0; i < len; i++)
		if (!isascii(text[i]) || !isprint(text[i]))
			return false;
	return len && len <= REWIRE_MAX_RELEASE;
}

static int claim_put(struct rewire_cbor_out *out, const struct claim_row *row,
		     const struct rewire_claims *claims)
{
	const void *member = (const u8 *)claims + row->offset;

	rewire_cbor_put_int(out, row->key);
	switch (row->kind) {
	case REWIRE_EAT_NONCE:
		if (claims->nonce_len < REWIRE_MIN_CHALLENGE ||
		    claims->nonce_len > REWIRE_MAX_CHALLENGE)
			return -EINVAL;
		rewire_cbor_put_string(out, REWIRE_CBOR_BYTES, member,
				       claims->nonce_len);
		return 0;
	case REWIRE_EAT_URI:
		if (claims->profile != 1)
			return -EINVAL;
		rewire_cbor_put_string(out, REWIRE_CBOR_TEXT,
				       REWIRE_EAT_PROFILE,
				       strlen(REWIRE_EAT_PROFILE));
		return 0;
	case REWIRE_EAT_BYTES:
		rewire_cbor_put_string(out, REWIRE_CBOR_BYTES, member,
				       row->size);
		return 0;
	case REWIRE_EAT_UINT:
		rewire_cbor_put_head(out, REWIRE_CBOR_UINT,
				     *(const u64 *)member);
		return 0;
	default:
		if (!claims_text_ok(member, strnlen(member, row->size)))
			return -EINVAL;
		rewire_cbor_put_string(out, REWIRE_CBOR_TEXT, member,
				       strlen(member));
		return 0;
	}
}

/*
 * The map of claims.
 * Return: its bytes, -EINVAL for claims that no token can have, or -EMSGSIZE.
 */
VISIBLE_IF_KUNIT int rewire_claims_encode(const struct rewire_claims *claims,
					  u8 *buf, u32 room,
					  struct rewire_why *why)
{
	struct rewire_cbor_out out = { .buf = buf, .room = room };
	u32 i, count = 0;
	int ret;

	if (!(claims->groups & REWIRE_EAT_SM) ||
	    (claims->groups & ~REWIRE_EAT_GROUPS) || claims_check(claims, why))
		return -EINVAL;
	for (i = 0; i < ARRAY_SIZE(claim_rows); i++)
		if (claims->groups & claim_rows[i].group)
			count++;
	rewire_cbor_put_head(&out, REWIRE_CBOR_MAP, count);
	for (i = 0; i < ARRAY_SIZE(claim_rows); i++) {
		if (!(claims->groups & claim_rows[i].group))
			continue;
		ret = claim_put(&out, &claim_rows[i], claims);
		if (ret)
			return ret;
	}
	return rewire_cbor_done(&out);
}
EXPORT_SYMBOL_IF_KUNIT(rewire_claims_encode);

static int claim_get_string(struct rewire_cbor_in *in,
			    const struct claim_row *row,
			    struct rewire_claims *claims,
			    struct rewire_why *why)
{
	bool text = row->kind == REWIRE_EAT_TEXT || row->kind == REWIRE_EAT_URI;
	u8 *member = (u8 *)claims + row->offset;
	const u8 *data;
	bool fits;
	u32 len;
	int ret;

	ret = rewire_cbor_get_string(in, text ? REWIRE_CBOR_TEXT :
						REWIRE_CBOR_BYTES,
				     &data, &len, why);
	if (ret)
		return ret;
	switch (row->kind) {
	case REWIRE_EAT_URI:
		if (len != strlen(REWIRE_EAT_PROFILE) ||
		    memcmp(data, REWIRE_EAT_PROFILE, len))
			return rewire_because(why, -EOPNOTSUPP,
					      "evidence: of another profile than %s",
					      REWIRE_EAT_PROFILE);
		claims->profile = 1;
		return 0;
	case REWIRE_EAT_NONCE:
		fits = len >= REWIRE_MIN_CHALLENGE && len <= row->size;
		claims->nonce_len = len;
		break;
	case REWIRE_EAT_BYTES:
		fits = len == row->size;
		break;
	default:
		fits = claims_text_ok(data, len);
	}
	if (!fits)
		return rewire_because(why, -EBADMSG,
				      "evidence: claim %s has %u bytes, or others than it may have",
				      row->name, len);
	memcpy(member, data, len);
	return 0;
}

static int claim_get(struct rewire_cbor_in *in, struct rewire_claims *claims,
		     u32 *seen, struct rewire_why *why)
{
	const struct claim_row *row;
	u64 value;
	s64 key;
	u32 i;
	int ret;

	ret = rewire_cbor_get_int(in, &key, why);
	if (ret)
		return ret;
	for (i = 0; i < ARRAY_SIZE(claim_rows); i++)
		if (claim_rows[i].key == key)
			break;
	if (i == ARRAY_SIZE(claim_rows))
		return rewire_because(why, -EBADMSG,
				      "evidence: the profile has no claim %lld",
				      key);
	row = &claim_rows[i];
	if (row->kind == REWIRE_EAT_UINT) {
		ret = rewire_cbor_get(in, REWIRE_CBOR_UINT, &value, why);
		if (!ret)
			*(u64 *)((u8 *)claims + row->offset) = value;
	} else {
		ret = claim_get_string(in, row, claims, why);
	}
	*seen |= BIT(i);
	claims->groups |= row->group;
	return ret;
}

/* a group is there with all of its claims, or not at all */
static int claims_complete(const struct rewire_claims *claims, u32 seen,
			   struct rewire_why *why)
{
	u32 i, wanted = claims->groups | REWIRE_EAT_SM;

	for (i = 0; i < ARRAY_SIZE(claim_rows); i++)
		if ((claim_rows[i].group & wanted) && !(seen & BIT(i)))
			return rewire_because(why, -EBADMSG,
					      "evidence: claim %s about %s is missing",
					      claim_rows[i].name,
					      group_names[ilog2(claim_rows[i].group)]);
	return 0;
}

/* Return: 0 or a negative errno, with @claims all zero */
VISIBLE_IF_KUNIT int rewire_claims_decode(const u8 *payload, u32 len,
					  struct rewire_claims *claims,
					  struct rewire_why *why)
{
	struct rewire_cbor_in in;
	u64 count = 0;
	u32 seen = 0;
	int ret;

	memset(claims, 0, sizeof(*claims));
	ret = rewire_cbor_open(&in, payload, len, why);
	if (!ret)
		ret = rewire_cbor_get(&in, REWIRE_CBOR_MAP, &count, why);
	while (!ret && count--)
		ret = claim_get(&in, claims, &seen, why);
	if (!ret)
		ret = claims_complete(claims, seen, why);
	if (!ret)
		ret = claims_check(claims, why);
	if (ret)
		memset(claims, 0, sizeof(*claims));
	return ret;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_claims_decode);

/* What is signed, RFC 9052 section 4.4, with no external data. */
static int evidence_to_sign(u8 *buf, u32 room, const u8 *payload, u32 len)
{
	struct rewire_cbor_out out = { .buf = buf, .room = room };

	rewire_cbor_put_raw(&out, REWIRE_COSE_CONTEXT,
			    strlen(REWIRE_COSE_CONTEXT));
	rewire_cbor_put_string(&out, REWIRE_CBOR_BYTES, protected_header,
			       sizeof(protected_header));
	rewire_cbor_put_string(&out, REWIRE_CBOR_BYTES, NULL, 0);
	rewire_cbor_put_string(&out, REWIRE_CBOR_BYTES, payload, len);
	return rewire_cbor_done(&out);
}

/* more than what surrounds the payload in a Sig_structure */
#define SIG_STRUCTURE	64

struct evidence_work {
	u8 payload[MAX_PAYLOAD];
	u8 to_sign[MAX_PAYLOAD + SIG_STRUCTURE];
	u8 signature[REWIRE_MAX_SIGNATURE];
};

/**
 * rewire_evidence_make() - say something, signed
 * @attest: attestation key of the SM
 * @claims: what; made by the fill functions, and a nonce
 * @buf: for the token
 * @room: its bytes; REWIRE_MAX_EVIDENCE is always enough
 *
 * Return: bytes of the token; -EINVAL for claims that are incomplete,
 * contradict each other or are another SM's; -EMSGSIZE when it does not fit;
 * -ENOKEY when the key was revoked; -ENOMEM.
 */
int rewire_evidence_make(const struct rewire_attest *attest,
			 const struct rewire_claims *claims, u8 *buf, u32 room)
{
	struct rewire_cbor_out out = { .buf = buf, .room = room };
	struct evidence_work *work;
	int len, ret;

	if (memcmp(claims->ueid + 1, attest->id, REWIRE_ID_SIZE))
		return -EINVAL;
	work = kmalloc(sizeof(*work), GFP_KERNEL);
	if (!work)
		return -ENOMEM;
	len = rewire_claims_encode(claims, work->payload, MAX_PAYLOAD, NULL);
	ret = len;
	if (ret > 0)
		ret = evidence_to_sign(work->to_sign, sizeof(work->to_sign),
				       work->payload, len);
	if (ret > 0)
		ret = rewire_attest_sign_bytes(attest, work->to_sign, ret,
					       work->signature);
	if (ret > 0) {
		rewire_cbor_put_head(&out, REWIRE_CBOR_TAG, REWIRE_COSE_SIGN1);
		rewire_cbor_put_head(&out, REWIRE_CBOR_ARRAY, 4);
		rewire_cbor_put_string(&out, REWIRE_CBOR_BYTES,
				       protected_header,
				       sizeof(protected_header));
		rewire_cbor_put_head(&out, REWIRE_CBOR_MAP, 1);
		rewire_cbor_put_int(&out, REWIRE_COSE_X5CHAIN);
		rewire_cbor_put_string(&out, REWIRE_CBOR_BYTES, attest->cert,
				       attest->cert_len);
		rewire_cbor_put_string(&out, REWIRE_CBOR_BYTES, work->payload,
				       len);
		rewire_cbor_put_string(&out, REWIRE_CBOR_BYTES,
				       work->signature, ret);
		ret = rewire_cbor_done(&out);
	}
	kfree(work);
	return ret;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_evidence_make);

/* the parts of a token, in place */
struct evidence_parts {
	const u8 *cert;
	u32 cert_len;
	const u8 *payload;
	u32 payload_len;
	const u8 *signature;
	u32 signature_len;
};

static int evidence_form(struct rewire_why *why, const char *what)
{
	return rewire_because(why, -EBADMSG, "evidence: not %s", what);
}

static int evidence_headers(struct rewire_cbor_in *in,
			    struct evidence_parts *parts,
			    struct rewire_why *why)
{
	const u8 *header;
	u64 pairs, key;
	u32 len;
	int ret;

	ret = rewire_cbor_get_string(in, REWIRE_CBOR_BYTES, &header, &len, why);
	if (ret)
		return ret;
	if (len != sizeof(protected_header) ||
	    memcmp(header, protected_header, len))
		return rewire_because(why, -EOPNOTSUPP,
				      "evidence: the protected header is not { 1: -257 }, RS256");
	ret = rewire_cbor_get(in, REWIRE_CBOR_MAP, &pairs, why);
	if (ret)
		return ret;
	if (pairs != 1)
		return evidence_form(why, "one unprotected header, x5chain");
	ret = rewire_cbor_get(in, REWIRE_CBOR_UINT, &key, why);
	if (ret)
		return ret;
	if (key != REWIRE_COSE_X5CHAIN)
		return evidence_form(why, "x5chain as unprotected header");
	return rewire_cbor_get_string(in, REWIRE_CBOR_BYTES, &parts->cert,
				      &parts->cert_len, why);
}

static int evidence_parse(const u8 *token, u32 len,
			  struct evidence_parts *parts, struct rewire_why *why)
{
	struct rewire_cbor_in in;
	u64 value;
	int ret;

	ret = rewire_cbor_open(&in, token, len, why);
	if (!ret)
		ret = rewire_cbor_get(&in, REWIRE_CBOR_TAG, &value, why);
	if (!ret && value != REWIRE_COSE_SIGN1)
		ret = evidence_form(why, "a COSE_Sign1, tag 18");
	if (!ret)
		ret = rewire_cbor_get(&in, REWIRE_CBOR_ARRAY, &value, why);
	if (!ret && value != 4)
		ret = evidence_form(why, "a COSE_Sign1 of four parts");
	if (!ret)
		ret = evidence_headers(&in, parts, why);
	if (!ret)
		ret = rewire_cbor_get_string(&in, REWIRE_CBOR_BYTES,
					     &parts->payload,
					     &parts->payload_len, why);
	if (!ret)
		ret = rewire_cbor_get_string(&in, REWIRE_CBOR_BYTES,
					     &parts->signature,
					     &parts->signature_len, why);
	if (!ret && parts->payload_len > MAX_PAYLOAD)
		ret = rewire_because(why, -EBADMSG,
				     "evidence: %u bytes of claims, at most %u can be",
				     parts->payload_len, MAX_PAYLOAD);
	return ret;
}

/**
 * rewire_evidence_check() - is this an SM's evidence, and what does it say?
 * @roles: keyrings; an anchor of the platform role issued the SM's certificate
 * @token: bytes from anybody
 * @len: how many
 * @claims: out: what it says; all zero on failure
 * @why: reason of a refusal
 *
 * What it says is true of the SM of @claims->ueid, and nothing more: the caller
 * compares nonce, role, transcript (rewire_evidence_bound()) and whatever else
 * it asked for.
 *
 * Return: 0; -EBADMSG when the bytes are not what they must be, -EOPNOTSUPP for
 * another algorithm or profile, -ENOKEY when nobody of the platform role issued
 * the certificate, -EKEYREJECTED when a signature is wrong or the ueid is not
 * that of the certificate's key, -EINVAL for a length out of range, -ENOMEM.
 */
int rewire_evidence_check(struct rewire_roles *roles, const u8 *token,
			  u32 len, struct rewire_claims *claims,
			  struct rewire_why *why)
{
	struct evidence_parts parts;
	u8 id[REWIRE_ID_SIZE];
	u8 *to_sign;
	int ret;

	memset(claims, 0, sizeof(*claims));
	if (!len || len > REWIRE_MAX_EVIDENCE)
		return rewire_because(why, -EINVAL,
				      "evidence has 1 to %u bytes",
				      REWIRE_MAX_EVIDENCE);
	ret = evidence_parse(token, len, &parts, why);
	if (ret)
		return ret;
	to_sign = kmalloc(MAX_PAYLOAD + SIG_STRUCTURE, GFP_KERNEL);
	if (!to_sign)
		return -ENOMEM;
	ret = evidence_to_sign(to_sign, MAX_PAYLOAD + SIG_STRUCTURE,
			       parts.payload, parts.payload_len);
	if (ret > 0)
		ret = rewire_peer_verify_bytes(roles, parts.cert,
					       parts.cert_len, to_sign, ret,
					       parts.signature,
					       parts.signature_len, id, why);
	kfree(to_sign);
	if (ret)
		return ret;
	ret = rewire_claims_decode(parts.payload, parts.payload_len, claims,
				   why);
	if (ret)
		return ret;
	if (memcmp(claims->ueid + 1, id, REWIRE_ID_SIZE)) {
		memset(claims, 0, sizeof(*claims));
		return rewire_because(why, -EKEYREJECTED,
				      "evidence: the ueid is another SM's than the certificate's");
	}
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_evidence_check);

/**
 * rewire_evidence_bound() - is it about this step of this migration?
 * @claims: of rewire_evidence_check()
 * @nonce: what we asked the peer to answer
 * @nonce_len: its bytes
 * @role: REWIRE_SIDE_* of the peer; our own evidence comes back with ours
 * @request_id: the migration
 * @transcript: of its messages so far
 * @why: reason of a refusal
 *
 * Return: 0, or -EKEYREJECTED for evidence of anything else.
 */
int rewire_evidence_bound(const struct rewire_claims *claims, const u8 *nonce,
			  u32 nonce_len, u32 role, const u8 *request_id,
			  const u8 *transcript, struct rewire_why *why)
{
	const char *what = NULL;

	if (claims->nonce_len != nonce_len ||
	    memcmp(claims->nonce, nonce, nonce_len))
		what = "answers another nonce";
	else if (!(claims->groups & REWIRE_EAT_SESSION))
		what = "is about no migration";
	else if (claims->role != role)
		what = "is of the other role";
	else if (memcmp(claims->request_id, request_id, REWIRE_ID_SIZE))
		what = "is about another migration";
	else if (memcmp(claims->transcript, transcript, REWIRE_DIGEST_SIZE))
		what = "is about another course of this migration";
	if (!what || rewire_weakened(evidence))
		return 0;
	return rewire_because(why, -EKEYREJECTED, "the evidence %s", what);
}
EXPORT_SYMBOL_IF_KUNIT(rewire_evidence_bound);
