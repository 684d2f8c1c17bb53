/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/cmocka_test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/result.h"
#include "common/wire/client.h"

struct ends {
	struct wire_channel *channel;
	int far;
};

static int setup(void **state)
{
	struct ends *e = calloc(1, sizeof(*e));
	int pair[2];

	assert_non_null(e);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	assert_int_equal(wire_channel_new(pair[0], &e->channel), 0);
	e->far = pair[1];
	*state = e;
	return 0;
}

static int teardown(void **state)
{
	struct ends *e = *state;

	wire_channel_free(e->channel);
	if (e->far >= 0)
		close(e->far);
	free(e);
	return 0;
}

static void give(struct ends *e, const void *data, size_t len)
{
	assert_int_equal(write(e->far, data, len), len);
}

/* All that can be taken now. */
static int pump(struct ends *e, json_t **ret)
{
	int r;

	while ((r = wire_channel_take(e->channel, ret)) == -EAGAIN) {
		r = wire_channel_fill(e->channel);
		if (r < 0)
			return r;
	}
	return r;
}

static void test_a_message_arrives_byte_by_byte(void **state)
{
	static const char text[] = "{\"method\":\"io.tenure.Ping\"}";
	struct ends *e = *state;
	json_t *message;

	for (size_t i = 0; i < sizeof(text); i++) {
		give(e, text + i, 1);
		assert_int_equal(wire_channel_fill(e->channel), 0);
		if (i + 1 < sizeof(text)) {
			assert_int_equal(wire_channel_take(e->channel, &message), -EAGAIN);
			assert_true(wire_channel_is_midway(e->channel));
		}
	}
	assert_int_equal(wire_channel_take(e->channel, &message), 0);
	assert_string_equal(json_string_value(json_object_get(message, "method")), "io.tenure.Ping");
	json_decref(message);
	assert_false(wire_channel_is_midway(e->channel));
}

static void test_two_messages_in_one_write(void **state)
{
	static const char text[] = "{\"a\":1}\0{\"b\":2}";
	struct ends *e = *state;
	json_t *first, *second;

	give(e, text, sizeof(text));
	assert_int_equal(pump(e, &first), 0);
	assert_int_equal(pump(e, &second), 0);
	assert_int_equal(json_integer_value(json_object_get(first, "a")), 1);
	assert_int_equal(json_integer_value(json_object_get(second, "b")), 2);
	json_decref(first);
	json_decref(second);
}

static void test_T18_what_is_no_message_is_refused(void **state)
{
	static const char *const bad[] = {
		"", " ", "[]", "1", "\"x\"", "{", "{}x", "{\"a\":1,\"a\":2}", "{\"a\":\"\\u0000\"}", "{\"a\":\"\xff\"}",
		"{\"a\":\"\xc0\x80\"}", "{\"a\":\"\xed\xa0\x80\"}", "{\"a\":99999999999999999999}", "{'a':1}", "{\"a\":nan}",
	};
	json_t *message;

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(bad); i++)
		assert_int_equal(wire_decode(bad[i], strlen(bad[i]), &message), -EBADMSG);
}

static void test_T18_depth_is_bounded_before_the_parser_runs(void **state)
{
	char text[6 * (WIRE_DEPTH_MAX + 2) + 16];
	json_t *message;

	(void)state;
	for (int depth = 1; depth <= WIRE_DEPTH_MAX + 1; depth++) {
		text[0] = '\0';
		for (int i = 0; i < depth; i++)
			strncat(text, "{\"a\":", sizeof(text) - strlen(text) - 1);
		strncat(text, "1", sizeof(text) - strlen(text) - 1);
		for (int i = 0; i < depth; i++)
			strncat(text, "}", sizeof(text) - strlen(text) - 1);
		if (depth <= WIRE_DEPTH_MAX) {
			assert_int_equal(wire_decode(text, strlen(text), &message), 0);
			json_decref(message);
		} else {
			assert_int_equal(wire_decode(text, strlen(text), &message), -EBADMSG);
		}
	}
	/* Brackets in strings are no depth. */
	assert_int_equal(wire_decode("{\"a\":\"[[[[[[[[[[[[[[[[[[[[{{{{\\\"[[\"}", 36, &message), 0);
	json_decref(message);
}

