/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A step-up and its helper, which is this program itself, called by a script where tenure-auth would be. The linker
 * wraps loop_in_ms, so that a deadline of minutes comes in a moment.
 */
#include "tests/unit/cmocka_test.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/paths.h"
#include "daemon/tenured/stepup.h"

#define TURN_MS	    20
#define PATIENCE_MS 30000 /* a generous end of each wait */
#define TIMES	    30

static int64_t hurry = 1;
int64_t __real_loop_in_ms(int64_t ms);
int64_t __wrap_loop_in_ms(int64_t ms);

int64_t __wrap_loop_in_ms(int64_t ms)
{
	return __real_loop_in_ms(ms / hurry);
}

/* --- the helper's side --- */

static int helper_send(enum auth_type type, uint8_t flag, const char *text)
{
	struct auth_record record;
	int r = auth_record_make(type, flag, text, NULL, NULL, &record);

	return r < 0 ? r : auth_record_send(3, &record);
}

static int helper_answer(void)
{
	struct auth_record record;
	int r = auth_record_receive(3, &record);

	if (r == 0 && (record.type != AUTH_ANSWER || strcmp(record.fields[0], "sesame") != 0))
		r = -EBADMSG;
	return r;
}

static int helper(const char *how)
{
	struct auth_record start;
	int r = auth_record_receive(3, &start);

	if (r == 0 && strcmp(how, "dies") == 0)
		r = helper_send(AUTH_MESSAGE, 0, "last words");
	else if (r == 0 && strcmp(how, "sleeps") == 0)
		r = pause();
	else if (r == 0 && strcmp(how, "asks") == 0 && helper_send(AUTH_PROMPT, 0, "Word: ") == 0)
		r = helper_answer() == 0 ? helper_send(AUTH_RESULT, AUTH_RESULT_YES, "password") : -1;
	else if (r == 0 && helper_send(AUTH_MESSAGE, 0, "welcome") == 0)
		r = helper_send(AUTH_RESULT, strcmp(how, "refuses") == 0 ? AUTH_RESULT_NO : AUTH_RESULT_YES, "password");
	return r < 0;
}

/* --- the broker's --- */

struct scene {
	char root[64];
	struct loop *loop;
	struct stepups *all;
	struct stepup *stepup;
	enum auth_result result;
	char method[32];
	unsigned prompts, messages, done;
	bool leaves; /* the client goes at the first message or prompt */
};

static const char *scene_path(const struct scene *s, const char *name)
{
	static char path[PATH_MAX];

	(void)snprintf(path, sizeof(path), "%s/%s", s->root, name);
	return path;
}

static void use_helper(const struct scene *s, const char *how)
{
	char self[PATH_MAX - 64];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	FILE *f;

	assert_true(n > 0);
	self[n] = '\0';
	f = fopen(scene_path(s, "usr/libexec/tenure/tenure-auth"), "w");
	assert_non_null(f);
	(void)fprintf(f, "#!/bin/sh\nexec %s %s\n", self, how);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(scene_path(s, "usr/libexec/tenure/tenure-auth"), 0755), 0);
}

static int setup(void **state)
{
	static const char *const folders[] = {"usr", "usr/libexec", "usr/libexec/tenure"};
	struct scene *s = calloc(1, sizeof(*s));

	assert_non_null(s);
	hurry = 1;
	(void)snprintf(s->root, sizeof(s->root), "/tmp/tenure-stepup-XXXXXX");
	assert_non_null(mkdtemp(s->root));
	assert_int_equal(setenv("TENURE_TEST_ROOT", s->root, 1), 0);
	for (size_t i = 0; i < ARRAY_LENGTH(folders); i++)
		assert_int_equal(mkdir(scene_path(s, folders[i]), 0755), 0);
	assert_int_equal(loop_new(&s->loop), 0);
	assert_int_equal(stepups_new(s->loop, &s->all), 0);
	*state = s;
	return 0;
}

static int teardown(void **state)
{
	static const char *const names[] = {"usr/libexec/tenure/tenure-auth", "usr/libexec/tenure", "usr/libexec", "usr", ""};
	struct scene *s = *state;

	stepups_free(s->all);
	loop_free(s->loop);
	for (size_t i = 0; i < ARRAY_LENGTH(names); i++)
		assert_int_equal(remove(scene_path(s, names[i])), 0);
	free(s);
	return 0;
}

static void leave(struct scene *s)
{
	if (!s->leaves)
		return;
	stepup_free(s->stepup);
	s->stepup = NULL;
}

static void on_prompt(void *context, const char *text, bool echo)
{
	struct scene *s = context;

	assert_string_equal(text, "Word: ");
	assert_false(echo);
	s->prompts++;
	leave(s);
}

static void on_message(void *context, const char *text)
{
	struct scene *s = context;

	assert_true(*text);
	s->messages++;
	leave(s);
}

static void on_done(void *context, enum auth_result result, const char *method)
{
	struct scene *s = context;

	s->result = result;
	(void)snprintf(s->method, sizeof(s->method), "%s", method);
	s->stepup = NULL;
	s->done++;
}

static int start_as(struct scene *s, uid_t uid)
{
	const struct stepup_input in = {
		.mode = AUTH_MODE_STEP_UP, .tenant = "contoso", .login = "alice", .uid = uid, .context = s,
		.prompt = on_prompt, .message = on_message, .done = on_done,
	};

	s->result = 0;
	s->prompts = s->messages = s->done = 0;
	return stepup_start(s->all, &in, &s->stepup);
}

