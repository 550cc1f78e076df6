// SPDX-License-Identifier: MIT
/*
 * The state folder: what a restart of the helper must not forget.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <sys/stat.h>

#include "log.h"
#include "store.h"

/* Two ids, an address and line ends. */
#define MAX_FILE	1024

static const char *side_suffix(__u32 side)
{
	return side == REWIRE_SIDE_SOURCE ? "source" : "target";
}

static void record_path(const struct store *store, const struct record *record,
			char path[STORE_PATH])
{
	char id[REWIRE_ID_TEXT];

	snprintf(path, STORE_PATH, "%s/open/%s.%s", store->dir,
		 rewire_id_format(record->request_id, id),
		 side_suffix(record->side));
}

static void moved_path(const struct store *store, const __u8 *workload,
		       char path[STORE_PATH])
{
	char id[REWIRE_ID_TEXT];

	snprintf(path, STORE_PATH, "%s/moved/%s", store->dir,
		 rewire_id_format(workload, id));
}

void store_receipt_path(const struct store *store,
			const __u8 id[REWIRE_ID_SIZE], char path[STORE_PATH])
{
	char text[REWIRE_ID_TEXT];

	snprintf(path, STORE_PATH, "%s/receipts/%s.receipt", store->dir,
		 rewire_id_format(id, text));
}

void store_checkpoint_path(const struct store *store,
			   const __u8 workload[REWIRE_ID_SIZE],
			   char path[STORE_PATH])
{
	char text[REWIRE_ID_TEXT];

	snprintf(path, STORE_PATH, "%s/checkpoints/%s.sealed", store->dir,
		 rewire_id_format(workload, text));
}

static void arrived_path(const struct store *store, const __u8 *workload,
			 char path[STORE_PATH])
{
	char text[REWIRE_ID_TEXT];

	snprintf(path, STORE_PATH, "%s/arrived/%s", store->dir,
		 rewire_id_format(workload, text));
}

void store_set_arrived(struct store *store, const __u8 workload[REWIRE_ID_SIZE],
		       bool arrived)
{
	struct rewire_error err;
	char path[STORE_PATH];

	arrived_path(store, workload, path);
	if (arrived && rewire_file_write(path, "", 0, 0600, &err))
		log_warning("that a workload arrived is not noted: %s", err.text);
	else if (!arrived && unlink(path) && errno != ENOENT)
		log_warning("%s: %s", path, strerror(errno));
}

bool store_is_arrived(const struct store *store,
		      const __u8 workload[REWIRE_ID_SIZE])
{
	char path[STORE_PATH];

	arrived_path(store, workload, path);
	return !access(path, F_OK);
}

unsigned int store_list_arrived(const struct store *store,
				__u8 (*workloads)[REWIRE_ID_SIZE],
				unsigned int most)
{
	char path[STORE_PATH];
	struct dirent *entry;
	unsigned int count = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "%s/arrived", store->dir);
	dir = opendir(path);
	while (dir && count < most && (entry = readdir(dir)))
		if (!rewire_id_parse(entry->d_name, workloads[count]))
			count++;
	if (dir)
		closedir(dir);
	return count;
}

#define LINES	3

/* A file of lines; @line gets the first ones, without their ends. */
static int read_lines(const char *path, char line[LINES][ADDRESS_MAX])
{
	char text[MAX_FILE + 1];
	size_t length;
	__u8 *data;
	char *at, *end;
	int ret;

	ret = rewire_file_read(path, MAX_FILE, &data, &length, NULL);
	if (ret)
		return ret;
	memcpy(text, data, length);
	text[length] = '\0';
	rewire_wipe_free(data, length);

	if (!strchr(text, '\n'))
		return -EBADMSG;
	at = text;
	for (int i = 0; i < LINES; i++) {
		end = at + strcspn(at, "\n");
		if (end - at >= ADDRESS_MAX)
			return -EBADMSG;
		memcpy(line[i], at, (size_t)(end - at));
		line[i][end - at] = '\0';
		at = *end ? end + 1 : end;
	}
	return 0;
}

static const char *const fates[FATES] = {
	[FATE_RUNNING] = "running",
	[FATE_PAUSED] = "paused",
	[FATE_SETTLED] = "settled",
};

/* A file that does not say was written when there was but one. */
static enum fate parse_fate(const char *text)
{
	for (int i = 0; i < FATES; i++)
		if (!strcmp(text, fates[i]))
			return (enum fate)i;
	return FATE_RUNNING;
}

/* The file's name says which migration and side, its lines the rest. */
static int read_record(const struct store *store, const char *name,
		       struct record *ret_record)
{
	struct record record = { 0 };
	char path[STORE_PATH], id[REWIRE_ID_TEXT], line[LINES][ADDRESS_MAX];
	const char *dot = strrchr(name, '.');
	int ret;

