/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a tenant gives a guest: the account, denies and dates of home first, then what names him, and nothing else. */
#include "tests/unit/cmocka_test.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/model/guest.h"
#include "tests/unit/decide_example.h"

#define UID_ZOE 1950000000u

/* Zoe of fabrikam, and contoso, which lists her; alice is its own. */
struct two {
	struct world *home, *host;
	struct user *zoe;
};

static void rename_tenant(struct world *w)
{
	free(w->tenant.name);
	free(w->tenant.domains[0]);
	w->tenant.name = strdup("fabrikam");
	w->tenant.domains[0] = strdup("fabrikam.com");
	w->tenant.home = false;
	w->tenant.id.bytes[0] = w->d->tenant_id.bytes[0] = 0x6d;
	w->tenant.id_range = (struct id_range){UID_ZOE, UID_ZOE + 99999};
	w->tenant.role_gids = (struct id_range){UID_ZOE + 90000, UID_ZOE + 90999};
}

static void furnish(struct world *w)
{
	world_scope(w, "/prod");
	world_host(w, "db1", "/prod", true);
	world_ceiling(w, "root postgres", "adm");
	world_role(w, "web", "login become:postgres group:adm", NULL);
	world_role(w, "rooted", "become:root", NULL);
}

static struct two *two_new(void)
{
	struct two *t = calloc(1, sizeof(*t));

	assert_non_null(t);
	t->home = world_new();
	t->host = world_new();
	rename_tenant(t->home);
	furnish(t->home);
	furnish(t->host);
	t->zoe = world_user(t->home, "zoe");
	t->zoe->uid = UID_ZOE;
	(void)world_user(t->host, "alice");
	return t;
}

static void two_free(struct two *t)
{
	world_free(t->home);
	world_free(t->host);
	free(t);
}

static struct assignment *give(struct two *t, enum assignment_type type, const char *what)
{
	struct assignment *a = world_assignment(t->host, type, "alice", what, "/prod");

	free(a->user);
	a->user = NULL;
	a->guest = strdup("zoe@fabrikam.com");
	return a;
}

static void compile(struct two *t)
{
	char *names[] = {(char *)(uintptr_t) "zoe"};
	const struct trust trust = {.tenant = (char *)(uintptr_t) "fabrikam", .users = names, .user_count = 1};
	struct problem_list problems = {0};
	struct guest_list list;

	assert_int_equal(guests_find(&t->host->tenant, &trust, &t->home->tenant, t->home->d, &list, &problems), 0);
	assert_int_equal(list.count, 1);
	const struct guest_source source = {&t->home->tenant, &list};
	assert_int_equal(directory_set_guests(t->host->d, &source, 1, &problems), 0);
	guest_list_done(&list);
	problem_list_done(&problems);
	assert_int_equal(world_compile(t->home), 0);
	assert_int_equal(world_compile(t->host), 0);
}

static enum why asked(struct two *t, enum question q, const char *target, struct decision *ret)
{
	const struct decision_request request = question(t->home, "zoe", q, target);
	struct decision d;
	enum verdict verdict = decide_guest(t->home->policy, t->host->policy, &t->host->grants, &request, &d, NULL, NULL);

	assert_int_equal(verdict, d.verdict);
	assert_int_equal(verdict == VERDICT_ALLOW, d.why == WHY_NONE);
	if (ret)
		*ret = d;
	return d.why;
}

static void test_what_names_the_guest(void **state)
{
	struct two *t = two_new();
	struct decision d;

	(void)give(t, ASSIGNMENT_ACTIVE, "web");
	(void)give(t, ASSIGNMENT_ELIGIBLE, "rooted");
	(void)world_assignment(t->host, ASSIGNMENT_ACTIVE, "alice", "rooted", "/prod");
	compile(t);
	assert_int_equal(asked(t, QUESTION_LOGIN, NULL, &d), WHY_NONE);
	assert_string_equal(d.role, "web");
	assert_int_equal(asked(t, QUESTION_GATE, "postgres", NULL), WHY_NONE);
	assert_int_equal(asked(t, QUESTION_GROUP, "adm", NULL), WHY_NONE);
	assert_int_equal(asked(t, QUESTION_GATE_ANY, NULL, NULL), WHY_NONE);
	assert_int_equal(asked(t, QUESTION_GATE, "root", &d), WHY_WRONG_TARGET);
	assert_string_equal(d.role, "rooted");
	assert_int_equal(asked(t, QUESTION_GROUP, "disk", NULL), WHY_NO_RIGHT);
	/* Neither is hers to ask of another tenant, nor is a question without its target one. */
	assert_int_equal(asked(t, QUESTION_BATCH, NULL, NULL), WHY_NO_RIGHT);
	assert_int_equal(asked(t, QUESTION_MANAGE, NULL, NULL), WHY_NO_RIGHT);
	assert_int_equal(asked(t, QUESTION_GATE, NULL, NULL), WHY_NO_RIGHT);
	assert_int_equal(asked(t, QUESTION_GROUP, NULL, NULL), WHY_NO_RIGHT);
	two_free(t);
}

