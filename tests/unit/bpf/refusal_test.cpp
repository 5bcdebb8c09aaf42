// SPDX-License-Identifier: BSD-2-Clause
// Whether Gunicorn itself answers 4xx for what it is handling, or an application does.
#include <gtest/gtest.h>

#include <cstddef>
#include <deque>
#include <string>
#include <vector>

#include "interpreter_fixture.h"

namespace bpf_test {
namespace {

struct Handled {
    const Object* exception = nullptr;
    const Handled* previous = nullptr;
};
struct Call {
    std::string file;
    std::string name;
};

class RefusalTest : public InterpreterTest {
protected:
    RefusalTest() {
        layout_.exc_info_value = offsetof(Handled, exception);
        layout_.exc_info_previous_item = offsetof(Handled, previous);
        kernel_set_python(&layout_);
        thread_.handled = &handled_;
    }

    // True if a response that is written by these calls, the outermost first, is known as a refusal.
    bool is_parser_error_reply(const std::vector<Call>& calls, const std::string& status = "400 Bad Request") {
        thread_.frame = nullptr;
        for (const auto& call : calls) {
            const auto& function = codes_.emplace_back(code(call.file, call.name));
            thread_.frame = &frames_.emplace_back(
                Frame{.previous = thread_.frame, .code = reference(&function), .owner = 0, .locals = {}});
        }
        const int fd = worker_.accept();
        worker_.receive(fd, "GET /r HTTP/1.1\r\n\r\n");
        worker_.send(fd, "HTTP/1.1 " + status + "\r\nContent-Length: 2\r\n\r\nno");
        return worker_.responses().back().by.raised & contract::RAISED_BY_PARSER;
    }

    Type kind_{&class_, kException, "InvalidHeader"};
    Object exception_{&kind_};
    Handled handled_{&exception_};
    std::deque<Code> codes_;
    std::deque<Frame> frames_;
    const Call sync_{"/usr/lib/python3/dist-packages/gunicorn/workers/sync.py", "handle"};
    const Call refusal_{"/usr/lib/python3/dist-packages/gunicorn/workers/base.py", "handle_error"};
    const Call write_{"/usr/lib/python3/dist-packages/gunicorn/util.py", "write_error"};
};

TEST_F(RefusalTest, IsWrittenByGunicornsOwnFunctions) {
    EXPECT_TRUE(is_parser_error_reply({sync_, refusal_, write_}));
    EXPECT_TRUE(is_parser_error_reply({{"/x/gunicorn/asgi/protocol.py", "_feed_callback_parser"},
                                       {"/x/gunicorn/asgi/protocol.py", "_send_error_response"}}));
    EXPECT_TRUE(is_parser_error_reply({sync_, refusal_, write_}, "431 Request Header Fields Too Large"));
}

TEST_F(RefusalTest, IsNotWhatAnApplicationAnswers) {
    EXPECT_FALSE(is_parser_error_reply({sync_, {"/srv/shop.py", "handle_error"}, write_}));
    EXPECT_FALSE(is_parser_error_reply({sync_, {"/srv/shop/workers/base.py", "handle_error"}, write_}));
    EXPECT_FALSE(is_parser_error_reply({sync_, {"/srv/shop/asgi/protocol.py", "_send_error_response"}, write_}));
    EXPECT_FALSE(
        is_parser_error_reply({{"/x/gunicorn/asgi/protocol.py", "_handle_http_request"}, {"/srv/shop.py", "app"}}));
    EXPECT_FALSE(is_parser_error_reply({}));
}

TEST_F(RefusalTest, IsAClientError) {
    EXPECT_FALSE(is_parser_error_reply({sync_, refusal_, write_}, "500 Internal Server Error"));
}

TEST_F(RefusalTest, NeedsAnException) {
    handled_.exception = nullptr;
    EXPECT_FALSE(is_parser_error_reply({sync_, refusal_, write_}));
}

} // namespace
} // namespace bpf_test
