// SPDX-License-Identifier: GPL-2.0-only
/*
 * The memory of an enclave: its pages are measured as they come, mapped into its
 * own process only, and wiped before they are given back (pages.c).
 *
 * Every enclave has an inode of its own on a pseudo mount, because all opens of
 * a misc device, and all anonymous-inode files, share one address_space: taking
 * the pages away from one enclave would take them from all.
 */
#include <crypto/hash.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/module.h>
#include <linux/mount.h>
#include <linux/pseudo_fs.h>
#include <linux/sched/mm.h>
#include <linux/uaccess.h>

#include "arch.h"
#include "compat.h"
#include "dirty.h"
#include "enclave.h"
#include "huge.h"
#include "pages.h"

#define REWIRE_FS_MAGIC		0x52575245

static struct vfsmount *rewire_mnt;

static u64 memory_span_pages(const struct rewire_enclave *enclave)
{
	return enclave->layout.span >> PAGE_SHIFT;
}

/**
 * rewire_memory_alloc() - zeroed pages for a range that has none yet
 * @enclave: locked; in a state in which nobody maps it
 * @offset: from the base; page aligned, as is @length
 * @length: bytes
 * @why: for the sentence
 *
 * Return: 0, -EDQUOT, -ENOMEM or -EINTR, and then nothing was allocated.
 */
int rewire_memory_alloc(struct rewire_enclave *enclave, u64 offset, u64 length,
			struct rewire_why *why)
{
	u64 first = offset >> PAGE_SHIFT;
	int ret;

	lockdep_assert_held(&enclave->lock);
	ret = rewire_sm_charge(enclave->sm, length, why);
	if (ret)
		return ret;
	ret = rewire_pages_alloc(enclave, first, first + (length >> PAGE_SHIFT));
	if (ret) {
		rewire_sm_uncharge(enclave->sm, length);
		return rewire_because(why, ret, "no memory for %llu bytes",
				      length);
	}
	enclave->charged += length;
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_memory_alloc);

/**
 * rewire_memory_segment() - append a segment, without pages
 * @enclave: locked
 * @offset: from the base
 * @length: bytes
 * @prot: REWIRE_PROT_*
 * @why: for the sentence
 *
 * Return: 0, or -EINVAL when it is not aligned, not behind the segment before,
 * beyond the span, writable and executable, or one too many.
 */
int rewire_memory_segment(struct rewire_enclave *enclave, u64 offset,
			  u64 length, u32 prot, struct rewire_why *why)
{
	struct rewire_segment *last;

	lockdep_assert_held(&enclave->lock);
	if (!length || !PAGE_ALIGNED(offset) || !PAGE_ALIGNED(length))
		return rewire_because(why, -EINVAL,
				      "a segment is not in whole pages");
	if (offset > enclave->layout.span ||
	    length > enclave->layout.span - offset)
		return rewire_because(why, -EINVAL,
				      "a segment lies beyond the span");
	if (prot != REWIRE_PROT_READ &&
	    prot != (REWIRE_PROT_READ | REWIRE_PROT_WRITE) &&
	    prot != (REWIRE_PROT_READ | REWIRE_PROT_EXEC))
		return rewire_because(why, -EINVAL,
				      "a segment is r, rw or rx, not %u", prot);
	if (enclave->segment_count == REWIRE_MAX_SEGMENTS)
		return rewire_because(why, -EINVAL, "more than %u segments",
				      REWIRE_MAX_SEGMENTS);
	if (enclave->segment_count) {
		last = &enclave->segments[enclave->segment_count - 1];
		if (offset < last->offset + last->length)
			return rewire_because(why, -EINVAL,
					      "segments do not ascend");
	}
	enclave->segments[enclave->segment_count++] = (struct rewire_segment){
		.offset = offset, .length = length, .prot = prot,
	};
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_memory_segment);

