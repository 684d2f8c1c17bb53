/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a key may hold: text, names, numbers, times. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/text.h"
#include "common/config/reader.h"

#define TEXT_LENGTH_MAX 65536

static void *field(void *target, size_t at)
{
	return (char *)target + at;
}

static bool out_of_memory(struct reader *r)
{
	r->no_memory = true;
	return false;
}

/* A string's text, NULL after a report. `what` names the key. */
static const char *text_of(struct reader *r, const config_setting_t *s, const char *what)
{
	const char *text = config_setting_type(s) == CONFIG_TYPE_STRING ? config_setting_get_string(s) : NULL;

	if (!text)
		(void)report(r, s, "conf-value", "write it in quotes", "%s must be text", what);
	else if (strlen(text) > TEXT_LENGTH_MAX) {
		(void)report(r, s, "conf-value", "shorten it", "%s is too long", what);
		text = NULL;
	}
	return text;
}

static bool take_text(struct reader *r, const config_setting_t *s, const char *what, bool is_name, char **ret)
{
	const char *text = text_of(r, s, what);

	if (!text)
		return false;
	free(*ret);
	*ret = strdup(text);
	if (!*ret)
		return out_of_memory(r);
	if (is_name)
		fold_name(r, *ret);
	return true;
}

bool read_text(struct reader *r, const config_setting_t *s, const struct key *key, void *target)
{
	return take_text(r, s, key->name, false, field(target, key->at));
}

bool read_name(struct reader *r, const config_setting_t *s, const struct key *key, void *target)
{
	return take_text(r, s, key->name, true, field(target, key->at));
}

bool read_bool(struct reader *r, const config_setting_t *s, const struct key *key, void *target)
{
	if (config_setting_type(s) != CONFIG_TYPE_BOOL)
		return report(r, s, "conf-value", "write true or false", "%s must be true or false", key->name);
	*(bool *)field(target, key->at) = config_setting_get_bool(s);
	return true;
}

static bool take_integer(struct reader *r, const config_setting_t *s, const char *what, uint32_t *ret)
{
	if (config_setting_type(s) != CONFIG_TYPE_INT || config_setting_get_int(s) < 0)
		return report(r, s, "conf-value", "write a whole number from 0 to 2147483647",
			      "%s must be a number from 0 to 2147483647", what);
	*ret = (uint32_t)config_setting_get_int(s);
	return true;
}

bool read_id(struct reader *r, const config_setting_t *s, const struct key *key, void *target)
{
	return take_integer(r, s, key->name, field(target, key->at));
}

#define COUNT_MAX 100

bool read_count(struct reader *r, const config_setting_t *s, const struct key *key, void *target)
{
	uint32_t value = 0;

	if (!take_integer(r, s, key->name, &value))
		return false;
	if (value > COUNT_MAX)
		return report(r, s, "conf-value", "write a smaller number", "%s is over %d", key->name, COUNT_MAX);
	*(unsigned *)field(target, key->at) = value;
	return true;
}

bool read_id_range(struct reader *r, const config_setting_t *s, const struct key *key, void *target)
{
	struct id_range range;

	if (!config_setting_is_aggregate(s) || config_setting_is_group(s) || config_setting_length(s) != 2)
		return report(r, s, "conf-value", "write [ FIRST, LAST ]", "%s must be two numbers", key->name);
	if (!take_integer(r, config_setting_get_elem(s, 0), key->name, &range.first) ||
	    !take_integer(r, config_setting_get_elem(s, 1), key->name, &range.last))
		return false;
	if (range.first > range.last)
		return report(r, s, "conf-value", "write the smaller number first", "%s ends before it begins", key->name);
	*(struct id_range *)field(target, key->at) = range;
	return true;
}

bool read_uuid(struct reader *r, const config_setting_t *s, const struct key *key, void *target)
{
	const char *text = text_of(r, s, key->name);
	struct uuid *id = field(target, key->at);

	if (!text)
		return false;
	if (uuid_parse(text, id) < 0 || uuid_is_null(id))
		return report(r, s, "conf-value", key->remedy ? key->remedy : "uuidgen makes one", "%s is no UUID",
			      key->name);
	return true;
}

bool read_time(struct reader *r, const config_setting_t *s, const struct key *key, void *target)
{
	const char *text = text_of(r, s, key->name);

	if (!text)
		return false;
	if (time_parse_rfc3339(text, field(target, key->at)) < 0)
		return report(r, s, "conf-value", "write 2026-12-31T23:59:59Z", "%s is no time with a zone", key->name);
	return true;
}

bool read_duration(struct reader *r, const config_setting_t *s, const struct key *key, void *target)
{
	const char *text = text_of(r, s, key->name);

	if (!text)
		return false;
	if (duration_parse(text, field(target, key->at)) < 0)
		return report(r, s, "conf-value", "write 90m, 2h or 1h30m", "%s is no duration", key->name);
	return true;
}

