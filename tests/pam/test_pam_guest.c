/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Guests at gates and logins: zoe of fabrikam, whom contoso lists and gives db-operator; yan, whom it does not. Whatever
 * cannot be read on the way denies.
 */
#include "tests/unit/cmocka_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/config/config.h"
#include "common/model/guest.h"
#include "common/snapshot/fresh.h"
#include "common/snapshot/identity.h"
#include "common/snapshot/index.h"
#include "tests/pam/broker.h"
#include "tests/pam/world.h"

#define UID_ZOE 1950000001
#define UID_YAN 1950000002
#define HOUR	(3600 * NS_PER_S)

static const char fabrikam_text[] =
	"id = \"6d0b3a2e-7c64-4f0e-9a57-2b3c8d1e4f60\";\ndomains = [ \"fabrikam.com\" ];\nsource = \"file\";\n"
	"id_range = [ 1950000000, 1950099999 ];\nrole_gids = [ 1950090000, 1950090999 ];\n";

/* %s: of zoe; of contoso's alice, the id; assignments */
static const char abroad_text[] =
	"version = 1;\nusers = ( { name = \"zoe\"; uid = 1950000001; id = \"%s\"; %s }, { name = \"yan\"; uid = 1950000002; } );\n"
	"roles = ( { name = \"db-operator\"; actions = [ \"become:root\" ]; } );\n"
	"assignments = ( { type = \"eligible\"; role = \"db-operator\"; user = \"yan\"; scope = \"/\"; }%s );\n";

struct abroad {
	struct tenant_config tenants[2]; /* contoso's is borrowed */
	struct directory *directory;
	struct guest_list guests;
};
static struct abroad abroad;

static char *names[] = {(char *)(uintptr_t) "contoso", (char *)(uintptr_t) "fabrikam"};
static char *listed[] = {(char *)(uintptr_t) "zoe"};

static struct uuid host_id(void)
{
	struct uuid id;

	assert_int_equal(uuid_parse("0f3c1d52-9a51-4a0c-8d3e-6f1b2a7c9e10", &id), 0);
	return id;
}

static const char *path_abroad(const char *file)
{
	char path[128];

	(void)snprintf(path, sizeof(path), "/var/lib/tenure/tenants/fabrikam/%s", file);
	return world_path(path);
}

static int add_row(void *context, const struct holder *row)
{
	struct holder *rows = context;
	size_t i = 0;

	while (rows[i].principal.bytes[0] || rows[i].role)
		i++;
	assert_true(i < 63);
	rows[i] = *row;
	if (row->kind == RIGHT_GROUP)
		rows[i].local_gid = 4;
	return 0;
}

static void write_tables(const char *tenant, const struct uuid *id)
{
	CLEANUP(policy_closep) struct policy *policy = NULL;
	struct holder rows[64] = {0};
	char path[128];
	struct uuid boot;
	size_t count = 0;

	assert_int_equal(policy_open(tenant, &policy), 0);
	assert_int_equal(decide_standing_rows(policy, add_row, rows), 0);
	while (rows[count].role)
		count++;
	(void)snprintf(path, sizeof(path), "/var/lib/tenure/tenants/%s/holders", tenant);
	assert_int_equal(holders_write(world_path(path), 5, id, NULL, rows, count), 0);
	assert_int_equal(boot_id_read(&boot), 0);
	(void)snprintf(path, sizeof(path), "/var/lib/tenure/tenants/%s/grants", tenant);
	assert_int_equal(holders_write(world_path(path), 5, id, &boot, NULL, 0), 0);
}

/* One assignment more of contoso's, for the guest. */
static void give(struct directory *d, enum assignment_type type, const char *role)
{
	struct assignment *list = realloc(d->assignments, (d->assignment_count + 1) * sizeof(*list)), *a;

	assert_non_null(list);
	d->assignments = list;
	a = &list[d->assignment_count++];
	assignment_init(a);
	a->type = type;
	a->role = strdup(role);
	a->guest = strdup("zoe@fabrikam.com");
	a->scope = strdup("/prod");
	for (uint32_t i = 0; i < d->role_count; i++)
		if (strcmp(d->roles[i].o.name, role) == 0)
			a->role_index = i;
	assert_true(a->role_index != NO_INDEX);
}

