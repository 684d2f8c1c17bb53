/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "helper/nearest.h"

#include <string.h>

#include "helper/cli.h"

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

unsigned word_distance(const char *a, const char *b)
{
	size_t la = strlen(a), lb = strlen(b);
	unsigned d[NEAREST_WORD_MAX + 1][NEAREST_WORD_MAX + 1];

	if (la > NEAREST_WORD_MAX || lb > NEAREST_WORD_MAX)
		return NEAREST_FAR;
	for (size_t i = 0; i <= la; i++)
		d[i][0] = (unsigned)i;
	for (size_t j = 0; j <= lb; j++)
		d[0][j] = (unsigned)j;
	for (size_t i = 1; i <= la; i++) {
		for (size_t j = 1; j <= lb; j++) {
			d[i][j] = least(least(d[i - 1][j], d[i][j - 1]) + 1,
					d[i - 1][j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				d[i][j] = least(d[i][j], d[i - 2][j - 2] + 1);
		}
	}
	return d[la][lb];
}

int word_is_near(const char *typed, const char *word)
{
	size_t len = strlen(word);

	if (strlen(typed) >= 3 && strncmp(typed, word, strlen(typed)) == 0)
		return 1;
	return word_distance(typed, word) <= (len < 5 ? 1u : 2u);
}

const char *nearest_verb(const char *typed)
{
	const char *best = NULL;
	unsigned best_distance = NEAREST_FAR;

	for (const struct verb *v = verb_table; v->name; v++) {
		unsigned distance = word_distance(typed, v->name);

		if (word_is_near(typed, v->name) && (!best || distance < best_distance)) {
			best = v->name;
			best_distance = distance;
		}
	}
	return best;
}
