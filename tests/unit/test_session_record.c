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
#include "daemon/tenured/leftover.h"
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

/* --- what is left behind --- */

struct finds {
	unsigned count;
	char text[4096];
};

static int find_note(void *context, const struct leftover *l)
{
	struct finds *f = context;
	size_t used = strlen(f->text);

	f->count++;
	snprintf(f->text + used, sizeof(f->text) - used, "%s\n", l->text);
	return 0;
}

static void file_make(const char *root, const char *path, mode_t mode)
{
	char full[512];

	snprintf(full, sizeof(full), "%s%s", root, path);
	for (char *slash = full + strlen(root) + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		mkdir(full, 0755);
		*slash = '/';
	}
	int fd = open(full, O_WRONLY | O_CREAT, 0600);
	assert_true(fd >= 0);
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

static void test_leftovers_are_found(void **state)
{
	static const struct {
		const char *path, *text;
		mode_t mode;
	} files[] = {
		{"/var/spool/cron/atjobs/a0000c01b2f6d3", "at job 12", 0700},
		{"/etc/cron.d/x", "/etc/cron.d/x", 0644},
		{"/var/spool/cron/crontabs/root", "/var/spool/cron/crontabs/root", 0600},
		{"/etc/systemd/system/evil.service", "/etc/systemd/system/evil.service", 0644},
		{"/etc/systemd/system/timers.target.wants/evil.timer",
		 "/etc/systemd/system/timers.target.wants/evil.timer", 0644},
		{"/etc/sudoers.d/me", "/etc/sudoers.d/me", 0440},
		{"/etc/passwd", "/etc/passwd", 0644},
		{"/root/.ssh/authorized_keys", "/root/.ssh/authorized_keys", 0600},
		{"/home/alice/.ssh/authorized_keys", "/home/alice/.ssh/authorized_keys", 0600},
		{"/tmp/a/b/sh", "setuid /tmp/a/b/sh", 04755},
		{"/usr/local/bin/g", "setgid /usr/local/bin/g", 02755},
		{"/tmp/\x1b[2J", "setuid /tmp/\\x1B[2J", 04755},
	};
	static const char *const others[] = {
		"/tmp/plain", "/run/systemd/transient/session-3.scope", "/run/systemd/transient/tenure-x.scope",
		"/var/spool/cron/atjobs/.SEQ", "/home/alice/.ssh/known_hosts",
	};
	char root[] = "/tmp/tenure-left.XXXXXX", line[512], command[64];
	struct finds found = {0}, later = {0};
	struct timespec now;

	assert_non_null(mkdtemp(root));
	for (size_t i = 0; i < ARRAY_LENGTH(files); i++)
		file_make(root, files[i].path, files[i].mode);
	for (size_t i = 0; i < ARRAY_LENGTH(others); i++)
		file_make(root, others[i], 0755);
	assert_int_equal(leftover_search(root, 0, find_note, &found), 0);
	for (size_t i = 0; i < ARRAY_LENGTH(files); i++) {
		snprintf(line, sizeof(line), "%s\n", files[i].text);
		/* text_escape may write hexadecimal digits in either case */
		if (i + 1 < ARRAY_LENGTH(files))
			assert_non_null(strstr(found.text, line));
	}
	assert_null(strchr(found.text, '\x1b'));
	assert_int_equal(found.count, ARRAY_LENGTH(files));

	/* what was there before the session is none of its doing */
	clock_gettime(CLOCK_REALTIME, &now);
	assert_int_equal(leftover_search(root, (int64_t)(now.tv_sec + 10) * NS_PER_S, find_note, &later), 0);
	assert_int_equal(later.count, 0);
	snprintf(command, sizeof(command), "rm -rf -- '%s'", root);
	assert_int_equal(system(command), 0);
}

static int survivor_note(void *context, const struct survivor *p)
{
	if (p->pid == getpid())
		(*(unsigned *)context)++;
	return 0;
}

static void test_T45_processes_outside_are_found(void **state)
{
	struct process_stat stat;
	unsigned n = 0;

	assert_int_equal(process_stat_read(getpid(), &stat), 0);
	assert_int_equal(survivor_search(stat.start, survivor_note, &n), 0);
	assert_int_equal(n, 1);
	n = 0;
	assert_int_equal(survivor_search(stat.start + 1, survivor_note, &n), 0);
	assert_int_equal(n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_record_reads_back),
		cmocka_unit_test(test_record_torn_or_flipped_names_no_other_process),
		cmocka_unit_test(test_T38_records_with_foreign_values),
		cmocka_unit_test(test_leftovers_are_found),
		cmocka_unit_test(test_T45_processes_outside_are_found),
	};

	return cmocka_run_group_tests_name("session_record", tests, NULL, NULL);
}
