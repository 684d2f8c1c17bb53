/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What tenure check reads out of sudoers: each spelling that sudo takes, as sudo takes it (cvtsudoers -f json). */
#include "tests/unit/cmocka_test.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/check_case.h"
#include "tests/unit/check_root.h"

#define ACCT "Defaults !pam_acct_mgmt\n"

static const struct check_case cases[] = {
	{"sudoers", "sudo-acct", "/etc/sudoers.d/old", "# old\n\nDefaults !pam_acct_mgmt\n", 0440, NULL, "T6"},
	{"sudoers", "sudo-acct", "/etc/sudoers.d/old", "Defaults:bob env_keep += \"A B\", \\\n  !pam_acct_mgmt\n", 0440, NULL, "T6: in a joined line"},
	{"sudoers", "sudo-session", "/etc/sudoers", "Defaults !pam_session\n+\n", 0440, NULL, "T6"},
	{"sudoers", "sudo-nopasswd", "/etc/sudoers.d/ci", "ci ALL=(root) NOPASSWD: ALL\n", 0440, NULL, "no password"},
	{"sudoers", "sudo-nopasswd", "/etc/sudoers.d/ci", "Defaults:ci !authenticate\n", 0440, NULL, "no password by Defaults"},
	{"sudoers", "sudo-service", "/etc/sudoers.d/x", "Defaults pam_service=other\n", 0440, NULL, "T6: no gate"},
	{"sudoers", "sudo-service", "/etc/sudoers.d/x", "Defaults pam_login_service = \"other\"\n", 0440, NULL, "T6: no gate, with blanks"},
	{"sudoers", "sudo-service", "/etc/sudoers.d/x", "Defaults pam_askpass_service=other\n", 0440, NULL, "T6: no gate, by sudo -A"},
	{"sudoers", "sudo-acct", "/etc/sudoers.d/x", "Defaults!/bin/ls ! pam_acct_mgmt # why\n", 0440, NULL, "T6: for a command"},
	{"sudoers", "sudo-acct", "/etc/sudoers", "@include /etc/more\n+\n", 0440, NULL, "T6: in an included file", {{"/etc/more", ACCT, 0440}}},
	{"ways", "unmapped", "/etc/sudoers.d/x", "User_Alias OPS = dora, erin : X = y\nOPS ALL = (ADMINS) ALL\n", 0440, NULL, "two sudoers by aliases", WITH_ERIN},
	{"sudoers", "sudo-rule", "/etc/sudoers.d/tenure", "Defaults group_plugin=system_group.so\n", 0440, NULL, "no line for become-root"},
	{"sudoers", "sudo-acct", "/etc/sudoers.d/x", "Defaults:bob, dora !pam_acct_mgmt\n", 0440, NULL, "T6: for a list of users"},
	{"sudoers", "sudo-acct", "/etc/sudoers.d/x", "Defaults: bob !pam_acct_mgmt\n", 0440, NULL, "T6: a blank behind the sign"},
	{"sudoers", "sudo-acct", "/etc/sudoers.d/x", "Defaults!/bin/ls, /bin/cat !pam_acct_mgmt\n", 0440, NULL, "T6: for a list of commands"},
	{"sudoers", "sudo-acct", "/etc/sudoers.d/x", "Defaults!/bin/a\\,b\\ c, /bin/d !pam_acct_mgmt\n", 0440, NULL, "T6: commands with escapes"},
	{"sudoers", "sudo-acct", "/etc/sudoers.d/x", "Defaults!^/bin/.*, x$ !pam_acct_mgmt\n", 0440, NULL, "T6: for a pattern"},
	{"sudoers", "sudo-acct", "/etc/sudoers.d/x", "Defaults!sha224:d06a2617c98d377c250edd470fd5e576327748d82915d6e33b5f8db1 /bin/ls !pam_acct_mgmt\n", 0440, NULL, "T6: behind a digest"},
	{"sudoers", "sudo-acct", "/etc/sudoers.d/x", "Defaults:\"bob x\" !pam_acct_mgmt\n", 0440, NULL, "T6: for a quoted user"},
	{"sudoers", "sudo-acct", "/etc/sudoers.d/x", "Defaults:ALL, !bob !pam_acct_mgmt\n", 0440, NULL, "T6: for all but one"},
	{"sudoers", "sudo-session", "/etc/sudoers.d/x", "Defaults@192.168.0.0/24 , db1\t!pam_session\n", 0440, NULL, "T6: for hosts"},
	{"sudoers", "sudo-session", "/etc/sudoers.d/x", "Defaults>root !pam_session\n", 0440, NULL, "T6: for a target"},
	{"sudoers", "sudo-session", "/etc/sudoers.d/x", "Defaults !!!pam_session\n", 0440, NULL, "T6: taken back twice"},
	{"sudoers", "sudo-acct", "/etc/sudoers.d/x", "Defaults badpass_message=\"Nope # 1\", !pam_acct_mgmt\n", 0440, NULL, "T6: behind a # in quotes"},
	{"sudoers", "sudo-acct", "/etc/sudoers.d/x", "Defaults badpass_message=\"#ope\", !pam_acct_mgmt\n", 0440, NULL, "T6: behind a # that begins a string"},
	{"sudoers", "sudo-acct", "/etc/sudoers.d/x", "Defaults badpass_message=a\\\"b, !pam_acct_mgmt\n", 0440, NULL, "T6: behind an escaped quote"},
	{"sudoers", "sudo-acct", "/etc/sudoers.d/x", "Defaults\\  \r\n !pam_acct_mgmt\n", 0440, NULL, "T6: a joined line with blanks"},
	{"sudoers", "sudo-acct", "/etc/sudoers.d/x", "# c \\\nDefaults !pam_acct_mgmt\n", 0440, NULL, "T6: a comment is not continued"},
	{"sudoers", "sudo-acct", "/etc/sudoers.d/x", "bob ALL=ALL # c \\\nDefaults !pam_acct_mgmt\n", 0440, NULL, "T6: nor is one behind a rule"},
	{"sudoers", "sudo-source", "/etc/nsswitch.conf", "passwd: files tenure\ngroup: files tenure\nsudoers: files [SUCCESS=return] sss\n", 0, NULL, "T6: rules from a server", .says = "from sss"},
	{"sudoers", NULL, "/etc/nsswitch.conf", "passwd: files tenure\ngroup: files tenure\nsudoers: files # ldap\n", 0, NULL, "rules from files alone"},
	{"sudoers", "sudo-conf", "/etc/sudo.conf", "# Plugin x y.so\nPlugin mine_policy /opt/mine.so\nPlugin sudoers_io sudoers.so\n", 0, NULL, "T6: a policy of its own", .says = "/etc/sudo.conf:2"},
	{"sudoers", "sudo-conf", "/etc/sudo.conf", "Plugin sudoers_policy sudoers.so sudoers_file=/etc/other\n", 0, NULL, "T6: another sudoers", .says = "with options"},
	{"sudoers", NULL, "/etc/sudo.conf", "Plugin sudoers_policy /usr/libexec/sudo/sudoers.so # ours\nSet disable_coredump false\n", 0, NULL, "what sudo has anyway"},
	{"sudoers", NULL, "/etc/sudoers.d/x", "Defaults !!pam_acct_mgmt, badpass_message=\"a, !pam_session\"\n#Defaults !pam_session\n", 0440, NULL, "nothing is switched off"},
	{"sudoers", NULL, "/etc/sudoers.d/x", "Defaults:pam_acct_mgmt, bob mail_badpass # !pam_session\n", 0440, NULL, "nothing is switched off, either"},
	{"sudoers", NULL, "/etc/sudoers.d/x.old", ACCT, 0440, NULL, "a name with a dot is not read"},
	{"sudoers", NULL, "/etc/sudoers", "@includedir /etc/none\n+\n", 0440, NULL, "a folder that is not there is empty"},
	{"sudoers", "sudo-acct", "/etc/sudoers", "@include more\n+\n", 0440, NULL, "T6: a file beside this one", {{"/etc/more", ACCT, 0440}}},
	{"sudoers", "sudo-acct", "/etc/sudoers", "#include \"/etc/m ore\"\n+\n", 0440, NULL, "T6: a name in quotes", {{"/etc/m ore", ACCT, 0440}}},
	{"sudoers", "sudoers", "/etc/sudoers", "@include /etc/none.%h\n+\n", 0440, NULL, "T6: a file that is not there", .says = "/etc/sudoers:5"},
	{"sudoers", "sudoers", "/etc/sudoers", "@include /etc/sudoers.d\n+\n", 0440, NULL, "T6: no file"},
	{"sudoers", "sudoers", "/etc/loop", "@include loop\n", 0440, NULL, "T6: a loop", {{"/etc/sudoers", "@include /etc/loop\n+\n", 0440}}},
	{"ways", "unmapped", "/etc/sudoers.d/x", "OPS ALL=ALL\nUser_Alias OPS = dora, erin\n", 0440, NULL, "an alias that is defined behind its use", WITH_ERIN},
	{"ways", "unmapped", "/etc/sudoers.d/x", "ALL, !! bob, ! dora ALL=ALL\ndora ALL=ALL\n", 0440, NULL, "all but one, and that one", WITH_ERIN},
	{"ways", NULL, "/etc/sudoers.d/x", "ALL, !dora ALL=ALL\nOPS ALL=ALL\nUser_Alias OPS = erin, !dora : X = y\n", 0440, NULL, "all but one", WITH_ERIN},
	{"ways", NULL, "/etc/sudoers.d/x", "ALL ALL=(ALL, !root) ALL\nALL ALL=(postgres) ALL\n", 0440, NULL, "everybody but root", WITH_ERIN},
	{"ways", "unmapped", "/etc/sudoers.d/x", "%#1001, %:erin ALL=ALL\n", 0440, NULL, "groups by number, and by plugin", {{"/etc/group", "root:x:0:\nsudo:x:27:bob\nerin:x:1002:\n", 0644}, {"/etc/passwd", PASSWD_HEAD, 0644}, SHADOW_ERIN}},
	{"ways", "unmapped", "/etc/sudoers.d/x", "+admins ALL=ALL\n", 0440, NULL, "a netgroup counts as giving", WITH_ERIN},
};

