// SPDX-License-Identifier: GPL-2.0-only
/*
 * Packages and the Software Update Key. The SDS is 's', the developer 'v', two of
 * a, b and c speak for the root role. What is changed after it was signed has to
 * be refused for the signature; what is signed so, for what it says.
 */
#include <crypto/aead.h>
#include <crypto/sha2.h>
#include <kunit/test.h>
#include <linux/err.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>

#include "../../kmod/aead.h"
#include "../../kmod/hpke.h"
#include "../../kmod/package.h"
#include "../../kmod/suk.h"
#include "sign.h"
#include "util.h"
#include "world.h"

#define SOFTWARE	((const u8 *)"software of all")	/* and its zero */
/* of the root key "abc...", in Python from RFC 5869 and RFC 9180 */
#define SUK_OF_A							\
	"bf9bdde7e63791eb9f6b9fb1e6aa360b8fd1ba5ff9d5505f3c00a5415e74e9e4" \
	"38413a05565e4aa5513e22ac35557cd5289d320c5f26b74c98e2ca940e4ffc5b"
/* of the package in payload_key_matches(); tests/user has the same */
#define PAYLOAD_KEY							\
	"9d256f93689de1e3794bd574bc4a760211b76a202491c1645c6b91e0b32397c7" \
	"a645337bac49c77e1716a2ae"

#define ROOT		REWIRE_PACKAGE_ROOT
#define SEALED		REWIRE_PACKAGE_SEALED

struct pack {
	struct rewire_sm *sm, *other;
	struct rewire_words *words;
	struct rewire_order order;
	struct rewire_why why;
	const char *sds, *developer, *wrapper, *root;
	u8 content[REWIRE_KEY_SIZE];
};

static struct rewire_header head(u16 type, u32 size, u32 flags)
{
	return (struct rewire_header){
		.magic = REWIRE_MAGIC, .type = type,
		.version = REWIRE_VERSION, .size = size, .flags = flags,
	};
}

static void add_roles(struct kunit *test, struct rewire_sm *sm)
{
	sign_add(test, &sm->roles, REWIRE_ROLE_SDS, "s");
	sign_add(test, &sm->roles, REWIRE_ROLE_DEVELOPER, "v");
	sign_add(test, &sm->roles, REWIRE_ROLE_ROOT, "abc");
	KUNIT_ASSERT_EQ(test, rewire_roles_threshold(&sm->roles, 2, NULL), 0);
}

static int package_init(struct kunit *test)
{
	struct pack *p = kunit_kzalloc(test, sizeof(*p), GFP_KERNEL);
	struct rewire_words *w;

	KUNIT_ASSERT_NOT_NULL(test, p);
	test->priv = p;
	p->sm = world_sm(test, 'a', false);
	add_roles(test, p->sm);
	w = kunit_kzalloc(test, sizeof(*w), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, w);
	p->words = w;
	memcpy(w->workload, WORLD_WORKLOAD, REWIRE_ID_SIZE);
	w->manifest = (struct rewire_manifest){
		.header = head(REWIRE_TYPE_MANIFEST, sizeof(w->manifest), 0),
		.release = 2, .svn = 1, .max_memory = WORLD_LIMIT,
		.max_threads = 1,
	};
	memcpy(w->manifest.software, SOFTWARE, REWIRE_ID_SIZE);
	w->package = (struct rewire_package){
		.header = head(REWIRE_TYPE_PACKAGE, sizeof(w->package), 0),
		.from_min = 1, .from_max = 1, .payload_length = SZ_64K,
		.trial_ms = 60000,
	};
	memset(w->package.nonce, 0x4e, sizeof(w->package.nonce));
	memcpy(w->package.software, SOFTWARE, REWIRE_ID_SIZE);
	memset(p->content, 0xcc, sizeof(p->content));
	p->sds = "s";
	p->developer = "v";
	p->wrapper = "s";
	p->root = "";
	return 0;
}

static void words_unsign(struct rewire_words *w)
{
	kfree(w->package_cms.bytes);
	kfree(w->manifest_cms.bytes);
	kfree(w->wrap_cms.bytes);
	rewire_quorum_free(&w->root);
	memset(&w->package_cms, 0, sizeof(w->package_cms));
	memset(&w->manifest_cms, 0, sizeof(w->manifest_cms));
	memset(&w->wrap_cms, 0, sizeof(w->wrap_cms));
}

