// SPDX-License-Identifier: BSD-2-Clause
// Python stacks of traced requests: sampled while they are served, given to those that were asked for.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "commands/event_loop.h"
#include "commands/output_file.h"
#include "observer/observer.h"
#include "procfs/procfs.h"
#include "result.h"
#include "stacks/recorder.h"
#include "trace/request.h"

namespace commands {

struct StackOptions {
    bool wanted = false;
    std::chrono::milliseconds interval{10};
    OutputFile folded{.name = {}, .option = "--folded"}; // without a name: none
};

class StackSampling {
public:
    // `proc` must outlive this.
    StackSampling(const procfs::ProcFs& proc, StackOptions options) : options_{std::move(options)}, recorder_{proc} {}

    bool writes_file() const { return !options_.folded.name.empty() && options_.folded.name != "-"; }
    // Error: the file for folded stacks cannot be written. Said before anything is traced.
    Result<void> check() const;
    // From here on, where stacks are wanted: a sample of each thread that serves a request, in every interval.
    Result<void> schedule(EventLoop& loop, const observer::Observer& observer);
    // Gives the request what was sampled of it.
    void attach(trace::Request& request);
    // What was learned of the requests that were given theirs, in words; writes the file for folded stacks.
    Result<std::string> finish();

private:
    StackOptions options_;
    stacks::Recorder recorder_;
    stacks::Profile total_;
};

} // namespace commands
