/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The state machine of the vocabulary, "Activation", on a host and a clock of the test's own. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/cmocka_test.h"
#include "tests/unit/engine_fixture.h"

#define MINUTE (60 * NS_PER_S)
#define HOUR   (60 * MINUTE)

static void test_without_approval_active_at_once_and_over_in_time(void **state)
{
	struct engine_fixture *f = *state;
	const struct request *r;

	assert_int_equal(fixture_granted(f, "postgres"), 0);
	assert_int_equal(fixture_request(f, UID_ALICE, "quick", &r), 0);
	assert_int_equal(r->state, REQUEST_ACTIVE);
	assert_string_equal(r->user, "alice@contoso.com");
	assert_string_equal(r->scope, "/prod/web/db1");
	assert_int_equal(fixture_granted(f, "postgres"), 1);
	fixture_pass(f, HOUR - 1);
	assert_int_equal(r->state, REQUEST_ACTIVE);
	fixture_pass(f, 1);
	assert_int_equal(r->state, REQUEST_EXPIRED);
	assert_int_equal(fixture_granted(f, "postgres"), 0);
	assert_int_equal(fixture_count_events(f, "request"), 1);
	assert_int_equal(fixture_count_events(f, "activate"), 1);
	assert_int_equal(fixture_count_events(f, "expire"), 1);
}

static void test_approval_grants_and_the_first_denial_decides(void **state)
{
	struct engine_fixture *f = *state;
	const struct request *r;
	struct actor carol = fixture_actor(f, UID_CAROL);

	assert_int_equal(fixture_request(f, UID_ALICE, "db-operator", &r), 0);
	assert_int_equal(r->state, REQUEST_PENDING);
	assert_int_equal(fixture_granted(f, "root"), 0);
	assert_int_equal(engine_approve_check(f->engine, &carol, &r->id), -EKEYREJECTED);
	assert_int_equal(engine_approve(f->engine, &carol, &r->id, "phone", false, &r), -EKEYREJECTED);
	assert_int_equal(engine_approve(f->engine, &carol, &r->id, " ", true, &r), -ENODATA);
	assert_int_equal(engine_approve(f->engine, &carol, &r->id, "a\nb", true, &r), -EINVAL);
	assert_int_equal(engine_approve(f->engine, &carol, &r->id, "phone", true, &r), 0);
	assert_int_equal(r->state, REQUEST_ACTIVE);
	assert_string_equal(r->decided_by, "carol@contoso.com");
	assert_int_equal(fixture_granted(f, "root"), 1);
	assert_int_equal(engine_deny(f->engine, &carol, &r->id, "late", &r), -EALREADY);
	assert_int_equal(engine_approve(f->engine, &carol, &r->id, "again", true, &r), -EALREADY);

	assert_int_equal(fixture_request(f, UID_BOB, "db-operator", &r), 0);
	assert_int_equal(engine_deny(f->engine, &carol, &r->id, "no", &r), 0);
	assert_int_equal(r->state, REQUEST_DENIED);
	assert_string_equal(r->decided_reason, "no");
	assert_int_equal(engine_approve(f->engine, &carol, &r->id, "but", true, &r), -EALREADY);
	assert_int_equal(fixture_granted(f, "root"), 1);
}

static int take_first(void *context, const struct request *r)
{
	*(const struct request **)context = r;
	return 1;
}

static int see_group(void *context, const struct holder *row)
{
	*(gid_t *)context = row->local_gid;
	return 0;
}

static void test_a_granted_group_names_the_hosts_own(void **state)
{
	struct engine_fixture *f = *state;
	struct actor carol = fixture_actor(f, UID_CAROL);
	const struct request *r;
	gid_t gid = NO_ID;

	assert_int_equal(fixture_request(f, UID_ALICE, "db-operator", &r), 0);
	assert_int_equal(engine_approve(f->engine, &carol, &r->id, "phone", true, &r), 0);
	assert_int_equal(holders_of_right(engine_grants(f->engine, 0), RIGHT_GROUP, "adm", &f->clock.at, see_group, &gid), 0);
	assert_int_equal(gid, 4);
}

