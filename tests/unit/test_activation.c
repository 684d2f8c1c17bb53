/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Roles: who may activate them, on what terms, who approves, and what the rows of a grant say. */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/world.h"

static const struct instant now = {100 * NS_PER_S, 50 * NS_PER_S};

static struct world *office(void)
{
	struct world *w = world_new();
	world_user(w, "alice");
	world_user(w, "bob");
	world_user(w, "carol");
	world_user(w, "dave")->enabled = false;
	world_user(w, "robot")->kind = USER_SERVICE;
	world_user(w, "erin")->end_ns = 100 * NS_PER_S;
	world_group(w, "approvers", "carol bob dave robot erin", NULL);
	world_scope(w, "/prod");
	world_scope(w, "/prod/hr");
	world_host(w, "db1", "/prod/hr", true);
	world_unit(w, "emea", false, "alice bob", "db1");
	struct role *operator = world_role(w, "operator", "login become:* group:adm group:disk user.lock", "become:backup");
	operator->activation.approvals = 1;
	operator->activation.ticket = true;
	operator->activation.approver_groups.names = calloc(2, sizeof(char *));
	operator->activation.approver_groups.names[0] = strdup("approvers");
	operator->activation.approver_groups.count = 1;
	world_role(w, "desk", "user.lock request.approve", NULL);
	world_role(w, "empty", "group:disk", NULL);
	world_role(w, "mixed", "user.lock group:adm", NULL);
	world_ceiling(w, "root postgres backup", "adm");
	return w;
}

static uint32_t role(const struct world *w, const char *name)
{
	uint32_t ret = NO_INDEX;
	assert_int_equal(policy_role_by_name(w->policy, name, &ret), 0);
	return ret;
}

static int activate(const struct world *w, const char *user, const char *name, const char *scope,
		    struct eligibility *ret)
{
	return decide_activation(w->policy, world_principal(w, user), role(w, name), scope, &now, ret);
}

static void test_activation_stands_where_it_should(void **state)
{
	struct world *w = office();
	struct eligibility e;
	world_assignment(w, ASSIGNMENT_ELIGIBLE, "alice", "operator", "/prod")->end_ns = 200 * NS_PER_S;
	world_assignment(w, ASSIGNMENT_ELIGIBLE, "alice", "desk", "/");
	world_assignment(w, ASSIGNMENT_ELIGIBLE, "alice", "mixed", "/");
	world_assignment(w, ASSIGNMENT_ELIGIBLE, "bob", "desk", "emea");
	world_assignment(w, ASSIGNMENT_ELIGIBLE, "bob", "operator", "emea");
	world_assignment(w, ASSIGNMENT_ACTIVE, "carol", "operator", "/");
	assert_int_equal(world_compile(w), 0);
	assert_int_equal(activate(w, "alice", "operator", NULL, &e), 0);
	assert_string_equal(e.grant_scope, "/prod/hr/db1"); /* this host, though the assignment is wider */
	assert_string_equal(e.scope, "/prod");
	assert_string_equal(e.place, "contoso.conf:700");
	assert_int_equal(e.window.end_ns, 200 * NS_PER_S);
	assert_null(e.unit);
	assert_int_equal(activate(w, "alice", "operator", "/prod/hr", &e), 0);
	assert_string_equal(e.grant_scope, "/prod/hr");
	assert_int_equal(activate(w, "alice", "operator", "/", &e), -EACCES);
	assert_int_equal(activate(w, "alice", "operator", "/prod/hr/db", &e), -EACCES);
	assert_int_equal(activate(w, "alice", "operator", "/prod/it", &e), -EACCES);
	assert_int_equal(activate(w, "alice", "operator", "emea", &e), -EACCES);
	assert_int_equal(activate(w, "alice", "operator", "/prod//hr", &e), -EACCES);
	assert_int_equal(activate(w, "alice", "desk", NULL, &e), 0);
	assert_string_equal(e.grant_scope, "/"); /* management alone: the whole reach */
	assert_int_equal(activate(w, "alice", "desk", "/prod", &e), 0);
	assert_int_equal(activate(w, "bob", "desk", NULL, &e), 0);
	assert_string_equal(e.grant_scope, "emea");
	assert_string_equal(e.unit, "emea");
	assert_int_equal(activate(w, "bob", "operator", "emea", &e), 0);
	assert_int_equal(activate(w, "bob", "operator", "/prod/hr/db1", &e), -EACCES);
	assert_int_equal(activate(w, "carol", "operator", NULL, &e), -EACCES); /* active is not eligible */
	assert_int_equal(activate(w, "alice", "mixed", NULL, &e), 0);
	assert_string_equal(e.grant_scope, "/prod/hr/db1"); /* a right on hosts is among them */
	world_free(w);
}

