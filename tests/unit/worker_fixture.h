/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_TESTS_UNIT_WORKER_FIXTURE_H
#define TENURE_TESTS_UNIT_WORKER_FIXTURE_H

/*
 * Workers below a root of the test's own. Where tenure-sync would be is a copy of tests/unit/sync_confined (its own
 * main.c and confinement, sync_serve as in sync_stand_in.c), sync_bare, or a script. The linker wraps loop_in_ms and
 * syscall.
 */

#include "tests/unit/cmocka_test.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/tenured/worker_internal.h"

#define WORKER_UID  1900000099
#define WORKER_GID  1900000098
#define PATIENCE_MS 30000 /* a generous end of each wait */
#define PASSWORD    "sesame open"
#define AUTHORITY   "-----BEGIN CERTIFICATE-----\n"

/* One worker and what it said. */
struct side {
	struct loop *loop;
	struct worker *worker;
	unsigned hellos, gones, troubles, results, alives, dones;
	unsigned flags; /* of HELLO */
	char why[128], trouble_id[32], trouble_place[PATH_MAX], trouble_text[256];
	char text[SYNC_FIELD_MAX + 1]; /* of RESULT */
	uint8_t entry[SYNC_PACKET_MAX], cookie[SYNC_COOKIE_MAX];
	size_t entry_len, cookie_len;
	int64_t back_off_ms; /* before the next start, as of the last end */
	enum { FREES_NEVER, FREES_AT_HELLO, FREES_AT_PACKET, FREES_AT_GONE } frees;
};

struct bench {
	char root[64];
	struct loop *loop;
	char *uris[2], *base;
	char password_file[PATH_MAX], ca_file[PATH_MAX];
	struct tenant_config tenant;
	struct side a, b;
};

/* Time runs so many times faster for deadlines. */
extern int64_t hurry;
int64_t __real_loop_in_ms(int64_t ms);
int64_t __wrap_loop_in_ms(int64_t ms);
/* clone into namespaces fails with this errno; 0: it does not. */
extern int namespaces_fail;
long __real_syscall(long number, ...);
long __wrap_syscall(long number, long a, long b, long c, long d, long e, long f);

int bench_setup(void **state);
int bench_teardown(void **state);
void bench_write(const char *path, const char *text, mode_t mode);
/* What is executed from now on: a program of tests/unit, or a line for sh. */
void bench_use(const struct bench *b, const char *program);
void bench_use_script(const struct bench *b, const char *line);

/* Starts it, and waits for its HELLO. */
void side_new(struct bench *b, struct side *s);
void side_start(struct bench *b, struct side *s);
void side_free(struct side *s);
/* Has it done; the text of its RESULT, or NULL: it is gone since. */
const char *side_ask(struct side *s, const char *what, const char *with);
void side_send(struct side *s, const char *what, const char *with);

#define TURN_UNTIL(l, condition)                                                                                       \
	do {                                                                                                           \
		const int64_t turn_end = __real_loop_in_ms(PATIENCE_MS);                                               \
		while (!(condition) && __real_loop_in_ms(0) < turn_end)                                                \
			assert_int_equal(loop_turn((l), 20), 0);                                                       \
		assert_true(condition);                                                                                \
	} while (0)
void turn_for(struct loop *l, int64_t ms);
/* No process has it, or what is left waits for init. */
bool is_gone(pid_t pid);

#endif
