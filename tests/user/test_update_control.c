// SPDX-License-Identifier: MIT
/*
 * The control socket with a descriptor beside a line: it reaches the operation of
 * that line, and is closed whatever happens. Operations are played.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <event2/event.h>

#include "test.h"

#include "control.h"
#include "log.h"
#include "operation.h"
#include "report.h"
#include "scratch.h"

static struct helper helper;
static struct event_base *base;
static struct control *control;
static struct event *reap, *quit;
static pthread_t loop;
static int quit_fd;
static char *folder;
static char path[256];

/* What came with the last line: the content of the file, or why there is none. */
static char seen[32];

int operation_run(struct helper *unused, int client, const char *listening,
		  const char *line, size_t length, int file)
{
	struct rewire_ctl_answer answer = { .ok = true };

	(void)unused;
	(void)listening;
	memset(seen, 0, sizeof(seen));
	if (length > 2 && line[0] == '!')
		return -EPIPE;
	if (file < 0)
		strcpy(seen, "none");
	else if (pread(file, seen, sizeof(seen) - 1, 0) < 0)
		strcpy(seen, "bad");
	return report_line(client, rewire_ctl_encode_answer(&answer));
}

int operation_refuse(int client, const struct rewire_error *error)
{
	struct rewire_ctl_answer answer = { .error = *error };

	return report_line(client, rewire_ctl_encode_answer(&answer));
}

static void on_reap(evutil_socket_t fd, short what, void *data)
{
	(void)fd;
	(void)what;
	(void)data;
	pool_reap(helper.pool);
}

static void on_quit(evutil_socket_t fd, short what, void *data)
{
	(void)fd;
	(void)what;
	(void)data;
	event_base_loopbreak(base);
}

static void *run_loop(void *data)
{
	(void)data;
	event_base_dispatch(base);
	return NULL;
}

static int set_up(void **state)
{
	const unsigned int threads[POOL_KINDS] = { [POOL_CLIENT] = 16 };

	(void)state;
	log_open(LOG_LEVEL_ERROR);
	folder = scratch_make();
	strcpy(path, scratch_path(folder, "socket"));
	helper.options = (struct options){ .socket = path, .max_clients = 16 };
	base = event_base_new();
	quit_fd = eventfd(0, EFD_CLOEXEC);
	if (!base || pool_new(threads, &helper.pool, NULL) ||
	    control_open(base, &helper, "", &control, NULL))
		return -1;
	reap = event_new(base, pool_done_fd(helper.pool),
			 EV_READ | EV_PERSIST, on_reap, NULL);
	quit = event_new(base, quit_fd, EV_READ, on_quit, NULL);
	event_add(reap, NULL);
	event_add(quit, NULL);
	return pthread_create(&loop, NULL, run_loop, NULL);
}

static int tear_down(void **state)
{
	(void)state;
	eventfd_write(quit_fd, 1);
	pthread_join(loop, NULL);
	pool_stop(helper.pool);
	control_close(control);
	event_free(reap);
	event_free(quit);
	event_base_free(base);
	pool_free(helper.pool);
	close(quit_fd);
	scratch_remove(folder);
	return 0;
}

static unsigned int count_files(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned int count = 0;

	while (readdir(dir))
		count++;
	closedir(dir);
	return count;
}

static int make_file(const char *text)
{
	int fd = memfd_create("payload", MFD_CLOEXEC);

	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	return fd;
}

static int connect_raw(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	strcpy(address.sun_path, path);
	assert_int_equal(connect(fd, (struct sockaddr *)&address,
				 sizeof(address)), 0);
	return fd;
}

static void send_raw(int fd, const char *text, const int *files, size_t count)
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(4 * sizeof(int))];
	} room = { 0 };
	struct iovec part = { (void *)(uintptr_t)text, strlen(text) };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };

	if (count) {
		room.header.cmsg_level = SOL_SOCKET;
		room.header.cmsg_type = SCM_RIGHTS;
		room.header.cmsg_len = CMSG_LEN(count * sizeof(int));
		memcpy(CMSG_DATA(&room.header), files, count * sizeof(int));
		message.msg_control = &room;
		message.msg_controllen = CMSG_SPACE(count * sizeof(int));
	}
	assert_true(sendmsg(fd, &message, MSG_NOSIGNAL) > 0);
}

static void await_line(int fd)
{
	char c;

	do {
		assert_int_equal(read(fd, &c, 1), 1);
	} while (c != '\n');
}

static void payload_goes_along(void **state)
{
	static __u8 package[] = "a package";
	struct rewire_ctl_request request = {
		.op = REWIRE_CTL_UPDATE_APPLY,
		.update = {
			.package = package,
			.package_length = sizeof(package),
			.all = true,
		},
	};
	struct rewire_ctl_answer answer;

	(void)state;
	request.update.payload = make_file("the payload");
	assert_int_equal(rewire_ctl_exchange(path, &request, NULL, NULL,
					     &answer, NULL), 0);
	assert_true(answer.ok);
	assert_string_equal(seen, "the payload");
	rewire_ctl_answer_clear(&answer);
	close(request.update.payload);
	/* Others send none, whatever is in the member. */
	request.op = REWIRE_CTL_UPDATE_PLAN;
	request.update.payload = 0;
	assert_int_equal(rewire_ctl_exchange(path, &request, NULL, NULL,
					     &answer, NULL), 0);
	assert_string_equal(seen, "none");
	rewire_ctl_answer_clear(&answer);
}

/* One line has it, the next has none; it may come with any part of its line. */
static void belongs_to_its_line(void **state)
{
	int fd = connect_raw(), file = make_file("x");

	(void)state;
	send_raw(fd, "one\n", &file, 1);
	await_line(fd);
	assert_string_equal(seen, "x");
	send_raw(fd, "two\n", NULL, 0);
	await_line(fd);
	assert_string_equal(seen, "none");
	send_raw(fd, "thr", NULL, 0);
	send_raw(fd, "ee\n", &file, 1);
	await_line(fd);
	assert_string_equal(seen, "x");
	close(file);
	close(fd);
}

/*
 * Many, twice, without a line, before a hang-up: none is kept. They are counted
 * when all is taken down, as nothing tells when a hang-up was noticed.
 */
static void nothing_is_left_open(void **state)
{
	unsigned int before = count_files();
	int files[4], fd;
	char c;

	assert_int_equal(set_up(state), 0);
	for (int i = 0; i < 4; i++)
		files[i] = make_file("y");
	for (int round = 0; round < 20; round++) {
		fd = connect_raw();
		send_raw(fd, "a", files, 4);
		send_raw(fd, "b", files, 1);
		send_raw(fd, "c\n", files, 1);
		await_line(fd);
		assert_true(seen[0] == 'y' || !strcmp(seen, "none"));
		send_raw(fd, "more\n", files, 1);
		await_line(fd);
		send_raw(fd, "!bad\n", files, 1);
		/* the helper closes it, and what came with it */
		assert_int_equal(read(fd, &c, 1), 0);
		close(fd);
	}
	fd = connect_raw();
	send_raw(fd, "no end", files, 1);
	tear_down(state);
	close(fd);
	for (int i = 0; i < 4; i++)
		close(files[i]);
	assert_int_equal(count_files(), before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(payload_goes_along, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(belongs_to_its_line, set_up,
						tear_down),
		cmocka_unit_test(nothing_is_left_open),
	};

	return cmocka_run_group_tests_name("update_control", tests, NULL, NULL);
}