static void package_exit(struct kunit *test)
{
	struct pack *p = test->priv;

	if (!p)
		return;
	if (p->words)
		words_unsign(p->words);
	world_sm_free(p->other);
	world_sm_free(p->sm);
}

/* everybody signs what there is now */
static void sign_words(struct kunit *test)
{
	struct pack *p = test->priv;
	struct rewire_words *w = p->words;

	words_unsign(w);
	sign_all(test, p->developer, &w->manifest, sizeof(w->manifest),
		 &w->manifest_cms);
	sign_all(test, p->sds, &w->package, sizeof(w->package),
		 &w->package_cms);
	w->root.count = sign_all(test, p->root, &w->package,
				 sizeof(w->package), w->root.cms);
	if (w->wrap.header.magic)
		sign_all(test, p->wrapper, &w->wrap, sizeof(w->wrap),
			 &w->wrap_cms);
}

static void name_manifest(struct rewire_words *w)
{
	sha256((const u8 *)&w->manifest, sizeof(w->manifest),
	       w->package.manifest_digest);
}

static int verify_by(struct kunit *test, struct rewire_sm *sm)
{
	struct pack *p = test->priv;
	int ret;

	p->why.text[0] = 0;
	ret = rewire_order_verify(sm, p->words, &p->order, &p->why);
	if (ret) {
		KUNIT_EXPECT_NE_MSG(test, p->why.text[0], 0,
				    "refused without a reason: %d", ret);
		KUNIT_EXPECT_TRUE(test, !memchr_inv(&p->order, 0,
						    sizeof(p->order)));
	}
	return ret;
}

static int verify(struct kunit *test)
{
	struct pack *p = test->priv;

	return verify_by(test, p->sm);
}

static int sign_and_verify(struct kunit *test)
{
	struct pack *p = test->priv;

	name_manifest(p->words);
	sign_words(test);
	return verify(test);
}

/* "SealBase" of one content key */
static void seal(struct kunit *test, const struct rewire_hpke_sealed *to,
		 const u8 material[REWIRE_AEAD_MATERIAL], u8 *out)
{
	struct crypto_aead *tfm = crypto_alloc_aead("gcm(aes)", 0, 0);
	struct pack *p = test->priv;
	struct aead_request *req;
	struct scatterlist sg;
	DECLARE_CRYPTO_WAIT(wait);
	u8 *buf = kunit_kzalloc(test, to->cipher_len, GFP_KERNEL);
	u8 *iv = kunit_kzalloc(test, REWIRE_IV_SIZE, GFP_KERNEL);

	KUNIT_ASSERT_FALSE(test, IS_ERR(tfm));
	KUNIT_ASSERT_NOT_NULL(test, buf);
	KUNIT_ASSERT_NOT_NULL(test, iv);
	memcpy(buf, p->content, sizeof(p->content));
	memcpy(iv, material + REWIRE_KEY_SIZE, REWIRE_IV_SIZE);
	KUNIT_ASSERT_EQ(test, crypto_aead_setkey(tfm, material,
						 REWIRE_KEY_SIZE), 0);
	req = aead_request_alloc(tfm, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, req);
	sg_init_one(&sg, buf, to->cipher_len);
	aead_request_set_callback(req, CRYPTO_TFM_REQ_MAY_SLEEP,
				  crypto_req_done, &wait);
	aead_request_set_ad(req, 0);
	aead_request_set_crypt(req, &sg, &sg, sizeof(p->content), iv);
	KUNIT_ASSERT_EQ(test, crypto_wait_req(crypto_aead_encrypt(req), &wait),
			0);
	memcpy(out, buf, to->cipher_len);
	aead_request_free(req);
	crypto_free_aead(tfm);
}

