// SPDX-License-Identifier: GPL-2.0-only
/*
 * Payloads. The one that is good has a page of code, one of constants and five of
 * data, the first of which has content; see world_layout.
 */
#include <crypto/hash.h>
#include <crypto/sha2.h>
#include <kunit/test.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/slab.h>
#include <linux/uio.h>

#include "../../kmod/load.h"
#include "../../kmod/pages.h"
#include "sign.h"
#include "util.h"
#include "world.h"

#define R	REWIRE_PROT_READ
#define RW	(REWIRE_PROT_READ | REWIRE_PROT_WRITE)
#define RX	(REWIRE_PROT_READ | REWIRE_PROT_EXEC)

#define MAX_PAYLOAD	SZ_64K
#define MAX_MEMORY	WORLD_CHARGE
#define LINE		sizeof(struct rewire_page_measure)

struct load {
	struct rewire_sm *sm;
	struct rewire_order *order;
	struct rewire_loader *loader;
	struct rewire_why why;
	u8 *payload;
	u32 length;
};

static void add(struct load *l, const void *data, u32 len)
{
	memcpy(l->payload + l->length, data, len);
	l->length += len;
}

static void line(struct load *l, u64 page, u64 zero_pages, u32 prot)
{
	const struct rewire_page_measure measure = {
		.offset = page * PAGE_SIZE,
		.zero_pages = zero_pages,
		.prot = prot,
	};

	add(l, &measure, sizeof(measure));
	if (zero_pages)
		return;
	memset(l->payload + l->length, 0xa0 + page, PAGE_SIZE);
	l->length += PAGE_SIZE;
}

static void start(struct load *l)
{
	l->length = 0;
	add(l, &world_layout, sizeof(world_layout));
}

static void good(struct load *l)
{
	start(l);
	line(l, 0, 0, RX);
	line(l, 1, 0, R);
	line(l, WORLD_DATA, 0, RW);
	line(l, WORLD_DATA + 1, WORLD_PAGES - WORLD_DATA - 1, RW);
}

static int load_init(struct kunit *test)
{
	struct load *l = kunit_kzalloc(test, sizeof(*l), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, l);
	test->priv = l;
	l->sm = world_sm(test, 'a', false);
	sign_add(test, &l->sm->roles, REWIRE_ROLE_DEVELOPER, "v");
	l->order = kunit_kzalloc(test, sizeof(*l->order), GFP_KERNEL);
	l->payload = kunit_kzalloc(test, MAX_PAYLOAD, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, l->order);
	KUNIT_ASSERT_NOT_NULL(test, l->payload);
	l->order->manifest.max_memory = MAX_MEMORY;
	memset(l->order->content, 0xcc, sizeof(l->order->content));
	good(l);
	return 0;
}

static void load_exit(struct kunit *test)
{
	struct load *l = test->priv;

	if (!l)
		return;
	rewire_loader_free(l->loader);
	world_sm_free(l->sm);
}

static void begin(struct kunit *test)
{
	struct load *l = test->priv;

	rewire_loader_free(l->loader);
	/* whatever was loaded before: nothing of it is left */
	KUNIT_EXPECT_EQ(test, atomic64_read(&l->sm->memory_used), 0);
	KUNIT_EXPECT_EQ(test, l->sm->enclave_count, 0);
	l->order->package.payload_length = l->length;
	l->loader = rewire_loader_create(l->sm, l->order);
	KUNIT_ASSERT_FALSE(test, IS_ERR(l->loader));
	l->why.text[0] = 0;
}

static ssize_t put(struct load *l, const void *data, size_t len)
{
	struct kvec vec = { .iov_base = (void *)data, .iov_len = len };
	struct iov_iter iter;

	iov_iter_kvec(&iter, ITER_SOURCE, &vec, 1, len);
	return rewire_loader_write(l->loader, &iter, &l->why);
}

/* in pieces; Return: 0 or what stopped it */
static int put_all(struct load *l, size_t piece)
{
	size_t done, part;
	ssize_t ret;

	for (done = 0; done < l->length; done += ret) {
		part = min(piece, l->length - done);
		ret = put(l, l->payload + done, part);
		if (ret < 0)
			return ret;
	}
	return 0;
}

static int load_all(struct kunit *test, size_t piece)
{
	struct load *l = test->priv;

	begin(test);
	return put_all(l, piece);
}

