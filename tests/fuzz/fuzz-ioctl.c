// SPDX-License-Identifier: MIT
/*
 * fuzz-ioctl: random and mutated commands on every kind of file of the SM.
 *
 *	fuzz-ioctl [--count N] [--seed N] [--seconds N] [--quiet] [PKI IMAGE]
 *
 * PKI is a folder made by `rewire pki` with the hosts alpha and beta, IMAGE an
 * enclave; without them only SMs without keys are tried. Runs as root, on SMs of
 * its own in new network namespaces. A second thread, the racer, issues valid
 * commands on the same files all the while; --seed repeats the choices of both,
 * not how they interleave.
 *
 * The child fuzzes and the parent watches that it gets on, so that a command
 * that hangs is named.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fuzz.h"

#define DEFAULT_COUNT 100000
#define HANG_SECONDS 120
#define SETTLE_SECONDS 20
#define ERRNO_MAX 256

/* Shared with the parent. */
struct progress {
	_Atomic uint64_t done;
	_Atomic uint64_t beat;	/* changes whenever anything returned */
	char doing[64];
};

static struct progress *progress;
static struct memory memory[2];	/* of the main thread, of the racer */
static uint64_t seed, count = DEFAULT_COUNT, seconds = 900;
static bool quiet;
static unsigned int foreign;	/* results that are in nobody's contract */
static uint64_t succeeded[ERRNO_MAX];	/* by index in commands[] */
static uint64_t tried[ERRNO_MAX];
static uint64_t spent_ns[ERRNO_MAX];	/* as succeeded[] */
static uint64_t results[ERRNO_MAX];	/* by errno, 0 is success */

/* The errnos of the uapi headers, and what any system call may say. */
static bool documented(int code)
{
	static const int codes[] = {
		0, ENOTTY, E2BIG, EINVAL, EOPNOTSUPP, EFAULT, ENOENT, EEXIST,
		EBADFD, EBUSY, EPERM, ENOKEY, EKEYREJECTED, EBADMSG, ESTALE,
		EREMCHG, ETIME, ETIMEDOUT, ESRCH, EDQUOT, EMSGSIZE, ECANCELED,
		EINTR, ENOMEM, EAGAIN, ENOLINK, EUCLEAN, EIO, ENOSPC,
	};

	for (size_t i = 0; i < ARRAY_SIZE(codes); i++)
		if (codes[i] == code)
			return true;
	return false;
}

static bool documented_io(int code)
{
	/* opened for the other direction, not seekable, no such operation */
	return documented(code) || code == EBADF || code == ESPIPE ||
	       code == ENODEV || code == EACCES || code == EAGAIN ||
	       code == EOVERFLOW;
}

static void judge(const char *what, int code, bool fine)
{
	progress->beat++;
	if (code >= 0 && code < ERRNO_MAX)
		results[code]++;
	if (fine)
		return;
	foreign++;
	printf("# %s: errno %d (%s) is not documented\n", what, code,
	       strerror(code));
}

/* A command that went well may have given a descriptor. */
static void take_descriptor(const struct command *command, uint64_t arg)
{
	int fd;

	if (command->out_fd < 0)
		return;
	memcpy(&fd, (uint8_t *)(uintptr_t)arg + command->out_fd, sizeof(fd));
	if (fd > 2)
		close(fd);
}

static void issue(int fd, enum kind kind, const struct command *command,
		  struct request request)
{
	uint64_t start;
	int code;

	snprintf(progress->doing, sizeof(progress->doing), "%s (0x%08x)",
		 command->name, request.cmd);
	start = now_ns();
	code = ioctl(fd, request.cmd, request.arg) ? errno : 0;
	judge(progress->doing, code, documented(code));

	/* by what the module saw, not by what was meant */
	command = command_find(kind, _IOC_NR(request.cmd));
	if (!command || _IOC_TYPE(request.cmd) != REWIRE_IOCTL_TYPE)
		return;
	tried[command - commands]++;
	spent_ns[command - commands] += now_ns() - start;
	if (code)
		return;
	succeeded[command - commands]++;
	take_descriptor(command, request.arg);
}

static void do_ioctl(int fd, enum kind kind, struct rng *rng)
{
	/* now and then a command for another kind of file */
	enum kind of = rng_percent(rng, 95) ? kind :
		       (enum kind)rng_below(rng, KINDS);
	const struct command *command = command_choose(of, false, rng);

	issue(fd, kind, command, rng_percent(rng, 35) ?
	      arrange(command, &memory[0], rng) :
	      mutate(command, &memory[0], rng));
}

