/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Huge pages, where an enclave is large.
 */
#ifndef REWIRE_HUGE_H
#define REWIRE_HUGE_H

#include <linux/mm.h>

#include "enclave.h"

u64 rewire_huge_alloc(struct rewire_enclave *enclave, u64 first, u64 end);
vm_fault_t rewire_huge_fault(struct vm_fault *vmf, unsigned int order);

#endif
