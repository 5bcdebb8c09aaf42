// SPDX-License-Identifier: BSD-2-Clause
// The paths and their answers.
#include "web/routes.h"

#include <fmt/format.h>

#include "web/gzip.h"

namespace web {
namespace {

constexpr std::string_view kHealthy = "/-/healthy";
constexpr std::string_view kReady = "/-/ready";

Answer sentence(int status, std::string_view text) {
    return Answer{.status = status,
                  .content_type = "text/plain; charset=utf-8",
                  .body = fmt::format("{}\n", text),
                  .headers = {}};
}

// Both go into HTML and into comparisons without any escaping, so only plain characters are allowed.
bool is_plain(std::string_view path) {
    constexpr std::string_view kAllowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/-._~";
    return path.find_first_not_of(kAllowed) == std::string_view::npos;
}

} // namespace

Result<Routes> Routes::create(std::string telemetry_path, Pages pages) {
    if (!telemetry_path.starts_with('/') || telemetry_path.starts_with("/-/") || !is_plain(telemetry_path))
        return fail(fmt::format("--web.telemetry-path {}: has to begin with / (not /-/) and may contain letters, "
                                "digits and - . _ ~ /",
                                telemetry_path));
    return Routes(std::move(telemetry_path), std::move(pages));
}

Routes::Routes(std::string telemetry_path, Pages pages)
    : telemetry_path_(std::move(telemetry_path)), pages_(std::move(pages)) {}

Answer Routes::answer(const Request& request) const {
    const bool known =
        request.path == telemetry_path_ || request.path == "/" || request.path == kHealthy || request.path == kReady;
    if (!known) return sentence(404, fmt::format("Not found. The metrics are at {}", telemetry_path_));
    if (request.method != "GET" && request.method != "HEAD") {
        Answer answer = sentence(405, "Only GET and HEAD are answered here.");
        answer.headers.emplace_back("Allow", "GET, HEAD");
        return answer;
    }
    if (request.path == telemetry_path_) return metrics(request);
    if (request.path == kHealthy) return sentence(200, "Healthy.");
    if (request.path == kReady) return readiness();
    return landing();
}

Answer Routes::metrics(const Request& request) const {
    const Format format = preferred_format(request.accept);
    Result<std::string> page = pages_.metrics(format);
    if (!page) return sentence(503, page.error().text);
    Answer answer{.status = 200,
                  .content_type = std::string(content_type_of(format)),
                  .body = std::move(*page),
                  .headers = {{"Vary", "Accept, Accept-Encoding"}}};
    if (!accepts_gzip(request.accept_encoding)) return answer;
    // Without memory for compression the page itself is still good.
    if (Result<std::string> compressed = gzip(answer.body)) {
        answer.body = std::move(*compressed);
        answer.headers.emplace_back("Content-Encoding", "gzip");
    }
    return answer;
}

Answer Routes::readiness() const {
    if (pages_.ready()) return sentence(200, "Ready.");
    return sentence(503, "Not ready: the probes are not attached, or the observed master is gone.");
}

Answer Routes::landing() const {
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
                  .body = fmt::format(kPage, telemetry_path_, kHealthy, kReady),
                  .headers = {}};
}

} // namespace web
