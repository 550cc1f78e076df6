// SPDX-License-Identifier: MIT
/*
 * malloc() on the enclave's own heap. By hand, because musl's and every other
 * allocator that is packaged grows by brk() or mmap(), which an enclave has not.
 *
 * The heap is one row of chunks, each with its size and that of the one before,
 * so that a free chunk can be joined with its free neighbours. Free chunks hang
 * in lists by the power of two below their size.
 *
 * Copyright (c) 2026 The REWIRE authors
 */
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "arch.h"
#include "internal.h"
#include "rewire_enclave.h"

#define ALIGN		16
#define USED		1UL
#define BINS		64

/**
 * struct chunk - a piece of the heap
 * @before: bytes of the chunk before this one; 0 for the first
 * @size: bytes of this one, with USED in its lowest bit
 * @next: in its list, when free; else what malloc() returned starts here
 * @prev: likewise
 */
struct chunk {
	size_t before;
	size_t size;
	struct chunk *next;
	struct chunk *prev;
};

#define HEAD		offsetof(struct chunk, next)
#define LEAST		sizeof(struct chunk)

_Static_assert(HEAD % ALIGN == 0 && LEAST % ALIGN == 0, "chunk alignment");

static struct rewire_mutex mutex;	/* of all below, and of the chunks */
static struct chunk *bins[BINS];
static uint64_t filled;		/* bit n: bins[n] is not empty */

static size_t size_of(const struct chunk *chunk)
{
	return chunk->size & ~USED;
}

static struct chunk *at(struct chunk *chunk, ptrdiff_t offset)
{
	return (struct chunk *)((char *)chunk + offset);
}

static struct chunk *chunk_of(void *memory)
{
	return at(memory, -(ptrdiff_t)HEAD);
}

static int bin_of(size_t size)
{
	return 63 - __builtin_clzl(size);
}

static void list_add(struct chunk *chunk)
{
	int bin = bin_of(chunk->size);

	chunk->prev = NULL;
	chunk->next = bins[bin];
	if (chunk->next)
		chunk->next->prev = chunk;
	bins[bin] = chunk;
	filled |= 1UL << bin;
}

static void list_remove(struct chunk *chunk)
{
	int bin = bin_of(chunk->size);

	if (chunk->next)
		chunk->next->prev = chunk->prev;
	if (chunk->prev)
		chunk->prev->next = chunk->next;
	else
		bins[bin] = chunk->next;
	if (!bins[bin])
		filled &= ~(1UL << bin);
}

/* The last bytes of the heap are a used chunk of HEAD bytes, as a fence. */
static void heap_init(void)
{
	struct chunk *first = (struct chunk *)rewire_heap_start;
	size_t size = rewire_heap_end - rewire_heap_start;

	if (first->size || size < LEAST + HEAD)
		return;
	first->size = size - HEAD;
	at(first, first->size)->before = first->size;
	at(first, first->size)->size = HEAD | USED;
	list_add(first);
}

/* A used chunk becomes free. */
static void give(struct chunk *chunk)
{
	size_t size = size_of(chunk);
	struct chunk *after = at(chunk, size), *before;

	/* Freed twice, or written beyond its end. */
	if (!(chunk->size & USED) || after->before != size)
		rewire_trap();
	if (!(after->size & USED)) {
		list_remove(after);
		size += after->size;
	}
	before = chunk->before ? at(chunk, -(ptrdiff_t)chunk->before) : NULL;
	if (before && !(before->size & USED)) {
		list_remove(before);
		size += before->size;
		chunk->size = 0;
		chunk = before;
	}
	chunk->size = size;
	at(chunk, size)->before = size;
	list_add(chunk);
}

/* Cut a used chunk in two used ones. Returns the second. */
static struct chunk *cut(struct chunk *chunk, size_t size)
{
	struct chunk *tail = at(chunk, size);

	tail->before = size;
	tail->size = (size_of(chunk) - size) | USED;
	at(tail, size_of(tail))->before = size_of(tail);
	chunk->size = size | USED;
	return tail;
}

/* Give back what a used chunk has beyond @size, if that makes a chunk. */
static void trim(struct chunk *chunk, size_t size)
{
	if (size_of(chunk) - size >= LEAST)
		give(cut(chunk, size));
}

