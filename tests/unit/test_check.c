/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A host in order, broken in one place at a time: tenure check must say exactly that. */
#include "tests/unit/cmocka_test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "helper/check/check.h"
#include "tests/unit/check_root.h"

static struct broker_facts answer;

static void fake_broker(struct broker_facts *ret)
{
	*ret = answer;
}

struct break_case {
	const char *check, *id; /* which check must say it, and its problem */
	const char *path, *text;
	mode_t mode;
	const char *daemon; /* of the broker: "down", "degraded", "journal" */
	const char *why;
};

#define TENURE_CONF_HEAD "tenants = [ \"contoso\" ]; gate = { mode = \"enforce\"; };\nceiling = { allow_become = [ \"root\" ]; };\n"
#define MAP_BOB		 "local_logins = ( { login = \"bob\"; principal = \"bob@contoso.com\"; } );\n"
#define DIRECTORY_TAIL                                                                                                  \
	"groups = ( { name = \"dba\"; gid = 1900010001; members = [ \"bob\" ]; } );\n"                                   \
	"roles = ( { name = \"db-operator\"; actions = [ \"login\", \"become:root\" ]; } );\n"                           \
	"assignments = ( { type = \"eligible\"; role = \"db-operator\"; group = \"dba\"; scope = \"/\"; } );\n"
#define HASH "$y$j9T$u3BBvpHCkLQqKmjPmFcxf.$RLd5DAMUwxSPo3Er9nejHvjMh6pzrqU67DReuB5gd04"
#define PASSWD_HEAD                                                                                                     \
	"root:x:0:0:root:/root:/bin/bash\nbob:x:1000:1000:Bob:/home/bob:/bin/bash\n"                                     \
	"dora:x:1001:1001:Dora:/home/dora:/bin/bash\nerin:x:1002:1002:Erin:/home/erin:/bin/bash\n"

