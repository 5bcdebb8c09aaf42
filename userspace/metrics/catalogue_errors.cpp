// SPDX-License-Identifier: BSD-2-Clause
#include "metrics/catalogue_parts.h"

namespace metrics {

using prometheus::MetricType;

std::vector<Metric> about_errors() {
    return {
        {Name::worker_responses_by_class,
         "gunicorn_worker_responses_by_class_total",
         MetricType::Counter,
         "Total number of responses sent by worker, by class of their status",
         {"worker_id", "class"},
         Scope::target,
         kFirst,
         "`class` is `1xx` (101 only), `2xx`, `3xx`, `4xx`, `5xx` or `unreadable` (the status line has no valid code). "
         "Statuses above 599 count as `5xx` (RFC 9110 section 15). The classes sum to `gunicorn_worker_requests_total` "
         "in every scrape, and `4xx` and `5xx` to `gunicorn_worker_failed_requests_total`. All of them are 0 from the "
         "worker's birth on, so that `increase()` sees the first one: Prometheus takes no growth from a series that "
         "begins with its first event. The rules in deploy/prometheus and the dashboards use these."},
        {Name::worker_errors,
         "gunicorn_worker_errors_total",
         MetricType::Counter,
         "Total number of requests that an exception ended, by worker",
         {"worker_id"},
         Scope::target,
         kFirst,
         "The sum of `gunicorn_worker_error_handling_total`; 0 from the worker's birth on."},
        {Name::failed_requests,
         "gunicorn_failed_requests_total",
         MetricType::Counter,
         "Total number of failed requests of all workers, also of those that have ended",
         {"method", "endpoint", "status_code"},
         Scope::target,
         kFirst,
         "The sum of `gunicorn_worker_failed_requests_total` over all workers that there were: a restart takes nothing "
         "away. A series that has not grown for longer than the retention time may end with a worker's series, so that "
         "its endpoint makes room for another. For the retention time after it has grown, each living worker has "
         "its own series of these labels, too, if need be with the value 0."},
        {Name::errors,
         "gunicorn_errors_total",
         MetricType::Counter,
         "Total number of requests that an exception ended, of all workers, also of those that have ended",
         {"method", "endpoint", "error_type"},
         Scope::target,
         kFirst,
         "The sum of `gunicorn_worker_error_handling_total` over all workers that there were, as "
         "`gunicorn_failed_requests_total` is of failed requests."},
    };
}

} // namespace metrics
