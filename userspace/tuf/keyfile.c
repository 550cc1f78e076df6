// SPDX-License-Identifier: MIT
/*
 * Keys in files: drawn, encrypted under a passphrase, put on a medium and read
 * back from it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/x509.h>

#include "error.h"
#include "key.h"
#include "repo.h"

/*
 * scrypt: OpenSSL reads no more than N = 2^14 with r = 8 back (16 MiB), so that
 * the work is raised by p.
 */
#define SCRYPT_N	16384
#define SCRYPT_R	8
#define SCRYPT_P	10

#define RSA_BITS	3072
#define KEY_FILE_MAX	65536
#define FRESH		".tuf-key.new"

static EVP_PKEY *draw(const char *type)
{
	if (!strcmp(type, "ed25519"))
		return EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	if (!strcmp(type, "ecdsa"))
		return EVP_EC_gen("P-256");
	return EVP_RSA_gen(RSA_BITS);
}

int tuf_key_make(const char *type, struct tuf_key **ret, struct tuf_error *err)
{
	EVP_PKEY *pkey;
	int rc;

	if (strcmp(type, "ed25519") && strcmp(type, "ecdsa") && strcmp(type, "rsa"))
		return tuf_fail(err, TUF_ARGUMENT, NULL,
				"%.32s is not ed25519, ecdsa or rsa", type);
	pkey = draw(type);
	ERR_clear_error();
	if (!pkey)
		return tuf_fail(err, TUF_SYSTEM, NULL, "drawing a key failed");
	rc = tuf_key_new(pkey, ret, err);
	EVP_PKEY_free(pkey);
	return rc;
}

const char *tuf_key_id(const struct tuf_key *key)
{
	return key->id;
}

const char *tuf_key_type(const struct tuf_key *key)
{
	return json_string_value(json_object_get(key->object, "keytype"));
}

static int encrypt(PKCS8_PRIV_KEY_INFO *info, const char *passphrase,
		   size_t length, BIO *bio)
{
	X509_ALGOR *algorithm = PKCS5_pbe2_set_scrypt(EVP_aes_256_cbc(), NULL, 0,
						      NULL, SCRYPT_N, SCRYPT_R,
						      SCRYPT_P);
	X509_SIG *sealed = NULL;
	int done;

	if (algorithm)
		sealed = PKCS8_set0_pbe(passphrase, (int)length, info, algorithm);
	if (!sealed)
		X509_ALGOR_free(algorithm);
	done = sealed && PEM_write_bio_PKCS8(bio, sealed) == 1;
	X509_SIG_free(sealed);
	return done ? 0 : -1;
}

/* In memory that is wiped when it is freed. */
static BIO *private_pem(const struct tuf_key *key, const char *passphrase,
			size_t length)
{
	PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(key->pkey);
	BIO *bio = BIO_new(BIO_s_secmem());
	int rc = -1;

	if (info && bio)
		rc = passphrase ? encrypt(info, passphrase, length, bio) :
		     PEM_write_bio_PKCS8_PRIV_KEY_INFO(bio, info) == 1 ? 0 : -1;
	PKCS8_PRIV_KEY_INFO_free(info);
	if (!rc)
		return bio;
	BIO_free(bio);
	return NULL;
}

static BIO *public_pem(const struct tuf_key *key)
{
	BIO *bio = BIO_new(BIO_s_mem());

	if (bio && PEM_write_bio_PUBKEY(bio, key->pkey) == 1)
		return bio;
	BIO_free(bio);
	return NULL;
}

/* Written beside, synced, then given its name, unless that is taken. */
static int write_new(int dir, const char *name, mode_t mode, BIO *pem,
		     struct tuf_error *err)
{
	char *data;
	long length = BIO_get_mem_data(pem, &data);
	int rc;

	if (!faccessat(dir, name, F_OK, AT_SYMLINK_NOFOLLOW))
		return tuf_fail(err, TUF_ARGUMENT, NULL,
				"%s is there already, and is not overwritten", name);
	unlinkat(dir, FRESH, 0);
	rc = tuf_file_write(dir, FRESH, mode, data, (size_t)length, err);
	if (!rc && renameat2(dir, FRESH, dir, name, RENAME_NOREPLACE))
		rc = tuf_fail_errno(err, name);
	if (rc)
		unlinkat(dir, FRESH, 0);
	return rc ? rc : tuf_sync_folder(dir, err);
}

static bool same_print(const struct tuf_key *a, const struct tuf_key *b)
{
	return !memcmp(a->print, b->print, sizeof(a->print));
}

static bool same_key(const struct tuf_key *a, const struct tuf_key *b)
{
	static const unsigned char text[] = "is this the private key?";
	unsigned char sig[TUF_SIGNATURE_MAX];
	struct tuf_error unfit = { 0 };
	size_t length;

	return same_print(a, b) &&
	       !tuf_key_sign(b, text, sizeof(text), sig, &length, &unfit) &&
	       !tuf_key_verify(a, text, sizeof(text), sig, length);
}

struct passphrase {
	const char *text;
	size_t length;
};

