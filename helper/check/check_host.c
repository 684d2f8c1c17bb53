/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the broker stands on: time, journal, control groups, and the broker itself. */
#include "helper/check/check.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/timex.h>
#include <unistd.h>

#include <jansson.h>

#include "common/base/paths.h"
#include "common/wire/client.h"

#define PING_TIMEOUT_MS	   3000
#define FLOOR_TOLERANCE_NS (60 * NS_PER_S)

/* When the journal was last written: the time was at least that once. */
static bool journal_floor(int64_t *ret_ns)
{
	struct dirent *entry;
	bool found = false;
	struct stat st;
	DIR *d = opendir(tenure_path(PATH_JOURNAL));

	*ret_ns = TIME_ALWAYS;
	while (d && (entry = readdir(d))) {
		int64_t ns;

		if (entry->d_name[0] == '.' || fstatat(dirfd(d), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		ns = (int64_t)st.st_mtim.tv_sec * NS_PER_S;
		if (ns > *ret_ns)
			*ret_ns = ns;
		found = true;
	}
	if (d)
		closedir(d);
	return found;
}

/* With a journal a wrong clock is noticed; without one, somebody else must have set it right. */
int check_clock(struct check_context *c)
{
	struct timex timex = {0};
	struct instant now;
	int64_t floor_ns;
	bool has_floor = journal_floor(&floor_ns);

	if (clock_system.now(&clock_system, &now) < 0)
		return 0;
	if (has_floor && now.realtime_ns < time_add(floor_ns, -FLOOR_TOLERANCE_NS))
		problem_add(&c->problems, SEVERITY_ERROR, "clock", "", "set the clock; then restart tenured",
			    "the clock is behind the journal: grants cannot be judged");
	else if (!has_floor && adjtimex(&timex) >= 0 && (timex.status & STA_UNSYNC))
		problem_add(&c->problems, SEVERITY_WARNING, "clock", "", "timedatectl set-ntp true",
			    "the clock is not synchronised, and there is no journal to hold it against");
	return 0;
}

static void copy_field(const json_t *reply, const char *key, char *ret, size_t len)
{
	const char *text = json_string_value(json_object_get(reply, key));

	(void)snprintf(ret, len, "%s", text ? text : "");
}

/* The ids that check takes over; the others it finds itself, in the files as they are now. */
static void copy_problem(json_t *row, struct problem_list *list)
{
	static const char *const ids[] = {"dir-uid-retired", "login-binding", "conf-last",	   "ldap-empty", "ldap-mirror",
					  "ldap-user",	     "ldap-password", "ldap-tls", "ldap-worker"};
	const char *id = NULL, *severity = NULL, *place = NULL, *what = NULL, *remedy = NULL;

	if (json_unpack(row, "{s:s, s:s, s:s, s:s, s:s}", "id", &id, "severity", &severity, "where", &place, "what",
			&what, "remedy", &remedy) < 0)
		return;
	for (size_t i = 0; i < ARRAY_LENGTH(ids); i++)
		if (strcmp(id, ids[i]) == 0)
			problem_add(list, strcmp(severity, "warning") == 0 ? SEVERITY_WARNING : SEVERITY_ERROR, ids[i], place,
				    remedy, "%s", what);
}

void broker_ask(struct broker_facts *ret)
{
	struct wire_client *client = NULL;
	const char *error = NULL;
	json_t *reply = NULL;
	json_t *row;
	size_t i;
	int r;

	*ret = (struct broker_facts){0};
	r = wire_client_connect(tenure_path(PATH_SOCKET), PING_TIMEOUT_MS, &client);
	if (r == 0)
		r = wire_client_ask(client, "Ping", NULL, PING_TIMEOUT_MS, &reply, &error);
	if (r == 0 && error)
		r = -EPROTO;
	ret->error = r;
	if (r == 0) {
		copy_field(reply, "degraded", ret->degraded, sizeof(ret->degraded));
		copy_field(reply, "journal", ret->journal, sizeof(ret->journal));
		json_array_foreach(json_object_get(reply, "problems"), i, row)
			copy_problem(row, &ret->problems);
	}
	json_decref(reply);
	reply = NULL;
	if (r == 0 && wire_client_ask(client, "Status", NULL, PING_TIMEOUT_MS, &reply, &error) == 0 && !error)
		ret->directories = json_incref(json_object_get(reply, "directories"));
	json_decref(reply);
	wire_client_free(client);
}

static bool is_said(const struct problem_list *list, const char *place)
{
	for (size_t i = 0; i < list->count; i++)
		if (*place && strcmp(list->items[i].place, place) == 0 && strcmp(list->items[i].id, "logins") == 0)
			return true;
	return false;
}

/* A mapping that leads nowhere is seen here as well, and said once. */
void check_take_broker(struct check_context *c, const char *id)
{
	for (size_t i = 0; i < c->broker.problems.count; i++) {
		const struct problem *p = &c->broker.problems.items[i];

		if (strcmp(p->id, id) == 0 && !is_said(&c->problems, p->place))
			problem_add(&c->problems, p->severity, id, p->place, p->remedy, "%s", p->message);
	}
}

int check_broker(struct check_context *c)
{
	if (c->broker.error < 0)
		problem_add(&c->problems, SEVERITY_ERROR, "broker", "", "systemctl start tenured",
			    "tenured does not answer: %s; nothing new can be granted", strerror(-c->broker.error));
	else if (c->broker.degraded[0] && strcmp(c->broker.journal, "ok") == 0)
		problem_add(&c->problems, SEVERITY_ERROR, "broker", "", "journalctl -u tenured",
			    "tenured cannot grant: %s", c->broker.degraded);
	return 0;
}

int check_journal(struct check_context *c)
{
	if (c->broker.error < 0)
		return 1;
	if (strcmp(c->broker.journal, "ok") != 0)
		problem_add(&c->problems, SEVERITY_ERROR, "journal", tenure_path(PATH_JOURNAL),
			    strstr(c->broker.journal, "damaged") ? "tenure-journal(5), Damage; then: tenured -r journal WHY"
								 : "make room: tenure-journal(5), Full disk",
			    "%s", c->broker.journal);
	return 0;
}

/* A line of mountinfo: "36 35 98:0 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw": where it is, if it is one. */
static bool cgroup2_mount(char *line, char *ret, size_t len)
{
	char *type = strstr(line, " - cgroup2 "), *field = NULL, *options;

	if (!type)
		return false;
	*type = '\0';
	for (int i = 0; i < 5; i++)
		field = strsep(&line, " ");
	options = line ? strsep(&line, " ") : NULL;
	if (!field || !options || strncmp(options, "rw", 2) != 0)
		return false;
	(void)snprintf(ret, len, "%s", field);
	return true;
}

static char *read_mountinfo(void)
{
	size_t size = 1u << 20, len;
	char *text = malloc(size);
	FILE *f = fopen(tenure_path(PATH_MOUNTINFO), "re");

	len = text && f ? fread(text, 1, size - 1, f) : 0;
	if (text)
		text[len] = '\0';
	if (f)
		fclose(f);
	return text;
}

int check_cgroup(struct check_context *c)
{
	char *text = read_mountinfo(), *rest = text, *line, mount[PATH_MAX], path[PATH_MAX];
	bool writable = false;

	while (!writable && (line = strsep(&rest, "\n")))
		writable = cgroup2_mount(line, mount, sizeof(mount)) && check_path(c, mount, path) &&
			   access(path, W_OK) == 0;
	free(text);
	if (!writable)
		problem_add(&c->problems, SEVERITY_ERROR, "cgroup", "", "boot with cgroup v2: systemd.unified_cgroup_hierarchy=1",
			    "no writable cgroup v2: what cannot be ended is not begun, so gates deny");
	return 0;
}
