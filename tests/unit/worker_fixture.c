/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/worker_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <sched.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/base/paths.h"

int64_t hurry = 1;
int namespaces_fail;
static int64_t last_asked_ms;

int64_t __wrap_loop_in_ms(int64_t ms)
{
	last_asked_ms = ms;
	return __real_loop_in_ms(ms / hurry);
}

long __wrap_syscall(long number, long a, long b, long c, long d, long e, long f)
{
	if (number == SYS_clone && ((a | b) & CLONE_NEWUSER) && namespaces_fail) {
		errno = namespaces_fail;
		return -1;
	}
	return __real_syscall(number, a, b, c, d, e, f);
}

void bench_write(const char *path, const char *text, mode_t mode)
{
	FILE *f;

	(void)unlink(path);
	f = fopen(path, "w");
	assert_non_null(f);
	(void)fputs(text, f);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(path, mode), 0);
}

static void copy_file(const char *from, const char *to)
{
	char block[65536];
	int in = open(from, O_RDONLY), out;
	ssize_t n;

	(void)unlink(to);
	out = open(to, O_WRONLY | O_CREAT | O_EXCL, 0755);
	assert_true(in >= 0 && out >= 0);
	while ((n = read(in, block, sizeof(block))) > 0)
		assert_int_equal(write(out, block, (size_t)n), n);
	assert_int_equal(n, 0);
	assert_int_equal(fchmod(out, 0755), 0);
	close(in);
	close(out);
}

/* A copy, because the build may lie where the worker's account cannot look. */
void bench_use(const struct bench *b, const char *program)
{
	char self[PATH_MAX - 64], from[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	(void)b;
	assert_true(n > 0);
	self[n] = '\0';
	(void)snprintf(from, sizeof(from), "%s/%s", dirname(self), program);
	copy_file(from, tenure_path(PATH_SYNC_HELPER));
}

void bench_use_script(const struct bench *b, const char *line)
{
	char text[256];

	(void)b;
	(void)snprintf(text, sizeof(text), "#!/bin/sh\n%s\n", line);
	bench_write(tenure_path(PATH_SYNC_HELPER), text, 0755);
}

int bench_setup(void **state)
{
	static const char *const folders[] = {"", "/usr", "/usr/libexec", "/usr/libexec/tenure"};
	struct bench *b = calloc(1, sizeof(*b));
	char path[PATH_MAX];

	assert_non_null(b);
	hurry = 1;
	namespaces_fail = 0;
	(void)snprintf(b->root, sizeof(b->root), "/tmp/tenure-worker-XXXXXX");
	assert_non_null(mkdtemp(b->root));
	assert_int_equal(setenv("TENURE_TEST_ROOT", b->root, 1), 0);
	for (size_t i = 0; i < ARRAY_LENGTH(folders); i++) {
		(void)snprintf(path, sizeof(path), "%s%s", b->root, folders[i]);
		assert_true(mkdir(path, 0755) == 0 || errno == EEXIST);
		assert_int_equal(chmod(path, 0755), 0);
	}
	(void)snprintf(b->password_file, sizeof(b->password_file), "%s/password", b->root);
	(void)snprintf(b->ca_file, sizeof(b->ca_file), "%s/ca.pem", b->root);
	bench_write(b->password_file, PASSWORD "\nnot this\n", 0600);
	bench_write(b->ca_file, AUTHORITY, 0644);
	b->uris[0] = strdup("ldaps://one.contoso.com");
	b->uris[1] = strdup("ldap://two.contoso.com");
	b->base = strdup("dc=contoso,dc=com");
	b->tenant = (struct tenant_config){
		.name = strdup("contoso"),
		.id.bytes = {1, 2, 3},
		.source = SOURCE_LDAP,
		.ldap = {.uris = b->uris, .uri_count = 2, .base = b->base, .bind = LDAP_BIND_SIMPLE, .bind_dn = strdup("cn=h"),
			 .password_file = b->password_file, .tls_ca = b->ca_file, .schema = LDAP_SCHEMA_RFC2307BIS,
			 .heartbeat_ns = 15 * NS_PER_S, .poll_ns = 60 * NS_PER_S},
	};
	assert_int_equal(loop_new(&b->loop), 0);
	bench_use(b, "sync_confined");
	*state = b;
	return 0;
}

int bench_teardown(void **state)
{
	static const char *const names[] = {"/usr/libexec/tenure/tenure-sync", "/usr/libexec/tenure", "/usr/libexec", "/usr",
					    "/password", "/ca.pem", ""};
	struct bench *b = *state;
	char path[PATH_MAX];

	side_free(&b->a);
	side_free(&b->b);
	loop_free(b->loop);
	for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
		(void)snprintf(path, sizeof(path), "%s%s", b->root, names[i]);
		assert_true(remove(path) == 0 || errno == ENOENT);
	}
	free(b->uris[0]);
	free(b->uris[1]);
	free(b->base);
	free(b->tenant.ldap.bind_dn);
	free(b->tenant.name);
	free(b);
	return 0;
}

