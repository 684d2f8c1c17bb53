/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_TESTS_UNIT_SERVER_FIXTURE_H
#define TENURE_TESTS_UNIT_SERVER_FIXTURE_H

/*
 * A real tenured (tenured-test) below a root of the test's own, with a tenant contoso, and peers that are processes of
 * other uids. Needs root; without it the program says so and exits 77.
 */

#include "common/wire/client.h"

#define ALICE	  1900000001u /* eligible for db-operator (step-up, approval of carol), fast (step-up), quick (nothing) */
#define CAROL	  1900000003u
#define READER	  1900000010u /* security-reader */
#define HELPER	  1900000011u /* helpdesk-administrator */
#define USER_UID(n) (1900000100u + (unsigned)(n)) /* u0, u1, ...: eligible for fast */
#define USERS	  60
#define STRANGER  4242u
#define PASSWORD  "correct horse"
#define PATIENCE_MS 30000 /* a generous end of each wait */

struct bed {
	char root[64];
	pid_t broker;
	unsigned descriptors; /* RLIMIT_NOFILE of the broker's next start; 0: as it is */
	const char *program;  /* of the broker's next start; NULL: tenured-test */
};

int bed_setup(void **state);
int bed_teardown(void **state);
void bed_start(struct bed *b);
void bed_stop(struct bed *b, int signal_number);
void bed_write(struct bed *b, const char *name, const char *text, unsigned mode);
/* Below the root; the buffer is static. */
const char *bed_path(const struct bed *b, const char *name);
/* Runs fn in a process of that uid and login uid (NO_LOGIN: leave it); the exit code is fn's. */
#define NO_LOGIN ((unsigned)-1)
typedef int (*peer_fn)(struct bed *b, void *argument);
pid_t bed_spawn(struct bed *b, unsigned uid, unsigned login_uid, peer_fn fn, void *argument);
int bed_wait(pid_t pid);
int bed_as(struct bed *b, unsigned uid, unsigned login_uid, peer_fn fn, void *argument);
bool bed_can_set_login_uid(void);

/* In a peer: connects, or ends the process with code 99. */
struct wire_client *peer_connect(const struct bed *b, bool privileged);
/* A bare connection to the public socket. */
int peer_connect_raw(const struct bed *b);
/* One whole call; takes parameters. answers: for prompts, NULL-ended, or NULL. "": no error; "closed": no reply. */
const char *peer_call(struct wire_client *c, const char *method, json_t *parameters, const char *const *answers,
		      json_t **ret);
/* The same on a connection of its own. */
const char *peer_ask(const struct bed *b, const char *method, json_t *parameters, const char *const *answers, json_t **ret);
/* Waits for the first event named so; other events are passed over. True: it came. */
bool peer_await(struct wire_client *c, const char *event, json_t **ret);
/* How many requests are pending; 99: not told. Fit for bed_as. */
int peer_count_pending(struct bed *b, void *argument);

/* Children of the broker that live. */
unsigned bed_helpers(const struct bed *b);
/* Waits until there are so many. */
bool bed_await_helpers(const struct bed *b, unsigned count);
bool bed_answers(struct bed *b, unsigned uid);

#endif
