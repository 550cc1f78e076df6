// SPDX-License-Identifier: MIT
/*
 * Receipts of updates: one that an SM signed, and every byte of it changed; its
 * record in a journal, and in one that was cut, forked, or is another's.
 */
#include <errno.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/sha.h>

#include "test.h"

#include <rewire_update.h>

#include "scratch.h"

static char *folder;
static char platform[256], other[256];
static EVP_PKEY *key;
static __u8 *certificate;
static int certificate_length;
static __u8 sm[REWIRE_ID_SIZE];

static int make_pki(void **state)
{
	struct rewire_error err;
	X509 *x509 = NULL;
	FILE *f;

	(void)state;
	folder = scratch_make();
	if (rewire_pki_init(scratch_path(folder, "pki"), &err) ||
	    rewire_pki_host(scratch_path(folder, "pki"), "alpha", NULL, sm,
			    &err)) {
		fprintf(stderr, "%s\n", err.text);
		return -1;
	}
	strcpy(platform, scratch_path(folder, "pki/platform.crt"));
	strcpy(other, scratch_path(folder, "pki/tls-ca.crt"));
	f = fopen(scratch_path(folder, "pki/hosts/alpha/attest.key"), "r");
	if (!f)
		return -1;
	key = PEM_read_PrivateKey(f, NULL, NULL, NULL);
	fclose(f);
	f = fopen(scratch_path(folder, "pki/hosts/alpha/attest.crt"), "r");
	if (!f)
		return -1;
	x509 = PEM_read_X509(f, NULL, NULL, NULL);
	if (!x509) {
		rewind(f);
		x509 = d2i_X509_fp(f, NULL);
	}
	fclose(f);
	certificate_length = i2d_X509(x509, &certificate);
	X509_free(x509);
	return key && certificate_length > 0 ? 0 : -1;
}

static int remove_pki(void **state)
{
	(void)state;
	EVP_PKEY_free(key);
	OPENSSL_free(certificate);
	scratch_remove(folder);
	return 0;
}

struct receipt_file {
	__u8 data[REWIRE_MAX_UPDATE_RECEIPT];
	size_t length;
};

static struct rewire_update_receipt receipt_of(void)
{
	struct rewire_update_receipt r = {
		.header = {
			.magic = REWIRE_MAGIC,
			.type = REWIRE_TYPE_UPDATE_RECEIPT,
			.version = REWIRE_VERSION,
			.size = sizeof(r),
		},
		.id = { 1 },
		.state = REWIRE_UPDATE_SWITCHED,
		.epoch = 6,
		.from = { .release = 3, .svn = 2 },
		.to = { .release = 4, .svn = 2 },
		.sequence = 3,
	};

	memcpy(r.sm, sm, sizeof(sm));
	return r;
}

/* As an SM does: @domain in its place. */
static void sign(const struct rewire_update_receipt *receipt,
		 const char *domain, size_t domain_length,
		 struct receipt_file *file)
{
	struct rewire_update_receipt r = *receipt;
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	size_t length = (size_t)EVP_PKEY_get_size(key);
	__u8 *at = file->data;

	r.cert_len = (__u32)certificate_length;
	r.sig_len = (__u32)length;
	memcpy(at, &r, sizeof(r));
	at += sizeof(r);
	memcpy(at, certificate, (size_t)certificate_length);
	at += certificate_length;
	assert_int_equal(EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL,
					    key), 1);
	assert_int_equal(EVP_DigestSignUpdate(context, domain, domain_length),
			 1);
	assert_int_equal(EVP_DigestSignUpdate(context, &r, sizeof(r)), 1);
	assert_int_equal(EVP_DigestSignFinal(context, at, &length), 1);
	EVP_MD_CTX_free(context);
	file->length = sizeof(r) + (size_t)certificate_length + length;
}

