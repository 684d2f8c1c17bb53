/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The policy file: what is compiled into it, and what it refuses. */

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "common/snapshot/index.h"
#include "common/snapshot/policy_format.h"
#include "tests/unit/world.h"

static struct world *small(void)
{
	struct world *w = world_new();
	world_user(w, "alice")->password = strdup("$y$j9T$0ZzLHcGBjT7BzNqzjN5cK/$WqVzHq5bZ4vN0S9L7nS1xQ4zq5Qn8sJmXy2b3c4d5e6");
	world_user(w, "bob");
	world_user(w, "carol")->uid = NO_ID;
	world_group(w, "dba", "alice", "night");
	world_group(w, "night", "bob", "dba");
	world_scope(w, "/prod")->environment = strdup("production");
	world_scope(w, "/prod/hr");
	world_scope(w, "/test");
	world_host(w, "db1", "/prod/hr", true);
	world_unit(w, "emea", false, "alice bob", "db1");
	world_unit(w, "vault", true, "carol", NULL);
	world_role(w, "operator", "login become:root", NULL);
	struct role *desk = world_role(w, "desk", "user.lock", NULL);
	desk->activation.approver_users.names = calloc(2, sizeof(char *));
	desk->activation.approver_users.names[0] = strdup("carol");
	desk->activation.approver_users.count = 1;
	desk->activation.approver_groups.names = calloc(2, sizeof(char *));
	desk->activation.approver_groups.names[0] = strdup("dba");
	desk->activation.approver_groups.count = 1;
	desk->activation.approvals = 2;
	desk->activation.ticket = true;
	world_ceiling(w, "root", "adm");
	world_assignment(w, ASSIGNMENT_ACTIVE, "@dba", "operator", "/prod");
	world_assignment(w, ASSIGNMENT_ACTIVE, "alice", "operator", "/test");
	world_assignment(w, ASSIGNMENT_ELIGIBLE, "alice", "desk", "/test");
	world_assignment(w, ASSIGNMENT_DENY, "@night", "=become:root", "emea");
	return w;
}

static unsigned held_count(const struct world *w, const char *name)
{
	struct policy_assignment a;
	unsigned count = 0;
	while (policy_assignment(w->policy, world_principal(w, name), count, &a) == 0)
		count++;
	return count;
}

static void test_what_is_written_is_read(void **state)
{
	struct world *w = small();
	struct policy_tenant tenant;
	struct policy_host host;
	struct policy_principal alice, carol;
	struct policy_role desk;
	assert_int_equal(world_compile(w), 0);
	assert_int_equal(policy_generation(w->policy), 1);
	assert_int_equal(policy_tenant(w->policy, &tenant), 0);
	assert_string_equal(tenant.name, "contoso");
	assert_string_equal(tenant.domain, "contoso.com");
	assert_true(tenant.home && uuid_equal(&tenant.id, &w->tenant.id));
	assert_int_equal(policy_host(w->policy, &host), 0);
	assert_true(host.known);
	assert_string_equal(host.path, "/prod/hr/db1");
	assert_string_equal(host.scope, "/prod/hr");
	assert_string_equal(host.environment, "production"); /* of the scope above */
	assert_string_equal(host.place, "contoso.conf:400");
	assert_int_equal(policy_principal(w->policy, world_principal(w, "alice"), &alice), 0);
	assert_string_equal(alice.login, "alice");
	assert_true(alice.has_password && alice.enabled && alice.kind == USER_PERSON);
	assert_string_equal(alice.place, "contoso.conf:100");
	assert_int_equal(policy_principal(w->policy, world_principal(w, "carol"), &carol), 0);
	assert_null(carol.login);
	assert_true(carol.uid == NO_ID && !carol.has_password);
	assert_int_equal(policy_role(w->policy, 1, &desk), 0);
	assert_string_equal(desk.name, "desk");
	assert_true(desk.approvers_named && desk.activation.ticket && !desk.activation.step_up);
	assert_int_equal(desk.activation.approvals, 2);
	assert_int_equal(desk.approver_count, 3);
	assert_true(uuid_equal(&desk.id, &w->d->roles[1].o.id));
	world_free(w);
}

