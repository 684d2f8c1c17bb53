/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "daemon/tenured/verb.h"

#include <string.h>

#include "common/base/buffer.h"
#include "common/wire/wire.h"

/* org.varlink.service: what every varlink service answers of itself. The text is io.tenure.varlink, line by line. */

static const char *const description[] = {
#include "common/wire/io.tenure.varlink.inc"
};

static const char service_description[] =
	"interface org.varlink.service\n"
	"method GetInfo() -> (vendor: string, product: string, version: string, url: string, interfaces: []string)\n"
	"method GetInterfaceDescription(interface: string) -> (description: string)\n"
	"error InterfaceNotFound (interface: string)\n"
	"error MethodNotFound (method: string)\n"
	"error MethodNotImplemented (method: string)\n"
	"error InvalidParameter (parameter: string)\n";

void verb_service_info(struct call *c)
{
	call_reply(c, json_pack("{s:s, s:s, s:s, s:s, s:[s, s]}", "vendor", "Tenure", "product", "tenured", "version",
				PACKAGE_VERSION, "url", PACKAGE_URL, "interfaces", "org.varlink.service", "io.tenure"));
}

void verb_service_description(struct call *c)
{
	const char *interface = call_text(c, "interface");
	struct buffer text = BUFFER(WIRE_MESSAGE_MAX / 2);

	if (strcmp(interface, "org.varlink.service") == 0) {
		buffer_append_string(&text, service_description);
	} else if (strcmp(interface, "io.tenure") == 0) {
		for (size_t i = 0; i < ARRAY_LENGTH(description); i++)
			buffer_append_string(&text, description[i]);
	} else {
		call_error(c, "Invalid", json_pack("{s:s}", "field", "interface"), NULL, "there is no such interface");
		return;
	}
	call_reply(c, json_pack("{s:s}", "description", text.data ? text.data : ""));
	buffer_done(&text);
}
