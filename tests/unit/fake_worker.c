/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/fake_worker.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORKERS_MAX 8

int fake_account;
static struct worker *workers[WORKERS_MAX];
static unsigned made;

int worker_account_find(const struct local_accounts *accounts, struct worker_account *ret)
{
	(void)accounts;
	*ret = (struct worker_account){990, 990};
	return fake_account;
}

int worker_new(struct loop *loop, const struct tenant_config *tenant, const struct worker_account *account,
	       const struct worker_hooks *hooks, struct worker **ret)
{
	struct worker *w = calloc(1, sizeof(*w));

	(void)loop;
	if (!w || account->uid == 0)
		abort();
	w->hooks = *hooks;
	w->number = ++made;
	(void)snprintf(w->tenant, sizeof(w->tenant), "%s", tenant->name);
	for (size_t i = 0; i < WORKERS_MAX; i++)
		if (!workers[i]) {
			workers[i] = w;
			*ret = w;
			return 0;
		}
	abort();
}

void worker_free(struct worker *w)
{
	for (size_t i = 0; w && i < WORKERS_MAX; i++)
		if (workers[i] == w)
			workers[i] = NULL;
	free(w);
}

int worker_start_sync(struct worker *w, const void *cookie, size_t len)
{
	if (len >= sizeof(w->cookie))
		abort();
	memset(w->cookie, 0, sizeof(w->cookie));
	if (len > 0)
		memcpy(w->cookie, cookie, len);
	w->started = true;
	return 0;
}

int worker_send(struct worker *w, const struct sync_packet *p)
{
	if (!w->running)
		return -ENOTCONN;
	w->sent = *p;
	return 0;
}

void worker_restart(struct worker *w, const char *why)
{
	if (!w->running)
		return;
	w->running = w->started = false;
	w->restarts++;
	w->hooks.gone(w->hooks.context, why);
}

bool worker_is_running(const struct worker *w)
{
	return w->running;
}

struct worker *fake_worker(const char *tenant)
{
	for (size_t i = 0; i < WORKERS_MAX; i++)
		if (workers[i] && strcmp(workers[i]->tenant, tenant) == 0)
			return workers[i];
	return NULL;
}

void fake_hello(struct worker *w)
{
	struct sync_packet *p = malloc(sizeof(*p));

	if (!p)
		abort();
	sync_packet_begin(p, SYNC_HELLO, SYNC_CONFINED_SECCOMP);
	w->running = true;
	w->started = w->lied = false;
	w->hooks.hello(w->hooks.context, p);
	free(p);
}

bool fake_say(struct worker *w, const struct sync_packet *p)
{
	if (!w->running || !w->started)
		abort();
	if (w->hooks.packet(w->hooks.context, p) >= 0)
		return true;
	w->lied = true;
	worker_restart(w, "it lied");
	return false;
}

void fake_die(struct worker *w)
{
	worker_restart(w, "it died");
}
