/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* offline: what a password was, for as long as it holds; anything else in the file is no password. */
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
#include "common/snapshot/offline.h"
#include "tests/unit/snapshot_fixture.h"

#define DAY  (24 * 3600 * NS_PER_S)
#define HASH "$y$j9T$F5Jx5fExrKuPp53xLKQ..1$4g8SsHg6Dk0lVHMQYZcTSEBRBJo0wpNHnmuWM4zXcZ0"

static struct fixture f;
static const struct uuid alice = {.bytes = {1}}, bob = {.bytes = {2}};
static char hash[SECRET_HASH_MAX];
static int64_t since;

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
	offline_sweep("contoso", 0, 0);
	fixture_teardown(&f);
	return 0;
}

static void test_one_is_kept_for_each(void **state)
{
	char path[PATH_MAX];
	struct stat st;

	assert_int_equal(offline_read("contoso", &alice, &since, hash), -ENOENT);
	assert_int_equal(offline_write("contoso", &alice, 7, HASH), 0);
	assert_int_equal(offline_read("contoso", &alice, &since, hash), 0);
	assert_int_equal(since, 7);
	assert_string_equal(hash, HASH);
	assert_int_equal(offline_read("contoso", &bob, &since, hash), -ENOENT);
	assert_int_equal(offline_path("contoso", &alice, path, sizeof(path)), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600); /* T34 */
	assert_int_equal(offline_remove("contoso", &alice), 0);
	assert_int_equal(offline_read("contoso", &alice, &since, hash), -ENOENT);
	assert_int_equal(offline_remove("contoso", &alice), 0);
}

static void test_what_is_no_hash(void **state)
{
	static const char *const texts[] = {"", "!", "*", "x", "$y$\n", "$y$\x01"};

	for (size_t i = 0; i < ARRAY_LENGTH(texts); i++)
		assert_int_equal(offline_write("contoso", &alice, 7, texts[i]), -EINVAL);
	assert_int_equal(offline_write("../contoso", &alice, 7, HASH), -EINVAL);
	assert_int_equal(offline_write("contoso", &alice, -1, HASH), -EINVAL);
}

static void test_how_long_it_holds(void **state)
{
	assert_true(offline_holds(5, DAY, 5));
	assert_true(offline_holds(5, DAY, 5 + DAY));
	assert_false(offline_holds(5, DAY, 6 + DAY));
	assert_false(offline_holds(5, DAY, 4)); /* set back */
	assert_false(offline_holds(-1, DAY, 5));
	assert_false(offline_holds(5, 0, 6));
}

static void test_damage_is_no_password(void **state)
{
	static const char *const texts[] = {
		"", "tenure-offline 1\n", "tenure-offline 2\nsince 7\nhash " HASH "\n", "tenure-offline 1\nsince x\nhash " HASH "\n",
		"tenure-offline 1\nsince 7\nhash \n", "tenure-offline 1\nsince 7\nhash " HASH, "tenure-offline 1\nsince -7\nhash " HASH "\n",
		"tenure-offline 1\nsince 7\nhash " HASH "\nmore\n", "tenure-offline 1\nsince 99999999999999999999\nhash " HASH "\n",
	};
	char path[PATH_MAX], huge[2048];

	assert_int_equal(offline_write("contoso", &alice, 7, HASH), 0);
	assert_int_equal(offline_path("contoso", &alice, path, sizeof(path)), 0);
	for (size_t i = 0; i < ARRAY_LENGTH(texts); i++) {
		assert_int_equal(safe_replace(path, texts[i], strlen(texts[i]), 0600, (uid_t)-1, (gid_t)-1), 0);
		if (offline_read("contoso", &alice, &since, hash) != -EBADMSG)
			fail_msg("taken: %s", texts[i]);
	}
	memset(huge, 'a', sizeof(huge));
	assert_int_equal(safe_replace(path, huge, sizeof(huge), 0600, (uid_t)-1, (gid_t)-1), 0);
	assert_int_equal(offline_read("contoso", &alice, &since, hash), -EBADMSG);
}

static void test_sweep(void **state)
{
	char path[PATH_MAX];

	assert_int_equal(offline_write("contoso", &alice, 0, HASH), 0);
	assert_int_equal(offline_write("contoso", &bob, DAY, HASH), 0);
	offline_sweep("contoso", DAY, DAY + 1);
	assert_int_equal(offline_read("contoso", &alice, &since, hash), -ENOENT);
	assert_int_equal(offline_read("contoso", &bob, &since, hash), 0);
	offline_sweep("contoso", 0, 0);
	assert_int_equal(offline_read("contoso", &bob, &since, hash), -ENOENT);
	assert_int_equal(offline_path("contoso", NULL, path, sizeof(path)), 0);
	assert_int_equal(access(path, F_OK), -1);
}

#define CASE(t) cmocka_unit_test_setup_teardown(t, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_one_is_kept_for_each), CASE(test_what_is_no_hash), CASE(test_how_long_it_holds),
		CASE(test_damage_is_no_password), CASE(test_sweep),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
