/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "common/config/tenant_ldap.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/text.h"

#define HOUR_NS		  (3600 * NS_PER_S)
#define LEASE_LOGIN_NS	  (14 * 24 * HOUR_NS)
#define LEASE_GATE_NS	  (24 * HOUR_NS)
#define LEASE_GRANT_NS	  HOUR_NS
#define LEASE_MIN_NS	  (60 * NS_PER_S)
#define HEARTBEAT_NS	  (30 * NS_PER_S)
#define HEARTBEAT_MIN_NS  (2 * NS_PER_S)
#define HEARTBEAT_MAX_NS  (600 * NS_PER_S)
#define POLL_NS		  (300 * NS_PER_S)
#define POLL_MIN_NS	  (10 * NS_PER_S)
#define POLL_MAX_NS	  (24 * HOUR_NS)
#define OFFLINE_DAYS_MAX  365
#define URIS_MAX	  16
#define TEXT_MAX	  1024
#define DEFAULT_CA	  "/etc/ssl/certs/ca-certificates.crt"

#define AT(member)	    .at = offsetof(struct tenant_config, member)
#define BASE(key, kind)	    {.name = (key), .read = read_text, AT(ldap.bases[kind])}
#define MAP(key, ldap_name) {.name = (key), .read = read_text, AT(ldap.map[ldap_name])}

static const struct choice binds[] = {{"simple", LDAP_BIND_SIMPLE}, {"external", LDAP_BIND_EXTERNAL}, {NULL, 0}};
static const struct choice schemas[] = {
	{"rfc2307", LDAP_SCHEMA_RFC2307}, {"rfc2307bis", LDAP_SCHEMA_RFC2307BIS}, {"ad", LDAP_SCHEMA_AD}, {NULL, 0}};
static const struct choice id_sources[] = {{"directory", 0}, {"derived", 1}, {NULL, 0}};

static bool read_ids(struct reader *r, const config_setting_t *s, const struct key *key, void *target)
{
	struct key plain = {.name = key->name, .more = id_sources, .at = 0};
	int derived = 0;

	if (!read_choice(r, s, &plain, &derived))
		return false;
	((struct tenant_config *)target)->ldap.derive_ids = derived == 1;
	return true;
}

static const struct key map_keys[] = {
	MAP("user_name", LDAP_USER_NAME),	MAP("user_uid", LDAP_USER_UID),
	MAP("user_gid", LDAP_USER_GID),		MAP("user_gecos", LDAP_USER_GECOS),
	MAP("user_home", LDAP_USER_HOME),	MAP("user_shell", LDAP_USER_SHELL),
	MAP("user_ssh_key", LDAP_USER_SSH_KEY), MAP("user_id", LDAP_USER_ID),
	MAP("group_name", LDAP_GROUP_NAME),	MAP("group_gid", LDAP_GROUP_GID),
	MAP("group_member", LDAP_GROUP_MEMBER), MAP("group_member_name", LDAP_GROUP_MEMBER_NAME),
	MAP("group_id", LDAP_GROUP_ID),
};
static const struct key_table map_table = {map_keys, ARRAY_LENGTH(map_keys)};

static const struct key ldap_keys[] = {
	{.name = "uris",
	 .read = read_texts,
	 AT(ldap.uris),
	 .count_at = offsetof(struct tenant_config, ldap.uri_count),
	 .required = true,
	 .remedy = "uris = [ \"ldaps://ldap.contoso.com\" ];"},
	{.name = "base", .read = read_text, AT(ldap.base), .required = true, .remedy = "base = \"dc=contoso,dc=com\";"},
	{.name = "bind", .read = read_choice, AT(ldap.bind), .more = binds},
	{.name = "bind_dn", .read = read_text, AT(ldap.bind_dn)},
	{.name = "password_file", .read = read_text, AT(ldap.password_file)},
	{.name = "tls_ca", .read = read_text, AT(ldap.tls_ca)},
	{.name = "tls_cert", .read = read_text, AT(ldap.tls_cert)},
	{.name = "tls_key", .read = read_text, AT(ldap.tls_key)},
	{.name = "schema", .read = read_choice, AT(ldap.schema), .more = schemas},
	BASE("users", OBJECT_USER),
	BASE("groups", OBJECT_GROUP),
	BASE("scopes", OBJECT_SCOPE),
	BASE("hosts", OBJECT_HOST),
	BASE("units", OBJECT_UNIT),
	BASE("roles", OBJECT_ROLE),
	BASE("assignments", OBJECT_ASSIGNMENT),
	{.name = "user_filter", .read = read_text, AT(ldap.user_filter)},
	{.name = "group_filter", .read = read_text, AT(ldap.group_filter)},
	{.name = "map", .read = read_group, .more = &map_table},
	{.name = "ids", .read = read_ids},
	{.name = "heartbeat", .read = read_duration, AT(ldap.heartbeat_ns)},
	{.name = "poll", .read = read_duration, AT(ldap.poll_ns)},
	{.name = "offline_login_days", .read = read_count, AT(ldap.offline_login_days)},
	{.name = "offline_gates", .read = read_bool, AT(ldap.offline_gates)},
};
const struct key_table tenant_ldap_table = {ldap_keys, ARRAY_LENGTH(ldap_keys)};