static int load_refused(struct kunit *test, const char *what)
{
	struct load *l = test->priv;
	int ret = load_all(test, SIZE_MAX);

	KUNIT_EXPECT_FALSE_MSG(test, rewire_loader_complete(l->loader), "%s",
			       what);
	KUNIT_EXPECT_NE_MSG(test, l->why.text[0], 0, "%s: no reason", what);
	return ret;
}

static void measurement(struct load *l, u8 digest[REWIRE_DIGEST_SIZE])
{
	crypto_shash_final(l->loader->enclave->measure, digest);
}

static void expect_good(struct kunit *test)
{
	struct load *l = test->priv;
	struct rewire_enclave *enclave = l->loader->enclave;
	u8 plain[REWIRE_DIGEST_SIZE], measured[REWIRE_DIGEST_SIZE];
	u32 length = l->length;

	KUNIT_ASSERT_TRUE(test, rewire_loader_complete(l->loader));
	KUNIT_ASSERT_EQ(test, enclave->segment_count, 3);
	KUNIT_EXPECT_EQ(test, enclave->segments[2].offset,
			WORLD_DATA * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, enclave->segments[2].length, 5 * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, enclave->charged, WORLD_CHARGE);
	KUNIT_EXPECT_EQ(test, *(u8 *)page_address(rewire_page(enclave, 3)), 0xa3);
	KUNIT_EXPECT_NULL(test, rewire_page(enclave, WORLD_HOLE));
	good(l);
	sha256(l->payload, l->length, plain);
	l->length = length;
	measurement(l, measured);
	KUNIT_EXPECT_MEMEQ(test, measured, plain, sizeof(plain));
}

static void payload_is_measured(struct kunit *test)
{
	static const size_t pieces[] = { SIZE_MAX, 4096, 509, 24, 1 };
	int i;

	for (i = 0; i < ARRAY_SIZE(pieces); i++) {
		KUNIT_ASSERT_EQ(test, load_all(test, pieces[i]), 0);
		expect_good(test);
	}
	begin(test);
}

static void payload_is_admitted(struct kunit *test)
{
	struct load *l = test->priv;
	struct rewire_enclave *enclave;
	struct rewire_manifest manifest = {
		.header = { REWIRE_MAGIC, REWIRE_TYPE_MANIFEST, REWIRE_VERSION,
			    sizeof(manifest), 0 },
		.max_memory = MAX_MEMORY, .max_threads = 1,
	};
	struct rewire_cms cms = {};
	u8 wrong[REWIRE_DIGEST_SIZE];
	int ret;

	sha256(l->payload, l->length, manifest.measurement);
	KUNIT_ASSERT_EQ(test, load_all(test, SIZE_MAX), 0);
	enclave = l->loader->enclave;
	sign_one(test, 'v', &manifest, sizeof(manifest), &cms);
	mutex_lock(&enclave->lock);
	ret = rewire_enclave_admit(enclave, &manifest, cms.bytes, cms.length,
				   WORLD_WORKLOAD, &l->why);
	mutex_unlock(&enclave->lock);
	KUNIT_ASSERT_EQ(test, ret, 0);
	KUNIT_EXPECT_EQ(test, enclave->state, REWIRE_ENCLAVE_READY);

	/* it is no longer the loader's */
	rewire_enclave_get(enclave);
	rewire_loader_free(l->loader);
	l->loader = NULL;
	KUNIT_EXPECT_EQ(test, enclave->state, REWIRE_ENCLAVE_READY);
	world_enclave_free(enclave);

	/* one byte of a page differs, and is not admitted */
	memcpy(wrong, manifest.measurement, sizeof(wrong));
	l->payload[sizeof(world_layout) + LINE + 100] ^= 1;
	KUNIT_ASSERT_EQ(test, load_all(test, SIZE_MAX), 0);
	KUNIT_ASSERT_TRUE(test, rewire_loader_complete(l->loader));
	enclave = l->loader->enclave;
	sign_one(test, 'v', &manifest, sizeof(manifest), &cms);
	mutex_lock(&enclave->lock);
	ret = rewire_enclave_admit(enclave, &manifest, cms.bytes, cms.length,
				   WORLD_WORKLOAD, &l->why);
	mutex_unlock(&enclave->lock);
	KUNIT_EXPECT_EQ(test, ret, -EKEYREJECTED);
	kfree(cms.bytes);
	begin(test);
}

