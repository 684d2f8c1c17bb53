/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * auth: ours before the first that asks for a password, so that who may not pass is told before. account: ours binds,
 * and nothing before it ends the stack. session: ours behind pam_systemd, which would move the process away.
 */
#include "helper/check/pam_stack.h"

#include <stdio.h>
#include <string.h>

#define OURS   "pam_tenure.so"
#define REMEDY "pam-auth-update --enable tenure tenure-session"

enum fault { FAULT_NONE, FAULT_MISSING, FAULT_ORDER, FAULT_WEAK, FAULT_COUNT };

struct phase {
	const char *type;
	enum fault (*judge)(const struct pam_stack *s);
	const char *order; /* what FAULT_ORDER means here */
	bool batch;	   /* batch services need it, too */
};

/* A success that ends the stack before the rest is asked. */
static bool ends_stack(const struct pam_entry *e)
{
	return strcmp(e->control, "sufficient") == 0 || strstr(e->control, "success=done") ||
	       strstr(e->control, "success=end");
}

/* Whose refusal does not count. */
static bool is_weak(const struct pam_entry *e)
{
	return strcmp(e->control, "optional") == 0 || strcmp(e->control, "sufficient") == 0 ||
	       strstr(e->control, "default=ignore");
}

/* Local root passes su by pam_rootok; that is no way past us. */
static enum fault judge_auth(const struct pam_stack *s)
{
	static const char *const askers[] = {"pam_unix.so", "pam_sss.so", "pam_ldap.so", "pam_krb5.so", "pam_winbind.so"};
	size_t ours = pam_stack_find(s, OURS);

	if (ours == s->count)
		return FAULT_MISSING;
	for (size_t i = 0; i < ARRAY_LENGTH(askers); i++)
		if (pam_stack_find(s, askers[i]) < ours)
			return FAULT_ORDER;
	return FAULT_NONE;
}

static enum fault judge_account(const struct pam_stack *s)
{
	size_t ours = pam_stack_find(s, OURS);

	if (ours == s->count)
		return FAULT_MISSING;
	for (size_t i = 0; i < ours; i++)
		if (ends_stack(&s->entries[i]))
			return FAULT_ORDER;
	return is_weak(&s->entries[ours]) ? FAULT_WEAK : FAULT_NONE;
}

static enum fault judge_session(const struct pam_stack *s)
{
	size_t ours = pam_stack_find(s, OURS), systemd = pam_stack_find(s, "pam_systemd.so");

	if (ours == s->count)
		return FAULT_MISSING;
	if (systemd < s->count && systemd > ours)
		return FAULT_ORDER;
	return is_weak(&s->entries[ours]) ? FAULT_WEAK : FAULT_NONE;
}

static const struct phase phases[] = {
	{"auth", judge_auth, "stands behind the module that asks for a password", false},
	{"account", judge_account, "stands behind a module that ends the stack", true},
	{"session", judge_session, "stands before pam_systemd, which moves the process out of our cgroup", false},
};

static void judge_service(const struct check_context *c, const struct phase *phase, const char *service,
			  struct name_text faults[static FAULT_COUNT])
{
	struct pam_stack stack;

	if (pam_stack_read(c, service, phase->type, &stack))
		name_text_add(&faults[phase->judge(&stack)], service);
}

static void report_phase(struct check_context *c, const struct phase *phase, const struct name_text *faults)
{
	if (faults[FAULT_MISSING].count)
		problem_add(&c->problems, SEVERITY_ERROR, "pam-stacks", "/etc/pam.d", REMEDY,
			    "%s of %s does not ask pam_tenure", phase->type, faults[FAULT_MISSING].text);
	if (faults[FAULT_ORDER].count)
		problem_add(&c->problems, SEVERITY_ERROR, "pam-stacks", "/etc/pam.d", REMEDY, "%s of %s: pam_tenure %s",
			    phase->type, faults[FAULT_ORDER].text, phase->order);
	if (faults[FAULT_WEAK].count)
		problem_add(&c->problems, SEVERITY_ERROR, "pam-stacks", "/etc/pam.d", "make it required",
			    "%s of %s: what pam_tenure refuses does not count", phase->type, faults[FAULT_WEAK].text);
}

int check_pam(struct check_context *c)
{
	const struct host_config *h = &c->host;

	for (size_t i = 0; i < ARRAY_LENGTH(phases); i++) {
		struct name_text faults[FAULT_COUNT] = {0};

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
	return 0;
}
