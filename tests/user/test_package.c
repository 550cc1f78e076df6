// SPDX-License-Identifier: MIT
/*
 * Packages, payloads, wraps and Software Update Keys: how they are made and
 * signed, and each way in which a file of one can be wrong.
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/sha.h>

#include "test.h"

#include "elf_fixture.h"
#include "hpke.h"
#include "image.h"
#include "payload.h"
#include "scratch.h"

static char *folder;	/* of the whole group: keys are slow to make */
static EVP_PKEY *receiver;	/* of the Software Update Key */
static __u8 host_sm[REWIRE_ID_SIZE];
static __u8 suk_file[REWIRE_MAX_SUK];
static size_t suk_length;
static struct elf_fixture elf;
static struct rewire_image image;
static struct rewire_signed manifest;

static const char *in_pki(const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "pki/%s", name);
	return scratch_path(folder, path);
}

static struct rewire_signer *open_signer(const char *role)
{
	struct rewire_signer *signer = NULL;
	struct rewire_error err = { 0 };
	char key[64], crt[64];

	snprintf(key, sizeof(key), "%s.key", role);
	snprintf(crt, sizeof(crt), "%s.crt", role);
	if (rewire_signer_open(in_pki(key), in_pki(crt), NULL, NULL, &signer,
			       &err))
		fail_msg("%s", err.text);
	return signer;
}

/* as an SM states its key */
static void make_suk(const char *domain, size_t domain_length)
{
	struct rewire_suk suk = {
		.header = { REWIRE_MAGIC, REWIRE_TYPE_SUK, REWIRE_VERSION,
			    sizeof(suk), 0 },
		.generation = 3,
	};
	FILE *file = fopen(in_pki("hosts/alpha/attest.key"), "r");
	EVP_PKEY *key = PEM_read_PrivateKey(file, NULL, NULL, NULL);
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	__u8 point[REWIRE_ENC_SIZE];
	unsigned char *der = NULL;
	size_t length, signature = 512;
	X509 *certificate;

	fclose(file);
	file = fopen(in_pki("hosts/alpha/attest.crt"), "r");
	certificate = PEM_read_X509(file, NULL, NULL, NULL);
	fclose(file);
	memcpy(suk.sm, host_sm, sizeof(suk.sm));
	suk.cert_len = (__u32)i2d_X509(certificate, &der);
	suk.sig_len = (__u32)EVP_PKEY_get_size(key);
	assert_int_equal(EVP_PKEY_get_octet_string_param(receiver,
							 OSSL_PKEY_PARAM_PUB_KEY,
							 point, sizeof(point),
							 &length), 1);
	memcpy(suk.point, point + 1, sizeof(suk.point));
	memcpy(suk_file, &suk, sizeof(suk));
	memcpy(suk_file + sizeof(suk), der, suk.cert_len);
	length = sizeof(suk) + suk.cert_len;
	assert_true(EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key) == 1 &&
		    EVP_DigestSignUpdate(context, domain, domain_length) == 1 &&
		    EVP_DigestSignUpdate(context, &suk, sizeof(suk)) == 1 &&
		    EVP_DigestSignFinal(context, suk_file + length,
					&signature) == 1);
	suk_length = length + signature;
	EVP_MD_CTX_free(context);
	EVP_PKEY_free(key);
	X509_free(certificate);
	OPENSSL_free(der);
}

static void make_manifest(void)
{
	struct rewire_manifest m = {
		.release = 7, .svn = 2, .max_memory = 1 << 20, .max_threads = 1,
	};
	struct rewire_signer *signer = open_signer("developer");

	memset(m.software, 0x50, sizeof(m.software));
	assert_int_equal(rewire_image_measure(&image, m.measurement, NULL), 0);
	assert_int_equal(rewire_sign_manifest(signer, &m, &manifest, NULL), 0);
	rewire_signer_free(signer);
}

static int make_world(void **state)
{
	struct rewire_error err;

	(void)state;
	folder = scratch_make();
	receiver = EVP_EC_gen("prime256v1");
	elf_fixture_make(&elf);
	if (rewire_pki_init(scratch_path(folder, "pki"), &err) ||
	    rewire_pki_host(scratch_path(folder, "pki"), "alpha", NULL, host_sm,
			    &err) ||
	    rewire_image_parse((const __u8 *)&elf, sizeof(elf), &image, &err)) {
		fprintf(stderr, "%s\n", err.text);
		return -1;
	}
	make_suk(REWIRE_SUK_DOMAIN, sizeof(REWIRE_SUK_DOMAIN));
	make_manifest();
	return 0;
}