/* the content key, for what the wrap says now */
static void wrap_for(struct kunit *test, const u8 receiver[REWIRE_POINT_SIZE])
{
	struct pack *p = test->priv;
	struct rewire_wrap *wrap = &p->words->wrap;
	u8 info[sizeof(REWIRE_WRAP_INFO) + REWIRE_ID_SIZE +
		REWIRE_DIGEST_SIZE] = REWIRE_WRAP_INFO;
	u8 material[REWIRE_AEAD_MATERIAL], dh[REWIRE_SECRET_SIZE];
	struct rewire_share sender;
	struct rewire_hpke_sealed sealed = {
		.enc = wrap->enc, .info = info, .info_len = sizeof(info),
		.cipher_len = sizeof(wrap->key),
	};

	memcpy(info + sizeof(REWIRE_WRAP_INFO), wrap->device, REWIRE_ID_SIZE);
	memcpy(info + sizeof(REWIRE_WRAP_INFO) + REWIRE_ID_SIZE,
	       wrap->package_digest, REWIRE_DIGEST_SIZE);
	KUNIT_ASSERT_EQ(test, rewire_share_generate(&sender), 0);
	wrap->enc[0] = 4;
	memcpy(wrap->enc + 1, sender.public, REWIRE_POINT_SIZE);
	KUNIT_ASSERT_EQ(test, rewire_share_agree(&sender, receiver, dh), 0);
	rewire_share_wipe(&sender);
	KUNIT_ASSERT_EQ(test, rewire_hpke_schedule(&rewire_hpke_aes256, dh,
						   receiver, &sealed, material),
			0);
	seal(test, &sealed, material, wrap->key);
}

static void suk_of(struct kunit *test, const struct rewire_sm *sm,
		   u32 generation, u8 point[REWIRE_POINT_SIZE])
{
	struct rewire_share pair;

	KUNIT_ASSERT_EQ(test, rewire_suk_pair(&sm->roots, generation, &pair,
					      NULL), 0);
	memcpy(point, pair.public, REWIRE_POINT_SIZE);
	rewire_share_wipe(&pair);
}

/* an encrypted package with its wrap; signed */
static void make_sealed(struct kunit *test)
{
	struct pack *p = test->priv;
	struct rewire_words *w = p->words;
	u8 point[REWIRE_POINT_SIZE];

	w->package.header.flags |= SEALED;
	memset(w->package.salt, 0x5a, sizeof(w->package.salt));
	name_manifest(w);
	w->wrap = (struct rewire_wrap){
		.header = head(REWIRE_TYPE_WRAP, sizeof(w->wrap), 0),
		.generation = 1,
	};
	memcpy(w->wrap.device, p->sm->attest.id, REWIRE_ID_SIZE);
	sha256((const u8 *)&w->package, sizeof(w->package),
	       w->wrap.package_digest);
	suk_of(test, p->sm, 1, point);
	wrap_for(test, point);
	sign_words(test);
}

static void order_is_taken(struct kunit *test)
{
	struct pack *p = test->priv;
	u8 digest[REWIRE_DIGEST_SIZE], id[REWIRE_ID_SIZE];
	const u8 *cert;
	u32 len;

	KUNIT_ASSERT_EQ(test, sign_and_verify(test), 0);
	sha256((const u8 *)&p->words->package, sizeof(p->words->package),
	       digest);
	KUNIT_EXPECT_MEMEQ(test, p->order.digest, digest, sizeof(digest));
	KUNIT_EXPECT_MEMEQ(test, &p->order.package, &p->words->package,
			   sizeof(p->order.package));
	KUNIT_EXPECT_MEMEQ(test, &p->order.manifest, &p->words->manifest,
			   sizeof(p->order.manifest));
	cert = sign_cert(test, 'v', &len);
	KUNIT_ASSERT_EQ(test, rewire_cert_id(cert, len, id, NULL), 0);
	KUNIT_EXPECT_MEMEQ(test, p->order.developer, id, sizeof(id));
	KUNIT_EXPECT_TRUE(test, !memchr_inv(p->order.content, 0,
					    sizeof(p->order.content)));
}

static void sealed_order_has_its_key(struct kunit *test)
{
	struct pack *p = test->priv;

	make_sealed(test);
	KUNIT_ASSERT_EQ(test, verify(test), 0);
	KUNIT_EXPECT_MEMEQ(test, p->order.content, p->content,
			   sizeof(p->content));
	rewire_order_free(&p->order);
	KUNIT_EXPECT_TRUE(test, !memchr_inv(&p->order, 0, sizeof(p->order)));
}

