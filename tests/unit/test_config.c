/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* tenure.conf, tenants.d, and the look at the text: each fault alone, and exactly its problem. */
#include "tests/unit/cmocka_test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/config/config.h"

static void expect(struct problem_list *problems, const char *id, const char *text)
{
	if (problems->count != (*id ? 1 : 0) || (*id && strcmp(problems->items[0].id, id) != 0)) {
		for (size_t i = 0; i < problems->count; i++)
			print_error("  %s %s %s\n", problems->items[i].id, problems->items[i].place,
				    problems->items[i].message);
		fail_msg("wanted %s of: %s", id, text);
	}
	if (*id && !*problems->items[0].remedy)
		fail_msg("no remedy for %s: %s", id, text);
	problem_list_done(problems);
}

#define NONE "tenants = [ ]; "

static const struct {
	const char *id, *text;
} host_cases[] = {
	{"conf-missing", ""},
	{"conf-missing", "# tenants = [ ];\n"},
	{"conf-missing", "gate = { mode = \"enforce\"; };"},
	{"", "# nothing bound\ntenants = [ ];"},
	{"", "tenants = [ \"a\" ]; gate = { mode = \"enforce\"; };"},
	{"conf-missing", "tenants = [ \"a\" ];"},
	{"conf-value", "tenants = \"contoso\";"},
	{"conf-value", "tenants = [ \"Contoso\" ]; gate = { mode = \"enforce\"; };"},
	{"conf-value", "tenants = [ \"a\", \"a\" ]; gate = { mode = \"enforce\"; };"},
	{"conf-key", NONE "tenant = [ \"a\" ];"},
	{"conf-key", NONE "gate = { mode = \"enforce\"; fast = true; };"},
	{"conf-value", NONE "gate = { mode = \"Enforce\"; };"},
	{"conf-value", NONE "gate = \"enforce\";"},
	{"conf-value", NONE "gate = { mode = \"enforce\"; services = [ \"../sudo\" ]; };"},
	{"conf-value", NONE "gate = { mode = \"enforce\"; services = [ \"sshd\" ]; };"},
	{"conf-value", NONE "gate = { mode = \"enforce\"; service_modes = ( { service = \"cron\"; mode = \"enforce\"; } ); };"},
	{"conf-missing", NONE "gate = { mode = \"enforce\"; service_modes = ( { service = \"su\"; } ); };"},
	{"conf-value", NONE "gate = { break_glass_users = [ \"a b\" ]; };"},
	{"conf-value", NONE "ceiling = { allow_become = [ \"-\" ]; };"},
	{"conf-value", NONE "ceiling = { allow_groups = [ \"*\" ]; };"},
	{"conf-value", NONE "ceiling = { allow_become = [ \"*\" ]; };"},
	{"", NONE "ceiling = { allow_become = [ \"Debian-exim\" ]; };"},
	{"conf-missing", NONE "local_logins = ( { login = \"bob\"; } );"},
	{"conf-value", NONE "local_logins = ( { login = \"bob\"; principal = \"bob\"; } );"},
	{"conf-value", NONE "local_logins = ( { login = \"root\"; principal = \"bob@contoso.com\"; } );"},
	{"conf-value", NONE "local_logins = ( { login = \"bob\"; principal = \"bob@contoso.com\"; login_by = \"both\"; } );"},
	{"conf-value", NONE "local_logins = ( { login = \"bob\"; principal = \"bob@contoso.com\"; }, { login = \"bob\"; principal = \"eve@contoso.com\"; } );"},
	{"conf-value", NONE "local_logins = ( { login = \"bob\"; principal = \"bob@contoso.com\"; }, { login = \"eve\"; principal = \"bob@contoso.com\"; } );"},
	{"conf-value", NONE "services = { login = [ \"sshd\" ]; batch = [ \"sshd\" ]; };"},
	{"conf-value", NONE "sessions = { warn_before = [ \"1m\", \"5m\" ]; };"},
	{"conf-value", NONE "sessions = { warn_before = [ 60 ]; };"},
	{"conf-value", NONE "sessions = { warn_before = [ \"9m\", \"8m\", \"7m\", \"6m\", \"5m\", \"4m\", \"3m\", \"2m\", \"1m\" ]; };"},
	{"conf-value", NONE "sessions = { grace = \"21s\"; };"},
	{"conf-value", NONE "sessions = { grace = 5; };"},
	{"conf-value", NONE "min_duration = \"0s\";"},
	{"conf-value", NONE "min_duration = \"25h\";"},
	{"", NONE "min_duration = \"1s\"; journal = { reserve = 65536; };"},
	{"conf-value", NONE "journal = { reserve = 0; };"},
	{"conf-syntax", "tenants = [ \"a\", ];"},
};