static void test_T18_a_message_too_long_is_refused(void **state)
{
	struct ends *e = *state;
	char *text = malloc(WIRE_MESSAGE_MAX + 1);
	json_t *message;
	size_t sent = 0;
	int r = 0;

	assert_non_null(text);
	memset(text, ' ', WIRE_MESSAGE_MAX + 1);
	while (r == 0 && sent < WIRE_MESSAGE_MAX + 1) {
		size_t n = WIRE_MESSAGE_MAX + 1 - sent < 4096 ? WIRE_MESSAGE_MAX + 1 - sent : 4096;

		give(e, text + sent, n);
		sent += n;
		r = wire_channel_fill(e->channel);
		if (r == 0)
			r = wire_channel_take(e->channel, &message);
		if (r == -EAGAIN)
			r = 0;
	}
	assert_int_equal(r, -EMSGSIZE);
	free(text);
}

/* Thousands of values in one message would be a tree of a hundred times its length. */
static void test_T18_a_call_has_few_values(void **state)
{
	struct ends *e = *state;
	static char text[64 * 1024];
	json_t *message;

	wire_channel_expect_calls(e->channel);
	for (unsigned values = 1; values <= 4 * WIRE_CALL_VALUES_MAX; values *= 2) {
		size_t len = (size_t)sprintf(text, "{\"a\":[\"%s\"", ",,,,[[[[{{{{,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,");
		int r;

		for (unsigned i = 1; i < values; i++)
			len += (size_t)sprintf(text + len, ",%s", i % 2 ? "{}" : "1");
		len += (size_t)sprintf(text + len, "]}") + 1;
		give(e, text, len);
		r = pump(e, &message);
		assert_int_equal(r, values < WIRE_CALL_VALUES_MAX / 2 ? 0 : values >= WIRE_CALL_VALUES_MAX ? -EBADMSG : r);
		if (r == 0)
			json_decref(message);
	}
}

static bool is_wanted(const json_t *message)
{
	return json_object_get(message, "yes") != NULL;
}

static int pump_if(struct ends *e, size_t max, json_t **ret)
{
	int r;

	while ((r = wire_channel_take_if(e->channel, max, is_wanted, ret)) == -EAGAIN) {
		r = wire_channel_fill(e->channel);
		if (r < 0)
			return r;
	}
	return r;
}

static void test_what_is_not_wanted_stays_where_it_is(void **state)
{
	static const char wanted[] = "{\"yes\":1}", other[] = "{\"no\":1}";
	static char endless[200];
	struct ends *e = *state;
	json_t *message;

	give(e, wanted, sizeof(wanted));
	give(e, other, sizeof(other));
	assert_int_equal(pump_if(e, 100, &message), 0);
	json_decref(message);
	assert_int_equal(pump_if(e, 100, &message), -EBUSY);
	assert_int_equal(pump_if(e, 100, &message), -EBUSY);
	assert_int_equal(pump(e, &message), 0);
	assert_non_null(json_object_get(message, "no"));
	json_decref(message);
	assert_int_equal(pump_if(e, 100, &message), -EAGAIN);
	give(e, wanted, sizeof(wanted));
	assert_int_equal(pump_if(e, 5, &message), -EBUSY); /* too long to be looked at */
	assert_int_equal(pump(e, &message), 0);
	json_decref(message);
	memset(endless, ' ', sizeof(endless));
	give(e, endless, sizeof(endless));
	assert_int_equal(pump_if(e, 100, &message), -EBUSY);
}

static void test_a_call_is_read_strictly(void **state)
{
	static const char *const bad[] = {"{}", "{\"method\":1}", "{\"method\":\"a\",\"parameters\":[]}",
					  "{\"method\":\"a\",\"more\":1}", "{\"method\":\"a\",\"extra\":1}",
					  "{\"method\":\"a\",\"oneway\":\"yes\"}"};
	struct wire_call call;
	json_t *message;

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) {
		assert_int_equal(wire_decode(bad[i], strlen(bad[i]), &message), 0);
		assert_int_equal(wire_call_read(message, &call), -EBADMSG);
		json_decref(message);
	}
	assert_int_equal(wire_decode("{\"method\":\"a.B\",\"more\":true}", 28, &message), 0);
	assert_int_equal(wire_call_read(message, &call), 0);
	assert_true(call.more);
	assert_false(call.oneway);
	assert_true(json_is_object(call.parameters));
	json_decref(message);
}

