/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pam_module/subject.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "common/snapshot/gate_file.h"
#include "common/snapshot/identity.h"
#include "common/snapshot/leak.h"
#include "pam_module/files.h"
#include "pam_module/names.h"
#include "pam_module/passwd_file.h"

/* Defined by tenured alone (common/snapshot/map.h); elsewhere it has no address. */
extern const int tenure_broker_process __attribute__((weak));

static const char *item_text(pam_handle_t *pamh, int item)
{
	const void *text = NULL;

	if (pam_get_item(pamh, item, &text) != PAM_SUCCESS)
		return NULL;
	return text;
}

static void keep_login(struct subject *s, const char *login)
{
	size_t len = strlen(login);

	if (len < sizeof(s->login))
		memcpy(s->login, login, len + 1);
}

/*
 * What a mapping says, as a standing. A mapping of the gates alone (login = "local") leaves login and batch as they
 * were.
 */
static void stand_by_mapping(struct subject *s)
{
	int r = index_login_by_uid(s->index, s->uid, &s->mapped);

	/* Broken, and of the gates alone: it closes these alone. */
	if (r == -EKEYREVOKED && s->mapped.governed == GOVERNED_LOCAL && s->service_class != SERVICE_GATE)
		s->standing = STANDING_IGNORED;
	if (r < 0)
		return;
	switch (s->mapped.governed) {
	case GOVERNED_NOT:
		s->standing = STANDING_IGNORED;
		return;
	case GOVERNED_LOCAL:
		if (s->service_class != SERVICE_GATE) {
			s->standing = STANDING_IGNORED;
			return;
		}
		break;
	case GOVERNED_LOCAL_LOGIN:
	case GOVERNED_TENANT:
		break;
	default:
		return;
	}
	if (index_tenant(s->index, s->mapped.tenant, &s->tenant) < 0)
		return;
	if (s->mapped.governed != GOVERNED_TENANT && s->mapped.login)
		keep_login(s, s->mapped.login);
	s->standing = STANDING_GOVERNED;
}

/*
 * A mapping whose account got another uid since it was bound is found by the name alone. Whoever the uid is now, it is
 * not nobody: a gate is closed to it, and a login if the mapping governed logins.
 */
static void check_name(struct subject *s, const char *name)
{
	struct index_login mapped = {.governed = GOVERNED_LOCAL_LOGIN};
	int r = index_login_by_name(s->index, name, &mapped);

	if (r != -ENOENT && (s->service_class == SERVICE_GATE || mapped.governed != GOVERNED_LOCAL))
		s->standing = STANDING_UNREADABLE;
}

/* The account that the mapping names still has the uid: a uid that somebody else got since is not that principal. */
static void check_mapped_account(struct subject *s)
{
	uid_t uid;

	if (!s->mapped.login || passwd_file_uid(s->mapped.login, &uid) < 0 || uid != s->uid)
		s->standing = STANDING_UNREADABLE;
}

static void check_invokers_name(struct subject *s)
{
	char name[TRANSACTION_USER_MAX];
	int r;

	if (index_local_count(s->index) == 0)
		return;
	if (s->standing == STANDING_GOVERNED && s->mapped.governed != GOVERNED_TENANT) {
		check_mapped_account(s);
		return;
	}
	if (s->standing != STANDING_IGNORED)
		return;
	r = passwd_file_name(s->uid, name, sizeof(name));
	if (r == 0)
		check_name(s, name);
	else if (r != -ENOENT)
		s->standing = STANDING_UNREADABLE;
}

/*
 * sudo has become root altogether, and no earlier phase says who called it: whoever it names is judged. That can only
 * make it stricter, for a caller who is root is none of ours; and root is told without any file.
 */
static void find_former_invoker(pam_handle_t *pamh, struct subject *s)
{
	const char *name = item_text(pamh, PAM_RUSER);

	if (!name || !*name || strcmp(name, "root") == 0 || passwd_file_uid(name, &s->uid) == 0)
		return;
	if (names_uid(pamh, name, &s->uid) < 0)
		s->uid = NO_ID;
}

/*
 * The invoker: the real uid of the first phase. A program may have become root altogether by the time that it opens
 * the session; any other uid than the first, or root where the first phase saw somebody, is no change for the better.
 */
static void find_invoker(pam_handle_t *pamh, struct subject *s, const struct transaction *t)
{
	uid_t now = getuid();

	s->uid = now;
	if (t && t->fixed && t->service_class == SERVICE_GATE) {
		s->uid = t->uid;
		if (now != t->uid && now != 0) {
			s->standing = STANDING_CHANGED;
			return;
		}
	} else if (now == 0) {
		find_former_invoker(pamh, s);
	}
	if (s->uid == NO_ID)
		return;
	if (s->uid == 0) {
		s->standing = STANDING_IGNORED;
	} else if (s->index) {
		stand_by_mapping(s);
		check_invokers_name(s);
	}
}