static void flip_all(struct kunit *test, void *what, size_t len,
		     const char *name)
{
	u8 *bytes = what;
	size_t i;

	for (i = 0; i < len; i++) {
		bytes[i] ^= 1;
		KUNIT_EXPECT_LT_MSG(test, verify(test), 0, "byte %zu of %s", i,
				    name);
		bytes[i] ^= 1;
	}
	KUNIT_EXPECT_EQ(test, verify(test), 0);
}

static void any_byte_flipped_is_refused(struct kunit *test)
{
	struct pack *p = test->priv;
	struct rewire_words *w = p->words;

	w->package.header.flags = ROOT;
	p->root = "ab";
	make_sealed(test);
	flip_all(test, &w->package, sizeof(w->package), "package");
	flip_all(test, &w->manifest, sizeof(w->manifest), "manifest");
	flip_all(test, &w->wrap, sizeof(w->wrap), "wrap");
}

/* the package names what was changed: the developer's signature has to tell */
static void changed_manifest_is_refused(struct kunit *test)
{
	struct pack *p = test->priv;

	KUNIT_ASSERT_EQ(test, sign_and_verify(test), 0);
	p->words->manifest.release++;
	KUNIT_EXPECT_EQ(test, verify(test), -EBADMSG);
	name_manifest(p->words);
	KUNIT_EXPECT_EQ(test, verify(test), -EKEYREJECTED);
	kfree(p->words->package_cms.bytes);
	sign_one(test, 's', &p->words->package, sizeof(p->words->package),
		 &p->words->package_cms);
	KUNIT_EXPECT_EQ(test, verify(test), -EKEYREJECTED);
}

static void only_its_role_signs(struct kunit *test)
{
	struct pack *p = test->priv;
	static const char * const others[] = { "v", "a", "d" };
	int i;

	for (i = 0; i < ARRAY_SIZE(others); i++) {
		p->sds = others[i];
		KUNIT_EXPECT_EQ(test, sign_and_verify(test), -ENOKEY);
	}
	p->sds = "!s";
	KUNIT_EXPECT_EQ(test, sign_and_verify(test), -EKEYREJECTED);
	p->sds = "s";
	p->developer = "s";
	KUNIT_EXPECT_EQ(test, sign_and_verify(test), -ENOKEY);
	p->developer = "v";
	p->wrapper = "v";
	make_sealed(test);
	KUNIT_EXPECT_EQ(test, verify(test), -ENOKEY);
	p->wrapper = "s";
	make_sealed(test);
	KUNIT_EXPECT_EQ(test, verify(test), 0);
}

static void revoked_key_is_refused(struct kunit *test)
{
	struct pack *p = test->priv;
	struct rewire_anchors *anchors;
	const u8 *cert;
	u32 len;

	KUNIT_ASSERT_EQ(test, sign_and_verify(test), 0);
	anchors = rewire_anchors_alloc(REWIRE_ROLE_SDS);
	KUNIT_ASSERT_NOT_NULL(test, anchors);
	cert = sign_cert(test, 'd', &len);
	KUNIT_ASSERT_EQ(test, rewire_anchors_add(anchors, cert, len, NULL), 0);
	rewire_roles_replace(&p->sm->roles, anchors);
	KUNIT_EXPECT_EQ(test, verify(test), -ENOKEY);
	p->sds = "d";
	KUNIT_EXPECT_EQ(test, sign_and_verify(test), 0);
}

static const struct quorum_case {
	u32 flags;
	const char *root;
	int expected;
} quorum_cases[] = {
	{ 0, "", 0 },
	{ 0, "ab", -EINVAL },
	{ ROOT, "", -EINVAL },
	{ ROOT, "a", -ENOKEY },
	{ ROOT, "aa", -ENOKEY },
	{ ROOT, "ad", -ENOKEY },
	{ ROOT, "sv", -ENOKEY },
	{ ROOT, "a!b", -EKEYREJECTED },
	{ ROOT, "ab", 0 },
	{ ROOT, "dcb", 0 },
};

