// SPDX-License-Identifier: GPL-2.0-only
/*
 * The journal: begun, found again, appended to, compacted.
 *
 * A record goes out in one write at an offset of our own, and is synced before
 * the append returns. When either fails, the record does not count: a short
 * write is overwritten by the next record, and after a failed sync there is no
 * next one, since nobody knows what is on the disk.
 */
#include <crypto/sha2.h>
#include <linux/err.h>
#include <linux/falloc.h>
#include <linux/file.h>
#include <linux/lockdep.h>
#include <linux/mm.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/statfs.h>
#include <linux/string.h>
#include <linux/timekeeping.h>

#include "compat.h"
#include "journal_scan.h"

/* bytes that have to be free before anything is begun that has to be ended */
#define JOURNAL_RESERVE		65536

static LIST_HEAD(journals);		/* in use */
static DEFINE_MUTEX(journals_lock);	/* of that list; taken below all others */

void rewire_journal_setup(struct rewire_journal *journal)
{
	memset(journal, 0, sizeof(*journal));
	mutex_init(&journal->lock);
	INIT_LIST_HEAD(&journal->node);
}
EXPORT_SYMBOL_IF_KUNIT(rewire_journal_setup);

/* ---- writing ---- */

/* Does a file without this record have to be known as an old one? */
static bool journal_counts(u16 type)
{
	return type == REWIRE_JOURNAL_WORKLOAD ||
	       type == REWIRE_JOURNAL_SESSION || type == REWIRE_JOURNAL_TRUST ||
	       type == REWIRE_JOURNAL_GENERATION ||
	       type == REWIRE_JOURNAL_UPDATE;
}

static struct file *journal_file(const struct rewire_journal *journal)
{
	return journal->file[journal->active];
}

static int journal_refuse(const struct rewire_journal *journal, int error,
			  const char *what, struct rewire_why *why)
{
	return rewire_because(why, error, "journal file %u: %s: error %d",
			      journal->active, what, -error);
}

/*
 * Make the next record in the buffer.
 *
 * Return: its bytes, or a negative errno.
 */
static ssize_t journal_make(struct rewire_journal *journal, u16 type,
			    const void *payload, u32 length)
{
	struct rewire_journal_record *record = (void *)journal->buffer;
	size_t len = REWIRE_JOURNAL_BYTES(length) - REWIRE_MAC_SIZE;
	int ret;

	memset(journal->buffer, 0, len);
	record->magic = REWIRE_JOURNAL_MAGIC;
	record->type = type;
	record->version = REWIRE_VERSION;
	record->length = length;
	record->generation = journal->chain.generation;
	record->sequence = journal->chain.sequence;
	record->time_real = ktime_get_real_ns();
	if (journal->counter)
		record->counter = journal->counter->value +
			(journal_counts(type) && !journal->compacting);
	memcpy(record->previous, journal->chain.head, REWIRE_DIGEST_SIZE);
	memcpy(record + 1, payload, length);
	ret = rewire_journal_mac(journal, record->generation, len,
				 journal->buffer + len);
	return ret ?: len + REWIRE_MAC_SIZE;
}

static int journal_write(struct rewire_journal *journal, size_t len, loff_t at,
			 struct rewire_why *why)
{
	ssize_t done = kernel_write(journal_file(journal), journal->buffer, len,
				    &at);

	if (done == len)
		return 0;
	/* what fits in part only is for want of room */
	return journal_refuse(journal, done < 0 ? done : -ENOSPC,
			      "writing a record", why);
}

static int journal_sync(struct rewire_journal *journal, struct rewire_why *why)
{
	int ret = vfs_fsync(journal_file(journal), 1);

	if (!ret) {
		journal->unsynced = false;
		return 0;
	}
	journal->error = -EIO;
	pr_err("rewire: the journal could not be synced (%d): this SM does nothing durable any more\n",
	       ret);
	return journal_refuse(journal, -EIO, "syncing it", why);
}

