/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "common/model/guest.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/text.h"

void guests_free(struct guest *items, size_t count)
{
	for (size_t i = 0; items && i < count; i++) {
		free(items[i].tenant);
		free(items[i].name);
		free(items[i].login);
	}
	free(items);
}

void guest_list_done(struct guest_list *list)
{
	guests_free(list->items, list->count);
	*list = (struct guest_list){0};
}

static bool texts_equal(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

bool guest_lists_equal(const struct guest_list *a, const struct guest_list *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++) {
		const struct guest *x = &a->items[i], *y = &b->items[i];

		if (!uuid_equal(&x->id, &y->id) || !texts_equal(x->name, y->name) || !texts_equal(x->login, y->login) ||
		    x->uid != y->uid || x->kind != y->kind || x->enabled != y->enabled || x->start_ns != y->start_ns ||
		    x->end_ns != y->end_ns)
			return false;
	}
	return true;
}

/* --- whom a trust lets in --- */

/* Both ids are in it, so that users of two tenants who have the same id are two guests. */
void guest_id(const struct uuid *of, const struct uuid *from, const struct uuid *user, struct uuid *ret)
{
	char name[sizeof("guest:") + 2 * UUID_TEXT_MAX], from_text[UUID_TEXT_MAX], user_text[UUID_TEXT_MAX];

	uuid_format(from, from_text);
	uuid_format(user, user_text);
	(void)snprintf(name, sizeof(name), "guest:%s:%s", from_text, user_text);
	uuid_v5(of, name, ret);
}

/* Takes nothing of `from` but copies. login NULL: none. */
static int copy_guest(const struct guest *from, const char *tenant, const char *name, const char *login,
		      struct guest *ret)
{
	*ret = *from;
	ret->tenant = strdup(tenant);
	ret->name = strdup(name);
	ret->login = login ? strdup(login) : NULL;
	if (ret->tenant && ret->name && (ret->login || !login))
		return 0;
	free(ret->tenant);
	free(ret->name);
	free(ret->login);
	return -ENOMEM;
}

static int make_guest(const struct tenant_config *of, const struct tenant_config *from, const struct user *u,
		      struct guest *ret)
{
	struct guest g = {
		.tenant_id = from->id, .home_id = u->o.id, .uid = u->uid, .kind = u->kind, .enabled = u->enabled,
		.start_ns = u->start_ns, .end_ns = u->end_ns,
	};
	char name[NAME_LENGTH_MAX + sizeof("@") + 253]; /* a domain has 253 at most */
	int len = snprintf(name, sizeof(name), "%s@%s", u->o.name, from->domains[0]);

	if (len < 0 || (size_t)len >= sizeof(name))
		return -EINVAL;
	guest_id(&of->id, &from->id, &u->o.id, &g.id);
	return copy_guest(&g, from->name, name, u->uid == NO_ID ? NULL : from->home ? u->o.name : name, ret);
}

static void report_missing(const struct tenant_config *of, const struct trust *trust, const char *word, const char *name,
			   struct problem_list *problems)
{
	char place[80], escaped[128];

	(void)snprintf(place, sizeof(place), "tenants.d/%s.conf", of->name);
	problem_add(problems, SEVERITY_ERROR, "dir-reference", place, "name what is there, or remove it",
		    "trust of %s: %s \"%s\" is not there", trust->tenant, word, text_escape(name, escaped, sizeof(escaped)));
}

static void mark_users(const struct tenant_config *of, const struct trust *trust, const struct directory *d, bool *marks,
		       struct problem_list *problems)
{
	for (size_t i = 0; i < trust->user_count; i++) {
		bool found = false;

		for (size_t k = 0; k < d->user_count; k++)
			if (!d->users[k].o.dropped && strcmp(d->users[k].o.name, trust->users[i]) == 0)
				found = marks[k] = true;
		if (!found)
			report_missing(of, trust, "user", trust->users[i], problems);
	}
}

static void mark_groups(const struct tenant_config *of, const struct trust *trust, const struct directory *d, bool *marks,
			struct problem_list *problems)
{
	for (size_t i = 0; i < trust->group_count; i++) {
		bool found = false;

		for (size_t k = 0; k < d->group_count; k++) {
			const struct group *g = &d->groups[k];

			if (g->o.dropped || strcmp(g->o.name, trust->groups[i]) != 0)
				continue;
			found = true;
			for (size_t m = 0; m < g->closure_count; m++)
				if (g->closure[m] < d->user_count && !d->users[g->closure[m]].o.dropped)
					marks[g->closure[m]] = true;
		}
		if (!found)
			report_missing(of, trust, "group", trust->groups[i], problems);
	}
}

int guests_find(const struct tenant_config *of, const struct trust *trust, const struct tenant_config *from,
		const struct directory *d, struct guest_list *ret, struct problem_list *problems)
{
	size_t count = 0;
	bool *marks;
	int r = 0;

	*ret = (struct guest_list){0};
	if (!d || from->domain_count == 0)
		return 0;
	marks = calloc(d->user_count + 1, sizeof(*marks));
	if (!marks)
		return -ENOMEM;
	mark_users(of, trust, d, marks, problems);
	mark_groups(of, trust, d, marks, problems);
	for (size_t i = 0; i < d->user_count; i++)
		count += marks[i];
	ret->items = calloc(count + 1, sizeof(*ret->items));
	if (!ret->items)
		r = -ENOMEM;
	for (size_t i = 0; r == 0 && i < d->user_count; i++)
		if (marks[i]) {
			r = make_guest(of, from, &d->users[i], &ret->items[ret->count]);
			ret->count += r == 0;
			r = r == -EINVAL ? 0 : r; /* a name that no login has: no guest */
		}
	free(marks);
	if (r < 0)
		guest_list_done(ret);
	return r;
}

