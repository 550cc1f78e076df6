/* SPDX-License-Identifier: MIT */
#ifndef LIBREWIRE_IMAGE_H
#define LIBREWIRE_IMAGE_H

/* Of enclave memory, whatever the machine's own may be. */
#define PAGE_BYTES 4096ULL

#include "rewire.h"

/* A piece of what is measured. Return: 0, or a negative errno to stop. */
typedef int image_walk_fn(const void *data, size_t length, void *context);

/*
 * All that is measured, in its order: the one place that knows it. Return: 0 or
 * what @fn returned.
 */
int image_walk(const struct rewire_image *image, image_walk_fn *fn,
	       void *context);

#endif
