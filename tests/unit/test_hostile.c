/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Hostile policy files: each word of a sound file set to what hurts, and everything asked. Nothing may be read outside
 * the file (the sanitizers watch), nothing may be allowed that the trace does not allow too, and what is damaged says so.
 * Most are sealed anew: check words (test_policy_bits) guard against accidents, and must not be what safety rests on.
 */
#include "tests/unit/cmocka_test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/snapshot/policy_check.h"
#include "tests/unit/everything.h"
#include "tests/unit/world.h"

/* A world that has everything, and compiles. */
static struct world *rich(uint64_t seed)
{
	for (;; seed++) {
		struct world *w = world_new();
		struct random r = {.state = seed};
		world_randomise(w, &r);
		if (world_compile(w) == 0 && w->grants.count > 4 && w->d->assignment_count > 12)
			return w;
		world_free(w);
	}
}

/* Check words that fit what the file says now; where that cannot be, they do not. */
static void reseal(struct world *w)
{
	int r = policy_seal(w->image, w->image_len);
	assert_true(r == 0 || r == -EBADMSG);
}

static unsigned ask_with(struct world *w, uint32_t *word, uint32_t value, bool sealed)
{
	const uint32_t good = *word;
	struct policy *p = NULL;
	unsigned unreadable = 1;
	*word = value;
	if (sealed)
		reseal(w);
	if (policy_open_memory(w->image, w->image_len, &p) == 0)
		unreadable = ask_everything(p, &w->grants);
	policy_close(p);
	*word = good;
	if (sealed)
		reseal(w);
	return unreadable;
}

static void test_every_word_set_to_what_hurts(void **state)
{
	static const uint32_t hostile[] = {0, 3, UINT32_MAX};
	unsigned long damaged = 0, tried = 0;
	uint64_t worlds = getenv("TENURE_TEST_LONG") ? 20 : 1;
	if (getenv("TENURE_TEST_BRIEF"))
		skip_because("for mutants the tests below suffice, and seconds count");
	for (uint64_t seed = 2; seed < 2 + worlds; seed++) {
		struct world *w = rich(seed * 1000);
		uint32_t *words = w->image;
		assert_int_equal(ask_everything(w->policy, &w->grants), 0);
		for (size_t i = 0; i < w->image_len / sizeof(*words); i++) {
			for (size_t k = 0; k < ARRAY_LENGTH(hostile) * 2; k++, tried++)
				damaged += ask_with(w, &words[i], hostile[k / 2], k % 2) > 0;
		}
		world_free(w);
	}
	print_message("%lu words set, %lu seen as damage\n", tried, damaged);
	assert_true(damaged > tried / 20);
}

static void test_every_record_of_a_section_set_to_what_hurts(void **state)
{
	static const uint8_t fill[] = {0x00, 0xff, 0x80, 0x01};
	struct world *w = rich(7000);
	for (unsigned section = 0; section < POLICY_SECTION_COUNT; section++) {
		const struct policy_header *header = w->image;
		size_t len = header->sections[section].count * policy_record_size(section);
		uint8_t *at = (uint8_t *)w->image + header->sections[section].offset, *good = malloc(len + 1);
		assert_non_null(good);
		memcpy(good, at, len);
		for (size_t k = 0; k < ARRAY_LENGTH(fill); k++) {
			struct policy *p = NULL;
			memset(at, fill[k], len);
			reseal(w);
			if (policy_open_memory(w->image, w->image_len, &p) == 0)
				(void)ask_everything(p, &w->grants);
			policy_close(p);
		}
		memcpy(at, good, len);
		reseal(w);
		free(good);
	}
	assert_int_equal(ask_everything(w->policy, &w->grants), 0);
	world_free(w);
}

/* alice holds login, and a grant to become root; a deny of hers is about another target. */
static struct world *granted(void)
{
	struct world *w = world_new();
	world_user(w, "alice");
	world_scope(w, "/a");
	world_host(w, "h0", "/a", true);
	world_role(w, "user", "login", NULL);
	world_role(w, "operator", "login become:root", NULL);
	world_ceiling(w, "root", NULL);
	world_assignment(w, ASSIGNMENT_ACTIVE, "alice", "user", "/");
	world_assignment(w, ASSIGNMENT_ELIGIBLE, "alice", "operator", "/");
	world_assignment(w, ASSIGNMENT_DENY, "alice", "=group:disk", "/");
	world_grant(w, "alice", "operator", RIGHT_BECOME, "root");
	assert_int_equal(world_compile(w), 0);
	return w;
}

static void nothing(void *context, const struct trace_record *record)
{
}

static enum why ask_alice(const struct world *w, enum question question, trace_fn trace)
{
	struct decision d;
	const struct decision_request request = {
		.question = question, .target = "root", .target_user = NO_INDEX, .now = {NS_PER_S, NS_PER_S}};
	enum verdict verdict = decide(w->policy, &w->grants, &request, &d, trace, NULL);
	assert_int_equal(verdict_allows(verdict), d.why == WHY_NONE);
	return d.why;
}

