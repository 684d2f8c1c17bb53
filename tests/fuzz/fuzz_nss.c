/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The NSS module over damaged files, through all its entry points. An input is a list of damages, eight bytes each: which
 * file, which way, where, with what; the sum of a file that has one is mended, or its damage would hardly be looked at.
 * Whatever the files hold: answers lie in the caller's buffer, ids are such as may be given, walks end, and what glibc
 * would misread is never returned.
 */
#include "tests/nss/module.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/safe_file.h"
#include "common/snapshot/holders_format.h"
#include "common/snapshot/image.h"
#include "common/snapshot/index_format.h"

#define FILES	    6
#define DAMAGES_MAX 16
#define WALK_MAX    1000
#define BUFFER_SIZE 2048

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct fixture f;
static struct {
	char path[256];
	char *sound;
	size_t len;
	size_t sum_at; /* 0: it has none */
} files[FILES];
static volatile size_t sum;

static void remove_root(void)
{
	fixture_teardown(&f);
}

static void take(size_t i, const char *path, size_t sum_at)
{
	(void)snprintf(files[i].path, sizeof(files[i].path), "%s", path);
	files[i].sum_at = sum_at;
	if (safe_read(path, 1 << 20, &files[i].sound, &files[i].len) < 0)
		abort();
}

static void make_host(void)
{
	struct holder rows[4];

	if (!fixture_setup(&f) || fixture_publish(&f, false) < 0)
		abort();
	(void)atexit(remove_root);
	rows[0] = fixture_holder(&f, 0, RIGHT_BECOME, "root");
	rows[1] = fixture_holder(&f, 2, RIGHT_BECOME, "root");
	rows[2] = fixture_holder(&f, 0, RIGHT_GROUP, "adm");
	rows[2].local_gid = 4;
	rows[3] = fixture_holder(&f, 0, (enum right_kind)0, NULL);
	if (fixture_holders(&f, "contoso", "holders", rows, 4) < 0 || fixture_holders(&f, "contoso", "grants", rows, 4) < 0)
		abort();
	take(0, fixture_path(&f, "/var/lib/tenure/index"), offsetof(struct index_header, checksum));
	take(1, fixture_tenant_path(&f, "contoso", "identity"), 0);
	take(2, fixture_tenant_path(&f, "contoso", "holders"), 0);
	take(3, fixture_tenant_path(&f, "contoso", "grants"), offsetof(struct holders_header, checksum));
	take(4, fixture_tenant_path(&f, "fabrikam", "identity"), 0);
	take(5, fixture_tenant_path(&f, "fabrikam", "grants"), offsetof(struct holders_header, checksum));
}

/* Under another name and renamed, as the broker does it: a file that is mapped is never cut short. */
static void put(size_t i, const char *data, size_t len)
{
	char path[280];
	int fd;

	(void)snprintf(path, sizeof(path), "%s.new", files[i].path);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0 || write(fd, data, len) != (ssize_t)len || close(fd) < 0 || rename(path, files[i].path) < 0)
		abort();
}

struct damage {
	uint8_t file, way;
	uint16_t at;
	uint32_t with;
};
_Static_assert(sizeof(struct damage) == 8, "what an input is made of");

static size_t bend(char *data, size_t len, const struct damage *d)
{
	size_t at = d->at % len;

	switch (d->way % 4) {
	case 0:
		data[at] = (char)(data[at] ^ (1 << d->with % 8));
		return len;
	case 1:
		data[at] = (char)d->with;
		return len;
	case 2:
		if (at + sizeof(d->with) <= len)
			memcpy(data + at, &d->with, sizeof(d->with));
		return len;
	default:
		return at + 1; /* cut short */
	}
}

static void damage_file(size_t i, const struct damage *damages, size_t count)
{
	char *data = aligned_alloc(64, (files[i].len + 63) / 64 * 64);
	size_t len = files[i].len;

	if (!data)
		abort();
	memcpy(data, files[i].sound, len);
	for (size_t k = 0; k < count; k++)
		if (damages[k].file % FILES == i)
			len = bend(data, len, &damages[k]);
	if (files[i].sum_at > 0 && len > files[i].sum_at + 8 && len >= sizeof(struct snapshot_header))
		snapshot_seal((uint8_t *)data, len, files[i].sum_at);
	put(i, data, len);
	free(data);
}

static void check_status(enum nss_status status, int error)
{
	if (status == NSS_STATUS_TRYAGAIN ? error != ERANGE
					  : status == NSS_STATUS_UNAVAIL && (error == ERANGE || error == EINVAL || error == EAGAIN))
		abort();
}

static void check_text(const char *text, const char *buf, size_t len)
{
	if (text < buf || text >= buf + len)
		abort();
	sum += strlen(text);
}

