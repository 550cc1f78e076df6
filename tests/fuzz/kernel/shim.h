/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * As much of the kernel as the module's parsers use, so that the very same source
 * files run here, under a fuzzer and its sanitizers. Each <linux/...> that they
 * include leads here. Locks lock nothing: there is one thread.
 */
#ifndef FUZZ_KERNEL_SHIM_H
#define FUZZ_KERNEL_SHIM_H

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include <linux/types.h>

/* ---- types ---- */

typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;
typedef __s32 s32;
typedef __s64 s64;
typedef struct { u32 val; } kuid_t;

#define U8_MAX UINT8_MAX
#define U16_MAX UINT16_MAX
#define U32_MAX UINT32_MAX
#define S32_MAX INT32_MAX
#define S64_MAX INT64_MAX

struct mutex { int unused; };
struct rw_semaphore { int unused; };
typedef struct { int unused; } spinlock_t;
struct delayed_work { int unused; };
struct list_head { struct list_head *next, *prev; };
struct hlist_head { struct hlist_node *first; };
struct hlist_node { struct hlist_node *next, **pprev; };
struct xarray { int unused; };
typedef struct { s64 counter; } atomic64_t;

#define DECLARE_HASHTABLE(name, bits) struct hlist_head name[1 << (bits)]

/* ---- words of the language ---- */

#define LINUX_VERSION_CODE KERNEL_VERSION(6, 12, 0)
#define KERNEL_VERSION(a, b, c) (((a) << 16) + ((b) << 8) + (c))
#define IS_ENABLED(option) 1
#define IS_REACHABLE(option) 0
#define VISIBLE_IF_KUNIT
#define EXPORT_SYMBOL_IF_KUNIT(symbol)
#define __user

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define sizeof_field(type, member) sizeof(((type *)0)->member)
#define BIT(n) (1UL << (n))
#define ilog2(n) ((int)(sizeof(long) * 8 - 1) - __builtin_clzl(n))
#define hweight_long(n) ((unsigned long)__builtin_popcountl(n))
#define ALIGN(n, a) (((n) + (a) - 1) & ~((__typeof__(n))(a) - 1))
#define min(a, b) ((a) < (b) ? (a) : (b))
#define max(a, b) ((a) > (b) ? (a) : (b))
#define min_t(type, a, b) min((type)(a), (type)(b))
#define swap(a, b) do { __typeof__(a) swap_ = (a); (a) = (b); (b) = swap_; } while (0)
#define check_add_overflow(a, b, sum) __builtin_add_overflow(a, b, sum)

#define mutex_lock(lock) ((void)(lock))
#define mutex_unlock(lock) ((void)(lock))
#define init_rwsem(lock) ((void)(lock))
#define down_read(lock) ((void)(lock))
#define up_read(lock) ((void)(lock))
#define down_write(lock) ((void)(lock))
#define up_write(lock) ((void)(lock))
#define lockdep_assert_held(lock) ((void)(lock))
#define cond_resched() ((void)0)

/* ---- memory ---- */

#define GFP_KERNEL 0
#define GFP_KERNEL_ACCOUNT 0
#define kmalloc(size, flags) malloc(size)
#define kzalloc(size, flags) calloc(1, size)
#define kvmalloc(size, flags) malloc(size)
#define kfree(data) free(data)
#define kvfree(data) free(data)
#define u64_to_user_ptr(address) ((void *)(uintptr_t)(address))
#define IS_ERR(data) ((uintptr_t)(data) >= (uintptr_t)-4095)
#define PTR_ERR(data) ((int)(intptr_t)(data))

/* Nothing here has a user or is a task: who calls these has lost its way. */
#define SUID_DUMP_USER 1
#define get_dumpable(mm) (abort(), 0)
#define memdup_user(from, size) (abort(), (void *)(from))
#define vmemdup_user(from, size) (abort(), (void *)(from))
#define copy_from_user(to, from, size) (abort(), 1)

static inline void *memchr_inv(const void *data, int byte, size_t size)
{
	const u8 *at = data;

	for (; size; at++, size--)
		if (*at != (u8)byte)
			return (void *)(uintptr_t)at;
	return NULL;
}

static inline void __set_bit(unsigned int bit, unsigned long *bits)
{
	*bits |= BIT(bit);
}

#define SHIM_BE(bits)							\
static inline void put_unaligned_be##bits(u##bits value, void *to)	\
{									\
	for (int i = 0; i < bits / 8; i++)				\
		((u8 *)to)[i] = (u8)(value >> (bits - 8 - 8 * i));	\
}									\
									\
static inline u##bits get_unaligned_be##bits(const void *from)		\
{									\
	u##bits value = 0;						\
									\
	for (int i = 0; i < bits / 8; i++)				\
		value = (u##bits)(value << 8 | ((const u8 *)from)[i]);	\
	return value;							\
}

SHIM_BE(16)
SHIM_BE(32)
SHIM_BE(64)

/* ---- files and keys ---- */

struct inode { loff_t size; };

struct file {
	struct inode inode;
	const u8 *data;
};

#define file_inode(file) (&(file)->inode)
#define i_size_read(inode) ((inode)->size)

static inline ssize_t kernel_read(struct file *file, void *to, size_t size,
				  loff_t *at)
{
	size_t left = *at < file->inode.size ? (size_t)(file->inode.size - *at) : 0;

	size = min(size, left);
	memcpy(to, file->data + *at, size);
	*at += (loff_t)size;
	return (ssize_t)size;
}

enum { asym_crypto };

struct key {
	struct { void *data[1]; } payload;
	const u8 *secret;
};

struct public_key;

#define crypto_memneq(a, b, size) memcmp(a, b, size)
void sha256(const u8 *data, unsigned int size, u8 *digest);

#endif
