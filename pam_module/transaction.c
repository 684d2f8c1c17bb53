/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pam_module/transaction.h"

#include <stdlib.h>

static const char data_name[] = "tenure_transaction";

static void release(pam_handle_t *pamh, void *data, int status)
{
	(void)pamh;
	(void)status;
	free(data);
}

struct transaction *transaction_get(pam_handle_t *pamh)
{
	const void *data = NULL;

	if (pam_get_data(pamh, data_name, &data) != PAM_SUCCESS)
		return NULL;
	/* Linux-PAM hands out const, but what we have put in is ours. */
	return (struct transaction *)(uintptr_t)data;
}

struct transaction *transaction_make(pam_handle_t *pamh)
{
	struct transaction *t = transaction_get(pamh);

	if (t)
		return t;
	t = calloc(1, sizeof(*t));
	if (!t)
		return NULL;
	if (pam_set_data(pamh, data_name, t, release) != PAM_SUCCESS) {
		free(t);
		return NULL;
	}
	return t;
}
