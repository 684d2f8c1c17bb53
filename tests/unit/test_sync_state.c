/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is known of a tenant's server, who changed what, and whose password it is. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/snapshot/fresh.h"
#include "common/snapshot/map.h"
#include "tests/unit/cmocka_test.h"
#include "tests/unit/sync_fixture.h"

static size_t tenant_of(struct sync_bed *b, const char *name)
{
	return engine_tenant_by_name(b->f->engine, name);
}

static struct sync_status status_of(struct sync_bed *b, const char *name)
{
	struct sync_status s;

	assert_int_equal(sync_status(b->sync, tenant_of(b, name), &s), 0);
	return s;
}

static void test_status(void **state)
{
	struct sync_bed *b = *state;
	struct sync_status s = status_of(b, "fabrikam");
	char buf[ENGINE_STALE_MAX];
	const char *stale;

	assert_int_equal(sync_status(b->sync, tenant_of(b, "contoso"), &s), -ENOENT);
	s = status_of(b, "fabrikam");
	assert_false(s.connected);
	assert_non_null(s.trouble);
	assert_int_equal(s.answered_ns, 0);
	bed_load(b, "fabrikam", 3, "c1");
	s = status_of(b, "fabrikam");
	assert_true(s.connected);
	assert_false(s.polls);
	assert_null(s.trouble);
	assert_string_equal(s.uri, "ldaps://ldap.fabrikam.com");
	assert_int_equal(s.objects, 3);
	assert_int_equal(s.since_ns, TEST_NOW);
	assert_int_equal(s.answered_ns, TEST_NOW);
	assert_null(engine_stale(b->f->engine, tenant_of(b, "fabrikam"), buf));
	fixture_pass(b->f, 60 * NS_PER_S);
	assert_true(say_failed(fake_worker("fabrikam"), SYNC_FAILURE_TLS, "self\x1b[1m signed"));
	s = status_of(b, "fabrikam");
	assert_false(s.connected);
	assert_non_null(strstr(s.trouble, "no TLS; do: "));
	assert_null(strchr(s.trouble, '\x1b'));
	assert_int_equal(s.since_ns, TEST_NOW + 60 * NS_PER_S);
	stale = engine_stale(b->f->engine, tenant_of(b, "fabrikam"), buf);
	assert_string_equal(stale, "fabrikam's directory has not answered since 2026-03-02T13:00:00Z; what is known from then is "
				   "in force");
	/* Others hear nothing of it. */
	assert_null(engine_stale(b->f->engine, tenant_of(b, "contoso"), buf));
	assert_true(say_connected(fake_worker("fabrikam"), SYNC_POLLS));
	assert_true(status_of(b, "fabrikam").polls);
	assert_true(say(fake_worker("fabrikam"), SYNC_ALIVE, 0, NULL));
	assert_null(engine_stale(b->f->engine, tenant_of(b, "fabrikam"), buf));
	/* A reload forgets nothing of it. */
	fake_die(fake_worker("fabrikam"));
	bed_reload(b);
	assert_non_null(engine_stale(b->f->engine, tenant_of(b, "fabrikam"), buf));
	assert_int_equal(status_of(b, "fabrikam").answered_ns, TEST_NOW + 60 * NS_PER_S);
}

