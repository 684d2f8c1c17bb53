/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What one principal may have, and may have written; removal; who did it; what a broker that died left open. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/cmocka_test.h"
#include "tests/unit/engine_fixture.h"

#define SEGMENT "var/lib/tenure/journal/journal-00000000000000000001.jsonl"
#define HEAD	"var/lib/tenure/journal/head"

static int count_active(void *context, const struct request *r)
{
	*(size_t *)context += r->state == REQUEST_ACTIVE;
	return 0;
}

static size_t active(struct engine_fixture *f)
{
	size_t count = 0;

	assert_int_equal(engine_each(f->engine, count_active, &count), 0);
	return count;
}

static int end_one(struct engine_fixture *f, uid_t uid, const struct uuid *id)
{
	const struct actor who = fixture_actor(f, uid);
	const struct request *r;

	return engine_end(f->engine, &who, id, &r);
}

static int cancel_one(struct engine_fixture *f, uid_t uid, const struct uuid *id)
{
	const struct actor who = fixture_actor(f, uid);
	const struct request *r;

	return engine_cancel(f->engine, &who, id, &r);
}

static void test_a_principal_has_so_many_grants_and_no_more(void **state)
{
	struct engine_fixture *f = *state;
	struct uuid ids[GRANTS_PER_PRINCIPAL_MAX];
	const struct request *r;

	for (size_t i = 0; i < ARRAY_LENGTH(ids); i++) {
		assert_int_equal(fixture_request(f, UID_ALICE, "quick", &r), 0);
		ids[i] = r->id;
	}
	assert_int_equal(fixture_request(f, UID_ALICE, "quick", &r), -EBUSY);
	assert_int_equal(fixture_request(f, UID_ALICE, "db-operator", &r), -EBUSY);
	assert_int_equal(fixture_request(f, UID_DAVE, "quick", &r), 0);
	assert_int_equal(end_one(f, UID_ALICE, &ids[0]), 0);
	assert_int_equal(fixture_request(f, UID_ALICE, "quick", &r), 0);
	ids[0] = r->id;
	for (size_t i = 0; i < ARRAY_LENGTH(ids); i++)
		assert_int_equal(end_one(f, UID_ALICE, &ids[i]), 0);
	assert_int_equal(active(f), 1);
}

/* Ask and take back, as fast as it goes. */
static size_t ask_and_cancel(struct engine_fixture *f, size_t at_most, int *ret_error)
{
	const struct request *r;

	for (size_t n = 0; n < at_most; n++) {
		*ret_error = fixture_request(f, UID_ALICE, "db-operator", &r);
		if (*ret_error < 0)
			return n;
		assert_int_equal(cancel_one(f, UID_ALICE, &r->id), 0);
	}
	return at_most;
}

static void test_a_principal_fills_no_journal(void **state)
{
	struct engine_fixture *f = *state;
	const struct request *r;
	struct actor alice;
	size_t lines;
	int error;

	assert_int_equal(fixture_request(f, UID_ALICE, "quick", &r), 0);
	const struct uuid held = r->id;

	assert_in_range(ask_and_cancel(f, 1000, &error), 25, 35);
	assert_int_equal(error, -EUSERS);
	lines = fixture_count_events(f, "request");
	alice = fixture_actor(f, UID_ALICE);
	assert_int_equal(engine_check_budget(f->engine, &alice), -EUSERS);
	assert_int_equal(fixture_request(f, UID_ALICE, "quick", &r), -EUSERS);
	assert_int_equal(fixture_count_events(f, "request"), lines);
	assert_int_equal(fixture_request(f, UID_DAVE, "quick", &r), 0); /* nobody else waits for that */
	assert_int_equal(end_one(f, UID_ALICE, &held), 0);		/* and what is held can always be ended */
	fixture_pass(f, 3 * 10 * NS_PER_S);
	assert_int_equal(fixture_request(f, UID_ALICE, "quick", &r), 0);
	fixture_pass(f, 600 * NS_PER_S);
	assert_in_range(ask_and_cancel(f, 1000, &error), 25, 35);
}

