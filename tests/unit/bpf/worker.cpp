// SPDX-License-Identifier: BSD-2-Clause
#include "worker.h"

#include <asm/unistd.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <numeric>

namespace bpf_test {

namespace {

constexpr int kListener = 3;
constexpr int kOtherListener = 4;
constexpr std::uint64_t kListenerInode = 7;
constexpr std::uint64_t kPeek = 2; // MSG_PEEK

std::vector<Response>& heard() {
    static std::vector<Response> responses;
    return responses;
}

std::vector<Response>& aborted_requests() {
    static std::vector<Response> responses;
    return responses;
}

std::vector<contract::record_logged>& log_records() {
    static std::vector<contract::record_logged> records;
    return records;
}

std::vector<contract::record_traced>& traced_requests() {
    static std::vector<contract::record_traced> records;
    return records;
}

// A copy of exactly these bytes, so that a sanitizer sees any look beyond them.
std::unique_ptr<char[]> exact(std::string_view bytes) {
    auto copy = std::make_unique<char[]>(bytes.size());
    std::ranges::copy(bytes, copy.get());
    return copy;
}

std::uint64_t address(const void* of) { return reinterpret_cast<std::uint64_t>(of); }

} // namespace

extern "C" void on_kernel_record(const void* bytes, size_t size) {
    if (size == sizeof(contract::record_logged)) {
        std::memcpy(&log_records().emplace_back(), bytes, size);
        return;
    }
    if (size == sizeof(contract::record_traced)) {
        std::memcpy(&traced_requests().emplace_back(), bytes, size);
        return;
    }
    contract::record_response record{};
    if (size != sizeof record) return;
    std::memcpy(&record, bytes, sizeof record);
    auto& list = record.header.kind == contract::RECORD_ABORTED ? aborted_requests() : heard();
    list.push_back({.status = record.status,
                    .line = {reinterpret_cast<const char*>(record.request_line), record.line_bytes},
                    .duration = std::chrono::nanoseconds(record.duration_ns),
                    .flags = record.flags,
                    .ended_by = record.ended_by,
                    .exception = {reinterpret_cast<const char*>(record.exception),
                                  strnlen(reinterpret_cast<const char*>(record.exception), sizeof record.exception)},
                    .by = record.by,
                    .polled = std::chrono::nanoseconds(record.polled_ns)});
}

std::string summary(const Response& response) { return std::to_string(response.status) + " " + response.line; }

Worker::Worker(kernel_limits limits) : used_(DESCRIPTORS) {
    heard().clear();
    aborted_requests().clear();
    traced_requests().clear();
    kernel_reset(limits);
    kernel_set_file(kListener, kListenerInode);
    kernel_set_file(kOtherListener, kListenerInode + 1);
    kernel_add_listener(kListenerInode);
    std::fill_n(used_.begin(), kOtherListener + 1, true);
}

Worker::~Worker() {
    heard().clear();
    aborted_requests().clear();
}

void Worker::pass(std::chrono::nanoseconds time) {
    now_ += time;
    kernel_set_clock(static_cast<std::uint64_t>(now_.count()));
}

void Worker::call(long number, int fd, std::uint64_t second, std::uint64_t third, std::uint64_t fourth,
                  std::int64_t result) {
    const std::uint64_t arguments[4] = {static_cast<std::uint64_t>(fd), second, third, fourth};
    kernel_system_call(static_cast<std::uint64_t>(number), arguments, result);
}

int Worker::open_file() {
    const auto free = std::ranges::find(used_, false);
    *free = true;
    const int fd = static_cast<int>(free - used_.begin());
    kernel_set_file(fd, next_inode_++);
    return fd;
}

int Worker::accept() {
    const int fd = open_file();
    call(__NR_accept4, kListener, 0, 0, 0, fd);
    return fd;
}

int Worker::accept_elsewhere() {
    const int fd = open_file();
    call(__NR_accept4, kOtherListener, 0, 0, 0, fd);
    return fd;
}

int Worker::accept_tcp() {
    const int fd = open_file();
    kernel_make_tcp(fd);
    call(__NR_accept4, kListener, 0, 0, 0, fd);
    return fd;
}

int Worker::open_before() {
    const int fd = open_file();
    kernel_adopt_connection(fd, next_inode_ - 1);
    return fd;
}

int Worker::open_other() { return open_file(); }

void Worker::move_bytes(long number, int fd, std::string_view bytes, std::uint64_t flags, std::int64_t result) {
    const auto copy = exact(bytes);
    call(number, fd, address(copy.get()), bytes.size(), flags, result);
}

void Worker::move_pieces(long number, int fd, const Pieces& pieces, bool as_message, std::size_t taken) {
    std::vector<std::unique_ptr<char[]>> copies;
    const auto vector = std::make_unique<iovec[]>(pieces.size());
    std::size_t total = 0;
    for (std::size_t index = 0; index < pieces.size(); index++) {
        copies.push_back(exact(pieces[index]));
        vector[index] = {copies.back().get(), pieces[index].size()};
        total += pieces[index].size();
    }
    total = std::min(total, taken);
    msghdr message{};
    message.msg_iov = vector.get();
    message.msg_iovlen = pieces.size();
    if (as_message)
        call(number, fd, address(&message), 0, 0, static_cast<std::int64_t>(total));
    else
        call(number, fd, address(vector.get()), pieces.size(), 0, static_cast<std::int64_t>(total));
}

void Worker::receive(int fd, std::string_view bytes) {
    move_bytes(__NR_recvfrom, fd, bytes, 0, static_cast<std::int64_t>(bytes.size()));
}
void Worker::read(int fd, std::string_view bytes) {
    move_bytes(__NR_read, fd, bytes, 0, static_cast<std::int64_t>(bytes.size()));
}
void Worker::peek(int fd, std::string_view bytes) {
    move_bytes(__NR_recvfrom, fd, bytes, kPeek, static_cast<std::int64_t>(bytes.size()));
}
void Worker::read_vector(int fd, const Pieces& pieces) { move_pieces(__NR_readv, fd, pieces, false); }
void Worker::receive_message(int fd, const Pieces& pieces) { move_pieces(__NR_recvmsg, fd, pieces, true); }

void Worker::send(int fd, std::string_view bytes) { send(fd, bytes, static_cast<int>(bytes.size())); }
void Worker::send(int fd, std::string_view bytes, int taken) { move_bytes(__NR_sendto, fd, bytes, 0, taken); }
void Worker::write(int fd, std::string_view bytes) {
    move_bytes(__NR_write, fd, bytes, 0, static_cast<std::int64_t>(bytes.size()));
}
void Worker::write_vector(int fd, const Pieces& pieces) { move_pieces(__NR_writev, fd, pieces, false); }
void Worker::write_vector(int fd, const Pieces& pieces, std::size_t taken) {
    move_pieces(__NR_writev, fd, pieces, false, taken);
}
void Worker::send_message(int fd, const Pieces& pieces) { move_pieces(__NR_sendmsg, fd, pieces, true); }
void Worker::send_messages(int fd) { call(__NR_sendmmsg, fd, 0, 1, 0, 1); }
void Worker::send_file(int fd, std::uint64_t bytes) {
    call(__NR_sendfile, fd, 9, 0, bytes, static_cast<std::int64_t>(bytes));
}
void Worker::splice(int fd, std::uint64_t bytes) {
    call(__NR_splice, 9, 0, static_cast<std::uint64_t>(fd), 0, static_cast<std::int64_t>(bytes));
}

void Worker::receive_fails(int fd, int error) { call(__NR_recvfrom, fd, 0, 0, 0, -error); }
void Worker::send_fails(int fd, int error) { call(__NR_sendto, fd, 0, 0, 0, -error); }
void Worker::end_of_stream(int fd) { call(__NR_recvfrom, fd, 0, 8192, 0, 0); }
void Worker::shut_down(int fd, int how) { call(__NR_shutdown, fd, static_cast<std::uint64_t>(how), 0, 0, 0); }

void Worker::use_io_uring() { call(__NR_io_uring_enter, 50, 1, 1, 1, 1); }

void Worker::get_pid() {
    log_records().clear();
    call(__NR_getpid, 0, 0, 0, 0, WORKER_TGID);
}

void Worker::poll() { call(__NR_epoll_wait, kPoller, 0, 0, 0, 1); }
void Worker::begin_to_read(int fd) { kernel_enter_read(__NR_recvfrom, fd); }
void Worker::watch(int fd, int poller) {
    call(__NR_epoll_ctl, poller, EPOLL_CTL_ADD, static_cast<std::uint64_t>(fd), 0, 0);
}

void Worker::close(int fd) {
    closed_by_no_hook(fd);
    call(__NR_close, fd, 0, 0, 0, 0);
}

void Worker::closed_by_no_hook(int fd) {
    kernel_set_file(fd, 0);
    used_[static_cast<std::size_t>(fd)] = false;
}

void Worker::duplicate_onto(int fd) {
    kernel_set_file(fd, next_inode_++);
    call(__NR_dup3, 1, static_cast<std::uint64_t>(fd), 0, 0, fd);
}

void Worker::duplicate_onto(int fd, int from) {
    kernel_duplicate_file(from, fd);
    call(__NR_dup3, from, static_cast<std::uint64_t>(fd), 0, 0, fd);
}

int Worker::duplicate(int fd) {
    const int copy = open_file();
    kernel_duplicate_file(fd, copy);
    call(__NR_fcntl, fd, F_DUPFD_CLOEXEC, 0, 0, copy);
    return copy;
}

void Worker::fork() { kernel_fork(); }

void Worker::in_child(const std::function<void()>& calls) {
    kernel_set_process(CHILD_TGID);
    calls();
    kernel_set_process(WORKER_TGID);
}

void Worker::end_child() { kernel_end_child(); }

void Worker::tick() { kernel_end_closed_connections(); }

void Worker::exit() { kernel_end_connections(contract::BY_EXIT); }

const std::vector<contract::record_logged>& Worker::logged() const { return log_records(); }
const std::vector<contract::record_traced>& Worker::traced() const { return traced_requests(); }
const std::vector<Response>& Worker::aborted() const { return aborted_requests(); }
const std::vector<Response>& Worker::responses() const { return heard(); }

std::vector<std::string> Worker::summaries() const {
    std::vector<std::string> all;
    std::ranges::transform(heard(), std::back_inserter(all), summary);
    return all;
}

const contract::worker_totals& Worker::totals() const {
    return *static_cast<const contract::worker_totals*>(kernel_totals());
}

std::uint64_t Worker::counted() const {
    const auto& buckets = totals().duration_buckets;
    return std::accumulate(std::begin(buckets), std::end(buckets), std::uint64_t{0});
}

std::uint64_t Worker::drops() const {
    std::uint64_t sum = 0;
    for (std::uint32_t reason = 0; reason < contract::DROP_REASONS; reason++) sum += kernel_drops(reason);
    return sum;
}

std::optional<kernel_connection> Worker::connection(int fd) const {
    kernel_connection known{};
    if (!kernel_find_connection(fd, &known)) return std::nullopt;
    return known;
}

} // namespace bpf_test
