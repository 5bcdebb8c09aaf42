// SPDX-License-Identifier: BSD-2-Clause
// Whether a running exporter is healthy: the HEALTHCHECK of an image that has no shell and no other client.
#include <fmt/format.h>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "commands/command.h"
#include "commands/health_exchange.h"
#include "descriptor.h"
#include "errno_text.h"
#include "gunicorn/listeners.h"
#include "procfs/procfs.h"

namespace commands {

namespace {

using namespace std::chrono_literals;

struct HealthcheckOptions {
    // As for serving. Empty: wherever other processes of this same program file listen, which in a container are those
    // of the container.
    std::string listen_address;
    std::string path = "/-/healthy";
    std::chrono::milliseconds timeout = 5s; // for each address
};

struct Address {
    std::string host;
    std::string port;
};

// ":9091" and "0.0.0.0:9091" listen everywhere, so also here.
Result<Address> parse(std::string_view text) {
    const auto colon = text.rfind(':');
    if (colon == std::string_view::npos) return fail(fmt::format("{}: is not host:port", text));
    auto host = text.substr(0, colon);
    if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
    if (host.empty() || host == "0.0.0.0") host = "127.0.0.1";
    if (host == "::") host = "::1";
    return Address{std::string(host), std::string(text.substr(colon + 1))};
}

// Both directions have the time limit.
Result<Descriptor> connect_to(const Address& address, std::chrono::milliseconds timeout) {
    const addrinfo hints{.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    addrinfo* found = nullptr;
    if (const int code = getaddrinfo(address.host.c_str(), address.port.c_str(), &hints, &found); code != 0)
        return fail(gai_strerror(code));
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(timeout);
    const timeval limit{.tv_sec = seconds.count(), .tv_usec = (timeout - seconds).count() * 1000};
    Descriptor socket(::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const bool limited = socket && setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) == 0 &&
                         setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) == 0;
    const bool connected = limited && connect(socket.get(), found->ai_addr, found->ai_addrlen) == 0;
    const int error = errno;
    freeaddrinfo(found);
    if (!connected) return fail(errno_text(error));
    return socket;
}

bool is_well(const HealthAnswer& answer) {
    if (answer.kind == HealthAnswer::Kind::wants_certificate) return true;
    return answer.line.starts_with("HTTP/1.1 200") || answer.line.starts_with("HTTP/1.1 401");
}

using Ask = Result<HealthAnswer>(int fd, const std::string& request);

Result<HealthAnswer> ask(const Address& address, const std::string& request, std::chrono::milliseconds timeout,
                         Ask* exchange) {
    TRY(const auto socket, connect_to(address, timeout));
    return exchange(socket.get(), request);
}

// Whether TLS is spoken is found out by asking: the web configuration may be named by an option of another process, and
// may have changed since that one read it.
Result<void> look_at(const std::string& address, const HealthcheckOptions& options) {
    TRY(const auto parsed, parse(address));
    const auto request = fmt::format("GET {} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", options.path, address);
    std::string_view scheme = "http";
    auto answer = ask(parsed, request, options.timeout, ask_plainly);
    if (answer && answer->kind == HealthAnswer::Kind::no_http) {
        scheme = "https";
        answer = ask(parsed, request, options.timeout, ask_by_tls);
    }
    if (answer && is_well(*answer)) return {};
    return fail(fmt::format("{}://{}{}: {}", scheme, address, options.path,
                            !answer                                       ? answer.error().text
                            : answer->kind == HealthAnswer::Kind::no_http ? "closed without an answer"
                                                                          : answer->line));
}

// Where other processes of this program listen.
std::vector<std::string> addresses(const procfs::ProcFs& proc) {
    std::vector<std::string> found;
    const auto own = proc.program(getpid());
    const auto pids = proc.pids();
    if (!own || !pids) return found;
    for (const auto pid : *pids) {
        const auto program = proc.program(pid);
        if (pid == getpid() || !program || *program != *own) continue;
        for (const auto& socket : gunicorn::listening_sockets(proc, pid)) {
            if (socket.port != 0) found.push_back(socket.name);
        }
    }
    return found;
}

// 0 if every address answers 200 to an HTTP request, by TLS where it speaks that; else an error. An exporter that
// answers 401 or wants a client certificate is healthy too.
Result<int> run_healthcheck(const procfs::ProcFs& proc, const HealthcheckOptions& options) {
    const auto asked = options.listen_address.empty() ? addresses(proc) : std::vector{options.listen_address};
    if (asked.empty()) return fail("no exporter listens here (name its address with --web.listen-address)");
    for (const auto& address : asked) TRY_VOID(look_at(address, options));
    return 0;
}

} // namespace

Command healthcheck_command() {
    const auto options = std::make_shared<HealthcheckOptions>();
    return {.name = "healthcheck",
            .purpose = "Check that a running exporter is healthy (exit code 0 if it is)",
            .options = {{.name = "web.listen-address",
                         .purpose = "Where it serves; by default wherever this program listens",
                         .target = &options->listen_address},
                        {.name = "path", .purpose = "The path to request", .target = &options->path},
                        {.name = "timeout",
                         .purpose = "How long to wait for an answer (100ms to 1m)",
                         .target = Duration(options->timeout, 100ms, 1min)}},
            .run = [options] { return run_healthcheck(procfs::ProcFs{}, *options); }};
}

} // namespace commands
