// SPDX-License-Identifier: BSD-2-Clause
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "trace/summary.h"

namespace trace {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

Request request_of(const std::string& endpoint, std::chrono::nanoseconds duration) {
    Request request;
    request.method = "GET";
    request.endpoint = endpoint;
    request.duration = duration;
    request.time.parts = event::Parts{.on_cpu = duration / 4, .sockets = duration - duration / 4};
    request.time.peers = {{"10.0.0.5:5432", duration - duration / 4}};
    return request;
}

TEST(Quantiles, AreAtMostOnePercentTooHigh) {
    Quantiles quantiles;
    for (int i = 1; i <= 1000; i++) quantiles.add(i * 1ms);
    EXPECT_EQ(quantiles.count(), 1000u);
    EXPECT_GE(quantiles.at(0.5), 500ms);
    EXPECT_LE(quantiles.at(0.5), 505ms);
    EXPECT_GE(quantiles.at(0.95), 950ms);
    EXPECT_LE(quantiles.at(0.95), 960ms);
    EXPECT_EQ(quantiles.at(1), 1s);
}

TEST(Quantiles, OfNoneAndOfZero) {
    EXPECT_EQ(Quantiles().at(0.5), 0ns);
    Quantiles quantiles;
    quantiles.add(0ns);
    EXPECT_EQ(quantiles.at(0.5), 0ns);
}

TEST(Summary, CountsWhatItSawAndLearnsFromWhatMatched) {
    Summary summary;
    summary.see(request_of("/a", 100ms), true);
    summary.see(request_of("/a", 300ms), true);
    summary.see(request_of("/b", 5s), false);
    EXPECT_EQ(summary.seen(), 3u);
    EXPECT_EQ(summary.matched(), 2u);
    EXPECT_EQ(summary.slowest(), "300ms GET /a");
    const auto text = summary.text({});
    EXPECT_THAT(text, HasSubstr("3 requests seen, 2 matched, the slowest 300ms GET /a\n"));
    EXPECT_THAT(text, HasSubstr("sockets 150ms, cpu 50.0ms\n")) << "means";
    EXPECT_THAT(text, HasSubstr("waited for: 10.0.0.5:5432 300ms\n"));
    EXPECT_THAT(text, Not(HasSubstr("/b")));
    EXPECT_THAT(text, Not(HasSubstr("lost")));
}

TEST(Summary, TheCommonestEndpointComesFirst) {
    Summary summary;
    summary.see(request_of("/rare", 1ms), true);
    for (int i = 0; i < 2; i++) summary.see(request_of("/common", 1ms), true);
    const auto text = summary.text({});
    EXPECT_LT(text.find("GET /common  "), text.find("GET /rare  "));
}

TEST(Summary, HasNoMoreLinesThanItsLimit) {
    Summary summary;
    for (int i = 0; i < 1000; i++) summary.see(request_of(std::string("/").append(std::to_string(i)), 1ms), true);
    const auto text = summary.text({});
    EXPECT_LE(std::count(text.begin(), text.end(), '\n'), 205);
    EXPECT_THAT(text, HasSubstr("  others "));
}

TEST(Summary, SaysWhatWasLostAndWhatIsNotKnown) {
    Summary summary;
    auto unknown = request_of("/a", 1ms);
    unknown.time = {};
    summary.see(unknown, true);
    const auto text = summary.text({{"ring_full", 7}, {"slots_full", 0}});
    EXPECT_THAT(text, HasSubstr("lost: 7 (ring_full)\n"));
    EXPECT_THAT(text, Not(HasSubstr("slots_full")));
    EXPECT_THAT(text, HasSubstr("of 1 requests it is not known where their time went\n"));
}

TEST(Summary, NamesThatWouldTurnALineAroundAreWrittenOut) {
    Summary summary;
    auto request = request_of("/\u202e", 100ms);
    request.time.peers = {{"/run/\u202ds", 75ms}};
    summary.see(request, true);
    EXPECT_EQ(summary.slowest(), "100ms GET /\\xe2\\x80\\xae");
    const auto text = summary.text({});
    EXPECT_THAT(text, HasSubstr("  GET /\\xe2\\x80\\xae "));
    EXPECT_THAT(text, HasSubstr("waited for: /run/\\xe2\\x80\\xads 75.0ms\n"));
    EXPECT_THAT(text, Not(HasSubstr("\u202e")));
}

TEST(Summary, OfNothingIsOneLine) { EXPECT_EQ(Summary().text({}), "0 requests seen, 0 matched\n"); }

} // namespace
} // namespace trace
