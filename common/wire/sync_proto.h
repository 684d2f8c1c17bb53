/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_WIRE_SYNC_PROTO_H
#define TENURE_WIRE_SYNC_PROTO_H

/*
 * Between tenured and tenure-sync: a SOCK_SEQPACKET socketpair, a packet a message, version 1. The worker speaks for one
 * tenant's directory; whatever it says is bounded here and validated again by the broker.
 *
 *   packet   u8 version (1) · u8 type · u8 flags · u8 reserved (0) · fields
 *   field    u8 tag · u8 reserved (0) · u16 little-endian length · bytes
 *
 * From the broker:
 *   CONFIG   fields: see enum sync_config_tag; MORE: another CONFIG follows
 *   START    fields: COOKIE, if there is one. Begin, from there.
 *   PING     fields: SERIAL. Answer at once: a worker that does not is killed.
 *   LOGIN    fields: SERIAL, DN, PASSWORD. Bind as that entry (T1: a password is never empty).
 *   PASSWD   fields: SERIAL, DN, PASSWORD, NEW_PASSWORD. RFC 3062, as that entry.
 * From the worker:
 *   HELLO    flags: enum sync_confined, what keeps it in
 *   CONNECTED fields: URI. flags: SYNC_POLLS: no syncprov, it asks again and again
 *   FAILED   fields: URI, TEXT; flags: enum sync_failure. No connection (any more); it tries again by itself.
 *   REFRESH  a batch begins. flags: SYNC_ALL: what it does not mention is gone, from before START's cookie or not
 *   ENTRY    fields: objects (below), whole, one behind the other; or a part of one alone, and MORE: another ENTRY with
 *            more of the same object follows, and what comes without MORE is its end
 *   DELETED  fields: UUID, one or more
 *   PRESENT  fields: UUID, one or more: as it was
 *   DONE     the batch is complete and counts. flags: SYNC_ALL; fields: COOKIE, if there is one
 *   ALIVE    the provider has just answered: what was sent is what it has
 *   PONG     fields: SERIAL
 *   RESULT   fields: SERIAL, perhaps TEXT; flags: enum sync_verdict
 *
 * Every change is in a batch: REFRESH opens one, and so does the first ENTRY, DELETED or PRESENT behind a DONE. A batch
 * whose DONE does not come has not happened.
 *
 * An object is its fields: UUID, at its beginning, KIND and DN once, the others as its kind has them; texts hold no NUL. DNs
 * are normalised by the worker, so that equal ones are equal bytes. The same bytes are kept in mirrors.
 */

#include "common/base/id.h"

#define SYNC_PROTO_VERSION 1
#define SYNC_PACKET_MAX	   65536
#define SYNC_FIELD_MAX	   16384
#define SYNC_OBJECT_MAX	   (32u << 20) /* a group of 100,000 members is 8 MB */
#define SYNC_COOKIE_MAX	   4096
#define SYNC_DN_MAX	   2048
#define SYNC_HEADER_LEN	   4
#define SYNC_FIELD_HEADER_LEN 4

enum sync_type {
	SYNC_CONFIG = 1, SYNC_START, SYNC_PING, SYNC_LOGIN, SYNC_PASSWD,
	SYNC_HELLO = 16, SYNC_CONNECTED, SYNC_FAILED, SYNC_REFRESH, SYNC_ENTRY, SYNC_DELETED, SYNC_PRESENT, SYNC_DONE,
	SYNC_ALIVE, SYNC_PONG, SYNC_RESULT,
};

#define SYNC_MORE  0x80u /* CONFIG, ENTRY */
#define SYNC_ALL   0x01u /* REFRESH, DONE */
#define SYNC_POLLS 0x01u /* CONNECTED */

enum sync_confined {
	SYNC_CONFINED_SECCOMP = 1, SYNC_CONFINED_LANDLOCK = 2, SYNC_CONFINED_PID_NAMESPACE = 4,
};

