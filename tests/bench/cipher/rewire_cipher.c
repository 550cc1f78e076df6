// SPDX-License-Identifier: GPL-2.0-only
/*
 * The bare cipher, for the bench: the kernel's gcm(aes) over as many pages as
 * are asked for, in records of 1 MiB, with what a stream's record has beside the
 * data (24 bytes of header, 16 of tag) and nothing else around it.
 *
 * Reading /sys/module/rewire_cipher/parameters/encrypt makes one pass and gives
 * the bytes and the nanoseconds it took; decrypt undoes what the parameter
 * "prepare" has encrypted.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#include <crypto/aead.h>
#include <linux/err.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/random.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>

#define RECORD		(1 << 20)
#define RECORD_PAGES	(RECORD / PAGE_SIZE)
#define HEADER_SIZE	24
#define TAG_SIZE	16
#define NONCE_SIZE	12

static unsigned int mib = 16;
module_param(mib, uint, 0444);
MODULE_PARM_DESC(mib, "amount of data, in records of 1 MiB");

/* header and tag of the record in work: not on a stack, as sg wants it */
static struct cipher {
	struct crypto_aead *tfm;
	struct aead_request *req;
	struct page **plain, **cipher, **buffer;
	u8 (*tag)[TAG_SIZE];
	u8 header[HEADER_SIZE];
	struct scatterlist in[RECORD_PAGES + 2], out[RECORD_PAGES + 2];
} *cipher;

static void sg_fill(struct scatterlist *sg, struct page **pages, u8 *tag)
{
	unsigned int i;

	sg_init_table(sg, RECORD_PAGES + 2);
	sg_set_buf(&sg[0], cipher->header, HEADER_SIZE);
	for (i = 0; i < RECORD_PAGES; i++)
		sg_set_page(&sg[i + 1], pages[i], PAGE_SIZE, 0);
	sg_set_buf(&sg[RECORD_PAGES + 1], tag, TAG_SIZE);
}

/* @out is the same buffer for all records, as in an extract, or one of its own */
static int record(unsigned int n, bool encrypt, struct page **out)
{
	struct page **plain = &cipher->plain[n * RECORD_PAGES];
	u8 nonce[NONCE_SIZE] = { n, n >> 8 };
	DECLARE_CRYPTO_WAIT(wait);
	int ret;

	sg_fill(cipher->in, encrypt ? plain : out, cipher->tag[n]);
	sg_fill(cipher->out, encrypt ? out : plain, cipher->tag[n]);
	aead_request_set_callback(cipher->req, CRYPTO_TFM_REQ_MAY_SLEEP,
				  crypto_req_done, &wait);
	aead_request_set_ad(cipher->req, HEADER_SIZE);
	aead_request_set_crypt(cipher->req, cipher->in, cipher->out,
			       encrypt ? RECORD : RECORD + TAG_SIZE, nonce);
	ret = encrypt ? crypto_aead_encrypt(cipher->req) :
			crypto_aead_decrypt(cipher->req);
	return crypto_wait_req(ret, &wait);
}

static int pass(char *buffer, bool encrypt, bool keep)
{
	u64 start = ktime_get_ns();
	unsigned int n;
	int ret = 0;

	for (n = 0; n < mib && !ret; n++) {
		ret = record(n, encrypt, keep ?
			     &cipher->cipher[n * RECORD_PAGES] :
			     cipher->buffer);
		cond_resched();
	}
	return ret ?: sysfs_emit(buffer, "%llu %llu\n", (u64)mib * RECORD,
				 ktime_get_ns() - start);
}

static int get_encrypt(char *buffer, const struct kernel_param *kp)
{
	return pass(buffer, true, false);
}

static int get_prepare(char *buffer, const struct kernel_param *kp)
{
	return pass(buffer, true, true);
}

static int get_decrypt(char *buffer, const struct kernel_param *kp)
{
	return pass(buffer, false, true);
}

static const struct kernel_param_ops encrypt_ops = { .get = get_encrypt };
static const struct kernel_param_ops prepare_ops = { .get = get_prepare };
static const struct kernel_param_ops decrypt_ops = { .get = get_decrypt };

module_param_cb(encrypt, &encrypt_ops, NULL, 0400);
module_param_cb(prepare, &prepare_ops, NULL, 0400);
module_param_cb(decrypt, &decrypt_ops, NULL, 0400);

static void pages_free(struct page **pages, unsigned int count)
{
	unsigned int i;

	for (i = 0; pages && i < count && pages[i]; i++)
		__free_page(pages[i]);
	kvfree(pages);
}

static struct page **pages_alloc(unsigned int count)
{
	struct page **pages = kvcalloc(count, sizeof(*pages), GFP_KERNEL);
	unsigned int i;

	for (i = 0; pages && i < count; i++) {
		pages[i] = alloc_page(GFP_KERNEL);
		if (!pages[i]) {
			pages_free(pages, count);
			return NULL;
		}
		get_random_bytes(page_address(pages[i]), PAGE_SIZE);
	}
	return pages;
}

static void cipher_free(void)
{
	pages_free(cipher->plain, mib * RECORD_PAGES);
	pages_free(cipher->cipher, mib * RECORD_PAGES);
	pages_free(cipher->buffer, RECORD_PAGES);
	kfree(cipher->tag);
	if (cipher->req)
		aead_request_free(cipher->req);
	if (!IS_ERR_OR_NULL(cipher->tfm))
		crypto_free_aead(cipher->tfm);
	kfree(cipher);
}

static int __init cipher_init(void)
{
	u8 key[32];
	int ret = -ENOMEM;

	if (!mib || mib > 1024)
		return -EINVAL;
	cipher = kzalloc(sizeof(*cipher), GFP_KERNEL);
	if (!cipher)
		return -ENOMEM;
	cipher->tag = kcalloc(mib, TAG_SIZE, GFP_KERNEL);
	cipher->plain = pages_alloc(mib * RECORD_PAGES);
	cipher->cipher = pages_alloc(mib * RECORD_PAGES);
	cipher->buffer = pages_alloc(RECORD_PAGES);
	cipher->tfm = crypto_alloc_aead("gcm(aes)", 0, 0);
	if (!IS_ERR(cipher->tfm))
		cipher->req = aead_request_alloc(cipher->tfm, GFP_KERNEL);
	if (!cipher->tag || !cipher->plain || !cipher->cipher || !cipher->buffer ||
	    !cipher->req)
		goto err_free;
	get_random_bytes(key, sizeof(key));
	ret = crypto_aead_setkey(cipher->tfm, key, sizeof(key));
	memzero_explicit(key, sizeof(key));
	if (!ret)
		ret = crypto_aead_setauthsize(cipher->tfm, TAG_SIZE);
	if (ret)
		goto err_free;
	return 0;

err_free:
	cipher_free();
	return ret;
}

static void __exit cipher_exit(void)
{
	cipher_free();
}

module_init(cipher_init);
module_exit(cipher_exit);
MODULE_DESCRIPTION("REWIRE bench: the bare cipher");
MODULE_LICENSE("GPL");
