// SPDX-License-Identifier: GPL-2.0-only
/*
 * Layouts, segments, pages and their accounts, the measurement, and the reach of
 * the SM's own reads and writes. Also the sizes of what userspace sees.
 */
#include <crypto/hash.h>
#include <linux/mman.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "../../kmod/pages.h"
#include "util.h"
#include "world.h"

#define PROT_R	REWIRE_PROT_READ
#define PROT_RW	(PROT_R | REWIRE_PROT_WRITE)
#define PROT_RX	(PROT_R | REWIRE_PROT_EXEC)

struct memory {
	struct rewire_sm *sm;
	struct rewire_enclave *enclave;
	struct rewire_why why;
};

static int memory_init(struct kunit *test)
{
	struct memory *m = kunit_kzalloc(test, sizeof(*m), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, m);
	test->priv = m;
	m->sm = world_sm(test, 'a', false);
	return 0;
}

static void memory_exit(struct kunit *test)
{
	struct memory *m = test->priv;

	if (!m)
		return;
	world_enclave_free(m->enclave);
	if (m->sm)
		KUNIT_EXPECT_EQ(test, (u64)atomic64_read(&m->sm->memory_used),
				0ULL);
	world_sm_free(m->sm);
}

static void layout_good_is_taken(struct kunit *test)
{
	struct rewire_layout layout = world_layout;

	KUNIT_EXPECT_EQ(test, rewire_layout_check(&layout, NULL), 0);
	layout.span = REWIRE_MAX_SPAN;
	layout.doorbell = layout.base + layout.span;
	KUNIT_EXPECT_EQ(test, rewire_layout_check(&layout, NULL), 0);
	layout.doorbell = layout.base - REWIRE_DOORBELL_PAGES * PAGE_SIZE;
	KUNIT_EXPECT_EQ(test, rewire_layout_check(&layout, NULL), 0);
}

/* One member wrong at a time. */
static void layout_with_a_bad_member_is_refused(struct kunit *test)
{
	static const struct {
		size_t member;
		u64 value;
	} cases[] = {
#define CASE(name, number) { offsetof(struct rewire_layout, name), number }
		CASE(base, 0),
		CASE(base, PAGE_SIZE),
		CASE(base, WORLD_BASE + 1),
		CASE(base, TASK_SIZE_MAX),
		CASE(base, -(u64)PAGE_SIZE),
		CASE(base, -(u64)WORLD_SPAN),
		CASE(span, 0),
		CASE(span, WORLD_SPAN - 1),
		CASE(span, REWIRE_MAX_SPAN + PAGE_SIZE),
		CASE(span, -(u64)PAGE_SIZE),
		CASE(doorbell, 0),
		CASE(doorbell, WORLD_BASE),
		CASE(doorbell, WORLD_BASE - PAGE_SIZE),
		CASE(doorbell, WORLD_BASE + WORLD_SPAN - PAGE_SIZE),
		CASE(doorbell, WORLD_BASE + WORLD_SPAN + 8),
		CASE(doorbell, TASK_SIZE_MAX - PAGE_SIZE),
		CASE(doorbell, -(u64)PAGE_SIZE),
		CASE(ssa, WORLD_BASE + 32),
		CASE(gate, WORLD_BASE + 7 * PAGE_SIZE + 8),
		CASE(ssa_size, 0),
		CASE(ssa_size, REWIRE_MIN_SSA - 1),
		CASE(ssa_size, WORLD_SPAN + 1),
#undef CASE
	};
	struct memory *m = test->priv;
	struct rewire_layout layout;
	int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		layout = world_layout;
		memcpy((u8 *)&layout + cases[i].member, &cases[i].value,
		       sizeof(u64));
		m->why.text[0] = 0;
		KUNIT_EXPECT_EQ_MSG(test, rewire_layout_check(&layout, &m->why),
				    -EINVAL, "case %d", i);
		KUNIT_EXPECT_NE(test, m->why.text[0], 0);
		KUNIT_EXPECT_PTR_EQ(test, rewire_enclave_create(m->sm, &layout,
						REWIRE_ENCLAVE_BUILDING, NULL),
				    ERR_PTR(-EINVAL));
	}
}

