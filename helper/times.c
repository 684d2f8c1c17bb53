/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "helper/times.h"

#include <time.h>

#define MINUTE 60
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)

static bool is_a_time(int64_t ns)
{
	return ns > 0 && ns != TIME_FOREVER;
}

static bool local(int64_t ns, struct tm *ret)
{
	time_t seconds = (time_t)(ns / NS_PER_S);

	return localtime_r(&seconds, ret) != NULL;
}

/* 0 today, 1 tomorrow, else something else. */
static int days_ahead(int64_t now_ns, const struct tm *at)
{
	struct tm now;

	if (!local(now_ns, &now))
		return 2;
	if (now.tm_year == at->tm_year && now.tm_yday == at->tm_yday)
		return 0;
	now.tm_mday++;
	now.tm_hour = 12;
	now.tm_isdst = -1;
	if (mktime(&now) != (time_t)-1 && now.tm_year == at->tm_year && now.tm_yday == at->tm_yday)
		return 1;
	return 2;
}

/* The three are for today, tomorrow and any other day. */
static const char *format_by_day(struct cli *cli, int64_t now_ns, int64_t at_ns, const char *const formats[3])
{
	char text[64] = "";
	struct tm at;

	if (!is_a_time(at_ns) || !local(at_ns, &at))
		return "-";
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	/* The format is one of the constants below. */
	if (strftime(text, sizeof(text), formats[days_ahead(now_ns, &at)], &at) == 0)
		return "-";
#pragma GCC diagnostic pop
	return cli_escape(cli, text);
}

const char *time_exact(struct cli *cli, int64_t now_ns, int64_t at_ns)
{
	static const char *const formats[] = {"%H:%M:%S %Z", "tomorrow %H:%M:%S %Z", "%Y-%m-%d %H:%M:%S %Z"};

	return format_by_day(cli, now_ns, at_ns, formats);
}

const char *time_rough(struct cli *cli, int64_t now_ns, int64_t at_ns)
{
	static const char *const formats[] = {"%H:%M", "%H:%M tomorrow", "%Y-%m-%d %H:%M"};

	return format_by_day(cli, now_ns, at_ns, formats);
}

const char *time_day(struct cli *cli, int64_t now_ns, int64_t at_ns)
{
	static const char *const formats[] = {"%H:%M", "%Y-%m-%d", "%Y-%m-%d"};

	return format_by_day(cli, now_ns, at_ns, formats);
}

const char *time_of_entry(struct cli *cli, int64_t now_ns, int64_t at_ns)
{
	static const char *const formats[] = {"%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M:%S"};

	return format_by_day(cli, now_ns, at_ns, formats);
}

const char *time_since(struct cli *cli, int64_t now_ns, int64_t at_ns)
{
	int64_t s;

	if (!is_a_time(at_ns))
		return "-";
	s = now_ns > at_ns ? (now_ns - at_ns) / NS_PER_S : 0;
	if (s < MINUTE)
		return cli_text(cli, "%d s", (int)s);
	if (s < HOUR)
		return cli_text(cli, "%d min", (int)(s / MINUTE));
	if (s < 2 * DAY)
		return cli_text(cli, "%d h", (int)(s / HOUR));
	return cli_text(cli, "%lld days", (long long)(s / DAY));
}

const char *time_until(struct cli *cli, int64_t now_ns, int64_t at_ns)
{
	int64_t s;

	if (!is_a_time(at_ns))
		return "-";
	s = at_ns > now_ns ? (at_ns - now_ns) / NS_PER_S : 0;
	if (s >= 2 * DAY)
		return cli_text(cli, "%lld days", (long long)(s / DAY));
	if (s < MINUTE)
		return cli_text(cli, "%d s", (int)s);
	return cli_text(cli, "%d:%02d", (int)(s / HOUR), (int)(s % HOUR / MINUTE));
}

const char *time_left(struct cli *cli, int64_t left_s)
{
	if (left_s < 0)
		return "-";
	return cli_text(cli, "%lld:%02d:%02d", (long long)(left_s / HOUR), (int)(left_s % HOUR / MINUTE),
			(int)(left_s % MINUTE));
}

const char *duration_text(struct cli *cli, int64_t ns)
{
	char text[DURATION_TEXT_MAX];

	duration_format(ns > 0 ? ns : 0, text, sizeof(text));
	return cli_text(cli, "%s", text);
}
