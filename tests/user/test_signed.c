// SPDX-License-Identifier: MIT
/*
 * Signed structs and the keys that sign them: a PKI is made, and every byte of
 * what was signed with it is changed.
 */
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/pem.h>
#include <openssl/sha.h>
#include <openssl/x509v3.h>

#include "test.h"

#include "scratch.h"

static char *folder;	/* of the whole group: keys are slow to make */

static const char *in_pki(const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "pki/%s", name);
	return scratch_path(folder, path);
}

static int make_pki(void **state)
{
	__u8 sm[REWIRE_ID_SIZE];
	struct rewire_error err;

	(void)state;
	folder = scratch_make();
	if (rewire_pki_init(scratch_path(folder, "pki"), &err) ||
	    rewire_pki_host(scratch_path(folder, "pki"), "alpha",
			    "192.0.2.1:7443", sm, &err)) {
		fprintf(stderr, "%s\n", err.text);
		return -1;
	}
	return 0;
}

static int remove_pki(void **state)
{
	(void)state;
	scratch_remove(folder);
	return 0;
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

static void sign_manifest(struct rewire_signed *object)
{
	struct rewire_signer *signer = open_signer("developer");
	struct rewire_manifest manifest = { .release = 7, .svn = 3 };

	memset(manifest.measurement, 0xa5, sizeof(manifest.measurement));
	assert_int_equal(rewire_sign_manifest(signer, &manifest, object, NULL),
			 0);
	rewire_signer_free(signer);
}

static void sign_request(struct rewire_signed *object)
{
	struct rewire_signer *signer = open_signer("sds");
	struct rewire_request request = { .epoch = 2, .lifetime_ms = 60000 };

	memset(request.id, 0x11, sizeof(request.id));
	assert_int_equal(rewire_sign_request(signer, &request, object, NULL), 0);
	rewire_signer_free(signer);
}

static void manifest_header_and_signature(void **state)
{
	struct rewire_signed object;

	(void)state;
	sign_manifest(&object);
	assert_int_equal(object.length, sizeof(struct rewire_manifest));
	assert_int_equal(object.body.header.magic, REWIRE_MAGIC);
	assert_int_equal(object.body.header.type, REWIRE_TYPE_MANIFEST);
	assert_int_equal(object.body.header.version, REWIRE_VERSION);
	assert_int_equal(object.body.header.size, object.length);
	assert_int_equal(object.body.header.flags, 0);
	assert_int_equal(object.body.manifest.release, 7);
	assert_int_equal(rewire_signed_verify(&object, in_pki("developer.crt"),
					      NULL), 0);
}

static void wrong_role(void **state)
{
	static const char *const others[] = {
		"root-1.crt", "developer.crt", "platform.crt", "tls-ca.crt",
	};
	struct rewire_signed object;

	(void)state;
	sign_request(&object);
	assert_int_equal(rewire_signed_verify(&object, in_pki("sds.crt"), NULL),
			 0);
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		assert_int_equal(rewire_signed_verify(&object,
						      in_pki(others[i]), NULL),
				 -EKEYREJECTED);
}

static void each_body_byte_changed(void **state)
{
	struct rewire_signed manifest, request;

	(void)state;
	sign_manifest(&manifest);
	for (size_t at = 0; at < manifest.length; at++) {
		__u8 *byte = (__u8 *)&manifest.body + at;

		*byte ^= 0x40;
		assert_int_equal(rewire_signed_verify(&manifest,
						      in_pki("developer.crt"),
						      NULL), -EKEYREJECTED);
		*byte ^= 0x40;
	}
	sign_request(&request);
	for (size_t at = 0; at < request.length; at++) {
		__u8 *byte = (__u8 *)&request.body + at;

		*byte ^= 0x01;
		assert_int_equal(rewire_signed_verify(&request,
						      in_pki("sds.crt"), NULL),
				 -EKEYREJECTED);
		*byte ^= 0x01;
	}
}

/* The envelope is not signed, and yet no byte of it may change. */
static void each_signature_byte_changed(void **state)
{
	struct rewire_signed object;

	(void)state;
	sign_request(&object);
	for (size_t at = 0; at < object.signature_length; at++) {
		for (int bit = 0; bit < 8; bit++) {
			int rc;

			object.signature[at] ^= (__u8)(1 << bit);
			rc = rewire_signed_verify(&object, in_pki("sds.crt"),
						  NULL);
			if (rc != -EKEYREJECTED && rc != -EBADMSG)
				fail_msg("byte %zu, bit %d: %d", at, bit, rc);
			object.signature[at] ^= (__u8)(1 << bit);
		}
	}
	for (size_t cut = 0; cut < object.signature_length; cut += 9) {
		struct rewire_signed part = object;

		part.signature_length = cut;
		assert_int_equal(rewire_signed_verify(&part, in_pki("sds.crt"),
						      NULL), -EBADMSG);
	}
	object.signature[object.signature_length++] = 0;
	assert_int_equal(rewire_signed_verify(&object, in_pki("sds.crt"), NULL),
			 -EBADMSG);
}

static void file_of_a_signed_struct(void **state)
{
	const char *path = scratch_path(folder, "move.request");
	struct rewire_signed object, back;
	struct rewire_error err;

	(void)state;
	sign_request(&object);
	assert_int_equal(rewire_signed_write(path, &object, NULL), 0);
	assert_int_equal(rewire_signed_read(path, REWIRE_TYPE_REQUEST, &back,
					    NULL), 0);
	assert_int_equal(back.length, object.length);
	assert_int_equal(back.signature_length, object.signature_length);
	assert_memory_equal(&back.body, &object.body, object.length);
	assert_int_equal(rewire_signed_verify(&back, in_pki("sds.crt"), NULL), 0);
	assert_int_equal(rewire_signed_read(path, REWIRE_TYPE_MANIFEST, &back,
					    &err), -EBADMSG);
	assert_non_null(strstr(err.text, "not a signed manifest"));
}

static void parse_refuses(void **state)
{
	const struct {
		size_t at;
		__u8 change;
	} changes[] = {
		{ offsetof(struct rewire_header, magic), 1 },
		{ offsetof(struct rewire_header, type), 3 },
		{ offsetof(struct rewire_header, version), 2 },
		{ offsetof(struct rewire_header, size), 8 },
		{ offsetof(struct rewire_header, flags), 1 },
	};
	__u8 bytes[sizeof(struct rewire_signed) + 1] = { 0 };
	struct rewire_signed object, out;
	size_t length;

	(void)state;
	sign_request(&object);
	length = object.length + object.signature_length;
	memcpy(bytes, &object.body, object.length);
	memcpy(bytes + object.length, object.signature, object.signature_length);
	assert_int_equal(rewire_signed_parse(bytes, length, REWIRE_TYPE_REQUEST,
					     &out, NULL), 0);
	for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
		bytes[changes[i].at] ^= changes[i].change;
		assert_int_equal(rewire_signed_parse(bytes, length,
						     REWIRE_TYPE_REQUEST, &out,
						     NULL), -EBADMSG);
		bytes[changes[i].at] ^= changes[i].change;
	}
	for (size_t cut = 0; cut <= object.length; cut++)
		assert_int_equal(rewire_signed_parse(bytes, cut,
						     REWIRE_TYPE_REQUEST, &out,
						     NULL), -EBADMSG);
	assert_int_equal(rewire_signed_parse(bytes, object.length +
					     REWIRE_MAX_CMS + 1,
					     REWIRE_TYPE_REQUEST, &out, NULL),
			 -EBADMSG);
	assert_int_equal(rewire_signed_parse(bytes, length, REWIRE_TYPE_STREAM,
					     &out, NULL), -EINVAL);
}

