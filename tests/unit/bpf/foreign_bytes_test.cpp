// SPDX-License-Identifier: BSD-2-Clause
// Answers that no call of the worker has written: the socket knows of their bytes. What they answer is counted as lost,
// and the next request counts again.
#include <gtest/gtest.h>

#include "worker.h"

namespace bpf_test {
namespace {

constexpr auto kGet = "GET /a HTTP/1.1\r\n\r\n";
constexpr auto kOther = "GET /b HTTP/1.1\r\n\r\n";
constexpr auto kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
constexpr auto kHead = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n";
constexpr std::uint32_t kAnswer = 60; // bytes

class ForeignBytes : public testing::Test {
protected:
    void close() {
        kernel_send_unseen(fd, 1); // the end of stream
        worker.close(fd);
        worker.tick();
    }
    void expect_ended(std::uint64_t responses, std::uint64_t lost, std::uint64_t found_again = 0) {
        EXPECT_EQ(worker.counted(), responses);
        EXPECT_EQ(worker.drops(contract::DROP_FOREIGN_WRITER), lost);
        EXPECT_EQ(worker.drops(), lost);
        EXPECT_EQ(worker.resyncs(contract::RESYNC_FOREIGN_WRITER), found_again);
        EXPECT_EQ(worker.totals().connections[contract::CONNECTION_HTTP], 1u);
        expect_nothing_wrong();
    }
    void expect_nothing_wrong() {
        for (const auto aborted : worker.totals().aborted) EXPECT_EQ(aborted, 0u);
        for (const auto incomplete : worker.totals().incomplete) EXPECT_EQ(incomplete, 0u);
        EXPECT_EQ(worker.totals().activity.in_flight, 0u);
        EXPECT_EQ(worker.totals().activity.open_connections, 0u);
        EXPECT_EQ(kernel_open_connections(), 0u);
        EXPECT_EQ(kernel_pipelined_requests(), 0u);
    }

    Worker worker;
    int fd = worker.accept_tcp();
};

TEST_F(ForeignBytes, AnswerTheOnlyRequest) {
    worker.receive(fd, kGet);
    kernel_send_unseen(fd, kAnswer);
    close();
    expect_ended(0, 1);
}

TEST_F(ForeignBytes, OfASocketThatIsGoneWithClose) {
    worker.receive(fd, kGet);
    kernel_send_unseen(fd, kAnswer);
    kernel_end_socket(fd);
    worker.close(fd);
    expect_ended(0, 1);
}

TEST_F(ForeignBytes, AfterTheWorkerHasClosed) {
    worker.receive(fd, kGet);
    kernel_pass_file(fd);
    worker.close(fd);
    EXPECT_EQ(kernel_open_connections(), 1u);
    kernel_send_unseen(fd, kAnswer);
    kernel_end_socket(fd);
    kernel_drop_passed_file(fd);
    worker.tick();
    expect_ended(0, 1);
}

TEST_F(ForeignBytes, AreNoneAtAnEndWithoutAnAnswer) {
    worker.receive(fd, kGet);
    kernel_send_unseen(fd, 1);
    kernel_end_socket(fd);
    worker.close(fd);
    EXPECT_EQ(worker.totals().aborted[contract::BY_SERVER], 1u);
    EXPECT_EQ(worker.drops(), 0u);
}

TEST_F(ForeignBytes, AreNotKnownOfASocketWhoseMemoryIsAnothers) {
    worker.receive(fd, kGet);
    kernel_make_tcp(fd);
    kernel_send_unseen(fd, kAnswer);
    worker.close(fd);
    EXPECT_EQ(worker.totals().aborted[contract::BY_SERVER], 1u);
    EXPECT_EQ(worker.drops(), 0u);
}

TEST_F(ForeignBytes, AreTheRestOfAResponse) {
    worker.receive(fd, kGet);
    worker.send(fd, kHead);
    kernel_send_unseen(fd, 2);
    close();
    expect_ended(1, 1);
    EXPECT_EQ(worker.summaries(), std::vector<std::string>{"200 GET /a HTTP/1.1"});
}

TEST_F(ForeignBytes, BeforeTheNextRequestIsRead) {
    for (int i = 0; i < 3; i++) {
        worker.receive(fd, kGet);
        kernel_send_unseen(fd, kAnswer);
    }
    worker.receive(fd, kOther);
    worker.send(fd, kOk);
    close();
    expect_ended(1, 3, 3);
    EXPECT_EQ(worker.summaries(), std::vector<std::string>{"200 GET /b HTTP/1.1"});
}

TEST_F(ForeignBytes, TheRestOfAResponseBeforeTheNextRequestIsRead) {
    worker.receive(fd, kGet);
    worker.send(fd, kHead);
    kernel_send_unseen(fd, 2);
    worker.receive(fd, kOther);
    worker.send(fd, kOk);
    close();
    expect_ended(2, 1, 1);
    EXPECT_EQ(worker.summaries(), (std::vector<std::string>{"200 GET /a HTTP/1.1", "200 GET /b HTTP/1.1"}));
}

// How many of them were answered is not known: what follows has no labels until a request is read alone.
TEST_F(ForeignBytes, AnswerTheFirstOfSeveralRequests) {
    worker.receive(fd, std::string(kGet) + kOther + kGet);
    kernel_send_unseen(fd, kAnswer);
    worker.send(fd, kOk);
    worker.send(fd, kOk);
    worker.receive(fd, kOther);
    worker.send(fd, kOk);
    close();
    expect_ended(3, 3, 1);
    EXPECT_EQ(worker.summaries().back(), "200 GET /b HTTP/1.1");
}

TEST_F(ForeignBytes, ByIoUring) {
    worker.receive(fd, kGet);
    worker.use_io_uring();
    kernel_send_unseen(fd, kAnswer);
    worker.receive(fd, kGet);
    kernel_send_unseen(fd, kAnswer);
    close();
    EXPECT_EQ(worker.drops(contract::DROP_IO_URING), 2u);
    EXPECT_EQ(worker.resyncs(contract::RESYNC_IO_URING), 1u);
    EXPECT_EQ(worker.drops(), 2u);
    expect_nothing_wrong();
}

TEST_F(ForeignBytes, AreNoneInAWholeConversation) {
    for (int i = 0; i < 3; i++) {
        worker.receive(fd, std::string(kGet) + kOther);
        worker.send(fd, kOk);
        worker.receive(fd, kGet);
        worker.send(fd, std::string(kOk) + kOk);
    }
    close();
    expect_ended(9, 0);
}

} // namespace
} // namespace bpf_test
