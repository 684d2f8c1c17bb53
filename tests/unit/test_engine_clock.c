/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * T40: whatever happens to the clocks, nobody holds a grant for longer than it was given. Random histories against a
 * model that knows the true time; first of the rules alone (10^5, with TENURE_TEST_LONG 10^6), then of a whole engine
 * with its journal, read as gates read it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/tenured/state.h"
#include "tests/unit/cmocka_test.h"
#include "tests/unit/engine_fixture.h"

#define MINUTE (60 * NS_PER_S)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)

static uint64_t seed = 1;

static uint64_t draw(uint64_t below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed % below;
}

/* Mostly small, now and then years. */
static int64_t draw_time(void)
{
	static const int64_t scale[] = {NS_PER_S, MINUTE, HOUR, DAY, 30 * DAY, 4000 * DAY};

	return (int64_t)(draw(1000) + 1) * (scale[draw(ARRAY_LENGTH(scale))] / 1000);
}

/* --- the rules alone --- */

struct history {
	struct instant now;
	int64_t true_ns;      /* since the history began: what nobody can set */
	int64_t true_offset;  /* REALTIME - true, as it was right at the beginning */
	bool clock_was_right; /* nobody moved it while the host was down */
	struct state state;
	struct request grant;
	bool granted, over; /* over: seen to be, once */
	int64_t granted_true, granted_real, duration, bound_true;
	int64_t left; /* of both clocks when it began: what it must be worth */
};

static void begin(struct history *h)
{
	memset(h, 0, sizeof(*h));
	h->now = (struct instant){TEST_NOW, (int64_t)draw(HOUR)};
	h->true_offset = TEST_NOW;
	h->clock_was_right = true;
	h->state.boot.bytes[0] = 1;
	floor_note(&h->state.floor, &h->state.boot, &h->now);
}

static void grant(struct history *h)
{
	const struct instant dates = floor_apply(&h->state.floor, &h->state.boot, &h->now);
	const int64_t bound = draw(2) ? TIME_FOREVER : TEST_NOW + draw_time();

	if (h->granted || dates.realtime_ns >= bound)
		return;
	h->duration = (int64_t)draw(24 * HOUR) + NS_PER_S;
	h->grant = (struct request){
		.state = REQUEST_ACTIVE,
		.boot = h->state.boot,
		.window = state_grant_window(&h->now, &dates, h->duration, bound),
	};
	h->granted = true;
	h->granted_true = h->true_ns;
	h->granted_real = h->now.realtime_ns;
	h->left = h->duration;
	if (bound != TIME_FOREVER && bound - dates.realtime_ns < h->left)
		h->left = bound - dates.realtime_ns;
	h->bound_true = bound == TIME_FOREVER ? TIME_FOREVER : bound - h->true_offset;
	/* The date itself is only as good as the clock was when the journal last could see it. */
	if (!h->clock_was_right)
		h->bound_true = TIME_FOREVER;
}

static void step(struct history *h)
{
	int64_t dt = draw_time();

	switch (draw(8)) {
	case 0: /* set forward */
		h->now.realtime_ns += dt;
		break;
	case 1: /* set back */
	case 2:
		h->now.realtime_ns -= dt;
		break;
	case 3: /* reboot, with REALTIME anywhere */
		h->true_ns += dt;
		h->state.boot.bytes[0]++;
		h->now.boottime_ns = (int64_t)draw(MINUTE);
		h->now.realtime_ns += draw(2) ? dt : -dt;
		h->clock_was_right = false;
		break;
	case 4:
		grant(h);
		break;
	default: /* time passes, suspended or not */
		h->true_ns += dt;
		h->now.realtime_ns += dt;
		h->now.boottime_ns += dt;
		break;
	}
	if (draw(3))
		floor_note(&h->state.floor, &h->state.boot, &h->now);
}

static void check(struct history *h, uint64_t history)
{
	bool live;

	if (!h->granted)
		return;
	live = state_is_live(&h->state, &h->grant, &h->now);
	if (live && (h->true_ns - h->granted_true >= h->duration || h->true_ns >= h->bound_true))
		fail_msg("history %llu: held %lld ns too long", (unsigned long long)history,
			 (long long)(h->true_ns - h->granted_true - h->duration));
	/* Nor is it cut: neither by a clock that was set back, nor by anything but its ends. */
	if (!h->over && uuid_equal(&h->grant.boot, &h->state.boot) && h->true_ns - h->granted_true < h->left &&
	    h->now.realtime_ns - h->granted_real < h->left && !live)
		fail_msg("history %llu: ended %lld ns too early", (unsigned long long)history,
			 (long long)(h->left - (h->true_ns - h->granted_true)));
	if (!live && !h->over) {
		h->over = true;
		h->grant.state = REQUEST_EXPIRED; /* the tick sees it, and the journal keeps it */
	}
	if (h->over)
		assert_false(live);
}