/* heads of lines and the layout: refused, or another measurement */
static void any_byte_flipped_is_told(struct kunit *test)
{
	struct load *l = test->priv;
	u8 right[REWIRE_DIGEST_SIZE], other[REWIRE_DIGEST_SIZE];
	u32 last, i;

	sha256(l->payload, l->length, right);
	last = l->length - LINE;
	for (i = 0; i < l->length; i++) {
		/* a page's bytes are all alike */
		if (i == sizeof(world_layout) + LINE + 1)
			i += PAGE_SIZE - 1;
		if (i > sizeof(world_layout) + LINE + PAGE_SIZE + LINE &&
		    i < last)
			i = last;
		l->payload[i] ^= 1;
		if (!load_all(test, SIZE_MAX) &&
		    rewire_loader_complete(l->loader)) {
			measurement(l, other);
			KUNIT_EXPECT_MEMNEQ(test, right, other, sizeof(right));
		}
		l->payload[i] ^= 1;
	}
	begin(test);
}

static void truncated_is_not_complete(struct kunit *test)
{
	struct load *l = test->priv;
	u32 whole = l->length, i;
	const u32 cuts[] = { 0, 1, sizeof(world_layout) - 1,
			     sizeof(world_layout),
			     sizeof(world_layout) + LINE,
			     sizeof(world_layout) + LINE + PAGE_SIZE,
			     whole - LINE, whole - 1 };

	for (i = 0; i < ARRAY_SIZE(cuts); i++) {
		/* less than the package says */
		begin(test);
		l->length = cuts[i];
		KUNIT_EXPECT_EQ(test, put_all(l, SIZE_MAX), 0);
		KUNIT_EXPECT_FALSE(test, rewire_loader_complete(l->loader));
		l->length = whole;
	}
	/* as long as the package says, and ends within a line */
	l->length = whole - 1;
	KUNIT_EXPECT_EQ(test, load_all(test, SIZE_MAX), 0);
	KUNIT_EXPECT_FALSE(test, rewire_loader_complete(l->loader));
	l->length = sizeof(world_layout) + LINE;
	KUNIT_EXPECT_EQ(test, load_all(test, SIZE_MAX), 0);
	KUNIT_EXPECT_FALSE(test, rewire_loader_complete(l->loader));
	begin(test);
}

static void endless_is_refused(struct kunit *test)
{
	struct load *l = test->priv;

	KUNIT_ASSERT_EQ(test, load_all(test, SIZE_MAX), 0);
	KUNIT_EXPECT_TRUE(test, rewire_loader_complete(l->loader));
	KUNIT_EXPECT_EQ(test, put(l, l->payload, 1), -EBADMSG);
	KUNIT_EXPECT_NE(test, l->why.text[0], 0);
	KUNIT_EXPECT_FALSE(test, rewire_loader_complete(l->loader));
	/* not a byte of a write that goes beyond is taken */
	begin(test);
	l->order->package.payload_length = l->length - 1;
	KUNIT_EXPECT_EQ(test, put_all(l, SIZE_MAX), -EBADMSG);
	KUNIT_EXPECT_EQ(test, l->loader->taken, 0);
	begin(test);
}

static void spoilt_stays_spoilt(struct kunit *test)
{
	struct load *l = test->priv;

	start(l);
	line(l, 0, 0, RX | RW);
	KUNIT_EXPECT_EQ(test, load_refused(test, "W+X"), -EINVAL);
	good(l);
	KUNIT_EXPECT_EQ(test, put(l, l->payload, 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, put(l, l->payload, 1), -EINVAL);
	begin(test);
}

#define REFUSED(what, error, lines) do {				\
	start(l);							\
	lines;								\
	KUNIT_EXPECT_EQ_MSG(test, load_refused(test, what), error, what); \
} while (0)

