/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ways to root that pass by every gate. */
#include "helper/check/sudoers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Groups whose members have root without asking anybody. */
static const char *const root_groups[] = {"root", "docker", "lxd",	"incus-admin", "incus", "disk",
					  "shadow", "kmem", "libvirt", "podman"};

/* Calls fn for each governed login of this host: mapped ones, and the home tenant's own. */
static void collect_governed_in(const struct check_context *c, const char *group, struct name_text *ret)
{
	const struct directory *d = c->tenant_count ? c->directories[0] : NULL;

	for (size_t i = 0; i < c->host.local_login_count; i++)
		if (check_in_group(c, c->host.local_logins[i].login, group))
			name_text_add(ret, c->host.local_logins[i].login);
	for (size_t i = 0; d && i < d->user_count; i++)
		if (d->users[i].uid != NO_ID && !d->users[i].o.dropped && !check_account(c, d->users[i].o.name) &&
		    check_in_group(c, d->users[i].o.name, group))
			name_text_add(ret, d->users[i].o.name);
}

static void check_groups(struct check_context *c)
{
	for (size_t i = 0; i < ARRAY_LENGTH(root_groups); i++) {
		struct name_text names = {0};
		char remedy[64];

		if (!local_group_by_name(&c->local, root_groups[i]))
			continue;
		collect_governed_in(c, root_groups[i], &names);
		(void)snprintf(remedy, sizeof(remedy), "gpasswd -d NAME %s", root_groups[i]);
		if (names.count)
			problem_add(&c->problems, SEVERITY_WARNING, "root-group", "/etc/group", remedy,
				    "group %s is root without a gate: %s", root_groups[i], names.text);
	}
}

/* Unmapped sudoers are a way back; more than one of them is a habit. */
static int check_unmapped(struct check_context *c)
{
	struct name_text names = {0};
	struct sudoers s;
	int r = sudoers_read(c, &s);

	if (r < 0)
		return r;
	for (size_t i = 0; i < c->account_count; i++) {
		const struct unix_account *a = &c->accounts[i];

		if (a->uid != 0 && check_can_log_in(a) && !check_is_governed(c, a->name) &&
		    sudoers_gives_root(c, &s, a->name) != SUDOERS_NO)
			name_text_add(&names, a->name);
	}
	if (names.count > 1)
		problem_add(&c->problems, SEVERITY_WARNING, "unmapped", "", "map them in local_logins, all but one",
			    "%zu sudoers are not governed: %s", names.count, names.text);
	sudoers_done(&s);
	return 0;
}

static void check_doas(struct check_context *c)
{
	char *text = check_is_gate(c, "doas") ? NULL : check_read(c, "/etc/doas.conf");

	for (const char *p = text; p && *p; p += strcspn(p, "\n"), p += *p == '\n')
		if (strncmp(p, "permit", 6) == 0) {
			problem_add(&c->problems, SEVERITY_WARNING, "doas", "/etc/doas.conf",
				    "remove doas, or name it in gate.services", "doas permits, and is no gate");
			break;
		}
	free(text);
}

/* Debian's and others' rules for polkit: these groups are its administrators. */
static void check_polkit(struct check_context *c)
{
	static const char *const groups[] = {"sudo", "wheel", "admin"};
	struct name_text names = {0};
	char path[PATH_MAX];
	struct stat st;
	bool has_pkexec = check_path(c, "/usr/bin/pkexec", path) && stat(path, &st) == 0 && (st.st_mode & S_ISUID);

	if (check_is_gate(c, "polkit-1") ||
	    (!has_pkexec && !check_exists(c, "/usr/share/dbus-1/system-services/org.freedesktop.PolicyKit1.service")))
		return;
	for (size_t i = 0; i < ARRAY_LENGTH(groups); i++)
		collect_governed_in(c, groups[i], &names);
	if (names.count && has_pkexec)
		problem_add(&c->problems, SEVERITY_WARNING, "pkexec", "/usr/bin/pkexec",
			    "take them out of the group, or remove pkexec and polkitd",
			    "pkexec asks polkit, which is no gate; its administrators are governed: %s", names.text);
	else if (names.count)
		problem_add(&c->problems, SEVERITY_WARNING, "polkit", "", "take them out of the group, or remove polkitd",
			    "systemd-run and the like ask polkit, which is no gate; its administrators are governed: %s",
			    names.text);
}

/* A line that gives a shell: one with a command of its own gives that command. */
static bool root_has_keys(const struct check_context *c)
{
	char *text = check_read(c, "/root/.ssh/authorized_keys"), *rest = text, *line;
	bool found = false;

	while (!found && (line = strsep(&rest, "\n"))) {
		line += strspn(line, " \t\r");
		found = *line != '\0' && *line != '#' && !strcasestr(line, "command=");
	}
	free(text);
	return found;
}

static void check_root_login(struct check_context *c)
{
	struct sshd_root ssh = check_sshd_root(c);
	const struct unix_account *root = check_account(c, "root");

	if (ssh.by_password && root && check_can_log_in(root))
		problem_add(&c->problems, SEVERITY_WARNING, "root-login", "/etc/ssh/sshd_config",
			    "PermitRootLogin no; systemctl reload ssh", "root logs in by ssh with a password, past every gate");
	else if (ssh.by_key && root_has_keys(c))
		problem_add(&c->problems, SEVERITY_WARNING, "root-login", "/root/.ssh/authorized_keys",
			    "keep one key for emergencies; or PermitRootLogin no",
			    "lets whoever has such a key be root by ssh, past every gate");
}

/* What leads to root on this host and was taken out of gate.services. */
static void check_gates(struct check_context *c)
{
	static const char *const usual[] = {"sudo", "sudo-i", "su", "su-l"};
	struct name_text names = {0};

	for (size_t i = 0; i < ARRAY_LENGTH(usual); i++) {
		char path[64];

		(void)snprintf(path, sizeof(path), "/etc/pam.d/%s", usual[i]);
		if (!check_is_gate(c, usual[i]) && check_exists(c, path))
			name_text_add(&names, usual[i]);
	}
	if (names.count)
		problem_add(&c->problems, SEVERITY_WARNING, "no-gate", "tenure.conf", "name them in gate.services",
			    "no gates, so whoever passes them is not judged: %s", names.text);
}

int check_ways(struct check_context *c)
{
	check_gates(c);
	check_groups(c);
	check_doas(c);
	check_polkit(c);
	check_root_login(c);
	return check_unmapped(c);
}

/* Somebody whom no gate stops must be able to become root: by password, or at the least by key. */
int check_way_back(struct check_context *c)
{
	enum severity severity = check_enforces(c) ? SEVERITY_ERROR : SEVERITY_WARNING;
	struct sudoers s;
	bool found = false;
	int r = sudoers_read(c, &s);

	if (r < 0)
		return r;
	for (size_t i = 0; i < c->account_count && !found; i++) {
		const struct unix_account *a = &c->accounts[i];

		found = check_can_log_in(a) &&
			(a->uid == 0 ||
			 (!check_is_governed(c, a->name) && sudoers_gives_root(c, &s, a->name) == SUDOERS_YES));
	}
	sudoers_done(&s);
	if (!found) {
		if ((check_sshd_root(c).by_key && root_has_keys(c)) || c->host.break_glass_user_count > 0)
			severity = SEVERITY_WARNING;
		problem_add(&c->problems, severity, "way-back", "", "keep one unmapped account, or set root's password",
			    "every sudoer is governed by Tenure; root has no password");
	}
	return 0;
}