static int start(struct scene *s)
{
	return start_as(s, 1900000001);
}

/* Until its process is reaped: nothing comes behind that. */
static void turn_until_gone(struct scene *s)
{
	const int64_t end = __real_loop_in_ms(PATIENCE_MS);

	while (stepups_count(s->all) > 0 && __real_loop_in_ms(0) < end)
		assert_int_equal(loop_turn(s->loop, TURN_MS), 0);
	assert_int_equal(stepups_count(s->all), 0);
}

/* All that the helper said is there, and so is its end, when the loop looks. */
static void test_a_result_counts_however_fast_its_helper_ends(void **state)
{
	struct scene *s = *state;

	use_helper(s, "welcomes");
	for (int i = 0; i < TIMES; i++) {
		assert_int_equal(start(s), 0);
		usleep(i % 2 ? 20000 : 0);
		turn_until_gone(s);
		assert_int_equal(s->result, AUTH_RESULT_YES);
		assert_string_equal(s->method, "password");
		assert_int_equal(s->messages, 1);
		assert_int_equal(s->done, 1);
	}
}

static void test_a_refusal_stays_one(void **state)
{
	struct scene *s = *state;

	use_helper(s, "refuses");
	assert_int_equal(start(s), 0);
	turn_until_gone(s);
	assert_int_equal(s->result, AUTH_RESULT_NO);
	assert_int_equal(s->done, 1);
}

static void test_a_helper_that_dies_proves_nothing(void **state)
{
	struct scene *s = *state;

	use_helper(s, "dies");
	assert_int_equal(start(s), 0);
	usleep(20000);
	turn_until_gone(s);
	assert_int_equal(s->messages, 1);
	assert_int_equal(s->result, AUTH_RESULT_UNAVAILABLE);
	assert_int_equal(s->done, 1);
}

static void test_an_answer_is_for_a_prompt(void **state)
{
	struct scene *s = *state;

	use_helper(s, "asks");
	assert_int_equal(start(s), 0);
	assert_int_equal(stepup_answer(s->stepup, "sesame"), -EALREADY);
	for (const int64_t end = __real_loop_in_ms(PATIENCE_MS); s->prompts == 0 && __real_loop_in_ms(0) < end;)
		assert_int_equal(loop_turn(s->loop, TURN_MS), 0);
	assert_int_equal(stepup_answer(s->stepup, "sesame"), 0);
	assert_int_equal(stepup_answer(s->stepup, "sesame"), -EALREADY);
	turn_until_gone(s);
	assert_int_equal(s->result, AUTH_RESULT_YES);
	assert_int_equal(s->prompts, 1);
}

static void test_the_deadline_is_a_no(void **state)
{
	struct scene *s = *state;

	hurry = 1000;
	use_helper(s, "sleeps");
	assert_int_equal(start(s), 0);
	turn_until_gone(s);
	assert_int_equal(s->result, AUTH_RESULT_NO);
	assert_string_equal(s->method, "time");
	assert_int_equal(s->done, 1);
}

/* Whatever was on its way for the client that left is for nobody. */
static void test_T16_a_client_that_leaves_hears_nothing(void **state)
{
	struct scene *s = *state;

	s->leaves = true;
	use_helper(s, "welcomes");
	for (int i = 0; i < TIMES; i++) {
		assert_int_equal(start(s), 0);
		usleep(i % 2 ? 20000 : 0);
		turn_until_gone(s);
		assert_int_equal(s->messages, 1);
		assert_int_equal(s->done, 0);
	}
	use_helper(s, "sleeps");
	assert_int_equal(start(s), 0);
	leave(s);
	turn_until_gone(s);
	assert_int_equal(s->done, 0);
}

/* Whoever wants one proof finds a place, however many a few others want. */
static void test_T17_a_few_uids_take_not_all_places(void **state)
{
	struct scene *s = *state;
	unsigned running = 0;

	use_helper(s, "sleeps");
	for (uid_t uid = 1; uid <= 20; uid++)
		for (unsigned i = 0; i < 2 * STEPUPS_PER_UID_MAX; i++)
			running += start_as(s, uid) == 0;
	assert_in_range(running, 20, STEPUPS_MAX / 2);
	for (uid_t uid = 101; uid <= 150; uid++) /* 50 at once */
		assert_int_equal(start_as(s, uid), 0);
	assert_int_equal(start_as(s, 101), -EBUSY);
	for (uid_t uid = 201; running + 50 < STEPUPS_MAX; uid++, running++)
		assert_int_equal(start_as(s, uid), 0);
	assert_int_equal(start_as(s, 301), -EBUSY);
}

int main(int argc, char **argv)
{
#define STEPUP_TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
	const struct CMUnitTest tests[] = {
		STEPUP_TEST(test_a_result_counts_however_fast_its_helper_ends),
		STEPUP_TEST(test_a_refusal_stays_one),
		STEPUP_TEST(test_a_helper_that_dies_proves_nothing),
		STEPUP_TEST(test_an_answer_is_for_a_prompt),
		STEPUP_TEST(test_the_deadline_is_a_no),
		STEPUP_TEST(test_T16_a_client_that_leaves_hears_nothing),
		STEPUP_TEST(test_T17_a_few_uids_take_not_all_places),
	};

	if (argc > 1)
		_exit(helper(argv[1])); /* a leak checker at its end would keep its parent waiting */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
