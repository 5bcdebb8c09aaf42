// SPDX-License-Identifier: BSD-2-Clause
// Python stacks of traced requests: sampled while they are served, attached to the requests that are shown.
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
    OutputFile folded{.name = {}, .option = "--folded"}; // an empty name: not written
};

class StackSampling {
public:
    // `proc` must outlive this.
    StackSampling(const procfs::ProcFs& proc, StackOptions options) : options_{std::move(options)}, recorder_{proc} {}

    bool writes_file() const { return !options_.folded.name.empty() && options_.folded.name != "-"; }
    // Error: the file for folded stacks cannot be written. To be called before tracing starts.
    Result<void> check() const;
    // If stacks are wanted, samples every thread that serves a request, once per interval.
    Result<void> schedule(EventLoop& loop, const observer::Observer& observer);
    // Adds to the request the samples that were taken while it was served.
    void attach(trace::Request& request);
    // Summary of the attached stacks as text; also writes the file of folded stacks.
    Result<std::string> finish();

private:
    StackOptions options_;
    stacks::Recorder recorder_;
    stacks::Profile total_;
};

} // namespace commands