static void test_damaged_grants_deny(void **state)
{
	struct world *w = granted();
	struct holder *row = &w->grants.rows[0];
	assert_int_equal(ask_alice(w, QUESTION_GATE, NULL), WHY_NONE);
	row->argument = NULL;
	assert_int_equal(ask_alice(w, QUESTION_GATE, NULL), WHY_UNREADABLE);
	row->argument = "root";
	row->role = NULL;
	assert_int_equal(ask_alice(w, QUESTION_GATE, NULL), WHY_NO_ACTIVE_ROLE);
	assert_int_equal(ask_alice(w, QUESTION_GATE, nothing), WHY_NO_ACTIVE_ROLE);
	row->role = "a-name-of-thirty-one-characters"; /* the longest that is one */
	assert_int_equal(ask_alice(w, QUESTION_GATE, NULL), WHY_NONE);
	row->role = "a-name-of-thirty-two-characters-";
	assert_int_equal(ask_alice(w, QUESTION_GATE, NULL), WHY_UNREADABLE);
	world_free(w);
}

/* Whichever look at the grants fails, nothing is allowed. */
static void test_grants_that_fail_midway_deny(void **state)
{
	static const enum question asks[] = {QUESTION_GATE, QUESTION_GATE_ANY, QUESTION_LOGIN, QUESTION_GROUP};
	struct world *w = granted();
	for (size_t i = 0; i < ARRAY_LENGTH(asks); i++) {
		unsigned failures = 0;
		for (unsigned at = 1; at < 9; at++) {
			fake_holders_fail_at = at;
			enum why plain = ask_alice(w, asks[i], NULL);
			failures += fake_holders_fail_at == 0;
			assert_true(fake_holders_fail_at > 0 || plain == WHY_UNREADABLE);
			fake_holders_fail_at = at;
			(void)ask_alice(w, asks[i], nothing); /* it may have been a look of the trace's own */
			fake_holders_fail_at = 0;
		}
		assert_true(failures >= 1);
	}
	world_free(w);
}

static void test_a_damaged_deny_denies(void **state)
{
	struct world *w = granted();
	const struct policy_header *header = w->image;
	struct policy_right_record *rights = (void *)((char *)w->image + header->sections[POLICY_RIGHTS].offset);
	struct policy_assignment_record *assignments =
		(void *)((char *)w->image + header->sections[POLICY_ASSIGNMENTS].offset);
	assert_int_equal(ask_alice(w, QUESTION_GATE_ANY, NULL), WHY_NONE);
	rights[assignments[2].rights.first].kind = 99;
	reseal(w);
	assert_int_equal(ask_alice(w, QUESTION_GATE_ANY, NULL), WHY_UNREADABLE);
	assert_int_equal(ask_alice(w, QUESTION_GATE, NULL), WHY_UNREADABLE);
	assert_int_equal(ask_alice(w, QUESTION_LOGIN, NULL), WHY_UNREADABLE);
	w->grants.count = 0; /* the hint looks at denies as well */
	assert_int_equal(ask_alice(w, QUESTION_GATE, NULL), WHY_UNREADABLE);
	assert_int_equal(ask_alice(w, QUESTION_BATCH, NULL), WHY_NONE);
	const struct instant now = {NS_PER_S, NS_PER_S};
	struct eligibility e;
	assert_int_equal(decide_activation(w->policy, 0, 1, NULL, &now, &e), -EBADMSG);
	world_free(w);
}

static int pass_row(void *context, const struct holder *row)
{
	return 0;
}

static int pass_over(void *context, const struct eligibility *e)
{
	return 0;
}

static void test_a_damaged_role_denies(void **state)
{
	struct world *w = granted();
	const struct policy_header *header = w->image;
	struct policy_role_record *roles = (void *)((char *)w->image + header->sections[POLICY_ROLES].offset);
	assert_int_equal(ask_alice(w, QUESTION_LOGIN, NULL), WHY_NONE);
	roles[0].flags = UINT32_MAX; /* the one that gives */
	reseal(w);
	assert_int_equal(ask_alice(w, QUESTION_LOGIN, NULL), WHY_UNREADABLE);
	assert_int_equal(ask_alice(w, QUESTION_LOGIN, nothing), WHY_UNREADABLE);
	assert_int_equal(decide_standing_rows(w->policy, pass_row, NULL), -EBADMSG);
	roles[0].flags = 0;
	roles[1].flags = UINT32_MAX; /* the one that would */
	reseal(w);
	w->grants.count = 0;
	assert_int_equal(ask_alice(w, QUESTION_GATE, NULL), WHY_UNREADABLE);
	assert_int_equal(ask_alice(w, QUESTION_LOGIN, NULL), WHY_NONE);
	const struct instant now = {NS_PER_S, NS_PER_S};
	assert_int_equal(decide_assignments(w->policy, 0, &now, pass_over, NULL), -EBADMSG);
	world_free(w);
}