static void test_nothing_given(void **state)
{
	struct two *t = two_new();

	compile(t);
	assert_int_equal(asked(t, QUESTION_LOGIN, NULL, NULL), WHY_NO_LOGIN_RIGHT);
	assert_int_equal(asked(t, QUESTION_GATE, "root", NULL), WHY_NO_ACTIVE_ROLE);
	assert_int_equal(asked(t, QUESTION_GATE_ANY, NULL, NULL), WHY_NO_ACTIVE_ROLE);
	two_free(t);
}

static void test_a_grant(void **state)
{
	struct two *t = two_new();
	struct holder *row;
	struct decision d;

	(void)give(t, ASSIGNMENT_ELIGIBLE, "rooted");
	compile(t);
	row = world_grant(t->host, "alice", "rooted", RIGHT_BECOME, "root");
	row->window = (struct window){SECONDS(10), SECONDS(200), SECONDS(70)};
	assert_int_equal(asked(t, QUESTION_GATE, "root", NULL), WHY_NO_ACTIVE_ROLE); /* alice's */
	guest_id(&t->host->tenant.id, &t->home->tenant.id, &t->zoe->o.id, &row->principal);
	assert_int_equal(asked(t, QUESTION_GATE, "root", &d), WHY_NONE);
	assert_true(d.by_grant);
	assert_int_equal(d.window.end_ns, SECONDS(200));
	t->host->grants.error = -EBADMSG;
	assert_int_equal(asked(t, QUESTION_GATE, "root", NULL), WHY_UNREADABLE);
	two_free(t);
}

static void test_the_account_at_home(void **state)
{
	static const struct {
		bool disabled;
		int64_t start, end;
		enum why why;
	} accounts[] = {
		{true, TIME_ALWAYS, TIME_FOREVER, WHY_DISABLED},
		{false, SECONDS(101), TIME_FOREVER, WHY_NOT_YET},
		{false, SECONDS(100), TIME_FOREVER, WHY_NONE},
		{false, TIME_ALWAYS, SECONDS(100), WHY_ENDED},
		{false, TIME_ALWAYS, SECONDS(101), WHY_NONE},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(accounts); i++) {
		struct two *t = two_new();
		struct decision d;

		(void)give(t, ASSIGNMENT_ACTIVE, "web");
		t->zoe->enabled = !accounts[i].disabled;
		t->zoe->start_ns = accounts[i].start;
		t->zoe->end_ns = accounts[i].end;
		compile(t);
		assert_int_equal(asked(t, QUESTION_LOGIN, NULL, &d), accounts[i].why);
		if (accounts[i].why == WHY_NONE) {
			assert_int_equal(d.window.start_ns, accounts[i].start);
			assert_int_equal(d.window.end_ns, accounts[i].end);
		}
		two_free(t);
	}
}

/* What contoso knows of her is of before: home's word counts. */
static void test_home_says_it_first(void **state)
{
	static const struct {
		bool disabled;
		int64_t start, end;
		enum why why;
	} accounts[] = {
		{true, TIME_ALWAYS, TIME_FOREVER, WHY_DISABLED}, {false, SECONDS(101), TIME_FOREVER, WHY_NOT_YET},
		{false, SECONDS(100), TIME_FOREVER, WHY_NONE},	 {false, TIME_ALWAYS, SECONDS(100), WHY_ENDED},
		{false, TIME_ALWAYS, SECONDS(101), WHY_NONE},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(accounts); i++) {
		struct two *t = two_new();

		(void)give(t, ASSIGNMENT_ACTIVE, "web");
		compile(t);
		t->zoe->enabled = !accounts[i].disabled;
		t->zoe->start_ns = accounts[i].start;
		t->zoe->end_ns = accounts[i].end;
		policy_close(t->home->policy);
		free(t->home->image);
		assert_int_equal(world_compile(t->home), 0);
		assert_int_equal(asked(t, QUESTION_LOGIN, NULL, NULL), accounts[i].why);
		two_free(t);
	}
}

