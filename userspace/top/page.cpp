// SPDX-License-Identifier: BSD-2-Clause
#include "top/page.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <string_view>
#include <utility>

#include "top/sections.h"
#include "top/text.h"

namespace top {

namespace {

constexpr std::size_t kLeastWorkers = 3;
constexpr std::string_view kKeys = "q quit   ? help   p pause   <> sort   r reverse   Tab target";

using Lines = std::vector<Line>;
constexpr std::size_t kSections = 3;
using Sections = std::array<Lines, kSections>; // below the workers

std::vector<const TargetRows*> chosen(const Content& content, const View& view) {
    std::vector<const TargetRows*> targets;
    for (const auto& target : content.targets)
        if (!view.target || *view.target == target.master_pid) targets.push_back(&target);
    return targets;
}

std::vector<WorkerRow> workers_of(const std::vector<const TargetRows*>& targets, const View& view) {
    std::vector<WorkerRow> workers;
    for (const auto* target : targets) workers.insert(workers.end(), target->workers.begin(), target->workers.end());
    sort(workers, view.sorted_by, view.reversed);
    return workers;
}

// A blank line before each section that has something to say.
void append(Lines& page, Lines section) {
    if (section.empty()) return;
    page.push_back({});
    page.insert(page.end(), std::make_move_iterator(section.begin()), std::make_move_iterator(section.end()));
}

void fit(Lines& lines, std::size_t width) {
    for (auto& line : lines) {
        line.text = cut(line.text, width);
        line.marked_from = std::min(line.marked_from, width);
        line.marked = std::min(line.marked, width - line.marked_from);
    }
}

// How many lines of each section fit: its heading and a row, and a blank line before them; then a row more, in turn.
std::array<std::size_t, kSections> shares(const Sections& sections, std::size_t room) {
    std::array<std::size_t, kSections> kept{};
    for (std::size_t i = 0; i < kSections; i++) {
        if (sections[i].size() < 2 || room < 3) continue;
        kept[i] = 2;
        room -= 3;
    }
    for (bool grown = true; grown;) {
        grown = false;
        for (std::size_t i = 0; i < kSections; i++) {
            if (kept[i] == 0 || kept[i] == sections[i].size() || room == 0) continue;
            kept[i]++;
            room--;
            grown = true;
        }
    }
    return kept;
}

// What all sections would like to have, if they are modest.
std::size_t wished(const Sections& sections) {
    constexpr std::size_t kModest = 6;
    std::size_t sum = 0;
    for (const auto& section : sections) sum += section.empty() ? 0 : std::min(section.size(), kModest) + 1;
    return sum;
}

Sections sections_of(const Content& content, const View& view, const std::vector<const TargetRows*>& targets) {
    return {listeners(targets), routes(targets, content.routes_measured), exceptions(content.exceptions, view.target)};
}

Lines head(const Content& content, const View& view, Size size) {
    auto lines = title(content, view);
    const auto most = std::max<std::size_t>(2, size.height / 3);
    if (lines.size() <= most) return lines;
    const auto hidden = lines.size() - most + 1;
    lines.resize(most - 1);
    lines.push_back({fmt::format("{} more targets: Tab shows one at a time", hidden), Style::quiet});
    return lines;
}

// Below the head: the workers, as many as there is room for, and the sections.
void fill(Page& page, const Content& content, const View& view, Size size, std::size_t room,
          std::size_t& workers_in_all) {
    const auto targets = chosen(content, view);
    const auto workers = workers_of(targets, view);
    workers_in_all = workers.size();
    if (room == 0) return;
    const auto shown = fitting_columns(size.width);
    page.lines.push_back(heading_of_workers(view, shown));
    room--;
    auto sections = sections_of(content, view, targets);
    const auto others = wished(sections);
    const auto least = std::min({room, workers.size(), kLeastWorkers});
    page.worker_rows = std::min(workers.size(), std::max(least, room > others ? room - others : 0));
    page.scrolled = std::min(view.scrolled, workers.size() - page.worker_rows);
    for (std::size_t row = 0; row < page.worker_rows; row++)
        page.lines.push_back(line_of(workers[page.scrolled + row], shown));
    const auto kept = shares(sections, room - page.worker_rows);
    for (std::size_t i = 0; i < kSections; i++) {
        sections[i].resize(kept[i]);
        append(page.lines, std::move(sections[i]));
    }
}

Line foot(const Content& content, const Page& page, std::size_t workers_in_all) {
    auto text = content.remark.empty() ? std::string(kKeys) : printable(content.remark);
    if (page.worker_rows < workers_in_all)
        text = fmt::format("workers {}-{} of {}   {}", page.scrolled + 1, page.scrolled + page.worker_rows,
                           workers_in_all, text);
    return {text, content.remark.empty() ? Style::quiet : Style::alarm};
}

} // namespace

Page screenful(const Content& content, const View& view, Size size) {
    constexpr std::size_t kLeastForAFoot = 5;
    Page page{.lines = head(content, view, size)};
    const std::size_t body = size.height >= kLeastForAFoot ? size.height - 1 : size.height;
    std::size_t workers_in_all = 0;
    if (view.help)
        append(page.lines, help());
    else
        fill(page, content, view, size, body - std::min(body, page.lines.size()), workers_in_all);
    page.lines.resize(body);
    if (body < size.height) page.lines.push_back(foot(content, page, workers_in_all));
    fit(page.lines, size.width);
    return page;
}

std::vector<Line> block(Content content, const View& view, std::size_t width) {
    const auto targets = chosen(content, view);
    // What earlier blocks have said is not said again.
    std::erase_if(content.exceptions, [&](const ExceptionSeen& seen) { return seen.by != content.taken_at; });
    auto lines = title(content, view);
    const auto shown = fitting_columns(width);
    if (const auto workers = workers_of(targets, view); !workers.empty()) {
        lines.push_back(heading_of_workers(view, shown));
        for (const auto& worker : workers) lines.push_back(line_of(worker, shown));
    }
    for (auto& section : sections_of(content, view, targets)) append(lines, std::move(section));
    fit(lines, width);
    return lines;
}

} // namespace top
