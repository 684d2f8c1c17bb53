/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* T21: a process with the broker's marker in its dynamic symbols, as tenured is linked, is answered at once. */
#include "tests/nss/nss_test.h"

extern int __nss_configure_lookup(const char *database, const char *line);

static struct fixture f;

static int setup(void **state)
{
	return fixture_setup(&f) && fixture_publish(&f, true) == 0 ? 0 : -1;
}

static int teardown(void **state)
{
	fixture_teardown(&f);
	return 0;
}

static void test_T21_the_broker_never_looks_itself_up(void **state)
{
	gid_t gids[8];
	int count = 8;

	errno = 0;
	assert_null(getpwnam("alice"));
	assert_null(getpwuid(1900000001));
	assert_null(getgrnam("dba"));
	assert_null(getgrgid(1900010001));
	assert_int_equal(getgrouplist("alice", 7, gids, &count), 1);
	setpwent();
	assert_null(getpwent());
	endpwent();
	setgrent();
	assert_null(getgrent());
	endgrent();
	assert_int_equal(errno, 0); /* not found, which is no error */
	assert_int_equal(tenure_broker_process, 1);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_T21_the_broker_never_looks_itself_up, setup, teardown),
	};

	if (!getenv("TENURE_NSS_TEST")) {
		(void)setenv("TENURE_NSS_TEST", "1", 1);
		(void)setenv("LD_LIBRARY_PATH", TEST_MODULE_DIR, 1);
		(void)execv("/proc/self/exe", argv);
		return 99;
	}
	if (__nss_configure_lookup("passwd", "tenure") < 0 || __nss_configure_lookup("group", "tenure") < 0 ||
	    __nss_configure_lookup("initgroups", "tenure") < 0)
		return 99;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