static void test_quorum_survives_a_restart(void **state)
{
	struct engine_fixture *f = *state;
	const struct request *r;
	struct actor carol = fixture_actor(f, UID_CAROL), dave;

	assert_int_equal(fixture_request(f, UID_ALICE, "two-eyes", &r), 0);
	assert_int_equal(engine_approve(f->engine, &carol, &r->id, "one", false, &r), 0);
	assert_int_equal(r->state, REQUEST_PENDING);
	assert_int_equal(engine_approve(f->engine, &carol, &r->id, "me again", false, &r), -EALREADY);
	fixture_restart(f);
	assert_int_equal(engine_each(f->engine, take_first, &r), 1);
	assert_int_equal(r->approval_count, 1);
	dave = fixture_actor(f, UID_DAVE);
	assert_int_equal(engine_approve(f->engine, &dave, &r->id, "two", false, &r), 0);
	assert_int_equal(r->state, REQUEST_ACTIVE);
	fixture_restart(f);
	assert_int_equal(fixture_granted(f, "postgres"), 1);
}

static void test_nobody_approves_their_own(void **state)
{
	struct engine_fixture *f = *state;
	const struct request *r;
	struct actor dave = fixture_actor(f, UID_DAVE);

	assert_int_equal(fixture_request(f, UID_DAVE, "db-operator", &r), 0);
	assert_int_equal(engine_approve(f->engine, &dave, &r->id, "me", true, &r), -EPERM);
	assert_int_equal(engine_deny(f->engine, &dave, &r->id, "me", &r), -EPERM);
}

static void test_T48_who_became_somebody_cannot_approve_as_them(void **state)
{
	struct engine_fixture *f = *state;
	const struct request *r;
	struct actor as_carol;

	assert_int_equal(fixture_request(f, UID_ALICE, "db-operator", &r), 0);
	assert_int_equal(engine_actor(f->engine, UID_CAROL, UID_ALICE, &as_carol), 0);
	assert_int_equal(engine_approve(f->engine, &as_carol, &r->id, "su", true, &r), -ESTALE);
	assert_int_equal(engine_deny(f->engine, &as_carol, &r->id, "su", &r), -ESTALE);
	assert_int_equal(engine_actor(f->engine, UID_CAROL, NO_ID, &as_carol), 0);
	assert_int_equal(engine_approve(f->engine, &as_carol, &r->id, "cron", true, &r), -ESTALE);
	assert_int_equal(engine_actor(f->engine, 0, UID_CAROL, &as_carol), 0);
	assert_int_equal(engine_approve(f->engine, &as_carol, &r->id, "sudo", true, &r), -EACCES);
	assert_int_equal(r->state, REQUEST_PENDING);
}

static void test_T14_T20_only_what_the_kernel_says_counts(void **state)
{
	struct engine_fixture *f = *state;
	const struct request *r, *found;
	struct actor stranger, liar;
	struct uuid guessed;

	assert_int_equal(fixture_request(f, UID_ALICE, "quick", &r), 0);
	/* A uid in the range that nobody has, and one that no tenant knows. */
	assert_int_equal(engine_actor(f->engine, 1900000099, 1900000099, &stranger), 0);
	assert_false(stranger.governed);
	assert_int_equal(engine_end(f->engine, &stranger, &r->id, &found), -EACCES);
	assert_int_equal(engine_actor(f->engine, 33, 33, &stranger), 0);
	assert_int_equal(engine_end(f->engine, &stranger, &r->id, &found), -EACCES);
	/* The principal of one, the uid of another: the engine looks it up anew. */
	liar = fixture_actor(f, UID_CAROL);
	liar.principal_id = fixture_actor(f, UID_ALICE).principal_id;
	assert_int_equal(engine_end(f->engine, &liar, &r->id, &found), -EACCES);
	const struct request_input in = {.role = "quick", .ticket = "1"};

	assert_int_equal(engine_request(f->engine, &liar, &in, true, &found), -EACCES);
	/* Guessed ids, and another's. */
	assert_int_equal(uuid_random(&guessed), 0);
	liar = fixture_actor(f, UID_CAROL);
	assert_int_equal(engine_end(f->engine, &liar, &guessed, &found), -ENOENT);
	assert_int_equal(engine_end(f->engine, &liar, &r->id, &found), -EACCES);
	assert_int_equal(engine_cancel(f->engine, &liar, &r->id, &found), -EACCES);
	assert_int_equal(r->state, REQUEST_ACTIVE);
}

