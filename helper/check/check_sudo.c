/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* sudo asks PAM at each step, as a service that is a gate, and reads the group become-root anew at each use. */
#include "helper/check/sudoers.h"

#include <stdio.h>
#include <string.h>

#include "common/base/text.h"

static void check_setting(struct check_context *c, const struct sudoers_default *d)
{
	static const char *const services[] = {"pam_service=", "pam_login_service=", "pam_askpass_service="};
	char remedy[PATH_MAX + 64];

	(void)snprintf(remedy, sizeof(remedy), "remove that line; visudo -f %s", d->file);
	if (strcmp(d->setting, "!pam_acct_mgmt") == 0)
		problem_add(&c->problems, SEVERITY_ERROR, "sudo-acct", d->place, remedy,
			    "!pam_acct_mgmt: sudo skips the gate");
	if (strcmp(d->setting, "!pam_session") == 0)
		problem_add(&c->problems, SEVERITY_ERROR, "sudo-session", d->place, remedy,
			    "!pam_session: nobody contains or ends what sudo starts");
	if (strcmp(d->setting, "!authenticate") == 0)
		problem_add(&c->problems, SEVERITY_WARNING, "sudo-nopasswd", d->place, remedy,
			    "!authenticate: the gate decides, but sudo asks for no password");
	for (size_t i = 0; i < ARRAY_LENGTH(services); i++) {
		size_t len = strlen(services[i]);
		char name[64];

		if (strncmp(d->setting, services[i], len) == 0 && !check_is_gate(c, d->setting + len))
			problem_add(&c->problems, SEVERITY_ERROR, "sudo-service", d->place,
				    "name it in gate.services of tenure.conf, or remove that line",
				    "sudo asks PAM as \"%s\", which is no gate",
				    text_escape(d->setting + len, name, sizeof(name)));
	}
}

static bool has_rule(const struct sudoers *s, const char *who)
{
	for (size_t i = 0; i < s->rule_count; i++)
		if (strcmp(s->rules[i].who, who) == 0)
			return true;
	return false;
}

static bool has_plugin(const struct sudoers *s)
{
	for (size_t i = 0; i < s->default_count; i++)
		if (strncmp(s->defaults[i].setting, "group_plugin", 12) == 0 &&
		    strstr(s->defaults[i].setting, "system_group"))
			return true;
	return false;
}

/* Would any role of a directory let somebody become this user? */
static bool some_role_becomes(const struct check_context *c, const char *target)
{
	for (size_t i = 0; i < c->tenant_count; i++) {
		const struct directory *d = c->directories[i];

		for (size_t j = 0; d && j < d->role_count; j++)
			for (size_t k = 0; k < d->roles[j].action_count && !d->roles[j].o.dropped; k++)
				if (d->roles[j].actions[k].kind == RIGHT_BECOME &&
				    strcmp(d->roles[j].actions[k].argument, target) == 0)
					return true;
	}
	return false;
}

/* become-USER serves where a line of sudoers names it. The one for root comes with the package. */
static void check_targets(struct check_context *c, const struct sudoers *s)
{
	for (size_t i = 0; i < c->host.allow_become_count; i++) {
		const char *target = c->host.allow_become[i];
		char who[64], remedy[160];

		if (!some_role_becomes(c, target))
			continue;
		(void)snprintf(who, sizeof(who), "%%:become-%s", target);
		(void)snprintf(remedy, sizeof(remedy), "visudo -f /etc/sudoers.d/tenure-local: %s ALL=(%s) ALL", who, target);
		if (!has_rule(s, who))
			problem_add(&c->problems, SEVERITY_WARNING, "sudo-rule", "/etc/sudoers.d", remedy,
				    "no line lets the group become-%s use sudo", target);
	}
}

int check_sudo(struct check_context *c)
{
	struct sudoers s;
	int r = sudoers_read(c, &s);

	if (r < 0)
		return r;
	for (size_t i = 0; i < s.default_count; i++)
		check_setting(c, &s.defaults[i]);
	for (size_t i = 0; i < s.rule_count; i++)
		if (s.rules[i].nopasswd)
			problem_add(&c->problems, SEVERITY_WARNING, "sudo-nopasswd", s.rules[i].place,
				    "take NOPASSWD out, unless a program needs it",
				    "NOPASSWD: the gate decides, but sudo asks for no password");
	if (s.there && check_is_gate(c, "sudo")) {
		check_targets(c, &s);
		if (!has_plugin(&s))
			problem_add(&c->problems, SEVERITY_ERROR, "sudo-plugin", "/etc/sudoers.d",
				    "Defaults group_plugin=system_group.so, as /etc/sudoers.d/tenure has it",
				    "no group_plugin: sudo does not see who holds become-root");
	}
	sudoers_done(&s);
	return 0;
}
