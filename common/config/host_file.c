/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* tenure.conf: tenure.conf(5). Any fault refuses the file: the broker keeps what it has. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/text.h"
#include "common/config/config.h"
#include "common/config/host_file.h"

static const struct choice gate_modes[] = {{"report-only", GATE_REPORT_ONLY}, {"enforce", GATE_ENFORCE}, {NULL, 0}};

#define AT(member)	 .at = offsetof(struct host_file, member)
#define COUNT_AT(member) .count_at = offsetof(struct host_file, member)
#define TEXTS(key_name, items, counter) \
	{.name = (key_name), .read = read_texts, AT(items), COUNT_AT(counter)}

static const struct key service_mode_keys[] = {
	{.name = "service", .read = read_text, .at = offsetof(struct gate_service, name), .required = true},
	{.name = "mode",
	 .read = read_choice,
	 .at = offsetof(struct gate_service, mode),
	 .more = gate_modes,
	 .required = true},
};

static bool finish_service_mode(struct reader *r, const config_setting_t *s, void *object, bool ok, void *owner)
{
	struct host_file *f = owner;

	(void)r, (void)s, (void)object;
	f->faulty |= !ok;
	return ok;
}

static void done_service_mode(void *object)
{
	free(((struct gate_service *)object)->name);
}

static const struct item_kind service_mode_kind = {
	"service mode", sizeof(struct gate_service), {service_mode_keys, ARRAY_LENGTH(service_mode_keys)},
	NULL, done_service_mode, finish_service_mode};

static const struct key gate_keys[] = {
	{.name = "mode", .read = read_choice, AT(c.gate_mode), .more = gate_modes},
	TEXTS("services", gate_names, gate_name_count),
	{.name = "service_modes", .read = read_objects, AT(modes), COUNT_AT(mode_count), .more = &service_mode_kind},
	TEXTS("break_glass_users", c.break_glass_users, c.break_glass_user_count),
};
static const struct key_table gate_table = {gate_keys, ARRAY_LENGTH(gate_keys)};

static const struct key ceiling_keys[] = {
	TEXTS("allow_become", c.allow_become, c.allow_become_count),
	TEXTS("allow_groups", c.allow_groups, c.allow_group_count),
};
static const struct key_table ceiling_table = {ceiling_keys, ARRAY_LENGTH(ceiling_keys)};

static const struct key service_keys[] = {
	TEXTS("login", c.login_services, c.login_service_count),
	TEXTS("batch", c.batch_services, c.batch_service_count),
};
static const struct key_table service_table = {service_keys, ARRAY_LENGTH(service_keys)};

static const struct key session_keys[] = {
	TEXTS("warn_before", warnings, warning_count),
	{.name = "grace", .read = read_duration, AT(c.grace_ns)},
};
static const struct key_table session_table = {session_keys, ARRAY_LENGTH(session_keys)};

static const struct key journal_keys[] = {
	{.name = "reserve", .read = read_id, AT(reserve)},
};
static const struct key_table journal_table = {journal_keys, ARRAY_LENGTH(journal_keys)};

static bool read_login_by(struct reader *r, const config_setting_t *s, const struct key *key, void *target)
{
	static const struct choice choices[] = {{"local", 0}, {"tenant", 1}, {NULL, 0}};
	struct key inner = {.name = key->name, .more = choices};
	int value = 0;

	if (!read_choice(r, s, &inner, &value))
		return false;
	((struct local_login *)target)->governs_login = value == 1;
	return true;
}

static const struct key login_keys[] = {
	{.name = "login", .read = read_text, .at = offsetof(struct local_login, login), .required = true},
	{.name = "principal", .read = read_text, .at = offsetof(struct local_login, principal), .required = true},
	{.name = "login_by", .read = read_login_by},
};