	if (!dot || (size_t)(dot - name) >= sizeof(id))
		return -EBADMSG;
	memcpy(id, name, (size_t)(dot - name));
	id[dot - name] = '\0';
	if (!strcmp(dot + 1, "source"))
		record.side = REWIRE_SIDE_SOURCE;
	else if (!strcmp(dot + 1, "target"))
		record.side = REWIRE_SIDE_TARGET;
	else
		return -EBADMSG;
	snprintf(path, sizeof(path), "%s/open/%s", store->dir, name);
	ret = read_lines(path, line);
	if (ret)
		return ret;
	if (rewire_id_parse(id, record.request_id) ||
	    rewire_id_parse(line[0], record.workload))
		return -EBADMSG;
	memcpy(record.peer, line[1], sizeof(record.peer));
	record.fate = parse_fate(line[2]);
	*ret_record = record;
	return 0;
}

static int read_open(struct store *store, struct rewire_error *err)
{
	char path[STORE_PATH];
	struct dirent *entry;
	DIR *dir;

	snprintf(path, sizeof(path), "%s/open", store->dir);
	dir = opendir(path);
	if (!dir)
		return rewire_fail(err, errno, "%s: %s", path, strerror(errno));
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		if (store->count == STORE_MAX_OPEN) {
			closedir(dir);
			return rewire_fail(err, EDQUOT,
					   "%s: more than %d migrations: remove those that are long over",
					   path, STORE_MAX_OPEN);
		}
		if (read_record(store, entry->d_name,
				&store->open[store->count])) {
			log_warning("%s/%s is no record of a migration: ignored",
				    path, entry->d_name);
			continue;
		}
		store->count++;
	}
	closedir(dir);
	return 0;
}

static unsigned int count_dots(const char *name)
{
	unsigned int dots = 0;

	for (; *name; name++)
		dots += *name == '.';
	return dots;
}

/*
 * Half-written files of a helper that was killed: librewire appends a dot and
 * random letters to the name until the file is complete.
 */
static void remove_leftovers(const char *path, unsigned int dots)
{
	char file[STORE_PATH + 256];
	struct dirent *entry;
	DIR *dir = opendir(path);

	while (dir && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.' ||
		    count_dots(entry->d_name) <= dots)
			continue;
		snprintf(file, sizeof(file), "%s/%s", path, entry->d_name);
		log_info("removing %s, which was never completed", file);
		unlink(file);
	}
	if (dir)
		closedir(dir);
}

static int make_dir(const char *path, mode_t mode, struct rewire_error *err)
{
	if (mkdir(path, mode) && errno != EEXIST)
		return rewire_fail(err, errno, "%s: %s", path, strerror(errno));
	return 0;
}

