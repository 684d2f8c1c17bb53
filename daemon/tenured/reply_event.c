/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <string.h>

#include "common/base/buffer.h"
#include "daemon/tenured/reply.h"

#define TEXT_MAX 4096u

static const char *field(const json_t *line, const char *name)
{
	return json_string_value(json_object_get(line, name));
}

static long long number(const json_t *line, const char *name)
{
	return (long long)json_integer_value(json_object_get(line, name));
}

static void add(struct buffer *b, const char *format, const char *value)
{
	if (!value || !*value)
		return;
	if (b->len)
		buffer_append_string(b, " ");
	/* The formats are ours: each has one %s. */
	for (const char *p = format; *p; p++) {
		if (p[0] == '%' && p[1] == 's') {
			buffer_append_string(b, value);
			p++;
		} else {
			buffer_append(b, p, 1);
		}
	}
}

/* Text of a user: in quotes, escaped (T13). */
static void add_quoted(struct buffer *b, const char *value)
{
	char escaped[TEXT_MAX];

	if (value && *value)
		add(b, "\"%s\"", text_escape(value, escaped, sizeof(escaped)));
}

static void add_counts(struct buffer *b, const json_t *line)
{
	if (!json_object_get(line, "ended"))
		return;
	if (b->len)
		buffer_append_string(b, " ");
	buffer_printf(b, "%lld processes ended, %lld survived", number(line, "ended"), number(line, "survived"));
	if (number(line, "left"))
		buffer_printf(b, ", %lld left behind", number(line, "left"));
}

static void describe_session(struct buffer *b, const json_t *line)
{
	add(b, "%s", field(line, "service"));
	add(b, "to %s", field(line, "target"));
	if (field(line, "tty")) {
		const char *tty = field(line, "tty");

		buffer_printf(b, ", %s", strncmp(tty, "/dev/", 5) == 0 ? tty + 5 : tty);
	}
	add(b, "(%s)", field(line, "cause"));
	add_counts(b, line);
}

/* An object of a directory in LDAP, or how many more there were. */
static void describe_change(struct buffer *b, const json_t *line)
{
	const json_int_t more = json_integer_value(json_object_get(line, "more"));

	add(b, "%s", field(line, "kind"));
	add(b, "%s", field(line, "source"));
	add(b, "%s", field(line, "change"));
	add(b, "by %s", field(line, "modifier"));
	if (more > 0)
		buffer_printf(b, "and %" JSON_INTEGER_FORMAT " more", more);
}

/* What a person reads behind user, role and scope. */
static void describe(struct buffer *b, const struct journal_record *record)
{
	const json_t *line = record->line;

	switch (record->event) {
	case JOURNAL_REQUEST:
		add(b, "%s", field(line, "duration"));
		add_quoted(b, field(line, "reason"));
		add(b, "ticket %s", field(line, "ticket"));
		return;
	case JOURNAL_STEP_UP:
		add(b, "%s", field(line, "method"));
		add(b, "%s", field(line, "result"));
		return;
	case JOURNAL_APPROVE:
		add(b, "step-up %s", field(line, "step_up"));
		add_quoted(b, field(line, "reason"));
		return;
	case JOURNAL_ACTIVATE:
		add(b, "until %s", field(line, "until"));
		return;
	case JOURNAL_SESSION:
	case JOURNAL_SESSION_ENDING:
	case JOURNAL_SESSION_END:
		describe_session(b, line);
		return;
	case JOURNAL_EXPIRE:
		add_counts(b, line);
		return;
	case JOURNAL_POLICY:
		describe_change(b, line);
		add(b, "%s", field(line, "file"));
		add(b, "%s", field(line, "result"));
		return;
	default:
		add(b, "%s", field(line, "why"));
		add(b, "%s", field(line, "what"));
		add(b, "%s", field(line, "file"));
		add(b, "%s", field(line, "result"));
		add(b, "%s", field(line, "login"));
		add_quoted(b, field(line, "reason"));
		add_quoted(b, field(line, "text"));
		return;
	}
}

static json_t *short_id(const json_t *line)
{
	const char *text = field(line, "id");
	struct uuid id;

	return text && uuid_parse(text, &id) == 0 ? json_short_id(&id) : json_null();
}

json_t *row_event(const struct journal_record *record)
{
	struct buffer text = BUFFER(2 * TEXT_MAX);
	char time[TIME_TEXT_MAX];
	json_t *row;

	time_format_rfc3339(record->at.realtime_ns, time, sizeof(time));
	describe(&text, record);
	row = json_pack("{s:I, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:s, s:O}", "seq", (json_int_t)record->seq, "time",
			time, "event", record->name, "id", short_id(record->line), "user",
			json_text(field(record->line, "user")), "role", json_text(field(record->line, "role")), "scope",
			json_text(field(record->line, "scope")), "by", json_text(field(record->line, "by")), "text",
			text.data ? text.data : "", "details", record->line);
	buffer_done(&text);
	return row;
}
