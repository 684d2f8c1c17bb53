/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The journal on a disk that fails. Begun anew, and killed or failing at each call that writes: whatever happens, the host
 * goes on knowing who is bound to whom and which uids are nobody's (T50). Segments that are full. And how often a crowd
 * that ends at once waits for the disk.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/paths.h"
#include "tests/fault/disk.h"
#include "tests/unit/cmocka_test.h"
#include "tests/unit/engine_fixture.h"

#define SEGMENT	  "var/lib/tenure/journal/journal-00000000000000000001.jsonl"
#define DIRECTORY "etc/tenure/directory.d/contoso.conf"
#define HOUR	  (3600 * NS_PER_S)
#define UID_NEW_BOB 1002u

/* Damaged, with a binding (bob) and a retired uid (dave's); meanwhile bob's account and dave's uid are somebody else's. */
static struct engine_fixture *damaged_host(void **state)
{
	struct engine_fixture *f;

	(void)engine_fixture_setup(state);
	f = *state;
	fixture_edit(f, DIRECTORY, "{ name = \"dave\"; uid = 1900000004; }", "{ name = \"dave\"; uid = 1900000005; }");
	fixture_reload(f);
	fixture_stop(f);
	fixture_edit(f, SEGMENT, "\"event\":\"start\"", "\"event\":\"stort\"");
	fixture_edit(f, "etc/passwd", "bob:x:1001", "bob:x:1002");
	fixture_edit(f, DIRECTORY, "{ name = \"bob\"; },", "{ name = \"bob\"; }, { name = \"erin\"; uid = 1900000004; },");
	return f;
}

/* Neither has anything of who was there before. */
static void check_nobody(struct engine_fixture *f, const char *how, unsigned call)
{
	struct actor who;
	const int bob = engine_actor(f->engine, UID_NEW_BOB, UID_NEW_BOB, &who);
	const bool bob_is_governed = bob == 0 && who.governed;
	const int erin = engine_actor(f->engine, UID_DAVE, UID_DAVE, &who);

	if (bob_is_governed || bob == 0 || (erin == 0 && who.governed))
		fail_msg("%s at call %u: new bob %d, erin %d", how, call, bob, erin);
}

static int reset(struct engine_fixture *f)
{
	const struct actor root = fixture_actor(f, 0);

	return engine_journal_reset(f->engine, &root, "journal", "looked at it");
}

static void inject(enum fault fault, unsigned at)
{
	disk.fault = fault;
	disk.at = at;
	disk.error = ENOSPC;
	disk.calls = 0;
	disk.counting = fault != FAULT_NONE;
}

/* In a child that the fault may kill: its exit status; *ret_calls: how many calls the whole reset takes. */
static int reset_in_child(struct engine_fixture *f, enum fault fault, unsigned at)
{
	pid_t child = fork();
	int status;

	assert_true(child >= 0);
	if (child == 0) {
		if (engine_new(&f->clock.source, &f->engine) < 0 || engine_start(f->engine, "test") < 0)
			_exit(1);
		inject(fault, at);
		_exit(reset(f) == 0 ? 0 : 2);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* Whatever was left, root gets a journal again, and it says what it has to. */
static void recover(struct engine_fixture *f, const char *how, unsigned call)
{
	fixture_start(f);
	check_nobody(f, how, call);
	if (engine_degraded(f->engine)) {
		if (reset(f) < 0)
			fail_msg("%s at call %u: it cannot be reset: %s", how, call, engine_degraded(f->engine));
		check_nobody(f, how, call);
	}
	fixture_restart(f);
	assert_null(engine_degraded(f->engine));
	assert_int_equal(fixture_count_events(f, "journal-reset"), 1);
	check_nobody(f, how, call);
}

static void test_T50_a_reset_that_is_killed_forgets_nobody(void **unused)
{
	void *state = NULL;
	unsigned killed = 0;

	for (int mode = FAULT_KILL_BEFORE; mode <= FAULT_KILL_AFTER; mode++)
		for (unsigned at = 0;; at++) {
			struct engine_fixture *f = damaged_host(&state);
			const int ended = reset_in_child(f, (enum fault)mode, at);

			if (ended != KILLED && ended != 0)
				fail_msg("mode %d, call %u: the child ended with %d", mode, at, ended);
			recover(f, mode == FAULT_KILL_BEFORE ? "killed before" : "killed after", at);
			(void)engine_fixture_teardown(&state);
			if (ended == 0)
				break;
			killed++;
		}
	assert_true(killed > 10);
}

static void test_a_reset_that_fails_can_be_tried_again(void **unused)
{
	void *state = NULL;
	unsigned failed = 0;

	for (unsigned at = 0; at < 12; at++) {
		struct engine_fixture *f = damaged_host(&state);
		int r;

		fixture_start(f);
		inject(FAULT_ERROR_ONCE, at);
		r = reset(f);
		inject(FAULT_NONE, 0);
		if (r < 0) {
			failed++;
			assert_non_null(engine_degraded(f->engine));
			check_nobody(f, "failed", at);
			assert_int_equal(reset(f), 0);
		}
		(void)engine_tick(f->engine);
		assert_null(engine_degraded(f->engine));
		fixture_stop(f);
		recover(f, "failed", at);
		(void)engine_fixture_teardown(&state);
	}
	assert_true(failed > 3);
}

/* --- segments that are full --- */

static struct journal *open_journal(struct engine_fixture *f, struct journal_report *report)
{
	struct journal *j;

	assert_int_equal(journal_open(tenure_path(PATH_JOURNAL), &f->clock.source, NULL, NULL, report, &j), 0);
	return j;
}

/* Lines of about 60 KB until so many bytes are in it, or one is refused: then its error. */
static int fill(struct journal *j, size_t bytes, size_t *ret_lines)
{
	char *big = malloc(60000);
	uint64_t seq;
	int r = 0;

	assert_non_null(big);
	memset(big, 'x', 59999);
	big[59999] = '\0';
	for (*ret_lines = 0; r == 0 && *ret_lines < bytes / 60000; (*ret_lines)++)
		r = journal_append(j, "request", json_pack("{s:s}", "reason", big), &seq);
	free(big);
	return r;
}

/* The rest of a write that failed is cut where it stands, not in the segment that is begun next. */
static void test_a_torn_tail_of_a_full_segment_is_cut(void **state)
{
	struct engine_fixture *f = *state;
	struct journal_report report;
	struct journal *j = open_journal(f, &report);
	uint64_t seq;
	size_t lines;

	assert_int_equal(fill(j, JOURNAL_SEGMENT_MAX + 60000, &lines), 0);
	inject(FAULT_ERROR_ON, 0);
	assert_int_equal(journal_append(j, "request", json_pack("{s:s}", "reason", "half of it"), &seq), -ENOSPC);
	inject(FAULT_NONE, 0);
	assert_int_equal(journal_retry(j), 0);
	assert_int_equal(journal_append(j, "request", NULL, &seq), 0);
	journal_close(j);
	j = open_journal(f, &report);
	if (report.damaged)
		fail_msg("%s", report.damage);
	assert_int_equal(report.verified, lines + 3); /* degrade, recover, request */
	journal_close(j);
}

/* Without a descriptor for the next one, the old one grows on, but not beyond what can be read again. */
static void test_a_segment_does_not_grow_past_reading(void **state)
{
	struct engine_fixture *f = *state;
	struct rlimit few, many;
	struct journal_report report;
	struct journal *j = open_journal(f, &report);
	uint64_t seq;
	size_t lines;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &many), 0);
	few = (struct rlimit){1, many.rlim_max};
	assert_int_equal(fill(j, JOURNAL_SEGMENT_MAX, &lines), 0);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	assert_int_equal(fill(j, 20 * JOURNAL_SEGMENT_MAX, &lines), -EMFILE);
	assert_in_range(lines, 1, JOURNAL_SEGMENT_MAX / 60000);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &many), 0);
	assert_int_equal(journal_retry(j), 0);
	assert_int_equal(journal_append(j, "request", NULL, &seq), 0);
	journal_close(j);
	j = open_journal(f, &report);
	assert_false(report.damaged);
	journal_close(j);
}

