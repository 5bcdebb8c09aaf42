// SPDX-License-Identifier: BSD-2-Clause
// A fixture with a client that asks and a worker that answers.
#pragma once

#include <map>
#include <string>

#include "probe_fixture.h"

namespace kernel_test {

using Counts = std::map<int, std::uint64_t>; // by status

class Connection : public ProbeFixture {
protected:
    // One connection ended as this; the map is empty.
    void expect_ended(const std::string& kind) {
        for (const auto& [name, count] : totals().connections) EXPECT_EQ(count, name == kind ? 1u : 0u) << name;
        EXPECT_EQ(entries("connections"), 0u);
        EXPECT_EQ(lost(), 0u);
    }
    static void answer(int fd) {
        read_head(fd);
        send_bytes(fd, kOk);
    }
    static void ask(Client& client) {
        client.send(kGet);
        EXPECT_EQ(client.receive(std::string_view(kOk).size()), kOk);
    }
};

} // namespace kernel_test
