// SPDX-License-Identifier: GPL-2.0-only
/*
 * SMs and enclaves that exist for one test. data_world.h has what OpenSSL made;
 * make-world says how.
 */
#include <linux/slab.h>
#include <net/net_namespace.h>

#include "data_world.h"
#include "../../kmod/pages.h"
#include "util.h"
#include "world.h"

const struct rewire_layout world_layout = {
	.base = WORLD_BASE,
	.span = WORLD_SPAN,
	.entry = WORLD_BASE,
	.resume = WORLD_BASE + 16,
	.park = WORLD_BASE + 32,
	.restorer = WORLD_BASE + 48,
	.ssa = WORLD_BASE + WORLD_DATA * PAGE_SIZE,
	.ssa_size = REWIRE_MIN_SSA,
	.gate = WORLD_BASE + 7 * PAGE_SIZE,
	.doorbell = WORLD_BASE + WORLD_SPAN,
};

#define ROLE(test, sm, role, cert)					\
	KUNIT_ASSERT_EQ(test, rewire_roles_add(&(sm)->roles, role, cert, \
					       sizeof(cert), NULL), 0)

static void world_attest(struct kunit *test, struct rewire_sm *sm,
			 const void *key, size_t key_len, const void *cert,
			 size_t cert_len)
{
	struct key *private = test_key(test, "asymmetric", "rewire:test", key,
				       key_len);
	int ret = rewire_attest_init(&sm->attest, key_serial(private), cert,
				     cert_len, &sm->roles, NULL);

	key_put(private);
	KUNIT_ASSERT_EQ(test, ret, 0);
}

struct rewire_sm *world_sm(struct kunit *test, char name, bool attested)
{
	struct rewire_sm *sm = kunit_kzalloc(test, sizeof(*sm), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, sm);
	KUNIT_ASSERT_EQ(test, rewire_sm_setup(sm, &init_net), 0);
	KUNIT_ASSERT_EQ(test, rewire_roles_init(&sm->roles), 0);
	ROLE(test, sm, REWIRE_ROLE_DEVELOPER, world_cert_developer);
	ROLE(test, sm, REWIRE_ROLE_PLATFORM, world_cert_platform);
	sm->roots.key[1] = test_key(test, "logon", "rewire:test",
				    test_ramp(test, REWIRE_KEY_SIZE, name),
				    REWIRE_KEY_SIZE);
	sm->roots.newest = 1;
	if (!attested)
		memset(sm->attest.id, name, sizeof(sm->attest.id));
	else if (name == 'a')
		world_attest(test, sm, world_key_a, sizeof(world_key_a),
			     world_cert_a, sizeof(world_cert_a));
	else
		world_attest(test, sm, world_key_b, sizeof(world_key_b),
			     world_cert_b, sizeof(world_cert_b));
	sm->memory_limit = WORLD_LIMIT;
	sm->provisioned = true;
	return sm;
}

void world_sm_free(struct rewire_sm *sm)
{
	if (!sm)
		return;
	rewire_enclaves_free(sm);
	rewire_sm_teardown(sm);
}

static struct rewire_enclave *world_sized(struct kunit *test,
					  struct rewire_sm *sm, u32 state,
					  u64 pages)
{
	struct rewire_layout layout = world_layout;
	struct rewire_enclave *enclave;

	layout.span = pages * PAGE_SIZE;
	layout.doorbell = layout.base + layout.span;
	enclave = rewire_enclave_create(sm, &layout, state, NULL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, enclave);
	KUNIT_ASSERT_EQ(test, rewire_sm_add_enclave(sm, enclave, NULL), 0);
	return enclave;
}

struct rewire_enclave *world_new(struct kunit *test, struct rewire_sm *sm,
				 u32 state)
{
	return world_sized(test, sm, state, WORLD_PAGES);
}

