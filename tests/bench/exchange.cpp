// SPDX-License-Identifier: BSD-2-Clause
#include "exchange.h"

#include <fmt/format.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <optional>
#include <string_view>

#include "cpu_calibration.h"

namespace bench {

namespace {

constexpr int kRequests = 20;
// As wrk and Gunicorn write them.
constexpr std::string_view kRequest = "GET /hello HTTP/1.1\r\nHost: 127.0.0.1:34567\r\n\r\n";
constexpr std::string_view kHead = "HTTP/1.1 200 OK\r\nServer: gunicorn\r\nDate: Sun, 22 Nov 2026 14:22:02 GMT\r\n"
                                   "Connection: close\r\nContent-Type: text/plain\r\nContent-Length: 13\r\n\r\n";
constexpr std::string_view kBody = "hello, world\n";

struct Address {
    sockaddr_un name{};
    socklen_t bytes = sizeof(sockaddr_un);
    const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&name); }
};

bool sends(int socket, std::string_view text) {
    return send(socket, text.data(), text.size(), 0) == ssize_t(text.size());
}

int connect_to(const Address& address) {
    const int client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (client < 0 || (!connect(client, address.get(), address.bytes) && sends(client, kRequest))) return client;
    close(client);
    return -1;
}

// One request; adds to `sum`. False: a call failed, errno says why.
bool serve_one(int listener, const Address& address, ExchangeCosts& sum) {
    const int client = connect_to(address);
    if (client < 0) return false;

    std::array<char, 8192> buffer;
    int accepted = -1;
    bool fine = true;
    sum.accept_ns += time_each(1, [&] { accepted = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC); });
    sum.read_ns += time_each(1, [&] { fine &= recv(accepted, buffer.data(), buffer.size(), 0) > 0; });
    sum.write_head_ns += time_each(1, [&] { fine &= sends(accepted, kHead); });
    sum.write_body_ns += time_each(1, [&] { fine &= sends(accepted, kBody); });
    sum.close_ns += time_each(1, [&] { fine &= !close(accepted); });
    close(client);
    return fine;
}

std::optional<ExchangeCosts> make_round(int listener, const Address& address) {
    ExchangeCosts round{};
    for (int i = 0; i < kRequests; i++) {
        if (!serve_one(listener, address, round)) return std::nullopt;
    }
    for (auto field : {&ExchangeCosts::accept_ns, &ExchangeCosts::read_ns, &ExchangeCosts::write_head_ns,
                       &ExchangeCosts::write_body_ns, &ExchangeCosts::close_ns}) {
        round.*field /= kRequests;
    }
    return round;
}

} // namespace

Result<int> listen_anywhere() {
    const int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const Address address{.name = {.sun_family = AF_UNIX, .sun_path = {}}, .bytes = sizeof(sa_family_t)};
    if (listener < 0 || bind(listener, address.get(), address.bytes) || listen(listener, 16)) {
        return fail(fmt::format("listen on a unix socket: {}", strerror(errno)));
    }
    return listener;
}

Result<ExchangeCosts> time_exchanges(int listener, int rounds) {
    Address address;
    getsockname(listener, reinterpret_cast<sockaddr*>(&address.name), &address.bytes);
    if (!make_round(listener, address)) return fail(fmt::format("serve a request: {}", strerror(errno)));

    bool failed = false;
    auto kept = undisturbed_rounds<ExchangeCosts>(static_cast<std::size_t>(rounds), [&] {
        const auto round = make_round(listener, address);
        failed |= !round;
        return round.value_or(ExchangeCosts{});
    });
    if (failed) return fail("a request was not served");
    return ExchangeCosts{.accept_ns = median(kept, &ExchangeCosts::accept_ns),
                         .read_ns = median(kept, &ExchangeCosts::read_ns),
                         .write_head_ns = median(kept, &ExchangeCosts::write_head_ns),
                         .write_body_ns = median(kept, &ExchangeCosts::write_body_ns),
                         .close_ns = median(kept, &ExchangeCosts::close_ns),
                         .calibration_ns = median(kept, &ExchangeCosts::calibration_ns)};
}

} // namespace bench
