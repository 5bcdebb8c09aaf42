// SPDX-License-Identifier: BSD-2-Clause
#include "observer/layout_registry.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>

#include "gunicorn/ambient_exception.h"
#include "python/interpreter.h"
#include "python/memory.h"

namespace observer {

namespace {

constexpr int kTries = 3;
constexpr int kTriesUntilItWaits = 10;

} // namespace

bool LayoutRegistry::Known::settled() const {
    if (use.layout == "ok") return waited || tries >= kTriesUntilItWaits;
    return tries >= kTries;
}

std::optional<LayoutRegistry::Found> LayoutRegistry::read(pid_t master) {
    auto& known = known_[master];
    known.tries++;
    auto memory = python::Memory::open(proc_, master);
    const auto interpreter = memory ? python::find_interpreter(proc_, master, *memory)
                                    : Result<python::Interpreter>(std::unexpected(memory.error()));
    const auto main = interpreter ? python::main_interpreter(*interpreter, *memory)
                                  : Result<python::Address>(std::unexpected(interpreter.error()));
    if (main) {
        known.use = {interpreter->version, "ok"};
        const auto outer = gunicorn::ambient_exception(proc_, master, *interpreter, *memory);
        known.waited = outer && *outer;
        return Found{*main + interpreter->layout->interpreter_first_thread, interpreter->layout,
                     outer ? *outer : std::nullopt};
    }
    if (known.use.layout == "ok") return std::nullopt; // it is about to end
    const int minor = memory ? python::minor_version(proc_, master, *memory).value_or(-1) : -1;
    const bool unsupported = minor >= 0 && python::layout_of(minor, false) == nullptr;
    known.use = {minor < 0 ? "" : fmt::format("3.{}", minor), unsupported ? "unsupported" : "failed"};
    if (known.tries == kTries || unsupported) {
        known.tries = kTries;
        spdlog::warn("master {}: error types are \"unknown\", since its Python cannot be read: {}", master,
                     main.error().text);
    }
    return std::nullopt;
}

std::vector<pid_t> LayoutRegistry::unsettled(const std::vector<gunicorn::Master>& masters) const {
    std::vector<pid_t> pids;
    for (const auto& master : masters) {
        if (!master.alive || !master.slot) continue;
        const auto known = known_.find(master.pid);
        if (known == known_.end() || !known->second.settled()) pids.push_back(master.pid);
    }
    return pids;
}

void LayoutRegistry::keep_only(const std::vector<gunicorn::Master>& masters) {
    std::erase_if(known_, [&](const auto& known) {
        return std::ranges::none_of(
            masters, [&](const gunicorn::Master& master) { return master.alive && master.pid == known.first; });
    });
}

std::map<model::PythonUse, std::uint64_t> LayoutRegistry::uses() const {
    std::map<model::PythonUse, std::uint64_t> uses;
    for (const auto& [master, known] : known_) uses[known.use]++;
    return uses;
}

} // namespace observer