/* The record in the buffer is written: it is the last of the chain. */
static void journal_advance(struct rewire_journal *journal, size_t len)
{
	const struct rewire_journal_record *record = (void *)journal->buffer;

	sha256(journal->buffer, len, journal->chain.head);
	journal->chain.sequence++;
	journal->chain.end += len;
	if (record->type == REWIRE_JOURNAL_WITNESS) {
		memcpy(&journal->vouched, record + 1, sizeof(journal->vouched));
		journal->is_vouched = true;
	}
}

/* After the sync: a crash before this is one that the next start makes good. */
static int journal_count(struct rewire_journal *journal, u16 type,
			 struct rewire_why *why)
{
	int ret;

	if (!journal->counter || !journal_counts(type))
		return 0;
	ret = journal->counter->increment(journal->counter, why);
	if (ret)
		journal->error = -EIO;
	return ret;
}

static int journal_check(const struct rewire_journal *journal, u16 type,
			 u32 length, struct rewire_why *why)
{
	if (length > REWIRE_JOURNAL_MAX_PAYLOAD || !type ||
	    type >= REWIRE_JOURNAL_TYPES)
		return rewire_because(why, -EINVAL,
				      "no journal record has type %u and %u bytes",
				      type, length);
	if (journal->error)
		return rewire_because(why, journal->error,
				      "the journal failed before; provision the SM anew");
	return 0;
}

/**
 * rewire_journal_append() - write one record, durably
 * @journal: journal; the caller has its lock
 * @type: REWIRE_JOURNAL_*
 * @payload: of the record
 * @length: its bytes
 * @why: for the sentence
 *
 * Without a journal it does nothing, successfully.
 *
 * Return: 0 when the record is on the disk; else a negative errno, and nothing
 * has happened: -ENOSPC, -EIO, or what the filesystem says. After a failed sync
 * every later record is refused.
 */
int rewire_journal_append(struct rewire_journal *journal, u16 type,
			  const void *payload, u32 length,
			  struct rewire_why *why)
{
	ssize_t len;
	int ret;

	lockdep_assert_held(&journal->lock);
	if (!rewire_journal_durable(journal))
		return 0;
	ret = journal_check(journal, type, length, why);
	if (ret)
		return ret;
	len = journal_make(journal, type, payload, length);
	if (len < 0)
		return journal_refuse(journal, len, "authenticating a record",
				      why);
	ret = journal_write(journal, len, journal->chain.end, why);
	if (!ret && !journal->compacting)
		ret = journal_sync(journal, why);
	if (ret)
		return ret;
	journal_advance(journal, len);
	return journal->compacting ? 0 : journal_count(journal, type, why);
}
EXPORT_SYMBOL_IF_KUNIT(rewire_journal_append);

/**
 * rewire_journal_note() - write a record that may get lost
 * @journal: journal; the caller has its lock
 * @type: REWIRE_JOURNAL_AUDIT
 * @payload: of the record
 * @length: its bytes
 *
 * It is not synced; the next record syncs it. So only the last record can ever
 * be torn by a crash, and a broken one in the middle is always damage.
 */
void rewire_journal_note(struct rewire_journal *journal, u16 type,
			 const void *payload, u32 length)
{
	ssize_t len;

	lockdep_assert_held(&journal->lock);
	if (!rewire_journal_durable(journal) ||
	    journal_check(journal, type, length, NULL))
		return;
	if (journal->unsynced && journal_sync(journal, NULL))
		return;
	len = journal_make(journal, type, payload, length);
	if (len < 0 || journal_write(journal, len, journal->chain.end, NULL))
		return;
	journal_advance(journal, len);
	journal->unsynced = true;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_journal_note);

/**
 * rewire_journal_flush() - have a note on the disk, if the last record is one
 * @journal: journal; the caller has its lock
 * @why: for the sentence
 *
 * Before the head is told to anybody who would remember it: a power cut takes a
 * note away, and a chain that never had that head would be one rolled back.
 *
 * Return: 0, or -EIO.
 */
int rewire_journal_flush(struct rewire_journal *journal, struct rewire_why *why)
{
	lockdep_assert_held(&journal->lock);
	if (!rewire_journal_durable(journal) || !journal->unsynced)
		return 0;
	return journal_check(journal, REWIRE_JOURNAL_AUDIT, 0, why) ?:
	       journal_sync(journal, why);
}
EXPORT_SYMBOL_IF_KUNIT(rewire_journal_flush);

