// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the parsers call outside of themselves, and who calls them.
 */
#include <shim.h>

#include <openssl/sha.h>

#include "kmod/cbor.h"
#include "kmod/evidence.h"
#include "kmod/journal_scan.h"
#include "kmod/platform.h"
#include "kmod/trust.h"

#include "kernel.h"
#include "tests/user/journal_fixture.h"

void sha256(const u8 *data, unsigned int size, u8 *digest)
{
	SHA256(data, size, digest);
}

/* ---- evidence ---- */

/* of a Sig_structure: context, protected header, no external data */
#define BEFORE_PAYLOAD (sizeof(REWIRE_COSE_CONTEXT) - 1 + 6 + 1)

/*
 * Signed by whom it says, whatever it is: whose key it is follows from the claims
 * that are signed. Those that cannot be read are refused behind this anyway.
 */
int rewire_peer_verify_bytes(struct rewire_roles *roles, const void *cert,
			     size_t cert_len, const void *data, size_t len,
			     const void *signature, size_t signature_len,
			     u8 id[REWIRE_ID_SIZE], struct rewire_why *why)
{
	struct rewire_cbor_in in = {
		.start = data, .at = (const u8 *)data + BEFORE_PAYLOAD,
		.end = (const u8 *)data + len,
	};
	struct rewire_claims claims;
	const u8 *payload;
	u32 size;
	int ret;

	(void)roles, (void)cert, (void)cert_len, (void)signature;
	(void)signature_len, (void)why;
	ret = rewire_cbor_get_string(&in, REWIRE_CBOR_BYTES, &payload, &size, NULL);
	assert(!ret && payload + size == in.end);
	rewire_claims_decode(payload, size, &claims, NULL);
	memcpy(id, claims.ueid + 1, REWIRE_ID_SIZE);
	return 0;
}

u64 rewire_platform_freshness(u32 freshness)
{
	return rewire_freshness_claims(freshness);
}

int kernel_evidence_check(const u8 *token, size_t length,
			  struct rewire_claims *ret_claims, char *why)
{
	return rewire_evidence_check(NULL, token, (u32)length, ret_claims,
				     (struct rewire_why *)why);
}

int kernel_claims_encode(const struct rewire_claims *claims, u8 *to, u32 room)
{
	return rewire_claims_encode(claims, to, room, NULL);
}

static const struct kernel_signer *signer;

int rewire_attest_sign_bytes(const struct rewire_attest *attest,
			     const void *data, size_t len,
			     u8 signature[REWIRE_MAX_SIGNATURE])
{
	(void)attest;
	return signer->sign(signer->data, data, len, signature);
}

int kernel_evidence_make(const struct kernel_signer *who,
			 const struct rewire_claims *claims, u8 *token, u32 room)
{
	struct rewire_attest own = {
		.cert = who->certificate,
		.cert_len = who->certificate_length,
	};

	memcpy(own.id, who->sm, REWIRE_ID_SIZE);
	signer = who;
	return rewire_evidence_make(&own, claims, token, room);
}

/* ---- CBOR ---- */

static int copy_item(struct rewire_cbor_in *in, struct rewire_cbor_out *out)
{
	u64 value, entries;
	u8 major;
	int ret = rewire_cbor_get_head(in, &major, &value, NULL);

	if (ret)
		return ret;
	if (major == REWIRE_CBOR_BYTES || major == REWIRE_CBOR_TEXT) {
		rewire_cbor_put_string(out, major, in->at, (u32)value);
		in->at += value;
		return 0;
	}
	rewire_cbor_put_head(out, major, value);
	entries = major == REWIRE_CBOR_ARRAY ? value :
		  major == REWIRE_CBOR_MAP ? 2 * value :
		  major == REWIRE_CBOR_TAG;
	while (entries-- && !ret)
		ret = copy_item(in, out);
	return ret;
}

/* @copy: as long as @data; more than that would be a failure */
int kernel_cbor_copy(const u8 *data, size_t length, u8 *copy, char *why)
{
	struct rewire_cbor_out out = { .buf = copy, .room = (u32)length };
	struct rewire_cbor_in in;
	int ret = rewire_cbor_open(&in, data, (u32)length,
				   (struct rewire_why *)why);

	if (ret)
		return ret;
	ret = copy_item(&in, &out);
	assert(!ret && rewire_cbor_done(&out) == (int)length);
	return 0;
}

/* ---- journals ---- */

/* as in kmod/keys.c */
struct key *rewire_root_of(const struct rewire_roots *roots, u32 generation)
{
	return generation && generation <= roots->newest ?
	       roots->key[generation] : NULL;
}

void rewire_journal_name(struct rewire_journal *journal,
			 const u8 id[REWIRE_ID_SIZE])
{
	memcpy(journal->id, id, REWIRE_ID_SIZE);
}

