// SPDX-License-Identifier: MIT
/*
 * User memory of every sort that a pointer may point to.
 */
#include <stdio.h>
#include <sys/mman.h>

#include "fuzz.h"

/* Far from where the kernel and the loader put things of their own accord. */
#define MEMORY_BASE 0x200000000000UL
#define MEMORY_SPAN (1UL << 36)

static uint8_t *map(uint8_t *at, size_t length, int prot)
{
	if (mmap(at, length, prot, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
		 0) == MAP_FAILED) {
		perror("mmap");
		return NULL;
	}
	return at;
}

bool memory_open(struct memory *memory, unsigned int index)
{
	uint8_t *base = (uint8_t *)(MEMORY_BASE + index * MEMORY_SPAN);

	if (mmap(base, MEMORY_SPAN, PROT_NONE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE,
		 -1, 0) != base) {
		perror("reserving memory");
		return false;
	}
	base += MEMORY_SPAN / 2;
	memory->nowhere = base;
	memory->data = map(base + PAGE, DATA_SIZE, PROT_READ | PROT_WRITE);
	base += DATA_SIZE + 2 * PAGE;
	memory->argument = map(base, 2 * PAGE, PROT_READ | PROT_WRITE);
	memory->readonly = map(base + 3 * PAGE, PAGE, PROT_READ);
	return memory->data && memory->argument && memory->readonly;
}

uint64_t memory_hostile(const struct memory *memory, struct rng *rng,
			size_t length)
{
	uint64_t end = (uint64_t)(uintptr_t)memory->data + DATA_SIZE;

	switch (rng_below(rng, 10)) {
	case 0:
		return 0;
	case 1:
		return rng_below(rng, PAGE);
	case 2:
		return (uintptr_t)memory->nowhere;
	case 3:
		return (uintptr_t)memory->readonly;
	case 4:
		/* starts in memory, ends beyond it */
		return end - rng_below(rng, length + 1);
	case 5:
		/* starts before it */
		return (uintptr_t)memory->data - 1 - rng_below(rng, length + 1);
	case 6:
		/* the kernel's half */
		return 0xffff888000000000UL + rng_below(rng, 1UL << 32);
	case 7:
		/* nobody's: not canonical */
		return 0x0000800000000000UL + rng_below(rng, 1UL << 32);
	case 8:
		/* wraps around */
		return UINT64_MAX - rng_below(rng, length + 1);
	default:
		/* the last page that a user may have */
		return 0x00007ffffffff000UL - rng_below(rng, length + 1);
	}
}
