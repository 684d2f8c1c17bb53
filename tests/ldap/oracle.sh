#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Random operations on a directory, and after each few hundred of them: what the host says is what an oracle makes of
# ldapsearch. ORACLE_SEED repeats a run.
# shellcheck source=tests/ldap/lib.sh
. /tests/ldap/lib.sh

people=ou=people,$suffix groups=ou=groups,$suffix away=ou=away,$suffix
seed=${ORACLE_SEED:-$RANDOM}
rounds=4 each=250
[ -z "${TENURE_TEST_LONG:-}" ] || rounds=20 each=500

# LDIF of that many operations. State goes on from the directory: the names that there are.
operations() # SEED COUNT
{
	{
		as ldapsearch "$admin" -LLL -o ldif-wrap=no -b "$people" -s one '(uid=r*)' uid | sed -n 's/^uid: /p /p'
		as ldapsearch "$admin" -LLL -o ldif-wrap=no -b "$away" -s one '(uid=r*)' uid | sed -n 's/^uid: /a /p'
		as ldapsearch "$admin" -LLL -o ldif-wrap=no -b "$groups" -s one '(cn=r*)' cn | sed -n 's/^cn: /g /p'
	} | awk -v seed="$1" -v count="$2" -v people="$people" -v groups="$groups" -v away="$away" '
		function any(list, n) { return list[int(rand() * n) + 1] }
		function drop(list, n, name,   i) { for (i = 1; i <= n; i++) if (list[i] == name) { list[i] = list[n]; delete list[n]; return n - 1 } return n }
		function user(name) { return "uid=" name "," people }
		function group(name) { return "cn=" name "," groups }
		function fresh() { return "r" seed "x" ++made }
		function changed(dn, what) { printf "dn: %s\nchangetype: modify\n%s\n\n", dn, what }
		function renamed(dn, rdn, superior) {
			printf "dn: %s\nchangetype: modrdn\nnewrdn: %s\ndeleteoldrdn: 1\n%s\n", dn, rdn, superior ? "newsuperior: " superior "\n" : ""
		}
		function member() { return np && (rand() < 0.7 || !ng) ? user(any(p, np)) : ng ? group(any(g, ng)) : user("nobody") }
		$1 == "p" { p[++np] = $2 }
		$1 == "a" { a[++na] = $2 }
		$1 == "g" { g[++ng] = $2 }
		END {
			srand(seed)
			for (i = 0; i < count; i++) {
				what = rand()
				if (what < 0.22 || !np) {
					name = fresh(); p[++np] = name; id = 1900020000 + (seed * 7919 + made) % 60000
					printf "dn: %s\nchangetype: add\nobjectClass: inetOrgPerson\nobjectClass: posixAccount\nuid: %s\ncn: %s\nsn: x\nuidNumber: %d\ngidNumber: %d\nhomeDirectory: /home/contoso.com/%s\nloginShell: /bin/sh\n\n", user(name), name, name, id, id, name
				} else if (what < 0.30) {
					name = any(p, np); np = drop(p, np, name); printf "dn: %s\nchangetype: delete\n\n", user(name)
				} else if (what < 0.42) changed(user(any(p, np)), "replace: loginShell\nloginShell: /bin/s" int(rand() * 9))
				else if (what < 0.48) changed(user(any(p, np)), "replace: cn\ncn: Person " int(rand() * 99))
				else if (what < 0.54) {
					name = any(p, np); np = drop(p, np, name); next_name = fresh(); p[++np] = next_name
					renamed(user(name), "uid=" next_name)
				} else if (what < 0.60) {
					name = any(p, np); np = drop(p, np, name); a[++na] = name
					renamed(user(name), "uid=" name, away)
				} else if (what < 0.66 && na) {
					name = any(a, na); na = drop(a, na, name); p[++np] = name
					renamed("uid=" name "," away, "uid=" name, people)
				} else if (what < 0.72 || !ng) {
					name = fresh(); g[++ng] = name; gid = 1900010100 + seed % 100 * 90 + ++gids
					printf "dn: %s\nchangetype: add\nobjectClass: posixGroup\nobjectClass: tenureGroup\ncn: %s\ngidNumber: %d\n\n", group(name), name, gid
				} else if (what < 0.75) {
					name = any(g, ng); ng = drop(g, ng, name); printf "dn: %s\nchangetype: delete\n\n", group(name)
				} else if (what < 0.78) {
					name = any(g, ng); ng = drop(g, ng, name); next_name = fresh(); g[++ng] = next_name
					renamed(group(name), "cn=" next_name)
				} else if (what < 0.93) changed(group(any(g, ng)), "add: member\nmember: " member())
				else changed(group(any(g, ng)), "delete: member\nmember: " member())
			}
		}'
}