static void test_T44_an_id_is_activated_once(void **state)
{
	struct engine_fixture *f = *state;
	struct actor carol = fixture_actor(f, UID_CAROL), alice = fixture_actor(f, UID_ALICE);
	const struct request *r;

	assert_int_equal(fixture_request(f, UID_ALICE, "db-operator", &r), 0);
	assert_int_equal(engine_approve(f->engine, &carol, &r->id, "yes", true, &r), 0);
	assert_int_equal(engine_end(f->engine, &alice, &r->id, &r), 0);
	assert_int_equal(r->state, REQUEST_ENDED);
	assert_int_equal(engine_approve(f->engine, &carol, &r->id, "yes", true, &r), -EALREADY);
	fixture_restart(f);
	carol = fixture_actor(f, UID_CAROL);
	assert_int_equal(engine_each(f->engine, take_first, &r), 1);
	assert_int_equal(engine_approve(f->engine, &carol, &r->id, "yes", true, &r), -EALREADY);
	assert_int_equal(fixture_granted(f, "root"), 0);
	fixture_reboot(f, HOUR);
	carol = fixture_actor(f, UID_CAROL);
	assert_int_equal(engine_each(f->engine, take_first, &r), 1);
	assert_int_equal(engine_approve(f->engine, &carol, &r->id, "yes", true, &r), -EALREADY);
}

static void test_what_is_missing_is_named(void **state)
{
	struct engine_fixture *f = *state;
	struct actor alice = fixture_actor(f, UID_ALICE), carol = fixture_actor(f, UID_CAROL);
	struct request_input in = {.role = "db-operator"};
	const struct request *r;
	const char *field;

	assert_int_equal(engine_request_check(f->engine, &alice, &in, &field), -ENODATA);
	assert_string_equal(field, "reason");
	in.reason = "   ";
	assert_int_equal(engine_request_check(f->engine, &alice, &in, &field), -ENODATA);
	in.reason = "esc \033[1m";
	assert_int_equal(engine_request_check(f->engine, &alice, &in, &field), -EINVAL);
	in.reason = "because";
	assert_int_equal(engine_request_check(f->engine, &alice, &in, &field), -EKEYREJECTED);
	assert_int_equal(engine_request(f->engine, &alice, &in, false, &r), -EKEYREJECTED);
	in.duration_ns = 2 * HOUR + 1;
	assert_int_equal(engine_request_check(f->engine, &alice, &in, &field), -EINVAL);
	assert_string_equal(field, "duration");
	in.duration_ns = 59 * NS_PER_S;
	assert_int_equal(engine_request_check(f->engine, &alice, &in, &field), -EINVAL);
	in.duration_ns = MINUTE;
	in.scope = "/prod/web";
	assert_int_equal(engine_request_check(f->engine, &alice, &in, &field), -EKEYREJECTED);
	in.scope = "/";
	assert_int_equal(engine_request_check(f->engine, &alice, &in, &field), -EINVAL);
	assert_string_equal(field, "scope");
	in.scope = "/prod/other";
	assert_int_equal(engine_request_check(f->engine, &alice, &in, &field), -EINVAL);
	in.scope = NULL;
	assert_int_equal(engine_request_check(f->engine, &carol, &in, &field), -EACCES);
	in.role = "no-such";
	assert_int_equal(engine_request_check(f->engine, &alice, &in, &field), -ENOENT);
	assert_string_equal(field, "role");
	in.role = "quick";
	assert_int_equal(engine_request_check(f->engine, &alice, &in, &field), -ENODATA);
	assert_string_equal(field, "ticket");
	assert_int_equal(fixture_count_events(f, "request"), 0);
}

static void test_extension_is_a_new_request_of_the_same_role(void **state)
{
	struct engine_fixture *f = *state;
	struct actor alice = fixture_actor(f, UID_ALICE);
	struct request_input in = {.role = "quick", .ticket = "1"};
	const struct request *first, *second;
	const char *field;

	assert_int_equal(engine_request(f->engine, &alice, &in, false, &first), 0);
	in.extends = first->id;
	in.role = "two-eyes";
	assert_int_equal(engine_request_check(f->engine, &alice, &in, &field), -EINVAL);
	in.role = "quick";
	fixture_pass(f, HOUR / 2);
	assert_int_equal(engine_request(f->engine, &alice, &in, false, &second), 0);
	assert_true(uuid_equal(&second->extends, &first->id));
	fixture_pass(f, HOUR / 2);
	assert_int_equal(first->state, REQUEST_EXPIRED);
	assert_int_equal(second->state, REQUEST_ACTIVE);
	assert_int_equal(fixture_granted(f, "postgres"), 1);
	in.extends = first->id;
	assert_int_equal(engine_request_check(f->engine, &alice, &in, &field), -EALREADY);
	assert_string_equal(field, "extends");
}

