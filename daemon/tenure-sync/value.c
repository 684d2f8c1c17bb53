/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/tenure-sync/value.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "common/base/clock.h"
#include "common/base/text.h"
#include "daemon/tenure-sync/dn.h"

/* Not for long: the broker works on them meanwhile. */
#define TOGETHER_MAX 16384u

/* --- packets --- */

void writer_init(struct object_writer *w)
{
	sync_packet_begin(&w->packet, SYNC_ENTRY, 0);
}

void writer_begin(struct object_writer *w, int fd)
{
	w->fd = fd;
	w->error = 0;
	w->total = 0;
	w->begin = w->packet.len;
	w->in_parts = w->too_large = w->has_gecos = w->has_created = false;
	w->enabled = ENABLED_UNSAID;
	w->end_s = INT64_MAX;
}

int writer_flush(struct object_writer *w)
{
	int r = w->packet.len > SYNC_HEADER_LEN ? sync_packet_send(w->fd, &w->packet) : 0;

	writer_init(w);
	return r;
}

/* Those before it go, and it has the packet to itself. */
static int send_others(struct object_writer *w)
{
	const size_t len = w->packet.len - w->begin;
	int r;

	w->packet.len = w->begin;
	r = sync_packet_send(w->fd, &w->packet);
	memmove(w->packet.bytes + SYNC_HEADER_LEN, w->packet.bytes + w->begin, len);
	w->packet.len = SYNC_HEADER_LEN + len;
	w->begin = SYNC_HEADER_LEN;
	return r;
}

static int send_part(struct object_writer *w)
{
	w->in_parts = true;
	w->packet.bytes[2] = SYNC_MORE;
	return writer_flush(w);
}

static void put(struct object_writer *w, unsigned tag, const void *data, size_t len)
{
	int r;

	w->total += SYNC_FIELD_HEADER_LEN + len;
	r = sync_packet_add(&w->packet, tag, data, len);
	if (r == -ENOSPC && w->begin > SYNC_HEADER_LEN) {
		r = send_others(w);
		if (r == 0)
			r = sync_packet_add(&w->packet, tag, data, len);
	}
	if (r == -ENOSPC) {
		r = send_part(w);
		if (r == 0)
			r = sync_packet_add(&w->packet, tag, data, len);
	}
	w->error = r;
	w->has_gecos = w->has_gecos || tag == SYNC_TAG_GECOS;
	w->has_created = w->has_created || tag == SYNC_TAG_CREATED;
}

/* What is said of an object of which not all can be sent: one entry must not keep its whole tenant from being read. */
#define TOO_LARGE      "is larger than 32 MiB, or holds a value longer than 16 KiB"
#define TOO_LARGE_ROOM 256u

void writer_add(struct object_writer *w, unsigned tag, const void *data, size_t len)
{
	if (w->error < 0 || w->too_large)
		return;
	if (len > SYNC_FIELD_MAX || w->total + SYNC_FIELD_HEADER_LEN + len > SYNC_OBJECT_MAX - TOO_LARGE_ROOM) {
		w->too_large = true;
		return;
	}
	put(w, tag, data, len);
}

static void add_text(struct object_writer *w, unsigned tag, const char *text);
static void add_seconds(struct object_writer *w, unsigned tag, int64_t seconds);

static void add_account(struct object_writer *w)
{
	if (w->enabled != ENABLED_UNSAID)
		add_text(w, SYNC_TAG_ENABLED, w->enabled == ENABLED_TRUE ? "true" : "false");
	if (w->end_s != INT64_MAX)
		add_seconds(w, SYNC_TAG_END, w->end_s);
}

int writer_end(struct object_writer *w)
{
	add_account(w);
	if (w->error == 0 && w->too_large)
		put(w, SYNC_TAG_PROBLEM, TOO_LARGE, strlen(TOO_LARGE));
	if (w->error < 0)
		return w->error;
	/* The rest of one that was sent in parts is alone in its packet. */
	return w->in_parts || w->packet.len > TOGETHER_MAX ? writer_flush(w) : 0;
}

static void add_text(struct object_writer *w, unsigned tag, const char *text)
{
	writer_add(w, tag, text, strlen(text));
}

static void add_problem(struct object_writer *w, const struct mapping *m, const char *what)
{
	char text[256];

	(void)snprintf(text, sizeof(text), "%s %s", m->attribute, what);
	add_text(w, SYNC_TAG_PROBLEM, text);
}

/* --- values --- */

