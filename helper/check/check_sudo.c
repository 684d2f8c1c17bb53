/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* sudo asks PAM at each step, as a service that is a gate, and reads the group become-root anew at each use. */
#include "helper/check/sudoers_line.h"

#include <stdio.h>
#include <stdlib.h>
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
		if (!sudoers_names(s, who))
			problem_add(&c->problems, SEVERITY_WARNING, "sudo-rule", "/etc/sudoers.d", remedy,
				    "no line lets the group become-%s use sudo", target);
	}
}

/* Rules from a server have Defaults, too, and they are not here to be read. */
static void check_sources(struct check_context *c)
{
	char *text = check_read(c, "/etc/nsswitch.conf"), escaped[64];
	const char *p = text ? check_nss_sources(text, "sudoers") : NULL;

	while (p && *(p += strspn(p, " \t"))) {
		size_t len = strcspn(p, " \t");
		char name[32];

		(void)snprintf(name, sizeof(name), "%.*s", (int)len, p);
		if (*p != '[' && strcmp(name, "files") != 0)
			problem_add(&c->problems, SEVERITY_WARNING, "sudo-source", "",
				    "see there that nothing says !pam_acct_mgmt or !pam_session",
				    "nsswitch.conf: sudo takes rules and Defaults from %s, which are not checked",
				    text_escape(name, escaped, sizeof(escaped)));
		p += *p == '[' ? strcspn(p, "]") + (p[strcspn(p, "]")] == ']') : len;
	}
	free(text);
}

/* "Plugin NAME FILE [OPTION...]": what is not sudo's own may decide without PAM, and an option may name other files. */
static void check_conf(struct check_context *c)
{
	char *text = check_read(c, "/etc/sudo.conf"), *rest = text, *line;

	for (unsigned number = 1; (line = strsep(&rest, "\n")); number++) {
		char word[256], file[256], more[64], place[64], escaped[256];
		const char *p = line, *name;
		bool own;

		sudoers_take_until(&p, " \t", word, sizeof(word));
		if (strcasecmp(word, "Plugin") != 0)
			continue;
		sudoers_take_until(&p, " \t", word, sizeof(word));
		sudoers_take_until(&p, " \t", file, sizeof(file));
		sudoers_take_until(&p, " \t", more, sizeof(more));
		name = strrchr(file, '/');
		name = name ? name + 1 : file;
		own = strcmp(name, "sudoers.so") == 0;
		if (own && (more[0] == '\0' || more[0] == '#'))
			continue;
		(void)snprintf(place, sizeof(place), "/etc/sudo.conf:%u", number);
		problem_add(&c->problems, SEVERITY_WARNING, "sudo-conf", place,
			    "see that it asks PAM at each sudo; or Plugin sudoers_policy sudoers.so",
			    "Plugin %s%s: what it lets pass is not checked", text_escape(file, escaped, sizeof(escaped)),
			    own ? " with options" : "");
	}
	free(text);
}

/* What stands in it may switch the gate off. */
static void check_unread(struct check_context *c, const struct sudoers_unread *u)
{
	char name[PATH_MAX], remedy[PATH_MAX];
	const char *colon = strrchr(u->place, ':');

	(void)snprintf(remedy, sizeof(remedy), "write it, or take that line out; visudo -f %.*s",
		       colon ? (int)(colon - u->place) : 0, u->place);
	problem_add(&c->problems, SEVERITY_ERROR, "sudoers", u->place, colon ? remedy : "make it a file that root can read",
		    "%s cannot be read: %s", text_escape(u->file, name, sizeof(name)), strerror(u->error));
}

int check_sudo(struct check_context *c)
{
	struct sudoers s;
	int r = sudoers_read(c, &s);

	if (r < 0)
		return r;
	check_conf(c);
	check_sources(c);
	for (size_t i = 0; i < s.unread_count; i++)
		check_unread(c, &s.unread[i]);
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
