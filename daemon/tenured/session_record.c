/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

/*
 * PATH_SESSIONS/UUID, root 0600, replaced as a whole: one KEY=VALUE a line, the keys of session_record.h and then those
 * of the broker alone. What was open when a broker died is all in it.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "common/base/buffer.h"
#include "common/base/paths.h"
#include "common/base/safe_file.h"
#include "common/wire/session_record.h"
#include "daemon/tenured/session_state.h"

static const char *const kind_texts[] = {[SESSION_GATE] = "gate", [SESSION_LOGIN] = "login"};
static const char *const stage_texts[] = {
	[STAGE_OPENING] = "opening", [STAGE_OPEN] = "open",   [STAGE_DUE] = "due",   [STAGE_TERM] = "term",
	[STAGE_KILL] = "kill",	     [STAGE_SWEEP] = "sweep", [STAGE_DONE] = "done", [STAGE_STUCK] = "stuck",
};

static void line_text(struct buffer *out, const char *key, const char *value)
{
	if (value[0])
		buffer_printf(out, "%s=%s\n", key, value);
}

static void line_uuid(struct buffer *out, const char *key, const struct uuid *value)
{
	char text[UUID_TEXT_MAX];

	uuid_format(value, text);
	if (!uuid_is_null(value))
		line_text(out, key, text);
}

static void line_time(struct buffer *out, const char *key, int64_t ns)
{
	if (ns != TIME_FOREVER && ns != TIME_ALWAYS)
		buffer_printf(out, "%s=%lld\n", key, (long long)ns);
}

int session_record_format(const struct session *e, const struct uuid *boot, struct buffer *out)
{
	buffer_printf(out, "version=%d\n", SESSION_RECORD_VERSION);
	line_uuid(out, "id", &e->id);
	line_text(out, "kind", kind_texts[e->kind]);
	line_text(out, "service", e->service);
	buffer_printf(out, "invoker=%lu\n", (unsigned long)e->invoker);
	line_text(out, "target", e->target);
	line_text(out, "groups", e->groups);
	line_text(out, "tty", e->tty);
	buffer_printf(out, "pid=%d\nstart=%llu\n", (int)e->pid, (unsigned long long)e->start);
	line_uuid(out, "boot", boot);
	line_time(out, "opened", e->opened_ns);
	line_text(out, "role", e->role);
	line_uuid(out, "request", &e->request);
	line_time(out, "end", e->window.end_ns);
	line_time(out, "boot_end", e->window.boot_end_ns);
	buffer_printf(out, "cgroup=/" SESSION_CGROUP_SLICE "/%s\n", e->cgroup);
	line_text(out, "stage", stage_texts[e->stage]);
	buffer_printf(out, "cause=%d\nended=%u\nsurvived=%u\n", (int)e->cause, e->ended, e->survived);
	line_text(out, "user", e->user);
	line_text(out, "login", e->login);
	line_uuid(out, "tenant", &e->tenant_id);
	line_uuid(out, "principal", &e->principal);
	line_text(out, "origin", e->origin);
	line_text(out, "parent", e->parent);
	buffer_printf(out, "timer=%u\n", e->timer);
	line_time(out, "grace", e->grace_ns);
	buffer_printf(out, "audit=%u\ntty_device=%llu\nprogram_device=%llu\nprogram_inode=%llu\n",
		      e->audit_session, (unsigned long long)e->tty_device, (unsigned long long)e->program.device,
		      (unsigned long long)e->program.inode);
	return buffer_error(out);
}

/* --- reading --- */

static int text_take(const char *value, char *buf, size_t size)
{
	if (strlen(value) >= size)
		return -EBADMSG;
	memcpy(buf, value, strlen(value) + 1);
	return 0;
}

static int number_take(const char *value, uint64_t max, uint64_t *ret)
{
	return number_parse(value, max, ret) < 0 ? -EBADMSG : 0;
}

static int word_take(const char *value, const char *const words[], size_t count, int *ret)
{
	for (size_t i = 0; i < count; i++) {
		if (words[i] && strcmp(words[i], value) == 0) {
			*ret = (int)i;
			return 0;
		}
	}
	return -EBADMSG;
}

/* Keys, and where their values go. */
enum value_type { VALUE_TEXT, VALUE_UUID, VALUE_TIME, VALUE_U64, VALUE_U32, VALUE_KIND, VALUE_STAGE, VALUE_CGROUP };
struct key {
	const char *name;
	enum value_type type;
	size_t offset, size;
	bool needed;
};
#define AT(field) offsetof(struct record, field), sizeof(((struct record *)NULL)->field)