/* At most every second; by what is published alone, and never within a batch. */
static void test_signs_of_life(void **state)
{
	struct sync_bed *b = *state;
	struct worker *w;
	struct fresh f;

	assert_int_equal(fresh_read("fabrikam", &f), -ENOENT);
	w = bed_worker("fabrikam");
	assert_true(say_connected(w, 0));
	assert_true(say(w, SYNC_ALIVE, 0, NULL));
	bed_settle(b);
	assert_int_equal(fresh_read("fabrikam", &f), -ENOENT); /* it has said nothing yet */
	bed_load(b, "fabrikam", 1, "c1");
	assert_int_equal(fresh_read("fabrikam", &f), 0);
	assert_int_equal(f.boottime_ns, TEST_BOOT);
	assert_memory_equal(&f.tenant_id, &engine_tenant(b->f->engine, tenant_of(b, "fabrikam"))->id, sizeof(f.tenant_id));
	for (int i = 1; i <= 3; i++) {
		fixture_pass(b->f, NS_PER_S / 2);
		assert_true(say(w, SYNC_ALIVE, 0, NULL));
		bed_settle(b);
		assert_int_equal(fresh_read("fabrikam", &f), 0);
		assert_int_equal(f.boottime_ns, TEST_BOOT + (i >= 2 ? NS_PER_S : 0));
	}
	fixture_pass(b->f, 5 * NS_PER_S);
	assert_true(say_user(w, 2, 0, NULL));
	assert_true(say(w, SYNC_ALIVE, 0, NULL));
	bed_settle(b);
	assert_int_equal(fresh_read("fabrikam", &f), 0);
	assert_int_equal(f.boottime_ns, TEST_BOOT + NS_PER_S);
	/* A publication that fails vouches for nothing. */
	fixture_remove(b->f, "var/lib/tenure/tenants/fabrikam/identity");
	fixture_mkdir(b->f, "var/lib/tenure/tenants/fabrikam/identity");
	engine_directory_changed(b->f->engine, tenant_of(b, "fabrikam")); /* all of it, and no delta beside it */
	assert_true(say(w, SYNC_DONE, 0, "c2"));
	bed_settle(b);
	assert_non_null(engine_degraded(b->f->engine));
	assert_int_equal(fresh_read("fabrikam", &f), 0);
	assert_int_equal(f.boottime_ns, TEST_BOOT + NS_PER_S);
	fixture_rmdir(b->f, "var/lib/tenure/tenants/fabrikam/identity");
	fixture_pass(b->f, 2 * NS_PER_S);
	bed_settle(b);
	assert_null(engine_degraded(b->f->engine));
	assert_int_equal(fresh_read("fabrikam", &f), 0);
	assert_int_equal(f.boottime_ns, TEST_BOOT + 13 * NS_PER_S / 2);
	assert_true(bed_knows(b, FABRIKAM_UID + 2));
}

/* Who changed what; the people who come with a first load are no changes of policy. */
static void test_changes_of_policy_are_in_the_journal(void **state)
{
	struct sync_bed *b = *state;
	size_t before;
	struct worker *w;

	bed_load(b, "fabrikam", 5, "c1");
	w = fake_worker("fabrikam");
	before = fixture_count_events(b->f, "policy");
	assert_true(say_user(w, 6, 0, NULL));
	assert_true(say_user(w, 5, SYNC_TAG_SSH_KEY, "ssh-ed25519 AAAA"));
	assert_true(say(w, SYNC_DONE, 0, "c2"));
	assert_int_equal(fixture_count_events(b->f, "policy"), before);
	assert_true(say_user(w, 1, SYNC_TAG_ENABLED, "false"));
	assert_true(say_assignment(w, 1, 2, "active", "host-administrator-login"));
	assert_true(say(w, SYNC_DONE, 0, "c3"));
	assert_int_equal(fixture_count_events(b->f, "policy"), before + 2);
	char *text = fixture_read_journal(b->f);

	assert_non_null(strstr(text, "\"source\":\"cn=a1,ou=assignments,dc=example\",\"kind\":\"assignment\","
				     "\"change\":\"added\",\"modifier\":\"cn=admin,dc=example\""));
	assert_non_null(strstr(text, "\"kind\":\"user\",\"change\":\"changed\""));
	free(text);
	assert_true(say_uuid(w, SYNC_DELETED, 0x8001));
	assert_true(say(w, SYNC_DONE, 0, "c4"));
	assert_int_equal(fixture_count_events(b->f, "policy"), before + 3);
	/* A hundred at once: 64 lines, and how many more. */
	for (unsigned n = 1; n <= 100; n++)
		assert_true(say_assignment(w, n, 2, "active", "host-user-login"));
	assert_true(say(w, SYNC_DONE, 0, "c5"));
	assert_int_equal(fixture_count_events(b->f, "policy"), before + 3 + 65);
	text = fixture_read_journal(b->f);
	assert_non_null(strstr(text, "\"more\":36"));
	free(text);
	/* And a broker that replays them is well. */
	bed_settle(b);
	bed_restart(b);
	assert_null(engine_degraded(b->f->engine));
}

/* Changes while a publication may not be yet are one publication. */
static void test_a_stream_of_changes_is_paced(void **state)
{
	struct sync_bed *b = *state;
	uint64_t generation;
	struct worker *w;

	bed_load(b, "fabrikam", 1, "c1");
	w = fake_worker("fabrikam");
	generation = generation_read();
	for (unsigned n = 2; n < 10; n++) {
		assert_true(say_user(w, n, 0, NULL));
		assert_true(say(w, SYNC_DONE, 0, "c2"));
	}
	assert_int_equal(generation_read(), generation);
	bed_settle(b);
	assert_int_equal(generation_read(), generation + 1);
	assert_true(bed_knows(b, FABRIKAM_UID + 9));
}

/* --- passwords --- */

struct answer {
	unsigned calls;
	enum sync_verdict verdict;
	char text[128];
};

