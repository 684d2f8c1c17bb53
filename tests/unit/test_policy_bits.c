/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Each bit of a policy file flipped once, as a bad disk does it: nobody is allowed what the sound file denies, no role is
 * to be had on easier terms, and nobody else approves.
 */
#include "tests/unit/cmocka_test.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/snapshot/policy_format.h"
#include "tests/unit/world.h"

#define USERS 3
#define ROLES 11 /* the built-in ones, too */

static const struct instant now = {NS_PER_S, NS_PER_S};

static void name_approver(struct role *role, const char *user)
{
	role->activation.approver_users.names = calloc(2, sizeof(char *));
	assert_non_null(role->activation.approver_users.names);
	role->activation.approver_users.names[0] = strdup(user);
	role->activation.approver_users.count = 1;
	role->activation.approvals = 1;
}

/*
 * alice and bob are denied what their group holds; carol is eligible for it, and alone in a restricted unit; bob manages
 * a unit that does not hold her, and the whole tenant but for such units. The ceiling leaves out what carol holds, by a
 * bit. closed: a restricted unit holds the host, so that nothing from outside reaches it.
 */
static struct world *guarded(bool closed)
{
	struct world *w = world_new();
	world_user(w, "alice");
	world_user(w, "bob");
	world_user(w, "carol");
	world_group(w, "dba", "alice bob", NULL);
	world_scope(w, "/prod");
	world_scope(w, "/prod/hr");
	world_scope(w, "/test");
	world_host(w, "db1", "/prod/hr", true);
	world_unit(w, "office", false, "alice bob", "db1");
	world_unit(w, "vault", true, "carol", closed ? "db1" : NULL);
	struct role *operator = world_role(w, "operator", "login become:root", NULL);
	operator->activation.step_up = operator->activation.ticket = true;
	name_approver(operator, "alice");
	world_role(w, "visitor", "login", NULL);
	name_approver(world_role(w, "desk", "user.lock user.sessions.end", NULL), "carol");
	world_role(w, "spare", "become:backup", NULL);
	world_role(w, "chief", "request.approve user.lock", NULL);
	world_ceiling(w, "root backuq", "adm");
	world_assignment(w, ASSIGNMENT_ACTIVE, "@dba", "operator", "/prod");
	world_assignment(w, ASSIGNMENT_ELIGIBLE, "carol", "operator", "/prod");
	world_assignment(w, ASSIGNMENT_ACTIVE, "carol", "visitor", "/test");
	world_assignment(w, ASSIGNMENT_ACTIVE, "carol", "spare", "/");
	world_assignment(w, ASSIGNMENT_ACTIVE, "bob", "desk", "office");
	world_assignment(w, ASSIGNMENT_ACTIVE, "bob", "chief", "/");
	world_assignment(w, ASSIGNMENT_DENY, "@dba", "=become:root", "office");
	world_assignment(w, ASSIGNMENT_DENY, "alice", "=login", "/prod/hr");
	world_grant(w, "bob", "operator", RIGHT_BECOME, "root");
	world_grant(w, "alice", "desk", RIGHT_USER_SESSIONS_END, "/prod");
	assert_int_equal(world_compile(w), 0);
	return w;
}

static int mark(void *context, uint32_t principal)
{
	*(uint32_t *)context |= 1u << principal;
	return 0;
}

enum { ASK_LOGIN, ASK_BATCH, ASK_ANY, ASK_ROOT, ASK_BACKUP, ASK_ADM, ASK_DISK, ASKS };

/* A bit for each question that is allowed. */
static uint32_t allowed(const struct policy *p, const struct holders *grants, uint32_t principal)
{
	static const struct {
		enum question question;
		const char *target;
	} asks[ASKS] = {[ASK_LOGIN] = {QUESTION_LOGIN, NULL},	[ASK_BATCH] = {QUESTION_BATCH, NULL},
			[ASK_ANY] = {QUESTION_GATE_ANY, NULL},	[ASK_ROOT] = {QUESTION_GATE, "root"},
			[ASK_BACKUP] = {QUESTION_GATE, "backup"}, [ASK_ADM] = {QUESTION_GROUP, "adm"},
			[ASK_DISK] = {QUESTION_GROUP, "disk"}};
	struct decision_request request = {.principal = principal, .target_user = NO_INDEX, .now = now};
	struct decision d;
	uint32_t bits = 0, bit = 1;
	for (size_t i = 0; i < ASKS; i++, bit <<= 1) {
		request.question = asks[i].question;
		request.target = asks[i].target;
		bits |= verdict_allows(decide(p, grants, &request, &d, NULL, NULL)) ? bit : 0;
	}
	request.question = QUESTION_MANAGE;
	for (request.manage = RIGHT_USER_LOCK; request.manage <= RIGHT_REQUEST_APPROVE; request.manage++)
		for (request.target_user = 0; request.target_user < USERS; request.target_user++, bit <<= 1)
			bits |= verdict_allows(decide(p, grants, &request, &d, NULL, NULL)) ? bit : 0;
	for (uint32_t role = 0; role < ROLES; role++, bit <<= 1) {
		struct eligibility e;
		bits |= decide_activation(p, principal, role, NULL, &now, &e) == 0 ? bit : 0;
	}
	return bits;
}