/* What a layout names lies where it must. */
static void layout_is_held_against_the_segments(struct kunit *test)
{
	struct memory *m = test->priv;
	struct rewire_layout *layout;

	m->enclave = world_enclave(test, m->sm);
	layout = &m->enclave->layout;
	KUNIT_EXPECT_EQ(test, rewire_memory_layout(m->enclave, 1, NULL), 0);
#define WITH(member, value)						\
	do {								\
		layout->member = value;					\
		KUNIT_EXPECT_EQ(test, rewire_memory_layout(m->enclave, 1, \
							   NULL), -EINVAL); \
		layout->member = world_layout.member;			\
	} while (0)
	WITH(entry, WORLD_BASE + PAGE_SIZE);
	WITH(entry, WORLD_BASE + WORLD_SPAN);
	WITH(entry, WORLD_BASE - 1);
	WITH(resume, 0);
	WITH(park, U64_MAX);
	WITH(restorer, WORLD_BASE + WORLD_DATA * PAGE_SIZE);
	WITH(ssa, WORLD_BASE);
	WITH(ssa, WORLD_BASE + (WORLD_DATA + 2) * PAGE_SIZE);
	WITH(ssa_size, 6 * PAGE_SIZE);
	WITH(ssa_size, U64_MAX);
	WITH(gate, WORLD_BASE + PAGE_SIZE);
	WITH(gate, WORLD_BASE + WORLD_SPAN - 1);
	WITH(gate, WORLD_BASE + WORLD_HOLE * PAGE_SIZE);
#undef WITH
	KUNIT_EXPECT_EQ(test, rewire_memory_layout(m->enclave, 1, NULL), 0);
}

static int segment(struct memory *m, u64 offset, u64 length, u32 prot)
{
	int ret;

	mutex_lock(&m->enclave->lock);
	ret = rewire_memory_segment(m->enclave, offset, length, prot, &m->why);
	mutex_unlock(&m->enclave->lock);
	return ret;
}

static void segment_with_bad_range_is_refused(struct kunit *test)
{
	static const u64 cases[][2] = {
		{ 0, 0 },
		{ 1, PAGE_SIZE },
		{ 0, PAGE_SIZE + 1 },
		{ 0, WORLD_SPAN + PAGE_SIZE },
		{ WORLD_SPAN, PAGE_SIZE },
		{ WORLD_SPAN - PAGE_SIZE, 2 * PAGE_SIZE },
		{ PAGE_SIZE, -(u64)PAGE_SIZE },
		{ -(u64)PAGE_SIZE, PAGE_SIZE },
		{ -(u64)PAGE_SIZE, 2 * PAGE_SIZE },
	};
	struct memory *m = test->priv;
	int i;

	m->enclave = world_new(test, m->sm, REWIRE_ENCLAVE_BUILDING);
	for (i = 0; i < ARRAY_SIZE(cases); i++)
		KUNIT_EXPECT_EQ_MSG(test, segment(m, cases[i][0], cases[i][1],
						  PROT_R), -EINVAL,
				    "case %d", i);
	KUNIT_EXPECT_EQ(test, m->enclave->segment_count, 0);
	KUNIT_EXPECT_EQ(test, segment(m, 0, WORLD_SPAN, PROT_R), 0);
}

static void segment_is_never_writable_and_executable(struct kunit *test)
{
	struct memory *m = test->priv;
	u32 prot;

	for (prot = 0; prot < 16; prot++) {
		bool good = prot == PROT_R || prot == PROT_RW ||
			    prot == PROT_RX;

		m->enclave = world_new(test, m->sm, REWIRE_ENCLAVE_BUILDING);
		KUNIT_EXPECT_EQ_MSG(test, segment(m, 0, PAGE_SIZE, prot),
				    good ? 0 : -EINVAL, "prot %u", prot);
		world_enclave_free(m->enclave);
		m->enclave = NULL;
	}
}

static void segments_ascend(struct kunit *test)
{
	struct memory *m = test->priv;

	m->enclave = world_new(test, m->sm, REWIRE_ENCLAVE_BUILDING);
	KUNIT_EXPECT_EQ(test, segment(m, 2 * PAGE_SIZE, 2 * PAGE_SIZE, PROT_R), 0);
	KUNIT_EXPECT_EQ(test, segment(m, 0, PAGE_SIZE, PROT_R), -EINVAL);
	KUNIT_EXPECT_EQ(test, segment(m, 2 * PAGE_SIZE, PAGE_SIZE, PROT_R),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, segment(m, 3 * PAGE_SIZE, PAGE_SIZE, PROT_R),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, segment(m, 4 * PAGE_SIZE, PAGE_SIZE, PROT_R), 0);
}