/* NSS does not know the name. That is a true miss only if the host's own file and every tenant say so too. */
static void find_unresolved(pam_handle_t *pamh, struct subject *s, const char *name)
{
	struct index_login mapped;
	struct index_tenant tenant;
	int r;

	if (strcmp(name, "root") == 0) {
		s->standing = STANDING_IGNORED;
		return;
	}
	r = passwd_file_uid(name, &s->uid);
	if (r == 0) {
		if (s->uid == 0)
			s->standing = STANDING_IGNORED;
		else
			stand_by_mapping(s);
		return;
	}
	s->uid = NO_ID;
	if (r != -ENOENT || index_login_by_name(s->index, name, &mapped) != -ENOENT)
		return;
	if (subject_tenant_user(pamh, s->index, name, &s->uid, &tenant) == -ENOENT)
		s->standing = STANDING_IGNORED;
}

/* Login and batch: the account that the program is about to serve, by the uid that NSS gives it. */
static void find_user(pam_handle_t *pamh, struct subject *s, const char *name)
{
	if (names_uid(pamh, name, &s->uid) < 0) {
		find_unresolved(pamh, s, name);
		return;
	}
	if (s->uid == 0) {
		s->standing = STANDING_IGNORED;
		return;
	}
	stand_by_mapping(s);
	if (s->standing == STANDING_IGNORED && s->mapped.governed == GOVERNED_NOT)
		check_name(s, name);
	if (s->standing != STANDING_IGNORED)
		keep_login(s, name);
}

/* A shortage passes; a file that is torn, foreign or closed to us stays so until somebody mends it. */
static bool is_shortage(int error)
{
	return error == -ENOMEM || error == -EMFILE || error == -ENFILE || error == -EAGAIN;
}

/*
 * The index is there and cannot be read, so no service has a class. Gates are those that are gates from birth, and
 * whatever a user runs set-uid; the gate file says whether they only report. At a login the host's own accounts go on, as an index that is torn must not lock out
 * those who can mend it; nobody else can be told from a tenant's user, and is denied.
 */
static void find_blind(pam_handle_t *pamh, struct subject *s, const struct transaction *t, const char *name, int error)
{
	static const char *const gates[] = {"sudo", "sudo-i", "su", "su-l"};
	struct gate_file gate;
	uid_t uid;

	s->service_class = getuid() != 0 && geteuid() == 0 ? SERVICE_GATE : SERVICE_LOGIN;
	for (size_t i = 0; i < ARRAY_LENGTH(gates); i++)
		if (strcmp(s->service, gates[i]) == 0)
			s->service_class = SERVICE_GATE;
	if (s->service_class == SERVICE_GATE) {
		if (gate_file_read("", &gate) == 0 && gate.report_only)
			s->mode = GATE_REPORT_ONLY;
		find_invoker(pamh, s, t);
		return;
	}
	if (!name)
		return;
	if (strcmp(name, "root") == 0 || (!is_shortage(error) && passwd_file_uid(name, &uid) == 0))
		s->standing = STANDING_IGNORED;
}

/* Holds what was found against what an earlier phase fixed (T4), and fixes it. */
static void fix(pam_handle_t *pamh, enum phase phase, struct subject *s, const char *name, struct transaction **ret)
{
	bool governed = s->standing != STANDING_IGNORED;
	struct transaction *t = transaction_get(pamh);

	/* Most hosts and services are none of ours: they pay for nothing. */
	if (!t && s->service_class == SERVICE_NONE)
		return;
	t = transaction_make(pamh);
	*ret = t;
	if (!t) {
		if (governed)
			s->standing = STANDING_UNREADABLE;
		return;
	}
	if (t->fixed && (phase == PHASE_LATER || t->service_class == SERVICE_GATE)) {
		bool same = t->service_class == s->service_class &&
			    (s->service_class == SERVICE_GATE ||
			     (name && strcmp(t->user, name) == 0 && t->uid == s->uid));

		if (!same && (t->governed || governed))
			s->standing = STANDING_CHANGED;
		return;
	}
	t->fixed = true;
	t->governed = governed;
	t->service_class = s->service_class;
	t->uid = s->uid;
	t->user[0] = '\0';
	t->told = false;
	t->logged = NULL;
	if (s->service_class == SERVICE_GATE || !name)
		return;
	if (strlen(name) < sizeof(t->user))
		memcpy(t->user, name, strlen(name) + 1);
	else if (governed)
		s->standing = STANDING_UNREADABLE;
}