int store_open(struct store *store, const char *dir, struct rewire_error *err)
{
	static const struct {
		const char *name;
		unsigned int dots;	/* in the names of its files */
	} dirs[] = {
		{ "open", 1 }, { "moved", 0 }, { "receipts", 1 },
		{ "checkpoints", 1 }, { "updates", 1 }, { "trials", 2 },
		{ "arrived", 0 },
	};
	char path[STORE_PATH];
	int ret;

	memset(store, 0, sizeof(*store));
	store->dir = dir;
	pthread_mutex_init(&store->lock, NULL);
	/* Room for the longest name below it. */
	if (strlen(dir) > STORE_PATH - 100)
		return rewire_fail(err, ENAMETOOLONG, "%s is too long", dir);
	ret = make_dir(dir, 0700, err);
	for (size_t i = 0; !ret && i < sizeof(dirs) / sizeof(dirs[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, dirs[i].name);
		ret = make_dir(path, 0700, err);
		if (!ret)
			remove_leftovers(path, dirs[i].dots);
	}
	return ret ? ret : read_open(store, err);
}

/* Under the lock. */
static int find(const struct store *store, const __u8 *id, __u32 side)
{
	for (unsigned int i = 0; i < store->count; i++)
		if (store->open[i].side == side &&
		    !memcmp(store->open[i].request_id, id, REWIRE_ID_SIZE))
			return (int)i;
	return -1;
}

static int write_record(const struct store *store, const struct record *record,
			struct rewire_error *err)
{
	char path[STORE_PATH], id[REWIRE_ID_TEXT], text[MAX_FILE];
	int length;

	record_path(store, record, path);
	length = snprintf(text, sizeof(text), "%s\n%s\n%s\n",
			  rewire_id_format(record->workload, id), record->peer,
			  fates[record->fate]);
	return rewire_file_write(path, text, (size_t)length, 0600, err);
}

static int begin_locked(struct store *store, const struct record *record,
			struct rewire_error *err)
{
	int ret;

	if (find(store, record->request_id, record->side) >= 0)
		return rewire_fail(err, EBUSY,
				   "this migration was begun and is not over; the helper's log says more");
	if (store->count == STORE_MAX_OPEN)
		return rewire_fail(err, EDQUOT,
				   "there are %d migrations that are not over: finish some first",
				   STORE_MAX_OPEN);
	ret = write_record(store, record, err);
	if (ret)
		return ret;
	store->open[store->count] = *record;
	store->claimed[store->count++] = true;
	return 0;
}

int store_begin(struct store *store, const struct record *record,
		struct rewire_error *err)
{
	int ret;

	pthread_mutex_lock(&store->lock);
	ret = begin_locked(store, record, err);
	pthread_mutex_unlock(&store->lock);
	return ret;
}

int store_settle(struct store *store, struct record *record,
		 struct rewire_error *err)
{
	struct record settled = *record;
	int at, ret;

	settled.fate = FATE_SETTLED;
	pthread_mutex_lock(&store->lock);
	ret = write_record(store, &settled, err);
	at = find(store, record->request_id, record->side);
	if (!ret && at >= 0)
		store->open[at].fate = FATE_SETTLED;
	pthread_mutex_unlock(&store->lock);
	if (!ret)
		record->fate = FATE_SETTLED;
	return ret;
}

void store_end(struct store *store, const struct record *record)
{
	char path[STORE_PATH];
	int at;

	pthread_mutex_lock(&store->lock);
	at = find(store, record->request_id, record->side);
	if (at >= 0) {
		record_path(store, record, path);
		if (unlink(path) && errno != ENOENT)
			log_warning("%s: %s", path, strerror(errno));
		store->count--;
		store->open[at] = store->open[store->count];
		store->claimed[at] = store->claimed[store->count];
	}
	pthread_mutex_unlock(&store->lock);
}

bool store_claim(struct store *store, const __u8 id[REWIRE_ID_SIZE], __u32 side,
		 struct record *ret_record)
{
	bool claimed = false;
	int at;

	pthread_mutex_lock(&store->lock);
	at = find(store, id, side);
	if (at >= 0 && !store->claimed[at]) {
		store->claimed[at] = true;
		*ret_record = store->open[at];
		claimed = true;
	}
	pthread_mutex_unlock(&store->lock);
	return claimed;
}

void store_release(struct store *store, const struct record *record)
{
	int at;

	pthread_mutex_lock(&store->lock);
	at = find(store, record->request_id, record->side);
	if (at >= 0)
		store->claimed[at] = false;
	pthread_mutex_unlock(&store->lock);
}

unsigned int store_list(struct store *store, struct record *records)
{
	unsigned int count;

	pthread_mutex_lock(&store->lock);
	count = store->count;
	memcpy(records, store->open, count * sizeof(*records));
	pthread_mutex_unlock(&store->lock);
	return count;
}

bool store_empty(struct store *store)
{
	bool empty;

	pthread_mutex_lock(&store->lock);
	empty = !store->count;
	pthread_mutex_unlock(&store->lock);
	return empty;
}

int store_set_moved(struct store *store, const __u8 workload[REWIRE_ID_SIZE],
		    const char *peer, struct rewire_error *err)
{
	char path[STORE_PATH], text[ADDRESS_MAX + 1];
	int length;

	moved_path(store, workload, path);
	if (!peer) {
		if (unlink(path) && errno != ENOENT)
			return rewire_fail(err, errno, "%s: %s", path,
					   strerror(errno));
		return 0;
	}
	length = snprintf(text, sizeof(text), "%s\n", peer);
	return rewire_file_write(path, text, (size_t)length, 0600, err);
}

/* The address a workload is on its way to; under the lock. */
static const struct record *find_leaving(const struct store *store,
					 const __u8 *workload)
{
	for (unsigned int i = 0; i < store->count; i++)
		if (store->open[i].side == REWIRE_SIDE_SOURCE &&
		    !memcmp(store->open[i].workload, workload, REWIRE_ID_SIZE))
			return &store->open[i];
	return NULL;
}

bool store_get_moved(struct store *store, const __u8 workload[REWIRE_ID_SIZE],
		     char peer[ADDRESS_MAX])
{
	char path[STORE_PATH], line[LINES][ADDRESS_MAX];
	const struct record *leaving;

	pthread_mutex_lock(&store->lock);
	leaving = find_leaving(store, workload);
	if (leaving)
		memcpy(peer, leaving->peer, ADDRESS_MAX);
	pthread_mutex_unlock(&store->lock);
	if (leaving)
		return true;
	moved_path(store, workload, path);
	if (read_lines(path, line))
		return false;
	memcpy(peer, line[0], ADDRESS_MAX);
	return true;
}

bool store_is_alone(struct store *store, const struct record *record)
{
	unsigned int others = 0;

	pthread_mutex_lock(&store->lock);
	for (unsigned int i = 0; i < store->count; i++)
		others += !memcmp(store->open[i].workload, record->workload,
				  REWIRE_ID_SIZE) &&
			  memcmp(store->open[i].request_id, record->request_id,
				 REWIRE_ID_SIZE);
	pthread_mutex_unlock(&store->lock);
	return !others;
}

bool store_is_leaving(struct store *store, const __u8 workload[REWIRE_ID_SIZE])
{
	bool leaving;

	pthread_mutex_lock(&store->lock);
	leaving = find_leaving(store, workload);
	pthread_mutex_unlock(&store->lock);
	return leaving;
}