static void test_T40_random_clock_histories_overgrant_nothing(void **unused)
{
	const uint64_t histories = getenv("TENURE_TEST_LONG") ? 1000000 : 100000;
	uint64_t granted = 0;

	for (uint64_t i = 0; i < histories; i++) {
		struct history h;

		seed = i * UINT64_C(0x9e3779b97f4a7c15) + 1;
		begin(&h);
		for (int n = 0; n < 24; n++) {
			step(&h);
			check(&h, i);
		}
		granted += h.granted;
	}
	assert_true(granted > histories / 2);
}

/* --- a whole engine --- */

/* What an hour of "quick" is worth, whatever was done to REALTIME. */
static bool must_hold(const struct engine_fixture *f, const struct instant *granted)
{
	return granted->boottime_ns >= 0 && f->clock.at.boottime_ns - granted->boottime_ns < HOUR &&
	       f->clock.at.realtime_ns - granted->realtime_ns < HOUR;
}

static void test_T40_a_whole_engine_grants_what_it_said_and_no_more(void **state)
{
	const struct instant none = {.boottime_ns = -1};
	struct engine_fixture *f = *state;
	const unsigned histories = getenv("TENURE_TEST_LONG") ? 600 : 40;
	unsigned granted = 0, held = 0;

	seed = 4711;
	for (unsigned i = 0; i < histories; i++) {
		const struct request *r;
		struct instant since = none;

		for (int n = 0; n < 12; n++) {
			int64_t dt = (int64_t)draw(40 * MINUTE);

			switch (draw(6)) {
			case 0:
				f->clock.at.realtime_ns += (int64_t)draw(2 * DAY) - DAY;
				break;
			case 1:
				if (since.boottime_ns < 0 && fixture_request(f, UID_ALICE, "quick", &r) == 0) {
					since = f->clock.at;
					granted++;
				}
				break;
			case 2:
				fixture_restart(f);
				break;
			case 3:
				if (draw(4) == 0) {
					fixture_reboot(f, dt);
					since = none;
				}
				break;
			default:
				fixture_pass(f, dt);
				break;
			}
			assert_int_equal(fixture_granted(f, "postgres"), must_hold(f, &since));
			held += must_hold(f, &since);
			(void)engine_tick(f->engine);
			if (!must_hold(f, &since))
				since = none; /* over, seen and written down: it never comes back */
		}
		fixture_pass(f, HOUR);
		assert_int_equal(fixture_granted(f, "postgres"), 0);
	}
	assert_true(granted > histories / 2 && held > histories);
}

static void test_T40_a_clock_set_back_ends_nothing_early(void **state)
{
	struct engine_fixture *f = *state;
	const struct request *r;

	assert_int_equal(fixture_request(f, UID_ALICE, "quick", &r), 0);
	fixture_pass(f, MINUTE);
	f->clock.at.realtime_ns -= 61 * NS_PER_S; /* before the grant began */
	(void)engine_tick(f->engine);
	assert_int_equal(r->state, REQUEST_ACTIVE);
	assert_int_equal(fixture_granted(f, "postgres"), 1);
	fixture_restart(f);
	assert_int_equal(fixture_granted(f, "postgres"), 1);
	fixture_pass(f, HOUR - MINUTE);
	assert_int_equal(fixture_granted(f, "postgres"), 0);
	assert_int_equal(fixture_count_events(f, "expire"), 1);
}

/* Who may take away, deny and look on is judged by dates that no clock brings back either. */
static void test_T40_a_clock_set_back_revives_no_management_right(void **state)
{
	struct engine_fixture *f = *state;
	const struct request *r, *after;
	struct actor carol;

	fixture_edit(f, "etc/tenure/directory.d/contoso.conf", "user = \"carol\"; scope = \"/\";",
		     "user = \"carol\"; scope = \"/\"; end = \"2026-03-02T14:00:00Z\";");
	fixture_reload(f);
	carol = fixture_actor(f, UID_CAROL);
	assert_int_equal(fixture_request(f, UID_ALICE, "quick", &r), 0);
	assert_int_equal(engine_revoke(f->engine, &carol, &r->id, "while she may", &after), 0);
	fixture_pass(f, 2 * HOUR);
	assert_int_equal(fixture_request(f, UID_ALICE, "quick", &r), 0);
	assert_int_equal(engine_revoke(f->engine, &carol, &r->id, "too late", &after), -EACCES);
	f->clock.at.realtime_ns -= 2 * HOUR;
	assert_int_equal(engine_revoke(f->engine, &carol, &r->id, "too late", &after), -EACCES);
	assert_int_equal(r->state, REQUEST_ACTIVE);
}

