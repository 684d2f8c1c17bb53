/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_TESTS_PAM_BROKER_H
#define TENURE_TESTS_PAM_BROKER_H

/*
 * Somebody on the broker's socket, in a thread: takes a message, gives the next answer of its script, and so on. An
 * answer may be anything; FAKE_HANG keeps silent with the connection open, FAKE_CLOSE closes it at once.
 */

#include <stddef.h>

#define FAKE_HANG  "hang"
#define FAKE_CLOSE "close"

struct fake_broker;

/* Listens on the path. answers: ended by NULL, for each connection anew; they outlive it. Asserts on failure. */
struct fake_broker *fake_broker_start(const char *path, const char *const *answers);
/* Stops, and takes the socket away. */
void fake_broker_stop(struct fake_broker *b);
/* What it was sent so far, a line each. */
const char *fake_broker_heard(struct fake_broker *b);
/* Makes it forget that. Words still under way may come behind it. */
void fake_broker_forget(struct fake_broker *b);

#endif