static void write_index(bool trusts)
{
	const struct world_parts w = world_parts();
	struct tenant_config tenants[2] = {*w.tenant, abroad.tenants[1]};
	struct trust trust = {.tenant = names[1], .users = listed, .user_count = 1};
	struct host_config host = *w.host;
	const struct uuid id = host_id();

	tenants[0].trusts = &trust;
	tenants[0].trust_count = trusts;
	host.tenants = names;
	host.tenant_count = 2;
	assert_int_equal(index_write(world_path("/var/lib/tenure/index"), 5, &id, &host, tenants, 2, w.bindings,
				     w.binding_count), 0);
}

static void write_contoso(void)
{
	const struct world_parts w = world_parts();
	const struct guest_source source = {&abroad.tenants[1], &abroad.guests};
	struct problem_list problems = {0};
	const struct uuid id = host_id();

	assert_int_equal(directory_set_guests(w.directory, &source, 1, &problems), 0);
	assert_int_equal(problems.count, 0);
	assert_int_equal(policy_write(world_tenant_path("policy"), 5, w.directory, w.host, w.tenant, &id, w.bindings,
				      w.binding_count), 0);
	write_tables("contoso", &w.tenant->id);
}

static void write_fabrikam(const char *of_zoe, const char *assignments)
{
	const struct world_parts w = world_parts();
	const struct trust trust = {.tenant = names[1], .users = listed, .user_count = 1};
	struct problem_list problems = {0};
	struct local_accounts local = {0};
	const struct uuid id = host_id();
	char text[2048], alice[UUID_TEXT_MAX];

	uuid_format(&w.directory->users[0].o.id, alice);
	(void)snprintf(text, sizeof(text), abroad_text, alice, of_zoe, assignments);
	directory_freep(&abroad.directory);
	guest_list_done(&abroad.guests);
	assert_int_equal(directory_parse(text, strlen(text), "fabrikam.conf", &abroad.tenants[1].id, &abroad.directory,
					 &problems), 0);
	assert_int_equal(directory_validate(abroad.directory, &abroad.tenants[1], &local, &problems), 0);
	assert_int_equal(problems.count, 0);
	assert_int_equal(guests_find(w.tenant, &trust, &abroad.tenants[1], abroad.directory, &abroad.guests, &problems), 0);
	assert_int_equal(abroad.guests.count, 1);
	assert_int_equal(policy_write(path_abroad("policy"), 5, abroad.directory, w.host, &abroad.tenants[1], &id, NULL, 0), 0);
	assert_int_equal(identity_write(path_abroad("identity"), 5, abroad.directory, w.host, &abroad.tenants[1], NULL, 0), 0);
	write_tables("fabrikam", &abroad.tenants[1].id);
}

static int setup(void **state)
{
	struct problem_list problems = {0};

	world_setup("enforce");
	assert_int_equal(mkdir(world_path("/var/lib/tenure/tenants/fabrikam"), 0755), 0);
	assert_int_equal(tenant_config_parse(fabrikam_text, strlen(fabrikam_text), "fabrikam.conf", "fabrikam",
					     &abroad.tenants[1], &problems), 0);
	write_fabrikam("", "");
	give(world_parts().directory, ASSIGNMENT_ACTIVE, "db-operator");
	write_contoso();
	write_index(true);
	fake->uid = UID_ZOE;
	return 0;
}

static int teardown(void **state)
{
	directory_freep(&abroad.directory);
	guest_list_done(&abroad.guests);
	tenant_config_done(&abroad.tenants[1]);
	world_teardown();
	return 0;
}

static void test_a_guest_at_the_gate(void **state)
{
	assert_int_equal(world_account("sudo", "zoe@fabrikam.com"), PAM_SUCCESS);
	assert_int_equal(world_account("su", "root"), PAM_SUCCESS);
	assert_int_equal(world_account("su", "postgres"), PAM_PERM_DENIED);
	assert_true(logged("deny user=zoe@fabrikam.com why=wrong-target\n") || logged("why=no-active-role"));
}

