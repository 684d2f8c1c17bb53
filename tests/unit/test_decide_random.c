/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The core against the oracle, on worlds drawn at random: 10^5 questions; with TENURE_TEST_LONG 10^6. TENURE_TEST_SEED
 * draws others.
 */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/oracle.h"

#define QUESTIONS_SHORT	    100000u
#define QUESTIONS_LONG	    1000000u
#define QUESTIONS_OF_WORLD  200u

static unsigned questions(void)
{
	return getenv("TENURE_TEST_LONG") ? QUESTIONS_LONG : QUESTIONS_SHORT;
}

static uint64_t first_seed(void)
{
	const char *seed = getenv("TENURE_TEST_SEED");
	return seed ? strtoull(seed, NULL, 10) : 1;
}

static uint32_t user_of(const struct world *w, struct random *r)
{
	uint32_t user;
	do {
		user = random_below(r, (unsigned)w->d->user_count);
	} while (w->d->users[user].o.dropped);
	return user;
}

static struct instant some_moment(struct random *r)
{
	return (struct instant){
		.realtime_ns = (int64_t)random_below(r, WORLD_MOMENTS) * NS_PER_S + (int64_t)random_below(r, 3) - 1,
		.boottime_ns = (int64_t)random_below(r, WORLD_MOMENTS) * NS_PER_S + (int64_t)random_below(r, 3) - 1,
	};
}

static struct decision_request some_request(const struct world *w, struct random *r, uint32_t *user, uint32_t *target)
{
	static const char *const names[] = {"root", "pg", "backup", "adm", "disk"};
	static const enum question asks[] = {QUESTION_LOGIN, QUESTION_GATE_ANY, QUESTION_GATE,	 QUESTION_GATE,
					     QUESTION_BATCH, QUESTION_GROUP,	QUESTION_MANAGE, QUESTION_MANAGE};
	*user = user_of(w, r);
	*target = random_chance(r, 20) ? NO_INDEX : user_of(w, r);
	struct decision_request request = {
		.question = asks[random_below(r, ARRAY_LENGTH(asks))],
		.principal = world_principal(w, w->d->users[*user].o.name),
		.target = names[random_below(r, ARRAY_LENGTH(names))],
		.manage = RIGHT_USER_LOCK + random_below(r, RIGHT_POLICY_READ - RIGHT_USER_LOCK + 1),
		.target_user = NO_INDEX,
		.now = some_moment(r),
	};
	if (*target != NO_INDEX)
		request.target_user = world_principal(w, w->d->users[*target].o.name);
	return request;
}

static void fail_with(uint64_t seed, const struct decision_request *request, const struct decision *d, enum why want)
{
	fail_msg("seed %llu: question %d target %s manage %d: %s, the oracle says %s", (unsigned long long)seed,
		 (int)request->question, request->target, (int)request->manage, why_text(d->why), why_text(want));
}

/* Steps come in order, each once; a verdict is allowed when all are met. */
struct trace_check {
	unsigned last, met;
};

static void check_record(void *context, const struct trace_record *record)
{
	struct trace_check *c = context;
	assert_non_null(record->text);
	assert_non_null(record->place);
	assert_non_null(record->result);
	if (record->subject[0] == '\0') {
		assert_int_equal(record->step, c->last);
		assert_true(record->met);
		return;
	}
	assert_int_equal(record->step, c->last + 1);
	c->last = record->step;
	c->met += record->met;
}

static void check_trace(const struct world *w, const struct decision_request *request, const struct decision *plain)
{
	struct trace_check check = {0};
	struct decision traced;
	enum verdict verdict = decide(w->policy, &w->grants, request, &traced, check_record, &check);
	assert_int_equal(verdict, plain->verdict);
	assert_int_equal(traced.why, plain->why);
	assert_string_equal(traced.role, plain->role);
	assert_string_equal(traced.other_role, plain->other_role);
	assert_int_equal(traced.by_grant, plain->by_grant);
	assert_memory_equal(&traced.window, &plain->window, sizeof(traced.window));
	assert_memory_equal(&traced.request, &plain->request, sizeof(traced.request));
	assert_int_equal(check.last, TRACE_POLICIES);
	assert_int_equal(check.met == TRACE_POLICIES, verdict_allows(verdict));
}

