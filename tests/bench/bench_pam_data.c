/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bench_pam_data USERS: publishes a tenant of that many users, who log in by a group's assignment, below
 * /var/lib/tenure: what the account phase reads. Run it in a mount namespace of its own (tests/bench/run).
 */
#include "common/base/buffer.h"
#include "common/config/config.h"
#include "common/snapshot/holders.h"
#include "common/snapshot/identity.h"
#include "common/snapshot/index.h"
#include "common/snapshot/policy.h"
#include "common/snapshot/secrets.h"
#include "tests/bench/bench.h"

#define FOLDER "/var/lib/tenure/tenants/bench/"

static const char host_text[] = "tenants = [ \"bench\" ];\ngate = { mode = \"enforce\"; };\n"
				"ceiling = { allow_become = [ \"root\" ]; };\n";
static const char tenant_text[] = "id = \"5d0b3a2e-7c64-4f0e-9a57-2b3c8d1e4f60\";\ndomains = [ \"bench.example\" ];\n"
				  "source = \"file\";\nid_range = [ 1900000000, 1920000999 ];\n"
				  "role_gids = [ 1920000000, 1920000999 ];\nvisibility = \"all\";\n";

static void need(int r, const char *what)
{
	if (r == 0)
		return;
	(void)fprintf(stderr, "bench_pam_data: %s: %s\n", what, strerror(-r));
	exit(2);
}

static void compose(struct buffer *b, uint32_t users)
{
	char name[BENCH_NAME_MAX];

	buffer_append_string(b, "version = 1;\nusers = (\n");
	for (uint32_t i = 0; i < users; i++) {
		bench_name(i, name);
		buffer_printf(b, "{ name = \"%s\"; uid = %u; }%s\n", name, BENCH_FIRST_UID + i,
			      i + 1 < users ? "," : "");
	}
	buffer_append_string(b, ");\ngroups = ( { name = \"all\"; gid = 1910000000; members = [\n");
	for (uint32_t i = 0; i < users; i++) {
		bench_name(i, name);
		buffer_printf(b, "\"%s\"%s\n", name, i + 1 < users ? "," : "");
	}
	buffer_append_string(b, "]; } );\nassignments = ( { type = \"active\"; role = \"host-user-login\"; "
				"group = \"all\"; scope = \"/\"; } );\n");
}

static void publish(struct directory *d, const struct host_config *host, const struct tenant_config *tenant)
{
	const struct uuid host_id = {{7}};
	struct uuid boot;

	need(boot_id_read(&boot), "boot_id");
	need(index_write("/var/lib/tenure/index", 1, &host_id, host, tenant, 1, NULL, 0), "index");
	need(identity_write(FOLDER "identity", 1, d, host, tenant, NULL, 0), "identity");
	need(policy_write(FOLDER "policy", 1, d, host, tenant, &host_id, NULL, 0), "policy");
	need(secrets_write(FOLDER "secrets", 1, d), "secrets");
	need(holders_write(FOLDER "holders", 1, &tenant->id, NULL, NULL, 0), "holders");
	need(holders_write(FOLDER "grants", 1, &tenant->id, &boot, NULL, 0), "grants");
	need(generation_open(), "generation");
}

int main(int argc, char **argv)
{
	uint32_t users = argc == 2 ? (uint32_t)strtoul(argv[1], NULL, 10) : 0;
	struct problem_list problems = {0};
	struct local_accounts local = {0};
	struct buffer text = BUFFER(CONFIG_FILE_MAX);
	struct host_config host;
	struct tenant_config tenant;
	struct directory *d = NULL;

	if (users == 0) {
		(void)fprintf(stderr, "usage: bench_pam_data USERS\n");
		return 2;
	}
	need(host_config_parse(host_text, strlen(host_text), "tenure.conf", &host, &problems), "tenure.conf");
	need(tenant_config_parse(tenant_text, strlen(tenant_text), "bench.conf", "bench", &tenant, &problems),
	     "bench.conf");
	tenant.home = true;
	compose(&text, users);
	need(buffer_error(&text), "directory");
	need(directory_parse(text.data, text.len, "bench.conf", &tenant.id, &d, &problems), "directory");
	need(directory_validate(d, &tenant, &local, &problems), "directory");
	if (problems.errors)
		(void)fprintf(stderr, "bench_pam_data: %s\n", problems.items[0].message);
	publish(d, &host, &tenant);
	directory_free(d);
	buffer_done(&text);
	return problems.errors != 0;
}
