/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_TESTS_ENGINE_FIXTURE_H
#define TENURE_TESTS_ENGINE_FIXTURE_H

/*
 * A host of the test's own: root below /tmp, the configuration of the examples (more or less), a clock that stands
 * still until it is told, and an engine on top.
 */

#include "common/snapshot/index.h"
#include "daemon/tenured/engine.h"

struct test_clock {
	struct clock_source source;
	struct instant at;
};

struct engine_fixture {
	char root[64];
	struct test_clock clock;
	struct engine *engine;
};

/* 2026-03-02T13:00:00Z, half an hour after boot. */
#define TEST_NOW  INT64_C(1772456400000000000)
#define TEST_BOOT (1800 * NS_PER_S)

/* For cmocka: setup makes the host, the files and the engine; teardown removes all. */
int engine_fixture_setup(void **state);
/* The same without an engine. */
int engine_fixture_setup_host(void **state);
int engine_fixture_teardown(void **state);

void fixture_start(struct engine_fixture *f);
void fixture_stop(struct engine_fixture *f);
/* As after kill -9: nothing is said to the journal. */
void fixture_restart(struct engine_fixture *f);
/* Another boot: the clock's BOOTTIME begins anew. */
void fixture_reboot(struct engine_fixture *f, int64_t down_ns);
void fixture_pass(struct engine_fixture *f, int64_t ns);

/* name: below the root: "etc/tenure/tenure.conf". */
void fixture_write(struct engine_fixture *f, const char *name, const char *text);
char *fixture_read(struct engine_fixture *f, const char *name);
/* Replaces `from` by `to` in the file, once; it must be there. */
void fixture_edit(struct engine_fixture *f, const char *name, const char *from, const char *to);
void fixture_remove(struct engine_fixture *f, const char *name);
void fixture_mode(struct engine_fixture *f, const char *name, unsigned mode);
bool fixture_exists(struct engine_fixture *f, const char *name);
void fixture_reload(struct engine_fixture *f);

/* A second tenant, fabrikam, whose fred holds become:root; before the engine starts or before a reload. */
void fixture_bind_fabrikam(struct engine_fixture *f);
/* Its two files alone. */
void fixture_bind_fabrikam_files(struct engine_fixture *f);
#define UID_FRED 1910000001u

/* Is a problem with that id, at that place (NULL: anywhere), among those of the last load? */
bool fixture_has_problem(struct engine_fixture *f, const char *id, const char *place);
/* What the published index says of the uid, as a gate reads it. */
int fixture_governed(uid_t uid, struct index_login *ret);

/* A uid from the kernel, in a session of its own (login uid = uid). */
struct actor fixture_actor(struct engine_fixture *f, uid_t uid);
#define UID_ALICE 1900000001u
#define UID_CAROL 1900000003u
#define UID_DAVE  1900000004u
#define UID_BOB	  1001u /* a local account, mapped */

/* Requests `role` for uid with reason and step-up; returns the result, *ret set on 0. */
int fixture_request(struct engine_fixture *f, uid_t uid, const char *role, const struct request **ret);
/* How many live rows of that right the tenant's `grants` has now, read as a gate reads them. */
size_t fixture_granted(struct engine_fixture *f, const char *become);
/* How often that event stands in the journal. */
size_t fixture_count_events(struct engine_fixture *f, const char *event);

#endif
