// SPDX-License-Identifier: BSD-2-Clause
#include "top/sections.h"

#include <fmt/format.h>
#include <time.h>

#include <algorithm>

#include "top/text.h"

namespace top {

namespace {

std::string fact(const TargetRows& target, const char* name) {
    const auto found = target.facts.find(name);
    return found == target.facts.end() ? std::string() : printable(found->second);
}

std::string described(const TargetRows& target) {
    auto text = fmt::format("{}  master {}", printable(target.name), target.master_pid);
    if (!target.alive) return text + "  ended";
    if (const auto version = fact(target, "version"); !version.empty()) text += "  Gunicorn " + version;
    if (const auto worker = fact(target, "worker_class"); !worker.empty()) text += "  " + worker;
    if (const auto python = fact(target, "python"); !python.empty()) text += "  Python " + python;
    const auto alive = std::ranges::count_if(target.workers, [](const WorkerRow& row) { return row.state != "ended"; });
    text += fmt::format("  {} {}", alive, alive == 1 ? "worker" : "workers");
    if (target.requests_per_second)
        text += fmt::format("  {:.1f} req/s  {:.1f} err/s", *target.requests_per_second, *target.errors_per_second);
    if (target.restarts) text += fmt::format("  {} restarted", target.restarts);
    return text;
}

std::string durations_text(const Durations& durations) {
    if (durations.count == 0) return "none";
    return fmt::format("avg {}  p95<={}  p99<={}", duration_text(durations.average), bound_text(durations.p95),
                       bound_text(durations.p99));
}

Line listener_line(const ListenerRow& row) {
    const bool full = row.state.limit > 0 && row.state.waiting >= row.state.limit;
    const bool dropping = row.dropped_per_second.value_or(0) > 0;
    return {fmt::format("{} {} {} {}", left(printable(row.name), 34), right(count_text(row.state.waiting), 7),
                        right(count_text(row.state.limit), 7), right(number_text(row.dropped_per_second, 1), 9)),
            full || dropping ? Style::alarm : Style::plain};
}

} // namespace

std::string clock_text(std::chrono::system_clock::time_point time) {
    const auto seconds = std::chrono::system_clock::to_time_t(time);
    tm parts{};
    localtime_r(&seconds, &parts);
    return fmt::format("{:02}:{:02}:{:02}", parts.tm_hour, parts.tm_min, parts.tm_sec);
}

std::vector<Line> title(const Content& content, const View& view) {
    // In front, so that a narrow terminal shows it too: what stands below is old then.
    auto text = fmt::format("gunicorn {}{}", clock_text(content.taken_at), view.paused ? "  PAUSED" : "");
    if (content.narrow_seconds > 0)
        text += fmt::format("  rates: last {}  durations: last {}", duration_text(content.narrow_seconds),
                            duration_text(content.wide_seconds));
    else
        text += "  rates from the next interval on";
    text += fmt::format("  by {}{}", columns()[view.sorted_by].name, view.reversed ? " reversed" : "");
    std::vector<Line> lines{{text, view.paused ? Style::alarm : Style::plain}};
    for (const auto& target : content.targets)
        if (!view.target || *view.target == target.master_pid) lines.push_back({described(target)});
    if (content.targets.empty()) lines.push_back({"no Gunicorn is running; waiting for one", Style::quiet});
    return lines;
}

Line heading_of_workers(const View& view, const std::vector<std::size_t>& shown) {
    Line line{.text = {}, .style = Style::heading};
    for (const auto column : shown) {
        const auto& each = columns()[column];
        if (!line.text.empty()) line.text += ' ';
        if (column == view.sorted_by) {
            line.marked_from = line.text.size();
            line.marked = each.width;
        }
        line.text += each.to_the_left ? left(each.name, each.width) : right(each.name, each.width);
    }
    return line;
}

Line line_of(const WorkerRow& row, const std::vector<std::size_t>& shown) {
    Line line;
    for (const auto column : shown) {
        const auto& each = columns()[column];
        if (!line.text.empty()) line.text += ' ';
        line.text += each.to_the_left ? left(each.text(row), each.width) : right(each.text(row), each.width);
    }
    if (row.state == "ended") line.style = Style::quiet;
    if (row.state == "abort" || row.errors_per_second.value_or(0) > 0) line.style = Style::alarm;
    return line;
}

std::vector<Line> listeners(const std::vector<const TargetRows*>& targets) {
    std::vector<Line> lines{
        {fmt::format("{} {} {} {}", left("LISTENER", 34), "BACKLOG", right("LIMIT", 7), "DROPPED/S"), Style::heading}};
    for (const auto* target : targets) {
        for (const auto& row : target->listeners) lines.push_back(listener_line(row));
        if (target->accept_waits.count || target->read_waits.count)
            lines.push_back({fmt::format("  waited for accept: {}   for the first read: {}",
                                         durations_text(target->accept_waits), durations_text(target->read_waits)),
                             Style::quiet});
    }
    return lines.size() > 1 ? lines : std::vector<Line>{};
}

std::vector<Line> routes(const std::vector<const TargetRows*>& targets, bool measured) {
    if (!measured) return {};
    std::vector<RouteRow> rows;
    for (const auto* target : targets) rows.insert(rows.end(), target->routes.begin(), target->routes.end());
    std::ranges::stable_sort(rows, std::ranges::greater{}, [](const RouteRow& row) { return row.durations.average; });
    std::vector<Line> lines{{fmt::format("{} {} {} {} {} {}  SLOWEST ROUTE", right("AVG", 6), right("P50<=", 6),
                                         right("P95<=", 6), right("P99<=", 6), right("REQ/S", 7), right("ERR/S", 6)),
                             Style::heading}};
    for (const auto& row : rows) {
        lines.push_back({fmt::format(
            "{} {} {} {} {} {}  {} {}", right(duration_text(row.durations.average), 6),
            right(bound_text(row.durations.p50), 6), right(bound_text(row.durations.p95), 6),
            right(bound_text(row.durations.p99), 6), right(number_text(row.requests_per_second, 1), 7),
            right(number_text(row.errors_per_second, 1), 6), printable(row.method), printable(row.endpoint))});
    }
    return lines.size() > 1 ? lines : std::vector<Line>{};
}

std::vector<Line> exceptions(const std::deque<ExceptionSeen>& seen, std::optional<pid_t> target) {
    std::vector<Line> lines{
        {fmt::format("{} {} {} LAST EXCEPTION", left("UNTIL", 8), left("WORKER", 21), right("TIMES", 5)),
         Style::heading}};
    for (const auto& each : seen) {
        if (target && *target != each.master) continue;
        lines.push_back({fmt::format("{} {} {} {}  {} {}", clock_text(each.by), left(printable(each.worker), 21),
                                     right(count_text(each.times), 5), printable(each.type), printable(each.method),
                                     printable(each.endpoint))});
    }
    return lines.size() > 1 ? lines : std::vector<Line>{};
}

std::vector<Line> help() {
    std::vector<Line> lines{
        {"Keys", Style::heading},
        {"q  quit      p, space  pause      ?, h  this page      Tab, t  next target, or all"},
        {"<, >, Left, Right  sort by the column before, after      r  reverse"},
        {"Up, Down, PgUp, PgDn, Home, End  move in the list of workers"},
        {"Sort by:"},
    };
    std::string keys;
    for (const auto& column : columns()) keys += fmt::format("{} {}   ", column.key, column.name);
    const auto half = keys.find("REQS");
    lines.push_back({"  " + keys.substr(0, half - 2)});
    lines.push_back({"  " + keys.substr(half - 2)});
    lines.push_back({""});
    for (const char* text :
         {"BUSY%    part of the time with a request in flight", "FLIGHT   requests begun and not answered",
          "REQS     answered since this program began to look",
          "AVG      exact; P50, P95 and P99 are upper bounds: the bucket of the histogram that the value is in",
          "ERR/S    answers of status 500 and above, and requests without an answer",
          "BACKLOG  connections that wait for accept(); at LIMIT the kernel turns further ones away"})
        lines.push_back({text});
    return lines;
}

} // namespace top
