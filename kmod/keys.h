/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Key derivation (RFC 5869) and key agreement (P-256 ECDH). Each symmetric key
 * of the SM has one row in the label table here and one use.
 */
#ifndef REWIRE_KEYS_H
#define REWIRE_KEYS_H

#include <linux/key.h>
#include <linux/types.h>

#include "../uapi/rewire.h"
#include "why.h"

#define REWIRE_KEY_SIZE		32	/* AES-256, and every derived secret */
#define REWIRE_IV_SIZE		12	/* GCM */
#define REWIRE_SECRET_SIZE	32	/* x coordinate of a P-256 point */

/*
 * What a derived key is for. The label's text in keys.c, with its terminating
 * zero, is the start of HKDF's info; the caller's context follows.
 *
 * label		secret		salt		context
 * SEAL_MEASUREMENT	root		blob's		blob's header
 * SEAL_WORKLOAD	root		blob's		blob's header
 * SVN			root, K(s + 1)	none		developer, software
 * SEAL_SOFTWARE	K(svn)		blob's		blob's header
 * CHECKPOINT		root		stream's	stream header
 * SESSION		ECDH		transcript	request digest
 * SESSION_STREAM	session's	stream's	stream header
 * JOURNAL		root		journal's id	none
 * ROOT_CHECK		root		journal's id	none
 * SUK			root		none		none
 * PACKAGE		content key	package's	package, in part
 */
enum rewire_label {
	REWIRE_LABEL_SEAL_MEASUREMENT,	/* key and IV of one sealed blob */
	REWIRE_LABEL_SEAL_WORKLOAD,	/* the same, of another policy */
	REWIRE_LABEL_SEAL_SOFTWARE,	/* the same, of another policy */
	REWIRE_LABEL_SVN,		/* K(REWIRE_MAX_SVN), and a step down */
	REWIRE_LABEL_CHECKPOINT,	/* key and IV of one sealed stream */
	REWIRE_LABEL_SESSION,		/* secret of one migration */
	REWIRE_LABEL_SESSION_STREAM,	/* the same, to the peer */
	REWIRE_LABEL_JOURNAL,		/* MAC of a journal's records */
	REWIRE_LABEL_ROOT_CHECK,	/* shown in the journal; no key */
	REWIRE_LABEL_SUK,		/* ikm of the Software Update Key pair */
	REWIRE_LABEL_PACKAGE,		/* key and IV of one sealed payload */
	REWIRE_LABEL_COUNT
};

int rewire_hkdf(const void *secret, size_t secret_len, const void *salt,
		size_t salt_len, const void *info, size_t info_len, void *out,
		size_t out_len);
int rewire_hkdf_extract(const void *salt, size_t salt_len, const void *secret,
			size_t secret_len, u8 prk[REWIRE_KEY_SIZE]);
int rewire_hkdf_expand(const u8 prk[REWIRE_KEY_SIZE], const void *info,
		       size_t info_len, void *out, size_t out_len);
int rewire_derive(const void *secret, size_t secret_len, const void *salt,
		  size_t salt_len, enum rewire_label label, const void *context,
		  size_t context_len, void *out, size_t out_len);
int rewire_derive_root(struct key *root, const void *salt, size_t salt_len,
		       enum rewire_label label, const void *context,
		       size_t context_len, void *out, size_t out_len);
int rewire_derive_chain(u8 key[REWIRE_KEY_SIZE], u32 steps,
			enum rewire_label label, const void *context,
			size_t context_len);
struct key *rewire_root_get(s32 serial);

/**
 * struct rewire_roots - the root keys of an SM
 * @newest: number of the one that seals
 * @key: by number, from 1; NULL where one is not kept any more
 *
 * Read without a lock while one is added: what @newest says is there stays as
 * it is. The slot behind it belongs to whoever holds the journal's lock.
 */
struct rewire_roots {
	u32 newest;
	struct key *key[REWIRE_MAX_GENERATIONS + 1];
};

int rewire_roots_get(struct rewire_roots *roots, const s32 *serials, u32 count,
		     struct rewire_why *why);
u32 rewire_roots_newest(const struct rewire_roots *roots);
struct key *rewire_root_of(const struct rewire_roots *roots, u32 generation);
int rewire_roots_stage(struct rewire_roots *roots, struct key *root,
		       u32 *generation, struct rewire_why *why);
void rewire_roots_unstage(struct rewire_roots *roots, u32 generation);
void rewire_roots_switch(struct rewire_roots *roots, u32 generation);
void rewire_roots_put(struct rewire_roots *roots);

struct crypto_kpp;

/**
 * struct rewire_share - a P-256 key pair
 * @tfm: holds the private half
 * @public: x then y, big-endian
 */
struct rewire_share {
	struct crypto_kpp *tfm;
	u8 public[REWIRE_POINT_SIZE];
};

int rewire_share_generate(struct rewire_share *share);
int rewire_share_from(struct rewire_share *share,
		      const u8 private[REWIRE_KEY_SIZE]);
int rewire_share_agree(struct rewire_share *share,
		       const u8 peer[REWIRE_POINT_SIZE],
		       u8 secret[REWIRE_SECRET_SIZE]);
void rewire_share_wipe(struct rewire_share *share);

#endif