static const struct break_case cases[] = {
	{"config", "conf-syntax", "/etc/tenure/tenure.conf", "tenants = [ ;", 0, NULL, "no syntax"},
	{"config", "conf-key", "/etc/tenure/tenure.conf", TENURE_CONF_HEAD MAP_BOB "colour = 1;\n", 0, NULL, "unknown key"},
	{"config", "conf-file", "/etc/tenure/tenure.conf", TENURE_CONF_HEAD MAP_BOB, 0666, NULL, "T33: writable"},
	{"config", "conf-file", "/etc/tenure/tenants.d/contoso.conf", NULL, 0, NULL, "tenant without a file"},
	{"directory", "conf-file", "/etc/tenure/directory.d/contoso.conf", "version = 1;" DIRECTORY_TAIL, 0620, NULL, "T33: writable"},
	{"directory", "dir-uid", "/etc/tenure/directory.d/contoso.conf",
	 "version = 1; users = ( { name = \"alice\"; uid = 1000; }, { name = \"bob\"; } );\n" DIRECTORY_TAIL, 0600, NULL, "local uid"},
	{"directory", "dir-restriction", "/etc/tenure/directory.d/contoso.conf",
	 "version = 1; users = ( { name = \"bob\"; } ); assignments = ( { type = \"deny\"; actions = [ \"login\" ]; user = \"zoe\"; scope = \"/\"; } );\n",
	 0600, NULL, "a deny that leads nowhere"},
	{"logins", "logins", "/etc/tenure/tenure.conf",
	 TENURE_CONF_HEAD "local_logins = ( { login = \"bob\"; principal = \"bob@contoso.com\"; }, { login = \"zed\"; principal = \"carol@contoso.com\"; } );\n",
	 0, NULL, "no such account"},
	{"logins", "logins", "/etc/tenure/tenure.conf",
	 TENURE_CONF_HEAD "local_logins = ( { login = \"bob\"; principal = \"bob@contoso.com\"; }, { login = \"dora\"; principal = \"dora@contoso.com\"; } );\n",
	 0, NULL, "no such principal"},
	{"subuid", "subuid", "/etc/subuid", "bob:1900050000:10\n", 0, NULL, "T47: range of a user namespace"},
	{"nss", "nss", "/etc/nsswitch.conf", "passwd: files tenure\ngroup: files systemd\n", 0, NULL, "no tenure in group"},
	{"nss", "nss", "/etc/nsswitch.conf", "passwd: files\ngroup: files tenure\n", 0, NULL, "no tenure in passwd"},
	{"nss", "nss", "/etc/nsswitch.conf", "passwd: tenure files\ngroup: files tenure\n", 0, NULL, "tenure before files"},
	{"nss", "nss", "/etc/nsswitch.conf", "passwd: files [NOTFOUND=return] tenure\ngroup: files tenure\n", 0, NULL, "returns early"},
	{"nss", "nss", "/etc/nsswitch.conf", "passwd: files tenure\n# group: files tenure\n", 0, NULL, "no line for group"},
	{"caches", "caches", "/run/nscd/socket", "", 0, NULL, "nscd"},
	{"pam-stacks", "pam-stacks", "/etc/pam.d/common-auth", "auth required pam_unix.so\n", 0, NULL, "not in auth"},
	{"pam-stacks", "pam-stacks", "/etc/pam.d/common-auth", "auth required pam_unix.so\nauth required pam_tenure.so\n", 0, NULL, "password before us"},
	{"pam-stacks", "pam-stacks", "/etc/pam.d/common-account", "account required pam_unix.so\n", 0, NULL, "T6: not in account"},
	{"pam-stacks", "pam-stacks", "/etc/pam.d/common-account", "account sufficient pam_unix.so\naccount required pam_tenure.so\n", 0, NULL, "T6: ended before us"},
	{"pam-stacks", "pam-stacks", "/etc/pam.d/common-account", "account optional pam_tenure.so\n", 0, NULL, "T6: does not bind"},
	{"pam-stacks", "pam-stacks", "/etc/pam.d/common-session", "session required pam_unix.so\n", 0, NULL, "not in session"},
	{"pam-stacks", "pam-stacks", "/etc/pam.d/common-session", "session required pam_tenure.so\nsession optional pam_systemd.so\n", 0, NULL, "T53: before pam_systemd"},
	{"pam-stacks", "pam-stacks", "/etc/pam.d/su", "account include common-account\nauth include common-auth\n", 0, NULL, "su without session"},
	{"pam-stacks", "pam-stacks", "/etc/pam.d/tenure", NULL, 0, NULL, "no step-up service"},
	{"sudoers", "sudo-acct", "/etc/sudoers.d/old", "# old\n\nDefaults !pam_acct_mgmt\n", 0440, NULL, "T6"},
	{"sudoers", "sudo-acct", "/etc/sudoers.d/old", "Defaults:bob env_keep += \"A B\", \\\n  !pam_acct_mgmt\n", 0440, NULL, "T6: in a joined line"},
	{"sudoers", "sudo-session", "/etc/sudoers", "Defaults !pam_session\n+\n", 0440, NULL, "T6"},
	{"sudoers", "sudo-nopasswd", "/etc/sudoers.d/ci", "ci ALL=(root) NOPASSWD: ALL\n", 0440, NULL, "no password"},
	{"sudoers", "sudo-nopasswd", "/etc/sudoers.d/ci", "Defaults:ci !authenticate\n", 0440, NULL, "no password by Defaults"},
	{"sudoers", "sudo-service", "/etc/sudoers.d/x", "Defaults pam_service=other\n", 0440, NULL, "T6: no gate"},
	{"sudoers", "sudo-service", "/etc/sudoers.d/x", "Defaults pam_login_service = \"other\"\n", 0440, NULL, "T6: no gate, with blanks"},
	{"sudoers", "sudo-service", "/etc/sudoers.d/x", "Defaults pam_askpass_service=other\n", 0440, NULL, "T6: no gate, by sudo -A"},
	{"sudoers", "sudo-acct", "/etc/sudoers.d/x", "Defaults!/bin/ls ! pam_acct_mgmt # why\n", 0440, NULL, "T6: for a command"},
	{"sudoers", "sudo-acct", "/etc/sudoers", "@include /etc/more\n+\n", 0440, NULL, "T6: in an included file"},
	{"ways", "unmapped", "/etc/sudoers.d/x", "User_Alias OPS = dora, erin : X = y\nOPS ALL = (ADMINS) ALL\n", 0440, NULL, "two sudoers by aliases"},
	{"sudoers", "sudo-plugin", "/etc/sudoers.d/tenure", "%:become-root ALL=(root) ALL\n", 0440, NULL, "no plugin"},
	{"sudoers", "sudo-rule", "/etc/sudoers.d/tenure", "Defaults group_plugin=system_group.so\n", 0440, NULL, "no line for become-root"},
	{"ways", "root-group", "/etc/group", "root:x:0:\nsudo:x:27:bob\ndocker:x:998:dora,bob\nbob:x:1000:\n", 0, NULL, "bob in docker"},
	{"ways", "root-group", "/etc/group", "root:x:0:\nsudo:x:27:bob\ndisk:x:6:alice\nbob:x:1000:\n", 0, NULL, "alice in disk"},
	{"ways", "root-group", "/etc/group", "root:x:0:\nsudo:x:27:\nshadow:x:1000:\n", 0, NULL, "bob by his primary group"},
	{"ways", "unmapped", "/etc/group", "root:x:0:\nsudo:x:27:bob,dora,erin\nbob:x:1000:\n", 0, NULL, "two unmapped sudoers"},
	{"ways", "no-gate", "/etc/tenure/tenure.conf",
	 "tenants = [ \"contoso\" ]; gate = { mode = \"enforce\"; services = [ \"sudo\", \"sudo-i\" ]; };\n"
	 "ceiling = { allow_become = [ \"root\" ]; };\n" MAP_BOB,
	 0, NULL, "su is no gate"},
	{"ways", "doas", "/etc/doas.conf", "# doas\npermit persist bob\n", 0, NULL, "doas"},
	{"ways", "pkexec", "/usr/bin/pkexec", "", 04755, NULL, "pkexec, and bob is in sudo"},
	{"way-back", "way-back", "/etc/shadow", "root:!:19000::::::\nbob:" HASH ":19000::::::\ndora:" HASH ":19000::::::\n", 0600, NULL, "root is locked, bob is governed"},
	{"way-back", "way-back", "/etc/passwd", "root:x:0:0:root:/root:/usr/sbin/nologin\nbob:x:1000:1000:Bob:/home/bob:/bin/bash\n", 0, NULL, "root has no shell"},
	{"permissions", "permissions", "/etc/tenure/directory.d/contoso.conf", "version = 1; users = ( { name = \"bob\"; } );\n" DIRECTORY_TAIL, 0644, NULL, "T34: hashes for everybody"},
	{"permissions", "permissions", "/var/lib/tenure/tenants/contoso/secrets", "x", 0640, NULL, "T34: hashes for a group"},
	{"permissions", "permissions", "/var/lib/tenure/journal/00000001", "{}", 0644, NULL, "the journal for everybody"},
	{"broker", "broker", NULL, NULL, 0, "down", "nobody answers"},
	{"broker", "broker", NULL, NULL, 0, "degraded", "it cannot grant"},
	{"journal", "journal", NULL, NULL, 0, "journal", "damage"},
	{"cgroup", "cgroup", "/proc/self/mountinfo", "22 27 0:21 / /proc rw - proc proc rw\n", 0, NULL, "no cgroup v2"},
	{"cgroup", "cgroup", "/proc/self/mountinfo", "30 23 0:26 / /sys/fs/cgroup ro - cgroup2 cgroup2 rw\n", 0, NULL, "read-only"},
	{"sshd-usepam", "sshd-usepam", "/etc/ssh/sshd_config", "UsePAM no\n", 0, NULL, "UsePAM no"},
	{"sshd-usepam", "sshd-usepam", "/etc/ssh/sshd_config", "Port 22\nMatch User x\n UsePAM yes\n", 0, NULL, "unsaid"},
	{"sshd-usepam", "sshd-usepam", "/etc/ssh/sshd_config.d/first.conf", "usepam = no\n", 0, NULL, "the first one counts"},
	{"stepup", "stepup", "/etc/tenure/directory.d/contoso.conf",
	 "version = 1; users = ( { name = \"bob\"; }, { name = \"carol\"; uid = 1900000003; } );\n"
	 "assignments = ( { type = \"eligible\"; role = \"helpdesk-administrator\"; user = \"carol\"; scope = \"/\"; } );\n",
	 0600, NULL, "carol has no password"},
	{"homes", "homes", "/home/contoso.com/alice/.profile", NULL, 0, NULL, "no home"},
};