/* Of a role that is read: the same name on the same terms, and no approver more. */
static void assert_terms(const struct policy *sound, const struct policy *p, const struct holders *grants, uint32_t role)
{
	struct role_terms was, is;
	uint32_t approvers = 0, approve = 0;
	assert_int_equal(policy_role_terms(sound, role, &was), 0);
	if (policy_role_terms(p, role, &is) < 0)
		return;
	assert_string_equal(is.name, was.name);
	assert_true(is.activation.step_up == was.activation.step_up && is.activation.ticket == was.activation.ticket &&
		    is.activation.justification == was.activation.justification &&
		    is.activation.approvals == was.activation.approvals &&
		    is.activation.max_duration_ns == was.activation.max_duration_ns);
	assert_int_equal(policy_role_approvers(sound, grants, role, &now, mark, &approvers), 0);
	int r = policy_role_approvers(p, grants, role, &now, mark, &approve);
	assert_true(r < 0 ? (approve & ~approvers) == 0 : approve == approvers);
}

/* Whoever is found is who was looked for, once his record is read. */
static void assert_found(const struct policy *p, const struct user *user)
{
	struct policy_principal found;
	uint32_t i;
	if (user->uid != NO_ID && policy_principal_by_uid(p, user->uid, &i) == 0 && policy_principal(p, i, &found) == 0)
		assert_true(uuid_equal(&found.id, &user->o.id));
	if (policy_principal_by_name(p, user->o.name, &i) == 0 && policy_principal(p, i, &found) == 0)
		assert_true(uuid_equal(&found.id, &user->o.id));
	if (policy_principal_by_id(p, &user->o.id, &i) == 0 && policy_principal(p, i, &found) == 0)
		assert_string_equal(found.name, user->o.name);
}

/* Without these answers the comparison below would show nothing. */
static void test_the_sound_files_say_no_where_it_matters(void **state)
{
	struct world *w = guarded(false), *closed = guarded(true);
	uint32_t alice = allowed(w->policy, &w->grants, 0), carol = allowed(w->policy, &w->grants, 2);
	for (uint32_t i = 0; i < USERS; i++)
		assert_false(allowed(w->policy, &w->grants, i) & (1u << ASK_ROOT | 1u << ASK_BACKUP));
	assert_false(alice & 1u << ASK_LOGIN);
	assert_true(carol & 1u << ASK_BATCH);
	assert_true(alice != allowed(closed->policy, &closed->grants, 0)); /* her grant ends there */
	world_free(closed);
	world_free(w);
}

static void compare(const struct world *sound, const struct world *w, const struct policy *p, size_t bit)
{
	for (uint32_t i = 0; i < ROLES; i++)
		assert_terms(sound->policy, p, &w->grants, i);
	for (uint32_t i = 0; i < USERS; i++) {
		if (allowed(p, &w->grants, i) & ~allowed(sound->policy, &w->grants, i))
			fail_msg("bit %zu of byte %zu lets principal %u do more", bit % 8, bit / 8, i);
		assert_found(p, &w->d->users[i]);
	}
}

static void flip_each_bit(bool closed)
{
	struct world *w = guarded(closed), *sound = guarded(closed);
	size_t opened = 0;
	assert_int_equal(policy_principal_count(w->policy), USERS);
	assert_int_equal(policy_role_count(w->policy), ROLES);
	for (size_t bit = 0; bit < w->image_len * 8; bit++) {
		uint8_t *byte = (uint8_t *)w->image + bit / 8;
		struct policy *p = NULL;
		*byte ^= (uint8_t)(1u << bit % 8);
		if (policy_open_memory(w->image, w->image_len, &p) == 0) {
			compare(sound, w, p, bit);
			opened++;
		}
		policy_close(p);
		*byte ^= (uint8_t)(1u << bit % 8);
	}
	assert_true(opened > w->image_len * 4); /* or the words in the header would hide those of the records */
	world_free(sound);
	world_free(w);
}

/* Not to be seen above: whoever decides reads the principal before its lists. */
static void test_the_lists_of_a_damaged_principal_are_damaged(void **state)
{
	struct world *w = guarded(false);
	const struct policy_header *header = w->image;
	const struct snapshot_span *section = &header->sections[POLICY_PRINCIPALS];
	const size_t size = policy_record_size(POLICY_PRINCIPALS);
	uint8_t *records = (uint8_t *)w->image + section->offset;
	struct policy_assignment a;
	uint32_t unit;
	for (size_t bit = 0; bit < section->count * size * 8; bit++) {
		uint32_t i = (uint32_t)(bit / 8 / size);
		records[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_int_equal(policy_assignment(w->policy, i, 0, &a), -EBADMSG);
		assert_int_equal(policy_principal_unit(w->policy, i, 0, &unit), -EBADMSG);
		records[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	world_free(w);
}

static void test_a_flipped_bit_allows_nobody_more(void **state)
{
	flip_each_bit(false);
}

static void test_nor_does_one_open_a_closed_host(void **state)
{
	flip_each_bit(true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_sound_files_say_no_where_it_matters),
		cmocka_unit_test(test_the_lists_of_a_damaged_principal_are_damaged),
		cmocka_unit_test(test_a_flipped_bit_allows_nobody_more),
		cmocka_unit_test(test_nor_does_one_open_a_closed_host),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
