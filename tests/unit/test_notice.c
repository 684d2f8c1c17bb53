/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "common/base/text.h"
#include "common/model/directory.h"
#include "daemon/tenured/notice.h"

static void test_texts(void **state)
{
	char line[NOTICE_MAX];

	setenv("TZ", "CET-1", 1);
	tzset();
	notice_warning("db-operator", 300 * NS_PER_S, INT64_C(1767967451) * NS_PER_S, true, line);
	assert_string_equal(line, "Tenure: db-operator ends in 5 min (15:04:11 CET). More: tenure extend");
	notice_warning("db-operator", 300 * NS_PER_S, INT64_C(1767967451) * NS_PER_S, false, line);
	assert_string_equal(line, "Tenure: db-operator ends in 5 min (15:04:11 CET).");
	notice_warning("db-operator", 60 * NS_PER_S, INT64_C(1767967451) * NS_PER_S, true, line);
	assert_string_equal(line, "Tenure: db-operator ends in 1 min.");
	notice_warning("db-operator", 10 * NS_PER_S, INT64_C(1767967451) * NS_PER_S, true, line);
	assert_string_equal(line, "Tenure: db-operator ends in 10 s.");
	notice_warning("db-operator", 10 * NS_PER_S - 1, INT64_C(1767967451) * NS_PER_S, true, line);
	assert_string_equal(line, "Tenure: db-operator ends in 10 s.");
	notice_warning("db-operator", 9 * NS_PER_S, INT64_C(1767967451) * NS_PER_S, true, line);
	assert_string_equal(line, "Tenure: db-operator ends in 9 s.");
	notice_warning("db-operator", 298 * NS_PER_S + 1, INT64_C(1767967451) * NS_PER_S, true, line);
	assert_string_equal(line, "Tenure: db-operator ends in 4 min 59 s (15:04:11 CET). More: tenure extend");
	notice_closed("db-operator", 3, line);
	assert_string_equal(line, "Tenure: db-operator has ended; this session was closed (3 processes).");
	notice_closed("db-operator", 1, line);
	assert_string_equal(line, "Tenure: db-operator has ended; this session was closed (1 process).");
	notice_left("at job 12, /etc/cron.d/x", line);
	assert_string_equal(line, "Tenure: left behind: at job 12, /etc/cron.d/x (reported to the journal).");
}

/* Behind the CR LF that it begins and ends with, each line by itself. Without those the text is what it was. */
static void lines_fit(const char *line)
{
	char out[NOTICE_OUT_MAX], back[NOTICE_MAX] = "";

	notice_layout(line, out);
	assert_memory_equal(out, "\r\n", 2);
	for (char *at = out + 2; *at;) {
		char *end = strstr(at, "\r\n");
		assert_non_null(end);
		*end = '\0';
		assert_true(strlen(at) <= NOTICE_COLUMNS);
		assert_int_not_equal((unsigned char)at[0] & 0xc0, 0x80);
		if (back[0] && !strstr(line, back)) /* a word was cut */
			fail_msg("'%s' is no beginning of '%s'", back, line);
		if (back[0] && line[strlen(back)] == ' ')
			strcat(back, " ");
		strcat(back, at);
		at = end + 2;
	}
	assert_string_equal(back, line);
}

static void role_fits(const char *role)
{
	char line[NOTICE_MAX];
	int64_t until = INT64_C(1767967451) * NS_PER_S;

	notice_warning(role, 59 * NS_PER_S, until, true, line);
	lines_fit(line);
	notice_warning(role, 299 * NS_PER_S, until, true, line);
	lines_fit(line);
	notice_warning(role, 23 * 3600 * NS_PER_S + 1, until, true, line);
	lines_fit(line);
	notice_closed(role, 12345, line);
	lines_fit(line);
}