static int journal_append_generation(struct rewire_journal *journal,
				     u32 generation, struct key *root,
				     struct rewire_why *why)
{
	struct rewire_journal_generation payload = { .generation = generation };
	int ret = rewire_journal_check(journal, root, payload.check);

	if (ret)
		return rewire_because(why, ret, "root key %u cannot be used",
				      generation);
	return rewire_journal_append(journal, REWIRE_JOURNAL_GENERATION,
				     &payload, sizeof(payload), why);
}

/**
 * rewire_journal_rotate() - another root key authenticates what follows
 * @journal: journal; the caller has its lock
 * @generation: number of the key, higher than all before
 * @root: the key, which the caller adds to the roots when this has succeeded
 * @why: for the sentence
 *
 * Return: 0 or a negative errno, as rewire_journal_append().
 */
int rewire_journal_rotate(struct rewire_journal *journal, u32 generation,
			  struct key *root, struct rewire_why *why)
{
	int ret;

	lockdep_assert_held(&journal->lock);
	if (!rewire_journal_durable(journal))
		return 0;
	if (generation <= journal->chain.generation ||
	    generation > REWIRE_MAX_GENERATIONS)
		return rewire_because(why, -EINVAL,
				      "root key %u does not follow root key %u",
				      generation, journal->chain.generation);
	ret = rewire_journal_key(journal, generation, root) ?:
	      journal_append_generation(journal, generation, root, why);
	if (!ret)
		journal->chain.generation = generation;
	return ret;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_journal_rotate);

/**
 * rewire_journal_room() - is there room to end what is begun now?
 * @journal: journal; the caller has its lock
 * @why: for the sentence
 *
 * Has the blocks behind the end allocated, where the filesystem can; else asks
 * how much is free.
 *
 * Return: 0; -ENOSPC, -EDQUOT or what the filesystem says.
 */
int rewire_journal_room(struct rewire_journal *journal, struct rewire_why *why)
{
	struct file *file = journal_file(journal);
	loff_t end = journal->chain.end;
	struct kstatfs stat;
	int ret;

	lockdep_assert_held(&journal->lock);
	if (!rewire_journal_durable(journal))
		return 0;
	if (journal->error)
		return journal_check(journal, REWIRE_JOURNAL_AUDIT, 0, why);
	if (journal->reserved >= end + JOURNAL_RESERVE)
		return 0;
	ret = vfs_fallocate(file, FALLOC_FL_KEEP_SIZE, end, JOURNAL_RESERVE);
	if (!ret) {
		journal->reserved = end + JOURNAL_RESERVE;
		return 0;
	}
	if (ret == -EOPNOTSUPP) {
		ret = vfs_statfs(&file->f_path, &stat);
		if (!ret && stat.f_bavail < JOURNAL_RESERVE / stat.f_bsize + 1)
			ret = -ENOSPC;
	}
	return ret ? journal_refuse(journal, ret,
				    "no room to end what is begun", why) : 0;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_journal_room);

/* ---- opening ---- */

static int journal_take_files(struct rewire_journal *journal,
			      struct file *files[2], struct rewire_why *why)
{
	const fmode_t both = FMODE_READ | FMODE_WRITE;
	u32 i;

	for (i = 0; i < 2; i++) {
		if (!files[i] || !S_ISREG(file_inode(files[i])->i_mode) ||
		    (files[i]->f_mode & both) != both ||
		    (files[i]->f_flags & O_APPEND))
			return rewire_because(why, -EINVAL,
					      "journal file %u: not a regular file opened to read and write",
					      i);
	}
	if (file_inode(files[0]) == file_inode(files[1]))
		return rewire_because(why, -EINVAL,
				      "the journal's two files are one");
	for (i = 0; i < 2; i++)
		journal->file[i] = get_file(files[i]);
	return 0;
}

static bool journal_uses(const struct rewire_journal *journal,
			 const struct inode *inode)
{
	return file_inode(journal->file[0]) == inode ||
	       file_inode(journal->file[1]) == inode;
}

/* Two SMs that write to one file would each destroy the other's. */
static int journal_register(struct rewire_journal *journal,
			    struct rewire_why *why)
{
	struct rewire_journal *other;
	int ret = 0;

