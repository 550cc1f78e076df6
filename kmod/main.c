// SPDX-License-Identifier: GPL-2.0-only
/*
 * REWIRE: a Security Monitor whose enclaves can be updated and moved while they
 * live. This file brings the parts up in order, and down in reverse.
 */
#include <linux/crypto.h>
#include <linux/module.h>
#include <net/net_namespace.h>
#include <net/netns/generic.h>

#include "device.h"
#include "enclave.h"
#include "migrate.h"
#include "netlink.h"
#include "platform.h"
#include "sm.h"
#include "update.h"

static int __net_init main_net_init(struct net *net)
{
	return rewire_sm_setup(rewire_sm_of(net), net);
}

static void __net_exit main_net_exit(struct net *net)
{
	struct rewire_sm *sm = rewire_sm_of(net);

	rewire_sessions_free(sm);
	rewire_updates_free(sm);
	rewire_enclaves_free(sm);
	rewire_sm_teardown(sm);
}

static struct pernet_operations main_net_ops = {
	.init = main_net_init,
	.exit = main_net_exit,
	.id = &rewire_net_id,
	.size = sizeof(struct rewire_sm),
};

/*
 * Find every algorithm now: loading and self-testing one takes seconds on a
 * slow machine, which nobody should spend while an enclave stands still.
 */
static int __init main_find_algorithms(void)
{
	static const char *const names[] = {
		"sha256", "hmac(sha256)", "gcm(aes)", "ecdh-nist-p256",
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		if (!crypto_has_alg(names[i], 0, 0)) {
			pr_err("rewire: the kernel lacks %s\n", names[i]);
			return -ENOENT;
		}
	}
	return 0;
}

static int __init main_init(void)
{
	int ret = main_find_algorithms();

	if (ret)
		return ret;
	rewire_wq = alloc_workqueue("rewire", WQ_UNBOUND, 0);
	if (!rewire_wq)
		return -ENOMEM;
	ret = rewire_memory_init();
	if (ret)
		goto err_wq;
	ret = rewire_platform_init();
	if (ret)
		goto err_memory;
	ret = register_pernet_subsys(&main_net_ops);
	if (ret)
		goto err_platform;
	ret = rewire_netlink_init();
	if (ret)
		goto err_pernet;
	rewire_run_init();
	ret = rewire_device_init();
	if (ret)
		goto err_run;
	return 0;

err_run:
	rewire_run_exit();
	rewire_netlink_exit();
err_pernet:
	unregister_pernet_subsys(&main_net_ops);
err_platform:
	rewire_platform_exit();
err_memory:
	rewire_memory_exit();
err_wq:
	destroy_workqueue(rewire_wq);
	return ret;
}

static void __exit main_exit(void)
{
	rewire_device_exit();
	rewire_run_exit();
	/* work of enclaves that are gone posts its last events */
	flush_workqueue(rewire_wq);
	rewire_netlink_exit();
	unregister_pernet_subsys(&main_net_ops);
	rewire_platform_exit();
	destroy_workqueue(rewire_wq);
	/* inodes are freed after a grace period, by code of this module's mount */
	rcu_barrier();
	rewire_memory_exit();
}

module_init(main_init);
module_exit(main_exit);

MODULE_DESCRIPTION("Security Monitor for enclaves that are updated and moved while they live");
MODULE_AUTHOR("The REWIRE authors");
MODULE_LICENSE("GPL");
MODULE_SOFTDEP("pre: gcm ecdh_generic hmac sha256 pkcs8_key_parser rsa_generic");
