/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/cmocka_test.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/tenured/loop.h"

#define TURNS 2000
#define TURN_MS 20

struct scene {
	struct loop *loop;
	struct loop_source *source, *other;
	int order[8], count, status;
};

static int setup(void **state)
{
	struct scene *s = calloc(1, sizeof(*s));

	assert_non_null(s);
	assert_int_equal(loop_new(&s->loop), 0);
	*state = s;
	return 0;
}

static int teardown(void **state)
{
	struct scene *s = *state;

	loop_free(s->loop);
	free(s);
	return 0;
}

static void turn_until(struct scene *s, int count)
{
	for (int i = 0; i < TURNS && s->count < count; i++)
		assert_int_equal(loop_turn(s->loop, TURN_MS), 0);
	assert_int_equal(s->count, count);
}

static void note_1(void *context)
{
	struct scene *s = context;

	s->order[s->count++] = 1;
}

static void note_2(void *context)
{
	struct scene *s = context;

	s->order[s->count++] = 2;
}

static void note_3(void *context)
{
	struct scene *s = context;

	s->order[s->count++] = 3;
}

static void test_timers_run_in_the_order_of_their_times(void **state)
{
	struct scene *s = *state;
	struct loop_source *t[3], *asleep;

	assert_int_equal(loop_add_timer(s->loop, loop_in_ms(30), note_3, s, &t[0]), 0);
	assert_int_equal(loop_add_timer(s->loop, 0, note_1, s, &t[1]), 0);
	assert_int_equal(loop_add_timer(s->loop, loop_in_ms(10), note_2, s, &t[2]), 0);
	assert_int_equal(loop_add_timer(s->loop, TIME_FOREVER, note_3, s, &asleep), 0);
	turn_until(s, 3);
	for (int i = 0; i < 3; i++)
		assert_int_equal(s->order[i], i + 1);
	loop_set_timer(t[1], 0);
	turn_until(s, 4);
	assert_int_equal(loop_turn(s->loop, 0), 0);
	assert_int_equal(s->count, 4);
}

static void test_a_thousand_timers_and_removals_keep_the_order(void **state)
{
	struct scene *s = *state;
	struct loop_source *t[1000];
	unsigned seed = 1;

	for (int i = 0; i < 1000; i++) {
		seed = seed * 1103515245u + 12345u;
		assert_int_equal(loop_add_timer(s->loop, loop_in_ms(60000 + (seed >> 16) % 1000), note_3, s, &t[i]), 0);
	}
	for (int i = 0; i < 1000; i++)
		if (i % 3)
			loop_source_free(t[i]);
	loop_set_timer(t[999], loop_in_ms(1));
	loop_set_timer(t[0], 0);
	turn_until(s, 2);
	assert_int_equal(loop_turn(s->loop, 5), 0);
	assert_int_equal(s->count, 2);
}

static void free_other(void *context, int fd, uint32_t events)
{
	struct scene *s = context;

	(void)fd;
	(void)events;
	s->count++;
	loop_source_clear(&s->other);
	loop_source_clear(&s->source);
}

/* Both are ready in the same turn; whichever comes first frees both. */
static void test_a_freed_source_is_not_called_any_more(void **state)
{
	struct scene *s = *state;
	int first[2], second[2];

	assert_int_equal(pipe(first), 0);
	assert_int_equal(pipe(second), 0);
	assert_int_equal(loop_add_fd(s->loop, first[0], EPOLLIN, free_other, s, &s->source), 0);
	assert_int_equal(loop_add_fd(s->loop, second[0], EPOLLIN, free_other, s, &s->other), 0);
	assert_int_equal(write(first[1], "x", 1), 1);
	assert_int_equal(write(second[1], "x", 1), 1);
	turn_until(s, 1);
	assert_int_equal(loop_turn(s->loop, 0), 0);
	assert_int_equal(s->count, 1);
	for (int i = 0; i < 2; i++) {
		close(first[i]);
		close(second[i]);
	}
}

static void on_child(void *context, pid_t pid, int status)
{
	struct scene *s = context;

	(void)pid;
	s->status = status;
	s->count++;
	loop_source_clear(&s->source);
}

static void test_a_child_is_reaped_and_its_status_told(void **state)
{
	struct scene *s = *state;
	pid_t pid = fork();

	if (pid == 0)
		_exit(7);
	assert_int_equal(loop_add_child(s->loop, pid, on_child, s, &s->source), 0);
	turn_until(s, 1);
	assert_true(WIFEXITED(s->status));
	assert_int_equal(WEXITSTATUS(s->status), 7);
	assert_int_equal(waitpid(pid, NULL, WNOHANG), -1);
}

static void on_signal(void *context, int signal_number)
{
	struct scene *s = context;

	s->status = signal_number;
	s->count++;
}

static void test_signals_come_as_events(void **state)
{
	struct scene *s = *state;

	assert_int_equal(loop_add_signal(s->loop, SIGUSR1, on_signal, s, &s->source), 0);
	assert_int_equal(loop_add_signal(s->loop, SIGUSR2, on_signal, s, &s->other), 0);
	assert_int_equal(kill(getpid(), SIGUSR2), 0);
	turn_until(s, 1);
	assert_int_equal(s->status, SIGUSR2);
	assert_int_equal(kill(getpid(), SIGUSR1), 0);
	turn_until(s, 2);
	assert_int_equal(s->status, SIGUSR1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_timers_run_in_the_order_of_their_times, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_thousand_timers_and_removals_keep_the_order, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_freed_source_is_not_called_any_more, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_child_is_reaped_and_its_status_told, setup, teardown),
		cmocka_unit_test_setup_teardown(test_signals_come_as_events, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