static void world_segment(struct kunit *test, struct rewire_enclave *enclave,
			  u64 first, u64 pages, u32 prot)
{
	u64 offset = first * PAGE_SIZE, length = pages * PAGE_SIZE;
	int ret;

	mutex_lock(&enclave->lock);
	ret = rewire_memory_segment(enclave, offset, length, prot, NULL) ?:
	      rewire_memory_alloc(enclave, offset, length, NULL);
	mutex_unlock(&enclave->lock);
	KUNIT_ASSERT_EQ(test, ret, 0);
}

/* one that has it all but a workload */
static struct rewire_enclave *world_full(struct kunit *test,
					 struct rewire_sm *sm, u64 pages)
{
	struct rewire_enclave *enclave = world_sized(test, sm,
						     REWIRE_ENCLAVE_RECEIVING,
						     pages);

	world_segment(test, enclave, 0, 1, REWIRE_PROT_READ | REWIRE_PROT_EXEC);
	world_segment(test, enclave, 1, 1, REWIRE_PROT_READ);
	world_segment(test, enclave, WORLD_DATA, pages - WORLD_DATA,
		      REWIRE_PROT_READ | REWIRE_PROT_WRITE);
	memset(page_address(rewire_page(enclave, 0)), 0xc0, PAGE_SIZE);
	memset(page_address(rewire_page(enclave, 4)), 0xda, PAGE_SIZE);
	memcpy(&enclave->manifest, world_manifest, sizeof(world_manifest));
	memcpy(enclave->measurement, enclave->manifest.measurement,
	       REWIRE_DIGEST_SIZE);
	enclave->cms = kmemdup(world_manifest_cms, sizeof(world_manifest_cms),
			       GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, enclave->cms);
	enclave->cms_len = sizeof(world_manifest_cms);
	memcpy(enclave->workload, WORLD_WORKLOAD, REWIRE_ID_SIZE);
	return enclave;
}

struct rewire_enclave *world_version(struct kunit *test, struct rewire_sm *sm)
{
	struct rewire_enclave *enclave = world_full(test, sm, WORLD_PAGES);

	enclave->trial = true;
	enclave->state = REWIRE_ENCLAVE_RUNNING;
	return enclave;
}

struct rewire_enclave *world_large(struct kunit *test, struct rewire_sm *sm,
				   u64 pages)
{
	struct rewire_enclave *enclave = world_full(test, sm, pages);

	KUNIT_ASSERT_EQ(test, rewire_workload_claim(sm, WORLD_WORKLOAD, 0,
						    false, &enclave->epoch,
						    NULL), 0);
	enclave->claimed = true;
	enclave->state = REWIRE_ENCLAVE_PAUSED;
	return enclave;
}

struct rewire_enclave *world_enclave(struct kunit *test, struct rewire_sm *sm)
{
	return world_large(test, sm, WORLD_PAGES);
}

void world_enclave_free(struct rewire_enclave *enclave)
{
	if (IS_ERR_OR_NULL(enclave))
		return;
	mutex_lock(&enclave->lock);
	rewire_enclave_wipe(enclave, -ECANCELED, "the test is over");
	mutex_unlock(&enclave->lock);
	rewire_enclave_put(enclave);
}

const struct rewire_manifest *world_manifest_get(const u8 **cms, u32 *len)
{
	static struct rewire_manifest manifest;

	static_assert(sizeof(world_manifest) == sizeof(manifest));
	memcpy(&manifest, world_manifest, sizeof(manifest));
	*cms = world_manifest_cms;
	*len = sizeof(world_manifest_cms);
	return &manifest;
}

const u8 *world_platform(u32 *len)
{
	*len = sizeof(world_cert_platform);
	return world_cert_platform;
}

const u8 *world_stranger(u32 *len)
{
	*len = sizeof(world_cert_developer);
	return world_cert_developer;
}

ssize_t world_read(struct rewire_writer *writer, void *to, size_t len)
{
	struct kvec vec = { .iov_base = to, .iov_len = len };
	struct rewire_sink sink;
	struct iov_iter iter;

	iov_iter_kvec(&iter, ITER_DEST, &vec, 1, len);
	sink = rewire_sink_iter(&iter);
	return rewire_writer_give(writer, &sink);
}