static void segment_one_too_many_is_refused(struct kunit *test)
{
	struct rewire_layout layout = world_layout;
	struct memory *m = test->priv;
	int i;

	layout.span = 64 * PAGE_SIZE;
	layout.doorbell = layout.base + layout.span;
	m->enclave = rewire_enclave_create(m->sm, &layout,
					   REWIRE_ENCLAVE_BUILDING, NULL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, m->enclave);
	for (i = 0; i < REWIRE_MAX_SEGMENTS; i++)
		KUNIT_EXPECT_EQ(test, segment(m, i * PAGE_SIZE, PAGE_SIZE,
					      PROT_R), 0);
	KUNIT_EXPECT_EQ(test, segment(m, i * PAGE_SIZE, PAGE_SIZE, PROT_R),
			-EINVAL);
}

static int add(struct memory *m, u64 offset, u64 length, u32 flags, u64 source)
{
	const struct rewire_add_pages arg = {
		.size = sizeof(arg), .flags = flags, .offset = offset,
		.length = length, .source = source, .prot = PROT_RW,
	};
	int ret;

	mutex_lock(&m->enclave->lock);
	ret = rewire_memory_add(m->enclave, &arg, &m->why);
	mutex_unlock(&m->enclave->lock);
	return ret;
}

static void expect_unchanged(struct kunit *test)
{
	struct memory *m = test->priv;

	KUNIT_EXPECT_EQ(test, m->enclave->segment_count, 0);
	KUNIT_EXPECT_EQ(test, m->enclave->page_count, 0ULL);
	KUNIT_EXPECT_EQ(test, m->enclave->charged, 0ULL);
	KUNIT_EXPECT_EQ(test, (u64)atomic64_read(&m->sm->memory_used), 0ULL);
}

static void pages_up_to_the_limit(struct kunit *test)
{
	struct memory *m = test->priv;

	m->enclave = world_new(test, m->sm, REWIRE_ENCLAVE_BUILDING);
	m->sm->memory_limit = 2 * PAGE_SIZE;
	KUNIT_EXPECT_EQ(test, add(m, 0, 3 * PAGE_SIZE, REWIRE_ADD_ZERO, 0),
			-EDQUOT);
	expect_unchanged(test);
	KUNIT_EXPECT_EQ(test, add(m, 0, 2 * PAGE_SIZE, REWIRE_ADD_ZERO, 0), 0);
	KUNIT_EXPECT_EQ(test, add(m, 2 * PAGE_SIZE, PAGE_SIZE, REWIRE_ADD_ZERO,
				  0), -EDQUOT);
	KUNIT_EXPECT_EQ(test, m->enclave->page_count, 2ULL);
	KUNIT_EXPECT_EQ(test, m->enclave->charged, 2 * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, (u64)atomic64_read(&m->sm->memory_used),
			2 * PAGE_SIZE);
}

/* an enclave of its own, with room for @pages behind @base */
static void make_wide(struct kunit *test, u64 base, u64 pages)
{
	struct rewire_layout layout = world_layout;
	struct memory *m = test->priv;

	layout.base = base;
	layout.span = pages << PAGE_SHIFT;
	layout.doorbell = layout.base + layout.span;
	m->enclave = rewire_enclave_create(m->sm, &layout,
					   REWIRE_ENCLAVE_BUILDING, NULL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, m->enclave);
	m->sm->memory_limit = layout.span;
}