static void root_signs_by_threshold(struct kunit *test)
{
	struct pack *p = test->priv;
	int i;

	for (i = 0; i < ARRAY_SIZE(quorum_cases); i++) {
		const struct quorum_case *c = &quorum_cases[i];

		p->words->package.header.flags = c->flags;
		p->root = c->root;
		KUNIT_EXPECT_EQ_MSG(test, sign_and_verify(test), c->expected,
				    "flags %u, root \"%s\"", c->flags, c->root);
	}
	/* the flag is the package's, not what comes with it */
	p->words->package.header.flags = ROOT;
	p->root = "ab";
	name_manifest(p->words);
	sign_words(test);
	p->words->package.nonce[0] ^= 1;
	KUNIT_EXPECT_EQ(test, verify(test), -EKEYREJECTED);
}

static void addressees_are_heeded(struct kunit *test)
{
	struct pack *p = test->priv;
	struct rewire_package *package = &p->words->package;

	memcpy(package->device, p->sm->attest.id, REWIRE_ID_SIZE);
	memcpy(package->workload, WORLD_WORKLOAD, REWIRE_ID_SIZE);
	KUNIT_EXPECT_EQ(test, sign_and_verify(test), 0);
	package->device[0] ^= 1;
	KUNIT_EXPECT_EQ(test, sign_and_verify(test), -EPERM);
	package->device[0] ^= 1;
	package->workload[0] ^= 1;
	KUNIT_EXPECT_EQ(test, sign_and_verify(test), -EPERM);
	package->workload[0] ^= 1;
	package->software[0] ^= 1;
	KUNIT_EXPECT_EQ(test, sign_and_verify(test), -EPERM);
}

static void form_is_checked(struct kunit *test)
{
	struct pack *p = test->priv;
	struct rewire_package *package = &p->words->package, good;

	name_manifest(p->words);
	good = *package;
#define REFUSED(change, error) do {					\
	change;								\
	KUNIT_EXPECT_EQ_MSG(test, sign_and_verify(test), error, #change); \
	*package = good;						\
} while (0)
	REFUSED(package->header.magic++, -EBADMSG);
	REFUSED(package->header.type = REWIRE_TYPE_REQUEST, -EBADMSG);
	REFUSED(package->header.version++, -EOPNOTSUPP);
	REFUSED(package->header.size++, -EBADMSG);
	REFUSED(package->header.flags = 4, -EOPNOTSUPP);
	REFUSED(package->__reserved = 1, -EBADMSG);
	REFUSED(memset(package->nonce, 0, 32), -EBADMSG);
	REFUSED(package->from_min = 2, -EBADMSG);
	REFUSED(package->trial_ms = 0, -EBADMSG);
	REFUSED(package->trial_ms = 3600001, -EBADMSG);
	REFUSED(package->payload_length = 0, -EBADMSG);
	REFUSED(package->payload_length = sizeof(struct rewire_layout),
		-EBADMSG);
	REFUSED(package->salt[7] = 1, -EBADMSG);
	REFUSED(package->header.flags = SEALED, -EBADMSG);
#undef REFUSED
	p->words->manifest.header.flags = 1;
	KUNIT_EXPECT_EQ(test, sign_and_verify(test), -EOPNOTSUPP);
	p->words->manifest.header.flags = 0;
	p->words->manifest.header.type = REWIRE_TYPE_PACKAGE;
	KUNIT_EXPECT_EQ(test, sign_and_verify(test), -EBADMSG);
}

