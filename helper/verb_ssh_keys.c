/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Public keys of a login, for sshd's AuthorizedKeysCommand: straight from the keys snapshot, so that it is quick and
 * works with the broker down. MUST: a login that no tenant knows has no keys and is no error, or sshd would log one at
 * every login of root; what could not be read is an error and prints nothing.
 */
#include "config.h"

#include <errno.h>
#include <string.h>

#include "common/base/text.h"
#include "common/snapshot/identity.h"
#include "common/snapshot/index.h"
#include "common/snapshot/keys.h"
#include "helper/output.h"
#include "helper/verbs.h"

/* Position of the tenant whose login it is: the home tenant's for a short name. 0, -ENOENT, -EBADMSG. */
static int tenant_of_login(const struct index_view *index, const char *login, struct index_tenant *ret)
{
	const char *at = strchr(login, '@');
	size_t position;

	if (at) {
		int r = index_tenant_by_domain(index, at + 1, &position);

		return r < 0 ? r : index_tenant(index, position, ret);
	}
	for (size_t i = 0; i < index_tenant_count(index); i++) {
		int r = index_tenant(index, i, ret);

		if (r < 0 || ret->home)
			return r;
	}
	return -ENOENT;
}

static int add_key(void *context, const char *line)
{
	return json_array_append_new(context, json_string(line)) < 0 ? -ENOMEM : 0;
}

/*
 * A user of a tenant, by the name in its directory. MUST: the tenant shows the login; a user without a uid has none, and
 * would hand his keys to a local account that happens to have his name.
 */
static int read_keys_of_user(const struct index_view *index, const char *login, json_t *keys)
{
	CLEANUP(identity_closep) struct identity *identity = NULL;
	char name[NAME_LENGTH_MAX + 1];
	struct identity_user user;
	struct index_tenant tenant;
	size_t len = strcspn(login, "@");
	int r = tenant_of_login(index, login, &tenant);

	if (r == 0)
		r = identity_open(tenant.name, &identity);
	if (r == 0)
		r = identity_user_by_name(identity, login, &user);
	if (r < 0)
		return r;
	if (len >= sizeof(name))
		return -EINVAL;
	memcpy(name, login, len);
	name[len] = '\0';
	return keys_of_login(tenant.name, name, add_key, keys);
}

/* All keys or an error: a list cut short would lock somebody out without a word. */
static int read_keys(const char *login, json_t *keys)
{
	CLEANUP(index_closep) struct index_view *index = NULL;
	struct index_tenant tenant;
	struct index_login mapped;
	int r = index_open(&index);

	if (r < 0)
		return r;
	r = index_login_by_name(index, login, &mapped);
	if (r == -ENOENT)
		return read_keys_of_user(index, login, keys);
	if (r < 0)
		return r;
	/* Mapped for the gates alone: its logins, keys included, stay the account's own. */
	if (mapped.governed != GOVERNED_LOCAL_LOGIN)
		return -ENOENT;
	r = index_tenant(index, mapped.tenant, &tenant);
	return r < 0 ? r : keys_of_principal(tenant.name, &mapped.principal, add_key, keys);
}

static int fail_reading(struct cli *cli, int error)
{
	if (error == -EACCES)
		return cli_fail(cli, CODE_NO, "not-yours", "run it as root: AuthorizedKeysCommandUser root",
				"the keys are not yours to read");
	return cli_fail(cli, CODE_NO, "keys-unreadable", "see: tenure check", "the keys cannot be read: %s",
			strerror(-error));
}

int verb_ssh_keys(struct cli *cli)
{
	const char *login = cli->arguments[0];
	json_t *keys, *key;
	size_t i;
	int r;

	if (!login_is_valid(login))
		return cli_fail(cli, CODE_USAGE, "usage", "write NAME or NAME@DOMAIN", "\"%s\" is no login",
				cli_escape(cli, login));
	keys = json_array();
	r = keys ? read_keys(login, keys) : -ENOMEM;
	if (r < 0 && r != -ENOENT) {
		json_decref(keys);
		return fail_reading(cli, r);
	}
	if (cli->json)
		return print_json(cli, json_pack("{s:o}", "items", keys));
	json_array_foreach (keys, i, key)
		puts(json_string_value(key));
	json_decref(keys);
	return CODE_DONE;
}
