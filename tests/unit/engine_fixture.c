/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/engine_fixture.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/paths.h"
#include "tests/unit/cmocka_test.h"

static const char host_conf[] =
	"tenants = [ \"contoso\" ];\n"
	"gate = { mode = \"enforce\"; services = [ \"sudo\", \"su\" ]; };\n"
	"ceiling = { allow_become = [ \"root\", \"postgres\" ]; allow_groups = [ \"adm\" ]; };\n"
	"local_logins = ( { login = \"bob\"; principal = \"bob@contoso.com\"; } );\n"
	"journal = { reserve = 65536; };\n"
	"min_duration = \"1m\";\n";

static const char tenant_conf[] =
	"id = \"5d0b3a2e-7c64-4f0e-9a57-2b3c8d1e4f60\";\n"
	"domains = [ \"contoso.com\" ];\n"
	"source = \"file\";\n"
	"id_range = [ 1900000000, 1900099999 ];\n"
	"role_gids = [ 1900090000, 1900090999 ];\n"
	"visibility = \"all\";\n";

/* %s: the host's id. */
static const char directory_conf[] =
	"version = 1;\n"
	"users = (\n"
	"  { name = \"alice\"; uid = 1900000001; password = \"$y$j9T$xADMXR3YUnb1M6CUiutXa.$YtzAgUU4FJW62JNUTmYgrbv3v62j/d2.QnibiP9Myl8\"; },\n"
	"  { name = \"bob\"; },\n"
	"  { name = \"carol\"; uid = 1900000003; },\n"
	"  { name = \"dave\"; uid = 1900000004; }\n"
	");\n"
	"groups = (\n"
	"  { name = \"dba\"; gid = 1900010001; members = [ \"alice\", \"bob\", \"dave\" ]; },\n"
	"  { name = \"approvers\"; gid = 1900010003; members = [ \"carol\", \"dave\" ]; }\n"
	");\n"
	"scopes = (\n"
	"  { path = \"/prod\"; kind = \"management-group\"; },\n"
	"  { path = \"/prod/web\"; kind = \"resource-group\"; }\n"
	");\n"
	"hosts = ( { name = \"db1\"; id = \"%s\"; scope = \"/prod/web\"; } );\n"
	"roles = (\n"
	"  { name = \"db-operator\"; title = \"Database Operator\"; gid = 1900090100;\n"
	"    actions = [ \"become:root\", \"group:adm\" ];\n"
	"    activation = { max_duration = \"2h\"; justification = true; step_up = true;\n"
	"      approvals = 1; approver_groups = [ \"approvers\" ]; }; },\n"
	"  { name = \"two-eyes\"; title = \"Two\"; gid = 1900090101; actions = [ \"become:postgres\" ];\n"
	"    activation = { max_duration = \"2h\"; justification = false; step_up = false;\n"
	"      approvals = 2; approver_groups = [ \"approvers\" ]; }; },\n"
	"  { name = \"quick\"; title = \"Quick\"; gid = 1900090102; actions = [ \"become:postgres\" ];\n"
	"    activation = { max_duration = \"1h\"; justification = false; ticket = true; step_up = false;\n"
	"      approvals = 0; }; },\n"
	"  { name = \"short\"; title = \"Short\"; gid = 1900090103; actions = [ \"become:postgres\" ];\n"
	"    activation = { max_duration = \"8h\"; justification = false; step_up = false; approvals = 0; }; }\n"
	");\n"
	"assignments = (\n"
	"  { type = \"active\"; role = \"host-user-login\"; group = \"dba\"; scope = \"/prod\"; },\n"
	"  { type = \"active\"; role = \"privileged-role-administrator\"; user = \"carol\"; scope = \"/\"; },\n"
	"  { type = \"eligible\"; role = \"db-operator\"; group = \"dba\"; scope = \"/prod\"; },\n"
	"  { type = \"eligible\"; role = \"two-eyes\"; group = \"dba\"; scope = \"/prod\"; },\n"
	"  { type = \"eligible\"; role = \"quick\"; group = \"dba\"; scope = \"/prod\"; },\n"
	"  { type = \"eligible\"; role = \"short\"; group = \"dba\"; scope = \"/prod\";\n"
	"    end = \"2026-03-02T14:00:00Z\"; }\n"
	");\n";

static int clock_now(struct clock_source *self, struct instant *ret)
{
	*ret = ((struct test_clock *)(void *)self)->at;
	return 0;
}

