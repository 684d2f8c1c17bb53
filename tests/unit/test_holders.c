/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* holders and grants: rows are found by principal, right and role, and hold in their window alone. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/safe_file.h"
#include "tests/unit/snapshot_fixture.h"

static struct fixture f;
static const struct instant noon = {.realtime_ns = 1000, .boottime_ns = 100};

static int setup(void **state)
{
	return fixture_setup(&f) ? 0 : -1;
}

static int teardown(void **state)
{
	fixture_teardown(&f);
	return 0;
}

static int boot_id_error;
int __real_boot_id_read(struct uuid *ret);
int __wrap_boot_id_read(struct uuid *ret);

int __wrap_boot_id_read(struct uuid *ret)
{
	return boot_id_error < 0 ? boot_id_error : __real_boot_id_read(ret);
}

struct seen {
	size_t count;
	struct holder last;
	int answer;
};

static int see(void *context, const struct holder *row)
{
	struct seen *seen = context;

	seen->count++;
	seen->last = *row;
	return seen->answer;
}

static size_t of_right(const struct holders *h, enum right_kind kind, const char *argument)
{
	struct seen seen = {0};

	assert_int_equal(holders_of_right(h, kind, argument, &noon, see, &seen), 0);
	return seen.count;
}

static struct holders *published(const char *file, const struct holder *rows, size_t count)
{
	struct holders *h = NULL;

	assert_int_equal(fixture_holders(&f, "contoso", file, rows, count), 0);
	assert_int_equal(holders_open("contoso", file, &h), 0);
	return h;
}

static void test_rows_are_found_three_ways(void **state)
{
	struct holder rows[] = {
	    fixture_holder(&f, 2, RIGHT_BECOME, "*"),	   fixture_holder(&f, 0, RIGHT_LOGIN, NULL),
	    fixture_holder(&f, 0, RIGHT_BECOME, "root"),   fixture_holder(&f, 1, RIGHT_BECOME, "root"),
	    fixture_holder(&f, 1, RIGHT_BECOME, "backup"), fixture_holder(&f, 1, (enum right_kind)0, NULL),
	    fixture_holder(&f, 0, RIGHT_GROUP, "adm"),
	};
	CLEANUP(holders_closep) struct holders *h = NULL;
	struct seen seen = {0};

	rows[5].role = "other";
	rows[6].local_gid = 4;
	h = published("holders", rows, ARRAY_LENGTH(rows));
	assert_int_equal(of_right(h, RIGHT_BECOME, "root"), 3); /* "*" is among them */
	assert_int_equal(of_right(h, RIGHT_BECOME, "backup"), 2);
	assert_int_equal(of_right(h, RIGHT_BECOME, "*"), 1);
	assert_int_equal(of_right(h, RIGHT_BECOME, "aaa"), 1);
	assert_int_equal(of_right(h, RIGHT_LOGIN, NULL), 1);
	assert_int_equal(of_right(h, RIGHT_GROUP, "adm"), 1);
	assert_int_equal(of_right(h, RIGHT_GROUP, "ad"), 0);
	assert_int_equal(holders_of_principal(h, &f.users[0].o.id, &noon, see, &seen), 0);
	assert_int_equal(seen.count, 3);
	seen = (struct seen){0};
	assert_int_equal(holders_of_principal(h, &f.users[3].o.id, &noon, see, &seen), 0);
	assert_int_equal(seen.count, 0);
	assert_int_equal(holders_of_role(h, "other", &noon, see, &seen), 0);
	assert_int_equal(seen.count, 1);
	assert_string_equal(seen.last.login, "bobby");
	assert_null(seen.last.argument);
	seen = (struct seen){0};
	assert_int_equal(holders_groups_of_principal(h, &f.users[0].o.id, &noon, see, &seen), 0);
	assert_int_equal(seen.count, 1);
	assert_int_equal(seen.last.local_gid, 4);
	assert_int_equal(holders_groups_of_principal(h, &f.users[1].o.id, &noon, see, &seen), 0);
	assert_int_equal(seen.count, 1);
	seen = (struct seen){.answer = 5};
	assert_int_equal(holders_of_right(h, RIGHT_BECOME, "root", &noon, see, &seen), 5);
	assert_int_equal(seen.count, 1); /* stopped */
}

static void test_windows(void **state)
{
	const struct window windows[] = {
	    {1000, 1001, TIME_FOREVER}, {1001, TIME_FOREVER, TIME_FOREVER}, {TIME_ALWAYS, 1000, TIME_FOREVER},
	    {TIME_ALWAYS, TIME_FOREVER, 100}, {TIME_ALWAYS, TIME_FOREVER, 101}, WINDOW_ALWAYS};
	const size_t holds[] = {1, 0, 0, 0, 1, 1};

	for (size_t i = 0; i < ARRAY_LENGTH(windows); i++) {
		struct holder row = fixture_holder(&f, 0, RIGHT_BECOME, "root");
		struct holders *h;

		row.window = windows[i];
		h = published("grants", &row, 1);
		assert_int_equal(of_right(h, RIGHT_BECOME, "root"), holds[i]);
		holders_close(h);
	}
}

