// SPDX-License-Identifier: MIT
/*
 * The writer of journals that tests and fuzzers read: the format's description,
 * once more and with nothing of the reader.
 */
#include <assert.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/kdf.h>
#include <openssl/sha.h>

#include "journal_fixture.h"

const __u8 journal_fixture_sm[REWIRE_ID_SIZE] = "SM of the test..";
const __u8 journal_fixture_id[REWIRE_ID_SIZE] = "the journal's id";
const __u8 journal_fixture_root[3][FIX_ROOT_KEY] = {
	"", "root key of generation 1.......", "root key of generation 2.......",
};

void journal_derive(__u32 generation, const __u8 id[REWIRE_ID_SIZE],
		    const char *label, __u8 key[REWIRE_DIGEST_SIZE])
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_id(EVP_PKEY_HKDF, NULL);
	size_t length = REWIRE_DIGEST_SIZE;
	int good;

	good = EVP_PKEY_derive_init(context) > 0 &&
	       EVP_PKEY_CTX_set_hkdf_md(context, EVP_sha256()) > 0 &&
	       EVP_PKEY_CTX_set1_hkdf_key(context,
					  journal_fixture_root[generation],
					  FIX_ROOT_KEY) > 0 &&
	       EVP_PKEY_CTX_set1_hkdf_salt(context, id, REWIRE_ID_SIZE) > 0 &&
	       EVP_PKEY_CTX_add1_hkdf_info(context, (const unsigned char *)label,
					   (int)strlen(label) + 1) > 0 &&
	       EVP_PKEY_derive(context, key, &length) > 0;
	assert(good);
	EVP_PKEY_CTX_free(context);
}

void journal_mac(__u32 generation, const __u8 id[REWIRE_ID_SIZE],
		 const __u8 *at, size_t length, __u8 mac[REWIRE_MAC_SIZE])
{
	__u8 key[REWIRE_DIGEST_SIZE];

	journal_derive(generation, id, "rewire v1 journal", key);
	HMAC(EVP_sha256(), key, sizeof(key), at, length, mac, NULL);
}

void journal_add(struct journal *j, __u16 type, const void *payload,
		 __u32 length)
{
	struct rewire_journal_record record = {
		.magic = REWIRE_JOURNAL_MAGIC,
		.type = type,
		.version = 1,
		.length = length,
		.generation = j->generation,
		.sequence = j->sequence++,
	};
	size_t body = sizeof(record) + ((length + 7u) & ~7u);
	__u8 *at = j->data + j->length;

	memcpy(record.previous, j->head, sizeof(record.previous));
	memset(at, 0, body);
	memcpy(at, &record, sizeof(record));
	memcpy(at + sizeof(record), payload, length);
	journal_mac(j->generation, journal_fixture_id, at, body, at + body);
	SHA256(at, body + REWIRE_MAC_SIZE, j->head);
	j->last = j->length;
	j->length += body + REWIRE_MAC_SIZE;
}

void journal_add_generation(struct journal *j, __u32 generation)
{
	struct rewire_journal_generation g = { .generation = generation };

	journal_derive(generation, journal_fixture_id, "rewire v1 root check",
		       g.check);
	journal_add(j, REWIRE_JOURNAL_GENERATION, &g, sizeof(g));
	if (generation > j->generation)
		j->generation = generation;
}

void journal_add_workload(struct journal *j, __u64 epoch)
{
	struct rewire_journal_workload w = { .epoch = epoch };

	journal_add(j, REWIRE_JOURNAL_WORKLOAD, &w, sizeof(w));
}

void journal_begin(struct journal *j)
{
	struct rewire_journal_open o;

	memset(j, 0, sizeof(*j));
	j->generation = 1;
	memcpy(o.sm, journal_fixture_sm, sizeof(o.sm));
	memcpy(o.journal, journal_fixture_id, sizeof(o.journal));
	journal_add(j, REWIRE_JOURNAL_OPEN, &o, sizeof(o));
	journal_add_generation(j, 1);
}

void journal_compact(struct journal *j, const struct journal *from)
{
	struct rewire_journal_base b = { .records = 3 };

	memset(j, 0, sizeof(*j));
	j->generation = from->generation;
	j->sequence = from->sequence;
	memcpy(j->head, from->head, sizeof(j->head));
	memcpy(b.sm, journal_fixture_sm, sizeof(b.sm));
	memcpy(b.journal, journal_fixture_id, sizeof(b.journal));
	journal_add(j, REWIRE_JOURNAL_BASE, &b, sizeof(b));
	journal_add_generation(j, 1);
	journal_add_workload(j, 5);
	journal_add_workload(j, 6);
}
