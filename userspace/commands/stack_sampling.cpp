// SPDX-License-Identifier: BSD-2-Clause
#include "commands/stack_sampling.h"

#include <fmt/format.h>

#include <memory>

#include "stacks/folded.h"
#include "trace/stack_text.h"

namespace commands {

Result<void> StackSampling::check() const {
    if (options_.folded.name.empty()) return {};
    return check_writable(options_.folded);
}

Result<void> StackSampling::schedule(EventLoop& loop, const observer::Observer& observer) {
    if (!options_.wanted) return {};
    return loop.every(options_.interval, [&] { recorder_.take(observer.serving()); });
}

void StackSampling::attach(trace::Request& request) {
    if (!options_.wanted) return;
    const auto thread = static_cast<pid_t>(request.time.thread);
    auto profile = recorder_.between(thread, request.ended - request.duration, request.ended);
    total_.add(profile);
    request.stacks = std::make_shared<const stacks::Profile>(std::move(profile));
}

Result<std::string> StackSampling::finish() {
    if (!options_.wanted) return std::string{};
    auto text = trace::sampling_text(total_);
    for (const auto& [pid, why] : recorder_.unreadable()) text += fmt::format("no stacks of {}: {}\n", pid, why);
    if (recorder_.left_out() != 0)
        text += fmt::format("{} samples were left out or dropped: too many threads, or requests that lasted too long\n",
                            recorder_.left_out());
    if (options_.folded.name.empty()) return text;
    TRY_VOID(write_file(options_.folded, stacks::folded(total_)));
    return text;
}

} // namespace commands
