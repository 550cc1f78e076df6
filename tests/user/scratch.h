/* SPDX-License-Identifier: MIT */
#ifndef TESTS_USER_SCRATCH_H
#define TESTS_USER_SCRATCH_H

/* A new empty folder, to be removed with all in it by scratch_remove(). */
char *scratch_make(void);
void scratch_remove(char *folder);

/* "FOLDER/name", in a buffer that the next eight calls leave alone. */
const char *scratch_path(const char *folder, const char *name);

#endif