/* It runs from its own beginning: one that would be over no later than what is held gives nothing. */
static void test_an_extension_ends_later_than_what_is_held(void **state)
{
	struct engine_fixture *f = *state;
	struct actor alice = fixture_actor(f, UID_ALICE);
	struct request_input in = {.role = "quick", .ticket = "1", .duration_ns = HOUR / 2};
	const struct request *first, *second;
	const char *field;

	assert_int_equal(engine_request(f->engine, &alice, &in, false, &first), 0);
	in.extends = first->id;
	fixture_pass(f, HOUR / 4);
	in.duration_ns = HOUR / 4;
	assert_int_equal(engine_request_check(f->engine, &alice, &in, &field), -EINVAL);
	assert_string_equal(field, "duration");
	assert_int_equal(engine_request(f->engine, &alice, &in, false, &second), -EINVAL);
	in.duration_ns++;
	assert_int_equal(engine_request(f->engine, &alice, &in, false, &second), 0);
	assert_true(second->window.end_ns > first->window.end_ns);
	/* Whichever grant is named: the one that lasts longest counts. */
	assert_int_equal(engine_request_check(f->engine, &alice, &in, &field), -EINVAL);
	/* Nor beyond the end of the assignment, however much is asked for. */
	assert_int_equal(fixture_request(f, UID_ALICE, "short", &first), 0);
	in = (struct request_input){.role = "short", .duration_ns = 8 * HOUR, .extends = first->id};
	assert_int_equal(engine_request_check(f->engine, &alice, &in, &field), -EINVAL);
	assert_int_equal(fixture_count_events(f, "request"), 3);
}

static void test_an_extension_that_was_overtaken_fails(void **state)
{
	struct engine_fixture *f = *state;
	struct actor alice = fixture_actor(f, UID_ALICE), carol = fixture_actor(f, UID_CAROL);
	struct request_input in = {.role = "db-operator", .reason = "x", .duration_ns = HOUR};
	const struct request *first, *second, *third;

	assert_int_equal(engine_request(f->engine, &alice, &in, true, &first), 0);
	assert_int_equal(engine_approve(f->engine, &carol, &first->id, "yes", true, &first), 0);
	assert_int_equal(fixture_request(f, UID_ALICE, "db-operator", &third), 0); /* 2 h */
	in.extends = first->id;
	in.duration_ns++;
	assert_int_equal(engine_request(f->engine, &alice, &in, true, &second), 0);
	assert_int_equal(engine_approve(f->engine, &carol, &third->id, "yes", true, &third), 0);
	assert_int_equal(engine_approve(f->engine, &carol, &second->id, "yes", true, &second), 0);
	assert_int_equal(second->state, REQUEST_FAILED);
}

static void test_unanswered_cancelled_ended_revoked(void **state)
{
	struct engine_fixture *f = *state;
	struct actor alice = fixture_actor(f, UID_ALICE), carol = fixture_actor(f, UID_CAROL);
	struct actor root = fixture_actor(f, 0), bob = fixture_actor(f, UID_BOB);
	const struct request *r;

	assert_int_equal(fixture_request(f, UID_ALICE, "db-operator", &r), 0);
	assert_int_equal(fixture_request(f, UID_ALICE, "db-operator", &r), -EALREADY);
	assert_int_equal(engine_each(f->engine, take_first, &r), 1);
	fixture_pass(f, 24 * HOUR);
	assert_int_equal(r->state, REQUEST_TIMED_OUT);
	assert_int_equal(engine_approve(f->engine, &carol, &r->id, "late", true, &r), -EALREADY);
	assert_int_equal(fixture_request(f, UID_ALICE, "db-operator", &r), 0);
	assert_int_equal(engine_cancel(f->engine, &bob, &r->id, &r), -EACCES);
	assert_int_equal(engine_cancel(f->engine, &alice, &r->id, &r), 0);
	assert_int_equal(r->state, REQUEST_CANCELLED);
	assert_int_equal(fixture_request(f, UID_BOB, "quick", &r), 0);
	assert_int_equal(engine_revoke(f->engine, &alice, &r->id, "why", &r), -EACCES);
	assert_int_equal(engine_revoke(f->engine, &carol, &r->id, "", &r), -ENODATA);
	assert_int_equal(engine_revoke(f->engine, &carol, &r->id, "enough", &r), 0);
	assert_int_equal(r->state, REQUEST_REVOKED);
	assert_int_equal(fixture_granted(f, "postgres"), 0);
	assert_int_equal(fixture_request(f, UID_BOB, "quick", &r), 0);
	assert_int_equal(engine_end(f->engine, &root, &r->id, &r), 0);
	assert_int_equal(r->state, REQUEST_ENDED);
	assert_int_equal(fixture_request(f, UID_BOB, "db-operator", &r), 0);
	assert_int_equal(engine_deny(f->engine, &root, &r->id, "no", &r), 0);
	assert_int_equal(r->state, REQUEST_DENIED);
}

