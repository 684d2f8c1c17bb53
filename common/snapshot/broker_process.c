/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Alone in its file: nobody links it but who asks for it by name (map.h). */
#include "common/snapshot/map.h"

__attribute__((visibility("default"))) const int tenure_broker_process = 1;