static void do_write(struct scene *scene, int fd, struct rng *rng)
{
	const struct content *content = scene->content;
	uint8_t *data = memory[0].data;
	size_t length = rng_below(rng, rng_percent(rng, 90) ? 8192 : DATA_SIZE);
	bool next = scene->written < content->length && rng_percent(rng, 70);
	ssize_t got;

	if (next) {
		if (length > content->length - scene->written)
			length = content->length - scene->written;
		memcpy(data, content->bytes + scene->written, length);
	}
	if (!next || rng_percent(rng, 5))
		mutate_bytes(data, length, rng);
	if (rng_percent(rng, 10))
		data = (void *)(uintptr_t)memory_hostile(&memory[0], rng, length);
	strcpy(progress->doing, "write");
	got = write(fd, data, length);
	judge("write", got < 0 ? errno : 0, documented_io(got < 0 ? errno : 0));
	if (got > 0)
		scene->written += (size_t)got;
}

static void do_read(int fd, struct rng *rng)
{
	size_t length = rng_below(rng, rng_percent(rng, 90) ? 8192 : DATA_SIZE);
	uint64_t to = rng_percent(rng, 20) ?
		      memory_hostile(&memory[0], rng, length) :
		      (uintptr_t)memory[0].data;
	ssize_t got;

	strcpy(progress->doing, "read");
	if (rng_percent(rng, 10))
		got = pread(fd, (void *)(uintptr_t)to, length,
			    (off_t)(rng_next(rng) >> 1));
	else
		got = read(fd, (void *)(uintptr_t)to, length);
	judge("read", got < 0 ? errno : 0, documented_io(got < 0 ? errno : 0));
}

/* Into a pipe until it is full, or we have enough; what is in it then is dropped. */
static void do_splice(int fd, struct rng *rng)
{
	static const int sizes[] = { PAGE, 16 * PAGE, 256 * PAGE };
	int pipes[2];
	ssize_t got;

	if (pipe2(pipes, O_CLOEXEC | O_NONBLOCK))
		return;
	fcntl(pipes[1], F_SETPIPE_SZ, sizes[rng_below(rng, ARRAY_SIZE(sizes))]);
	strcpy(progress->doing, "splice");
	do {
		got = splice(fd, NULL, pipes[1], NULL,
			     rng_below(rng, DATA_SIZE),
			     (unsigned int)rng_below(rng, 16));
		judge("splice", got < 0 ? errno : 0,
		      documented_io(got < 0 ? errno : 0));
	} while (got > 0 && rng_percent(rng, 80));
	close(pipes[0]);
	close(pipes[1]);
}

static void do_mmap(int fd, struct rng *rng)
{
	static const int flags[] = { MAP_SHARED, MAP_PRIVATE,
				     MAP_SHARED | MAP_POPULATE };
	size_t length = PAGE * (1 + rng_below(rng, 64));
	void *at;

	strcpy(progress->doing, "mmap");
	at = mmap(NULL, length, (int)rng_below(rng, 8),
		  flags[rng_below(rng, ARRAY_SIZE(flags))], fd,
		  (off_t)(PAGE * rng_below(rng, rng_percent(rng, 50) ? 64 : 1UL << 40)));
	judge("mmap", at == MAP_FAILED ? errno : 0,
	      documented_io(at == MAP_FAILED ? errno : 0));
	if (at == MAP_FAILED)
		return;
	/* Nobody but an enclave's own process may have its pages. */
	foreign++;
	printf("# mmap: pages were mapped into a process that is no enclave\n");
	munmap(at, length);
}

static void do_poll(int fd, struct rng *rng)
{
	struct pollfd pollfd = { .fd = fd, .events = (short)rng_next(rng) };
	int ready;

	strcpy(progress->doing, "poll");
	ready = poll(&pollfd, 1, 0);
	judge("poll", ready < 0 ? errno : 0,
	      documented_io(ready < 0 ? errno : 0));
}

static void one(struct rng *rng)
{
	struct scene *scene = &world.scenes[rng_below(rng, world.scene_count)];
	size_t at = rng_below(rng, SCENE_FDS);
	uint64_t choice;
	int fd;

	strcpy(progress->doing, scene->name);
	if (!world_ready(scene, rng))
		return;
	while (scene->fd[at] < 0)
		at = (at + 1) % SCENE_FDS;
	fd = scene->fd[at];
	choice = rng_below(rng, 100);
	if (choice < 80)
		do_ioctl(fd, scene->kind[at], rng);
	else if (choice < 87)
		do_write(scene, fd, rng);
	else if (choice < 92)
		do_read(fd, rng);
	else if (choice < 94)
		do_splice(fd, rng);
	else if (choice < 97)
		do_mmap(fd, rng);
	else
		do_poll(fd, rng);
	progress->done++;
}

/*
 * Valid commands that end soon, on the same files at the same time. A file may
 * be closed meanwhile, and its number be another's: so nothing is judged here.
 */