static void prepare(const struct break_case *b)
{
	answer = (struct broker_facts){.journal = "ok"};
	check_root_make();
	if (!b)
		return;
	if (strstr(b->why, "included"))
		check_root_put("/etc/more", "Defaults !pam_acct_mgmt\n", 0440);
	if (strcmp(b->id, "unmapped") == 0) {
		check_root_put("/etc/passwd", PASSWD_HEAD, 0644);
		check_root_put("/etc/shadow", "root:" HASH ":::::::\nbob:" HASH ":::::::\ndora:" HASH ":::::::\nerin:" HASH ":::::::\n", 0600);
	}
	if (b->path)
		check_root_put(b->path, b->text, b->mode);
	if (strcmp(b->id, "homes") == 0)
		check_root_put("/home/contoso.com/alice", NULL, 0);
	if (b->daemon && strcmp(b->daemon, "down") == 0)
		answer.error = -ECONNREFUSED;
	if (b->daemon && strcmp(b->daemon, "degraded") == 0)
		strcpy(answer.degraded, "no disk");
	if (b->daemon && strcmp(b->daemon, "journal") == 0)
		strcpy(answer.journal, strcpy(answer.degraded, "line 3 does not fit its hash"));
}

static void show(const struct check_context *c)
{
	for (size_t i = 0; i < c->problems.count; i++)
		print_error("  %s %s %s\n", c->problems.items[i].id, c->problems.items[i].place,
			    c->problems.items[i].message);
}

