/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/tenure-sync/settings.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/text.h"
#include "daemon/tenure-sync/dn.h"

#define PASSWORD_MAX 4096

void settings_init(struct settings *s)
{
	*s = (struct settings){.schema = LDAP_SCHEMA_RFC2307BIS, .ca_fd = -1, .cert_fd = -1, .key_fd = -1};
}

static int take_text(const struct sync_field *f, char **ret)
{
	free(*ret);
	*ret = NULL;
	return sync_field_text(f, ret);
}

/* A byte that says which, then the text. */
static int take_numbered(const struct sync_field *f, char **all, size_t count)
{
	const struct sync_field text = {f->tag, f->data + 1, f->len - 1};

	if (f->len < 2 || f->data[0] >= count)
		return -EBADMSG;
	return take_text(&text, &all[f->data[0]]);
}

static int take_number(const struct sync_field *f, uint64_t max, uint64_t *ret)
{
	char *text;
	int r = sync_field_text(f, &text);

	if (r < 0)
		return r;
	r = number_parse(text, max, ret) < 0 ? -EBADMSG : 0;
	free(text);
	return r;
}

static int take_milliseconds(const struct sync_field *f, int64_t *ret)
{
	uint64_t number = 0;
	int r = take_number(f, INT32_MAX, &number);

	*ret = (int64_t)number;
	return r;
}

static int take_descriptor(const struct sync_field *f, int *ret)
{
	uint64_t number = 0;
	int r = take_number(f, 1024, &number);

	*ret = (int)number;
	return r;
}

/* The first line of what the descriptor holds. */
static int take_password(const struct sync_field *f, char **ret)
{
	char text[PASSWORD_MAX];
	int fd, r = take_descriptor(f, &fd);
	ssize_t n = r == 0 ? pread(fd, text, sizeof(text) - 1, 0) : -1;

	if (n < 0)
		return -EBADMSG;
	text[n] = '\0';
	text[strcspn(text, "\r\n")] = '\0';
	*ret = strdup(text);
	explicit_bzero(text, sizeof(text));
	close(fd);
	return *ret ? 0 : -ENOMEM;
}

static int take_word(struct settings *s, const struct sync_field *f)
{
	char *text;
	int r = sync_field_text(f, &text);

	if (r < 0)
		return r;
	if (f->tag == SYNC_CONFIG_BIND) {
		s->external = strcmp(text, "external") == 0;
		r = s->external || strcmp(text, "simple") == 0 ? 0 : -EBADMSG;
	} else if (strcmp(text, "ad") == 0) {
		s->schema = LDAP_SCHEMA_AD;
	} else if (strcmp(text, "rfc2307") == 0) {
		s->schema = LDAP_SCHEMA_RFC2307;
	} else {
		r = strcmp(text, "rfc2307bis") == 0 ? 0 : -EBADMSG;
	}
	free(text);
	return r;
}

static int take_field(struct settings *s, const struct sync_field *f)
{
	switch ((enum sync_config_tag)f->tag) {
	case SYNC_CONFIG_URI:
		return s->uri_count < URIS_MAX ? sync_field_text(f, &s->uris[s->uri_count++]) : -EBADMSG;
	case SYNC_CONFIG_BASE:
		return take_text(f, &s->base);
	case SYNC_CONFIG_BIND:
	case SYNC_CONFIG_SCHEMA:
		return take_word(s, f);
	case SYNC_CONFIG_BIND_DN:
		return take_text(f, &s->bind_dn);
	case SYNC_CONFIG_KIND_BASE:
		return take_numbered(f, s->bases, OBJECT_KIND_COUNT);
	case SYNC_CONFIG_USER_FILTER:
		return take_text(f, &s->user_filter);
	case SYNC_CONFIG_GROUP_FILTER:
		return take_text(f, &s->group_filter);
	case SYNC_CONFIG_MAP:
		return take_numbered(f, s->map, LDAP_FIELD_COUNT);
	case SYNC_CONFIG_TENANT_ID:
		return sync_field_uuid(f, &s->tenant_id);
	case SYNC_CONFIG_HEARTBEAT_MS:
		return take_milliseconds(f, &s->heartbeat_ms);
	case SYNC_CONFIG_POLL_MS:
		return take_milliseconds(f, &s->poll_ms);
	case SYNC_CONFIG_PASSWORD_FD:
		return take_password(f, &s->password);
	case SYNC_CONFIG_CA_FD:
		return take_descriptor(f, &s->ca_fd);
	case SYNC_CONFIG_CERT_FD:
		return take_descriptor(f, &s->cert_fd);
	case SYNC_CONFIG_KEY_FD:
		return take_descriptor(f, &s->key_fd);
	case SYNC_CONFIG_TAG_COUNT:
		break;
	}
	return -EBADMSG;
}

int settings_take(struct settings *s, const struct sync_packet *p)
{
	struct sync_cursor c = sync_packet_fields(p);
	struct sync_field f;
	int r;

	while ((r = sync_next(&c, &f)) > 0) {
		r = take_field(s, &f);
		if (r < 0)
			return r;
	}
	return r;
}

static int normalise(char **dn)
{
	char *normal;
	int r = *dn ? dn_normalise(*dn, &normal) : -ENOENT;

	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return r;
	free(*dn);
	*dn = normal;
	return 0;
}

int settings_finish(struct settings *s)
{
	const char *parent;

	if (s->uri_count == 0 || !s->base || s->heartbeat_ms <= 0 || s->poll_ms <= 0 ||
	    (!s->external && (!s->bind_dn || !s->password || !*s->password)))
		return -EINVAL;
	for (size_t i = 0; i < OBJECT_KIND_COUNT; i++)
		if (normalise(&s->bases[i]) < 0)
			return -EINVAL;
	parent = s->bases[OBJECT_ASSIGNMENT] ? dn_parent(s->bases[OBJECT_ASSIGNMENT]) : NULL;
	s->policy_base = parent ? strdup(parent) : NULL;
	return 0;
}