/* Numbers as they stand in the file, before they are put in place. */
struct record {
	struct session session;
	struct uuid boot;
	uint32_t version, pid, cause, invoker;
	uint64_t tty_device, program_device, program_inode;
};

static const struct key keys[] = {
	{"version", VALUE_U32, AT(version), true},
	{"id", VALUE_UUID, AT(session.id), true},
	{"kind", VALUE_KIND, AT(session.kind), true},
	{"service", VALUE_TEXT, AT(session.service), true},
	{"invoker", VALUE_U32, AT(invoker), true},
	{"target", VALUE_TEXT, AT(session.target), true},
	{"groups", VALUE_TEXT, AT(session.groups), false},
	{"tty", VALUE_TEXT, AT(session.tty), false},
	{"pid", VALUE_U32, AT(pid), true},
	{"start", VALUE_U64, AT(session.start), true},
	{"boot", VALUE_UUID, AT(boot), true},
	{"opened", VALUE_TIME, AT(session.opened_ns), true},
	{"role", VALUE_TEXT, AT(session.role), false},
	{"request", VALUE_UUID, AT(session.request), false},
	{"end", VALUE_TIME, AT(session.window.end_ns), false},
	{"boot_end", VALUE_TIME, AT(session.window.boot_end_ns), false},
	{"cgroup", VALUE_CGROUP, AT(session.cgroup), true},
	{"stage", VALUE_STAGE, AT(session.stage), false},
	{"cause", VALUE_U32, AT(cause), false},
	{"ended", VALUE_U32, AT(session.ended), false},
	{"survived", VALUE_U32, AT(session.survived), false},
	{"user", VALUE_TEXT, AT(session.user), false},
	{"login", VALUE_TEXT, AT(session.login), false},
	{"tenant", VALUE_UUID, AT(session.tenant_id), false},
	{"principal", VALUE_UUID, AT(session.principal), false},
	{"origin", VALUE_TEXT, AT(session.origin), false},
	{"parent", VALUE_TEXT, AT(session.parent), false},
	{"timer", VALUE_U32, AT(session.timer), false},
	{"grace", VALUE_TIME, AT(session.grace_ns), false},
	{"audit", VALUE_U32, AT(session.audit_session), false},
	{"tty_device", VALUE_U64, AT(tty_device), false},
	{"program_device", VALUE_U64, AT(program_device), false},
	{"program_inode", VALUE_U64, AT(program_inode), false},
};

static int cgroup_take(const char *value, char *buf, size_t size)
{
	static const char slice[] = "/" SESSION_CGROUP_SLICE "/";

	if (strncmp(value, slice, sizeof(slice) - 1) != 0 || !cgroup_name_is_ours(value + sizeof(slice) - 1))
		return -EBADMSG;
	return text_take(value + sizeof(slice) - 1, buf, size);
}

static int value_take(const struct key *key, const char *value, struct record *record)
{
	char *at = (char *)record + key->offset;
	uint64_t number = 0;
	int word = 0, r = -EBADMSG;

	switch (key->type) {
	case VALUE_TEXT:
		return text_take(value, at, key->size);
	case VALUE_CGROUP:
		return cgroup_take(value, at, key->size);
	case VALUE_UUID:
		return uuid_parse(value, (struct uuid *)(void *)at) < 0 ? -EBADMSG : 0;
	case VALUE_TIME:
		r = number_take(value, INT64_MAX, &number);
		*(int64_t *)(void *)at = (int64_t)number;
		return r;
	case VALUE_U64:
		return number_take(value, UINT64_MAX, (uint64_t *)(void *)at);
	case VALUE_U32:
		r = number_take(value, UINT32_MAX, &number);
		*(uint32_t *)(void *)at = (uint32_t)number;
		return r;
	case VALUE_KIND:
		r = word_take(value, kind_texts, ARRAY_LENGTH(kind_texts), &word);
		*(enum session_kind *)(void *)at = (enum session_kind)word;
		return r;
	case VALUE_STAGE:
		r = word_take(value, stage_texts, ARRAY_LENGTH(stage_texts), &word);
		*(enum session_stage *)(void *)at = (enum session_stage)word;
		return r;
	}
	return -EBADMSG;
}

/* One line, already ended by NUL. Keys stand in the order of the table, each once. */
static int line_take(const char *line, char *value, size_t *position, struct record *record)
{
	for (; *position < ARRAY_LENGTH(keys); (*position)++) {
		const struct key *key = &keys[*position];
		if (strcmp(key->name, line) == 0) {
			(*position)++;
			return value_take(key, value, record);
		}
		if (key->needed)
			return -EBADMSG;
	}
	return -EBADMSG;
}

