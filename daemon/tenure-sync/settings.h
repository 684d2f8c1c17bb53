/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_SYNC_SETTINGS_H
#define TENURE_SYNC_SETTINGS_H

/* What the broker says of the tenant's directory: CONFIG packets (common/wire/sync_proto.h). */

#include "common/model/settings.h"
#include "common/wire/sync_proto.h"

#define URIS_MAX 16

struct settings {
	char *uris[URIS_MAX];
	size_t uri_count;
	char *base, *bind_dn;
	bool external; /* SASL EXTERNAL */
	enum ldap_schema schema;
	char *bases[OBJECT_KIND_COUNT]; /* normalised (dn.h) */
	char *policy_base;		/* what the assignments lie below, and so access policies; NULL: not known */
	char *user_filter, *group_filter;
	char *map[LDAP_FIELD_COUNT];
	struct uuid tenant_id;
	int64_t heartbeat_ms, poll_ms;
	char *password;			/* NULL: none */
	int ca_fd, cert_fd, key_fd;	/* -1: none */
};

void settings_init(struct settings *s);
/* Takes one CONFIG packet. 0, -EBADMSG, -ENOMEM. */
int settings_take(struct settings *s, const struct sync_packet *p) MUST_CHECK;
/* After the last: what must be there is there. 0 or -EINVAL. */
int settings_finish(struct settings *s) MUST_CHECK;

#endif
