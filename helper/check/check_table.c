/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "helper/check/check.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/paths.h"

const struct check check_table[] = {
	{"config", "tenure.conf and tenants.d say what they may", true, false, check_config},
	{"directory", "the directories' objects hold together", false, true, check_directory},
	{"host", "the directories have an entry of this host", false, true, check_host_entry},
	{"logins", "local_logins and break_glass_users name accounts and principals of this host", false, true, check_logins},
	{"subuid", "no id of a tenant can be forged by a user namespace", false, true, check_subuid},
	{"ldap", "the servers of directories in LDAP answer, and push what changes", false, false, check_ldap},
	{"nss", "nsswitch.conf asks tenure for passwd and group", false, false, check_nss},
	{"caches", "nothing hands on what NSS said", false, false, check_caches},
	{"pam-stacks", "gates and logins ask pam_tenure, in the right place", false, false, check_pam},
	{"sudoers", "sudo asks PAM at every step and knows become-root", false, false, check_sudo},
	{"ways", "nobody who is governed has another way to root", false, true, check_ways},
	{"way-back", "the administrator gets in when Tenure does not let them", false, true, check_way_back},
	{"permissions", "files of Tenure belong to root and are closed as they should be", true, false, check_permissions},
	{"clock", "the time can be believed", false, false, check_clock},
	{"broker", "tenured answers and can grant", false, false, check_broker},
	{"journal", "the journal is whole", false, false, check_journal},
	{"cgroup", "sessions can be contained and ended", false, false, check_cgroup},
	{"sshd-usepam", "sshd asks PAM", false, false, check_sshd},
	{"stepup", "who may activate a role can prove who they are", false, true, check_stepup},
	{"homes", "tenant users have homes", false, true, check_homes},
	{NULL, NULL, false, false, NULL},
};

_Static_assert(ARRAY_LENGTH(check_table) <= CHECKS_MAX, "the answers of all checks fit");

/* Their content is believed only if nobody but root can have written it. */
static void report_accounts(struct check_context *c, int error)
{
	char place[64], remedy[192] = "make it a file that root can read";
	const char *why = strerror(-error);

	(void)snprintf(place, sizeof(place), "/etc/%s", c->local.failed);
	if (error == -EPERM) {
		(void)snprintf(remedy, sizeof(remedy), "chown root:root %s; chmod 0644 %s", place, place);
		why = "or a folder above it is not root's alone to write, so it is not believed";
	}
	problem_add(&c->problems, SEVERITY_ERROR, "accounts", place, remedy, "%s", why);
}

static int prepare(struct check_context *c)
{
	const char *etc = tenure_path(PATH_ETC);
	size_t len = strlen(etc);
	int r;

	if (len < 4 || len >= sizeof(c->root) || strcmp(etc + len - 4, "/etc") != 0)
		return -EINVAL;
	memcpy(c->root, etc, len - 4);
	c->root[len - 4] = '\0';
	c->ask_broker(&c->broker);
	c->has_host_id = host_id_read(&c->host_id) == 0;
	r = local_accounts_read(etc, &c->local);
	c->has_local = r == 0;
	if (r < 0 && r != -ENOMEM) {
		report_accounts(c, r);
		r = 0;
	}
	return r < 0 ? r : check_read_accounts(c);
}

int check_run(struct check_context *c, bool ret_ok[static CHECKS_MAX])
{
	int r = prepare(c);

	for (size_t i = 0; check_table[i].id && r == 0; i++) {
		size_t before = c->problems.count;

		ret_ok[i] = false;
		if (!check_table[i].unbound && !c->is_bound)
			continue;
		r = check_table[i].run(c);
		ret_ok[i] = r == 0 && c->problems.count == before && !(check_table[i].of_tenants && c->is_unread);
		r = r > 0 ? 0 : r;
	}
	return r;
}

void check_done(struct check_context *c)
{
	host_config_done(&c->host);
	for (size_t i = 0; i < c->tenant_count; i++) {
		tenant_config_done(&c->tenants[i]);
		directory_free(c->directories[i]);
	}
	free(c->tenants);
	free(c->directories);
	local_accounts_done(&c->local);
	check_accounts_done(c);
	problem_list_done(&c->broker.problems);
	json_decref(c->broker.directories);
	problem_list_done(&c->problems);
}
