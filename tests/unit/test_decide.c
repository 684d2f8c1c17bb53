/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Every rule of the decision by hand, on the world of the examples; management: test_decide_manage.c. */
#include "tests/unit/cmocka_test.h"

#include <errno.h>

#include "tests/unit/decide_example.h"

static void test_T3_every_flipped_bit_of_a_verdict_denies(void **state)
{
	assert_true(verdict_allows(VERDICT_ALLOW));
	assert_false(verdict_allows(VERDICT_DENY));
	for (unsigned i = 0; i < 32; i++) {
		assert_false(verdict_allows((enum verdict)((uint32_t)VERDICT_ALLOW ^ (1u << i))));
		assert_false(verdict_allows((enum verdict)((uint32_t)VERDICT_DENY ^ (1u << i))));
	}
	assert_int_equal((uint32_t)VERDICT_ALLOW ^ (uint32_t)VERDICT_DENY, INT32_MAX);
	assert_false(verdict_allows((enum verdict)0));
	assert_false(verdict_allows((enum verdict)1));
}

static void test_why_has_a_stable_name_each(void **state)
{
	for (enum why i = 0; i < WHY_COUNT; i++) {
		for (enum why k = 0; k < i; k++)
			assert_string_not_equal(why_text(i), why_text(k));
	}
	assert_string_equal(why_text(WHY_NO_ACTIVE_ROLE), "no-active-role");
	assert_string_equal(why_text(WHY_COUNT), "could-not-read");
	assert_string_equal(why_text((enum why)-1), "could-not-read");
}

static void test_example_login_and_gate(void **state)
{
	struct world *w = example();
	struct decision d;
	assert_int_equal(world_compile(w), 0);
	struct decision_request request = question(w, "alice", QUESTION_LOGIN, NULL);
	assert_int_equal(ask(w, &request, &d), WHY_NONE);
	assert_string_equal(d.role, "host-user-login");
	assert_false(d.by_grant);
	assert_true(uuid_is_null(&d.request));
	assert_int_equal(d.window.end_ns, TIME_FOREVER);

	request.target_user = 1000; /* no question of management: it says nothing */
	assert_int_equal(ask(w, &request, &d), WHY_NONE);

	request = question(w, "alice", QUESTION_GATE_ANY, NULL);
	assert_int_equal(ask(w, &request, &d), WHY_NO_ACTIVE_ROLE);
	assert_string_equal(d.role, "db-operator");
	assert_string_equal(d.other_role, "");
	request = question(w, "alice", QUESTION_GATE, "root");
	assert_int_equal(ask(w, &request, &d), WHY_NO_ACTIVE_ROLE);
	assert_string_equal(d.role, "db-operator");
	request = question(w, "alice", QUESTION_GATE, "postgres");
	assert_int_equal(ask(w, &request, &d), WHY_NO_ACTIVE_ROLE);
	assert_string_equal(d.role, "");
	assert_int_equal(why(w, "carol", QUESTION_LOGIN, NULL), WHY_NONE);
	assert_int_equal(why(w, "carol", QUESTION_GATE_ANY, NULL), WHY_NO_ACTIVE_ROLE);
	assert_int_equal(why(w, "robot", QUESTION_LOGIN, NULL), WHY_NO_LOGIN_RIGHT);
	assert_int_equal(why(w, "robot", QUESTION_BATCH, NULL), WHY_NONE);
	world_free(w);
}

