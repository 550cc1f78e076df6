// SPDX-License-Identifier: GPL-2.0-only
/*
 * /init of the tiny initramfs, and PID 1 of the virtual machine to its end:
 * load the few modules a stock kernel needs, lay a tmpfs over the host's root
 * (9p), run the command that lies in the control folder, leave its exit status
 * there, go down. Without a status the run has failed, whatever was printed.
 *
 * Why not virtme's init: it is a long bash script that starts udev, and every
 * fork is dear in an emulated CPU: 40 s instead of 7 for a stock kernel. A
 * script of our own took 3 s longer than this, 22 s under KASAN.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <linux/reboot.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/klog.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#define P9_OPTS "trans=virtio,version=9p2000.L,msize=512000,access=any"

static char ctl[256];
static char modules[1024];
static int leaks;

static void die(const char *what)
{
	printf("vm-init: %s: %s\n", what, strerror(errno));
	fflush(stdout);
	reboot(LINUX_REBOOT_CMD_RESTART);
	_exit(1);
}

static int write_file(const char *path, const char *text, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	ssize_t n;

	if (fd < 0)
		return -1;
	n = write(fd, text, len);
	return close(fd) || n != (ssize_t)len ? -1 : 0;
}

static void make_dirs(const char *path)
{
	char part[1024];
	size_t i;

	for (i = 1; i < sizeof(part) && path[i - 1]; i++) {
		if (path[i] && path[i] != '/')
			continue;
		memcpy(part, path, i);
		part[i] = 0;
		mkdir(part, 0755);
	}
}

/* A kernel may lack a filesystem we only offer; then its folder stays empty. */
static void offer(const char *type, const char *dir, const char *opts)
{
	make_dirs(dir);
	mount(type, dir, type, 0, opts);
}

static void need(const char *src, const char *dir, const char *type,
		 unsigned long flags, const char *opts)
{
	make_dirs(dir);
	if (mount(src, dir, type, flags, opts))
		die(dir);
}

static int is_module(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static void load_modules(void)
{
	struct dirent **list;
	char path[512];
	int i, fd, n = scandir("/modules", &list, is_module, alphasort);

	for (i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "/modules/%s", list[i]->d_name);
		fd = open(path, O_RDONLY);
		if (fd < 0 || (syscall(SYS_finit_module, fd, "", 0) &&
			       errno != EEXIST))
			die(path);
		close(fd);
	}
}

static void read_cmdline(void)
{
	char line[4096], *word, *save;
	FILE *f = fopen("/proc/cmdline", "r");

	if (!f || !fgets(line, sizeof(line), f))
		die("/proc/cmdline");
	fclose(f);
	for (word = strtok_r(line, " \n", &save); word;
	     word = strtok_r(NULL, " \n", &save)) {
		if (!strncmp(word, "rewire.ctl=", 11))
			snprintf(ctl, sizeof(ctl), "%s", word + 11);
		if (!strcmp(word, "rewire.hello")) {
			errno = 0;
			die("hello");
		}
	}
}

/*
 * The host's files may change under us only where they are shared on purpose,
 * and those are mounted without a cache: so the root can have one.
 */
static void enter_root(void)
{
	need("root", "/lower", "9p", MS_RDONLY, P9_OPTS ",cache=loose");
	need("over", "/over", "tmpfs", 0, "mode=755");
	mkdir("/over/upper", 0755);
	mkdir("/over/work", 0755);
	need("root", "/newroot", "overlay", 0,
	     "lowerdir=/lower,upperdir=/over/upper,workdir=/over/work");
	need("/dev", "/newroot/dev", NULL, MS_MOVE, NULL);
	need("/proc", "/newroot/proc", NULL, MS_MOVE, NULL);
	if (chdir("/newroot") || mount(".", "/", NULL, MS_MOVE, NULL) ||
	    chroot(".") || chdir("/"))
		die("switching the root");
}

static void fill_root(void)
{
	need("sys", "/sys", "sysfs", 0, NULL);
	need("run", "/run", "tmpfs", 0, "mode=755");
	make_dirs("/run/lock");
	need("pts", "/dev/pts", "devpts", 0, "mode=620,ptmxmode=666");
	need("shm", "/dev/shm", "tmpfs", 0, NULL);
	offer("debugfs", "/sys/kernel/debug", NULL);
	offer("securityfs", "/sys/kernel/security", NULL);
	offer("tracefs", "/sys/kernel/tracing", NULL);
	offer("cgroup2", "/sys/fs/cgroup", NULL);
	symlink("/proc/self/fd", "/dev/fd");
	symlink("fd/0", "/dev/stdin");
	symlink("fd/1", "/dev/stdout");
	symlink("fd/2", "/dev/stderr");
}

static void net_up(const char *ifname, const char *addr)
{
	struct ifreq ifr = { 0 };
	struct sockaddr_in *sin = (struct sockaddr_in *)&ifr.ifr_addr;
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	int bits = 24;
	char ip[64];

	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", ifname);
	if (addr) {
		if (sscanf(addr, "%63[0-9.]/%d", ip, &bits) < 1)
			die(addr);
		sin->sin_family = AF_INET;
		if (inet_pton(AF_INET, ip, &sin->sin_addr) != 1 ||
		    ioctl(fd, SIOCSIFADDR, &ifr))
			die(addr);
		sin->sin_addr.s_addr = htonl(bits ? ~0U << (32 - bits) : 0);
		if (ioctl(fd, SIOCSIFNETMASK, &ifr))
			die(addr);
	}
	ifr.ifr_flags = IFF_UP | IFF_RUNNING;
	if (ioctl(fd, SIOCSIFFLAGS, &ifr))
		die(ifname);
	close(fd);
}

