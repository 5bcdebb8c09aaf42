// SPDX-License-Identifier: BSD-2-Clause
// The live page's documents and numbers as they go over the wire.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "client.h"
#include "web/routes.h"

namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::Pair;
using testing::StartsWith;
using web::Answer;
using web::Request;

const std::string kScript(5000, 'x');

web::Pages pages() {
    return {.metrics = [](web::Format) -> Result<std::string> { return "text\n"; },
            .ready = [] { return true; },
            .live = []() -> Result<std::string> { return R"({"targets":[]})"; },
            .documents = {{"/", "<!DOCTYPE html>"}, {"/assets/app.js", kScript}, {"/assets/icon.svg", "<svg/>"}}};
}

Answer answer(const Request& request, web::Pages content = pages(), const std::string& telemetry_path = "/metrics") {
    return web::Routes::create(telemetry_path, std::move(content))->answer(request);
}

Request get(std::string_view path) { return {.method = "GET", .path = path, .accept = {}, .accept_encoding = {}}; }

std::string header(const Answer& of, const std::string& name) {
    const auto found = std::ranges::find(of.headers, name, [](const auto& one) { return one.first; });
    return found == of.headers.end() ? std::string() : found->second;
}

TEST(Documents, SayWhatTheyAre) {
    EXPECT_EQ(answer(get("/")).content_type, "text/html; charset=utf-8");
    EXPECT_EQ(answer(get("/assets/app.js")).content_type, "text/javascript; charset=utf-8");
    EXPECT_EQ(answer(get("/assets/icon.svg")).content_type, "image/svg+xml");
    EXPECT_EQ(answer(get("/assets/app.js")).body, kScript);
    EXPECT_EQ(answer(get("/assets/other.js")).status, 404);
    EXPECT_EQ(answer(get("/assets/")).status, 404);
}

TEST(Documents, AllowNothingButThisServer) {
    for (const char* path : {"/", "/assets/app.js", "/api/v1/live"}) {
        const auto policy = header(answer(get(path)), "Content-Security-Policy");
        EXPECT_THAT(policy, StartsWith("default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
                                       "img-src 'self' data:"));
        EXPECT_THAT(policy, Not(HasSubstr("unsafe")));
        EXPECT_THAT(policy, HasSubstr("frame-ancestors 'none'"));
        EXPECT_EQ(header(answer(get(path)), "X-Content-Type-Options"), "nosniff");
        EXPECT_EQ(header(answer(get(path)), "Referrer-Policy"), "no-referrer");
    }
}

TEST(Documents, AreSentOnceToAClientThatKeepsThem) {
    const auto first = answer(get("/assets/app.js"));
    const auto tag = header(first, "ETag");
    ASSERT_FALSE(tag.empty());
    EXPECT_EQ(header(first, "Cache-Control"), "no-cache");
    auto again = get("/assets/app.js");
    for (const auto& known : {tag, "\"other\", " + tag, tag.substr(2), std::string("*")}) {
        again.if_none_match = known;
        EXPECT_EQ(answer(again).status, 304) << known;
        EXPECT_THAT(answer(again).body, IsEmpty());
        EXPECT_EQ(header(answer(again), "ETag"), tag);
    }
    const std::string other = "W/\"0-0\"";
    again.if_none_match = other;
    EXPECT_EQ(answer(again).status, 200);
    EXPECT_NE(header(answer(get("/")), "ETag"), tag);
}

TEST(Documents, AreCompressedWhereThatHelps) {
    auto request = get("/assets/app.js");
    request.accept_encoding = "gzip";
    const auto compressed = answer(request);
    EXPECT_EQ(header(compressed, "Content-Encoding"), "gzip");
    EXPECT_LT(compressed.body.size(), kScript.size() / 10);
    EXPECT_EQ(web_test::gunzip(compressed.body), kScript);
    EXPECT_EQ(header(compressed, "Vary"), "Accept-Encoding");
    request.path = "/assets/icon.svg"; // gets longer
    EXPECT_EQ(header(answer(request), "Content-Encoding"), "");
}

TEST(LiveNumbers, AreNeverKept) {
    auto request = get("/api/v1/live");
    const auto plain = answer(request);
    EXPECT_EQ(plain.status, 200);
    EXPECT_EQ(plain.content_type, "application/json");
    EXPECT_EQ(plain.body, R"({"targets":[]})");
    EXPECT_EQ(header(plain, "Cache-Control"), "no-store");
    request.accept_encoding = "gzip";
    EXPECT_EQ(web_test::gunzip(answer(request).body), R"({"targets":[]})");
}

TEST(LiveNumbers, FailWithTheirSentence) {
    auto failing = pages();
    failing.live = []() -> Result<std::string> { return fail("the exporter is stopping"); };
    const auto failed = answer(get("/api/v1/live"), failing);
    EXPECT_EQ(failed.status, 503);
    EXPECT_EQ(failed.body, "the exporter is stopping\n");
}

TEST(LivePage, AllowsGetAndHeadOnly) {
    for (const char* path : {"/", "/assets/app.js", "/api/v1/live"}) {
        auto request = get(path);
        request.method = "HEAD";
        EXPECT_EQ(answer(request).status, 200) << path;
        EXPECT_FALSE(answer(request).body.empty()) << path;
        request.method = "POST";
        EXPECT_EQ(answer(request).status, 405) << path;
    }
}

TEST(LivePage, LeavesTheRootToLinksWhereItIsNotBuiltIn) {
    auto without = pages();
    without.documents.clear();
    EXPECT_THAT(answer(get("/"), without).body, HasSubstr("<a href=\"/metrics\">"));
    EXPECT_EQ(answer(get("/assets/app.js"), without).status, 404);
}

TEST(LivePage, GivesWayToTheMetrics) { EXPECT_EQ(answer(get("/"), pages(), "/").body, "text\n"); }

} // namespace
