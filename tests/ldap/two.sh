#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Two tenants in two servers on one host: what happens to one, or what it does, the other does not notice (T29, T31).
# shellcheck source=tests/ldap/lib.sh
. /tests/ldap/lib.sh

second_uri=ldapi://%2frun%2fslapd2%2fldapi second_suffix=dc=fabrikam,dc=com
number=1900000100 second_number=1950000100

# A server of people alone, with an identity for hosts.
people_ldif() # SUFFIX DC USER NUMBER
{
	cat <<-L
		dn: $1
		objectClass: dcObject
		objectClass: organization
		dc: $2
		o: $2

		dn: ou=people,$1
		objectClass: organizationalUnit
		ou: people

		dn: ou=groups,$1
		objectClass: organizationalUnit
		ou: groups

		dn: cn=host,$1
		objectClass: simpleSecurityObject
		objectClass: applicationProcess
		cn: host
		userPassword: $password

		$(user_ldif "$1" "$3" "$4")
	L
}
dc_of() { sed 's/dc=//g; s/,/./g' <<<"$1"; } # SUFFIX
user_ldif() # SUFFIX NAME NUMBER [HOME]
{
	printf 'dn: uid=%s,ou=people,%s\nobjectClass: account\nobjectClass: posixAccount\nuid: %s\ncn: %s\n' "$2" "$1" "$2" "$2"
	printf 'uidNumber: %s\ngidNumber: %s\nhomeDirectory: %s\n\n' "$3" "$3" "${4:-/home/$(dc_of "$1")/$2}"
}
group_ldif() # SUFFIX NAME NUMBER
{
	printf 'dn: cn=%s,ou=groups,%s\nobjectClass: posixGroup\ncn: %s\ngidNumber: %s\n\n' "$2" "$1" "$2" "$3"
}
servers_up()
{
	slapd_configure
	sed -i '/olcDbIndex/a olcLimits: dn.onelevel="'$suffix'" size=unlimited' "/etc/ldap/slapd.d/cn=config/olcDatabase={1}mdb.ldif"
	cp -a /etc/ldap/slapd.d /etc/ldap/slapd2.d
	install -d -o openldap -g openldap -m 755 /run/slapd2
	install -d -o openldap -g openldap -m 700 /var/lib/ldap2
	sed -i 's#/run/slapd/slapd.pid#/run/slapd2/slapd.pid#' "/etc/ldap/slapd2.d/cn=config.ldif"
	sed -i -e 's#/var/lib/ldap$#/var/lib/ldap2#' -e "s#$suffix#$second_suffix#" "/etc/ldap/slapd2.d/cn=config/olcDatabase={1}mdb.ldif"
	slapd_start
	slapd -h "$second_uri" -u openldap -g openldap -F /etc/ldap/slapd2.d -d 0 >>/run/slapd2.log 2>&1 &
	second_pid=$!
	wait_for ldapsearch -x -H $second_uri -b '' -s base && people_ldif "$suffix" contoso alice 1900000001 | as ldapadd "$admin" &&
		people_ldif $second_suffix fabrikam zoe 1950000001 | at_second ldapadd
}
at_second() { local c=$1; shift; "$c" -x -H $second_uri -D "cn=admin,$second_suffix" -w "$password" "$@"; } # COMMAND ARGUMENT...

tenant() # NAME ID RANGE ROLES SUFFIX SOCKET
{
	(umask 077 && echo "$password" >"/etc/tenure/$1.password")
	cat >"/etc/tenure/tenants.d/$1.conf" <<-C
		id = "$2";
		domains = [ "$1.com" ];
		id_range = [ $3 ];
		role_gids = [ $4 ];
		visibility = "all";
		source = "ldap";
		ldap = {
		  uris = [ "ldapi://%2frun%2f$6%2fldapi" ];
		  base = "$5";
		  bind_dn = "cn=host,$5";
		  password_file = "/etc/tenure/$1.password";
		  scopes = ""; hosts = ""; units = ""; roles = ""; assignments = "";
		  heartbeat = "2s";
		};
	C
}
host_of_two()
{
	mkdir -p /etc/tenure/tenants.d
	head -c 16 /dev/urandom | od -An -tx1 | tr -d ' \n' >/etc/machine-id
	echo 'tenants = [ "contoso", "fabrikam" ]; gate = { mode = "report-only"; };' >/etc/tenure/tenure.conf
	tenant contoso 5d0b3a2e-7c64-4f0e-9a57-2b3c8d1e4f60 '1900000000, 1900099999' '1900090000, 1900090999' "$suffix" slapd
	tenant fabrikam 5d0b3a2e-7c64-4f0e-9a57-2b3c8d1e4f61 '1950000000, 1950099999' '1950090000, 1950090999' $second_suffix slapd2
}

of() { tenure status --json | jq -e --arg t "$1" ".directories[] | select(.tenant == \$t) | $2"; } # TENANT JQ-EXPRESSION
since() { of contoso .since; }
shell_is() { getent passwd "$1" | grep -q ":$2\$"; }
shell_of() # SUFFIX NAME SHELL: LDIF
{
	printf 'dn: uid=%s,ou=people,%s\nchangetype: modify\nreplace: loginShell\nloginShell: %s\n\n' "$2" "$1" "$3"
}