static void test_activation_is_for_live_persons_with_something_left(void **state)
{
	struct world *w = office();
	struct eligibility e;
	static const char *const people[] = {"alice", "bob", "dave", "robot", "erin"};
	for (size_t i = 0; i < ARRAY_LENGTH(people); i++)
		world_assignment(w, ASSIGNMENT_ELIGIBLE, people[i], "operator", "/");
	world_assignment(w, ASSIGNMENT_ELIGIBLE, "alice", "empty", "/"); /* the ceiling leaves nothing of it */
	world_assignment(w, ASSIGNMENT_ELIGIBLE, "bob", "desk", "/prod/hr")->start_ns = 100 * NS_PER_S + 1;
	world_assignment(w, ASSIGNMENT_ELIGIBLE, "carol", "desk", "/")->end_ns = 100 * NS_PER_S;
	world_assignment(w, ASSIGNMENT_DENY, "bob", "operator", "/");
	assert_int_equal(world_compile(w), 0);
	assert_int_equal(activate(w, "alice", "operator", NULL, &e), 0);
	assert_int_equal(activate(w, "bob", "operator", NULL, &e), -EACCES);
	assert_int_equal(activate(w, "dave", "operator", NULL, &e), -EACCES);
	assert_int_equal(activate(w, "robot", "operator", NULL, &e), -EACCES);
	assert_int_equal(activate(w, "erin", "operator", NULL, &e), -EACCES);
	assert_int_equal(activate(w, "alice", "empty", NULL, &e), -EACCES);
	assert_int_equal(activate(w, "bob", "desk", NULL, &e), -EACCES);
	assert_int_equal(activate(w, "carol", "desk", NULL, &e), -EACCES);
	assert_int_equal(decide_activation(w->policy, 99, 0, NULL, &now, &e), -ENOENT);
	assert_int_equal(decide_activation(w->policy, 0, 99, NULL, &now, &e), -ENOENT);
	uint32_t unused;
	assert_int_equal(policy_role_by_name(w->policy, "nobody", &unused), -ENOENT);
	world_free(w);
}

static void test_the_assignment_that_lasts_longest_is_taken(void **state)
{
	struct world *w = office();
	struct eligibility e;
	world_assignment(w, ASSIGNMENT_ELIGIBLE, "alice", "operator", "/")->end_ns = 150 * NS_PER_S;
	world_assignment(w, ASSIGNMENT_ELIGIBLE, "alice", "operator", "/prod")->end_ns = 170 * NS_PER_S;
	world_assignment(w, ASSIGNMENT_ELIGIBLE, "alice", "operator", "emea")->end_ns = 160 * NS_PER_S;
	assert_int_equal(world_compile(w), 0);
	assert_int_equal(activate(w, "alice", "operator", NULL, &e), 0);
	assert_int_equal(e.window.end_ns, 170 * NS_PER_S);
	assert_string_equal(e.scope, "/prod");
	world_free(w);
}

static void test_an_unknown_host_is_reached_from_the_root_alone(void **state)
{
	struct world *w = office();
	struct eligibility e;
	world_assignment(w, ASSIGNMENT_ELIGIBLE, "alice", "operator", "/");
	world_assignment(w, ASSIGNMENT_ELIGIBLE, "bob", "operator", "/prod");
	w->d->hosts[0].o.id.bytes[5] = 9;
	assert_int_equal(world_compile(w), 0);
	assert_int_equal(activate(w, "alice", "operator", NULL, &e), 0);
	assert_string_equal(e.grant_scope, "/");
	assert_int_equal(activate(w, "bob", "operator", NULL, &e), -EACCES);
	world_free(w);
}