static int remove_world(void **state)
{
	(void)state;
	rewire_image_close(&image);
	EVP_PKEY_free(receiver);
	scratch_remove(folder);
	return 0;
}

static struct rewire_package package_of(__u32 flags)
{
	struct rewire_package p = {
		.header.flags = flags,
		.from_min = 1, .from_max = 6, .expires = 2000000000,
		.trial_ms = 60000,
	};
	bool sealed = flags & REWIRE_PACKAGE_SEALED;

	p.payload_length = rewire_payload_length(&image, sealed);
	if (sealed)
		memset(p.salt, 0x5a, sizeof(p.salt));
	return p;
}

static struct rewire_order *order_of(const struct rewire_package *p)
{
	struct rewire_signer *signer = open_signer("sds");
	struct rewire_order *order = NULL;
	struct rewire_error err = { 0 };

	if (rewire_order_sign(signer, p, &manifest, &order, &err))
		fail_msg("%s", err.text);
	rewire_signer_free(signer);
	return order;
}

static int refused(const struct rewire_package *p, const char *word)
{
	struct rewire_signer *signer = open_signer("sds");
	struct rewire_order *order = NULL;
	struct rewire_error err = { 0 };
	int rc = rewire_order_sign(signer, p, &manifest, &order, &err);

	rewire_signer_free(signer);
	assert_null(order);
	if (!strstr(err.text, word))
		fail_msg("\"%s\" is not in: %s", word, err.text);
	return rc;
}

static int authorise(struct rewire_order *order, const char *role)
{
	struct rewire_signer *signer = open_signer(role);
	int rc = rewire_order_authorise(signer, order, NULL);

	rewire_signer_free(signer);
	return rc;
}

/* ---- Software Update Keys ---- */

static int check_suk(size_t length)
{
	/* In a block of its very size, so that ASan sees one byte too many. */
	__u8 *copy = malloc(length ? length : 1);
	struct rewire_error err = { 0 };
	struct rewire_suk suk;
	int rc;

	memcpy(copy, suk_file, length);
	rc = rewire_suk_check(copy, length, in_pki("platform.crt"), &suk, &err);
	free(copy);
	assert_int_equal(!rc, !err.text[0]);
	return rc;
}

static void suk_is_checked(void **state)
{
	struct rewire_suk suk;

	(void)state;
	assert_int_equal(rewire_suk_check(suk_file, suk_length,
					  in_pki("platform.crt"), &suk, NULL), 0);
	assert_int_equal(suk.generation, 3);
	assert_memory_equal(suk.sm, host_sm, sizeof(host_sm));
	/* of another CA; and with none the signature still counts */
	assert_int_equal(rewire_suk_check(suk_file, suk_length,
					  in_pki("sds.crt"), &suk, NULL),
			 -EKEYREJECTED);
	assert_int_equal(rewire_suk_check(suk_file, suk_length, NULL, &suk,
					  NULL), 0);
	suk_file[sizeof(suk) - 1] ^= 1;
	assert_int_equal(rewire_suk_check(suk_file, suk_length, NULL, &suk,
					  NULL), -EKEYREJECTED);
	suk_file[sizeof(suk) - 1] ^= 1;
}

static void suk_any_byte_flipped_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < suk_length; i++) {
		suk_file[i] ^= 1;
		if (!check_suk(suk_length))
			fail_msg("byte %zu", i);
		suk_file[i] ^= 1;
	}
	assert_int_equal(check_suk(suk_length), 0);
}

static void suk_cut_or_longer_is_refused(void **state)
{
	(void)state;
	for (size_t length = 0; length < suk_length; length++)
		if (!check_suk(length))
			fail_msg("%zu bytes", length);
	assert_int_equal(check_suk(suk_length + 1), -EBADMSG);
}

static void suk_of_another_domain_is_refused(void **state)
{
	(void)state;
	make_suk(REWIRE_HEAD_DOMAIN, sizeof(REWIRE_HEAD_DOMAIN));
	assert_int_equal(check_suk(suk_length), -EKEYREJECTED);
	make_suk(REWIRE_SUK_DOMAIN, sizeof(REWIRE_SUK_DOMAIN));
	assert_int_equal(check_suk(suk_length), 0);
}

