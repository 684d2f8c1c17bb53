/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/wire/session_record.h"
#include "daemon/tenured/cgroup.h"
#include "daemon/tenured/scope.h"

#ifdef HAVE_SYSTEMD
#include <systemd/sd-bus.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-login.h>

#define SYSTEMD_NAME	"org.freedesktop.systemd1"
#define SYSTEMD_PATH	"/org/freedesktop/systemd1"
#define SYSTEMD_MANAGER "org.freedesktop.systemd1.Manager"
#define ERROR_SYSTEMD	"org.freedesktop.systemd1."
#define ERROR_DBUS	"org.freedesktop.DBus.Error."
#define NS_PER_US	INT64_C(1000)
#define UNIT_NAME_MAX	128

struct scope_manager {
	sd_bus *bus;
	int64_t skip_ns; /* MONOTONIC: until then nothing is asked of the bus */
};

int scope_manager_new(struct scope_manager **ret)
{
	*ret = calloc(1, sizeof(**ret));
	return *ret ? 0 : -ENOMEM;
}

static int64_t monotonic_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * NS_PER_S + t.tv_nsec;
}

static int64_t wait_end_ns(void)
{
	return monotonic_ns() + SCOPE_WAIT_NS;
}

/* Whatever goes wrong with the connection, the next call makes another; after a silence not at once. */
static void bus_drop(struct scope_manager *m, int r)
{
	m->bus = sd_bus_close_unref(m->bus);
	if (r == -ETIMEDOUT)
		m->skip_ns = monotonic_ns() + SCOPE_SKIP_NS;
}

void scope_manager_free(struct scope_manager *m)
{
	if (!m)
		return;
	bus_drop(m, 0);
	free(m);
}

bool scope_available(void)
{
	return sd_booted() > 0;
}

/* Let in by the bus, which sd_bus_call would wait for without an end; or, with `sent`, all of it written. */
static int bus_wait(sd_bus *bus, bool sent, int64_t end_ns)
{
	for (;;) {
		uint64_t queued = 0;
		int r = sd_bus_is_ready(bus);
		if (r > 0 && sent)
			r = sd_bus_get_n_queued_write(bus, &queued) < 0 ? -EIO : queued == 0;
		if (r != 0)
			return r < 0 ? r : 0;
		r = sd_bus_process(bus, NULL);
		int64_t left_ns = end_ns - monotonic_ns();
		if (r == 0 && left_ns > 0)
			r = sd_bus_wait(bus, (uint64_t)(left_ns / NS_PER_US));
		if (left_ns <= 0)
			return -ETIMEDOUT;
		if (r < 0 && r != -EINTR)
			return r;
	}
}

static int bus_get(struct scope_manager *m, int64_t end_ns)
{
	if (m->bus && sd_bus_is_open(m->bus) > 0)
		return 0;
	bus_drop(m, 0);
	if (monotonic_ns() < m->skip_ns)
		return -ETIMEDOUT;
	int r = sd_bus_open_system(&m->bus);
	if (r >= 0)
		r = bus_wait(m->bus, false, end_ns);
	if (r < 0)
		bus_drop(m, r);
	return r < 0 ? r : 0;
}

/* Somebody has answered no; all else leaves open whether it was done. */
static bool is_refusal(const sd_bus_error *error)
{
	static const char *const unsure[] = {
		ERROR_DBUS "NoReply", ERROR_DBUS "Timeout", ERROR_DBUS "TimedOut", ERROR_DBUS "Disconnected",
	};

	for (size_t i = 0; i < ARRAY_LENGTH(unsure); i++) {
		if (sd_bus_error_has_name(error, unsure[i]))
			return false;
	}
	return error->name && (strncmp(error->name, ERROR_SYSTEMD, strlen(ERROR_SYSTEMD)) == 0 ||
			       strncmp(error->name, ERROR_DBUS, strlen(ERROR_DBUS)) == 0);
}

