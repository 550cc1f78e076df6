/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef REWIRE_DEVICE_H
#define REWIRE_DEVICE_H

int rewire_device_init(void);
void rewire_device_exit(void);

#endif
