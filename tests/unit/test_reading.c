/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A long journal, read for clients a bit at a time, while the loop goes on. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/paths.h"
#include "daemon/tenured/reading.h"
#include "tests/unit/cmocka_test.h"
#include "tests/unit/engine_fixture.h"

#define LINES	    6000u
#define A_TURN_MOST 1000u
#define READERS	    3

struct reader {
	struct reading *reading;
	size_t lines, done;
	int result;
	struct journal_report report;
	size_t stop_at; /* 0: never */
};

struct scene {
	struct engine_fixture *f;
	struct journal *journal;
	struct loop *loop;
	struct readings *all;
	struct reader readers[READERS];
};

static int setup(void **state)
{
	struct scene *s = calloc(1, sizeof(*s));
	struct journal_report report;
	void *host;
	uint64_t seq;

	assert_non_null(s);
	(void)engine_fixture_setup_host(&host);
	s->f = host;
	assert_int_equal(journal_open(tenure_path(PATH_JOURNAL), &s->f->clock.source, NULL, NULL, &report, &s->journal), 0);
	for (size_t i = 0; i < LINES; i += 60) {
		struct journal_entry entries[60];

		for (size_t k = 0; k < ARRAY_LENGTH(entries); k++)
			entries[k] = (struct journal_entry){.event = JOURNAL_WARN,
							    .fields = json_pack("{s:i}", "n", (int)(i + k))};
		assert_int_equal(journal_append_batch(s->journal, entries, ARRAY_LENGTH(entries), &seq), 0);
	}
	assert_int_equal(loop_new(&s->loop), 0);
	assert_int_equal(readings_new(s->loop, &s->all), 0);
	*state = s;
	return 0;
}

static int teardown(void **state)
{
	struct scene *s = *state;
	void *host = s->f;

	readings_free(s->all);
	loop_free(s->loop);
	journal_close(s->journal);
	(void)engine_fixture_teardown(&host);
	free(s);
	return 0;
}

static int on_line(void *context, const struct journal_record *record)
{
	struct reader *r = context;

	assert_int_equal(json_integer_value(json_object_get(record->line, "n")), r->lines);
	r->lines++;
	return r->lines == r->stop_at ? -ENOMEM : 0;
}

static void on_done(void *context, int result, const struct journal_report *report)
{
	struct reader *r = context;

	r->reading = NULL;
	r->result = result;
	r->report = *report;
	r->done++;
}

static int start(struct scene *s, size_t i, uid_t uid)
{
	const struct reading_input in = {
		.journal = s->journal, .uid = uid, .context = &s->readers[i], .line = on_line, .done = on_done,
	};

	return reading_start(s->all, &in, &s->readers[i].reading);
}

static size_t lines_of_all(const struct scene *s)
{
	size_t n = 0;

	for (size_t i = 0; i < READERS; i++)
		n += s->readers[i].lines;
	return n;
}

static bool all_are_done(const struct scene *s)
{
	for (size_t i = 0; i < READERS; i++)
		if (s->readers[i].reading)
			return false;
	return true;
}

static void test_readers_take_turns_and_hold_up_nobody(void **state)
{
	struct scene *s = *state;
	size_t before, apart = 0;

	for (size_t i = 0; i < READERS; i++)
		assert_int_equal(start(s, i, (uid_t)i), 0);
	for (int turn = 0; turn < 10000 && !all_are_done(s); turn++) {
		before = lines_of_all(s);
		assert_int_equal(loop_turn(s->loop, 100), 0);
		assert_true(lines_of_all(s) - before <= A_TURN_MOST);
		for (size_t i = 1; i < READERS; i++)
			if (s->readers[0].lines > s->readers[i].lines + apart)
				apart = s->readers[0].lines - s->readers[i].lines;
	}
	for (size_t i = 0; i < READERS; i++) {
		assert_int_equal(s->readers[i].done, 1);
		assert_int_equal(s->readers[i].result, 0);
		assert_int_equal(s->readers[i].lines, LINES);
		assert_int_equal(s->readers[i].report.verified, LINES);
		assert_false(s->readers[i].report.damaged);
	}
	assert_true(apart <= A_TURN_MOST);
}

/* What is written meanwhile is another reading's. */
static void test_the_journal_grows_under_a_reader(void **state)
{
	struct scene *s = *state;
	uint64_t seq;

	assert_int_equal(start(s, 0, 0), 0);
	assert_int_equal(loop_turn(s->loop, 100), 0);
	assert_in_range(s->readers[0].lines, 1, A_TURN_MOST);
	while (!all_are_done(s)) {
		assert_int_equal(journal_append(s->journal, "warn", json_pack("{s:i}", "n", 0), &seq), 0);
		assert_int_equal(loop_turn(s->loop, 100), 0);
	}
	assert_int_equal(s->readers[0].result, 0);
	assert_int_equal(s->readers[0].lines, LINES);
	assert_false(s->readers[0].report.damaged);
}

static void test_one_uid_has_two_and_no_more(void **state)
{
	struct scene *s = *state;

	assert_int_equal(start(s, 0, 7), 0);
	assert_int_equal(start(s, 1, 7), 0);
	assert_int_equal(start(s, 2, 7), -EBUSY);
	assert_int_equal(start(s, 2, 8), 0);
	reading_free(s->readers[0].reading); /* its client left */
	s->readers[0].reading = NULL;
	s->readers[1].stop_at = 700; /* and this one wants no more */
	while (!all_are_done(s))
		assert_int_equal(loop_turn(s->loop, 100), 0);
	assert_int_equal(s->readers[0].done, 0);
	assert_int_equal(s->readers[1].result, -ENOMEM);
	assert_int_equal(s->readers[2].lines, LINES);
	assert_int_equal(start(s, 0, 7), 0);
}

int main(void)
{
#define READING_TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
	const struct CMUnitTest tests[] = {
		READING_TEST(test_readers_take_turns_and_hold_up_nobody),
		READING_TEST(test_the_journal_grows_under_a_reader),
		READING_TEST(test_one_uid_has_two_and_no_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