static void wrap_belongs_to_package_and_device(struct kunit *test)
{
	struct pack *p = test->priv;
	struct rewire_words *w = p->words;
	u8 point[REWIRE_POINT_SIZE];

	/* missing, or too much */
	make_sealed(test);
	kfree(w->wrap_cms.bytes);
	memset(&w->wrap_cms, 0, sizeof(w->wrap_cms));
	KUNIT_EXPECT_EQ(test, verify(test), -EINVAL);
	w->package.header.flags = 0;
	memset(w->package.salt, 0, sizeof(w->package.salt));
	KUNIT_EXPECT_EQ(test, sign_and_verify(test), -EINVAL);

	/* of another package: the same but for its nonce */
	make_sealed(test);
	w->package.nonce[3] ^= 1;
	KUNIT_EXPECT_EQ(test, sign_and_verify(test), -EBADMSG);
	KUNIT_EXPECT_NOT_NULL(test, strstr(p->why.text, "another package"));
	/* renamed by the SDS itself: HPKE's info tells */
	sha256((const u8 *)&w->package, sizeof(w->package),
	       w->wrap.package_digest);
	KUNIT_EXPECT_EQ(test, sign_and_verify(test), -EBADMSG);
	KUNIT_EXPECT_NOT_NULL(test, strstr(p->why.text, "Update Key"));

	/* of another device */
	p->other = world_sm(test, 'b', false);
	add_roles(test, p->other);
	make_sealed(test);
	KUNIT_EXPECT_EQ(test, verify_by(test, p->other), -EPERM);
	memcpy(w->wrap.device, p->other->attest.id, REWIRE_ID_SIZE);
	sign_words(test);
	KUNIT_EXPECT_EQ(test, verify_by(test, p->other), -EBADMSG);
	KUNIT_EXPECT_EQ(test, verify(test), -EPERM);
	suk_of(test, p->other, 1, point);
	wrap_for(test, point);
	sign_words(test);
	KUNIT_EXPECT_EQ(test, verify_by(test, p->other), 0);

	/* form */
	make_sealed(test);
	w->wrap.__reserved[2] = 1;
	sign_words(test);
	KUNIT_EXPECT_EQ(test, verify(test), -EBADMSG);
	make_sealed(test);
	w->wrap.header.type = REWIRE_TYPE_PACKAGE;
	sign_words(test);
	KUNIT_EXPECT_EQ(test, verify(test), -EBADMSG);
	make_sealed(test);
	memset(w->wrap.enc, 0, sizeof(w->wrap.enc));
	sign_words(test);
	KUNIT_EXPECT_EQ(test, verify(test), -EBADMSG);
}

static void wrap_opens_under_its_generation(struct kunit *test)
{
	struct pack *p = test->priv;
	struct rewire_roots *roots = &p->sm->roots;
	u8 first[REWIRE_POINT_SIZE], second[REWIRE_POINT_SIZE];

	make_sealed(test);
	p->words->wrap.generation = 2;
	sign_words(test);
	KUNIT_EXPECT_EQ(test, verify(test), -ENOKEY);
	p->words->wrap.generation = 0;
	sign_words(test);
	KUNIT_EXPECT_EQ(test, verify(test), -ENOKEY);

	roots->key[2] = test_key(test, "logon", "rewire:test",
				 test_ramp(test, REWIRE_KEY_SIZE, 'r'),
				 REWIRE_KEY_SIZE);
	roots->newest = 2;
	suk_of(test, p->sm, 1, first);
	suk_of(test, p->sm, 2, second);
	KUNIT_EXPECT_MEMNEQ(test, first, second, sizeof(first));
	make_sealed(test);
	KUNIT_EXPECT_EQ(test, verify(test), 0);
	p->words->wrap.generation = 2;
	sign_words(test);
	KUNIT_EXPECT_EQ(test, verify(test), -EBADMSG);
	wrap_for(test, second);
	sign_words(test);
	KUNIT_EXPECT_EQ(test, verify(test), 0);
	p->words->wrap.generation = 1;
	wrap_for(test, first);
	sign_words(test);
	key_put(roots->key[1]);
	roots->key[1] = NULL;
	KUNIT_EXPECT_EQ(test, verify(test), -ENOKEY);
}

