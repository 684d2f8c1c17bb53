/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "common/base/clock.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static int system_now(struct clock_source *self, struct instant *ret)
{
	struct timespec real, boot;

	(void)self;
	if (clock_gettime(CLOCK_REALTIME, &real) < 0 || clock_gettime(CLOCK_BOOTTIME, &boot) < 0)
		return -errno;
	ret->realtime_ns = (int64_t)real.tv_sec * NS_PER_S + real.tv_nsec;
	ret->boottime_ns = (int64_t)boot.tv_sec * NS_PER_S + boot.tv_nsec;
	return 0;
}

struct clock_source clock_system = {.now = system_now};

bool window_holds(const struct window *w, const struct instant *now)
{
	return now->realtime_ns >= w->start_ns && now->realtime_ns < w->end_ns &&
	       now->boottime_ns < w->boot_end_ns;
}

static int64_t left_until(int64_t end_ns, int64_t now_ns)
{
	int64_t left;

	if (end_ns == TIME_FOREVER)
		return TIME_FOREVER;
	if (end_ns <= now_ns)
		return 0;
	if (__builtin_sub_overflow(end_ns, now_ns, &left))
		return TIME_FOREVER;
	return left;
}

int64_t window_left_ns(const struct window *w, const struct instant *now)
{
	int64_t real = left_until(w->end_ns, now->realtime_ns);
	int64_t boot = left_until(w->boot_end_ns, now->boottime_ns);

	return real < boot ? real : boot;
}

int64_t time_add(int64_t a_ns, int64_t b_ns)
{
	int64_t sum;

	if (__builtin_add_overflow(a_ns, b_ns, &sum))
		return b_ns < 0 ? TIME_ALWAYS : TIME_FOREVER;
	return sum;
}

/* Days since 1970-01-01 in the proleptic Gregorian calendar: years are counted from March, so that the leap day is last. */
static int64_t days_from_civil(int64_t year, unsigned month, unsigned day)
{
	int64_t y = month <= 2 ? year - 1 : year;
	int64_t era = (y >= 0 ? y : y - 399) / 400;
	unsigned of_era = (unsigned)(y - era * 400);
	unsigned of_year = (153 * (month + (month > 2 ? -3u : 9u)) + 2) / 5 + day - 1;

	return era * 146097 + (int64_t)(of_era * 365 + of_era / 4 - of_era / 100 + of_year) - 719468;
}

static void civil_from_days(int64_t days, int *ret_year, unsigned *ret_month, unsigned *ret_day)
{
	int64_t z = days + 719468, era = (z >= 0 ? z : z - 146096) / 146097;
	unsigned of_era = (unsigned)(z - era * 146097);
	unsigned year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	unsigned of_year = of_era - (365 * year + year / 4 - year / 100);
	unsigned shifted = (5 * of_year + 2) / 153;

	*ret_day = of_year - (153 * shifted + 2) / 5 + 1;
	*ret_month = shifted < 10 ? shifted + 3 : shifted - 9;
	*ret_year = (int)((int64_t)year + era * 400 + (*ret_month <= 2 ? 1 : 0));
}

static unsigned days_in_month(unsigned year, unsigned month)
{
	static const unsigned char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month - 1] + (month == 2 && leap ? 1u : 0u);
}

/* Exactly `count` digits at *p, which moves behind them. */
static bool take_digits(const char **p, int count, unsigned *ret)
{
	unsigned value = 0;

	for (int i = 0; i < count; i++, (*p)++) {
		if (**p < '0' || **p > '9')
			return false;
		value = value * 10 + (unsigned)(**p - '0');
	}
	*ret = value;
	return true;
}

static bool take(const char **p, char c)
{
	if (**p != c)
		return false;
	(*p)++;
	return true;
}

/* ".123456789": 1 to 9 digits; nothing if there is no point. */
static bool take_fraction(const char **p, int64_t *ret_ns)
{
	int64_t unit = NS_PER_S;

	*ret_ns = 0;
	if (!take(p, '.'))
		return true;
	if (**p < '0' || **p > '9')
		return false;
	for (; **p >= '0' && **p <= '9'; (*p)++) {
		unit /= 10;
		if (unit == 0)
			return false;
		*ret_ns += (**p - '0') * unit;
	}
	return true;
}

