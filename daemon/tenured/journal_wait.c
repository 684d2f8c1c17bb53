/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/paths.h"
#include "common/base/safe_file.h"
#include "daemon/tenured/journal_internal.h"

/*
 * Endings that the disk would not take. They wait in memory, and in a file on tmpfs, so that a broker that dies before
 * the disk has room again does not forget that a grant was taken away. Grants do not outlive the boot, nor need this.
 */
#define WAITING_FILE  "endings.jsonl"
#define WAITING_MAX   100000
#define WAITING_FIRST 64 /* there is room for these whatever memory says */
#define ADOPT_MAX     (256u << 20)

static void waiting_path(char path[static 4096])
{
	(void)snprintf(path, 4096, "%s/" WAITING_FILE, tenure_path(PATH_RUN));
}

static void remember(const struct journal_entry *entry)
{
	char path[4096], id[UUID_TEXT_MAX], plain[256], *text;
	size_t len;
	json_t *line = entry->fields ? json_pack("{s:s,s:O}", "event", journal_event_text(entry->event), "fields",
						 entry->fields)
				     : NULL;

	text = journal_dump(line, &len);
	json_decref(line);
	if (!text && uuid_is_null(&entry->id))
		return;
	uuid_format(&entry->id, id);
	(void)snprintf(plain, sizeof(plain), "{\"event\":\"%s\",\"fields\":{\"id\":\"%s\"}}",
		       journal_event_text(entry->event), id);
	waiting_path(path);
	CLEANUP(fd_closep) int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);

	/* Best effort: memory has it, and so does the listener's log. */
	if (fd >= 0)
		(void)!dprintf(fd, "%s\n", text ? text : plain);
	free(text);
}

int journal_wait_open(struct journal *j)
{
	j->waiting = calloc(WAITING_FIRST, sizeof(*j->waiting));
	j->waiting_size = j->waiting ? WAITING_FIRST : 0;
	return j->waiting ? 0 : -ENOMEM;
}

static bool keep(struct journal *j, const struct journal_entry *entry)
{
	if (j->waiting_count == WAITING_MAX)
		return false;
	if (j->waiting_count == j->waiting_size) {
		struct journal_entry *grown = reallocarray(j->waiting, 2 * j->waiting_size, sizeof(*grown));

		if (!grown)
			return false;
		j->waiting = grown;
		j->waiting_size *= 2;
	}
	j->waiting[j->waiting_count++] = *entry;
	return true;
}

/* When it happened: the line that is written later has the time of its writing. */
static void stamp(const struct journal *j, json_t *fields)
{
	struct instant now;
	char text[TIME_TEXT_MAX];

	if (j->clock->now(j->clock, &now) < 0)
		return;
	time_format_rfc3339(now.realtime_ns, text, sizeof(text));
	if (fields)
		(void)json_object_set_new(fields, "happened", json_string(text));
}

void journal_wait(struct journal *j, const struct journal_entry *entry)
{
	stamp(j, entry->fields);
	remember(entry);
	if (j->listener)
		j->listener(j->listener_context, 0, journal_event_text(entry->event), entry->fields, NULL);
	if (keep(j, entry))
		return;
	j->forgot = true;
	json_decref(entry->fields);
}

static int adopt_line(struct journal *j, const char *line, size_t len, journal_fn fn, void *context)
{
	struct journal_record record = {.boot = j->boot};
	json_t *object = json_loadb(line, len, JSON_REJECT_DUPLICATES, NULL);
	json_t *fields = json_object_get(object, "fields");
	int r = 0;

	record.name = json_string_value(json_object_get(object, "event"));
	record.event = record.name ? journal_event_of(record.name) : JOURNAL_EVENT_NONE;
	record.line = fields;
	if (json_is_object(fields) && journal_event_is_ending(record.event) &&
	    j->clock->now(j->clock, &record.at) == 0) {
		r = fn ? fn(context, &record) : 0;
		const struct journal_entry entry = {.event = record.event, .fields = json_incref(fields)};

		if (r != 0 || !keep(j, &entry)) {
			json_decref(fields);
			r = r != 0 ? r : -ENOMEM;
		}
	}
	json_decref(object);
	return r;
}

int journal_wait_adopt(struct journal *j, journal_fn fn, void *context)
{
	char path[4096], *data = NULL, *line, *end;
	size_t len = 0;
	int r;

	waiting_path(path);
	r = safe_read(path, ADOPT_MAX, &data, &len);
	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return r;
	for (line = data; r == 0 && (end = memchr(line, '\n', len - (size_t)(line - data))); line = end + 1)
		r = adopt_line(j, line, (size_t)(end - line), fn, context);
	free(data);
	return r;
}

void journal_wait_done(struct journal *j)
{
	char path[4096];

	if (j->waiting_count > 0 || j->forgot)
		return;
	waiting_path(path);
	(void)unlink(path);
}
