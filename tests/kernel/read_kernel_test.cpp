// SPDX-License-Identifier: BSD-2-Clause
// Requests read by each system call, and what looks like reading and is not.
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <thread>

#include "probe_fixture.h"

namespace kernel_test {
namespace {

using namespace std::chrono_literals;

using Read = std::function<ssize_t(int fd, char* buffer, std::size_t size)>;

// The buffer in two parts, so that most requests lie in both.
struct Halves {
    Halves(char* buffer, std::size_t size) : parts{{buffer, 9}, {buffer + 9, size - 9}} {}
    iovec parts[2];
};

struct Way {
    const char* name;
    Read read;
};

const Way kWays[] = {
    {"read", [](int fd, char* buffer, std::size_t size) { return read(fd, buffer, size); }},
    {"readv", [](int fd, char* buffer, std::size_t size) { return readv(fd, Halves(buffer, size).parts, 2); }},
    {"recvfrom", [](int fd, char* buffer, std::size_t size) { return recv(fd, buffer, size, 0); }},
    {"recvmsg",
     [](int fd, char* buffer, std::size_t size) {
         Halves halves(buffer, size);
         msghdr message{};
         message.msg_iov = halves.parts;
         message.msg_iovlen = 2;
         return recvmsg(fd, &message, 0);
     }},
};

void PrintTo(const Way& way, std::ostream* out) { *out << way.name; }

class ReadBy : public ProbeFixture, public testing::WithParamInterface<Way> {};

TEST_P(ReadBy, ARequestIsRead) {
    int was_read[2];
    ASSERT_EQ(pipe2(was_read, O_CLOEXEC), 0);
    serve(
        [&](int fd) {
            char buffer[4096];
            std::string head;
            while (!head.contains("\r\n\r\n")) {
                const auto got = GetParam().read(fd, buffer, sizeof buffer);
                if (got <= 0 || write(was_read[1], "", 1) != 1) return;
                head.append(buffer, static_cast<std::size_t>(got));
            }
            send_bytes(fd, kOk);
            close(fd);
        },
        [&](Client& client) {
            // In two parts: the second is sent when the first has been read.
            client.send("GET /by-any-wa");
            char byte = 0;
            EXPECT_EQ(read(was_read[0], &byte, 1), 1);
            std::this_thread::sleep_for(30ms);
            client.send("y HTTP/1.1\r\nHost: x\r\n\r\n");
            EXPECT_EQ(client.receive_all(), kOk);
        });
    for (const int end : was_read) close(end);
    const auto responses = take<event::Responded>();
    ASSERT_EQ(responses.size(), 1u);
    EXPECT_EQ(responses[0].request_line, "GET /by-any-way HTTP/1.1");
    EXPECT_FALSE(responses[0].request_line_open);
    EXPECT_GE(responses[0].duration, 25ms); // from the first byte
    EXPECT_EQ(totals().requests(), 1u);
    EXPECT_EQ(lost(), 0u);
}

INSTANTIATE_TEST_SUITE_P(Calls, ReadBy, testing::ValuesIn(kWays), [](const auto& way) { return way.param.name; });

class Reading : public ProbeFixture {};

#if defined(__x86_64__)
// By the 32-bit entry 45 is brk(), and the registers that a 64-bit recvfrom() would have its arguments in mean nothing.
TEST_F(Reading, ACallByThe32BitEntryIsNotRead) {
    serve(
        [](int fd) {
            static const char kFalse[] = "GET /false HTTP/1.1\r\n\r\n";
            long result = 45; // NOLINT(misc-const-correctness): written below
            __asm__ volatile("int $0x80"
                             : "+a"(result)
                             : "b"(0L), "D"(static_cast<long>(fd)), "S"(kFalse), "d"(sizeof kFalse), "c"(0L)
                             : "memory", "r8", "r9", "r10", "r11");
            EXPECT_GT(result, 0);
            read_head(fd);
            send_bytes(fd, kOk);
            close(fd);
        },
        [](Client& client) {
            client.send("GET /true HTTP/1.1\r\nHost: x\r\n\r\n");
            EXPECT_EQ(client.receive_all(), kOk);
        });
    const auto responses = take<event::Responded>();
    ASSERT_EQ(responses.size(), 1u);
    EXPECT_EQ(responses[0].request_line, "GET /true HTTP/1.1");
    EXPECT_EQ(lost(contract::DROP_32BIT_SYSCALL), 1u);
    EXPECT_EQ(lost(), 1u);
}
#endif

TEST_F(Reading, PeekIsNone) {
    for (const bool by_message : {false, true}) {
        serve(
            [&](int fd) {
                char buffer[4096];
                iovec part{buffer, sizeof buffer};
                msghdr message{};
                message.msg_iov = &part;
                message.msg_iovlen = 1;
                for (int i = 0; i < 3; i++) {
                    if (by_message)
                        static_cast<void>(recvmsg(fd, &message, MSG_PEEK));
                    else
                        static_cast<void>(recv(fd, buffer, sizeof buffer, MSG_PEEK));
                }
                read_head(fd);
                send_bytes(fd, kOk);
                close(fd);
            },
            [](Client& client) {
                client.send(kGet);
                EXPECT_EQ(client.receive_all(), kOk);
            });
        EXPECT_EQ(totals().requests(), 1u);
        EXPECT_EQ(totals().unserved_requests, 0u);
    }
}

TEST_F(Reading, NothingThereYetIsNone) {
    serve(
        [](int fd) {
            fcntl(fd, F_SETFL, O_NONBLOCK);
            char buffer[4096];
            while (recv(fd, buffer, sizeof buffer, 0) < 0) usleep(1000); // EAGAIN
            send_bytes(fd, kNotFound);
            close(fd);
        },
        [](Client& client) {
            std::this_thread::sleep_for(30ms);
            client.send(kGet);
            EXPECT_EQ(client.receive_all(), kNotFound);
        });
    const auto responses = take<event::Responded>();
    ASSERT_EQ(responses.size(), 1u);
    EXPECT_LT(responses[0].duration, 25ms);
}

TEST_F(Reading, ARequestLineLongerThanWhatIsKept) {
    const auto line = "GET /" + std::string(6000, 'l') + " HTTP/1.1";
    serve(
        [](int fd) {
            read_head(fd);
            send_bytes(fd, kOk);
            close(fd);
        },
        [&](Client& client) {
            client.send(line + "\r\n\r\n");
            client.receive_all();
        });
    const auto responses = take<event::Responded>();
    ASSERT_EQ(responses.size(), 1u);
    EXPECT_EQ(responses[0].request_line, line.substr(0, contract::REQUEST_LINE_BYTES));
    EXPECT_TRUE(responses[0].request_line_cut);
    EXPECT_EQ(lost(), 0u);
}

TEST_F(Reading, PipelinedRequests) {
    serve(
        [](int fd) {
            read_head(fd); // all of them
            send_bytes(fd, kOk);
            send_bytes(fd, kNotFound);
            close(fd);
        },
        [](Client& client) {
            client.send("GET /1 HTTP/1.1\r\n\r\nGET /2 HTTP/1.1\r\n\r\nGET /3 HTTP/1.1\r\n\r\n");
            client.receive_all();
        });
    const auto responses = take<event::Responded>();
    ASSERT_EQ(responses.size(), 2u);
    EXPECT_EQ(responses[0].request_line, "GET /1 HTTP/1.1");
    EXPECT_EQ(responses[1].request_line, "GET /2 HTTP/1.1");
    EXPECT_EQ(responses[1].status, 404);
    EXPECT_EQ(totals().unserved_requests, 1u);
    EXPECT_EQ(entries("pipelined"), 0u);
    EXPECT_EQ(entries("connections"), 0u);
}

TEST_F(Reading, ThousandsOfChunksInSmallReads) {
    serve(
        [](int fd) {
            char buffer[512];
            std::string body;
            while (!body.ends_with("0\r\n\r\n")) {
                const auto got = recv(fd, buffer, sizeof buffer, 0);
                if (got <= 0) return;
                body.append(buffer, static_cast<std::size_t>(got));
            }
            send_bytes(fd, kOk);
            close(fd);
        },
        [](Client& client) {
            std::string bytes = "POST /chunks HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
            for (int i = 0; i < 3000; i++) bytes += "a;x\r\n0123456789\r\n";
            client.send(bytes + "0\r\n\r\n");
            EXPECT_EQ(client.receive_all(), kOk);
        });
    EXPECT_EQ(totals().requests(), 1u);
    EXPECT_EQ(lost(), 0u);
}

} // namespace
} // namespace kernel_test