static int memory_copy_in(struct rewire_enclave *enclave,
			  const struct rewire_add_pages *add)
{
	u64 done;

	for (done = 0; done < add->length; done += PAGE_SIZE) {
		u64 index = (add->offset + done) >> PAGE_SHIFT;

		if (copy_from_user(page_address(rewire_page(enclave, index)),
				   u64_to_user_ptr(add->source + done),
				   PAGE_SIZE))
			return -EFAULT;
		if (fatal_signal_pending(current))
			return -EINTR;
		cond_resched();
	}
	return 0;
}

/* what was copied is measured: userspace may have changed it since */
static int memory_measure(struct rewire_enclave *enclave,
			  const struct rewire_add_pages *add)
{
	struct rewire_page_measure header = { .prot = add->prot };
	bool zero = add->flags & REWIRE_ADD_ZERO;
	u64 step = zero ? add->length : PAGE_SIZE;
	u64 done;
	int ret;

	for (done = 0; done < add->length; done += step) {
		u64 offset = add->offset + done;

		header.offset = offset;
		header.zero_pages = zero ? add->length >> PAGE_SHIFT : 0;
		ret = crypto_shash_update(enclave->measure, (u8 *)&header,
					  sizeof(header));
		if (!ret && !zero)
			ret = crypto_shash_update(enclave->measure,
				page_address(rewire_page(enclave, offset >> PAGE_SHIFT)),
				PAGE_SIZE);
		if (ret)
			return ret;
		cond_resched();
	}
	return 0;
}

/**
 * rewire_memory_add() - REWIRE_ADD_PAGES
 * @enclave: locked, BUILDING
 * @add: as userspace gave it
 * @why: for the sentence
 *
 * Return: 0; -EINVAL; -EDQUOT; -ENOMEM; -EFAULT; -EINTR. A failure leaves the
 * enclave as it was.
 */
int rewire_memory_add(struct rewire_enclave *enclave,
		      const struct rewire_add_pages *add,
		      struct rewire_why *why)
{
	int ret;

	if (add->flags & ~REWIRE_ADD_ZERO)
		return rewire_because(why, -EINVAL, "unknown flag");
	ret = rewire_memory_segment(enclave, add->offset, add->length,
				    add->prot, why);
	if (ret)
		return ret;
	ret = rewire_memory_alloc(enclave, add->offset, add->length, why);
	if (ret)
		goto err_segment;
	if (!(add->flags & REWIRE_ADD_ZERO)) {
		ret = memory_copy_in(enclave, add);
		if (ret)
			goto err_pages;
	}
	return memory_measure(enclave, add);

err_pages:
	rewire_pages_free(enclave, add->offset >> PAGE_SHIFT,
			  (add->offset + add->length) >> PAGE_SHIFT);
	enclave->charged -= add->length;
	rewire_sm_uncharge(enclave->sm, add->length);
err_segment:
	enclave->segment_count--;
	return ret;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_memory_add);

/* more pages behind the last segment that have its permissions belong to it */
static int memory_extend(struct rewire_enclave *enclave, u64 offset, u64 length,
			 u32 prot, struct rewire_why *why)
{
	struct rewire_segment *last;

	if (enclave->segment_count) {
		last = &enclave->segments[enclave->segment_count - 1];
		if (last->prot == prot && offset == last->offset + last->length &&
		    length <= enclave->layout.span - offset) {
			last->length += length;
			return 0;
		}
	}
	return rewire_memory_segment(enclave, offset, length, prot, why);
}

/**
 * rewire_memory_line() - the pages of one line of the measurement
 * @enclave: locked, BUILDING
 * @line: what is measured
 * @page: PAGE_SIZE bytes; NULL when the line counts zero pages
 * @most: bytes that the enclave may have
 * @why: for the sentence
 *
 * Lines of one segment are one segment again.
 *
 * Return: 0; -EINVAL as rewire_memory_segment(), -EBADFD when the measurement is
 * complete, -EPERM beyond @most, -EDQUOT, -ENOMEM, -EINTR. A failure leaves an
 * enclave that can only be wiped.
 */
