// SPDX-License-Identifier: BSD-2-Clause
// The paths and their answers.
#include "web/routes.h"

#include <fmt/format.h>

#include <memory>
#include <utility>

#include "web/gzip.h"

namespace web {
namespace {

constexpr std::string_view kHealthy = "/-/healthy";
constexpr std::string_view kReady = "/-/ready";
constexpr std::string_view kLive = "/api/v1/live";

// Paths go into HTML and into comparisons without any escaping, so only plain characters are allowed.
bool is_plain(std::string_view path) {
    constexpr std::string_view kAllowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/-._~";
    return path.starts_with('/') && path.find_first_not_of(kAllowed) == std::string_view::npos;
}

bool lists(std::string_view methods, std::string_view method) {
    while (!methods.empty()) {
        const auto end = methods.find(", ");
        if (methods.substr(0, end) == method) return true;
        methods = end == std::string_view::npos ? std::string_view{} : methods.substr(end + 2);
    }
    return false;
}

// Of a target with scheme and host, too: a client that takes us for a proxy sends such (RFC 9112 section 3.2.2).
std::string_view path_of(std::string_view target) {
    for (const std::string_view scheme : {"http://", "https://"}) {
        if (!target.starts_with(scheme)) continue;
        const auto path = target.find('/', scheme.size());
        return path == std::string_view::npos ? "/" : target.substr(path);
    }
    return target;
}

Answer not_allowed(const Page& page) {
    const bool reading = page.methods.starts_with("GET");
    Answer answer = sentence(
        405, fmt::format("Only {} {} answered here.", reading ? "GET and HEAD" : page.methods, reading ? "are" : "is"));
    answer.headers.emplace_back("Allow", page.methods);
    return answer;
}

// Without memory for compression the body itself is still good.
void compress_if_accepted(Answer& answer, const Request& request) {
    if (!accepts_gzip(request.accept_encoding)) return;
    if (Result<std::string> compressed = gzip(answer.body)) {
        answer.body = std::move(*compressed);
        answer.headers.emplace_back("Content-Encoding", "gzip");
    }
}

Answer metrics(const Pages& pages, const Request& request) {
    const Format format = preferred_format(request.accept);
    Result<std::string> page = pages.metrics(format);
    if (!page) return sentence(503, page.error().text);
    Answer answer{.status = 200,
                  .content_type = std::string(content_type_of(format)),
                  .body = std::move(*page),
                  .headers = {{"Vary", "Accept, Accept-Encoding"}}};
    compress_if_accepted(answer, request);
    return answer;
}

Answer live(const Pages& pages, const Request& request) {
    Result<std::string> json = pages.live();
    if (!json) return sentence(503, json.error().text);
    Answer answer{.status = 200,
                  .content_type = "application/json",
                  .body = std::move(*json),
                  .headers = {{"Cache-Control", "no-store"}, {"Vary", "Accept-Encoding"}}};
    add_page_policy(answer);
    compress_if_accepted(answer, request);
    return answer;
}

Answer readiness(const Pages& pages) {
    if (pages.ready()) return sentence(200, "Ready.");
    return sentence(503, "Not ready: the probes are not attached, or the observed master is gone.");
}

Answer links(std::string_view telemetry_path) {
    constexpr std::string_view kPage = R"(<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>gunicorn-bpf-exporter</title></head>
<body>
<h1>gunicorn-bpf-exporter</h1>
<p>Metrics of Gunicorn workers, observed with eBPF.</p>
<ul>
<li><a href="{0}">{0}</a>: the metrics, in the Prometheus text format or OpenMetrics</li>
<li><a href="{1}">{1}</a>: whether the exporter runs</li>
<li><a href="{2}">{2}</a>: whether it observes</li>
</ul>
</body>
</html>
)";
    return Answer{.status = 200,
                  .content_type = "text/html; charset=utf-8",
                  .body = fmt::format(kPage, telemetry_path, kHealthy, kReady),
                  .headers = {}};
}

// An order from outside, for those who allowed it.
Page order(std::string path, bool allowed, std::function<Result<void>()> carry_out, std::string_view done) {
    return {.path = std::move(path),
            .answer =
                [allowed, carry_out = std::move(carry_out), done](const Request&) {
                    if (!allowed || !carry_out)
                        return sentence(403,
                                        "Forbidden: start the exporter with --web.enable-lifecycle to allow this.");
                    const auto carried_out = carry_out();
                    return carried_out ? sentence(200, done) : sentence(500, carried_out.error().text);
                },
            .methods = "POST"};
}

} // namespace

Answer sentence(int status, std::string_view text) {
    return Answer{.status = status,
                  .content_type = "text/plain; charset=utf-8",
                  .body = fmt::format("{}\n", text),
                  .headers = {}};
}

Result<Routes> Routes::create(const std::string& telemetry_path, Pages pages, bool lifecycle) {
    if (telemetry_path.starts_with("/-/") || !is_plain(telemetry_path))
        return fail(fmt::format("--web.telemetry-path {}: has to begin with / (not /-/) and may contain letters, "
                                "digits and - . _ ~ /",
                                telemetry_path));
    Routes routes;
    routes.telemetry_path_ = telemetry_path;
    const auto kept = std::make_shared<const Pages>(std::move(pages));
    // The first page of a path counts: the metrics before all, the links after all.
    const auto add = [&](Page page) { routes.table_.try_emplace(page.path, std::move(page)); };
    add({telemetry_path, [kept](const Request& request) { return metrics(*kept, request); }});
    add({std::string(kHealthy), [](const Request&) { return sentence(200, "Healthy."); }});
    add({std::string(kReady), [kept](const Request&) { return readiness(*kept); }});
    add(order("/-/cleanup", lifecycle, kept->cleanup, "Cleaned up: the series of dead workers are gone."));
    add(order("/-/reload", lifecycle, kept->reload, "Reloaded."));
    if (kept->live) add({std::string(kLive), [kept](const Request& request) { return live(*kept, request); }});
    const auto documents = std::make_shared<const Documents>(kept->documents);
    for (const auto& document : kept->documents)
        add({document.path, [documents](const Request& request) { return documents->answer(request); }});
    add({"/", [telemetry_path](const Request&) { return links(telemetry_path); }});
    return routes;
}

Answer Routes::answer(const Request& asked) const {
    auto request = asked;
    request.path = path_of(asked.path);
    const auto found = table_.find(request.path);
    if (found == table_.end()) return sentence(404, fmt::format("Not found. The metrics are at {}", telemetry_path_));
    const Page& page = found->second;
    return lists(page.methods, request.method) ? page.answer(request) : not_allowed(page);
}

} // namespace web
