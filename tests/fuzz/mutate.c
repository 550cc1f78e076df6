// SPDX-License-Identifier: MIT
/*
 * Random numbers, and what may be wrong with an argument.
 */
#include <string.h>
#include <sys/ioctl.h>

#include "fuzz.h"

uint64_t rng_next(struct rng *rng)
{
	uint64_t z = (rng->state += 0x9e3779b97f4a7c15UL);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9UL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebUL;
	return z ^ (z >> 31);
}

uint64_t rng_below(struct rng *rng, uint64_t limit)
{
	return limit ? rng_next(rng) % limit : 0;
}

bool rng_percent(struct rng *rng, unsigned int percent)
{
	return rng_below(rng, 100) < percent;
}

void rng_bytes(struct rng *rng, void *data, size_t length)
{
	uint8_t *byte = data;

	while (length--)
		*byte++ = (uint8_t)rng_next(rng);
}

static uint64_t interesting(struct rng *rng)
{
	static const uint64_t values[] = {
		0, 1, 2, 3, 7, 15, 16, 17, 255, 256, 4095, 4096, 4097, 8191,
		8192, 8193, 65535, 65536, 65537, 0x7fffffff, 0x80000000,
		0xffffffff, 1UL << 32, (1UL << 34) - 4096, 1UL << 34,
		(1UL << 34) + 4096, 0x7ffffffff000UL, 1UL << 47, 1UL << 63,
		UINT64_MAX - 4095, UINT64_MAX,
	};

	if (rng_percent(rng, 15))
		return rng_next(rng);
	return values[rng_below(rng, ARRAY_SIZE(values))];
}

void mutate_bytes(void *data, size_t length, struct rng *rng)
{
	uint8_t *bytes = data;
	unsigned int count = 1 + (unsigned int)rng_below(rng, 4);

	while (length && count--) {
		size_t at = rng_below(rng, length);

		if (rng_percent(rng, 60))
			bytes[at] ^= (uint8_t)(1U << rng_below(rng, 8));
		else
			bytes[at] = (uint8_t)rng_next(rng);
	}
}

/* @arg has room for a page; @size is what the module knows. */
static void spoil_size(void *arg, size_t size, struct rng *rng)
{
	const uint32_t sizes[] = {
		0, 1, 4, 8, (uint32_t)size - 8, (uint32_t)size - 1,
		(uint32_t)size + 1, (uint32_t)size + 8, (uint32_t)size + 64,
		PAGE, PAGE + 1, 0x7fffffff, 0xffffffff,
	};
	uint32_t chosen = sizes[rng_below(rng, ARRAY_SIZE(sizes))];
	uint8_t *tail = (uint8_t *)arg + size;

	memcpy(arg, &chosen, sizeof(chosen));
	memset(tail, 0, 64);
	if (rng_percent(rng, 50))
		tail[rng_below(rng, 64)] = 1;
}

static void spoil_pointer(void *arg, const struct command *command,
			  const struct memory *memory, struct rng *rng)
{
	uint64_t pointer;
	size_t count = 0;

	while (count < COMMAND_POINTERS && command->pointer[count])
		count++;
	if (!count) {
		mutate_bytes(arg, command->size, rng);
		return;
	}
	pointer = memory_hostile(memory, rng, 256);
	memcpy((uint8_t *)arg + command->pointer[rng_below(rng, count)],
	       &pointer, sizeof(pointer));
}

static unsigned int spoil_command(unsigned int cmd, struct rng *rng)
{
	switch (rng_below(rng, 4)) {
	case 0:
		/* the size that the number encodes is of no account */
		return cmd ^ (1U << (_IOC_SIZESHIFT + rng_below(rng, 14)));
	case 1:
		return cmd ^ (1U << (_IOC_DIRSHIFT + rng_below(rng, 2)));
	case 2:
		return (cmd & ~0xffU) | (unsigned int)rng_below(rng, 256);
	default:
		return (unsigned int)rng_next(rng);
	}
}

static void spoil_member(void *arg, size_t size, struct rng *rng)
{
	uint64_t value = interesting(rng);
	size_t width = rng_percent(rng, 50) ? 4 : 8;
	size_t members = size / width;

	if (members < 2)
		return;
	memcpy((uint8_t *)arg + width * (1 + rng_below(rng, members - 1)),
	       &value, width);
}

/* Where a struct goes: so that it ends with the memory, mostly. */
static void *place(const struct memory *memory, size_t size, struct rng *rng)
{
	if (rng_percent(rng, 60))
		return memory->argument + 2 * PAGE - size;
	return memory->argument + 8 * rng_below(rng, (PAGE - 512) / 8);
}

struct request arrange(const struct command *command,
		       const struct memory *memory, struct rng *rng)
{
	uint8_t *arg = place(memory, command->size, rng);
	uint32_t size = (uint32_t)command->size;

	memset(arg, 0, command->size);
	memcpy(arg, &size, sizeof(size));
	if (command->fill)
		command->fill(arg, memory, rng);
	return (struct request){ command->cmd, (uintptr_t)arg };
}

struct request mutate(const struct command *command,
		      const struct memory *memory, struct rng *rng)
{
	struct request request = arrange(command, memory, rng);
	uint8_t *arg = (uint8_t *)(uintptr_t)request.arg;
	uint8_t *roomy = memory->argument + 8 * rng_below(rng, 64);

	switch (rng_below(rng, 10)) {
	case 0:
	case 1:
		mutate_bytes(arg, command->size, rng);
		break;
	case 2:
	case 3:
		spoil_member(arg, command->size, rng);
		break;
	case 4:
		memmove(roomy, arg, command->size);
		request.arg = (uintptr_t)roomy;
		spoil_size(roomy, command->size, rng);
		break;
	case 5:
	case 6:
		spoil_pointer(arg, command, memory, rng);
		break;
	case 7:
		rng_bytes(rng, arg + 4, command->size - 4);
		break;
	case 8:
		request.cmd = spoil_command(request.cmd, rng);
		break;
	default:
		request.arg = memory_hostile(memory, rng, command->size);
		break;
	}
	return request;
}
