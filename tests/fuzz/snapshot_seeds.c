/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* snapshot_seeds FOLDER: writes the seeds of the snapshot targets anew, after a change of a format. */
#include <stdio.h>
#include <string.h>

#include "common/snapshot/keys.h"
#include "common/snapshot/secrets.h"
#include "tests/unit/snapshot_fixture.h"

static const char *in(const char *folder, const char *name)
{
	static char path[4096];

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

int main(int argc, char **argv)
{
	static char key[] = "ssh-ed25519 AAAAC3Nza alice@laptop", hash[] = "$y$j9T$abc$def";
	char *keys[] = {key};
	struct fixture f;
	struct holder rows[4];
	int r;

	if (argc != 2 || !fixture_setup(&f))
		return 2;
	f.users[0].ssh_keys = f.users[1].ssh_keys = keys;
	f.users[0].ssh_key_count = f.users[1].ssh_key_count = 1;
	f.users[0].password = f.users[2].password = hash;
	rows[0] = fixture_holder(&f, 0, RIGHT_BECOME, "root");
	rows[1] = fixture_holder(&f, 1, RIGHT_GROUP, "adm");
	rows[2] = fixture_holder(&f, 2, (enum right_kind)0, NULL);
	rows[3] = fixture_holder(&f, 2, RIGHT_LOGIN, NULL);
	r = index_write(in(argv[1], "index/host"), 1, &f.host_id, &f.host, f.tenants, 2, f.bindings, f.binding_count);
	if (r == 0)
		r = identity_write(in(argv[1], "identity/home"), 1, &f.directory, &f.host, &f.tenants[0], f.bindings,
				   f.binding_count);
	if (r == 0)
		r = identity_write(in(argv[1], "identity/foreign"), 1, &f.foreign, &f.host, &f.tenants[1], NULL, 0);
	if (r == 0)
		r = holders_write(in(argv[1], "holders/standing"), 1, &f.tenants[0].id, NULL, rows, 4);
	if (r == 0)
		r = keys_write(in(argv[1], "keys/two"), 1, &f.directory);
	if (r == 0)
		r = secrets_write(in(argv[1], "secrets/two"), 1, &f.directory);
	fixture_teardown(&f);
	if (r < 0)
		(void)fprintf(stderr, "snapshot_seeds: %s\n", strerror(-r));
	return r < 0;
}