int rewire_memory_line(struct rewire_enclave *enclave,
		       const struct rewire_page_measure *line, const u8 *page,
		       u64 most, struct rewire_why *why)
{
	u64 count = line->zero_pages ?: 1, length;
	int ret;

	if (!enclave->measure)
		return rewire_because(why, -EBADFD,
				      "the measurement is complete");
	if (line->__reserved || !PAGE_ALIGNED(line->offset) ||
	    count > memory_span_pages(enclave))
		return rewire_because(why, -EINVAL,
				      "%llu pages at %#llx, which cannot be",
				      count, line->offset);
	length = count << PAGE_SHIFT;
	if (enclave->charged > most || length > most - enclave->charged)
		return rewire_because(why, -EPERM,
				      "more pages than the %llu bytes that the manifest allows",
				      most);
	ret = memory_extend(enclave, line->offset, length, line->prot, why) ?:
	      rewire_memory_alloc(enclave, line->offset, length, why);
	if (ret)
		return ret;
	ret = crypto_shash_update(enclave->measure, (const u8 *)line,
				  sizeof(*line));
	if (ret || !page)
		return ret;
	memcpy(page_address(rewire_page(enclave, line->offset >> PAGE_SHIFT)), page,
	       PAGE_SIZE);
	return crypto_shash_update(enclave->measure, page, PAGE_SIZE);
}
EXPORT_SYMBOL_IF_KUNIT(rewire_memory_line);

/* the segment that holds an address, or NULL */
static const struct rewire_segment *
memory_find(const struct rewire_enclave *enclave, u64 address)
{
	u64 offset = address - enclave->layout.base;
	u32 i;

	if (address < enclave->layout.base)
		return NULL;
	for (i = 0; i < enclave->segment_count; i++) {
		const struct rewire_segment *s = &enclave->segments[i];

		if (offset >= s->offset && offset - s->offset < s->length)
			return s;
	}
	return NULL;
}

/*
 * Is all of [address, address + len) there, with these permissions? It may go on
 * from one segment into the next: an array lies where the linker puts it, and
 * data and zeros are two segments.
 */
static bool memory_has(const struct rewire_enclave *enclave, u64 address,
		       u64 len, u32 prot)
{
	const struct rewire_segment *s;
	u64 left;

	if (!len)
		return false;
	for (;;) {
		s = memory_find(enclave, address);
		if (!s || (s->prot & prot) != prot)
			return false;
		left = s->length - (address - enclave->layout.base - s->offset);
		if (len <= left)
			return true;
		address += left;
		len -= left;
	}
}

/* whether a thread may continue at an address */
bool rewire_memory_executable(const struct rewire_enclave *enclave, u64 address)
{
	return memory_has(enclave, address, 1, REWIRE_PROT_EXEC);
}
EXPORT_SYMBOL_IF_KUNIT(rewire_memory_executable);

/**
 * rewire_memory_layout() - whether the segments hold what the layout names
 * @enclave: all segments are there
 * @threads: for how many, 1 .. REWIRE_MAX_THREADS
 * @why: for the sentence
 *
 * Return: 0 or -EINVAL.
 */
int rewire_memory_layout(const struct rewire_enclave *enclave, u32 threads,
			 struct rewire_why *why)
{
	const struct rewire_layout *l = &enclave->layout;

	if (!memory_has(enclave, l->entry, 1, REWIRE_PROT_EXEC) ||
	    !memory_has(enclave, l->resume, 1, REWIRE_PROT_EXEC) ||
	    !memory_has(enclave, l->park, 1, REWIRE_PROT_EXEC) ||
	    !memory_has(enclave, l->restorer, 1, REWIRE_PROT_EXEC))
		return rewire_because(why, -EINVAL,
				      "an entry point is not in an executable segment");
	/* ssa_size is at most the span */
	if (!memory_has(enclave, l->ssa, threads * l->ssa_size,
			REWIRE_PROT_WRITE))
		return rewire_because(why, -EINVAL,
				      "a State Save Area is not in a writable segment");
	if (!memory_has(enclave, l->gate, threads * sizeof(struct rewire_gate),
			REWIRE_PROT_WRITE))
		return rewire_because(why, -EINVAL,
				      "a gate is not in a writable segment");
	return rewire_layout_bells(l, threads, why);
}
EXPORT_SYMBOL_IF_KUNIT(rewire_memory_layout);

