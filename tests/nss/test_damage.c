/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The module's calls on snapshots that are cut, bent, missing or another's: nothing of them is shown. */
#include "tests/nss/calls.h"

/* Damage is UNAVAIL, and mending is noticed. */
static void expect_unavailable(const char *path, long offset, const void *bytes, size_t len)
{
	struct passwd pw;
	struct group gr;
	gid_t *gids;
	long count;
	int error = 0;

	assert_int_equal(fixture_publish(&f, false), 0);
	file_bend(path, offset, bytes, len);
	assert_int_equal(_nss_tenure_getpwnam_r("alice", &pw, buf, sizeof(buf), &error), NSS_STATUS_UNAVAIL);
	assert_int_equal(error, EIO);
	assert_int_equal(_nss_tenure_getpwuid_r(1900000001, &pw, buf, sizeof(buf), &error), NSS_STATUS_UNAVAIL);
	assert_int_equal(_nss_tenure_getgrnam_r("alice", &gr, buf, sizeof(buf), &error), NSS_STATUS_UNAVAIL);
	assert_int_equal(groups_of("alice", -1, &gids, &count), NSS_STATUS_UNAVAIL);
	assert_int_equal(count, 1);
	free(gids);
	assert_int_equal(fixture_publish(&f, false), 0);
	assert_int_equal(pwnam("alice", &pw), NSS_STATUS_SUCCESS);
}

static void test_corruption_is_unavail(void **state)
{
	char identity[256], index[256];

	(void)snprintf(identity, sizeof(identity), "%s", fixture_tenant_path(&f, "contoso", "identity"));
	(void)snprintf(index, sizeof(index), "%s", fixture_path(&f, "/var/lib/tenure/index"));
	expect_unavailable(identity, 0, "X", 1);
	expect_unavailable(identity, 8, "\xff\xff", 2);
	expect_unavailable(identity, -1, NULL, 0);
	expect_unavailable(identity, -1, NULL, 100);
	expect_unavailable(identity, -1, NULL, 400);
	expect_unavailable(index, 0, "X", 1);
	expect_unavailable(index, -1, NULL, 50);
}

static void test_a_tenant_that_was_never_published_is_unavail(void **state)
{
	struct passwd pw;

	assert_int_equal(fixture_publish(&f, false), 0);
	assert_int_equal(unlink(fixture_tenant_path(&f, "contoso", "identity")), 0);
	assert_int_equal(pwnam("alice", &pw), NSS_STATUS_UNAVAIL);
}

static void test_files_of_others_are_unavail(void **state)
{
	struct passwd pw;

	assert_int_equal(fixture_publish(&f, false), 0);
	assert_int_equal(chmod(fixture_tenant_path(&f, "contoso", "identity"), 0666), 0);
	assert_int_equal(pwnam("alice", &pw), NSS_STATUS_UNAVAIL);
}

static void test_T22_ids_are_checked_again_when_read(void **state)
{
	static const uint32_t bad[] = {0, 42, 999, 1000, 65534, 65535, 1900090100, 1950000001, 1u << 31, NO_ID};
	const uint32_t good[2] = {1900000001, 1900000001};
	char path[256];
	struct passwd pw;
	long at;

	(void)snprintf(path, sizeof(path), "%s", fixture_tenant_path(&f, "contoso", "identity"));
	for (size_t i = 0; i < 2 * ARRAY_LENGTH(bad); i++) {
		uint32_t ids[2] = {1900000001, 1900000001};

		assert_int_equal(fixture_publish(&f, false), 0);
		at = file_find(path, good, sizeof(good));
		ids[i % 2] = bad[i / 2];
		file_bend(path, at, ids, sizeof(ids));
		assert_int_equal(pwnam("alice", &pw), NSS_STATUS_UNAVAIL);
		/* An enumeration passes her over or stops; it never shows her. */
		(void)_nss_tenure_setpwent(0);
		for (int error = 0; _nss_tenure_getpwent_r(&pw, buf, sizeof(buf), &error) == NSS_STATUS_SUCCESS;)
			assert_string_not_equal(pw.pw_name, "alice");
		(void)_nss_tenure_endpwent();
	}
}