static void test_step_ups_count_too(void **state)
{
	struct engine_fixture *f = *state;
	const struct actor alice = fixture_actor(f, UID_ALICE), root = fixture_actor(f, 0);
	size_t count = 0;

	while (engine_check_budget(f->engine, &alice) == 0 && count++ < 1000)
		assert_int_equal(engine_note_step_up(f->engine, &alice, "authenticate", "password", true), 0);
	assert_in_range(count, 50, 70);
	for (size_t i = 0; i < 100; i++)
		assert_int_equal(engine_check_budget(f->engine, &root), 0);
}

static void test_while_tenure_is_removed_nothing_is_granted(void **state)
{
	struct engine_fixture *f = *state;
	const struct actor root = fixture_actor(f, 0), carol = fixture_actor(f, UID_CAROL);
	const struct request *r;
	size_t grants;

	assert_int_equal(fixture_request(f, UID_ALICE, "quick", &r), 0);
	assert_int_equal(engine_drain(f->engine, &root, "removed", &grants), 0);
	assert_int_equal(grants, 1);
	assert_non_null(engine_degraded(f->engine));
	assert_int_equal(fixture_request(f, UID_ALICE, "quick", &r), -EROFS);
	assert_int_equal(fixture_request(f, UID_BOB, "db-operator", &r), -EROFS);
	assert_int_equal(engine_drain(f->engine, &root, "another package", &grants), 0);
	engine_drain_over(f->engine);
	assert_int_equal(fixture_request(f, UID_ALICE, "quick", &r), -EROFS);
	engine_drain_over(f->engine);
	assert_null(engine_degraded(f->engine));
	assert_int_equal(fixture_request(f, UID_ALICE, "quick", &r), 0);
	assert_int_equal(fixture_request(f, UID_BOB, "db-operator", &r), 0);
	const struct uuid id = r->id;

	assert_int_equal(engine_approve(f->engine, &carol, &id, "yes", true, &r), 0);
	assert_int_equal(r->state, REQUEST_ACTIVE);
}

/* --- who did it --- */

struct line_search {
	const char *event;
	json_t *found; /* the last one */
};

static int keep_line(void *context, const struct journal_record *record)
{
	struct line_search *search = context;

	if (strcmp(record->name, search->event) != 0)
		return 0;
	json_decref(search->found);
	search->found = json_incref(record->line);
	return 0;
}

static void assert_done_by(struct engine_fixture *f, const char *event, const char *by, uid_t login_uid)
{
	struct line_search search = {.event = event};
	struct journal_report report;
	const json_t *login;

	assert_int_equal(journal_each(engine_journal(f->engine), keep_line, &search, &report), 0);
	assert_non_null(search.found);
	login = json_object_get(search.found, "by_login_uid");
	if (by)
		assert_string_equal(json_string_value(json_object_get(search.found, "by")), by);
	else
		assert_null(json_object_get(search.found, "by"));
	if (login_uid == NO_ID)
		assert_null(login);
	else
		assert_int_equal(json_integer_value(login), login_uid);
	json_decref(search.found);
}

static void test_who_acted_as_root_is_in_the_journal(void **state)
{
	struct engine_fixture *f = *state;
	struct actor root = fixture_actor(f, 0), alice = fixture_actor(f, UID_ALICE);
	const struct request *r;
	size_t errors, warnings;

	root.login_uid = UID_DAVE;
	assert_int_equal(fixture_request(f, UID_ALICE, "quick", &r), 0);
	assert_int_equal(engine_end(f->engine, &root, &r->id, &r), 0);
	assert_done_by(f, "end", "root", UID_DAVE);
	assert_int_equal(fixture_request(f, UID_ALICE, "quick", &r), 0);
	assert_int_equal(engine_revoke(f->engine, &root, &r->id, "no", &r), 0);
	assert_done_by(f, "revoke", "root", UID_DAVE);
	assert_int_equal(fixture_request(f, UID_ALICE, "db-operator", &r), 0);
	assert_int_equal(engine_deny(f->engine, &root, &r->id, "no", &r), 0);
	assert_done_by(f, "deny", "root", UID_DAVE);
	assert_int_equal(engine_journal_reset(f->engine, &root, "clock", "it was wrong"), 0);
	assert_done_by(f, "journal-reset", "root", UID_DAVE);
	alice.login_uid = NO_ID; /* a kernel without audit */
	assert_int_equal(fixture_request(f, UID_ALICE, "quick", &r), 0);
	assert_int_equal(engine_end(f->engine, &alice, &r->id, &r), 0);
	assert_done_by(f, "end", "alice@contoso.com", NO_ID);
	fixture_edit(f, "etc/tenure/directory.d/contoso.conf", "title = \"Two\"", "title = \"Too\"");
	assert_int_equal(engine_reload(f->engine, &root, &errors, &warnings), 0);
	assert_done_by(f, "policy", "root", UID_DAVE);
	fixture_edit(f, "etc/tenure/directory.d/contoso.conf", "title = \"Too\"", "title = \"Two\"");
	fixture_reload(f);
	assert_done_by(f, "policy", NULL, NO_ID);
	assert_int_equal(engine_drain(f->engine, &root, "removed", &errors), 0);
}