/* The role that is named must be one that gives, or would give. */
static void check_role(const struct world *w, const struct decision_request *request, const struct decision *d,
		       uint32_t user, uint32_t target)
{
	bool could_help = d->why == WHY_NO_LOGIN_RIGHT || d->why == WHY_NO_ACTIVE_ROLE || d->why == WHY_NO_RIGHT ||
			  d->why == WHY_WRONG_TARGET;
	if (could_help) {
		bool any = oracle_role_would_do(w, request, user, target, NULL, ASSIGNMENT_ELIGIBLE);
		assert_int_equal(any, d->role[0] != '\0');
		assert_true(!any || oracle_role_would_do(w, request, user, target, d->role, ASSIGNMENT_ELIGIBLE));
	} else if (d->why != WHY_NONE) {
		assert_string_equal(d->role, "");
	} else if (request->question != QUESTION_BATCH) {
		assert_string_not_equal(d->role, "");
		assert_true(!uuid_is_null(&d->request) ||
			    oracle_role_would_do(w, request, user, target, d->role, ASSIGNMENT_ACTIVE));
	}
	assert_int_equal(d->why == WHY_WRONG_TARGET, d->other_role[0] != '\0');
	assert_true(!d->by_grant || !uuid_is_null(&d->request));
}

static void ask_one(const struct world *w, struct random *r, uint64_t seed, unsigned *allowed)
{
	uint32_t user, target;
	struct decision d;
	struct decision_request request = some_request(w, r, &user, &target);
	struct oracle_answer want = oracle_decide(w, &request, user, target);
	enum verdict verdict = decide(w->policy, &w->grants, &request, &d, NULL, NULL);
	if (d.why != want.why || verdict_allows(verdict) != (want.why == WHY_NONE))
		fail_with(seed, &request, &d, want.why);
	if (want.why == WHY_NONE) {
		assert_int_equal(d.by_grant, want.by_grant);
		if (window_left_ns(&d.window, &request.now) != want.left_ns)
			fail_msg("seed %llu: question %d target %s: %lld left, the oracle says %lld",
				 (unsigned long long)seed, (int)request.question, request.target,
				 (long long)window_left_ns(&d.window, &request.now), (long long)want.left_ns);
	}
	check_role(w, &request, &d, user, target);
	check_trace(w, &request, &d);
	*allowed += want.why == WHY_NONE;
}

static struct world *drawn(uint64_t seed, struct random *r)
{
	struct world *w = world_new();
	*r = (struct random){.state = seed};
	world_randomise(w, r);
	int error = world_compile(w);
	assert_int_equal(error, oracle_is_broken(w) ? -EINVAL : 0);
	return w;
}

static void test_random_questions_are_answered_as_the_oracle_does(void **state)
{
	unsigned allowed = 0, asked = 0, broken = 0;
	for (uint64_t seed = first_seed(); asked < questions(); seed++) {
		struct random r;
		struct world *w = drawn(seed, &r);
		for (unsigned i = 0; w->policy && i < QUESTIONS_OF_WORLD; i++, asked++)
			ask_one(w, &r, seed, &allowed);
		broken += !w->policy;
		world_free(w);
	}
	print_message("%u questions, %u allowed, %u worlds refused\n", asked, allowed, broken);
	assert_true(allowed > asked / 20 && allowed < asked);
}

/* What was said of a moment by rows: bits for each user and right. */
struct rows_at {
	const struct world *w;
	int64_t now;
	const struct uuid *user;
	enum right_kind kind;
	const char *argument, *role;
	bool said;
};

static int look_at_row(void *context, const struct holder *row)
{
	struct rows_at *at = context;
	assert_true(row->window.start_ns < row->window.end_ns);
	assert_int_equal(row->local_gid, NO_ID);
	if (row->kind != at->kind || !uuid_equal(&row->principal, at->user))
		return 0;
	if (at->role && strcmp(row->role, at->role) != 0)
		return 0;
	if (at->argument && (!row->argument || strcmp(row->argument, at->argument) != 0))
		return 0;
	at->said |= row->window.start_ns <= at->now && at->now < row->window.end_ns;
	return 0;
}

static const struct {
	enum right_kind kind;
	const char *argument;
} shown[] = {{RIGHT_LOGIN, NULL},   {RIGHT_BECOME, "root"}, {RIGHT_BECOME, "pg"}, {RIGHT_BECOME, "backup"},
	     {RIGHT_GROUP, "adm"}, {RIGHT_GROUP, "disk"},  {0, "r0"},		 {0, "r3"}};

