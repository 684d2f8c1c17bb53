/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/tenured/log.h"

#include <ctype.h>
#include <endian.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/base/buffer.h"
#include "common/base/id.h"
#include "common/base/paths.h"
#include "common/base/text.h"
#include "daemon/tenured/log_send.h"

#define IDENTIFIER     "tenured"
#define LINE_MAX_BYTES 8192u
#define VALUE_MAX      4096u
#define DATAGRAM_MAX   (128u * 1024u) /* the kernel takes 208 KiB */

static enum { TO_SYSLOG, TO_STDERR, TO_JOURNAL } target = TO_STDERR;

void log_open(bool to_stderr)
{
	target = to_stderr ? TO_STDERR : getenv("JOURNAL_STREAM") ? TO_JOURNAL : TO_SYSLOG;
	if (target != TO_STDERR)
		log_send_open(tenure_path(target == TO_JOURNAL ? PATH_LOG_JOURNAL : PATH_LOG_SYSLOG));
}

/*
 * The journal's native protocol (systemd.io/JOURNAL_NATIVE_PROTOCOL): NAME=value and a newline; or NAME, a newline, the
 * length in eight bytes of little-endian order, the value and a newline, for a value that has newlines of its own. It
 * takes any bytes, its readers escape.
 */
static void journal_field(struct buffer *b, const char *prefix, const char *name, const char *value)
{
	const uint64_t len = htole64(strlen(value));
	const bool plain = !strchr(value, '\n');

	buffer_append_string(b, prefix);
	for (const char *p = name; *p; p++) {
		char ch = isalnum((unsigned char)*p) ? (char)toupper((unsigned char)*p) : '_';

		buffer_append(b, &ch, 1);
	}
	buffer_append_string(b, plain ? "=" : "\n");
	if (!plain)
		buffer_append(b, &len, sizeof(len));
	buffer_append_string(b, value);
	buffer_append_string(b, "\n");
}

static void to_journal(int priority, const char *event, const char *line, const struct log_field *fields, size_t count)
{
	struct buffer b = BUFFER(DATAGRAM_MAX);

	journal_field(&b, "", "MESSAGE", line);
	buffer_printf(&b, "PRIORITY=%d\nSYSLOG_FACILITY=%d\nSYSLOG_IDENTIFIER=" IDENTIFIER "\n", priority, LOG_FAC(LOG_AUTH));
	if (event)
		journal_field(&b, "", "TENURE_EVENT", event);
	for (size_t i = 0; i < count && i < LOG_FIELDS_MAX; i++)
		if (fields[i].value)
			journal_field(&b, "TENURE_", fields[i].name, fields[i].value);
	if (buffer_error(&b) == 0)
		log_send(b.data, b.len);
	buffer_done(&b);
}

/* As syslog(3) writes it (RFC 3164): its readers know the month by its name in the C locale, which is ours. */
static void to_syslog(int priority, const char *line)
{
	struct buffer b = BUFFER(DATAGRAM_MAX);
	const time_t now = time(NULL);
	char when[32] = "";
	struct tm tm;

	if (localtime_r(&now, &tm))
		(void)strftime(when, sizeof(when), "%b %e %T ", &tm);
	buffer_printf(&b, "<%d>%s" IDENTIFIER "[%d]: %s", LOG_AUTH | priority, when, (int)getpid(), line);
	if (buffer_error(&b) == 0)
		log_send(b.data, b.len);
	buffer_done(&b);
}

static void emit(int priority, const char *event, const char *line, const struct log_field *fields, size_t count)
{
	if (target == TO_STDERR)
		(void)fprintf(stderr, IDENTIFIER ": %s\n", line);
	else if (target == TO_SYSLOG)
		to_syslog(priority, line);
	else
		to_journal(priority, event, line, fields, count);
}

bool log_flush(void)
{
	size_t lost;

	if (!log_send_flush())
		return false;
	lost = log_send_lost();
	if (lost > 0)
		log_text(LOG_WARNING, "%zu lines were lost: the log daemon did not read; the journal of grants has all", lost);
	return true;
}

void log_text(int priority, const char *format, ...)
{
	char line[LINE_MAX_BYTES];
	va_list arguments;

	va_start(arguments, format);
	if (vsnprintf(line, sizeof(line), format, arguments) < 0)
		line[0] = '\0';
	va_end(arguments);
	emit(priority, NULL, line, NULL, 0);
}

/* What stands without quotes: names, ids, numbers, paths, times. */
static bool is_plain(const char *value)
{
	if (!*value)
		return false;
	for (const char *p = value; *p; p++)
		if (!isalnum((unsigned char)*p) && !strchr("_.-@/:+,*", *p))
			return false;
	return true;
}

void log_event(int priority, const char *event, const struct log_field *fields, size_t count)
{
	struct buffer line = BUFFER(LINE_MAX_BYTES);
	char escaped[VALUE_MAX];

	buffer_append_string(&line, event);
	for (size_t i = 0; i < count; i++) {
		bool quoted;

		if (!fields[i].value)
			continue;
		quoted = fields[i].quoted || !is_plain(fields[i].value);
		buffer_printf(&line, quoted ? " %s=\"%s\"" : " %s=%s", fields[i].name,
			      text_escape(fields[i].value, escaped, sizeof(escaped)));
	}
	emit(priority, event, line.data ? line.data : event, fields, count);
	buffer_done(&line);
}

/* How the chain hangs together, and what only a replay needs, is for the journal's readers. */
static bool is_for_replay(const char *name)
{
	static const char *const fields[] = {"v",         "seq",     "time",      "boot",      "boottime",     "event",
					     "prev",      "sum",     "uid",       "principal", "by_principal", "by_uid",
					     "tenant_id", "role_id", "policy_id", "approvals"};
	size_t len = strlen(name);

	for (size_t i = 0; i < ARRAY_LENGTH(fields); i++)
		if (strcmp(name, fields[i]) == 0)
			return true;
	return len > 3 && strcmp(name + len - 3, "_ns") == 0;
}

/* People know a request by its short id. */
static const char *shown(const char *name, const char *value, char buf[static REQUEST_ID_TEXT_MAX])
{
	struct uuid id;

	if (strcmp(name, "id") != 0 || uuid_parse(value, &id) < 0)
		return value;
	request_id_format(&id, buf);
	return buf;
}

static bool is_users_text(const char *name)
{
	return strcmp(name, "reason") == 0 || strcmp(name, "ticket") == 0 || strcmp(name, "text") == 0;
}

void log_record(const char *event, uint64_t seq, const json_t *record, const char *chain)
{
	struct log_field fields[LOG_FIELDS_MAX];
	char *made[LOG_FIELDS_MAX] = {0};
	char seq_text[24], id[REQUEST_ID_TEXT_MAX];
	size_t n = 0;
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)record, name, value) {
		if (n + 2 >= LOG_FIELDS_MAX || is_for_replay(name) || json_is_null(value))
			continue;
		if (!json_is_string(value))
			made[n] = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
		fields[n].name = name;
		fields[n].value = json_is_string(value) ? shown(name, json_string_value(value), id) : made[n];
		fields[n].quoted = is_users_text(name);
		n++;
	}
	(void)snprintf(seq_text, sizeof(seq_text), "%llu", (unsigned long long)seq);
	fields[n++] = (struct log_field){"seq", seq ? seq_text : "waiting", false};
	fields[n++] = (struct log_field){"chain", chain, false};
	log_event(LOG_NOTICE, event, fields, n);
	for (size_t i = 0; i < ARRAY_LENGTH(made); i++)
		free(made[i]);
}
