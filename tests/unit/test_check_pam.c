/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* PAM stacks that ask us too late, not at all, or do not mind what we say. */
#include "tests/unit/cmocka_test.h"

#include <stdio.h>
#include <string.h>

#include "tests/unit/check_case.h"
#include "tests/unit/check_root.h"

#define STACK "@include common-auth\n@include common-account\n@include common-session\n"

static const struct check_case cases[] = {
	{"pam-stacks", "pam-stacks", "/etc/pam.d/common-auth", "auth required pam_unix.so\n", 0, NULL, "not in auth"},
	{"pam-stacks", "pam-stacks", "/etc/pam.d/common-auth", "auth required pam_unix.so\nauth required pam_tenure.so\n", 0, NULL, "password before us"},
	{"pam-stacks", "pam-stacks", "/etc/pam.d/common-account", "account sufficient pam_unix.so\naccount required pam_tenure.so\n", 0, NULL, "T6: ended before us"},
	{"pam-stacks", "pam-stacks", "/etc/pam.d/common-account", "account optional pam_tenure.so\n", 0, NULL, "T6: does not bind"},
	{"pam-stacks", "pam-stacks", "/etc/pam.d/common-session", "session required pam_unix.so\n", 0, NULL, "not in session"},
	{"pam-stacks", "pam-stacks", "/etc/pam.d/common-session", "session required pam_tenure.so\nsession optional pam_systemd.so\n", 0, NULL, "T53: before pam_systemd"},
	{"pam-stacks", "pam-stacks", "/etc/pam.d/su", "account include common-account\nauth include common-auth\n", 0, NULL, "su without session"},
	{"pam-stacks", "pam-stacks", "/etc/pam.d/tenure", NULL, 0, NULL, "no step-up service"},
	{"pam-stacks", "pam-stacks", "/etc/pam.d/common-account", "account [success=3 default=ignore] pam_unix.so\naccount requisite pam_deny.so\naccount required pam_permit.so\naccount required pam_tenure.so\naccount required pam_permit.so\n", 0, NULL, "T6: a jump over us", .says = "pam_unix.so ends"},
	{"pam-stacks", "pam-stacks", "/etc/pam.d/common-account", "account [success=ok default=2] pam_unix.so\naccount required pam_permit.so\naccount required pam_tenure.so\naccount required pam_permit.so\n", 0, NULL, "T6: a jump over us where it fails"},
	{"pam-stacks", "pam-stacks", "/etc/pam.d/common-account", "account [ success = done  default = bad ] pam_unix.so\naccount required pam_tenure.so\n", 0, NULL, "T6: an end with blanks"},
	{"pam-stacks", "pam-stacks", "/etc/pam.d/common-account", "account [default=done] pam_unix.so\naccount required pam_tenure.so\n", 0, NULL, "T6: an end by default"},
	{"pam-stacks", "pam-stacks", "/etc/pam.d/common-account", "account [success=ok open_err=bad symbol_err=bad service_err=bad system_err=bad buf_err=bad perm_denied=bad auth_err=bad cred_insufficient=bad ignore=1 default=bad] pam_unix.so\naccount required pam_tenure.so\n", 0, NULL, "T6: a jump at the end of a long control"},
	{"pam-stacks", "pam-stacks", "/etc/pam.d/common-account", "# c \\\naccount sufficient pam_permit.so\naccount required pam_tenure.so\n", 0, NULL, "T6: a comment is not continued"},
	{"pam-stacks", "pam-stacks", "/etc/pam.d/common-account", "account required pam_unix.so # c \\\naccount sufficient pam_permit.so\naccount required pam_tenure.so\n", 0, NULL, "T6: nor is one behind a module"},
	{"pam-stacks", "pam-stacks", "/etc/pam.d/common-account", "account [success=ok default=ignore] pam_tenure.so\n", 0, NULL, "T6: does not bind, in brackets", .says = "does not count"},
	{"pam-stacks", "pam-stacks", "/etc/pam.d/common-account", "account [success=ok perm_denied=ignore default=bad] pam_tenure.so\n", 0, NULL, "T6: one refusal is passed over", .says = "does not count"},
	{"pam-stacks", "pam-stacks", "/etc/pam.d/common-account", "account [success=ok default=1] pam_tenure.so\naccount required pam_unix.so\naccount required pam_permit.so\n", 0, NULL, "T6: a refusal jumps", .says = "does not count"},
	{"pam-stacks", "pam-stacks", "/etc/pam.d/common-account", "account required pam_tenure.so\naccount [default=reset] pam_unix.so\naccount required pam_permit.so\n", 0, NULL, "T6: a refusal is taken back", .says = "does not count"},
	{"pam-stacks", "pam-stacks", "/etc/pam.d/common-account", "account [success=1 new_authtok_reqd=done default=ignore] pam_unix.so\naccount requisite pam_deny.so\naccount required pam_permit.so\naccount required pam_tenure.so\n", 0, NULL, "T6: an expired password is first", .says = "wants a new password"},
	{"pam-stacks", "pam-stacks", "/etc/pam.d/common-session", "session sufficient pam_unix.so\nsession required pam_tenure.so\n", 0, NULL, "T6: ended before us in session", .says = "pam_unix.so ends"},
	{"pam-stacks", "pam-stacks", "/etc/pam.d/common-session", "session [default=1] pam_permit.so\nsession required pam_tenure.so\n", 0, NULL, "T6: a jump over us in session"},
	{"pam-stacks", "pam-stacks", "/etc/pam.d/common-session", "session [success=ok default=ignore] pam_tenure.so\n", 0, NULL, "T6: does not bind in session"},
	{"pam-stacks", NULL, "/etc/pam.d/sub", "account sufficient pam_unix.so\n", 0, NULL, "a substack ends itself alone", {{"/etc/pam.d/common-account", "account substack sub\naccount required pam_tenure.so\n", 0}}},
	{"pam-stacks", "pam-stacks", "/etc/pam.d/sub", "account sufficient pam_unix.so\n", 0, NULL, "T6: what is included ends all", {{"/etc/pam.d/common-account", "account include sub\naccount required pam_tenure.so\n", 0}}, .says = "pam_unix.so"},
	{"pam-stacks", "pam-stacks", "/etc/pam.d/sub", "account sufficient pam_unix.so\naccount required pam_tenure.so\n", 0, NULL, "T6: a substack skips us inside", {{"/etc/pam.d/common-account", "account substack sub\n", 0}}, .says = "pam_unix.so"},
	{"pam-stacks", NULL, "/etc/pam.d/common-account", "account required pam_tenure.so\naccount sufficient pam_unix.so\n", 0, NULL, "an end behind us"},
	{"pam-stacks", NULL, "/etc/pam.d/common-account", "account [success=1 default=ignore] pam_unix.so\naccount requisite pam_deny.so\naccount required pam_tenure.so\n", 0, NULL, "a jump to us"},
	{"pam-stacks", NULL, "/etc/pam.d/common-account", "account [success=ok new_authtok_reqd=ok ignore=ignore default=bad] pam_tenure.so # ours\n", 0, NULL, "required, in brackets"},
	{"pam-stacks", NULL, "/etc/pam.d/common-account", "account [default=die success=ok perm_denied=done] pam_unix.so\naccount required pam_tenure.so\n", 0, NULL, "a failure that ends"},
	{"pam-stacks", "pam-stacks", "/etc/tenure/tenure.conf",
	 "tenants = [ \"contoso\" ]; gate = { mode = \"enforce\"; services = [ \"sudo\", \"sodu-i\", \"sudo-i\", \"su\", \"su-l\" ]; };\n"
	 "ceiling = { allow_become = [ \"root\" ]; };\n" MAP_BOB,
	 0, NULL, "a gate that is spelled wrong", .says = "no service sodu-i"},
	{"pam-stacks", "pam-stacks", "/etc/tenure/tenure.conf",
	 TENURE_CONF_HEAD MAP_BOB "services = { login = [ \"sshd\", \"sshdd\" ]; };\n",
	 0, NULL, "a login that is spelled wrong", .says = "no service sshdd"},
	{"pam-stacks", "pam-stacks", "/etc/pam.d/su-l", NULL, 0, NULL, "a gate that is installed and has no file", {{"/usr/bin/su", "", 04755}, {"/etc/pam.d/other", STACK, 0}}, .says = "asks \"other\""},
	{"pam-stacks", NULL, "/etc/pam.d/su-l", NULL, 0, NULL, "one that is not installed"},
};