static void test_grant_opens_its_gate_alone(void **state)
{
	struct world *w = example();
	struct decision d;
	world_grant(w, "alice", "db-operator", RIGHT_BECOME, "root")->window =
		(struct window){SECONDS(10), SECONDS(200), SECONDS(70)};
	assert_int_equal(world_compile(w), 0);
	struct decision_request request = question(w, "alice", QUESTION_GATE, "root");
	assert_int_equal(ask(w, &request, &d), WHY_NONE);
	assert_true(d.by_grant);
	assert_string_equal(d.role, "db-operator");
	assert_int_equal(d.request.bytes[0], 1);
	assert_int_equal(d.window.end_ns, SECONDS(200));
	assert_int_equal(d.window.boot_end_ns, SECONDS(70));
	assert_int_equal(why(w, "alice", QUESTION_GATE_ANY, NULL), WHY_NONE);

	request = question(w, "alice", QUESTION_GATE, "postgres");
	assert_int_equal(ask(w, &request, &d), WHY_WRONG_TARGET);
	assert_string_equal(d.other_role, "db-operator");
	assert_string_equal(d.role, "");
	assert_int_equal(why(w, "alice", QUESTION_GROUP, "adm"), WHY_NO_RIGHT);
	assert_int_equal(why(w, "bob", QUESTION_GATE, "root"), WHY_NO_ACTIVE_ROLE);

	/* Each of its ends ends it. */
	request = question(w, "alice", QUESTION_GATE, "root");
	request.now.realtime_ns = SECONDS(200);
	assert_int_equal(ask(w, &request, NULL), WHY_NO_ACTIVE_ROLE);
	request.now = (struct instant){SECONDS(100), SECONDS(70)};
	assert_int_equal(ask(w, &request, NULL), WHY_NO_ACTIVE_ROLE);
	request.now = (struct instant){SECONDS(10) - 1, SECONDS(50)};
	assert_int_equal(ask(w, &request, NULL), WHY_NO_ACTIVE_ROLE);
	world_free(w);
}

static void test_T5_a_grant_is_keyed_by_principal_target_and_role(void **state)
{
	struct world *w = example();
	world_user(w, "alice2")->uid = NO_ID;
	world_assignment(w, ASSIGNMENT_ELIGIBLE, "alice2", "db-operator", "/prod");
	world_grant(w, "alice", "db-operator", RIGHT_BECOME, "root");
	assert_int_equal(world_compile(w), 0);
	assert_int_equal(why(w, "alice", QUESTION_GATE, "root"), WHY_NONE);
	static const char *const others[] = {"alice2", "bob", "carol", "robot"};
	for (size_t i = 0; i < ARRAY_LENGTH(others); i++) {
		assert_int_equal(why(w, others[i], QUESTION_GATE, "root"), WHY_NO_ACTIVE_ROLE);
		assert_int_equal(why(w, others[i], QUESTION_GATE_ANY, NULL), WHY_NO_ACTIVE_ROLE);
	}
	static const char *const targets[] = {"postgres", "Root", "roo", "roott", "", "*", "#0", "carol"};
	for (size_t i = 0; i < ARRAY_LENGTH(targets); i++)
		assert_int_equal(why(w, "alice", QUESTION_GATE, targets[i]), WHY_WRONG_TARGET);
	/* What it says of one right says nothing of another. */
	assert_int_equal(why(w, "alice", QUESTION_GROUP, "adm"), WHY_NO_RIGHT);
	assert_int_equal(why(w, "alice", QUESTION_GROUP, "root"), WHY_NO_RIGHT);
	world_free(w);
}

static void test_T9_scope_reaches_by_the_host_id_alone(void **state)
{
	struct world *w = example();
	world_assignment(w, ASSIGNMENT_ACTIVE, "carol", "db-operator", "/test");
	/* Another host took this one's name, elsewhere in the tree; and this host's id is another's. */
	w->d->hosts[0].o.id.bytes[3] = 7;
	w->d->hosts[1].o.id = w->host_id;
	assert_int_equal(world_compile(w), 0);
	struct policy_host host;
	assert_int_equal(policy_host(w->policy, &host), 0);
	assert_string_equal(host.path, "/test/db2");
	assert_int_equal(why(w, "carol", QUESTION_GATE, "root"), WHY_NONE);
	assert_int_equal(why(w, "alice", QUESTION_LOGIN, NULL), WHY_NO_LOGIN_RIGHT);
	world_free(w);

	w = example();
	world_assignment(w, ASSIGNMENT_ACTIVE, "carol", "db-operator", "/");
	w->d->hosts[0].o.id.bytes[3] = 7; /* no entry has this host's id */
	assert_int_equal(world_compile(w), 0);
	assert_int_equal(policy_host(w->policy, &host), 0);
	assert_false(host.known);
	assert_int_equal(why(w, "alice", QUESTION_LOGIN, NULL), WHY_NO_LOGIN_RIGHT);
	assert_int_equal(why(w, "carol", QUESTION_GATE, "root"), WHY_NONE);
	world_free(w);
}

