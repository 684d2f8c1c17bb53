/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pam_module/message.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include <security/pam_ext.h>

#define LINE_MAX_BYTES 256
#define NAME_SHOWN_MAX 96
#define COLUMNS	       80 /* of a terminal */

/* What a person types: sudo for sudo-i, su for su-l. */
static const char *service_shown(const struct subject *s, char buf[static NAME_SHOWN_MAX])
{
	if (strcmp(s->service, "sudo-i") == 0)
		return "sudo";
	if (strcmp(s->service, "su-l") == 0)
		return "su";
	return text_escape(s->service, buf, NAME_SHOWN_MAX);
}

/* Lines that need nothing but the reason. */
static const char *plain_line(const struct judgement *j)
{
	switch (j->obstacle) {
	case OBSTACLE_CHANGED:
		return "Tenure: the user changed on the way; start again";
	case OBSTACLE_BROKER:
		return "Tenure: the broker refused this session; see: tenure status";
	default:
		break;
	}
	switch (j->decision.why) {
	case WHY_UNKNOWN_USER:
		return "Tenure: the directory does not know you; ask your administrator";
	case WHY_DISABLED:
		return "Tenure: your account is disabled; ask your administrator";
	case WHY_NOT_YET:
		return "Tenure: your account is not valid yet; ask your administrator";
	case WHY_ENDED:
		return "Tenure: your account has ended; ask your administrator";
	case WHY_DENIED:
		return "Tenure: a deny assignment forbids it; see: tenure explain";
	default:
		return NULL;
	}
}

/* Two long names are too much for a line: the one to ask for stays. */
static void line_of_other_role(const struct decision *d, const char *target, char *line, size_t len)
{
	int n = snprintf(line, len, "Tenure: %s is not for %s; next: tenure request %s", d->other_role, target, d->role);

	if (n > COLUMNS)
		(void)snprintf(line, len, "Tenure: %s needs another role; next: tenure request %s", target, d->role);
}

static void line_of_role(const struct subject *s, const struct judgement *j, const char *service, char *line,
			 size_t len)
{
	const struct decision *d = &j->decision;
	char target[NAME_SHOWN_MAX];

	text_escape(j->target ? j->target : "", target, sizeof(target));
	if (d->why == WHY_WRONG_TARGET && d->role[0])
		line_of_other_role(d, target, line, len);
	else if (d->why == WHY_WRONG_TARGET)
		(void)snprintf(line, len, "Tenure: %s does not let you become %s; see: tenure roles", d->other_role,
			       target);
	else if (d->why == WHY_NO_LOGIN_RIGHT && d->role[0])
		(void)snprintf(line, len, "Tenure: login needs %s to be active; ask your administrator", d->role);
	else if (d->why == WHY_NO_LOGIN_RIGHT)
		(void)snprintf(line, len, "Tenure: no role lets you log in here; ask your administrator");
	else if (d->why == WHY_CEILING)
		(void)snprintf(line, len, "Tenure: this host does not allow it to anybody; see: tenure explain");
	else if (d->role[0])
		(void)snprintf(line, len, "Tenure: %s needs an active role; next: tenure request %s", service,
			       d->role);
	else
		(void)snprintf(line, len, "Tenure: %s needs an active role, and you have none; see: tenure roles",
			       service);
}