static void signer_needs_its_own_certificate(void **state)
{
	struct rewire_signer *signer;
	struct rewire_error err;

	(void)state;
	assert_int_equal(rewire_signer_open(in_pki("sds.key"), in_pki("root-1.crt"),
					    NULL, NULL, &signer, &err),
			 -EKEYREJECTED);
	assert_int_equal(rewire_signer_open(in_pki("sds.crt"), in_pki("sds.crt"),
					    NULL, NULL, &signer, &err), -EINVAL);
	assert_int_equal(rewire_signer_open(in_pki("none"), in_pki("sds.crt"),
					    NULL, NULL, &signer, &err), -ENOENT);
}

static int passphrase(char *buffer, size_t size, void *data)
{
	const char *text = data;

	assert_true(strlen(text) < size);
	memcpy(buffer, text, strlen(text));
	return (int)strlen(text);
}

static void signer_with_passphrase(void **state)
{
	const char *path = scratch_path(folder, "locked.key");
	struct rewire_signer *signer;
	struct rewire_error err;
	EVP_PKEY *key;
	FILE *file;
	char secret[] = "correct horse", wrong[] = "wrong";

	(void)state;
	file = fopen(in_pki("sds.key"), "r");
	key = PEM_read_PrivateKey(file, NULL, NULL, NULL);
	fclose(file);
	file = fopen(path, "w");
	assert_int_equal(PEM_write_PKCS8PrivateKey(file, key, EVP_aes_256_cbc(),
						   secret, sizeof(secret) - 1,
						   NULL, NULL), 1);
	fclose(file);
	EVP_PKEY_free(key);
	assert_int_equal(rewire_signer_open(path, in_pki("sds.crt"), passphrase,
					    secret, &signer, NULL), 0);
	rewire_signer_free(signer);
	assert_int_equal(rewire_signer_open(path, in_pki("sds.crt"), passphrase,
					    wrong, &signer, &err), -EACCES);
	assert_int_equal(rewire_signer_open(path, in_pki("sds.crt"), NULL, NULL,
					    &signer, &err), -EACCES);
	assert_non_null(strstr(err.text, "encrypted"));
}

/* ------------------------------------------------------------------------ */