static void test_no_line_is_wider_than_a_terminal(void **state)
{
	static const char longest[] = "a-role-with-the-longest-name_.-";
	struct directory *d = calloc(1, sizeof(*d));
	char line[NOTICE_MAX], word[400] = "";

	setenv("TZ", "XXXXXX-1", 1); /* as long a zone as there are */
	tzset();
	assert_non_null(d);
	assert_int_equal(directory_add_built_in_roles(d), 0);
	assert_true(d->role_count > 3);
	for (size_t i = 0; i < d->role_count; i++)
		role_fits(d->roles[i].o.name);
	directory_free(d);
	assert_int_equal(strlen(longest), NAME_LENGTH_MAX);
	role_fits(longest);
	notice_left("at job 12, /etc/cron.d/x, /home/contoso.com/alice/.ssh/authorized_keys, setuid /tmp/x, ...", line);
	lines_fit(line);
	for (size_t i = 0; i < 190; i++) /* one word, each character of two bytes, and one byte aside */
		memcpy(word + 2 * i, "\xc3\xa4", 3);
	notice_left(word, line);
	lines_fit(line);
	notice_left(word + 2, line);
	lines_fit(line);
	lines_fit("");
	lines_fit("12345678901234567890123456789012345678901234567890123456789012345678901234567890");
	lines_fit("12345678901234567890123456789012345678901234567890123456789012345678901234567890 1");
}

static int terminal_open(char *name, size_t size)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY);

	assert_true(master >= 0);
	assert_int_equal(grantpt(master), 0);
	assert_int_equal(unlockpt(master), 0);
	assert_int_equal(ptsname_r(master, name, size), 0);
	return master;
}

static void test_writes_to_that_terminal_alone(void **state)
{
	char name[64], other[64], buf[256];
	dev_t device, other_device;
	struct stat st;

	int master = terminal_open(name, sizeof(name)), second = terminal_open(other, sizeof(other));
	int slave = open(name, O_RDWR | O_NOCTTY);
	assert_true(slave >= 0);
	struct termios raw;
	assert_int_equal(tcgetattr(slave, &raw), 0);
	cfmakeraw(&raw);
	assert_int_equal(tcsetattr(slave, TCSANOW, &raw), 0);
	assert_int_equal(fstat(slave, &st), 0);
	assert_int_equal(notice_device(name, &device), 0);
	assert_true(device == st.st_rdev);
	assert_int_equal(notice_write(name, device, st.st_uid, "Tenure: x"), 0);
	ssize_t n = read(master, buf, sizeof(buf));
	assert_int_equal(n, 13);
	assert_memory_equal(buf, "\r\nTenure: x\r\n", 13);

	assert_int_equal(notice_device(other, &other_device), 0);
	assert_int_equal(notice_write(name, other_device, st.st_uid, "x"), -EPERM); /* another device by that name */
	assert_int_equal(notice_write(name, device, st.st_uid + 1, "x"), -EPERM);   /* another's */
	assert_int_equal(notice_write(name, 0, st.st_uid, "x"), -EPERM);
	fcntl(master, F_SETFL, O_NONBLOCK);
	assert_int_equal(read(master, buf, sizeof(buf)), -1);
	close(slave);
	close(master);
	close(second);
}

static void test_nothing_else_is_a_terminal(void **state)
{
	static const char *const names[] = {"/dev/null", "/dev/zero", "/dev/tty", "/dev/../etc/passwd", "pts/0", "",
					    "/etc/passwd", "/dev/", "/dev/pts", "/dev//pts/0", "/dev/nothing", "/dev/stdout"};
	dev_t device;

	for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
		assert_true(notice_device(names[i], &device) < 0);
		assert_true(notice_write(names[i], 1, getuid(), "x") < 0);
	}
}

/* Nobody reads: the line is lost, nothing waits. */
static void test_a_full_terminal_is_not_waited_for(void **state)
{
	char name[64];
	struct stat st;
	dev_t device;
	int master = terminal_open(name, sizeof(name)), slave = open(name, O_RDWR | O_NOCTTY), r = 0;

	assert_true(slave >= 0);
	assert_int_equal(fstat(slave, &st), 0);
	assert_int_equal(notice_device(name, &device), 0);
	for (int i = 0; r == 0 && i < 100000; i++)
		r = notice_write(name, device, st.st_uid, "a line that nobody reads");
	assert_int_equal(r, -EAGAIN);
	close(slave);
	close(master);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_no_line_is_wider_than_a_terminal),
		cmocka_unit_test(test_writes_to_that_terminal_alone),
		cmocka_unit_test(test_nothing_else_is_a_terminal),
		cmocka_unit_test(test_a_full_terminal_is_not_waited_for),
	};

	return cmocka_run_group_tests_name("notice", tests, NULL, NULL);
}