static void test_account_must_be_enabled_and_inside_its_dates(void **state)
{
	struct world *w = example();
	struct decision d;
	w->d->users[0].start_ns = SECONDS(100);
	w->d->users[0].end_ns = SECONDS(101);
	w->d->users[2].enabled = false;
	world_grant(w, "carol", "db-operator", RIGHT_BECOME, "root");
	assert_int_equal(world_compile(w), 0);
	struct decision_request request = question(w, "alice", QUESTION_LOGIN, NULL);
	assert_int_equal(ask(w, &request, &d), WHY_NONE);
	assert_int_equal(d.window.end_ns, SECONDS(101));
	request.question = QUESTION_BATCH;
	assert_int_equal(ask(w, &request, &d), WHY_NONE);
	assert_int_equal(d.window.end_ns, SECONDS(101));
	request.now.realtime_ns = SECONDS(101);
	assert_int_equal(ask(w, &request, NULL), WHY_ENDED);
	request.now.realtime_ns = SECONDS(100) - 1;
	assert_int_equal(ask(w, &request, &d), WHY_NOT_YET);
	assert_int_equal(d.window.end_ns, 0);
	static const enum question all[] = {QUESTION_LOGIN, QUESTION_GATE_ANY, QUESTION_GATE, QUESTION_BATCH,
					    QUESTION_GROUP};
	for (size_t i = 0; i < ARRAY_LENGTH(all); i++)
		assert_int_equal(why(w, "carol", all[i], "root"), WHY_DISABLED);
	assert_int_equal(manage(w, "carol", RIGHT_AUDIT_READ, NULL), WHY_DISABLED);
	world_free(w);
}

static void test_unreadable_unknown_and_no_question_deny(void **state)
{
	struct world *w = example();
	struct decision d;
	assert_int_equal(world_compile(w), 0);
	struct decision_request request = question(w, "alice", QUESTION_LOGIN, NULL);
	assert_int_equal(decide(NULL, &w->grants, &request, &d, NULL, NULL), VERDICT_DENY);
	assert_int_equal(d.why, WHY_UNREADABLE);
	assert_int_equal(decide(w->policy, NULL, &request, &d, NULL, NULL), VERDICT_DENY);
	assert_int_equal(d.why, WHY_UNREADABLE);
	w->grants.error = -EBADMSG;
	assert_int_equal(ask(w, &request, NULL), WHY_UNREADABLE);
	w->grants.error = 0;
	request.principal = (uint32_t)policy_principal_count(w->policy);
	assert_int_equal(ask(w, &request, NULL), WHY_UNKNOWN_USER);
	request.principal = NO_INDEX;
	assert_int_equal(ask(w, &request, NULL), WHY_UNKNOWN_USER);
	assert_int_equal(why(w, "alice", 0, NULL), WHY_UNREADABLE);
	assert_int_equal(why(w, "alice", QUESTION_MANAGE + 1, NULL), WHY_UNREADABLE);
	assert_int_equal(why(w, "alice", QUESTION_GATE, NULL), WHY_UNREADABLE);
	assert_int_equal(why(w, "alice", QUESTION_GROUP, NULL), WHY_UNREADABLE);
	assert_int_equal(manage(w, "alice", 0, NULL), WHY_UNREADABLE);
	assert_int_equal(manage(w, "alice", RIGHT_GROUP, NULL), WHY_UNREADABLE);
	assert_int_equal(manage(w, "alice", RIGHT_POLICY_READ + 1, NULL), WHY_UNREADABLE);
	world_free(w);
}