static const struct key lease_keys[] = {
	{.name = "login", .read = read_duration, AT(lease.login_ns)},
	{.name = "gate", .read = read_duration, AT(lease.gate_ns)},
	{.name = "grant", .read = read_duration, AT(lease.grant_ns)},
};
const struct key_table tenant_lease_table = {lease_keys, ARRAY_LENGTH(lease_keys)};

void tenant_ldap_defaults(struct tenant_config *c)
{
	c->ldap.bind = LDAP_BIND_SIMPLE;
	c->ldap.schema = LDAP_SCHEMA_RFC2307BIS;
	c->ldap.heartbeat_ns = HEARTBEAT_NS;
	c->ldap.poll_ns = POLL_NS;
	c->lease = (struct lease){LEASE_LOGIN_NS, LEASE_GATE_NS, LEASE_GRANT_NS};
}

static bool is_plain(const char *text)
{
	return text && *text && text_check(text, TEXT_MAX) == 0;
}

/* A host or an address in brackets, and perhaps a port. */
static bool authority_is_valid(const char *at)
{
	const char *port;
	uint64_t number;
	size_t len;

	if (*at == '[') {
		len = strspn(at + 1, "0123456789abcdefABCDEF:.");
		if (len == 0 || at[1 + len] != ']')
			return false;
		port = at + len + 2;
	} else {
		len = strspn(at, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_");
		if (len == 0 || len > 253)
			return false;
		port = at + len;
	}
	return !*port || (*port == ':' && number_parse(port + 1, UINT16_MAX, &number) == 0 && number > 0);
}

/* Nothing but where the server is: no path, no user, no query. */
static bool uri_is_valid(const char *uri)
{
	char authority[300];
	size_t len;

	if (!is_plain(uri))
		return false;
	if (strncmp(uri, "ldapi://", 8) == 0) {
		len = strspn(uri + 8, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_%");
		return !uri[8 + len] || strcmp(uri + 8 + len, "/") == 0;
	}
	if (strncmp(uri, "ldap://", 7) != 0 && strncmp(uri, "ldaps://", 8) != 0)
		return false;
	uri = strstr(uri, "//") + 2;
	len = strlen(uri);
	if (len > 0 && uri[len - 1] == '/')
		len--;
	if (len == 0 || len >= sizeof(authority))
		return false;
	memcpy(authority, uri, len);
	authority[len] = '\0';
	return authority_is_valid(authority);
}

static bool check_uris(struct reader *r, const config_setting_t *s, const struct ldap_config *c)
{
	char escaped[300];

	if (c->uri_count == 0 || c->uri_count > URIS_MAX)
		return report(r, s, "conf-value", "name one to 16 servers", "uris has none, or too many");
	for (size_t i = 0; i < c->uri_count; i++)
		if (!uri_is_valid(c->uris[i]))
			return report(r, s, "conf-value", "write ldaps://HOST, ldap://HOST (StartTLS, always) or ldapi://PATH",
				      "\"%s\" is no URI of a server alone",
				      text_escape(c->uris[i], escaped, sizeof(escaped)));
	return true;
}

static bool all_are_local(const struct ldap_config *c)
{
	for (size_t i = 0; i < c->uri_count; i++)
		if (strncmp(c->uris[i], "ldapi://", 8) != 0)
			return false;
	return true;
}

static bool check_path(struct reader *r, const config_setting_t *s, const char *key, const char *path)
{
	if (!path || (path[0] == '/' && is_plain(path)))
		return true;
	return report(r, s, "conf-value", "write an absolute path", "%s is no absolute path", key);
}

static bool check_bind(struct reader *r, const config_setting_t *s, const struct ldap_config *c)
{
	if (c->bind == LDAP_BIND_SIMPLE && (!c->bind_dn || !c->password_file))
		return report(r, s, "conf-missing", "add both, or bind = \"external\";",
			      "bind \"simple\" needs bind_dn and password_file");
	if (c->bind == LDAP_BIND_SIMPLE && !is_plain(c->bind_dn))
		return report(r, s, "conf-value", "write the host's entry", "bind_dn is no DN");
	if (c->bind == LDAP_BIND_EXTERNAL && (c->bind_dn || c->password_file))
		return report(r, s, "conf-value", "remove bind_dn and password_file",
			      "bind \"external\" takes no name and no password");
	if (c->bind == LDAP_BIND_EXTERNAL && !c->tls_cert && !all_are_local(c))
		return report(r, s, "conf-missing", "add tls_cert and tls_key, or use ldapi:// alone",
			      "bind \"external\" needs a client certificate");
	if (!c->tls_cert != !c->tls_key)
		return report(r, s, "conf-missing", "add the other", "tls_cert and tls_key come together");
	return check_path(r, s, "password_file", c->password_file) && check_path(r, s, "tls_ca", c->tls_ca) &&
	       check_path(r, s, "tls_cert", c->tls_cert) && check_path(r, s, "tls_key", c->tls_key);
}

/* The worker parses DNs and filters; this finds what was forgotten. */
static bool dn_is_plausible(const char *dn)
{
	return is_plain(dn) && isalpha((unsigned char)dn[0]) && strchr(dn, '=');
}

static bool filter_is_plausible(const char *filter)
{
	int depth = 0;

	if (!is_plain(filter) || filter[0] != '(')
		return false;
	for (const char *at = filter; *at; at++) {
		if (at > filter && depth == 0)
			return false;
		depth += (*at == '(') - (*at == ')');
	}
	return depth == 0;
}

static bool attribute_is_valid(const char *name)
{
	if (!isalpha((unsigned char)name[0]) || strlen(name) > 64)
		return false;
	while (isalnum((unsigned char)*name) || *name == '-')
		name++;
	return !*name;
}

static bool check_words(struct reader *r, const config_setting_t *s, const struct ldap_config *c)
{
	if (!dn_is_plausible(c->base))
		return report(r, s, "conf-value", "base = \"dc=contoso,dc=com\";", "base is no DN");
	if ((c->user_filter && !filter_is_plausible(c->user_filter)) ||
	    (c->group_filter && !filter_is_plausible(c->group_filter)))
		return report(r, s, "conf-value", "write it in parentheses: (objectClass=posixAccount)",
			      "a filter is none");
	for (size_t i = 0; i < LDAP_FIELD_COUNT; i++)
		if (c->map[i] && !attribute_is_valid(c->map[i]))
			return report(r, s, "conf-value", "write its name alone", "map: that is no name of an attribute");
	return true;
}

static bool check_times(struct reader *r, const config_setting_t *s, const struct tenant_config *c)
{
	const struct lease *l = &c->lease;

	if (c->ldap.heartbeat_ns < HEARTBEAT_MIN_NS || c->ldap.heartbeat_ns > HEARTBEAT_MAX_NS)
		return report(r, s, "conf-value", "write 2s to 10m", "heartbeat is outside 2s-10m");
	if (c->ldap.poll_ns < POLL_MIN_NS || c->ldap.poll_ns > POLL_MAX_NS)
		return report(r, s, "conf-value", "write 10s to 24h", "poll is outside 10s-24h");
	if (c->ldap.offline_login_days > OFFLINE_DAYS_MAX)
		return report(r, s, "conf-value", "write 0 to 365", "offline_login_days is over 365");
	if (l->login_ns < LEASE_MIN_NS || l->gate_ns < LEASE_MIN_NS || l->grant_ns < LEASE_MIN_NS)
		return report(r, s, "conf-value", "write 1m or more", "a lease is under 1m");
	return true;
}

/* Does the DN end in the base? Upper case and blanks around , and = do not count. */
static bool ends_in(const char *dn, const char *base)
{
	const char *d = dn + strlen(dn), *b = base + strlen(base);

	for (;;) {
		while (d > dn && d[-1] == ' ')
			d--;
		while (b > base && b[-1] == ' ')
			b--;
		if (b == base)
			return d == dn || d[-1] == ',';
		if (d == dn || tolower((unsigned char)d[-1]) != tolower((unsigned char)b[-1]))
			return false;
		d--;
		b--;
	}
}

/* What is not below the base already is meant to be. "" stands for none. */
static bool complete_base(struct reader *r, const config_setting_t *s, const char *base, const char *usual, char **at)
{
	const char *said = *at ? *at : usual;
	char *whole = NULL;

	if (*said && !dn_is_plausible(said))
		return report(r, s, "conf-value", "users = \"ou=people\";", "where objects are is no DN");
	if (*said && (ends_in(said, base) ? asprintf(&whole, "%s", said) : asprintf(&whole, "%s,%s", said, base)) < 0) {
		r->no_memory = true;
		return false;
	}
	free(*at);
	*at = whole;
	return true;
}

static bool complete(struct reader *r, const config_setting_t *s, struct ldap_config *c)
{
	static const char *const usual[OBJECT_KIND_COUNT] = {
		[OBJECT_USER] = "ou=people",		   [OBJECT_GROUP] = "ou=groups",
		[OBJECT_SCOPE] = "ou=scopes,ou=tenure",	   [OBJECT_HOST] = "ou=hosts,ou=tenure",
		[OBJECT_UNIT] = "ou=units,ou=tenure",	   [OBJECT_ROLE] = "ou=roles,ou=tenure",
		[OBJECT_ASSIGNMENT] = "ou=assignments,ou=tenure",
	};

	for (size_t i = 0; i < OBJECT_KIND_COUNT; i++)
		if (usual[i] && !complete_base(r, s, c->base, usual[i], &c->bases[i]))
			return false;
	if (!c->tls_ca && !all_are_local(c)) {
		c->tls_ca = strdup(DEFAULT_CA);
		r->no_memory = r->no_memory || !c->tls_ca;
	}
	return !r->no_memory;
}

bool tenant_ldap_finish(struct reader *r, const config_setting_t *s, struct tenant_config *c)
{
	return check_uris(r, s, &c->ldap) && check_words(r, s, &c->ldap) && check_bind(r, s, &c->ldap) &&
	       check_times(r, s, c) && complete(r, s, &c->ldap);
}
