/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an elevated session leaves behind, below a root of the test's own; and processes outside of its cgroup. */
#include "tests/unit/cmocka_test.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "daemon/tenured/leftover.h"

struct finds {
	char root[32];
	unsigned count;
	char text[1 << 16];
};

static int setup(void **state)
{
	struct finds *f = calloc(1, sizeof(*f));

	strcpy(f->root, "/tmp/tenure-left.XXXXXX");
	*state = f;
	return mkdtemp(f->root) ? 0 : -1;
}

static int teardown(void **state)
{
	struct finds *f = *state;
	char command[64];

	snprintf(command, sizeof(command), "rm -rf -- '%s'", f->root);
	int r = system(command);
	free(f);
	return r;
}

static int find_note(void *context, const struct leftover *l)
{
	struct finds *f = context;
	size_t used = strlen(f->text);

	f->count++;
	snprintf(f->text + used, sizeof(f->text) - used, "%s\n", l->text);
	return 0;
}

static int search(struct finds *f, int64_t since_ns, bool setid)
{
	f->count = 0;
	memcpy(f->text, "\n", 2);
	return leftover_search(f->root, since_ns, setid, find_note, f);
}

static bool has(const struct finds *f, const char *text)
{
	char line[512];

	snprintf(line, sizeof(line), "\n%s\n", text);
	return strstr(f->text, line);
}

