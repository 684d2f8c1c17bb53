/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/snapshot_fixture.h"

#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Text that may be written to, of static duration at file scope. */
#define TEXT(s) ((char[]){s})

static char *tenant_names[] = {TEXT("contoso"), TEXT("fabrikam")};
static char *home_domains[] = {TEXT("contoso.com"), TEXT("contoso.example")};
static char *foreign_domains[] = {TEXT("fabrikam.com")};
static char *allow_become[] = {TEXT("root"), TEXT("postgres")};
static char *break_glass[] = {TEXT("rescue")};
static char *login_services[] = {TEXT("sshd")}, *batch_services[] = {TEXT("cron")};
static struct gate_service gates[] = {{TEXT("sudo"), GATE_ENFORCE}, {TEXT("su"), GATE_REPORT_ONLY}};
static uint32_t closure_dba[] = {0, 1}, closure_oncall[] = {1}, closure_approvers[] = {2};
static uint32_t closure_everybody[] = {0, 1, 2, 4}, closure_foreign[] = {0};
static struct right actions[] = {{RIGHT_LOGIN, NULL}, {RIGHT_BECOME, TEXT("root")}, {RIGHT_GROUP, TEXT("adm")}};

static struct uuid numbered(uint8_t n)
{
	return (struct uuid){{0x5d, 0x0b, 0x3a, 0x2e, 0, 0, 0x40, 0, 0x80, 0, 0, 0, 0, 0, 0, n}};
}

static struct user make_user(const char *name, uint8_t n, uid_t uid)
{
	return (struct user){.o = {.name = (char *)(uintptr_t)name, .id = numbered(n)},
			     .kind = USER_PERSON,
			     .uid = uid,
			     .gid = NO_ID,
			     .shell = (char *)(uintptr_t)"/bin/bash",
			     .enabled = true,
			     .start_ns = TIME_ALWAYS,
			     .end_ns = TIME_FOREVER};
}

static struct group make_group(const char *name, uint8_t n, gid_t gid, uint32_t *closure, size_t count)
{
	return (struct group){.o = {.name = (char *)(uintptr_t)name, .id = numbered(n)},
			      .gid = gid,
			      .closure = closure,
			      .closure_count = count};
}

static void fill_host(struct fixture *f)
{
	f->host = (struct host_config){.tenants = tenant_names,
				       .tenant_count = 2,
				       .gate_services = gates,
				       .gate_service_count = 2,
				       .login_services = login_services,
				       .login_service_count = 1,
				       .batch_services = batch_services,
				       .batch_service_count = 1,
				       .break_glass_users = break_glass,
				       .break_glass_user_count = 1,
				       .allow_become = allow_become,
				       .allow_become_count = 2};
	f->tenants[0] = (struct tenant_config){.name = tenant_names[0],
					       .id = numbered(100),
					       .domains = home_domains,
					       .domain_count = 2,
					       .id_range = {1900000000, 1900099999},
					       .role_gids = {1900090000, 1900090999},
					       .visibility = VISIBILITY_ALL,
					       .home = true};
	f->tenants[1] = (struct tenant_config){.name = tenant_names[1],
					       .id = numbered(101),
					       .domains = foreign_domains,
					       .domain_count = 1,
					       .id_range = {1950000000, 1950099999},
					       .role_gids = {1950090000, 1950090999},
					       .visibility = VISIBILITY_ALL};
	f->bindings[0] = (struct index_binding){.login = "bobby", .uid = FIXTURE_BOBBY_UID, .principal = numbered(2)};
	f->bindings[1] = (struct index_binding){
	    .login = "erinlocal", .uid = 1501, .principal = numbered(5), .broken = true};
	f->binding_count = 2;
	f->host_id = numbered(200);
}

static void fill_directories(struct fixture *f)
{
	f->users[0] = make_user("alice", 1, 1900000001);
	f->users[0].gecos = (char *)(uintptr_t)"Alice Ito";
	f->users[1] = make_user("bob", 2, NO_ID);
	f->users[2] = make_user("carol", 3, 1900000003);
	f->users[2].gid = 1900010003;
	f->users[3] = make_user("dave", 4, 1900000004);
	f->users[4] = make_user("erin", 5, 1900000005);
	f->groups[0] = make_group("dba", 11, 1900010001, closure_dba, 2);
	f->groups[1] = make_group("dba-oncall", 12, 1900010002, closure_oncall, 1);
	f->groups[2] = make_group("approvers", 13, 1900010003, closure_approvers, 1);
	f->groups[3] = make_group("everybody", 14, 1900010000, closure_everybody, 4);
	f->roles[0] = (struct role){.o = {.name = (char *)(uintptr_t)"db-operator", .id = numbered(21)},
				    .gid = 1900090100,
				    .actions = actions,
				    .action_count = 3};
	f->directory = (struct directory){.tenant_id = f->tenants[0].id,
					  .users = f->users,
					  .user_count = FIXTURE_USERS,
					  .groups = f->groups,
					  .group_count = FIXTURE_GROUPS,
					  .roles = f->roles,
					  .role_count = 1};
	f->foreign_users[0] = make_user("zoe", 61, 1950000001);
	f->foreign_groups[0] = make_group("dba", 62, 1950010001, closure_foreign, 1);
	f->foreign = (struct directory){.tenant_id = f->tenants[1].id,
					.users = f->foreign_users,
					.user_count = 1,
					.groups = f->foreign_groups,
					.group_count = 1};
}

