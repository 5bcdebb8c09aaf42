// SPDX-License-Identifier: BSD-2-Clause
#include <gtest/gtest.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include <fstream>
#include <memory>
#include <sstream>
#include <string>

#include "event/decode.h"
#include "observer/losses.h"

namespace observer {
namespace {

// What is logged while it lives.
class Log {
public:
    Log() : former_(spdlog::default_logger()) {
        spdlog::set_default_logger(
            std::make_shared<spdlog::logger>("test", std::make_shared<spdlog::sinks::ostream_sink_st>(text_)));
    }
    ~Log() { spdlog::set_default_logger(former_); }
    Log(const Log&) = delete;
    Log& operator=(const Log&) = delete;

    std::size_t lines() const {
        const auto text = text_.str();
        return static_cast<std::size_t>(std::ranges::count(text, '\n'));
    }
    std::string text() const { return text_.str(); }

private:
    std::ostringstream text_;
    std::shared_ptr<spdlog::logger> former_;
};

TEST(Losses, EachReasonIsLoggedOnceWithWhatToDo) {
    const Log log;
    Losses losses;
    losses.log_new({{"connections_full", 0}, {"ring_full", 0}});
    EXPECT_EQ(log.lines(), 0u);
    losses.log_new({{"connections_full", 3}, {"ring_full", 0}});
    EXPECT_NE(log.text().find("connections_full"), std::string::npos);
    EXPECT_NE(log.text().find("--max-connections"), std::string::npos);
    losses.log_new({{"connections_full", 4}, {"ring_full", 1}});
    losses.log_new({{"connections_full", 5}, {"ring_full", 2}});
    EXPECT_EQ(log.lines(), 2u);
}

TEST(Losses, EveryReasonHasARemedyAndIsDocumented) {
    std::ifstream page(EVENTS_LOST_PAGE);
    const std::string text((std::istreambuf_iterator<char>(page)), {});
    const auto unknown = remedy_for("no such reason");
    std::vector<std::string> reasons = {"totals_torn", "dead_workers_dropped", "traces_dropped"};
    for (int reason = 0; reason < contract::DROP_REASONS; reason++)
        reasons.push_back(event::name_of(static_cast<contract::drop_reason>(reason)));
    for (const auto& reason : reasons) {
        EXPECT_NE(remedy_for(reason), unknown) << reason;
        EXPECT_NE(text.find("| `" + reason + "` |"), std::string::npos) << reason;
    }
}

} // namespace
} // namespace observer
