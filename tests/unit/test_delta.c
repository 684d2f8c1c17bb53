/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Deltas of one change: what is written and what is not, kills at any system call, damage, full disks, restarts in the
 * midst of a compaction; and that nobody who reads meanwhile ever goes back in time.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/paths.h"
#include "common/snapshot/holders.h"
#include "tests/unit/cmocka_test.h"
#include "tests/unit/delta_bed.h"

#define NEW_YEAR (INT64_C(1798761600) * NS_PER_S) /* of 2027 */

static int count_key(void *context, const char *line)
{
	(*(size_t *)context)++;
	return 0;
}

static void test_only_what_a_change_touches_is_written(void **state)
{
	struct engine_fixture *f = *state;
	const uint64_t whole = whole_count(f);
	struct world_user u = person(3);

	assert_false(has_delta(f, "identity") || has_delta(f, "keys") || has_delta(f, "policy") || has_delta(f, "holders"));
	change_gecos(f, 3, "Other");
	assert_true(has_delta(f, "identity"));
	assert_false(has_delta(f, "keys") || has_delta(f, "policy") || has_delta(f, "holders"));
	assert_string_equal(gecos_of(3), "Other");
	assert_string_equal(gecos_of(4), "0");
	u.key = NULL;
	change(f, &u);
	assert_true(has_delta(f, "keys"));
	assert_false(has_delta(f, "policy"));
	assert_int_equal(keys_of(3), 0);
	assert_int_equal(keys_of(4), 1);
	disable(f, 4);
	assert_true(has_delta(f, "policy") && has_delta(f, "holders"));
	assert_false(is_enabled(4));
	assert_true(is_enabled(3));
	assert_int_equal(rows_of(4), 0);
	assert_true(rows_of(3) > 0);
	assert_int_equal(keys_of(4), 0);
	assert_int_equal(whole_count(f), whole);
}

static void test_who_is_disabled_loses_what_was_granted(void **state)
{
	struct engine_fixture *f = *state;
	const struct request *r;
	struct actor approver;

	assert_int_equal(fixture_request(f, UID(6), "operator", &r), 0);
	approver = fixture_actor(f, UID(30));
	assert_int_equal(engine_approve(f->engine, &approver, &r->id, "ok", true, &r), 0);
	assert_int_equal(r->state, REQUEST_ACTIVE);
	change_gecos(f, 6, "Still there");
	assert_int_equal(r->state, REQUEST_ACTIVE);
	disable(f, 6);
	assert_int_equal(r->state, REQUEST_REVOKED);
	/* And who leaves the group that made them eligible. */
	assert_int_equal(fixture_request(f, UID(7), "operator", &r), 0);
	approver = fixture_actor(f, UID(31));
	assert_int_equal(engine_approve(f->engine, &approver, &r->id, "ok", true, &r), 0);
	put_team(f, 1, 8, 2);
	world_commit(f, false);
	fixture_pass(f, 60 * NS_PER_S);
	assert_int_equal(r->state, REQUEST_REVOKED);
	assert_int_equal(whole_count(f), 1);
}

/* --- kills --- */

static void publish_traced(struct engine_fixture *f)
{
	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
		_exit(77);
	(void)raise(SIGSTOP);
	(void)engine_tick(f->engine);
	_exit(0);
}

