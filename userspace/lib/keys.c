// SPDX-License-Identifier: MIT
/*
 * Provisioning: a host's folder becomes keys in the kernel, which the SM takes
 * hold of and which then vanish from every keyring of ours.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <keyutils.h>

#include "anchors.h"
#include "crypto.h"

#define ROOT_KEY_SIZE 32

/* DER encodings, each to be freed with OPENSSL_free(). */
struct material {
	unsigned char *certificate;
	int certificate_length;
	struct anchors anchors;
	key_serial_t root[REWIRE_MAX_GENERATIONS];
	__u32 generations;
	key_serial_t attest;
	int journal[2];
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

/* A second key of the same name would take the place of the first. */
static int add_root_key(const char *path, __u32 generation,
			key_serial_t *ret_key, struct rewire_error *err)
{
	char name[32];
	size_t length;
	__u8 *secret;
	int rc = rewire_file_read(path, ROOT_KEY_SIZE, &secret, &length, err);

	if (rc)
		return rc;
	snprintf(name, sizeof(name), "rewire:root.%u", generation);
	if (length != ROOT_KEY_SIZE)
		rc = rewire_fail(err, EINVAL, "%s: %zu bytes, not %d", path,
				 length, ROOT_KEY_SIZE);
	else
		*ret_key = add_key("logon", name, secret, length,
				   KEY_SPEC_PROCESS_KEYRING);
	if (!rc && *ret_key < 0)
		rc = rewire_fail(err, errno, "giving the root key to the kernel: %s",
				 strerror(errno));
	rewire_wipe_free(secret, length);
	return rc;
}

static int root_file(char *path, size_t size, const char *dir, __u32 generation,
		     struct rewire_error *err)
{
	char name[32] = "root.bin";

	if (generation > 1)
		snprintf(name, sizeof(name), "root.%u.bin", generation);
	return file_in(path, size, dir, name, err);
}

/* A generation without a file is one that is not kept any more. */
static int add_root_keys(const char *dir, struct material *m,
			 struct rewire_error *err)
{
	char path[4096];
	int rc = 0;

	for (__u32 i = 0; i < REWIRE_MAX_GENERATIONS && !rc; i++) {
		rc = root_file(path, sizeof(path), dir, i + 1, err);
		if (rc || (access(path, F_OK) && errno == ENOENT))
			continue;
		rc = add_root_key(path, i + 1, &m->root[i], err);
		m->generations = i + 1;
	}
	if (!rc && !m->generations)
		rc = rewire_fail(err, ENOENT, "%s/root.bin: no such file; `rewire pki host` makes one",
				 dir);
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
		rc = add_root_keys(dir, m, err);
	if (!rc)
		rc = add_attest_key(dir, &m->attest, err);
	return rc;
}

static void drop_material(struct material *m)
{
	for (__u32 i = 0; i < m->generations; i++)
		if (m->root[i] > 0)
			keyctl_unlink(m->root[i], KEY_SPEC_PROCESS_KEYRING);
	if (m->attest > 0)
		keyctl_unlink(m->attest, KEY_SPEC_PROCESS_KEYRING);
	for (int i = 0; i < 2; i++)
		if (m->journal[i] >= 0)
			close(m->journal[i]);
	OPENSSL_free(m->certificate);
	anchors_free(&m->anchors);
}

static int provision_failed(int sm, int code, struct rewire_error *err)
{
	if (code == EEXIST)
		return rewire_fail(err, code, "the SM has its keys already; to give it others, unload and load the module");
	return rewire_fail_ioctl(err, sm, code, "provisioning the SM");
}

/* The two files of the journal, made where they are missing. */
static int open_journal_in(int dir, const char *name, struct material *m,
			   struct rewire_error *err)
{
	static const char *const files[2] = {
		REWIRE_JOURNAL_FILE_0, REWIRE_JOURNAL_FILE_1,
	};

	for (int i = 0; i < 2; i++) {
		m->journal[i] = openat(dir, files[i], O_RDWR | O_CREAT |
				       O_CLOEXEC | O_NOFOLLOW, 0600);
		if (m->journal[i] < 0)
			return rewire_fail(err, errno, "%s/%s: %s", name,
					   files[i], strerror(errno));
	}
	/* their names have to last as long as what is in them */
	if (fsync(dir))
		return rewire_fail(err, errno, "%s: %s", name, strerror(errno));
	return 0;
}

static int open_journal(const char *host,
			const struct rewire_provision_options *options,
			struct material *m, struct rewire_error *err)
{
	char path[4096];
	int rc = 0, dir;

	if (options->journal &&
	    (size_t)snprintf(path, sizeof(path), "%s", options->journal) >=
		    sizeof(path))
		rc = rewire_fail(err, ENAMETOOLONG, "%s: name too long",
				 options->journal);
	else if (!options->journal)
		rc = file_in(path, sizeof(path), host, "journal", err);
	if (rc)
		return rc;
	if (mkdir(path, 0700) && errno != EEXIST)
		return rewire_fail(err, errno, "%s: %s", path, strerror(errno));
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (dir < 0)
		return rewire_fail(err, errno, "%s: %s", path, strerror(errno));
	rc = open_journal_in(dir, path, m, err);
	close(dir);
	return rc;
}

static int provision(int sm, const struct rewire_provision_options *options,
		     struct material *m, struct rewire_error *err)
{
	struct rewire_provision provision = {
		.size = sizeof(provision),
		.flags = options->flags,
		.root_keys = (uintptr_t)m->root,
		.generations = m->generations,
		.attest_key = m->attest,
		.certificate = (uintptr_t)m->certificate,
		.certificate_length = (__u32)m->certificate_length,
		.anchors = m->anchors.count,
		.anchor = (uintptr_t)m->anchors.anchor,
		.memory_limit = options->memory_limit,
		.root_threshold = m->anchors.root_threshold,
		.tpm_index = options->tpm_index,
		.journal = { m->journal[0], m->journal[1] },
	};

	if (ioctl(sm, REWIRE_PROVISION, &provision))
		return provision_failed(sm, errno, err);
	return 0;
}

int rewire_sm_provision(int sm, const char *dir,
			const struct rewire_provision_options *options,
			struct rewire_error *err)
{
	static const struct rewire_provision_options usual;
	struct material m = { .attest = -1, .journal = { -1, -1 } };
	int rc = load_material(dir, &m, err);

	options = options ?: &usual;
	if (!rc && !(options->flags & REWIRE_PROVISION_VOLATILE))
		rc = open_journal(dir, options, &m, err);
	if (!rc)
		rc = provision(sm, options, &m, err);
	drop_material(&m);
	return rc;
}