static void sign_good(const struct rewire_update_receipt *receipt,
		      struct receipt_file *file)
{
	sign(receipt, REWIRE_UPDATE_RECEIPT_DOMAIN,
	     sizeof(REWIRE_UPDATE_RECEIPT_DOMAIN), file);
}

/* In a block of its very size. */
static int verify(const __u8 *data, size_t length, const char *ca)
{
	struct rewire_update_receipt out;
	struct rewire_error err = { 0 };
	__u8 *copy = malloc(length ? length : 1);
	int rc;

	memcpy(copy, data, length);
	rc = rewire_update_receipt_verify(copy, length, ca, &out, &err);
	free(copy);
	assert_int_equal(rc, -err.code);
	return rc;
}

static void genuine(void **state)
{
	struct rewire_update_receipt in = receipt_of(), out;
	struct receipt_file file;

	(void)state;
	sign_good(&in, &file);
	assert_int_equal(rewire_update_receipt_verify(file.data, file.length,
						      platform, &out, NULL), 0);
	assert_int_equal(out.to.release, 4);
	assert_int_equal(out.state, REWIRE_UPDATE_SWITCHED);
	assert_int_equal(verify(file.data, file.length, other), -EKEYREJECTED);
	in.state = REWIRE_UPDATE_ABORTED;
	in.error = ETIMEDOUT;
	strcpy(in.reason, "no answer");
	sign_good(&in, &file);
	assert_int_equal(verify(file.data, file.length, platform), 0);
}

static void every_byte_changed(void **state)
{
	static const __u8 bits[] = { 0x01, 0x80 };
	struct rewire_update_receipt in = receipt_of();
	struct receipt_file file;

	(void)state;
	sign_good(&in, &file);
	for (size_t at = 0; at < file.length; at++)
		for (size_t bit = 0; bit < ARRAY_SIZE(bits); bit++) {
			file.data[at] ^= bits[bit];
			if (!verify(file.data, file.length, platform))
				fail_msg("byte %zu changed, and taken", at);
			file.data[at] ^= bits[bit];
		}
	assert_int_equal(verify(file.data, file.length, platform), 0);
}

static void every_length(void **state)
{
	struct rewire_update_receipt in = receipt_of();
	struct receipt_file file;

	(void)state;
	sign_good(&in, &file);
	for (size_t length = 0; length < file.length; length++)
		assert_int_equal(verify(file.data, length, platform), -EBADMSG);
	assert_int_equal(verify(file.data, file.length + 1, platform),
			 -EBADMSG);
}

/* Genuine signatures over what is no receipt. */
static void signed_otherwise(void **state)
{
	struct rewire_update_receipt r = receipt_of();
	struct receipt_file file;

	(void)state;
	sign(&r, REWIRE_HEAD_DOMAIN, sizeof(REWIRE_HEAD_DOMAIN), &file);
	assert_int_equal(verify(file.data, file.length, platform),
			 -EKEYREJECTED);
	sign(&r, REWIRE_UPDATE_RECEIPT_DOMAIN,
	     sizeof(REWIRE_UPDATE_RECEIPT_DOMAIN) - 1, &file);
	assert_int_equal(verify(file.data, file.length, platform),
			 -EKEYREJECTED);
	r.sm[0] ^= 1;
	sign_good(&r, &file);
	assert_int_equal(verify(file.data, file.length, platform),
			 -EKEYREJECTED);
	r = receipt_of();
	r.state = REWIRE_UPDATE_TRIAL;
	sign_good(&r, &file);
	assert_int_equal(verify(file.data, file.length, platform), -EBADMSG);
	r = receipt_of();
	memset(r.reason, 'x', sizeof(r.reason));
	sign_good(&r, &file);
	assert_int_equal(verify(file.data, file.length, platform), -EBADMSG);
	r = receipt_of();
	r.header.type = REWIRE_TYPE_HEAD;
	sign_good(&r, &file);
	assert_int_equal(verify(file.data, file.length, platform), -EBADMSG);
}

