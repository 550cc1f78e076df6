// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reading a journal's file, one record at a time.
 *
 * What a crash can leave: a first record that is not whole, a last one that is
 * not whole, or a compaction that has not got its BASE, which is written when
 * all that it announces is on the disk. Everything else is damage.
 */
#include <crypto/algapi.h>
#include <crypto/sha2.h>
#include <linux/err.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "compat.h"
#include "journal_scan.h"
#include "weaken.h"

#define SCAN_STEP	8	/* records are aligned to it */

/* payload of each type: bytes at least, and whether that is all of them */
static const struct {
	u32 least;
	bool exact;
} scan_lengths[REWIRE_JOURNAL_TYPES] = {
	[REWIRE_JOURNAL_OPEN] = { sizeof(struct rewire_journal_open), true },
	[REWIRE_JOURNAL_BASE] = { sizeof(struct rewire_journal_base), true },
	[REWIRE_JOURNAL_BOOT] = { sizeof(struct rewire_journal_boot), true },
	[REWIRE_JOURNAL_WORKLOAD] = {
		sizeof(struct rewire_journal_workload), true },
	[REWIRE_JOURNAL_SESSION] = {
		sizeof(struct rewire_journal_session), false },
	[REWIRE_JOURNAL_TRUST] = { sizeof(struct rewire_header), false },
	[REWIRE_JOURNAL_GENERATION] = {
		sizeof(struct rewire_journal_generation), true },
	[REWIRE_JOURNAL_WITNESS] = { sizeof(struct rewire_witness), true },
	[REWIRE_JOURNAL_AUDIT] = { sizeof(struct rewire_journal_audit), true },
};

static int scan_read(struct file *file, void *to, size_t len, loff_t at)
{
	ssize_t got = kernel_read(file, to, len, &at);

	if (got < 0)
		return got;
	return got == len ? 0 : -EIO;
}

/* What is wrong with a header, or NULL. @room: bytes from it to the end */
static const char *scan_header(const struct rewire_journal_record *record,
			       u64 room)
{
	if (record->magic != REWIRE_JOURNAL_MAGIC)
		return "not the start of a record";
	if (record->version != REWIRE_VERSION)
		return "a version that is not known";
	if (!record->type || record->type >= REWIRE_JOURNAL_TYPES)
		return "a type that is not known";
	if (record->length > REWIRE_JOURNAL_MAX_PAYLOAD ||
	    record->length < scan_lengths[record->type].least ||
	    (scan_lengths[record->type].exact &&
	     record->length != scan_lengths[record->type].least))
		return "a length that its type cannot have";
	if (REWIRE_JOURNAL_BYTES(record->length) > room)
		return "cut off";
	return NULL;
}

/*
 * Read a record into the journal's buffer, MAC and all.
 *
 * Return: 0, with @what NULL when it has the shape of one; a negative errno
 * when the file cannot be read.
 */
static int scan_record(struct rewire_journal *journal, struct file *file,
		       loff_t at, loff_t size, const char **what)
{
	const struct rewire_journal_record *record = (void *)journal->buffer;
	const size_t head = sizeof(*record);
	u8 *payload = journal->buffer + head;
	size_t body;
	int ret;

	*what = "cut off";
	if (size - at < head + REWIRE_MAC_SIZE)
		return 0;
	ret = scan_read(file, journal->buffer, head, at);
	if (ret)
		return ret;
	*what = scan_header(record, size - at);
	if (*what)
		return 0;
	body = REWIRE_JOURNAL_BYTES(record->length) - head;
	ret = scan_read(file, payload, body, at + head);
	if (ret)
		return ret;
	body -= REWIRE_MAC_SIZE;
	if (memchr_inv(payload + record->length, 0, body - record->length))
		*what = "its padding is not zero";
	return 0;
}

/* 0: the buffer's record is authentic; 1: it is not; a negative errno */
static int scan_authentic(struct rewire_journal *journal)
{
	const struct rewire_journal_record *record = (void *)journal->buffer;
	size_t len = REWIRE_JOURNAL_BYTES(record->length) - REWIRE_MAC_SIZE;
	u8 mac[REWIRE_MAC_SIZE];
	int ret;

	ret = rewire_journal_mac(journal, record->generation, len, mac);
	if (ret)
		return ret;
	return crypto_memneq(mac, journal->buffer + len, sizeof(mac)) &&
	       !rewire_weakened(record_mac);
}

static void scan_hash(const struct rewire_journal *journal,
		      u8 digest[REWIRE_DIGEST_SIZE])
{
	const struct rewire_journal_record *record = (void *)journal->buffer;

	sha256(journal->buffer, REWIRE_JOURNAL_BYTES(record->length), digest);
}

/*
 * Is the first record as it was written? The one behind it names its hash, so
 * that this can be told without the key.
 */