static void bad_lines_are_refused(struct kunit *test)
{
	struct load *l = test->priv;
	u32 i;

	REFUSED("out of order", -EINVAL, line(l, 3, 0, RW); line(l, 1, 0, R));
	REFUSED("overlapping", -EINVAL, line(l, 3, 2, RW); line(l, 4, 0, RW));
	REFUSED("the same page", -EINVAL, line(l, 3, 0, RW); line(l, 3, 0, RW));
	REFUSED("writable and executable", -EINVAL, line(l, 0, 0, 7));
	REFUSED("no permission", -EINVAL, line(l, 0, 0, 0));
	REFUSED("unknown permission", -EINVAL, line(l, 0, 0, 9));
	REFUSED("beyond the span", -EINVAL, line(l, WORLD_PAGES, 0, RW));
	REFUSED("grows beyond the span", -EINVAL,
		line(l, WORLD_PAGES - 1, 0, RW); line(l, WORLD_PAGES, 0, RW));
	REFUSED("reaches beyond the span", -EINVAL, line(l, 6, 3, RW));
	REFUSED("a bomb", -EINVAL, line(l, 0, 1ULL << 40, RW));
	REFUSED("a bomb that overflows", -EINVAL, line(l, 0, 1ULL << 52, RW));
	REFUSED("the largest bomb", -EINVAL, line(l, 0, U64_MAX, RW));
	REFUSED("not aligned", -EINVAL, line(l, 0, 1, RX);
		l->payload[sizeof(world_layout)] = 8);
	REFUSED("reserved", -EINVAL, line(l, 0, 1, RX);
		l->payload[sizeof(world_layout) + LINE - 1] = 1);
	/* one may not be more than another adds up to */
	start(l);
	for (i = 0; i < WORLD_PAGES; i++)
		line(l, i, 1, i & 1 ? R : RW);
	KUNIT_EXPECT_EQ(test, load_refused(test, "more than allowed"), -EPERM);
	l->order->manifest.max_memory = 2 * PAGE_SIZE;
	REFUSED("zero pages beyond the manifest", -EPERM, line(l, 0, 3, RW));
	REFUSED("pages beyond the manifest", -EPERM, line(l, 0, 2, RW);
		line(l, 2, 0, RW));
	l->order->manifest.max_memory = U64_MAX;
	l->sm->memory_limit = PAGE_SIZE;
	REFUSED("beyond the SM's limit", -EDQUOT, line(l, 0, 2, RW));
	start(l);
	begin(test);
}

static void bad_layouts_are_refused(struct kunit *test)
{
	struct rewire_layout layout = world_layout;
	struct load *l = test->priv;

	/* its page table alone is more than the manifest allows */
	layout.span = REWIRE_MAX_SPAN;
	l->length = 0;
	add(l, &layout, sizeof(layout));
	KUNIT_EXPECT_EQ(test, load_refused(test, "table"), -EPERM);
	KUNIT_EXPECT_NULL(test, l->loader->enclave);
	l->order->manifest.max_memory = U64_MAX;
	layout.span = REWIRE_MAX_SPAN + PAGE_SIZE;
	l->length = 0;
	add(l, &layout, sizeof(layout));
	KUNIT_EXPECT_EQ(test, load_refused(test, "span"), -EINVAL);
	KUNIT_EXPECT_NULL(test, l->loader->enclave);
	layout = world_layout;
	layout.base++;
	l->length = 0;
	add(l, &layout, sizeof(layout));
	KUNIT_EXPECT_EQ(test, load_refused(test, "base"), -EINVAL);
	begin(test);
}

static void too_many_segments_are_refused(struct kunit *test)
{
	struct rewire_layout layout = world_layout;
	struct load *l = test->priv;
	u32 i;

	layout.span = 64 * PAGE_SIZE;
	layout.doorbell = layout.base + layout.span;
	l->length = 0;
	add(l, &layout, sizeof(layout));
	l->order->manifest.max_memory = U64_MAX;
	for (i = 0; i <= REWIRE_MAX_SEGMENTS; i++)
		line(l, 2 * i, 1, R);
	KUNIT_EXPECT_EQ(test, load_refused(test, "segments"), -EINVAL);
	begin(test);
}

/* by itself or by whoever watches it; nobody can by name */
static void destroyed_meanwhile_is_told(struct kunit *test)
{
	struct load *l = test->priv;
	struct rewire_enclave *enclave;
	u32 half = sizeof(world_layout) + LINE + PAGE_SIZE + 5;

	begin(test);
	KUNIT_ASSERT_EQ(test, put(l, l->payload, half), half);
	enclave = l->loader->enclave;
	KUNIT_EXPECT_EQ(test, rewire_enclave_destroy(enclave, "test", NULL),
			-EBUSY);
	mutex_lock(&enclave->lock);
	rewire_enclave_wipe(enclave, -ECANCELED, "test");
	mutex_unlock(&enclave->lock);
	KUNIT_EXPECT_EQ(test, put(l, l->payload + half, l->length - half),
			-EBADFD);
	KUNIT_EXPECT_FALSE(test, rewire_loader_complete(l->loader));
	begin(test);
}

/* ---- encrypted ---- */

