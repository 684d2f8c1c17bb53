/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_PAM_JSON_H
#define TENURE_PAM_JSON_H

/*
 * The few bytes of JSON that the module speaks with the broker (io.tenure.varlink): flat objects out, flat objects in,
 * no heap, every length bounded. MUST: refuse what is not exactly the expected shape - unknown types, nesting, double
 * keys, bad UTF-8, "\u0000", bytes behind the end; a lying broker can at worst be refused.
 */

#include "common/base/result.h"

/* Out: appends mark the writer when it is full or a text is not UTF-8; json_finish says so. */
struct json_writer {
	char *data;
	size_t len, size;
	int error; /* 0 or -errno */
	bool separate; /* a comma is due */
};

void json_begin(struct json_writer *w, char *buf, size_t size, const char *method, bool more, bool oneway);
/* value NULL leaves the parameter out. */
void json_text(struct json_writer *w, const char *name, const char *value);
void json_number(struct json_writer *w, const char *name, int64_t value);
/* Closes the message, its NUL included in the length. Returns the length, or -EMSGSIZE, -EILSEQ. */
int json_finish(struct json_writer *w) MUST_CHECK;

#define JSON_FIELDS_MAX 12
#define JSON_NAME_MAX	32
#define JSON_TEXT_MAX	512

enum json_type { JSON_NULL = 1, JSON_BOOL, JSON_NUMBER, JSON_TEXT };

struct json_field {
	char name[JSON_NAME_MAX];
	enum json_type type;
	int64_t number; /* NUMBER, BOOL */
	char text[JSON_TEXT_MAX];
};

/* In: one reply. Wipe it where it may hold an answer. */
struct json_reply {
	char error[JSON_NAME_MAX * 2]; /* "" or the name without "io.tenure." */
	bool continues;
	size_t field_count;
	struct json_field fields[JSON_FIELDS_MAX]; /* of "parameters" */
};

/* text: one message without its NUL. 0 or -EBADMSG; ret is always set to something harmless. */
int json_parse_reply(const char *text, size_t len, struct json_reply *ret) MUST_CHECK;

/* The text of a parameter, or NULL if it is missing, null or of another type. */
const char *json_reply_text(const struct json_reply *reply, const char *name);

#endif
