// SPDX-License-Identifier: MIT
/*
 * Keys and certificates for benches and small fleets, as files:
 *
 *	DIR/root-{1,2,3}.{key,crt}		root role, two of which have to sign
 *	DIR/{sds,developer}.{key,crt}		roles, self-signed
 *	DIR/platform.{key,crt}			signs attestation certificates
 *	DIR/tls-ca.{key,crt}			signs the helpers' certificates
 *	DIR/hosts/NAME/				all that one host needs
 *
 * RSA and SHA-256 throughout: what every kernel verifies.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>

#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include "crypto.h"

#define ROLE_BITS 3072
#define HOST_BITS 2048
#define ROOT_THRESHOLD "2\n"
#define DAY (24 * 3600L)
#define YEARS_VALID 10
#define SECRET_SIZE 32
#define MAX_NAME 63

/* What a certificate is for. */
struct profile {
	const char *constraints;
	const char *usage;
	const char *extended;
};

static const struct profile role_profile = {
	.constraints = "critical,CA:FALSE",
	.usage = "critical,digitalSignature",
};

static const struct profile ca_profile = {
	.constraints = "critical,CA:TRUE,pathlen:0",
	.usage = "critical,keyCertSign,cRLSign",
};

static const struct profile attest_profile = {
	.constraints = "critical,CA:FALSE",
	.usage = "critical,digitalSignature",
};

static const struct profile tls_profile = {
	.constraints = "critical,CA:FALSE",
	.usage = "critical,digitalSignature",
	.extended = "serverAuth,clientAuth",
};

/* A key pair and where it is kept. */
struct identity {
	EVP_PKEY *key;
	X509 *certificate;
};

static void identity_free(struct identity *identity)
{
	EVP_PKEY_free(identity->key);
	X509_free(identity->certificate);
	*identity = (struct identity){ 0 };
}

static int path_of(char *path, size_t size, const char *dir, const char *name,
		   const char *suffix, struct rewire_error *err)
{
	if ((size_t)snprintf(path, size, "%s/%s%s", dir, name, suffix) >= size)
		return rewire_fail(err, ENAMETOOLONG, "%s: name too long", dir);
	return 0;
}

static int make_folder(const char *path, mode_t mode, bool may_exist,
		       struct rewire_error *err)
{
	if (!mkdir(path, mode) || (may_exist && errno == EEXIST))
		return 0;
	return rewire_fail(err, errno, "%s: %s", path, strerror(errno));
}

static int write_bio(const char *path, BIO *bio, mode_t mode,
		     struct rewire_error *err)
{
	char *data;
	long length = BIO_get_mem_data(bio, &data);

	return rewire_file_write(path, data, (size_t)length, mode, err);
}

static int write_key(const char *dir, const char *name, EVP_PKEY *key,
		     struct rewire_error *err)
{
	BIO *bio = BIO_new(BIO_s_secmem());
	char path[4096];
	int rc = path_of(path, sizeof(path), dir, name, ".key", err);

	if (!rc && (!bio || !PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL,
							   0, NULL, NULL)))
		rc = crypto_fail(err, EIO, path);
	if (!rc)
		rc = write_bio(path, bio, 0600, err);
	BIO_free(bio);
	return rc;
}

static int write_certificate(const char *dir, const char *name,
			     X509 *certificate, struct rewire_error *err)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char path[4096];
	int rc = path_of(path, sizeof(path), dir, name, ".crt", err);

	if (!rc && (!bio || !PEM_write_bio_X509(bio, certificate)))
		rc = crypto_fail(err, EIO, path);
	if (!rc)
		rc = write_bio(path, bio, 0644, err);
	BIO_free(bio);
	return rc;
}

static int read_identity(const char *dir, const char *name,
			 struct identity *ret_identity,
			 struct rewire_error *err)
{
	struct identity identity = { 0 };
	char path[4096];
	int rc = path_of(path, sizeof(path), dir, name, ".crt", err);

	if (!rc)
		rc = crypto_read_certificate(path, &identity.certificate, err);
	if (!rc)
		rc = path_of(path, sizeof(path), dir, name, ".key", err);
	if (!rc)
		rc = crypto_read_key(path, NULL, NULL, &identity.key, err);
	if (rc)
		identity_free(&identity);
	else
		*ret_identity = identity;
	return rc;
}

static int add_extension(X509 *certificate, X509 *issuer, int nid,
			 const char *value)
{
	X509_EXTENSION *extension;
	X509V3_CTX ctx;
	int ok;

	X509V3_set_ctx(&ctx, issuer, certificate, NULL, NULL, 0);
	extension = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	ok = extension && X509_add_ext(certificate, extension, -1);
	X509_EXTENSION_free(extension);
	return ok;
}

