/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What tenure status says of directories in LDAP. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "helper/output.h"
#include "tests/unit/cli_run.h"
#include "tests/unit/cli_script.h"

/* Root, and whoever may read the policy, see where directories in LDAP are. */
static void test_status_of_directories(void **state)
{
	json_t *script = script_story();
	json_t *reply = json_object_get(json_array_get(json_object_get(script, "Status"), 0), "reply");
	struct cli_result r;

	json_object_set_new(reply, "directories",
			    json_pack("[{s:s, s:b, s:s, s:n, s:s, s:s, s:b, s:b, s:i, s:i},"
				      " {s:s, s:b, s:n, s:s, s:s, s:n, s:b, s:b, s:i, s:i}]",
				      "tenant", "contoso", "connected", 1, "uri", "ldaps://l.de", "trouble", "since",
				      "2001-03-02T13:00:00Z", "answered", "2001-03-02T13:00:00Z", "polls", 1, "current", 1,
				      "objects", 1204, "problems", 1, "tenant", "fabrikam", "connected", 0, "uri", "trouble",
				      "it refuses\x1bus", "since", "2001-03-02T13:00:00Z", "answered", "polls", 0, "current", 0,
				      "objects", 0, "problems", 2));
	script_play(script);
	r = cli_run("status");
	assert_int_equal(r.code, 0);
	if (!strstr(r.out, "Directory of contoso: connected to ldaps://l.de since 2001-03-02; last answer\n"
			   "                      2001-03-02, asked again and again; 1204 objects, 1\n"
			   "                      problem: tenure check\n"
			   "Directory of fabrikam: not connected since 2001-03-02: it refuses\\x1bus; nothing\n"
			   "                       was ever read of it; 2 problems: tenure check\n"))
		fail_msg("%s", r.out);
	cli_result_done(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_status_of_directories)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