static void mount_modules(void)
{
	struct utsname uts;
	char dir[512];

	uname(&uts);
	snprintf(dir, sizeof(dir), "/lib/modules/%s", uts.release);
	need(modules, dir, NULL, MS_BIND, NULL);
}

/* Lines of a word and its value; a path may hold blanks. */
static void read_settings(void)
{
	char path[512], line[2048], *value;
	FILE *f;
	int n = 0;

	need("ctl", ctl, "9p", 0, P9_OPTS ",cache=none");
	snprintf(path, sizeof(path), "%s/settings", ctl);
	f = fopen(path, "r");
	if (!f)
		die(path);
	while (fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = 0;
		value = strchr(line, ' ');
		if (!value)
			continue;
		*value++ = 0;
		if (!strcmp(line, "name")) {
			sethostname(value, strlen(value));
		} else if (!strcmp(line, "modules")) {
			snprintf(modules, sizeof(modules), "%s", value);
		} else if (!strcmp(line, "addr")) {
			net_up("eth0", value);
		} else if (!strcmp(line, "leaks")) {
			leaks = 1;
		} else if (!strcmp(line, "share")) {
			char tag[16];

			snprintf(tag, sizeof(tag), "share%d", n++);
			need(tag, value, "9p", 0, P9_OPTS ",cache=none");
		}
	}
	fclose(f);
}

static pid_t start_command(int out)
{
	char cmd[512];
	pid_t pid = fork();
	int null;

	if (pid)
		return pid;
	snprintf(cmd, sizeof(cmd), "%s/cmd", ctl);
	setsid();
	null = open("/dev/null", O_RDONLY);
	dup2(null, 0);
	dup2(out, 1);
	dup2(out, 2);
	execl("/bin/bash", "bash", cmd, NULL);
	_exit(127);
}

static void wake_up(int sig)
{
	(void)sig;
}

static int copy_output(int from, int port)
{
	char buf[65536];
	ssize_t n = read(from, buf, sizeof(buf)), done = 0, w;

	while (done < n) {
		w = write(port, buf + done, n - done);
		if (w < 0 && errno != EINTR)
			return 0;
		done += w > 0 ? w : 0;
	}
	return n > 0;
}

/*
 * The port can be opened by one only; through a pipe a program may reopen its
 * /dev/stdout, and nothing takes the port for a terminal. What runs on in the
 * background may hold the pipe open: it is left behind once silent.
 */
static int run_command(void)
{
	struct sigaction sa = { .sa_handler = wake_up };
	struct pollfd pfd = { .events = POLLIN };
	int fds[2], status, code = -1, port, ready;
	glob_t g;
	pid_t child, pid;

	if (glob("/dev/vport*p1", 0, NULL, &g))
		die("no port for the output");
	port = open(g.gl_pathv[0], O_WRONLY);
	if (port < 0 || pipe2(fds, O_CLOEXEC))
		die(g.gl_pathv[0]);
	sigaction(SIGCHLD, &sa, NULL);
	child = start_command(fds[1]);
	if (child < 0)
		die("fork");
	close(fds[1]);
	pfd.fd = fds[0];
	for (;;) {
		while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
			if (pid == child)
				code = WIFEXITED(status) ?
					WEXITSTATUS(status) :
					128 + WTERMSIG(status);
		ready = poll(&pfd, 1, code < 0 ? 200 : 100);
		if (ready > 0 && pfd.fd >= 0 && !copy_output(fds[0], port))
			pfd.fd = -1;
		if (code >= 0 && (pfd.fd < 0 || !ready))
			break;
	}
	close(port);
	return code;
}

/* kmemleak reports what two scans saw, and nothing younger than five seconds. */
static void find_leaks(void)
{
	const char *file = "/sys/kernel/debug/kmemleak";
	static char buf[1 << 16];
	char path[512];
	ssize_t n, len = 0;
	int fd;

	sleep(6);
	write_file(file, "scan", 4);
	write_file(file, "scan", 4);
	fd = open(file, O_RDONLY);
	while (fd >= 0 && len < (ssize_t)sizeof(buf) &&
	       (n = read(fd, buf + len, sizeof(buf) - len)) > 0)
		len += n;
	snprintf(path, sizeof(path), "%s/leaks", ctl);
	if (fd < 0 || write_file(path, buf, len))
		die(file);
}

static void save_log(void)
{
	int size = klogctl(10, NULL, 0);
	char *buf = malloc(size);
	char path[512];

	size = klogctl(3, buf, size);
	snprintf(path, sizeof(path), "%s/dmesg", ctl);
	if (size < 0 || write_file(path, buf, size))
		die(path);
}

int main(void)
{
	char path[512], text[32];
	int status;

	mkdir("/proc", 0755);
	mount("dev", "/dev", "devtmpfs", 0, NULL);
	mount("proc", "/proc", "proc", 0, NULL);
	dup2(open("/dev/console", O_RDWR), 0);
	dup2(0, 1);
	dup2(0, 2);
	read_cmdline();
	load_modules();
	enter_root();
	fill_root();
	net_up("lo", NULL);
	read_settings();
	if (modules[0])
		mount_modules();

	status = run_command();
	if (leaks)
		find_leaks();
	save_log();
	snprintf(path, sizeof(path), "%s/status", ctl);
	snprintf(text, sizeof(text), "exit %d\n", status);
	if (write_file(path, text, strlen(text)))
		die(path);
	sync();
	reboot(LINUX_REBOOT_CMD_RESTART);
	return 0;
}
