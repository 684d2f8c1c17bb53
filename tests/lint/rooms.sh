#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Nothing includes upwards (HACKING.md, "Map"): which rooms the headers of each room may come from.
set -u
declare -A may=(
	[common/base]="common/base"
	[common/model]="common/base common/model"
	[common/config]="common/base common/model common/config"
	[common/snapshot]="common/base common/model common/snapshot"
	[common/decide]="common/base common/model common/snapshot common/decide"
	[common/wire]="common/base common/wire"
	[nss_module]="common/base common/model common/snapshot nss_module"
	[pam_module]="common/base common/model common/snapshot common/decide common/wire pam_module"
	[daemon/tenure-auth]="common daemon/tenure-auth"
	[daemon/tenured]="common daemon/tenured daemon/tenure-auth/auth_proto.h"
	[helper]="common helper"
)
for room in "${!may[@]}"; do
	bad=
	while IFS=: read -r file line include; do
		[ -n "$file" ] || continue
		header=$(sed -E 's/.*"([^"]*)".*/\1/' <<<"$include")
		[ "$header" != config.h ] || continue
		good=
		for allowed in ${may[$room]}; do
			case $header in "$allowed" | "$allowed"/*) good=1 ;; esac
		done
		[ -n "$good" ] || bad="$bad $file:$line includes $header;"
	done < <(git ls-files "$room" 2>/dev/null | grep -E '\.[ch]$' | xargs -r grep -nE '^[[:space:]]*#[[:space:]]*include "' /dev/null ||
		grep -rnE --include='*.[ch]' '^[[:space:]]*#[[:space:]]*include "' "$room")
	if [ -z "$bad" ]; then echo "ok $room includes nothing from above"; else echo "not ok $room:$bad"; fi
done
# The modules are loaded by any process: no configuration, directory, JSON or hash library may come with them.
bad=$(grep -rnE --include='*.[ch]' '#[[:space:]]*include <(libconfig|jansson|ldap|nettle|systemd)' \
	nss_module pam_module common/base/text.c common/base/clock.c common/base/uuid.c common/snapshot/map.c common/decide)
if [ -z "$bad" ]; then echo "ok modules include no library of the programs"; else echo "not ok modules: $bad"; fi
