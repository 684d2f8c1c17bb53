/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_TESTS_FAKE_WORKER_H
#define TENURE_TESTS_FAKE_WORKER_H

/*
 * Stands in for worker.c: no process, and the test says what the worker would. A worker that lies, or is told to end, is
 * gone as a real one would be, and waits for the test to start it again.
 */

#include "daemon/tenured/worker.h"

struct worker {
	struct worker_hooks hooks;
	char tenant[32];
	unsigned number; /* of all that were made */
	bool running, started, lied;
	unsigned restarts;
	char cookie[64]; /* of START; "": none */
	struct sync_packet sent; /* by worker_send, the last */
};

/* The tenant's, or NULL. */
struct worker *fake_worker(const char *tenant);
/* As if its process had just begun. */
void fake_hello(struct worker *w);
/* Hands the packet on. False: that was a lie, and it is gone. */
bool fake_say(struct worker *w, const struct sync_packet *p);
/* As if its process had died. */
void fake_die(struct worker *w);
/* What worker_account_find answers. */
extern int fake_account;

#endif
