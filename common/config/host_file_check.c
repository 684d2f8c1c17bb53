/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/text.h"
#include "common/config/host_file.h"

static const char *const default_gates[] = {"sudo", "sudo-i", "su", "su-l"};
static const char *const default_logins[] = {
	"sshd",		 "login",     "remote",	       "gdm-password", "gdm-fingerprint", "gdm-smartcard",
	"gdm-autologin", "lightdm",   "lightdm-autologin", "sddm",     "sddm-autologin",  "greetd",
	"lxdm",		 "slim",      "xdm",	       "kde",	       "cockpit",	  "xrdp-sesman",
};
static const char *const default_batch[] = {"cron", "crond", "atd", "systemd-user"};

/* The system bus drops whom it cannot resolve, polkit asks who a user is, and atd whose job it is, as daemon. */
static const char *const default_visible[] = {"messagebus", "polkitd", "daemon"};

static bool fill_texts(struct reader *r, const char *const *defaults, size_t count, char ***ret, size_t *ret_count)
{
	if (*ret)
		return true;
	*ret = calloc(count, sizeof(**ret));
	for (size_t i = 0; *ret && i < count; i++) {
		(*ret)[i] = strdup(defaults[i]);
		if (!(*ret)[i])
			break;
		*ret_count = i + 1;
	}
	if (*ret_count != count)
		r->no_memory = true;
	return !r->no_memory;
}

/* All of a list are names, none is there twice. */
static bool check_names(struct reader *r, const config_setting_t *root, const char *key, char **names, size_t count,
			bool (*valid)(const char *))
{
	char escaped[128];

	for (size_t i = 0; i < count; i++) {
		text_escape(names[i], escaped, sizeof(escaped));
		if (!valid(names[i]))
			return report(r, root, "conf-value", "correct it", "%s: \"%s\" is no valid name", key, escaped);
		for (size_t j = 0; j < i; j++)
			if (strcmp(names[i], names[j]) == 0)
				return report(r, root, "conf-value", "remove one", "%s: \"%s\" is given twice", key,
					      escaped);
	}
	return true;
}

static bool check_lists(struct reader *r, const config_setting_t *root, const struct host_file *f)
{
	const struct host_config *c = &f->c;

	return check_names(r, root, "tenants", c->tenants, c->tenant_count, name_is_valid) &&
	       check_names(r, root, "gate.services", f->gate_names, f->gate_name_count, local_name_is_valid) &&
	       check_names(r, root, "services.login", c->login_services, c->login_service_count, local_name_is_valid) &&
	       check_names(r, root, "services.batch", c->batch_services, c->batch_service_count, local_name_is_valid) &&
	       check_names(r, root, "gate.break_glass_users", c->break_glass_users, c->break_glass_user_count,
			   local_name_is_valid) &&
	       check_names(r, root, "visible_to", c->visible_to, c->visible_to_count, local_name_is_valid) &&
	       check_names(r, root, "ceiling.allow_become", c->allow_become, c->allow_become_count, local_name_is_valid) &&
	       check_names(r, root, "ceiling.allow_groups", c->allow_groups, c->allow_group_count, local_name_is_valid);
}

static bool has_text(char **texts, size_t count, const char *text)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(texts[i], text) == 0)
			return true;
	return false;
}

/* A service is of one class: a gate asks for a role, a login for a right to log in. */
static bool check_classes(struct reader *r, const config_setting_t *root, const struct host_file *f)
{
	const struct host_config *c = &f->c;

	for (size_t i = 0; i < f->gate_name_count; i++)
		if (has_text(c->login_services, c->login_service_count, f->gate_names[i]) ||
		    has_text(c->batch_services, c->batch_service_count, f->gate_names[i]))
			return report(r, root, "conf-value", "name it in one list alone",
				      "service \"%s\" is a gate and of another class", f->gate_names[i]);
	for (size_t i = 0; i < c->login_service_count; i++)
		if (has_text(c->batch_services, c->batch_service_count, c->login_services[i]))
			return report(r, root, "conf-value", "name it in one list alone",
				      "service \"%s\" is login and batch", c->login_services[i]);
	return true;
}