/* --- a broker that died --- */

static void approve_one(struct engine_fixture *f, uid_t uid, const struct uuid *id, const struct request **ret)
{
	const struct actor who = fixture_actor(f, uid);

	assert_int_equal(engine_approve(f->engine, &who, id, "yes", true, ret), 0);
}

/* What was acknowledged, "one of two", is there after a restart, however the role changed meanwhile. */
static void test_an_approval_outlives_a_restart(void **state)
{
	static const char before[] = "approvals = 1; approver_groups", after[] = "approvals = 2; approver_groups";
	struct engine_fixture *f = *state;
	const struct request *r;

	for (int lowered = 0; lowered < 2; lowered++) {
		assert_int_equal(fixture_request(f, UID_ALICE, "db-operator", &r), 0);
		const struct uuid id = r->id;

		fixture_edit(f, "etc/tenure/directory.d/contoso.conf", before, after);
		fixture_reload(f);
		approve_one(f, UID_CAROL, &id, &r);
		assert_int_equal(r->state, REQUEST_PENDING);
		if (lowered)
			fixture_edit(f, "etc/tenure/directory.d/contoso.conf", after, before);
		fixture_restart(f);
		assert_int_equal(engine_find_id(f->engine, &id, &r), 0);
		assert_int_equal(r->state, REQUEST_PENDING);
		assert_int_equal(r->approval_count, 1);
		approve_one(f, UID_DAVE, &id, &r);
		assert_int_equal(r->state, REQUEST_ACTIVE);
		if (!lowered)
			fixture_edit(f, "etc/tenure/directory.d/contoso.conf", after, before);
		fixture_reload(f);
	}
}

/* The last write of all was cut inside its last line: nobody had been told, so that head is the older one. */
static void cut_last_line(struct engine_fixture *f, const char *head)
{
	char path[512], *text = fixture_read(f, SEGMENT), *last;

	text[strlen(text) - 1] = '\0';
	last = strrchr(text, '\n');
	assert_non_null(last);
	fixture_write(f, HEAD, head);
	(void)snprintf(path, sizeof(path), "%s/" SEGMENT, f->root);
	assert_int_equal(truncate(path, last - text + 20), 0);
	free(text);
}

static void test_a_grant_that_was_cut_short_fails(void **state)
{
	struct engine_fixture *f = *state;
	const struct request *r;

	for (int approved = 0; approved < 2; approved++) {
		struct uuid id;
		char *head;

		if (approved) {
			assert_int_equal(fixture_request(f, UID_BOB, "db-operator", &r), 0);
			id = r->id;
		}
		head = fixture_read(f, HEAD);
		if (approved)
			approve_one(f, UID_CAROL, &id, &r);
		else
			assert_int_equal(fixture_request(f, UID_ALICE, "quick", &r), 0);
		assert_int_equal(r->state, REQUEST_ACTIVE);
		id = r->id;
		fixture_stop(f);
		cut_last_line(f, head);
		free(head);
		fixture_start(f);
		assert_null(engine_degraded(f->engine));
		assert_int_equal(engine_find_id(f->engine, &id, &r), 0);
		assert_int_equal(r->state, REQUEST_FAILED);
		assert_string_equal(r->why, "interrupted");
		assert_int_equal(fixture_granted(f, approved ? "root" : "postgres"), 0);
	}
}