/* A value as text: longer than a field, or with a NUL, is none. */
static bool is_text(const struct berval *v)
{
	return v->bv_len <= SYNC_FIELD_MAX && !memchr(v->bv_val, '\0', v->bv_len);
}

static void take_one(struct object_writer *w, const struct mapping *m, const struct berval *v)
{
	if (is_text(v))
		writer_add(w, m->tag, v->bv_val, v->bv_len);
	else
		add_problem(w, m, "is too long, or holds a NUL");
}

static void take_all(struct object_writer *w, const struct mapping *m, const struct berval *values)
{
	for (; values->bv_val && w->error == 0; values++)
		take_one(w, m, values);
}

/* Of several names the entry is called by one. */
static void take_name(struct object_writer *w, const struct mapping *m, const char *dn, const struct berval *values)
{
	char *name;

	if (!values[1].bv_val) {
		take_one(w, m, values);
		return;
	}
	if (dn_name(dn, m->attribute, &name) < 0) {
		add_problem(w, m, "has several values, and the entry is not called by one of them");
		return;
	}
	add_text(w, m->tag, name);
	free(name);
}

/* An account is enabled where nothing says that it is not: a lock is no less one where another attribute says TRUE. */
static void add_bool(struct object_writer *w, unsigned tag, bool value)
{
	if (tag != SYNC_TAG_ENABLED)
		add_text(w, tag, value ? "true" : "false");
	else if (w->enabled != ENABLED_FALSE)
		w->enabled = value ? ENABLED_TRUE : ENABLED_FALSE;
}

static void take_bool(struct object_writer *w, const struct mapping *m, const struct berval *v)
{
	if (v->bv_len == 4 && strncasecmp(v->bv_val, "true", 4) == 0)
		add_bool(w, m->tag, true);
	else if (v->bv_len == 5 && strncasecmp(v->bv_val, "false", 5) == 0)
		add_bool(w, m->tag, false);
	else
		take_one(w, m, v); /* the broker says what is wrong */
}

static void add_seconds(struct object_writer *w, unsigned tag, int64_t seconds)
{
	char text[TIME_TEXT_MAX];

	if (seconds < 0 || seconds > INT64_MAX / NS_PER_S)
		return;
	time_format_rfc3339(seconds * NS_PER_S, text, sizeof(text));
	add_text(w, tag, text);
}

/* Likewise the first of several ends. */
static void add_time(struct object_writer *w, unsigned tag, int64_t seconds)
{
	if (tag != SYNC_TAG_END)
		add_seconds(w, tag, seconds);
	else if (seconds >= 0 && seconds < w->end_s)
		w->end_s = seconds;
}

static bool take_digits(const char **at, int count, int *ret)
{
	*ret = 0;
	for (int i = 0; i < count; i++, (*at)++) {
		if (**at < '0' || **at > '9')
			return false;
		*ret = *ret * 10 + (**at - '0');
	}
	return true;
}

/* YYYYMMDDHH[MM[SS]] with a fraction or none, and Z: what slapd and AD write (X.680, 46.3; in UTC alone). */
static bool parse_time(const struct berval *v, int64_t *ret_s)
{
	char text[40];
	const char *at = text;
	struct tm tm = {.tm_year = 0};

	if (v->bv_len >= sizeof(text))
		return false;
	memcpy(text, v->bv_val, v->bv_len);
	text[v->bv_len] = '\0';
	if (!take_digits(&at, 4, &tm.tm_year) || !take_digits(&at, 2, &tm.tm_mon) || !take_digits(&at, 2, &tm.tm_mday) ||
	    !take_digits(&at, 2, &tm.tm_hour))
		return false;
	if (*at >= '0' && *at <= '9' && !take_digits(&at, 2, &tm.tm_min))
		return false;
	if (*at >= '0' && *at <= '9' && !take_digits(&at, 2, &tm.tm_sec))
		return false;
	if (*at == '.' || *at == ',')
		at += 1 + strspn(at + 1, "0123456789");
	if (strcmp(at, "Z") != 0 || tm.tm_year < 1970 || tm.tm_mon < 1 || tm.tm_mon > 12 || tm.tm_mday < 1 || tm.tm_mday > 31 ||
	    tm.tm_hour > 23 || tm.tm_min > 59 || tm.tm_sec > 60)
		return false;
	tm.tm_year -= 1900;
	tm.tm_mon--;
	*ret_s = timegm(&tm);
	return true;
}

static void take_time(struct object_writer *w, const struct mapping *m, const struct berval *v)
{
	int64_t seconds;

	if (m->tag == SYNC_TAG_CREATED && w->has_created)
		return;
	if (parse_time(v, &seconds))
		add_time(w, m->tag, seconds);
	else
		take_one(w, m, v);
}

