// SPDX-License-Identifier: BSD-2-Clause
#include "trace/line.h"

#include <fmt/chrono.h>
#include <fmt/color.h>
#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "stacks/folded.h"
#include "trace/parts.h"

namespace trace {

namespace {

using Share = std::pair<std::string, std::chrono::nanoseconds>;

constexpr std::size_t kPathWidth = 28;

// Texts are percent-encoded, and so one column a byte, but for UTF-8 in paths; a cut in the middle of a character would
// not be text.
std::string cut(std::string_view text, std::size_t width) {
    if (text.size() <= width) return std::string(text);
    if (width < 4) return std::string(text.substr(0, width));
    auto kept = width - 3;
    while (kept != 0 && (static_cast<unsigned char>(text[kept]) & 0xC0) == 0x80) kept--;
    return std::string(text.substr(0, kept)) + "...";
}

std::string paint(const std::string& text, const fmt::text_style& paint, const LineStyle& style) {
    return style.colour ? fmt::format("{}", fmt::styled(text, paint)) : text;
}

fmt::text_style paint_of_status(int status) {
    if (status == 0 || status >= 500) return fg(fmt::terminal_color::red);
    if (status >= 400) return fg(fmt::terminal_color::yellow);
    return fg(fmt::terminal_color::green);
}

std::string time_of_day(std::chrono::system_clock::time_point at) {
    const auto millis = std::chrono::floor<std::chrono::milliseconds>(at.time_since_epoch());
    const auto whole = std::chrono::floor<std::chrono::seconds>(millis);
    return fmt::format("{:%H:%M:%S}.{:03}", fmt::localtime(static_cast<std::time_t>(whole.count())),
                       (millis - whole).count());
}

std::string ending(const Request& request) {
    switch (request.ended_by) {
    case EndedBy::client:
        return ", ended by the client";
    case EndedBy::server:
        return ", ended by the worker";
    case EndedBy::worker_exit:
        return ", the worker ended";
    case EndedBy::nobody:
        break;
    }
    return "";
}

std::string details(const Request& request) {
    auto text = request.time.parts ? parts_text(*request.time.parts, request.time.peers) : "?";
    constexpr std::chrono::microseconds kWorthSaying{500};
    if (request.time.accept_queue && *request.time.accept_queue >= kWorthSaying)
        text += fmt::format(", after {} in the accept queue", duration_text(*request.time.accept_queue));
    if (request.time.thread_queue >= kWorthSaying)
        text += fmt::format(", after {} unread", duration_text(request.time.thread_queue));
    if (request.shared) text += " (shared)";
    return text + ending(request);
}

} // namespace

std::string duration_text(std::chrono::nanoseconds duration) {
    const auto seconds = std::chrono::duration<double>(duration).count();
    if (seconds >= 99.95) return fmt::format("{:.0f}s", seconds);
    if (seconds >= 9.995) return fmt::format("{:.1f}s", seconds);
    if (seconds >= 0.9995) return fmt::format("{:.2f}s", seconds);
    if (seconds >= 0.09995) return fmt::format("{:.0f}ms", seconds * 1e3);
    if (seconds >= 0.009995) return fmt::format("{:.1f}ms", seconds * 1e3);
    if (seconds >= 0.0009995) return fmt::format("{:.2f}ms", seconds * 1e3);
    return fmt::format("{:.0f}us", seconds * 1e6);
}

std::string parts_text(const event::Parts& parts, const std::vector<event::PeerWait>& peers) {
    std::vector<Share> shares;
    std::chrono::nanoseconds sum{0};
    for (const auto& part : kParts) {
        sum += parts.*part.member;
        if (part.member != &event::Parts::sockets || peers.empty()) shares.emplace_back(part.label, parts.*part.member);
    }
    for (const auto& peer : peers) shares.emplace_back(stacks::escaped(peer.peer), peer.waited);
    std::ranges::stable_sort(shares, std::greater{}, &Share::second);
    std::string text;
    for (const auto& [name, time] : shares) {
        if (time.count() == 0 || time * 100 < sum) continue;
        text += fmt::format("{}{} {}", text.empty() ? "" : ", ", name, duration_text(time));
    }
    return text;
}

std::string header(const LineStyle& style) {
    return paint(fmt::format("{:<12} {:<20} {:<7} {:<{}} {:>3} {:>8}  {}", "time", "worker", "method", "path",
                             kPathWidth, "", "total", "BREAKDOWN"),
                 fmt::emphasis::bold, style);
}

std::string line_of(const Request& request, const LineStyle& style) {
    // Text, but perhaps such as turns the direction of the rest of the line.
    const auto whole = stacks::escaped(request.path);
    const auto path = style.width ? cut(whole, kPathWidth) : whole;
    const auto status = request.status != 0 ? std::to_string(request.status) : std::string("-");
    auto text = fmt::format("{} {:<20} {:<7} {:<{}} ", time_of_day(request.at), request.worker, request.method, path,
                            kPathWidth);
    const auto total = fmt::format(" {:>8}  ", duration_text(request.duration));
    auto rest = (request.exception.empty() ? "" : stacks::escaped(request.exception) + ": ") + details(request);
    if (style.width) {
        const auto used = text.size() + 3 + total.size();
        rest = cut(rest, *style.width > used + 20 ? *style.width - used : 20);
    }
    return text + paint(fmt::format("{:>3}", status), paint_of_status(request.status), style) + total + rest;
}

} // namespace trace
