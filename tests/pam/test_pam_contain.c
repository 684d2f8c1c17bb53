/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which cgroup a process of a contained session is in: whatever looks like it is none of ours. */
#include "tests/unit/cmocka_test.h"

#include "pam_module/contain.h"

#define ID    "0f3c1d52-9a51-4a0c-8d3e-6f1b2a7c9e10"
#define SLICE "/tenure.slice"

static void test_cgroups_of_contained_sessions(void **state)
{
	static const char *const paths[] = {
		SLICE "/tenure-" ID,			     /* without systemd */
		SLICE "/tenure-" ID ".scope",		     /* with it */
		SLICE "/tenure-" ID "/below",
		SLICE "/tenure-" ID ".scope/session/deeper", /* what the session made itself */
		"/machine.slice/x.scope" SLICE "/tenure-" ID, /* in a container that shows the host's tree */
		SLICE "/tenure-x/tenure-" ID,		     /* behind one that looks like it */
		SLICE "/tenure-" ID "x/tenure-" ID,
	};

	for (size_t i = 0; i < ARRAY_LENGTH(paths); i++)
		if (!cgroup_path_is_contained(paths[i]))
			fail_msg("%s is contained", paths[i]);
}

static void test_cgroups_that_look_like_it(void **state)
{
	static const char *const paths[] = {
		"",
		"/",
		SLICE,
		"/user.slice/user-1000.slice/session-3.scope",
		"/system.slice/tenured.service",
		SLICE "/tenure-",
		SLICE "/tenure-x",
		SLICE "/tenure-x.scope",
		SLICE "/tenure-" ID "x",
		SLICE "/tenure-" ID "-",
		SLICE "/tenure-" ID ".service",
		SLICE "/tenure-" ID ".scopes",
		SLICE "/tenure-" ID ".scope.d/x",
		SLICE "/tenure-0f3c1d52-9a51-4a0c-8d3e-6f1b2a7c9e1",	   /* a digit too few */
		SLICE "/tenure-0f3c1d52-9a51-4a0c-8d3e-6f1b2a7c9e1/x/y/z", /* and long enough to read on */
		SLICE "/tenure-0f3c1d52-9a51-4a0c-8d3e-6f1b2a7c9e1g",
		SLICE "/tenure-0f3c1d529a514a0c8d3e6f1b2a7c9e100000",
		SLICE "/tenure-" "{0f3c1d52-9a51-4a0c-8d3e-6f1b2a7c}",
		SLICE "/xtenure-" ID,
		SLICE "/Tenure-" ID,
		SLICE "-tenure-" ID, /* no slash before it */
		"tenure-" ID,
		SLICE "/tenure/" ID,
		SLICE "/" ID,
	};

	for (size_t i = 0; i < ARRAY_LENGTH(paths); i++)
		if (cgroup_path_is_contained(paths[i]))
			fail_msg("%s is none of ours", paths[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cgroups_of_contained_sessions),
		cmocka_unit_test(test_cgroups_that_look_like_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
