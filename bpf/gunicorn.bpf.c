// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * The index of all programs. They are one object, since they share their maps.
 *
 * hook                           program              file                         observes
 * ------------------------------ -------------------- ---------------------------- ------------------------------------
 * tp_btf/sys_exit                sys_exit             programs/sys_exit.h          system calls of observed processes
 *   tail call                    stream_bytes         programs/stream_bytes.h      bytes of requests and responses
 *   tail call                    pass_bulk            programs/pass_bulk.h         many chunks or lines in one system call
 *   tail call                    pass_messages        programs/pass_messages.h     many messages in one system call
 *   tail call                    end_lost_response    programs/stream_bytes.h      responses that were not followed to their end
 *   tail call                    explain_response     programs/explain_response.h  the exception behind a response
 *   tail call                    end_by_call          programs/conn_close.h        the end of a connection
 *   tail call                    shut_by_call         programs/conn_close.h        shutdown(2) of a connection
 *   tail call                    finish_explained     programs/explain_response.h  … and the end of that response
 *   tail call                    explain_abort        programs/explain_abort.h     which exception ended an unanswered request
 *   tail call                    read_log_record      programs/log_record.h        exceptions that a worker logs
 *   tail call                    read_printed         programs/print_traceback.h   exceptions that gevent.pywsgi prints
 *   tail call                    note_listener        programs/listen.h            what processes listen on
 *   tail call                    recover_call         programs/recover_call.h      calls in the middle of which another one ran
 *   tail call                    read_frames          programs/read_frames.h       by whom a WebSocket is ended
 * tp_btf/sys_enter               sys_enter            programs/queue_wait.h        the first read of a connection
 * tp_btf/sched_process_fork      sched_process_fork   programs/process.h           births of workers
 * tp_btf/sched_process_exec      sched_process_exec   programs/process.h           processes that become another program
 * tp_btf/sched_process_exit      sched_process_exit   programs/process.h           deaths
 * tp_btf/signal_generate         signal_generate      programs/process.h           signals for observed processes
 * raw_tp/mark_victim             mark_victim          programs/process.h           the out-of-memory killer's choice
 * tp_btf/sched_switch            trace_switch         programs/sched.h             threads that leave and get a processor
 * tp_btf/sched_wakeup            trace_wakeup         programs/sched.h             threads that become runnable
 * tp_btf/sched_process_exit      trace_exit           programs/sched.h             threads that end
 * tp_btf/sys_enter               trace_enter          programs/sched.h             the call in which a thread may block
 * tp_btf/tcp_destroy_sock        tcp_destroy_sock     programs/tcp_destroy.h       what a TCP socket had sent when it ended
 * iter/task_file                 read_backlogs        programs/iter_listeners.h    the queues of listeners
 * iter/task_vma                  read_mappings        programs/iter_mappings.h     inodes behind mapped files
 * uprobe PyTraceBack_Here        see_raise            programs/uprobe_traceback.h  exceptions that pass a framework
 * usdt python:gc__start          collection_begins    programs/usdt_gc.h           pauses by the garbage collector
 * usdt python:gc__done           collection_ends      programs/usdt_gc.h
 * usdt python:import__..__start  import_begins        programs/usdt_import.h       imports of modules
 * usdt python:import__..__done   import_ends          programs/usdt_import.h
 * run by user space              end_connection       programs/conn_close.h        connections of a dead process
 * run by user space              end_if_closed        programs/conn_close.h        connections with several descriptors
 * run by user space              adopt_connection     programs/conn_close.h        connections older than the exporter
 *
 * maps                                                                             file
 * -------------------------------------------------------------------------------- -----------------------------------
 * slot_pages, processes, totals, free_slots                                        core/maps.h
 * records, drops                                                                   core/record.h
 * connections, pipelined, closing_conns, new_connection, io_ctxs                   conn/maps.h
 * listeners, conns_of_master, arrivals, busy_since                                 conn/maps.h
 * observed_ports, ended_sockets                                                    conn/foreign_bytes.h
 * tail_calls                                                                       conn/tail_calls.h
 * pythons, raises, last_raises, background_exceptions                              python/maps.h
 * clocks, traced, blank_traces                                                     trace/maps.h
 * gc_starts, gc_pauses                                                             programs/usdt_gc.h
 * import_starts, imports                                                           programs/usdt_import.h
 *
 * The name of a program is the value of the label `probe` of gunicorn_bpf_exporter_probe_attached, and the name of a
 * map that of `map`: neither changes.
 */

/* The registers as the kernel names them: core/kernel_types.h has them. */
#define __KERNEL__

#include <linux/bpf.h>
#include <stdbool.h>
#include <stddef.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "programs/conn_close.h"
#include "programs/explain_abort.h"
#include "programs/explain_response.h"
#include "programs/iter_listeners.h"
#include "programs/iter_mappings.h"
#include "programs/listen.h"
#include "programs/log_record.h"
#include "programs/pass_bulk.h"
#include "programs/pass_messages.h"
#include "programs/print_traceback.h"
#include "programs/process.h"
#include "programs/queue_wait.h"
#include "programs/read_frames.h"
#include "programs/recover_call.h"
#include "programs/sched.h"
#include "programs/stream_bytes.h"
#include "programs/sys_exit.h"
#include "programs/tcp_destroy.h"
#include "programs/uprobe_traceback.h"
#include "programs/usdt_gc.h"
#include "programs/usdt_import.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";
