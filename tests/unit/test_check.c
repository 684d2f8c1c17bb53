/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A host in order, broken in one place at a time: tenure check must say exactly that. */
#include "tests/unit/cmocka_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/unit/check_case.h"
#include "tests/unit/check_root.h"

static const struct check_case cases[] = {
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
	{"host", "host", "/etc/tenure/directory.d/contoso.conf", "version = 1; users = ( { name = \"bob\"; } );\n", 0600, NULL, "no entry of this host"},
	{"host", "host", "/etc/machine-id", NULL, 0, NULL, "no host id"},
	{"logins", "logins", "/etc/tenure/tenure.conf",
	 TENURE_CONF_HEAD "local_logins = ( { login = \"bob\"; principal = \"bob@contoso.com\"; }, { login = \"zed\"; principal = \"carol@contoso.com\"; } );\n",
	 0, NULL, "no such account"},
	{"logins", "logins", "/etc/tenure/tenure.conf",
	 TENURE_CONF_HEAD "local_logins = ( { login = \"bob\"; principal = \"bob@contoso.com\"; }, { login = \"dora\"; principal = \"dora@contoso.com\"; } );\n",
	 0, NULL, "no such principal"},
	{"subuid", "subuid", "/etc/subuid", "bob:1900050000:10\n", 0, NULL, "T47: range of a user namespace"},
	{"ldap", "ldap", NULL, NULL, 0,
	 "rows [{\"tenant\": \"contoso\", \"connected\": false, \"uri\": \"ldaps://a\", \"trouble\": \"it refuses us; do: look (49)\"}]",
	 "no server", .says = "not connected to ldaps://a: it refuses us (49)"},
	{"ldap", "ldap-polls", NULL, NULL, 0,
	 "rows [{\"tenant\": \"contoso\", \"connected\": true, \"polls\": true, \"uri\": \"ldaps://a\"}]", "no syncprov"},
	{"ldap", NULL, NULL, NULL, 0, "rows [{\"tenant\": \"contoso\", \"connected\": true, \"polls\": false}]", "all is well"},
	{"ldap", "ldap-tls", NULL, NULL, 0, "says ldap-tls tenants.d/contoso.conf", "the broker cannot read tls_ca"},
	{"nss", "nss", "/etc/nsswitch.conf", "passwd: files tenure\ngroup: files systemd\n", 0, NULL, "no tenure in group"},
	{"nss", "nss", "/etc/nsswitch.conf", "passwd: files\ngroup: files tenure\n", 0, NULL, "no tenure in passwd"},
	{"nss", "nss", "/etc/nsswitch.conf", "passwd: tenure files\ngroup: files tenure\n", 0, NULL, "tenure before files"},
	{"nss", "nss", "/etc/nsswitch.conf", "passwd: files [NOTFOUND=return] tenure\ngroup: files tenure\n", 0, NULL, "returns early"},
	{"nss", "nss", "/etc/nsswitch.conf", "passwd: files tenure\n# group: files tenure\n", 0, NULL, "no line for group"},
	{"nss", "nss", "/etc/nsswitch.conf", "passwd: files [!UNAVAIL=return] tenure\ngroup: files tenure\n", 0, NULL, "returns but for one status", .says = "passwd returns"},
	{"nss", "nss", "/etc/nsswitch.conf", "passwd: files tenure\ngroup: files [ NOTFOUND = return ] tenure\n", 0, NULL, "returns early, with blanks", .says = "group returns"},
	{"nss", "nss", "/etc/nsswitch.conf", "passwd: files tenure\ngroup: files systemd [SUCCESS=continue UnAvail=return] tenure\n", 0, NULL, "returns early, the second of two"},
	{"nss", "nss", "/etc/nsswitch.conf", "passwd: files [!SUCCESS=return] tenure\ngroup: files tenure\n", 0, NULL, "returns but for success"},
	{"nss", NULL, "/etc/nsswitch.conf", "passwd: files [SUCCESS=return] tenure\ngroup: files [SUCCESS=merge] tenure [NOTFOUND=return]\n", 0, NULL, "what is the rule anyway, and what stands behind"},
	{"nss", "nss", "/etc/nsswitch.conf", "passwd: files[NOTFOUND=return]tenure\ngroup: files tenure\n", 0, NULL, "without blanks"},
	{"nss", "nss", "/etc/nsswitch.conf", "passwd: files tenure\ngroup: files tenure\ninitgroups: files\n", 0, NULL, "initgroups without tenure", .says = "has no tenure"},
	{"nss", "nss", "/etc/nsswitch.conf", "passwd: files tenure\ngroup: files tenure\ninitgroups: files tenure\n", 0, NULL, "initgroups is answered by files alone", .says = "initgroups returns"},
	{"nss", NULL, "/etc/nsswitch.conf", "passwd: files tenure\ngroup: files tenure\ninitgroups: files [SUCCESS=continue] tenure\n", 0, NULL, "initgroups that asks all"},
	{"nss", "local-group", "/etc/group", "root:x:0:\nsudo:x:27:bob\nbob:x:1000:\nbecome-root:x:1500:dora\n", 0, NULL, "a local become-root"},
	{"nss", "local-group", "/etc/group", "root:x:0:\nsudo:x:27:bob\nbob:x:1000:\nrole-db-operator:x:1500:\n", 0, NULL, "a local role-NAME"},
	{"nss", NULL, "/etc/group", "root:x:0:\nsudo:x:27:bob\nbob:x:1000:\nrole-other:x:1500:\nbecome-lp:x:1501:\n", 0, NULL, "names that no role has"},
	{"caches", "caches", "/run/nscd/socket", "", 0, NULL, "nscd"},
	{"caches", "visibility-log", "/etc/tenure/tenure.conf",
	 "tenants = [ \"contoso\" ]; gate = { mode = \"enforce\"; };\n"
	 "ceiling = { allow_become = [ \"root\" ]; allow_groups = [ \"adm\" ]; };\n" MAP_BOB,
	 0, NULL, "a role may give the log's group", {{"/etc/tenure/tenants.d/contoso.conf", HIDING, 0}}},
	{"caches", NULL, "/etc/tenure/tenants.d/contoso.conf", HIDING, 0, NULL, "a socket that userdbd left behind",
	 {{"/run/systemd/userdb/io.systemd.Multiplexer", "", 0}}},
	{"pam-stacks", "pam-stacks", "/etc/pam.d/common-account", "account required pam_unix.so\n", 0, NULL, "T6: not in account"},
	{"sudoers", "sudo-plugin", "/etc/sudoers.d/tenure", "%:become-root ALL=(root) ALL\n", 0440, NULL, "no plugin"},
	{"ways", "root-group", "/etc/group", "root:x:0:\nsudo:x:27:bob\ndocker:x:998:dora,bob\nbob:x:1000:\n", 0, NULL, "bob in docker"},
	{"ways", "root-group", "/etc/group", "root:x:0:\nsudo:x:27:bob\ndisk:x:6:alice\nbob:x:1000:\n", 0, NULL, "alice in disk"},
	{"ways", "root-group", "/etc/group", "root:x:0:\nsudo:x:27:\nshadow:x:1000:\n", 0, NULL, "bob by his primary group"},
	{"ways", "unmapped", "/etc/group", "root:x:0:\nsudo:x:27:bob,dora,erin\nbob:x:1000:\n", 0, NULL, "two unmapped sudoers", WITH_ERIN},
	{"ways", "no-gate", "/etc/tenure/tenure.conf",
	 "tenants = [ \"contoso\" ]; gate = { mode = \"enforce\"; services = [ \"sudo\", \"sudo-i\" ]; };\n"
	 "ceiling = { allow_become = [ \"root\" ]; };\n" MAP_BOB,
	 0, NULL, "su is no gate"},
	{"ways", "doas", "/etc/doas.conf", "# doas\npermit persist bob\n", 0, NULL, "doas"},
	{"ways", "pkexec", "/usr/bin/pkexec", "", 04755, NULL, "pkexec, and bob is in sudo"},
	{"ways", "polkit", "/usr/share/dbus-1/system-services/org.freedesktop.PolicyKit1.service", "", 0, NULL, "polkit without pkexec"},
	{"ways", "root-login", "/root/.ssh/authorized_keys", "# none\ncommand=\"echo no\" ssh-rsa A\n\necdsa-sha2-nistp256 A x\n", 0600, NULL, "root by key", .says = "authorized_keys"},
	{"ways", "root-login", "/etc/ssh/sshd_config", "UsePAM yes\nPermitRootLogin yes\n", 0, NULL, "root by password", .says = "sshd_config"},
	{"ways", "root-login", "/etc/ssh/sshd_config", "UsePAM yes\nPermitRootLogin no\nMatch Address 10.0.0.0/8\n PermitRootLogin = yes\n", 0, NULL, "root by password from somewhere"},
	{"ways", NULL, "/etc/ssh/sshd_config", "UsePAM yes\nPermitRootLogin no\nPermitRootLogin yes\n", 0, NULL, "the first one counts"},
	{"ways", NULL, "/etc/ssh/sshd_config", "UsePAM yes\nPermitRootLogin yes\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n", 0, NULL, "no passwords by ssh"},
	{"ways", NULL, "/root/.ssh/authorized_keys", "# ssh-rsa A\nno-pty,command=\"echo 'log in as admin'\" ssh-rsa A\n", 0600, NULL, "no key that gives a shell"},
	{"way-back", "way-back", "/etc/shadow", "root:!:19000::::::\nbob:" HASH ":19000::::::\ndora:" HASH ":19000::::::\n", 0600, NULL, "root is locked, bob is governed"},
	{"way-back", "way-back", "/etc/passwd", "root:x:0:0:root:/root:/usr/sbin/nologin\nbob:x:1000:1000:Bob:/home/bob:/bin/bash\n", 0, NULL, "root has no shell"},
	{"permissions", "permissions", "/etc/tenure/directory.d/contoso.conf", "version = 1; users = ( { name = \"bob\"; } );\n" DIRECTORY_TAIL, 0644, NULL, "T34: hashes for everybody"},
	{"permissions", "permissions", "/var/lib/tenure/tenants/contoso/secrets", "x", 0640, NULL, "T34: hashes for a group"},
	{"permissions", "permissions", "/var/lib/tenure/journal/00000001", "{}", 0644, NULL, "the journal for everybody"},
	{"permissions", "permissions", "/var/lib/tenure/last/directory.d/contoso.conf", "", 0604, NULL, "T34: the last hashes for everybody"},
	{"permissions", "permissions", "/var/lib/tenure/last/tenure.conf", "", 0640, NULL, "what was good last, for a group"},
	{"permissions", "permissions", "/var/lib/tenure/index", "x", 0664, NULL, "T33: a group writes the index"},
	{"permissions", "permissions", "/var/lib/tenure/gate", "x", 0646, NULL, "T33: everybody writes the gate file"},
	{"permissions", "permissions", "/var/lib/tenure/tenants/contoso/grants", "x", 0664, NULL, "T33: a group writes grants"},
	{"permissions", "permissions", "/run/tenure/generation", "x", 0666, NULL, "T33: everybody writes the generation"},
	{"permissions", "permissions", "/etc/sudoers.d/tenure", "Defaults group_plugin=system_group.so\n%:become-root ALL=(root) ALL\n", 0462, NULL, "T33: everybody writes the rule"},
	{"broker", "broker", NULL, NULL, 0, "down", "nobody answers"},
	{"broker", "broker", NULL, NULL, 0, "degraded", "it cannot grant"},
	{"directory", "dir-uid-retired", NULL, NULL, 0, "says dir-uid-retired directory.d/contoso.conf:2", "T50: only the journal knows"},
	{"logins", "login-binding", NULL, NULL, 0, "says login-binding tenure.conf:4", "T50: only the journal knows", .says = "tenure.conf:4"},
	{"config", "conf-last", NULL, NULL, 0, "says conf-last tenure.conf", "the broker cannot keep it"},
	{"logins", "logins", "/etc/tenure/tenure.conf",
	 TENURE_CONF_HEAD "local_logins = ( { login = \"bob\"; principal = \"bob@contoso.com\"; }, { login = \"zed\"; principal = \"carol@contoso.com\"; } );\n",
	 0, "says login-binding tenure.conf:3", "said once"},
	{"journal", "journal", NULL, NULL, 0, "journal", "damage"},
	{"cgroup", "cgroup", "/proc/self/mountinfo", "22 27 0:21 / /proc rw - proc proc rw\n", 0, NULL, "no cgroup v2"},
	{"cgroup", "cgroup", "/proc/self/mountinfo", "30 23 0:26 / /sys/fs/cgroup ro - cgroup2 cgroup2 rw\n", 0, NULL, "read-only"},
	{"sshd-usepam", "sshd-usepam", "/etc/ssh/sshd_config", "UsePAM no\n", 0, NULL, "UsePAM no"},
	{"sshd-usepam", "sshd-usepam", "/etc/ssh/sshd_config", "Port 22\nMatch User x\n UsePAM yes\n", 0, NULL, "unsaid"},
	{"sshd-usepam", "sshd-usepam", "/etc/ssh/sshd_config.d/first.conf", "usepam = no\n", 0, NULL, "the first one counts"},
	{"stepup", "stepup", "/etc/tenure/directory.d/contoso.conf",
	 "version = 1; users = ( { name = \"bob\"; }, { name = \"carol\"; uid = 1900000003; } );\n" HOSTS
	 "assignments = ( { type = \"eligible\"; role = \"helpdesk-administrator\"; user = \"carol\"; scope = \"/\"; } );\n",
	 0600, NULL, "carol has no password"},
	{"stepup", "stepup", "/etc/tenure/directory.d/contoso.conf",
	 "version = 1; users = ( { name = \"bob\"; }, { name = \"carol\"; uid = 1900000003; } );\n" HOSTS
	 "roles = ( { name = \"db-operator\"; actions = [ \"login\" ]; activation = { approvals = 1; approver_users = [ \"carol\" ]; }; } );\n"
	 "assignments = ( { type = \"eligible\"; role = \"db-operator\"; user = \"bob\"; scope = \"/\"; } );\n",
	 0600, NULL, "an approver has no password", .says = "carol has no password; db-operator"},
	{"stepup", "stepup", "/etc/tenure/directory.d/contoso.conf",
	 "version = 1; users = ( { name = \"bob\"; }, { name = \"carol\"; uid = 1900000003; } );\n" HOSTS
	 "groups = ( { name = \"approvers\"; member_groups = [ \"inner\" ]; }, { name = \"inner\"; members = [ \"carol\" ]; } );\n"
	 "roles = ( { name = \"db-operator\"; actions = [ \"login\" ]; activation = { approvals = 1; approver_groups = [ \"approvers\" ]; }; } );\n"
	 "assignments = ( { type = \"eligible\"; role = \"db-operator\"; user = \"bob\"; scope = \"/\"; } );\n",
	 0600, NULL, "an approver of a group in a group has no password", .says = "carol has no password"},
	{"homes", "homes", "/home/contoso.com/alice", NULL, 0, NULL, "no home", {{"/home/contoso.com/alice/.profile", NULL, 0}}},
};