static void test_a_slow_reader_is_bounded(void **state)
{
	struct ends *e = *state;
	char *text = malloc(60000);
	json_t *message;
	int r = 0, n = 0;

	assert_non_null(text);
	memset(text, 'x', 59999);
	text[59999] = '\0';
	message = json_pack("{s:s}", "a", text);
	while (r == 0 && n++ < 1000) {
		r = wire_channel_queue(e->channel, message);
		if (r == 0 && wire_channel_flush(e->channel) == 0)
			assert_false(wire_channel_has_output(e->channel));
	}
	assert_int_equal(r, -ENOBUFS);
	json_decref(message);
	free(text);
}

/* The socket's copy in another process speaks for nobody. */
static void test_T15_bytes_of_another_process_are_refused(void **state)
{
	struct ends *e = *state;
	json_t *message;
	pid_t child;

	assert_int_equal(wire_channel_expect_sender(e->channel, getpid()), 0);
	give(e, "{\"a\":1}", 8);
	assert_int_equal(pump(e, &message), 0);
	json_decref(message);
	child = fork();
	assert_true(child >= 0);
	if (child == 0)
		_exit(write(e->far, "{\"a\":2}", 8) == 8 ? 0 : 1);
	assert_int_equal(waitpid(child, NULL, 0), child);
	assert_int_equal(wire_channel_fill(e->channel), -EPERM);
	assert_int_equal(wire_channel_take(e->channel, &message), -EAGAIN);
}

static void test_descriptors_that_are_sent_along_are_closed(void **state)
{
	struct ends *e = *state;
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = {0};
	char text[] = "{\"a\":1}";
	struct iovec part = {text, sizeof(text)};
	struct msghdr m = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)};
	struct cmsghdr *h = CMSG_FIRSTHDR(&m);
	int pipe_fds[2];
	char byte;
	json_t *message;

	assert_int_equal(wire_channel_expect_sender(e->channel, getpid()), 0);
	assert_int_equal(pipe(pipe_fds), 0);
	h->cmsg_level = SOL_SOCKET;
	h->cmsg_type = SCM_RIGHTS;
	h->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(h), &pipe_fds[1], sizeof(int));
	assert_int_equal(sendmsg(e->far, &m, 0), sizeof(text));
	close(pipe_fds[1]);
	assert_int_equal(pump(e, &message), 0);
	json_decref(message);
	/* End of file: nobody holds the other end. */
	assert_int_equal(read(pipe_fds[0], &byte, 1), 0);
	close(pipe_fds[0]);
}

static void test_the_client_names_what_goes_wrong(void **state)
{
	struct wire_client *c = NULL;

	(void)state;
	assert_int_equal(wire_client_connect("/nowhere/at/all.sock", 100, &c), -ENOENT);
	assert_null(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_a_message_arrives_byte_by_byte, setup, teardown),
		cmocka_unit_test_setup_teardown(test_two_messages_in_one_write, setup, teardown),
		cmocka_unit_test(test_T18_what_is_no_message_is_refused),
		cmocka_unit_test(test_T18_depth_is_bounded_before_the_parser_runs),
		cmocka_unit_test_setup_teardown(test_T18_a_message_too_long_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_T18_a_call_has_few_values, setup, teardown),
		cmocka_unit_test_setup_teardown(test_what_is_not_wanted_stays_where_it_is, setup, teardown),
		cmocka_unit_test(test_a_call_is_read_strictly),
		cmocka_unit_test_setup_teardown(test_a_slow_reader_is_bounded, setup, teardown),
		cmocka_unit_test_setup_teardown(test_T15_bytes_of_another_process_are_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_descriptors_that_are_sent_along_are_closed, setup, teardown),
		cmocka_unit_test(test_the_client_names_what_goes_wrong),
	};

	wire_wipe_json_memory();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
