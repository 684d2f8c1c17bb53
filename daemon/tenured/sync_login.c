/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Passwords: the tenant's worker binds as the user, or changes it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/mirror/mirror.h"
#include "daemon/tenured/sync_internal.h"

/* --- whose --- */

static bool has_id(const void *object, size_t len, const struct uuid *principal)
{
	struct sync_cursor c = sync_object_fields(object, len);
	struct sync_field f;
	struct uuid id;

	if (sync_find(c, SYNC_TAG_KIND, &f) < 0 || f.len != 1 || f.data[0] != OBJECT_USER)
		return false;
	if (sync_find(c, SYNC_TAG_ID, &f) < 0 && sync_find(c, SYNC_TAG_UUID, &f) < 0)
		return false;
	return sync_field_uuid(&f, &id) == 0 && uuid_equal(&id, principal);
}

struct search {
	const struct uuid *principal;
	const void *object;
	size_t len;
};

static int match(void *context, const void *object, size_t len)
{
	struct search *s = context;

	if (!has_id(object, len, s->principal))
		return 0;
	s->object = object;
	s->len = len;
	return 1;
}

/* By the entry's own id mostly; an entry with a tenureId has to be looked for. */
static int find_dn(const struct mirror *m, const struct uuid *principal, struct sync_field *ret)
{
	struct search s = {.principal = principal};
	int r = 0;

	s.object = mirror_by_uuid(m, principal, &s.len);
	if (s.object && !has_id(s.object, s.len, principal))
		s.object = NULL;
	if (!s.object)
		r = mirror_each(m, match, &s);
	if (r < 0)
		return r;
	return s.object ? sync_find(sync_object_fields(s.object, s.len), SYNC_TAG_DN, ret) : -ENOENT;
}

/* --- what waits --- */

static void unlink_login(struct sync_login *l)
{
	struct sync_login **at = &l->tenant->logins;

	while (*at && *at != l)
		at = &(*at)->next;
	if (*at) {
		*at = l->next;
		l->tenant->login_count--;
	}
}

void sync_login_cancel(struct sync_login *l)
{
	if (!l)
		return;
	unlink_login(l);
	loop_source_free(l->deadline);
	free(l);
}

static void finish(struct sync_login *l, enum sync_verdict verdict, const char *text)
{
	const sync_login_fn done = l->done;
	void *const context = l->context;

	sync_login_cancel(l);
	done(context, verdict, text);
}

static void on_deadline(void *context)
{
	finish(context, SYNC_VERDICT_UNAVAILABLE, NULL);
}

void sync_logins_end(struct sync_tenant *t)
{
	while (t->logins)
		finish(t->logins, SYNC_VERDICT_UNAVAILABLE, NULL);
}

void sync_logins_drop(struct sync_tenant *t)
{
	while (t->logins)
		sync_login_cancel(t->logins);
}

static bool is_verdict(unsigned v)
{
	switch (v) {
	case SYNC_VERDICT_NO:
	case SYNC_VERDICT_YES:
	case SYNC_VERDICT_MUST_CHANGE:
	case SYNC_VERDICT_EXPIRED:
	case SYNC_VERDICT_LOCKED:
	case SYNC_VERDICT_UNAVAILABLE:
	case SYNC_VERDICT_REFUSED:
		return true;
	default:
		return false;
	}
}

int sync_result(struct sync_tenant *t, const struct sync_packet *p)
{
	const struct sync_cursor fields = sync_packet_fields(p);
	const unsigned verdict = sync_packet_flags(p);
	struct sync_login *l = t->logins;
	char escaped[SYNC_TEXT_MAX];
	struct sync_field f;
	uint64_t serial;
	char *text = NULL;
	int r = sync_find(fields, SYNC_TAG_SERIAL, &f);

	if (r < 0 || sync_field_serial(&f, &serial) < 0 || serial > t->sync->serial)
		return -EBADMSG;
	if (sync_find(fields, SYNC_TAG_TEXT, &f) == 0 && sync_field_text(&f, &text) < 0)
		return -EBADMSG;
	if (text)
		text_escape(text, escaped, sizeof(escaped));
	while (l && l->serial != serial)
		l = l->next;
	/* Nobody waits any more: it took too long, or its client went. */
	if (l)
		finish(l, is_verdict(verdict) ? (enum sync_verdict)verdict : SYNC_VERDICT_NO, text ? escaped : NULL);
	free(text);
	return 0;
}

/* --- asking --- */

static int send_login(struct sync_tenant *t, uint64_t serial, const struct sync_field *dn, const char *password,
		      const char *new_password)
{
	struct sync_packet *p = malloc(sizeof(*p));
	int r;

	if (!p)
		return -ENOMEM;
	sync_packet_begin(p, new_password ? SYNC_PASSWD : SYNC_LOGIN, 0);
	r = sync_packet_add_serial(p, serial);
	if (r == 0)
		r = sync_packet_add(p, SYNC_TAG_DN, dn->data, dn->len);
	if (r == 0)
		r = sync_packet_add_text(p, SYNC_TAG_PASSWORD, password);
	if (r == 0 && new_password)
		r = sync_packet_add_text(p, SYNC_TAG_NEW_PASSWORD, new_password);
	if (r == 0)
		r = worker_send(t->worker, p);
	sync_packet_wipe(p);
	free(p);
	return r;
}

static int ask(struct sync *s, size_t tenant, const struct uuid *principal, const char *password,
	       const char *new_password, sync_login_fn done, void *context, struct sync_login **ret)
{
	const struct tenant_config *config = engine_tenant(s->engine, tenant);
	struct sync_tenant *t = config ? sync_tenant_of(s, config->name) : NULL;
	struct sync_field dn;
	struct sync_login *l;
	unsigned serial;
	const struct mirror *m = engine_mirror(s->engine, tenant, &serial);

	if (!password || !password[0] || (new_password && !new_password[0]))
		return -EINVAL; /* T1 */
	if (!t || !t->worker || !m || !t->connected)
		return -ENOTCONN;
	if (t->login_count >= SYNC_LOGINS_MAX)
		return -EBUSY;
	int r = find_dn(m, principal, &dn);

	if (r < 0)
		return r;
	l = calloc(1, sizeof(*l));
	if (!l)
		return -ENOMEM;
	*l = (struct sync_login){.tenant = t, .serial = ++s->serial, .done = done, .context = context};
	r = loop_add_timer(s->loop, loop_in_ms(SYNC_LOGIN_MS), on_deadline, l, &l->deadline);
	if (r == 0)
		r = send_login(t, l->serial, &dn, password, new_password);
	if (r < 0) {
		loop_source_free(l->deadline);
		free(l);
		return r == -EAGAIN ? -EBUSY : r;
	}
	l->next = t->logins;
	t->logins = l;
	t->login_count++;
	*ret = l;
	return 0;
}

int sync_login(struct sync *s, size_t tenant, const struct uuid *principal, const char *password, sync_login_fn done,
	       void *context, struct sync_login **ret)
{
	return ask(s, tenant, principal, password, NULL, done, context, ret);
}

int sync_passwd(struct sync *s, size_t tenant, const struct uuid *principal, const char *password,
		const char *new_password, sync_login_fn done, void *context, struct sync_login **ret)
{
	return new_password ? ask(s, tenant, principal, password, new_password, done, context, ret) : -EINVAL;
}