static void test_deny_wins_over_standing_and_grant(void **state)
{
	struct world *w = example();
	struct decision d;
	world_assignment(w, ASSIGNMENT_ACTIVE, "alice", "db-operator", "/");
	world_grant(w, "alice", "db-operator", RIGHT_BECOME, "root");
	world_grant(w, "alice", "db-operator", RIGHT_BECOME, "postgres");
	struct assignment *deny = world_assignment(w, ASSIGNMENT_DENY, "@dba", "=become:root", "/prod");
	deny->end_ns = SECONDS(150);
	world_assignment(w, ASSIGNMENT_DENY, "alice", "=login", "/test");
	world_assignment(w, ASSIGNMENT_DENY, "alice", "=group:adm", "/prod")->start_ns = SECONDS(120);
	assert_int_equal(world_compile(w), 0);
	assert_int_equal(why(w, "alice", QUESTION_GATE, "root"), WHY_DENIED);
	assert_int_equal(why(w, "alice", QUESTION_GATE, "postgres"), WHY_NONE);
	assert_int_equal(why(w, "alice", QUESTION_GATE_ANY, NULL), WHY_NONE);
	assert_int_equal(why(w, "alice", QUESTION_LOGIN, NULL), WHY_NONE);
	struct decision_request request = question(w, "alice", QUESTION_GROUP, "adm");
	assert_int_equal(ask(w, &request, &d), WHY_NONE);
	assert_int_equal(d.window.end_ns, SECONDS(120)); /* the next deny */
	request.now.realtime_ns = SECONDS(120);
	assert_int_equal(ask(w, &request, &d), WHY_DENIED);
	request = question(w, "alice", QUESTION_GATE, "root");
	request.now.realtime_ns = SECONDS(150);
	assert_int_equal(ask(w, &request, &d), WHY_NONE);
	world_free(w);
}

static void test_deny_of_a_role_takes_its_rights_from_all_roles(void **state)
{
	struct world *w = example();
	world_role(w, "everything", "login become:* group:adm audit.read", NULL);
	world_assignment(w, ASSIGNMENT_ACTIVE, "alice", "everything", "/");
	world_assignment(w, ASSIGNMENT_DENY, "alice", "db-operator", "emea");
	assert_int_equal(world_compile(w), 0);
	assert_int_equal(why(w, "alice", QUESTION_LOGIN, NULL), WHY_DENIED);
	assert_int_equal(why(w, "alice", QUESTION_GATE, "root"), WHY_DENIED);
	assert_int_equal(why(w, "alice", QUESTION_GROUP, "adm"), WHY_DENIED);
	assert_int_equal(why(w, "alice", QUESTION_GATE, "postgres"), WHY_NONE);
	assert_int_equal(why(w, "alice", QUESTION_GATE_ANY, NULL), WHY_NONE);
	assert_int_equal(manage(w, "alice", RIGHT_AUDIT_READ, NULL), WHY_NONE);
	world_free(w);

	w = example();
	world_role(w, "everything", "become:*", NULL);
	world_assignment(w, ASSIGNMENT_ACTIVE, "alice", "everything", "/");
	world_assignment(w, ASSIGNMENT_DENY, "alice", "=become:*", "/");
	assert_int_equal(world_compile(w), 0);
	assert_int_equal(why(w, "alice", QUESTION_GATE, "postgres"), WHY_DENIED);
	assert_int_equal(why(w, "alice", QUESTION_GATE_ANY, NULL), WHY_DENIED);
	world_free(w);
}