struct seen {
	unsigned count, usable;
	int stop;
	char text[256];
};

static int see_right(void *context, enum right_kind kind, const char *argument)
{
	struct seen *s = context;
	char right[RIGHT_TEXT_MAX];
	right_format(kind, argument, right, sizeof(right));
	strcat(s->text, right);
	strcat(s->text, " ");
	s->count++;
	return s->stop;
}

static void test_terms_and_rights_of_a_role(void **state)
{
	struct world *w = office();
	struct role_terms terms;
	struct seen seen = {0};
	assert_int_equal(world_compile(w), 0);
	assert_int_equal(policy_role_terms(w->policy, role(w, "operator"), &terms), 0);
	assert_string_equal(terms.name, "operator");
	assert_string_equal(terms.title, "operator");
	assert_true(terms.activation.ticket && !terms.activation.justification && terms.approvers_named);
	assert_int_equal(terms.activation.max_duration_ns, 3600 * NS_PER_S);
	assert_true(uuid_equal(&terms.id, &w->d->roles[0].o.id));
	assert_int_equal(policy_role_terms(w->policy, 99, &terms), -ENOENT);
	assert_int_equal(policy_role_rights(w->policy, role(w, "operator"), see_right, &seen), 0);
	assert_string_equal(seen.text, "login become:root become:postgres group:adm user.lock ");
	seen = (struct seen){.stop = 7};
	assert_int_equal(policy_role_rights(w->policy, role(w, "operator"), see_right, &seen), 7);
	assert_int_equal(seen.count, 1);
	assert_int_equal(policy_role_rights(w->policy, 99, see_right, &seen), -ENOENT);
	seen = (struct seen){.stop = 7};
	assert_int_equal(policy_role_rights(w->policy, role(w, "global-administrator"), see_right, &seen), 7);
	seen = (struct seen){0};
	assert_int_equal(policy_role_rights(w->policy, role(w, "empty"), see_right, &seen), 0);
	assert_string_equal(seen.text, "");
	world_free(w);
}

struct people {
	const struct world *w;
	char names[128];
	int stop;
};

static int see_person(void *context, uint32_t principal)
{
	struct people *p = context;
	struct policy_principal user;
	assert_int_equal(policy_principal(p->w->policy, principal, &user), 0);
	strcat(p->names, user.name);
	strcat(p->names, " ");
	return p->stop;
}

static void test_approvers_are_live_persons(void **state)
{
	struct world *w = office();
	world_assignment(w, ASSIGNMENT_ACTIVE, "alice", "desk", "/");
	world_assignment(w, ASSIGNMENT_ACTIVE, "robot", "desk", "/");
	world_assignment(w, ASSIGNMENT_ELIGIBLE, "bob", "desk", "/");
	world_assignment(w, ASSIGNMENT_ACTIVE, "carol", "desk", "/elsewhere");
	world_scope(w, "/elsewhere");
	assert_int_equal(world_compile(w), 0);
	struct people named = {.w = w}, holders = {.w = w}, stopped = {.w = w, .stop = 3};
	assert_int_equal(policy_role_approvers(w->policy, &w->grants, role(w, "operator"), &now, see_person, &named), 0);
	assert_string_equal(named.names, "bob carol "); /* not dave, robot, erin */
	assert_int_equal(policy_role_approvers(w->policy, &w->grants, role(w, "desk"), &now, see_person, &holders), 0);
	assert_string_equal(holders.names, "alice ");
	/* Once activated, bob may too. */
	world_grant(w, "bob", "desk", RIGHT_REQUEST_APPROVE, "/");
	holders.names[0] = '\0';
	assert_int_equal(policy_role_approvers(w->policy, &w->grants, role(w, "desk"), &now, see_person, &holders), 0);
	assert_string_equal(holders.names, "alice bob ");
	assert_int_equal(policy_role_approvers(w->policy, &w->grants, role(w, "desk"), &now, see_person, &stopped), 3);
	assert_int_equal(policy_role_approvers(w->policy, &w->grants, 99, &now, see_person, &stopped), -ENOENT);
	w->grants.error = -EBADMSG;
	assert_int_equal(policy_role_approvers(w->policy, &w->grants, role(w, "desk"), &now, see_person, &holders), -EBADMSG);
	world_free(w);
}

