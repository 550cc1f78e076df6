// SPDX-License-Identifier: MIT
/*
 * Provisioning: a host's folder becomes keys in the kernel, which the SM takes
 * hold of and which then vanish from every keyring of ours.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include <keyutils.h>

#include "anchors.h"
#include "crypto.h"

#define ROOT_KEY_SIZE 32

/* DER encodings, each to be freed with OPENSSL_free(). */
struct material {
	unsigned char *certificate;
	int certificate_length;
	struct anchors anchors;
	key_serial_t root;
	key_serial_t attest;
};

static int file_in(char *path, size_t size, const char *dir, const char *name,
		   struct rewire_error *err)
{
	if ((size_t)snprintf(path, size, "%s/%s", dir, name) >= size)
		return rewire_fail(err, ENAMETOOLONG, "%s/%s: name too long",
				   dir, name);
	return 0;
}

static int read_der(const char *dir, const char *name, unsigned char **ret_der,
		    int *ret_length, struct rewire_error *err)
{
	unsigned char *der = NULL;
	char path[4096];
	X509 *x509;
	int rc;

	rc = file_in(path, sizeof(path), dir, name, err);
	if (!rc)
		rc = crypto_read_certificate(path, &x509, err);
	if (rc)
		return rc;
	*ret_length = i2d_X509(x509, &der);
	X509_free(x509);
	if (*ret_length <= 0)
		return crypto_fail(err, EINVAL, path);
	*ret_der = der;
	return 0;
}

static int add_root_key(const char *dir, key_serial_t *ret_key,
			struct rewire_error *err)
{
	char path[4096];
	size_t length;
	__u8 *secret;
	int rc;

	rc = file_in(path, sizeof(path), dir, "root.bin", err);
	if (!rc)
		rc = rewire_file_read(path, ROOT_KEY_SIZE, &secret, &length, err);
	if (rc)
		return rc;
	if (length != ROOT_KEY_SIZE)
		rc = rewire_fail(err, EINVAL, "%s: %zu bytes, not %d", path,
				 length, ROOT_KEY_SIZE);
	else
		*ret_key = add_key("logon", "rewire:root", secret, length,
				   KEY_SPEC_PROCESS_KEYRING);
	if (!rc && *ret_key < 0)
		rc = rewire_fail(err, errno, "giving the root key to the kernel: %s",
				 strerror(errno));
	rewire_wipe_free(secret, length);
	return rc;
}

static int encode_pkcs8(EVP_PKEY *key, unsigned char **ret_der)
{
	PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(key);
	int length;

	*ret_der = NULL;
	if (!info)
		return -1;
	length = i2d_PKCS8_PRIV_KEY_INFO(info, ret_der);
	PKCS8_PRIV_KEY_INFO_free(info);
	return length;
}

static int add_attest_key(const char *dir, key_serial_t *ret_key,
			  struct rewire_error *err)
{
	unsigned char *der;
	char path[4096];
	EVP_PKEY *key;
	int length, code, rc;

	rc = file_in(path, sizeof(path), dir, "attest.key", err);
	if (!rc)
		rc = crypto_read_key(path, NULL, NULL, &key, err);
	if (rc)
		return rc;
	length = encode_pkcs8(key, &der);
	EVP_PKEY_free(key);
	if (length <= 0)
		return crypto_fail(err, EINVAL, path);
	*ret_key = add_key("asymmetric", "rewire:attest", der, (size_t)length,
			   KEY_SPEC_PROCESS_KEYRING);
	code = errno;
	OPENSSL_clear_free(der, (size_t)length);
	if (*ret_key >= 0)
		return 0;
	/* No parser took the bytes, or there is no such type of key at all. */
	if (code == EBADMSG || code == ENODEV || code == ENOPKG)
		return rewire_fail(err, code, "giving the attestation key to the kernel: %s; "
				   "load its parser: modprobe pkcs8_key_parser",
				   strerror(code));
	return rewire_fail(err, code, "giving the attestation key to the kernel: %s",
			   strerror(code));
}

static int load_material(const char *dir, struct material *m,
			 struct rewire_error *err)
{
	int rc = read_der(dir, "attest.crt", &m->certificate,
			  &m->certificate_length, err);

	if (!rc)
		rc = anchors_load(dir, &m->anchors, err);
	if (!rc)
		rc = add_root_key(dir, &m->root, err);
	if (!rc)
		rc = add_attest_key(dir, &m->attest, err);
	return rc;
}

static void drop_material(struct material *m)
{
	if (m->root > 0)
		keyctl_unlink(m->root, KEY_SPEC_PROCESS_KEYRING);
	if (m->attest > 0)
		keyctl_unlink(m->attest, KEY_SPEC_PROCESS_KEYRING);
	OPENSSL_free(m->certificate);
	anchors_free(&m->anchors);
}

static int provision_failed(int sm, int code, struct rewire_error *err)
{
	if (code == EEXIST)
		return rewire_fail(err, code, "the SM has its keys already; to give it others, unload and load the module");
	return rewire_fail_ioctl(err, sm, code, "provisioning the SM");
}

int rewire_sm_provision(int sm, const char *dir, __u64 memory_limit,
			struct rewire_error *err)
{
	struct rewire_provision provision = {
		.size = sizeof(provision),
		.flags = REWIRE_PROVISION_VOLATILE,
		.generations = 1,
		.journal = { -1, -1 },
		.memory_limit = memory_limit,
	};
	struct material m = { .root = -1, .attest = -1 };
	int rc = load_material(dir, &m, err);

	if (!rc) {
		provision.root_keys = (uintptr_t)&m.root;
		provision.attest_key = m.attest;
		provision.certificate = (uintptr_t)m.certificate;
		provision.certificate_length = (__u32)m.certificate_length;
		provision.anchors = m.anchors.count;
		provision.anchor = (uintptr_t)m.anchors.anchor;
		provision.root_threshold = m.anchors.root_threshold;
		if (ioctl(sm, REWIRE_PROVISION, &provision))
			rc = provision_failed(sm, errno, err);
	}
	drop_material(&m);
	return rc;
}
