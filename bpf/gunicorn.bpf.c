// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* All programs in one object: they share their maps, and what one file needs of another it includes. */
/* The registers as the kernel names them: kernel_types.h has them. */
#define __KERNEL__

#include <linux/bpf.h>
#include <stdbool.h>
#include <stddef.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "contract.h"

#include "backlog.h"
#include "collector.h"
#include "endings.h"
#include "imports.h"
#include "lifecycle.h"
#include "log_records.h"
#include "raises.h"
#include "scheduling.h"
#include "syscalls.h"
#include "waits.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";
