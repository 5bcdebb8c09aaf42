// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* All programs in one object: they share their maps, and what one file needs of another it includes. */
#include <linux/bpf.h>
#include <stddef.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "contract.h"

#include "backlog.h"
#include "endings.h"
#include "lifecycle.h"
#include "syscalls.h"
#include "waits.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";
