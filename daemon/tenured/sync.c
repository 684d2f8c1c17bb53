/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/tenured/sync_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/tenured/log.h"
#include "common/mirror/mirror.h"

struct sync_tenant *sync_tenant_of(const struct sync *s, const char *name)
{
	for (size_t i = 0; i < s->count; i++)
		if (strcmp(s->tenants[i]->name, name) == 0)
			return s->tenants[i];
	return NULL;
}

/* --- what the worker says --- */

/* It may begin: from where the mirror is. */
static void on_hello(void *context, const struct sync_packet *p)
{
	struct sync_tenant *t = context;
	const size_t tenant = engine_tenant_by_name(t->sync->engine, t->name);
	struct mirror *m = engine_mirror(t->sync->engine, tenant, &t->mirror);
	const void *cookie = NULL;
	size_t len = 0;

	(void)p; /* what keeps it in is worker.c's to judge */
	engine_note_trouble(t->sync->engine, tenant, NULL, NULL, NULL, NULL);
	if (m)
		cookie = mirror_cookie(m, &len);
	if (!m || worker_start_sync(t->worker, cookie, len) < 0)
		worker_restart(t->worker, "it could not be told to begin");
}

/* NULL: it is not the one any more that the worker was told to go on from. */
static struct mirror *mirror_of(struct sync_tenant *t, size_t *ret_tenant)
{
	unsigned serial;

	*ret_tenant = engine_tenant_by_name(t->sync->engine, t->name);
	struct mirror *m = engine_mirror(t->sync->engine, *ret_tenant, &serial);

	return m && serial == t->mirror ? m : NULL;
}

static int on_packet(void *context, const struct sync_packet *p)
{
	struct sync_tenant *t = context;
	size_t tenant;
	struct mirror *m = mirror_of(t, &tenant);

	if (!m) {
		worker_restart(t->worker, "its configuration changed");
		return 0;
	}
	switch (sync_packet_type(p)) {
	case SYNC_CONNECTED:
		return t->open ? -EBADMSG : sync_connected(t, p);
	case SYNC_FAILED:
		sync_batch_abort(t, m);
		return sync_failed(t, p);
	case SYNC_ALIVE:
		if (!t->open)
			sync_answered(t);
		return 0;
	case SYNC_RESULT:
		return sync_result(t, p);
	default:
		return sync_batch_packet(t, tenant, p);
	}
}

static void forget_batch(struct sync_tenant *t)
{
	size_t tenant;

	sync_batch_abort(t, mirror_of(t, &tenant));
	t->mirror = 0;
}

static void on_gone(void *context, const char *why)
{
	struct sync_tenant *t = context;

	forget_batch(t);
	sync_logins_end(t);
	sync_lost(t, SYNC_FAILURE_COUNT, why);
}

static void on_trouble(void *context, const char *id, const char *place, const char *text)
{
	struct sync_tenant *t = context;
	const size_t tenant = engine_tenant_by_name(t->sync->engine, t->name);
	char escaped[SYNC_TEXT_MAX];

	text_escape(text, escaped, sizeof(escaped));
	engine_note_trouble(t->sync->engine, tenant, id, place, "see tenure.conf(5), LDAP", escaped);
	sync_lost(t, SYNC_FAILURE_COUNT + 1, escaped);
}

/* --- workers --- */

static void tenant_free(struct sync_tenant *t)
{
	if (!t)
		return;
	worker_free(t->worker);
	forget_batch(t);
	sync_logins_drop(t);
	free(t->object);
	free(t);
}

static int tenant_start(struct sync_tenant *t, const struct tenant_config *config)
{
	const struct worker_hooks hooks = {t, on_hello, on_packet, on_gone, on_trouble};
	struct worker_account account;
	int r = worker_account_find(engine_accounts(t->sync->engine), &account);

	if (r == 0)
		r = worker_new(t->sync->loop, config, &account, &hooks, &t->worker);
	if (r == 0)
		tenant_digest(config, t->digest);
	return r;
}

static void report_start(struct sync_tenant *t, size_t tenant, int error)
{
	const bool account = error == -ENOENT || error == -EPERM;
	const char *id = account ? "ldap-user" : "ldap-worker";
	char place[64];

	(void)snprintf(place, sizeof(place), "tenants.d/%s.conf", t->name);
	engine_note_trouble(t->sync->engine, tenant, id, account ? "/etc/passwd" : place,
			    account ? "systemd-sysusers, or: useradd --system " WORKER_USER : "tenure reload",
			    error == -ENOENT ? "there is no account " WORKER_USER ", which reads directories"
			    : error == -EPERM ? "the account " WORKER_USER " has root's uid or group"
					      : strerror(-error));
	sync_lost(t, SYNC_FAILURE_COUNT + 1, account ? "its account " WORKER_USER " cannot be used" : strerror(-error));
}

