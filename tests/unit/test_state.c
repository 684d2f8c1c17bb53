/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Replay: what makes no sense changes nothing, whatever a journal may say. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/tenured/state.h"
#include "tests/unit/cmocka_test.h"

#define ID(n) "0b0b0b0b-0000-4000-8000-00000000000" #n
#define TENANT "5d0b3a2e-7c64-4f0e-9a57-2b3c8d1e4f60"
#define REQUEST(id)                                                                                                    \
	"{\"id\":\"" id "\",\"user\":\"alice@contoso.com\",\"role\":\"db\",\"scope\":\"/\",\"tenant_id\":\"" TENANT     \
	"\",\"principal\":\"" ID(8) "\",\"uid\":1900000001,\"login\":\"alice\",\"role_id\":\"" ID(9)                   \
	"\",\"duration_ns\":60,\"times_out_ns\":1000,\"approvals\":1}"
#define ABOUT(id)    "{\"id\":\"" id "\"}"
#define APPROVE(id)  "{\"id\":\"" id "\",\"by\":\"carol@contoso.com\",\"by_principal\":\"" ID(7) "\",\"reason\":\"x\"}"
#define ACTIVATE(id) "{\"id\":\"" id "\",\"start_ns\":1,\"end_ns\":100,\"boot_end_ns\":100}"

static const struct uuid boot = {{1}};

static void say(struct state *s, const char *event, const char *fields)
{
	static uint64_t seq;
	struct journal_record record = {.seq = ++seq, .at = {50, 50}, .boot = boot, .event = journal_event_of(event),
					.name = event, .line = json_loads(fields, 0, NULL)};

	assert_non_null(record.line);
	assert_int_equal(state_apply(s, &record), 0);
	json_decref(record.line);
}

static int begin(void **ret)
{
	struct state *s = calloc(1, sizeof(*s));

	state_init(s, &boot);
	*ret = s;
	return 0;
}

static int finish(void **context)
{
	state_done(*context);
	free(*context);
	return 0;
}

static const struct request *only(struct state *s)
{
	assert_int_equal(s->request_count, 1);
	return s->requests[0];
}

static void test_what_is_over_stays_over(void **context)
{
	static const char *const endings[] = {"deny", "cancel", "time-out", "failed"};
	static const char *const ends[] = {"expire", "end", "revoke"};

	for (size_t i = 0; i < ARRAY_LENGTH(endings) + ARRAY_LENGTH(ends); i++) {
		const bool granted = i >= ARRAY_LENGTH(endings);
		struct state s;

		state_init(&s, &boot);
		say(&s, "request", REQUEST(ID(1)));
		if (granted)
			say(&s, "activate", ACTIVATE(ID(1)));
		say(&s, granted ? ends[i - ARRAY_LENGTH(endings)] : endings[i], ABOUT(ID(1)));
		const enum request_state over = only(&s)->state;

		assert_int_not_equal(over, REQUEST_PENDING);
		assert_int_not_equal(over, REQUEST_ACTIVE);
		say(&s, "approve", APPROVE(ID(1)));
		say(&s, "activate", ACTIVATE(ID(1)));
		say(&s, "request", REQUEST(ID(1)));
		assert_int_equal(only(&s)->state, over);
		assert_int_equal(only(&s)->approval_count, 0);
		assert_int_equal(s.nonsense, 3);
		state_done(&s);
	}
}

static void test_T44_a_replayed_activation_changes_nothing(void **context)
{
	struct state *s = *context;
	const struct instant before = {50, 50}, after = {50, 100};

	say(s, "request", REQUEST(ID(1)));
	say(s, "activate", ACTIVATE(ID(1)));
	say(s, "activate", "{\"id\":\"" ID(1) "\",\"start_ns\":1,\"end_ns\":999,\"boot_end_ns\":999}");
	assert_int_equal(only(s)->window.boot_end_ns, 100);
	assert_true(state_is_live(s, only(s), &before));
	assert_false(state_is_live(s, only(s), &after));
	say(s, "activate", ACTIVATE(ID(2)));
	assert_int_equal(s->nonsense, 2);
	s->boot.bytes[0] = 2; /* another boot */
	assert_false(state_is_live(s, only(s), &before));
}

static void test_an_approval_counts_once(void **context)
{
	struct state *s = *context;

	say(s, "request", REQUEST(ID(1)));
	say(s, "approve", APPROVE(ID(1)));
	say(s, "approve", APPROVE(ID(1)));
	assert_int_equal(only(s)->approval_count, 1);
}

static void test_bindings_are_one_to_one_and_for_good(void **context)
{
	struct state *s = *context;
	struct uuid tenant, alice, bob;

	assert_int_equal(uuid_parse(TENANT, &tenant), 0);
	assert_int_equal(uuid_parse(ID(1), &alice), 0);
	assert_int_equal(uuid_parse(ID(2), &bob), 0);
#define BIND(login, uid, id)                                                                                           \
	"{\"login\":\"" login "\",\"uid\":" uid ",\"tenant_id\":\"" TENANT "\",\"principal\":\"" id "\"}"
	say(s, "bind", BIND("bob", "1001", ID(2)));
	say(s, "bind", BIND("bob", "1002", ID(1)));
	say(s, "bind", BIND("rob", "1003", ID(2)));
	assert_int_equal(s->binding_count, 1);
	assert_int_equal(state_binding_of_login(s, "bob")->uid, 1001);
	assert_null(state_binding_of_principal(s, &tenant, &alice));
	say(s, "retire", BIND("x", "1900000001", ID(1)));
	assert_true(state_uid_is_free(s, &tenant, 1900000001, &alice));
	assert_false(state_uid_is_free(s, &tenant, 1900000001, &bob));
	assert_true(state_uid_is_free(s, &tenant, 1900000002, &bob));
}