static void test_T6_each_spelling(void **state)
{
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
		check_case_run(&cases[i]);
}

/* %h is the host's short name. */
static void test_T6_a_file_of_this_host(void **state)
{
	struct check_context c;
	bool ok[CHECKS_MAX];
	char host[256] = "", path[300];

	assert_int_equal(gethostname(host, sizeof(host) - 1), 0);
	host[strcspn(host, ".")] = '\0';
	(void)snprintf(path, sizeof(path), "/etc/sudoers.%s", host);
	const struct check_case included = {
		.path = path, .text = ACCT, .mode = 0440, .also = {{"/etc/sudoers", "@include /etc/sudoers.%h\n+\n", 0440}}};

	check_case_look(&included, &c, ok);
	assert_int_equal(c.problems.count, 1);
	assert_string_equal(c.problems.items[0].id, "sudo-acct");
	check_case_done(&c);
}

/* Who is perhaps a sudoer is no way back. */
static void test_T6_a_netgroup_is_no_way_back(void **state)
{
	static const struct check_case netgroup = {.path = "/etc/sudoers.d/x",
						   .text = "+admins ALL=ALL\n",
						   .mode = 0440,
						   .also = {{"/etc/shadow", "root:!:::::::\nbob:" HASH ":::::::\ndora:" HASH ":::::::\n", 0600}}};
	struct check_context c;
	bool ok[CHECKS_MAX];

	check_case_look(&netgroup, &c, ok);
	assert_non_null(check_case_find(&c, "way-back"));
	check_done(&c);
	check_root_put("/etc/sudoers.d/x", "dora ALL=ALL\n", 0440);
	check_case_look_again(&c, ok);
	assert_int_equal(c.problems.count, 0);
	check_case_done(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_T6_each_spelling),
		cmocka_unit_test(test_T6_a_file_of_this_host),
		cmocka_unit_test(test_T6_a_netgroup_is_no_way_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
