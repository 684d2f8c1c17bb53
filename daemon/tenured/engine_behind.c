/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A publication of everything of a large directory, made by a child while we go on: sessions open and end, gates and grants
 * are decided, other tenants change. Until its files are in place, the state before the change is in force, as if the
 * change had arrived that much later: what it takes away it takes away no later than a publication would that everybody
 * waits for. That age counts: the tenant is not current meanwhile, so its lease runs, and whatever was granted by the old
 * state is judged again by the new one in the tick that puts it in place.
 *
 * MUST: the child changes nothing that is published, and says nothing to the journal. What changes meanwhile is published
 * with its files, or waits for the next ones: no delta is made of what stands, for it could be of half of a change. What
 * the child cannot do (no policy that holds, a local login that is new or means another one, a full disk), everybody
 * waits for.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/tenured/delta_report.h"
#include "daemon/tenured/engine_internal.h"

/* --- the child --- */

/* Whom the directory has no more is retired before anything new counts; in the child's own state alone. */
static int compile_anew(struct engine *e, size_t tenant, struct delta_report *report, struct compiled_tenant *ret)
{
	int r = compile_one(e->compile, tenant, &e->state, &e->mirrors, ret);

	if (r == 0)
		r = engine_find_leavers(e, ret, &report->leavers, &report->leaver_count);
	for (size_t i = 0; r == 0 && i < report->leaver_count; i++) {
		const struct retired t = {report->leavers[i].uid, ret->config.id, report->leavers[i].id};

		r = state_add_retired(&e->state, &t);
	}
	if (r == 0 && report->leaver_count > 0) {
		compiled_tenant_reset(ret);
		r = compile_one(e->compile, tenant, &e->state, &e->mirrors, ret);
	}
	return r;
}

static int write_files(struct engine *e, size_t tenant)
{
	const struct compiled_tenant *t = &e->compile->tenants[tenant];
	struct index_binding *bindings = NULL;
	size_t *fresh = NULL, count = 0, fresh_count = 0;
	int r = compile_bindings(e->compile, &e->state, &bindings, &count, &fresh, &fresh_count);

	if (r == 0 && (!t->directory || !t->restricted || fresh_count > 0 || engine_bindings_changed(e, bindings, count)))
		r = -EAGAIN;
	if (r == 0)
		r = engine_write_next(e, t, bindings, count);
	free(bindings);
	free(fresh);
	return r;
}

static int send_report(const struct delta_report *report, const struct delta *d, int fd)
{
	struct buffer b = BUFFER(SNAPSHOT_SIZE_MAX);
	int r;

	delta_report_put(&b, report, d);
	r = buffer_error(&b);
	for (size_t at = 0; r == 0 && at < b.len;) {
		const ssize_t n = write(fd, b.data + at, b.len - at);

		if (n < 0 && errno != EINTR)
			r = -errno;
		else if (n > 0)
			at += (size_t)n;
	}
	buffer_done(&b);
	return r;
}

static int make_all(struct engine *e, size_t tenant, int fd)
{
	struct compiled_tenant *t = &e->compile->tenants[tenant], now = {0};
	struct delta *d = &e->tenants[tenant].delta;
	struct delta_report report = {0};
	unsigned serial;
	const struct mirror *m = engine_mirror(e, tenant, &serial);
	int r = m ? compile_anew(e, tenant, &report, &now) : -ENOENT;

	if (r == 0) {
		engine_exchange(t, &now);
		r = write_files(e, tenant);
	}
	if (r == 0)
		r = delta_open_base(&t->config, true, &d->base);
	if (r == 0)
		r = delta_rules(d, &t->config, t->directory, m);
	if (r < 0)
		return r;
	report.logins = t->logins;
	report.login_count = e->compile->host.local_login_count;
	report.problems = t->problems;
	return send_report(&report, d, fd);
}

/* --- and we --- */