/* ---- payloads ---- */

static __u8 *write_payload(const struct rewire_package *p, const __u8 *content,
			   size_t *ret_length)
{
	const struct rewire_payload payload = {
		.package = p, .content = content,
	};
	const char *path = scratch_path(folder, "payload");
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	struct rewire_error err = { 0 };
	__u8 *data;

	assert_true(fd >= 0);
	if (rewire_payload_write(&image, &payload, fd, &err) ||
	    rewire_file_read(path, 1 << 24, &data, ret_length, &err))
		fail_msg("%s", err.text);
	close(fd);
	return data;
}

static void payload_is_what_is_measured(void **state)
{
	__u8 measurement[REWIRE_DIGEST_SIZE], digest[SHA256_DIGEST_LENGTH];
	struct rewire_package p = package_of(0);
	size_t length;
	__u8 *data = write_payload(&p, NULL, &length);

	(void)state;
	assert_int_equal(length, p.payload_length);
	assert_int_equal(length, sizeof(struct rewire_layout) +
				 5 * sizeof(struct rewire_page_measure) +
				 4 * FIX_PAGE);
	SHA256(data, length, digest);
	assert_int_equal(rewire_image_measure(&image, measurement, NULL), 0);
	assert_memory_equal(digest, measurement, sizeof(digest));
	free(data);
}

/* a record as an SM opens it; returns its length in the file */
static size_t open_record(const __u8 *data, const __u8 key[PAYLOAD_MATERIAL],
			  __u64 sequence, __u8 *plain)
{
	EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
	struct rewire_record record;
	const __u8 *body = data + sizeof(record);
	__u8 nonce[12], tag[REWIRE_TAG_SIZE];
	int n;

	memcpy(&record, data, sizeof(record));
	assert_int_equal(record.type, REWIRE_RECORD_IMAGE);
	assert_int_equal(record.sequence, sequence);
	assert_int_equal(record.index, 0);
	memcpy(tag, body + record.length, sizeof(tag));
	memcpy(nonce, key + 32, sizeof(nonce));
	nonce[11] ^= (__u8)sequence;
	assert_true(EVP_DecryptInit_ex(context, EVP_aes_256_gcm(), NULL, key,
				       nonce) == 1 &&
		    EVP_DecryptUpdate(context, NULL, &n, data,
				      sizeof(record)) == 1 &&
		    EVP_DecryptUpdate(context, plain, &n, body,
				      (int)record.length) == 1 &&
		    EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG,
					sizeof(tag), tag) == 1 &&
		    EVP_DecryptFinal_ex(context, plain + n, &n) == 1);
	EVP_CIPHER_CTX_free(context);
	return sizeof(record) + record.length + sizeof(tag);
}

static struct rewire_package signed_package(const struct rewire_package *draft)
{
	struct rewire_order *order = order_of(draft);
	struct rewire_package p = order->package;

	free(order);
	return p;
}

static void payload_is_encrypted(void **state)
{
	struct rewire_package draft = package_of(REWIRE_PACKAGE_SEALED);
	struct rewire_package p = signed_package(&draft);
	__u8 content[REWIRE_CONTENT_KEY_SIZE] = { 1, 2, 3 };
	__u8 key[PAYLOAD_MATERIAL], digest[SHA256_DIGEST_LENGTH];
	size_t length, plain_length;
	__u8 *data = write_payload(&p, content, &length), *plain;

	(void)state;
	assert_int_equal(length, p.payload_length);
	plain_length = length - sizeof(struct rewire_record) - REWIRE_TAG_SIZE;
	plain = malloc(length);
	assert_int_equal(payload_key(&p, content, key), 0);
	assert_int_equal(open_record(data, key, 0, plain), length);
	SHA256(plain, plain_length, digest);
	assert_memory_equal(digest, manifest.body.manifest.measurement,
			    sizeof(digest));
	free(plain);
	free(data);
}

/* Signing fills in what goes into the key. */
static void draft_keys_nothing(void **state)
{
	struct rewire_package p = package_of(REWIRE_PACKAGE_SEALED);
	__u8 content[REWIRE_CONTENT_KEY_SIZE] = { 1, 2, 3 };
	const struct rewire_payload payload = {
		.package = &p, .content = content,
	};
	struct rewire_error err = { 0 };

	(void)state;
	assert_int_equal(rewire_payload_write(&image, &payload, -1, &err),
			 -EINVAL);
	assert_non_null(strstr(err.text, "signed first"));
}

