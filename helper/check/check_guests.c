/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Trusts, and what a directory says of guests: held against the directories of the others, as the broker does. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/model/guest.h"
#include "helper/check/check.h"

static bool is_named(const struct check_context *c, const char *tenant)
{
	for (size_t i = 0; i < c->host.tenant_count; i++)
		if (strcmp(c->host.tenants[i], tenant) == 0)
			return true;
	return false;
}

static void report_unknown(struct check_context *c, const struct tenant_config *of, const struct trust *trust)
{
	char place[80];

	(void)snprintf(place, sizeof(place), "tenants.d/%s.conf", of->name);
	problem_add(&c->problems, SEVERITY_ERROR, "conf-value", place, "name one of tenants in tenure.conf",
		    "trust of tenant \"%s\", which is not there", trust->tenant);
}

/* Fills one list and one source; *count grows. */
static int find_source(struct check_context *c, const struct tenant_config *of, const struct trust *trust,
		       struct guest_list *lists, struct guest_source *sources, size_t *count)
{
	int r = 0;

	if (!is_named(c, trust->tenant))
		report_unknown(c, of, trust);
	for (size_t k = 0; r == 0 && k < c->tenant_count; k++) {
		const struct directory *d = c->directories[k];

		if (strcmp(c->tenants[k].name, trust->tenant) != 0)
			continue;
		r = guests_find(of, trust, &c->tenants[k], d && !d->broken_restriction ? d : NULL, &lists[*count],
				&c->problems);
		if (r == 0) {
			sources[*count] = (struct guest_source){&c->tenants[k], &lists[*count]};
			(*count)++;
		}
	}
	return r;
}

static int check_tenant(struct check_context *c, size_t i)
{
	const struct tenant_config *of = &c->tenants[i];
	struct guest_list *lists = calloc(of->trust_count + 1, sizeof(*lists));
	struct guest_source *sources = calloc(of->trust_count + 1, sizeof(*sources));
	size_t count = 0;
	int r = lists && sources ? 0 : -ENOMEM;

	for (size_t k = 0; r == 0 && k < of->trust_count; k++)
		r = find_source(c, of, &of->trusts[k], lists, sources, &count);
	if (r == 0 && c->directories[i])
		r = directory_set_guests(c->directories[i], sources, count, &c->problems);
	for (size_t k = 0; lists && k < count; k++)
		guest_list_done(&lists[k]);
	free(lists);
	free(sources);
	return r;
}

int check_guests(struct check_context *c)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < c->tenant_count; i++)
		r = check_tenant(c, i);
	return r;
}