static void test_nothing_to_say(void **state)
{
	struct check_context c = {.ask_broker = fake_broker};
	bool ok[CHECKS_MAX];

	prepare(NULL);
	assert_int_equal(check_run(&c, ok), 0);
	show(&c);
	assert_int_equal(c.problems.count, 0);
	for (size_t i = 0; check_table[i].id; i++)
		assert_true(ok[i]);
	check_done(&c);
	check_root_remove();
}

static void run_case(const struct break_case *b)
{
	struct check_context c = {.ask_broker = fake_broker};
	bool ok[CHECKS_MAX];
	bool exactly;

	prepare(b);
	assert_int_equal(check_run(&c, ok), 0);
	exactly = c.problems.count == 1 && strcmp(c.problems.items[0].id, b->id) == 0;
	for (size_t i = 0; check_table[i].id; i++)
		if (strcmp(check_table[i].id, b->check) == 0 ||
		    (answer.error < 0 && strcmp(check_table[i].id, "journal") == 0))
			exactly = exactly && !ok[i];
	if (!exactly) {
		show(&c);
		check_root_remove();
		fail_msg("%s wanted from %s: %s", b->id, b->check, b->why);
	}
	check_done(&c);
	check_root_remove();
}

static void test_T6_each_fault_alone(void **state)
{
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
		run_case(&cases[i]);
}

