/* SPDX-License-Identifier: MIT */
#ifndef LIBREWIRE_IMAGE_H
#define LIBREWIRE_IMAGE_H

/* Of enclave memory, whatever the machine's own may be. */
#define PAGE_BYTES 4096ULL

#endif
