/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a session rests on: every right that it needs, and the one that ends first. */
#include "tests/unit/cmocka_test.h"

#include <errno.h>
#include <string.h>

#include "daemon/tenured/session_engine.h"
#include "tests/unit/engine_fixture.h"

static const char directory[] = "etc/tenure/directory.d/contoso.conf";
#define UID_ERIN 1900000005u

/* dave logs in by a standing right, erin by a grant alone; groups come by grants, and one by a standing role. */
static int setup(void **state)
{
	(void)engine_fixture_setup_host(state);
	struct engine_fixture *f = *state;
	fixture_write(f, "etc/group", "root:x:0:\nadm:x:4:\ncdrom:x:24:\naudio:x:29:\nbob:x:1001:\n");
	fixture_edit(f, "etc/tenure/tenure.conf", "allow_groups = [ \"adm\" ]",
		     "allow_groups = [ \"adm\", \"cdrom\", \"audio\" ]");
	fixture_edit(f, directory, "  { name = \"dave\"; uid = 1900000004; }\n",
		     "  { name = \"dave\"; uid = 1900000004; },\n  { name = \"erin\"; uid = 1900000005; }\n");
#define ACTIVATION(max) \
	"activation = { max_duration = \"" max "\"; justification = false; step_up = false; approvals = 0; };"
	fixture_edit(f, directory, "roles = (\n",
		     "roles = (\n"
		     "  { name = \"night-login\"; actions = [ \"login\" ]; " ACTIVATION("3h") " },\n"
		     "  { name = \"logs\"; actions = [ \"group:adm\" ]; " ACTIVATION("1h") " },\n"
		     "  { name = \"both\"; actions = [ \"group:adm\", \"group:cdrom\" ]; " ACTIVATION("2h") " },\n"
		     "  { name = \"discs\"; actions = [ \"group:cdrom\" ]; " ACTIVATION("2h") " },\n"
		     "  { name = \"sound\"; actions = [ \"group:audio\" ]; },\n");
	fixture_edit(f, directory, "assignments = (\n",
		     "assignments = (\n"
		     "  { type = \"eligible\"; role = \"night-login\"; user = \"erin\"; scope = \"/\"; },\n"
		     "  { type = \"eligible\"; role = \"logs\"; user = \"erin\"; scope = \"/\"; },\n"
		     "  { type = \"eligible\"; role = \"logs\"; user = \"dave\"; scope = \"/\"; },\n"
		     "  { type = \"eligible\"; role = \"both\"; user = \"dave\"; scope = \"/\"; },\n"
		     "  { type = \"eligible\"; role = \"discs\"; user = \"dave\"; scope = \"/\"; },\n"
		     "  { type = \"active\"; role = \"sound\"; user = \"dave\"; scope = \"/\"; },\n");
	fixture_start(f);
	return 0;
}

static struct uuid granted(struct engine_fixture *f, uid_t uid, const char *role)
{
	const struct request *r;

	assert_int_equal(fixture_request(f, uid, role, &r), 0);
	assert_int_equal(r->state, REQUEST_ACTIVE);
	return r->id;
}

static struct session_judgement judged(struct engine_fixture *f, uid_t uid, const char *groups, struct uuid rests_on)
{
	struct session_engine glue;
	struct session_ports ports;
	struct session_judgement j;
	struct session_question q = {.kind = SESSION_LOGIN, .service = "sshd", .invoker = uid, .groups = groups,
				     .target = uid == UID_ERIN ? "erin" : "dave", .rests_on = rests_on};

	session_engine_ports(&glue, f->engine, NULL, &ports);
	assert_int_equal(engine_now(f->engine, &q.now), 0);
	assert_int_equal(ports.judge(ports.context, &q, &j), 0);
	return j;
}

static void revoke(struct engine_fixture *f, const struct uuid *id)
{
	const struct actor carol = fixture_actor(f, UID_CAROL);
	const struct request *r;

	assert_int_equal(engine_revoke(f->engine, &carol, id, "enough", &r), 0);
	(void)engine_tick(f->engine);
}

static void test_two_grants_the_group_ends_first(void **state)
{
	struct engine_fixture *f = *state;
	struct uuid login = granted(f, UID_ERIN, "night-login"), logs = granted(f, UID_ERIN, "logs");

	struct session_judgement j = judged(f, UID_ERIN, "", (struct uuid){0});
	assert_int_equal(j.decision.verdict, VERDICT_ALLOW);
	assert_true(j.decision.by_grant && uuid_equal(&j.decision.request, &login));
	assert_int_equal(j.decision.window.end_ns, TEST_NOW + 3 * 3600 * NS_PER_S);

	j = judged(f, UID_ERIN, "adm", (struct uuid){0});
	assert_int_equal(j.decision.verdict, VERDICT_ALLOW);
	assert_true(j.decision.by_grant && uuid_equal(&j.decision.request, &logs));
	assert_string_equal(j.decision.role, "logs");
	assert_int_equal(j.decision.window.end_ns, TEST_NOW + 3600 * NS_PER_S);
	assert_int_equal(j.decision.window.boot_end_ns, TEST_BOOT + 3600 * NS_PER_S);

	fixture_pass(f, 3601 * NS_PER_S);
	j = judged(f, UID_ERIN, "adm", logs);
	assert_int_equal(j.decision.verdict, VERDICT_DENY);
	assert_int_equal(j.cause, SESSION_EXPIRED);
	assert_int_equal(judged(f, UID_ERIN, "", login).decision.verdict, VERDICT_ALLOW);
}

