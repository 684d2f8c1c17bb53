/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rights over people, on the world of the examples: where they reach, and whom. */
#include "tests/unit/cmocka_test.h"

#include "tests/unit/decide_example.h"

static void test_management_reaches_by_its_target(void **state)
{
	struct world *w = example();
	world_user(w, "root-desk");
	world_user(w, "path-desk");
	world_user(w, "unit-desk");
	world_user(w, "vault-desk");
	world_user(w, "guarded");
	world_unit(w, "vault", true, "guarded", NULL);
	world_assignment(w, ASSIGNMENT_ACTIVE, "root-desk", "helpdesk-administrator", "/");
	world_assignment(w, ASSIGNMENT_ACTIVE, "path-desk", "helpdesk-administrator", "/prod");
	world_assignment(w, ASSIGNMENT_ACTIVE, "unit-desk", "helpdesk-administrator", "emea");
	world_assignment(w, ASSIGNMENT_ACTIVE, "vault-desk", "helpdesk-administrator", "vault");
	world_assignment(w, ASSIGNMENT_DENY, "unit-desk", "=user.sessions.end", "emea");
	assert_int_equal(world_compile(w), 0);
	assert_int_equal(manage(w, "root-desk", RIGHT_USER_LOCK, "alice"), WHY_NONE);
	assert_int_equal(manage(w, "root-desk", RIGHT_USER_LOCK, "carol"), WHY_NONE);
	assert_int_equal(manage(w, "root-desk", RIGHT_USER_LOCK, "guarded"), WHY_NO_RIGHT);
	assert_int_equal(manage(w, "root-desk", RIGHT_USER_LOCK, NULL), WHY_NO_RIGHT);
	assert_int_equal(manage(w, "root-desk", RIGHT_USER_SESSIONS_END, NULL), WHY_NONE);
	assert_int_equal(manage(w, "path-desk", RIGHT_USER_LOCK, "alice"), WHY_NO_RIGHT);
	assert_int_equal(manage(w, "path-desk", RIGHT_USER_SESSIONS_END, "alice"), WHY_NONE);
	assert_int_equal(manage(w, "path-desk", RIGHT_USER_SESSIONS_END, "guarded"), WHY_NO_RIGHT);
	assert_int_equal(manage(w, "unit-desk", RIGHT_USER_LOCK, "alice"), WHY_NONE);
	assert_int_equal(manage(w, "unit-desk", RIGHT_USER_LOCK, "path-desk"), WHY_NO_RIGHT);
	assert_int_equal(manage(w, "unit-desk", RIGHT_USER_SESSIONS_END, "alice"), WHY_DENIED);
	assert_int_equal(manage(w, "vault-desk", RIGHT_USER_LOCK, "guarded"), WHY_NONE);
	assert_int_equal(manage(w, "vault-desk", RIGHT_USER_LOCK, "alice"), WHY_NO_RIGHT);
	assert_int_equal(manage(w, "carol", RIGHT_USER_LOCK, "alice"), WHY_NO_RIGHT);
	struct decision_request request = question(w, "root-desk", QUESTION_MANAGE, NULL);
	request.manage = RIGHT_USER_LOCK;
	request.target_user = (uint32_t)policy_principal_count(w->policy);
	assert_int_equal(ask(w, &request, NULL), WHY_NO_RIGHT);
	world_free(w);
}