static bool finish_login(struct reader *r, const config_setting_t *s, void *object, bool ok, void *owner)
{
	struct local_login *l = object;
	struct host_file *f = owner;

	if (ok && !local_name_is_valid(l->login))
		ok = report(r, s, "conf-value", "write the name as /etc/passwd has it", "login is no name of an account");
	if (ok && (!login_is_valid(l->principal) || !strchr(l->principal, '@')))
		ok = report(r, s, "conf-value", "write NAME@DOMAIN", "principal is no name with a domain");
	if (ok && strcmp(l->login, "root") == 0)
		ok = report(r, s, "conf-value", "remove it", "root is never governed");
	l->place = setting_place(r, s);
	f->faulty |= !ok;
	return ok && l->place;
}

static void done_login(void *object)
{
	struct local_login *l = object;

	free(l->login);
	free(l->principal);
	free(l->place);
}

static const struct item_kind login_kind = {
	"local login", sizeof(struct local_login), {login_keys, ARRAY_LENGTH(login_keys)}, NULL, done_login, finish_login};

static const struct key host_keys[] = {
	/* An empty file, or one that was cut short, must not read as "nobody is governed". */
	{.name = "tenants",
	 .read = read_texts,
	 AT(c.tenants),
	 COUNT_AT(c.tenant_count),
	 .required = true,
	 .remedy = "name them; to govern nobody: tenants = [ ];"},
	{.name = "gate", .read = read_group, .more = &gate_table},
	{.name = "ceiling", .read = read_group, .more = &ceiling_table},
	TEXTS("visible_to", c.visible_to, c.visible_to_count),
	{.name = "local_logins",
	 .read = read_objects,
	 AT(c.local_logins),
	 COUNT_AT(c.local_login_count),
	 .more = &login_kind},
	{.name = "services", .read = read_group, .more = &service_table},
	{.name = "sessions", .read = read_group, .more = &session_table},
	{.name = "min_duration", .read = read_duration, AT(c.min_duration_ns)},
	{.name = "journal", .read = read_group, .more = &journal_table},
};
static const struct key_table host_table = {host_keys, ARRAY_LENGTH(host_keys)};

static void host_file_done(struct host_file *f)
{
	host_config_done(&f->c);
	for (size_t i = 0; i < f->gate_name_count; i++)
		free(f->gate_names[i]);
	free(f->gate_names);
	for (size_t i = 0; i < f->mode_count; i++)
		free(f->modes[i].name);
	free(f->modes);
	for (size_t i = 0; i < f->warning_count; i++)
		free(f->warnings[i]);
	free(f->warnings);
}

static int read_host(struct reader *r, const config_setting_t *root, struct host_file *f)
{
	bool ok = read_members(r, root, &host_table, f);

	ok = ok && !f->faulty && host_file_check(r, root, f);
	if (r->no_memory)
		return -ENOMEM;
	return ok ? 0 : -EINVAL;
}

int host_config_parse(const char *text, size_t len, const char *place, struct host_config *ret,
		      struct problem_list *problems)
{
	struct reader reader = {.place = place, .problems = problems};
	struct host_file file = {
		.c.grace_ns = GRACE_DEFAULT_NS,
		.c.min_duration_ns = ROLE_DURATION_MIN_NS,
		.reserve = JOURNAL_RESERVE_DEFAULT,
	};
	config_t config;
	int r = config_text_check(text, len, place, problems);

	if (r < 0)
		return r;
	r = reader_parse(&reader, text, &config);
	if (r == 0)
		r = read_host(&reader, config_root_setting(&config), &file);
	config_destroy(&config);
	if (r == 0) {
		*ret = file.c;
		file.c = (struct host_config){0};
	}
	host_file_done(&file);
	return r;
}

int host_config_load(const char *path, struct host_config *ret, struct problem_list *problems)
{
	struct file_text file;
	int r = file_text_read(path, problems, &file);

	if (r < 0)
		return r;
	r = host_config_parse(file.text, file.len, file.place, ret, problems);
	file_text_done(&file);
	return r;
}
