/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which attributes and classes a directory has: RFC 2307, RFC 2307bis, Active Directory, and Tenure's own everywhere. */
#include <stdlib.h>
#include <string.h>

#include "daemon/tenure-sync/entry.h"

/* The attribute of a field, by schema; a tenant may name another one. */
static const char *field_attribute(const struct settings *s, enum ldap_field field)
{
	static const char *const posix[LDAP_FIELD_COUNT] = {
		[LDAP_USER_NAME] = "uid",	      [LDAP_USER_UID] = "uidNumber",
		[LDAP_USER_GID] = "gidNumber",	      [LDAP_USER_GECOS] = "gecos",
		[LDAP_USER_HOME] = "homeDirectory",   [LDAP_USER_SHELL] = "loginShell",
		[LDAP_USER_SSH_KEY] = "sshPublicKey", [LDAP_USER_ID] = "tenureId",
		[LDAP_GROUP_NAME] = "cn",	      [LDAP_GROUP_GID] = "gidNumber",
		[LDAP_GROUP_MEMBER] = "member",	      [LDAP_GROUP_MEMBER_NAME] = "memberUid",
		[LDAP_GROUP_ID] = "tenureId",
	};
	static const char *const ad[LDAP_FIELD_COUNT] = {
		[LDAP_USER_NAME] = "sAMAccountName",	 [LDAP_USER_UID] = "uidNumber",
		[LDAP_USER_GID] = "gidNumber",		 [LDAP_USER_GECOS] = "displayName",
		[LDAP_USER_HOME] = "unixHomeDirectory",	 [LDAP_USER_SHELL] = "loginShell",
		[LDAP_USER_SSH_KEY] = "sshPublicKey",	 [LDAP_USER_ID] = "tenureId",
		[LDAP_GROUP_NAME] = "sAMAccountName",	 [LDAP_GROUP_GID] = "gidNumber",
		[LDAP_GROUP_MEMBER] = "member",		 [LDAP_GROUP_MEMBER_NAME] = "memberUid",
		[LDAP_GROUP_ID] = "tenureId",
	};

	return s->map[field] ? s->map[field] : s->schema == LDAP_SCHEMA_AD ? ad[field] : posix[field];
}

static const struct {
	enum ldap_field field;
	unsigned tag;
	enum conversion conversion;
} user_fields[] = {
	{LDAP_USER_NAME, SYNC_TAG_NAME, TAKE_NAME},	{LDAP_USER_UID, SYNC_TAG_UID, TAKE_TEXT},
	{LDAP_USER_GID, SYNC_TAG_GID, TAKE_TEXT},	{LDAP_USER_GECOS, SYNC_TAG_GECOS, TAKE_TEXT},
	{LDAP_USER_HOME, SYNC_TAG_HOME, TAKE_TEXT},	{LDAP_USER_SHELL, SYNC_TAG_SHELL, TAKE_TEXT},
	{LDAP_USER_SSH_KEY, SYNC_TAG_SSH_KEY, TAKE_ALL}, {LDAP_USER_ID, SYNC_TAG_ID, TAKE_ID},
}, group_fields[] = {
	{LDAP_GROUP_NAME, SYNC_TAG_NAME, TAKE_NAME},	     {LDAP_GROUP_GID, SYNC_TAG_GID, TAKE_TEXT},
	{LDAP_GROUP_MEMBER, SYNC_TAG_MEMBER, TAKE_DNS},	     {LDAP_GROUP_MEMBER_NAME, SYNC_TAG_MEMBER_NAME, TAKE_ALL},
	{LDAP_GROUP_ID, SYNC_TAG_ID, TAKE_ID},
};