static void memory_copy(struct rewire_enclave *enclave, u64 offset, u8 *buf,
			size_t len, bool out)
{
	while (len) {
		size_t part = min_t(size_t, len,
				    PAGE_SIZE - offset_in_page(offset));
		u8 *page = page_address(rewire_page(enclave, offset >> PAGE_SHIFT));

		if (out) {
			memcpy(buf, page + offset_in_page(offset), part);
		} else {
			rewire_dirty_mark(enclave, offset >> PAGE_SHIFT);
			memcpy(page + offset_in_page(offset), buf, part);
		}
		offset += part;
		buf += part;
		len -= part;
	}
}

/**
 * rewire_memory_read() - out of an enclave
 * @enclave: not wiped: the caller is its thread in a doorbell, or has its lock
 * @address: in the enclave
 * @to: kernel memory
 * @len: bytes; zero is success
 *
 * Return: 0, or -EFAULT when not all of the range is there.
 */
int rewire_memory_read(struct rewire_enclave *enclave, u64 address, void *to,
		       size_t len)
{
	int ret = 0;

	if (!len)
		return 0;
	down_read(&enclave->map_sem);
	if (!enclave->mappable ||
	    !memory_has(enclave, address, len, REWIRE_PROT_READ))
		ret = -EFAULT;
	else
		memory_copy(enclave, address - enclave->layout.base, to, len,
			    true);
	up_read(&enclave->map_sem);
	return ret;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_memory_read);

/**
 * rewire_memory_write() - into an enclave
 * @enclave: as for rewire_memory_read()
 * @address: in the enclave
 * @from: kernel memory
 * @len: bytes; zero is success
 *
 * Return: 0, or -EFAULT when not all of the range is there and writable.
 */
int rewire_memory_write(struct rewire_enclave *enclave, u64 address,
			const void *from, size_t len)
{
	int ret = 0;

	if (!len)
		return 0;
	down_read(&enclave->map_sem);
	if (!enclave->mappable ||
	    !memory_has(enclave, address, len, REWIRE_PROT_WRITE))
		ret = -EFAULT;
	else
		memory_copy(enclave, address - enclave->layout.base,
			    (u8 *)from, len, false);
	up_read(&enclave->map_sem);
	return ret;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_memory_write);

/*
 * A page that is written is noted and mapped writable in one go. One that is
 * only read is mapped so that its first write is seen, where somebody wants to
 * know of it; else no second fault is worth anything.
 */
static vm_fault_t memory_map_page(struct rewire_enclave *enclave,
				  struct vm_fault *vmf, bool write)
{
	struct vm_area_struct *vma = vmf->vma;
	unsigned long pfn = page_to_pfn(rewire_page(enclave, vmf->pgoff));

	if (write)
		rewire_dirty_mark(enclave, vmf->pgoff);
	if ((vma->vm_flags & VM_WRITE) &&
	    (write || !rewire_dirty_tracked(enclave)))
		return vmf_insert_pfn_prot(vma, vmf->address, pfn,
					   vm_get_page_prot(vma->vm_flags));
	return vmf_insert_pfn(vma, vmf->address, pfn);
}

static vm_fault_t memory_fault(struct vm_fault *vmf)
{
	struct rewire_enclave *enclave = rewire_file_enclave(vmf->vma->vm_file);
	vm_fault_t ret = VM_FAULT_SIGBUS;

	if (vmf->flags & FAULT_FLAG_WRITE &&
	    !rewire_dirty_wait(enclave, vmf->flags))
		return VM_FAULT_NOPAGE;
	down_read(&enclave->map_sem);
	if (enclave->mappable && vmf->pgoff < memory_span_pages(enclave) &&
	    rewire_page(enclave, vmf->pgoff))
		ret = memory_map_page(enclave, vmf,
				      vmf->flags & FAULT_FLAG_WRITE);
	up_read(&enclave->map_sem);
	return ret;
}

