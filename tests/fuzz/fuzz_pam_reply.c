/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A broker that lies: whatever it sends, the module's parser stays inside its bounds. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "pam_module/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct json_reply *reply = malloc(sizeof(*reply));

	if (!reply)
		return 0;
	if (json_parse_reply((const char *)data, size, reply) == 0) {
		if (reply->field_count > JSON_FIELDS_MAX || strlen(reply->error) >= sizeof(reply->error))
			abort();
		for (size_t i = 0; i < reply->field_count; i++)
			if (strlen(reply->fields[i].name) >= JSON_NAME_MAX ||
			    strlen(reply->fields[i].text) >= JSON_TEXT_MAX)
				abort();
	} else if (reply->field_count != 0 || reply->error[0]) {
		abort();
	}
	free(reply);
	return 0;
}
