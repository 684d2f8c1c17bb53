/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Requests by way of the broker: whose they are, who approves them, and clients that wait for the answer. */
#include "tests/unit/cmocka_test.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/server_fixture.h"

static const char *const right_password[] = {PASSWORD, NULL};

static int file_request(struct bed *b, void *argument)
{
	json_t *reply;
	const char *error = peer_ask(b, "Request", json_pack("{s:s, s:s}", "role", "db-operator", "reason", "x"),
				     right_password, &reply);

	(void)argument;
	return strcmp(error, "") == 0 ? 0 : 1;
}

static void pending_id(struct bed *b, char *buf, size_t len)
{
	json_t *reply;

	assert_string_equal(peer_ask(b, "Pending", NULL, NULL, &reply), "");
	(void)snprintf(buf, len, "%s",
		       json_string_value(json_object_get(json_array_get(json_object_get(reply, "items"), 0), "id")));
	json_decref(reply);
}

static int try_anothers_id(struct bed *b, void *argument)
{
	static const char *const methods[] = {"Show", "Cancel", "End", "Extend"};
	json_t *reply;

	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
		if (strcmp(peer_ask(b, methods[i], json_pack("{s:s}", "id", (char *)argument), NULL, &reply),
			   "NoSuchRequest") != 0)
			return 1;
	for (int i = 0; i < 2; i++)
		if (strcmp(peer_ask(b, i ? "Approve" : "Revoke",
				    json_pack("{s:s, s:s}", "id", (char *)argument, "reason", "x"), NULL, &reply),
			   "NoSuchRequest") != 0)
			return 2;
	return 0;
}

static void test_T20_anothers_id_is_no_id(void **state)
{
	struct bed *b = *state;
	char id[16];

	assert_int_equal(bed_as(b, ALICE, NO_LOGIN, file_request, NULL), 0);
	pending_id(b, id, sizeof(id));
	assert_int_equal(bed_as(b, USER_UID(2), NO_LOGIN, try_anothers_id, id), 0);
	id[4] = '\0';
	assert_int_equal(bed_as(b, USER_UID(2), NO_LOGIN, try_anothers_id, id), 0);
	assert_int_equal(bed_as(b, USER_UID(2), NO_LOGIN, try_anothers_id, (void *)(uintptr_t) "AAAA"), 0);
}

static int approve(struct bed *b, void *argument)
{
	json_t *reply;
	const char *error = peer_ask(b, "Approve", json_pack("{s:s, s:s}", "id", (char *)argument, "reason", "fine"),
				     right_password, &reply);

	if (strcmp(error, "NotFromLogin") == 0)
		return 48;
	if (strcmp(error, "OwnRequest") == 0)
		return 43;
	return strcmp(error, "") == 0 ? 0 : 1;
}

static int request_and_wait(struct bed *b, void *argument)
{
	struct wire_client *c = peer_connect(b, false);
	json_t *reply;
	const char *error;

	(void)argument;
	error = peer_call(c, "Request", json_pack("{s:s, s:s, s:b}", "role", "db-operator", "reason", "x", "wait", 1),
			  right_password, &reply);
	if (strcmp(error, "") != 0)
		return 1;
	return strcmp(json_string_value(json_object_get(json_object_get(reply, "request"), "state")), "active") == 0
		       ? 0
		       : 2;
}

static void test_T48_who_became_another_cannot_approve_as_them(void **state)
{
	struct bed *b = *state;
	char id[16];
	pid_t waiting;

	if (!bed_can_set_login_uid())
		skip_because("no audit: the login uid cannot be set");
	waiting = bed_spawn(b, ALICE, ALICE, request_and_wait, NULL);
	for (int i = 0; i < PATIENCE_MS / 20 && bed_as(b, 0, NO_LOGIN, peer_count_pending, NULL) != 1; i++)
		usleep(20000);
	pending_id(b, id, sizeof(id));
	assert_int_equal(bed_as(b, CAROL, ALICE, approve, id), 48);
	assert_int_equal(bed_as(b, ALICE, ALICE, approve, id), 43);
	assert_int_equal(bed_as(b, CAROL, CAROL, approve, id), 0);
	assert_int_equal(bed_wait(waiting), 0);
}

static void test_a_waiting_client_may_go_and_the_request_stays(void **state)
{
	struct bed *b = *state;
	pid_t waiting = bed_spawn(b, ALICE, ALICE, request_and_wait, NULL);

	for (int i = 0; i < PATIENCE_MS / 20 && bed_as(b, 0, NO_LOGIN, peer_count_pending, NULL) != 1; i++)
		usleep(20000);
	kill(waiting, SIGKILL);
	(void)bed_wait(waiting);
	assert_true(bed_answers(b, ALICE));
	assert_int_equal(bed_as(b, 0, NO_LOGIN, peer_count_pending, NULL), 1);
	bed_stop(b, SIGKILL);
	bed_start(b);
	assert_int_equal(bed_as(b, 0, NO_LOGIN, peer_count_pending, NULL), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, bed_setup, bed_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_T20_anothers_id_is_no_id),
		TEST(test_T48_who_became_another_cannot_approve_as_them),
		TEST(test_a_waiting_client_may_go_and_the_request_stays),
	};

	if (geteuid() != 0) {
		(void)puts("skipped: needs root, to be other users");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