static X509 *read_certificate(const char *name)
{
	FILE *file = fopen(in_pki(name), "r");
	X509 *x509;

	assert_non_null(file);
	x509 = PEM_read_X509(file, NULL, NULL, NULL);
	fclose(file);
	assert_non_null(x509);
	return x509;
}

static int verify_chain(const char *certificate, const char *ca, int purpose)
{
	X509_STORE *store = X509_STORE_new();
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	X509 *leaf = read_certificate(certificate);
	X509 *root = read_certificate(ca);
	int ok;

	X509_STORE_add_cert(store, root);
	X509_STORE_CTX_init(ctx, store, leaf, NULL);
	if (purpose)
		X509_STORE_CTX_set_purpose(ctx, purpose);
	ok = X509_verify_cert(ctx);
	X509_STORE_CTX_free(ctx);
	X509_STORE_free(store);
	X509_free(leaf);
	X509_free(root);
	return ok;
}

static void pki_chains(void **state)
{
	(void)state;
	assert_int_equal(verify_chain("hosts/alpha/attest.crt", "platform.crt",
				      0), 1);
	assert_int_equal(verify_chain("hosts/alpha/tls.crt", "tls-ca.crt",
				      X509_PURPOSE_SSL_SERVER), 1);
	assert_int_equal(verify_chain("hosts/alpha/tls.crt", "tls-ca.crt",
				      X509_PURPOSE_SSL_CLIENT), 1);
	assert_int_not_equal(verify_chain("hosts/alpha/attest.crt",
					  "tls-ca.crt", 0), 1);
	assert_int_not_equal(verify_chain("hosts/alpha/tls.crt", "platform.crt",
					  0), 1);
}

static void pki_host_name(void **state)
{
	X509 *x509 = read_certificate("hosts/alpha/tls.crt");

	(void)state;
	assert_int_equal(X509_check_host(x509, "alpha", 0, 0, NULL), 1);
	assert_int_equal(X509_check_host(x509, "beta", 0, 0, NULL), 0);
	X509_free(x509);
}

static void pki_sm_id(void **state)
{
	X509 *x509 = read_certificate("hosts/alpha/attest.crt");
	__u8 digest[SHA256_DIGEST_LENGTH], sm[REWIRE_ID_SIZE];
	unsigned char *der = NULL;
	int length = i2d_PublicKey(X509_get0_pubkey(x509), &der);
	size_t read;
	__u8 *text;

	(void)state;
	SHA256(der, (size_t)length, digest);
	assert_int_equal(rewire_file_read(in_pki("hosts/alpha/sm-id"), 100,
					  &text, &read, NULL), 0);
	assert_int_equal(read, 33);
	text[32] = '\0';
	assert_int_equal(rewire_unhex((char *)text, sm, sizeof(sm)), 0);
	assert_memory_equal(sm, digest, sizeof(sm));
	free(text);
	OPENSSL_free(der);
	X509_free(x509);
}

static void pki_secrets_are_private(void **state)
{
	static const char *const secrets[] = {
		"root-1.key", "root-3.key", "sds.key", "developer.key", "platform.key",
		"tls-ca.key", "hosts/alpha/attest.key", "hosts/alpha/tls.key",
		"hosts/alpha/root.bin",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(secrets); i++) {
		struct stat st;

		assert_int_equal(stat(in_pki(secrets[i]), &st), 0);
		assert_int_equal(st.st_mode & 0777, 0600);
	}
}

static void pki_refuses(void **state)
{
	const char *pki = scratch_path(folder, "pki");
	__u8 sm[REWIRE_ID_SIZE];
	struct rewire_error err;

	(void)state;
	assert_int_equal(rewire_pki_init(pki, &err), -EEXIST);
	assert_int_equal(rewire_pki_host(pki, "alpha", NULL, sm, &err), -EEXIST);
	assert_int_equal(rewire_pki_host(pki, "../x", NULL, sm, &err), -EINVAL);
	assert_int_equal(rewire_pki_host(pki, "", NULL, sm, &err), -EINVAL);
	assert_int_equal(rewire_pki_host(pki, "a,DNS:b", NULL, sm, &err),
			 -EINVAL);
	assert_int_equal(rewire_pki_host(scratch_path(folder, "none"), "beta",
					 NULL, sm, &err), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(manifest_header_and_signature),
		cmocka_unit_test(wrong_role),
		cmocka_unit_test(each_body_byte_changed),
		cmocka_unit_test(each_signature_byte_changed),
		cmocka_unit_test(file_of_a_signed_struct),
		cmocka_unit_test(parse_refuses),
		cmocka_unit_test(signer_needs_its_own_certificate),
		cmocka_unit_test(signer_with_passphrase),
		cmocka_unit_test(pki_chains),
		cmocka_unit_test(pki_host_name),
		cmocka_unit_test(pki_sm_id),
		cmocka_unit_test(pki_secrets_are_private),
		cmocka_unit_test(pki_refuses),
	};

	return cmocka_run_group_tests_name("signed", tests, make_pki,
					   remove_pki);
}
