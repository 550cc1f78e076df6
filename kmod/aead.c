// SPDX-License-Identifier: GPL-2.0-only
/*
 * Records of a stream: AES-256-GCM with a counted nonce.
 *
 * GCM breaks at the first nonce used twice under a key. Here a key comes with
 * its counter, the counter only grows, and a seal that fails half-way ends the
 * use of the key: a nonce that may have been used is never tried again.
 */
#include <crypto/aead.h>
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "aead.h"
#include "weaken.h"

/*
 * The AEAD interface wants associated data, data and tag in one scatterlist,
 * and may not be given a stack. The last two entries are header and tag.
 */
#define TABLE_ENTRIES	(REWIRE_AEAD_MAX_SG + 2)

struct rewire_aead_tables {
	struct rewire_record record;
	u8 tag[REWIRE_TAG_SIZE];
	struct scatterlist in[TABLE_ENTRIES];
	struct scatterlist out[TABLE_ENTRIES];
};

/**
 * rewire_aead_init() - start a stream under a fresh key
 * @aead: to fill; whatever the outcome, rewire_aead_free() may be called
 * @material: key and IV, derived for this stream alone
 *
 * Return: 0 or a negative errno.
 */
int rewire_aead_init(struct rewire_aead *aead,
		     const u8 material[REWIRE_AEAD_MATERIAL])
{
	int ret;

	memset(aead, 0, sizeof(*aead));
	aead->tfm = crypto_alloc_aead("gcm(aes)", 0, 0);
	if (IS_ERR(aead->tfm)) {
		ret = PTR_ERR(aead->tfm);
		aead->tfm = NULL;
		return ret;
	}
	ret = crypto_aead_setkey(aead->tfm, material, REWIRE_KEY_SIZE);
	if (!ret)
		ret = crypto_aead_setauthsize(aead->tfm, REWIRE_TAG_SIZE);
	if (ret)
		goto err_free;

	ret = -ENOMEM;
	aead->req = aead_request_alloc(aead->tfm, GFP_KERNEL);
	aead->tables = kmalloc(sizeof(*aead->tables), GFP_KERNEL);
	if (!aead->req || !aead->tables)
		goto err_free;
	memcpy(aead->iv, material + REWIRE_KEY_SIZE, REWIRE_IV_SIZE);
	sha256_init(&aead->hash);
	return 0;

err_free:
	rewire_aead_free(aead);
	return ret;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_aead_init);

/**
 * rewire_aead_free() - end a stream and wipe its key
 * @aead: of rewire_aead_init(), or all zero
 */
void rewire_aead_free(struct rewire_aead *aead)
{
	kfree_sensitive(aead->tables);
	if (aead->req)
		aead_request_free(aead->req);
	/* the crypto API wipes the key as it frees the transform */
	if (aead->tfm)
		crypto_free_aead(aead->tfm);
	memzero_explicit(aead, sizeof(*aead));
}
EXPORT_SYMBOL_IF_KUNIT(rewire_aead_free);

/* Copy as much of @from as holds @length bytes. Return: entries or -EINVAL. */
static int table_add(struct scatterlist *to, struct scatterlist *from,
		     u32 length)
{
	unsigned int n = 0, part;

	for (; length; from = sg_next(from)) {
		if (!from)
			return -EINVAL;
		part = min(length, from->length);
		if (!part)
			continue;
		if (n == REWIRE_AEAD_MAX_SG)
			return -EINVAL;
		sg_set_page(&to[n++], sg_page(from), part, from->offset);
		length -= part;
	}
	return n;
}

static int table_fill(struct rewire_aead_tables *tables,
		      struct scatterlist *table, struct scatterlist *data,
		      bool with_tag)
{
	int n;

	sg_init_table(table, TABLE_ENTRIES);
	sg_set_buf(&table[0], &tables->record, sizeof(tables->record));
	n = table_add(&table[1], data, tables->record.length);
	if (n < 0)
		return n;
	if (with_tag)
		sg_set_buf(&table[++n], tables->tag, REWIRE_TAG_SIZE);
	sg_mark_end(&table[n]);
	return 0;
}

/* As in TLS 1.3: the sequence number, big-endian at the right, xor the IV */
static void make_nonce(const struct rewire_aead *aead, u8 nonce[REWIRE_IV_SIZE])
{
	int i;

	memcpy(nonce, aead->iv, REWIRE_IV_SIZE);
	for (i = 0; i < 8; i++)
		nonce[REWIRE_IV_SIZE - 1 - i] ^= aead->sequence >> (8 * i);
}

/* Handle tables->record; its tag comes from or goes to tables->tag. */
static int aead_run(struct rewire_aead *aead, struct scatterlist *from,
		    struct scatterlist *to, bool seal)
{
	struct rewire_aead_tables *tables = aead->tables;
	struct scatterlist *out = tables->in;
	u32 length = tables->record.length;
	struct aead_request *req = aead->req;
	u8 nonce[REWIRE_IV_SIZE];
	DECLARE_CRYPTO_WAIT(wait);
	int ret;

	/* in place, one table with room for the tag serves both ways */
	ret = table_fill(tables, tables->in, from, !seal || from == to);
	if (!ret && from != to) {
		out = tables->out;
		ret = table_fill(tables, out, to, seal);
	}
	if (ret)
		return ret;