static bool bytes_are_clean(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (((unsigned char)text[i] < 0x20 && text[i] != '\n') || text[i] == 0x7f)
			return false;
	}
	return len > 0 && text[len - 1] == '\n';
}

/* What no field by itself can show. */
static int record_check(const struct record *record)
{
	const struct session *e = &record->session;
	char name[CGROUP_NAME_MAX];

	if (record->version != SESSION_RECORD_VERSION || record->pid <= 1 || record->pid > INT32_MAX ||
	    record->cause >= SESSION_CAUSE_COUNT || uuid_is_null(&e->id) || uuid_is_null(&record->boot) ||
	    session_groups_check(e->groups) < 0 || (e->groups[0] && e->kind != SESSION_LOGIN))
		return -EBADMSG;
	for (enum cgroup_form form = CGROUP_PLAIN; form <= CGROUP_SCOPE; form++) {
		cgroup_name(&e->id, form, name);
		if (strcmp(name, e->cgroup) == 0)
			return 0;
	}
	return -EBADMSG;
}

static int lines_take(char *text, struct record *record)
{
	size_t position = 0;

	for (char *line = text; *line;) {
		char *stop = strchr(line, '\n'), *equals = strchr(line, '=');
		if (!stop || !equals || equals > stop || equals + 1 == stop)
			return -EBADMSG;
		*stop = '\0';
		*equals = '\0';
		int r = line_take(line, equals + 1, &position, record);
		if (r < 0)
			return r;
		line = stop + 1;
	}
	for (; position < ARRAY_LENGTH(keys); position++) {
		if (keys[position].needed)
			return -EBADMSG;
	}
	return 0;
}

int session_record_parse(const char *text, size_t len, struct session *ret, struct uuid *ret_boot)
{
	struct record record = {.session = {.window = WINDOW_ALWAYS, .stage = STAGE_OPEN, .parent_fd = -1, .pidfd = -1,
					    .watch = -1, .due_ns = TIME_FOREVER, .target_uid = NO_ID,
					    .grace_ns = TIME_FOREVER,
					    .audit_session = PROCESS_NO_AUDIT_SESSION}};

	if (len >= SESSION_FILE_MAX || !bytes_are_clean(text, len))
		return -EBADMSG;
	char *copy = strndup(text, len);
	if (!copy)
		return -ENOMEM;
	int r = lines_take(copy, &record);
	free(copy);
	if (r == 0)
		r = record_check(&record);
	if (r < 0)
		return r;
	*ret = record.session;
	*ret_boot = record.boot;
	ret->invoker = record.invoker;
	ret->pid = (pid_t)record.pid;
	ret->cause = (enum session_cause)record.cause;
	ret->tty_device = (dev_t)record.tty_device;
	ret->program = (struct process_program){(dev_t)record.program_device, (ino_t)record.program_inode};
	return 0;
}

/* --- the file --- */

static int path_of(const struct uuid *id, const char *suffix, char *buf, size_t size)
{
	char text[UUID_TEXT_MAX];

	uuid_format(id, text);
	int n = snprintf(buf, size, "%s/%s%s", tenure_path(PATH_SESSIONS), text, suffix);
	return n < 0 || (size_t)n >= size ? -ENAMETOOLONG : 0;
}

int session_record_write(const struct sessions *s, const struct session *e)
{
	char path[4096];
	struct buffer out = BUFFER(SESSION_FILE_MAX);

	int r = session_record_format(e, &s->boot, &out);
	if (r == 0)
		r = path_of(&e->id, "", path, sizeof(path));
	if (r == 0)
		r = safe_replace(path, out.data, out.len, 0600, (uid_t)-1, (gid_t)-1);
	buffer_done(&out);
	return r;
}

static const char *const suffixes[] = {SESSION_RECORD_SUFFIX, ""};

int session_record_unlink(const struct session *e)
{
	char path[4096];
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_LENGTH(suffixes); i++) {
		r = path_of(&e->id, suffixes[i], path, sizeof(path));
		if (r == 0 && unlink(path) < 0 && errno != ENOENT)
			r = -errno;
	}
	return r;
}

bool session_record_exists(const struct uuid *id)
{
	char path[4096];

	for (size_t i = 0; i < ARRAY_LENGTH(suffixes); i++) {
		if (path_of(id, suffixes[i], path, sizeof(path)) < 0 || access(path, F_OK) == 0 || errno != ENOENT)
			return true;
	}
	return false;
}
