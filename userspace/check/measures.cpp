// SPDX-License-Identifier: BSD-2-Clause
#include "check/measures.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "gunicorn/worker_class.h"

namespace check {

namespace {

using State = Measure::State;

// The program of that group that this kernel refuses; empty: none.
std::string refused(const std::vector<event::ProgramCheck>& programs, std::string_view group) {
    const auto found = std::ranges::find_if(
        programs, [&](const event::ProgramCheck& check) { return check.group == group && !check.error.empty(); });
    return found == programs.end() ? std::string() : found->name;
}

// Of the group, if nothing else stands against it.
Measure of_group(std::string name, std::string_view group, const std::vector<event::ProgramCheck>& programs) {
    const auto program = refused(programs, group);
    if (program.empty()) return {std::move(name), State::yes, ""};
    return {std::move(name), State::no, "the kernel refuses the program " + program};
}

Measure exceptions(const GunicornFound& gunicorn, const std::vector<event::ProgramCheck>& programs) {
    auto measure = of_group("exceptions", "exceptions", programs);
    if (measure.state == State::no) return measure;
    if (gunicorn.python.layout == "ok") return measure;
    return {"exceptions", State::no,
            gunicorn.python.layout == "unsupported"
                ? "the layout of Python " + gunicorn.python.version + " is not known"
                : "its Python cannot be read: " + gunicorn.python.layout_error};
}

// Of encrypted requests nothing but the connections is seen.
void hide_encrypted(Measure& measure, const std::string& used) {
    if (measure.state == State::no) return;
    if (used == "yes") {
        measure.state = State::no;
        measure.why = "Gunicorn itself speaks TLS, which cannot be seen into: only connections are counted";
    } else if (used == "unknown" && measure.name == "requests") {
        measure.state = State::partly;
        measure.why = "whether Gunicorn itself speaks TLS is not known; encrypted requests cannot be seen";
    }
}

Measure ages(const GunicornFound& gunicorn) {
    const bool all =
        std::ranges::all_of(gunicorn.workers, [](const auto& worker) { return worker.age_source == "arbiter"; });
    if (all) return {"worker ids", State::yes, "from the Arbiter's memory"};
    return {"worker ids", State::partly,
            "numbered by the order of the forks, since the Arbiter cannot be read: too low if others ended before"};
}

} // namespace

std::vector<Measure> measures_of(const GunicornFound& gunicorn, const std::vector<event::ProgramCheck>& programs,
                                 bool serving_would_work) {
    if (!serving_would_work) return {{"everything", State::no, "serving would not work, see above"}};
    std::vector<Measure> measures{{"requests", State::yes, "counts, statuses and durations of HTTP/1"},
                                  of_group("sizes", "sizes", programs),
                                  exceptions(gunicorn, programs)};
    for (auto& measure : measures) hide_encrypted(measure, gunicorn.tls.used);
    auto busy = of_group("busy time", "activity", programs);
    if (busy.state == State::yes && gunicorn::is_event_loop(gunicorn.worker_class))
        busy.why = "with a request in flight, of which an event loop has several at a time";
    hide_encrypted(busy, gunicorn.tls.used);
    measures.push_back(std::move(busy));
    measures.push_back(of_group("queue waits", "waits", programs));
    measures.push_back(of_group("backlog", "backlog", programs));
    measures.push_back({"lifecycle", State::yes, "births, deaths and their reasons, memory, CPU"});
    measures.push_back(ages(gunicorn));
    return measures;
}

} // namespace check
