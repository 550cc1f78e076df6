// SPDX-License-Identifier: GPL-2.0-only
/*
 * The keys that authenticate a journal's records: one for each root key, bound
 * to the journal's id.
 */
#include <crypto/hash.h>
#include <linux/err.h>
#include <linux/string.h>

#include "journal_scan.h"

/**
 * rewire_journal_forget() - the journal has neither id nor keys any more
 * @journal: journal
 */
void rewire_journal_forget(struct rewire_journal *journal)
{
	u32 i;

	for (i = 0; i <= REWIRE_MAX_GENERATIONS; i++) {
		if (journal->mac[i])
			crypto_free_shash(journal->mac[i]);
		journal->mac[i] = NULL;
	}
	memset(journal->id, 0, sizeof(journal->id));
}

/**
 * rewire_journal_name() - the journal has this id from now on
 * @journal: journal
 * @id: its id
 */
void rewire_journal_name(struct rewire_journal *journal,
			 const u8 id[REWIRE_ID_SIZE])
{
	if (!memcmp(journal->id, id, REWIRE_ID_SIZE))
		return;
	rewire_journal_forget(journal);
	memcpy(journal->id, id, REWIRE_ID_SIZE);
}

/**
 * rewire_journal_key() - derive the key of one generation, once
 * @journal: journal, with its id
 * @generation: number of the root key, checked by the caller
 * @root: the key itself
 *
 * Return: 0 or a negative errno.
 */
int rewire_journal_key(struct rewire_journal *journal, u32 generation,
		       struct key *root)
{
	struct crypto_shash *mac;
	u8 key[REWIRE_KEY_SIZE];
	int ret;

	if (journal->mac[generation])
		return 0;
	mac = crypto_alloc_shash("hmac(sha256)", 0, 0);
	if (IS_ERR(mac))
		return PTR_ERR(mac);
	ret = rewire_derive_root(root, journal->id, REWIRE_ID_SIZE,
				 REWIRE_LABEL_JOURNAL, NULL, 0, key,
				 sizeof(key)) ?:
	      crypto_shash_setkey(mac, key, sizeof(key));
	memzero_explicit(key, sizeof(key));
	if (ret)
		crypto_free_shash(mac);
	else
		journal->mac[generation] = mac;
	return ret;
}

/**
 * rewire_journal_mac() - authenticate what is in the journal's buffer
 * @journal: journal
 * @generation: whose key
 * @len: bytes of header, payload and zeros
 * @mac: out: the MAC
 *
 * Return: 0, -ENOKEY when the root key of that generation is not here.
 */
int rewire_journal_mac(struct rewire_journal *journal, u32 generation,
		       size_t len, u8 mac[REWIRE_MAC_SIZE])
{
	struct key *root;
	int ret = 0;

	if (!generation || generation > REWIRE_MAX_GENERATIONS)
		return -ENOKEY;
	if (!journal->mac[generation]) {
		root = rewire_root_of(journal->roots, generation);
		ret = root ? rewire_journal_key(journal, generation, root) :
			     -ENOKEY;
	}
	return ret ?: crypto_shash_tfm_digest(journal->mac[generation],
					      journal->buffer, len, mac);
}

/**
 * rewire_journal_check() - what tells a wrong root key from a damaged journal
 * @journal: journal, with its id
 * @root: the key
 * @check: out: for struct rewire_journal_generation
 *
 * Return: 0 or a negative errno.
 */
int rewire_journal_check(const struct rewire_journal *journal,
			 struct key *root, u8 check[REWIRE_DIGEST_SIZE])
{
	return rewire_derive_root(root, journal->id, REWIRE_ID_SIZE,
				  REWIRE_LABEL_ROOT_CHECK, NULL, 0, check,
				  REWIRE_DIGEST_SIZE);
}