static void test_nonsense_changes_nothing(void **context)
{
	static const char *const lines[][2] = {
		{"request", "{}"},
		{"request", "{\"id\":\"x\"}"},
		{"request", ABOUT(ID(1))},
		{"activate", "{}"},
		{"activate", ABOUT(ID(1))},
		{"approve", ABOUT(ID(1))},
		{"expire", "{\"id\":7}"},
		{"bind", "{\"login\":\"bob\"}"},
		{"retire", "{\"uid\":-1}"},
		{"retire", "{\"uid\":4294967296}"},
		{"policy", "{\"file\":\"x\",\"sha256\":\"short\"}"},
	};
	struct state *s = *context;

	for (size_t i = 0; i < ARRAY_LENGTH(lines); i++)
		say(s, lines[i][0], lines[i][1]);
	assert_int_equal(s->nonsense, ARRAY_LENGTH(lines));
	assert_int_equal(s->request_count + s->binding_count + s->retired_count + s->file_count, 0);
	say(s, "of-a-later-version", "{\"id\":\"" ID(1) "\"}");
	assert_int_equal(s->nonsense, ARRAY_LENGTH(lines));
}

/* --- a long journal --- */

#define MANY	100000
#define MINUTES (60 * NS_PER_S)

static uint64_t comparisons;
bool __real_uuid_equal(const struct uuid *a, const struct uuid *b);
bool __wrap_uuid_equal(const struct uuid *a, const struct uuid *b);

bool __wrap_uuid_equal(const struct uuid *a, const struct uuid *b)
{
	comparisons++;
	return __real_uuid_equal(a, b);
}

static void replay(struct state *s, uint64_t n, const char *event, json_t *line)
{
	const int64_t at = (int64_t)n * 10 * MINUTES;
	struct journal_record record = {.seq = n, .at = {at, at}, .boot = boot, .event = journal_event_of(event),
					.name = event, .line = line};

	assert_non_null(line);
	assert_int_equal(state_replay(s, &record), 0);
	json_decref(line);
}

/* A request every ten minutes for two years, each denied: the work for a line does not grow with those before it. */
static void test_a_long_journal_is_read_in_its_length(void **context)
{
	struct state *s = *context;
	json_t *request = json_loads(REQUEST(ID(1)), 0, NULL);

	comparisons = 0;
	for (uint64_t n = 1; n <= MANY; n++) {
		struct uuid id = {{0}};
		char text[UUID_TEXT_MAX];

		memcpy(id.bytes, &n, sizeof(n));
		uuid_format(&id, text);
		assert_int_equal(json_object_set_new(request, "id", json_string(text)), 0);
		replay(s, n, "request", json_deep_copy(request));
		replay(s, n, "deny", json_pack("{s:s}", "id", text));
		assert_int_equal(state_request(s, &id)->state, REQUEST_DENIED);
	}
	json_decref(request);
	assert_int_equal(s->nonsense, 0);
	assert_in_range(comparisons, MANY, 10 * MANY);
	/* Nor does what is kept of it: a month, and what came since it was last looked at. */
	assert_in_range(s->request_count, 31 * 24 * 6, 31 * 24 * 6 + 1000);
}

static void test_old_ones_are_forgotten_live_ones_never(void **context)
{
	const struct instant late = {STATE_KEEP_NS + 100, 60};
	struct state *s = *context;

	say(s, "request", REQUEST(ID(1)));
	say(s, "request", REQUEST(ID(2)));
	say(s, "activate", ACTIVATE(ID(2)));
	say(s, "request", REQUEST(ID(3)));
	say(s, "deny", ABOUT(ID(3)));
	state_trim(s, &late);
	assert_int_equal(s->request_count, 2);
	say(s, "cancel", ABOUT(ID(1))); /* they are found where they stand now */
	say(s, "end", ABOUT(ID(2)));
	say(s, "deny", ABOUT(ID(3)));
	assert_int_equal(s->requests[0]->state, REQUEST_CANCELLED);
	assert_int_equal(s->requests[1]->state, REQUEST_ENDED);
	assert_int_equal(s->nonsense, 1);
}

int main(void)
{
#define STATE_TEST(fn) cmocka_unit_test_setup_teardown(fn, begin, finish)
	const struct CMUnitTest tests[] = {
		STATE_TEST(test_what_is_over_stays_over),
		STATE_TEST(test_T44_a_replayed_activation_changes_nothing),
		STATE_TEST(test_an_approval_counts_once),
		STATE_TEST(test_bindings_are_one_to_one_and_for_good),
		STATE_TEST(test_nonsense_changes_nothing),
		STATE_TEST(test_old_ones_are_forgotten_live_ones_never),
		STATE_TEST(test_a_long_journal_is_read_in_its_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