const char *fixture_path(const struct fixture *f, const char *path)
{
	static char buf[PATH_MAX];

	(void)snprintf(buf, sizeof(buf), "%s%s", f->root, path);
	return buf;
}

const char *fixture_tenant_path(const struct fixture *f, const char *tenant, const char *file)
{
	static char buf[PATH_MAX];

	(void)snprintf(buf, sizeof(buf), "%s/var/lib/tenure/tenants/%s/%s", f->root, tenant, file);
	return buf;
}

bool fixture_setup(struct fixture *f)
{
	static const char *const folders[] = {"",	 "/var",  "/var/lib", "/var/lib/tenure", "/var/lib/tenure/tenants",
					      "/var/lib/tenure/tenants/contoso", "/var/lib/tenure/tenants/fabrikam",
					      "/run", "/run/tenure"};

	memset(f, 0, sizeof(*f));
	(void)snprintf(f->root, sizeof(f->root), "/dev/shm/snapshot.XXXXXX"); /* fsync costs nothing there */
	if (!mkdtemp(f->root)) {
		(void)snprintf(f->root, sizeof(f->root), "/tmp/snapshot.XXXXXX");
		if (!mkdtemp(f->root))
			return false;
	}
	for (size_t i = 0; i < ARRAY_LENGTH(folders); i++)
		if ((mkdir(fixture_path(f, folders[i]), 0755) < 0 && i > 0) || chmod(fixture_path(f, folders[i]), 0755) < 0)
			return false;
	if (setenv("TENURE_TEST_ROOT", f->root, 1) < 0)
		return false;
	fill_host(f);
	fill_directories(f);
	return true;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *walk)
{
	return remove(path);
}

void fixture_teardown(struct fixture *f)
{
	(void)nftw(f->root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	(void)unsetenv("TENURE_TEST_ROOT");
}

int fixture_holders(const struct fixture *f, const char *tenant, const char *file, const struct holder *rows,
		    size_t count)
{
	struct uuid boot;
	bool grants = strcmp(file, "grants") == 0;
	int r = boot_id_read(&boot);

	if (r < 0)
		return r;
	return holders_write(fixture_tenant_path(f, tenant, file), generation_read(), &f->tenants[0].id,
			     grants ? &boot : NULL, rows, count);
}

struct holder fixture_holder(const struct fixture *f, size_t user, enum right_kind kind, const char *argument)
{
	static const char *const logins[FIXTURE_USERS] = {"alice", "bobby", "carol", "dave", NULL};
	const uid_t uids[FIXTURE_USERS] = {1900000001, FIXTURE_BOBBY_UID, 1900000003, 1900000004, NO_ID};

	return (struct holder){.kind = kind,
			       .argument = argument,
			       .role = "db-operator",
			       .principal = f->users[user].o.id,
			       .login = logins[user],
			       .uid = uids[user],
			       .local_gid = NO_ID,
			       .window = WINDOW_ALWAYS};
}

int fixture_publish(struct fixture *f, bool page)
{
	uint64_t generation = generation_read();
	int r = index_write(fixture_path(f, "/var/lib/tenure/index"), generation, &f->host_id, &f->host, f->tenants, 2,
			    f->bindings, f->binding_count);

	if (r == 0)
		r = identity_write(fixture_tenant_path(f, "contoso", "identity"), generation, &f->directory, &f->host,
				   &f->tenants[0], f->bindings, f->binding_count);
	if (r == 0)
		r = identity_write(fixture_tenant_path(f, "fabrikam", "identity"), generation, &f->foreign, &f->host,
				   &f->tenants[1], f->bindings, f->binding_count);
	for (size_t i = 0; r == 0 && i < 2; i++) {
		r = fixture_holders(f, tenant_names[i], "holders", NULL, 0);
		if (r == 0)
			r = fixture_holders(f, tenant_names[i], "grants", NULL, 0);
	}
	return r == 0 && page ? generation_open() : r;
}
