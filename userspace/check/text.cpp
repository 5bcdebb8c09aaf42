// SPDX-License-Identifier: BSD-2-Clause
#include "check/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <vector>

#include "terminal/printable.h"

namespace check {

namespace {

using terminal::printable;

class Writer {
public:
    explicit Writer(bool in_colour) : in_colour_(in_colour) {}

    void head(std::string_view text) {
        text_ += fmt::format("{}{}\n", text_.empty() ? "" : "\n", paint("\x1b[1m", text));
    }

    void line(Mark mark, std::string_view name, std::string_view value, std::string_view why = {}) {
        constexpr std::size_t kNameWidth = 23;
        auto line =
            fmt::format("{} {} {}", mark_text(mark), terminal::left(printable(name), kNameWidth), printable(value));
        if (!why.empty()) line += fmt::format("{}{}", value.empty() ? "" : ": ", printable(why));
        line.erase(line.find_last_not_of(' ') + 1);
        (text_ += line) += '\n';
    }

    std::string take() { return std::move(text_); }

private:
    std::string paint(std::string_view how, std::string_view text) const {
        return in_colour_ ? fmt::format("{}{}\x1b[0m", how, text) : std::string(text);
    }
    std::string mark_text(Mark mark) const {
        if (mark == Mark::fine) return paint("\x1b[32m", "OK");
        if (mark == Mark::limited) return paint("\x1b[33m", "--");
        return paint("\x1b[1;31m", "!!");
    }

    bool in_colour_;
    std::string text_;
};

// The verifier's log has many lines, of which libbpf's first ones say what is wrong.
std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

void write_programs(Writer& writer, const Findings& findings) {
    writer.head("BPF programs");
    if (findings.programs.empty()) writer.line(Mark::limited, "not tried", findings.programs_untried);
    for (const auto& trial : findings.programs) {
        const auto how = trial.attached ? "attached" : trial.loaded ? "loaded" : "refused";
        const auto mark = trial.error.empty() ? Mark::fine : Mark::fatal;
        const auto group = trial.group == "core" ? std::string() : fmt::format(" (for {})", trial.group);
        writer.line(mark, trial.name, how + group, first_line(trial.error));
    }
}

std::string or_unknown(const std::string& text) { return text.empty() ? "unknown" : text; }

std::string said_by(const std::string& value, const std::string& source) {
    if (value.empty()) return "unknown";
    return source.empty() ? value : fmt::format("{} ({})", value, source);
}

std::string build_of(const PythonFound& python) {
    std::string text;
    const auto add = [&](const std::string& word) { text += (text.empty() ? "" : ", ") + word; };
    if (!python.path.empty()) add(python.path);
    if (python.shared_library) add(*python.shared_library ? "shared library" : "static");
    if (python.free_threaded.value_or(false)) add("free-threaded");
    if (python.usdt_probes) add(*python.usdt_probes ? "USDT probes" : "no USDT probes");
    return text;
}

void write_identity(Writer& writer, const GunicornFound& gunicorn) {
    const auto known = [](const std::string& value) { return value.empty() ? Mark::limited : Mark::fine; };
    writer.line(known(gunicorn.version), "version", said_by(gunicorn.version, gunicorn.version_source));
    writer.line(known(gunicorn.worker_class), "worker class",
                said_by(gunicorn.worker_class, gunicorn.worker_class_source));
    std::string pids;
    for (const auto& worker : gunicorn.workers) pids += fmt::format("{}{}", pids.empty() ? "" : " ", worker.pid);
    writer.line(Mark::fine, "workers", fmt::format("{}: {}", gunicorn.workers.size(), pids));
    writer.line(known(gunicorn.python.version), "Python", or_unknown(gunicorn.python.version),
                build_of(gunicorn.python));
    const bool readable = gunicorn.python.layout == "ok";
    writer.line(readable ? Mark::fine : Mark::limited, "layout of Python", gunicorn.python.layout,
                gunicorn.python.layout_error);
    const bool tls = gunicorn.tls.used == "yes";
    writer.line(tls ? Mark::limited : Mark::fine, "TLS by Gunicorn", gunicorn.tls.used,
                gunicorn.tls.library.empty() ? "no libssl loaded" : gunicorn.tls.library);
    for (const auto& listener : gunicorn.listeners) {
        const auto room = listener.limit ? fmt::format("backlog {} of {}", *listener.waiting, *listener.limit) : "";
        writer.line(Mark::fine, "listener", listener.address, room);
    }
    for (const auto& [name, value] : gunicorn.container) writer.line(Mark::fine, name, value);
}

void write_gunicorn(Writer& writer, const GunicornFound& gunicorn) {
    writer.head(fmt::format("Gunicorn master {}{}{}", gunicorn.master_pid, gunicorn.app.empty() ? "" : ": ",
                            printable(gunicorn.app)));
    write_identity(writer, gunicorn);
    for (const auto& measure : gunicorn.measures) {
        using State = Measure::State;
        const auto mark = measure.state == State::yes ? Mark::fine : Mark::limited;
        const auto said = measure.state == State::yes      ? "measured"
                          : measure.state == State::partly ? "in part"
                                                           : "not measured";
        writer.line(mark, measure.name, said, measure.why);
    }
}

} // namespace

std::string text_of(const Findings& findings, bool in_colour) {
    Writer writer(in_colour);
    writer.head("Machine and privileges");
    for (const auto& finding : findings.machine) writer.line(finding.mark, finding.name, finding.value, finding.effect);
    write_programs(writer, findings);
    for (const auto& gunicorn : findings.gunicorns) write_gunicorn(writer, gunicorn);
    if (findings.gunicorns.empty()) {
        writer.head("Gunicorn");
        writer.line(Mark::limited, "none found",
                    findings.reasons.empty() ? "serving would wait for one to start"
                                             : "which may be for want of what is missing");
    }
    writer.head("Result");
    for (const auto& sentence : findings.unlooked_at) writer.line(Mark::limited, "not looked at", sentence);
    for (const auto& reason : findings.reasons)
        writer.line(Mark::fatal, "serving", "would not work", first_line(reason));
    if (findings.serving_would_work()) writer.line(Mark::fine, "serving", "would work");
    return writer.take();
}

} // namespace check