	mutex_lock(&journals_lock);
	list_for_each_entry(other, &journals, node)
		if (journal_uses(other, file_inode(journal->file[0])) ||
		    journal_uses(other, file_inode(journal->file[1])))
			ret = rewire_because(why, -EBUSY,
					     "another SM uses this journal");
	if (!ret)
		list_add(&journal->node, &journals);
	mutex_unlock(&journals_lock);
	return ret;
}

static int journal_begin(struct rewire_journal *journal,
			 const struct rewire_journal_scan *scan,
			 struct rewire_why *why)
{
	struct rewire_journal_open payload;
	struct rewire_counter *counter = journal->counter;
	int ret;

	if (counter && !counter->fresh)
		return rewire_because(why, -EUCLEAN,
				      "the TPM's counter was used for a journal before, and that is gone");
	journal->cut = scan->size;
	ret = scan->size ? vfs_truncate(&journal->file[0]->f_path, 0) : 0;
	if (ret)
		return journal_refuse(journal, ret, "emptying it", why);
	ret = counter ? counter->increment(counter, why) : 0;
	if (ret)
		return ret;
	get_random_bytes(payload.journal, sizeof(payload.journal));
	memcpy(payload.sm, journal->sm, sizeof(payload.sm));
	rewire_journal_name(journal, payload.journal);
	journal->chain.generation = journal->roots->newest;
	return rewire_journal_append(journal, REWIRE_JOURNAL_OPEN, &payload,
				     sizeof(payload), why);
}

/* The checks of all root keys that are kept: of which, and how many. */
static int journal_append_generations(struct rewire_journal *journal,
				      struct rewire_why *why)
{
	struct key *root;
	int ret = 0;
	u32 i;

	for (i = 1; i <= journal->roots->newest && !ret; i++) {
		root = rewire_root_of(journal->roots, i);
		if (root)
			ret = journal_append_generation(journal, i, root, why);
	}
	return ret;
}

static u32 journal_generations(const struct rewire_journal *journal)
{
	u32 i, count = 0;

	for (i = 1; i <= journal->roots->newest; i++)
		count += !!rewire_root_of(journal->roots, i);
	return count;
}

/* What a crash left behind the last record goes. */
static int journal_cut(struct rewire_journal *journal, loff_t size,
		       struct rewire_why *why)
{
	int ret;

	if (size == journal->chain.end)
		return 0;
	journal->cut = size - journal->chain.end;
	pr_warn("rewire: journal file %u: %llu bytes behind record %llu were torn and are cut off\n",
		journal->active, journal->cut, journal->chain.sequence - 1);
	ret = vfs_truncate(&journal_file(journal)->f_path, journal->chain.end);
	if (ret)
		return journal_refuse(journal, ret, "cutting it", why);
	return journal_sync(journal, why);
}

/*
 * Which file goes further? One that is damaged counts as far as it ever got, so
 * that damage is never a way back to an older one.
 *
 * Return: its number; -ENOENT when no journal was begun; else what is wrong.
 */
static int journal_choose(const struct rewire_journal_scan scan[2],
			  struct rewire_why *why)
{
	const struct rewire_journal_scan *best = NULL, *other;
	u32 i;

	for (i = 0; i < 2; i++)
		if (!scan[i].error && !scan[i].blank && !scan[i].unfinished &&
		    (!best || scan[i].reach > best->reach))
			best = &scan[i];
	for (i = 0; i < 2; i++) {
		if (!scan[i].error || (best && best->reach > scan[i].reach))
			continue;
		*why = scan[i].why;
		return scan[i].error;
	}
	if (!best && (scan[0].unfinished || scan[1].unfinished))
		return rewire_because(why, -EUCLEAN,
				      "journal file %u: a compaction without its end, and what it was made from is gone",
				      scan[0].unfinished ? 0 : 1);
	if (!best)
		return -ENOENT;
	other = &scan[!best->file];
	if (!other->error && !other->blank && !other->unfinished &&
	    memcmp(other->id, best->id, sizeof(best->id)))
		return rewire_because(why, -EUCLEAN,
				      "the two files are of different journals");
	return best->file;
}

