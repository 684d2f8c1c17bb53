/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_TENURED_SYNC_INTERNAL_H
#define TENURE_TENURED_SYNC_INTERNAL_H

/* What sync*.c share. */

#include "common/base/text.h"
#include "daemon/tenured/mirrors.h"
#include "daemon/tenured/sync.h"
#include "daemon/tenured/worker.h"

#define SYNC_TEXT_MAX 256

struct sync_login {
	struct sync_tenant *tenant;
	struct sync_login *next;
	uint64_t serial;
	sync_login_fn done;
	void *context;
	struct loop_source *deadline;
};

struct sync_tenant {
	struct sync *sync;
	char name[NAME_LENGTH_MAX + 1];
	uint8_t digest[TENANT_DIGEST_LEN]; /* of the configuration that the worker has */
	struct worker *worker;
	unsigned mirror; /* serial of the mirror that START was for; 0: none yet */
	/* the batch */
	bool open, all;
	uint8_t *object; /* whose entries are still coming */
	size_t object_len, object_size;
	struct policy_note notes[POLICY_NOTES_MAX];
	size_t note_count, note_more;
	/* its server */
	bool connected, polls;
	char uri[SYNC_TEXT_MAX], trouble[2 * SYNC_TEXT_MAX];
	unsigned failure; /* the one that trouble tells of; 0: none of a server's */
	unsigned said; /* bits of failures that were logged since it was connected last */
	int64_t since_ns, answered_ns;
	bool answered; /* and that is not written down yet */
	struct instant answer;
	int64_t written_ns, kept_ns; /* BOOTTIME */
	struct sync_login *logins;
	size_t login_count;
};

struct sync {
	struct loop *loop;
	struct engine *engine;
	struct sync_hooks hooks;
	struct sync_tenant **tenants;
	size_t count;
	uint64_t serial;
};

/* --- sync_batch.c --- */

/* REFRESH to DONE. 0; negative: it lied. */
int sync_batch_packet(struct sync_tenant *t, size_t tenant, const struct sync_packet *p) MUST_CHECK;
void sync_batch_abort(struct sync_tenant *t, struct mirror *m);

/* --- sync_state.c --- */

int sync_connected(struct sync_tenant *t, const struct sync_packet *p) MUST_CHECK;
int sync_failed(struct sync_tenant *t, const struct sync_packet *p) MUST_CHECK;
/* No worker any more, or none that can be started. bit: of t->said. */
void sync_lost(struct sync_tenant *t, unsigned bit, const char *why);
/* The server just answered. */
void sync_answered(struct sync_tenant *t);
void sync_write_fresh(struct sync_tenant *t, size_t tenant);
/* And passwords that are kept for too long go. now_ns: REALTIME. */
void sync_write_lease(const struct tenant_config *config, int64_t now_ns);

/* --- sync_login.c --- */

int sync_result(struct sync_tenant *t, const struct sync_packet *p) MUST_CHECK;
/* All that wait are told that nobody could be asked. */
void sync_logins_end(struct sync_tenant *t);
void sync_logins_drop(struct sync_tenant *t);

/* --- sync.c --- */

struct sync_tenant *sync_tenant_of(const struct sync *s, const char *name);
static inline void sync_changed(struct sync_tenant *t)
{
	if (t->sync->hooks.changed)
		t->sync->hooks.changed(t->sync->hooks.context);
}

#endif