static int give_passphrase(char *buffer, size_t size, void *data)
{
	const struct passphrase *passphrase = data;

	if (!passphrase->text || passphrase->length > size)
		return -1;
	memcpy(buffer, passphrase->text, passphrase->length);
	return (int)passphrase->length;
}

/* From the medium, not from what the kernel still holds of it. */
static void forget(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	close(fd);
}

static int read_back(const struct tuf_key *key, const char *folder,
		     const char *name, struct passphrase *passphrase,
		     struct tuf_error *err)
{
	struct tuf_key *again = NULL;
	bool same = false;
	char *path;
	int rc;

	path = tuf_join(folder, name);
	if (!path)
		return tuf_no_memory(err);
	forget(path);
	rc = passphrase ? tuf_key_read(path, give_passphrase, passphrase, &again, err) :
			  tuf_key_read_public(path, &again, err);
	if (!rc)
		same = passphrase ? same_key(key, again) : same_print(key, again);
	if (!rc && !same)
		rc = tuf_fail(err, TUF_SYSTEM, NULL,
			      "%s: what was read back is not what was written",
			      path);
	tuf_key_free(again);
	free(path);
	return rc;
}

static int write_pair(const struct tuf_key *key, int dir, const char *private,
		      const char *public, const char *passphrase, size_t length,
		      struct tuf_error *err)
{
	BIO *secret = private_pem(key, passphrase, length);
	BIO *open = public_pem(key);
	int rc;

	if (!secret || !open) {
		ERR_clear_error();
		rc = tuf_fail(err, TUF_SYSTEM, NULL, "encoding a key failed");
	} else {
		rc = write_new(dir, private, 0400, secret, err);
		if (!rc)
			rc = write_new(dir, public, 0444, open, err);
	}
	BIO_free(secret);
	BIO_free(open);
	return rc;
}

int tuf_key_write(const struct tuf_key *key, const char *folder,
		  const char *name, const char *passphrase, size_t length,
		  struct tuf_error *err)
{
	int dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc;
	struct passphrase same = { passphrase, length };
	char *private = NULL, *public = NULL;

	if (dir < 0)
		return tuf_fail_errno(err, folder);
	if (asprintf(&private, "%s.key", name) < 0)
		private = NULL;
	if (asprintf(&public, "%s.pub", name) < 0)
		public = NULL;
	rc = !private || !public ? tuf_no_memory(err) :
	     write_pair(key, dir, private, public, passphrase, length, err);
	close(dir);
	if (!rc)
		rc = read_back(key, folder, private, &same, err);
	if (!rc)
		rc = read_back(key, folder, public, NULL, err);
	free(private);
	free(public);
	return rc;
}

struct asking {
	tuf_passphrase_fn *ask;
	void *data;
	bool asked;
};

static int on_passphrase(char *buffer, int size, int writing, void *data)
{
	struct asking *asking = data;
	int length;

	(void)writing;
	asking->asked = true;
	length = asking->ask && size > 0 ?
		 asking->ask(buffer, (size_t)size, asking->data) : -1;
	return length < 0 ? -1 : length;
}

static int read_file(const char *path, BIO **ret, struct tuf_error *err)
{
	char *data;
	size_t length;
	BIO *bio;
	int rc;

	rc = tuf_file_read(AT_FDCWD, path, KEY_FILE_MAX, &data, &length, err);
	if (rc == -TUF_MISSING) {
		errno = ENOENT;
		return tuf_fail_errno(err, path);
	}
	if (rc)
		return rc;
	bio = BIO_new(BIO_s_secmem());
	if (bio && BIO_write(bio, data, (int)length) != (int)length) {
		BIO_free(bio);
		bio = NULL;
	}
	OPENSSL_cleanse(data, length);
	free(data);
	*ret = bio;
	return bio ? 0 : tuf_no_memory(err);
}

static int take_key(EVP_PKEY *pkey, const char *path, const char *wrong,
		    struct tuf_key **ret, struct tuf_error *err)
{
	int rc;

	ERR_clear_error();
	if (!pkey)
		return tuf_fail(err, TUF_ARGUMENT, NULL, "%s: %s", path, wrong);
	rc = tuf_key_new(pkey, ret, err);
	EVP_PKEY_free(pkey);
	return rc;
}

int tuf_key_read(const char *path, tuf_passphrase_fn *ask, void *data,
		 struct tuf_key **ret, struct tuf_error *err)
{
	struct asking asking = { .ask = ask, .data = data };
	EVP_PKEY *pkey;
	BIO *bio;
	int rc;

	rc = read_file(path, &bio, err);
	if (rc)
		return rc;
	pkey = PEM_read_bio_PrivateKey(bio, NULL, on_passphrase, &asking);
	BIO_free(bio);
	return take_key(pkey, path, asking.asked ? "wrong passphrase" :
			"not a private key in PEM", ret, err);
}

int tuf_key_read_public(const char *path, struct tuf_key **ret,
			struct tuf_error *err)
{
	EVP_PKEY *pkey;
	BIO *bio;
	int rc;

	rc = read_file(path, &bio, err);
	if (rc)
		return rc;
	pkey = PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL);
	BIO_free(bio);
	return take_key(pkey, path, "not a public key in PEM", ret, err);
}