static const struct mapping user_more[] = {
	{"tenureUserKind", SYNC_TAG_USER_KIND, TAKE_TEXT},
	{"tenureEnabled", SYNC_TAG_ENABLED, TAKE_BOOL},
	{"tenureStart", SYNC_TAG_BEGIN, TAKE_TIME},
	{"tenureEnd", SYNC_TAG_END, TAKE_TIME},
	{"tenureAttribute", SYNC_TAG_ATTRIBUTE, TAKE_ALL},
	{"shadowExpire", SYNC_TAG_END, TAKE_SHADOW_EXPIRE},
	{"pwdAccountLockedTime", SYNC_TAG_ENABLED, TAKE_PPOLICY_LOCK},
	{"userAccountControl", SYNC_TAG_ENABLED, TAKE_AD_CONTROL},
	{"accountExpires", SYNC_TAG_END, TAKE_AD_EXPIRES},
	{NULL, 0, TAKE_NOTHING},
};
static const struct mapping group_more[] = {{"uniqueMember", SYNC_TAG_MEMBER, TAKE_DNS}, {NULL, 0, TAKE_NOTHING}};
static const struct mapping scope_more[] = {
	{"cn", SYNC_TAG_NAME, TAKE_NAME},
	{"tenureId", SYNC_TAG_ID, TAKE_ID},
	{"tenureScopePath", SYNC_TAG_PATH, TAKE_TEXT},
	{"tenureScopeKind", SYNC_TAG_SCOPE_KIND, TAKE_TEXT},
	{"tenureEnvironment", SYNC_TAG_ENVIRONMENT, TAKE_TEXT},
	{"tenureTier", SYNC_TAG_TIER, TAKE_TEXT},
	{NULL, 0, TAKE_NOTHING},
};
static const struct mapping host_more[] = {
	{"cn", SYNC_TAG_NAME, TAKE_NAME},
	{"tenureId", SYNC_TAG_ID, TAKE_ID},
	{"tenureScopePath", SYNC_TAG_PATH, TAKE_TEXT},
	{"tenureAttribute", SYNC_TAG_ATTRIBUTE, TAKE_ALL},
	{NULL, 0, TAKE_NOTHING},
};
static const struct mapping unit_more[] = {
	{"cn", SYNC_TAG_NAME, TAKE_NAME},
	{"tenureId", SYNC_TAG_ID, TAKE_ID},
	{"tenureRestricted", SYNC_TAG_RESTRICTED, TAKE_BOOL},
	{"tenureMember", SYNC_TAG_MEMBER, TAKE_DNS},
	{NULL, 0, TAKE_NOTHING},
};
static const struct mapping role_more[] = {
	{"cn", SYNC_TAG_NAME, TAKE_NAME},
	{"tenureId", SYNC_TAG_ID, TAKE_ID},
	{"tenureTitle", SYNC_TAG_TITLE, TAKE_TEXT},
	{"gidNumber", SYNC_TAG_GID, TAKE_TEXT},
	{"tenureAction", SYNC_TAG_ACTION, TAKE_ALL},
	{"tenureNotAction", SYNC_TAG_NOT_ACTION, TAKE_ALL},
	{"tenureMaxDuration", SYNC_TAG_MAX_DURATION, TAKE_TEXT},
	{"tenureJustificationRequired", SYNC_TAG_JUSTIFICATION, TAKE_BOOL},
	{"tenureTicketRequired", SYNC_TAG_TICKET, TAKE_BOOL},
	{"tenureStepUpRequired", SYNC_TAG_STEP_UP, TAKE_BOOL},
	{"tenureApprovals", SYNC_TAG_APPROVALS, TAKE_TEXT},
	{"tenureApprover", SYNC_TAG_APPROVER, TAKE_DNS},
	{"tenureApprovalTimeout", SYNC_TAG_APPROVAL_TIMEOUT, TAKE_TEXT},
	{NULL, 0, TAKE_NOTHING},
};
static const struct mapping assignment_more[] = {
	{"cn", SYNC_TAG_NAME, TAKE_NAME},
	{"tenureId", SYNC_TAG_ID, TAKE_ID},
	{"tenureAssignmentType", SYNC_TAG_ASSIGNMENT_TYPE, TAKE_TEXT},
	{"tenureRole", SYNC_TAG_ROLE, TAKE_TEXT},
	{"tenureAction", SYNC_TAG_ACTION, TAKE_ALL},
	{"tenurePrincipal", SYNC_TAG_PRINCIPAL, TAKE_DNS},
	{"tenureGuest", SYNC_TAG_GUEST, TAKE_TEXT},
	{"tenureScopePath", SYNC_TAG_PATH, TAKE_TEXT},
	{"tenureUnit", SYNC_TAG_UNIT, TAKE_DNS},
	{"tenureStart", SYNC_TAG_BEGIN, TAKE_TIME},
	{"tenureEnd", SYNC_TAG_END, TAKE_TIME},
	{NULL, 0, TAKE_NOTHING},
};
static const struct mapping other_more[] = {{"cn", SYNC_TAG_NAME, TAKE_NAME}, {NULL, 0, TAKE_NOTHING}};

