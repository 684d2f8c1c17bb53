/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is known of a tenant's server: for people, and for the staleness lease. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/snapshot/fresh.h"
#include "common/snapshot/offline.h"
#include "daemon/tenured/log.h"
#include "daemon/tenured/sync_internal.h"

#define DAY_NS (24 * 3600 * NS_PER_S)

static const char *const failures[SYNC_FAILURE_COUNT] = {
	[SYNC_FAILURE_UNREACHABLE] = "it cannot be reached; do: look at the network, and at uris",
	[SYNC_FAILURE_TLS] = "no TLS; do: look at its certificate, whose name has to be the one in uris, and at tls_ca",
	[SYNC_FAILURE_CREDENTIALS] = "it refuses us; do: look at bind_dn and password_file, or the certificate",
	[SYNC_FAILURE_BASE] = "the base is not there, or not ours to read; do: look at base, and at its access rules",
	[SYNC_FAILURE_TENANT] = "the base is another tenant's; do: look at base, and at id",
	[SYNC_FAILURE_LAGGING] = "it is behind what we have; it is asked again when it caught up; do: look at its replication",
	[SYNC_FAILURE_SILENT] = "it stopped answering; do: look at the server, and at the network",
	[SYNC_FAILURE_PROTOCOL] = "its answers make no sense; do: look at its log",
	[SYNC_FAILURE_CONFIG] = "the configuration does not work; do: look at its filters and attributes",
	[SYNC_FAILURE_LIMIT] = "it does not give us all of the directory; do: raise what it gives to bind_dn (OpenLDAP: olcLimits)",
};

/* Clean and whole; absent is "". */
static int take_text(const struct sync_packet *p, unsigned tag, char *buf, size_t size)
{
	struct sync_field f;
	char *text = NULL;
	int r = sync_find(sync_packet_fields(p), tag, &f);

	buf[0] = '\0';
	if (r == -ENOENT)
		return 0;
	if (r == 0)
		r = sync_field_text(&f, &text);
	if (r == 0)
		text_escape(text, buf, size);
	free(text);
	return r;
}

static int64_t now_ns(const struct sync_tenant *t)
{
	struct instant now;

	return engine_now(t->sync->engine, &now) == 0 ? now.realtime_ns : 0;
}

int sync_connected(struct sync_tenant *t, const struct sync_packet *p)
{
	const bool was = t->connected && t->polls == !!(sync_packet_flags(p) & SYNC_POLLS);
	char uri[SYNC_TEXT_MAX];
	int r = take_text(p, SYNC_TAG_URI, uri, sizeof(uri));

	if (r < 0)
		return r;
	if (was && strcmp(uri, t->uri) == 0)
		return 0;
	memcpy(t->uri, uri, sizeof(uri));
	t->connected = true;
	t->polls = sync_packet_flags(p) & SYNC_POLLS;
	t->trouble[0] = '\0';
	t->failure = 0;
	t->said = 0;
	t->since_ns = now_ns(t);
	log_text(LOG_NOTICE, "tenant %s: connected to %s%s", t->name, t->uri,
		 t->polls ? "; it has no syncprov, so that changes are asked for again and again" : "");
	sync_changed(t);
	return 0;
}

/* Told once for each kind of failure, until it was connected again. */
static void disconnected(struct sync_tenant *t, unsigned bit)
{
	if (t->connected || t->since_ns == 0)
		t->since_ns = now_ns(t);
	t->connected = false;
	engine_note_silence(t->sync->engine, engine_tenant_by_name(t->sync->engine, t->name));
	if (!(t->said & 1u << bit))
		log_text(LOG_WARNING, "tenant %s: %s%s%s", t->name, t->uri, t->uri[0] ? ": " : "", t->trouble);
	t->said |= 1u << bit;
	sync_changed(t);
}