static void test_two_grants_the_login_is_revoked(void **state)
{
	struct engine_fixture *f = *state;
	struct uuid login = granted(f, UID_ERIN, "night-login"), logs = granted(f, UID_ERIN, "logs");

	revoke(f, &login);
	struct session_judgement j = judged(f, UID_ERIN, "adm", logs); /* that one lives */
	assert_int_equal(j.decision.verdict, VERDICT_DENY);
	assert_int_equal(j.cause, SESSION_REVOKED);
}

static void test_standing_login_two_group_grants(void **state)
{
	struct engine_fixture *f = *state;
	struct uuid logs = granted(f, UID_DAVE, "logs"), discs = granted(f, UID_DAVE, "discs");

	struct session_judgement j = judged(f, UID_DAVE, "cdrom,adm,audio", (struct uuid){0});
	assert_int_equal(j.decision.verdict, VERDICT_ALLOW);
	assert_true(j.decision.by_grant && uuid_equal(&j.decision.request, &logs));
	assert_int_equal(j.decision.window.end_ns, TEST_NOW + 3600 * NS_PER_S);
	j = judged(f, UID_DAVE, "cdrom", (struct uuid){0});
	assert_true(uuid_equal(&j.decision.request, &discs));

	/* The one that would have ended later is taken away. */
	revoke(f, &discs);
	j = judged(f, UID_DAVE, "cdrom,adm", logs);
	assert_int_equal(j.decision.verdict, VERDICT_DENY);
	assert_int_equal(j.cause, SESSION_REVOKED);
	j = judged(f, UID_DAVE, "adm", logs);
	assert_int_equal(j.decision.verdict, VERDICT_ALLOW);
}

/* Another grant of that group lives: what ended once is not why. */
static void test_a_right_that_is_denied_now_is_lost(void **state)
{
	struct engine_fixture *f = *state;
	struct uuid before = granted(f, UID_DAVE, "logs");

	revoke(f, &before);
	fixture_pass(f, NS_PER_S);
	struct uuid both = granted(f, UID_DAVE, "both");
	assert_int_equal(judged(f, UID_DAVE, "adm", both).decision.verdict, VERDICT_ALLOW);
	fixture_edit(f, directory, "assignments = (\n",
		     "assignments = (\n"
		     "  { type = \"deny\"; actions = [ \"group:adm\" ]; user = \"dave\"; scope = \"/\"; },\n");
	fixture_reload(f);
	assert_int_equal(judged(f, UID_DAVE, "cdrom", both).decision.verdict, VERDICT_ALLOW);
	struct session_judgement j = judged(f, UID_DAVE, "adm", both);
	assert_int_equal(j.decision.verdict, VERDICT_DENY);
	assert_int_equal(j.cause, SESSION_CAUSE_NONE); /* which the sessions call lost */
}

static void test_standing_rights_alone(void **state)
{
	struct session_judgement j = judged(*state, UID_DAVE, "audio", (struct uuid){0});

	assert_int_equal(j.decision.verdict, VERDICT_ALLOW);
	assert_false(j.decision.by_grant);
	assert_true(uuid_is_null(&j.decision.request));
	assert_int_equal(j.decision.window.end_ns, TIME_FOREVER);
	/* A grant that it rested on once is not missed. */
	j = judged(*state, UID_DAVE, "", (struct uuid){{1}});
	assert_int_equal(j.decision.verdict, VERDICT_ALLOW);
}

static void test_a_group_that_nobody_gave(void **state)
{
	struct session_judgement j = judged(*state, UID_DAVE, "audio,adm", (struct uuid){0});

	assert_int_equal(j.decision.verdict, VERDICT_DENY);
	assert_int_equal(judged(*state, UID_DAVE, "shadow", (struct uuid){0}).decision.verdict, VERDICT_DENY);
	assert_int_equal(judged(*state, UID_ERIN, "", (struct uuid){0}).decision.verdict, VERDICT_DENY);
}

static void test_no_list_of_groups_is_no_right(void **state)
{
	static const char *const lists[] = {",", "audio,", ",audio", "audio,,audio", "Audio", "audio x", "../audio"};
	struct session_engine glue;
	struct session_ports ports;

	session_engine_ports(&glue, ((struct engine_fixture *)*state)->engine, NULL, &ports);
	for (size_t i = 0; i < ARRAY_LENGTH(lists); i++) {
		struct session_question q = {.kind = SESSION_LOGIN, .service = "sshd", .invoker = UID_DAVE,
					     .groups = lists[i], .target = "dave"};
		struct session_judgement j;

		assert_int_equal(engine_now(glue.engine, &q.now), 0);
		assert_int_equal(ports.judge(ports.context, &q, &j), -EINVAL);
		assert_int_equal(j.decision.verdict, VERDICT_DENY);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, engine_fixture_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_two_grants_the_group_ends_first),
		TEST(test_two_grants_the_login_is_revoked),
		TEST(test_standing_login_two_group_grants),
		TEST(test_a_right_that_is_denied_now_is_lost),
		TEST(test_standing_rights_alone),
		TEST(test_a_group_that_nobody_gave),
		TEST(test_no_list_of_groups_is_no_right),
	};

	return cmocka_run_group_tests_name("session_engine", tests, NULL, NULL);
}