/* 0 when @scan took to the end of the chain that was found before */
static int journal_same(const struct rewire_chain *chain,
			const struct rewire_journal_scan *scan,
			struct rewire_why *why)
{
	if (scan->error) {
		*why = scan->why;
		return scan->error;
	}
	if (scan->chain.sequence != chain->sequence ||
	    memcmp(scan->chain.head, chain->head, REWIRE_DIGEST_SIZE))
		return rewire_because(why, -EUCLEAN,
				      "journal file %u was changed meanwhile",
				      scan->file);
	return 0;
}

/*
 * The counter is that of the last record, or one short of it when the machine
 * went down between the record and the counter.
 */
static int journal_match_counter(struct rewire_journal *journal,
				 const struct rewire_journal_record *last,
				 struct rewire_why *why)
{
	struct rewire_counter *counter = journal->counter;

	if (!counter)
		return 0;
	if (counter->fresh)
		return rewire_because(why, -EUCLEAN,
				      "the TPM's counter is new, and the journal is not");
	if (counter->value == last->counter)
		return 0;
	if (counter->value + 1 == last->counter && journal_counts(last->type))
		return counter->increment(counter, why);
	return rewire_because(why, -EUCLEAN,
			      "the TPM's counter is %llu, and %llu in the last record: the journal was rolled back",
			      counter->value, last->counter);
}

static int journal_resume(struct rewire_journal *journal,
			  struct rewire_journal_scan *scan, u32 file,
			  rewire_journal_replay_t replay, void *data,
			  struct rewire_why *why)
{
	struct rewire_journal_scan *found = &scan[file];
	u32 i, known;
	int ret;

	journal->active = file;
	journal->chain = found->chain;
	scan = &scan[!file];
	ret = rewire_journal_scan(journal, file, scan, replay, data, why);
	if (ret && !scan->error)
		return ret;
	ret = journal_same(&journal->chain, scan, why) ?:
	      journal_match_counter(journal, &scan->last, why) ?:
	      journal_cut(journal, scan->size, why);
	if (ret)
		return ret;
	journal->vouched = scan->vouched;
	journal->is_vouched = scan->is_vouched;
	known = journal->chain.generation;
	if (journal->roots->newest < known)
		return rewire_because(why, -ENOKEY,
				      "the journal needs root key %u, which was not given",
				      known);
	for (i = known + 1; i <= journal->roots->newest && !ret; i++)
		if (rewire_root_of(journal->roots, i))
			ret = rewire_journal_rotate(journal, i,
						    rewire_root_of(journal->roots, i),
						    why);
	return ret;
}

static int journal_find(struct rewire_journal *journal,
			rewire_journal_replay_t replay, void *data,
			struct rewire_why *why)
{
	struct rewire_journal_scan *scan;
	int ret = 0;
	u32 i;

	scan = kcalloc(2, sizeof(*scan), GFP_KERNEL);
	if (!scan)
		return -ENOMEM;
	for (i = 0; i < 2; i++) {
		ret = rewire_journal_scan(journal, i, &scan[i], NULL, NULL,
					  why);
		if (ret && !scan[i].error)
			goto out;
	}
	ret = journal_choose(scan, why);
	if (ret == -ENOENT)
		ret = journal_begin(journal, &scan[0], why) ?:
		      journal_append_generations(journal, why);
	else if (ret >= 0)
		ret = journal_resume(journal, scan, ret, replay, data, why);
out:
	kfree(scan);
	return ret;
}

/**
 * rewire_journal_open() - find the journal in its files, or begin one
 * @journal: journal, set up; the caller has its lock
 * @files: regular files, opened to read and write; both NULL for a journal that
 *	remembers nothing. References are taken.
 * @roots: root keys; not to move as long as the journal is open
 * @sm: id of the SM whose journal it has to be
 * @counter: that the last record has to agree with; NULL without one. Belongs
 *	to the journal from now on, also when this fails.
 * @replay: called for each record, in order; what it returns stops it
 * @data: for @replay
 * @why: for the sentence
 *
 * Return: 0; -EUCLEAN when the journal is damaged, another SM's, or not the last
 * one by @counter; -ENOKEY when a root key is not the journal's; -EBUSY when
 * another SM has it; -EINVAL for files that cannot be a journal; or what reading
 * and writing give. Nothing is held then.
 */
