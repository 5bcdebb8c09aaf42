// SPDX-License-Identifier: BSD-2-Clause
// A Gunicorn worker as the programs in kernel_side.h see it: system calls with their bytes. What they made of it
// is read as totals and as one record per response.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "contract_trace.h"
#include "kernel_side.h"

namespace bpf_test {

struct Response {
    int status = 0;
    std::string line;
    std::chrono::nanoseconds duration{0};
    int flags = 0; // contract::response_flag
    int ended_by = 0;
    std::string exception;
    contract::exec_context by{};
    std::chrono::nanoseconds polled{0};
};

// "404 GET /x": for comparing whole conversations.
std::string summary(const Response& response);

using Pieces = std::vector<std::string>;

// One at a time: it owns the kernel of the test process.
class Worker {
public:
    explicit Worker(kernel_limits limits = {.connections = 8, .pipelined = 64, .records = 1'000'000, .threads = 0});
    ~Worker();
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;

    void pass(std::chrono::nanoseconds time);
    std::chrono::nanoseconds now() const { return now_; }

    // Accepts on Gunicorn's listener, or on one of the application's own; the descriptor is the lowest free one.
    int accept();
    int accept_elsewhere();
    int accept_tcp();
    // A connection that was open before the programs ran; and some socket that nobody accepted.
    int open_before();
    int open_other();

    void receive(int fd, std::string_view bytes);         // recvfrom
    void read(int fd, std::string_view bytes);            // read
    void peek(int fd, std::string_view bytes);            // recvfrom with MSG_PEEK
    void read_vector(int fd, const Pieces& pieces);       // readv
    void receive_message(int fd, const Pieces& pieces);   // recvmsg
    void send(int fd, std::string_view bytes);            // sendto
    void send(int fd, std::string_view bytes, int taken); // sendto that moved fewer bytes than it was given
    void write(int fd, std::string_view bytes);           // write
    void write_vector(int fd, const Pieces& pieces);      // writev
    void write_vector(int fd, const Pieces& pieces, std::size_t taken); // writev that moved fewer bytes
    void send_message(int fd, const Pieces& pieces);                    // sendmsg
    void send_messages(int fd);                                         // sendmmsg
    void send_file(int fd, std::uint64_t bytes);
    void splice(int fd, std::uint64_t bytes);

    void receive_fails(int fd, int error);
    void send_fails(int fd, int error);
    void end_of_stream(int fd); // recvfrom that returned 0
    void shut_down(int fd, int how);
    void close(int fd);
    void closed_by_no_hook(int fd); // as by close_range(2): the programs are not called
    void duplicate_onto(int fd);    // dup2(other, fd)
    void duplicate_onto(int fd, int from);
    int duplicate(int fd); // fcntl(fd, F_DUPFD_CLOEXEC, 0)
    void fork();           // a child has all descriptors, too
    void in_child(const std::function<void()>& calls);
    void end_child();
    void tick();                    // what user space does several times a second
    void use_io_uring();            // io_uring_enter
    void get_pid();                 // as Python's logging does for each of its records
    void poll();                    // epoll_wait, as an event loop does between its turns
    void begin_to_read(int fd);     // recvfrom is called, and waits
    void watch(int fd, int poller); // epoll_ctl(poller, EPOLL_CTL_ADD, fd)
    void exit();                    // what user space asks for when the worker has ended

    const std::vector<Response>& responses() const;
    const std::vector<Response>& aborted() const;               // requests that ended without one
    const std::vector<contract::record_logged>& logged() const; // by the last system call
    const std::vector<contract::record_traced>& traced() const; // while requests are traced, in place of the first two
    std::vector<std::string> summaries() const;
    const contract::worker_totals& totals() const;
    std::uint64_t counted() const; // responses, by the histogram
    std::uint64_t drops(contract::drop_reason reason) const { return kernel_drops(reason); }
    std::uint64_t drops() const; // of any reason
    std::uint64_t resyncs(contract::resync_reason reason) const {
        return kernel_drops(contract::DROP_REASONS + static_cast<std::uint32_t>(reason));
    }
    std::optional<kernel_connection> connection(int fd) const;

    // The epoll instance of poll().
    static constexpr int kPoller = 9;

private:
    int open_file();
    void call(long number, int fd, std::uint64_t second, std::uint64_t third, std::uint64_t fourth,
              std::int64_t result);
    void move_bytes(long number, int fd, std::string_view bytes, std::uint64_t flags, std::int64_t result);
    void move_pieces(long number, int fd, const Pieces& pieces, bool as_message, std::size_t taken = SIZE_MAX);

    std::chrono::nanoseconds now_{std::chrono::seconds(1)};
    std::uint64_t next_inode_ = 1000;
    std::vector<bool> used_;
};

} // namespace bpf_test