static void test_who_is_not_listed(void **state)
{
	fake->uid = UID_YAN;
	assert_int_equal(world_account("sudo", "yan@fabrikam.com"), PAM_PERM_DENIED);
	assert_int_equal(world_account("su", "root"), PAM_PERM_DENIED);
	fake->uid = 0;
	assert_int_equal(world_account("sshd", "yan@fabrikam.com"), PAM_PERM_DENIED);
}

static void test_a_guest_logs_in_and_takes_a_group(void **state)
{
	static const char *const opens[] = {
		"{\"parameters\":{\"id\":\"7K2M-Q4XB\",\"role\":\"db-operator\",\"request\":null,\"until\":null,\"message\":null}}",
		NULL};
	struct fake_broker *b = fake_broker_start(world_path("/run/tenure/root.sock"), opens);

	fake->uid = 0;
	assert_int_equal(world_account("sshd", "zoe@fabrikam.com"), PAM_SUCCESS);
	assert_int_equal(world_session("sshd", "zoe@fabrikam.com"), PAM_SUCCESS);
	assert_non_null(strstr(fake_broker_heard(b), "\"invoker\":1950000001,\"target\":\"zoe@fabrikam.com\",\"groups\":\"adm\""));
	assert_int_equal(fake->group_count, 1);
	assert_int_equal(fake->groups[0], 4);
	fake_broker_stop(b);
}

static void expect_closed(const char *why)
{
	fake->uid = UID_ZOE;
	assert_int_not_equal(world_account("sudo", "zoe@fabrikam.com"), PAM_SUCCESS);
	assert_int_not_equal(world_account("su", "root"), PAM_SUCCESS);
	if (!logged(why))
		fail_msg("no %s in %s", why, fake->syslog);
	fake->uid = 0;
	assert_int_not_equal(world_account("sshd", "zoe@fabrikam.com"), PAM_SUCCESS);
}

/* The policy may say what it will: the index says that nobody is let in. */
static void test_without_the_trust(void **state)
{
	write_index(false);
	expect_closed("why=no-active-role");
}

/* Some tenant trusts fabrikam, and that is not contoso. */
static void test_the_trust_of_another(void **state)
{
	const struct world_parts w = world_parts();
	char *tailspin = (char *)(uintptr_t) "tailspin", *domain = (char *)(uintptr_t) "tailspin.com";
	char *three[] = {names[0], names[1], tailspin};
	struct tenant_config tenants[3] = {*w.tenant, abroad.tenants[1], abroad.tenants[1]};
	struct trust trust = {.tenant = names[1], .users = listed, .user_count = 1};
	struct host_config host = *w.host;
	const struct uuid id = host_id();

	tenants[2].name = tailspin;
	tenants[2].domains = &domain;
	tenants[2].id.bytes[0] = 0x7d;
	tenants[2].id_range = (struct id_range){1960000000, 1960099999};
	tenants[2].role_gids = (struct id_range){1960090000, 1960090999};
	tenants[2].trusts = &trust;
	tenants[2].trust_count = 1;
	host.tenants = three;
	host.tenant_count = 3;
	assert_int_equal(mkdir(world_path("/var/lib/tenure/tenants/tailspin"), 0755), 0);
	assert_int_equal(policy_write(world_path("/var/lib/tenure/tenants/tailspin/policy"), 5, abroad.directory, &host,
				      &tenants[2], &id, NULL, 0), 0);
	write_tables("tailspin", &tenants[2].id);
	assert_int_equal(index_write(world_path("/var/lib/tenure/index"), 5, &id, &host, tenants, 3, w.bindings,
				     w.binding_count), 0);
	expect_closed("why=no-active-role");
	assert_false(logged("could-not-read"));
}