static void test_T6_each_stack(void **state)
{
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
		check_case_run(&cases[i]);
}

/* What has no file is judged by the stack that it gets. */
static void test_T6_other_in_its_place(void **state)
{
	static const struct check_case open = {
		.path = "/etc/pam.d/su-l",
		.also = {{"/usr/bin/su", "", 04755},
			 {"/etc/pam.d/other", "auth required pam_permit.so\naccount required pam_permit.so\nsession required pam_permit.so\n", 0}}};
	struct check_context c;
	bool ok[CHECKS_MAX];

	check_case_look(&open, &c, ok);
	assert_int_equal(c.problems.errors, 3);
	assert_int_equal(c.problems.warnings, 1);
	assert_non_null(strstr(c.problems.items[1].message, "account of su-l: pam_tenure is not asked"));
	check_case_done(&c);
}

/* An expired password leads past the account phase alone: the session phase refuses. */
static void test_T6_severity(void **state)
{
	static const struct check_case expired = {
		.path = "/etc/pam.d/common-account",
		.text = "account [success=1 new_authtok_reqd=done default=ignore] pam_unix.so\naccount requisite pam_deny.so\n"
			"account required pam_tenure.so\n"};
	struct check_context c;
	bool ok[CHECKS_MAX];

	check_case_look(&expired, &c, ok);
	assert_int_equal(c.problems.errors, 0);
	assert_int_equal(c.problems.warnings, 1);
	check_case_done(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_T6_each_stack),
		cmocka_unit_test(test_T6_other_in_its_place),
		cmocka_unit_test(test_T6_severity),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
