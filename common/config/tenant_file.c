/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* tenants.d/NAME.conf: tenure.conf(5). Any fault refuses the file: the broker keeps what it has. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/text.h"
#include "common/config/config.h"
#include "common/config/reader.h"
#include "common/config/tenant_ldap.h"

struct tenant_file {
	struct tenant_config c; /* first: tenant_ldap.c counts its offsets from there */
};

static const struct choice sources[] = {{"file", SOURCE_FILE}, {"ldap", SOURCE_LDAP}, {NULL, 0}};
static const struct choice visibilities[] = {{"all", VISIBILITY_ALL}, {"tenant", VISIBILITY_TENANT}, {NULL, 0}};

#define AT(member) .at = offsetof(struct tenant_file, member)

static const struct key tenant_keys[] = {
	{.name = "id", .read = read_uuid, AT(c.id), .required = true},
	{.name = "domains",
	 .read = read_texts,
	 AT(c.domains),
	 .count_at = offsetof(struct tenant_file, c.domain_count),
	 .required = true},
	{.name = "source", .read = read_choice, AT(c.source), .more = sources, .required = true},
	{.name = "ldap", .read = read_group, .more = &tenant_ldap_table},
	{.name = "lease", .read = read_group, .more = &tenant_lease_table},
	{.name = "id_range", .read = read_id_range, AT(c.id_range), .required = true},
	{.name = "role_gids", .read = read_id_range, AT(c.role_gids), .required = true},
	{.name = "home_parents",
	 .read = read_texts,
	 AT(c.home_parents),
	 .count_at = offsetof(struct tenant_file, c.home_parent_count)},
	{.name = "visibility", .read = read_choice, AT(c.visibility), .more = visibilities},
};
static const struct key_table tenant_table = {tenant_keys, ARRAY_LENGTH(tenant_keys)};

static bool check_domains(struct reader *r, const config_setting_t *root, const struct tenant_config *c)
{
	char escaped[300];

	if (c->domain_count == 0)
		return report(r, root, "conf-value", "name the first domain", "domains is empty");
	for (size_t i = 0; i < c->domain_count; i++) {
		if (!domain_is_valid(c->domains[i]))
			return report(r, root, "conf-value", "write it in lower case, as contoso.com",
				      "domain \"%s\" is no domain",
				      text_escape(c->domains[i], escaped, sizeof(escaped)));
		for (size_t j = 0; j < i; j++)
			if (strcmp(c->domains[i], c->domains[j]) == 0)
				return report(r, root, "conf-value", "remove one", "domain \"%s\" is given twice",
					      c->domains[i]);
	}
	return true;
}

/* "/" would be anywhere. */
static bool check_homes(struct reader *r, const config_setting_t *root, const struct tenant_config *c)
{
	char escaped[300];

	for (size_t i = 0; i < c->home_parent_count; i++) {
		const char *parent = c->home_parents[i];

		if (!path_is_plain(parent) || parent[strlen(parent) - 1] == '/')
			return report(r, root, "conf-value", "write an absolute path, as /srv/homes",
				      "home_parents: \"%s\" is no such folder", text_escape(parent, escaped, sizeof(escaped)));
	}
	return true;
}

/* Ids that nobody from a directory may have cannot lie in a range either (T22). */
static bool range_is_allowed(const struct id_range *range)
{
	static const uint32_t forbidden[] = {65534, 65535};

	if (id_refusal(range->first) || id_refusal(range->last))
		return false;
	for (size_t i = 0; i < ARRAY_LENGTH(forbidden); i++)
		if (range->first <= forbidden[i] && forbidden[i] <= range->last)
			return false;
	return true;
}

static bool check_ranges(struct reader *r, const config_setting_t *root, const struct tenant_config *c)
{
	if (!range_is_allowed(&c->id_range))
		return report(r, root, "tenant-range", "1900000000 up is free on most hosts",
			      "id_range holds ids of the system (0-999, 65534, 65535)");
	if (c->role_gids.first < c->id_range.first || c->role_gids.last > c->id_range.last)
		return report(r, root, "tenant-range", "take role_gids from the end of id_range",
			      "role_gids lies outside id_range");
	return true;
}

/* What the source wants, and nothing that another one would. */
static bool check_source(struct reader *r, const config_setting_t *root, struct tenant_config *c)
{
	const config_setting_t *ldap = config_setting_get_member(root, "ldap");
	const config_setting_t *lease = config_setting_get_member(root, "lease");

	if (c->source == SOURCE_LDAP && !ldap)
		return report(r, root, "conf-missing", "ldap = { uris = [ \"ldaps://HOST\" ]; base = \"DN\"; ... };",
			      "\"ldap\" is missing");
	c->directory_passwords = c->source == SOURCE_LDAP;
	if (c->source == SOURCE_LDAP)
		return tenant_ldap_finish(r, ldap, c);
	if (ldap || lease)
		return report(r, ldap ? ldap : lease, "conf-key", "remove it, or write source = \"ldap\";",
			      "ldap and lease are for tenants whose source is ldap");
	c->lease = (struct lease){0};
	return true;
}

static int read_tenant(struct reader *r, const config_setting_t *root, const char *name, struct tenant_file *f)
{
	bool ok = read_members(r, root, &tenant_table, f);

	ok = ok && check_domains(r, root, &f->c) && check_homes(r, root, &f->c) && check_ranges(r, root, &f->c) && check_source(r, root, &f->c);
	f->c.name = strdup(name);
	if (!f->c.name || r->no_memory)
		return -ENOMEM;
	return ok ? 0 : -EINVAL;
}

int tenant_config_parse(const char *text, size_t len, const char *place, const char *name, struct tenant_config *ret,
			struct problem_list *problems)
{
	struct reader reader = {.place = place, .problems = problems};
	struct tenant_file file = {.c.visibility = VISIBILITY_ALL};
	config_t config;
	int r = config_text_check(text, len, place, problems);

	if (r < 0)
		return r;
	tenant_ldap_defaults(&file.c);
	if (!name_is_valid(name)) {
		problem_add(problems, SEVERITY_ERROR, "conf-file", place, "rename it", "the file's name is no valid name");
		return -EINVAL;
	}
	r = reader_parse(&reader, text, &config);
	if (r == 0)
		r = read_tenant(&reader, config_root_setting(&config), name, &file);
	config_destroy(&config);
	if (r < 0) {
		tenant_config_done(&file.c);
		return r;
	}
	*ret = file.c;
	return 0;
}

int tenant_config_load(const char *path, const char *name, struct tenant_config *ret, struct problem_list *problems)
{
	struct file_text file;
	int r = file_text_read(path, problems, &file);

	if (r < 0)
		return r;
	r = tenant_config_parse(file.text, file.len, file.place, name, ret, problems);
	file_text_done(&file);
	return r;
}