static bool scan_first_named(struct rewire_journal *journal, struct file *file,
			     loff_t size)
{
	const struct rewire_journal_record *record = (void *)journal->buffer;
	loff_t next = REWIRE_JOURNAL_BYTES(record->length);
	u8 digest[REWIRE_DIGEST_SIZE];
	const char *what;

	scan_hash(journal, digest);
	if (scan_record(journal, file, next, size, &what) || what)
		return false;
	return !memcmp(record->previous, digest, sizeof(digest));
}

/* What the first record says of whose journal it is. NULL, or what is wrong */
static const char *scan_begin(struct rewire_journal *journal,
			      struct rewire_journal_scan *scan)
{
	const struct rewire_journal_record *record = (void *)journal->buffer;
	/* BASE starts with the same members */
	const struct rewire_journal_open *open = (void *)(record + 1);
	const struct rewire_journal_base *base = (void *)(record + 1);

	if (record->type == REWIRE_JOURNAL_OPEN) {
		if (record->sequence ||
		    memchr_inv(record->previous, 0, sizeof(record->previous)))
			return "the start of a journal that is not the first";
		scan->needed = 1;
	} else if (record->type == REWIRE_JOURNAL_BASE) {
		scan->needed = record->sequence + 1 + base->records;
	} else {
		return "the start of the file is gone";
	}
	if (memcmp(open->sm, journal->sm, sizeof(open->sm)))
		return "the journal of another SM";
	rewire_journal_name(journal, open->journal);
	memcpy(scan->id, open->journal, sizeof(scan->id));
	scan->chain.base = record->sequence;
	scan->chain.sequence = record->sequence;
	scan->chain.generation = record->generation;
	memcpy(scan->chain.head, record->previous, sizeof(scan->chain.head));
	scan->reach = record->sequence + 1;
	return NULL;
}

/* Does the record belong where it is? NULL, or what is wrong */
static const char *scan_link(const struct rewire_journal_record *record,
			     const struct rewire_chain *chain)
{
	bool starts = record->type == REWIRE_JOURNAL_OPEN ||
		      record->type == REWIRE_JOURNAL_BASE;

	if (record->sequence != chain->sequence)
		return "not the next in number";
	if (memcmp(record->previous, chain->head, sizeof(chain->head)) &&
	    !rewire_weakened(chain))
		return "does not follow the one before it";
	if (record->generation != chain->generation)
		return "authenticated by a root key that is not in force";
	if (starts && chain->sequence != chain->base)
		return "a start in the middle";
	return NULL;
}

/* The key is not here, or is another: say so, where it is not damage. */
static int scan_wrong_key(struct rewire_journal_scan *scan, u32 generation,
			  bool given)
{
	scan->error = rewire_because(&scan->why, -ENOKEY, given ?
		"root key %u is not the one of this journal (file %u)" :
		"the journal needs root key %u, which was not given (file %u)",
		generation, scan->file);
	return scan->error;
}

/* A root key takes over, or is still kept: is it the right one? */
static int scan_generation(struct rewire_journal *journal,
			   struct rewire_journal_scan *scan)
{
	const struct rewire_journal_generation *generation =
		(void *)(journal->buffer +
			 sizeof(struct rewire_journal_record));
	struct key *root = rewire_root_of(journal->roots,
					  generation->generation);
	u8 check[REWIRE_DIGEST_SIZE];
	int ret;

	if (!root && generation->generation <= scan->chain.generation)
		return 0;
	if (!root)
		return scan_wrong_key(scan, generation->generation, false);
	ret = rewire_journal_check(journal, root, check);
	if (ret)
		return ret;
	if (memcmp(check, generation->check, sizeof(check)))
		return scan_wrong_key(scan, generation->generation, true);
	scan->chain.generation = max(scan->chain.generation,
				     generation->generation);
	return 0;
}

/* The record in the buffer is right: take it. */
static int scan_take(struct rewire_journal *journal,
		     struct rewire_journal_scan *scan,
		     rewire_journal_replay_t replay, void *data,
		     struct rewire_why *why)
{
	const struct rewire_journal_record *record = (void *)journal->buffer;
	int ret = 0;

	if (record->type == REWIRE_JOURNAL_GENERATION)
		ret = scan_generation(journal, scan);
	if (record->type == REWIRE_JOURNAL_WITNESS) {
		memcpy(&scan->vouched, record + 1, sizeof(scan->vouched));
		scan->is_vouched = true;
	}
	if (ret)
		return ret;
	scan->last = *record;
	scan->chain.sequence++;
	scan->reach = scan->chain.sequence;
	scan->chain.end += REWIRE_JOURNAL_BYTES(record->length);
	scan_hash(journal, scan->chain.head);
	return replay ? replay(data, record, record + 1, why) : 0;
}

/*
 * The record at the chain's end, if it is right.
 *
 * Return: 0, with @what NULL when it is; a negative errno otherwise.
 */
static int scan_next(struct rewire_journal *journal,
		     struct rewire_journal_scan *scan, const char **what)
{
	const struct rewire_journal_record *record = (void *)journal->buffer;
	struct file *file = journal->file[scan->file];
	bool first = !scan->chain.end, named;
	u32 generation;
	int ret;

