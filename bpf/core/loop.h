/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Loops whose turns look alike. With bpf_loop() (Linux 5.17) the verifier walks one turn, without it every one, which takes eight
 * times as long. An older kernel refuses an object that mentions bpf_loop() at all, so the same source is compiled twice, with and
 * without BPF_LOOP_HELPER; user space loads the object that fits the kernel. The state is on the stack: the helper takes nothing else.
 *
 *   LOOP_STEP name(u32 turn, struct something *state) { …; return CONTINUE_LOOP or BREAK_LOOP; }
 *   repeat(turns, name, &state);      `turns` times at most
 */
#ifndef GUNICORN_BPF_CORE_LOOP_H
#define GUNICORN_BPF_CORE_LOOP_H

#include "core/platform.h"

enum { CONTINUE_LOOP = 0, BREAK_LOOP = 1 };

#ifdef BPF_LOOP_HELPER
#define LOOP_STEP static long
#define repeat(turns, step, state) bpf_loop(turns, step, (void *)(state), 0)
#else
#define LOOP_STEP static __always_inline long
#define repeat(turns, step, state)                                                                                     \
    for (u32 turn_ = 0; turn_ < (turns); turn_++)                                                                      \
        if (step(turn_, state) != CONTINUE_LOOP) break
#endif

#endif
