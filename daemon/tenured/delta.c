/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What was changed since the bases were made, and which changes deltas tell. */
#include "daemon/tenured/delta.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/model/validate.h"
#include "common/snapshot/holders.h"
#include "common/snapshot/identity_format.h"
#include "common/snapshot/keys_format.h"
#include "common/mirror/mirror_build.h"

/* --- lists --- */

/* Room for one more of `size` bytes: an array whose room doubles. NULL without memory. */
static void *room_for_one(void *list, size_t count, size_t size)
{
	return (count & (count - 1)) == 0 ? reallocarray(list, count ? 2 * count : 1, size) : list;
}

bool delta_objects_add_user(struct delta_objects *o, const struct delta_entry *user)
{
	struct delta_entry *grown;

	for (size_t i = 0; i < o->user_count; i++)
		if (uuid_equal(&o->users[i].uuid, &user->uuid))
			return uuid_equal(&o->users[i].id, &user->id);
	grown = room_for_one(o->users, o->user_count, sizeof(*grown));
	if (!grown)
		return false;
	o->users = grown;
	grown[o->user_count++] = *user;
	return true;
}

static bool has_id(const struct uuid *list, size_t count, const struct uuid *id)
{
	for (size_t i = 0; i < count; i++)
		if (uuid_equal(&list[i], id))
			return true;
	return false;
}

static bool add_id(struct uuid **list, size_t *count, const struct uuid *id)
{
	struct uuid *grown;

	if (has_id(*list, *count, id))
		return true;
	grown = room_for_one(*list, *count, sizeof(*grown));
	if (!grown)
		return false;
	*list = grown;
	grown[(*count)++] = *id;
	return true;
}

bool delta_objects_add_group(struct delta_objects *o, const struct uuid *group)
{
	return add_id(&o->groups, &o->group_count, group);
}

bool delta_objects_add_assignment(struct delta_objects *o, const struct uuid *assignment)
{
	return add_id(&o->assignments, &o->assignment_count, assignment);
}

void delta_objects_done(struct delta_objects *o)
{
	free(o->users);
	free(o->groups);
	free(o->assignments);
	*o = (struct delta_objects){0};
}

/* --- bases --- */

void delta_base_done(struct delta_base *b)
{
	identity_close(b->identity);
	policy_close(b->policy);
	snapshot_unmap(&b->keys);
	for (size_t i = 0; i < b->through_count; i++)
		free(b->through[i]);
	free(b->through);
	*b = (struct delta_base){0};
}

static int read_through(struct delta_base *b)
{
	const size_t count = policy_assignment_count(b->policy);
	struct policy_assignment a;

	b->through = calloc(count + 1, sizeof(*b->through));
	if (!b->through)
		return -ENOMEM;
	for (; b->through_count < count; b->through_count++) {
		int r = policy_assignment_at(b->policy, (uint32_t)b->through_count, &a);

		if (r < 0)
			return r;
		b->through[b->through_count] = a.through ? strdup(a.through) : NULL;
		if (a.through && !b->through[b->through_count])
			return -ENOMEM;
	}
	return 0;
}

static int path_of(const struct tenant_config *tenant, const char *file, bool next, char buf[static SNAPSHOT_PATH_MAX])
{
	char name[32];

	(void)snprintf(name, sizeof(name), "%s%s", file, next ? DELTA_NEXT : "");
	return snapshot_tenant_path(tenant->name, name, buf, SNAPSHOT_PATH_MAX);
}

static int open_identity(const char *path, struct identity **ret)
{
	struct snapshot s;
	int r = snapshot_map(NULL, path, SNAPSHOT_IDENTITY, IDENTITY_VERSION, &s);

	if (r < 0)
		return r;
	r = identity_from(&s, ret);
	if (r < 0)
		snapshot_unmap(&s);
	return r;
}