	ret = scan_record(journal, file, scan->chain.end, scan->size, what);
	if (ret || *what)
		return ret;
	if (first)
		*what = scan_begin(journal, scan);
	if (!*what)
		*what = scan_link(record, &scan->chain);
	if (*what)
		return 0;
	generation = record->generation;
	ret = scan_authentic(journal);
	if (!ret || (ret < 0 && ret != -ENOKEY))
		return ret;
	*what = "not authentic";
	/* only the first can be of another key: the others' were checked */
	named = first && scan_first_named(journal, file, scan->size);
	if (named || !first)
		return ret > 0 && !first ? 0 :
		       scan_wrong_key(scan, generation, ret > 0);
	return 0;
}

/*
 * Is there a right record where the chain breaks, or behind, and how far did it
 * get? One inside of another's payload is an older one, and does not count.
 *
 * Return: 1 when there is one, 0, or a negative errno.
 */
static int scan_behind(struct rewire_journal *journal,
		       struct rewire_journal_scan *scan)
{
	const struct rewire_journal_record *record = (void *)journal->buffer;
	struct file *file = journal->file[scan->file];
	u64 least = scan->chain.sequence;
	loff_t at = scan->chain.end;
	const char *what;
	int ret = 0, found = 0;
	u32 magic;

	for (; at + REWIRE_JOURNAL_BYTES(0) <= scan->size; at += SCAN_STEP) {
		ret = scan_read(file, &magic, sizeof(magic), at);
		if (ret)
			return ret;
		if (magic != REWIRE_JOURNAL_MAGIC)
			continue;
		ret = scan_record(journal, file, at, scan->size, &what);
		if (ret)
			return ret;
		/* behind that place, it would be a later one */
		if (what || record->sequence <
				    least + (at != scan->chain.end))
			continue;
		scan->reach = max(scan->reach, record->sequence + 1);
		ret = scan_authentic(journal);
		if (ret < 0 && ret != -ENOKEY)
			return ret;
		found |= !ret;
		cond_resched();
	}
	return found;
}

/* What is at the chain's end is no right record: torn, or damage? */
static int scan_broken(struct rewire_journal *journal,
		       struct rewire_journal_scan *scan, const char *what)
{
	int found = scan_behind(journal, scan);

	if (found < 0)
		return found;
	if (!found && scan->chain.end) {
		scan->reach = scan->chain.sequence;
		return 0;
	}
	scan->error = rewire_because(&scan->why, -EUCLEAN,
				     "journal file %u, byte %lld, record %llu: %s",
				     scan->file, scan->chain.end,
				     scan->chain.sequence, what);
	return scan->error;
}

/*
 * A file in which no journal was begun is empty, or has less than a first
 * record: its start, or zeros. One that starts with zeros and goes on is a
 * compaction that was interrupted.
 */
static int scan_start(struct rewire_journal *journal,
		      struct rewire_journal_scan *scan)
{
	const u32 magic = REWIRE_JOURNAL_MAGIC;
	const size_t whole =
		REWIRE_JOURNAL_BYTES(sizeof(struct rewire_journal_open));
	size_t len = min_t(loff_t, whole, scan->size);
	bool zero;
	int ret;

	ret = scan_read(journal->file[scan->file], journal->buffer, len, 0);
	if (ret)
		return ret;
	zero = !memchr_inv(journal->buffer, 0, len);
	scan->unfinished = zero && scan->size > whole;
	scan->blank = (zero && !scan->unfinished) ||
		      (len < whole && !memcmp(journal->buffer, &magic,
					      min(len, sizeof(magic))));
	return 0;
}

/**
 * rewire_journal_scan() - read a file and verify all of it
 * @journal: journal; its keys and its id become those of the file
 * @file: which of the two
 * @scan: out: what the file holds
 * @replay: called for each right record, in order; may be NULL
 * @data: for @replay
 * @why: for the sentence of @replay
 *
 * Return: 0; -EUCLEAN or -ENOKEY, which are in @scan->error too, with their
 * sentence there; any other errno of @replay, or of reading.
 */
int rewire_journal_scan(struct rewire_journal *journal, u32 file,
			struct rewire_journal_scan *scan,
			rewire_journal_replay_t replay, void *data,
			struct rewire_why *why)
{
	const char *what = NULL;
	int ret;

	memset(scan, 0, sizeof(*scan));
	scan->file = file;
	scan->size = i_size_read(file_inode(journal->file[file]));
	ret = scan_start(journal, scan);
	if (ret || scan->blank || scan->unfinished)
		return ret;
	while (scan->chain.end < scan->size) {
		ret = scan_next(journal, scan, &what);
		if (ret || what)
			break;
		ret = scan_take(journal, scan, replay, data, why);
		if (ret)
			break;
		cond_resched();
	}
	if (!ret && what)
		ret = scan_broken(journal, scan, what);
	else if (ret && ret == scan->error)
		scan_behind(journal, scan);
	if (!ret && scan->chain.sequence < scan->needed)
		scan->unfinished = true;
	return ret;
}