/* together where a huge page can be, alone before and behind; a wipe gives all back */
static void pages_lie_together_where_they_can(struct kunit *test)
{
	const u64 huge = REWIRE_BLOCK_PAGES;
	struct memory *m = test->priv;
	u64 first, pfn, i;

	make_wide(test, world_layout.base, 4 * huge);
	KUNIT_ASSERT_EQ(test, add(m, 3 * PAGE_SIZE, 3 * PMD_SIZE,
				  REWIRE_ADD_ZERO, 0), 0);
	KUNIT_EXPECT_EQ(test, m->enclave->page_count, 3 * huge);
	for (first = huge; first < 3 * huge; first += huge) {
		pfn = page_to_pfn(rewire_page(m->enclave, first));
		KUNIT_EXPECT_TRUE(test, IS_ALIGNED(pfn, huge));
		for (i = 0; i < huge; i++)
			KUNIT_ASSERT_EQ(test, pfn + i,
					page_to_pfn(rewire_page(m->enclave, first + i)));
	}
	for (i = 0; i < 4 * huge; i++) {
		KUNIT_ASSERT_EQ(test, !rewire_page(m->enclave, i),
				i < 3 || i >= 3 * huge + 3);
		KUNIT_ASSERT_EQ(test, rewire_page_whole(m->enclave, i),
				i >= huge && i < 3 * huge);
	}
	mutex_lock(&m->enclave->lock);
	rewire_enclave_wipe(m->enclave, -ECANCELED, "over");
	mutex_unlock(&m->enclave->lock);
	KUNIT_EXPECT_EQ(test, m->enclave->page_count, 0ULL);
	KUNIT_EXPECT_EQ(test, (u64)atomic64_read(&m->sm->memory_used), 0ULL);
	for (i = 0; i < 4 * huge; i++)
		KUNIT_ASSERT_NULL(test, rewire_page(m->enclave, i));
}

/* as address bits want it, wherever the base lies: else nothing maps them as one */
static void pages_lie_together_by_address(struct kunit *test)
{
	const u64 huge = REWIRE_BLOCK_PAGES;
	struct memory *m = test->priv;
	u64 i;

	make_wide(test, ALIGN(world_layout.base, PMD_SIZE) + 3 * PAGE_SIZE,
		  2 * huge);
	KUNIT_ASSERT_EQ(test, add(m, 0, 2 * PMD_SIZE, REWIRE_ADD_ZERO, 0), 0);
	for (i = 0; i < 2 * huge; i++) {
		KUNIT_ASSERT_NOT_NULL(test, rewire_page(m->enclave, i));
		KUNIT_ASSERT_EQ(test, rewire_page_whole(m->enclave, i),
				i >= huge - 3 && i < 2 * huge - 3);
	}
	mutex_lock(&m->enclave->lock);
	rewire_enclave_wipe(m->enclave, -ECANCELED, "over");
	mutex_unlock(&m->enclave->lock);
	KUNIT_EXPECT_EQ(test, m->enclave->page_count, 0ULL);
}

static void pages_from_a_bad_address_leave_nothing(struct kunit *test)
{
	struct memory *m = test->priv;
	unsigned long user = kunit_vm_mmap(test, NULL, 0, 2 * PAGE_SIZE,
					   PROT_READ | PROT_WRITE,
					   MAP_ANONYMOUS | MAP_PRIVATE, 0);

	KUNIT_ASSERT_NE(test, user, 0);
	KUNIT_ASSERT_EQ(test, vm_munmap(user + PAGE_SIZE, PAGE_SIZE), 0);
	m->enclave = world_new(test, m->sm, REWIRE_ENCLAVE_BUILDING);
	/* the first page is there, the second is not */
	KUNIT_EXPECT_EQ(test, add(m, 0, 2 * PAGE_SIZE, 0, user), -EFAULT);
	expect_unchanged(test);
	KUNIT_EXPECT_EQ(test, add(m, 0, PAGE_SIZE, 0, U64_MAX), -EFAULT);
	KUNIT_EXPECT_EQ(test, add(m, 0, PAGE_SIZE, 2, user), -EINVAL);
	expect_unchanged(test);
	KUNIT_EXPECT_EQ(test, add(m, 0, PAGE_SIZE, 0, user), 0);
}