int engine_publish_behind(struct engine *e, size_t tenant)
{
	struct engine_tenant *t = &e->tenants[tenant];
	unsigned serial;
	const struct mirror *m = engine_mirror(e, tenant, &serial);
	const pid_t broker = getpid();
	pid_t pid;
	int fd;

	if (!m || mirror_count(m) < e->behind_objects || !t->policy || e->publish_trouble[0] || t->in_front ||
	    !e->compile->tenants[tenant].restricted)
		return -EAGAIN;
	fd = memfd_create("tenure-publication", MFD_CLOEXEC);
	if (fd < 0)
		return -EAGAIN;
	delta_restart(&t->delta);
	pid = fork();
	if (pid < 0) {
		(void)close(fd);
		return -EAGAIN;
	}
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		_exit(getppid() == broker && make_all(e, tenant, fd) == 0 ? 0 : 1);
	}
	t->delta.compactor = pid;
	t->delta.publishing = true;
	t->delta.report_fd = fd;
	return 0;
}

static int read_report(int fd, struct delta_report *report, struct delta *d)
{
	struct stat st;
	void *data;
	int r;

	if (fstat(fd, &st) < 0)
		return -errno;
	data = st.st_size > 0 ? mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0) : MAP_FAILED;
	if (data == MAP_FAILED)
		return -EBADMSG;
	r = delta_report_take(data, (size_t)st.st_size, report, d);
	(void)munmap(data, (size_t)st.st_size);
	return r;
}

static void take_report(struct engine *e, size_t tenant, struct delta_report *report)
{
	struct compiled_tenant *t = &e->compile->tenants[tenant];
	struct delta *d = &e->tenants[tenant].delta;

	d->clean = !report->problems.lost;
	d->base_problems = report->problems.count;
	problem_list_done(&t->problems);
	t->problems = report->problems;
	report->problems = (struct problem_list){0};
	free(t->logins);
	t->logins = report->logins;
	report->logins = NULL;
	t->released = true;
}

/* They may say half of it. */
static void remove_deltas_of(const char *tenant, const struct delta_base *base)
{
	const struct {
		const char *file;
		uint64_t id;
	} bases[] = {{"identity", identity_base_id(base->identity)},
		     {"keys", snapshot_base_id(&base->keys)},
		     {"policy", policy_base_id(base->policy)},
		     {"holders", base->holders_id}};
	char path[SNAPSHOT_PATH_MAX];

	for (size_t i = 0; i < ARRAY_LENGTH(bases); i++)
		if (snapshot_delta_path(tenant, bases[i].file, bases[i].id, path, sizeof(path)) == 0)
			(void)unlink(path);
}

/* The child's files, with what changed meanwhile where deltas tell that; else that waits for the next ones. */
static int install(struct engine *e, size_t tenant)
{
	struct delta *d = &e->tenants[tenant].delta;
	int r = d->whole ? -EAGAIN : engine_write_deltas_of(e, tenant, &d->base);

	if (r < 0) {
		d->whole = true;
		remove_deltas_of(e->compile->tenants[tenant].config.name, &d->base);
	}
	r = engine_put_next_in_place(e->compile->tenants[tenant].config.name);
	return r < 0 ? r : engine_renew_policy(e, tenant);
}

static int take(struct engine *e, size_t tenant)
{
	struct engine_tenant *t = &e->tenants[tenant];
	struct delta_report report = {0};
	int r = read_report(t->delta.report_fd, &report, &t->delta);

	if (r == 0 && report.login_count != e->compile->host.local_login_count)
		r = -EBADMSG;
	if (r == 0)
		r = engine_retire_leavers(e, tenant, report.leavers, report.leaver_count);
	if (r == 0)
		r = delta_open_base(&e->compile->tenants[tenant].config, true, &t->delta.base);
	if (r == 0) {
		take_report(e, tenant, &report);
		r = install(e, tenant);
	}
	delta_report_done(&report);
	return r;
}

void engine_behind_done(struct engine *e, size_t tenant, bool written)
{
	struct engine_tenant *t = &e->tenants[tenant];
	struct overs o = {.count = 0};
	int r = written ? take(e, tenant) : -EIO;

	(void)close(t->delta.report_fd);
	t->delta.publishing = false;
	if (r < 0) {
		delta_restart(&t->delta);
		t->delta.whole = t->in_front = true;
		t->not_before_ns = 0;
		return;
	}
	t->changed = t->delta.whole;
	t->whole_count++;
	engine_sweep_deltas(e->compile->tenants[tenant].config.name);
	engine_rejudge(e, &o);
	engine_overs_done(e, &o);
	engine_collect_problems(e);
	engine_say(e, ENGINE_DIRECTORY, NULL);
	engine_say(e, ENGINE_PUBLISHED, NULL);
}