static void file_make(const struct finds *f, const char *path, mode_t mode)
{
	char full[512];

	snprintf(full, sizeof(full), "%s%s", f->root, path);
	for (char *slash = full + strlen(f->root) + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		mkdir(full, 0755);
		*slash = '/';
	}
	int fd = open(full, O_WRONLY | O_CREAT, 0600);
	assert_true(fd >= 0);
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

static const struct {
	const char *path, *text;
	mode_t mode;
} files[] = {
	{"/var/spool/cron/atjobs/a0000c01b2f6d3", "at job 12", 0700},
	{"/etc/cron.d/x", "/etc/cron.d/x", 0644},
	{"/var/spool/cron/crontabs/root", "/var/spool/cron/crontabs/root", 0600},
	{"/etc/systemd/system/evil.service", "/etc/systemd/system/evil.service", 0644},
	{"/etc/systemd/system/x.target.wants/evil.timer", "/etc/systemd/system/x.target.wants/evil.timer", 0644},
	/* names as of logind's units, and not of any that it makes there */
	{"/etc/systemd/system/user-evil.service", "/etc/systemd/system/user-evil.service", 0644},
	{"/run/systemd/system/session-3.scope", "/run/systemd/system/session-3.scope", 0644},
	{"/run/systemd/transient/session-evil.service", "/run/systemd/transient/session-evil.service", 0644},
	{"/run/systemd/transient/tenure-x.service", "/run/systemd/transient/tenure-x.service", 0644},
	{"/run/systemd/transient/user@0.service.d.service", "/run/systemd/transient/user@0.service.d.service", 0644},
	{"/etc/sudoers.d/me", "/etc/sudoers.d/me", 0440},
	{"/etc/passwd", "/etc/passwd", 0644},
	{"/root/.ssh/authorized_keys", "/root/.ssh/authorized_keys", 0600},
	{"/home/alice/.ssh/authorized_keys", "/home/alice/.ssh/authorized_keys", 0600},
	{"/home/contoso.com/dave/.ssh/authorized_keys", "/home/contoso.com/dave/.ssh/authorized_keys", 0600},
	{"/srv/backup/.ssh/authorized_keys2", "/srv/backup/.ssh/authorized_keys2", 0600},
	{"/tmp/a/b/sh", "setuid /tmp/a/b/sh", 04755},
	{"/usr/local/bin/g", "setgid /usr/local/bin/g", 02755},
	{"/usr/bin/s", "setuid /usr/bin/s", 04755},
	{"/etc/s", "setuid /etc/s", 04755},
	{"/opt/x/s", "setuid /opt/x/s", 04755},
	{"/srv/s", "setuid /srv/s", 04755},
	{"/var/lib/s", "setuid /var/lib/s", 04755},
	{"/var/tmp/s", "setuid /var/tmp/s", 04755},
};

static void files_make(const struct finds *f)
{
	static const char *const others[] = {
		"/tmp/plain", "/var/spool/cron/atjobs/.SEQ", "/home/alice/.ssh/known_hosts",
		"/run/systemd/transient/session-3.scope", "/run/systemd/transient/session-c1.scope",
		"/run/systemd/transient/user-1000.slice.d/50-x.conf",
		"/run/systemd/transient/tenure-11111111-1111-4111-8111-111111111111.scope",
		"/run/systemd/transient/tenure-end-11111111-1111-4111-8111-111111111111-2.timer",
		"/run/systemd/transient/tenure-end-11111111-1111-4111-8111-111111111111-2.service",
	};
	char path[256];

	for (size_t i = 0; i < ARRAY_LENGTH(files); i++)
		file_make(f, files[i].path, files[i].mode);
	for (size_t i = 0; i < ARRAY_LENGTH(others); i++)
		file_make(f, others[i], 0755);
	snprintf(path, sizeof(path), "%s/etc/passwd", f->root);
	int fd = open(path, O_WRONLY | O_TRUNC);
	static const char passwd[] = "root:x:0:0::/root:/bin/sh\nalice:x:1:1::/home/alice:/bin/sh\n"
				     "backup:x:34:34::/srv/backup:/bin/sh\nbad:x:35:35::nowhere:/bin/sh\n";
	assert_int_equal(write(fd, passwd, sizeof(passwd) - 1), (ssize_t)sizeof(passwd) - 1);
	close(fd);
}

static void test_leftovers_are_found(void **state)
{
	struct finds *f = *state;
	struct timespec now;
	unsigned setid = 0;

	files_make(f);
	assert_int_equal(search(f, 0, true), 0);
	for (size_t i = 0; i < ARRAY_LENGTH(files); i++) {
		if (!has(f, files[i].text))
			fail_msg("not found: %s", files[i].text);
		setid += (files[i].mode & 06000) != 0;
	}
	if (f->count != ARRAY_LENGTH(files))
		fail_msg("found more than is there: %s", f->text);

	/* without the trees */
	assert_int_equal(search(f, 0, false), 0);
	assert_int_equal(f->count, ARRAY_LENGTH(files) - setid);

	/* what was there before the session is none of its doing */
	clock_gettime(CLOCK_REALTIME, &now);
	assert_int_equal(search(f, (int64_t)(now.tv_sec + 10) * NS_PER_S, true), 0);
	assert_int_equal(f->count, 0);
}

static void test_T13_names_are_escaped(void **state)
{
	struct finds *f = *state;

	file_make(f, "/tmp/\x1b[2J", 04755);
	assert_int_equal(search(f, 0, true), 0);
	assert_int_equal(f->count, 1);
	assert_null(strchr(f->text, '\x1b'));
}

/* Anybody can queue jobs, and own setuid files in /tmp: that hides nothing elsewhere, and is said. */
static void test_a_flood_hides_nothing_elsewhere(void **state)
{
	struct finds *f = *state;
	char path[128];

	for (unsigned i = 0; i < 300; i++) {
		snprintf(path, sizeof(path), "/var/spool/cron/atjobs/a%05x01b2f6d3", i + 1);
		file_make(f, path, 0700);
		snprintf(path, sizeof(path), "/tmp/flood/%u", i);
		file_make(f, path, 04755);
		snprintf(path, sizeof(path), "/home/mallory/.ssh/authorized_keys%u", i);
		file_make(f, path, 0600);
	}
	file_make(f, "/home/zoe/.ssh/authorized_keys", 0600);
	file_make(f, "/etc/sudoers.d/me", 0440);
	file_make(f, "/usr/local/bin/s", 04755);
	assert_int_equal(search(f, 0, true), -E2BIG);
	assert_true(has(f, "/home/zoe/.ssh/authorized_keys"));
	assert_true(has(f, "/etc/sudoers.d/me"));
	assert_true(has(f, "setuid /usr/local/bin/s"));
}

static void test_what_is_too_deep_is_said(void **state)
{
	struct finds *f = *state;
	struct timespec now;

	file_make(f, "/tmp/1/2/3/4/5/6/7/8/9/10/11/12/13/14/s", 04755);
	assert_int_equal(search(f, 0, true), -E2BIG);
	assert_int_equal(f->count, 0);
	clock_gettime(CLOCK_REALTIME, &now); /* a folder that did not change hides nothing new */
	assert_int_equal(search(f, (int64_t)(now.tv_sec + 10) * NS_PER_S, true), 0);
}

static int survivor_note(void *context, const struct survivor *p)
{
	if (p->pid == getpid() && p->uids[0] == getuid() && p->uids[1] == geteuid())
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
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_leftovers_are_found),
		TEST(test_T13_names_are_escaped),
		TEST(test_a_flood_hides_nothing_elsewhere),
		TEST(test_what_is_too_deep_is_said),
		cmocka_unit_test(test_T45_processes_outside_are_found),
	};

	return cmocka_run_group_tests_name("session: leftovers", tests, NULL, NULL);
}