static struct chunk *find(size_t size)
{
	int bin = bin_of(size);
	struct chunk *chunk;
	uint64_t above;

	for (chunk = bins[bin]; chunk; chunk = chunk->next)
		if (chunk->size >= size)
			return chunk;
	above = filled & ~(~0UL >> (BINS - 1 - bin));
	return above ? bins[__builtin_ctzl(above)] : NULL;
}

/* A used chunk of @size bytes or somewhat more; @size 0 is more than we have. */
static struct chunk *take(size_t size)
{
	struct chunk *chunk;

	heap_init();
	chunk = size ? find(size) : NULL;
	if (!chunk) {
		errno = ENOMEM;
		return NULL;
	}
	list_remove(chunk);
	chunk->size |= USED;
	trim(chunk, size);
	return chunk;
}

/* Bytes of the chunk for a request, or 0: more than any heap has. */
static size_t chunk_size(size_t request)
{
	size_t size;

	if (request > PTRDIFF_MAX - HEAD - ALIGN)
		return 0;
	size = (request + HEAD + ALIGN - 1) & ~(size_t)(ALIGN - 1);
	return size < LEAST ? LEAST : size;
}

static void *memory_of(struct chunk *chunk)
{
	return chunk ? &chunk->next : NULL;
}

static void *resize(void *memory, size_t size)
{
	struct chunk *old = chunk_of(memory), *fresh;

	if (size && size <= size_of(old)) {
		trim(old, size);
		return memory;
	}
	fresh = take(size);
	if (!fresh)
		return NULL;
	memcpy(memory_of(fresh), memory, size_of(old) - HEAD);
	give(old);
	return memory_of(fresh);
}

static void *take_aligned(size_t alignment, size_t size, size_t room)
{
	struct chunk *chunk = take(room), *tail;
	uintptr_t start;

	if (!chunk)
		return NULL;
	start = (uintptr_t)memory_of(chunk);
	if (start & (alignment - 1)) {
		start = (start + LEAST + alignment - 1) & ~(alignment - 1);
		tail = cut(chunk, (char *)chunk_of((void *)start) - (char *)chunk);
		give(chunk);
		chunk = tail;
	}
	trim(chunk, size);
	return memory_of(chunk);
}

void *malloc(size_t request)
{
	void *memory;

	rewire_mutex_lock(&mutex);
	memory = memory_of(take(chunk_size(request)));
	rewire_mutex_unlock(&mutex);
	return memory;
}

void free(void *memory)
{
	if (!memory)
		return;
	rewire_mutex_lock(&mutex);
	give(chunk_of(memory));
	rewire_mutex_unlock(&mutex);
}

void *calloc(size_t count, size_t each)
{
	size_t size;
	void *memory;

	if (__builtin_mul_overflow(count, each, &size))
		size = SIZE_MAX;
	memory = malloc(size);
	return memory ? memset(memory, 0, size) : NULL;
}

void *realloc(void *memory, size_t request)
{
	void *resized;

	if (!memory)
		return malloc(request);
	rewire_mutex_lock(&mutex);
	resized = resize(memory, chunk_size(request));
	rewire_mutex_unlock(&mutex);
	return resized;
}

void *aligned_alloc(size_t alignment, size_t request)
{
	size_t size = chunk_size(request), room = size;
	void *memory;

	if (!alignment || alignment & (alignment - 1)) {
		errno = EINVAL;
		return NULL;
	}
	/* Where it begins is luck, and what lies in front must make a chunk. */
	if (alignment > ALIGN &&
	    (!size || __builtin_add_overflow(size, alignment + LEAST, &room) ||
	     room > PTRDIFF_MAX))
		room = 0;
	rewire_mutex_lock(&mutex);
	memory = take_aligned(alignment, size, room);
	rewire_mutex_unlock(&mutex);
	return memory;
}

int posix_memalign(void **ret_memory, size_t alignment, size_t request)
{
	void *memory = aligned_alloc(alignment, request);

	if (!memory)
		return errno;
	*ret_memory = memory;
	return 0;
}