/* records of @piece bytes each; the payload becomes its cipher text */
static void encrypt(struct kunit *test, u32 piece)
{
	u8 material[REWIRE_AEAD_MATERIAL], *from, *to;
	struct load *l = test->priv;
	struct rewire_aead aead;
	struct scatterlist sg[8];
	u32 done, part, at = 0;

	l->order->package.header.flags = REWIRE_PACKAGE_SEALED;
	memset(l->order->package.salt, 0x5a, REWIRE_SALT_SIZE);
	/* the length is part of the key: know it first */
	l->order->package.payload_length =
		l->length + DIV_ROUND_UP(l->length, piece) *
			    (sizeof(struct rewire_record) + REWIRE_TAG_SIZE);
	KUNIT_ASSERT_LE(test, l->order->package.payload_length, MAX_PAYLOAD);
	KUNIT_ASSERT_EQ(test, rewire_package_key(l->order, material), 0);
	KUNIT_ASSERT_EQ(test, rewire_aead_init(&aead, material), 0);
	from = kunit_kzalloc(test, l->length, GFP_KERNEL);
	to = l->payload;
	KUNIT_ASSERT_NOT_NULL(test, from);
	memcpy(from, to, l->length);
	for (done = 0; done < l->length; done += part) {
		struct rewire_record record = {
			.type = REWIRE_RECORD_IMAGE,
		};
		u8 *body = to + at + sizeof(record);

		part = min(piece, l->length - done);
		record.length = part;
		memcpy(body, from + done, part);
		KUNIT_ASSERT_NE(test, rewire_sg_linear(sg, ARRAY_SIZE(sg), body,
						       part), 0);
		KUNIT_ASSERT_EQ(test, rewire_aead_seal(&aead, &record, sg, sg,
						       body + part), 0);
		memcpy(to + at, &record, sizeof(record));
		at += sizeof(record) + part + REWIRE_TAG_SIZE;
	}
	rewire_aead_free(&aead);
	l->length = at;
	KUNIT_ASSERT_EQ(test, l->order->package.payload_length, at);
}

static void sealed_payload_opens(struct kunit *test)
{
	static const size_t pieces[] = { SIZE_MAX, 509, 1 };
	struct load *l = test->priv;
	int i;

	for (i = 0; i < ARRAY_SIZE(pieces); i++) {
		good(l);
		encrypt(test, 5000);
		KUNIT_ASSERT_EQ(test, load_all(test, pieces[i]), 0);
		expect_good(test);
	}
	/* what one payload is shared by */
	good(l);
	encrypt(test, 7000);
	memset(l->order->package.nonce, 1, REWIRE_NONCE_SIZE);
	memset(l->order->package.device, 1, REWIRE_ID_SIZE);
	memset(l->order->package.workload, 1, REWIRE_ID_SIZE);
	l->order->package.from_min = 1;
	l->order->package.from_max = 1;
	l->order->package.expires = 1;
	l->order->package.trial_ms = 1;
	KUNIT_ASSERT_EQ(test, load_all(test, SIZE_MAX), 0);
	expect_good(test);
	begin(test);
}

static void other_sealed_payload_is_refused(struct kunit *test)
{
	struct load *l = test->priv;
	struct rewire_package *package = &l->order->package, right;

	encrypt(test, 5000);
	right = *package;
	package->salt[0] ^= 1;
	KUNIT_EXPECT_EQ(test, load_refused(test, "salt"), -EBADMSG);
	*package = right;
	package->manifest_digest[0] ^= 1;
	KUNIT_EXPECT_EQ(test, load_refused(test, "manifest"), -EBADMSG);
	*package = right;
	package->software[0] ^= 1;
	KUNIT_EXPECT_EQ(test, load_refused(test, "software"), -EBADMSG);
	*package = right;
	package->header.flags |= REWIRE_PACKAGE_ROOT;
	KUNIT_EXPECT_EQ(test, load_refused(test, "flags"), -EBADMSG);
	*package = right;
	l->order->content[31] ^= 1;
	KUNIT_EXPECT_EQ(test, load_refused(test, "content key"), -EBADMSG);
	l->order->content[31] ^= 1;
	KUNIT_EXPECT_EQ(test, load_all(test, SIZE_MAX), 0);
	begin(test);
}

