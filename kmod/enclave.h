/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The enclave: what it is made of, and what may be done to it.
 */
#ifndef REWIRE_ENCLAVE_H
#define REWIRE_ENCLAVE_H

#include <crypto/hash.h>
#include <linux/fs.h>
#include <linux/kref.h>
#include <linux/mm_types.h>
#include <linux/rwsem.h>
#include <linux/sched.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "call.h"
#include "seal.h"
#include "sm.h"
#include "state.h"
#include "thread.h"

/**
 * struct rewire_segment - consecutive pages with the same permissions
 * @offset: from the base, in bytes
 * @length: bytes
 * @prot: REWIRE_PROT_*
 */
struct rewire_segment {
	u64 offset;
	u64 length;
	u32 prot;
	u32 reserved;
};

/**
 * enum rewire_dirty - what an enclave is copied for while it changes
 * @REWIRE_DIRTY_UNSENT: a migration: pages written since they were sent
 * @REWIRE_DIRTY_UNSEALED: a checkpoint of that migration, at either end: pages
 *	sent, or come, since they were sealed
 * @REWIRE_DIRTY_SETS: how many there are
 */
enum rewire_dirty {
	REWIRE_DIRTY_UNSENT,
	REWIRE_DIRTY_UNSEALED,
	REWIRE_DIRTY_SETS,
};

/**
 * struct rewire_enclave - one enclave
 * @ref: the SM while it is not destroyed, each file, each piece of work
 * @sm: its SM; a reference to the namespace is held through @files
 * @id: number in the SM
 * @owner: user who created it
 * @lock: protects all that has no lock of its own
 * @state: REWIRE_ENCLAVE_*; written under @lock
 * @layout: where things are; fixed after creation
 * @segments: by ascending offset; fixed after INIT
 * @segment_count: entries in @segments
 * @map_sem: taken for write to take pages away from mappings
 * @mappable: under @map_sem: faults may map pages
 * @dirty: under @map_sem: a bit for each page that is to be copied again, see
 *	dirty.h; NULL as long as nobody copies
 * @settled: under @map_sem: @dirty gets no new bit any more
 * @small: under @map_sem, and only ever set: no entry of a mapping is huge any more
 * @dirty_delay_us: how long a page's first write has to wait
 * @blocks: its pages, see pages.h
 * @page_count: how many there are
 * @inode: an own one, so that its mapping is this enclave's alone
 * @measure: running measurement until INIT
 * @measurement: the result
 * @manifest: as signed
 * @developer: id of who signed it
 * @cms: its signature, for the next SM
 * @cms_len: bytes at @cms
 * @workload: what it is for; zero before INIT
 * @epoch: of this instance
 * @svn_key: what seal.c keeps for it
 * @claimed: the workload's place in the SM is this enclave's
 * @relinquished: START is out: whatever becomes of it, the workload has moved
 * @ticket: capability of the outstanding ticket
 * @ticket_armed: there is one
 * @ticket_owner: who asked for it
 * @loading: the task that is just mapping the segments, else NULL
 * @thread: its first task, whose process it is; a reference
 * @slot: its threads, see thread.h
 * @mm: address space of @thread, for comparison only
 * @changed: woken up at every change of state
 * @gone: work that notices the end of its process
 * @files: open files, and who loads it; at 0 an enclave with nothing to lose is destroyed
 * @session: a migration has it; protected by @lock
 * @handover: an update has it; a reference, protected by @lock
 * @trial: it is an update's new version, and not the instance
 * @errand: the SM wants something of it, see handover.h
 * @successor: the version that took its place; a reference
 * @readers: open checkpoint streams
 * @checkpointed: a checkpoint of this epoch exists outside
 * @written: records in the journal that it rests on; a strict SM lets it run
 *	once a witness knows that many
 * @awaits: it is to go on as soon as that is so
 * @calls: call table; a reference
 * @charged: bytes charged to the SM for pages
 */
struct rewire_enclave {
	struct kref ref;
	struct rewire_sm *sm;
	u64 id;
	kuid_t owner;
	struct mutex lock;
	u32 state;
	struct rewire_layout layout;
	struct rewire_segment segments[REWIRE_MAX_SEGMENTS];
	u32 segment_count;
	struct rw_semaphore map_sem;
	bool mappable;
	unsigned long *dirty[REWIRE_DIRTY_SETS];
	bool settled;
	bool small;
	u32 dirty_delay_us;
	unsigned long *blocks;
	u64 page_count;
	struct inode *inode;
	struct shash_desc *measure;
	u8 measurement[REWIRE_DIGEST_SIZE];
	struct rewire_manifest manifest;
	u8 developer[REWIRE_ID_SIZE];
	u8 *cms;
	u32 cms_len;
	u8 workload[REWIRE_ID_SIZE];
	u64 epoch;
	struct rewire_svn_key svn_key;
	bool claimed;
	bool relinquished;
	u8 ticket[32];
	bool ticket_armed;
	kuid_t ticket_owner;
	struct task_struct *loading;
	struct task_struct *thread;
	struct rewire_slot slot[REWIRE_MAX_THREADS];
	struct mm_struct *mm;
	wait_queue_head_t changed;
	struct work_struct gone;
	atomic_t files;
	struct rewire_session *session;
	struct rewire_handover *handover;
	bool trial;
	bool errand;
	struct rewire_enclave *successor;
	u32 readers;
	bool checkpointed;
	u64 written;
	bool awaits;
	struct rewire_calls *calls;
	u64 charged;
};