/* Sends and waits for the answer. -EINPROGRESS: it was sent, and nobody has answered. */
static int call_and_drop(struct scope_manager *m, sd_bus_message *call, int64_t end_ns)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	int64_t left_ns = end_ns - monotonic_ns();

	if (left_ns < NS_PER_US)
		return -ETIMEDOUT;
	int r = sd_bus_call(m->bus, call, (uint64_t)(left_ns / NS_PER_US), &error, NULL);
	bool refused = r < 0 && is_refusal(&error);
	sd_bus_error_free(&error);
	if (r < 0)
		bus_drop(m, r);
	return r >= 0 ? 0 : refused ? r : -EINPROGRESS;
}

static int unit_call_new(struct scope_manager *m, const char *unit, int64_t end_ns, sd_bus_message **ret)
{
	int r = bus_get(m, end_ns);

	if (r == 0)
		r = sd_bus_message_new_method_call(m->bus, ret, SYSTEMD_NAME, SYSTEMD_PATH, SYSTEMD_MANAGER,
						   "StartTransientUnit");
	if (r >= 0)
		r = sd_bus_message_append(*ret, "ss", unit, "fail");
	return r < 0 ? r : 0;
}

/* The answer says that the job is queued; the process is in there when the kernel says so. */
static int scope_wait(const char *name, pid_t pid, int64_t end_ns)
{
	static const struct timespec pause = {.tv_nsec = NS_PER_MS};

	while (!cgroup_holds(name, pid)) {
		if (monotonic_ns() > end_ns)
			return -EINPROGRESS;
		nanosleep(&pause, NULL);
	}
	return 0;
}

int scope_start(struct scope_manager *m, const char *name, const char *description, pid_t pid)
{
	sd_bus_message *call = NULL;
	int64_t end_ns = wait_end_ns();

	int r = unit_call_new(m, name, end_ns, &call);
	if (r >= 0)
		r = sd_bus_message_append(call, "a(sv)a(sa(sv))", 6, "Description", "s", description, "Slice", "s",
					  SESSION_CGROUP_SLICE, "PIDs", "au", 1, (uint32_t)pid, "CollectMode", "s",
					  "inactive-or-failed", "SendSIGHUP", "b", 1, "TimeoutStopUSec", "t",
					  (uint64_t)10000000, 0);
	if (r >= 0)
		r = call_and_drop(m, call, end_ns);
	sd_bus_message_unref(call);
	return r < 0 ? r : scope_wait(name, pid, end_ns);
}

/* --- the backstop --- */

static void timer_name(const struct uuid *session, unsigned number, const char *ending, char buf[static UNIT_NAME_MAX])
{
	char id[UUID_TEXT_MAX];

	uuid_format(session, id);
	snprintf(buf, UNIT_NAME_MAX, SESSION_CGROUP_PREFIX "end-%s-%u.%s", id, number, ending);
}

static int timer_properties(sd_bus_message *call, int64_t left_ns, int64_t until_ns)
{
	char when[64];

	int r = sd_bus_message_open_container(call, 'a', "(sv)");
	if (r >= 0)
		r = sd_bus_message_append(call, "(sv)(sv)(sv)(sv)", "Description", "s",
					  "End of an elevated session, should tenured not be there", "AccuracyUSec", "t",
					  (uint64_t)100000, "RemainAfterElapse", "b", 0, "CollectMode", "s",
					  "inactive-or-failed");
	if (r >= 0)
		r = sd_bus_message_append(call, "(sv)", "TimersMonotonic", "a(st)", 1, "OnActiveSec",
					  (uint64_t)(left_ns / NS_PER_US));
	/* The monotonic clock stands still while the machine sleeps; the wall clock does not. */
	snprintf(when, sizeof(when), "@%" PRId64, until_ns / NS_PER_S + 1);
	if (r >= 0 && until_ns != TIME_FOREVER)
		r = sd_bus_message_append(call, "(sv)", "TimersCalendar", "a(ss)", 1, "OnCalendar", when);
	if (r >= 0)
		r = sd_bus_message_close_container(call);
	return r;
}

static int service_properties(sd_bus_message *call, const char *service, const char *id)
{
	return sd_bus_message_append(call, "a(sa(sv))", 1, service, 4, "Description", "s",
				     "Ends an elevated session", "Type", "s", "oneshot", "CollectMode", "s",
				     "inactive-or-failed", "ExecStart", "a(sasb)", 1, TENURE_REAP_PATH, 3,
				     TENURE_REAP_PATH, "--", id, 0);
}