/* By the rule that the uapi states, computed once more. */
static void measurement_is_what_the_uapi_says(struct kunit *test)
{
	struct memory *m = test->priv;
	struct rewire_page_measure header = { .prot = PROT_RW };
	u8 expected[REWIRE_DIGEST_SIZE], got[REWIRE_DIGEST_SIZE];
	struct crypto_shash *tfm = crypto_alloc_shash("sha256", 0, 0);
	unsigned long user = kunit_vm_mmap(test, NULL, 0, 2 * PAGE_SIZE,
					   PROT_READ | PROT_WRITE,
					   MAP_ANONYMOUS | MAP_PRIVATE, 0);
	u8 *page = test_ramp(test, PAGE_SIZE, 3);
	SHASH_DESC_ON_STACK(hash, tfm);

	KUNIT_ASSERT_NE(test, user, 0);
	KUNIT_ASSERT_FALSE(test, IS_ERR(tfm));
	KUNIT_ASSERT_EQ(test, copy_to_user((void __user *)user, page,
					   PAGE_SIZE), 0);
	m->enclave = world_new(test, m->sm, REWIRE_ENCLAVE_BUILDING);
	KUNIT_ASSERT_EQ(test, add(m, 0, 2 * PAGE_SIZE, 0, user), 0);
	KUNIT_ASSERT_EQ(test, add(m, 4 * PAGE_SIZE, 3 * PAGE_SIZE,
				  REWIRE_ADD_ZERO, 0), 0);
	KUNIT_EXPECT_EQ(test, crypto_shash_final(m->enclave->measure, got), 0);

	hash->tfm = tfm;
	crypto_shash_init(hash);
	crypto_shash_update(hash, (u8 *)&world_layout, sizeof(world_layout));
	crypto_shash_update(hash, (u8 *)&header, sizeof(header));
	crypto_shash_update(hash, page, PAGE_SIZE);
	header.offset = PAGE_SIZE;
	memset(page, 0, PAGE_SIZE);
	crypto_shash_update(hash, (u8 *)&header, sizeof(header));
	crypto_shash_update(hash, page, PAGE_SIZE);
	header.offset = 4 * PAGE_SIZE;
	header.zero_pages = 3;
	crypto_shash_update(hash, (u8 *)&header, sizeof(header));
	crypto_shash_final(hash, expected);
	KUNIT_EXPECT_MEMEQ(test, got, expected, sizeof(got));
	crypto_free_shash(tfm);
}

static void access_stays_within_segments(struct kunit *test)
{
	static const struct {
		u64 address;
		size_t len;
		int read, write;
	} cases[] = {
		{ WORLD_BASE, 1, 0, -EFAULT },
		{ WORLD_BASE, PAGE_SIZE, 0, -EFAULT },
		/* from code into constants: both can be read */
		{ WORLD_BASE, PAGE_SIZE + 1, 0, -EFAULT },
		{ WORLD_BASE, 2 * PAGE_SIZE, 0, -EFAULT },
		{ WORLD_BASE, 2 * PAGE_SIZE + 1, -EFAULT, -EFAULT },
		{ WORLD_BASE + PAGE_SIZE, 8, 0, -EFAULT },
		{ WORLD_BASE + WORLD_HOLE * PAGE_SIZE, 1, -EFAULT, -EFAULT },
		{ WORLD_BASE + 3 * PAGE_SIZE - 1, 2, -EFAULT, -EFAULT },
		{ WORLD_BASE + 3 * PAGE_SIZE, 5 * PAGE_SIZE, 0, 0 },
		{ WORLD_BASE + 4 * PAGE_SIZE - 3, 7, 0, 0 },
		{ WORLD_BASE + 3 * PAGE_SIZE, 5 * PAGE_SIZE + 1, -EFAULT,
		  -EFAULT },
		{ WORLD_BASE + WORLD_SPAN - 1, 1, 0, 0 },
		{ WORLD_BASE + WORLD_SPAN - 1, 2, -EFAULT, -EFAULT },
		{ WORLD_BASE + WORLD_SPAN, 1, -EFAULT, -EFAULT },
		{ WORLD_BASE - 1, 1, -EFAULT, -EFAULT },
		{ 0, 1, -EFAULT, -EFAULT },
		{ U64_MAX, 1, -EFAULT, -EFAULT },
		{ WORLD_BASE + 3 * PAGE_SIZE, SIZE_MAX, -EFAULT, -EFAULT },
		{ 0, 0, 0, 0 },
	};
	struct memory *m = test->priv;
	u8 *buf = kunit_kzalloc(test, WORLD_SPAN, GFP_KERNEL);
	int i;

	KUNIT_ASSERT_NOT_NULL(test, buf);
	m->enclave = world_enclave(test, m->sm);
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		KUNIT_EXPECT_EQ_MSG(test, rewire_memory_read(m->enclave,
							     cases[i].address,
							     buf, cases[i].len),
				    cases[i].read, "read, case %d", i);
		KUNIT_EXPECT_EQ_MSG(test, rewire_memory_write(m->enclave,
							      cases[i].address,
							      buf,
							      cases[i].len),
				    cases[i].write, "write, case %d", i);
	}
}

