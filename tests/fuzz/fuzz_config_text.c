/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* tenure.conf and tenants.d: any text, and no crash, no exit, and no result without a verdict. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/config/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct problem_list problems = {0};
	struct tenant_config tenant = {0};
	struct host_config host = {0};
	char *text = malloc(size + 1);

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	if (host_config_parse(text, size, "tenure.conf", &host, &problems) < 0 && problems.count == 0 && !problems.lost)
		abort();
	host_config_done(&host);
	problem_list_done(&problems);
	if (tenant_config_parse(text, size, "tenants.d/a.conf", "a", &tenant, &problems) < 0 && problems.count == 0 &&
	    !problems.lost)
		abort();
	tenant_config_done(&tenant);
	problem_list_done(&problems);
	free(text);
	return 0;
}