enum sync_failure {
	SYNC_FAILURE_UNREACHABLE = 1, /* refused, no route, time, name not found */
	SYNC_FAILURE_TLS,	      /* certificate, name, protocol, StartTLS refused */
	SYNC_FAILURE_CREDENTIALS,
	SYNC_FAILURE_BASE,	      /* no such base, or not readable */
	SYNC_FAILURE_TENANT,	      /* the base is another tenant's: its tenureId is not ours */
	SYNC_FAILURE_LAGGING,	      /* this provider is behind what we have */
	SYNC_FAILURE_SILENT,	      /* it stopped answering */
	SYNC_FAILURE_PROTOCOL,
	SYNC_FAILURE_CONFIG,	      /* the configuration: a filter, a file */
	SYNC_FAILURE_LIMIT,	      /* it does not give us all that there is */
	SYNC_FAILURE_COUNT
};

/* As far apart as verdicts are (T3): what is none of these is a denial. */
enum sync_verdict {
	SYNC_VERDICT_NO = 0xa5,
	SYNC_VERDICT_YES = 0x5a,
	SYNC_VERDICT_MUST_CHANGE = 0x3c, /* the password is right, and has to be changed first (ppolicy) */
	SYNC_VERDICT_EXPIRED = 0x96,	 /* right or not, it is not valid any more */
	SYNC_VERDICT_LOCKED = 0x69,
	SYNC_VERDICT_UNAVAILABLE = 0xc3, /* nobody could be asked */
	SYNC_VERDICT_REFUSED = 0x0f,	 /* PASSWD: the server does not take the new one; TEXT says why */
};

/* Fields of CONFIG: texts of struct ldap_config, and descriptors' numbers. */
enum sync_config_tag {
	SYNC_CONFIG_URI = 1, /* one or more, in order */
	SYNC_CONFIG_BASE, SYNC_CONFIG_BIND, /* "simple", "external" */
	SYNC_CONFIG_BIND_DN, SYNC_CONFIG_SCHEMA, /* "rfc2307", "rfc2307bis", "ad" */
	SYNC_CONFIG_KIND_BASE, /* u8 enum object_kind, then the DN */
	SYNC_CONFIG_USER_FILTER, SYNC_CONFIG_GROUP_FILTER,
	SYNC_CONFIG_MAP, /* u8 enum ldap_field, then the attribute */
	SYNC_CONFIG_TENANT_ID, /* 16 bytes */
	SYNC_CONFIG_HEARTBEAT_MS, SYNC_CONFIG_POLL_MS, /* decimal */
	/* Decimal numbers of inherited descriptors, which hold the contents: sealed memory, so that nothing is opened. */
	SYNC_CONFIG_PASSWORD_FD, SYNC_CONFIG_CA_FD, SYNC_CONFIG_CERT_FD, SYNC_CONFIG_KEY_FD,
	SYNC_CONFIG_TAG_COUNT
};

/* Fields of all other packets, and of objects. */
enum sync_tag {
	SYNC_TAG_UUID = 1, /* 16 bytes: entryUUID, or what stands for it (objectGUID in RFC 9562 order) */
	SYNC_TAG_KIND,	   /* u8 enum object_kind */
	SYNC_TAG_DN, SYNC_TAG_COOKIE, SYNC_TAG_URI, SYNC_TAG_TEXT, SYNC_TAG_SERIAL /* u64 little-endian */,
	SYNC_TAG_PASSWORD, SYNC_TAG_NEW_PASSWORD,
	/* of objects: who last changed it (a DN), its entryCSN, when it was made (RFC 3339) */
	SYNC_TAG_MODIFIER = 32, SYNC_TAG_CSN, SYNC_TAG_CREATED,
	SYNC_TAG_PROBLEM, /* the entry cannot be taken: why, for people. Such an object counts as broken. */
	SYNC_TAG_ID,	  /* 16 bytes: tenureId; without it UUID is the id */
	SYNC_TAG_NAME, SYNC_TAG_TITLE, SYNC_TAG_UID, SYNC_TAG_GID, SYNC_TAG_GECOS, SYNC_TAG_HOME, SYNC_TAG_SHELL,
	SYNC_TAG_SSH_KEY,	  /* any number */
	SYNC_TAG_ENABLED,	  /* "true", "false" */
	SYNC_TAG_BEGIN, SYNC_TAG_END, /* RFC 3339 */
	SYNC_TAG_USER_KIND,	  /* "person", "service" */
	SYNC_TAG_ATTRIBUTE,	  /* "name=value", any number */
	SYNC_TAG_MEMBER,	  /* DN, any number: of groups and units */
	SYNC_TAG_MEMBER_NAME,	  /* memberUid, any number */
	SYNC_TAG_PATH, SYNC_TAG_SCOPE_KIND, SYNC_TAG_ENVIRONMENT, SYNC_TAG_TIER,
	SYNC_TAG_RESTRICTED,	  /* "true", "false" */
	SYNC_TAG_ACTION, SYNC_TAG_NOT_ACTION, /* any number */
	SYNC_TAG_MAX_DURATION,	  /* "2h" */
	SYNC_TAG_JUSTIFICATION, SYNC_TAG_TICKET, SYNC_TAG_STEP_UP, /* "true", "false" */
	SYNC_TAG_APPROVALS,	  /* decimal */
	SYNC_TAG_APPROVER,	  /* DN, any number */
	SYNC_TAG_APPROVAL_TIMEOUT,
	SYNC_TAG_ASSIGNMENT_TYPE, /* "eligible", "active", "deny" */
	SYNC_TAG_ROLE,		  /* a name */
	SYNC_TAG_PRINCIPAL, SYNC_TAG_UNIT, /* DNs */
	SYNC_TAG_UNKNOWN,	  /* any number: an attribute or value of Tenure's that this version does not know; it may restrict */
	SYNC_TAG_COUNT
};

