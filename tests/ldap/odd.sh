#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What software for posixAccount puts up with, in one directory of RFC 2307bis: the tenant loads, whoever can be served is,
# and each entry that was left out is named by tenure check, with why.
# shellcheck source=tests/ldap/lib.sh
. /tests/ldap/lib.sh

people=ou=people,$suffix groups=ou=groups,$suffix
plain=3000 # users of whom there is nothing to say
ldif=/run/odd.ldif expected=/run/expected

# --- the directory --------------------------------------------------------------------------------------------------
# "ATTRIBUTE: VALUE" as it is; "ATTRIBUTE=VALUE" with printf's escapes, in base64.
lines()
{
	local line
	for line in "$@"; do
		if [[ $line =~ ^[a-zA-Z]+= ]]; then
			printf '%s:: %s\n' "${line%%=*}" "$(printf '%b' "${line#*=}" | base64 -w 0)"
		else
			printf '%s\n' "$line"
		fi
	done
	echo
}
entry() { printf 'dn: %s\n' "$1" && lines "${@:2}"; } # DN LINE...
number=1900000100
# account TAG LINE...: a user called by cn, so that uid may be anything; what is not given is as it should be.
account()
{
	local tag=$1 given=$* more=() own
	shift
	number=$((number + 1)) own=$number
	[[ $given == *' uidNumber: '* ]] && own=${given##* uidNumber: } own=${own%% *} || more+=("uidNumber: $own")
	[[ $given == *' uid'[:=]* ]] || more+=("uid: $tag")
	[[ $given == *' gidNumber: '* ]] || more+=("gidNumber: $own")
	[[ $given == *' homeDirectory'[:=]* ]] || more+=("homeDirectory: /home/contoso.com/$tag")
	entry "cn=$tag,$people" 'objectClass: inetOrgPerson' 'objectClass: posixAccount' 'objectClass: ldapPublicKey' 'sn: x' \
		"${more[@]}" "$@" "cn: $tag"
}
# left_out TAG ID PATTERN LINE...: one that check has to report, under that id, with such words.
left_out()
{
	printf '%s\t%s\t%s\n' "cn=$1,$people" "$2" "$3" >>$expected
	account "$1" "${@:4}"
}
group() { local tag=$1; shift; entry "cn=$tag,$groups" 'objectClass: applicationProcess' 'objectClass: posixGroup' "cn: $tag" "$@"; }
group_left_out()
{
	printf '%s\t%s\t%s\n' "cn=$1,$groups" "$2" "$3" >>$expected
	group "$1" "${@:4}"
}
dn_of() { echo "cn=$1,$people"; }

many() # COUNT [CHARACTER]
{
	head -c "$1" /dev/zero | tr '\0' "${2:-x}"
}

odd_names()
{
	local name='this is no valid name'
	left_out n-space dir-name "$name" 'uid: Anna Maria'
	left_out n-umlaut dir-name "$name" 'uid=j\0303\0266rg'
	left_out n-dash dir-name "$name" 'uid: -rf'
	left_out n-at dir-name "$name" 'uid: x@fabrikam.com'
	left_out n-hash dir-name "$name" 'uid: #0'
	left_out n-slash dir-name "$name" 'uid: ../../etc'
	left_out n-dot dir-name "$name" 'uid: ..'
	left_out n-colon dir-name "$name" 'uid=root:x:0'
	left_out n-newline dir-name "$name" 'uid=a\nroot'
	left_out n-escape dir-name "$name" 'uid=\0033[2Jz'
	left_out n-bidi dir-name "$name" 'uid=a\0342\0200\0256b'
	left_out n-digits dir-name "$name" 'uid: 4711'
	left_out n-dollar dir-name "$name" 'uid: pc1$'
	left_out n-long dir-name "$name" "uid: $(many 32)"
	left_out n-huge dir-name "$name" "uid: $(many 200)"
	left_out n-nul dir-entry 'holds a NUL' 'uid=root\0000x'
	left_out n-root dir-name 'a local account has this name' 'uid: root'
	left_out n-adm dir-name 'a local group has this name' 'uid: adm'
	left_out n-role dir-name 'are kept for those who hold a role' 'uid: role-db-operator'
	left_out n-several dir-entry 'several values' 'uid: one' 'uid: two'
	account n-longest "uid: $(many 31)"
	account n-upper 'uid: UPPER.Case'
	account n-dots 'uid: a.b-c_d'
}

odd_numbers()
{
	left_out u-root dir-uid 'uid 0 is root' 'uidNumber: 0' 'gidNumber: 0'
	left_out u-one dir-uid 'uid 1 is a system id' 'uidNumber: 1'
	left_out u-system dir-uid 'uid 999 is a system id' 'uidNumber: 999'
	left_out u-low dir-uid 'uid 1000 (is local|lies outside)' 'uidNumber: 1000'
	left_out u-nobody dir-uid 'uid 65534 means nobody' 'uidNumber: 65534'
	left_out u-16bit dir-uid 'uid 65535 means nobody' 'uidNumber: 65535'
	left_out u-outside dir-uid 'uid 1800000000 lies outside' 'uidNumber: 1800000000'
	left_out u-roles dir-uid 'uid 1900090001 lies in the tenant.s role_gids' 'uidNumber: 1900090001'
	left_out u-minus dir-entry '"-1" is no number' 'uidNumber: -1'
	left_out u-none dir-entry '"4294967295" is no number' 'uidNumber: 4294967295'
	left_out u-wrap dir-entry '"4294967296" is no number' 'uidNumber: 4294967296'
	left_out u-huge dir-entry 'is no number' 'uidNumber: 99999999999999999999999999'
	account u-first 'uidNumber: 1900000090'
	left_out g-local dir-gid 'gid 100 is' 'gidNumber: 100'
	left_out g-none dir-gid 'gid 1900000099 is no group of this directory' 'gidNumber: 1900000099'
	account g-group 'gidNumber: 1900010001'
}

odd_fields()
{
	local line='gecos does not fit in a line of passwd'
	left_out f-gecos-colon dir-field "$line" 'gecos: Root:/root:/bin/sh'
	left_out f-gecos-newline dir-field "$line" 'gecos=x\nroot::0:0::/:/bin/sh'
	left_out f-gecos-junk dir-field "$line" 'gecos=\0001\0002\0033]0;x\0007\0177'
	left_out f-gecos-long dir-field "$line" "gecos: $(many 5000)"
	left_out f-gecos-nul dir-entry 'could not be taken|holds a NUL' 'gecos=a\0000b'
	left_out f-gecos-huge dir-entry 'gecos is too long' "gecos: $(many 17000)"
	left_out f-cn-nul dir-entry 'cn is too long, or holds a NUL' 'cn=f-cn-nul\0000b'
	left_out f-cn-huge dir-entry 'cn is too long, or holds a NUL' "cn: $(many 17000)"
	left_out f-home-relative dir-field 'home is no plain path' 'homeDirectory: home/x'
	left_out f-home-up dir-field 'home is no plain path' 'homeDirectory: /home/contoso.com/../../etc'
	left_out f-home-colon dir-field 'home is no plain path' 'homeDirectory: /home/x:/bin/sh'
	left_out f-home-long dir-field 'home is no plain path' "homeDirectory: /$(many 2000)"
	left_out f-shell dir-field 'shell is no plain path' 'loginShell: bash'
	left_out f-shell-newline dir-field 'shell is no plain path' 'loginShell=/bin/sh\nroot::0:0::/:/bin/sh'
	left_out f-shell-huge dir-entry 'loginShell is too long' "loginShell: /$(many 20000)"
	account f-no-shell
	left_out f-home-elsewhere dir-home 'where the tenant.s users may have none' 'homeDirectory: /nowhere/at/all'
	left_out f-home-systemd dir-home 'where the tenant.s users may have none' 'homeDirectory: /etc/systemd/system/cron.service.d'
	account f-home-flat 'homeDirectory: /home/f-home-flat'
	account f-umlaut 'gecos: x' 'description=J\0303\0266rg'
	printf '%s\t%s\t%s\n' "$(dn_of f-key)" dir-key 'ssh key 1 is no public key' >>$expected
	account f-key 'sshPublicKey=command="id" ssh-rsa x' "sshPublicKey: $(cut -d' ' -f1,2 /run/key.pub)"
}

odd_groups()
{
	local i
	group crew 'gidNumber: 1900010001' 'memberUid: g-group' 'memberUid: UPPER.Case'
	group empty 'gidNumber: 1900010002'
	group ring-a 'gidNumber: 1900010003' "member: $(dn_of u-first)" "member: cn=ring-b,$groups"
	group ring-b 'gidNumber: 1900010004' "member: CN=Ring-C , OU=Groups,$suffix"
	group ring-c 'gidNumber: 1900010005' "member: cn=ring-a,$groups" "member: cn=ring-c,$groups" "member: $(dn_of f-no-shell)"
	for i in $(seq 1 40); do
		group "deep$i" "gidNumber: $((1900010100 + i))" "member: cn=deep$((i + 1)),$groups"
	done
	group deep41 'gidNumber: 1900010141' "member: $(dn_of f-no-shell)"
	group all-by-name 'gidNumber: 1900010006' 'memberUid: nobody-here' 'memberUid: Anna Maria' \
		"$(seq -f 'memberUid: p%g' 1 $plain)"
	group all-by-dn 'gidNumber: 1900010007' "$(seq -f "member: uid=p%g,ou=plain,$people" 1 $plain)"
	group of-who-is-gone 'gidNumber: 1900010008' "member: cn=gone,$people" "member: uid=x,dc=elsewhere,dc=org" "member: $(dn_of u-root)" \
		"member: $(dn_of f-no-shell)"
	group of-what-is-no-member 'gidNumber: 1900010009' "member: $people" "member: $suffix"
	printf '%s\t%s\t%s\n' "cn=all-by-name,$groups" dir-reference 'member "nobody-here" is not there' \
		"cn=of-who-is-gone,$groups" dir-reference "member \"cn=gone,$people\" is not there" \
		"cn=of-who-is-gone,$groups" dir-reference 'member "uid=x,dc=elsewhere,dc=org" is not there' \
		"cn=of-what-is-no-member,$groups" dir-reference "member \"$people\" is not there" \
		"cn=ring-" dir-cycle 'leads back to it' >>$expected
	group_left_out 'domain users' dir-name 'this is no valid name' 'gidNumber: 1900010010'
	group_left_out sudo dir-name 'a local group has this name' 'gidNumber: 1900010011'
	group_left_out become-root dir-name 'are kept for those who hold a role' 'gidNumber: 1900010012'
	group_left_out gid-of-root dir-gid 'gid 0 is root' 'gidNumber: 0'
	group_left_out gid-outside dir-gid 'gid 1800000000 lies outside' 'gidNumber: 1800000000'
	group_left_out u-first dir-duplicate 'this is the private group of the user' 'gidNumber: 1900010013'
	group primary-of-p1 'gidNumber: 1900030001'
	group p3 'gidNumber: 1900030003' 'memberUid: p3' 'memberUid: p4'
	entry "cn=with\\2C comma and \\22quotes\\22 \\E2\\80\\AE,$groups" 'objectClass: applicationProcess' 'objectClass: posixGroup' \
		'cn: comma' 'gidNumber: 1900010014' "member: $(dn_of f-no-shell)"
	printf '%s\t%s\t%s\n' 'cn=with' dir-name 'this is no valid name' >>$expected
	group odd-member 'gidNumber: 1900010015' "member: UID = in-the-office , OU=B\\C3\\BCro\\, \\22Q\\22,$people"
	group late 'gidNumber: 1900010016' "member: $(dn_of f-no-shell)"
}

# Names of entries, and entries that are none of ours.
odd_places()
{
	local deep="" i
	entry "ou=more,$people" 'objectClass: organizationalUnit' 'ou: more'
	entry "uid=PLAIN1+cn=again,ou=more,$people" 'objectClass: inetOrgPerson' 'objectClass: posixAccount' 'uid: PLAIN1' 'cn: again' 'sn: x' \
		'uidNumber: 1900000060' 'gidNumber: 1900000060' 'homeDirectory: /home/contoso.com/plain1'
	printf '%s\t%s\t%s\n' 'uid=b' dir-name 'this is no valid name' >>$expected
	entry "uid=b\\C3\\BCro\\2C \\1B[31m,$people" 'objectClass: account' 'objectClass: posixAccount' 'uid=b\0303\0274ro, \0033[31m' \
		'uid: odd-place' 'cn: Odd' 'uidNumber: 1900000061' 'gidNumber: 1900000061' 'homeDirectory: /home/contoso.com/odd-place'
	entry "ou=B\\C3\\BCro\\2C \\22Q\\22,$people" 'objectClass: organizationalUnit' 'ou=B\0303\0274ro, "Q"'
	entry "uid=in-the-office,ou=B\\C3\\BCro\\2C \\22Q\\22,$people" 'objectClass: account' 'objectClass: posixAccount' 'uid: in-the-office' \
		'cn: x' 'uidNumber: 1900000063' 'gidNumber: 1900000063' 'homeDirectory: /home/contoso.com/in-the-office'
	entry "uid=to-elsewhere,$people" 'objectClass: referral' 'objectClass: extensibleObject' 'uid: to-elsewhere' \
		"ref: ldap://127.0.0.9/uid=to-elsewhere,$people"
	entry "cn=an-alias,$people" 'objectClass: alias' 'objectClass: extensibleObject' 'cn: an-alias' "aliasedObjectName: $(dn_of u-first)"
	entry "cn=printer,$people" 'objectClass: device' 'objectClass: ipHost' 'cn: printer' 'ipHostNumber: 192.0.2.1'
	for i in 1 2 3 4 5 6 7 8 9; do
		deep="ou=$i$(many 230)${deep:+,$deep}"
		entry "$deep,$people" 'objectClass: organizationalUnit' "ou: $i$(many 230)"
	done
	entry "uid=deep-down,$deep,$people" 'objectClass: account' 'objectClass: posixAccount' 'uid: deep-down' 'cn: x' 'uidNumber: 1900000062' \
		'gidNumber: 1900000062' 'homeDirectory: /home/contoso.com/deep-down'
	printf '%s\t%s\t%s\n' 'entryuuid=' dir-entry 'longer than 2048 bytes' >>$expected
}

# Of two the one that was made first has it.
second_ones()
{
	left_out u-second dir-uid 'uid 1900000090 was given before, at cn=u-first' 'uidNumber: 1900000090'
	group_left_out same-gid dir-gid 'gid 1900010001 was given before' 'gidNumber: 1900010001'
	left_out other-plain1 dir-duplicate 'this name was given before, at cn=again\+uid=plain1,ou=more' 'uid: plain1'
	group of-the-second 'gidNumber: 1900010020' "member: $(dn_of other-plain1)" "member: $(dn_of f-no-shell)"
}

plain_users()
{
	entry "ou=plain,$people" 'objectClass: organizationalUnit' 'ou: plain'
	seq 1 $plain | awk -v base="ou=plain,$people" '{
		printf "dn: uid=p%d,%s\nobjectClass: account\nobjectClass: posixAccount\nobjectClass: shadowAccount\nuid: p%d\ncn: Plain %d\n", $1, base, $1, $1
		printf "uidNumber: %d\ngidNumber: %d\nhomeDirectory: /home/contoso.com/p%d\n\n", 1900030000 + $1, 1900030000 + $1, $1 }'
}

directory_up()
{
	local nis="/etc/ldap/slapd.d/cn=config/cn=schema/cn={2}nis.ldif"
	slapd_configure
	# RFC 2307bis has posixGroup as an auxiliary class, so that such a group has members by DN, or none.
	sed -i -z -e 's/\n //g' "$nis"
	sed -i -E "s/(NAME 'posixGroup' .*SUP top )STRUCTURAL( MUST .*)MAY \\( /\1AUXILIARY\2MAY ( member \$ /" "$nis"
	sed -i -e '/olcDbIndex/a olcDbNoSync: TRUE' -e "/olcDbIndex/a olcLimits: dn.exact=\"cn=host,$suffix\" size=unlimited" \
		"/etc/ldap/slapd.d/cn=config/olcDatabase={1}mdb.ldif"
	ssh-keygen -q -t ed25519 -N '' -f /run/key
	: >$expected
	{
		entry "$suffix" 'objectClass: dcObject' 'objectClass: organization' 'dc: contoso' 'o: Contoso'
		entry "$people" 'objectClass: organizationalUnit' 'ou: people'
		entry "$groups" 'objectClass: organizationalUnit' 'ou: groups'
		entry "cn=host,$suffix" 'objectClass: simpleSecurityObject' 'objectClass: applicationProcess' 'cn: host' "userPassword: $password"
		odd_names
		odd_numbers
		odd_fields
		odd_places
		odd_groups
		plain_users
	} >$ldif
	second_ones >$ldif.later
	slapd_start && as_root ldapadd -f /conf/schema/openssh-lpk.ldif && as ldapadd "$admin" -M -f $ldif && sleep 1.1 &&
		as ldapadd "$admin" -f $ldif.later
}

host_of_odd()
{
	mkdir -p /etc/tenure/tenants.d
	head -c 16 /dev/urandom | od -An -tx1 | tr -d ' \n' >/etc/machine-id
	echo 'tenants = [ "contoso" ]; gate = { mode = "report-only"; };' >/etc/tenure/tenure.conf
	(umask 077 && echo "$password" >/etc/tenure/contoso.password)
	{
		sed '/^source/d' /tests/e2e/fixture/contoso.tenant.conf
		printf 'source = "ldap";\nldap = {\n  uris = [ "ldapi://%%2frun%%2fslapd%%2fldapi" ];\n  base = "%s";\n' "$suffix"
		printf '  bind_dn = "cn=host,%s";\n  password_file = "/etc/tenure/contoso.password";\n' "$suffix"
		printf '  scopes = ""; hosts = ""; units = ""; roles = ""; assignments = "";\n  heartbeat = "5s";\n};\n'
	} >/etc/tenure/tenants.d/contoso.conf
}

# --- what the host makes of it --------------------------------------------------------------------------------------
ask() { as ldapsearch "$admin" -M -LLL -o ldif-wrap=no -b "$@"; } # BASE FILTER ATTRIBUTE...
members() { getent group "$1" | cut -d: -f4 | tr ',' '\n' | grep -c .; } # GROUP
members_are() { [ "$(getent group "$1" | cut -d: -f4 | tr ',' '\n' | LC_ALL=C sort | paste -sd,)" = "$2" ]; } # GROUP MEMBERS-IN-ORDER
reported() # PLACE ID PATTERN
{
	jq -e --arg place "$1" --arg id "$2" --arg why "$3" \
		'any(.items[]; (.place | startswith($place)) and .id == $id and (.message | test($why)))' /run/check.json
}
reports() { tenure check --json >/run/check.json; reported "$@"; }
reports_not() { ! reports "$@"; }
change() { printf '%s\n' "$@" | as ldapmodify "$admin"; } # LDIF-LINE...
jq_status() { tenure status --json | jq -e ".directories[0] | $1"; } # EXPRESSION

who_is_served()
{
	check "upper case is folded" known upper.case
	check "a name of 31 characters" known "$(many 31)"
	check "dots, dashes and underscores" known a.b-c_d
	check "a primary group of the directory" test "$(id -gn g-group)" = crew
	check "one of the number that the user has" test "$(id -gn p1)" = primary-of-p1
	check "  which is there once" test "$(getent group | grep -c ':1900030001:')" = 1
	check "a private group that is an entry" members_are p3 p3,p4
	check "  is there once" test "$(getent group | grep -c '^p3:')" = 1
	check "where no group has that number it is the user's own" test "$(id -gn p2)" = p2
	check "no shell is bash" test "$(getent passwd f-no-shell | cut -d: -f7)" = /bin/bash
	check "a home beside those of the host" test "$(getent passwd f-home-flat | cut -d: -f6)" = /home/f-home-flat
	check "a user with a key that is none has the other" test "$(tenure ssh-keys f-key | cut -d' ' -f1,2)" = "$(cut -d' ' -f1,2 /run/key.pub)"
	check "all of $plain plain users" test "$(getent passwd | grep -c '^p[0-9]*:')" = $plain
	check "nobody by an alias or a referral" unknown to-elsewhere
	check "root is root" test "$(getent passwd root | cut -d: -f3)" = 0
}

groups_are_as_they_are()
{
	check "a group that is empty" members_are empty ''
	check "members by name" members_are crew g-group,upper.case
	check "a ring: all have the same members" members_are ring-a f-no-shell,u-first
	check "  wherever it is entered" members_are ring-c f-no-shell,u-first
	check "a group 41 groups deep" members_are deep1 f-no-shell
	check "$plain members by name" test "$(members all-by-name)" = $plain
	check "$plain members by DN" test "$(members all-by-dn)" = $plain
	check "  and a member has its groups" sh -c 'id -nG p77 | tr " " "\n" | grep -qx all-by-dn'
	check "of who is gone, was left out or lies elsewhere, nobody is a member" members_are of-who-is-gone f-no-shell
	check "nor is what is no user" members_are of-what-is-no-member ''
	check "a DN is a DN, however it is written" members_are odd-member in-the-office
	check "a DN stands for its entry alone, not for another of the same name" members_are of-the-second f-no-shell
}

# Nothing gets lost without a word: what is in the directory is served, or named.
nothing_is_lost()
{
	local users left place id why
	tenure check --json >/run/check.json
	users=$(ask "$people" '(objectClass=posixAccount)' 1.1 | grep -c '^dn:')
	left=$(jq '[.items[] | select((.message | startswith("user ")) and .id != "dir-key") | .place] | unique | length' /run/check.json)
	check "check knows all $users users" jq -e ".users == $users" /run/check.json
	check "  and says of each who is not served, why" jq -e ".users - .served == $left" /run/check.json
	while IFS=$'\t' read -r place id why; do
		check "reported: $id ${place%%,*}" reported "$place" "$id" "$why"
	done <$expected
	ask "$groups" '(objectClass=posixGroup)' gidNumber | sed -n 's/^gidNumber: \(19.*\)/\1/p' | sort -u >/run/gids
	left=$(jq -r '.items[] | select(.severity == "error" and (.message | test("^group [^:]*: (this|a local|names with|gid)"))) | .place' \
		/run/check.json | sort -u | wc -l)
	check "each group is served or reported" test "$(ask "$groups" '(objectClass=posixGroup)' 1.1 | grep -c '^dn:')" = \
		$(($(getent group | cut -d: -f3 | grep -cxFf /run/gids) + left))
	tenure check >/run/check.txt
	check "no name of the directory gets to the terminal as it is" nothing_raw /run/check.txt
	check "  nor to the log" nothing_raw /run/syslog
}
nothing_raw() { ! LC_ALL=C grep -P '[\x00-\x08\x0b-\x1f\x7f]|\xe2\x80\xae' "$1"; }

what_is_mended()
{
	check "a name that is mended" change "dn: $(dn_of n-space)" 'changetype: modify' 'replace: uid' 'uid: anna-maria'
	check "  is known" wait_for known anna-maria
	check "  and no longer reported" reports_not "$(dn_of n-space)" dir-name .
	check "a field that breaks" change "dn: uid=p2,ou=plain,$people" 'changetype: modify' 'replace: gecos' 'gecos:: AQID'
	check "  takes the user" wait_for unknown p2
	check "  and is reported" reports "uid=p2,ou=plain,$people" dir-field gecos
	check "  and the member" test "$(members all-by-dn)" = $((plain - 1))
	check "a field that is mended" change "dn: uid=p2,ou=plain,$people" 'changetype: modify' 'delete: gecos'
	check "  brings the user back" wait_for known p2
	check "  and the member" wait_for test_members
	check "a DN that is added stands for its entry alone, too" change "dn: cn=late,$groups" 'changetype: modify' 'add: member' \
		"member: $(dn_of other-plain1)" "member: $(dn_of u-first)"
	check "  " wait_for members_are late f-no-shell,u-first
	check "the first of two that goes" as ldapdelete "$admin" "uid=PLAIN1+cn=again,ou=more,$people"
	check "  leaves its name to the second" wait_for second_is_served
	check "  who is then the member" wait_for members_are of-the-second f-no-shell,plain1
}
test_members() { [ "$(members all-by-dn)" = $plain ]; }
second_is_served() { [ "$(getent passwd plain1 | cut -d: -f3)" != 1900000060 ] && known plain1; }

if ! directory_up >/run/up.log 2>&1; then echo "the directory did not come up:"; grep -v '^adding\|^$' /run/up.log; exit 99; fi
host_of_odd
start_syslog
start_tenured
check "the tenant is up" wait_for known g-group
check "  connected, without trouble" wait_for jq_status '.connected and (.trouble // "") == ""'
who_is_served
groups_are_as_they_are
nothing_is_lost
what_is_mended