static void access_crosses_pages(struct kunit *test)
{
	u64 address = WORLD_BASE + 4 * PAGE_SIZE - 100;
	u8 *bytes = test_ramp(test, 2 * PAGE_SIZE, 9);
	u8 *back = test_ramp(test, 2 * PAGE_SIZE, 0);
	struct memory *m = test->priv;

	m->enclave = world_enclave(test, m->sm);
	KUNIT_EXPECT_EQ(test, rewire_memory_write(m->enclave, address, bytes,
						  2 * PAGE_SIZE), 0);
	KUNIT_EXPECT_EQ(test, rewire_memory_read(m->enclave, address, back,
						 2 * PAGE_SIZE), 0);
	KUNIT_EXPECT_MEMEQ(test, back, bytes, 2 * PAGE_SIZE);
	KUNIT_EXPECT_MEMEQ(test, (u8 *)page_address(rewire_page(m->enclave, 4)),
			   bytes + 100, PAGE_SIZE);
}

static void code_is_where_a_thread_may_go_on(struct kunit *test)
{
	struct memory *m = test->priv;

	m->enclave = world_enclave(test, m->sm);
	KUNIT_EXPECT_TRUE(test, rewire_memory_executable(m->enclave,
							 WORLD_BASE));
	KUNIT_EXPECT_TRUE(test, rewire_memory_executable(m->enclave,
							 WORLD_BASE +
							 PAGE_SIZE - 1));
	KUNIT_EXPECT_FALSE(test, rewire_memory_executable(m->enclave,
							  WORLD_BASE +
							  PAGE_SIZE));
	KUNIT_EXPECT_FALSE(test, rewire_memory_executable(m->enclave,
							  WORLD_BASE - 1));
	KUNIT_EXPECT_FALSE(test, rewire_memory_executable(m->enclave, 0));
	KUNIT_EXPECT_FALSE(test, rewire_memory_executable(m->enclave,
							  WORLD_BASE +
							  WORLD_SPAN));
}

static void wiped_memory_cannot_be_reached(struct kunit *test)
{
	struct memory *m = test->priv;
	struct page *page;
	u8 byte = 1;

	m->enclave = world_enclave(test, m->sm);
	KUNIT_EXPECT_EQ(test, (u64)atomic64_read(&m->sm->memory_used),
			WORLD_CHARGE);
	page = rewire_page(m->enclave, 4);
	get_page(page);
	mutex_lock(&m->enclave->lock);
	rewire_enclave_wipe(m->enclave, -ECANCELED, "over");
	mutex_unlock(&m->enclave->lock);
	KUNIT_EXPECT_EQ(test, (u64)atomic64_read(&m->sm->memory_used), 0ULL);
	KUNIT_EXPECT_EQ(test, m->enclave->page_count, 0ULL);
	KUNIT_EXPECT_NULL(test, memchr_inv(page_address(page), 0, PAGE_SIZE));
	put_page(page);
	KUNIT_EXPECT_EQ(test, rewire_memory_read(m->enclave, world_layout.gate,
						 &byte, 1), -EFAULT);
	KUNIT_EXPECT_EQ(test, rewire_memory_write(m->enclave,
						  world_layout.gate, &byte, 1),
			-EFAULT);
}

static int check_manifest(struct memory *m, u64 memory)
{
	const u8 *cms;
	u32 len;
	const struct rewire_manifest *manifest = world_manifest_get(&cms, &len);
	u8 developer[REWIRE_ID_SIZE];

	return rewire_manifest_check(m->sm, manifest, cms, len, memory,
				     developer, &m->why);
}

static void manifest_limits_the_pages(struct kunit *test)
{
	struct memory *m = test->priv;

	KUNIT_EXPECT_EQ(test, check_manifest(m, SZ_8M), 0);
	KUNIT_EXPECT_EQ(test, check_manifest(m, SZ_8M + PAGE_SIZE), -EPERM);
}