/* --- what a directory says of them --- */

struct naming {
	struct directory *d;
	const struct guest_source *sources;
	size_t count;
	bool *closed; /* by a deny that names nobody */
	struct problem_list *problems;
};

static bool has_domain(const struct tenant_config *t, const char *domain)
{
	for (size_t i = 0; i < t->domain_count; i++)
		if (strcmp(t->domains[i], domain) == 0)
			return true;
	return false;
}

/* The source that the name is of; count: of none. */
static size_t source_of(const struct naming *n, const char *name)
{
	const char *at = strchr(name, '@');
	size_t i = 0;

	while (i < n->count && !(at && has_domain(n->sources[i].from, at + 1)))
		i++;
	return i;
}

/* Its position among the directory's guests, which stand in the order of the sources. */
static uint32_t find_guest(const struct naming *n, const char *name, size_t source)
{
	const size_t len = strcspn(name, "@");

	for (uint32_t i = 0; source < n->count && i < n->d->guest_count; i++) {
		const struct guest *g = &n->d->guests[i];

		if (uuid_equal(&g->tenant_id, &n->sources[source].from->id) && strcspn(g->name, "@") == len &&
		    memcmp(g->name, name, len) == 0)
			return i;
	}
	return NO_INDEX;
}

static void close_to(struct naming *n, size_t source)
{
	for (size_t i = 0; i < n->count; i++)
		if (source == n->count || i == source)
			n->closed[i] = true;
}

static void resolve_deny(struct naming *n, struct assignment *a)
{
	const size_t source = source_of(n, a->guest);

	a->guest_index = find_guest(n, a->guest, source);
	if (a->guest_index != NO_INDEX)
		return;
	close_to(n, source);
	problem_add(n->problems, SEVERITY_ERROR, "dir-restriction", a->o.place,
		    "name a guest whom a trust lists, or remove it",
		    "assignment denies, and guest \"%s\" is not there; until then guests hold nothing", a->guest);
}

static void resolve_giving(struct naming *n, struct assignment *a)
{
	const size_t source = source_of(n, a->guest);

	a->guest_index = find_guest(n, a->guest, source);
	if (a->guest_index == NO_INDEX)
		problem_add(n->problems, SEVERITY_ERROR, "dir-reference", a->o.place, "list it in a trust, or remove it",
			    "assignment: guest \"%s\" is not there", a->guest);
	else if (n->closed[source])
		a->guest_index = NO_INDEX;
	else if (a->type == ASSIGNMENT_ELIGIBLE && n->d->guests[a->guest_index].kind == USER_SERVICE)
		problem_add(n->problems, SEVERITY_ERROR, "dir-assignment", a->o.place, "make it active",
			    "assignment: guest \"%s\" is a service and cannot activate", a->guest);
}

static int take_guests(struct naming *n)
{
	struct directory *d = n->d;
	size_t total = 0;

	guests_free(d->guests, d->guest_count);
	d->guests = NULL;
	d->guest_count = 0;
	for (size_t i = 0; i < n->count; i++)
		total += n->sources[i].list->count;
	if (total == 0)
		return 0;
	d->guests = calloc(total, sizeof(*d->guests));
	if (!d->guests)
		return -ENOMEM;
	for (size_t i = 0; i < n->count; i++)
		for (size_t k = 0; k < n->sources[i].list->count; k++) {
			const struct guest *g = &n->sources[i].list->items[k];

			if (copy_guest(g, g->tenant, g->name, g->login, &d->guests[d->guest_count]) < 0)
				return -ENOMEM;
			d->guest_count++;
		}
	return 0;
}

static void forget_guests(struct directory *d)
{
	guests_free(d->guests, d->guest_count);
	d->guests = NULL;
	d->guest_count = 0;
	for (size_t i = 0; i < d->assignment_count; i++)
		d->assignments[i].guest_index = NO_INDEX;
}

int directory_set_guests(struct directory *d, const struct guest_source *sources, size_t count,
			 struct problem_list *problems)
{
	struct naming n = {.d = d, .sources = sources, .count = count, .problems = problems};
	int r;

	n.closed = calloc(count + 1, sizeof(*n.closed));
	r = n.closed ? take_guests(&n) : -ENOMEM;
	if (r < 0) {
		forget_guests(d);
		free(n.closed);
		return r;
	}
	for (size_t i = 0; i < d->assignment_count; i++)
		if (d->assignments[i].guest && !d->assignments[i].o.dropped && d->assignments[i].type == ASSIGNMENT_DENY)
			resolve_deny(&n, &d->assignments[i]);
	for (size_t i = 0; i < d->assignment_count; i++)
		if (d->assignments[i].guest && !d->assignments[i].o.dropped && d->assignments[i].type != ASSIGNMENT_DENY)
			resolve_giving(&n, &d->assignments[i]);
	free(n.closed);
	return 0;
}
