// SPDX-License-Identifier: BSD-2-Clause
// Responses written by each system call, and writes that were refused or cut short.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <thread>

#include "probe_fixture.h"

namespace kernel_test {
namespace {

using namespace std::chrono_literals;

using Write = std::function<ssize_t(int fd, std::string_view bytes)>;

// The bytes as head, nothing, and two parts.
struct Parts {
    explicit Parts(std::string_view bytes) {
        auto* at = const_cast<char*>(bytes.data());
        vector[0] = {at, 20};
        vector[1] = {at, 0};
        vector[2] = {at + 20, 30};
        vector[3] = {at + 50, bytes.size() - 50};
    }
    iovec vector[4];
};

struct Way {
    const char* name;
    Write write;
};

const Way kWays[] = {
    {"write", [](int fd, std::string_view bytes) { return write(fd, bytes.data(), bytes.size()); }},
    {"writev", [](int fd, std::string_view bytes) { return writev(fd, Parts(bytes).vector, 4); }},
    {"sendto", [](int fd, std::string_view bytes) { return send(fd, bytes.data(), bytes.size(), 0); }},
    {"sendmsg",
     [](int fd, std::string_view bytes) {
         Parts parts(bytes);
         msghdr message{};
         message.msg_iov = parts.vector;
         message.msg_iovlen = 4;
         return sendmsg(fd, &message, 0);
     }},
};

void PrintTo(const Way& way, std::ostream* out) { *out << way.name; }

class WriteBy : public ProbeFixture, public testing::WithParamInterface<Way> {};

TEST_P(WriteBy, EveryFieldOfTheRecord) {
    const std::string answer = "HTTP/1.1 404 Not Found\r\nServer: kernel_test\r\nContent-Length: 4\r\n\r\nnone";
    const auto before = now();
    event::KernelTime after{};
    serve(
        [&](int fd) {
            read_head(fd);
            usleep(30'000);
            GetParam().write(fd, answer);
            read_head(fd); // until the client has seen it
            close(fd);
        },
        [&](Client& client) {
            client.send("DELETE /nothing?q HTTP/1.1\r\n\r\n");
            EXPECT_EQ(client.receive(answer.size()), answer);
            after = now();
            wait_until_counted(1);
            const auto responded = take<event::Responded>(); // while the connection is still open
            ASSERT_EQ(responded.size(), 1u);
            EXPECT_EQ(responded[0].slot, worker_slot_);
            EXPECT_EQ(responded[0].status, 404);
            EXPECT_EQ(responded[0].request_line, "DELETE /nothing?q HTTP/1.1");
            EXPECT_FALSE(responded[0].request_line_cut);
            EXPECT_FALSE(responded[0].request_line_open);
            EXPECT_FALSE(responded[0].incomplete);
            EXPECT_FALSE(responded[0].uwsgi);
            EXPECT_GE(responded[0].duration, 30ms);
            EXPECT_LE(responded[0].duration, after - before);
            EXPECT_GE(responded[0].at, before + 30ms);
            EXPECT_LE(responded[0].at, after);
            EXPECT_EQ(totals().duration.sum, responded[0].duration);
            client.close();
        });
    const auto counts = totals();
    EXPECT_EQ(counts.responses, (std::map<int, std::uint64_t>{{404, 1}}));
    EXPECT_EQ(counts.requests(), 1u);
    EXPECT_EQ(counts.connections.at("http"), 1u);
    EXPECT_EQ(entries("connections"), 0u);
    EXPECT_EQ(lost(), 0u);
}

TEST_P(WriteBy, PidIsTheWorkers) {
    const auto worker = fork_worker([&](const Steps&) {
        const int fd = accept_on(listener_.fd());
        read_head(fd);
        GetParam().write(fd, std::string(kNotFound) + "padding so that there are several parts");
        return 0;
    });
    Client client(listener_);
    worker->go();
    client.send(kGet);
    client.receive_all();
    ASSERT_EQ(worker->join(), 0);
    const auto responded = take_one<event::Responded>(worker->pid());
    ASSERT_TRUE(responded);
    EXPECT_EQ(responded->slot, worker_slot_);
}

INSTANTIATE_TEST_SUITE_P(Calls, WriteBy, testing::ValuesIn(kWays), [](const auto& way) { return way.param.name; });

int file_of(std::size_t bytes) {
    const int file = memfd_create("body", MFD_CLOEXEC);
    return ftruncate(file, static_cast<off_t>(bytes)) ? -1 : file;
}

class Writing : public ProbeFixture {
protected:
    void talk(const std::function<void(int fd)>& answer) {
        serve(
            [&](int fd) {
                read_head(fd);
                answer(fd);
                close(fd);
            },
            [](Client& client) {
                client.send(kGet);
                client.receive_all();
            });
    }
    void expect_one_complete() {
        const auto responses = take<event::Responded>();
        ASSERT_EQ(responses.size(), 1u);
        EXPECT_EQ(responses[0].status, 200);
        EXPECT_FALSE(responses[0].incomplete);
        EXPECT_EQ(lost(), 0u);
    }
};

TEST_F(Writing, SendFile) {
    talk([](int fd) {
        constexpr std::size_t size = 3'000'000;
        const int file = file_of(size);
        send_bytes(fd, "HTTP/1.1 200 OK\r\nContent-Length: 3000000\r\n\r\n");
        for (off_t at = 0; at < static_cast<off_t>(size);)
            if (sendfile(fd, file, &at, size) <= 0) return;
    });
    expect_one_complete();
}

TEST_F(Writing, SendFileInChunks) {
    talk([](int fd) {
        const int file = file_of(100'000);
        send_bytes(fd, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n186a0\r\n");
        off_t at = 0;
        while (at < 100'000 && sendfile(fd, file, &at, static_cast<std::size_t>(100'000 - at)) > 0) {
        }
        send_bytes(fd, "\r\n0\r\n\r\n");
    });
    expect_one_complete();
}

TEST_F(Writing, Splice) {
    talk([](int fd) {
        int ends[2];
        if (pipe(ends) || write(ends[1], "spliced", 7) != 7) return;
        send_bytes(fd, "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n");
        splice(ends[0], nullptr, fd, nullptr, 7, 0);
    });
    expect_one_complete();
}

TEST_F(Writing, PartialWritesOfALargeBody) {
    // 20 MB to a slow reader: short writes and EAGAIN, until the last byte that the kernel accepted.
    constexpr std::size_t size = 20'000'000;
    serve(
        [](int fd) {
            read_head(fd);
            fcntl(fd, F_SETFL, O_NONBLOCK);
            const auto bytes = "HTTP/1.1 200 OK\r\nContent-Length: 20000000\r\n\r\n" + std::string(size, 'b');
            for (std::string_view left = bytes; !left.empty();) {
                const auto sent = send(fd, left.data(), left.size(), MSG_NOSIGNAL);
                if (sent < 0 && errno != EAGAIN) return;
                if (sent < 0) usleep(500);
                left.remove_prefix(sent < 0 ? 0 : static_cast<std::size_t>(sent));
            }
            close(fd);
        },
        [](Client& client) {
            client.send(kGet);
            std::this_thread::sleep_for(100ms);
            client.receive_all();
        });
    const auto responses = take<event::Responded>();
    ASSERT_EQ(responses.size(), 1u);
    EXPECT_FALSE(responses[0].incomplete);
    EXPECT_GE(responses[0].duration, 90ms);
    EXPECT_EQ(totals().requests(), 1u);
}

class WritingToAFullSocket : public ProbeFixture {};

TEST_F(WritingToAFullSocket, AHeadThatWasRefusedCountsOnce) {
    // A unix socket takes a small write as a whole or not at all. Interim responses fill it.
    const Listener local(Listener::Family::unix_stream);
    ASSERT_TRUE(probe_->add_listener(local.inode(), master_slot_));
    const auto worker = fork_worker([&](const Steps& steps) {
        const int fd = accept_on(local.fd());
        read_head(fd);
        fcntl(fd, F_SETFL, O_NONBLOCK);
        const std::string_view interim = "HTTP/1.1 103 Early Hints\r\n\r\n";
        while (send(fd, interim.data(), interim.size(), 0) > 0) {
        }
        const std::string_view answer = kOk;
        if (send(fd, answer.data(), answer.size(), 0) >= 0 || errno != EAGAIN) return 1;
        if (send(fd, answer.data(), answer.size(), 0) >= 0 || errno != EAGAIN) return 1;
        steps.done();
        while (send(fd, answer.data(), answer.size(), 0) < 0) usleep(1000);
        return 0;
    });
    Client client(local);
    worker->go();
    client.send(kGet);
    ASSERT_TRUE(worker->wait_until_done());
    EXPECT_EQ(totals().requests(), 0u);
    EXPECT_TRUE(client.receive_all().ends_with(kOk));
    EXPECT_EQ(worker->join(), 0);
    EXPECT_EQ(totals().responses, (std::map<int, std::uint64_t>{{200, 1}}));
    EXPECT_EQ(lost(), 0u);
}

} // namespace
} // namespace kernel_test
