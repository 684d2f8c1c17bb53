/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "common/base/secret.h"

#include <stdlib.h>

void secret_free(char *s)
{
	if (!s)
		return;
	explicit_bzero(s, strlen(s));
	free(s);
}

void secret_freep(char **s)
{
	secret_free(*s);
	*s = NULL;
}

bool secret_equal(const void *a, const void *b, size_t len)
{
	const volatile unsigned char *x = a, *y = b;
	unsigned char difference = 0;

	for (size_t i = 0; i < len; i++)
		difference |= x[i] ^ y[i];
	return difference == 0;
}