static void test_each_fault_of_tenure_conf(void **state)
{
	for (size_t i = 0; i < ARRAY_LENGTH(host_cases); i++) {
		const char *text = host_cases[i].text;
		struct problem_list problems = {0};
		struct host_config c = {0};
		int r = host_config_parse(text, strlen(text), "tenure.conf", &c, &problems);

		assert_int_equal(r, *host_cases[i].id ? -EINVAL : 0);
		expect(&problems, host_cases[i].id, text);
		host_config_done(&c);
	}
}

static void test_modes_of_single_gates(void **state)
{
	static const char text[] = NONE "gate = { mode = \"enforce\"; services = [ \"sudo\", \"su\" ];\n"
				   "service_modes = ( { service = \"su\"; mode = \"report-only\"; } ); };\n"
				   "local_logins = ( { login = \"Bob\"; principal = \"bob@contoso.com\"; login_by = \"tenant\"; } );";
	struct problem_list problems = {0};
	struct host_config c;

	assert_int_equal(host_config_parse(text, strlen(text), "tenure.conf", &c, &problems), 0);
	assert_int_equal(c.gate_service_count, 2);
	assert_int_equal(c.gate_services[0].mode, GATE_ENFORCE);
	assert_int_equal(c.gate_services[1].mode, GATE_REPORT_ONLY);
	assert_true(c.local_logins[0].governs_login);
	assert_string_equal(c.local_logins[0].place, "tenure.conf:3");
	host_config_done(&c);
	problem_list_done(&problems);
}

#define TENANT_ID      "id = \"5d0b3a2e-7c64-4f0e-9a57-2b3c8d1e4f60\"; "
#define TENANT_DOMAINS "domains = [ \"contoso.com\" ]; source = \"file\"; "
#define TENANT_RANGES  "id_range = [ 1900000000, 1900099999 ]; role_gids = [ 1900090000, 1900090999 ]; "

static const struct {
	const char *id, *text;
} tenant_cases[] = {
	{"", TENANT_ID TENANT_DOMAINS TENANT_RANGES},
	{"conf-missing", TENANT_DOMAINS TENANT_RANGES},
	{"conf-missing", TENANT_ID TENANT_DOMAINS "id_range = [ 1900000000, 1900099999 ];"},
	{"conf-key", TENANT_ID TENANT_DOMAINS TENANT_RANGES "colour = 1;"},
	{"conf-value", "id = \"x\"; " TENANT_DOMAINS TENANT_RANGES},
	{"conf-value", "id = \"00000000-0000-0000-0000-000000000000\"; " TENANT_DOMAINS TENANT_RANGES},
	{"conf-value", TENANT_ID "source = \"file\"; domains = [ ]; " TENANT_RANGES},
	{"conf-value", TENANT_ID "source = \"file\"; domains = [ \"Contoso.com\" ]; " TENANT_RANGES},
	{"conf-value", TENANT_ID "source = \"file\"; domains = [ \"a.b\", \"a.b\" ]; " TENANT_RANGES},
	{"conf-missing", TENANT_ID "source = \"ldap\"; domains = [ \"a.b\" ]; " TENANT_RANGES},
	{"", TENANT_ID TENANT_DOMAINS TENANT_RANGES "visibility = \"tenant\";"},
	{"conf-value", TENANT_ID TENANT_DOMAINS TENANT_RANGES "visibility = \"none\";"},
	{"conf-value", TENANT_ID TENANT_DOMAINS "id_range = [ 9, 8 ]; role_gids = [ 8, 9 ];"},
	{"conf-value", TENANT_ID TENANT_DOMAINS "id_range = [ 1900000000 ]; role_gids = [ 1900090000, 1900090999 ];"},
	{"tenant-range", TENANT_ID TENANT_DOMAINS "id_range = [ 0, 1900099999 ]; role_gids = [ 1900090000, 1900090999 ];"},
	{"tenant-range", TENANT_ID TENANT_DOMAINS "id_range = [ 999, 2000 ]; role_gids = [ 1500, 1600 ];"},
	{"tenant-range", TENANT_ID TENANT_DOMAINS "id_range = [ 60000, 70000 ]; role_gids = [ 69000, 69100 ];"},
	{"tenant-range", TENANT_ID TENANT_DOMAINS "id_range = [ 1900000000, 1900099999 ]; role_gids = [ 1900099000, 1900100000 ];"},
	{"conf-text", TENANT_ID TENANT_DOMAINS "id_range = [ 2147483648, 2147483649 ]; role_gids = [ 1, 2 ];"},
};

