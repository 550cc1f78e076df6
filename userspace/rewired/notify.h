/* SPDX-License-Identifier: MIT */
#ifndef REWIRED_NOTIFY_H
#define REWIRED_NOTIFY_H

/**
 * notify_manager - tell the service manager, if there is one, how we are
 * @state: "READY=1", "STOPPING=1" ...
 */
void notify_manager(const char *state);

#endif /* REWIRED_NOTIFY_H */
