/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * auth: ours before the first that asks for a password, so that who may not pass is told before. account and session:
 * ours binds, nothing before it leads past it, nothing behind it takes its refusal back. session: ours behind
 * pam_systemd, which would move the process away.
 *
 * An account phase that ends with "a new password is due" before ours is asked is a warning: sudo and su go on from it
 * when the password is changed, but the session phase, which is held to the rules above, still refuses.
 */
#include "helper/check/pam_stack.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/config/config.h"

#define OURS   "pam_tenure.so"
#define REMEDY "pam-auth-update --enable tenure tenure-session"

enum fault { FAULT_NONE, FAULT_MISSING, FAULT_ORDER, FAULT_PASSED, FAULT_EXPIRED, FAULT_WEAK, FAULT_COUNT };

/* Services that share a fault, and the module that the first of them has it from. */
struct fault_list {
	struct name_text services;
	char module[64];
};

struct phase {
	const char *type;
	enum fault (*judge)(const struct pam_stack *s, const char **ret_module);
	const char *order; /* what FAULT_ORDER means here, behind a module's name */
	bool batch;	   /* batch services need it, too */
};

/* Local root passes su by pam_rootok; that is no way past us. */
static enum fault judge_auth(const struct pam_stack *s, const char **ret_module)
{
	static const char *const askers[] = {"pam_unix.so", "pam_sss.so", "pam_ldap.so", "pam_krb5.so", "pam_winbind.so"};
	size_t ours = pam_stack_find(s, OURS);

	if (ours == s->count)
		return FAULT_MISSING;
	for (size_t i = 0; i < ARRAY_LENGTH(askers); i++)
		if (pam_stack_find(s, askers[i]) < ours) {
			*ret_module = askers[i];
			return FAULT_ORDER;
		}
	return FAULT_NONE;
}

/* Is it asked whatever the others say, and does what it says count? */
static enum fault judge_binding(const struct pam_stack *s, const char **ret_module)
{
	size_t ours = pam_stack_find(s, OURS);
	const struct pam_entry *e;

	if (ours == s->count)
		return FAULT_MISSING;
	e = pam_stack_passing(s, ours);
	if (e) {
		*ret_module = e->module;
		return FAULT_PASSED;
	}
	if (s->entries[ours].control.weak)
		return FAULT_WEAK;
	for (size_t i = ours; i < s->count; i++)
		if (s->entries[i].control.forgets)
			return FAULT_WEAK;
	return FAULT_NONE;
}

static enum fault judge_account(const struct pam_stack *s, const char **ret_module)
{
	enum fault fault = judge_binding(s, ret_module);
	const struct pam_entry *e = fault == FAULT_NONE ? pam_stack_passing_expired(s, pam_stack_find(s, OURS)) : NULL;

	if (e)
		*ret_module = e->module;
	return e ? FAULT_EXPIRED : fault;
}

static enum fault judge_session(const struct pam_stack *s, const char **ret_module)
{
	enum fault fault = judge_binding(s, ret_module);
	size_t systemd = pam_stack_find(s, "pam_systemd.so");

	if (fault != FAULT_NONE || systemd == s->count || systemd < pam_stack_find(s, OURS))
		return fault;
	*ret_module = s->entries[systemd].module;
	return FAULT_ORDER;
}

static const struct phase phases[] = {
	{"auth", judge_auth, " asks for a password before pam_tenure", false},
	{"account", judge_account, "", true},
	{"session", judge_session, ", behind pam_tenure, moves the process out of our cgroup", false},
};

/* For gate.services and services.login as they are when tenure.conf does not name them: no host has all of these. */
static bool is_usual(const struct host_config *usual, const char *service)
{
	for (size_t i = 0; i < usual->gate_service_count; i++)
		if (strcmp(usual->gate_services[i].name, service) == 0)
			return true;
	for (size_t i = 0; i < usual->login_service_count; i++)
		if (strcmp(usual->login_services[i], service) == 0)
			return true;
	return false;
}

/* sudo-i and su-l are sudo and su. */
static bool is_installed(const struct check_context *c, const char *service)
{
	static const char *const folders[] = {"/usr/bin", "/usr/sbin", "/bin", "/sbin"};
	char path[128];

	for (size_t i = 0; i < ARRAY_LENGTH(folders); i++) {
		(void)snprintf(path, sizeof(path), "%s/%.*s", folders[i], (int)strcspn(service, "-"), service);
		if (check_exists(c, path))
			return true;
	}
	return false;
}

static bool has_file(const struct check_context *c, const char *service)
{
	struct pam_stack stack;

	return pam_stack_read(c, service, "account", &stack);
}

