/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/paths.h"
#include "common/base/text.h"
#include "daemon/tenured/compile.h"

void compiled_tenant_reset(struct compiled_tenant *t)
{
	directory_free(t->directory);
	t->directory = NULL;
	free(t->logins);
	t->logins = NULL;
	problem_list_done(&t->problems);
	problem_list_done(&t->guest_problems);
	compile_trusts_free(t);
	t->restricted = t->released = false;
}

void compile_free(struct compile *c)
{
	if (!c)
		return;
	for (size_t i = 0; c->tenants && i < c->host.tenant_count; i++) {
		compiled_tenant_reset(&c->tenants[i]);
		tenant_config_done(&c->tenants[i].config);
	}
	free(c->tenants);
	for (size_t i = 0; i < c->named_count; i++)
		free(c->named[i]);
	free(c->named);
	for (size_t i = 0; i < c->file_count; i++)
		free(c->files[i].name);
	free(c->files);
	host_config_done(&c->host);
	local_accounts_done(&c->accounts);
	problem_list_done(&c->problems);
	problem_list_done(&c->binding_problems);
	free(c);
}

/* Was anybody governed before? Only a broker that read a tenure.conf writes an index. */
static bool anything_is_published(void)
{
	char path[PATH_MAX];

	(void)snprintf(path, sizeof(path), "%s/index", tenure_path(PATH_STATE));
	return access(path, F_OK) == 0 || errno != ENOENT;
}

/* Neither now nor from before: the defaults, for nobody. */
static int load_nothing(struct compile *c)
{
	static const char nobody[] = "tenants = [ ];";
	struct problem_list ignored = {0};
	int r = host_config_parse(nobody, sizeof(nobody) - 1, "", &c->host, &ignored);

	problem_list_done(&ignored);
	return r;
}

/* tenure.conf, or what it said last. */
static int load_host(struct compile *c)
{
	const char *const name = "tenure.conf";
	struct problem_list ignored = {0};
	struct compile_text t;
	int r = compile_read(c, name, &t), last = 0;

	if (r < 0)
		return r;
	bool absent = t.absent, never = false;

	r = t.text ? host_config_parse(t.text, t.len, name, &c->host, &c->problems) : -ENOENT;
	if (r == 0) {
		compile_keep(c, name, &t);
	} else if (r != -ENOMEM) {
		last = compile_read_last(name, &t);
		r = last == 0 ? host_config_parse(t.text, t.len, name, &c->host, &ignored) : last;
		if (r == 0)
			compile_note_served(c, name, SERVED_LAST);
	}
	c->known = r == 0;
	if (r < 0 && r != -ENOMEM) {
		never = absent && last == -ENOENT && !anything_is_published();
		r = load_nothing(c);
		if (!never)
			(void)snprintf(c->lost, sizeof(c->lost), "tenure.conf cannot be used: see tenure check");
	}
	if (absent && !never)
		file_text_report(name, -ENOENT, &c->problems);
	compile_text_done(&t);
	problem_list_done(&ignored);
	return r;
}

/* What the host itself has. Without it no id and no name can be held against anything. */
static int load_accounts(struct compile *c)
{
	int r = local_accounts_read(tenure_path(PATH_ETC), &c->accounts);
	char place[32];

	if (r == 0 || r == -ENOMEM)
		return r;
	(void)snprintf(place, sizeof(place), "/etc/%s", c->accounts.failed);
	problem_add(&c->problems, SEVERITY_ERROR, "accounts", place,
		    r == -EPERM ? "chown root:root, chmod go-w, /etc too" : "make it a file that root can read",
		    "%s; what was in force stays",
		    r == -EPERM ? "others than root may write to it or to /etc" : strerror(-r));
	(void)snprintf(c->lost, sizeof(c->lost), "%s cannot be trusted: see tenure check", place);
	return 0;
}

int compile_load(const struct state *state, struct mirrors *mirrors, struct compile **ret)
{
	struct compile *c = calloc(1, sizeof(*c));
	int r;

	if (!c)
		return -ENOMEM;
	r = load_accounts(c);
	if (r == 0)
		r = load_host(c);
	if (r == 0)
		r = compile_tenants(c);
	if (r == 0 && !c->lost[0])
		r = compile_directories(c, state, mirrors);
	if (r == 0 && !c->lost[0])
		r = compile_guests(c);
	if (r < 0) {
		compile_free(c);
		return r;
	}
	*ret = c;
	return 0;
}