/*
 * The first write to a page that was mapped for reading. Left to the core, the
 * entry would become writable after map_sem is given back, when the set that the
 * page was noted in may have been taken already.
 */
static vm_fault_t memory_written(struct vm_fault *vmf)
{
	struct rewire_enclave *enclave = rewire_file_enclave(vmf->vma->vm_file);
	vm_fault_t ret = VM_FAULT_SIGBUS;

	if (!rewire_dirty_wait(enclave, vmf->flags))
		return VM_FAULT_NOPAGE;
	down_read(&enclave->map_sem);
	if (enclave->mappable) {
		zap_special_vma_range(vmf->vma, vmf->address, PAGE_SIZE);
		ret = memory_map_page(enclave, vmf, true);
	}
	up_read(&enclave->map_sem);
	return ret;
}

static vm_fault_t memory_doorbell(struct vm_fault *vmf)
{
	struct rewire_enclave *enclave = rewire_file_enclave(vmf->vma->vm_file);

	return rewire_gate_ring(vmf, vmf->pgoff - memory_span_pages(enclave));
}

/*
 * There is nothing to map around a doorbell. But an area without this operation
 * gets a fault only after the core has taken mmap_lock and looked everything up
 * once more.
 */
static vm_fault_t memory_map_nothing(struct vm_fault *vmf, pgoff_t first,
				     pgoff_t last)
{
	return 0;
}

/* the doorbell's mapping lives and dies with the address space: it is the end
 * of all threads. This runs below mmap_lock, so work has to do the rest.
 */
static void memory_close(struct vm_area_struct *vma)
{
	rewire_run_detach(rewire_file_enclave(vma->vm_file), vma->vm_mm);
}

static int memory_may_split(struct vm_area_struct *vma, unsigned long addr)
{
	return -EINVAL;
}

static int memory_mremap(struct vm_area_struct *vma)
{
	return -EINVAL;
}

static const struct vm_operations_struct memory_vm_ops = {
	.fault = memory_fault,
	.pfn_mkwrite = memory_written,
	REWIRE_HUGE_FAULT(rewire_huge_fault)
	.may_split = memory_may_split,
	.mremap = memory_mremap,
};

static const struct vm_operations_struct doorbell_vm_ops = {
	.fault = memory_doorbell,
	.map_pages = memory_map_nothing,
	.close = memory_close,
	.may_split = memory_may_split,
	.mremap = memory_mremap,
};

/**
 * rewire_memory_mmap() - mmap handler of an enclave's file
 * @file: the file
 * @vma: from vm_mmap() in rewire_memory_map(); any other caller is refused
 *
 * The mapping was asked for as read and write, because pseudo file systems are
 * mounted noexec; the segment's own permissions are set here. VM_PFNMAP and
 * VM_IO keep get_user_pages() away, and with it /proc/PID/mem, ptrace,
 * process_vm_readv, O_DIRECT, io_uring buffers and core dumps.
 */
int rewire_memory_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct rewire_enclave *enclave = rewire_file_enclave(file);
	u64 span = memory_span_pages(enclave);
	const struct rewire_segment *s;

	if (READ_ONCE(enclave->loading) != current)
		return -EPERM;
	vm_flags_set(vma, VM_PFNMAP | VM_IO | VM_DONTCOPY | VM_DONTDUMP |
			  VM_DONTEXPAND);
	if (vma->vm_pgoff == span) {
		vm_flags_clear(vma, VM_WRITE | VM_MAYWRITE | VM_EXEC |
				    VM_MAYEXEC);
		vma->vm_ops = &doorbell_vm_ops;
	} else {
		s = memory_find(enclave, enclave->layout.base +
				((u64)vma->vm_pgoff << PAGE_SHIFT));
		if (!s)
			return -EINVAL;
		if (!(s->prot & REWIRE_PROT_WRITE))
			vm_flags_clear(vma, VM_WRITE | VM_MAYWRITE);
		if (s->prot & REWIRE_PROT_EXEC)
			vm_flags_set(vma, VM_EXEC | VM_MAYEXEC);
		else
			vm_flags_clear(vma, VM_EXEC | VM_MAYEXEC);
		vma->vm_ops = &memory_vm_ops;
	}
	vma->vm_page_prot = vm_get_page_prot(vma->vm_flags);
	return 0;
}