/* libpam takes "other" where a service has no file. */
static void judge_service(const struct check_context *c, const struct phase *phase, const char *service,
			  struct fault_list faults[static FAULT_COUNT])
{
	const char *module = "";
	struct pam_stack stack;
	enum fault fault;

	if (!pam_stack_read(c, service, phase->type, &stack) &&
	    (!is_installed(c, service) || !pam_stack_read(c, "other", phase->type, &stack)))
		return;
	fault = phase->judge(&stack, &module);
	name_text_add(&faults[fault].services, service);
	if (faults[fault].module[0] == '\0')
		(void)snprintf(faults[fault].module, sizeof(faults[fault].module), "%s", module);
}

static void report_phase(struct check_context *c, const struct phase *phase, const struct fault_list *faults)
{
	static const struct {
		enum severity severity;
		const char *before, *after, *remedy;
	} texts[FAULT_COUNT] = {
		[FAULT_MISSING] = {SEVERITY_ERROR, "", "pam_tenure is not asked", REMEDY},
		[FAULT_ORDER] = {SEVERITY_ERROR, "", NULL, REMEDY},
		[FAULT_PASSED] = {SEVERITY_ERROR, "pam_tenure is not asked where ", " ends the stack or jumps over it",
				  "put pam_tenure.so before it, or make it required"},
		[FAULT_EXPIRED] = {SEVERITY_WARNING, "pam_tenure is not asked where ", " wants a new password",
				   "put pam_tenure.so before it: pam-auth-update --enable tenure"},
		[FAULT_WEAK] = {SEVERITY_ERROR, "", "what pam_tenure refuses does not count",
				"make it required, and let no module behind it reset"},
	};

	for (size_t i = FAULT_MISSING; i < FAULT_COUNT; i++)
		if (faults[i].services.count)
			problem_add(&c->problems, texts[i].severity, "pam-stacks", "/etc/pam.d", texts[i].remedy,
				    "%s of %s: %s%s%s", phase->type, faults[i].services.text, texts[i].before,
				    faults[i].module, texts[i].after ? texts[i].after : phase->order);
}

static void note_service(const struct check_context *c, const struct host_config *usual, const char *service,
			 struct name_text *unknown, struct name_text *other)
{
	if (has_file(c, service))
		return;
	if (!is_usual(usual, service))
		name_text_add(unknown, service);
	else if (is_installed(c, service))
		name_text_add(other, service);
}

/* A name that is spelled wrong gates nothing, and looks as if it did. */
static int check_services(struct check_context *c)
{
	static const char nobody[] = "tenants = [ ];";
	struct name_text unknown = {0}, other = {0};
	struct problem_list ignored = {0};
	struct host_config usual = {0};
	int r = host_config_parse(nobody, sizeof(nobody) - 1, "", &usual, &ignored);

	for (size_t i = 0; r == 0 && i < c->host.gate_service_count; i++)
		note_service(c, &usual, c->host.gate_services[i].name, &unknown, &other);
	for (size_t i = 0; r == 0 && i < c->host.login_service_count; i++)
		note_service(c, &usual, c->host.login_services[i], &unknown, &other);
	if (unknown.count)
		problem_add(&c->problems, SEVERITY_WARNING, "pam-stacks", "/etc/pam.d",
			    "correct gate.services and services.login of tenure.conf", "has no service %s", unknown.text);
	if (other.count)
		problem_add(&c->problems, SEVERITY_WARNING, "pam-stacks", "/etc/pam.d",
			    "give it a file, or reinstall its package", "has no file for %s: PAM asks \"other\"", other.text);
	host_config_done(&usual);
	problem_list_done(&ignored);
	return r == -ENOMEM ? r : 0;
}

int check_pam(struct check_context *c)
{
	const struct host_config *h = &c->host;

	for (size_t i = 0; i < ARRAY_LENGTH(phases); i++) {
		struct fault_list faults[FAULT_COUNT] = {0};

		for (size_t j = 0; j < h->gate_service_count; j++)
			judge_service(c, &phases[i], h->gate_services[j].name, faults);
		for (size_t j = 0; j < h->login_service_count; j++)
			judge_service(c, &phases[i], h->login_services[j], faults);
		for (size_t j = 0; phases[i].batch && j < h->batch_service_count; j++)
			judge_service(c, &phases[i], h->batch_services[j], faults);
		report_phase(c, &phases[i], faults);
	}
	if (!check_exists(c, "/etc/pam.d/tenure"))
		problem_add(&c->problems, SEVERITY_WARNING, "pam-stacks", "/etc/pam.d/tenure",
			    "apt install --reinstall -o Dpkg::Options::=--force-confmiss tenure",
			    "there is no such service: step-up takes the directory's passwords alone");
	return check_services(c);
}
