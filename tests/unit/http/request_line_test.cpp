// SPDX-License-Identifier: BSD-2-Clause
#include <gtest/gtest.h>

#include <random>
#include <string>

#include "http/request_line.h"
#include "http/utf8.h"

namespace {

using http::LineState;

struct Row {
    const char* name;
    std::string line;
    std::string method;
    std::string path;
};

void PrintTo(const Row& row, std::ostream* out) { *out << row.name; }

class WholeLine : public testing::TestWithParam<Row> {};

TEST_P(WholeLine, HasMethodAndPath) {
    const auto line = http::parse_request_line(GetParam().line, LineState::whole);
    EXPECT_EQ(line.method, GetParam().method);
    ASSERT_TRUE(line.path.has_value());
    EXPECT_EQ(*line.path, GetParam().path);
}

const Row kRows[] = {
    {"origin_form", "GET /api/users HTTP/1.1", "GET", "/api/users"},
    {"root", "GET / HTTP/1.1", "GET", "/"},
    {"query", "POST /search?q=a/b#c HTTP/1.1", "POST", "/search"},
    {"empty_query", "GET /p? HTTP/1.1", "GET", "/p"},
    {"fragment", "GET /p#top HTTP/1.1", "GET", "/p"},
    {"trailing_slash", "GET /p/ HTTP/1.1", "GET", "/p/"},
    {"double_slash", "GET //host/p HTTP/1.1", "GET", "//host/p"},
    {"not_decoded", "GET /a%20b HTTP/1.1", "GET", "/a%20b"},
    {"url_in_path", "GET /go/http://x/y HTTP/1.1", "GET", "/go/http://x/y"},
    {"url_in_query", "GET /go?to=http://x/y HTTP/1.1", "GET", "/go"},
    {"absolute_form", "GET http://host/p?q HTTP/1.1", "GET", "/p"},
    {"absolute_form_with_port", "GET https://user@host:8443/a/b HTTP/1.1", "GET", "/a/b"},
    {"absolute_form_without_path", "GET http://host HTTP/1.1", "GET", "/"},
    {"absolute_form_query_only", "GET http://host?q HTTP/1.1", "GET", "/"},
    {"absolute_form_of_options", "OPTIONS http://host HTTP/1.1", "OPTIONS", "*"},
    {"asterisk", "OPTIONS * HTTP/1.1", "OPTIONS", "*"},
    {"authority", "CONNECT example.org:443 HTTP/1.1", "CONNECT", "example.org:443"},
    {"authority_v6", "CONNECT [::1]:443 HTTP/1.1", "CONNECT", "[::1]:443"},
    {"authority_without_port", "CONNECT example.org HTTP/1.1", "CONNECT", "invalid"},
    {"authority_for_get", "GET example.org:443 HTTP/1.1", "GET", "invalid"},
    {"relative_target", "GET p HTTP/1.1", "GET", "invalid"},
    {"no_scheme", "GET ://host/p HTTP/1.1", "GET", "invalid"},
    {"bad_scheme", "GET h_t://host/p HTTP/1.1", "GET", "invalid"},
    {"no_version", "GET /old", "GET", "/old"},
    {"two_spaces", "GET  /p  HTTP/1.1", "GET", "/p"},
    {"tabs", "GET\t/p\tHTTP/1.1", "GET", "/p"},
    {"carriage_return", "GET /p HTTP/1.1\r", "GET", "/p"},
    {"space_in_target", "GET /a b HTTP/1.1", "GET", "/a"},
    {"method_only", "GET", "GET", "invalid"},
    {"method_and_space", "GET ", "GET", "invalid"},
    {"patch", "PATCH /p HTTP/1.1", "PATCH", "/p"},
    {"webdav", "PROPFIND /dav HTTP/1.1", "PROPFIND", "/dav"},
    {"versioning", "VERSION-CONTROL /dav HTTP/1.1", "VERSION-CONTROL", "/dav"},
    {"search", "SEARCH /dav HTTP/1.1", "SEARCH", "/dav"},
    {"unknown_token", "FOO /p HTTP/1.1", "invalid", "/p"},
    {"lower_case", "get /p HTTP/1.1", "invalid", "/p"},
    {"prefix_of_a_method", "GE /p HTTP/1.1", "invalid", "/p"},
    {"http2_preface", "PRI * HTTP/2.0", "invalid", "*"},
    {"garbage", "complete nonsense here", "invalid", "invalid"},
    {"one_word", "GARBAGE", "invalid", "invalid"},
    {"tls_hello", "\x16\x03\x01\x02", "invalid", "invalid"},
    {"empty", "", "invalid", "invalid"},
    {"spaces", "   ", "invalid", "invalid"},
    {"nul", std::string("GET /a\0b HTTP/1.1", 17), "GET", "/a%00b"},
    {"escape", "GET /\x1B[31m HTTP/1.1", "GET", "/%1B[31m"},
    {"delete", "GET /\x7F HTTP/1.1", "GET", "/%7F"},
    {"c1_control", "GET /\xC2\x9B HTTP/1.1", "GET", "/%C2%9B"},
    {"utf8", "GET /caf\xC3\xA9/\xE2\x82\xAC HTTP/1.1", "GET", "/caf\xC3\xA9/\xE2\x82\xAC"},
    {"latin1", "GET /caf\xE9/x HTTP/1.1", "GET", "/caf%E9/x"},
    {"cut_utf8", "GET /\xE2\x82 HTTP/1.1", "GET", "/%E2%82"},
};

INSTANTIATE_TEST_SUITE_P(Rows, WholeLine, testing::ValuesIn(kRows), [](const auto& row) { return row.param.name; });

TEST(RequestLine, KnowsEveryMethodOfTheRegistry) {
    for (const std::string method : {"ACL",
                                     "BASELINE-CONTROL",
                                     "BIND",
                                     "CHECKIN",
                                     "CHECKOUT",
                                     "CONNECT",
                                     "COPY",
                                     "DELETE",
                                     "GET",
                                     "HEAD",
                                     "LABEL",
                                     "LINK",
                                     "LOCK",
                                     "MERGE",
                                     "MKACTIVITY",
                                     "MKCALENDAR",
                                     "MKCOL",
                                     "MKREDIRECTREF",
                                     "MKWORKSPACE",
                                     "MOVE",
                                     "OPTIONS",
                                     "ORDERPATCH",
                                     "PATCH",
                                     "POST",
                                     "PROPFIND",
                                     "PROPPATCH",
                                     "PUT",
                                     "QUERY",
                                     "REBIND",
                                     "REPORT",
                                     "SEARCH",
                                     "TRACE",
                                     "UNBIND",
                                     "UNCHECKOUT",
                                     "UNLINK",
                                     "UNLOCK",
                                     "UPDATE",
                                     "UPDATEREDIRECTREF",
                                     "VERSION-CONTROL"})
        EXPECT_EQ(http::parse_request_line(method + " /p HTTP/1.1", LineState::whole).method, method);
}

TEST(RequestLine, CutInThePathHasNoPath) {
    const auto line = http::parse_request_line("GET /" + std::string(443, 'a'), LineState::cut);
    EXPECT_EQ(line.method, "GET");
    EXPECT_FALSE(line.path.has_value());
    EXPECT_FALSE(http::parse_request_line("GET http://host", LineState::cut).path.has_value());
    EXPECT_FALSE(http::parse_request_line("GET ", LineState::cut).path.has_value());
    EXPECT_FALSE(http::parse_request_line("OPTIONS *", LineState::cut).path.has_value());
    EXPECT_FALSE(http::parse_request_line("CONNECT host:44", LineState::cut).path.has_value());
}

TEST(RequestLine, CutBehindThePathHasThePath) {
    EXPECT_EQ(http::parse_request_line("GET /p?" + std::string(440, 'q'), LineState::cut).path, "/p");
    EXPECT_EQ(http::parse_request_line("GET /p HT", LineState::cut).path, "/p");
    EXPECT_EQ(http::parse_request_line("GET http://host/p#f", LineState::cut).path, "/p");
}

TEST(RequestLine, CutWithoutAnyEndIsInvalid) {
    const auto line = http::parse_request_line(std::string(448, 'A'), LineState::cut);
    EXPECT_EQ(line.method, "invalid");
    EXPECT_EQ(line.path, "invalid");
    EXPECT_EQ(http::parse_request_line("GET", LineState::cut).method, "invalid") << "may be the start of GETTY";
}

TEST(RequestLine, OpenLineTellsOnlyWhatHasEnded) {
    const auto head = http::parse_request_line("GET /api/us", LineState::open);
    EXPECT_EQ(head.method, "GET");
    EXPECT_EQ(head.path, "invalid");
    EXPECT_EQ(http::parse_request_line("GET /api HTT", LineState::open).path, "/api");
    EXPECT_EQ(http::parse_request_line("GE", LineState::open).method, "invalid");
    EXPECT_EQ(http::parse_request_line("", LineState::open).path, "invalid");
}

// Any bytes at all end as a method of the registry and a path of printable text.
TEST(RequestLine, AnyBytesEndAsText) {
    std::mt19937 random(20260101);
    std::uniform_int_distribution<int> any_byte(0, 255), length(0, 448), kind(0, 3);
    for (int i = 0; i < 20000; ++i) {
        std::string bytes = kind(random) == 0 ? "" : "GET /";
        for (int left = length(random); left > 0; --left) bytes += static_cast<char>(any_byte(random));
        const auto line = http::parse_request_line(bytes, static_cast<LineState>(i % 3));
        ASSERT_TRUE(line.method == "GET" || line.method == "invalid") << line.method;
        std::string_view path = line.path ? std::string_view(*line.path) : "";
        while (!path.empty()) {
            const auto character = http::utf8_character(path);
            ASSERT_GT(character, 0u);
            ASSERT_GT(static_cast<unsigned char>(path[0]), 0x20);
            path.remove_prefix(character);
        }
    }
}

} // namespace