/**
 * rewire_memory_map() - map an enclave into the current, empty address space
 * @enclave: locked
 * @file: a file of its own
 *
 * Return: 0 or a negative errno; the caller ends the task then.
 */
int rewire_memory_map(struct rewire_enclave *enclave, struct file *file)
{
	const struct rewire_layout *l = &enclave->layout;
	unsigned long addr;
	u32 i;

	lockdep_assert_held(&enclave->lock);
	WRITE_ONCE(enclave->loading, current);
	for (i = 0; i < enclave->segment_count; i++) {
		const struct rewire_segment *s = &enclave->segments[i];

		addr = vm_mmap(file, l->base + s->offset, s->length,
			       PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
			       s->offset);
		if (IS_ERR_VALUE(addr))
			goto out;
	}
	addr = vm_mmap(file, l->doorbell,
		       enclave->manifest.max_threads * REWIRE_DOORBELL_PAGES *
			       PAGE_SIZE,
		       PROT_READ, MAP_SHARED | MAP_FIXED, l->span);
out:
	WRITE_ONCE(enclave->loading, NULL);
	return IS_ERR_VALUE(addr) ? (int)addr : 0;
}

/**
 * rewire_memory_wipe() - take the pages from every mapping, clear and free them
 * @enclave: locked
 *
 * No fault maps a page once @mappable is false, so that after the unmapping
 * nobody but this function reaches them.
 */
void rewire_memory_wipe(struct rewire_enclave *enclave)
{
	lockdep_assert_held(&enclave->lock);
	down_write(&enclave->map_sem);
	enclave->mappable = false;
	up_write(&enclave->map_sem);
	unmap_mapping_range(enclave->inode->i_mapping, 0, 0, 1);
	rewire_pages_free(enclave, 0, memory_span_pages(enclave));
	rewire_sm_uncharge(enclave->sm, enclave->charged);
	enclave->charged = 0;
}

/**
 * rewire_memory_inode() - give an enclave its inode and page table
 * @enclave: new; its layout is checked
 *
 * Return: 0 or -ENOMEM.
 */
int rewire_memory_inode(struct rewire_enclave *enclave)
{
	struct inode *inode = alloc_anon_inode(rewire_mnt->mnt_sb);
	int ret;

	if (IS_ERR(inode))
		return PTR_ERR(inode);
	ret = rewire_pages_create(enclave);
	if (ret) {
		iput(inode);
		return ret;
	}
	enclave->inode = inode;
	return 0;
}

/**
 * rewire_pseudo_file() - an open file of an enclave
 * @enclave: whose inode it opens
 * @fops: of what kind it is
 * @private: for file->private_data
 *
 * Return: the file, or an ERR_PTR().
 */
struct file *rewire_pseudo_file(struct rewire_enclave *enclave,
				const struct file_operations *fops,
				void *private)
{
	struct file *file;

	ihold(enclave->inode);
	__module_get(fops->owner);
	file = alloc_file_pseudo(enclave->inode, rewire_mnt, "[rewire]", O_RDWR,
				 fops);
	if (IS_ERR(file)) {
		module_put(fops->owner);
		iput(enclave->inode);
		return file;
	}
	file->private_data = private;
	return file;
}

static int memory_init_fs_context(struct fs_context *fc)
{
	return init_pseudo(fc, REWIRE_FS_MAGIC) ? 0 : -ENOMEM;
}

/* without an owner: the mount made at init would hold the module for ever */
static struct file_system_type memory_fs_type = {
	.name = "rewire",
	.init_fs_context = memory_init_fs_context,
	.kill_sb = kill_anon_super,
};

int rewire_memory_init(void)
{
	/* not registered: nobody but this module mounts it */
	rewire_mnt = kern_mount(&memory_fs_type);
	return PTR_ERR_OR_ZERO(rewire_mnt);
}

void rewire_memory_exit(void)
{
	kern_unmount(rewire_mnt);
}
