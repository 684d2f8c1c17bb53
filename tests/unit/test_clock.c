/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/cmocka_test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/base/clock.h"

static void test_windows(void **state)
{
	struct window w = {100, 200, 1000};
	struct instant now = {100, 0};

	assert_true(window_holds(&w, &now));
	now.realtime_ns = 99;
	assert_false(window_holds(&w, &now));
	now.realtime_ns = 199;
	assert_true(window_holds(&w, &now));
	now.realtime_ns = 200;
	assert_false(window_holds(&w, &now));
	now = (struct instant){150, 999};
	assert_true(window_holds(&w, &now));
	assert_int_equal(window_left_ns(&w, &now), 1);
	now.boottime_ns = 1000;
	assert_false(window_holds(&w, &now));
	assert_int_equal(window_left_ns(&w, &now), 0);
	w = WINDOW_ALWAYS;
	assert_true(window_holds(&w, &now));
	assert_true(window_left_ns(&w, &now) == TIME_FOREVER);
}

/* Whatever the two clocks do, the window is over when the first of them has reached its end. */
static void test_window_against_an_oracle(void **state)
{
	unsigned short seed[3] = {1, 2, 3};

	for (int i = 0; i < 1000000; i++) {
		struct window w = {nrand48(seed) % 8, nrand48(seed) % 8, nrand48(seed) % 8};
		struct instant now = {nrand48(seed) % 8, nrand48(seed) % 8};
		bool over = now.realtime_ns >= w.end_ns || now.boottime_ns >= w.boot_end_ns;
		bool begun = now.realtime_ns >= w.start_ns;

		if (window_holds(&w, &now) != (begun && !over) || (window_left_ns(&w, &now) == 0) != over)
			fail_msg("wrong at %d", i);
	}
}

static void test_addition_stops(void **state)
{
	assert_int_equal(time_add(1, 2), 3);
	assert_true(time_add(TIME_FOREVER - 1, 2) == TIME_FOREVER);
	assert_true(time_add(TIME_FOREVER, 1) == TIME_FOREVER);
}

static void test_time_agrees_with_libc(void **state)
{
	for (int64_t s = -5000000000; s < 9000000000; s += 86399 * 37 + 1) {
		char ours[TIME_TEXT_MAX], theirs[64];
		time_t t = s;
		struct tm tm;
		int64_t back;

		gmtime_r(&t, &tm);
		strftime(theirs, sizeof(theirs), "%Y-%m-%dT%H:%M:%SZ", &tm);
		time_format_rfc3339(s * NS_PER_S, ours, sizeof(ours));
		assert_string_equal(ours, theirs);
		assert_int_equal(time_parse_rfc3339(ours, &back), 0);
		assert_int_equal(back, s * NS_PER_S);
	}
}

static void test_time_is_parsed_strictly(void **state)
{
	static const char *const bad[] = {
		"", "2026-12-31", "2026-12-31T23:59:59", "2026-12-31 23:59:59Z", "2026-12-31T23:59:60Z",
		"2026-12-31T24:00:00Z", "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z", "2026-02-29T00:00:00Z",
		"2026-12-31T23:59:59z", "2026-12-31T23:59:59Z ", " 2026-12-31T23:59:59Z", "2026-12-31T23:59:59+1:00",
		"2026-12-31T23:59:59+24:00", "2026-12-31T23:59:59.Z", "2026-12-31T23:59:59.1234567890Z", "26-12-31T23:59:59Z",
	};
	int64_t t, u;

	for (size_t i = 0; i < ARRAY_LENGTH(bad); i++)
		if (time_parse_rfc3339(bad[i], &t) != -EINVAL)
			fail_msg("took \"%s\"", bad[i]);
	assert_int_equal(time_parse_rfc3339("1970-01-01T01:00:00+01:00", &t), 0);
	assert_int_equal(t, 0);
	assert_int_equal(time_parse_rfc3339("2024-02-29T00:00:00.5-05:30", &t), 0);
	assert_int_equal(time_parse_rfc3339("2024-02-29T05:30:00.500Z", &u), 0);
	assert_int_equal(t, u);
	assert_int_equal(time_parse_rfc3339("9999-12-31T23:59:59Z", &t), -ERANGE);
	assert_int_equal(time_parse_rfc3339("0000-01-01T00:00:00Z", &t), -ERANGE);
}

static void test_durations(void **state)
{
	static const char *const bad[] = {"", "10", "s", "1h1h", "1m1h", "1 h", " 1h", "1h ", "-1h", "01h", "1.5h", "1w", "1H", "0x1h"};
	static const struct {
		const char *text, *shortest;
		int64_t seconds;
	} good[] = {{"20s", "20s", 20}, {"90m", "1h30m", 5400}, {"1h30m", "1h30m", 5400}, {"0s", "0s", 0},
		    {"1d", "1d", 86400}, {"24h", "1d", 86400}, {"366d", "366d", 31622400}, {"1d2h3m4s", "1d2h3m4s", 93784}};
	int64_t ns;

	for (size_t i = 0; i < ARRAY_LENGTH(bad); i++)
		if (duration_parse(bad[i], &ns) != -EINVAL)
			fail_msg("took \"%s\"", bad[i]);
	for (size_t i = 0; i < ARRAY_LENGTH(good); i++) {
		char text[DURATION_TEXT_MAX];

		assert_int_equal(duration_parse(good[i].text, &ns), 0);
		assert_int_equal(ns, good[i].seconds * NS_PER_S);
		duration_format(ns, text, sizeof(text));
		assert_string_equal(text, good[i].shortest);
	}
	assert_int_equal(duration_parse("366d1s", &ns), -ERANGE);
	assert_int_equal(duration_parse("99999999999999999999s", &ns), -ERANGE);
}

static void test_the_system_clock_runs(void **state)
{
	struct instant a, b;

	assert_int_equal(clock_system.now(&clock_system, &a), 0);
	assert_int_equal(clock_system.now(&clock_system, &b), 0);
	assert_true(b.boottime_ns >= a.boottime_ns);
	assert_true(a.realtime_ns > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_windows),
		cmocka_unit_test(test_window_against_an_oracle),
		cmocka_unit_test(test_addition_stops),
		cmocka_unit_test(test_time_agrees_with_libc),
		cmocka_unit_test(test_time_is_parsed_strictly),
		cmocka_unit_test(test_durations),
		cmocka_unit_test(test_the_system_clock_runs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