static void test_denies_of_home(void **state)
{
	static const struct {
		const char *rights;
		enum why login, postgres, adm, any;
	} denies[] = {
		{"=login", WHY_DENIED, WHY_NONE, WHY_NONE, WHY_NONE},
		{"=become:postgres", WHY_NONE, WHY_DENIED, WHY_NONE, WHY_DENIED},
		{"=become:root", WHY_NONE, WHY_NONE, WHY_NONE, WHY_NONE},
		{"=become:*", WHY_NONE, WHY_DENIED, WHY_NONE, WHY_DENIED},
		{"=group:adm", WHY_NONE, WHY_NONE, WHY_DENIED, WHY_NONE},
		{"web", WHY_DENIED, WHY_DENIED, WHY_DENIED, WHY_DENIED},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(denies); i++) {
		struct two *t = two_new();

		(void)give(t, ASSIGNMENT_ACTIVE, "web");
		(void)world_assignment(t->home, ASSIGNMENT_DENY, "zoe", denies[i].rights, "/prod");
		compile(t);
		assert_int_equal(asked(t, QUESTION_LOGIN, NULL, NULL), denies[i].login);
		assert_int_equal(asked(t, QUESTION_GATE, "postgres", NULL), denies[i].postgres);
		assert_int_equal(asked(t, QUESTION_GROUP, "adm", NULL), denies[i].adm);
		assert_int_equal(asked(t, QUESTION_GATE_ANY, NULL, NULL), denies[i].any);
		two_free(t);
	}
}

static void test_a_deny_to_come_is_the_end(void **state)
{
	struct two *t = two_new();
	struct decision d;

	(void)give(t, ASSIGNMENT_ACTIVE, "web");
	world_assignment(t->home, ASSIGNMENT_DENY, "zoe", "=login", "/prod")->start_ns = SECONDS(150);
	compile(t);
	assert_int_equal(asked(t, QUESTION_LOGIN, NULL, &d), WHY_NONE);
	assert_int_equal(d.window.end_ns, SECONDS(150));
	two_free(t);
}

static void test_a_deny_of_the_host(void **state)
{
	struct two *t = two_new();

	(void)give(t, ASSIGNMENT_ACTIVE, "web");
	(void)give(t, ASSIGNMENT_DENY, "=become:postgres");
	compile(t);
	assert_int_equal(asked(t, QUESTION_GATE, "postgres", NULL), WHY_DENIED);
	assert_int_equal(asked(t, QUESTION_LOGIN, NULL, NULL), WHY_NONE);
	two_free(t);
}

static void test_what_is_missing_denies(void **state)
{
	struct two *t = two_new();
	struct decision_request q;
	struct decision d;

	(void)give(t, ASSIGNMENT_ACTIVE, "web");
	compile(t);
	q = question(t->home, "zoe", QUESTION_LOGIN, NULL);
	assert_int_equal(decide_guest(NULL, t->host->policy, &t->host->grants, &q, &d, NULL, NULL), VERDICT_DENY);
	assert_int_equal(d.why, WHY_UNREADABLE);
	assert_int_equal(decide_guest(t->home->policy, NULL, &t->host->grants, &q, &d, NULL, NULL), VERDICT_DENY);
	assert_int_equal(d.why, WHY_UNREADABLE);
	assert_int_equal(decide_guest(t->home->policy, t->host->policy, NULL, &q, &d, NULL, NULL), VERDICT_DENY);
	assert_int_equal(d.why, WHY_UNREADABLE);
	static const struct {
		enum question question;
		const char *target;
		enum why why;
	} nobody[] = {{QUESTION_GATE, "root", WHY_NO_ACTIVE_ROLE}, {QUESTION_GATE_ANY, NULL, WHY_NO_ACTIVE_ROLE},
		      {QUESTION_GROUP, "adm", WHY_NO_RIGHT}};
	for (size_t i = 0; i < ARRAY_LENGTH(nobody); i++) {
		q = question(t->home, "zoe", nobody[i].question, nobody[i].target);
		q.principal = 1000;
		assert_int_equal(decide_guest(t->home->policy, t->host->policy, &t->host->grants, &q, &d, NULL, NULL),
				 VERDICT_DENY);
		assert_int_equal(d.why, nobody[i].why);
	}
	q = question(t->home, "zoe", QUESTION_LOGIN, NULL);
	q.principal = 1000;
	assert_int_equal(decide_guest(t->home->policy, t->host->policy, &t->host->grants, &q, &d, NULL, NULL), VERDICT_DENY);
	assert_int_equal(d.why, WHY_NO_LOGIN_RIGHT);
	two_free(t);
}