/* --- what is told --- */

struct told {
	unsigned times;
	char text[128];
};

static void hear(void *context, const struct engine_event *event)
{
	struct told *t = context;

	if (event->kind != ENGINE_DEGRADED)
		return;
	t->times++;
	(void)snprintf(t->text, sizeof(t->text), "%s", event->text ? event->text : "");
}

static void remove_last(struct engine_fixture *f)
{
	char path[512];

	(void)snprintf(path, sizeof(path), "%s/var/lib/tenure/last/directory.d/contoso.conf", f->root);
	assert_int_equal(unlink(path), 0);
}

static void test_another_reason_is_told_as_well(void **state)
{
	struct engine_fixture *f = *state;
	const struct actor root = fixture_actor(f, 0);
	struct told told = {0};
	const struct engine_hooks hooks = {&told, hear, NULL};
	size_t grants;

	engine_set_hooks(f->engine, &hooks);
	assert_int_equal(engine_drain(f->engine, &root, "removed", &grants), 0);
	assert_int_equal(told.times, 1);
	assert_non_null(strstr(told.text, "removed"));
	fixture_mode(f, "etc/passwd", 0666);
	fixture_reload(f);
	assert_int_equal(told.times, 2);
	assert_non_null(strstr(told.text, "/etc/passwd"));
	fixture_reload(f);
	assert_int_equal(told.times, 2); /* the same again is nothing new */
	fixture_mode(f, "etc/passwd", 0644);
	fixture_reload(f);
	assert_int_equal(told.times, 3);
	assert_non_null(strstr(told.text, "removed"));
	engine_drain_over(f->engine);
	assert_int_equal(told.times, 4);
	assert_string_equal(told.text, "");
}

static void test_what_is_in_force_instead_is_said(void **state)
{
	static const char directory[] = "etc/tenure/directory.d/contoso.conf";
	struct engine_fixture *f = *state;
	char buf[ENGINE_STALE_MAX];
	const char *text;

	assert_null(engine_stale(f->engine, 0, buf));
	assert_null(engine_stale(f->engine, 1, buf));
	fixture_edit(f, directory, "users = (", "users = ((");
	fixture_reload(f);
	text = engine_stale(f->engine, 0, buf);
	assert_non_null(text);
	assert_non_null(strstr(text, "directory.d/contoso.conf is not in force; the last good state of 20"));
	fixture_edit(f, directory, "users = ((", "users = (");
	fixture_reload(f);
	assert_null(engine_stale(f->engine, 0, buf));
	/* A deny of nobody keeps the policy that is there, and that one nobody may believe. */
	fixture_mode(f, "var/lib/tenure/tenants/contoso/policy", 0666);
	fixture_edit(f, directory, "assignments = (",
		     "assignments = ( { type = \"deny\"; role = \"quick\"; group = \"gone\"; scope = \"/prod\"; },");
	remove_last(f);
	fixture_reload(f);
	text = engine_stale(f->engine, 0, buf);
	assert_non_null(text);
	assert_non_null(strstr(text, "everything is denied"));
}

int main(void)
{
#define LIMITS_TEST(fn) cmocka_unit_test_setup_teardown(fn, engine_fixture_setup, engine_fixture_teardown)
	const struct CMUnitTest tests[] = {
		LIMITS_TEST(test_a_principal_has_so_many_grants_and_no_more),
		LIMITS_TEST(test_a_principal_fills_no_journal),
		LIMITS_TEST(test_step_ups_count_too),
		LIMITS_TEST(test_while_tenure_is_removed_nothing_is_granted),
		LIMITS_TEST(test_who_acted_as_root_is_in_the_journal),
		LIMITS_TEST(test_an_approval_outlives_a_restart),
		LIMITS_TEST(test_a_grant_that_was_cut_short_fails),
		LIMITS_TEST(test_another_reason_is_told_as_well),
		LIMITS_TEST(test_what_is_in_force_instead_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
