/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of the SM have in common: whose they are, why they refused,
 * and one way through ioctl().
 */
#ifndef REWIRE_CHARDEV_H
#define REWIRE_CHARDEV_H

#include <linux/fs.h>
#include <linux/mutex.h>

#include "sm.h"

/**
 * struct rewire_file - file->private_data of every file of the SM
 * @sm: its SM; holds a reference to the namespace
 * @object: enclave, checkpoint or session; NULL for /dev/rewire
 * @lock: protects the rest
 * @error: of the last refused command, positive
 * @why: the sentence
 */
struct rewire_file {
	struct rewire_sm *sm;
	void *object;
	struct mutex lock;	/* a leaf */
	int error;
	struct rewire_why why;
};

struct rewire_file *rewire_file_create(struct rewire_sm *sm, void *object);
void rewire_file_free(struct rewire_file *rfile);
long rewire_file_result(struct rewire_file *rfile, long result,
			const struct rewire_why *why);

/**
 * struct rewire_context - one command in work
 * @rfile: on which file
 * @why: for the sentence
 * @out: set by the command: a file that the caller shall get
 * @fd: set with @out: where in the struct its number goes
 */
struct rewire_context {
	struct rewire_file *rfile;
	struct rewire_why why;
	struct file *out;
	s32 *fd;
};

/**
 * struct rewire_command - a row of an ioctl table
 * @cmd: REWIRE_*
 * @size: of its struct
 * @least: of its struct as it was first; whoever gives no more gets no more
 * @audited: a refusal is told on the channel of events
 * @run: gets the struct in kernel memory; it is copied back whatever happens
 */
struct rewire_command {
	unsigned int cmd;
	u32 size;
	u32 least;
	bool audited;
	int (*run)(struct rewire_context *context, void *arg);
};

#define REWIRE_COMMAND(name, type, function)				\
	{ .cmd = name, .size = sizeof(struct type),			\
	  .least = sizeof(struct type), .run = function }

/* whose struct ended with @last once */
#define REWIRE_GROWN_COMMAND(name, type, last, function)		\
	{ .cmd = name, .size = sizeof(struct type),			\
	  .least = offsetofend(struct type, last), .run = function }

/* a command that carries somebody's signature */
#define REWIRE_SIGNED_COMMAND(name, type, function)			\
	{ .cmd = name, .size = sizeof(struct type),			\
	  .least = sizeof(struct type), .audited = true, .run = function }

long rewire_dispatch(struct file *file, const struct rewire_command *table,
		     size_t rows, unsigned int cmd, unsigned long arg);

#endif
