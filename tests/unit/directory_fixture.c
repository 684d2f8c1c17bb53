/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/cmocka_test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/directory_fixture.h"

static void write_file(const char *folder, const char *name, const char *text)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	f = fopen(path, "we");
	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fchmod(fileno(f), 0644), 0);
	assert_int_equal(fclose(f), 0);
}

static const char *const names[] = {"passwd", "group", "subuid", "subgid"};

static void read_accounts(struct local_accounts *ret)
{
	char folder[] = "/tmp/tenure-etc.XXXXXX", path[128];

	assert_non_null(mkdtemp(folder));
	write_file(folder, "passwd",
		   "root:x:0:0:root:/root:/bin/bash\n"
		   "daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin\n"
		   "# comment\n+nis::::::\nbroken\n"
		   "bob:x:1000:1000:Bob:/home/bob:/bin/bash\n"
		   "high:x:1900000500:1000::/:/bin/sh\n");
	write_file(folder, "group",
		   "root:x:0:\nsudo:x:27:bob\nshadow:x:42:\ndocker:x:1900000600:\nbob:x:1000:\n"
		   "printers:x:1900090050:\n");
	write_file(folder, "subuid", "bob:1900000700:100\nbob:nonsense\n");
	write_file(folder, "subgid", "bob:100000:65536\nbob:1900090060:2\n");
	assert_int_equal(local_accounts_read(folder, ret), 0);
	for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
		unlink(path);
	}
	rmdir(folder);
}

static void make_tenant(struct tenant_config *t)
{
	*t = (struct tenant_config){.id_range = {1900000000, 1900099999},
				    .role_gids = {1900090000, 1900090999},
				    .visibility = VISIBILITY_ALL,
				    .home = true};
	t->name = strdup("contoso");
	t->domains = calloc(1, sizeof(*t->domains));
	assert_non_null(t->domains);
	t->domains[0] = strdup("contoso.com");
	t->domain_count = 1;
	assert_int_equal(uuid_parse("5d0b3a2e-7c64-4f0e-9a57-2b3c8d1e4f60", &t->id), 0);
}

void fixture_load(struct fixture *f, const char *text)
{
	int r;

	*f = (struct fixture){0};
	read_accounts(&f->local);
	make_tenant(&f->tenant);
	r = directory_parse(text, strlen(text), "directory.d/contoso.conf", &f->tenant.id, &f->d, &f->problems);
	if (r == 0)
		assert_int_equal(directory_validate(f->d, &f->tenant, &f->local, &f->problems), 0);
	else
		assert_int_equal(r, -EINVAL);
	assert_false(f->problems.lost);
}

void fixture_load_with_users(struct fixture *f, const char *rest)
{
	char *text;

	assert_true(asprintf(&text, "version = 1;\n%s%s",
			     strstr(rest, "users = (") == rest
				     ? ""
				     : "users = ( { name = \"alice\"; uid = 1900000001; }, { name = \"bob\"; } );\n",
			     rest) > 0);
	fixture_load(f, text);
	free(text);
}

void fixture_done(struct fixture *f)
{
	directory_free(f->d);
	local_accounts_done(&f->local);
	tenant_config_done(&f->tenant);
	problem_list_done(&f->problems);
}

void fixture_expect(const struct fixture *f, const char *id, size_t count, const char *text)
{
	bool ok = f->problems.count == count;

	for (size_t i = 0; i < f->problems.count; i++)
		ok = ok && strcmp(f->problems.items[i].id, id) == 0;
	if (ok)
		return;
	print_error("%s\n", text);
	for (size_t i = 0; i < f->problems.count; i++)
		print_error("  %s %s %s\n", f->problems.items[i].id, f->problems.items[i].place,
			    f->problems.items[i].message);
	fail_msg("wanted %zu of %s", count, id);
}
