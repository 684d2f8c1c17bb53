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

/* Appends "name," of each entry to text; what ended the walk. */
static enum nss_status walk_users(char *text)
{
	enum nss_status status;
	struct passwd pw;
	int error = 0;

	text[0] = '\0';
	assert_int_equal(_nss_tenure_setpwent(0), NSS_STATUS_SUCCESS);
	while ((status = _nss_tenure_getpwent_r(&pw, buf, sizeof(buf), &error)) == NSS_STATUS_SUCCESS)
		strcat(strcat(text, pw.pw_name), ",");
	if (status == NSS_STATUS_UNAVAIL) { /* said once */
		assert_int_equal(error, EIO);
		assert_int_equal(_nss_tenure_getpwent_r(&pw, buf, sizeof(buf), &error), NSS_STATUS_NOTFOUND);
	}
	(void)_nss_tenure_endpwent();
	return status;
}

static enum nss_status walk_groups(char *text)
{
	enum nss_status status;
	struct group gr;
	int error = 0;

	text[0] = '\0';
	assert_int_equal(_nss_tenure_setgrent(0), NSS_STATUS_SUCCESS);
	while ((status = _nss_tenure_getgrent_r(&gr, buf, sizeof(buf), &error)) == NSS_STATUS_SUCCESS)
		strcat(strcat(text, gr.gr_name), ",");
	if (status == NSS_STATUS_UNAVAIL) {
		assert_int_equal(error, EIO);
		assert_int_equal(_nss_tenure_getgrent_r(&gr, buf, sizeof(buf), &error), NSS_STATUS_NOTFOUND);
	}
	(void)_nss_tenure_endgrent();
	return status;
}

static void test_one_damaged_record_hides_no_other(void **state)
{
	const uint32_t alice[2] = {1900000001, 1900000001}, root = 0;
	char path[256], sound[1024], text[1024];
	long at;

	(void)snprintf(path, sizeof(path), "%s", fixture_tenant_path(&f, "contoso", "identity"));
	assert_int_equal(fixture_publish(&f, false), 0);
	assert_int_equal(walk_users(text), NSS_STATUS_NOTFOUND);
	assert_string_equal(text, "alice,carol,dave,zoe@fabrikam.com,");
	assert_int_equal(walk_groups(sound), NSS_STATUS_NOTFOUND);
	at = file_find(path, alice, sizeof(alice));
	file_bend(path, at, &root, sizeof(root));
	assert_int_equal(walk_users(text), NSS_STATUS_UNAVAIL);
	assert_string_equal(text, "carol,dave,zoe@fabrikam.com,");
	assert_int_equal(fixture_publish(&f, false), 0);
	/* The first group's gid, where its record begins: its name stands 16 bytes on. */
	at = file_find(path, "dba", 4) - 16;
	file_bend(path, at, &root, sizeof(root));
	assert_int_equal(walk_groups(text), NSS_STATUS_UNAVAIL);
	assert_true(strlen(text) == strlen(sound) - strlen("dba,"));
	assert_non_null(strstr(text, "approvers,"));
	assert_non_null(strstr(text, "dave,"));
	assert_non_null(strstr(text, "become-root,"));
	assert_non_null(strstr(text, "dba@fabrikam.com,"));
}

static void test_a_record_of_no_size_ends_its_tenant_alone(void **state)
{
	const uint32_t alice[2] = {1900000001, 1900000001};
	const uint16_t endless = UINT16_MAX;
	char path[256], text[1024];
	long at;

	(void)snprintf(path, sizeof(path), "%s", fixture_tenant_path(&f, "contoso", "identity"));
	assert_int_equal(fixture_publish(&f, false), 0);
	at = file_find(path, alice, sizeof(alice));
	file_bend(path, at + 10, &endless, sizeof(endless)); /* the length of her strings */
	assert_int_equal(walk_users(text), NSS_STATUS_UNAVAIL);
	assert_string_equal(text, "zoe@fabrikam.com,");
	assert_int_equal(walk_groups(text), NSS_STATUS_UNAVAIL); /* private groups are users' */
	assert_non_null(strstr(text, "dba,"));
	assert_non_null(strstr(text, "become-root,"));
	assert_non_null(strstr(text, "zoe@fabrikam.com,"));
}

static void test_a_damaged_tenant_hides_no_other(void **state)
{
	char path[256], text[1024];

	(void)snprintf(path, sizeof(path), "%s", fixture_tenant_path(&f, "contoso", "identity"));
	assert_int_equal(fixture_publish(&f, false), 0);
	file_bend(path, 0, "X", 1);
	assert_int_equal(walk_users(text), NSS_STATUS_UNAVAIL);
	assert_string_equal(text, "zoe@fabrikam.com,");
	assert_int_equal(walk_groups(text), NSS_STATUS_UNAVAIL);
	assert_non_null(strstr(text, "dba@fabrikam.com,"));
	assert_int_equal(fixture_publish(&f, false), 0);
	assert_int_equal(chmod(path, 0666), 0);
	assert_int_equal(walk_users(text), NSS_STATUS_UNAVAIL);
	assert_string_equal(text, "zoe@fabrikam.com,");
	assert_int_equal(fixture_publish(&f, false), 0);
	file_bend(fixture_tenant_path(&f, "contoso", "grants"), 0, "X", 1);
	assert_int_equal(walk_groups(text), NSS_STATUS_UNAVAIL);
	assert_null(strstr(text, "become-root"));
	assert_non_null(strstr(text, "dba@fabrikam.com,"));
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
		cmocka_unit_test_setup_teardown(test_one_damaged_record_hides_no_other, calls_setup, calls_teardown),
		cmocka_unit_test_setup_teardown(test_a_record_of_no_size_ends_its_tenant_alone, calls_setup, calls_teardown),
		cmocka_unit_test_setup_teardown(test_a_damaged_tenant_hides_no_other, calls_setup, calls_teardown),
		cmocka_unit_test_setup_teardown(test_T23_a_group_of_the_directory_cannot_pose_as_become_root, calls_setup, calls_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