static void test_nothing_to_say(void **state)
{
	struct check_context c;
	bool ok[CHECKS_MAX];

	check_case_look(NULL, &c, ok);
	check_case_show(&c);
	assert_int_equal(c.problems.count, 0);
	for (size_t i = 0; check_table[i].id; i++)
		assert_true(ok[i]);
	check_case_done(&c);
}

static void test_T6_each_fault_alone(void **state)
{
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
		check_case_run(&cases[i]);
}

static void test_T40_a_clock_behind_the_journal(void **state)
{
	struct check_context c;
	bool ok[CHECKS_MAX];

	check_root_make();
	check_root_time("/var/lib/tenure/journal/00000001", time(NULL) + 3600);
	check_case_look_again(&c, ok);
	assert_int_equal(c.problems.count, 1);
	assert_string_equal(c.problems.items[0].id, "clock");
	check_case_done(&c);
}

/* What runs and would tell everybody: of a tenant that hides. */
static void test_caches_beside_a_tenant_that_hides(void **state)
{
	static const char *const names[] = {"/var/run/nscd/socket", "/run/systemd/userdb/io.systemd.Multiplexer"};
	struct check_context c;
	bool ok[CHECKS_MAX];

	for (size_t i = 0; i < 2 * ARRAY_LENGTH(names); i++) {
		const bool hides = i < ARRAY_LENGTH(names);
		struct sockaddr_un address = {.sun_family = AF_UNIX};
		const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

		check_root_make();
		check_root_put(names[i % 2], "", 0); /* for its folders */
		check_root_put(names[i % 2], NULL, 0);
		(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s%s", getenv("TENURE_TEST_ROOT"), names[i % 2]);
		assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
		assert_int_equal(listen(fd, 5), 0);
		if (hides)
			check_root_put("/etc/tenure/tenants.d/contoso.conf", HIDING, 0);
		check_case_look_again(&c, ok);
		assert_int_equal(c.problems.count, hides);
		assert_int_equal(check_case_is_ok(ok, "caches"), !hides);
		if (hides)
			assert_non_null(strstr(check_case_find(&c, "visibility-cache")->message, i == 0 ? "nscd" : "systemd-userdbd"));
		check_case_done(&c);
		close(fd);
	}
}

/* Closed, or open to the group of all members, is well; of a tenant that all see nothing is asked. */
static void test_homes_of_a_tenant_that_hides(void **state)
{
	static const struct {
		mode_t mode;
		bool hides, open;
	} doors[] = {{0700, true, false}, {0755, true, true}, {0711, true, true}, {0710, true, true}, {0755, false, false}};
	struct check_context c;
	bool ok[CHECKS_MAX];

	for (size_t i = 0; i < ARRAY_LENGTH(doors); i++) {
		const struct problem *p;

		check_root_make();
		if (doors[i].hides)
			check_root_put("/etc/tenure/tenants.d/contoso.conf", HIDING, 0);
		check_root_chmod("/home/contoso.com", doors[i].mode);
		check_case_look_again(&c, ok);
		p = check_case_find(&c, "visibility-home");
		assert_int_equal(p != NULL, doors[i].open);
		assert_int_equal(c.problems.count, doors[i].open);
		if (p)
			assert_string_equal(p->remedy, "chgrp 1900090999 /home/contoso.com && chmod 0710 /home/contoso.com");
		check_case_done(&c);
	}
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

/* A key for root is a way back as long as sshd takes it: a warning. It is a way past every gate, too. */
static void test_severity_of_way_back(void **state)
{
	static const struct check_case locked = {
		.path = "/etc/shadow", .text = "root:*:19000::::::\nbob:" HASH ":19000::::::\n", .mode = 0600};
	struct check_context c;
	bool ok[CHECKS_MAX];

	check_case_look(&locked, &c, ok);
	assert_int_equal(c.problems.count, 1);
	assert_int_equal(check_case_find(&c, "way-back")->severity, SEVERITY_ERROR);
	check_done(&c);
	check_root_put("/root/.ssh/authorized_keys", "ssh-ed25519 AAAA x\n", 0600);
	check_case_look_again(&c, ok);
	assert_int_equal(c.problems.errors, 0);
	assert_int_equal(check_case_find(&c, "way-back")->severity, SEVERITY_WARNING);
	assert_non_null(check_case_find(&c, "root-login"));
	check_done(&c);
	check_root_put("/etc/ssh/sshd_config", "UsePAM yes\nPermitRootLogin no\n", 0);
	check_case_look_again(&c, ok);
	assert_int_equal(c.problems.count, 1);
	assert_int_equal(check_case_find(&c, "way-back")->severity, SEVERITY_ERROR);
	check_case_done(&c);
}

/* What is to be typed must not leave the file open another way. */
static void test_T33_the_remedy_closes_the_file(void **state)
{
	static const struct check_case open = {
		.path = "/etc/tenure/directory.d/contoso.conf", .text = "version = 1;" DIRECTORY_TAIL, .mode = 0666};
	struct check_context c;
	bool ok[CHECKS_MAX];

	check_case_look(&open, &c, ok);
	assert_non_null(check_case_find(&c, "permissions"));
	assert_int_equal(strncmp(check_case_find(&c, "permissions")->remedy, "chmod 0600 ", 11), 0);
	check_case_done(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_to_say),
		cmocka_unit_test(test_T6_each_fault_alone),
		cmocka_unit_test(test_T40_a_clock_behind_the_journal),
		cmocka_unit_test(test_caches_beside_a_tenant_that_hides),
		cmocka_unit_test(test_homes_of_a_tenant_that_hides),
		cmocka_unit_test(test_each_check_can_fail),
		cmocka_unit_test(test_severity_of_way_back),
		cmocka_unit_test(test_T33_the_remedy_closes_the_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
