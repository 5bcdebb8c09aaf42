// SPDX-License-Identifier: BSD-2-Clause
// libFuzzer target: a worker's system calls on two connections, as the input dictates. Whatever the bytes are, the
// sums must agree, and nothing may be left once the connections have ended.
//
// The input is a list of calls: one byte says which, on which connection and how; one or two say how many bytes of
// the input it moves.
#include <cstdlib>
#include <numeric>
#include <string_view>

#include "worker.h"

namespace {

class Input {
public:
    explicit Input(std::string_view bytes) : left_(bytes) {}
    bool empty() const { return left_.empty(); }
    unsigned byte() {
        if (left_.empty()) return 0;
        const auto value = static_cast<unsigned char>(left_.front());
        left_.remove_prefix(1);
        return value;
    }
    std::string_view bytes() {
        const auto size = byte();
        const auto taken = left_.substr(0, size < 240 ? size : 240 + (size - 240) * 128);
        left_.remove_prefix(taken.size());
        return taken;
    }

private:
    std::string_view left_;
};

void require(bool holds) {
    if (!holds) std::abort();
}

std::uint64_t sum(const auto& counts) {
    return std::accumulate(std::begin(counts), std::end(counts), std::uint64_t{0});
}

void call(bpf_test::Worker& worker, int& fd, Input& input) {
    const auto what = input.byte();
    worker.pass(std::chrono::milliseconds(what));
    switch (what % 16) {
    case 0:
    case 1:
    case 2:
        return worker.receive(fd, input.bytes());
    case 3:
    case 4:
    case 5:
        return worker.send(fd, input.bytes());
    case 6:
        return worker.read_vector(fd, {std::string(input.bytes()), std::string(input.bytes())});
    case 7:
        return worker.write_vector(fd, {std::string(input.bytes()), "", std::string(input.bytes())});
    case 8:
        return worker.send_file(fd, input.byte() + 1);
    case 9:
        return worker.send_fails(fd, 32);
    case 10:
        return worker.end_of_stream(fd);
    case 11:
        return worker.shut_down(fd, static_cast<int>(input.byte() % 3));
    case 12:
        return worker.receive_message(fd, {std::string(input.bytes())});
    case 13:
        return worker.peek(fd, input.bytes());
    case 14:
        worker.close(fd);
        fd = what & 16 ? worker.accept() : worker.open_before();
        return;
    case 15:
        worker.closed_by_no_hook(fd);
        fd = worker.accept();
        return;
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Input input({reinterpret_cast<const char*>(data), size});
    bpf_test::Worker worker({.connections = 2, .pipelined = 8, .records = 100'000, .threads = 0});
    int fds[2] = {worker.accept(), worker.accept()};
    std::uint64_t accepted = 2;
    for (unsigned turn = 0; !input.empty(); turn++) {
        auto& fd = fds[turn % 3 == 2];
        const int before = fd;
        call(worker, fd, input);
        accepted += fd != before;
        require(worker.counted() == sum(worker.totals().responses));
        require(worker.counted() == worker.responses().size());
    }
    worker.exit();
    const auto& totals = worker.totals();
    require(kernel_open_connections() == 0);
    require(kernel_pipelined_requests() == 0);
    require(kernel_closing_conns() == 0);
    require(sum(totals.incomplete) <= worker.counted());
    require(sum(totals.aborted) <= sum(totals.connections));
    require(worker.drops(contract::DROP_RING_FULL) == 0);
    return 0;
}