/* enclave.c: life and state */
int rewire_layout_check(const struct rewire_layout *layout,
			struct rewire_why *why);
int rewire_layout_bells(const struct rewire_layout *layout, u32 threads,
			struct rewire_why *why);
struct rewire_enclave *rewire_enclave_create(struct rewire_sm *sm,
					     const struct rewire_layout *layout,
					     u32 state, struct rewire_why *why);
void rewire_enclave_get(struct rewire_enclave *enclave);
void rewire_enclave_put(struct rewire_enclave *enclave);
int rewire_enclave_init(struct rewire_enclave *enclave,
			const struct rewire_manifest *manifest, u8 *cms,
			u32 cms_len, const u8 *workload,
			struct rewire_why *why);
int rewire_enclave_admit(struct rewire_enclave *enclave,
			 const struct rewire_manifest *manifest, u8 *cms,
			 u32 cms_len, const u8 *workload,
			 struct rewire_why *why);
bool rewire_enclave_busy(const struct rewire_enclave *enclave,
			 struct rewire_why *why);
int rewire_manifest_check(struct rewire_sm *sm,
			  const struct rewire_manifest *manifest,
			  const u8 *cms, u32 cms_len, u64 memory,
			  u8 developer[REWIRE_ID_SIZE], struct rewire_why *why);
int rewire_enclave_may(struct rewire_enclave *enclave,
		       enum rewire_enclave_event event, struct rewire_why *why);
int rewire_enclave_step(struct rewire_enclave *enclave,
			enum rewire_enclave_event event,
			struct rewire_why *why);
int rewire_enclave_pause(struct rewire_enclave *enclave, u32 timeout_ms,
			 struct rewire_why *why);
void rewire_enclave_parked(struct rewire_enclave *enclave);
int rewire_enclave_resume(struct rewire_enclave *enclave,
			  struct rewire_why *why);
int rewire_enclave_outdate(struct rewire_enclave *enclave,
			   struct rewire_why *why);
void rewire_enclave_continue(struct rewire_enclave *enclave);
void rewire_enclaves_continue(struct rewire_sm *sm);
int rewire_enclave_destroy(struct rewire_enclave *enclave, const char *reason,
			   struct rewire_why *why);
void rewire_enclave_wipe(struct rewire_enclave *enclave, int closed,
			 const char *reason);
void rewire_enclaves_free(struct rewire_sm *sm);
void rewire_enclave_attacked(struct rewire_enclave *enclave, const char *how);
void rewire_enclave_closed(struct rewire_enclave *enclave);
bool rewire_enclave_owned(const struct rewire_enclave *enclave);

/* memory.c: pages and mappings */
int rewire_memory_alloc(struct rewire_enclave *enclave, u64 offset, u64 length,
			struct rewire_why *why);
int rewire_memory_add(struct rewire_enclave *enclave,
		      const struct rewire_add_pages *add,
		      struct rewire_why *why);
int rewire_memory_line(struct rewire_enclave *enclave,
		       const struct rewire_page_measure *line, const u8 *page,
		       u64 most, struct rewire_why *why);
int rewire_memory_segment(struct rewire_enclave *enclave, u64 offset,
			  u64 length, u32 prot, struct rewire_why *why);
int rewire_memory_layout(const struct rewire_enclave *enclave, u32 threads,
			 struct rewire_why *why);
int rewire_memory_read(struct rewire_enclave *enclave, u64 address, void *to,
		       size_t len);
int rewire_memory_write(struct rewire_enclave *enclave, u64 address,
			const void *from, size_t len);
bool rewire_memory_executable(const struct rewire_enclave *enclave,
			      u64 address);
int rewire_memory_map(struct rewire_enclave *enclave, struct file *file);
int rewire_memory_mmap(struct file *file, struct vm_area_struct *vma);
void rewire_memory_wipe(struct rewire_enclave *enclave);
int rewire_memory_inode(struct rewire_enclave *enclave);
struct file *rewire_pseudo_file(struct rewire_enclave *enclave,
				const struct file_operations *fops,
				void *private);
int rewire_memory_init(void);
void rewire_memory_exit(void);

/* run.c: entry */
int rewire_ticket_issue(struct rewire_enclave *enclave,
			struct rewire_ticket *ticket, struct rewire_why *why);
void rewire_run_detach(struct rewire_enclave *enclave, struct mm_struct *mm);
int rewire_run_init(void);
void rewire_run_exit(void);

/* gate.c: the enclave speaks */
vm_fault_t rewire_gate_ring(struct vm_fault *vmf, u32 bell);
#if IS_ENABLED(CONFIG_KUNIT)
s64 rewire_gate_do(struct rewire_enclave *enclave, u32 slot,
		   struct rewire_gate *gate);
#endif

/* device.c: files */
struct file *rewire_enclave_file(struct rewire_enclave *enclave);
struct rewire_enclave *rewire_file_enclave(struct file *file);

extern struct workqueue_struct *rewire_wq;

#endif
