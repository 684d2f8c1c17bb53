/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/cmocka_test.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/wire/auth_proto.h"

static void test_records_come_back_as_they_went(void **state)
{
	struct auth_record out, in;
	int pair[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	assert_int_equal(auth_record_make(AUTH_START, AUTH_MODE_STEP_UP, "contoso", "id", "alice", &out), 0);
	assert_int_equal(auth_record_send(pair[0], &out), 0);
	assert_int_equal(auth_record_receive(pair[1], &in), 0);
	assert_memory_equal(&in, &out, sizeof(in));
	close(pair[0]);
	assert_int_equal(auth_record_receive(pair[1], &in), -EPIPE);
	close(pair[1]);
}

static void test_T18_every_cut_and_every_byte_more_is_refused(void **state)
{
	uint8_t packet[AUTH_PACKET_MAX + 1];
	struct auth_record record;
	int len;

	(void)state;
	assert_int_equal(auth_record_make(AUTH_START, 1, "contoso", "id", "alice", &record), 0);
	len = auth_record_encode(&record, packet);
	assert_true(len > 0);
	for (int i = 0; i < len; i++)
		assert_int_equal(auth_record_decode(packet, (size_t)i, &record), -EBADMSG);
	packet[len] = 'x';
	assert_int_equal(auth_record_decode(packet, (size_t)len + 1, &record), -EBADMSG);
	assert_int_equal(auth_record_decode(packet, (size_t)len, &record), 0);
	for (int at = 0; at < 4; at++) {
		uint8_t was = packet[at];

		if (at == 2)
			continue; /* the flag may be anything; its reader judges it */
		for (int value = 0; value < 256; value++) {
			packet[at] = (uint8_t)value;
			assert_int_equal(auth_record_decode(packet, (size_t)len, &record), value == was ? 0 : -EBADMSG);
		}
		packet[at] = was;
	}
}

static void test_an_answer_too_long_or_with_NUL_is_refused(void **state)
{
	static const uint8_t nul[] = {1, AUTH_ANSWER, 0, 1, 3, 0, 'a', 0, 'b'};
	char text[AUTH_FIELD_MAX + 2];
	struct auth_record record;

	(void)state;
	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(auth_record_make(AUTH_ANSWER, 0, text, NULL, NULL, &record), -EMSGSIZE);
	text[AUTH_FIELD_MAX] = '\0';
	assert_int_equal(auth_record_make(AUTH_ANSWER, 0, text, NULL, NULL, &record), 0);
	assert_int_equal(auth_record_decode(nul, sizeof(nul), &record), -EBADMSG);
}

static void test_T3_results_differ_in_more_than_a_bit(void **state)
{
	(void)state;
	for (int bit = 0; bit < 8; bit++) {
		assert_int_not_equal(AUTH_RESULT_NO ^ (1 << bit), AUTH_RESULT_YES);
		assert_int_not_equal(AUTH_RESULT_UNAVAILABLE ^ (1 << bit), AUTH_RESULT_YES);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_records_come_back_as_they_went),
		cmocka_unit_test(test_T18_every_cut_and_every_byte_more_is_refused),
		cmocka_unit_test(test_an_answer_too_long_or_with_NUL_is_refused),
		cmocka_unit_test(test_T3_results_differ_in_more_than_a_bit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