int sync_failed(struct sync_tenant *t, const struct sync_packet *p)
{
	const unsigned failure = sync_packet_flags(p);
	char uri[SYNC_TEXT_MAX], text[SYNC_TEXT_MAX];
	int r = take_text(p, SYNC_TAG_URI, uri, sizeof(uri));

	if (r == 0)
		r = take_text(p, SYNC_TAG_TEXT, text, sizeof(text));
	if (r < 0 || failure >= SYNC_FAILURE_COUNT || !failures[failure])
		return -EBADMSG;
	/* Of several servers one that can be reached, and is no good, is what has to be told. */
	if (!t->connected && failure == SYNC_FAILURE_UNREACHABLE && t->failure && t->failure != failure &&
	    strcmp(uri, t->uri) != 0)
		return 0;
	t->failure = failure;
	memcpy(t->uri, uri, sizeof(uri));
	(void)snprintf(t->trouble, sizeof(t->trouble), "%s%s%s%s", failures[failure], text[0] ? " (" : "", text,
		       text[0] ? ")" : "");
	disconnected(t, failure);
	return 0;
}

void sync_lost(struct sync_tenant *t, unsigned bit, const char *why)
{
	t->failure = 0;
	(void)snprintf(t->trouble, sizeof(t->trouble), "%s", why);
	disconnected(t, bit);
}

void sync_answered(struct sync_tenant *t)
{
	struct engine *e = t->sync->engine;

	if (engine_now(e, &t->answer) < 0)
		return;
	t->answered = true;
	engine_note_answer(e, engine_tenant_by_name(e, t->name), t->answer.realtime_ns);
	sync_changed(t);
}

static void take_lease(const struct tenant_config *config, struct fresh *f)
{
	f->login_ns = config->lease.login_ns;
	f->gate_ns = config->lease.gate_ns;
	f->offline_ns = (int64_t)config->ldap.offline_login_days * DAY_NS;
	f->offline_gates = config->ldap.offline_gates;
}

/*
 * The lease counts from what is in force: an answer whose batch is still to be published, or does not hold, is none.
 */
void sync_write_fresh(struct sync_tenant *t, size_t tenant)
{
	const struct tenant_config *config = engine_tenant(t->sync->engine, tenant);
	struct fresh f;
	int r;

	if (!config || !engine_is_current(t->sync->engine, tenant))
		return;
	t->answered = false;
	if (t->written_ns != 0 && t->answer.boottime_ns < time_add(t->written_ns, NS_PER_S))
		return;
	f = (struct fresh){
		.tenant_id = config->id,
		.boot = *engine_boot_id(t->sync->engine),
		.boottime_ns = t->answer.boottime_ns,
		.realtime_ns = t->answer.realtime_ns,
	};
	take_lease(config, &f);
	r = fresh_write(t->name, &f, false);
	if (r == 0)
		t->written_ns = t->answer.boottime_ns;
	if (t->kept_ns != 0 && t->answer.boottime_ns < time_add(t->kept_ns, FRESH_KEEP_NS))
		return;
	if (r == 0)
		r = fresh_write(t->name, &f, true);
	if (r == 0)
		t->kept_ns = t->answer.boottime_ns;
	else
		log_text(LOG_ERR, "tenant %s: cannot note that its directory answered: %s", t->name, strerror(-r));
}

/* Another lease holds at once, whatever the server says. */
void sync_write_lease(const struct tenant_config *config, int64_t now_ns)
{
	struct fresh f, same;
	int r = fresh_read(config->name, &f);

	offline_sweep(config->name, (int64_t)config->ldap.offline_login_days * DAY_NS, now_ns);
	if (r < 0)
		return;
	same = f;
	take_lease(config, &f);
	if (f.login_ns == same.login_ns && f.gate_ns == same.gate_ns && f.offline_ns == same.offline_ns &&
	    f.offline_gates == same.offline_gates)
		return;
	r = fresh_write(config->name, &f, false);
	if (r == 0)
		r = fresh_write(config->name, &f, true);
	if (r < 0)
		log_text(LOG_ERR, "tenant %s: cannot note its lease: %s", config->name, strerror(-r));
}