static void test_principals_are_found_by_id_uid_and_name(void **state)
{
	struct world *w = small();
	uint32_t i, k;
	assert_int_equal(world_compile(w), 0);
	assert_int_equal(policy_principal_count(w->policy), 3);
	for (size_t u = 0; u < w->d->user_count; u++) {
		const struct user *user = &w->d->users[u];
		assert_int_equal(policy_principal_by_name(w->policy, user->o.name, &i), 0);
		assert_int_equal(policy_principal_by_id(w->policy, &user->o.id, &k), 0);
		assert_int_equal(i, k);
		if (user->uid == NO_ID)
			continue;
		assert_int_equal(policy_principal_by_uid(w->policy, user->uid, &k), 0);
		assert_int_equal(i, k);
	}
	static const struct uuid nobody = {{9}};
	assert_int_equal(policy_principal_by_name(w->policy, "Alice", &i), -ENOENT);
	assert_int_equal(policy_principal_by_name(w->policy, "", &i), -ENOENT);
	assert_int_equal(policy_principal_by_id(w->policy, &nobody, &i), -ENOENT);
	assert_int_equal(policy_principal_by_uid(w->policy, 0, &i), -ENOENT);
	assert_int_equal(policy_principal_by_uid(w->policy, NO_ID, &i), -ENOENT);
	world_free(w);
}

static void test_only_what_can_mean_something_here_is_kept(void **state)
{
	struct world *w = small();
	struct policy_assignment a;
	uint32_t unit, manager;
	assert_int_equal(world_compile(w), 0);
	assert_int_equal(held_count(w, "alice"), 3); /* operator at /prod, the desk, the deny by night > dba */
	assert_int_equal(held_count(w, "bob"), 2);
	assert_int_equal(held_count(w, "carol"), 0);
	uint32_t alice = world_principal(w, "alice");
	assert_int_equal(policy_assignment(w->policy, alice, 0, &a), 0);
	assert_string_equal(a.through, "dba");
	assert_string_equal(a.scope, "/prod");
	assert_string_equal(a.place, "contoso.conf:700");
	assert_true(a.at_host && !a.blocked && a.unit == NO_INDEX);
	assert_int_equal(policy_assignment(w->policy, alice, 1, &a), 0);
	assert_true(!a.at_host && a.type == ASSIGNMENT_ELIGIBLE && !a.through);
	assert_int_equal(policy_assignment(w->policy, alice, 2, &a), 0);
	assert_true(a.type == ASSIGNMENT_DENY && a.role == NO_INDEX && a.unit == 0 && !a.scope);
	assert_int_equal(policy_assignment(w->policy, 3, 0, &a), -ENOENT);
	assert_int_equal(policy_principal_unit(w->policy, alice, 0, &unit), 0);
	assert_int_equal(unit, 0);
	assert_int_equal(policy_principal_unit(w->policy, alice, 1, &unit), -ENOENT);
	assert_int_equal(policy_principal_unit(w->policy, 3, 0, &unit), -ENOENT);
	assert_int_equal(policy_manager(w->policy, 0, &manager), 0);
	assert_int_equal(manager, alice);
	assert_int_equal(policy_manager(w->policy, 1, &manager), -ENOENT);
	assert_int_equal(policy_role_approver(w->policy, 9, 0, &manager), -ENOENT);
	world_free(w);
}

static int compile_with(struct world *w, const struct index_binding *bindings, size_t count, const char *path)
{
	return policy_write(path, 7, w->d, &w->host, &w->tenant, &w->host_id, bindings, count);
}

/* A folder that the trusted reader accepts, and the file in it. */
static char folder[] = "/tmp/tenure-policy-XXXXXX";
static char file[sizeof(folder) + 32];

static int make_folder(void **state)
{
	if (!mkdtemp(folder))
		return -1;
	(void)snprintf(file, sizeof(file), "%s/policy", folder);
	return setenv("TENURE_TEST_ROOT", folder, 1);
}

static int remove_folder(void **state)
{
	(void)unlink(file);
	return rmdir(folder);
}