static void changed_records_are_refused(struct kunit *test)
{
	const u32 record = sizeof(struct rewire_record) + 4000 +
			   REWIRE_TAG_SIZE;
	struct load *l = test->priv;
	u32 i, step;
	u8 *first;
	int ret;

	encrypt(test, 4000);
	for (i = 0; i < l->length; i += step) {
		/* all of the first head and tag, some of the rest */
		step = i < sizeof(struct rewire_record) ||
		       (i >= record - REWIRE_TAG_SIZE && i < record) ? 1 : 397;
		if (i < record - REWIRE_TAG_SIZE &&
		    i + step > record - REWIRE_TAG_SIZE)
			step = record - REWIRE_TAG_SIZE - i;
		l->payload[i] ^= 1;
		ret = load_all(test, SIZE_MAX);
		/* a record that says it is longer waits for what never comes */
		KUNIT_EXPECT_TRUE_MSG(test, ret == -EBADMSG || !ret, "byte %u",
				      i);
		KUNIT_EXPECT_FALSE_MSG(test, rewire_loader_complete(l->loader),
				       "byte %u", i);
		l->payload[i] ^= 1;
	}

	/* swapped; twice; left out */
	first = kunit_kzalloc(test, record, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, first);
	memcpy(first, l->payload, record);
	memmove(l->payload, l->payload + record, record);
	KUNIT_EXPECT_EQ(test, load_refused(test, "left out"), -EBADMSG);
	memcpy(l->payload + record, first, record);
	KUNIT_EXPECT_EQ(test, load_refused(test, "swapped"), -EBADMSG);
	memcpy(l->payload, first, record);
	KUNIT_EXPECT_EQ(test, load_refused(test, "twice"), -EBADMSG);
	begin(test);
}

static void sealed_and_cut_is_not_complete(struct kunit *test)
{
	const u32 record = sizeof(struct rewire_record) + 4000 +
			   REWIRE_TAG_SIZE;
	struct load *l = test->priv;
	u32 whole;

	encrypt(test, 4000);
	whole = l->length;
	begin(test);
	l->length = record;
	KUNIT_EXPECT_EQ(test, put_all(l, SIZE_MAX), 0);
	KUNIT_EXPECT_FALSE(test, rewire_loader_complete(l->loader));
	KUNIT_EXPECT_EQ(test, put(l, l->payload + record, whole - record),
			whole - record);
	KUNIT_EXPECT_TRUE(test, rewire_loader_complete(l->loader));
	KUNIT_EXPECT_EQ(test, put(l, l->payload, 1), -EBADMSG);
	l->length = whole;
	begin(test);
	l->length = whole - 1;
	KUNIT_EXPECT_EQ(test, put_all(l, SIZE_MAX), 0);
	KUNIT_EXPECT_FALSE(test, rewire_loader_complete(l->loader));
	begin(test);
}

/* who lists enclaves opens and closes the one that is being loaded, too */
static void closed_while_loaded_goes_on(struct kunit *test)
{
	struct load *l = test->priv;
	struct file *file;
	u32 half = l->length / 2;

	begin(test);
	KUNIT_ASSERT_EQ(test, put(l, l->payload, half), half);
	file = rewire_enclave_file(l->loader->enclave);
	KUNIT_ASSERT_FALSE(test, IS_ERR(file));
	__fput_sync(file);
	KUNIT_EXPECT_EQ(test, l->loader->enclave->state,
			REWIRE_ENCLAVE_BUILDING);
	KUNIT_EXPECT_EQ(test, put(l, l->payload + half, l->length - half),
			l->length - half);
	KUNIT_EXPECT_TRUE(test, rewire_loader_complete(l->loader));
}

static struct kunit_case load_cases[] = {
	KUNIT_CASE_SLOW(payload_is_measured),
	KUNIT_CASE(payload_is_admitted),
	KUNIT_CASE(any_byte_flipped_is_told),
	KUNIT_CASE(truncated_is_not_complete),
	KUNIT_CASE(endless_is_refused),
	KUNIT_CASE(spoilt_stays_spoilt),
	KUNIT_CASE(bad_lines_are_refused),
	KUNIT_CASE(bad_layouts_are_refused),
	KUNIT_CASE(too_many_segments_are_refused),
	KUNIT_CASE(destroyed_meanwhile_is_told),
	KUNIT_CASE(sealed_payload_opens),
	KUNIT_CASE(other_sealed_payload_is_refused),
	KUNIT_CASE(changed_records_are_refused),
	KUNIT_CASE(sealed_and_cut_is_not_complete),
	KUNIT_CASE(closed_while_loaded_goes_on),
	{}
};

static struct kunit_suite load_suite = {
	.name = "rewire_load",
	.init = load_init,
	.exit = load_exit,
	.test_cases = load_cases,
};

kunit_test_suite(load_suite);