static void check_user(const struct passwd *pw, const char *buf, size_t len)
{
	check_text(pw->pw_name, buf, len);
	check_text(pw->pw_passwd, buf, len);
	check_text(pw->pw_gecos, buf, len);
	check_text(pw->pw_dir, buf, len);
	check_text(pw->pw_shell, buf, len);
	if (!id_may_be_given(pw->pw_uid) || !id_may_be_given(pw->pw_gid))
		abort();
}

static void check_group(const struct group *gr, const char *buf, size_t len)
{
	check_text(gr->gr_name, buf, len);
	check_text(gr->gr_passwd, buf, len);
	if ((const char *)gr->gr_mem < buf || (uintptr_t)gr->gr_mem % sizeof(char *) != 0 || !id_may_be_given(gr->gr_gid))
		abort();
	for (char **member = gr->gr_mem; *member; member++)
		check_text(*member, buf, len);
}

/* The buffers lie on the heap at their exact size, so that a sanitizer sees a byte too many. */
static void ask_name(const char *name, size_t len)
{
	char *buf = malloc(len + 1);
	gid_t *gids = malloc(sizeof(*gids));
	long start = 0, size = 1;
	enum nss_status status;
	struct passwd pw;
	struct group gr;
	int error = 0;

	if (!buf || !gids)
		abort();
	status = _nss_tenure_getpwnam_r(name, &pw, buf, len, &error);
	check_status(status, error);
	if (status == NSS_STATUS_SUCCESS)
		check_user(&pw, buf, len);
	status = _nss_tenure_getgrnam_r(name, &gr, buf, len, &error);
	check_status(status, error);
	if (status == NSS_STATUS_SUCCESS)
		check_group(&gr, buf, len);
	status = _nss_tenure_initgroups_dyn(name, 7, &start, &size, &gids, -1, &error);
	check_status(status, error);
	if (start > size || (status != NSS_STATUS_SUCCESS && start != 0))
		abort();
	for (long i = 0; i < start; i++)
		if (gids[i] == 0)
			abort();
	free(gids);
	free(buf);
}

static void ask_id(uint32_t id)
{
	char *buf = malloc(BUFFER_SIZE);
	enum nss_status status;
	struct passwd pw;
	struct group gr;
	int error = 0;

	if (!buf)
		abort();
	status = _nss_tenure_getpwuid_r(id, &pw, buf, BUFFER_SIZE, &error);
	check_status(status, error);
	if (status == NSS_STATUS_SUCCESS)
		check_user(&pw, buf, BUFFER_SIZE);
	status = _nss_tenure_getgrgid_r(id, &gr, buf, BUFFER_SIZE, &error);
	check_status(status, error);
	if (status == NSS_STATUS_SUCCESS)
		check_group(&gr, buf, BUFFER_SIZE);
	free(buf);
}

static void walk_all(void)
{
	static char buf[1 << 16];
	enum nss_status status;
	struct passwd pw;
	struct group gr;
	int error = 0;

	(void)_nss_tenure_setpwent(0);
	for (unsigned n = 0; (status = _nss_tenure_getpwent_r(&pw, buf, sizeof(buf), &error)) == NSS_STATUS_SUCCESS; n++) {
		check_user(&pw, buf, sizeof(buf));
		if (n == WALK_MAX)
			abort();
	}
	check_status(status, error);
	(void)_nss_tenure_endpwent();
	(void)_nss_tenure_setgrent(0);
	for (unsigned n = 0; (status = _nss_tenure_getgrent_r(&gr, buf, sizeof(buf), &error)) == NSS_STATUS_SUCCESS; n++) {
		check_group(&gr, buf, sizeof(buf));
		if (n == WALK_MAX)
			abort();
	}
	check_status(status, error);
	(void)_nss_tenure_endgrent();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = {"alice", "dave", "bobby", "erinlocal", "dba", "everybody", "become-root",
					    "role-db-operator", "zoe@fabrikam.com", "dba@fabrikam.com", "nobodyhere"};
	static const uint32_t ids[] = {0, 1000, 1500, 1900000001, 1900010001, 1900090100, 1950000001, UINT32_MAX};
	struct damage damages[DAMAGES_MAX] = {{0}};
	size_t count = size / sizeof(damages[0]) < DAMAGES_MAX ? size / sizeof(damages[0]) : DAMAGES_MAX;
	unsigned touched = 0;

	if (!files[0].sound)
		make_host();
	if (count > 0)
		memcpy(damages, data, count * sizeof(damages[0]));
	for (size_t i = 0; i < count; i++)
		touched |= 1u << damages[i].file % FILES;
	for (size_t i = 0; i < FILES; i++)
		if (touched & 1u << i)
			damage_file(i, damages, count);
	for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
		ask_name(names[i], BUFFER_SIZE);
		ask_name(names[i], size * 7 % 200);
	}
	for (size_t i = 0; i < ARRAY_LENGTH(ids); i++)
		ask_id(ids[i]);
	walk_all();
	for (size_t i = 0; i < FILES; i++)
		if (touched & 1u << i)
			put(i, files[i].sound, files[i].len);
	return 0;
}