static void test_mapped_logins_of_this_tenant_alone(void **state)
{
	struct world *w = small();
	struct policy *p = NULL;
	struct policy_principal user;
	uint32_t i;
	assert_int_equal(world_compile(w), 0);
	const struct index_binding bindings[] = {
		{.login = "kay", .uid = 1001, .tenant = 0, .principal = w->d->users[2].o.id},
		{.login = "al", .uid = NO_ID, .tenant = 0, .principal = w->d->users[0].o.id, .broken = true},
		{.login = "bert", .uid = 1002, .tenant = 1, .principal = w->d->users[1].o.id},
		{.login = "gone", .uid = 1003, .tenant = 0, .principal = {{77}}},
	};
	assert_int_equal(compile_with(w, bindings, ARRAY_LENGTH(bindings), file), 0);
	assert_int_equal(policy_open_path(file, &p), 0);
	assert_int_equal(policy_generation(p), 7);
	assert_int_equal(policy_principal_by_uid(p, 1001, &i), 0);
	assert_int_equal(policy_principal(p, i, &user), 0);
	assert_string_equal(user.name, "carol");
	assert_string_equal(user.login, "kay");
	assert_int_equal(policy_principal_by_uid(p, 1002, &i), -ENOENT);
	assert_int_equal(policy_principal_by_uid(p, w->d->users[0].uid, &i), -ENOENT); /* broken: neither login */
	assert_int_equal(policy_principal_by_uid(p, w->d->users[1].uid, &i), 0);
	policy_closep(&p);
	assert_null(p);
	policy_closep(&p);
	struct stat st;
	assert_int_equal(stat(file, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	world_free(w);
}

static void test_other_tenants_show_the_domain(void **state)
{
	struct world *w = small();
	struct policy_principal user;
	w->tenant.home = false;
	assert_int_equal(world_compile(w), 0);
	assert_int_equal(policy_principal(w->policy, world_principal(w, "alice"), &user), 0);
	assert_string_equal(user.name, "alice");
	assert_string_equal(user.login, "alice@contoso.com");
	world_free(w);
}

typedef void (*breaker)(struct world *w);

static void break_flag(struct world *w) { w->d->broken_restriction = true; }
static void break_deny(struct world *w) { w->d->assignments[3].o.dropped = true; }
static void break_deny_group(struct world *w) { w->d->groups[1].o.dropped = true; }
static void break_deny_unit(struct world *w) { w->d->units[0].o.dropped = true; }
static void break_deny_unit_index(struct world *w) { w->d->assignments[3].unit_index = NO_INDEX; }
static void break_deny_group_index(struct world *w) { w->d->assignments[3].group_index = NO_INDEX; }
static void break_vault(struct world *w) { w->d->units[1].o.dropped = true; }
static void break_vault_user(struct world *w) { w->d->units[1].users.index[0] = NO_INDEX; }
static void break_host(struct world *w) { w->d->hosts[0].o.dropped = true; }
static void break_host_path(struct world *w)
{
	free(w->d->hosts[0].path);
	w->d->hosts[0].path = NULL;
}
static void break_deny_rights(struct world *w)
{
	right_done(&w->d->assignments[3].actions[0]);
	w->d->assignments[3].action_count = 0;
}
static void break_deny_role(struct world *w)
{
	break_deny_rights(w);
	w->d->assignments[3].role = strdup("operator");
	w->d->roles[0].o.dropped = true;
	w->d->assignments[3].role_index = 0;
}
static void break_deny_role_index(struct world *w)
{
	break_deny_role(w);
	w->d->roles[0].o.dropped = false;
	w->d->assignments[3].role_index = NO_INDEX;
}
static void break_deny_scope(struct world *w)
{
	free(w->d->assignments[3].unit);
	w->d->assignments[3].unit = NULL;
}
static void break_deny_user(struct world *w)
{
	free(w->d->assignments[3].group);
	w->d->assignments[3].group = NULL;
}
static void break_vault_unresolved(struct world *w)
{
	free(w->d->units[1].users.index);
	w->d->units[1].users.index = NULL;
}

static void test_T49_what_only_restricts_and_is_broken_refuses_the_file(void **state)
{
	static const breaker breakers[] = {
		break_flag, break_deny, break_deny_group, break_deny_unit, break_deny_unit_index,
		break_deny_group_index, break_vault, break_vault_user, break_host, break_host_path, break_deny_rights,
		break_deny_role, break_deny_role_index, break_deny_scope, break_deny_user, break_vault_unresolved};
	struct world *w = small();
	struct stat before, after;
	assert_int_equal(world_compile(w), 0);
	assert_int_equal(compile_with(w, NULL, 0, file), 0);
	assert_int_equal(stat(file, &before), 0);
	world_free(w);
	for (size_t i = 0; i < ARRAY_LENGTH(breakers); i++) {
		w = small();
		assert_int_equal(world_compile(w), 0);
		breakers[i](w);
		assert_int_equal(compile_with(w, NULL, 0, file), -EINVAL);
		world_free(w);
	}
	/* The last good file stays. */
	assert_int_equal(stat(file, &after), 0);
	assert_int_equal(before.st_ino, after.st_ino);
}

static void test_what_gives_and_is_broken_gives_nothing(void **state)
{
	struct world *w = small();
	w->d->assignments[0].o.dropped = true;
	w->d->roles[1].o.dropped = true;
	assert_int_equal(world_compile(w), 0);
	assert_int_equal(held_count(w, "alice"), 1);
	uint32_t role;
	assert_int_equal(policy_role_by_name(w->policy, "desk", &role), -ENOENT);
	assert_int_equal(policy_role_by_name(w->policy, "operator", &role), 0);
	world_free(w);
}

static void test_a_file_that_is_not_ours_is_refused(void **state)
{
	struct world *w = small();
	struct policy *p = NULL;
	assert_int_equal(world_compile(w), 0);
	assert_int_equal(policy_open_path("/nowhere/policy", &p), -ENOENT);
	assert_int_equal(policy_open("contoso", &p), -ENOENT);
	assert_int_equal(compile_with(w, NULL, 0, file), 0);
	assert_int_equal(chmod(file, 0666), 0);
	assert_int_equal(policy_open_path(file, &p), -EPERM);
	assert_int_equal(unlink(file), 0);
	for (size_t len = 0; len < w->image_len; len++)
		assert_int_equal(policy_open_memory(w->image, len, &p), -EBADMSG);
	world_free(w);
}

static void test_sections_outside_the_file_are_refused(void **state)
{
	struct world *w = small();
	struct policy *p = NULL;
	assert_int_equal(world_compile(w), 0);
	struct policy_header *header = w->image;
	for (unsigned i = 0; i < POLICY_SECTION_COUNT; i++) {
		const struct snapshot_span good = header->sections[i];
		const struct snapshot_span bad[] = {{(uint32_t)w->image_len + 8, good.count},
						    {8, good.count},
						    {good.offset + 1, good.count},
						    {good.offset, (uint32_t)w->image_len + 1},
						    {good.offset, UINT32_MAX}};
		for (size_t k = 0; k < ARRAY_LENGTH(bad); k++) {
			header->sections[i] = bad[k];
			assert_int_equal(policy_open_memory(w->image, w->image_len, &p), -EBADMSG);
		}
		header->sections[i] = good;
	}
	header->sections[POLICY_BY_ID].count = 3;
	assert_int_equal(policy_open_memory(w->image, w->image_len, &p), -EBADMSG);
	header->sections[POLICY_BY_ID].count = 0;
	assert_int_equal(policy_open_memory(w->image, w->image_len, &p), -EBADMSG);
	header->sections[POLICY_BY_ID].count = 4;
	header->sections[POLICY_STRINGS].count--;
	assert_int_equal(policy_open_memory(w->image, w->image_len, &p), -EBADMSG);
	header->sections[POLICY_STRINGS].count = 0;
	assert_int_equal(policy_open_memory(w->image, w->image_len, &p), -EBADMSG);
	world_free(w);
}

static void test_a_full_hash_table_ends_the_search(void **state)
{
	struct world *w = small();
	uint32_t i;
	assert_int_equal(world_compile(w), 0);
	const struct policy_header *header = w->image;
	uint32_t *slots = (uint32_t *)(void *)((char *)w->image + header->sections[POLICY_BY_NAME].offset);
	for (uint32_t k = 0; k < header->sections[POLICY_BY_NAME].count; k++)
		slots[k] = 1;
	assert_int_equal(policy_principal_by_name(w->policy, "nobody", &i), -EBADMSG);
	slots[0] = 99;
	for (uint32_t k = 0; k < header->sections[POLICY_BY_NAME].count; k++)
		slots[k] = 99;
	assert_int_equal(policy_principal_by_name(w->policy, "alice", &i), -EBADMSG);
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_written_is_read),
		cmocka_unit_test(test_principals_are_found_by_id_uid_and_name),
		cmocka_unit_test(test_only_what_can_mean_something_here_is_kept),
		cmocka_unit_test(test_mapped_logins_of_this_tenant_alone),
		cmocka_unit_test(test_other_tenants_show_the_domain),
		cmocka_unit_test(test_T49_what_only_restricts_and_is_broken_refuses_the_file),
		cmocka_unit_test(test_what_gives_and_is_broken_gives_nothing),
		cmocka_unit_test(test_a_file_that_is_not_ours_is_refused),
		cmocka_unit_test(test_sections_outside_the_file_are_refused),
		cmocka_unit_test(test_a_full_hash_table_ends_the_search),
	};
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