static const struct follows_case {
	const char *desc;
	u64 release, svn;		/* of the new one; the old has 5 and 3 */
	u64 least_release, least_svn;
	u32 flags;
	bool other_developer, other_software, same_code;
	u64 from_min, from_max;
	int expected;
} follows_cases[] = {
	{ "the next", 6, 3, 0, 0, 0, 0, 0, 0, 5, 5, 0 },
	{ "the next, SVN rises", 6, 4, 6, 4, 0, 0, 0, 0, 1, 9, 0 },
	{ "the same", 5, 3, 0, 0, 0, 0, 0, 1, 5, 5, -ESTALE },
	{ "the same release, other code", 5, 3, 0, 0, 0, 0, 0, 0, 5, 5, -ESTALE },
	{ "the one before", 4, 3, 0, 0, 0, 0, 0, 0, 5, 5, -ESTALE },
	{ "below the floor", 6, 3, 7, 0, 0, 0, 0, 0, 5, 5, -ESTALE },
	{ "at the floor", 7, 3, 7, 3, 0, 0, 0, 0, 5, 5, 0 },
	{ "SVN falls", 6, 2, 0, 0, 0, 0, 0, 0, 5, 5, -ESTALE },
	{ "SVN below the floor", 6, 3, 0, 4, 0, 0, 0, 0, 5, 5, -ESTALE },
	{ "other software", 6, 3, 0, 0, 0, 0, 1, 0, 5, 5, -EPERM },
	{ "other developer", 6, 3, 0, 0, 0, 1, 0, 0, 5, 5, -EPERM },
	{ "not from so old", 6, 3, 0, 0, 0, 0, 0, 0, 6, 9, -EPERM },
	{ "not from so new", 6, 3, 0, 0, 0, 0, 0, 0, 1, 4, -EPERM },
	{ "the longest leap", 5 + REWIRE_MAX_LEAP, 3, 0, 0, 0, 0, 0, 0, 5, 5, 0 },
	{ "a longer leap", 6 + REWIRE_MAX_LEAP, 3, 0, 0, 0, 0, 0, 0, 5, 5, -EPERM },
	{ "to the end", U64_MAX, 3, 0, 0, 0, 0, 0, 0, 5, 5, -EPERM },
	{ "the highest SVN", 6, REWIRE_MAX_SVN, 0, 0, 0, 0, 0, 0, 5, 5, 0 },
	{ "SVN too high", 6, REWIRE_MAX_SVN + 1, 0, 0, 0, 0, 0, 0, 5, 5, -EPERM },
	{ "root: the one before", 4, 2, 5, 3, ROOT, 0, 0, 0, 5, 5, 0 },
	{ "root: other developer", 6, 3, 0, 0, ROOT, 1, 0, 0, 5, 5, 0 },
	{ "root: a longer leap", 6 + REWIRE_MAX_LEAP, 3, 0, 0, ROOT, 0, 0, 0, 5, 5, 0 },
	{ "root: the same", 5, 3, 0, 0, ROOT, 0, 0, 1, 5, 5, -ESTALE },
	{ "root: same release, other code", 5, 3, 0, 0, ROOT, 0, 0, 0, 5, 5, 0 },
	{ "root: other software", 6, 3, 0, 0, ROOT, 0, 1, 0, 5, 5, -EPERM },
	{ "root: not from so old", 6, 3, 0, 0, ROOT, 0, 0, 0, 6, 9, -EPERM },
	{ "root: to the end", U64_MAX, 3, 0, 0, ROOT, 0, 0, 0, 5, 5, -EPERM },
	{ "root: SVN too high", 6, REWIRE_MAX_SVN + 1, 0, 0, ROOT, 0, 0, 0, 5, 5, -EPERM },
};

static void versions_follow_by_rule(struct kunit *test)
{
	struct rewire_version from = { .release = 5, .svn = 3 };
	static const u8 nobody[REWIRE_ID_SIZE];
	struct pack *p = test->priv;
	struct rewire_order *order = &p->order;
	int i, ret;

	for (i = 0; i < ARRAY_SIZE(follows_cases); i++) {
		const struct follows_case *c = &follows_cases[i];

		memset(order, 0, sizeof(*order));
		order->package.header.flags = c->flags;
		order->package.from_min = c->from_min;
		order->package.from_max = c->from_max;
		order->manifest.release = c->release;
		order->manifest.svn = c->svn;
		order->manifest.software[3] = c->other_software;
		order->manifest.measurement[3] = !c->same_code;
		order->developer[3] = c->other_developer;
		p->why.text[0] = 0;
		ret = rewire_order_follows(order, &from,
					   nobody,
					   c->least_release, c->least_svn,
					   &p->why);
		KUNIT_EXPECT_EQ_MSG(test, ret, c->expected, "%s", c->desc);
		KUNIT_EXPECT_EQ_MSG(test, !ret, !p->why.text[0], "%s", c->desc);
	}
	memset(order, 0, sizeof(*order));
}

