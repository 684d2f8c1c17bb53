/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Time: what a grant and an assignment are worth at the edges of their windows, and under clocks that people set back.
 * 10^5 draws each; with TENURE_TEST_LONG 10^6.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "common/snapshot/policy_check.h"
#include "common/snapshot/policy_format.h"
#include "tests/unit/world.h"

static unsigned draws(void)
{
	return getenv("TENURE_TEST_LONG") ? 1000000 : 100000;
}

/* alice is assigned login at the root and may be granted root. */
static struct world *simple(void)
{
	struct world *w = world_new();
	world_user(w, "alice");
	world_scope(w, "/a");
	world_host(w, "h", "/a", true);
	world_role(w, "operator", "login become:root", NULL);
	world_ceiling(w, "root", NULL);
	world_assignment(w, ASSIGNMENT_ACTIVE, "alice", "operator", "/");
	assert_int_equal(world_compile(w), 0);
	return w;
}

/* Edges, neighbours of edges, and anything. */
static int64_t some_time(struct random *r)
{
	static const int64_t edges[] = {INT64_MIN, -1, 0, 1000000000, INT64_MAX};
	int64_t time = edges[random_below(r, ARRAY_LENGTH(edges))];
	if (random_chance(r, 30))
		return (int64_t)random_next(r);
	if (random_chance(r, 30) && time < INT64_MAX)
		return time + 1;
	return random_chance(r, 30) && time > INT64_MIN ? time - 1 : time;
}

static bool ask(const struct world *w, enum question question, struct instant now)
{
	struct decision d;
	const struct decision_request request = {.question = question, .target = "root", .target_user = NO_INDEX, .now = now};
	return verdict_allows(decide(w->policy, &w->grants, &request, &d, NULL, NULL));
}

/* Start inclusive, end exclusive, on each clock. (The last moment of the range belongs to nobody, "forever" or not.) */
static bool oracle(const struct window *window, const struct instant *now)
{
	if (now->realtime_ns < window->start_ns)
		return false;
	return !(now->realtime_ns >= window->end_ns || now->boottime_ns >= window->boot_end_ns);
}

static struct policy_assignment_record *first_assignment(struct world *w)
{
	const struct policy_header *header = w->image;
	return (void *)((char *)w->image + header->sections[POLICY_ASSIGNMENTS].offset);
}

static void test_T7_random_windows_against_an_oracle(void **state)
{
	struct world *w = simple();
	struct random r = {.state = 7};
	struct policy_assignment_record *assignment = first_assignment(w);
	struct holder *grant = world_grant(w, "alice", "operator", RIGHT_BECOME, "root");
	unsigned held = 0;
	for (unsigned i = 0; i < draws(); i++) {
		const struct window standing = {some_time(&r), some_time(&r), TIME_FOREVER};
		const struct window granted = {some_time(&r), some_time(&r), some_time(&r)};
		const struct instant now = {some_time(&r), some_time(&r)};
		/* The account's dates are open, but its end is exclusive too: the last moment there is belongs to nobody. */
		bool account = now.realtime_ns < TIME_FOREVER;
		assignment->start_ns = standing.start_ns;
		assignment->end_ns = standing.end_ns;
		assert_int_equal(policy_seal(w->image, w->image_len), 0);
		grant->window = granted;
		bool login = account && oracle(&standing, &now), become = login || (account && oracle(&granted, &now));
		assert_int_equal(ask(w, QUESTION_LOGIN, now), login);
		assert_int_equal(ask(w, QUESTION_GATE, now), become);
		assert_int_equal(ask(w, QUESTION_GATE_ANY, now), become);
		held += become;
	}
	assert_true(held > draws() / 20 && held < draws());
	world_free(w);
}

/* A machine whose clocks people touch. `real` may be set; `boot` counts what truly passes, suspend included. */
struct machine {
	int64_t truth, real, boot;
	bool same_boot;
};

static void let_something_happen(struct machine *m, struct random *r)
{
	int64_t some = (int64_t)random_below(r, 3600) * NS_PER_S + (int64_t)random_below(r, 1000);
	switch (random_below(r, 8)) {
	case 0: /* somebody sets the clock back, far or a little */
		m->real -= random_chance(r, 50) ? some : some * 1000;
		return;
	case 1: /* or forward */
		m->real += some;
		return;
	case 2: /* a reboot: BOOTTIME starts again, the grants of the last boot are none */
		if (random_chance(r, 90))
			return;
		m->same_boot = false;
		m->truth += some;
		m->real += some;
		m->boot = 0;
		return;
	default: /* time passes, awake or asleep */
		m->truth += some;
		m->real += some;
		m->boot += some;
		return;
	}
}

/* A grant has no start: what a clock that is set back could take away, BOOTTIME has given. */
static void test_T40_no_clock_history_gives_a_second_too_much_or_too_little(void **state)
{
	struct world *w = simple();
	struct random r = {.state = 40};
	unsigned early = 0, held = 0;
	first_assignment(w)->end_ns = TIME_ALWAYS; /* nothing stands */
	assert_int_equal(policy_seal(w->image, w->image_len), 0);
	for (unsigned i = 0; i < draws(); i++) {
		struct machine m = {.real = INT64_C(1700000000) * NS_PER_S, .boot = 1000 * NS_PER_S, .same_boot = true};
		int64_t duration = (int64_t)(60 + random_below(&r, 7200)) * NS_PER_S;
		const struct window window = {TIME_ALWAYS, time_add(m.real, duration), time_add(m.boot, duration)};
		w->grants.count = 0;
		world_grant(w, "alice", "operator", RIGHT_BECOME, "root")->window = window;
		for (unsigned step = 0; step < 8; step++) {
			let_something_happen(&m, &r);
			w->grants.count = m.same_boot; /* holders_open: a table of another boot is empty */
			bool allowed = ask(w, QUESTION_GATE, (struct instant){m.real, m.boot});
			assert_int_equal(allowed, m.same_boot && m.truth < duration && m.real < window.end_ns);
			held += allowed;
			early += !allowed && m.truth < duration;
		}
	}
	assert_true(held > draws() && early > 0);
	world_free(w);
}

static void test_T40_window_arithmetic_stops_at_the_ends(void **state)
{
	struct random r = {.state = 41};
	for (unsigned i = 0; i < draws(); i++) {
		const struct window window = {some_time(&r), some_time(&r), some_time(&r)};
		const struct instant now = {some_time(&r), some_time(&r)};
		int64_t left = window_left_ns(&window, &now);
		assert_int_equal(window_holds(&window, &now), oracle(&window, &now));
		assert_true(left >= 0);
		if (window_holds(&window, &now))
			assert_true(left > 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_T7_random_windows_against_an_oracle),
		cmocka_unit_test(test_T40_no_clock_history_gives_a_second_too_much_or_too_little),
		cmocka_unit_test(test_T40_window_arithmetic_stops_at_the_ends),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
