/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The session phase without a broker, or with one that hangs: contained all the same, or denied. */
#include "tests/unit/cmocka_test.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tests/pam/broker.h"
#include "tests/pam/record.h"
#include "tests/pam/world.h"

static int setup(void **state)
{
	world_setup("enforce");
	world_grant("alice", "db-operator", 600);
	fake->uid = UID_ALICE;
	return 0;
}

static int teardown(void **state)
{
	world_teardown();
	return 0;
}

static struct fake_broker *start_broker(const char *const *answers)
{
	return fake_broker_start(world_path("/run/tenure/root.sock"), answers);
}

static char record[4096];

static void assert_contained(void)
{
	assert_true(record_take(record, sizeof(record)));
}

static void test_without_a_broker_the_session_is_contained_all_the_same(void **state)
{
	fake->cgroup2 = true;
	assert_int_equal(world_session("sudo", "root"), PAM_SUCCESS);
	assert_contained();
	assert_non_null(strstr(record, "version=1\nid="));
	assert_non_null(strstr(record, "\nkind=gate\nservice=sudo\ninvoker=1900000001\ntarget=root\npid="));
	assert_non_null(strstr(record, "\nrole=db-operator\nrequest=abcd0000-"));
	assert_non_null(strstr(record, "\nend="));
	assert_non_null(strstr(record, "\nboot_end="));
	assert_non_null(strstr(record, "\ncgroup=/tenure.slice/tenure-"));
	assert_true(logged("tenured does not answer"));
	/* a standing right has no end and no grant */
	fake->uid = UID_ERIN;
	assert_int_equal(world_session("sudo", "root"), PAM_SUCCESS);
	assert_contained();
	assert_null(strstr(record, "\nend="));
	assert_null(strstr(record, "\nrequest="));
}

/* It ends with the date, which is a time of the calendar alone. */
static void test_without_a_broker_a_dated_group_has_its_end_on_record(void **state)
{
	fake->cgroup2 = true;
	fake->uid = 0;
	assert_int_equal(world_session("sshd", "hank"), PAM_SUCCESS);
	assert_contained();
	assert_non_null(strstr(record, "\nkind=login\nservice=sshd\ninvoker=1900000011\ntarget=hank\ngroups=adm\n"));
	assert_non_null(strstr(record, "\nrole=log-reader\nend="));
	assert_null(strstr(record, "\nboot_end="));
	assert_int_equal(fake->group_count, 1);
	assert_int_equal(fake->groups[0], 4);
}

static void test_without_a_broker_what_has_ended_is_denied(void **state)
{
	char name[128];

	fake->cgroup2 = true;
	world_grant("alice", "db-operator", -1);
	assert_int_equal(world_session("sudo", "root"), PAM_PERM_DENIED);
	assert_false(record_find(name, sizeof(name)));
}

static void test_a_record_in_which_nothing_runs_is_forgotten(void **state)
{
	char name[128], path[256], pid[32];
	pam_handle_t *pamh = world_start("sudo", "root");
	FILE *f;

	fake->cgroup2 = true;
	assert_int_equal(pam_open_session(pamh, 0), PAM_SUCCESS);
	assert_true(record_find(name, sizeof(name)));
	(void)snprintf(path, sizeof(path), "/cgroup/tenure.slice/tenure-%.36s/cgroup.procs", name);
	f = fopen(world_path(path), "we"); /* as the kernel would show it */
	assert_non_null(f);
	(void)snprintf(pid, sizeof(pid), "%d\n", (int)getpid());
	assert_true(fputs(pid, f) >= 0);
	fclose(f);
	assert_int_equal(pam_close_session(pamh, 0), PAM_SUCCESS);
	assert_false(record_find(name, sizeof(name)));
	world_end(pamh);
}

static void test_no_cgroup_no_session(void **state)
{
	assert_int_equal(world_session("sudo", "root"), PAM_PERM_DENIED); /* mounted, but no cgroup2 */
	assert_string_equal(person.last_error, "Tenure: sessions cannot end here, so sudo is closed; "
					       "ask root for: tenure check");
	assert_true(logged("deny user=alice why=no-cgroup target=root"));
	fake->cgroup2 = true;
	assert_int_equal(unlink(world_path("/proc/self/mountinfo")), 0);
	assert_int_equal(close(open(world_path("/proc/self/mountinfo"), O_CREAT | O_WRONLY, 0600)), 0);
	assert_int_equal(world_session("sudo", "root"), PAM_PERM_DENIED);
}

static void test_no_record_no_session(void **state)
{
	fake->cgroup2 = true;
	assert_int_equal(close(open(world_path("/run/tenure/sessions"), O_CREAT | O_WRONLY, 0600)), 0);
	assert_int_equal(world_session("sudo", "root"), PAM_PERM_DENIED);
}

static int64_t monotonic_ms(void)
{
	struct timespec now;

	assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &now), 0);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* The wait has an end; how long the rest takes on a busy machine is not for a test to say. */
static void test_a_broker_that_hangs(void **state)
{
	static const char *const hangs[] = {FAKE_HANG, NULL};
	struct fake_broker *b = start_broker(hangs);
	int64_t before = monotonic_ms();

	fake->cgroup2 = true;
	assert_int_equal(world_session("sudo", "root"), PAM_SUCCESS);
	assert_true(monotonic_ms() - before >= 1900);
	assert_contained();
	fake_broker_stop(b);
}

static void test_a_broker_that_dies_in_the_middle(void **state)
{
	static const char *const closes[] = {FAKE_CLOSE, NULL};
	struct fake_broker *b = start_broker(closes);

	fake->cgroup2 = true;
	assert_int_equal(world_session("sudo", "root"), PAM_SUCCESS);
	assert_contained();
	fake_broker_stop(b);
}

static void test_a_socket_that_nobody_serves(void **state)
{
	struct fake_broker *b = start_broker((const char *const[]){NULL});
	char kept[256], path[256];

	(void)snprintf(path, sizeof(path), "%s", world_path("/run/tenure/root.sock"));
	(void)snprintf(kept, sizeof(kept), "%s", world_path("/run/tenure/kept.sock"));
	assert_int_equal(rename(path, kept), 0);
	fake_broker_stop(b);
	assert_int_equal(rename(kept, path), 0);
	fake->cgroup2 = true;
	assert_int_equal(world_session("sudo", "root"), PAM_SUCCESS);
	assert_contained();
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_without_a_broker_the_session_is_contained_all_the_same),
		CASE(test_without_a_broker_a_dated_group_has_its_end_on_record),
		CASE(test_without_a_broker_what_has_ended_is_denied),
		CASE(test_a_record_in_which_nothing_runs_is_forgotten),
		CASE(test_no_cgroup_no_session),
		CASE(test_no_record_no_session),
		CASE(test_a_broker_that_hangs),
		CASE(test_a_broker_that_dies_in_the_middle),
		CASE(test_a_socket_that_nobody_serves),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
