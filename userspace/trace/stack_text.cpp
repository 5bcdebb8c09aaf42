// SPDX-License-Identifier: BSD-2-Clause
#include "trace/stack_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <nlohmann/json.hpp>
#include <vector>

#include "stacks/folded.h"

namespace trace {

namespace {

using Object = nlohmann::ordered_json;
using Entry = const std::pair<const stacks::Stack, stacks::Counts>*;

constexpr std::size_t kPlacesShown = 8;
constexpr std::size_t kStacksInJson = 10;
constexpr std::string_view kIndent = "             ";

// "40 waiting, 2 running"
std::string states_text(const stacks::Counts& counts) {
    const auto running = counts.of(stacks::State::kRunning);
    const auto waiting = counts.of(stacks::State::kWaiting);
    if (running == 0) return fmt::format("{} waiting", waiting);
    if (waiting == 0) return fmt::format("{} running", running);
    return waiting > running ? fmt::format("{} waiting, {} running", waiting, running)
                             : fmt::format("{} running, {} waiting", running, waiting);
}

std::string rejections_text(const stacks::Rejections& rejections) {
    std::string text;
    for (std::size_t i = 0; i < stacks::kRejections; i++) {
        if (rejections.counts[i] == 0) continue;
        text += fmt::format("{}{} {}", text.empty() ? "" : ", ", rejections.counts[i], stacks::kRejectionNames[i]);
    }
    return text;
}

std::vector<Entry> most_frequent_first(const stacks::Profile& profile) {
    std::vector<Entry> entries;
    for (const auto& entry : profile.stacks()) entries.push_back(&entry);
    std::ranges::stable_sort(entries, std::greater{}, [](Entry entry) { return entry->second.total(); });
    return entries;
}

Object place_json(const stacks::Place& place) {
    return {{"function", place.function}, {"file", place.file}, {"line", place.line}};
}

Object stack_json(Entry entry) {
    auto frames = Object::array();
    for (const auto& place : entry->first) frames.push_back(place_json(place));
    return {{"frames", frames},
            {"running", entry->second.of(stacks::State::kRunning)},
            {"waiting", entry->second.of(stacks::State::kWaiting)}};
}

} // namespace

std::string stacks_text(const stacks::Profile& profile, StackOf of) {
    const auto rejected = profile.rejections().total();
    const auto* most = profile.most_frequent();
    if (most == nullptr) {
        if (rejected == 0) return "";
        return fmt::format("{}no stack: {}\n", kIndent, rejections_text(profile.rejections()));
    }
    const auto& [stack, counts] = *most;
    auto text =
        fmt::format("{}{} of {} samples ({}){}{}\n", kIndent, counts.total(), profile.counts().total() + rejected,
                    states_text(counts), of == StackOf::thread ? ", of the thread, not this request alone" : "",
                    rejected != 0 ? fmt::format("; without a stack: {}", rejections_text(profile.rejections())) : "");
    const auto shown = std::min(stack.size(), kPlacesShown);
    for (std::size_t i = 0; i < shown; i++)
        text += fmt::format("{}  {}\n", kIndent, stacks::frame_name(stack[stack.size() - 1 - i]));
    if (shown < stack.size()) text += fmt::format("{}  ... {} outer ones\n", kIndent, stack.size() - shown);
    return text;
}

Object stacks_json(const stacks::Profile& profile, StackOf of) {
    Object rejected = Object::object();
    for (std::size_t i = 0; i < stacks::kRejections; i++)
        rejected[std::string(stacks::kRejectionNames[i])] = profile.rejections().counts[i];
    auto entries = most_frequent_first(profile);
    if (entries.size() > kStacksInJson) entries.resize(kStacksInJson);
    auto list = Object::array();
    for (const auto* entry : entries) list.push_back(stack_json(entry));
    return {{"stack_of", of == StackOf::request ? "request" : "thread"},
            {"samples",
             {{"running", profile.counts().of(stacks::State::kRunning)},
              {"waiting", profile.counts().of(stacks::State::kWaiting)},
              {"cut", profile.cut()},
              {"rejected", rejected}}},
            {"stacks", list}};
}

std::string sampling_text(const stacks::Profile& profile) {
    auto text = fmt::format("stacks: {} samples ({})", profile.counts().total(), states_text(profile.counts()));
    if (profile.cut() != 0) text += fmt::format(", {} without what was called too shortly to be read", profile.cut());
    if (profile.rejections().total() != 0)
        text += fmt::format("; without a stack: {}", rejections_text(profile.rejections()));
    if (profile.not_kept() != 0) text += fmt::format("; beyond the number of different stacks: {}", profile.not_kept());
    return text + "\n";
}

} // namespace trace