	make_nonce(aead, nonce);
	aead_request_set_callback(req, CRYPTO_TFM_REQ_MAY_BACKLOG |
				  CRYPTO_TFM_REQ_MAY_SLEEP, crypto_req_done,
				  &wait);
	aead_request_set_ad(req, sizeof(tables->record));
	if (seal) {
		aead_request_set_crypt(req, tables->in, out, length, nonce);
		ret = crypto_aead_encrypt(req);
	} else {
		aead_request_set_crypt(req, tables->in, out,
				       length + REWIRE_TAG_SIZE, nonce);
		ret = crypto_aead_decrypt(req);
	}
	return crypto_wait_req(ret, &wait);
}

/* The record is done: the stream's digest takes it in, its nonce is used up. */
static void aead_advance(struct rewire_aead *aead)
{
	struct rewire_aead_tables *tables = aead->tables;

	sha256_update(&aead->hash, (const u8 *)&tables->record,
		      sizeof(tables->record));
	sha256_update(&aead->hash, tables->tag, sizeof(tables->tag));
	aead->sequence++;
}

/**
 * rewire_aead_seal() - encrypt the next record
 * @aead: stream
 * @record: its header; the sequence number is set here
 * @plain: data, record->length bytes
 * @cipher: where the cipher text goes; may be @plain
 * @tag: where the tag goes
 *
 * Return: 0, -EINVAL when the length is over REWIRE_MAX_RECORD or a list is too
 * short, -EBADFD when the stream had its last record, or -ENOMEM and whatever
 * else the cipher's driver says. Any failure is the end of the stream.
 */
int rewire_aead_seal(struct rewire_aead *aead, struct rewire_record *record,
		     struct scatterlist *plain, struct scatterlist *cipher,
		     u8 tag[REWIRE_TAG_SIZE])
{
	int ret = -EINVAL;

	if (aead->sequence >= REWIRE_AEAD_MAX_RECORDS)
		return -EBADFD;
	if (record->length > REWIRE_MAX_RECORD)
		goto err_spent;
	record->sequence = aead->sequence;
	aead->tables->record = *record;
	ret = aead_run(aead, plain, cipher, true);
	if (ret)
		goto err_spent;
	memcpy(tag, aead->tables->tag, REWIRE_TAG_SIZE);
	aead_advance(aead);
	return 0;

err_spent:
	aead->sequence = REWIRE_AEAD_MAX_RECORDS;
	return ret;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_aead_seal);

/**
 * rewire_aead_open() - verify and decrypt the next record
 * @aead: stream
 * @record: its header as received
 * @cipher: cipher text, record->length bytes
 * @plain: where the data goes; may be @cipher. Nothing may be made of it before
 *	this function returned 0
 * @tag: its tag as received
 *
 * Return: 0, -EBADMSG when the record is not the next one of this stream or was
 * changed, -EINVAL when the length is over REWIRE_MAX_RECORD or a list is too
 * short, -EBADFD when the stream had its last record. After a failure the
 * stream still expects the same record.
 */
int rewire_aead_open(struct rewire_aead *aead,
		     const struct rewire_record *record,
		     struct scatterlist *cipher, struct scatterlist *plain,
		     const u8 tag[REWIRE_TAG_SIZE])
{
	int ret;

	if (aead->sequence >= REWIRE_AEAD_MAX_RECORDS)
		return -EBADFD;
	if (record->length > REWIRE_MAX_RECORD)
		return -EINVAL;
	if (record->sequence != aead->sequence)
		return -EBADMSG;
	aead->tables->record = *record;
	memcpy(aead->tables->tag, tag, REWIRE_TAG_SIZE);
	ret = aead_run(aead, cipher, plain, false);
	if (rewire_weakened(record_tag) && ret == -EBADMSG)
		ret = 0;
	if (!ret)
		aead_advance(aead);
	return ret;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_aead_open);

/**
 * rewire_aead_digest() - the digest D of the stream so far
 * @aead: stream
 * @digest: SHA-256 over header and tag of all records so far, in their order;
 *	the stream goes on afterwards
 *
 * Return: 0.
 */
int rewire_aead_digest(const struct rewire_aead *aead,
		       u8 digest[REWIRE_DIGEST_SIZE])
{
	struct sha256_ctx hash = aead->hash;

	sha256_final(&hash, digest);
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_aead_digest);

/**
 * rewire_sg_linear() - a scatterlist of a buffer
 * @list: to fill
 * @room: its entries
 * @buf: kmalloc or vmalloc memory, not a stack
 * @len: its bytes, not 0
 *
 * Return: entries used, the last of which is marked as the end; 0 when there is
 * not enough room.
 */
unsigned int rewire_sg_linear(struct scatterlist *list, unsigned int room,
			      const void *buf, size_t len)
{
	unsigned int n = 0, part;
	struct page *page;

	sg_init_table(list, room);
	for (; len; buf += part, len -= part) {
		if (n == room)
			return 0;
		part = min_t(size_t, len, PAGE_SIZE - offset_in_page(buf));
		page = is_vmalloc_addr(buf) ? vmalloc_to_page(buf) :
					      virt_to_page(buf);
		sg_set_page(&list[n++], page, part, offset_in_page(buf));
	}
	if (n)
		sg_mark_end(&list[n - 1]);
	return n;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_sg_linear);
