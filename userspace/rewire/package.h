/* SPDX-License-Identifier: MIT */
/*
 * rewire package, beyond making one.
 */
#ifndef REWIRE_CLI_PACKAGE_H
#define REWIRE_CLI_PACKAGE_H

/* argv[0] is the verb; the exit status is returned */
int package_show(int argc, char **argv);
int package_authorise(int argc, char **argv);

#endif