int rewire_journal_open(struct rewire_journal *journal, struct file *files[2],
			const struct rewire_roots *roots, const u8 *sm,
			struct rewire_counter *counter,
			rewire_journal_replay_t replay, void *data,
			struct rewire_why *why)
{
	struct rewire_why unheard;
	int ret;

	lockdep_assert_held(&journal->lock);
	journal->counter = counter;
	if (!files[0] && !files[1])
		return 0;
	why = why ?: &unheard;
	ret = journal_take_files(journal, files, why);
	if (ret)
		goto err;
	journal->roots = roots;
	memcpy(journal->sm, sm, sizeof(journal->sm));
	journal->buffer = kvmalloc(REWIRE_JOURNAL_BUFFER, GFP_KERNEL);
	ret = journal->buffer ? journal_register(journal, why) : -ENOMEM;
	if (!ret)
		ret = journal_find(journal, replay, data, why);
	if (!ret)
		return 0;
err:
	rewire_journal_close(journal);
	return ret;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_journal_open);

/**
 * rewire_journal_close() - the end of a journal's use
 * @journal: journal, open or not
 */
void rewire_journal_close(struct rewire_journal *journal)
{
	u32 i;

	mutex_lock(&journals_lock);
	list_del_init(&journal->node);
	mutex_unlock(&journals_lock);
	if (journal->unsynced)
		vfs_fsync(journal_file(journal), 1);
	rewire_journal_forget(journal);
	for (i = 0; i < 2; i++) {
		if (journal->file[i])
			fput(journal->file[i]);
		journal->file[i] = NULL;
	}
	if (journal->counter)
		journal->counter->release(journal->counter);
	journal->counter = NULL;
	kvfree(journal->buffer);
	journal->buffer = NULL;
	journal->unsynced = false;
	journal->error = 0;
	journal->is_vouched = false;
	journal->reserved = 0;
	journal->cut = 0;
	memset(&journal->chain, 0, sizeof(journal->chain));
}
EXPORT_SYMBOL_IF_KUNIT(rewire_journal_close);

/* ---- compaction ---- */

/*
 * All but BASE, which has been made already: the chain begins with its hash.
 */
static int compact_fill(struct rewire_journal *journal, u64 records,
			rewire_journal_snapshot_t snapshot, void *data,
			struct rewire_why *why)
{
	u64 end = journal->chain.sequence + records;
	int ret = journal_append_generations(journal, why);

	if (!ret && journal->is_vouched)
		ret = rewire_journal_append(journal, REWIRE_JOURNAL_WITNESS,
					    &journal->vouched,
					    sizeof(journal->vouched), why);
	if (!ret)
		ret = snapshot(data, journal, why);
	if (!ret && journal->chain.sequence != end)
		ret = rewire_because(why, -EINVAL,
				     "the snapshot ends at record %llu, and not at %llu as announced",
				     journal->chain.sequence, end);
	return ret;
}

static int compact_into(struct rewire_journal *journal, u64 records,
			rewire_journal_snapshot_t snapshot, void *data,
			struct rewire_why *why)
{
	struct rewire_journal_base payload;
	u8 *base;
	ssize_t len;
	int ret;

	ret = vfs_truncate(&journal_file(journal)->f_path, 0);
	if (ret)
		return journal_refuse(journal, ret, "emptying it", why);
	records += journal_generations(journal) + journal->is_vouched;
	memcpy(payload.sm, journal->sm, sizeof(payload.sm));
	memcpy(payload.journal, journal->id, sizeof(payload.journal));
	payload.records = records;
	len = journal_make(journal, REWIRE_JOURNAL_BASE, &payload,
			   sizeof(payload));
	if (len < 0)
		return len;
	base = kmemdup(journal->buffer, len, GFP_KERNEL);
	if (!base)
		return -ENOMEM;
	journal_advance(journal, len);
	ret = compact_fill(journal, records, snapshot, data, why);
	if (!ret)
		ret = vfs_fsync(journal_file(journal), 1);
	/* that it stands there says that all the rest does */
	memcpy(journal->buffer, base, len);
	kfree(base);
	if (!ret)
		ret = journal_write(journal, len, 0, why);
	if (!ret)
		ret = vfs_fsync(journal_file(journal), 1);
	return ret;
}