/* The same bytes as tests/kunit/package_test.c has from python. */
static void payload_key_matches(void **state)
{
	struct rewire_package p = {
		.header = { REWIRE_MAGIC, REWIRE_TYPE_PACKAGE, REWIRE_VERSION,
			    sizeof(p), REWIRE_PACKAGE_SEALED },
		.from_min = 1, .from_max = 2, .expires = 3, .trial_ms = 4,
		.payload_length = 0x12345,
	};
	__u8 content[REWIRE_CONTENT_KEY_SIZE], key[PAYLOAD_MATERIAL];
	__u8 expected[PAYLOAD_MATERIAL];

	(void)state;
	memset(p.nonce, 5, sizeof(p.nonce));
	memset(p.device, 6, sizeof(p.device));
	memset(p.workload, 7, sizeof(p.workload));
	memset(p.manifest_digest, 0x11, sizeof(p.manifest_digest));
	memset(p.software, 0x22, sizeof(p.software));
	memset(p.salt, 0x5a, sizeof(p.salt));
	memset(content, 0xcc, sizeof(content));
	assert_int_equal(rewire_unhex("9d256f93689de1e3794bd574bc4a760211b76a202491"
				      "c1645c6b91e0b32397c7a645337bac49c77e1716a2ae",
				      expected, sizeof(expected)), 0);
	assert_int_equal(payload_key(&p, content, key), 0);
	assert_memory_equal(key, expected, sizeof(key));
}

static struct {
	__u64 calls, done, total;
} seen;

static void on_progress(__u64 done, __u64 total, void *data)
{
	(void)data;
	assert_true(done > seen.done || !seen.calls);
	seen.calls++;
	seen.done = done;
	seen.total = total;
}

/* more than one record, and who waits is told how far it is */
static void large_payload_has_records(void **state)
{
	struct rewire_image large = { .layout = image.layout, .count = 1 };
	__u8 content[REWIRE_CONTENT_KEY_SIZE] = { 9 }, key[PAYLOAD_MATERIAL];
	struct rewire_package p = package_of(REWIRE_PACKAGE_SEALED);
	const struct rewire_payload payload = {
		.package = &p, .content = content, .progress = on_progress,
	};
	int fd = open(scratch_path(folder, "large"), O_RDWR | O_CREAT, 0600);
	size_t length, at = 0;
	__u8 *data, *plain;

	(void)state;
	large.segments[0] = (struct rewire_segment){
		.length = 600 * PAGE_BYTES, .prot = REWIRE_PROT_READ,
		.data = calloc(600, PAGE_BYTES),
	};
	p.payload_length = rewire_payload_length(&large, true);
	p = signed_package(&p);
	assert_int_equal(rewire_payload_write(&large, &payload, fd, NULL), 0);
	close(fd);
	assert_int_equal(seen.calls, 3);
	assert_int_equal(seen.done, p.payload_length);
	assert_int_equal(seen.total, p.payload_length);
	assert_int_equal(rewire_file_read(scratch_path(folder, "large"), 1 << 24,
					  &data, &length, NULL), 0);
	assert_int_equal(length, p.payload_length);
	assert_int_equal(payload_key(&p, content, key), 0);
	plain = malloc(REWIRE_MAX_RECORD);
	for (__u64 sequence = 0; at < length; sequence++)
		at += open_record(data + at, key, sequence, plain);
	assert_int_equal(at, length);
	free(plain);
	free(data);
	free(large.segments[0].data);
}

static void full_disk_is_told(void **state)
{
	struct rewire_package p = package_of(0);
	const struct rewire_payload payload = { .package = &p };
	int fd = open("/dev/full", O_WRONLY);
	struct rewire_error err = { 0 };

	(void)state;
	if (fd < 0)
		skip();
	assert_int_equal(rewire_payload_write(&image, &payload, fd, &err),
			 -ENOSPC);
	assert_true(err.text[0]);
	close(fd);
}

/* ---- packages ---- */

