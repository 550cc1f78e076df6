// SPDX-License-Identifier: MIT
/*
 * Packages, signed with the keys of a PKI that is made for the test.
 */
#include <endian.h>

#include "update_fixture.h"

#include "crypto.h"
#include "digest.h"
#include "scratch.h"

char *fixture_folder;

static struct rewire_signer *sds, *developer, *root;

static int open_signer(const char *role, struct rewire_signer **ret)
{
	char key[128], certificate[128];

	snprintf(key, sizeof(key), "pki/%s.key", role);
	snprintf(certificate, sizeof(certificate), "pki/%s.crt", role);
	return rewire_signer_open(scratch_path(fixture_folder, key),
				  scratch_path(fixture_folder, certificate),
				  NULL, NULL, ret, NULL);
}

int fixture_set_up(void **state)
{
	struct rewire_error err = { 0 };
	__u8 sm[REWIRE_ID_SIZE];

	(void)state;
	fixture_folder = scratch_make();
	if (rewire_pki_init(scratch_path(fixture_folder, "pki"), &err) ||
	    rewire_pki_host(scratch_path(fixture_folder, "pki"), "alpha", NULL,
			    sm, &err)) {
		fprintf(stderr, "%s\n", err.text);
		return -1;
	}
	return open_signer("sds", &sds) | open_signer("developer", &developer) |
	       open_signer("root-1", &root);
}

int fixture_tear_down(void **state)
{
	(void)state;
	rewire_signer_free(sds);
	rewire_signer_free(developer);
	rewire_signer_free(root);
	scratch_remove(fixture_folder);
	return 0;
}

static struct rewire_header header_of(__u16 type, __u32 size, __u32 flags)
{
	return (struct rewire_header){
		.magic = REWIRE_MAGIC,
		.type = type,
		.version = REWIRE_VERSION,
		.size = size,
		.flags = flags,
	};
}

void fixture_defaults(struct package_file *file)
{
	memset(file, 0, sizeof(*file));
	file->manifest.header = header_of(REWIRE_TYPE_MANIFEST,
					  sizeof(file->manifest), 0);
	memset(file->manifest.software, 0x5a, REWIRE_ID_SIZE);
	memset(file->manifest.measurement, 0xe4, REWIRE_DIGEST_SIZE);
	file->manifest.release = 4;
	file->manifest.svn = 2;
	file->manifest.max_memory = 64 << 20;
	file->manifest.max_threads = 1;
	file->manifest.min_atl = 2;
	file->manifest.attributes = REWIRE_ATTR_STATE_HANDOVER;
	file->package.header = header_of(REWIRE_TYPE_PACKAGE,
					 sizeof(file->package), 0);
	memset(file->package.nonce, 0x11, REWIRE_NONCE_SIZE);
	file->package.from_max = UINT64_MAX;
	file->package.payload_length = FIXTURE_PAYLOAD;
	file->package.trial_ms = 10000;
}

static void put(struct package_file *file, const void *data, size_t length)
{
	assert_true(file->length + length <= sizeof(file->data));
	memcpy(file->data + file->length, data, length);
	file->length += length;
}

static void put_signature(struct package_file *file,
			  const struct rewire_signer *signer, const void *body,
			  size_t body_length)
{
	__u8 cms[REWIRE_MAX_CMS];
	size_t length;
	__u32 prefix;

	assert_int_equal(crypto_cms_sign(signer, body, body_length, cms,
					 &length, NULL), 0);
	prefix = htole32((__u32)length);
	put(file, &prefix, sizeof(prefix));
	put(file, cms, length);
}

void fixture_sign(struct package_file *file, size_t roots)
{
	struct rewire_package *package = &file->package;

	if (package->header.flags & REWIRE_PACKAGE_SEALED)
		package->salt[0] = 1;
	memcpy(package->software, file->manifest.software, REWIRE_ID_SIZE);
	assert_int_equal(digest_bytes(&file->manifest, sizeof(file->manifest),
				      package->manifest_digest, NULL), 0);
	file->length = 0;
	put(file, package, sizeof(*package));
	put_signature(file, sds, package, sizeof(*package));
	put(file, &file->manifest, sizeof(file->manifest));
	put_signature(file, developer, &file->manifest, sizeof(file->manifest));
	for (size_t i = 0; i < roots; i++)
		put_signature(file, root, package, sizeof(*package));
}

size_t fixture_wrap(const struct package_file *file, __u8 data[REWIRE_MAX_WRAP])
{
	struct rewire_wrap wrap = {
		.header = header_of(REWIRE_TYPE_WRAP, sizeof(wrap), 0),
		.generation = 1,
	};
	__u8 cms[REWIRE_MAX_CMS];
	size_t length;

	assert_int_equal(digest_bytes(&file->package, sizeof(file->package),
				      wrap.package_digest, NULL), 0);
	assert_int_equal(crypto_cms_sign(sds, &wrap, sizeof(wrap), cms, &length,
					 NULL), 0);
	assert_true(sizeof(wrap) + length <= REWIRE_MAX_WRAP);
	memcpy(data, &wrap, sizeof(wrap));
	memcpy(data + sizeof(wrap), cms, length);
	return sizeof(wrap) + length;
}
