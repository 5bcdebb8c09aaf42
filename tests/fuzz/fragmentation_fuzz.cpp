// SPDX-License-Identifier: BSD-2-Clause
// libFuzzer target: any bytes of a client, or of a server, mean the same in one portion, in two, and byte by byte.
//
// The input: whose bytes (even: the client's), where to cut (two bytes), the bytes.
#include <algorithm>
#include <cstdlib>
#include <string_view>
#include <tuple>

#include "worker.h"

namespace {

struct Outcome {
    std::vector<bpf_test::Response> responses;
    std::uint32_t queued;
    bool client_inside;
    bool client_ignored;
    bool within_budget;
};

// All but what the thread did meanwhile: that is another question in every portion.
bool same_response(const bpf_test::Response& one, const bpf_test::Response& other) {
    const auto told = [](const bpf_test::Response& response) {
        return std::tie(response.status, response.line, response.duration, response.flags, response.ended_by,
                        response.exception);
    };
    return told(one) == told(other);
}

bool same_responses(const Outcome& one, const Outcome& other) {
    return std::ranges::equal(one.responses, other.responses, same_response);
}

bool same_connection(const Outcome& one, const Outcome& other) {
    const auto known = [](const Outcome& outcome) {
        return std::tie(outcome.queued, outcome.client_inside, outcome.client_ignored, outcome.within_budget);
    };
    return known(one) == known(other);
}

void require(bool holds) {
    if (!holds) std::abort();
}

// The first portion has `first` bytes, the others `portion`.
Outcome run(bool server, std::string_view bytes, std::size_t first, std::size_t portion) {
    bpf_test::Worker worker({.connections = 1, .pipelined = 64, .records = 100'000, .threads = 0});
    const int fd = worker.accept();
    if (server) worker.receive(fd, "GET /fuzz HTTP/1.1\r\n\r\n");
    for (auto size = first; !bytes.empty(); size = portion) {
        const auto taken = bytes.substr(0, size);
        if (server)
            worker.send(fd, taken);
        else
            worker.receive(fd, taken);
        bytes.remove_prefix(taken.size());
    }
    const auto known = worker.connection(fd).value();
    // Behind a response, what is no status line ends with its portion, by design: only the first must agree.
    auto responses = worker.responses();
    if (responses.size() > 1) responses.resize(1);
    return {responses, known.queued, known.inside[0] != 0, known.ignored[0] != 0,
            worker.drops(contract::DROP_PARSE_BUDGET) == 0};
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    constexpr std::size_t kHeader = 3;
    constexpr std::size_t kMax = 1000; // byte by byte, it takes its time
    if (size <= kHeader || size > kMax) return -1;
    const bool server = data[0] & 1;
    const std::string_view bytes(reinterpret_cast<const char*>(data) + kHeader, size - kHeader);
    const auto cut = 1 + (data[1] | std::size_t{data[2]} << 8) % bytes.size();

    const auto single = run(server, bytes, 1, 1);
    require(single.within_budget);
    for (const auto& other : {run(server, bytes, size, size), run(server, bytes, cut, size)}) {
        if (!other.within_budget) continue;
        require(same_responses(other, single));
        if (!server) require(same_connection(other, single));
    }
    return 0;
}