static int set_names(X509 *certificate, X509 *issuer, const char *name)
{
	X509_NAME *subject = X509_get_subject_name(certificate);
	const unsigned char *text = (const unsigned char *)name;

	return X509_NAME_add_entry_by_txt(subject, "O", MBSTRING_ASC,
					  (const unsigned char *)"REWIRE", -1,
					  -1, 0) &&
	       X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, text,
					  -1, -1, 0) &&
	       X509_set_issuer_name(certificate,
				    X509_get_subject_name(issuer));
}

static int set_serial(X509 *certificate)
{
	unsigned char bytes[16];
	BIGNUM *number;
	int ok;

	if (RAND_bytes(bytes, sizeof(bytes)) != 1)
		return 0;
	/* Positive, and not zero: DER integers have a sign. */
	bytes[0] = (bytes[0] & 0x7f) | 0x40;
	number = BN_bin2bn(bytes, sizeof(bytes), NULL);
	ok = number && BN_to_ASN1_INTEGER(number,
					  X509_get_serialNumber(certificate));
	BN_free(number);
	return ok;
}

/* A day back: the clocks of two machines differ. */
static int set_validity(X509 *certificate)
{
	return X509_gmtime_adj(X509_getm_notBefore(certificate), -DAY) &&
	       X509_time_adj_ex(X509_getm_notAfter(certificate),
				YEARS_VALID * 365, 0, NULL);
}

static int set_extensions(X509 *certificate, X509 *issuer,
			  const struct profile *profile, const char *alt_name)
{
	return add_extension(certificate, issuer, NID_basic_constraints,
			     profile->constraints) &&
	       add_extension(certificate, issuer, NID_key_usage,
			     profile->usage) &&
	       (!profile->extended ||
		add_extension(certificate, issuer, NID_ext_key_usage,
			      profile->extended)) &&
	       (!alt_name || add_extension(certificate, issuer,
					   NID_subject_alt_name, alt_name)) &&
	       add_extension(certificate, issuer, NID_subject_key_identifier,
			     "hash") &&
	       add_extension(certificate, issuer, NID_authority_key_identifier,
			     "keyid:always");
}

/* Without a @ca the certificate signs itself. */
static int make_identity(const char *name, unsigned int bits,
			 const struct profile *profile, const char *alt_name,
			 const struct identity *ca,
			 struct identity *ret_identity, struct rewire_error *err)
{
	struct identity identity = {
		.key = EVP_RSA_gen(bits),
		.certificate = X509_new(),
	};
	X509 *certificate = identity.certificate;
	X509 *issuer = ca ? ca->certificate : certificate;
	EVP_PKEY *issuer_key = ca ? ca->key : identity.key;

	if (!identity.key || !certificate ||
	    !X509_set_version(certificate, X509_VERSION_3) ||
	    !X509_set_pubkey(certificate, identity.key) ||
	    !set_names(certificate, issuer, name) || !set_serial(certificate) ||
	    !set_validity(certificate) ||
	    !set_extensions(certificate, issuer, profile, alt_name) ||
	    !X509_sign(certificate, issuer_key, EVP_sha256())) {
		int rc = crypto_fail(err, EIO, name);

		identity_free(&identity);
		return rc;
	}
	*ret_identity = identity;
	return 0;
}

static int write_identity(const char *dir, const char *name,
			  const struct identity *identity,
			  struct rewire_error *err)
{
	int rc = write_key(dir, name, identity->key, err);

	if (!rc)
		rc = write_certificate(dir, name, identity->certificate, err);
	return rc;
}

int rewire_pki_init(const char *dir, struct rewire_error *err)
{
	static const struct {
		const char *name;
		const char *title;
		const struct profile *profile;
	} pairs[] = {
		{ "root-1", "root role 1", &role_profile },
		{ "root-2", "root role 2", &role_profile },
		{ "root-3", "root role 3", &role_profile },
		{ "sds", "sds role", &role_profile },
		{ "developer", "developer role", &role_profile },
		{ "platform", "platform CA", &ca_profile },
		{ "tls-ca", "TLS CA", &ca_profile },
	};
	char hosts[4096];
	int rc;

	rc = path_of(hosts, sizeof(hosts), dir, "hosts", "", err);
	if (!rc)
		rc = make_folder(dir, 0700, true, err);
	/* The folder of hosts comes first: it says that the place is taken. */
	if (!rc)
		rc = make_folder(hosts, 0700, false, err);
	for (size_t i = 0; !rc && i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		struct identity identity;

		rc = make_identity(pairs[i].title, ROLE_BITS, pairs[i].profile,
				   NULL, NULL, &identity, err);
		if (rc)
			break;
		rc = write_identity(dir, pairs[i].name, &identity, err);
		identity_free(&identity);
	}
	return rc;
}

static bool is_host_name(const char *name)
{
	size_t length = strlen(name);

	if (!length || length > MAX_NAME || !isalnum((unsigned char)name[0]))
		return false;
	for (size_t i = 0; i < length; i++)
		if (!isalnum((unsigned char)name[i]) && name[i] != '-' &&
		    name[i] != '.')
			return false;
	return true;
}

