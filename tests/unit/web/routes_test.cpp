// SPDX-License-Identifier: BSD-2-Clause
// Paths, methods and contents, without a socket.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "client.h"
#include "web/routes.h"

namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Pair;
using web::Answer;
using web::Format;
using web::Request;

web::Pages pages(bool ready = true) {
    return {.metrics = [](Format format) -> Result<std::string> {
                return format == Format::openmetrics ? std::string("openmetrics\n# EOF\n") : std::string("text\n");
            },
            .ready = [ready] { return ready; }};
}

Answer answer(const Request& request, const std::string& path = "/metrics", web::Pages content = pages()) {
    const auto routes = web::Routes::create(path, std::move(content));
    if (!routes) return Answer{.status = 0, .content_type = {}, .body = routes.error().text, .headers = {}};
    return routes->answer(request);
}

Request get(std::string_view path) { return {.method = "GET", .path = path, .accept = {}, .accept_encoding = {}}; }

TEST(Routes, ServeTheMetricsInTheFormatThatWasAskedFor) {
    const Answer text = answer(get("/metrics"));
    EXPECT_EQ(text.status, 200);
    EXPECT_EQ(text.content_type, "text/plain; version=0.0.4; charset=utf-8");
    EXPECT_EQ(text.body, "text\n");
    EXPECT_THAT(text.headers, Contains(Pair("Vary", "Accept, Accept-Encoding")));

    Request request = get("/metrics");
    request.accept = "application/openmetrics-text";
    const Answer openmetrics = answer(request);
    EXPECT_EQ(openmetrics.content_type, "application/openmetrics-text; version=1.0.0; charset=utf-8");
    EXPECT_EQ(openmetrics.body, "openmetrics\n# EOF\n");
}

TEST(Routes, CompressWhenTheClientAcceptsIt) {
    Request request = get("/metrics");
    request.accept_encoding = "gzip";
    const Answer compressed = answer(request);
    EXPECT_THAT(compressed.headers, Contains(Pair("Content-Encoding", "gzip")));
    EXPECT_EQ(web_test::gunzip(compressed.body), "text\n");
    EXPECT_THAT(answer(get("/metrics")).headers, testing::Not(Contains(Pair("Content-Encoding", testing::_))));
}

TEST(Routes, AnswerAFailingPageWithItsSentence) {
    web::Pages failing = pages();
    failing.metrics = [](Format) -> Result<std::string> { return fail("no snapshot within 1 s"); };
    const Answer failed = answer(get("/metrics"), "/metrics", failing);
    EXPECT_EQ(failed.status, 503);
    EXPECT_EQ(failed.body, "no snapshot within 1 s\n");
    EXPECT_EQ(failed.content_type, "text/plain; charset=utf-8");
}

TEST(Routes, TellHealthAndReadiness) {
    EXPECT_EQ(answer(get("/-/healthy"), "/metrics", pages(false)).status, 200);
    EXPECT_EQ(answer(get("/-/ready"), "/metrics", pages(true)).status, 200);
    const Answer not_ready = answer(get("/-/ready"), "/metrics", pages(false));
    EXPECT_EQ(not_ready.status, 503);
    EXPECT_THAT(not_ready.body, HasSubstr("Not ready"));
}

TEST(Routes, LinkToTheMetricsFromTheLandingPage) {
    const Answer landing = answer(get("/"), "/observed/metrics");
    EXPECT_EQ(landing.status, 200);
    EXPECT_EQ(landing.content_type, "text/html; charset=utf-8");
    EXPECT_THAT(landing.body, HasSubstr("<a href=\"/observed/metrics\">"));
    EXPECT_EQ(answer(get("/observed/metrics"), "/observed/metrics").body, "text\n");
    EXPECT_EQ(answer(get("/metrics"), "/observed/metrics").status, 404);
}

TEST(Routes, LetTheMetricsTakeTheRoot) { EXPECT_EQ(answer(get("/"), "/").body, "text\n"); }

TEST(Routes, TakeAbsoluteTargets) {
    EXPECT_EQ(answer(get("http://host:9091/metrics")).body, "text\n");
    EXPECT_EQ(answer(get("https://host/-/healthy")).status, 200);
    EXPECT_EQ(answer(get("http://host"), "/").body, "text\n");
    EXPECT_EQ(answer(get("ftp://host/metrics")).status, 404);
}

TEST(Routes, DoNotKnowOtherPaths) {
    for (const char* path : {"/metrics/", "/metric", "/-/", "/-/ready/", "", "metrics", "/favicon.ico", "//metrics"})
        EXPECT_EQ(answer(get(path)).status, 404) << path;
    EXPECT_THAT(answer(get("/nothing")).body, HasSubstr("/metrics"));
}

TEST(Routes, AllowGetAndHeadOnly) {
    for (const char* path : {"/metrics", "/", "/-/healthy", "/-/ready"}) {
        Request request = get(path);
        request.method = "HEAD";
        EXPECT_EQ(answer(request).status, 200) << path;
        for (const char* method : {"POST", "PUT", "DELETE", "OPTIONS", "get", "BREW"}) {
            request.method = method;
            const Answer refused = answer(request);
            EXPECT_EQ(refused.status, 405) << method << " " << path;
            EXPECT_THAT(refused.headers, Contains(Pair("Allow", "GET, HEAD")));
        }
    }
}

web::Pages with_orders(int& orders, bool good = true) {
    auto content = pages();
    content.cleanup = content.reload = [&orders, good]() -> Result<void> {
        ++orders;
        if (!good) return fail("web.yml: line 3: no");
        return {};
    };
    return content;
}

TEST(Routes, TakeOrdersWhereThatIsAllowed) {
    int orders = 0;
    const auto open = web::Routes::create("/metrics", with_orders(orders), true);
    const auto closed = web::Routes::create("/metrics", with_orders(orders), false);
    const auto failing = web::Routes::create("/metrics", with_orders(orders, false), true);
    ASSERT_TRUE(open && closed && failing);
    for (const char* path : {"/-/cleanup", "/-/reload"}) {
        orders = 0;
        Request request = get(path);
        const Answer read = open->answer(request);
        EXPECT_EQ(read.status, 405);
        EXPECT_THAT(read.headers, Contains(Pair("Allow", "POST")));
        request.method = "POST";
        EXPECT_EQ(closed->answer(request).status, 403);
        EXPECT_THAT(closed->answer(request).body, HasSubstr("--web.enable-lifecycle"));
        EXPECT_EQ(orders, 0);
        EXPECT_EQ(open->answer(request).status, 200);
        EXPECT_EQ(orders, 1);
        EXPECT_EQ(failing->answer(request).status, 500);
        EXPECT_EQ(failing->answer(request).body, "web.yml: line 3: no\n");
    }
}

TEST(Routes, TheMetricsComeBeforeADocumentOfTheirPath) {
    auto content = pages();
    content.documents = {{"/metrics", "not this"}};
    EXPECT_EQ(answer(get("/metrics"), "/metrics", content).body, "text\n");
}

TEST(Routes, RefuseATelemetryPathThatCannotWork) {
    for (const char* wrong : {"", "metrics", "/-/healthy", "/a b", "/a?b", "/<script>", "/a%20b", "/a\"b"}) {
        const auto routes = web::Routes::create(wrong, pages());
        ASSERT_FALSE(routes.has_value()) << wrong;
        EXPECT_THAT(routes.error().text, HasSubstr("--web.telemetry-path")) << wrong;
    }
}

} // namespace
