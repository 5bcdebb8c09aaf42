// SPDX-License-Identifier: BSD-2-Clause
// Another thread runs on the same processor in the middle of a call, and uses the same scratch: its own call counts as
// always, and of the one in whose middle it ran no more is lost than its message.
#include <gtest/gtest.h>

#include <string>

#include "worker.h"

namespace bpf_test {
namespace {

std::string chunked(std::string_view head, int chunks) {
    std::string message(head);
    message += "Transfer-Encoding: chunked\r\n\r\n";
    for (int i = 0; i < chunks; i++) message += "1\r\nx\r\n";
    return message + "0\r\n\r\n";
}

std::string repeated(std::string_view message, int times) {
    std::string all;
    for (int i = 0; i < times; i++) all += message;
    return all;
}

// What a connection exchanges, by one call each, before it is used as any other.
struct Conversation {
    std::string requests;
    std::string responses;
    unsigned count;
};

const Conversation kConversations[] = {
    {"GET /a HTTP/1.1\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", 1},
    {chunked("POST /a HTTP/1.1\r\n", 400), chunked("HTTP/1.1 200 OK\r\n", 400), 1},
    {repeated("GET /a HTTP/1.1\r\n\r\n", 9), repeated("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", 9), 9},
};

class Preempted : public testing::Test {
protected:
    // Another thread's call is run in front of the `run`th program from here on.
    void preempt(int run) {
        ran_ = false;
        kernel_preempt(
            run,
            [](void* self) {
                auto& test = *static_cast<Preempted*>(self);
                test.ran_ = true;
                kernel_set_task(WORKER_TGID + 1);
                test.worker.receive(test.other, "GET /other HTTP/1.1\r\n\r\n");
                test.worker.send(test.other, "HTTP/1.1 204 No Content\r\n\r\n");
            },
            this);
    }
    std::uint64_t answered(int status) const { return worker.totals().responses[status - contract::STATUS_FIRST]; }

    Worker worker;
    int other = worker.accept();
    bool ran_ = false;
};

TEST_F(Preempted, LosesNoMoreThanAMessage) {
    std::uint64_t others = 0, next = 0;
    for (const auto& conversation : kConversations) {
        ran_ = true;
        for (int run = 1; ran_; run++) {
            const int fd = worker.accept();
            const auto lost = worker.drops(contract::DROP_PREEMPTED);
            const auto counted = worker.counted();
            preempt(run);
            worker.receive(fd, conversation.requests);
            worker.send(fd, conversation.responses);
            kernel_preempt(0, nullptr, nullptr);
            worker.receive(fd, "GET /next HTTP/1.1\r\n\r\n");
            worker.send(fd, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
            worker.close(fd);
            SCOPED_TRACE(testing::Message() << "run " << run << " of " << conversation.requests.substr(0, 30));
            others += ran_;
            EXPECT_EQ(answered(204), others);
            EXPECT_EQ(worker.drops(contract::DROP_PREEMPTED) - lost > 0, ran_);
            EXPECT_EQ(answered(404), ++next);
            EXPECT_EQ(worker.responses().back().line, "GET /next HTTP/1.1");
            EXPECT_LE(worker.counted() - counted, conversation.count + 1 + ran_);
            EXPECT_GE(worker.counted() - counted, (ran_ ? 1U : conversation.count) + 1);
            EXPECT_EQ(kernel_open_connections(), 1U) << "the other";
        }
        EXPECT_GT(others, 1U);
    }
    EXPECT_EQ(answered(503), 0U);
}

} // namespace
} // namespace bpf_test
