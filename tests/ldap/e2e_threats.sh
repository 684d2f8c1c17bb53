#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# tests/e2e/threats.sh with the tenant in LDAP.
export TENURE_E2E_SOURCE=ldap
exec bash /tests/e2e/threats.sh