static void order_is_laid_out(void **state)
{
	struct rewire_package p = package_of(0);
	struct rewire_order *order = order_of(&p), *again = NULL;
	__u8 digest[SHA256_DIGEST_LENGTH];
	const char *path = scratch_path(folder, "package");
	struct rewire_order *other = order_of(&p);

	(void)state;
	assert_int_equal(order->package.header.magic, REWIRE_MAGIC);
	assert_int_equal(order->package.header.type, REWIRE_TYPE_PACKAGE);
	assert_int_equal(order->package.header.size,
			 sizeof(struct rewire_package));
	assert_memory_equal(order->package.software,
			    manifest.body.manifest.software, REWIRE_ID_SIZE);
	SHA256((const __u8 *)&manifest.body.manifest,
	       sizeof(manifest.body.manifest), digest);
	assert_memory_equal(order->package.manifest_digest, digest,
			    sizeof(digest));
	assert_memory_not_equal(order->package.nonce, other->package.nonce,
				REWIRE_NONCE_SIZE);
	assert_int_equal(rewire_order_write(path, order, NULL), 0);
	assert_int_equal(rewire_order_read(path, &again, NULL), 0);
	assert_memory_equal(order, again, sizeof(*order));
	free(again);
	free(other);
	free(order);
}

static void only_its_role_has_signed(void **state)
{
	struct rewire_package p = package_of(0);
	struct rewire_order *order = order_of(&p);

	(void)state;
	assert_int_equal(rewire_order_signed_by(order, REWIRE_ROLE_SDS,
						in_pki("sds.crt"), NULL), 0);
	assert_int_equal(rewire_order_signed_by(order, REWIRE_ROLE_SDS,
						in_pki("developer.crt"), NULL),
			 -EKEYREJECTED);
	assert_int_equal(rewire_order_signed_by(order, REWIRE_ROLE_DEVELOPER,
						in_pki("developer.crt"), NULL),
			 0);
	assert_int_equal(rewire_order_signed_by(order, REWIRE_ROLE_DEVELOPER,
						in_pki("sds.crt"), NULL),
			 -EKEYREJECTED);
	assert_int_equal(rewire_order_signed_by(order, REWIRE_ROLE_ROOT,
						in_pki("root-1.crt"), NULL),
			 -EKEYREJECTED);
	assert_int_equal(rewire_order_signed_by(order, REWIRE_ROLE_PLATFORM,
						in_pki("sds.crt"), NULL),
			 -EINVAL);
	free(order);
}

static void root_keys_authorise_what_asks(void **state)
{
	struct rewire_package p = package_of(REWIRE_PACKAGE_ROOT);
	const char *path = scratch_path(folder, "root");
	struct rewire_order *order = order_of(&p), *again = NULL;

	(void)state;
	assert_int_equal(authorise(order, "root-1"), 0);
	assert_int_equal(authorise(order, "root-1"), -EEXIST);
	assert_int_equal(order->roots, 1);
	assert_int_equal(authorise(order, "root-3"), 0);
	assert_int_equal(rewire_order_write(path, order, NULL), 0);
	assert_int_equal(rewire_order_read(path, &again, NULL), 0);
	assert_int_equal(again->roots, 2);
	assert_int_equal(rewire_order_signed_by(again, REWIRE_ROLE_ROOT,
						in_pki("root-3.crt"), NULL), 0);
	assert_int_equal(rewire_order_signed_by(again, REWIRE_ROLE_ROOT,
						in_pki("root-2.crt"), NULL),
			 -EKEYREJECTED);
	free(again);
	free(order);
	p = package_of(0);
	order = order_of(&p);
	assert_int_equal(authorise(order, "root-1"), -EINVAL);
	assert_int_equal(order->roots, 0);
	free(order);
}

static void what_no_sm_takes_is_not_made(void **state)
{
	struct rewire_package p = package_of(0);

	(void)state;
#define REFUSED(change, word) do {					\
	p = package_of(0);						\
	change;								\
	assert_int_equal(refused(&p, word), -EBADMSG);			\
} while (0)
	REFUSED(p.from_min = 7, "releases 7 to 6");
	REFUSED(p.trial_ms = 0, "trial");
	REFUSED(p.trial_ms = 3600001, "trial");
	REFUSED(p.payload_length = 10, "no enclave");
	REFUSED(p.header.flags = 4, "version");
	REFUSED(p.__reserved = 1, "version");
	REFUSED(p.salt[0] = 1, "salt");
	REFUSED(p.header.flags = REWIRE_PACKAGE_SEALED, "salt");