static const struct mapping *const more_of[OBJECT_KIND_COUNT] = {
	[OBJECT_USER] = user_more, [OBJECT_GROUP] = group_more, [OBJECT_SCOPE] = scope_more, [OBJECT_HOST] = host_more,
	[OBJECT_UNIT] = unit_more, [OBJECT_ROLE] = role_more,   [OBJECT_ASSIGNMENT] = assignment_more,
	[OBJECT_OTHER] = other_more,
};

void map_of(const struct settings *s, enum object_kind kind, struct mapping ret[static MAPPINGS_MAX])
{
	size_t count = 0;

	for (size_t i = 0; kind == OBJECT_USER && i < ARRAY_LENGTH(user_fields); i++)
		ret[count++] = (struct mapping){field_attribute(s, user_fields[i].field), user_fields[i].tag,
						user_fields[i].conversion};
	for (size_t i = 0; kind == OBJECT_GROUP && i < ARRAY_LENGTH(group_fields); i++)
		ret[count++] = (struct mapping){field_attribute(s, group_fields[i].field), group_fields[i].tag,
						group_fields[i].conversion};
	for (const struct mapping *m = more_of[kind]; m && m->attribute; m++)
		ret[count++] = *m;
	ret[count] = (struct mapping){NULL, 0, TAKE_NOTHING};
}

const char *const *map_classes(const struct settings *s, enum object_kind kind)
{
	static const char *const none[] = {NULL};
	static const char *const users[] = {"posixAccount", "tenureUser", NULL}, *const ad_users[] = {"user", "tenureUser", NULL};
	static const char *const groups[] = {"posixGroup", "tenureGroup", NULL};
	static const char *const bis_groups[] = {"posixGroup", "groupOfNames", "groupOfUniqueNames", "tenureGroup", NULL};
	static const char *const ad_groups[] = {"group", "tenureGroup", NULL};
	static const char *const scopes[] = {"tenureScope", NULL}, *const hosts[] = {"tenureHost", NULL};
	static const char *const units[] = {"tenureAdministrativeUnit", NULL};
	static const char *const roles[] = {"tenureRoleDefinition", NULL};
	static const char *const assignments[] = {"tenureRoleAssignment", NULL};
	static const char *const others[] = {"tenureAccessPolicy", NULL};

	switch (kind) {
	case OBJECT_USER:
		return s->schema == LDAP_SCHEMA_AD ? ad_users : users;
	case OBJECT_GROUP:
		return s->schema == LDAP_SCHEMA_AD ? ad_groups : s->schema == LDAP_SCHEMA_RFC2307 ? groups : bis_groups;
	case OBJECT_SCOPE:
		return scopes;
	case OBJECT_HOST:
		return hosts;
	case OBJECT_UNIT:
		return units;
	case OBJECT_ROLE:
		return roles;
	case OBJECT_ASSIGNMENT:
		return assignments;
	case OBJECT_OTHER:
		return others;
	case OBJECT_TENANT:
	case OBJECT_ELSEWHERE:
	case OBJECT_KIND_COUNT:
		break;
	}
	return none;
}
