// SPDX-License-Identifier: BSD-2-Clause
// Which connections are Gunicorn's: none of other listeners, outgoing ones or unobserved processes; those of before,
// from their next request on.
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "connection_fixture.h"

namespace kernel_test {
namespace {

class Belonging : public Connection {};

TEST_F(Belonging, OfAnotherListenerDoesNotCount) {
    const auto worker = fork_worker([](const Steps&) {
        const Listener sidecar; // a metrics server in a thread, say
        const int client = sidecar.connect();
        const int fd = accept_on(sidecar.fd());
        send_bytes(client, kGet);
        answer(fd);
        return close(fd);
    });
    worker->go();
    ASSERT_EQ(worker->join(), 0);
    EXPECT_EQ(totals().requests(), 0u);
    EXPECT_EQ(totals().connections.at("http"), 0u);
}

TEST_F(Belonging, OutgoingOnesDoNotCount) {
    const Listener upstream;
    serve(
        [&](int fd) {
            read_head(fd);
            const int out = upstream.connect();
            send_bytes(out, kGet);
            shutdown(out, SHUT_WR);
            close(out);
            send_bytes(fd, kOk);
            close(fd);
            // The number of the connection that was closed, for something else.
            const int again = upstream.connect();
            send_bytes(again, "HTTP/1.1 500 not a response\r\nContent-Length: 0\r\n\r\n");
            close(again);
        },
        ask);
    EXPECT_EQ(totals().responses, (Counts{{200, 1}}));
    expect_ended("http");
}

TEST_F(Belonging, OfAStrangerOnTheSameListenerDoesNotCount) {
    const auto worker = fork_worker([&](const Steps&) {
        const int fd = accept_on(listener_.fd());
        answer(fd);
        return close(fd);
    });
    probe_->release(worker_slot_, worker->pid());
    Client client(listener_);
    worker->go();
    ask(client);
    ASSERT_EQ(worker->join(), 0);
    EXPECT_TRUE(take<event::Responded>().empty());
    EXPECT_EQ(totals().requests(), 0u);
    EXPECT_EQ(entries("connections"), 0u);
}

TEST_F(Belonging, OpenBeforeItWasObserved) {
    const auto worker = fork_worker([&](const Steps& steps) {
        const int fd = accept_on(listener_.fd());
        read_head(fd);
        steps.done();
        steps.wait();
        send_bytes(fd, kOk); // its request was read before
        answer(fd);
        return close(fd);
    });
    probe_->release(worker_slot_, worker->pid());
    Client client(listener_);
    client.send(kGet);
    worker->go();
    ASSERT_TRUE(worker->wait_until_done());

    worker_slot_ = probe_->observe_worker(worker->pid(), master_slot_);
    ASSERT_GT(worker_slot_, 0u);
    // What a scan of /proc finds: the worker's highest descriptor is the connection.
    for (int fd = 3; fd < 1024; fd++) {
        struct stat status{};
        const auto path = "/proc/" + std::to_string(worker->pid()) + "/fd/" + std::to_string(fd);
        if (!::stat(path.c_str(), &status) && S_ISSOCK(status.st_mode) && status.st_ino != listener_.inode())
            probe_->adopt_connection(worker_slot_, fd, status.st_ino);
    }
    EXPECT_GE(entries("connections"), 1u);
    worker->go();
    EXPECT_EQ(client.receive(std::string_view(kOk).size()), kOk);
    client.send("GET /after HTTP/1.1\r\n\r\n");
    client.receive_all();
    ASSERT_EQ(worker->join(), 0);
    EXPECT_EQ(totals().responses, (Counts{{200, 1}}));
    const auto responses = take<event::Responded>();
    ASSERT_EQ(responses.size(), 1u);
    EXPECT_EQ(responses[0].request_line, "GET /after HTTP/1.1");
}

} // namespace
} // namespace kernel_test
