/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/cmocka_test.h"

#include "tests/unit/decide_example.h"

struct world *example(void)
{
	struct world *w = world_new();
	world_user(w, "alice");
	world_user(w, "bob")->uid = NO_ID;
	world_user(w, "carol");
	world_user(w, "robot")->kind = USER_SERVICE;
	world_group(w, "dba", "alice", "dba-oncall");
	world_group(w, "dba-oncall", "bob", "dba");
	world_group(w, "approvers", "carol", NULL);
	world_scope(w, "/prod");
	world_scope(w, "/prod/hr");
	world_scope(w, "/prod/hr/web");
	world_scope(w, "/test");
	world_host(w, "db1", "/prod/hr/web", true);
	world_host(w, "db2", "/test", false);
	world_unit(w, "emea", false, "alice bob", "db1");
	world_role(w, "host-user-login", "login", NULL);
	world_role(w, "db-operator", "login become:root group:adm", NULL);
	world_role(w, "helpdesk-administrator", "user.lock user.sessions.end", NULL);
	world_role(w, "privileged-role-administrator", "request.approve grant.revoke", NULL);
	world_ceiling(w, "root postgres", "adm");
	world_assignment(w, ASSIGNMENT_ACTIVE, "@dba", "host-user-login", "/prod/hr");
	world_assignment(w, ASSIGNMENT_ACTIVE, "@approvers", "host-user-login", "/prod");
	world_assignment(w, ASSIGNMENT_ELIGIBLE, "@dba", "db-operator", "/prod/hr/web")->end_ns = SECONDS(1000);
	world_assignment(w, ASSIGNMENT_ELIGIBLE, "carol", "helpdesk-administrator", "emea");
	return w;
}

struct decision_request question(const struct world *w, const char *user, enum question q, const char *target)
{
	return (struct decision_request){
		.question = q,
		.principal = world_principal(w, user),
		.target = target,
		.target_user = NO_INDEX,
		.now = {.realtime_ns = SECONDS(100), .boottime_ns = SECONDS(50)},
	};
}

enum why ask(const struct world *w, const struct decision_request *request, struct decision *ret)
{
	struct decision unused;
	struct decision *d = ret ? ret : &unused;
	enum verdict verdict = decide(w->policy, &w->grants, request, d, NULL, NULL);
	assert_int_equal(verdict, d->verdict);
	assert_int_equal(verdict == VERDICT_ALLOW, d->why == WHY_NONE);
	assert_true(verdict == VERDICT_ALLOW || verdict == VERDICT_DENY);
	return d->why;
}

enum why why(const struct world *w, const char *user, enum question q, const char *target)
{
	struct decision_request request = question(w, user, q, target);
	return ask(w, &request, NULL);
}

enum why manage(const struct world *w, const char *user, enum right_kind kind, const char *target_user)
{
	struct decision_request request = question(w, user, QUESTION_MANAGE, NULL);
	request.manage = kind;
	if (target_user)
		request.target_user = world_principal(w, target_user);
	return ask(w, &request, NULL);
}
