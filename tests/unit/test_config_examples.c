/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The examples that we ship load without a word, and say what they seem to say. */
#include "tests/unit/cmocka_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/config/config.h"

#ifndef EXAMPLES
#error "EXAMPLES names the folder"
#endif

static void no_problem(const struct problem_list *problems)
{
	for (size_t i = 0; i < problems->count; i++)
		print_error("%s %s %s\n", problems->items[i].id, problems->items[i].place, problems->items[i].message);
	assert_int_equal(problems->count, 0);
	assert_false(problems->lost);
}

static char *read_text_file(const char *path, size_t *len)
{
	char *text = calloc(1, 65536);
	FILE *f = fopen(path, "re");

	assert_non_null(text);
	assert_non_null(f);
	*len = fread(text, 1, 65535, f);
	fclose(f);
	return text;
}

static void test_host(void **state)
{
	struct problem_list problems = {0};
	struct host_config c;
	size_t len;
	char *text = read_text_file(EXAMPLES "/tenure.conf", &len);

	assert_int_equal(host_config_parse(text, len, "tenure.conf", &c, &problems), 0);
	no_problem(&problems);
	assert_int_equal(c.tenant_count, 1);
	assert_string_equal(c.tenants[0], "contoso");
	assert_int_equal(c.gate_mode, GATE_REPORT_ONLY);
	assert_int_equal(c.gate_service_count, 4);
	assert_string_equal(c.gate_services[3].name, "su-l");
	assert_int_equal(c.gate_services[3].mode, GATE_REPORT_ONLY);
	assert_int_equal(c.allow_become_count, 2);
	assert_string_equal(c.allow_groups[1], "systemd-journal");
	assert_int_equal(c.local_login_count, 1);
	assert_string_equal(c.local_logins[0].principal, "bob@contoso.com");
	assert_false(c.local_logins[0].governs_login);
	assert_int_equal(c.warn_before_count, 3);
	assert_int_equal(c.warn_before_ns[0], 300 * NS_PER_S);
	assert_int_equal(c.grace_ns, 5 * NS_PER_S);
	assert_int_equal(c.min_duration_ns, 60 * NS_PER_S);
	assert_string_equal(c.login_services[0], "sshd");
	host_config_done(&c);
	free(text);
}

static void load_tenant(struct tenant_config *c)
{
	struct problem_list problems = {0};
	size_t len;
	char *text = read_text_file(EXAMPLES "/tenants.d/contoso.conf", &len);

	assert_int_equal(tenant_config_parse(text, len, "tenants.d/contoso.conf", "contoso", c, &problems), 0);
	no_problem(&problems);
	c->home = true;
	free(text);
}

static void test_tenant(void **state)
{
	struct tenant_config c;

	load_tenant(&c);
	assert_string_equal(c.name, "contoso");
	assert_string_equal(c.domains[0], "contoso.com");
	assert_int_equal(c.id_range.last, 1900099999);
	assert_int_equal(c.role_gids.first, 1900090000);
	assert_int_equal(c.visibility, VISIBILITY_ALL);
	tenant_config_done(&c);
}

static void check_directory(const struct directory *d)
{
	const struct group *dba = &d->groups[0];
	const struct assignment *eligible = &d->assignments[2];

	assert_int_equal(d->user_count, 3);
	assert_string_equal(d->users[0].home, "/home/contoso.com/alice");
	assert_string_equal(d->users[2].shell, "/bin/bash");
	assert_string_equal(d->users[0].o.place, "directory.d/contoso.conf:5");
	assert_int_equal(d->users[1].uid, NO_ID);
	assert_int_equal(d->users[0].attribute_count, 2);
	assert_int_equal(dba->closure_count, 2);
	assert_int_equal(dba->closure[0], 0);
	assert_int_equal(dba->closure[1], 1);
	assert_string_equal(d->hosts[0].path, "/prod/hr/web/db1");
	assert_int_equal(d->assignment_count, 4);
	assert_string_equal(d->roles[eligible->role_index].o.name, "db-operator");
	assert_int_equal(eligible->group_index, 0);
	assert_int_equal(d->roles[0].activation.max_duration_ns, 7200 * NS_PER_S);
	assert_int_equal(d->roles[0].activation.approvals, 1);
	assert_int_equal(d->roles[0].action_count, 3);
	assert_int_equal(d->role_count, 7);
	assert_false(d->broken_restriction);
}

static void test_directory(void **state)
{
	struct problem_list problems = {0};
	struct local_accounts local = {0};
	struct tenant_config tenant;
	struct directory *d = NULL;
	size_t len;
	char *text = read_text_file(EXAMPLES "/directory.d/contoso.conf", &len);

	load_tenant(&tenant);
	assert_int_equal(directory_parse(text, len, "directory.d/contoso.conf", &tenant.id, &d, &problems), 0);
	no_problem(&problems);
	assert_int_equal(directory_validate(d, &tenant, &local, &problems), 0);
	no_problem(&problems);
	check_directory(d);
	directory_free(d);
	tenant_config_done(&tenant);
	free(text);
}

static void test_the_example_of_openldap(void **state)
{
	static const char path[] = EXAMPLES "/openldap/contoso.conf";
	struct problem_list problems = {0};
	struct tenant_config c = {0};
	char text[4096];
	FILE *file = fopen(path, "r");
	size_t len;

	assert_non_null(file);
	len = fread(text, 1, sizeof(text) - 1, file);
	(void)fclose(file);
	text[len] = '\0';
	assert_int_equal(tenant_config_parse(text, len, "contoso.conf", "contoso", &c, &problems), 0);
	assert_int_equal(problems.count, 0);
	assert_int_equal(c.source, SOURCE_LDAP);
	assert_string_equal(c.ldap.base, "dc=contoso,dc=com");
	tenant_config_done(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_example_of_openldap),
		cmocka_unit_test(test_host),
		cmocka_unit_test(test_tenant),
		cmocka_unit_test(test_directory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