static void test_named_approvers_that_are_all_gone_leave_nobody(void **state)
{
	struct world *w = office();
	world_assignment(w, ASSIGNMENT_ACTIVE, "alice", "desk", "/");
	for (size_t i = 0; i < w->d->user_count; i++)
		w->d->users[i].enabled = i == 0;
	assert_int_equal(world_compile(w), 0);
	struct people named = {.w = w};
	assert_int_equal(policy_role_approvers(w->policy, &w->grants, role(w, "operator"), &now, see_person, &named), 0);
	assert_string_equal(named.names, ""); /* and no fallback to those who hold request.approve */
	world_free(w);
}

static int see_assignment(void *context, const struct eligibility *e)
{
	struct seen *s = context;
	s->count++;
	s->usable += e->usable;
	assert_non_null(e->role_name);
	assert_true(!e->scope != !e->unit);
	return s->stop;
}

static void test_assignments_are_listed_with_what_they_are_worth(void **state)
{
	struct world *w = office();
	struct seen seen = {0}, stopped = {.stop = 5};
	world_assignment(w, ASSIGNMENT_ELIGIBLE, "alice", "operator", "/prod");
	world_assignment(w, ASSIGNMENT_ACTIVE, "alice", "empty", "/prod");
	world_assignment(w, ASSIGNMENT_ELIGIBLE, "alice", "desk", "emea")->end_ns = 1;
	world_assignment(w, ASSIGNMENT_DENY, "alice", "=login", "emea");
	world_assignment(w, ASSIGNMENT_ACTIVE, "dave", "operator", "/");
	assert_int_equal(world_compile(w), 0);
	assert_int_equal(decide_assignments(w->policy, world_principal(w, "alice"), &now, see_assignment, &seen), 0);
	assert_int_equal(seen.count, 3);
	assert_int_equal(seen.usable, 1);
	seen = (struct seen){0};
	assert_int_equal(decide_assignments(w->policy, world_principal(w, "dave"), &now, see_assignment, &seen), 0);
	assert_int_equal(seen.count, 1);
	assert_int_equal(seen.usable, 0);
	assert_int_equal(decide_assignments(w->policy, world_principal(w, "alice"), &now, see_assignment, &stopped), 5);
	uint32_t behind = (uint32_t)policy_principal_count(w->policy), roles = (uint32_t)policy_role_count(w->policy);
	struct eligibility e;
	assert_int_equal(decide_assignments(w->policy, behind, &now, see_assignment, &seen), -ENOENT);
	assert_int_equal(decide_activation(w->policy, behind, 0, NULL, &now, &e), -ENOENT);
	assert_int_equal(decide_activation(w->policy, 0, roles, NULL, &now, &e), -ENOENT);
	world_free(w);
}

struct table {
	struct holder rows[32];
	size_t count;
	int stop;
};

static int keep_row(void *context, const struct holder *row)
{
	struct table *t = context;
	assert_true(t->count < ARRAY_LENGTH(t->rows));
	t->rows[t->count++] = *row;
	return t->stop;
}

