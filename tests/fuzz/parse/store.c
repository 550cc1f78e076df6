// SPDX-License-Identifier: MIT
/*
 * The state folder of a helper: files that somebody else may have written.
 */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz.h"
#include "log.h"
#include "store.h"

#define ID "11111111-2222-4333-8444-555555555555"
#define OPEN "open/" ID ".source"
#define MOVED "moved/" ID

static char folder[] = "/tmp/rewire-fuzz-XXXXXX";

static void put(const char *name, const uint8_t *data, size_t size)
{
	char path[STORE_PATH];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	promise(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	close(fd);
}

static void remove_all(void)
{
	static const char *const names[] = {
		OPEN, "open", MOVED, "moved", "receipts", "checkpoints", "",
	};
	char path[STORE_PATH];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
		remove(path);
	}
}

static void make_folder(struct store *store)
{
	static bool made;

	if (made)
		return;
	log_open(-1);
	promise(mkdtemp(folder) && !store_open(store, folder, NULL));
	atexit(remove_all);
	made = true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct store store;
	static struct record records[STORE_MAX_OPEN];
	__u8 workload[REWIRE_ID_SIZE];
	char peer[ADDRESS_MAX];

	make_folder(&store);
	put(OPEN, data, size);
	put(MOVED, data, size);
	promise(!store_open(&store, folder, NULL));
	promise(store_list(&store, records) <= 1);
	if (!store_empty(&store)) {
		promise(records[0].fate < FATES);
		promise(memchr(records[0].peer, 0, sizeof(records[0].peer)));
		promise(store_is_leaving(&store, records[0].workload));
	}
	promise(!rewire_id_parse(ID, workload));
	if (store_get_moved(&store, workload, peer))
		promise(memchr(peer, 0, sizeof(peer)));
	return 0;
}