static void test_T22_gids_of_system_groups_are_never_given(void **state)
{
	const uint32_t good[2] = {1900010000, 1900010001};
	const uint32_t bad[2] = {27, 42}; /* sudo, shadow */
	char path[256];
	gid_t *gids;
	long count;

	(void)snprintf(path, sizeof(path), "%s", fixture_tenant_path(&f, "contoso", "identity"));
	assert_int_equal(fixture_publish(&f, false), 0);
	file_bend(path, file_find(path, good, sizeof(good)), bad, sizeof(bad));
	assert_int_equal(groups_of("alice", -1, &gids, &count), NSS_STATUS_UNAVAIL);
	assert_int_equal(count, 1);
	free(gids);
}

/* An index that is whole and gives the tenant every id there is. */
static void publish_endless_range(void)
{
	struct index_tenant t;
	CLEANUP(index_closep) struct index_view *v = NULL;

	f.tenants[0].id_range = (struct id_range){0, UINT32_MAX};
	assert_int_equal(fixture_publish(&f, false), 0);
	assert_int_equal(index_open(&v), 0);
	assert_int_equal(index_tenant(v, 0, &t), 0);
	assert_int_equal(t.id_range.last, UINT32_MAX);
}

static void test_T22_no_range_gives_away_the_hosts_own_ids(void **state)
{
	static const uint32_t bad[] = {0, 27, 999, 65534, 65535, 1u << 31, NO_ID};
	const uint32_t good[2] = {1900010000, 1900010001};
	char path[256];
	gid_t *gids;
	long count;

	(void)snprintf(path, sizeof(path), "%s", fixture_tenant_path(&f, "contoso", "identity"));
	publish_endless_range();
	assert_int_equal(groups_of("alice", -1, &gids, &count), NSS_STATUS_SUCCESS);
	free(gids);
	for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) {
		publish_endless_range();
		file_bend(path, file_find(path, good, sizeof(good)), &bad[i], sizeof(bad[i]));
		assert_int_equal(groups_of("alice", -1, &gids, &count), NSS_STATUS_UNAVAIL);
		assert_int_equal(count, 1);
		free(gids);
	}
}

static void test_T22_no_right_gives_roots_group(void **state)
{
	struct holder row = fixture_holder(&f, 3, RIGHT_GROUP, "root");
	gid_t *gids;
	long count;

	assert_int_equal(fixture_publish(&f, false), 0);
	row.local_gid = 0;
	assert_int_equal(fixture_holders(&f, "contoso", "holders", &row, 1), 0);
	assert_int_equal(groups_of("dave", -1, &gids, &count), NSS_STATUS_UNAVAIL);
	assert_int_equal(count, 1);
	free(gids);
}

static void test_T23_a_group_of_the_directory_cannot_pose_as_become_root(void **state)
{
	struct group gr;

	assert_int_equal(fixture_publish(&f, false), 0);
	/* As if a writer had let it pass: the name of dba-oncall, as long, put in its place. */
	file_bend(fixture_tenant_path(&f, "contoso", "identity"),
		  file_find(fixture_tenant_path(&f, "contoso", "identity"), "dba-oncall", 11), "role-dbaop", 11);
	assert_int_equal(grnam("role-dbaop", &gr), NSS_STATUS_NOTFOUND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_corruption_is_unavail, calls_setup, calls_teardown),
		cmocka_unit_test_setup_teardown(test_a_tenant_that_was_never_published_is_unavail, calls_setup, calls_teardown),
		cmocka_unit_test_setup_teardown(test_files_of_others_are_unavail, calls_setup, calls_teardown),
		cmocka_unit_test_setup_teardown(test_T22_ids_are_checked_again_when_read, calls_setup, calls_teardown),
		cmocka_unit_test_setup_teardown(test_T22_gids_of_system_groups_are_never_given, calls_setup, calls_teardown),
		cmocka_unit_test_setup_teardown(test_T22_no_range_gives_away_the_hosts_own_ids, calls_setup, calls_teardown),
		cmocka_unit_test_setup_teardown(test_T22_no_right_gives_roots_group, calls_setup, calls_teardown),
		cmocka_unit_test_setup_teardown(test_T23_a_group_of_the_directory_cannot_pose_as_become_root, calls_setup, calls_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
