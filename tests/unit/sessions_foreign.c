/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sessions that pam_tenure opened by itself, terminals, and want of descriptors. */
#include "tests/unit/cmocka_test.h"

#include <fcntl.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/paths.h"
#include "tests/unit/sessions_fixture.h"

void record_put(const char *name, const char *text)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", tenure_path(PATH_SESSIONS), name);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

void foreign_make(struct world *w, const struct front *f, int64_t left_ns, struct foreign *ret)
{
	char cgroup[CGROUP_NAME_MAX], boot[UUID_TEXT_MAX], id[UUID_TEXT_MAX], text[1024], name[64];
	const char *folder = tenure_path(PATH_SESSIONS);

	assert_int_equal(uuid_random(&ret->id), 0);
	uuid_format(&ret->id, id);
	uuid_format(&w->sessions->boot, boot);
	cgroup_name(&ret->id, CGROUP_PLAIN, cgroup);
	assert_int_equal(cgroup_make(w->sessions->slice, cgroup), 0);
	assert_int_equal(cgroup_move(w->sessions->slice, cgroup, f->pid), 0);
	world_grant(w, left_ns);
	snprintf(text, sizeof(text),
		 "version=1\nid=%s\nkind=gate\nservice=sudo\ninvoker=4242\ntarget=root\npid=%d\nstart=%llu\nboot=%s\n"
		 "opened=%lld\nrole=db-operator\nend=%lld\nboot_end=%lld\ncgroup=/tenure.slice/%s\n",
		 id, (int)f->pid, (unsigned long long)f->start, boot, (long long)(w->window.end_ns - left_ns),
		 (long long)w->window.end_ns, (long long)w->window.boot_end_ns, cgroup);
	snprintf(name, sizeof(name), ".%s.adopt.tmp", id);
	record_put(name, text);
	snprintf(ret->part, sizeof(ret->part), "%s/%s", folder, name);
	snprintf(ret->path, sizeof(ret->path), "%s/%s.adopt", folder, id);
}

void foreign_publish(const struct foreign *r)
{
	assert_int_equal(rename(r->part, r->path), 0);
}

struct terminal terminal_open(const struct world *w)
{
	struct terminal t;

	assert_int_equal(openpty(&t.master, &t.slave, t.name, NULL, NULL), 0);
	assert_int_equal(fcntl(t.master, F_SETFL, O_NONBLOCK), 0);
	assert_int_equal(fchown(t.slave, w->invoker, (gid_t)-1), 0);
	return t;
}

void terminal_give(struct world *w, const struct terminal *t)
{
	struct session *e = w->sessions->first;
	struct stat st;

	assert_int_equal(fstat(t->slave, &st), 0);
	memcpy(e->tty, t->name, strlen(t->name) + 1);
	e->tty_device = st.st_rdev;
	session_record_update(w->sessions, e);
}

const char *terminal_read(const struct terminal *t, char *buf, size_t size)
{
	ssize_t n = read(t->master, buf, size - 1);

	buf[n > 0 ? n : 0] = '\0';
	return buf;
}

void terminal_close(const struct terminal *t)
{
	close(t->slave);
	close(t->master);
}

/* --- what the process may not --- */

static struct rlimit files_before, size_before;

void files_take(void)
{
	struct rlimit none;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &files_before), 0);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &size_before), 0);
	none = files_before;
	none.rlim_cur = 0; /* those that are open stay so */
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
}

void writing_take(void)
{
	struct rlimit none;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &files_before), 0);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &size_before), 0);
	none = size_before;
	none.rlim_cur = 0;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
}

void limits_give(void)
{
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &files_before), 0);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &size_before), 0);
}