static void free_if(struct side *s, int when)
{
	if ((int)s->frees == when)
		side_free(s);
}

static void on_hello(void *context, const struct sync_packet *p)
{
	struct side *s = context;

	s->hellos++;
	s->flags = sync_packet_flags(p);
	free_if(s, FREES_AT_HELLO);
}

static void keep_field(const struct sync_packet *p, unsigned tag, void *data, size_t size, size_t *ret_len)
{
	struct sync_field f;

	*ret_len = 0;
	if (sync_find(sync_packet_fields(p), tag, &f) < 0 || f.len > size)
		return;
	memcpy(data, f.data, f.len);
	*ret_len = f.len;
}

static int on_packet(void *context, const struct sync_packet *p)
{
	struct side *s = context;
	size_t len;
	int r = 0;

	switch ((int)sync_packet_type(p)) {
	case SYNC_ENTRY:
		s->entry_len = p->len;
		memcpy(s->entry, p->bytes, p->len);
		break;
	case SYNC_DONE:
		keep_field(p, SYNC_TAG_COOKIE, s->cookie, sizeof(s->cookie), &s->cookie_len);
		s->dones++;
		break;
	case SYNC_RESULT:
		keep_field(p, SYNC_TAG_TEXT, s->text, SYNC_FIELD_MAX, &len);
		s->text[len] = '\0';
		s->results++;
		break;
	case SYNC_ALIVE:
		s->alives++;
		break;
	default:
		r = -EBADMSG;
	}
	free_if(s, FREES_AT_PACKET);
	return r;
}

static void on_gone(void *context, const char *why)
{
	struct side *s = context;

	s->gones++;
	s->back_off_ms = last_asked_ms;
	(void)snprintf(s->why, sizeof(s->why), "%s", why);
	free_if(s, FREES_AT_GONE);
}

static void on_trouble(void *context, const char *id, const char *place, const char *text)
{
	struct side *s = context;

	s->troubles++;
	(void)snprintf(s->trouble_id, sizeof(s->trouble_id), "%s", id);
	(void)snprintf(s->trouble_place, sizeof(s->trouble_place), "%s", place);
	(void)snprintf(s->trouble_text, sizeof(s->trouble_text), "%s", text);
}

void side_new(struct bench *b, struct side *s)
{
	const struct worker_account account = {WORKER_UID, WORKER_GID};
	const struct worker_hooks hooks = {s, on_hello, on_packet, on_gone, on_trouble};

	s->loop = b->loop;
	assert_int_equal(worker_new(b->loop, &b->tenant, &account, &hooks, &s->worker), 0);
}

void side_start(struct bench *b, struct side *s)
{
	const unsigned before = s->hellos;

	side_new(b, s);
	TURN_UNTIL(b->loop, s->hellos > before);
	TURN_UNTIL(b->loop, s->entry_len > 0);
}

void side_free(struct side *s)
{
	const pid_t pid = s->worker ? worker_pid(s->worker) : 0;

	worker_free(s->worker);
	s->worker = NULL;
	if (pid > 0 && s->frees == FREES_NEVER)
		TURN_UNTIL(s->loop, is_gone(pid));
}

void side_send(struct side *s, const char *what, const char *with)
{
	struct sync_packet *p = malloc(sizeof(*p));

	assert_non_null(p);
	sync_packet_begin(p, SYNC_LOGIN, 0);
	assert_int_equal(sync_packet_add_serial(p, 7), 0);
	assert_int_equal(sync_packet_add_text(p, SYNC_TAG_DN, what), 0);
	assert_int_equal(sync_packet_add_text(p, SYNC_TAG_PASSWORD, with), 0);
	assert_int_equal(worker_send(s->worker, p), 0);
	free(p);
}

const char *side_ask(struct side *s, const char *what, const char *with)
{
	const unsigned results = s->results, gones = s->gones;

	side_send(s, what, with);
	TURN_UNTIL(s->loop, s->results > results || s->gones > gones);
	return s->results > results ? s->text : NULL;
}

void turn_for(struct loop *l, int64_t ms)
{
	for (const int64_t end = __real_loop_in_ms(ms); __real_loop_in_ms(0) < end;)
		assert_int_equal(loop_turn(l, 5), 0);
}

bool is_gone(pid_t pid)
{
	char path[64], line[256] = "";
	const char *state;
	FILE *f;

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	f = fopen(path, "r");
	if (!f)
		return true;
	(void)!fgets(line, sizeof(line), f);
	(void)fclose(f);
	state = strrchr(line, ')');
	return !state || state[2] == 'Z';
}
