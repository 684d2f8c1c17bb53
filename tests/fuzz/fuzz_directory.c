/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A directory from any text: whatever comes out of validation keeps the promises that NSS and PAM rely on: names of the
 * pattern, ids in the range, fields that fit a line, indices that point somewhere.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/text.h"
#include "common/config/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool condition)
{
	if (!condition)
		abort();
}

static void check_users(const struct directory *d, const struct tenant_config *tenant)
{
	for (size_t i = 0; i < d->user_count; i++) {
		const struct user *u = &d->users[i];

		if (u->o.dropped)
			continue;
		must(name_is_valid(u->o.name) && field_is_valid(u->gecos) && field_is_valid(u->home) &&
		     field_is_valid(u->shell) && u->home[0] == '/' && u->shell[0] == '/');
		must(u->uid == NO_ID || (u->uid >= tenant->id_range.first && u->uid <= tenant->id_range.last));
		must(!u->password || u->password[0] == '$');
	}
}

static void check_groups(const struct directory *d, const struct tenant_config *tenant)
{
	for (size_t i = 0; i < d->group_count; i++) {
		const struct group *g = &d->groups[i];

		if (g->o.dropped)
			continue;
		must(name_is_valid(g->o.name));
		must(g->gid == NO_ID || (g->gid >= tenant->id_range.first && g->gid <= tenant->id_range.last));
		for (size_t j = 0; j < g->closure_count; j++)
			must(g->closure[j] < d->user_count && !d->users[g->closure[j]].o.dropped &&
			     (j == 0 || g->closure[j - 1] < g->closure[j]));
	}
}

static void check_assignments(const struct directory *d)
{
	for (size_t i = 0; i < d->assignment_count; i++) {
		const struct assignment *a = &d->assignments[i];

		if (a->o.dropped) {
			must(a->type != ASSIGNMENT_DENY || d->broken_restriction);
			continue;
		}
		must(!a->role || (a->role_index < d->role_count && !d->roles[a->role_index].o.dropped));
		must(!a->user || (a->user_index < d->user_count && !d->users[a->user_index].o.dropped));
		must(!a->group || (a->group_index < d->group_count && !d->groups[a->group_index].o.dropped));
		must(!a->unit || (a->unit_index < d->unit_count && !d->units[a->unit_index].o.dropped));
		must(!a->user != !a->group && !a->scope != !a->unit && a->start_ns < a->end_ns);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char name[] = "contoso", domain[] = "contoso.com", *domains[] = {domain}, root[] = "root", bob[] = "bob";
	static struct local_account users[] = {{bob, 1000, 1000}, {root, 0, 0}};
	static const struct local_accounts local = {.users = users, .user_count = 2};
	const struct tenant_config tenant = {.name = name,
					     .id = {{1}},
					     .domains = domains,
					     .domain_count = 1,
					     .id_range = {1900000000, 1900099999},
					     .role_gids = {1900090000, 1900090999},
					     .home = true};
	struct problem_list problems = {0};
	struct directory *d = NULL;
	char *text = malloc(size + 1);

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	if (directory_parse(text, size, "directory.d/contoso.conf", &tenant.id, &d, &problems) == 0) {
		if (directory_validate(d, &tenant, &local, &problems) == 0) {
			check_users(d, &tenant);
			check_groups(d, &tenant);
			check_assignments(d);
		}
	} else {
		must(problems.count > 0 || problems.lost);
	}
	directory_free(d);
	problem_list_done(&problems);
	free(text);
	return 0;
}
