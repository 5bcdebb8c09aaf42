// SPDX-License-Identifier: BSD-2-Clause
// Keeps the log off a terminal that shows something else.
#pragma once

#include <spdlog/sinks/ringbuffer_sink.h>
#include <spdlog/spdlog.h>

#include <chrono>
#include <memory>
#include <string>

namespace commands {

// While it exists, log messages are not written; the last one can be read.
class LogCapture {
public:
    LogCapture() : before_(spdlog::default_logger()), sink_(std::make_shared<spdlog::sinks::ringbuffer_sink_mt>(1)) {
        auto logger = std::make_shared<spdlog::logger>(before_->name() + " captured", sink_);
        logger->set_level(spdlog::level::warn);
        spdlog::set_default_logger(std::move(logger));
    }
    LogCapture(const LogCapture&) = delete;
    LogCapture& operator=(const LogCapture&) = delete;
    ~LogCapture() { spdlog::set_default_logger(before_); }

    // The last warning, unless it is older than `at_most`; empty when there is none.
    std::string last(std::chrono::seconds at_most) const {
        const auto messages = sink_->last_raw();
        if (messages.empty() || spdlog::log_clock::now() - messages.back().time > at_most) return {};
        return std::string(messages.back().payload.data(), messages.back().payload.size());
    }

private:
    std::shared_ptr<spdlog::logger> before_;
    std::shared_ptr<spdlog::sinks::ringbuffer_sink_mt> sink_;
};

} // namespace commands