#undef REFUSED
}

static __u8 *order_bytes(size_t *ret_length, size_t *ret_manifest)
{
	struct rewire_package p = package_of(REWIRE_PACKAGE_ROOT);
	const char *path = scratch_path(folder, "bytes");
	struct rewire_order *order = order_of(&p);
	__u8 *data;

	authorise(order, "root-2");
	assert_int_equal(rewire_order_write(path, order, NULL), 0);
	assert_int_equal(rewire_file_read(path, 1 << 20, &data, ret_length,
					  NULL), 0);
	*ret_manifest = sizeof(p) + 4 + order->signature.length;
	free(order);
	return data;
}

/* form and signatures together, as `rewire package show` looks */
static int parse(const __u8 *data, size_t length)
{
	__u8 *copy = malloc(length ? length : 1);
	struct rewire_order *order = NULL;
	struct rewire_error err = { 0 };
	int rc;

	memcpy(copy, data, length);
	rc = rewire_order_parse(copy, length, &order, &err);
	assert_int_equal(!rc, !err.text[0]);
	free(copy);
	if (!rc)
		rc = rewire_order_signed_by(order, REWIRE_ROLE_SDS,
					    in_pki("sds.crt"), NULL);
	if (!rc)
		rc = rewire_order_signed_by(order, REWIRE_ROLE_DEVELOPER,
					    in_pki("developer.crt"), NULL);
	if (!rc)
		rc = rewire_order_signed_by(order, REWIRE_ROLE_ROOT,
					    in_pki("root-2.crt"), NULL);
	free(order);
	return rc;
}

static void any_byte_flipped_is_refused(void **state)
{
	size_t length, manifest_at, taken = 0;
	__u8 *data = order_bytes(&length, &manifest_at);
	size_t manifest_end = manifest_at + sizeof(struct rewire_manifest);

	(void)state;
	assert_int_equal(parse(data, length), 0);
	for (size_t i = 0; i < length; i++) {
		bool is_signed = i < sizeof(struct rewire_package) ||
				 (i >= manifest_at && i < manifest_end);

		/* of an envelope some bytes mean nothing: a version, a NULL */
		data[i] ^= 1;
		if (!parse(data, length)) {
			if (is_signed)
				fail_msg("byte %zu of %zu", i, length);
			taken++;
		}
		data[i] ^= 1;
	}
	free(data);
	assert_in_range(taken, 0, 3 * 12);
}

static void cut_or_endless_is_refused(void **state)
{
	size_t length, manifest_at;
	__u8 *data = order_bytes(&length, &manifest_at);
	__u8 *endless = calloc(1, 1 << 20);

	(void)state;
	for (size_t cut = 0; cut < length; cut++)
		if (!parse(data, cut))
			fail_msg("%zu bytes", cut);
	memcpy(endless, data, length);
	assert_int_equal(parse(endless, length + 1), -EBADMSG);
	assert_int_equal(parse(endless, 1 << 20), -EBADMSG);
	/* as many signatures as one can put behind it */
	for (size_t at = length; at + 5 <= 1 << 20; at += 5)
		endless[at] = 1;
	assert_int_equal(parse(endless, length + 100 * 5), -EBADMSG);
	/* a file without an end is not read without one */
	assert_int_equal(rewire_order_read("/dev/zero", &(struct rewire_order *){ 0 },
					   NULL), -EFBIG);
	free(endless);
	free(data);
}

/* ---- wraps ---- */

static void labeled(__u8 *to, size_t *length, const __u8 *suite,
		    size_t suite_length, const char *label, const void *data,
		    size_t data_length)
{
	const struct { const void *data; size_t length; } parts[] = {
		{ "HPKE-v1", 7 }, { suite, suite_length },
		{ label, strlen(label) }, { data, data_length },
	};

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		if (parts[i].length)
			memcpy(to + *length, parts[i].data, parts[i].length);
		*length += parts[i].length;
	}
}

static void extract(const __u8 *suite, size_t suite_length, const __u8 *salt,
		    const char *label, const void *ikm, size_t ikm_length,
		    __u8 prk[32])
{
	size_t length = 0;
	__u8 buffer[512];

	labeled(buffer, &length, suite, suite_length, label, ikm, ikm_length);
	assert_int_equal(hkdf_extract(salt, salt ? 32 : 0, buffer, length, prk),
			 0);
}

