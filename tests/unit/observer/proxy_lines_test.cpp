// SPDX-License-Identifier: BSD-2-Clause
#include <gtest/gtest.h>

#include "observer/proxy_lines.h"

namespace observer {
namespace {

class ProxyLines : public testing::Test {
protected:
    ProxyLines() {
        gunicorn::Worker worker;
        worker.slot = 7;
        masters_.emplace_back().workers.push_back(worker);
    }
    // The request line that the labels are read from.
    std::string line(const gunicorn::Facts& facts, bool proxy_line = true, event::Slot slot = 7) {
        masters_.back().read_facts = facts;
        event::Responded response{};
        response.slot = slot;
        response.request_line = "GET /a HTTP/1.1";
        response.proxy_line = proxy_line;
        event::Event event = response;
        restore_proxy_line(event, masters_);
        return std::get<event::Responded>(event).request_line;
    }

    std::vector<gunicorn::Master> masters_;
    const std::string behind_ = "GET /a HTTP/1.1";
};

TEST_F(ProxyLines, IsTheRequestWhereTheServerTakesItForOne) {
    EXPECT_EQ(line({{"worker_class", "sync"}, {"proxy_protocol", "off"}}), "PROXY");
    EXPECT_EQ(line({{"worker_class", "uvicorn.workers.UvicornWorker"}, {"proxy_protocol", "on"}}), "PROXY")
        << "whose parser does not know it";
}

TEST_F(ProxyLines, IsNoneOfTheRequestsOtherwise) {
    EXPECT_EQ(line({{"worker_class", "sync"}, {"proxy_protocol", "on"}}), behind_);
    EXPECT_EQ(line({{"worker_class", "sync"}}), behind_) << "not known";
    EXPECT_EQ(line({{"proxy_protocol", "off"}}, false), behind_) << "there was none";
    EXPECT_EQ(line({{"proxy_protocol", "off"}}, true, 8), behind_) << "of a worker that is not known";
    EXPECT_EQ(line({{"proxy_protocol", "off"}}, true, 0), behind_);
}

} // namespace
} // namespace observer