static void test_a_damaged_host_denies_what_was_granted_at_a_path(void **state)
{
	struct world *w = granted();
	struct decision d;
	const struct decision_request request = {.question = QUESTION_MANAGE, .manage = RIGHT_REQUEST_APPROVE,
						 .target_user = NO_INDEX, .now = {NS_PER_S, NS_PER_S}};
	world_grant(w, "alice", "desk", RIGHT_REQUEST_APPROVE, "/a");
	assert_int_equal(decide(w->policy, &w->grants, &request, &d, NULL, NULL), VERDICT_ALLOW);
	struct eligibility e;
	assert_int_equal(decide_activation(w->policy, 0, 1, NULL, &request.now, &e), 0);
	((struct policy_header *)w->image)->host.known = 7;
	reseal(w);
	assert_int_equal(decide_activation(w->policy, 0, 1, NULL, &request.now, &e), -EBADMSG);
	assert_int_equal(decide(w->policy, &w->grants, &request, &d, NULL, NULL), VERDICT_DENY);
	assert_int_equal(d.why, WHY_UNREADABLE);
	world_free(w);
}

static void test_a_damaged_unit_or_principal_denies(void **state)
{
	struct world *w = world_new();
	struct decision d;
	struct eligibility e;
	const struct instant now = {NS_PER_S, NS_PER_S};
	world_user(w, "alice");
	world_user(w, "bob");
	world_scope(w, "/a");
	world_host(w, "h0", "/a", true);
	world_unit(w, "n0", true, "bob", NULL);
	world_role(w, "desk", "user.lock", NULL);
	world_assignment(w, ASSIGNMENT_ACTIVE, "alice", "desk", "n0");
	world_assignment(w, ASSIGNMENT_ELIGIBLE, "bob", "desk", "/");
	assert_int_equal(world_compile(w), 0);
	const struct decision_request request = {
		.question = QUESTION_MANAGE, .manage = RIGHT_USER_LOCK, .target_user = 1, .now = now};
	const struct policy_header *header = w->image;
	struct policy_unit_record *units = (void *)((char *)w->image + header->sections[POLICY_UNITS].offset);
	struct policy_principal_record *principals =
		(void *)((char *)w->image + header->sections[POLICY_PRINCIPALS].offset);
	assert_int_equal(decide(w->policy, &w->grants, &request, &d, NULL, NULL), VERDICT_ALLOW);
	assert_int_equal(decide_activation(w->policy, 1, 0, NULL, &now, &e), 0);
	principals[1].flags = UINT32_MAX;
	reseal(w);
	assert_int_equal(decide(w->policy, &w->grants, &request, &d, NULL, NULL), VERDICT_DENY);
	assert_int_equal(d.why, WHY_UNREADABLE);
	principals[1].flags = POLICY_PRINCIPAL_ENABLED;
	units[0].flags = UINT32_MAX;
	reseal(w);
	assert_int_equal(decide(w->policy, &w->grants, &request, &d, NULL, NULL), VERDICT_DENY);
	assert_int_equal(d.why, WHY_UNREADABLE);
	principals[1].flags = UINT32_MAX;
	reseal(w);
	assert_int_equal(decide_activation(w->policy, 1, 0, NULL, &now, &e), -EBADMSG);
	assert_int_equal(decide_standing_rows(w->policy, pass_row, NULL), -EBADMSG);
	world_free(w);
}

static void test_a_damaged_ceiling_denies(void **state)
{
	struct world *w = granted();
	const struct policy_header *header = w->image;
	struct policy_item *names = (void *)((char *)w->image + header->sections[POLICY_CEILING_BECOME].offset);
	names[0].value = UINT32_MAX;
	reseal(w);
	assert_int_equal(ask_alice(w, QUESTION_GATE, NULL), WHY_UNREADABLE);
	assert_int_equal(ask_alice(w, QUESTION_GATE_ANY, NULL), WHY_UNREADABLE);
	w->grants.count = 0;
	assert_int_equal(ask_alice(w, QUESTION_GATE, NULL), WHY_UNREADABLE);
	assert_int_equal(ask_alice(w, QUESTION_GATE_ANY, NULL), WHY_UNREADABLE);
	assert_int_equal(ask_alice(w, QUESTION_LOGIN, NULL), WHY_NONE);
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_word_set_to_what_hurts),
		cmocka_unit_test(test_damaged_grants_deny),
		cmocka_unit_test(test_grants_that_fail_midway_deny),
		cmocka_unit_test(test_a_damaged_deny_denies),
		cmocka_unit_test(test_a_damaged_role_denies),
		cmocka_unit_test(test_a_damaged_host_denies_what_was_granted_at_a_path),
		cmocka_unit_test(test_a_damaged_unit_or_principal_denies),
		cmocka_unit_test(test_a_damaged_ceiling_denies),
		cmocka_unit_test(test_every_record_of_a_section_set_to_what_hurts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