static void expand(const __u8 *suite, size_t suite_length, const __u8 prk[32],
		   const char *label, const void *info, size_t info_length,
		   __u8 *out, size_t out_length)
{
	__u8 buffer[512] = { 0, (__u8)out_length };
	size_t length = 2;

	labeled(buffer, &length, suite, suite_length, label, info, info_length);
	assert_int_equal(hkdf_expand(prk, buffer, length, out, out_length), 0);
}

static EVP_PKEY *public_key(const __u8 enc[REWIRE_ENC_SIZE])
{
	EVP_PKEY *key = EVP_PKEY_new();

	assert_int_equal(EVP_PKEY_copy_parameters(key, receiver), 1);
	assert_int_equal(EVP_PKEY_set1_encoded_public_key(key, enc,
							  REWIRE_ENC_SIZE), 1);
	return key;
}

/* "OpenBase", as the device does; 0 or -EBADMSG */
static int open_wrap(const struct rewire_wrap *wrap,
		     __u8 content[REWIRE_CONTENT_KEY_SIZE])
{
	static const __u8 kem[] = { 'K', 'E', 'M', 0, 0x10 };
	static const __u8 all[] = { 'H', 'P', 'K', 'E', 0, 0x10, 0, 1, 0, 2 };
	__u8 info[sizeof(REWIRE_WRAP_INFO) + 16 + 32] = REWIRE_WRAP_INFO;
	__u8 context[2 * REWIRE_ENC_SIZE], schedule[65] = { 0 };
	__u8 dh[32], prk[32], secret[32], key[32], nonce[12], tag[16];
	EVP_PKEY *sender = public_key(wrap->enc);
	EVP_PKEY_CTX *derive = EVP_PKEY_CTX_new(receiver, NULL);
	EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
	size_t length = sizeof(dh);
	int n, rc;

	assert_true(EVP_PKEY_derive_init(derive) == 1 &&
		    EVP_PKEY_derive_set_peer(derive, sender) == 1 &&
		    EVP_PKEY_derive(derive, dh, &length) == 1);
	memcpy(context, wrap->enc, REWIRE_ENC_SIZE);
	assert_int_equal(EVP_PKEY_get_octet_string_param(receiver,
							 OSSL_PKEY_PARAM_PUB_KEY,
							 context + REWIRE_ENC_SIZE,
							 REWIRE_ENC_SIZE,
							 &length), 1);
	memcpy(info + sizeof(REWIRE_WRAP_INFO), wrap->device, 16);
	memcpy(info + sizeof(REWIRE_WRAP_INFO) + 16, wrap->package_digest, 32);
	extract(kem, sizeof(kem), NULL, "eae_prk", dh, sizeof(dh), prk);
	expand(kem, sizeof(kem), prk, "shared_secret", context, sizeof(context),
	       secret, 32);
	extract(all, sizeof(all), NULL, "psk_id_hash", NULL, 0, schedule + 1);
	extract(all, sizeof(all), NULL, "info_hash", info, sizeof(info),
		schedule + 33);
	extract(all, sizeof(all), secret, "secret", NULL, 0, prk);
	expand(all, sizeof(all), prk, "key", schedule, 65, key, 32);
	expand(all, sizeof(all), prk, "base_nonce", schedule, 65, nonce, 12);
	memcpy(tag, wrap->key + 32, sizeof(tag));
	assert_true(EVP_DecryptInit_ex(cipher, EVP_aes_256_gcm(), NULL, key,
				       nonce) == 1 &&
		    EVP_DecryptUpdate(cipher, content, &n, wrap->key, 32) == 1 &&
		    EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_SET_TAG, 16,
					tag) == 1);
	rc = EVP_DecryptFinal_ex(cipher, content + n, &n) == 1 ? 0 : -EBADMSG;
	EVP_CIPHER_CTX_free(cipher);
	EVP_PKEY_CTX_free(derive);
	EVP_PKEY_free(sender);
	return rc;
}

static int wrap_for(const struct rewire_order *order,
		    const __u8 content[REWIRE_CONTENT_KEY_SIZE],
		    struct rewire_signed *wrap)
{
	struct rewire_signer *signer = open_signer("sds");
	struct rewire_suk suk;
	int rc;