static struct sync_tenant *tenant_add(struct sync *s, const char *name)
{
	struct sync_tenant *t = calloc(1, sizeof(*t));
	struct sync_tenant **grown = reallocarray(s->tenants, s->count + 1, sizeof(struct sync_tenant *));

	if (grown)
		s->tenants = grown;
	if (!t || !grown) {
		free(t);
		return NULL;
	}
	t->sync = s;
	(void)snprintf(t->name, sizeof(t->name), "%s", name);
	s->tenants[s->count++] = t;
	return t;
}

static void configure_tenant(struct sync *s, size_t tenant)
{
	const struct tenant_config *config = engine_tenant(s->engine, tenant);
	struct sync_tenant *t = sync_tenant_of(s, config->name);
	uint8_t digest[TENANT_DIGEST_LEN];
	struct instant now;
	unsigned serial;

	if (engine_now(s->engine, &now) == 0)
		sync_write_lease(config, now.realtime_ns);
	tenant_digest(config, digest);
	if (t && t->worker && memcmp(t->digest, digest, sizeof(digest)) == 0)
		return;
	if (!engine_mirror(s->engine, tenant, &serial))
		return; /* nothing that it says could be kept: a problem of the load */
	if (!t)
		t = tenant_add(s, config->name);
	if (!t) {
		log_text(LOG_ERR, "tenant %s: out of memory", config->name);
		return;
	}
	worker_free(t->worker);
	t->worker = NULL;
	forget_batch(t);
	sync_logins_end(t);
	int r = tenant_start(t, config);

	if (r < 0)
		report_start(t, tenant, r);
	else
		engine_note_trouble(s->engine, tenant, NULL, NULL, NULL, NULL);
}

static bool is_in_force(const struct sync *s, const char *name)
{
	const struct tenant_config *config = engine_tenant(s->engine, engine_tenant_by_name(s->engine, name));

	return config && config->source == SOURCE_LDAP;
}

void sync_configure(struct sync *s)
{
	for (size_t i = s->count; i-- > 0;) {
		struct sync_tenant *t = s->tenants[i];

		if (is_in_force(s, t->name))
			continue;
		s->tenants[i] = s->tenants[--s->count];
		sync_logins_end(t);
		tenant_free(t);
	}
	for (size_t i = 0; i < engine_tenant_count(s->engine); i++)
		if (engine_tenant(s->engine, i)->source == SOURCE_LDAP)
			configure_tenant(s, i);
}

void sync_settle(struct sync *s)
{
	for (size_t i = 0; i < s->count; i++)
		if (s->tenants[i]->answered)
			sync_write_fresh(s->tenants[i], engine_tenant_by_name(s->engine, s->tenants[i]->name));
}

int sync_new(struct loop *loop, struct engine *e, const struct sync_hooks *hooks, struct sync **ret)
{
	struct sync *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	s->loop = loop;
	s->engine = e;
	s->hooks = *hooks;
	*ret = s;
	return 0;
}

void sync_free(struct sync *s)
{
	if (!s)
		return;
	while (s->count > 0)
		tenant_free(s->tenants[--s->count]);
	free(s->tenants);
	free(s);
}

int sync_status(const struct sync *s, size_t tenant, struct sync_status *ret)
{
	const struct tenant_config *config = engine_tenant(s->engine, tenant);
	const struct sync_tenant *t;
	const struct mirror *m;
	unsigned serial;

	if (!config || config->source != SOURCE_LDAP)
		return -ENOENT;
	m = engine_mirror(s->engine, tenant, &serial);
	*ret = (struct sync_status){
		.trouble = m ? "it is being asked" : "what it says cannot be kept: tenure check",
		.objects = m ? mirror_count(m) : 0,
		.answered_ns = engine_answered_ns(s->engine, tenant),
	};
	t = sync_tenant_of(s, config->name);
	if (!t)
		return 0;
	ret->connected = t->connected;
	ret->polls = t->connected && t->polls;
	ret->uri = t->uri[0] ? t->uri : NULL;
	ret->since_ns = t->since_ns;
	if (t->connected)
		ret->trouble = NULL;
	else if (t->trouble[0])
		ret->trouble = t->trouble;
	return 0;
}