static atomic_bool stop;

static void *race(void *unused)
{
	struct rng rng = { .state = ~seed };

	while (!atomic_load(&stop)) {
		struct scene *scene =
			&world.scenes[rng_below(&rng, world.scene_count)];
		size_t at = rng_below(&rng, SCENE_FDS);
		int fd = *(volatile int *)&scene->fd[at];
		struct request request;

		if (fd < 0)
			continue;
		request = arrange(command_choose(scene->kind[at], true, &rng),
				  &memory[1], &rng);
		ioctl(fd, request.cmd, request.arg);
		/* Two slow processors: most of the time is the other's. */
		usleep(2000);
	}
	return unused;
}

static bool start_race(pthread_t *thread)
{
	sigset_t alarm, old;
	bool ok;

	/* The alarm is for the main thread. */
	sigemptyset(&alarm);
	sigaddset(&alarm, SIGALRM);
	pthread_sigmask(SIG_BLOCK, &alarm, &old);
	ok = !pthread_create(thread, NULL, race, NULL);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return ok;
}

static void on_alarm(int signal)
{
	(void)signal;
}

/* A command may wait for ever when asked to: a signal must end that. */
static void alarms(unsigned int milliseconds)
{
	struct sigaction action = { .sa_handler = on_alarm };
	const struct timeval time = {
		.tv_sec = milliseconds / 1000,
		.tv_usec = milliseconds % 1000 * 1000,
	};
	struct itimerval timer = { .it_interval = time, .it_value = time };

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &timer, NULL);
}