# "passwd NAME:*:UID:GID:GECOS:HOME:SHELL" and "group NAME:*:GID:MEMBERS in order", of what the directory says.
oracle()
{
	{
		as ldapsearch "$admin" -LLL -o ldif-wrap=no -b "$people" '(&(objectClass=posixAccount)(uid=r*))'
		as ldapsearch "$admin" -LLL -o ldif-wrap=no -b "$groups" '(&(objectClass=posixGroup)(cn=r*))'
	} | awk -v people="$people" '
		function flush(   dn) {
			if (!("dn" in e)) return
			dn = tolower(e["dn"])
			if (e["class"] ~ /posixAccount/) {
				name[dn] = e["uid"]
				printf "passwd %s:*:%s:%s:%s:%s:%s\n", e["uid"], e["uidNumber"], e["gidNumber"], "gecos" in e ? e["gecos"] : e["cn"], e["homeDirectory"], e["loginShell"]
			} else if (e["class"] ~ /posixGroup/) {
				group[dn] = e["cn"]; gid[dn] = e["gidNumber"]; members[dn] = tolower(e["members"])
			}
		}
		function walk(dn,   list, n, i) {
			if (dn in seen) return
			seen[dn] = 1
			n = split(members[dn], list, "\n")
			for (i = 1; i <= n; i++)
				if (list[i] in name) has[name[list[i]]] = 1
				else if (list[i] in group) walk(list[i])
		}
		/^$/ { flush(); delete e; next }
		{ key = $1; sub(/:$/, "", key); value = substr($0, length($1) + 2) }
		key == "objectClass" { e["class"] = e["class"] " " value; next }
		key == "member" { e["members"] = e["members"] ("members" in e && e["members"] != "" ? "\n" : "") value; next }
		{ e[key] = value }
		END {
			flush()
			for (dn in group) {
				delete seen; delete has; n = 0
				walk(dn)
				for (m in has) out[++n] = m
				text = ""
				for (i = 1; i <= n; i++) { low = i; for (j = i + 1; j <= n; j++) if (out[j] < out[low]) low = j; t = out[i]; out[i] = out[low]; out[low] = t; text = text (i > 1 ? "," : "") out[i] }
				printf "group %s:*:%s:%s\n", group[dn], gid[dn], text
			}
		}' | LC_ALL=C sort
}
host()
{
	{
		getent passwd | sed -n 's/^r[0-9]*x/passwd &/p'
		getent group | awk -F: '$1 ~ /^r[0-9]+x/ && $3 >= 1900010000 && $3 < 1900020000 {
			n = split($4, m, ","); text = ""
			for (i = 1; i <= n; i++) { low = i; for (j = i + 1; j <= n; j++) if (m[j] < m[low]) low = j; t = m[i]; m[i] = m[low]; m[low] = t; text = text (i > 1 ? "," : "") m[i] }
			printf "group %s:%s:%s:%s\n", $1, $2, $3, text }'
	} | LC_ALL=C sort
}
agrees() { oracle >/run/oracle; host >/run/host; cmp -s /run/oracle /run/host; }

if ! tenant_up >/run/up.log 2>&1; then echo "the tenant did not come up:"; tail /run/up.log; exit 99; fi
as ldapadd "$admin" >/dev/null <<-L
	dn: $away
	objectClass: organizationalUnit
	ou: away
L
host_of_ldap >/run/up.log 2>&1
start_tenured
wait_for known alice
for round in $(seq "$rounds"); do
	operations $((seed + round)) "$each" >/run/operations
	as ldapmodify "$admin" -c -f /run/operations >/run/modify.log 2>&1
	if wait_for agrees; then
		ok "seed $seed, round $round: $(wc -l </run/oracle) answers are the oracle's"
	else
		not_ok "seed $seed, round $round" "$(diff /run/oracle /run/host | head -6 | tr '\n' '|')"
	fi
done
check "there was something to compare" test "$(wc -l </run/oracle)" -gt 20
check "and not all operations failed" test "$(grep -c 'ldap_' /run/modify.log)" -lt $((each / 3))