static int open_files(const struct tenant_config *tenant, bool next, struct delta_base *b)
{
	char path[SNAPSHOT_PATH_MAX];
	struct snapshot holders;
	int r = path_of(tenant, "identity", next, path);

	if (r == 0)
		r = open_identity(path, &b->identity);
	if (r == 0)
		r = path_of(tenant, "keys", next, path);
	if (r == 0)
		r = snapshot_map(NULL, path, SNAPSHOT_KEYS, KEYS_VERSION, &b->keys);
	if (r == 0)
		r = path_of(tenant, "policy", next, path);
	if (r == 0)
		r = policy_open_path(path, &b->policy);
	if (r == 0)
		r = path_of(tenant, "holders", next, path);
	if (r == 0)
		r = snapshot_map(NULL, path, SNAPSHOT_HOLDERS, 1, &holders);
	if (r < 0)
		return r;
	b->holders_id = snapshot_base_id(&holders);
	snapshot_unmap(&holders);
	return 0;
}

int delta_open_base(const struct tenant_config *tenant, bool next, struct delta_base *ret)
{
	struct delta_base b = {0};
	int r = open_files(tenant, next, &b);

	if (r == 0)
		r = read_through(&b);
	if (r == 0 && (!identity_base_id(b.identity) || !policy_base_id(b.policy) || !snapshot_base_id(&b.keys) || !b.holders_id))
		r = -EBADMSG;
	if (r < 0) {
		delta_base_done(&b);
		return r;
	}
	*ret = b;
	return 0;
}

void delta_restart(struct delta *d)
{
	if (d->compactor > 0) {
		(void)kill(d->compactor, SIGKILL);
		(void)waitpid(d->compactor, NULL, 0);
	}
	if (d->publishing)
		(void)close(d->report_fd);
	delta_base_done(&d->base);
	delta_objects_done(&d->changed);
	delta_objects_done(&d->before);
	for (size_t i = 0; i < d->bound_count; i++)
		free(d->bound[i]);
	free(d->bound);
	free(d->ids);
	free(d->shadowed);
	for (size_t i = 0; i < d->place_count; i++)
		free(d->places[i]);
	for (size_t i = 0; i < d->managing_count; i++)
		free(d->managing[i]);
	free(d->places);
	free(d->managing);
	free(d->assignments);
	free(d->referred);
	free(d->shown);
	free(d->nestings);
	free(d->odd);
	*d = (struct delta){.sequence = d->sequence};
}

void delta_done(struct delta *d)
{
	delta_restart(d);
}

/* --- changes --- */

/* Who made the change, and when. */
static bool is_about_change(unsigned tag)
{
	return tag == SYNC_TAG_MODIFIER || tag == SYNC_TAG_CSN;
}

static bool is_member_field(unsigned tag)
{
	return tag == SYNC_TAG_MEMBER || tag == SYNC_TAG_MEMBER_NAME || is_about_change(tag);
}

/* The next field that says who or what the group is. */
static int next_fixed(struct sync_cursor *c, struct sync_field *ret)
{
	int r;

	while ((r = sync_next(c, ret)) > 0 && is_member_field(ret->tag))
		;
	return r;
}

/* All but its members are the same, in the same order. */
static bool is_same_group(const struct mirror_change *c)
{
	struct sync_cursor before = sync_object_fields(c->before, c->before_len), now = sync_object_fields(c->now, c->now_len);
	struct sync_field a, b;

	for (;;) {
		const int r = next_fixed(&before, &a), k = next_fixed(&now, &b);

		if (r != k || r < 0)
			return false;
		if (r == 0)
			return true;
		if (a.tag != b.tag || a.len != b.len || memcmp(a.data, b.data, a.len) != 0)
			return false;
	}
}

/* A problem that he had is to be taken away, one that he has to be said. *ret_id: the principal. */
static bool user_is_sound(const struct tenant_config *tenant, const struct mirror *m, const void *object, size_t len,
			  struct uuid *ret_id)
{
	struct problem_list problems = {0};
	struct builder b = {.m = m, .tenant = tenant, .problems = &problems};
	struct source_object s;
	struct user u;
	bool sound;