/* "Z", "+01:00": seconds east of UTC. */
static bool take_zone(const char **p, int64_t *ret_s)
{
	unsigned hours, minutes;
	int64_t sign = **p == '-' ? -1 : 1;

	*ret_s = 0;
	if (take(p, 'Z'))
		return true;
	if (!take(p, '+') && !take(p, '-'))
		return false;
	if (!take_digits(p, 2, &hours) || !take(p, ':') || !take_digits(p, 2, &minutes))
		return false;
	*ret_s = sign * ((int64_t)hours * 3600 + (int64_t)minutes * 60);
	return hours <= 23 && minutes <= 59;
}

int time_parse_rfc3339(const char *text, int64_t *ret_realtime_ns)
{
	unsigned year, month, day, hour, minute, second;
	int64_t fraction_ns, zone_s, seconds, ns;
	const char *p = text;

	if (!take_digits(&p, 4, &year) || !take(&p, '-') || !take_digits(&p, 2, &month) || !take(&p, '-') ||
	    !take_digits(&p, 2, &day) || !take(&p, 'T') || !take_digits(&p, 2, &hour) || !take(&p, ':') ||
	    !take_digits(&p, 2, &minute) || !take(&p, ':') || !take_digits(&p, 2, &second) ||
	    !take_fraction(&p, &fraction_ns) || !take_zone(&p, &zone_s) || *p != '\0')
		return -EINVAL;
	if (month < 1 || month > 12 || day < 1 || day > days_in_month(year, month) || hour > 23 || minute > 59 ||
	    second > 59)
		return -EINVAL;
	seconds = days_from_civil(year, month, day) * 86400 + (int64_t)hour * 3600 + (int64_t)minute * 60 + second -
		  zone_s;
	if (__builtin_mul_overflow(seconds, NS_PER_S, &ns) || __builtin_add_overflow(ns, fraction_ns, &ns) ||
	    ns == TIME_FOREVER || ns == TIME_ALWAYS)
		return -ERANGE;
	*ret_realtime_ns = ns;
	return 0;
}

void time_format_rfc3339(int64_t realtime_ns, char *buf, size_t len)
{
	int64_t seconds = realtime_ns / NS_PER_S - (realtime_ns % NS_PER_S < 0 ? 1 : 0);
	int64_t days = seconds / 86400 - (seconds % 86400 < 0 ? 1 : 0);
	unsigned of_day = (unsigned)(seconds - days * 86400), month, day;
	int year;

	civil_from_days(days, &year, &month, &day);
	snprintf(buf, len, "%04d-%02u-%02uT%02u:%02u:%02uZ", year, month, day, of_day / 3600, of_day / 60 % 60,
		 of_day % 60);
}

static const struct {
	char letter;
	int64_t seconds;
} units[] = {{'d', 86400}, {'h', 3600}, {'m', 60}, {'s', 1}};

#define DURATION_MAX_S (INT64_C(366) * 86400)

/* One "30m" at *p, of a unit smaller than the last. */
static int take_part(const char **p, size_t *next_unit, int64_t *ret_s)
{
	int64_t value = 0;
	const char *start = *p;

	for (; **p >= '0' && **p <= '9'; (*p)++) {
		value = value * 10 + (**p - '0');
		if (value > DURATION_MAX_S)
			return -ERANGE;
	}
	if (*p == start || (*start == '0' && *p - start > 1))
		return -EINVAL;
	while (*next_unit < ARRAY_LENGTH(units) && units[*next_unit].letter != **p)
		(*next_unit)++;
	if (*next_unit == ARRAY_LENGTH(units))
		return -EINVAL;
	*ret_s = value * units[(*next_unit)++].seconds;
	(*p)++;
	return 0;
}

int duration_parse(const char *text, int64_t *ret_ns)
{
	int64_t total_s = 0, part_s;
	size_t next_unit = 0;
	int r;

	if (*text == '\0')
		return -EINVAL;
	while (*text != '\0') {
		r = take_part(&text, &next_unit, &part_s);
		if (r < 0)
			return r;
		total_s += part_s;
		if (total_s > DURATION_MAX_S)
			return -ERANGE;
	}
	*ret_ns = total_s * NS_PER_S;
	return 0;
}

void duration_format(int64_t ns, char *buf, size_t len)
{
	int64_t seconds = ns > 0 ? ns / NS_PER_S : 0;
	size_t used = 0;

	if (seconds == 0) {
		snprintf(buf, len, "0s");
		return;
	}
	for (size_t i = 0; i < ARRAY_LENGTH(units) && used < len; i++) {
		if (seconds < units[i].seconds)
			continue;
		used += (size_t)snprintf(buf + used, len - used, "%lld%c", (long long)(seconds / units[i].seconds),
					 units[i].letter);
		seconds %= units[i].seconds;
	}
}