/* The developer's signature is right; what was loaded is something else. */
static void manifest_of_another_measurement_is_refused(struct kunit *test)
{
	static const u8 zero[REWIRE_DIGEST_SIZE];
	struct memory *m = test->priv;
	const struct rewire_manifest *manifest;
	struct rewire_add_pages code = {
		.flags = REWIRE_ADD_ZERO, .length = PAGE_SIZE,
		.prot = PROT_RX,
	};
	const u8 *cms;
	u32 len;

	manifest = world_manifest_get(&cms, &len);
	m->enclave = world_new(test, m->sm, REWIRE_ENCLAVE_BUILDING);
	mutex_lock(&m->enclave->lock);
	KUNIT_EXPECT_EQ(test, rewire_enclave_init(m->enclave, manifest,
						  (u8 *)cms, len,
						  WORLD_WORKLOAD, &m->why),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, rewire_memory_add(m->enclave, &code, NULL), 0);
	mutex_unlock(&m->enclave->lock);
	KUNIT_EXPECT_EQ(test, add(m, WORLD_DATA * PAGE_SIZE,
				  (WORLD_PAGES - WORLD_DATA) * PAGE_SIZE,
				  REWIRE_ADD_ZERO, 0), 0);
	mutex_lock(&m->enclave->lock);
	KUNIT_EXPECT_EQ(test, rewire_enclave_init(m->enclave, manifest,
						  (u8 *)cms, len,
						  WORLD_WORKLOAD, &m->why),
			-EKEYREJECTED);
	mutex_unlock(&m->enclave->lock);
	KUNIT_EXPECT_EQ(test, m->enclave->state, REWIRE_ENCLAVE_BUILDING);
	KUNIT_EXPECT_MEMNEQ(test, m->enclave->measurement, zero, sizeof(zero));
	KUNIT_EXPECT_FALSE(test, m->enclave->claimed);
}

/* What is in the world cannot be changed any more; these numbers neither. */
static void structs_have_their_sizes(struct kunit *test)
{
#define SIZE(name, bytes)						\
	KUNIT_EXPECT_EQ(test, sizeof(struct rewire_##name), (size_t)(bytes))
	SIZE(header, 16);
	SIZE(manifest, 264);
	SIZE(request, 128);
	SIZE(message, 416);
	SIZE(stream_header, 112);
	SIZE(record, 24);
	SIZE(layout, 80);
	SIZE(gate, 64);
	SIZE(sealed, 128);
	SIZE(self, 72);
	SIZE(ticket, 48);
	SIZE(page_measure, 24);
	SIZE(get_why, 128);
	SIZE(get_info, 56);
	SIZE(anchor, 16);
	SIZE(provision, 72);
	SIZE(create, 104);
	SIZE(open_enclave, 40);
	SIZE(list, 16);
	SIZE(reseal, 16);
	SIZE(migrate_out, 32);
	SIZE(migrate_in, 48);
	SIZE(open_session, 32);
	SIZE(add_pages, 40);
	SIZE(init, 88);
	SIZE(get_ticket, 56);
	SIZE(pause, 16);
	SIZE(resume, 8);
	SIZE(destroy, 8);
	SIZE(extract, 16);
	SIZE(call, 64);
	SIZE(enclave_info, 160);
	SIZE(stream_commit, 32);
	SIZE(session_get, 16);
	SIZE(session_put, 16);
	SIZE(session_round, 24);
	SIZE(session_freeze, 8);
	SIZE(session_abort, 8);
	SIZE(session_info, 96);
#undef SIZE
}

static struct kunit_case memory_cases[] = {
	KUNIT_CASE(layout_good_is_taken),
	KUNIT_CASE(layout_with_a_bad_member_is_refused),
	KUNIT_CASE(layout_is_held_against_the_segments),
	KUNIT_CASE(segment_with_bad_range_is_refused),
	KUNIT_CASE(segment_is_never_writable_and_executable),
	KUNIT_CASE(segments_ascend),
	KUNIT_CASE(segment_one_too_many_is_refused),
	KUNIT_CASE(pages_up_to_the_limit),
	KUNIT_CASE(pages_lie_together_where_they_can),
	KUNIT_CASE(pages_lie_together_by_address),
	KUNIT_CASE(pages_from_a_bad_address_leave_nothing),
	KUNIT_CASE(measurement_is_what_the_uapi_says),
	KUNIT_CASE(access_stays_within_segments),
	KUNIT_CASE(access_crosses_pages),
	KUNIT_CASE(code_is_where_a_thread_may_go_on),
	KUNIT_CASE(wiped_memory_cannot_be_reached),
	KUNIT_CASE(manifest_limits_the_pages),
	KUNIT_CASE(manifest_of_another_measurement_is_refused),
	KUNIT_CASE(structs_have_their_sizes),
	{}
};

static struct kunit_suite memory_suite = {
	.name = "rewire_memory",
	.init = memory_init,
	.exit = memory_exit,
	.test_cases = memory_cases,
};

kunit_test_suite(memory_suite);