	assert_int_equal(rewire_suk_check(suk_file, suk_length, NULL, &suk,
					  NULL), 0);
	rc = rewire_wrap_sign(signer, order, content, &suk, wrap, NULL);
	rewire_signer_free(signer);
	return rc;
}

static void wrap_opens_on_its_device(void **state)
{
	__u8 content[REWIRE_CONTENT_KEY_SIZE] = { 4, 2 };
	__u8 opened[REWIRE_CONTENT_KEY_SIZE], digest[SHA256_DIGEST_LENGTH];
	struct rewire_package p = package_of(REWIRE_PACKAGE_SEALED);
	struct rewire_order *order = order_of(&p);
	struct rewire_signed wrap, read;

	(void)state;
	assert_int_equal(wrap_for(order, content, &wrap), 0);
	assert_int_equal(wrap.body.wrap.generation, 3);
	assert_memory_equal(wrap.body.wrap.device, host_sm, sizeof(host_sm));
	SHA256((const __u8 *)&order->package, sizeof(order->package), digest);
	assert_memory_equal(wrap.body.wrap.package_digest, digest,
			    sizeof(digest));
	assert_true(wrap.length + wrap.signature_length < 1024);
	print_message("# a wrap has %zu bytes\n",
		      wrap.length + wrap.signature_length);
	assert_int_equal(rewire_signed_verify(&wrap, in_pki("sds.crt"), NULL), 0);
	assert_int_equal(open_wrap(&wrap.body.wrap, opened), 0);
	assert_memory_equal(opened, content, sizeof(content));
	/* of another package, or device: it does not open */
	wrap.body.wrap.package_digest[0] ^= 1;
	assert_int_equal(open_wrap(&wrap.body.wrap, opened), -EBADMSG);
	wrap.body.wrap.package_digest[0] ^= 1;
	wrap.body.wrap.device[0] ^= 1;
	assert_int_equal(open_wrap(&wrap.body.wrap, opened), -EBADMSG);
	wrap.body.wrap.device[0] ^= 1;
	assert_int_equal(rewire_signed_write(scratch_path(folder, "wrap"), &wrap,
					     NULL), 0);
	assert_int_equal(rewire_signed_read(scratch_path(folder, "wrap"),
					    REWIRE_TYPE_WRAP, &read, NULL), 0);
	assert_memory_equal(&read.body.wrap, &wrap.body.wrap,
			    sizeof(wrap.body.wrap));
	free(order);
}

static void wrap_is_for_who_is_named(void **state)
{
	__u8 content[REWIRE_CONTENT_KEY_SIZE] = { 0 };
	struct rewire_package p = package_of(REWIRE_PACKAGE_SEALED);
	struct rewire_order *order;
	struct rewire_signed wrap;

	(void)state;
	memcpy(p.device, host_sm, sizeof(p.device));
	order = order_of(&p);
	assert_int_equal(wrap_for(order, content, &wrap), 0);
	free(order);
	p.device[0] ^= 1;
	order = order_of(&p);
	assert_int_equal(wrap_for(order, content, &wrap), -EINVAL);
	free(order);
	p = package_of(0);
	order = order_of(&p);
	assert_int_equal(wrap_for(order, content, &wrap), -EINVAL);
	free(order);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(suk_is_checked),
		cmocka_unit_test(suk_any_byte_flipped_is_refused),
		cmocka_unit_test(suk_cut_or_longer_is_refused),
		cmocka_unit_test(suk_of_another_domain_is_refused),
		cmocka_unit_test(payload_is_what_is_measured),
		cmocka_unit_test(payload_is_encrypted),
		cmocka_unit_test(draft_keys_nothing),
		cmocka_unit_test(payload_key_matches),
		cmocka_unit_test(large_payload_has_records),
		cmocka_unit_test(full_disk_is_told),
		cmocka_unit_test(order_is_laid_out),
		cmocka_unit_test(only_its_role_has_signed),
		cmocka_unit_test(root_keys_authorise_what_asks),
		cmocka_unit_test(what_no_sm_takes_is_not_made),
		cmocka_unit_test(any_byte_flipped_is_refused),
		cmocka_unit_test(cut_or_endless_is_refused),
		cmocka_unit_test(wrap_opens_on_its_device),
		cmocka_unit_test(wrap_is_for_who_is_named),
	};

	return cmocka_run_group_tests_name("package", tests, make_world,
					   remove_world);
}