static void test_round_trip_of_a_row(void **state)
{
	struct holder row = fixture_holder(&f, 0, RIGHT_BECOME, "root");
	CLEANUP(holders_closep) struct holders *h = NULL;
	struct seen seen = {0};

	row.request = f.host_id;
	row.window = (struct window){1, 2000, 300};
	h = published("grants", &row, 1);
	assert_int_equal(holders_of_principal(h, &row.principal, &noon, see, &seen), 0);
	assert_int_equal(seen.last.kind, RIGHT_BECOME);
	assert_string_equal(seen.last.argument, "root");
	assert_string_equal(seen.last.role, "db-operator");
	assert_string_equal(seen.last.login, "alice");
	assert_int_equal(seen.last.uid, 1900000001);
	assert_true(uuid_equal(&seen.last.request, &f.host_id));
	assert_int_equal(seen.last.window.start_ns, 1);
	assert_int_equal(seen.last.window.end_ns, 2000);
	assert_int_equal(seen.last.window.boot_end_ns, 300);
}

static void test_grants_are_bound_to_their_boot(void **state)
{
	struct holder row = fixture_holder(&f, 0, RIGHT_BECOME, "root");
	const char *path = fixture_tenant_path(&f, "contoso", "grants");
	CLEANUP(holders_closep) struct holders *h = NULL;
	struct holders *other = NULL;
	struct seen seen = {0};

	assert_int_equal(holders_write(path, 1, &f.tenants[0].id, &f.host_id, &row, 1), 0);
	assert_int_equal(holders_open("contoso", "grants", &h), 0);
	assert_int_equal(of_right(h, RIGHT_BECOME, "root"), 0);
	assert_int_equal(holders_of_principal(h, &row.principal, &noon, see, &seen), 0);
	assert_int_equal(seen.count, 0);
	/* A standing table in place of grants would never end. */
	assert_int_equal(holders_write(path, 1, &f.tenants[0].id, NULL, &row, 1), 0);
	assert_int_equal(holders_open("contoso", "grants", &other), -EBADMSG);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(holders_open("contoso", "grants", &other), -ENOENT);
}

static void test_every_flipped_bit_of_grants_is_damage(void **state)
{
	struct holder row = fixture_holder(&f, 0, RIGHT_BECOME, "root");
	const char *path = fixture_tenant_path(&f, "contoso", "grants");
	struct snapshot s = {.borrowed = true};
	struct holders *h = NULL;
	char *data;

	assert_int_equal(fixture_holders(&f, "contoso", "grants", &row, 1), 0);
	assert_int_equal(safe_read(path, 1 << 20, &data, &s.len), 0);
	s.data = (const uint8_t *)data;
	for (size_t bit = 0; bit < s.len * 8; bit++) {
		data[bit / 8] ^= (char)(1u << bit % 8);
		if (holders_from(&s, true, &h) != -EBADMSG)
			fail_msg("bit %zu of byte %zu goes unseen", bit % 8, bit / 8);
		data[bit / 8] ^= (char)(1u << bit % 8);
	}
	assert_int_equal(holders_from(&s, true, &h), 0);
	holders_close(h);
	free(data);
}

/* "There is no such file" would be "nobody holds a grant"; a gate that cannot tell denies. */
static void test_a_boot_that_cannot_be_told_is_no_missing_table(void **state)
{
	struct holder row = fixture_holder(&f, 0, RIGHT_BECOME, "root");
	struct holders *h = NULL;

	assert_int_equal(fixture_holders(&f, "contoso", "grants", &row, 1), 0);
	boot_id_error = -ENOENT; /* as in a root without /proc */
	assert_int_equal(holders_open("contoso", "grants", &h), -EBADMSG);
	boot_id_error = -EMFILE;
	assert_int_equal(holders_open("contoso", "grants", &h), -EMFILE);
	boot_id_error = 0;
	assert_int_equal(holders_open("contoso", "grants", &h), 0);
	holders_close(h);
}

static void test_rows_that_lack_something_are_not_written(void **state)
{
	struct holder row = fixture_holder(&f, 0, RIGHT_BECOME, NULL);

	assert_int_equal(fixture_holders(&f, "contoso", "holders", &row, 1), -EINVAL);
	row = fixture_holder(&f, 0, RIGHT_LOGIN, NULL);
	row.role = NULL;
	assert_int_equal(fixture_holders(&f, "contoso", "holders", &row, 1), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_rows_are_found_three_ways, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_windows, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_round_trip_of_a_row, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_grants_are_bound_to_their_boot, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_every_flipped_bit_of_grants_is_damage, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_a_boot_that_cannot_be_told_is_no_missing_table, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_rows_that_lack_something_are_not_written, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
