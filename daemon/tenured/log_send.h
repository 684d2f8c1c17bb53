/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_TENURED_LOG_SEND_H
#define TENURE_TENURED_LOG_SEND_H

/*
 * Datagrams to the log's socket, in order, and never a wait: syslog(3) and sd_journal_sendv(3) wait for a log daemon that
 * does not read, for as long as that lasts, and grants have to end meanwhile. What it does not take waits in memory, up
 * to LOG_SEND_BYTES; what is more is lost, and counted. One log a process; a child of ours says its own and queues nothing.
 */

#include <stddef.h>

#include "common/base/result.h"

#define LOG_SEND_BYTES (1024u * 1024u)

/* path: borrowed for good. */
void log_send_open(const char *path);
void log_send(const void *data, size_t len);
/* Sends what waits. True: nothing waits any more. */
bool log_send_flush(void);
/* How many were lost since it was asked last. */
size_t log_send_lost(void);
/* fn is called when the first one begins to wait: log_send_flush is wanted from time to time. NULL: nobody is. */
void log_send_on_wait(void (*fn)(void *context), void *context);

#endif
