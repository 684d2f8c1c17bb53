/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The log: what it sends, and that no log daemon, stopped, dead or started anew, ever keeps the broker waiting. */
#include "tests/unit/cmocka_test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/base/paths.h"
#include "daemon/tenured/log.h"
#include "daemon/tenured/log_send.h"

static char root[] = "/tmp/tenure-log.XXXXXX";
static int waits;

static void on_wait(void *context)
{
	(void)context;
	waits++;
}

static void make(const char *folder)
{
	char path[128];

	(void)snprintf(path, sizeof(path), "%s%s", root, folder);
	if (mkdir(path, 0755) < 0)
		assert_int_equal(errno, EEXIST);
}

/* A daemon's socket. */
static int daemon_at(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	assert_true(fd >= 0);
	(void)unlink(path);
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static int setup(void **state)
{
	(void)state;
	waits = 0;
	memcpy(root + sizeof(root) - 7, "XXXXXX", 6);
	if (!mkdtemp(root))
		return -1;
	(void)setenv("TENURE_TEST_ROOT", root, 1);
	make("/dev");
	make("/run");
	make("/run/systemd");
	make("/run/systemd/journal");
	alarm(120); /* where it waits, the test ends */
	return 0;
}

static int teardown(void **state)
{
	char command[64];

	(void)state;
	alarm(0);
	log_send_on_wait(NULL, NULL);
	while (!log_flush()) { /* for the next test, to nobody */
		const int fd = daemon_at(tenure_path(PATH_LOG_SYSLOG));
		char text[9000];

		log_send_open(tenure_path(PATH_LOG_SYSLOG));
		while (!log_send_flush())
			while (recv(fd, text, sizeof(text), 0) > 0)
				;
		close(fd);
	}
	(void)log_send_lost();
	log_open(true);
	(void)snprintf(command, sizeof(command), "rm -r %s", root);
	return system(command);
}

static const char *next(int fd)
{
	static char text[16384];
	const ssize_t n = recv(fd, text, sizeof(text) - 1, 0);

	text[n < 0 ? 0 : n] = '\0';
	for (ssize_t i = 0; i < n; i++)
		if (text[i] == '\0')
			text[i] = '@';
	return text;
}

static void to_syslog(void)
{
	(void)unsetenv("JOURNAL_STREAM");
	log_open(false);
}

static void test_a_line_of_syslog(void **state)
{
	const int fd = daemon_at(tenure_path(PATH_LOG_SYSLOG));
	const struct log_field fields[] = {{"user", "alice@contoso.com", false}, {"reason", "a\nb", true}};
	const char *text;
	char own[32];

	(void)state;
	to_syslog();
	log_event(LOG_NOTICE, "activate", fields, 2);
	text = next(fd);
	(void)snprintf(own, sizeof(own), "tenured[%d]: ", (int)getpid());
	assert_int_equal(strncmp(text, "<37>", 4), 0); /* auth.notice */
	assert_int_equal(text[19], ' ');	       /* "Nov 25 22:00:00 " */
	assert_ptr_equal(strstr(text, own), text + 20);
	assert_string_equal(text + 20 + strlen(own), "activate user=alice@contoso.com reason=\"a\\x0ab\"");
	close(fd);
}

static void test_fields_of_the_journal(void **state)
{
	const int fd = daemon_at(tenure_path(PATH_LOG_JOURNAL));
	const struct log_field fields[] = {{"user", "alice@contoso.com", false}, {"two-words", "a\nb", true}, {"none", NULL, false}};

	(void)state;
	(void)setenv("JOURNAL_STREAM", "1:2", 1);
	log_open(false);
	log_event(LOG_NOTICE, "activate", fields, 3);
	assert_string_equal(next(fd), "MESSAGE=activate user=alice@contoso.com two-words=\"a\\x0ab\"\n"
				      "PRIORITY=5\nSYSLOG_FACILITY=4\nSYSLOG_IDENTIFIER=tenured\nTENURE_EVENT=activate\n"
				      "TENURE_USER=alice@contoso.com\nTENURE_TWO_WORDS\n\003@@@@@@@a\nb\n");
	close(fd);
}

/* Stopped, as by SIGSTOP: the queue of the socket fills up. All is there afterwards, in order. */
static void test_a_daemon_that_does_not_read(void **state)
{
	const int fd = daemon_at(tenure_path(PATH_LOG_SYSLOG));
	unsigned i, expected = 0;

	(void)state;
	to_syslog();
	log_send_on_wait(on_wait, NULL);
	for (i = 0; i < 5000; i++)
		log_text(LOG_INFO, "line %u", i);
	assert_int_equal(waits, 1);
	assert_false(log_flush());
	while (expected < i) {
		const char *text = next(fd), *at = strstr(text, "line ");

		if (!*text) {
			(void)log_flush();
			continue;
		}
		assert_non_null(at);
		assert_int_equal(strtoul(at + 5, NULL, 10), expected);
		expected++;
	}
	assert_true(log_flush());
	assert_string_equal(next(fd), "");
	close(fd);
}

/* Memory has an end; what is lost is counted, and said as soon as somebody listens. */
static void test_what_is_lost_is_said(void **state)
{
	const int fd = daemon_at(tenure_path(PATH_LOG_SYSLOG));
	char line[4001];
	bool said = false;
	unsigned count = 0;
	const char *text;

	(void)state;
	memset(line, 'x', sizeof(line) - 1);
	line[sizeof(line) - 1] = '\0';
	to_syslog();
	for (unsigned i = 0; i < 2000; i++)
		log_text(LOG_INFO, "%s", line);
	for (unsigned quiet = 0; quiet < 2;) {
		text = next(fd);
		said = said || strstr(text, " lines were lost: the log daemon did not read");
		count += strstr(text, "xxxx") != NULL;
		quiet = *text ? 0 : quiet + 1;
		(void)log_flush();
	}
	assert_true(said);
	assert_true(count > LOG_SEND_BYTES / 5000 && count < 2000);
	close(fd);
}

/* What is said while there is none is said to the one that comes. */
static void test_a_daemon_that_is_started_anew(void **state)
{
	int fd = daemon_at(tenure_path(PATH_LOG_SYSLOG));

	(void)state;
	to_syslog();
	log_text(LOG_INFO, "to the first");
	assert_non_null(strstr(next(fd), "to the first"));
	close(fd);
	log_text(LOG_INFO, "to nobody");
	assert_false(log_flush());
	fd = daemon_at(tenure_path(PATH_LOG_SYSLOG));
	log_text(LOG_INFO, "to the second");
	assert_non_null(strstr(next(fd), "to nobody"));
	assert_non_null(strstr(next(fd), "to the second"));
	close(fd);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_line_of_syslog),
		TEST(test_fields_of_the_journal),
		TEST(test_a_daemon_that_does_not_read),
		TEST(test_what_is_lost_is_said),
		TEST(test_a_daemon_that_is_started_anew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
