/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* What user space chooses before loading. Of built-in types, since the skeleton repeats them. */
#ifndef GUNICORN_BPF_CORE_CONFIG_H
#define GUNICORN_BPF_CORE_CONFIG_H

#include "contract.h"

/* Processes whose listen() makes a candidate: enum candidates. */
const volatile unsigned int candidates = CANDIDATES_ALL;

/* Entries of the map `connections`: twice what one master may have. */
const volatile unsigned long long conn_places = 0;

/* A record for every response, not only for status >= 400. */
const volatile unsigned char record_every_response = 0;

/* Break down the time of each request: conn/request_trace.h, programs/sched.h. */
const volatile unsigned char trace_requests = 0;

/* What a user may have turned off. */
const volatile unsigned char measure_activity = 1; /* totals.activity */
const volatile unsigned char measure_sizes = 1;    /* totals.first_byte, request_sizes, response_sizes */
const volatile unsigned char measure_waits = 1;    /* totals.waits */

/* How long a tick of the kernel (a jiffy) is. */
const volatile unsigned long long tick_ns = 4000000;

/* What a user may have turned on. */
const volatile unsigned char watch_raises = 0; /* raises, last_raises, background_exceptions */

/* Entries of the map `raises`. */
const volatile unsigned int raise_places = 0;

#endif