static void take_dns(struct object_writer *w, const struct mapping *m, const struct berval *values)
{
	for (; values->bv_val && w->error == 0; values++) {
		char *normal = NULL, *text = is_text(values) ? strndup(values->bv_val, values->bv_len) : NULL;

		if (text && dn_normalise(text, &normal) == 0)
			add_text(w, m->tag, normal);
		else if (m->tag != SYNC_TAG_MODIFIER)
			add_problem(w, m, "has a value that is no DN");
		free(normal);
		free(text);
	}
}

static void take_id(struct object_writer *w, const struct mapping *m, const struct berval *v)
{
	char text[UUID_TEXT_MAX] = "";
	struct uuid id;

	if (v->bv_len < sizeof(text))
		memcpy(text, v->bv_val, v->bv_len);
	if (uuid_parse(text, &id) < 0)
		add_problem(w, m, "is no UUID");
	else
		writer_add(w, m->tag, id.bytes, sizeof(id.bytes));
}

static bool parse_number(const struct berval *v, uint64_t max, uint64_t *ret)
{
	char text[24] = "";

	if (v->bv_len >= sizeof(text))
		return false;
	memcpy(text, v->bv_val, v->bv_len);
	return number_parse(text, max, ret) == 0;
}

/* ADS_UF_ACCOUNTDISABLE, MS-ADTS 2.2.16 */
#define AD_DISABLED 2u
static void take_ad_control(struct object_writer *w, const struct mapping *m, const struct berval *v)
{
	uint64_t flags;

	if (!parse_number(v, UINT32_MAX, &flags))
		add_problem(w, m, "is no number");
	else
		add_bool(w, m->tag, !(flags & AD_DISABLED));
}

/* 100 ns since 1601; 0 and the greatest number mean never (MS-ADA1 2.1). */
#define AD_EPOCH_S INT64_C(11644473600)
static void take_ad_expires(struct object_writer *w, const struct mapping *m, const struct berval *v)
{
	uint64_t ticks;

	if (!parse_number(v, INT64_MAX, &ticks))
		add_problem(w, m, "is no number");
	else if (ticks != 0 && ticks != INT64_MAX)
		add_time(w, m->tag, (int64_t)(ticks / 10000000) > AD_EPOCH_S ? (int64_t)(ticks / 10000000) - AD_EPOCH_S : 0);
}

/* Days since 1970 (shadow(5)); -1 and the empty value mean never. */
static void take_shadow_expire(struct object_writer *w, const struct mapping *m, const struct berval *v)
{
	uint64_t days;

	if (v->bv_len == 2 && memcmp(v->bv_val, "-1", 2) == 0)
		return;
	if (parse_number(v, 1000000, &days))
		add_time(w, m->tag, (int64_t)days * 86400);
	else
		add_problem(w, m, "is no number of days");
}

/* Locked by an administrator, for good (draft-behera-ldap-password-policy, 5.3.3); any other time is the server's to judge. */
static void take_ppolicy_lock(struct object_writer *w, const struct mapping *m, const struct berval *v)
{
	static const char *const for_good[] = {"000001010000Z", "00000101000000Z"};

	for (size_t i = 0; i < ARRAY_LENGTH(for_good); i++)
		if (v->bv_len == strlen(for_good[i]) && memcmp(v->bv_val, for_good[i], v->bv_len) == 0)
			add_bool(w, m->tag, false);
}

void value_take(struct object_writer *w, const struct mapping *m, const char *dn, const struct berval *values)
{
	switch (m->conversion) {
	case TAKE_TEXT:
		take_one(w, m, values);
		return;
	case TAKE_ALL:
		take_all(w, m, values);
		return;
	case TAKE_NAME:
		take_name(w, m, dn, values);
		return;
	case TAKE_BOOL:
		take_bool(w, m, values);
		return;
	case TAKE_TIME:
		take_time(w, m, values);
		return;
	case TAKE_DNS:
		take_dns(w, m, values);
		return;
	case TAKE_ID:
		take_id(w, m, values);
		return;
	case TAKE_AD_CONTROL:
		take_ad_control(w, m, values);
		return;
	case TAKE_AD_EXPIRES:
		take_ad_expires(w, m, values);
		return;
	case TAKE_SHADOW_EXPIRE:
		take_shadow_expire(w, m, values);
		return;
	case TAKE_PPOLICY_LOCK:
		take_ppolicy_lock(w, m, values);
		return;
	case TAKE_NOTHING:
		return;
	}
}
