/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/cmocka_test.h"

#include "tests/pam/world.h"

#include <crypt.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/buffer.h"
#include "common/config/config.h"
#include "common/snapshot/fresh.h"
#include "common/snapshot/gate_file.h"
#include "common/snapshot/identity.h"
#include "common/snapshot/image.h"
#include "common/snapshot/index.h"
#include "common/snapshot/index_format.h"
#include "common/snapshot/secrets.h"

struct fakes *fake;
char world_root[64];

static struct host_config host;
static struct tenant_config tenant;
static struct directory *directory;
static struct index_binding bindings[4];

static const char host_text[] =
	"tenants = [ \"contoso\" ];\n"
	"gate = { mode = \"%s\"; services = [ \"sudo\", \"sudo-i\", \"su\", \"su-l\" ];\n"
	"  break_glass_users = [ \"rescue\" ]; };\n"
	"ceiling = { allow_become = [ \"root\", \"postgres\" ]; allow_groups = [ \"adm\" ]; };\n"
	"local_logins = ( { login = \"bob\"; principal = \"bob@contoso.com\"; },\n"
	"  { login = \"lou\"; principal = \"lou@contoso.com\"; login_by = \"tenant\"; } );\n";

static const char tenant_text[] = "id = \"5d0b3a2e-7c64-4f0e-9a57-2b3c8d1e4f60\";\n"
				  "domains = [ \"contoso.com\" ];\nsource = \"file\";\n"
				  "id_range = [ 1900000000, 1900099999 ];\n"
				  "role_gids = [ 1900090000, 1900090999 ];\nvisibility = \"all\";\n";

/* ~ stands for the hash of WORLD_PASSWORD, ^ for a time in an hour. */
static const char directory_text[] =
	"version = 1;\n"
	"users = (\n"
	"  { name = \"alice\"; uid = 1900000001; password = \"~\"; },\n"
	"  { name = \"bob\"; }, { name = \"lou\"; }, { name = \"rescue\"; }, { name = \"moved\"; },\n"
	"  { name = \"carol\"; uid = 1900000003; password = \"~\"; },\n"
	"  { name = \"dan\"; uid = 1900000004; password = \"~\"; enabled = false; },\n"
	"  { name = \"erin\"; uid = 1900000005; password = \"~\"; },\n"
	"  { name = \"mallory\"; uid = 1900000006; password = \"~\"; },\n"
	"  { name = \"future\"; uid = 1900000007; password = \"~\"; start = \"2099-01-01T00:00:00Z\"; },\n"
	"  { name = \"gina\"; uid = 1900000008; password = \"~\"; },\n"
	"  { name = \"nopass\"; uid = 1900000009; },\n"
	"  { name = \"hank\"; uid = 1900000011; },\n"
	"  { name = \"locked\"; uid = 1900000010; password = \"~\"; }\n"
	");\n"
	"groups = ( { name = \"dba\"; gid = 1900010001; members = [ \"alice\", \"bob\" ]; },\n"
	"  { name = \"logins\"; gid = 1900010002;\n"
	"    members = [ \"alice\", \"carol\", \"dan\", \"future\", \"nopass\", \"locked\", \"hank\" ]; } );\n"
	"scopes = ( { path = \"/prod\"; kind = \"management-group\"; } );\n"
	"hosts = ( { name = \"db1\"; id = \"0f3c1d52-9a51-4a0c-8d3e-6f1b2a7c9e10\"; scope = \"/prod\"; } );\n"
	"roles = (\n"
	"  { name = \"db-operator\"; title = \"Database Operator\"; actions = [ \"login\", \"become:root\", \"group:adm\" ]; },\n"
	"  { name = \"visitor\"; title = \"Visitor\"; actions = [ \"login\", \"group:adm\" ]; },\n"
	"  { name = \"greedy\"; title = \"Greedy\"; actions = [ \"login\", \"group:root\", \"group:shadow\", \"group:adm\" ]; },\n"
	"  { name = \"pg-operator\"; title = \"Postgres\"; actions = [ \"become:postgres\" ]; },\n"
	"  { name = \"pg-reader\"; title = \"Postgres and logs\"; actions = [ \"become:postgres\", \"group:adm\" ]; },\n"
	"  { name = \"log-reader\"; title = \"Logs\"; actions = [ \"group:adm\" ]; },\n"
	"  { name = \"standing-root\"; title = \"Standing root\"; actions = [ \"login\", \"become:root\" ]; } );\n"
	"assignments = (\n"
	"  { type = \"active\"; role = \"host-user-login\"; group = \"logins\"; scope = \"/\"; },\n"
	"  { type = \"eligible\"; role = \"db-operator\"; group = \"dba\"; scope = \"/prod\"; },\n"
	"  { type = \"eligible\"; role = \"visitor\"; user = \"gina\"; scope = \"/prod\"; },\n"
	"  { type = \"eligible\"; role = \"greedy\"; user = \"gina\"; scope = \"/prod\"; },\n"
	"  { type = \"eligible\"; role = \"pg-operator\"; user = \"gina\"; scope = \"/prod\"; },\n"
	"  { type = \"eligible\"; role = \"pg-reader\"; user = \"gina\"; scope = \"/prod\"; },\n"
	"  { type = \"active\"; role = \"log-reader\"; user = \"hank\"; scope = \"/prod\"; end = \"^\"; },\n"
	"  { type = \"active\"; role = \"log-reader\"; user = \"erin\"; scope = \"/prod\"; },\n"
	"  { type = \"active\"; role = \"standing-root\"; user = \"erin\"; scope = \"/prod\"; } );\n";