/* 1: it had ended before; 77: no ptrace. */
static int kill_at(struct engine_fixture *f, unsigned n)
{
	pid_t child = fork();
	int status;

	if (child == 0)
		publish_traced(f);
	assert_true(child > 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	for (unsigned i = 0; i < n && WIFSTOPPED(status); i++) {
		assert_int_equal(ptrace(PTRACE_SYSCALL, child, NULL, NULL), 0);
		assert_int_equal(waitpid(child, &status, 0), child);
	}
	if (WIFEXITED(status))
		return WEXITSTATUS(status) == 0 ? 1 : WEXITSTATUS(status);
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	return 0;
}

static void remove_deltas(struct engine_fixture *f)
{
	static const char *const files[] = {"identity", "keys", "policy", "holders"};

	for (size_t i = 0; i < ARRAY_LENGTH(files); i++)
		(void)unlink(delta_path(f, files[i]));
}

static void test_a_broker_killed_at_any_system_call_leaves_old_or_new(void **state)
{
	struct engine_fixture *f = *state;
	struct world_user u = person(3);
	unsigned old = 0, new = 0, n = 1;
	int r = 0;

	u.disabled = true;
	u.gecos = "new";
	world_put_user(world_mirror(f), &u);
	world_commit(f, false);
	for (; r != 1; n++) {
		remove_deltas(f);
		r = kill_at(f, n);
		if (r == 77)
			skip_because("no ptrace");
		assert_true(strcmp(gecos_of(3), "0") == 0 || strcmp(gecos_of(3), "new") == 0);
		/* What takes away comes first: nobody is shown as new who may still log in. */
		if (strcmp(gecos_of(3), "new") == 0)
			assert_true(!is_enabled(3) && rows_of(3) == 0 && keys_of(3) == 0);
		*(is_enabled(3) ? &old : &new) += 1;
		assert_string_equal(gecos_of(4), "0");
	}
	assert_true(old > 5 && new > 5);
	fixture_restart(f);
	assert_string_equal(gecos_of(3), "new");
	assert_false(is_enabled(3));
}

/* --- damage --- */

static void spoil(const char *path, off_t at)
{
	const int fd = open(path, O_RDWR);
	struct stat st;
	uint8_t byte;

	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	if (at < 0) {
		assert_int_equal(ftruncate(fd, st.st_size / 2), 0);
	} else {
		assert_int_equal(pread(fd, &byte, 1, at), 1);
		byte ^= 0x10;
		assert_int_equal(pwrite(fd, &byte, 1, at), 1);
	}
	(void)close(fd);
}

static void test_a_damaged_delta_is_damage_of_the_whole(void **state)
{
	struct engine_fixture *f = *state;
	CLEANUP(identity_closep) struct identity *id = NULL;
	CLEANUP(policy_closep) struct policy *p = NULL;
	CLEANUP(holders_closep) struct holders *h = NULL;
	size_t count = 0;

	disable(f, 4);
	change_gecos(f, 5, "x");
	spoil(delta_path(f, "identity"), -1);
	spoil(delta_path(f, "keys"), -1);
	spoil(delta_path(f, "policy"), 60); /* of the header: another base's, or none */
	spoil(delta_path(f, "holders"), -1);
	assert_int_equal(identity_open(WORLD_TENANT, &id), -EBADMSG);
	assert_int_equal(policy_open(WORLD_TENANT, &p), -EBADMSG);
	assert_int_equal(holders_open(WORLD_TENANT, "holders", &h), -EBADMSG);
	assert_int_equal(keys_of_login(WORLD_TENANT, "user000003", count_key, &count), -EBADMSG);
	fixture_restart(f);
	assert_false(is_enabled(4));
	assert_string_equal(gecos_of(5), "x");
	assert_int_equal(keys_of(3), 1);
}

/* Whatever bit of the delta is flipped, the user stays out. */
static void stays_out(struct engine_fixture *f, unsigned n)
{
	struct stat st;
	char path[SNAPSHOT_PATH_MAX];

	(void)strcpy(path, delta_path(f, "policy"));
	assert_int_equal(stat(path, &st), 0);
	for (off_t at = 0; at < st.st_size; at++) {
		struct policy *p = NULL;
		struct policy_principal who;
		uint32_t i;

		spoil(path, at);
		if (policy_open(WORLD_TENANT, &p) == 0 && policy_principal_by_uid(p, UID(n), &i) == 0 &&
		    policy_principal(p, i, &who) == 0 && who.enabled)
			fail_msg("the bit in byte %ld lets him in again", (long)at);
		policy_close(p);
		spoil(path, at);
	}
}

static void test_no_flipped_bit_of_a_delta_lets_anybody_in(void **state)
{
	struct engine_fixture *f = *state;

	disable(f, 4);
	stays_out(f, 4);
	assert_false(is_enabled(4));
	world_delete_user(world_mirror(f), 24);
	world_commit(f, false);
	fixture_pass(f, 60 * NS_PER_S);
	stays_out(f, 24);
	stays_out(f, 4);
}

static void test_what_cannot_be_written_as_a_delta_is_published_whole(void **state)
{
	struct engine_fixture *f = *state;
	char path[SNAPSHOT_PATH_MAX];

	(void)strcpy(path, delta_path(f, "policy"));
	assert_int_equal(mkdir(path, 0755), 0); /* a rename onto it fails */
	disable(f, 4);
	assert_int_equal(whole_count(f), 2);
	assert_false(is_enabled(4));
	assert_int_equal(rows_of(4), 0);
	disable(f, 5);
	assert_int_equal(whole_count(f), 2);
	assert_false(is_enabled(5));
	(void)rmdir(path);
}

/* --- compaction --- */

static void test_a_compaction_keeps_what_changes_meanwhile(void **state)
{
	struct engine_fixture *f = *state;
	uint64_t before;

	disable(f, 4);
	change_gecos(f, 5, "before");
	before = policy_base_id(delta_of(f)->base.policy);
	engine_compact(f->engine, world_tenant(f));
	assert_true(engine_is_compacting(f->engine, world_tenant(f)));
	disable(f, 6);
	change_gecos(f, 5, "meanwhile");
	wait_for_compactor(f);
	assert_true(policy_base_id(delta_of(f)->base.policy) != before);
	assert_false(is_enabled(4) || is_enabled(6));
	assert_string_equal(gecos_of(5), "meanwhile");
	assert_true(has_delta(f, "policy"));
	disable(f, 7);
	engine_compact(f->engine, world_tenant(f));
	wait_for_compactor(f);
	assert_false(has_delta(f, "policy") || has_delta(f, "identity") || has_delta(f, "keys") || has_delta(f, "holders"));
	assert_false(is_enabled(4) || is_enabled(6) || is_enabled(7));
	assert_int_equal(whole_count(f), 1);
	assert_true(fixture_exists(f, "var/lib/tenure/tenants/fabrikam/identity"));
	assert_false(fixture_exists(f, "var/lib/tenure/tenants/fabrikam/identity.next"));
}

static void test_a_compaction_that_fails_is_a_whole_publication(void **state)
{
	struct engine_fixture *f = *state;

	disable(f, 4);
	engine_compact(f->engine, world_tenant(f));
	assert_int_equal(kill(delta_of(f)->compactor, SIGKILL), 0);
	wait_for_compactor(f);
	fixture_pass(f, 60 * NS_PER_S);
	assert_int_equal(whole_count(f), 2);
	assert_false(is_enabled(4));
	assert_true(engine_is_current(f->engine, world_tenant(f)));
}

static void test_a_restart_takes_the_rest_of_a_compaction_away(void **state)
{
	struct engine_fixture *f = *state;
	char stale[SNAPSHOT_PATH_MAX];

	disable(f, 4);
	(void)strcpy(stale, delta_path(f, "policy"));
	fixture_write(f, "var/lib/tenure/tenants/fabrikam/identity.next", "half");
	engine_compact(f->engine, world_tenant(f));
	fixture_restart(f);
	assert_false(fixture_exists(f, "var/lib/tenure/tenants/fabrikam/identity.next"));
	assert_int_equal(access(stale, F_OK), -1);
	assert_false(is_enabled(4));
}

static void test_a_tenant_that_is_unbound_leaves_nothing(void **state)
{
	struct engine_fixture *f = *state;

	disable(f, 4);
	change_gecos(f, 5, "x");
	fixture_edit(f, "etc/tenure/tenure.conf", "[ \"fabrikam\" ]", "[ \"contoso\" ]");
	fixture_reload(f);
	assert_false(fixture_exists(f, "var/lib/tenure/tenants/fabrikam"));
}

/* Reads all along; numbers may only grow. */
static void read_on(struct engine_fixture *f, int stop)
{
	unsigned long last = 0, reads = 0;
	char byte;

	while (read(stop, &byte, 1) < 0 && errno == EAGAIN) {
		CLEANUP(identity_closep) struct identity *id = NULL;
		CLEANUP(policy_closep) struct policy *p = NULL;
		struct policy_principal who;
		struct identity_user u;
		unsigned long now;
		uint32_t i;

		if (identity_open(WORLD_TENANT, &id) < 0 || identity_user_by_uid(id, UID(3), &u) < 0)
			_exit(2);
		now = strtoul(u.gecos, NULL, 10);
		/* The policy of that change was in place before; its date says which it is. */
		if (policy_open(WORLD_TENANT, &p) < 0 || policy_principal_by_uid(p, UID(3), &i) < 0 ||
		    policy_principal(p, i, &who) < 0 || (unsigned long)((who.end_ns - NEW_YEAR) / (60 * NS_PER_S)) < now)
			_exit(3);
		if (now < last)
			_exit(4);
		last = now;
		reads++;
	}
	_exit(reads > 100 && last > 0 ? 0 : 5);
}

static void test_readers_never_go_back_in_time(void **state)
{
	struct engine_fixture *f = *state;
	char text[32], end[40];
	int stop[2], status;
	pid_t reader;

	assert_int_equal(pipe2(stop, O_NONBLOCK | O_CLOEXEC), 0);
	reader = fork();
	if (reader == 0) {
		(void)close(stop[1]);
		read_on(f, stop[0]);
	}
	for (unsigned i = 1; i <= 400; i++) {
		struct world_user u = person(3);

		(void)snprintf(text, sizeof(text), "%u", i);
		(void)snprintf(end, sizeof(end), "2027-01-01T%02u:%02u:00Z", i / 60, i % 60);
		u.gecos = text;
		u.end = end;
		change(f, &u);
		if (i % 20 == 0)
			engine_compact(f->engine, world_tenant(f));
		if (i % 20 > 14)
			usleep(2000);
	}
	wait_for_compactor(f);
	(void)close(stop[1]);
	assert_int_equal(waitpid(reader, &status, 0), reader);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, delta_setup, engine_fixture_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_only_what_a_change_touches_is_written),
		TEST(test_who_is_disabled_loses_what_was_granted),
		TEST(test_a_broker_killed_at_any_system_call_leaves_old_or_new),
		TEST(test_a_damaged_delta_is_damage_of_the_whole),
		TEST(test_no_flipped_bit_of_a_delta_lets_anybody_in),
		TEST(test_what_cannot_be_written_as_a_delta_is_published_whole),
		TEST(test_a_compaction_keeps_what_changes_meanwhile),
		TEST(test_a_compaction_that_fails_is_a_whole_publication),
		TEST(test_a_restart_takes_the_rest_of_a_compaction_away),
		TEST(test_a_tenant_that_is_unbound_leaves_nothing),
		TEST(test_readers_never_go_back_in_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