static void test_nobody_manages_who_holds_a_higher_role(void **state)
{
	struct world *w = example();
	world_user(w, "desk");
	world_user(w, "desk2");
	world_role(w, "boss", "user.lock user.sessions.end request.approve", NULL);
	world_assignment(w, ASSIGNMENT_ACTIVE, "desk", "helpdesk-administrator", "/");
	world_assignment(w, ASSIGNMENT_ACTIVE, "desk2", "helpdesk-administrator", "/");
	world_assignment(w, ASSIGNMENT_ACTIVE, "carol", "boss", "/test");
	world_assignment(w, ASSIGNMENT_ACTIVE, "bob", "boss", "/")->end_ns = SECONDS(100);
	assert_int_equal(world_compile(w), 0);
	assert_int_equal(manage(w, "desk", RIGHT_USER_LOCK, "alice"), WHY_NONE);
	assert_int_equal(manage(w, "desk", RIGHT_USER_LOCK, "desk2"), WHY_NONE);
	assert_int_equal(manage(w, "desk", RIGHT_USER_LOCK, "bob"), WHY_NONE); /* his role has ended */
	assert_int_equal(manage(w, "desk", RIGHT_USER_LOCK, "carol"), WHY_HIGHER_ROLE);
	/* A grant counts as well, and on either side. */
	world_grant(w, "alice", "boss", RIGHT_REQUEST_APPROVE, "/");
	assert_int_equal(manage(w, "desk", RIGHT_USER_LOCK, "alice"), WHY_HIGHER_ROLE);
	world_grant(w, "desk", "boss", RIGHT_REQUEST_APPROVE, "/test");
	assert_int_equal(manage(w, "desk", RIGHT_USER_LOCK, "alice"), WHY_NONE);
	w->grants.rows[1].window.end_ns = SECONDS(100);
	assert_int_equal(manage(w, "desk", RIGHT_USER_LOCK, "alice"), WHY_HIGHER_ROLE);
	world_free(w);

	w = example();
	world_user(w, "desk");
	world_role(w, "boss", "user.lock request.approve", NULL);
	world_assignment(w, ASSIGNMENT_ACTIVE, "desk", "boss", "/");
	world_assignment(w, ASSIGNMENT_ACTIVE, "carol", "boss", "/");
	world_assignment(w, ASSIGNMENT_DENY, "desk", "=request.approve", "/");
	assert_int_equal(world_compile(w), 0);
	assert_int_equal(manage(w, "desk", RIGHT_USER_LOCK, "carol"), WHY_HIGHER_ROLE); /* what is denied is not held */
	assert_int_equal(manage(w, "carol", RIGHT_USER_LOCK, "desk"), WHY_NONE);
	world_free(w);
}

static void test_granted_management_reaches_where_it_was_granted(void **state)
{
	struct world *w = example();
	world_unit(w, "vault", true, "carol", NULL);
	world_grant(w, "carol", "helpdesk-administrator", RIGHT_USER_LOCK, "emea");
	world_grant(w, "carol", "pra", RIGHT_REQUEST_APPROVE, "/prod/hr");
	world_grant(w, "bob", "pra", RIGHT_REQUEST_APPROVE, "/test");
	world_grant(w, "bob", "helpdesk-administrator", RIGHT_USER_LOCK, "gone");
	world_grant(w, "bob", "helpdesk-administrator", RIGHT_USER_SESSIONS_END, NULL);
	world_grant(w, "alice", "pra", RIGHT_GRANT_REVOKE, "emea");
	assert_int_equal(world_compile(w), 0);
	assert_int_equal(manage(w, "carol", RIGHT_USER_LOCK, "robot"), WHY_NO_RIGHT);
	assert_int_equal(manage(w, "carol", RIGHT_REQUEST_APPROVE, NULL), WHY_NONE);
	assert_int_equal(manage(w, "carol", RIGHT_REQUEST_APPROVE, "alice"), WHY_NONE);
	assert_int_equal(manage(w, "bob", RIGHT_REQUEST_APPROVE, NULL), WHY_NO_RIGHT);
	assert_int_equal(manage(w, "bob", RIGHT_USER_LOCK, "alice"), WHY_NO_RIGHT);
	assert_int_equal(manage(w, "bob", RIGHT_USER_SESSIONS_END, "alice"), WHY_NO_RIGHT);
	assert_int_equal(manage(w, "alice", RIGHT_GRANT_REVOKE, NULL), WHY_NONE);
	world_free(w);

	w = example();
	world_grant(w, "carol", "helpdesk-administrator", RIGHT_USER_LOCK, "emea");
	assert_int_equal(world_compile(w), 0);
	assert_int_equal(manage(w, "carol", RIGHT_USER_LOCK, "alice"), WHY_NONE);
	world_free(w);

	w = example(); /* the host in a restricted unit: what was granted outside does not reach it */
	world_unit(w, "vault", true, NULL, "db1");
	world_grant(w, "carol", "pra", RIGHT_REQUEST_APPROVE, "/prod");
	world_grant(w, "bob", "pra", RIGHT_REQUEST_APPROVE, "emea");
	world_grant(w, "alice", "pra", RIGHT_REQUEST_APPROVE, "vault");
	assert_int_equal(world_compile(w), 0);
	assert_int_equal(manage(w, "carol", RIGHT_REQUEST_APPROVE, NULL), WHY_NO_RIGHT);
	assert_int_equal(manage(w, "bob", RIGHT_REQUEST_APPROVE, NULL), WHY_NO_RIGHT);
	assert_int_equal(manage(w, "alice", RIGHT_REQUEST_APPROVE, NULL), WHY_NONE);
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_management_reaches_by_its_target),
		cmocka_unit_test(test_nobody_manages_who_holds_a_higher_role),
		cmocka_unit_test(test_granted_management_reaches_where_it_was_granted),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