static int make_attestation(const char *dir, const char *host, const char *name,
			    __u8 ret_sm[REWIRE_ID_SIZE],
			    struct rewire_error *err)
{
	char text[2 * REWIRE_ID_SIZE + 2], path[4096];
	struct identity ca, identity;
	int rc = read_identity(dir, "platform", &ca, err);

	if (rc)
		return rc;
	rc = make_identity(name, HOST_BITS, &attest_profile, NULL, &ca,
			   &identity, err);
	identity_free(&ca);
	if (rc)
		return rc;
	rc = write_identity(host, "attest", &identity, err);
	if (!rc)
		rc = crypto_key_id(identity.key, ret_sm, err);
	identity_free(&identity);
	if (!rc)
		rc = path_of(path, sizeof(path), host, "sm-id", "", err);
	if (rc)
		return rc;
	rewire_hex(ret_sm, REWIRE_ID_SIZE, text);
	strcat(text, "\n");
	return rewire_file_write(path, text, strlen(text), 0644, err);
}

static int make_tls(const char *dir, const char *host, const char *name,
		    struct rewire_error *err)
{
	struct identity ca, identity;
	char alt[MAX_NAME + 8];
	int rc = read_identity(dir, "tls-ca", &ca, err);

	if (rc)
		return rc;
	snprintf(alt, sizeof(alt), "DNS:%s", name);
	rc = make_identity(name, HOST_BITS, &tls_profile, alt, &ca, &identity,
			   err);
	identity_free(&ca);
	if (rc)
		return rc;
	rc = write_identity(host, "tls", &identity, err);
	identity_free(&identity);
	return rc;
}

static int make_root_secret(const char *host, struct rewire_error *err)
{
	__u8 secret[SECRET_SIZE];
	char path[4096];
	int rc = path_of(path, sizeof(path), host, "root.bin", "", err);

	if (!rc && getrandom(secret, sizeof(secret), 0) != sizeof(secret))
		rc = rewire_fail(err, errno, "random numbers: %s",
				 strerror(errno));
	if (!rc)
		rc = rewire_file_write(path, secret, sizeof(secret), 0600, err);
	explicit_bzero(secret, sizeof(secret));
	return rc;
}

static int copy_anchors(const char *dir, const char *host,
			struct rewire_error *err)
{
	static const char *const names[] = {
		"root-1", "root-2", "root-3", "sds", "developer", "platform",
		"tls-ca",
	};
	char anchors[4096], path[4096];
	int rc = path_of(anchors, sizeof(anchors), host, "anchors", "", err);

	if (!rc)
		rc = make_folder(anchors, 0755, false, err);
	if (!rc)
		rc = path_of(path, sizeof(path), anchors, "root.threshold", "",
			     err);
	if (!rc)
		rc = rewire_file_write(path, ROOT_THRESHOLD,
				       strlen(ROOT_THRESHOLD), 0644, err);
	for (size_t i = 0; !rc && i < sizeof(names) / sizeof(names[0]); i++) {
		X509 *x509;

		rc = path_of(path, sizeof(path), dir, names[i], ".crt", err);
		if (!rc)
			rc = crypto_read_certificate(path, &x509, err);
		if (rc)
			break;
		rc = write_certificate(anchors, names[i], x509, err);
		X509_free(x509);
	}
	return rc;
}

static int write_address(const char *host, const char *address,
			 struct rewire_error *err)
{
	char path[4096], line[300];
	int length = snprintf(line, sizeof(line), "%s\n", address);

	if (length <= 0 || (size_t)length >= sizeof(line) ||
	    !strrchr(address, ':'))
		return rewire_fail(err, EINVAL, "%s: not HOST:PORT", address);
	if (path_of(path, sizeof(path), host, "address", "", err))
		return -ENAMETOOLONG;
	return rewire_file_write(path, line, (size_t)length, 0644, err);
}

int rewire_pki_host(const char *dir, const char *name, const char *address,
		    __u8 ret_sm[REWIRE_ID_SIZE], struct rewire_error *err)
{
	char hosts[2048], host[4096];
	int rc;

	if (!is_host_name(name))
		return rewire_fail(err, EINVAL, "%s: a host's name is letters, digits, '-' and '.'",
				   name);
	rc = path_of(hosts, sizeof(hosts), dir, "hosts", "", err);
	if (!rc)
		rc = path_of(host, sizeof(host), hosts, name, "", err);
	if (!rc)
		rc = make_folder(host, 0700, false, err);
	if (!rc && address)
		rc = write_address(host, address, err);
	if (!rc)
		rc = copy_anchors(dir, host, err);
	if (!rc)
		rc = make_root_secret(host, err);
	if (!rc)
		rc = make_tls(dir, host, name, err);
	if (!rc)
		rc = make_attestation(dir, host, name, ret_sm, err);
	return rc;
}