static void test_ceiling_caps_become_and_group_and_is_empty_until_set(void **state)
{
	struct world *w = example();
	world_role(w, "everything", "login become:* group:adm group:disk", NULL);
	world_role(w, "outside", "become:backup", NULL);
	world_assignment(w, ASSIGNMENT_ACTIVE, "alice", "everything", "/");
	world_assignment(w, ASSIGNMENT_ACTIVE, "carol", "outside", "/");
	world_grant(w, "carol", "outside", RIGHT_GROUP, "disk");
	assert_int_equal(world_compile(w), 0);
	assert_int_equal(why(w, "alice", QUESTION_GATE, "root"), WHY_NONE);
	assert_int_equal(why(w, "alice", QUESTION_GATE, "backup"), WHY_CEILING);
	assert_int_equal(why(w, "alice", QUESTION_GROUP, "adm"), WHY_NONE);
	assert_int_equal(why(w, "alice", QUESTION_GROUP, "disk"), WHY_CEILING);
	assert_int_equal(why(w, "carol", QUESTION_GROUP, "disk"), WHY_CEILING);
	assert_int_equal(why(w, "carol", QUESTION_GATE, "backup"), WHY_CEILING);
	assert_int_equal(why(w, "carol", QUESTION_GATE_ANY, NULL), WHY_CEILING);
	world_free(w);

	w = example();
	world_no_ceiling(w);
	world_role(w, "everything", "login become:* group:adm", NULL);
	world_assignment(w, ASSIGNMENT_ACTIVE, "alice", "everything", "/");
	assert_int_equal(world_compile(w), 0);
	assert_int_equal(why(w, "alice", QUESTION_LOGIN, NULL), WHY_NONE);
	assert_int_equal(why(w, "alice", QUESTION_GATE, "root"), WHY_CEILING);
	assert_int_equal(why(w, "alice", QUESTION_GATE_ANY, NULL), WHY_CEILING);
	assert_int_equal(why(w, "alice", QUESTION_GROUP, "adm"), WHY_CEILING);
	world_free(w);
}

static void test_not_actions_take_from_their_own_role_alone(void **state)
{
	struct world *w = example();
	world_role(w, "most", "become:* group:adm login", "become:root login");
	world_role(w, "rest", "become:root", NULL);
	world_assignment(w, ASSIGNMENT_ACTIVE, "alice", "most", "/");
	world_assignment(w, ASSIGNMENT_ACTIVE, "bob", "most", "/");
	world_assignment(w, ASSIGNMENT_ACTIVE, "bob", "rest", "/");
	assert_int_equal(world_compile(w), 0);
	assert_int_equal(why(w, "alice", QUESTION_GATE, "postgres"), WHY_NONE);
	assert_int_equal(why(w, "alice", QUESTION_GATE, "root"), WHY_WRONG_TARGET);
	assert_int_equal(why(w, "alice", QUESTION_GROUP, "adm"), WHY_NONE);
	assert_int_equal(why(w, "bob", QUESTION_GATE, "root"), WHY_NONE);
	world_free(w);
}

static void test_restricted_unit_hears_its_own_assignments_alone(void **state)
{
	struct world *w = example();
	struct decision_request request;
	struct decision d;
	world_unit(w, "vault", true, "carol", "db1");
	world_unit(w, "elsewhere", true, "alice", "db2");
	world_assignment(w, ASSIGNMENT_ACTIVE, "carol", "db-operator", "vault");
	world_assignment(w, ASSIGNMENT_ELIGIBLE, "bob", "db-operator", "vault");
	world_assignment(w, ASSIGNMENT_ACTIVE, "bob", "db-operator", "elsewhere");
	world_assignment(w, ASSIGNMENT_ACTIVE, "robot", "db-operator", "emea");
	world_assignment(w, ASSIGNMENT_DENY, "carol", "=group:adm", "/");
	assert_int_equal(world_compile(w), 0);
	assert_int_equal(why(w, "alice", QUESTION_LOGIN, NULL), WHY_NO_LOGIN_RIGHT);
	assert_int_equal(why(w, "robot", QUESTION_GATE, "root"), WHY_NO_ACTIVE_ROLE);
	assert_int_equal(why(w, "carol", QUESTION_GATE, "root"), WHY_NONE);
	assert_int_equal(why(w, "carol", QUESTION_GROUP, "adm"), WHY_DENIED);
	request = question(w, "bob", QUESTION_GATE, "root");
	assert_int_equal(ask(w, &request, &d), WHY_NO_ACTIVE_ROLE);
	assert_string_equal(d.role, "db-operator");
	request = question(w, "alice", QUESTION_GATE, "root");
	assert_int_equal(ask(w, &request, &d), WHY_NO_ACTIVE_ROLE);
	assert_string_equal(d.role, ""); /* her eligible assignment does not reach into the vault */
	world_free(w);
}