static void test_T22_each_fault_of_a_tenant(void **state)
{
	for (size_t i = 0; i < ARRAY_LENGTH(tenant_cases); i++) {
		const char *text = tenant_cases[i].text;
		struct problem_list problems = {0};
		struct tenant_config c = {0};
		int r = tenant_config_parse(text, strlen(text), "tenants.d/a.conf", "a", &c, &problems);

		assert_int_equal(r, *tenant_cases[i].id ? -EINVAL : 0);
		expect(&problems, tenant_cases[i].id, text);
		tenant_config_done(&c);
	}
}

static void test_what_libconfig_must_not_see(void **state)
{
	static const struct {
		bool fine;
		const char *text;
	} cases[] = {
		{true, "a = 2147483647; b = -2147483647; c = 0x7fffffff; d = +5; e = 0;"},
		{true, "# 4294967296 @include\n// 4294967296\n/* 4294967296 @include \n */ a = \"4294967296 @include # /*\";"},
		{true, "a = \"\\\\\"; b = \"\\\" 99999999999 \\\"\"; c9999999999 = 1;"},
		{true, "a = \"\\x41\\n\\t\";"},
		{false, "a = 2147483648;"},
		{false, "a = -2147483649;"},
		{false, "a = 0x80000000;"},
		{false, "a = 4294967296L;"},
		{false, "a = 1L;"},
		{false, "a = [1,99999999999999999999999999];"},
		{false, "a = \"x\"; /* */ b = 4294967296; # \""},
		{false, "a = \"\\\\\"; b = 4294967296;"},
		{false, "a = 010;"},
		{false, "a = 1.5;"},
		{false, "a = .5;"},
		{false, "a = 1e9;"},
		{false, "@include \"x\""},
		{false, "  @include \"x\""},
		{false, "a = \"\\x00\";"},
		{false, "a = \"\\q\";"},
		{false, "a = \"\\\n\";"},
		{false, "a = \"open;"},
		{false, "a = 1; /* open"},
		{false, "a = \"\\"},
		{false, "a = \x01;"},
		{false, "a = caf\xc3\xa9;"},
		{false, "a = ((((((((((((((((( )))))))))))))))));"},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct problem_list problems = {0};
		int r = config_text_check(cases[i].text, strlen(cases[i].text), "x.conf", &problems);

		assert_int_equal(r, cases[i].fine ? 0 : -EINVAL);
		expect(&problems, cases[i].fine ? "" : "conf-text", cases[i].text);
	}
}

static void test_T24_nul_bytes(void **state)
{
	struct problem_list problems = {0};

	assert_int_equal(config_text_check("a = 1;\nb\0c", 10, "x.conf", &problems), -EINVAL);
	assert_string_equal(problems.items[0].place, "x.conf:2");
	expect(&problems, "conf-text", "NUL");
}

static void test_lines_are_counted(void **state)
{
	static const char text[] = "a = \"1\n2\";\n/* 3\n4 */ # 4\nb = 4294967296;";
	struct problem_list problems = {0};

	assert_int_equal(config_text_check(text, strlen(text), "x.conf", &problems), -EINVAL);
	assert_string_equal(problems.items[0].place, "x.conf:5");
	problem_list_done(&problems);
}

static void test_T33_files_that_others_may_write(void **state)
{
	char folder[] = "/tmp/tenure-conf.XXXXXX", path[64];
	struct problem_list problems = {0};
	struct host_config c = {0};
	FILE *f;

	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/tenure.conf", folder);
	assert_int_equal(host_config_load(path, &c, &problems), -ENOENT);
	expect(&problems, "conf-file", "missing");
	f = fopen(path, "we");
	assert_non_null(f);
	fputs("tenants = [ ];\n", f);
	fclose(f);
	chmod(path, 0644);
	assert_int_equal(host_config_load(path, &c, &problems), 0);
	host_config_done(&c);
	chmod(path, 0666);
	assert_int_equal(host_config_load(path, &c, &problems), -EPERM);
	expect(&problems, "conf-file", "writable");
	chmod(path, 0644);
	chmod(folder, 0777);
	assert_int_equal(host_config_load(path, &c, &problems), -EPERM);
	expect(&problems, "conf-file", "in a writable folder");
	unlink(path);
	rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_fault_of_tenure_conf),
		cmocka_unit_test(test_modes_of_single_gates),
		cmocka_unit_test(test_T22_each_fault_of_a_tenant),
		cmocka_unit_test(test_what_libconfig_must_not_see),
		cmocka_unit_test(test_T24_nul_bytes),
		cmocka_unit_test(test_lines_are_counted),
		cmocka_unit_test(test_T33_files_that_others_may_write),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
