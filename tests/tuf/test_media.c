// SPDX-License-Identifier: MIT
/*
 * Keys on media that lie: they say that all is written, and it is not. Only reading
 * back can tell.
 */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <tuf-repo.h>

#include "../user/scratch.h"
#include "test.h"

#define PHRASE	"correct horse battery staple"

/* What becomes of the @lying_at'th file that is synced; NULL: nothing. */
static void (*lie)(int fd);
static int lying_at, synced;
static char other[4096];	/* another file of that kind */

int __real_fsync(int fd);
int __wrap_fsync(int fd);

int __wrap_fsync(int fd)
{
	int rc = __real_fsync(fd);
	struct stat st;

	if (lie && !fstat(fd, &st) && S_ISREG(st.st_mode) && ++synced == lying_at)
		lie(fd);
	return rc;
}

static void keep_nothing(int fd)
{
	assert_int_equal(ftruncate(fd, 0), 0);
}

static void keep_half(int fd)
{
	assert_int_equal(ftruncate(fd, lseek(fd, 0, SEEK_CUR) / 2), 0);
}

/* Of the base64 in the middle. */
static void turn_a_byte(int fd)
{
	char path[40], c = 0;
	off_t middle = lseek(fd, 0, SEEK_CUR) / 2;
	int again;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	again = open(path, O_RDONLY);
	assert_int_equal(pread(again, &c, 1, middle), 1);
	close(again);
	c = c == 'A' ? 'B' : 'A';
	assert_int_equal(pwrite(fd, &c, 1, middle), 1);
}

/* A block of another file where this one's should be. */
static void keep_another(int fd)
{
	assert_int_equal(ftruncate(fd, 0), 0);
	assert_int_equal(pwrite(fd, other, strlen(other), 0), strlen(other));
}

static int write_key(const char *folder, const char *name, const char *phrase,
		     struct tuf_error *err)
{
	struct tuf_key *key;
	int rc;

	assert_int_equal(tuf_key_make("ed25519", &key, err), 0);
	synced = 0;
	rc = tuf_key_write(key, folder, name, phrase, phrase ? strlen(phrase) : 0,
			   err);
	tuf_key_free(key);
	return rc;
}

/* Both files of a key of its own, with and without a passphrase. */
static void try_lie(const char *folder, const char *phrase)
{
	static void (*const lies[])(int) = {
		keep_nothing, keep_half, turn_a_byte, keep_another,
	};
	static const char *const files[] = { "another.key", "another.pub" };
	struct tuf_error err = { 0 };
	size_t i, j;
	char *text;

	lie = NULL;
	if (write_key(folder, "another", phrase, &err))
		fail_msg("%s", err.text);
	for (i = 0; i < ARRAY_SIZE(lies); i++) {
		for (j = 0; j < ARRAY_SIZE(files); j++) {
			char name[32];

			text = file_read(folder, files[j]);
			snprintf(other, sizeof(other), "%s", text);
			free(text);
			snprintf(name, sizeof(name), "key-%zu-%zu", i, j);
			lie = lies[i];
			lying_at = (int)j + 1;
			if (write_key(folder, name, phrase, &err) >= 0)
				fail_msg("lie %zu about %s is not seen", i, files[j]);
			if (synced != 2)
				fail_msg("%d files were written", synced);
		}
	}
	lie = NULL;
}

static void media_that_lie(void **state)
{
	char *folder = scratch_make(), name[200];

	(void)state;
	try_lie(folder, PHRASE);
	snprintf(name, sizeof(name), "%s/online", folder);
	assert_int_equal(mkdir(name, 0700), 0);
	try_lie(name, NULL);
	scratch_remove(folder);
}

int test_media(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(media_that_lie),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
