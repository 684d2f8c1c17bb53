/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ranges of tenants against the host and each other: an id that somebody else may take can be forged (T47). */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/text.h"
#include "common/model/settings.h"

#define REMEDY "move id_range to 1900000000 or above, and the ids of its users and groups with it"

#define PLACE_MAX 64 /* "tenants.d/", a name, ".conf" */

/* Given away by default: SUB_UID_MIN to SUB_UID_MAX of login.defs, and what systemd-nspawn picks from. */
static const struct {
	struct id_range range;
	const char *what;
} usual[] = {
	{{100000, 600100000}, "where useradd gives out subordinate ids"},
	{{524288, 1879048191}, "where containers take theirs"},
};

static bool overlap(const struct id_range *a, const struct id_range *b)
{
	return a->first <= b->last && b->first <= a->last;
}

static const char *file_of(const struct tenant_config *t, char place[static PLACE_MAX])
{
	(void)snprintf(place, PLACE_MAX, "tenants.d/%s.conf", t->name);
	return place;
}

void tenant_check_range(const struct tenant_config *t, const struct local_accounts *local, struct problem_list *problems)
{
	char place[PLACE_MAX];

	for (size_t i = 0; i < local->reserved_count; i++)
		if (overlap(&t->id_range, &local->reserved[i])) {
			problem_add(problems, SEVERITY_ERROR, "subuid", file_of(t, place), REMEDY,
				    "id_range overlaps %s: a user namespace could forge its ids",
				    local->reserved_place[i]);
			return;
		}
	for (size_t i = 0; i < ARRAY_LENGTH(usual); i++)
		if (overlap(&t->id_range, &usual[i].range)) {
			problem_add(problems, SEVERITY_WARNING, "subuid", file_of(t, place), REMEDY,
				    "id_range overlaps %u-%u, %s", usual[i].range.first, usual[i].range.last, usual[i].what);
			return;
		}
}

const char *tenant_members_fault(const struct tenant_config *t, const struct local_accounts *local)
{
	const uint32_t gid = members_gid(t->visibility, &t->role_gids);

	if (gid == NO_ID)
		return NULL;
	if (!id_may_be_given(gid))
		return "is none that may be given";
	if (local_group_by_gid(local, gid))
		return "is a local group's";
	for (size_t i = 0; i < local->user_count; i++)
		if (local->users[i].gid == gid)
			return "is the primary group of a local account";
	for (size_t i = 0; i < local->reserved_count; i++)
		if (gid >= local->reserved[i].first && gid <= local->reserved[i].last)
			return "lies in a range of subordinate ids";
	return NULL;
}

void tenant_check_members(const struct tenant_config *t, const struct local_accounts *local, struct problem_list *problems)
{
	const char *fault = tenant_members_fault(t, local);
	char place[PLACE_MAX], name[sizeof(MEMBERS_PREFIX) + NAME_LENGTH_MAX];

	if (t->visibility != VISIBILITY_TENANT)
		return;
	if (fault)
		problem_add(problems, SEVERITY_ERROR, "visibility-group", file_of(t, place), "end role_gids with a gid of nobody's",
			    "gid %u, of the group of all members, %s; nobody but root reads the tenant", t->role_gids.last,
			    fault);
	(void)snprintf(name, sizeof(name), MEMBERS_PREFIX "%.*s", NAME_LENGTH_MAX, t->name);
	if (t->home && local_group_by_name(local, name))
		problem_add(problems, SEVERITY_WARNING, "visibility-group", file_of(t, place), "rename the local group",
			    "a local group has the name of the members' group, %s", name);
}

void tenant_check_leak(const struct tenant_config *t, const char *leak, struct problem_list *problems)
{
	char place[PLACE_MAX];

	if (leak && t->visibility == VISIBILITY_TENANT)
		problem_add(problems, SEVERITY_ERROR, "visibility-cache", file_of(t, place),
			    "remove it, or write visibility = \"all\";",
			    "%s would hand on what only members may see: the tenant has no users until it is gone", leak);
}

static bool share_domain(const struct tenant_config *a, const struct tenant_config *b)
{
	for (size_t i = 0; i < a->domain_count; i++)
		for (size_t j = 0; j < b->domain_count; j++)
			if (strcmp(a->domains[i], b->domains[j]) == 0)
				return true;
	return false;
}

bool tenants_differ(const struct tenant_config *t, const struct tenant_config *other, struct problem_list *problems)
{
	char place[PLACE_MAX];
	bool differ = true;

	if (overlap(&t->id_range, &other->id_range)) {
		problem_add(problems, SEVERITY_ERROR, "tenant-range", file_of(t, place), "give each tenant a range of its own",
			    "id_range overlaps that of %s", other->name);
		differ = false;
	}
	if (uuid_equal(&t->id, &other->id)) {
		problem_add(problems, SEVERITY_ERROR, "tenant-duplicate", file_of(t, place), "uuidgen makes another",
			    "id is that of %s", other->name);
		differ = false;
	}
	if (share_domain(t, other)) {
		problem_add(problems, SEVERITY_ERROR, "tenant-duplicate", file_of(t, place), "name each domain in one tenant",
			    "a domain is also that of %s", other->name);
		differ = false;
	}
	return differ;
}

int tenants_introduce(struct tenant_config *t, const struct tenant_config *other)
{
	char **grown = reallocarray(t->foreign_domains, t->foreign_domain_count + other->domain_count + 1, sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	t->foreign_domains = grown;
	for (size_t i = 0; i < other->domain_count; i++) {
		grown[t->foreign_domain_count] = strdup(other->domains[i]);
		if (!grown[t->foreign_domain_count])
			return -ENOMEM;
		t->foreign_domain_count++;
	}
	return 0;
}

void tenants_validate(const struct tenant_config *tenants, size_t count, const struct local_accounts *local,
		      struct problem_list *problems)
{
	for (size_t i = 0; i < count; i++) {
		tenant_check_range(&tenants[i], local, problems);
		tenant_check_members(&tenants[i], local, problems);
		for (size_t j = 0; j < i; j++)
			(void)tenants_differ(&tenants[i], &tenants[j], problems);
	}
}
