/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Huge pages, where an enclave is large.
 */
#ifndef REWIRE_HUGE_H
#define REWIRE_HUGE_H

#include <linux/mm.h>

#include "enclave.h"

vm_fault_t rewire_huge_fault(struct vm_fault *vmf, unsigned int order);

#endif
