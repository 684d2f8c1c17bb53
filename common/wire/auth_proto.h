/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_WIRE_AUTH_PROTO_H
#define TENURE_WIRE_AUTH_PROTO_H

/*
 * Between tenured and tenure-auth: a SOCK_SEQPACKET socketpair, a record a packet, version 1. One transaction a
 * process: START from the broker; PROMPT and MESSAGE from tenure-auth, an ANSWER from the broker to each PROMPT; then
 * one RESULT, and both close.
 *
 *   packet   u8 version (1) · u8 type · u8 flag · u8 count · count × (u16 little-endian length, bytes)
 *
 * Bytes of a field hold no NUL; a packet has exactly the fields of its type and nothing behind them.
 *
 *   START    flag: enum auth_mode      fields: tenant, principal (UUID), login
 *   PROMPT   flag: 1 echo, 0 none      fields: text
 *   MESSAGE  flag: 1 error, 0 info     fields: text
 *   ANSWER   flag: 0                   fields: text
 *   RESULT   flag: enum auth_result    fields: method ("pam:tenure", "password")
 *   VERIFY   flag: 0                   fields: password. Of a principal in LDAP; the broker asks the directory
 *   VERDICT  flag: enum sync_verdict   fields: text, perhaps empty: the answer to VERIFY
 */

#include "common/base/result.h"

#define AUTH_PROTO_VERSION 1
#define AUTH_FIELDS_MAX	   3
#define AUTH_FIELD_MAX	   1024 /* bytes of a field; a longer answer is refused */
#define AUTH_PACKET_MAX	   (4 + AUTH_FIELDS_MAX * (2 + AUTH_FIELD_MAX))
#define AUTH_TRIES	   3
#define AUTH_SECONDS	   120

enum auth_type { AUTH_START = 1, AUTH_PROMPT, AUTH_MESSAGE, AUTH_ANSWER, AUTH_RESULT, AUTH_VERIFY, AUTH_VERDICT, AUTH_TYPE_COUNT };

enum auth_mode {
	AUTH_MODE_STEP_UP = 1, /* PAM service `tenure`; without one, as AUTH_MODE_PASSWORD */
	AUTH_MODE_PASSWORD,    /* the principal's hash in `secrets`; with AUTH_DIRECTORY: VERIFY */
};
#define AUTH_DIRECTORY 0x80u /* beside the mode: the principal's password is its directory's to judge */

/* As far apart as verdicts are (T3): what is neither is a denial. */
enum auth_result {
	AUTH_RESULT_NO = 0xa5,
	AUTH_RESULT_YES = 0x5a,
	AUTH_RESULT_UNAVAILABLE = 0xc3, /* nothing to prove it with: no password, PAM broken */
};

struct auth_record {
	enum auth_type type;
	uint8_t flag;
	size_t count;
	char fields[AUTH_FIELDS_MAX][AUTH_FIELD_MAX + 1]; /* with NUL */
};

/* len bytes that came. 0 or -EBADMSG; *ret is wiped then. */
int auth_record_decode(const void *packet, size_t len, struct auth_record *ret) MUST_CHECK;
/* The packet's length, or -EINVAL (wrong count of fields, a type that is none). */
int auth_record_encode(const struct auth_record *record, uint8_t packet[static AUTH_PACKET_MAX]) MUST_CHECK;

/* Fills a record; -EMSGSIZE if a field is too long. fields beyond the type's count are NULL. */
int auth_record_make(enum auth_type type, uint8_t flag, const char *first, const char *second, const char *third,
		     struct auth_record *ret) MUST_CHECK;

/* One packet. -EPIPE: the other side is gone; -EAGAIN; -EBADMSG; -errno. What passed through memory is wiped. */
int auth_record_send(int fd, const struct auth_record *record) MUST_CHECK;
int auth_record_receive(int fd, struct auth_record *ret) MUST_CHECK;

void auth_record_wipe(struct auth_record *record);

#endif