static void test_the_own_tenant_closes(void **state)
{
	static const char *const of_zoe[] = {"enabled = false;", "end = \"2020-01-01T00:00:00Z\";",
					     "start = \"2099-01-01T00:00:00Z\";"};
	static const char *const why[] = {"why=disabled", "why=account-ended", "why=not-yet"};

	/* What contoso has of her is older. */
	for (size_t i = 0; i < ARRAY_LENGTH(of_zoe); i++) {
		write_fabrikam(of_zoe[i], "");
		expect_closed(why[i]);
	}
	write_fabrikam("", "");
	fake->uid = UID_ZOE;
	assert_int_equal(world_account("su", "root"), PAM_SUCCESS);
	write_fabrikam("", ", { type = \"deny\"; actions = [ \"become:root\", \"login\" ]; user = \"zoe\"; scope = \"/\"; }");
	expect_closed("why=denied");
}

static void test_a_deny_of_the_other_closes(void **state)
{
	give(world_parts().directory, ASSIGNMENT_DENY, "db-operator");
	write_contoso();
	expect_closed("why=denied");
}

static void test_what_cannot_be_read_closes(void **state)
{
	static const char *const files[] = {"policy", "grants"};

	for (size_t i = 0; i < ARRAY_LENGTH(files); i++) {
		world_break(world_tenant_path(files[i]));
		expect_closed("why=could-not-read");
		write_contoso();
		assert_int_equal(unlink(world_tenant_path(files[i])), 0);
		expect_closed("why=could-not-read");
		write_contoso();
		world_break(path_abroad(files[i]));
		expect_closed("why=could-not-read");
		write_fabrikam("", "");
		fake->uid = UID_ZOE;
		assert_int_equal(world_account("su", "root"), PAM_SUCCESS);
	}
	/* Nor do broken files of fabrikam cost contoso's people anything. */
	world_break(path_abroad("policy"));
	fake->uid = UID_ERIN;
	assert_int_equal(world_account("su", "root"), PAM_SUCCESS);
}

static void lease(const char *tenant, const struct uuid *id, int64_t age_ns)
{
	struct fresh f = {.tenant_id = *id, .login_ns = HOUR, .gate_ns = HOUR};
	struct instant now;

	assert_int_equal(clock_system.now(&clock_system, &now), 0);
	assert_int_equal(boot_id_read(&f.boot), 0);
	f.boottime_ns = now.boottime_ns - age_ns;
	f.realtime_ns = now.realtime_ns - age_ns;
	assert_int_equal(fresh_write(tenant, &f, false), 0);
}

/* Each lease counts for what its tenant says. */
static void test_T32_both_leases_count(void **state)
{
	const struct world_parts w = world_parts();

	w.tenant->directory_passwords = abroad.tenants[1].directory_passwords = true;
	write_index(true);
	lease("contoso", &w.tenant->id, HOUR / 2);
	lease("fabrikam", &abroad.tenants[1].id, HOUR / 2);
	fake->uid = UID_ZOE;
	assert_int_equal(world_account("su", "root"), PAM_SUCCESS);
	lease("contoso", &w.tenant->id, 2 * HOUR);
	expect_closed("why=stale");
	lease("contoso", &w.tenant->id, HOUR / 2);
	lease("fabrikam", &abroad.tenants[1].id, 2 * HOUR);
	expect_closed("why=stale");
}

/* Zoe has alice's id, and holds nothing of hers; nor has alice what zoe is given. */
static void test_equal_ids_are_two(void **state)
{
	world_grant("alice", "pg-operator", 600);
	fake->uid = UID_ZOE;
	assert_int_equal(world_account("su", "postgres"), PAM_PERM_DENIED);
	fake->uid = UID_ALICE;
	assert_int_equal(world_account("su", "postgres"), PAM_SUCCESS);
	assert_int_equal(world_account("su", "root"), PAM_PERM_DENIED);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_a_guest_at_the_gate),	     CASE(test_who_is_not_listed),
		CASE(test_a_guest_logs_in_and_takes_a_group), CASE(test_without_the_trust),
		CASE(test_the_trust_of_another),
		CASE(test_the_own_tenant_closes),    CASE(test_a_deny_of_the_other_closes),
		CASE(test_what_cannot_be_read_closes), CASE(test_T32_both_leases_count),
		CASE(test_equal_ids_are_two),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
