/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_CONFIG_READER_H
#define TENURE_CONFIG_READER_H

/*
 * Between the files of this room: tables say which keys an object has, what each may hold and where it goes; one walk
 * serves them all. Whatever no table names is an error. MUST: an object with an error is never half taken; the tables'
 * owner decides whether it is left out or keeps the last good policy.
 */

#include <libconfig.h>

#include "common/model/settings.h"

struct reader {
	const char *place; /* the file as messages call it */
	struct problem_list *problems;
	bool fold;	   /* upper case of names becomes lower case: directories */
	bool no_memory;
	char object[128];  /* what is being read: "user alice: ", or "" */
};

struct key;

/* Reads the setting into the field at key->at of target; false after it has reported why not. */
typedef bool (*read_function)(struct reader *r, const config_setting_t *s, const struct key *key, void *target);

struct key {
	const char *name;
	read_function read;
	size_t at;	  /* offset of the field */
	size_t count_at;  /* offset of its count, for arrays */
	bool required;
	const char *remedy; /* what to do where it is missing or no UUID; NULL: the usual */
	const void *more; /* what the function needs beside: choices, keys below */
};

struct choice {
	const char *text; /* NULL ends the table */
	int value;
};

struct key_table {
	const struct key *keys;
	size_t count;
};

/* A list of objects. done frees one that is not kept. */
struct item_kind {
	const char *word; /* "user" */
	size_t size;
	struct key_table table;
	void (*init)(void *object); /* NULL: zeroes */
	void (*done)(void *object);
	/*
	 * After the keys were read, with what came of it (ok). True keeps the object, which may be marked dropped;
	 * false throws it away. `owner` is the directory or configuration that the list belongs to.
	 */
	bool (*finish)(struct reader *r, const config_setting_t *s, void *object, bool ok, void *owner);
};

/* Parses text that config_text_check has seen. -EINVAL with a problem, -ENOMEM. Ends with config_destroy in any case. */
int reader_parse(struct reader *r, const char *text, config_t *ret) MUST_CHECK;

/* All members of a group by a table: unknown ones are reported, missing ones too. False if anything was. */
bool read_members(struct reader *r, const config_setting_t *group, const struct key_table *table, void *target);

/* The name that an object bears, folded where the reader folds, for messages and for `finish`; NULL if none. */
char *setting_name(const struct reader *r, const config_setting_t *s, const char *key);

/* "directory.d/contoso.conf:5"; the caller frees it; NULL when memory ran out. */
char *setting_place(struct reader *r, const config_setting_t *s);

/* Reports at the setting's line, with the object's name before the message. Always false. */
bool report(struct reader *r, const config_setting_t *s, const char *id, const char *remedy, const char *format, ...)
	PRINTF_LIKE(5, 6);

/* Upper case of a name becomes lower case, where the reader folds. NULL is fine. */
void fold_name(const struct reader *r, char *name);

/* Fields: the type of the field at key->at stands behind each. */
bool read_text(struct reader *r, const config_setting_t *s, const struct key *key, void *target);	  /* char * */
bool read_name(struct reader *r, const config_setting_t *s, const struct key *key, void *target);	  /* char *, folded */
bool read_bool(struct reader *r, const config_setting_t *s, const struct key *key, void *target);	  /* bool */
bool read_id(struct reader *r, const config_setting_t *s, const struct key *key, void *target);		  /* uint32_t */
bool read_count(struct reader *r, const config_setting_t *s, const struct key *key, void *target);	  /* unsigned */
bool read_id_range(struct reader *r, const config_setting_t *s, const struct key *key, void *target);	  /* id_range */
bool read_uuid(struct reader *r, const config_setting_t *s, const struct key *key, void *target);	  /* uuid */
bool read_time(struct reader *r, const config_setting_t *s, const struct key *key, void *target);	  /* int64_t */
bool read_duration(struct reader *r, const config_setting_t *s, const struct key *key, void *target);	  /* int64_t */
bool read_choice(struct reader *r, const config_setting_t *s, const struct key *key, void *target);	  /* enum */
bool read_texts(struct reader *r, const config_setting_t *s, const struct key *key, void *target);	  /* char **, size_t */
bool read_names(struct reader *r, const config_setting_t *s, const struct key *key, void *target);	  /* name_list, folded */
bool read_rights(struct reader *r, const config_setting_t *s, const struct key *key, void *target);	  /* right *, size_t */
bool read_attributes(struct reader *r, const config_setting_t *s, const struct key *key, void *target); /* attribute *, size_t */
/* more: the key_table of the group's members, whose offsets count from the target itself. */
bool read_group(struct reader *r, const config_setting_t *s, const struct key *key, void *target);
/* more: the item_kind; the field is an array of such objects. target is handed to finish as owner. */
bool read_objects(struct reader *r, const config_setting_t *s, const struct key *key, void *target);

#endif