# Twenty changes of contoso, one after the other, each true here before the next; then it has noticed nothing.
contoso_goes_on() # WHAT
{
	local i before

	before=$(since)
	for i in $(seq 20); do
		shell_of "$suffix" alice "/bin/s$i" | as ldapmodify "$admin" >/dev/null
		wait_for shell_is alice "/bin/s$i" || break
	done
	if [ "$i" = 20 ] && shell_is alice /bin/s20; then ok "$1: what changes in the other is true here"; else not_ok "$1: what changes in the other is true here" "not at change $i"; fi
	number=$((number + 1))
	user_ldif "$suffix" "a$number" $number | as ldapadd "$admin" >/dev/null
	check "$1: who is added is known" wait_for known "a$number"
	check "$1: the connection of the other is the one that it was" test "$before" = "$(since)"
	check "$1: which has no trouble" of contoso '.connected and .current and (.trouble // "") == "" and .problems == 0'
}

each_on_its_own()
{
	check "a user of the one" wait_for known alice
	check "a user of the other, by name and domain" wait_for known zoe@fabrikam.com
	check "  and by that alone" unknown zoe
	contoso_goes_on "both are well"
}

a_frozen_server()
{
	kill -STOP "$second_pid"
	check "one is frozen, which is noticed" wait_for of fabrikam '.connected | not'
	contoso_goes_on "one is frozen"
	check "  whose users are known still" known zoe@fabrikam.com
	kill -CONT "$second_pid"
	check "  and when it thaws it is used again" wait_long of fabrikam .connected
}

flood() # until /run/flood is gone
{
	local i=0
	while [ -e /run/flood ]; do
		i=$((i + 1))
		for _ in $(seq 200); do shell_of $second_suffix zoe "/bin/f$1-$i-$RANDOM"; done
	done | at_second ldapmodify >/dev/null 2>&1
}
a_flood()
{
	local pids=() i

	touch /run/flood
	for i in 1 2 3; do
		flood $i &
		pids+=($!)
	done
	check "one floods" wait_for flooded
	contoso_goes_on "one floods"
	rm /run/flood
	wait "${pids[@]}"
	second_number=$((second_number + 1))
	user_ldif $second_suffix "z$second_number" $second_number | at_second ldapadd >/dev/null
	check "  and is here, too, when it is over" wait_long known "z$second_number@fabrikam.com"
	check "  with its last word" wait_for shell_is zoe@fabrikam.com "$(at_second ldapsearch -LLL -b "uid=zoe,ou=people,$second_suffix" loginShell | sed -n 's/^loginShell: //p')"
}
flooded() { getent passwd zoe@fabrikam.com | grep -q ':/bin/f'; }

# What one claims that is the other's.
claims()
{
	{
		user_ldif $second_suffix mallory 1900000001
		user_ldif $second_suffix alice 1950000003
		user_ldif $second_suffix 'carol@contoso.com' 1950000004
		user_ldif $second_suffix thief 1950000005 /home/contoso.com/frank
		user_ldif $second_suffix burglar 1950000006 /etc/systemd/system/cron.service.d
		group_ldif $second_suffix crew 1950000200
		group_ldif $second_suffix thief 1900000200
		group_ldif $second_suffix becomers 1950090001
	} | at_second ldapadd >/dev/null
	group_ldif "$suffix" crew 1900000200 | as ldapadd "$admin" >/dev/null
	check "a name that both have is known by its domain" wait_for known alice@fabrikam.com
	check "  as another one" test "$(id -u alice)" = 1900000001
	check "  the number of the other is not to be had" unknown mallory@fabrikam.com
	check "  nor a home" unknown thief@fabrikam.com
	check "  nor one that is the host's" unknown burglar@fabrikam.com
	check "  nor the domain" unknown carol@contoso.com
	check "  nor both" unknown carol@contoso.com@fabrikam.com
	check "a group that both have, likewise" wait_for groups_are_apart
	check "  its number is not to be had" sh -c '! getent group thief@fabrikam.com'
	check "  nor one of those that roles get" sh -c '! getent group becomers@fabrikam.com'
	check "  and it is said" wait_for claims_are_said
	contoso_goes_on "one claims what is the other's"
}
groups_are_apart() { [ "$(getent group crew crew@fabrikam.com 1900000200 | cut -d: -f1,3 | paste -sd' ')" = "crew:1900000200 crew@fabrikam.com:1950000200 crew:1900000200" ]; }
claims_are_said()
{
	tenure check --json | jq -e '[.items[] | select(.place | test("(uid=(mallory|carol@contoso.com|thief|burglar)|cn=(thief|becomers)),ou=(people|groups),dc=fabrikam")) | .id] |
		sort == ["dir-gid", "dir-gid", "dir-home", "dir-home", "dir-name", "dir-uid"]'
}

a_worker() # SIGNAL
{
	local pid

	pid=$(worker_of_second)
	check "one worker is the second's" test "$(echo "$pid" | wc -w)" = 1
	check "the worker of one gets SIG$1" kill "-$1" "$pid"
	contoso_goes_on "the worker of one got SIG$1"
	second_number=$((second_number + 1))
	user_ldif $second_suffix "z$second_number" $second_number | at_second ldapadd >/dev/null
	check "  and it is replaced" wait_long known "z$second_number@fabrikam.com"
}
# Which of the two it is tells the socket that it is connected to.
worker_of_second()
{
	local pid peers
	peers=$(ss -xH | awk '$2 == "ESTAB" && $5 ~ /slapd2/ { print $8 }')
	for pid in $(pgrep -x tenure-sync); do
		find "/proc/$pid/fd" -lname 'socket:*' -printf '%l\n' | tr -dc '0-9\n' | grep -qxF "$peers" && echo "$pid"
	done
}

if ! servers_up >/run/up.log 2>&1; then echo "the servers did not come up:"; tail /run/up.log; exit 99; fi
host_of_two
start_syslog
start_tenured
each_on_its_own
a_frozen_server
a_flood
a_worker KILL
a_worker STOP
claims