static void test_T40_a_clock_behind_the_journal(void **state)
{
	struct check_context c = {.ask_broker = fake_broker};
	bool ok[CHECKS_MAX];

	prepare(NULL);
	check_root_future("/var/lib/tenure/journal/00000001");
	assert_int_equal(check_run(&c, ok), 0);
	assert_int_equal(c.problems.count, 1);
	assert_string_equal(c.problems.items[0].id, "clock");
	check_done(&c);
	check_root_remove();
}

/* Every check of the table has a case that breaks it. */
static void test_each_check_can_fail(void **state)
{
	for (size_t i = 0; check_table[i].id; i++) {
		bool found = strcmp(check_table[i].id, "clock") == 0;

		for (size_t j = 0; j < ARRAY_LENGTH(cases) && !found; j++)
			found = strcmp(cases[j].check, check_table[i].id) == 0;
		if (!found)
			fail_msg("no case breaks %s", check_table[i].id);
	}
}

/* A key for root is a way back as long as sshd runs: a warning. */
static void test_severity_of_way_back(void **state)
{
	struct check_context c = {.ask_broker = fake_broker};
	bool ok[CHECKS_MAX];

	prepare(NULL);
	check_root_put("/etc/shadow", "root:*:19000::::::\nbob:" HASH ":19000::::::\n", 0600);
	check_root_put("/root/.ssh/authorized_keys", "ssh-ed25519 AAAA x\n", 0600);
	assert_int_equal(check_run(&c, ok), 0);
	assert_int_equal(c.problems.errors, 0);
	assert_int_equal(c.problems.warnings, 1);
	assert_string_equal(c.problems.items[0].id, "way-back");
	check_done(&c);
	check_root_remove();
}

/* What is to be typed must not leave the file open another way. */
static void test_T33_the_remedy_closes_the_file(void **state)
{
	struct check_context c = {.ask_broker = fake_broker};
	bool ok[CHECKS_MAX], found = false;

	prepare(NULL);
	check_root_put("/etc/tenure/directory.d/contoso.conf", "version = 1;" DIRECTORY_TAIL, 0666);
	assert_int_equal(check_run(&c, ok), 0);
	for (size_t i = 0; i < c.problems.count; i++)
		if (strcmp(c.problems.items[i].id, "permissions") == 0)
			found = strncmp(c.problems.items[i].remedy, "chmod 0600 ", 11) == 0;
	assert_true(found);
	check_done(&c);
	check_root_remove();
}

static void test_nothing_bound(void **state)
{
	struct check_context c = {.ask_broker = fake_broker};
	bool ok[CHECKS_MAX];

	prepare(NULL);
	check_root_put("/etc/tenure/tenure.conf", NULL, 0);
	check_root_put("/etc/nsswitch.conf", "passwd: files\n", 0);
	assert_int_equal(check_run(&c, ok), 0);
	show(&c);
	assert_int_equal(c.problems.count, 0);
	check_done(&c);
	c = (struct check_context){.ask_broker = fake_broker};
	check_root_put("/var/lib/tenure/last/tenure.conf", "tenants = [ ];", 0600);
	assert_int_equal(check_run(&c, ok), 0);
	assert_int_equal(c.problems.count, 1);
	assert_string_equal(c.problems.items[0].id, "conf-file");
	check_done(&c);
	check_root_remove();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_to_say),
		cmocka_unit_test(test_T6_each_fault_alone),
		cmocka_unit_test(test_T40_a_clock_behind_the_journal),
		cmocka_unit_test(test_each_check_can_fail),
		cmocka_unit_test(test_severity_of_way_back),
		cmocka_unit_test(test_T33_the_remedy_closes_the_file),
		cmocka_unit_test(test_nothing_bound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