/* --- how often it waits for the disk --- */

static void add_users(struct engine_fixture *f, unsigned count)
{
	char *text = calloc(1, 64u * count + 64), *at = text;

	assert_non_null(text);
	at += sprintf(at, "{ name = \"bob\"; }");
	for (unsigned i = 0; i < count; i++)
		at += sprintf(at, ", { name = \"u%u\"; uid = %u; }", i, 1900001000u + i);
	fixture_edit(f, DIRECTORY, "{ name = \"bob\"; }", text);
	fixture_reload(f);
	free(text);
}

static void test_a_hundred_ends_wait_for_the_disk_a_few_times(void **state)
{
	static const uid_t uids[] = {UID_ALICE, UID_BOB, UID_DAVE, 1900001000u};
	struct engine_fixture *f = *state;
	const struct request *r;

	fixture_edit(f, DIRECTORY, "\"dave\" ]; },", "\"dave\", \"u0\" ]; },");
	add_users(f, 1);
	for (size_t i = 0; i < 100; i++)
		assert_int_equal(fixture_request(f, uids[i % ARRAY_LENGTH(uids)], "quick", &r), 0);
	disk.syncs = 0;
	fixture_pass(f, HOUR);
	assert_int_equal(fixture_count_events(f, "expire"), 100);
	assert_int_equal(fixture_granted(f, "postgres"), 0);
	assert_in_range(disk.syncs, 1, 5);
}

static void test_a_hundred_deleted_users_wait_for_the_disk_a_few_times(void **state)
{
	struct engine_fixture *f = *state;
	char *before = fixture_read(f, DIRECTORY);

	add_users(f, 100);
	fixture_write(f, DIRECTORY, before);
	free(before);
	disk.syncs = 0;
	fixture_reload(f);
	assert_int_equal(fixture_count_events(f, "retire"), 100);
	assert_in_range(disk.syncs, 1, 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_T50_a_reset_that_is_killed_forgets_nobody),
		cmocka_unit_test(test_a_reset_that_fails_can_be_tried_again),
		cmocka_unit_test_setup_teardown(test_a_torn_tail_of_a_full_segment_is_cut, engine_fixture_setup_host,
						engine_fixture_teardown),
		cmocka_unit_test_setup_teardown(test_a_segment_does_not_grow_past_reading, engine_fixture_setup_host,
						engine_fixture_teardown),
		cmocka_unit_test_setup_teardown(test_a_hundred_ends_wait_for_the_disk_a_few_times, engine_fixture_setup,
						engine_fixture_teardown),
		cmocka_unit_test_setup_teardown(test_a_hundred_deleted_users_wait_for_the_disk_a_few_times,
						engine_fixture_setup, engine_fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