static void check_standing(const struct world *w, struct random *r, uint64_t seed)
{
	uint32_t user = user_of(w, r);
	size_t which = random_below(r, ARRAY_LENGTH(shown));
	bool of_role = shown[which].kind == 0;
	struct rows_at at = {.w = w, .now = some_moment(r).realtime_ns, .user = &w->d->users[user].o.id,
			     .kind = shown[which].kind, .argument = of_role ? NULL : shown[which].argument,
			     .role = of_role ? shown[which].argument : NULL};
	assert_int_equal(decide_standing_rows(w->policy, look_at_row, &at), 0);
	bool want = oracle_stands(w, user, shown[which].kind, shown[which].argument, at.now);
	if (at.said != want)
		fail_msg("seed %llu: user %u kind %d %s: rows say %d", (unsigned long long)seed, user, (int)at.kind,
			 shown[which].argument, at.said);
}

static void check_grant(const struct world *w, struct random *r, uint64_t seed)
{
	static const char *const places[] = {"/", "/a/b", "n0", "n1", "/c", "gone"};
	uint32_t user = user_of(w, r), role;
	const char *name = w->d->roles[random_below(r, (unsigned)w->d->role_count)].o.name;
	const char *where = places[random_below(r, ARRAY_LENGTH(places))];
	size_t which = random_below(r, ARRAY_LENGTH(shown) + 1);
	bool manages = which == ARRAY_LENGTH(shown);
	enum right_kind kind = manages ? RIGHT_USER_LOCK : shown[which].kind;
	const char *argument = manages || kind == 0 ? NULL : shown[which].argument;
	struct rows_at at = {.w = w, .now = some_moment(r).realtime_ns, .user = &w->d->users[user].o.id, .kind = kind,
			     .argument = manages ? where : argument, .role = name};
	const struct window window = {2 * NS_PER_S, 9 * NS_PER_S, TIME_FOREVER};
	const struct uuid request = {{1}};
	bool unit_is_gone = where[0] != '/';
	for (size_t i = 0; i < w->d->unit_count; i++)
		unit_is_gone &= w->d->units[i].o.dropped || strcmp(w->d->units[i].o.name, where) != 0;
	if (policy_role_by_name(w->policy, name, &role) < 0)
		return;
	assert_int_equal(decide_grant_rows(w->policy, world_principal(w, w->d->users[user].o.name), role, where, &request,
					   &window, look_at_row, &at), 0);
	bool want = !unit_is_gone && at.now >= window.start_ns && at.now < window.end_ns &&
		    oracle_grant_gives(w, user, name, where, kind, argument, at.now);
	if (at.said != want)
		fail_msg("seed %llu: grant of %s at %s: user %u kind %d %s: rows say %d", (unsigned long long)seed, name,
			 where, user, (int)kind, argument ? argument : "", at.said);
}

static void check_activation(const struct world *w, struct random *r, uint64_t seed)
{
	static const char *const places[] = {NULL, "/", "/a/b", "/a/b/h0", "n0", "n1", "/c", "a", "/a/"};
	uint32_t user = user_of(w, r), role;
	const char *name = w->d->roles[random_below(r, (unsigned)w->d->role_count)].o.name;
	const char *where = places[random_below(r, ARRAY_LENGTH(places))];
	struct instant now = some_moment(r);
	struct eligibility e;
	if (policy_role_by_name(w->policy, name, &role) < 0)
		return;
	int got = decide_activation(w->policy, world_principal(w, w->d->users[user].o.name), role, where, &now, &e);
	bool want = (!where || strcmp(where, "/a/") != 0) && oracle_may_activate(w, user, name, where, &now);
	if (got != (want ? 0 : -EACCES))
		fail_msg("seed %llu: user %u role %s at %s: %d", (unsigned long long)seed, user, name,
			 where ? where : "-", got);
	if (got == 0) {
		assert_true(e.usable && window_holds(&e.window, &now));
		assert_string_equal(e.role_name, name);
		assert_true(!where || strcmp(where, e.grant_scope) == 0);
	}
}

static void test_random_rows_and_activations_are_as_the_oracle_says(void **state)
{
	unsigned asked = 0;
	for (uint64_t seed = first_seed(); asked < questions() / 2; seed++) {
		struct random r;
		struct world *w = drawn(seed, &r);
		for (unsigned i = 0; w->policy && i < QUESTIONS_OF_WORLD; i++, asked++) {
			check_standing(w, &r, seed);
			check_grant(w, &r, seed);
			check_activation(w, &r, seed);
		}
		world_free(w);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_questions_are_answered_as_the_oracle_does),
		cmocka_unit_test(test_random_rows_and_activations_are_as_the_oracle_says),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