static void test_service_principals_hold_active_assignments_only(void **state)
{
	struct world *w = example();
	struct eligibility e;
	struct instant now = {SECONDS(100), SECONDS(50)};
	world_group(w, "robots", "robot", NULL);
	world_assignment(w, ASSIGNMENT_ELIGIBLE, "@robots", "db-operator", "/");
	world_assignment(w, ASSIGNMENT_ACTIVE, "@robots", "host-user-login", "/");
	world_grant(w, "robot", "db-operator", RIGHT_BECOME, "root");
	assert_int_equal(world_compile(w), 0);
	struct decision d;
	struct decision_request request = question(w, "robot", QUESTION_GATE, "root");
	assert_int_equal(ask(w, &request, &d), WHY_NO_ACTIVE_ROLE);
	assert_string_equal(d.role, "");
	assert_int_equal(why(w, "robot", QUESTION_LOGIN, NULL), WHY_NONE);
	assert_int_equal(decide_activation(w->policy, world_principal(w, "robot"), 1, NULL, &now, &e), -EACCES);
	world_free(w);
}

static void test_of_all_that_cover_the_longest_is_told(void **state)
{
	struct world *w = example();
	struct decision d;
	world_role(w, "short", "become:root", NULL);
	world_role(w, "long", "become:root", NULL);
	world_assignment(w, ASSIGNMENT_ACTIVE, "alice", "short", "/")->end_ns = SECONDS(150);
	world_grant(w, "alice", "long", RIGHT_BECOME, "root")->window = (struct window){0, SECONDS(300), SECONDS(90)};
	world_grant(w, "alice", "long", RIGHT_BECOME, "root")->window = (struct window){0, SECONDS(300), SECONDS(110)};
	assert_int_equal(world_compile(w), 0);
	struct decision_request request = question(w, "alice", QUESTION_GATE, "root");
	assert_int_equal(ask(w, &request, &d), WHY_NONE);
	assert_false(d.by_grant); /* an assignment covers it too */
	assert_string_equal(d.role, "long");
	assert_int_equal(d.window.boot_end_ns, SECONDS(110));
	assert_int_equal(d.request.bytes[0], 2);
	request.now.realtime_ns = SECONDS(150);
	assert_int_equal(ask(w, &request, &d), WHY_NONE);
	assert_true(d.by_grant);
	world_free(w);

	w = example(); /* both without an end: what stands is named */
	world_role(w, "stands", "become:root", NULL);
	world_assignment(w, ASSIGNMENT_ACTIVE, "alice", "stands", "/");
	world_grant(w, "alice", "db-operator", RIGHT_BECOME, "root");
	assert_int_equal(world_compile(w), 0);
	request = question(w, "alice", QUESTION_GATE, "root");
	assert_int_equal(ask(w, &request, &d), WHY_NONE);
	assert_string_equal(d.role, "stands");
	assert_true(!d.by_grant && uuid_is_null(&d.request));
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_T3_every_flipped_bit_of_a_verdict_denies),
		cmocka_unit_test(test_why_has_a_stable_name_each),
		cmocka_unit_test(test_example_login_and_gate),
		cmocka_unit_test(test_grant_opens_its_gate_alone),
		cmocka_unit_test(test_T5_a_grant_is_keyed_by_principal_target_and_role),
		cmocka_unit_test(test_T9_scope_reaches_by_the_host_id_alone),
		cmocka_unit_test(test_account_must_be_enabled_and_inside_its_dates),
		cmocka_unit_test(test_unreadable_unknown_and_no_question_deny),
		cmocka_unit_test(test_deny_wins_over_standing_and_grant),
		cmocka_unit_test(test_deny_of_a_role_takes_its_rights_from_all_roles),
		cmocka_unit_test(test_ceiling_caps_become_and_group_and_is_empty_until_set),
		cmocka_unit_test(test_not_actions_take_from_their_own_role_alone),
		cmocka_unit_test(test_restricted_unit_hears_its_own_assignments_alone),
		cmocka_unit_test(test_service_principals_hold_active_assignments_only),
		cmocka_unit_test(test_of_all_that_cover_the_longest_is_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