static void payload_key_matches(struct kunit *test)
{
	struct pack *p = test->priv;
	struct rewire_package *package = &p->order.package;
	u8 material[REWIRE_AEAD_MATERIAL];

	*package = (struct rewire_package){
		.header = head(REWIRE_TYPE_PACKAGE, sizeof(*package), SEALED),
		.from_min = 1, .from_max = 2, .expires = 3, .trial_ms = 4,
		.payload_length = 0x12345,
	};
	memset(package->nonce, 5, sizeof(package->nonce));
	memset(package->device, 6, sizeof(package->device));
	memset(package->workload, 7, sizeof(package->workload));
	memset(package->manifest_digest, 0x11, REWIRE_DIGEST_SIZE);
	memset(package->software, 0x22, sizeof(package->software));
	memset(package->salt, 0x5a, sizeof(package->salt));
	memset(p->order.content, 0xcc, sizeof(p->order.content));
	KUNIT_ASSERT_EQ(test, rewire_package_key(&p->order, material), 0);
	KUNIT_EXPECT_MEMEQ(test, material, test_hex(test, PAYLOAD_KEY),
			   sizeof(material));
}

static void suk_is_stated(struct kunit *test)
{
	struct pack *p = test->priv;
	u8 point[REWIRE_POINT_SIZE], id[REWIRE_ID_SIZE];
	struct rewire_suk *suk;
	const u8 *cert;
	ssize_t len;

	p->other = world_sm(test, 'b', true);
	len = rewire_suk_state(p->other, &suk, &p->why);
	KUNIT_ASSERT_GT(test, len, 0);
	KUNIT_EXPECT_EQ(test, len, sizeof(*suk) + suk->cert_len + suk->sig_len);
	KUNIT_EXPECT_EQ(test, suk->generation, 1);
	KUNIT_EXPECT_EQ(test, suk->__reserved, 0);
	suk_of(test, p->other, 1, point);
	KUNIT_EXPECT_MEMEQ(test, suk->point, point, sizeof(point));
	cert = (const u8 *)(suk + 1);
	KUNIT_ASSERT_EQ(test, rewire_peer_verify(&p->other->roles, cert,
						 suk->cert_len,
						 REWIRE_SUK_DOMAIN, suk,
						 sizeof(*suk),
						 cert + suk->cert_len,
						 suk->sig_len, id, &p->why), 0);
	KUNIT_EXPECT_MEMEQ(test, id, suk->sm, sizeof(id));
	kfree(suk);

	/* another root, another key; this one was computed elsewhere, too */
	suk_of(test, p->sm, 1, point);
	KUNIT_EXPECT_MEMEQ(test, point, test_hex(test, SUK_OF_A),
			   sizeof(point));
	len = rewire_suk_state(p->other, &suk, &p->why);
	KUNIT_ASSERT_GT(test, len, 0);
	KUNIT_EXPECT_MEMNEQ(test, suk->point, point, sizeof(point));
	kfree(suk);
	key_revoke(p->other->roots.key[1]);
	KUNIT_EXPECT_EQ(test, rewire_suk_state(p->other, &suk, &p->why),
			-ENOKEY);
}

static struct kunit_case package_cases[] = {
	KUNIT_CASE(order_is_taken),
	KUNIT_CASE(sealed_order_has_its_key),
	KUNIT_CASE_SLOW(any_byte_flipped_is_refused),
	KUNIT_CASE(changed_manifest_is_refused),
	KUNIT_CASE(only_its_role_signs),
	KUNIT_CASE(revoked_key_is_refused),
	KUNIT_CASE(root_signs_by_threshold),
	KUNIT_CASE(addressees_are_heeded),
	KUNIT_CASE(form_is_checked),
	KUNIT_CASE(wrap_belongs_to_package_and_device),
	KUNIT_CASE(wrap_opens_under_its_generation),
	KUNIT_CASE(versions_follow_by_rule),
	KUNIT_CASE(payload_key_matches),
	KUNIT_CASE(suk_is_stated),
	{}
};

static struct kunit_suite package_suite = {
	.name = "rewire_package",
	.init = package_init,
	.exit = package_exit,
	.test_cases = package_cases,
};

kunit_test_suite(package_suite);