static void test_the_assignments_end_ends_the_grant(void **state)
{
	struct engine_fixture *f = *state;
	const struct request *r;

	assert_int_equal(fixture_request(f, UID_ALICE, "short", &r), 0);
	assert_int_equal(r->window.end_ns, TEST_NOW + HOUR);
	assert_int_equal(r->window.boot_end_ns, TEST_BOOT + HOUR);
	fixture_pass(f, HOUR);
	assert_int_equal(r->state, REQUEST_EXPIRED);
	assert_int_equal(fixture_request(f, UID_ALICE, "short", &r), -EACCES);
}

static void test_lost_eligibility_ends_the_grant(void **state)
{
	struct engine_fixture *f = *state;
	const char *const directory = "etc/tenure/directory.d/contoso.conf";
	const struct request *of_alice, *of_bob;

	assert_int_equal(fixture_request(f, UID_ALICE, "quick", &of_alice), 0);
	assert_int_equal(fixture_request(f, UID_BOB, "quick", &of_bob), 0);
	assert_int_equal(fixture_granted(f, "postgres"), 2);
	fixture_edit(f, directory, "\"alice\", \"bob\"", "\"bob\"");
	fixture_reload(f);
	assert_int_equal(of_alice->state, REQUEST_REVOKED);
	assert_string_equal(of_alice->why, "not-eligible");
	assert_int_equal(of_bob->state, REQUEST_ACTIVE);
	fixture_edit(f, directory, "{ name = \"bob\"; }", "{ name = \"bob\"; enabled = false; }");
	fixture_reload(f);
	assert_int_equal(of_bob->state, REQUEST_REVOKED);
	assert_int_equal(fixture_granted(f, "postgres"), 0);
}

static void test_reboot_ends_grants_and_keeps_what_waits(void **state)
{
	struct engine_fixture *f = *state;
	struct actor carol;
	const struct request *r;

	assert_int_equal(fixture_request(f, UID_ALICE, "db-operator", &r), 0);
	assert_int_equal(fixture_request(f, UID_BOB, "quick", &r), 0);
	fixture_restart(f);
	assert_int_equal(fixture_granted(f, "postgres"), 1);
	fixture_reboot(f, MINUTE);
	assert_int_equal(fixture_granted(f, "postgres"), 0);
	assert_int_equal(fixture_count_events(f, "expire"), 1);
	assert_int_equal(engine_each(f->engine, take_first, &r), 1);
	assert_int_equal(r->state, REQUEST_PENDING);
	carol = fixture_actor(f, UID_CAROL);
	assert_int_equal(engine_approve(f->engine, &carol, &r->id, "still", true, &r), 0);
	assert_int_equal(r->state, REQUEST_ACTIVE);
}

static size_t resting; /* sessions that rest on any grant */

static size_t count_sessions(void *context, const struct request *r)
{
	return resting;
}

static void test_expire_waits_for_the_counts_of_its_sessions(void **state)
{
	struct engine_fixture *f = *state;
	const struct engine_hooks hooks = {.sessions = count_sessions};
	const struct request *r;

	engine_set_hooks(f->engine, &hooks);
	assert_int_equal(fixture_request(f, UID_ALICE, "quick", &r), 0);
	resting = 1;
	fixture_pass(f, HOUR);
	assert_int_equal(r->state, REQUEST_EXPIRED);
	assert_true(r->ending);
	assert_int_equal(fixture_count_events(f, "ending"), 1);
	assert_int_equal(fixture_count_events(f, "expire"), 0);
	resting = 0;
	engine_session_report(f->engine, &r->id, 3, 0, 2);
	assert_int_equal(fixture_count_events(f, "expire"), 1);
	assert_false(r->ending);
	assert_int_equal(r->ended, 3);
	fixture_restart(f);
	assert_int_equal(engine_each(f->engine, take_first, &r), 1);
	assert_int_equal(r->ended, 3);
	assert_int_equal(r->left, 2);
	assert_int_equal(fixture_count_events(f, "expire"), 1);
}

