/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* fresh: how old a directory's last answer is, for every clock that somebody may have turned; damage is no answer. */
#include "tests/unit/cmocka_test.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/paths.h"
#include "common/base/safe_file.h"
#include "common/snapshot/fresh_format.h"
#include "tests/unit/snapshot_fixture.h"

#define HOUR (3600 * NS_PER_S)

static struct fixture f;
static const struct uuid boot = {.bytes = {1}}, other_boot = {.bytes = {2}}, tenant = {.bytes = {3}};

static int setup(void **state)
{
	char path[PATH_MAX];

	if (!fixture_setup(&f))
		return -1;
	(void)snprintf(path, sizeof(path), "%s/tenants", tenure_path(PATH_STATE));
	(void)mkdir(path, 0755);
	(void)snprintf(path, sizeof(path), "%s/tenants/contoso", tenure_path(PATH_STATE));
	(void)mkdir(path, 0755);
	return 0;
}

static int teardown(void **state)
{
	fixture_teardown(&f);
	return 0;
}

static struct fresh at(int64_t boottime_ns, int64_t realtime_ns)
{
	return (struct fresh){tenant, boot, boottime_ns, realtime_ns, 24 * HOUR, HOUR};
}

static void test_age(void **state)
{
	static const struct {
		struct instant now;
		bool rebooted;
		int64_t age;
	} cases[] = {
		{{101 * HOUR, 11 * HOUR}, false, HOUR},
		{{100 * HOUR, 10 * HOUR}, false, 0},
		/* set back: what passed since boot counts; set ahead: what the clock says */
		{{50 * HOUR, 12 * HOUR}, false, 2 * HOUR},
		{{200 * HOUR, 11 * HOUR}, false, 100 * HOUR},
		/* BOOTTIME does not run backwards */
		{{101 * HOUR, 9 * HOUR}, false, FRESH_UNKNOWN},
		{{101 * HOUR, 0}, true, HOUR},
		{{99 * HOUR, 500 * HOUR}, true, FRESH_UNKNOWN},
		{{-1, 0}, true, FRESH_UNKNOWN},
	};
	const struct fresh file = at(10 * HOUR, 100 * HOUR);

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
		if (fresh_age(&file, cases[i].rebooted ? &other_boot : &boot, &cases[i].now) != cases[i].age)
			fail_msg("case %zu: %lld", i,
				 (long long)fresh_age(&file, cases[i].rebooted ? &other_boot : &boot, &cases[i].now));
}

static void test_run_before_kept(void **state)
{
	struct fresh written = at(HOUR, 2 * HOUR), got;

	assert_int_equal(fresh_read("contoso", &got), -ENOENT);
	assert_int_equal(fresh_write("contoso", &written, true), 0);
	assert_int_equal(fresh_read("contoso", &got), 0);
	assert_memory_equal(&got, &written, sizeof(got));
	written.realtime_ns = 3 * HOUR;
	assert_int_equal(fresh_write("contoso", &written, false), 0);
	assert_int_equal(fresh_read("contoso", &got), 0);
	assert_int_equal(got.realtime_ns, 3 * HOUR);
	assert_int_equal(fresh_remove("contoso"), 0);
	assert_int_equal(fresh_read("contoso", &got), -ENOENT);
	assert_int_equal(fresh_remove("contoso"), 0);
}

static void test_names(void **state)
{
	struct fresh got, written = at(0, 0);

	assert_int_equal(fresh_read("../contoso", &got), -EINVAL);
	assert_int_equal(fresh_write("../contoso", &written, false), -EINVAL);
}

static void test_a_lease_runs_out(void **state)
{
	struct fresh file = at(0, 0);
	struct instant now;

	assert_int_equal(boot_id_read(&file.boot), 0);
	assert_int_equal(fresh_write("contoso", &file, false), 0);
	now = (struct instant){HOUR, HOUR};
	assert_false(fresh_is_over("contoso", &tenant, FRESH_GATE, &now)); /* as old as it may be */
	now = (struct instant){HOUR, HOUR + 1};
	assert_true(fresh_is_over("contoso", &tenant, FRESH_GATE, &now));
	assert_false(fresh_is_over("contoso", &tenant, FRESH_LOGIN, &now));
	now = (struct instant){24 * HOUR + 1, HOUR};
	assert_true(fresh_is_over("contoso", &tenant, FRESH_LOGIN, &now));
	now = (struct instant){0, 0};
	assert_false(fresh_is_over("contoso", &tenant, FRESH_GATE, &now));
	assert_true(fresh_is_over("contoso", &boot, FRESH_GATE, &now)); /* another tenant's */
	assert_int_equal(fresh_remove("contoso"), 0);
	assert_true(fresh_is_over("contoso", &tenant, FRESH_GATE, &now));
}

/* Each bit turned, each length but the right one. */
static void test_damage_is_no_answer(void **state)
{
	char path[PATH_MAX], *data = NULL;
	struct fresh written = at(HOUR, 2 * HOUR), got;
	size_t len;

	assert_int_equal(fresh_write("contoso", &written, false), 0);
	assert_int_equal(fresh_path("contoso", false, path), 0);
	assert_int_equal(safe_read(path, 4096, &data, &len), 0);
	assert_int_equal(len, sizeof(struct fresh_file));
	for (size_t bit = 0; bit < 8 * len; bit++) {
		data[bit / 8] ^= (char)(1 << bit % 8);
		assert_int_equal(safe_replace(path, data, len, 0644, (uid_t)-1, (gid_t)-1), 0);
		assert_int_equal(fresh_read("contoso", &got), -EBADMSG);
		data[bit / 8] ^= (char)(1 << bit % 8);
	}
	for (size_t n = 0; n < len; n++) {
		assert_int_equal(safe_replace(path, data, n, 0644, (uid_t)-1, (gid_t)-1), 0);
		assert_int_equal(fresh_read("contoso", &got), -EBADMSG);
	}
	free(data);
	assert_int_equal(fresh_remove("contoso"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_age),
		cmocka_unit_test_setup_teardown(test_run_before_kept, setup, teardown),
		cmocka_unit_test_setup_teardown(test_names, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_lease_runs_out, setup, teardown),
		cmocka_unit_test_setup_teardown(test_damage_is_no_answer, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
