/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "common/base/safe_file.h"
#include "daemon/tenured/notice.h"

#define MAJOR_TTY	4 /* virtual consoles and serial lines */
#define MAJOR_PTS_FIRST 136
#define MAJOR_PTS_LAST	143

static bool name_is_terminal(const char *tty)
{
	return strncmp(tty, "/dev/", 5) == 0 && tty[5] && !strstr(tty, "..") && !strstr(tty, "//");
}

static bool device_is_terminal(const struct stat *st)
{
	unsigned number = major(st->st_rdev);

	return S_ISCHR(st->st_mode) &&
	       (number == MAJOR_TTY || (number >= MAJOR_PTS_FIRST && number <= MAJOR_PTS_LAST));
}

int notice_device(const char *tty, dev_t *ret_device)
{
	struct stat st;

	if (!name_is_terminal(tty))
		return -EINVAL;
	if (lstat(tty, &st) < 0)
		return -errno;
	if (!device_is_terminal(&st))
		return -ENOTTY;
	*ret_device = st.st_rdev;
	return 0;
}

/* How many bytes of it stand on the next line. */
static size_t line_length(const char *text)
{
	size_t len = strlen(text), n = NOTICE_COLUMNS;

	if (len <= NOTICE_COLUMNS)
		return len;
	while (n > 0 && text[n] != ' ')
		n--;
	if (n > 0)
		return n;
	for (n = NOTICE_COLUMNS; n > 1 && ((unsigned char)text[n] & 0xc0) == 0x80; n--)
		; /* whole characters */
	return n;
}

void notice_layout(const char *line, char buf[static NOTICE_OUT_MAX])
{
	size_t used = 0;

	do {
		size_t n = line_length(line);
		if (used + n + 5 > NOTICE_OUT_MAX)
			break;
		memcpy(buf + used, "\r\n", 2);
		memcpy(buf + used + 2, line, n);
		used += 2 + n;
		line += n;
		line += *line == ' ';
	} while (*line);
	memcpy(buf + used, "\r\n", 3);
}

int notice_write(const char *tty, dev_t device, uid_t owner, const char *line)
{
	char text[NOTICE_OUT_MAX];
	struct stat st;

	if (!name_is_terminal(tty) || device == 0)
		return -EPERM;
	int fd CLEANUP(fd_closep) = open(tty, O_WRONLY | O_NOCTTY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (!device_is_terminal(&st) || st.st_rdev != device || st.st_uid != owner)
		return -EPERM;
	notice_layout(line, text);
	ssize_t n = (ssize_t)strlen(text), written = write(fd, text, (size_t)n);
	return written < 0 ? -errno : written < n ? -EAGAIN : 0;
}

void notice_time(int64_t realtime_ns, char *buf, size_t size)
{
	time_t seconds = (time_t)(realtime_ns / NS_PER_S);
	struct tm local;

	if (!localtime_r(&seconds, &local) || strftime(buf, size, "%H:%M:%S %Z", &local) == 0)
		snprintf(buf, size, "?");
}

/* "5 min", "90 s", "4 min 59 s", "1 h 30 min". */
static void span_text(int64_t ns, char *buf, size_t size)
{
	long long s = (long long)((ns + NS_PER_S - 1) / NS_PER_S);

	if (s >= 3600 && s % 60 == 0 && s % 3600 != 0)
		snprintf(buf, size, "%lld h %lld min", s / 3600, s % 3600 / 60);
	else if (s >= 3600 && s % 3600 == 0)
		snprintf(buf, size, "%lld h", s / 3600);
	else if (s >= 60 && s % 60 == 0)
		snprintf(buf, size, "%lld min", s / 60);
	else if (s >= 120 && s < 3600)
		snprintf(buf, size, "%lld min %lld s", s / 60, s % 60);
	else
		snprintf(buf, size, "%lld s", s);
}

/* With more than a minute left there is time to read when, and to ask for more. */
void notice_warning(const char *role, int64_t left_ns, int64_t until_ns, bool extend, char buf[static NOTICE_MAX])
{
	char span[64], when[64];

	span_text(left_ns, span, sizeof(span));
	if (left_ns <= 60 * NS_PER_S || until_ns == TIME_FOREVER) {
		snprintf(buf, NOTICE_MAX, "Tenure: %s ends in %s.", role, span);
		return;
	}
	notice_time(until_ns, when, sizeof(when));
	snprintf(buf, NOTICE_MAX, "Tenure: %s ends in %s (%s).%s", role, span, when,
		 extend ? " More: tenure extend" : "");
}

void notice_closed(const char *role, unsigned processes, char buf[static NOTICE_MAX])
{
	snprintf(buf, NOTICE_MAX, "Tenure: %s has ended; this session was closed (%u process%s).", role, processes,
		 processes == 1 ? "" : "es");
}

void notice_left(const char *leftovers, char buf[static NOTICE_MAX])
{
	snprintf(buf, NOTICE_MAX, "Tenure: left behind: %.400s (reported to the journal).", leftovers);
}