static bool fill_gates(struct reader *r, const config_setting_t *root, struct host_file *f)
{
	struct host_config *c = &f->c;

	c->gate_services = calloc(f->gate_name_count ? f->gate_name_count : 1, sizeof(*c->gate_services));
	if (!c->gate_services) {
		r->no_memory = true;
		return false;
	}
	for (size_t i = 0; i < f->gate_name_count; i++) {
		c->gate_services[i] = (struct gate_service){f->gate_names[i], c->gate_mode};
		f->gate_names[i] = NULL;
		c->gate_service_count++;
	}
	for (size_t i = 0; i < f->mode_count; i++) {
		bool found = false;

		for (size_t j = 0; j < c->gate_service_count; j++) {
			if (strcmp(c->gate_services[j].name, f->modes[i].name) != 0)
				continue;
			c->gate_services[j].mode = f->modes[i].mode;
			found = true;
		}
		for (size_t j = 0; j < i; j++)
			if (strcmp(f->modes[j].name, f->modes[i].name) == 0)
				return report(r, root, "conf-value", "remove one", "gate.service_modes names a service twice");
		if (!found)
			return report(r, root, "conf-value", "name it in gate.services as well",
				      "gate.service_modes names a service that is no gate");
	}
	return true;
}

static bool fill_warnings(struct reader *r, const config_setting_t *root, struct host_file *f)
{
	static const int64_t defaults[] = {300 * NS_PER_S, 60 * NS_PER_S, 10 * NS_PER_S};
	struct host_config *c = &f->c;

	if (!f->warnings) {
		memcpy(c->warn_before_ns, defaults, sizeof(defaults));
		c->warn_before_count = ARRAY_LENGTH(defaults);
		return true;
	}
	if (f->warning_count > WARNINGS_MAX)
		return report(r, root, "conf-value", "leave some out", "sessions.warn_before has more than %d times",
			      WARNINGS_MAX);
	for (size_t i = 0; i < f->warning_count; i++) {
		if (duration_parse(f->warnings[i], &c->warn_before_ns[i]) < 0 || c->warn_before_ns[i] == 0)
			return report(r, root, "conf-value", "write [ \"5m\", \"1m\", \"10s\" ]",
				      "sessions.warn_before holds what is no duration");
		if (i > 0 && c->warn_before_ns[i] >= c->warn_before_ns[i - 1])
			return report(r, root, "conf-value", "write the longest first",
				      "sessions.warn_before does not descend");
		c->warn_before_count = i + 1;
	}
	return true;
}

static bool check_limits(struct reader *r, const config_setting_t *root, struct host_file *f)
{
	if (f->c.grace_ns > GRACE_MAX_NS)
		return report(r, root, "conf-value", "write 20s or less", "sessions.grace is over 20s");
	if (f->c.min_duration_ns < NS_PER_S || f->c.min_duration_ns > ROLE_DURATION_MAX_NS)
		return report(r, root, "conf-value", "write 1s to 24h", "min_duration is outside 1s-24h");
	if (f->reserve < JOURNAL_RESERVE_MIN)
		return report(r, root, "conf-value", "write 65536 or more", "journal.reserve is under 65536 bytes");
	f->c.journal_reserve = f->reserve;
	return true;
}

/* One to one: an account stands for one principal, and a principal for one account. */
static bool check_logins(struct reader *r, const config_setting_t *root, const struct host_config *c)
{
	for (size_t i = 0; i < c->local_login_count; i++)
		for (size_t j = 0; j < i; j++) {
			const struct local_login *a = &c->local_logins[i], *b = &c->local_logins[j];

			if (strcmp(a->login, b->login) == 0)
				return report(r, root, "conf-value", "remove one", "local_logins names \"%s\" twice",
					      a->login);
			if (strcmp(a->principal, b->principal) == 0)
				return report(r, root, "conf-value", "remove one", "local_logins maps \"%s\" twice",
					      a->principal);
		}
	return true;
}

bool host_file_check(struct reader *r, const config_setting_t *root, struct host_file *f)
{
	struct host_config *c = &f->c;

	if (c->tenant_count > 0 && c->gate_mode == 0)
		return report(r, root, "conf-missing", "write gate = { mode = \"report-only\"; };",
			      "\"gate.mode\" is missing");
	if (c->gate_mode == 0)
		c->gate_mode = GATE_REPORT_ONLY;
	return fill_texts(r, default_gates, ARRAY_LENGTH(default_gates), &f->gate_names, &f->gate_name_count) &&
	       fill_texts(r, default_logins, ARRAY_LENGTH(default_logins), &c->login_services,
			  &c->login_service_count) &&
	       fill_texts(r, default_batch, ARRAY_LENGTH(default_batch), &c->batch_services, &c->batch_service_count) &&
	       fill_texts(r, default_visible, ARRAY_LENGTH(default_visible), &c->visible_to, &c->visible_to_count) &&
	       check_lists(r, root, f) && check_classes(r, root, f) && fill_gates(r, root, f) &&
	       fill_warnings(r, root, f) && check_limits(r, root, f) && check_logins(r, root, c);
}