static void test_rows_of_a_grant(void **state)
{
	struct world *w = office();
	struct table t = {0};
	const struct uuid request = {{4, 2}};
	const struct window window = {0, 1000 * NS_PER_S, 900 * NS_PER_S};
	struct assignment *deny = world_assignment(w, ASSIGNMENT_DENY, "alice", "=become:root", "/");
	deny->start_ns = 200 * NS_PER_S;
	deny->end_ns = 300 * NS_PER_S;
	world_assignment(w, ASSIGNMENT_DENY, "alice", "=become:root", "/")->start_ns = 800 * NS_PER_S;
	world_assignment(w, ASSIGNMENT_DENY, "alice", "=login", "/");
	assert_int_equal(world_compile(w), 0);
	uint32_t alice = world_principal(w, "alice"), operator = role(w, "operator");
	assert_int_equal(decide_grant_rows(w->policy, alice, operator, "/prod", &request, &window, keep_row, &t), 0);
	/* role, root before and between the denies, postgres, adm, user.lock; not login, backup, disk */
	assert_int_equal(t.count, 6);
	assert_int_equal(t.rows[0].kind, 0);
	assert_string_equal(t.rows[0].role, "operator");
	assert_string_equal(t.rows[0].login, "alice");
	assert_true(uuid_equal(&t.rows[0].request, &request));
	assert_string_equal(t.rows[1].argument, "root");
	assert_int_equal(t.rows[1].window.end_ns, 200 * NS_PER_S);
	assert_int_equal(t.rows[2].window.start_ns, 300 * NS_PER_S);
	assert_int_equal(t.rows[2].window.end_ns, 800 * NS_PER_S);
	assert_int_equal(t.rows[2].window.boot_end_ns, 900 * NS_PER_S);
	assert_string_equal(t.rows[3].argument, "postgres");
	assert_int_equal(t.rows[4].kind, RIGHT_GROUP);
	assert_int_equal(t.rows[5].kind, RIGHT_USER_LOCK);
	assert_string_equal(t.rows[5].argument, "/prod");

	struct table none = {0}, stopped = {.stop = 8};
	assert_int_equal(decide_grant_rows(w->policy, alice, operator, "gone", &request, &window, keep_row, &none), 0);
	assert_int_equal(decide_grant_rows(w->policy, world_principal(w, "dave"), operator, "/", &request, &window, keep_row,
					   &none), 0);
	assert_int_equal(decide_grant_rows(w->policy, world_principal(w, "robot"), operator, "/", &request, &window,
					   keep_row, &none), 0);
	assert_int_equal(none.count, 0);
	assert_int_equal(decide_grant_rows(w->policy, alice, operator, "/", &request, &window, keep_row, &stopped), 8);
	uint32_t behind = (uint32_t)policy_principal_count(w->policy), roles = (uint32_t)policy_role_count(w->policy);
	assert_int_equal(decide_grant_rows(w->policy, behind, operator, "/", &request, &window, keep_row, &none), -ENOENT);
	assert_int_equal(decide_grant_rows(w->policy, alice, roles, "/", &request, &window, keep_row, &none), -ENOENT);
	world_free(w);
}

static void test_standing_rows_stop_when_told(void **state)
{
	struct world *w = office();
	struct table all = {0}, stopped = {.stop = 8};
	world_assignment(w, ASSIGNMENT_ACTIVE, "alice", "operator", "/prod");
	world_assignment(w, ASSIGNMENT_ACTIVE, "alice", "desk", "/");
	world_assignment(w, ASSIGNMENT_ACTIVE, "dave", "operator", "/");
	assert_int_equal(world_compile(w), 0);
	assert_int_equal(decide_standing_rows(w->policy, keep_row, &all), 0);
	assert_int_equal(all.count, 6); /* operator, login, root, postgres, adm; desk */
	assert_true(uuid_is_null(&all.rows[0].request));
	assert_int_equal(decide_standing_rows(w->policy, keep_row, &stopped), 8);
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_activation_stands_where_it_should),
		cmocka_unit_test(test_activation_is_for_live_persons_with_something_left),
		cmocka_unit_test(test_the_assignment_that_lasts_longest_is_taken),
		cmocka_unit_test(test_an_unknown_host_is_reached_from_the_root_alone),
		cmocka_unit_test(test_terms_and_rights_of_a_role),
		cmocka_unit_test(test_approvers_are_live_persons),
		cmocka_unit_test(test_named_approvers_that_are_all_gone_leave_nobody),
		cmocka_unit_test(test_assignments_are_listed_with_what_they_are_worth),
		cmocka_unit_test(test_rows_of_a_grant),
		cmocka_unit_test(test_standing_rows_stop_when_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