	user_init(&u);
	sound = mirror_source(object, len, &s) == 0 && mirror_parse(&b, &s, &u) && !b.no_memory &&
		user_validate(&u, tenant, &problems) == 0 && !u.o.dropped && problems.count == 0;
	*ret_id = u.o.id;
	user_done(&u);
	problem_list_done(&problems);
	return sound;
}

static bool note_user(struct delta *d, const struct tenant_config *tenant, const struct mirror *m,
		      const struct mirror_change *c, bool was, bool is)
{
	struct delta_entry before = {.uuid = c->uuid}, now = before;

	if (was && !user_is_sound(tenant, m, c->before, c->before_len, &before.id))
		return false;
	if (is && !user_is_sound(tenant, m, c->now, c->now_len, &now.id))
		return false;
	if (was && is && !uuid_equal(&before.id, &now.id))
		return false;
	return delta_objects_add_user(&d->changed, is ? &now : &before);
}

/* Of one that is named, or does not show, nothing may change but its members. One that is new since the bases is neither. */
static bool note_group(struct delta *d, const struct mirror_change *c, bool was, bool is)
{
	const struct delta_shown *shown = was ? delta_shown_entry(d, &c->uuid) : NULL;

	if (was && !(is && is_same_group(c)) &&
	    !(shown ? !shown->named
		    : has_id(d->changed.groups, d->changed.group_count, &c->uuid) ||
			      has_id(d->before.groups, d->before.group_count, &c->uuid)))
		return false;
	return delta_objects_add_group(&d->changed, &c->uuid);
}

/* One that was left out, or denies, is no matter of deltas; one that is new since the bases holds. */
static bool note_assignment(struct delta *d, const struct mirror_change *c, bool was)
{
	const struct delta_assignment *base = delta_assignment_of(d, &c->uuid);

	if (base ? base->bound
		 : was && !has_id(d->changed.assignments, d->changed.assignment_count, &c->uuid) &&
			      !has_id(d->before.assignments, d->before.assignment_count, &c->uuid))
		return false;
	return delta_objects_add_assignment(&d->changed, &c->uuid);
}

/* 0: none that counts for anything: there is no object, or it is none of the tenant's. */
static enum object_kind kind_of(const void *object, size_t len)
{
	struct source_object s;

	if (!object)
		return 0;
	if (mirror_source(object, len, &s) < 0)
		return OBJECT_OTHER;
	return s.kind == OBJECT_ELSEWHERE ? 0 : s.kind;
}

static bool note(struct delta *d, const struct tenant_config *tenant, const struct mirror *m, const struct mirror_change *c)
{
	const enum object_kind was = kind_of(c->before, c->before_len), is = kind_of(c->now, c->now_len);

	if (!was && !is)
		return true;
	if ((was == OBJECT_GROUP || !was) && (is == OBJECT_GROUP || !is))
		return note_group(d, c, was != 0, is != 0);
	if ((was == OBJECT_ASSIGNMENT || !was) && (is == OBJECT_ASSIGNMENT || !is))
		return note_assignment(d, c, was != 0);
	if ((was == OBJECT_USER || !was) && (is == OBJECT_USER || !is))
		return note_user(d, tenant, m, c, was != 0, is != 0);
	return false;
}

void delta_note(struct delta *d, const struct tenant_config *tenant, const struct mirror *m, const struct mirror_change *c)
{
	if (d->whole || (!d->base.identity && !d->publishing))
		return;
	d->whole = d->changed.user_count >= DELTA_USERS_MAX || d->changed.group_count >= DELTA_GROUPS_MAX ||
		   d->changed.assignment_count >= DELTA_GROUPS_MAX ||
		   !note(d, tenant, m, c);
}