/* ---- the journal ---- */

struct journal {
	__u8 data[4096];
	size_t length;
	__u64 sequence;
	__u8 head[REWIRE_DIGEST_SIZE];
};

static void add(struct journal *j, __u16 type, const void *payload,
		__u32 length)
{
	struct rewire_journal_record record = {
		.magic = REWIRE_JOURNAL_MAGIC,
		.type = type,
		.version = 1,
		.length = length,
		.generation = 1,
		.sequence = j->sequence++,
	};
	size_t whole = sizeof(record) + ((length + 7u) & ~7u) + REWIRE_MAC_SIZE;
	__u8 *at = j->data + j->length;

	memcpy(record.previous, j->head, sizeof(record.previous));
	memset(at, 0, whole);
	memcpy(at, &record, sizeof(record));
	memcpy(at + sizeof(record), payload, length);
	SHA256(at, whole, j->head);
	j->length += whole;
}

/* Four records; the receipt is about the last but one if @more. */
static void make_journal(struct journal *j, struct rewire_update_receipt *r,
			 bool more)
{
	struct rewire_journal_open open = { .journal = { 9 } };
	struct rewire_journal_generation generation = { .generation = 1 };
	struct rewire_journal_workload workload = { .epoch = 5 };

	memset(j, 0, sizeof(*j));
	memcpy(open.sm, sm, sizeof(sm));
	add(j, REWIRE_JOURNAL_OPEN, &open, sizeof(open));
	add(j, REWIRE_JOURNAL_GENERATION, &generation, sizeof(generation));
	add(j, REWIRE_JOURNAL_WORKLOAD, &workload, sizeof(workload));
	workload.epoch = 6;
	add(j, REWIRE_JOURNAL_WORKLOAD, &workload, sizeof(workload));
	*r = receipt_of();
	memcpy(r->head, j->head, sizeof(r->head));
	if (more)
		add(j, REWIRE_JOURNAL_WORKLOAD, &workload, sizeof(workload));
}

static int in_journal(const struct rewire_update_receipt *r,
		      const struct journal *j)
{
	return rewire_update_receipt_in_journal(r, j->data, j->length, NULL);
}

static void record_in_journal(void **state)
{
	struct rewire_update_receipt r, changed;
	struct journal j, short_one;

	(void)state;
	make_journal(&j, &r, false);
	assert_int_equal(in_journal(&r, &j), 1);
	make_journal(&j, &r, true);
	assert_int_equal(in_journal(&r, &j), 1);

	changed = r;
	changed.head[0] ^= 1;
	assert_int_equal(in_journal(&changed, &j), 0);
	changed = r;
	changed.sequence++;
	assert_int_equal(in_journal(&changed, &j), 0);
	changed = r;
	changed.sequence--;
	assert_int_equal(in_journal(&changed, &j), 0);
	changed = r;
	changed.sm[0] ^= 1;
	assert_int_equal(in_journal(&changed, &j), 0);

	/* Cut before it; damaged; none at all; without a journal. */
	make_journal(&short_one, &r, false);
	short_one.length -= 8;
	assert_int_equal(in_journal(&r, &short_one), 0);
	j.data[sizeof(struct rewire_journal_record)] ^= 1;
	assert_int_equal(in_journal(&r, &j), -EUCLEAN);
	short_one.length = 0;
	assert_int_equal(in_journal(&r, &short_one), 0);
	memset(r.head, 0, sizeof(r.head));
	assert_int_equal(in_journal(&r, &j), -ENODATA);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(genuine),
		cmocka_unit_test(every_byte_changed),
		cmocka_unit_test(every_length),
		cmocka_unit_test(signed_otherwise),
		cmocka_unit_test(record_in_journal),
	};

	return cmocka_run_group_tests_name("update_receipt", tests, make_pki,
					   remove_pki);
}