void fixture_write(struct engine_fixture *f, const char *name, const char *text)
{
	char path[512], fresh[520];

	(void)snprintf(path, sizeof(path), "%s/%s", f->root, name);
	(void)snprintf(fresh, sizeof(fresh), "%s.new", path);
	FILE *file = fopen(fresh, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(fresh, 0600), 0);
	assert_int_equal(rename(fresh, path), 0);
}

char *fixture_read(struct engine_fixture *f, const char *name)
{
	char path[512], *text = calloc(1, 1 << 20);

	assert_non_null(text);
	(void)snprintf(path, sizeof(path), "%s/%s", f->root, name);
	FILE *file = fopen(path, "r");

	assert_non_null(file);
	assert_true(fread(text, 1, (1 << 20) - 1, file) > 0);
	(void)fclose(file);
	return text;
}

void fixture_edit(struct engine_fixture *f, const char *name, const char *from, const char *to)
{
	char *text = fixture_read(f, name), *at = strstr(text, from);
	char *edited = malloc(strlen(text) + strlen(to) + 1);

	assert_non_null(at);
	assert_non_null(edited);
	(void)sprintf(edited, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
	fixture_write(f, name, edited);
	free(edited);
	free(text);
}

static void make_folder(struct engine_fixture *f, const char *name)
{
	char path[512];

	(void)snprintf(path, sizeof(path), "%s/%s", f->root, name);
	assert_int_equal(mkdir(path, 0755), 0);
}

static void write_directory(struct engine_fixture *f)
{
	char text[8192], id[UUID_TEXT_MAX];
	struct uuid host;

	assert_int_equal(host_id_read(&host), 0);
	uuid_format(&host, id);
	(void)snprintf(text, sizeof(text), directory_conf, id);
	fixture_write(f, "etc/tenure/directory.d/contoso.conf", text);
}

int engine_fixture_setup_host(void **state)
{
	static const char *const folders[] = {
		"etc", "etc/tenure", "etc/tenure/tenants.d", "etc/tenure/directory.d", "var", "var/lib", "var/lib/tenure",
		"run", "run/tenure", "proc", "proc/sys", "proc/sys/kernel", "proc/sys/kernel/random",
	};
	struct engine_fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	(void)strcpy(f->root, "/tmp/tenure-engine-XXXXXX");
	assert_non_null(mkdtemp(f->root));
	assert_int_equal(setenv("TENURE_TEST_ROOT", f->root, 1), 0);
	f->clock = (struct test_clock){{clock_now}, {TEST_NOW, TEST_BOOT}};
	for (size_t i = 0; i < ARRAY_LENGTH(folders); i++)
		make_folder(f, folders[i]);
	fixture_write(f, "etc/machine-id", "0123456789abcdef0123456789abcdef\n");
	fixture_write(f, "proc/sys/kernel/random/boot_id", "11111111-2222-4333-8444-555555555555\n");
	fixture_write(f, "etc/passwd", "root:x:0:0:root:/root:/bin/sh\nbob:x:1001:1001::/home/bob:/bin/sh\n");
	fixture_write(f, "etc/group", "root:x:0:\nadm:x:4:\nbob:x:1001:\n");
	fixture_write(f, "etc/tenure/tenure.conf", host_conf);
	fixture_write(f, "etc/tenure/tenants.d/contoso.conf", tenant_conf);
	write_directory(f);
	*state = f;
	return 0;
}

void fixture_start(struct engine_fixture *f)
{
	assert_int_equal(engine_new(&f->clock.source, &f->engine), 0);
	assert_int_equal(engine_start(f->engine, "test"), 0);
	if (engine_degraded(f->engine))
		print_message("degraded: %s\n", engine_degraded(f->engine));
}

void fixture_stop(struct engine_fixture *f)
{
	engine_free(f->engine);
	f->engine = NULL;
}

void fixture_restart(struct engine_fixture *f)
{
	fixture_stop(f);
	fixture_start(f);
}

void fixture_reboot(struct engine_fixture *f, int64_t down_ns)
{
	static unsigned boots;
	char text[64];

	fixture_stop(f);
	(void)snprintf(text, sizeof(text), "22222222-2222-4333-8444-%012u\n", ++boots);
	fixture_write(f, "proc/sys/kernel/random/boot_id", text);
	f->clock.at.realtime_ns += down_ns;
	f->clock.at.boottime_ns = NS_PER_S;
	fixture_start(f);
}

void fixture_pass(struct engine_fixture *f, int64_t ns)
{
	f->clock.at.realtime_ns += ns;
	f->clock.at.boottime_ns += ns;
	(void)engine_tick(f->engine);
}

int engine_fixture_setup(void **state)
{
	(void)engine_fixture_setup_host(state);
	fixture_start(*state);
	return 0;
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

int engine_fixture_teardown(void **state)
{
	struct engine_fixture *f = *state;

	engine_free(f->engine);
	(void)nftw(f->root, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
	free(f);
	return 0;
}

void fixture_remove(struct engine_fixture *f, const char *name)
{
	char path[512];

	(void)snprintf(path, sizeof(path), "%s/%s", f->root, name);
	assert_int_equal(unlink(path), 0);
}

void fixture_mode(struct engine_fixture *f, const char *name, unsigned mode)
{
	char path[512];

	(void)snprintf(path, sizeof(path), "%s/%s", f->root, name);
	assert_int_equal(chmod(path, mode), 0);
}

bool fixture_exists(struct engine_fixture *f, const char *name)
{
	char path[512];

	(void)snprintf(path, sizeof(path), "%s/%s", f->root, name);
	return access(path, F_OK) == 0;
}

void fixture_bind_fabrikam_files(struct engine_fixture *f)
{
	fixture_write(f, "etc/tenure/tenants.d/fabrikam.conf",
		      "id = \"6d0b3a2e-7c64-4f0e-9a57-2b3c8d1e4f60\";\n"
		      "domains = [ \"fabrikam.com\" ];\n"
		      "source = \"file\";\n"
		      "id_range = [ 1910000000, 1910099999 ];\n"
		      "role_gids = [ 1910090000, 1910090999 ];\n");
	fixture_write(f, "etc/tenure/directory.d/fabrikam.conf",
		      "version = 1;\n"
		      "users = ( { name = \"fred\"; uid = 1910000001; } );\n"
		      "roles = ( { name = \"operator\"; actions = [ \"become:root\" ]; } );\n"
		      "assignments = ( { type = \"active\"; role = \"operator\"; user = \"fred\"; scope = \"/\"; } );\n");
}

void fixture_bind_fabrikam(struct engine_fixture *f)
{
	fixture_bind_fabrikam_files(f);
	fixture_edit(f, "etc/tenure/tenure.conf", "[ \"contoso\" ]", "[ \"contoso\", \"fabrikam\" ]");
}

bool fixture_has_problem(struct engine_fixture *f, const char *id, const char *place)
{
	const struct problem_list *problems = engine_problems(f->engine);

	for (size_t i = 0; i < problems->count; i++)
		if (strcmp(problems->items[i].id, id) == 0 && (!place || strcmp(problems->items[i].place, place) == 0))
			return true;
	return false;
}

int fixture_governed(uid_t uid, struct index_login *ret)
{
	CLEANUP(index_closep) struct index_view *v = NULL;
	int r = index_open(&v);

	return r < 0 ? r : index_login_by_uid(v, uid, ret);
}

void fixture_reload(struct engine_fixture *f)
{
	size_t errors, warnings;

	assert_int_equal(engine_reload(f->engine, NULL, &errors, &warnings), 0);
}

struct actor fixture_actor(struct engine_fixture *f, uid_t uid)
{
	struct actor a;

	assert_int_equal(engine_actor(f->engine, uid, uid, &a), 0);
	return a;
}

int fixture_request(struct engine_fixture *f, uid_t uid, const char *role, const struct request **ret)
{
	const struct request_input in = {.role = role, .reason = "rebuild the index", .ticket = "INC-4711"};
	const struct actor who = fixture_actor(f, uid);

	return engine_request(f->engine, &who, &in, true, ret);
}

static int count_row(void *context, const struct holder *row)
{
	(*(size_t *)context)++;
	return 0;
}

size_t fixture_granted(struct engine_fixture *f, const char *become)
{
	CLEANUP(holders_closep) struct holders *grants = NULL;
	size_t count = 0;

	if (holders_open("contoso", "grants", &grants) < 0)
		return 0;
	assert_int_equal(holders_of_right(grants, RIGHT_BECOME, become, &f->clock.at, count_row, &count), 0);
	return count;
}

struct event_count {
	const char *event;
	size_t count;
};

static int count_event(void *context, const struct journal_record *record)
{
	struct event_count *c = context;

	if (strcmp(record->name, c->event) == 0)
		c->count++;
	return 0;
}

size_t fixture_count_events(struct engine_fixture *f, const char *event)
{
	struct event_count c = {event, 0};
	struct journal_report report;

	assert_int_equal(journal_each(engine_journal(f->engine), count_event, &c, &report), 0);
	assert_false(report.damaged);
	return c.count;
}