int scope_timer_start(struct scope_manager *m, const struct uuid *session, unsigned number, int64_t left_ns,
		      int64_t until_ns)
{
	char timer[UNIT_NAME_MAX], service[UNIT_NAME_MAX], id[UUID_TEXT_MAX];
	sd_bus_message *call = NULL;
	int64_t end_ns = wait_end_ns();

	timer_name(session, number, "timer", timer);
	timer_name(session, number, "service", service);
	uuid_format(session, id);
	int r = unit_call_new(m, timer, end_ns, &call);
	if (r >= 0)
		r = timer_properties(call, left_ns, until_ns);
	if (r >= 0)
		r = service_properties(call, service, id);
	if (r >= 0)
		r = call_and_drop(m, call, end_ns);
	sd_bus_message_unref(call);
	if (number > 1)
		scope_timer_stop(m, session, number - 1);
	return r < 0 ? r : 0;
}

static void unit_stop(struct scope_manager *m, const char *unit)
{
	sd_bus_message *call = NULL;
	int64_t end_ns = wait_end_ns();

	int r = bus_get(m, end_ns);
	if (r == 0)
		r = sd_bus_message_new_method_call(m->bus, &call, SYSTEMD_NAME, SYSTEMD_PATH, SYSTEMD_MANAGER,
						   "StopUnit");
	if (r >= 0)
		r = sd_bus_message_set_expect_reply(call, 0);
	if (r >= 0)
		r = sd_bus_message_append(call, "ss", unit, "replace");
	if (r >= 0)
		r = sd_bus_send(m->bus, call, NULL);
	sd_bus_message_unref(call);
	if (r >= 0)
		r = bus_wait(m->bus, true, end_ns);
	if (r < 0 && m->bus)
		bus_drop(m, r);
}

void scope_stop(struct scope_manager *m, const char *name)
{
	unit_stop(m, name);
}

void scope_timer_stop(struct scope_manager *m, const struct uuid *session, unsigned number)
{
	char timer[UNIT_NAME_MAX];

	timer_name(session, number, "timer", timer);
	unit_stop(m, timer);
}

void scope_user_stop(struct scope_manager *m, uid_t uid)
{
	char unit[UNIT_NAME_MAX];

	snprintf(unit, sizeof(unit), "user@%lu.service", (unsigned long)uid);
	unit_stop(m, unit);
}

/* The user manager's own is none of the user's. */
static bool is_other(const char *session, const char *scope)
{
	char name[UNIT_NAME_MAX], *class = NULL;
	int n = snprintf(name, sizeof(name), "/session-%s.scope", session);
	size_t len = strlen(scope);

	if (n > 0 && (size_t)n <= len && strcmp(scope + len - (size_t)n, name) == 0)
		return false;
	bool manager = sd_session_get_class(session, &class) >= 0 && strncmp(class, "manager", strlen("manager")) == 0;
	free(class);
	return !manager;
}

bool scope_user_has_other(uid_t uid, const char *scope)
{
	char **sessions = NULL;
	bool other = false;

	int count = sd_uid_get_sessions(uid, 0, &sessions);
	for (int i = 0; i < count; i++) {
		other = other || is_other(sessions[i], scope);
		free(sessions[i]);
	}
	free(sessions);
	return other;
}

#else /* no libsystemd */

struct scope_manager {
	char unused;
};

int scope_manager_new(struct scope_manager **ret)
{
	*ret = NULL;
	return 0;
}

void scope_manager_free(struct scope_manager *m)
{
}

bool scope_available(void)
{
	return false;
}

int scope_start(struct scope_manager *m, const char *name, const char *description, pid_t pid)
{
	return -EOPNOTSUPP;
}

int scope_timer_start(struct scope_manager *m, const struct uuid *session, unsigned number, int64_t left_ns,
		      int64_t until_ns)
{
	return -EOPNOTSUPP;
}

void scope_stop(struct scope_manager *m, const char *name)
{
}

void scope_timer_stop(struct scope_manager *m, const struct uuid *session, unsigned number)
{
}

void scope_user_stop(struct scope_manager *m, uid_t uid)
{
}

bool scope_user_has_other(uid_t uid, const char *scope)
{
	return false;
}

#endif
