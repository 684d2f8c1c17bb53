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
	[common/mirror]="common/base common/model common/wire common/mirror"
	[nss_module]="common/base common/model common/snapshot nss_module"
	[pam_module]="common/base common/model common/snapshot common/decide common/wire pam_module"
	[daemon/tenure-auth]="common daemon/tenure-auth"
	[daemon/tenure-sync]="common daemon/tenure-sync"
	[daemon/tenured]="common daemon/tenured daemon/tenure-auth/auth_proto.h"
	[helper]="common helper"
)
module_sources="nss_module pam_module common/base/text.c common/base/clock.c common/base/uuid.c common/snapshot/map.c
	common/decide"

# FILE:LINE:TEXT of each include of a header of ours, below the working folder.
includes() # ROOM
{
	grep -rnE --include='*.[ch]' \
		'^[[:space:]]*#[[:space:]]*include[[:space:]]*("|<(common|nss_module|pam_module|daemon|helper|tests)/)' "$1"
}

# The includes of a room that come from above; "nothing to look at" if it has none at all.
upward() # ROOM
{
	local file line include header allowed good seen=0
	while IFS=: read -r file line include; do
		seen=$((seen + 1))
		header=$(sed -E 's/.*["<]([^">]*)[">].*/\1/' <<<"$include")
		[ "$header" != config.h ] || continue
		good=
		for allowed in ${may[$1]}; do
			case $header in
			*..*) ;;
			"$allowed" | "$allowed"/*) good=1 ;;
			esac
		done
		[ -n "$good" ] || echo "$file:$line includes $header;"
	done < <(includes "$1")
	[ $seen -gt 0 ] || echo "nothing to look at"
}

# Modules are loaded by any process: no configuration, directory, JSON or hash library may come with them.
foreign()
{
	# shellcheck disable=SC2086
	grep -rnE --include='*.[ch]' '#[[:space:]]*include[[:space:]]*["<](libconfig|jansson|ldap|nettle|systemd)' $module_sources
	[ $? -lt 2 ] || echo "not all of it could be read"
}

for room in "${!may[@]}"; do
	bad=$(upward "$room" | tr '\n' ' ')
	if [ -z "$bad" ]; then echo "ok $room includes nothing from above"; else echo "not ok $room: $bad"; fi
done
bad=$(foreign)
if [ -z "$bad" ]; then echo "ok modules include no library of the programs"; else echo "not ok modules: $bad"; fi

# That all this can fail: one include from above planted in each room of a copy, and a library in a module.
copy=$(mktemp -d) || exit 1
trap 'rm -rf "$copy"' EXIT
missed=
cp -r common nss_module pam_module daemon helper "$copy" && cd "$copy" || exit 1
for room in "${!may[@]}"; do
	for planted in '#include "tests/unit/world.h"' ' # include <tests/unit/world.h>' "#include \"$room/../../tests/unit/world.h\""; do
		echo "$planted" >"$room/planted.c"
		case $(upward "$room") in *"$room/planted.c:1 includes "*) ;; *) missed="$missed $room: $planted;" ;; esac
		rm "$room/planted.c"
	done
done
mkdir empty && may[empty]=common
[ "$(upward empty)" = "nothing to look at" ] || missed="$missed an empty room;"
echo '#include <jansson.h>' >pam_module/planted.c
case $(foreign) in *pam_module/planted.c*) ;; *) missed="$missed a library in pam_module;" ;; esac
rm common/base/uuid.c
case $(foreign 2>/dev/null) in *"not all of it"*) ;; *) missed="$missed a file that is not there;" ;; esac
if [ -z "$missed" ]; then echo "ok an include from above would be seen"; else echo "not ok an include from above is not seen:$missed"; fi