/* Who is found is flagged, has that uid, that name and that domain, and is at home where home is asked. */
static void test_who_is_found(void **state)
{
	struct two *t = two_new(), *other;
	uint32_t found = NO_INDEX, again;

	(void)give(t, ASSIGNMENT_ACTIVE, "web");
	compile(t);
	const uint32_t zoe = world_principal(t->home, "zoe"), alice = world_principal(t->host, "alice");
	assert_int_equal(decide_guest_find(t->home->policy, zoe, t->host->policy, &found), 0);
	assert_int_equal(found, policy_principal_count(t->host->policy) - 1);
	/* A guest has no guests of his own; nobody is a guest at home; own people are no guests. */
	assert_int_equal(decide_guest_find(t->host->policy, found, t->host->policy, &again), -ENOENT);
	assert_int_equal(decide_guest_find(t->home->policy, zoe, t->home->policy, &again), -ENOENT);
	assert_int_equal(decide_guest_find(t->host->policy, alice, t->home->policy, &again), -ENOENT);

	static const struct {
		const char *name, *domain;
		uid_t uid;
	} others[] = {
		{"zoo", "fabrikam.com", UID_ZOE}, {"zo", "fabrikam.com", UID_ZOE}, {"zoey", "fabrikam.com", UID_ZOE},
		{"zoe", "fabrikam.net", UID_ZOE}, {"zoe", "fabrikam.co", UID_ZOE}, {"zoe", "fabrikam.com", UID_ZOE + 1},
		{"zoe", "fabrikam.com", NO_ID},
	};
	for (size_t i = 0; i < ARRAY_LENGTH(others); i++) {
		other = two_new();
		free(other->zoe->o.name);
		other->zoe->o.name = strdup(others[i].name);
		free(other->home->tenant.domains[0]);
		other->home->tenant.domains[0] = strdup(others[i].domain);
		other->zoe->uid = others[i].uid;
		assert_int_equal(world_compile(other->home), 0);
		assert_int_equal(decide_guest_find(other->home->policy, world_principal(other->home, others[i].name),
						   t->host->policy, &again), -ENOENT);
		two_free(other);
	}
	two_free(t);
}

static void test_for_want_of_a_right_alone(void **state)
{
	for (enum why why = WHY_NONE; why < WHY_COUNT; why++) {
		const bool asks = why == WHY_NO_LOGIN_RIGHT || why == WHY_NO_ACTIVE_ROLE || why == WHY_WRONG_TARGET ||
				  why == WHY_NO_RIGHT || why == WHY_CEILING;

		assert_int_equal(decide_may_be_guest(&(struct decision){.verdict = VERDICT_DENY, .why = why}), asks);
		assert_false(decide_may_be_guest(&(struct decision){.verdict = VERDICT_ALLOW, .why = why}));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_names_the_guest),
		cmocka_unit_test(test_nothing_given),
		cmocka_unit_test(test_a_grant),
		cmocka_unit_test(test_the_account_at_home),
		cmocka_unit_test(test_home_says_it_first),
		cmocka_unit_test(test_denies_of_home),
		cmocka_unit_test(test_a_deny_to_come_is_the_end),
		cmocka_unit_test(test_a_deny_of_the_host),
		cmocka_unit_test(test_what_is_missing_denies),
		cmocka_unit_test(test_who_is_found),
		cmocka_unit_test(test_for_want_of_a_right_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
