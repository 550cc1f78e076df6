// SPDX-License-Identifier: GPL-2.0-only
/*
 * rewire_kunit.ko: one suite for each file of kmod. They run as it is loaded;
 * results are in /sys/kernel/debug/kunit/rewire_*.
 */
#include <linux/module.h>
#include <linux/version.h>

MODULE_DESCRIPTION("KUnit tests of rewire.ko");
MODULE_LICENSE("GPL");
/* the name of a namespace became a string with 6.13 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 13, 0)
MODULE_IMPORT_NS(EXPORTED_FOR_KUNIT_TESTING);
#else
MODULE_IMPORT_NS("EXPORTED_FOR_KUNIT_TESTING");
#endif