static unsigned int open_files(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned int n = 0;

	if (!dir)
		return 0;
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

/* An enclave's memory goes with its process, which takes a moment to die. */
static bool settled(int sm, __u64 memory_used, struct rewire_get_info *info)
{
	for (unsigned int i = 0; i < SETTLE_SECONDS * 10; i++) {
		if (rewire_sm_info(sm, info, NULL))
			return false;
		if (info->memory_used == memory_used && !info->enclaves &&
		    !info->sessions)
			return true;
		progress->beat++;
		usleep(100000);
	}
	return false;
}

static unsigned int test;
static unsigned int failures;

static void tap(bool ok, const char *name)
{
	failures += !ok;
	printf("%sok %u - %s\n", ok ? "" : "not ", ++test, name);
	fflush(stdout);
}

static void report(uint64_t start)
{
	printf("# %ju operations in %ju s, %ju s of it making objects; state was handed over %ju times\n",
	       (uintmax_t)progress->done,
	       (uintmax_t)((now_ns() - start) / 1000000000),
	       (uintmax_t)(world.making_ns / 1000000000),
	       (uintmax_t)world.handed_over);
	for (size_t i = 0; i < command_count; i++)
		printf("# %-15s %6ju reached, %6ju succeeded, %6ju ms\n",
		       commands[i].name, (uintmax_t)tried[i],
		       (uintmax_t)succeeded[i],
		       (uintmax_t)(spent_ns[i] / 1000000));
	for (int i = 0; i < ERRNO_MAX; i++)
		if (results[i])
			printf("# %6ju %s\n", (uintmax_t)results[i],
			       i ? strerrorname_np(i) : "success");
}

/* A fuzzer that meets refusals only tests nothing: each command must succeed. */
static bool all_succeeded(void)
{
	bool ok = true;

	for (size_t i = 0; i < command_count; i++) {
		if (succeeded[i] || commands[i].hopeless)
			continue;
		printf("# %s never succeeded\n", commands[i].name);
		ok = false;
	}
	return ok;
}

/* Each command once on each file, as it should be; those that end one, not. */
static void try_faultless(struct scene *scene, size_t at, struct rng *rng)
{
	for (size_t i = 0; i < command_count; i++) {
		const struct command *command = &commands[i];

		if (command->weight == 1 ||
		    (!command->any_kind && command->kind != scene->kind[at]))
			continue;
		issue(scene->fd[at], scene->kind[at], command,
		      arrange(command, &memory[0], rng));
		progress->done++;
	}
}

/*
 * From the last to the first, so that the devices find what there can be. Nobody
 * else is at it yet, and a handover of state takes longer than a wait may later.
 */
static void warm_up(struct rng *rng)
{
	alarms(5000);
	commands_faultless = true;
	for (size_t i = 0; i < world.scene_count; i++)
		world_ready(&world.scenes[i], rng);
	for (size_t i = world.scene_count; i-- > 0;)
		for (size_t at = 0; at < SCENE_FDS; at++)
			if (world.scenes[i].fd[at] >= 0)
				try_faultless(&world.scenes[i], at, rng);
	commands_faultless = false;
}

static void loop(struct rng *rng)
{
	uint64_t start = now_ns(), shown = start;
	uint64_t end = start + seconds * 1000000000;

	alarms(100);
	while (progress->done < count && now_ns() < end) {
		one(rng);
		if (!quiet && now_ns() - shown > 10000000000) {
			shown = now_ns();
			printf("# %ju of %ju\n", (uintmax_t)progress->done,
			       (uintmax_t)count);
			fflush(stdout);
		}
	}
	alarms(0);
	report(start);
}

static int fuzz(const char *pki, const char *image)
{
	struct rewire_get_info info[2], after;
	struct rng rng = { .state = seed };
	unsigned int files;
	pthread_t racer;
	bool ok;

	if (!memory_open(&memory[0], 0) || !memory_open(&memory[1], 1) ||
	    !world_open(pki, image)) {
		tap(false, "preparation");
		return 1;
	}
	rewire_sm_info(world.sm[SM_ALPHA], &info[0], NULL);
	rewire_sm_info(world.sm[SM_BETA], &info[1], NULL);
	files = open_files();
	if (count)
		warm_up(&rng);
	ok = start_race(&racer);
	tap(ok, "preparation");
	if (!ok)
		return 1;
	loop(&rng);
	atomic_store(&stop, true);
	pthread_join(racer, NULL);
	world_close();

	tap(progress->done >= count, "as many operations as asked for, in time");
	tap(!foreign, "every result is documented");
	tap(open_files() == files, "no descriptor is left");
	ok = settled(world.sm[SM_ALPHA], info[0].memory_used, &after);
	if (!ok)
		printf("# alpha: %ju bytes, %u enclaves, %u sessions\n",
		       (uintmax_t)after.memory_used, after.enclaves,
		       after.sessions);
	tap(ok, "the source accounts for no memory any more");
	ok = settled(world.sm[SM_BETA], info[1].memory_used, &after);
	tap(ok, "the target accounts for no memory any more");
	if (world.provisioned) {
		tap(all_succeeded(), "every command succeeded at least once");
		tap(world.handed_over, "versions exported and imported state");
	}
	printf("1..%u\n", test);
	return failures != 0;
}

/* Where the child is, as far as the kernel tells. */
static void show_stack(pid_t pid)
{
	char path[64], line[256];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stack", (int)pid);
	file = fopen(path, "r");
	while (file && fgets(line, sizeof(line), file))
		printf("#   %s", line);
	if (file)
		fclose(file);
}

static int watch(pid_t pid)
{
	uint64_t beat = 0, last = now_ns();
	int status;

	while (waitpid(pid, &status, WNOHANG) == 0) {
		if (progress->beat + progress->done != beat) {
			beat = progress->beat + progress->done;
			last = now_ns();
		}
		if (now_ns() - last > HANG_SECONDS * 1000000000UL) {
			printf("not ok - %s hangs (operation %ju)\n",
			       progress->doing, (uintmax_t)progress->done);
			show_stack(pid);
			kill(pid, SIGKILL);
			return 1;
		}
		usleep(50000);
	}
	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	printf("not ok - died of signal %d in %s (operation %ju)\n",
	       WTERMSIG(status), progress->doing, (uintmax_t)progress->done);
	return 1;
}

static int usage(void)
{
	fputs("usage: fuzz-ioctl [--count N] [--seed N] [--seconds N] [--quiet] [PKI IMAGE]\n",
	      stderr);
	return 2;
}

static bool parse(int argc, char **argv)
{
	static const struct option options[] = {
		{ "count", required_argument, NULL, 'c' },
		{ "seed", required_argument, NULL, 's' },
		{ "seconds", required_argument, NULL, 't' },
		{ "quiet", no_argument, NULL, 'q' },
		{ 0 },
	};
	int c;

	if (getrandom(&seed, sizeof(seed), 0) != sizeof(seed))
		return false;
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 'c':
			count = strtoull(optarg, NULL, 0);
			break;
		case 's':
			seed = strtoull(optarg, NULL, 0);
			break;
		case 't':
			seconds = strtoull(optarg, NULL, 0);
			break;
		case 'q':
			quiet = true;
			break;
		default:
			return false;
		}
	}
	return argc - optind == 0 || argc - optind == 2;
}

int main(int argc, char **argv)
{
	pid_t pid;

	if (!parse(argc, argv))
		return usage();
	progress = mmap(NULL, sizeof(*progress), PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (progress == MAP_FAILED) {
		perror("mmap");
		return 1;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("TAP version 14\n# seed 0x%jx\n", (uintmax_t)seed);
	pid = fork();
	if (pid < 0) {
		perror("fork");
		return 1;
	}
	if (!pid)
		exit(fuzz(argv[optind], argv[optind] ? argv[optind + 1] : NULL));
	return watch(pid);
}
