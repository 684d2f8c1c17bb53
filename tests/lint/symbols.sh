#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What the two modules export and what they need, in both directions.
set -u
nss=$TENURE_BUILD/.libs/libnss_tenure.so.2.0.0
[ -e "$nss" ] || nss=$(find "$TENURE_BUILD" -name 'libnss_tenure.so.2*' -path '*.libs*' ! -name '*test*' -type f | head -n 1)
pam=$(find "$TENURE_BUILD" -name 'pam_tenure.so' -path '*.libs*' | head -n 1)
exported() { nm -D --defined-only "$1" | awk '$2 ~ /[TBDRVW]/ { sub(/@.*/, "", $3); print $3 }' | sort -u; }
needed() { readelf -d "$1" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | sort | tr '\n' ' '; }

want_nss="_nss_tenure_endgrent _nss_tenure_endpwent _nss_tenure_getgrent_r _nss_tenure_getgrgid_r _nss_tenure_getgrnam_r \
_nss_tenure_getpwent_r _nss_tenure_getpwnam_r _nss_tenure_getpwuid_r _nss_tenure_initgroups_dyn _nss_tenure_setgrent _nss_tenure_setpwent"
want_pam="pam_sm_acct_mgmt pam_sm_authenticate pam_sm_chauthtok pam_sm_close_session pam_sm_open_session pam_sm_setcred"
compare() # NAME GOT WANTED
{
	if [ "$2" = "$3" ]; then echo "ok $1"; else echo "not ok $1: $2"; fi
}
compare "libnss_tenure exports the NSS calls and nothing else" "$(exported "$nss" | tr '\n' ' ' | sed 's/ $//')" \
	"$(tr -s ' ' '\n' <<<"$want_nss" | sort | tr '\n' ' ' | sed 's/ $//')"
compare "pam_tenure exports the PAM calls and nothing else" "$(exported "$pam" | tr '\n' ' ' | sed 's/ $//')" "$want_pam"
compare "libnss_tenure needs libc alone" "$(needed "$nss" | sed 's/ld-linux[^ ]* //')" "libc.so.6 "
case " $(needed "$pam")" in
*libconfig* | *libldap* | *jansson* | *nettle* | *systemd*) echo "not ok pam_tenure needs $(needed "$pam")" ;;
*) echo "ok pam_tenure needs none of the programs' libraries" ;;
esac
if readelf -d "$nss" | grep -q NODELETE; then echo "ok libnss_tenure stays mapped (-z nodelete)"; else echo "not ok libnss_tenure: no NODELETE"; fi
for f in "$nss" "$pam"; do
	case $(nm -D --undefined-only "$f" | awk '{ sub(/@.*/, "", $2); print $2 }' | tr '\n' ' ') in
	*" getenv "* | *" system "* | *" popen "* | *" dlopen "* | *" exit "* | *" setlocale "* | *" umask "* | *" chdir "* | *" fork "* | *" signal "* | *" sigaction "*)
		echo "not ok ${f##*/} calls what no module may: $(nm -D --undefined-only "$f" | grep -wE 'getenv|system|popen|dlopen|exit|setlocale|umask|chdir|fork|signal|sigaction' | tr '\n' ' ')" ;;
	*) echo "ok ${f##*/} touches neither environment, locale, umask, signals nor exit of its host" ;;
	esac
done
