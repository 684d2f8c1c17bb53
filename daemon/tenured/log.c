/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "daemon/tenured/log.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#ifdef HAVE_SYSTEMD
#include <systemd/sd-journal.h>
#endif

#include "common/base/buffer.h"
#include "common/base/id.h"
#include "common/base/text.h"

#define IDENTIFIER     "tenured"
#define LINE_MAX_BYTES 8192u
#define VALUE_MAX      4096u

static enum { TO_SYSLOG, TO_STDERR, TO_JOURNAL } target = TO_STDERR;

void log_open(bool to_stderr)
{
	target = to_stderr ? TO_STDERR : TO_SYSLOG;
#ifdef HAVE_SYSTEMD
	if (!to_stderr && getenv("JOURNAL_STREAM"))
		target = TO_JOURNAL;
#endif
	if (target == TO_SYSLOG)
		openlog(IDENTIFIER, LOG_PID | LOG_NDELAY, LOG_AUTH);
}

#ifdef HAVE_SYSTEMD
/* "TENURE_USER=alice@contoso.com"; the journal takes any bytes, its readers escape. */
static void journal_field(struct buffer *b, const struct log_field *field)
{
	buffer_append_string(b, "TENURE_");
	for (const char *p = field->name; *p; p++) {
		char ch = isalnum((unsigned char)*p) ? (char)toupper((unsigned char)*p) : '_';

		buffer_append(b, &ch, 1);
	}
	buffer_append_string(b, "=");
	buffer_append_string(b, field->value);
}

static void to_journal(int priority, const char *event, const char *line, const struct log_field *fields, size_t count)
{
	struct buffer texts[LOG_FIELDS_MAX + 5];
	struct iovec parts[LOG_FIELDS_MAX + 5];
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_LENGTH(texts); i++)
		texts[i] = BUFFER(LINE_MAX_BYTES + 64);
	buffer_printf(&texts[n++], "MESSAGE=%s", line);
	buffer_printf(&texts[n++], "PRIORITY=%d", priority);
	buffer_printf(&texts[n++], "SYSLOG_FACILITY=%d", LOG_FAC(LOG_AUTH));
	buffer_append_string(&texts[n++], "SYSLOG_IDENTIFIER=" IDENTIFIER);
	if (event)
		buffer_printf(&texts[n++], "TENURE_EVENT=%s", event);
	for (size_t i = 0; i < count && i < LOG_FIELDS_MAX; i++)
		if (fields[i].value)
			journal_field(&texts[n++], &fields[i]);
	for (size_t i = 0; i < n; i++)
		parts[i] = (struct iovec){texts[i].data, texts[i].len};
	(void)sd_journal_sendv(parts, (int)n);
	for (size_t i = 0; i < ARRAY_LENGTH(texts); i++)
		buffer_done(&texts[i]);
}
#endif

static void emit(int priority, const char *event, const char *line, const struct log_field *fields, size_t count)
{
	if (target == TO_STDERR)
		(void)fprintf(stderr, IDENTIFIER ": %s\n", line);
	else if (target == TO_SYSLOG)
		syslog(LOG_AUTH | priority, "%s", line);
#ifdef HAVE_SYSTEMD
	else
		to_journal(priority, event, line, fields, count);
#endif
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