static void compose(const struct subject *s, const struct judgement *j, char *line, size_t len)
{
	char buf[NAME_SHOWN_MAX];
	const char *service = service_shown(s, buf);
	const char *plain = plain_line(j);

	if (plain)
		(void)snprintf(line, len, "%s", plain);
	else if (j->obstacle == OBSTACLE_CGROUP)
		(void)snprintf(line, len, "Tenure: sessions cannot end here, so %s is closed; "
			       "ask root for: tenure check", service);
	else if (j->obstacle == OBSTACLE_JOURNAL)
		(void)snprintf(line, len, "Tenure: the journal cannot grow, so %s is closed; "
			       "ask root for: tenure check", service);
	else if (j->obstacle == OBSTACLE_GROUP)
		(void)snprintf(line, len, "Tenure: no role lets you take group %s here; see: tenure roles",
			       text_escape(j->target ? j->target : "", buf, sizeof(buf)));
	else if (j->obstacle == OBSTACLE_NONE && j->decision.why == WHY_STALE)
		(void)snprintf(line, len, "Tenure: the directory is silent, so %s is closed; "
			       "ask root for: tenure check", service);
	else if (judgement_is_failure(j))
		(void)snprintf(line, len, "Tenure: cannot read your rights, so %s is closed; "
			       "ask root for: tenure check", service);
	else
		line_of_role(s, j, service, line, len);
}

/* sudo repeats a phase, and asks in two: one line is enough. */
static void tell(pam_handle_t *pamh, struct transaction *t, const struct subject *s, const struct judgement *j)
{
	char line[LINE_MAX_BYTES];

	if (t && t->told)
		return;
	compose(s, j, line, sizeof(line));
	(void)pam_error(pamh, "%s", line);
	if (t)
		t->told = true;
}

/* Names that no tenant knows may be passwords: they are not in j->login, and then the uid stands there. */
static void record(pam_handle_t *pamh, struct transaction *t, const struct judgement *j, const struct subject *s,
		   int priority, const char *what)
{
	const char *why = judgement_why(j);
	char user[NAME_SHOWN_MAX * 4], target[NAME_SHOWN_MAX];

	if (t && t->logged && strcmp(t->logged, why) == 0)
		return;
	if (j->login[0])
		text_escape(j->login, user, sizeof(user));
	else if (s->uid != NO_ID)
		(void)snprintf(user, sizeof(user), "#%u", (unsigned)s->uid);
	else
		(void)snprintf(user, sizeof(user), "unknown");
	if (j->target)
		pam_syslog(pamh, priority, "%s user=%s why=%s target=%s", what, user, why,
			   text_escape(j->target, target, sizeof(target)));
	else
		pam_syslog(pamh, priority, "%s user=%s why=%s", what, user, why);
	if (t)
		t->logged = why;
}

int refuse(pam_handle_t *pamh, struct transaction *t, const struct subject *s, const struct judgement *j, int code)
{
	if (s->service_class == SERVICE_GATE && s->mode == GATE_REPORT_ONLY) {
		record(pamh, t, j, s, LOG_NOTICE, "would-deny");
		return PAM_IGNORE;
	}
	if (judgement_is_failure(j) && subject_is_break_glass(s)) {
		record(pamh, t, j, s, LOG_ALERT, "break-glass");
		return PAM_IGNORE;
	}
	record(pamh, t, j, s, LOG_NOTICE, "deny");
	tell(pamh, t, s, j);
	return code;
}

const char *terminal_path(pam_handle_t *pamh, char buf[static TERMINAL_PATH_MAX])
{
	const void *item = NULL;
	const char *name;
	struct stat st;
	int n;

	if (pam_get_item(pamh, PAM_TTY, &item) != PAM_SUCCESS || !item)
		return NULL;
	name = item;
	if (strncmp(name, "/dev/", 5) == 0)
		name += 5;
	if (!*name || *name == '/' || strstr(name, "..") || text_check(name, TERMINAL_PATH_MAX) < 0)
		return NULL;
	n = snprintf(buf, TERMINAL_PATH_MAX, "/dev/%s", name);
	if (n < 0 || n >= TERMINAL_PATH_MAX || stat(buf, &st) < 0 || !S_ISCHR(st.st_mode))
		return NULL;
	return buf;
}

bool may_inform(pam_handle_t *pamh, int flags)
{
	char path[TERMINAL_PATH_MAX];

	return !(flags & PAM_SILENT) && terminal_path(pamh, path) && isatty(STDERR_FILENO);
}

void inform(pam_handle_t *pamh, const char *line)
{
	(void)pam_info(pamh, "%s", line);
}
