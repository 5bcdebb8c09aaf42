// SPDX-License-Identifier: BSD-2-Clause
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "http/route_template.h"

namespace {

http::RouteTemplate route(std::string_view text) {
    auto parsed = http::RouteTemplate::parse(text);
    EXPECT_TRUE(parsed.has_value()) << (parsed ? "" : parsed.error().text);
    return parsed.value_or(http::RouteTemplate{});
}

TEST(RouteTemplate, PlaceholderStandsForOneSegment) {
    const auto users = route("/users/{id}");
    EXPECT_EQ(users.text(), "/users/{id}");
    EXPECT_TRUE(users.matches("/users/7"));
    EXPECT_TRUE(users.matches("/users/me"));
    EXPECT_FALSE(users.matches("/users"));
    EXPECT_FALSE(users.matches("/users/"));
    EXPECT_FALSE(users.matches("/users/7/"));
    EXPECT_FALSE(users.matches("/users/7/edit"));
    EXPECT_FALSE(users.matches("/user/7"));
    EXPECT_FALSE(users.matches("users/7"));
    EXPECT_FALSE(users.matches(""));
}

TEST(RouteTemplate, PlaceholderInTheMiddle) {
    const auto edit = route("/users/{id}/edit");
    EXPECT_TRUE(edit.matches("/users/7/edit"));
    EXPECT_FALSE(edit.matches("/users/7/"));
    EXPECT_FALSE(edit.matches("/users/7/8/edit"));
}

TEST(RouteTemplate, TextAroundAPlaceholder) {
    const auto file = route("/files/v{n}.json");
    EXPECT_TRUE(file.matches("/files/v12.json"));
    EXPECT_FALSE(file.matches("/files/v.json"));
    EXPECT_FALSE(file.matches("/files/12.json"));
    EXPECT_FALSE(file.matches("/files/v12.xml"));
}

TEST(RouteTemplate, StarStandsForAnyRest) {
    const auto assets = route("/static/*");
    EXPECT_TRUE(assets.matches("/static/"));
    EXPECT_TRUE(assets.matches("/static/a.css"));
    EXPECT_TRUE(assets.matches("/static/a/b/c.js"));
    EXPECT_FALSE(assets.matches("/static"));
    EXPECT_FALSE(assets.matches("/other/a.css"));
    EXPECT_TRUE(route("/*").matches("/"));
    EXPECT_TRUE(route("/*").matches("/a/b"));
    EXPECT_FALSE(route("/*").matches("*"));
}

TEST(RouteTemplate, LiteralRoutes) {
    EXPECT_TRUE(route("/").matches("/"));
    EXPECT_FALSE(route("/").matches("/a"));
    EXPECT_TRUE(route("/a/").matches("/a/"));
    EXPECT_FALSE(route("/a/").matches("/a"));
    EXPECT_FALSE(route("/a*b").matches("/axb")) << "a star inside a segment is literal";
    EXPECT_TRUE(route("/*/a").matches("/*/a"));
}

TEST(RouteTemplate, RefusesWhatCannotBeMeantWithAReason) {
    const auto error = [](std::string_view text) {
        const auto parsed = http::RouteTemplate::parse(text);
        return parsed ? std::string("accepted") : parsed.error().text;
    };
    using testing::HasSubstr;
    EXPECT_THAT(error(""), HasSubstr("must begin with \"/\""));
    EXPECT_THAT(error("users/{id}"), HasSubstr("route template \"users/{id}\": must begin with \"/\""));
    EXPECT_THAT(error("/users/{id"), HasSubstr("without \"}\""));
    EXPECT_THAT(error("/users/{a/b}"), HasSubstr("without \"}\""));
    EXPECT_THAT(error("/users/id}"), HasSubstr("without \"{\""));
    EXPECT_THAT(error("/users/}id{"), HasSubstr("before \"{\""));
    EXPECT_THAT(error("/users/{}"), HasSubstr("needs a name"));
    EXPECT_THAT(error("/users/{a}{b}"), HasSubstr("at most one placeholder"));
    EXPECT_THAT(error("/users/{a{b}"), HasSubstr("at most one placeholder"));
    EXPECT_THAT(error("/users?id={id}"), HasSubstr("without query"));
}

} // namespace