static void on_answer(void *context, enum sync_verdict verdict, const char *text)
{
	struct answer *a = context;

	a->calls++;
	a->verdict = verdict;
	(void)snprintf(a->text, sizeof(a->text), "%s", text ? text : "");
}

static bool say_result(struct worker *w, unsigned verdict, const char *text)
{
	static struct sync_packet p;
	struct sync_field serial;

	assert_int_equal(sync_find(sync_packet_fields(&w->sent), SYNC_TAG_SERIAL, &serial), 0);
	sync_packet_begin(&p, SYNC_RESULT, verdict);
	assert_int_equal(sync_packet_add(&p, SYNC_TAG_SERIAL, serial.data, serial.len), 0);
	if (text)
		assert_int_equal(sync_packet_add_text(&p, SYNC_TAG_TEXT, text), 0);
	return fake_say(w, &p);
}

static void test_T1_passwords(void **state)
{
	static const struct {
		unsigned said, verdict;
	} verdicts[] = {
		{SYNC_VERDICT_YES, SYNC_VERDICT_YES}, {SYNC_VERDICT_NO, SYNC_VERDICT_NO},
		{SYNC_VERDICT_EXPIRED, SYNC_VERDICT_EXPIRED}, {1, SYNC_VERDICT_NO}, {0, SYNC_VERDICT_NO},
		{0x5b, SYNC_VERDICT_NO},
	};
	const struct uuid user1 = {{0xd1, [15] = 1}}, nobody = {{0xd1, [15] = 9}};
	struct sync_bed *b = *state;
	struct sync_login *l = NULL;
	struct sync_field dn;
	struct answer a = {0};
	size_t fabrikam = tenant_of(b, "fabrikam");

	assert_int_equal(sync_login(b->sync, fabrikam, &user1, "secret", on_answer, &a, &l), -ENOTCONN);
	bed_load(b, "fabrikam", 1, "c1");
	assert_int_equal(sync_login(b->sync, fabrikam, &user1, "", on_answer, &a, &l), -EINVAL);
	assert_int_equal(sync_passwd(b->sync, fabrikam, &user1, "secret", "", on_answer, &a, &l), -EINVAL);
	assert_int_equal(sync_login(b->sync, fabrikam, &nobody, "secret", on_answer, &a, &l), -ENOENT);
	for (size_t i = 0; i < ARRAY_LENGTH(verdicts); i++) {
		a = (struct answer){0};
		assert_int_equal(sync_login(b->sync, fabrikam, &user1, "secret", on_answer, &a, &l), 0);
		assert_int_equal(sync_packet_type(&fake_worker("fabrikam")->sent), SYNC_LOGIN);
		assert_int_equal(sync_find(sync_packet_fields(&fake_worker("fabrikam")->sent), SYNC_TAG_DN, &dn), 0);
		assert_memory_equal(dn.data, "uid=user1,", 10);
		assert_true(say_result(fake_worker("fabrikam"), verdicts[i].said, "text"));
		assert_int_equal(a.calls, 1);
		assert_int_equal(a.verdict, verdicts[i].verdict);
		assert_string_equal(a.text, "text");
		/* Said twice, it serves nobody. */
		assert_true(say_result(fake_worker("fabrikam"), SYNC_VERDICT_YES, NULL));
		assert_int_equal(a.calls, 1);
	}
	a = (struct answer){0};
	assert_int_equal(sync_passwd(b->sync, fabrikam, &user1, "secret", "other", on_answer, &a, &l), 0);
	assert_int_equal(sync_packet_type(&fake_worker("fabrikam")->sent), SYNC_PASSWD);
	fake_die(fake_worker("fabrikam"));
	assert_int_equal(a.calls, 1);
	assert_int_equal(a.verdict, SYNC_VERDICT_UNAVAILABLE);
	/* Cancelled, nobody is called. */
	bed_load(b, "fabrikam", 1, "c2");
	a = (struct answer){0};
	assert_int_equal(sync_login(b->sync, fabrikam, &user1, "secret", on_answer, &a, &l), 0);
	sync_login_cancel(l);
	assert_true(say_result(fake_worker("fabrikam"), SYNC_VERDICT_YES, NULL));
	assert_int_equal(a.calls, 0);
}

int main(void)
{
#define SYNC_TEST(fn) cmocka_unit_test_setup_teardown(fn, sync_bed_setup, sync_bed_teardown)
	const struct CMUnitTest tests[] = {
		SYNC_TEST(test_status),
		SYNC_TEST(test_signs_of_life),
		SYNC_TEST(test_changes_of_policy_are_in_the_journal),
		SYNC_TEST(test_a_stream_of_changes_is_paced),
		SYNC_TEST(test_T1_passwords),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