/* Sessions have their minute to end from when the grant was over, whichever clock said so. */
static size_t one_session(void *context, const struct request *r)
{
	return *(size_t *)context;
}

static void test_expire_waits_a_minute_from_the_end(void **state)
{
	struct engine_fixture *f = *state;
	size_t sessions = 1;
	const struct engine_hooks hooks = {&sessions, NULL, one_session};
	const struct request *r;

	engine_set_hooks(f->engine, &hooks);
	assert_int_equal(fixture_request(f, UID_ALICE, "quick", &r), 0);
	f->clock.at.realtime_ns += 2 * HOUR; /* REALTIME ends it, with an hour of BOOTTIME left */
	(void)engine_tick(f->engine);
	assert_true(r->ending);
	fixture_pass(f, EXPIRE_WAIT_NS - NS_PER_S);
	assert_int_equal(fixture_count_events(f, "expire"), 0);
	fixture_pass(f, NS_PER_S);
	assert_false(r->ending);
	assert_int_equal(fixture_count_events(f, "expire"), 1);
	engine_set_hooks(f->engine, NULL);
}

static void test_T40_a_clock_set_back_revives_no_assignment(void **state)
{
	struct engine_fixture *f = *state;
	const struct request *r;

	fixture_pass(f, HOUR + MINUTE); /* "short" ended a minute ago */
	assert_int_equal(fixture_request(f, UID_ALICE, "short", &r), -EACCES);
	f->clock.at.realtime_ns -= HOUR;
	assert_int_equal(fixture_request(f, UID_ALICE, "short", &r), -EACCES);
	fixture_restart(f);
	assert_int_equal(fixture_request(f, UID_ALICE, "short", &r), -EACCES);
	/* Another boot with the clock set back still further. */
	f->clock.at.realtime_ns -= DAY;
	fixture_reboot(f, 0);
	assert_int_equal(fixture_request(f, UID_ALICE, "short", &r), -EACCES);
	/* What is granted meanwhile counts for gates at once, and ends in time. */
	assert_int_equal(fixture_request(f, UID_ALICE, "quick", &r), 0);
	assert_int_equal(fixture_granted(f, "postgres"), 1);
	fixture_pass(f, HOUR);
	assert_int_equal(fixture_granted(f, "postgres"), 0);
}

static void test_a_clock_far_ahead_is_no_floor_and_root_may_say_so(void **state)
{
	struct engine_fixture *f = *state;
	struct actor root = fixture_actor(f, 0), alice = fixture_actor(f, UID_ALICE);
	const struct request *r;

	f->clock.at.realtime_ns += 3000 * DAY;
	(void)engine_tick(f->engine);
	(void)engine_tick(f->engine);
	assert_int_equal(fixture_count_events(f, "warn"), 1);
	assert_int_equal(fixture_request(f, UID_ALICE, "short", &r), -EACCES);
	f->clock.at.realtime_ns -= 3000 * DAY;
	assert_int_equal(fixture_request(f, UID_ALICE, "short", &r), 0); /* one wrong clock closes nothing for years */
	/* Within the threshold it is believed, until root says what time it is. */
	f->clock.at.realtime_ns += 20 * HOUR;
	(void)engine_tick(f->engine);
	f->clock.at.realtime_ns -= 20 * HOUR;
	assert_int_equal(fixture_request(f, UID_DAVE, "short", &r), -EACCES);
	assert_int_equal(engine_journal_reset(f->engine, &alice, "clock", "wrong"), -EACCES);
	assert_int_equal(engine_journal_reset(f->engine, &root, "clock", ""), -ENODATA);
	assert_int_equal(engine_journal_reset(f->engine, &root, "clocks", "wrong"), -EINVAL);
	assert_int_equal(engine_journal_reset(f->engine, &root, "clock", "it was wrong at boot"), 0);
	assert_int_equal(fixture_count_events(f, "journal-reset"), 1);
	assert_int_equal(fixture_request(f, UID_DAVE, "short", &r), 0);
	fixture_restart(f);
	assert_int_equal(fixture_request(f, UID_BOB, "short", &r), 0);
}

int main(void)
{
#define CLOCK_TEST(fn) cmocka_unit_test_setup_teardown(fn, engine_fixture_setup, engine_fixture_teardown)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_T40_random_clock_histories_overgrant_nothing),
		CLOCK_TEST(test_T40_a_whole_engine_grants_what_it_said_and_no_more),
		CLOCK_TEST(test_T40_a_clock_set_back_ends_nothing_early),
		CLOCK_TEST(test_T40_a_clock_set_back_revives_no_management_right),
		CLOCK_TEST(test_expire_waits_a_minute_from_the_end),
		CLOCK_TEST(test_T40_a_clock_set_back_revives_no_assignment),
		CLOCK_TEST(test_a_clock_far_ahead_is_no_floor_and_root_may_say_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