static void test_before_counts_thirty_days(void **state)
{
	struct engine_fixture *f = *state;
	const struct request *r;
	unsigned count;
	int64_t last;

	assert_int_equal(fixture_request(f, UID_ALICE, "quick", &r), 0);
	fixture_pass(f, 2 * HOUR);
	assert_int_equal(fixture_request(f, UID_ALICE, "quick", &r), 0);
	fixture_pass(f, 9 * 24 * HOUR);
	assert_int_equal(fixture_request(f, UID_ALICE, "quick", &r), 0);
	engine_before(f->engine, r, &count, &last);
	assert_int_equal(count, 2);
	assert_int_equal(last, TEST_NOW + 2 * HOUR);
	fixture_pass(f, 25 * 24 * HOUR);
	assert_int_equal(fixture_request(f, UID_ALICE, "quick", &r), 0);
	engine_before(f->engine, r, &count, &last);
	assert_int_equal(count, 1);
}

static void test_find_by_what_a_person_typed(void **state)
{
	struct engine_fixture *f = *state;
	const struct request *r, *found;
	char text[REQUEST_ID_TEXT_MAX], whole[UUID_TEXT_MAX];

	assert_int_equal(fixture_request(f, UID_ALICE, "quick", &r), 0);
	request_id_format(&r->id, text);
	uuid_format(&r->id, whole);
	assert_int_equal(engine_find(f->engine, whole, &found), 0);
	assert_int_equal(engine_find(f->engine, text, &found), 0);
	text[4] = '\0';
	assert_int_equal(engine_find(f->engine, text, &found), 0);
	assert_ptr_equal(found, r);
	text[3] = '\0';
	assert_int_equal(engine_find(f->engine, text, &found), -ENOENT);
	assert_int_equal(engine_find(f->engine, "", &found), -ENOENT);
}

static void test_drain_ends_everything(void **state)
{
	struct engine_fixture *f = *state;
	const struct request *granted, *pending;
	const struct actor root = fixture_actor(f, 0);
	size_t grants;

	assert_int_equal(fixture_request(f, UID_ALICE, "quick", &granted), 0);
	assert_int_equal(fixture_request(f, UID_ALICE, "db-operator", &pending), 0);
	assert_int_equal(engine_drain(f->engine, &root, "removal", &grants), 0);
	assert_int_equal(grants, 1);
	assert_int_equal(granted->state, REQUEST_REVOKED);
	assert_int_equal(pending->state, REQUEST_DENIED);
	assert_int_equal(fixture_granted(f, "postgres"), 0);
}

int main(void)
{
#define ENGINE_TEST(fn) cmocka_unit_test_setup_teardown(fn, engine_fixture_setup, engine_fixture_teardown)
	const struct CMUnitTest tests[] = {
		ENGINE_TEST(test_without_approval_active_at_once_and_over_in_time),
		ENGINE_TEST(test_approval_grants_and_the_first_denial_decides),
		ENGINE_TEST(test_a_granted_group_names_the_hosts_own),
		ENGINE_TEST(test_quorum_survives_a_restart),
		ENGINE_TEST(test_nobody_approves_their_own),
		ENGINE_TEST(test_T48_who_became_somebody_cannot_approve_as_them),
		ENGINE_TEST(test_T14_T20_only_what_the_kernel_says_counts),
		ENGINE_TEST(test_T44_an_id_is_activated_once),
		ENGINE_TEST(test_what_is_missing_is_named),
		ENGINE_TEST(test_extension_is_a_new_request_of_the_same_role),
		ENGINE_TEST(test_an_extension_ends_later_than_what_is_held),
		ENGINE_TEST(test_an_extension_that_was_overtaken_fails),
		ENGINE_TEST(test_unanswered_cancelled_ended_revoked),
		ENGINE_TEST(test_the_assignments_end_ends_the_grant),
		ENGINE_TEST(test_lost_eligibility_ends_the_grant),
		ENGINE_TEST(test_reboot_ends_grants_and_keeps_what_waits),
		ENGINE_TEST(test_expire_waits_for_the_counts_of_its_sessions),
		ENGINE_TEST(test_before_counts_thirty_days),
		ENGINE_TEST(test_find_by_what_a_person_typed),
		ENGINE_TEST(test_drain_ends_everything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