const char *world_path(const char *path)
{
	static char buf[512];

	assert_true(snprintf(buf, sizeof(buf), "%s%s", world_root, path) < (int)sizeof(buf));
	return buf;
}

const char *world_tenant_path(const char *file)
{
	char path[128];

	(void)snprintf(path, sizeof(path), "/var/lib/tenure/tenants/contoso/%s", file);
	return world_path(path);
}

static void make_folder(const char *path)
{
	assert_int_equal(mkdir(world_path(path), 0755), 0);
}

void world_command(const char *words, size_t len)
{
	FILE *f = fopen(world_path("/proc/self/cmdline"), "we");

	assert_non_null(f);
	assert_int_equal(fwrite(words, 1, len, f), len);
	assert_int_equal(fclose(f), 0);
}

static void write_text(const char *path, const char *text)
{
	FILE *f = fopen(world_path(path), "we");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static void no_problem(const struct problem_list *problems)
{
	for (size_t i = 0; i < problems->count; i++)
		print_error("%s %s %s\n", problems->items[i].id, problems->items[i].place, problems->items[i].message);
	assert_int_equal(problems->errors, 0);
}

/* The cheapest yescrypt: the tests do not measure it. */
static const char *cheap_hash(void)
{
	static struct crypt_data data;
	static char setting[CRYPT_GENSALT_OUTPUT_SIZE];

	assert_non_null(crypt_gensalt_rn("$y$", 1, "0123456789abcdef", 16, setting, sizeof(setting)));
	assert_non_null(crypt_r(WORLD_PASSWORD, setting, &data));
	assert_int_equal(data.output[0], '$');
	return data.output;
}

static char *fill_in(const char *text, const char *hash)
{
	struct buffer b = BUFFER(1u << 16);
	char soon[TIME_TEXT_MAX];
	struct instant now;

	assert_int_equal(clock_system.now(&clock_system, &now), 0);
	time_format_rfc3339(now.realtime_ns + 3600 * NS_PER_S, soon, sizeof(soon));
	for (; *text; text++) {
		if (*text == '~')
			buffer_append_string(&b, hash);
		else if (*text == '^')
			buffer_append_string(&b, soon);
		else
			buffer_append(&b, text, 1);
	}
	assert_int_equal(buffer_error(&b), 0);
	return buffer_steal(&b);
}

static void load(const char *mode)
{
	struct local_accounts local = {0};
	struct problem_list problems = {0};
	char *text;
	int len;

	len = asprintf(&text, host_text, mode);
	assert_int_equal(host_config_parse(text, (size_t)len, "tenure.conf", &host, &problems), 0);
	free(text);
	no_problem(&problems);
	assert_int_equal(tenant_config_parse(tenant_text, strlen(tenant_text), "contoso.conf", "contoso", &tenant,
					     &problems), 0);
	tenant.home = true;
	no_problem(&problems);
	text = fill_in(directory_text, cheap_hash());
	assert_int_equal(directory_parse(text, strlen(text), "contoso.conf", &tenant.id, &directory, &problems), 0);
	free(text);
	assert_int_equal(directory_validate(directory, &tenant, &local, &problems), 0);
	no_problem(&problems);
	problem_list_done(&problems);
}

static struct uuid principal_id(const char *user)
{
	for (size_t i = 0; i < directory->user_count; i++)
		if (strcmp(directory->users[i].o.name, user) == 0)
			return directory->users[i].o.id;
	fail_msg("no user %s", user);
	return (struct uuid){{0}};
}

/* The validation refuses such a hash; a file of another day might have it. */
static void lock_account(void)
{
	struct user *user = &directory->users[directory->user_count - 1];

	assert_string_equal(user->o.name, "locked");
	memmove(user->password + 1, user->password, strlen(user->password) - 1);
	user->password[0] = '!';
}

static void bind_logins(void)
{
	bindings[0] = (struct index_binding){.login = "bob", .uid = UID_BOB, .principal = principal_id("bob")};
	bindings[1] = (struct index_binding){
		.login = "lou", .uid = UID_LOU, .principal = principal_id("lou"), .governs_login = true,
	};
	bindings[2] = (struct index_binding){
		.login = "moved", .uid = 1504, .principal = principal_id("moved"), .governs_login = true,
	};
	bindings[3] = (struct index_binding){.login = "rescue", .uid = UID_RESCUE, .principal = principal_id("rescue")};
}

/* ---- rows of holders and grants ---- */

struct rows {
	struct holder items[64];
	size_t count;
};

static int add_row(void *context, const struct holder *row)
{
	struct rows *rows = context;

	assert_true(rows->count < ARRAY_LENGTH(rows->items));
	rows->items[rows->count] = *row;
	if (row->kind == RIGHT_GROUP)
		rows->items[rows->count].local_gid = 4;
	rows->count++;
	return 0;
}

static void write_standing(void)
{
	struct policy *policy = NULL;
	struct rows rows = {.count = 0};

	assert_int_equal(policy_open_path(world_tenant_path("policy"), &policy), 0);
	assert_int_equal(decide_standing_rows(policy, add_row, &rows), 0);
	assert_int_equal(holders_write(world_tenant_path("holders"), 1, &tenant.id, NULL, rows.items, rows.count), 0);
	policy_close(policy);
}

static void publish(void)
{
	struct uuid host_id;

	assert_int_equal(uuid_parse("0f3c1d52-9a51-4a0c-8d3e-6f1b2a7c9e10", &host_id), 0);
	assert_int_equal(index_write(world_path("/var/lib/tenure/index"), 1, &host_id, &host, &tenant, 1, bindings,
				     ARRAY_LENGTH(bindings)), 0);
	assert_int_equal(gate_file_write(&host), 0);
	assert_int_equal(identity_write(world_tenant_path("identity"), 1, directory, &host, &tenant, bindings,
					ARRAY_LENGTH(bindings)), 0);
	assert_int_equal(policy_write(world_tenant_path("policy"), 1, directory, &host, &tenant, &host_id, bindings,
				      ARRAY_LENGTH(bindings)), 0);
	assert_int_equal(secrets_write(world_tenant_path("secrets"), 1, directory), 0);
	write_standing();
	world_no_grants();
}

static void load_module(void)
{
	void *module = dlopen(TEST_MODULE, RTLD_NOW | RTLD_LOCAL);

	if (!module)
		fail_msg("%s", dlerror());
	fake = dlsym(module, "fakes");
	assert_non_null(fake);
	memset(fake, 0, sizeof(*fake));
	fake->uid = fake->euid = 0; /* a login program, whoever runs the test */
}

static void make_root(void)
{
	static const char *const folders[] = {
		"/etc", "/var", "/var/lib", "/var/lib/tenure", "/var/lib/tenure/tenants",
		"/var/lib/tenure/tenants/contoso", "/run", "/run/tenure", "/pam", "/proc", "/proc/self", "/cgroup",
	};
	char text[256];

	(void)snprintf(world_root, sizeof(world_root), "/tmp/tenure-pam.XXXXXX");
	assert_non_null(mkdtemp(world_root));
	assert_int_equal(setenv("TENURE_TEST_ROOT", world_root, 1), 0);
	for (size_t i = 0; i < ARRAY_LENGTH(folders); i++)
		make_folder(folders[i]);
	write_text("/etc/passwd", "root:x:0:0::/root:/bin/sh\npostgres:x:105:105::/:/bin/sh\n"
		   "luser:x:1500:1500::/:/bin/sh\nbob:x:1501:1501::/:/bin/sh\nrescue:x:1502:1502::/:/bin/sh\n"
		   "lou:x:1503:1503::/:/bin/sh\nmoved:x:1505:1505::/:/bin/sh\nonlyfile:x:1600:1600::/:/bin/sh\n");
	(void)snprintf(text, sizeof(text),
		       "22 1 0:20 / /proc rw - proc proc rw\n41 31 0:38 / %s/cgroup rw,relatime - cgroup2 cgroup2 rw\n",
		       world_root);
	write_text("/proc/self/mountinfo", text);
	WORLD_COMMAND("sudo\0id");
}

static void make_stacks(void)
{
	static const char *const services[] = {"sudo", "sudo-i", "su", "su-l", "sshd", "login", "cron", "tenure",
					       "swaylock", "ftpd", "doas"};

	for (size_t i = 0; i < ARRAY_LENGTH(services); i++)
		world_stack(services[i], "auth required @", "account required @", "session required @",
			    "password required @", NULL);
}

void world_setup(const char *mode)
{
	load_module();
	make_root();
	load(mode);
	lock_account();
	bind_logins();
	publish();
	make_stacks();
	person = (struct person){.answer = WORLD_PASSWORD};
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *walk)
{
	(void)st;
	(void)type;
	(void)walk;
	return remove(path);
}

void world_teardown(void)
{
	(void)nftw(world_root, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
	directory_freep(&directory);
	host_config_done(&host);
	tenant_config_done(&tenant);
	memset(fake, 0, sizeof(*fake));
}

void world_forget_sessions(void)
{
	(void)nftw(world_path("/run/tenure/sessions"), remove_entry, 16, FTW_DEPTH | FTW_PHYS);
	(void)nftw(world_path("/cgroup/tenure.slice"), remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

void world_break(const char *path)
{
	char torn[] = "TENURE, torn";
	int fd;

	assert_int_equal(unlink(path), 0);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, torn, sizeof(torn)), sizeof(torn));
	close(fd);
}

void world_index_without_classes(void)
{
	const char *path = world_path("/var/lib/tenure/index");
	_Alignas(struct index_header) uint8_t data[8192];
	struct index_header *h = (void *)data;
	struct index_service_record *services;
	int fd = open(path, O_RDWR | O_CLOEXEC);
	ssize_t len = read(fd, data, sizeof(data));

	assert_true(len > (ssize_t)sizeof(*h) && len < (ssize_t)sizeof(data));
	services = (void *)(data + h->services.offset);
	for (uint32_t i = 0; i < h->services.count; i++)
		services[i].service_class = SERVICE_NONE;
	snapshot_seal(data, (size_t)len, offsetof(struct index_header, checksum));
	assert_int_equal(pwrite(fd, data, (size_t)len, 0), len);
	close(fd);
}

void world_in_ldap(int64_t age_ns, int64_t login_ns, int64_t gate_ns)
{
	struct fresh f = {.tenant_id = tenant.id, .login_ns = login_ns, .gate_ns = gate_ns};
	struct uuid host_id;
	struct instant now;

	assert_int_equal(clock_system.now(&clock_system, &now), 0);
	assert_int_equal(boot_id_read(&f.boot), 0);
	assert_int_equal(uuid_parse("0f3c1d52-9a51-4a0c-8d3e-6f1b2a7c9e10", &host_id), 0);
	f.boottime_ns = now.boottime_ns - age_ns;
	f.realtime_ns = now.realtime_ns - age_ns;
	tenant.directory_passwords = true;
	assert_int_equal(index_write(world_path("/var/lib/tenure/index"), 2, &host_id, &host, &tenant, 1, bindings,
				     ARRAY_LENGTH(bindings)), 0);
	assert_int_equal(fresh_write("contoso", &f, false), 0);
}

static void show(enum visibility visibility)
{
	struct uuid host_id;

	tenant.visibility = visibility;
	assert_int_equal(uuid_parse("0f3c1d52-9a51-4a0c-8d3e-6f1b2a7c9e10", &host_id), 0);
	assert_int_equal(index_write(world_path("/var/lib/tenure/index"), 3, &host_id, &host, &tenant, 1, bindings,
				     ARRAY_LENGTH(bindings)), 0);
}

void world_hides(mode_t door)
{
	show(VISIBILITY_TENANT);
	assert_int_equal(chmod(world_tenant_path(""), door), 0);
}

void world_shows(void)
{
	show(VISIBILITY_ALL);
	assert_int_equal(chmod(world_tenant_path(""), 0755), 0);
}

/* ---- grants ---- */

static void write_grants(const struct rows *rows)
{
	struct uuid boot;

	assert_int_equal(boot_id_read(&boot), 0);
	assert_int_equal(holders_write(world_tenant_path("grants"), 2, &tenant.id, &boot, rows->items, rows->count),
			 0);
}

void world_no_grants(void)
{
	write_grants(&(struct rows){.count = 0});
}

void world_grant(const char *user, const char *role, int seconds)
{
	struct uuid id = principal_id(user), request = {{0xab, 0xcd}};
	struct policy *policy = NULL;
	struct rows rows = {.count = 0};
	struct window window;
	struct instant now;
	uint32_t principal, role_index;

	assert_int_equal(policy_open_path(world_tenant_path("policy"), &policy), 0);
	assert_int_equal(policy_principal_by_id(policy, &id, &principal), 0);
	assert_int_equal(policy_role_by_name(policy, role, &role_index), 0);
	assert_int_equal(clock_system.now(&clock_system, &now), 0);
	window = (struct window){
		.start_ns = now.realtime_ns - 3600 * NS_PER_S, .end_ns = now.realtime_ns + seconds * NS_PER_S,
		.boot_end_ns = now.boottime_ns + seconds * NS_PER_S,
	};
	assert_int_equal(decide_grant_rows(policy, principal, role_index, "/prod", &request, &window, add_row, &rows),
			 0);
	assert_true(rows.count > 0);
	write_grants(&rows);
	policy_close(policy);
}