static void classify(pam_handle_t *pamh, struct subject *s, const char *name)
{
	const struct transaction *t = transaction_get(pamh);
	int r = files_index(&s->index);

	if (r == -ENOENT) {
		s->service_class = SERVICE_NONE;
		s->standing = STANDING_IGNORED;
		return;
	}
	if (r < 0) {
		s->index = NULL;
		find_blind(pamh, s, t, name, r);
		return;
	}
	r = index_service(s->index, s->service, &s->service_class, &s->mode);
	if (r < 0) {
		files_index_back(s->index);
		s->index = NULL;
		find_blind(pamh, s, t, name, r);
		return;
	}
	switch (s->service_class) {
	case SERVICE_NONE:
		s->standing = STANDING_IGNORED;
		return;
	case SERVICE_GATE:
		find_invoker(pamh, s, t);
		return;
	case SERVICE_LOGIN:
	case SERVICE_BATCH:
		if (name)
			find_user(pamh, s, name);
		return;
	}
}

bool subject_is_in_broker(void)
{
	return &tenure_broker_process;
}

void subject_find(pam_handle_t *pamh, enum phase phase, struct subject *ret, struct transaction **ret_transaction)
{
	const char *name = item_text(pamh, PAM_USER);

	*ret = (struct subject){
		.standing = STANDING_UNREADABLE, .service_class = SERVICE_NONE, .mode = GATE_ENFORCE, .uid = NO_ID,
	};
	*ret_transaction = NULL;
	if (subject_is_in_broker()) {
		ret->standing = STANDING_BROKER;
		return;
	}
	ret->service = item_text(pamh, PAM_SERVICE);
	if (!ret->service)
		ret->service = "";
	classify(pamh, ret, name);
	fix(pamh, phase, ret, name, ret_transaction);
}

void subject_done(struct subject *s)
{
	files_index_back(s->index);
	s->index = NULL;
}

/* As NSS has it (nss_module/view.h): whoever may not know of a tenant's users is told of them as of nobody. */
static bool hides_from_caller(const struct index_tenant *t)
{
	return t->visibility == VISIBILITY_TENANT && (leak_find() || (getuid() != geteuid() && !leak_real_user_may(t->name)));
}

int subject_tenant_user(pam_handle_t *pamh, const struct index_view *index, const char *name, uid_t *ret_uid,
			struct index_tenant *ret_tenant)
{
	struct index_login mapped;
	int r;

	if (names_uid(pamh, name, ret_uid) == 0) {
		r = index_login_by_uid(index, *ret_uid, &mapped);
		if (r < 0) /* a broken mapping is of an account of the host's own */
			return r == -EKEYREVOKED ? -ENOENT : r;
		if (mapped.governed != GOVERNED_TENANT)
			return -ENOENT;
		return index_tenant(index, mapped.tenant, ret_tenant) < 0 ? -EBADMSG : 0;
	}
	for (size_t i = 0; i < index_tenant_count(index); i++) {
		CLEANUP(identity_closep) struct identity *identity = NULL;
		struct identity_user user;

		if (index_tenant(index, i, ret_tenant) < 0)
			return -EBADMSG;
		if (hides_from_caller(ret_tenant))
			continue;
		r = identity_open(ret_tenant->name, &identity);
		if (r == -EACCES && ret_tenant->visibility == VISIBILITY_TENANT)
			continue;
		if (r < 0)
			return r == -ENOENT ? -EBADMSG : r;
		r = identity_user_by_name(identity, name, &user);
		if (r != -ENOENT) {
			*ret_uid = r < 0 ? NO_ID : user.uid;
			return r;
		}
	}
	return -ENOENT;
}

bool subject_is_break_glass(const struct subject *s)
{
	char name[TRANSACTION_USER_MAX];
	struct gate_file gate;

	if (s->uid == NO_ID || passwd_file_name(s->uid, name, sizeof(name)) < 0)
		return false;
	if (!s->index)
		return gate_file_read(name, &gate) == 0 && gate.break_glass;
	return index_break_glass(s->index, name);
}

bool subject_target_is_known(const struct subject *s)
{
	return strcmp(s->service, "su") == 0 || strcmp(s->service, "su-l") == 0;
}

bool subject_is_sudo(const struct subject *s)
{
	return strcmp(s->service, "sudo") == 0 || strcmp(s->service, "sudo-i") == 0;
}