bool read_choice(struct reader *r, const config_setting_t *s, const struct key *key, void *target)
{
	const char *text = text_of(r, s, key->name);
	char remedy[256] = "write";

	if (!text)
		return false;
	for (const struct choice *c = key->more; c->text; c++) {
		size_t used = strlen(remedy);

		if (strcmp(c->text, text) == 0) {
			*(int *)field(target, key->at) = c->value;
			return true;
		}
		(void)snprintf(remedy + used, sizeof(remedy) - used, "%s \"%s\"", used > 5 ? " or" : "", c->text);
	}
	return report(r, s, "conf-value", remedy, "%s has an unknown value", key->name);
}

static bool take_texts(struct reader *r, const config_setting_t *s, const char *what, bool are_names, char ***ret,
		       size_t *ret_count)
{
	int length = config_setting_length(s);
	bool ok = true;

	if (!config_setting_is_array(s) && !config_setting_is_list(s))
		return report(r, s, "conf-value", "write [ \"...\", \"...\" ]", "%s must be an array", what);
	*ret = calloc(length > 0 ? (size_t)length : 1, sizeof(**ret));
	if (!*ret)
		return out_of_memory(r);
	for (int i = 0; i < length && ok; i++) {
		ok = take_text(r, config_setting_get_elem(s, (unsigned)i), what, are_names, &(*ret)[*ret_count]);
		if (ok)
			(*ret_count)++;
	}
	return ok;
}

bool read_texts(struct reader *r, const config_setting_t *s, const struct key *key, void *target)
{
	return take_texts(r, s, key->name, false, field(target, key->at), field(target, key->count_at));
}

bool read_names(struct reader *r, const config_setting_t *s, const struct key *key, void *target)
{
	struct name_list *list = field(target, key->at);

	return take_texts(r, s, key->name, true, &list->names, &list->count);
}

bool read_rights(struct reader *r, const config_setting_t *s, const struct key *key, void *target)
{
	struct right **rights = field(target, key->at);
	size_t *count = field(target, key->count_at);
	int length = config_setting_length(s);
	char escaped[128];

	if (!config_setting_is_array(s) && !config_setting_is_list(s))
		return report(r, s, "conf-value", "write [ \"login\", \"become:root\" ]", "%s must be an array", key->name);
	*rights = calloc(length > 0 ? (size_t)length : 1, sizeof(**rights));
	if (!*rights)
		return out_of_memory(r);
	for (int i = 0; i < length; i++) {
		const config_setting_t *element = config_setting_get_elem(s, (unsigned)i);
		const char *text = text_of(r, element, key->name);
		int error;

		if (!text)
			return false;
		error = right_parse(text, &(*rights)[*count]);
		if (error == -ENOMEM)
			return out_of_memory(r);
		if (error < 0)
			return report(r, element, "conf-value", "tenure-directory(5) lists them", "\"%s\" is no right",
				      text_escape(text, escaped, sizeof(escaped)));
		(*count)++;
	}
	return true;
}

/* A value of an attribute as text; what is neither text, number nor truth is refused. */
static bool add_attribute(struct reader *r, const config_setting_t *s, const char *name, struct attribute **attributes,
			  size_t *count)
{
	struct attribute a = {0}, *grown;
	char number[16];
	const char *text = number;

	if (config_setting_type(s) == CONFIG_TYPE_STRING)
		text = config_setting_get_string(s);
	else if (config_setting_type(s) == CONFIG_TYPE_BOOL)
		text = config_setting_get_bool(s) ? "true" : "false";
	else if (config_setting_type(s) == CONFIG_TYPE_INT)
		(void)snprintf(number, sizeof(number), "%d", config_setting_get_int(s));
	else
		return report(r, s, "conf-value", "write text or an array of texts", "attribute %s has no text", name);
	if (text_check(text, TEXT_LENGTH_MAX) < 0)
		return report(r, s, "conf-value", "write plain UTF-8", "attribute %s holds control characters", name);
	grown = reallocarray(*attributes, *count + 1, sizeof(*grown));
	if (!grown)
		return out_of_memory(r);
	*attributes = grown;
	a.name = strdup(name);
	a.value = strdup(text);
	if (!a.name || !a.value) {
		free(a.name);
		free(a.value);
		return out_of_memory(r);
	}
	grown[(*count)++] = a;
	return true;
}

bool read_attributes(struct reader *r, const config_setting_t *s, const struct key *key, void *target)
{
	struct attribute **attributes = field(target, key->at);
	size_t *count = field(target, key->count_at);

	if (!config_setting_is_group(s))
		return report(r, s, "conf-value", "write { department = \"HR\"; }", "%s must be a group", key->name);
	for (int i = 0; i < config_setting_length(s); i++) {
		const config_setting_t *member = config_setting_get_elem(s, (unsigned)i);
		const char *name = config_setting_name(member);

		if (!config_setting_is_aggregate(member)) {
			if (!add_attribute(r, member, name, attributes, count))
				return false;
			continue;
		}
		if (config_setting_is_group(member))
			return report(r, member, "conf-value", "write text or an array of texts",
				      "attribute %s must not be a group", name);
		for (int j = 0; j < config_setting_length(member); j++)
			if (!add_attribute(r, config_setting_get_elem(member, (unsigned)j), name, attributes, count))
				return false;
	}
	return true;
}
