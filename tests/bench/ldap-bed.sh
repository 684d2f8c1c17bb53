# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# Inside the bed of ldap.sh. Arguments: users, changes of each kind, "PEER...".
# shellcheck source=tests/ldap/lib.sh
. /tests/ldap/lib.sh
users=$1 changes=$2 peers=$3
bench=/usr/libexec/bench
host_dn=cn=db1,ou=hosts,ou=tenure,$suffix
limit_ms=5000 # what a peer has not seen by then is not pushed to it
[ "$users" -gt 100000 ] && rounds=1 || rounds=3

now_us() { local t=$EPOCHREALTIME; echo $((${t%.*} * 1000000 + 10#${t#*.})); }
median() { sort -n | awk '{ v[NR] = $1 } END { printf "%.0f", v[int((NR + 1) / 2)] / 1000 }'; } # of lines of µs, in ms
give_up() { echo "not ok ldap: $1"; tail -n 20 "${2:-/dev/null}"; exit 1; }
row() { printf '%-34s %10s %10s %10s %10s %10s %s\n' "$@"; }

# --- the directory ---

directory_up()
{
	slapd_configure && slapd_start && pki_make && certificate ldap.contoso.com && slapd_tls ldap.contoso.com &&
		as_root ldapadd -f /conf/schema/tenure.ldif && as_root ldapadd -f /conf/schema/openssh-lpk.ldif &&
		as_root ldapmodify <<-L &&
			dn: olcDatabase={1}mdb,cn=config
			changetype: modify
			replace: olcDbMaxSize
			olcDbMaxSize: 34359738368
			-
			replace: olcDbIndex
			olcDbIndex: objectClass,entryUUID,entryCSN,cn,uid,uidNumber,gidNumber,memberUid,member eq
		L
		awk -v RS= -v ORS='\n\n' '/^(#[^\n]*\n)*dn: (dc=|ou=|cn=prod|cn=db1,)/' /conf/examples/openldap/tenant.ldif |
		as ldapadd "$admin" && as ldappasswd "$admin" -s "$password" "$host_dn" &&
		as_root ldapmodify -f /conf/examples/openldap/access.ldif &&
		printf '127.0.0.1 ldap.contoso.com\n' >>/etc/hosts && host_of_ldap && slapd_stop &&
		$bench/bench_ldap_data "$users" >/run/people.ldif &&
		slapadd -q -w -n 1 -F /etc/ldap/slapd.d -l /run/people.ldif && rm /run/people.ldif &&
		chown -R openldap:openldap /var/lib/ldap
}
slapd_again() # DEBUG-LEVEL
{
	slapd_stop
	slapd_debug=$1
	slapd_start
}

# --- load ---

# The search of tenure-sync, as slapd logs it: filter, attributes.
take_search()
{
	filter=$(sed -n 's/.* SRCH base="'"$suffix"'" scope=2 .*filter="\(.*\)"$/\1/p' /run/slapd.log | tr -d '?' | tail -n 1)
	attributes=$(awk '/ SRCH base="'"$suffix"'" scope=2 /{ all = "" } / SRCH attr=/{ sub(/.* SRCH attr=/, ""); all = all " " $0 } END { print all }' /run/slapd.log)
	[ -n "$filter" ] && [ -n "$attributes" ]
}
# shellcheck disable=SC2086  # attributes are words
stream()
{
	LDAPTLS_CACERT=$pki/ca.pem ldapsearch -x -LLL -H ldaps://ldap.contoso.com -D "$host_dn" -w "$password" -b "$suffix" \
		"$filter" $attributes
}
cpu_ms() # PID...
{
	local pid

	for pid in "$@"; do cat "/proc/$pid/stat"; done |
		awk -v hz="$(getconf CLK_TCK)" '{ sub(/.*\) /, ""); t += $12 + $13 } END { printf "%.0f", t * 1000 / hz }'
}
load_once()
{
	local start slapd_ms

	rm -rf /var/lib/tenure/* /run/tenure/*
	slapd_ms=$(cpu_ms "$slapd_pid")
	start=$(now_us)
	setsid /usr/sbin/tenured >>"$tenured_log" 2>&1 </dev/null &
	tenured_pid=$!
	$bench/bench_ldap_change await tenure "$last" 1800000 || give_up "user $last was never known" "$tenured_log"
	echo $(($(now_us) - start)) >>/run/loads
	# shellcheck disable=SC2046
	echo $((($(cpu_ms "$slapd_pid" "$tenured_pid" $(pgrep -x tenure-sync)) - slapd_ms) * 1000)) >>/run/loads.cpu
}
stream_once()
{
	local start slapd_ms own

	slapd_ms=$(cpu_ms "$slapd_pid")
	start=$(now_us)
	TIMEFORMAT='%U %S'
	{ time stream >/dev/null; } 2>/run/stream.time || give_up "ldapsearch failed" /run/stream.time
	echo $(($(now_us) - start)) >>/run/streams
	own=$(awk 'NF == 2 { printf "%.0f", ($1 + $2) * 1000 }' /run/stream.time)
	echo $((($(cpu_ms "$slapd_pid") - slapd_ms + own) * 1000)) >>/run/streams.cpu
}
# All is published, and nothing of it is in the way of what comes.
is_idle() # PID
{
	local before

	[ -e /var/lib/tenure/tenants/contoso/grants ] || return 1
	before=$(cpu_ms "$1")
	sleep 1
	[ $(($(cpu_ms "$1") - before)) -le 20 ]
}
print_load() # TITLE FILE-OF-OURS FILE-OF-THEIRS WANT
{
	local ours theirs

	ours=$(median <"$2")
	theirs=$(median <"$3")
	row "  $1" "$ours" "$theirs" "" "$(awk "BEGIN { printf \"%.2f\", $ours / ($theirs > 0 ? $theirs : 1) }")" "$4" ""
}
measure_load()
{
	local i

	for i in $(seq "$rounds"); do
		load_once
		wait_long is_idle "$tenured_pid" || give_up "tenured does not come to rest" "$tenured_log"
		memory >/run/memory
		[ "$i" -gt 1 ] || take_search || give_up "no search of tenure-sync in slapd's log"
		stream_once
		[ "$i" = "$rounds" ] || stop_tenured
	done
	row "load, ms, median of $rounds" tenure ldapsearch "" ratio want ""
	print_load "until the last user answers" /run/loads /run/streams 2.00
	print_load "of processors, slapd's with it" /run/loads.cpu /run/streams.cpu ""
}

# --- memory and files ---

sum_of() # PATTERN FILE PID...
{
	local pattern=$1 file=$2 pid
	shift 2
	for pid in "$@"; do cat "/proc/$pid/$file"; done | awk -v p="^$pattern:" '$0 ~ p { s += $2 } END { printf "%.1f", s / 1024 }'
}
memory_of() # NAME PID...
{
	local name=$1
	shift
	row "  $name" "$(sum_of Rss smaps_rollup "$@")" "$(sum_of Pss smaps_rollup "$@")" "$(sum_of VmHWM status "$@")" "" "" ""
}
memory()
{
	memory_of tenured "$tenured_pid"
	# shellcheck disable=SC2046
	memory_of tenure-sync $(pgrep -x tenure-sync)
}
bytes_a_user() { awk -v n="$(du -sb --apparent-size "$1" | cut -f1)" -v u="$users" 'BEGIN { printf "%.0f", n / u }'; } # FOLDER
files()
{
	local f

	row "on disk, bytes a user" "" "" "" "" want ""
	row "  snapshot" "$(bytes_a_user /var/lib/tenure/tenants/contoso)" "" "" "" 160 ""
	for f in /var/lib/tenure/tenants/contoso/*; do row "    ${f##*/}" "$(bytes_a_user "$f")" "" "" "" "" ""; done
	row "  mirror" "$(bytes_a_user /var/lib/tenure/mirror)" "" "" "" "" ""
}

# --- changes ---

changes() # WHAT SERVICE COUNT: "MEDIAN P99 MAX", the server's own, how many were not seen
{
	$bench/bench_ldap_change "$1" "$2" "$users" "$3" $limit_ms ldapi:/// "$admin" "$password"
}
# tenured is behind the server again, too.
measure_restart()
{
	local start

	slapd_again 0
	start=$(now_us)
	$bench/bench_ldap_change shell tenure "$users" 1 1800000 ldapi:/// "$admin" "$password" >/run/changes ||
		give_up "no change after the server's restart" "$tenured_log"
	row "the server restarts, ms" "" "" "" "" "" ""
	row "  until the first change is seen" "$((($(now_us) - start) / 1000))" "" "" "" "" ""
}
measure_changes()
{
	local what title

	row "change, ms, $changes of each" median p99 "slapd's" "own p99" "want p99" ""
	# Groups last: what became other in them is computed again at each change, until it is folded into new files.
	for what in "shell a user's shell" "disable somebody is disabled" "member a member more, one less"; do
		title=${what#* }
		changes "${what%% *}" tenure "$changes" >/run/changes || give_up "changes of $what"
		# shellcheck disable=SC2046
		set -- $(cat /run/changes)
		row "  $title" "$1" "$2" "$4" "$5" 20 "$([ "$7" = 0 ] || echo "$7 not seen in $limit_ms ms")"
	done
}
# A peer's: few, for it may have seen none.
peer_changes() # SERVICE
{
	local what

	for what in shell member; do
		# shellcheck disable=SC2046
		set -- "$1" $(changes $what "$1" 4)
		if [ "$8" -gt 0 ]; then echo "$what -"; else echo "$what $2"; fi
	done
}

# --- peers ---

nslcd_up()
{
	(umask 077 && cat >/etc/nslcd.conf) <<-C
		uid nslcd
		gid nslcd
		uri ldaps://ldap.contoso.com
		base $suffix
		binddn $host_dn
		bindpw $password
		tls_reqcert demand
		tls_cacertfile $pki/ca.pem
	C
	mkdir -p /run/nslcd && chown nslcd:nslcd /run/nslcd
	nslcd
	nslcd_pid=$(cat /run/nslcd/nslcd.pid)
}
nslcd_down() { kill "$nslcd_pid"; wait_for not_running "$nslcd_pid"; }
nslcd_pids() { echo "$nslcd_pid"; }
sssd_up()
{
	mkdir -p /etc/sssd
	(umask 077 && cat >/etc/sssd/sssd.conf) <<-C
		[sssd]
		services = nss
		domains = contoso
		[nss]
		[domain/contoso]
		id_provider = ldap
		auth_provider = none
		access_provider = permit
		sudo_provider = none
		autofs_provider = none
		ldap_uri = ldaps://ldap.contoso.com
		ldap_search_base = $suffix
		ldap_default_bind_dn = $host_dn
		ldap_default_authtok = $password
		ldap_tls_cacert = $pki/ca.pem
		ldap_tls_reqcert = demand
		ldap_schema = rfc2307bis
		enumerate = false
	C
	rm -f /var/lib/sss/db/* /var/lib/sss/mc/*
	sssd -i >/run/sssd.log 2>&1 &
	sssd_pid=$!
}
sssd_down() { kill "$sssd_pid"; wait_for not_running "$sssd_pid"; }
sssd_pids() { echo "$sssd_pid $(pgrep -P "$sssd_pid" | tr '\n' ' ')"; }
service_of() { case $1 in nslcd) echo ldap ;; sssd) echo sss ;; esac; }

# Each alone on the host, so that none takes another's time.
measure_peer() # NAME
{
	local service

	service=$(service_of "$1")
	"$1_up"
	if ! $bench/bench_ldap_change await "$service" "$last" 60000; then
		echo "no $1: it does not answer on this host"
		"$1_down"
		return
	fi
	peer_changes "$service" >"/run/$1.changes"
	timeout 600 $bench/bench_ldap_lookups "$service" "$users" >"/run/$1.lookups" || true
	# shellcheck disable=SC2046
	memory_of "$1, after the lookups" $("$1_pids") >"/run/$1.memory"
	"$1_down"
}

# --- lookups ---

field() { awk -F'\t' -v t="$2" '$1 == t { print $2; found = 1 } END { if (!found) print "-" }' "$1" 2>/dev/null || echo -; } # FILE TITLE
print_lookups()
{
	local title titles

	row "lookups, ns, the service alone" tenure nslcd sssd "" "" ""
	mapfile -t titles < <(cut -f1 /run/tenure.lookups)
	for title in "${titles[@]}"; do
		row "  $title" "$(field /run/tenure.lookups "$title")" "$(field /run/nslcd.lookups "$title")" \
			"$(field /run/sssd.lookups "$title")" "" "" ""
	done
}
seen() # PEER WHAT
{
	local ms

	ms=$(awk -v w="$2" '$1 == w { print $2 }' "/run/$1.changes" 2>/dev/null)
	case $ms in '') echo - ;; -) echo "not in 5 s" ;; *) echo "$ms" ;; esac
}
print_peers()
{
	local p

	row "change, ms, median" "" nslcd sssd "" "" ""
	row "  a user's shell" "" "$(seen nslcd shell)" "$(seen sssd shell)" "" "" ""
	row "  a member more, one less" "" "$(seen nslcd member)" "$(seen sssd member)" "" "" ""
	for p in nslcd sssd; do cat "/run/$p.memory" 2>/dev/null || true; done >/run/peers.memory
}

tar -C /inst -c . | tar -x -C / --keep-directory-symlink
ldconfig
useradd --system --no-create-home --shell /usr/sbin/nologin _tenure-sync
mkdir /run/bench-pam
echo 'account required pam_tenure.so' >/run/bench-pam/sshd
last=$($bench/bench_data name $((users - 1)))
directory_up >/run/up.log 2>&1 || give_up "the directory did not come up" /run/up.log
sed -i -e 's/^id_range.*/id_range = [ 1900000000, 1920000999 ];/' -e 's/^role_gids.*/role_gids = [ 1920000000, 1920000999 ];/' \
	/etc/tenure/tenants.d/contoso.conf
slapd_debug=256
slapd_start
printf '\n%s users, 5000 groups, one of %s members; %s, %s processors, Linux %s, load %s\n' "$users" \
	$((users < 10000 ? users : 10000)) "$(uname -m)" "$(nproc)" "$(uname -r)" "$(cut -d' ' -f1 /proc/loadavg)"
measure_load
row "memory, MB, after the load" RSS PSS peak "" "" ""
cat /run/memory
files
measure_restart
measure_changes
row "memory, MB, after the changes" RSS PSS peak "" "" ""
memory
timeout 300 $bench/bench_ldap_lookups tenure "$users" >/run/tenure.lookups
stop_tenured
for p in $peers; do measure_peer "$p"; done
print_peers
[ ! -s /run/peers.memory ] || { row "memory, MB" RSS PSS peak "" "" ""; cat /run/peers.memory; }
print_lookups
slapd_stop
