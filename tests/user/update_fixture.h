/* SPDX-License-Identifier: MIT */
/* Packages as an SDS makes them, for tests without an SM. */
#ifndef TESTS_USER_UPDATE_FIXTURE_H
#define TESTS_USER_UPDATE_FIXTURE_H

#include "test.h"

#include <rewire_update.h>

#define FIXTURE_PAYLOAD	12345

/**
 * struct package_file - a package, and its file
 * @package: in it
 * @manifest: in it
 * @data: the file
 * @length: its bytes
 */
struct package_file {
	struct rewire_package package;
	struct rewire_manifest manifest;
	__u8 data[REWIRE_MAX_ORDER];
	size_t length;
};

/* A folder with a PKI and a host "alpha"; for a whole group of tests. */
int fixture_set_up(void **state);
int fixture_tear_down(void **state);

extern char *fixture_folder;

/* Members that tests do not care about. */
void fixture_defaults(struct package_file *file);

/* Sign what is in @file->package and ->manifest, and write the file. */
void fixture_sign(struct package_file *file, size_t roots);

/* A wrap's file. Return: its bytes. */
size_t fixture_wrap(const struct package_file *file, __u8 data[REWIRE_MAX_WRAP]);

#endif