int rewire_journal_mac(struct rewire_journal *journal, u32 generation,
		       size_t len, u8 mac[REWIRE_MAC_SIZE])
{
	if (!rewire_root_of(journal->roots, generation))
		return -ENOKEY;
	journal_mac(generation, journal->id, journal->buffer, len, mac);
	return 0;
}

int rewire_journal_check(const struct rewire_journal *journal,
			 struct key *root, u8 check[REWIRE_DIGEST_SIZE])
{
	u32 generation = root == journal->roots->key[1] ? 1 : 2;

	journal_derive(generation, journal->id, "rewire v1 root check", check);
	return 0;
}

int kernel_journal_scan(const u8 *data, size_t length, const u8 *sm,
			struct kernel_journal *ret_found, char *why)
{
	static u8 buffer[REWIRE_JOURNAL_BUFFER];
	struct key keys[2] = {};
	struct rewire_roots roots = {
		.newest = 2, .key = { NULL, &keys[0], &keys[1] },
	};
	struct file file = { .inode.size = (loff_t)length, .data = data };
	struct rewire_journal journal = {
		.file = { &file }, .roots = &roots, .buffer = buffer,
	};
	struct rewire_journal_scan scan;
	int ret;

	memcpy(journal.sm, sm, REWIRE_ID_SIZE);
	ret = rewire_journal_scan(&journal, 0, &scan, NULL, NULL, NULL);
	memcpy(why, scan.why.text, sizeof(scan.why.text));
	*ret_found = (struct kernel_journal){
		.base = scan.chain.base,
		.sequence = scan.chain.sequence,
		.generation = scan.chain.generation,
		.end = (size_t)scan.chain.end,
		.blank = scan.blank,
		.unfinished = scan.unfinished,
	};
	memcpy(ret_found->head, scan.chain.head, REWIRE_DIGEST_SIZE);
	return ret;
}

/* ---- trust ---- */

struct rewire_anchors *rewire_anchors_alloc(u32 role)
{
	struct rewire_anchors *anchors = calloc(1, sizeof(*anchors));

	if (anchors)
		anchors->role = role;
	return anchors;
}

void rewire_anchors_free(struct rewire_anchors *anchors)
{
	free(anchors);
}

/* What a certificate is, OpenSSL says here. */
int rewire_anchors_add(struct rewire_anchors *anchors, const void *cert,
		       size_t cert_len, struct rewire_why *why)
{
	u8 *id = anchors->id[anchors->count];

	assert(anchors->count < REWIRE_BUNDLE_ANCHORS);
	if (kernel_certificate_id(cert, cert_len, id))
		return rewire_because(why, -EBADMSG, "not a certificate");
	for (u32 i = 0; i < anchors->count; i++)
		if (!memcmp(anchors->id[i], id, REWIRE_ID_SIZE))
			return rewire_because(why, -EBADMSG, "the same key");
	anchors->count++;
	return 0;
}

void rewire_roles_replace(struct rewire_roles *roles,
			  struct rewire_anchors *anchors)
{
	(void)roles;
	rewire_anchors_free(anchors);
}

/* Of a statement that comes from users; the replay's was signed before. */
int rewire_quorum_root(struct rewire_roles *roles, const void *data, u32 len,
		       const struct rewire_cms *signatures, u32 count,
		       struct rewire_why *why)
{
	(void)roles, (void)data, (void)len, (void)signatures, (void)count;
	(void)why;
	abort();
}

int rewire_quorum_check(const struct rewire_anchors *anchors, const char *which,
			const void *data, u32 len,
			const struct rewire_cms *signatures, u32 count,
			struct rewire_why *why)
{
	(void)anchors, (void)which, (void)data, (void)len, (void)signatures;
	(void)count, (void)why;
	abort();
}

void rewire_event_post(struct rewire_events *events,
		       const struct rewire_event *event)
{
	(void)events, (void)event;
	abort();
}

int rewire_journal_append(struct rewire_journal *journal, u16 type,
			  const void *payload, u32 length,
			  struct rewire_why *why)
{
	(void)journal, (void)type, (void)payload, (void)length, (void)why;
	abort();
}

bool rewire_roles_revoked(struct rewire_roles *roles,
			  const u8 sm[REWIRE_ID_SIZE])
{
	(void)roles, (void)sm;
	abort();
}

int kernel_trust_read(const u8 *statement, size_t length, char *why)
{
	struct rewire_sm *sm = calloc(1, sizeof(*sm));
	int ret;

	assert(sm);
	ret = rewire_trust_replay(sm, statement, (u32)length,
				  (struct rewire_why *)why);
	rewire_trust_forget(&sm->trusted);
	free(sm);
	return ret;
}
