/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "common/base/buffer.h"
#include "daemon/tenured/session_state.h"

static void example(struct session *e, struct uuid *boot)
{
	*e = (struct session){.kind = SESSION_GATE, .service = "sudo-i", .invoker = 1900000001, .target = "root",
			      .tty = "/dev/pts/3", .tty_device = 34819, .pid = 812, .start = 123456,
			      .origin = "/user.slice/user-1000.slice/session-3.scope", .opened_ns = 1000,
			      .role = "db-operator", .window = {TIME_ALWAYS, 5000, 6000}, .stage = STAGE_TERM,
			      .cause = SESSION_REVOKED, .ended = 3, .survived = 1, .user = "alice@contoso.com",
			      .login = "alice", .timer = 7, .audit_session = 9};
	assert_int_equal(uuid_random(&e->id), 0);
	assert_int_equal(uuid_random(&e->request), 0);
	assert_int_equal(uuid_random(&e->principal), 0);
	assert_int_equal(uuid_random(boot), 0);
	cgroup_name(&e->id, CGROUP_PLAIN, e->cgroup);
}

static void test_record_reads_back(void **state)
{
	struct buffer out = BUFFER(SESSION_FILE_MAX);
	struct session e, back;
	struct uuid boot, boot_back;

	example(&e, &boot);
	assert_int_equal(session_record_format(&e, &boot, &out), 0);
	assert_int_equal(session_record_parse(out.data, out.len, &back, &boot_back), 0);
	assert_true(uuid_equal(&boot, &boot_back));
	assert_true(uuid_equal(&e.id, &back.id) && uuid_equal(&e.request, &back.request));
	assert_string_equal(back.service, "sudo-i");
	assert_string_equal(back.tty, "/dev/pts/3");
	assert_string_equal(back.origin, e.origin);
	assert_string_equal(back.cgroup, e.cgroup);
	assert_true(back.tty_device == 34819 && back.start == 123456 && back.pid == 812);
	assert_true(back.window.end_ns == 5000 && back.window.boot_end_ns == 6000);
	assert_true(back.stage == STAGE_TERM && back.cause == SESSION_REVOKED && back.ended == 3 && back.timer == 7);
	buffer_done(&out);
}

static void test_record_torn_or_flipped_names_no_other_process(void **state)
{
	struct buffer out = BUFFER(SESSION_FILE_MAX);
	struct session e, back;
	struct uuid boot, boot_back;

	example(&e, &boot);
	assert_int_equal(session_record_format(&e, &boot, &out), 0);
	size_t needed = (size_t)(strstr(out.data, "cgroup=") - out.data);
	for (size_t n = 0; n < needed; n++)
		assert_int_equal(session_record_parse(out.data, n, &back, &boot_back), -EBADMSG);
	for (size_t i = 0; i < out.len; i++) {
		for (unsigned bit = 0; bit < 8; bit++) {
			out.data[i] ^= (char)(1u << bit);
			/* whatever reads names a process and a cgroup of ours */
			if (session_record_parse(out.data, out.len, &back, &boot_back) == 0) {
				assert_true(back.pid > 1);
				assert_true(cgroup_name_is_ours(back.cgroup));
			}
			out.data[i] ^= (char)(1u << bit);
		}
	}
	buffer_done(&out);
}

static void test_groups_stand_behind_the_target(void **state)
{
	static const char *const bad[] = {"adm,,x", "adm,", "Adm", "a b"};
	struct buffer out = BUFFER(SESSION_FILE_MAX);
	char text[SESSION_FILE_MAX], *at;
	struct session e, back;
	struct uuid boot, boot_back;

	example(&e, &boot);
	e.kind = SESSION_LOGIN;
	memset(e.groups, 'g', sizeof(e.groups) - 1);
	for (size_t i = 1; i <= SESSION_GROUPS_COUNT_MAX; i++) /* as many, and as long, as can be */
		e.groups[i * (NAME_LENGTH_MAX + 1) - 1] = i < SESSION_GROUPS_COUNT_MAX ? ',' : '\0';
	assert_int_equal(session_record_format(&e, &boot, &out), 0);
	assert_non_null(strstr(out.data, "target=root\ngroups=ggg"));
	assert_int_equal(session_record_parse(out.data, out.len, &back, &boot_back), 0);
	assert_string_equal(back.groups, e.groups);
	for (size_t i = 0; i < ARRAY_LENGTH(bad) + 1; i++) {
		buffer_done(&out);
		out = BUFFER(SESSION_FILE_MAX);
		strcpy(e.groups, i < ARRAY_LENGTH(bad) ? bad[i] : "adm");
		e.kind = i < ARRAY_LENGTH(bad) ? SESSION_LOGIN : SESSION_GATE;
		assert_int_equal(session_record_format(&e, &boot, &out), 0);
		assert_int_equal(session_record_parse(out.data, out.len, &back, &boot_back), -EBADMSG);
	}
	/* in another place it is no record */
	at = strstr(out.data, "groups=adm\n");
	snprintf(text, sizeof(text), "%.*s%sgroups=adm\n", (int)(at - out.data), out.data, at + strlen("groups=adm\n"));
	at = strstr(text, "kind=gate");
	memmove(at + strlen("kind=login"), at + strlen("kind=gate"), strlen(at + strlen("kind=gate")) + 1);
	memcpy(at, "kind=login", strlen("kind=login"));
	assert_int_equal(session_record_parse(text, strlen(text), &back, &boot_back), -EBADMSG);
	buffer_done(&out);
}

static void refuse(const char *from, const char *to)
{
	struct buffer out = BUFFER(SESSION_FILE_MAX);
	struct session e, back;
	struct uuid boot, boot_back;
	char text[SESSION_FILE_MAX];

	example(&e, &boot);
	assert_int_equal(session_record_format(&e, &boot, &out), 0);
	char *at = strstr(out.data, from);
	assert_non_null(at);
	snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - out.data), out.data, to, at + strlen(from));
	assert_int_equal(session_record_parse(text, strlen(text), &back, &boot_back), -EBADMSG);
	buffer_done(&out);
}

static void test_T38_records_with_foreign_values(void **state)
{
	refuse("pid=812", "pid=1");
	refuse("pid=812", "pid=0");
	refuse("pid=812", "pid=-1");
	refuse("pid=812", "pid=4294967297");
	refuse("cgroup=/tenure.slice/tenure-", "cgroup=/user.slice/tenure-");
	refuse("cgroup=/tenure.slice/tenure-", "cgroup=/tenure.slice/../tenure-");
	refuse("stage=term", "stage=nonsense");
	refuse("kind=gate", "kind=gates");
	refuse("version=1", "version=2");
	refuse("service=sudo-i", "service=");
	refuse("service=sudo-i", "service=sudo\x1b[2J");
	refuse("service=sudo-i\n", "service=sudo-i\nservice=sudo-i\n");
	refuse("target=root\n", "");
	refuse("id=", "ix=");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_record_reads_back),
		cmocka_unit_test(test_record_torn_or_flipped_names_no_other_process),
		cmocka_unit_test(test_groups_stand_behind_the_target),
		cmocka_unit_test(test_T38_records_with_foreign_values),
	};

	return cmocka_run_group_tests_name("session_record", tests, NULL, NULL);
}