/**
 * rewire_journal_compact() - go on in the other file with what counts only
 * @journal: journal; the caller has its lock
 * @records: that @snapshot is going to append
 * @snapshot: appends all that is known
 * @data: for @snapshot
 * @why: for the sentence
 *
 * Root keys and the last witness are written from here.
 *
 * Return: 0, or a negative errno with the journal where it was.
 */
int rewire_journal_compact(struct rewire_journal *journal, u64 records,
			   rewire_journal_snapshot_t snapshot, void *data,
			   struct rewire_why *why)
{
	const struct rewire_chain before = journal->chain;
	u32 active = journal->active;
	int ret;

	lockdep_assert_held(&journal->lock);
	if (!rewire_journal_durable(journal))
		return rewire_because(why, -EOPNOTSUPP,
				      "this SM has no journal");
	ret = journal_check(journal, REWIRE_JOURNAL_BASE, 0, why);
	if (!ret && journal->unsynced)
		ret = journal_sync(journal, why);
	if (ret)
		return ret;
	journal->active = !active;
	journal->chain.base = before.sequence;
	journal->chain.end = 0;
	journal->compacting = true;
	ret = compact_into(journal, records, snapshot, data, why);
	journal->compacting = false;
	if (!ret) {
		journal->reserved = 0;
		return 0;
	}
	/* whatever stands in the other file must not go further than this */
	vfs_truncate(&journal_file(journal)->f_path, 0);
	vfs_fsync(journal_file(journal), 1);
	journal->active = active;
	journal->chain = before;
	return ret;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_journal_compact);

/* ---- witnesses ---- */

struct had_search {
	u64 sequence;
	const u8 *head;
	int found;
};

static int had_record(void *data, const struct rewire_journal_record *record,
		      const void *payload, struct rewire_why *why)
{
	struct had_search *search = data;

	if (record->sequence == search->sequence)
		search->found = !memcmp(record->previous, search->head,
					REWIRE_DIGEST_SIZE);
	return 0;
}

/**
 * rewire_journal_had() - did the chain ever end in this head?
 * @journal: journal; the caller has its lock
 * @sequence: how many records it had then
 * @head: SHA-256 of the last of them
 * @why: for the sentence
 *
 * Return: 1 when it did; 0 when it had another one then, or never that many;
 * -ESTALE when that was before the last compaction, so that nobody knows;
 * -EOPNOTSUPP without a journal; else what reading gives.
 */
int rewire_journal_had(struct rewire_journal *journal, u64 sequence,
		       const u8 head[REWIRE_DIGEST_SIZE],
		       struct rewire_why *why)
{
	struct had_search search = { .sequence = sequence, .head = head };
	struct rewire_journal_scan *scan;
	struct rewire_why unheard;
	int ret;

	lockdep_assert_held(&journal->lock);
	if (!rewire_journal_durable(journal))
		return rewire_because(why, -EOPNOTSUPP,
				      "this SM has no journal");
	if (sequence == journal->chain.sequence)
		return !memcmp(head, journal->chain.head, REWIRE_DIGEST_SIZE);
	if (sequence > journal->chain.sequence)
		return 0;
	if (journal->is_vouched && sequence == journal->vouched.sequence)
		return !memcmp(head, journal->vouched.head, REWIRE_DIGEST_SIZE);
	if (sequence < journal->chain.base)
		return rewire_because(why, -ESTALE,
				      "record %llu is from before the last compaction",
				      sequence);
	scan = kmalloc(sizeof(*scan), GFP_KERNEL);
	if (!scan)
		return -ENOMEM;
	why = why ?: &unheard;
	ret = rewire_journal_scan(journal, journal->active, scan, had_record,
				  &search, why);
	if (!ret || scan->error)
		ret = journal_same(&journal->chain, scan, why);
	kfree(scan);
	return ret ?: search.found;
}
EXPORT_SYMBOL_IF_KUNIT(rewire_journal_had);
