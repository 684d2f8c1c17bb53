/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "common/config/reader.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/text.h"

int reader_parse(struct reader *r, const char *text, config_t *ret)
{
	char place[256];

	config_init(ret);
	if (config_read_string(ret, text))
		return 0;
	(void)snprintf(place, sizeof(place), "%s:%d", r->place, config_error_line(ret));
	problem_add(r->problems, SEVERITY_ERROR, "conf-syntax", place,
		    "look for a missing ';' or '=', a comma after the last element, or a key given twice; "
		    "nothing of this file is taken until it parses",
		    "%s", config_error_text(ret) ? config_error_text(ret) : "syntax error");
	return -EINVAL;
}

bool report(struct reader *r, const config_setting_t *s, const char *id, const char *remedy, const char *format, ...)
{
	char place[256], message[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	if (config_setting_is_root(s))
		(void)snprintf(place, sizeof(place), "%s", r->place);
	else
		(void)snprintf(place, sizeof(place), "%s:%u", r->place, config_setting_source_line(s));
	problem_add(r->problems, SEVERITY_ERROR, id, place, remedy, "%s%s", r->object, message);
	return false;
}

char *setting_place(struct reader *r, const config_setting_t *s)
{
	char *place;

	if (asprintf(&place, "%s:%u", r->place, config_setting_source_line(s)) < 0) {
		r->no_memory = true;
		return NULL;
	}
	return place;
}

static const struct key *find_key(const struct key_table *table, const char *name)
{
	for (size_t i = 0; i < table->count; i++)
		if (strcmp(table->keys[i].name, name) == 0)
			return &table->keys[i];
	return NULL;
}

bool read_members(struct reader *r, const config_setting_t *group, const struct key_table *table, void *target)
{
	int count = config_setting_length(group);
	bool ok = true;

	for (int i = 0; i < count; i++) {
		const config_setting_t *s = config_setting_get_elem(group, (unsigned)i);
		const struct key *key = find_key(table, config_setting_name(s));

		if (!key)
			ok = report(r, s, "conf-key", "correct or remove it", "unknown key \"%s\"", config_setting_name(s));
		else if (!key->read(r, s, key, target))
			ok = false;
	}
	for (size_t i = 0; i < table->count; i++)
		if (table->keys[i].required && !config_setting_get_member(group, table->keys[i].name))
			ok = report(r, group, "conf-missing", table->keys[i].remedy ? table->keys[i].remedy : "add it",
				    "\"%s\" is missing", table->keys[i].name);
	return ok;
}

bool read_group(struct reader *r, const config_setting_t *s, const struct key *key, void *target)
{
	if (!config_setting_is_group(s))
		return report(r, s, "conf-value", "write { ... }", "%s must be a group", key->name);
	return read_members(r, s, key->more, target);
}

void fold_name(const struct reader *r, char *name)
{
	for (; r->fold && name && *name; name++)
		if (*name >= 'A' && *name <= 'Z')
			*name = (char)(*name - 'A' + 'a');
}

char *setting_name(const struct reader *r, const config_setting_t *s, const char *key)
{
	const config_setting_t *member = config_setting_get_member(s, key);
	const char *text = member ? config_setting_get_string(member) : NULL;
	char *name = text ? strdup(text) : NULL;

	fold_name(r, name);
	return name;
}

static void set_object(struct reader *r, const config_setting_t *s, const struct item_kind *kind)
{
	char *name = setting_name(r, s, "name"), *path = name ? NULL : setting_name(r, s, "path"), escaped[64];
	const char *text = name ? name : path;

	(void)snprintf(r->object, sizeof(r->object), "%s%s%s: ", kind->word, text ? " " : "",
		       text_escape(text ? text : "", escaped, sizeof(escaped)));
	free(name);
	free(path);
}

/* One element into the room at object; false if it was not kept. */
static bool read_object(struct reader *r, const config_setting_t *s, const struct item_kind *kind, void *object,
			void *owner)
{
	bool ok = true;

	memset(object, 0, kind->size);
	if (kind->init)
		kind->init(object);
	set_object(r, s, kind);
	if (!config_setting_is_group(s))
		ok = report(r, s, "conf-value", "write { ... }", "this must be a group");
	else
		ok = read_members(r, s, &kind->table, object);
	if (kind->finish)
		ok = kind->finish(r, s, object, ok, owner);
	r->object[0] = '\0';
	if (!ok)
		kind->done(object);
	return ok;
}

bool read_objects(struct reader *r, const config_setting_t *s, const struct key *key, void *target)
{
	const struct item_kind *kind = key->more;
	char **field = (char **)(void *)((char *)target + key->at);
	size_t *count = (size_t *)(void *)((char *)target + key->count_at);
	int length = config_setting_length(s);

	if (!config_setting_is_list(s) && !(config_setting_is_array(s) && length == 0))
		return report(r, s, "conf-value", "write ( {...}, {...} )", "%s must be a list", key->name);
	*field = calloc(length > 0 ? (size_t)length : 1, kind->size);
	if (!*field) {
		r->no_memory = true;
		return false;
	}
	for (int i = 0; i < length; i++)
		if (read_object(r, config_setting_get_elem(s, (unsigned)i), kind, *field + *count * kind->size, target))
			(*count)++;
	return !r->no_memory;
}