/* A packet that is being put together. */
struct sync_packet {
	size_t len;
	uint8_t bytes[SYNC_PACKET_MAX];
};
void sync_packet_begin(struct sync_packet *p, enum sync_type type, unsigned flags);
/* 0; -ENOSPC: does not fit any more; -EMSGSIZE: would fit in none. Nothing is added then. */
int sync_packet_add(struct sync_packet *p, unsigned tag, const void *data, size_t len) MUST_CHECK;
int sync_packet_add_text(struct sync_packet *p, unsigned tag, const char *text) MUST_CHECK;
int sync_packet_add_uuid(struct sync_packet *p, unsigned tag, const struct uuid *id) MUST_CHECK;
int sync_packet_add_serial(struct sync_packet *p, uint64_t serial) MUST_CHECK;

/* Sends it whole. 0, -EAGAIN (a socket that does not block), -EPIPE, -errno. */
int sync_packet_send(int fd, const struct sync_packet *p) MUST_CHECK;
/* One packet, checked as sync_packet_check does. 0, -EAGAIN, -EPIPE (the other side is gone), -EBADMSG, -errno. */
int sync_packet_receive(int fd, struct sync_packet *ret) MUST_CHECK;
/* Header, known type, every field's length, no tail. 0 or -EBADMSG. */
int sync_packet_check(const void *packet, size_t len) MUST_CHECK;
void sync_packet_wipe(struct sync_packet *p);
enum sync_type sync_packet_type(const struct sync_packet *p);
unsigned sync_packet_flags(const struct sync_packet *p);

/* Walks fields: of a packet that was checked, or of an object (its bytes without a packet's header). */
struct sync_field {
	unsigned tag;
	const uint8_t *data; /* no NUL behind it */
	size_t len;
};
struct sync_cursor {
	const uint8_t *at, *end;
};
struct sync_cursor sync_packet_fields(const struct sync_packet *p);
struct sync_cursor sync_object_fields(const void *object, size_t len);
/* 1 and the field; 0 at the end; -EBADMSG. */
int sync_next(struct sync_cursor *c, struct sync_field *ret) MUST_CHECK;
/* The first field with that tag: 0, -ENOENT, -EBADMSG. */
int sync_find(struct sync_cursor c, unsigned tag, struct sync_field *ret) MUST_CHECK;
/* A copy with NUL, to be freed; -EBADMSG if it holds one, -ENOMEM. */
int sync_field_text(const struct sync_field *f, char **ret) MUST_CHECK;
int sync_field_uuid(const struct sync_field *f, struct uuid *ret) MUST_CHECK;
int sync_field_serial(const struct sync_field *f, uint64_t *ret) MUST_CHECK;

#endif
