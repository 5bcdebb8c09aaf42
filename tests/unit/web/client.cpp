// SPDX-License-Identifier: BSD-2-Clause
// Blocking sockets with a receive timeout.
#include "client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>
#include <zlib.h>

#include <array>
#include <charconv>
#include <utility>

namespace web_test {

Client::Client(std::uint16_t port) : descriptor_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in server{};
    server.sin_family = AF_INET;
    server.sin_port = htons(port);
    server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const timeval patience{.tv_sec = 60, .tv_usec = 0};
    setsockopt(descriptor_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (connect(descriptor_, reinterpret_cast<const sockaddr*>(&server), sizeof server) != 0) {
        close(descriptor_);
        descriptor_ = -1;
    }
}

Client::Client(Client&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)), buffer_(std::move(other.buffer_)) {}

Client::~Client() {
    if (descriptor_ >= 0) close(descriptor_);
}

bool Client::send(std::string_view bytes) const {
    return descriptor_ >= 0 &&
           ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size());
}

bool Client::fill() {
    std::array<char, 65536> piece{};
    const ssize_t received = recv(descriptor_, piece.data(), piece.size(), 0);
    if (received > 0) buffer_.append(piece.data(), static_cast<std::size_t>(received));
    return received > 0;
}

std::string Client::read_until_head_ends() {
    std::size_t end = 0;
    while ((end = buffer_.find("\r\n\r\n")) == std::string::npos)
        if (!fill()) return {};
    std::string head = buffer_.substr(0, end + 2);
    buffer_.erase(0, end + 4);
    return head;
}

Response Client::receive(bool head) {
    Response response;
    const std::string lines = read_until_head_ends();
    if (lines.size() < 12) return response;
    std::from_chars(lines.data() + 9, lines.data() + 12, response.status);
    for (std::size_t at = lines.find("\r\n") + 2; at < lines.size();) {
        const std::size_t end = lines.find("\r\n", at);
        const std::size_t colon = lines.find(": ", at);
        std::string name = lines.substr(at, colon - at);
        for (char& letter : name) letter = static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
        response.headers[name] = lines.substr(colon + 2, end - colon - 2);
        at = end + 2;
    }
    if (head) return response;
    const std::size_t length = std::stoul(response.headers["content-length"]);
    while (buffer_.size() < length)
        if (!fill()) return Response{};
    response.body = buffer_.substr(0, length);
    buffer_.erase(0, length);
    return response;
}

bool Client::is_closed_within(std::chrono::milliseconds patience) {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    for (;;) {
        const auto left =
            std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
        if (left.count() <= 0) return false;
        pollfd readable{.fd = descriptor_, .events = POLLIN, .revents = 0};
        if (poll(&readable, 1, static_cast<int>(left.count())) == 1 && !fill()) return true;
    }
}

Response request(std::uint16_t port, std::string_view method, std::string_view target, std::string_view headers) {
    Client client(port);
    std::string text(method);
    text.append(" ").append(target).append(" HTTP/1.1\r\nHost: test\r\n").append(headers).append("\r\n");
    if (!client.send(text)) return {};
    return client.receive(method == "HEAD");
}

Response get(std::uint16_t port, std::string_view target, std::string_view headers) {
    return request(port, "GET", target, headers);
}

std::string gunzip(std::string_view compressed) {
    z_stream stream{};
    if (inflateInit2(&stream, MAX_WBITS + 16) != Z_OK) return {};
    std::string input(compressed);
    std::string page;
    std::array<char, 16384> piece{};
    stream.next_in = reinterpret_cast<Bytef*>(input.data());
    stream.avail_in = static_cast<uInt>(input.size());
    int outcome = Z_OK;
    while (outcome == Z_OK) {
        stream.next_out = reinterpret_cast<Bytef*>(piece.data());
        stream.avail_out = piece.size();
        outcome = inflate(&stream, Z_NO_FLUSH);
        page.append(piece.data(), piece.size() - stream.avail_out);
    }
    inflateEnd(&stream);
    return outcome == Z_STREAM_END && stream.avail_in == 0 ? page : std::string{};
}

} // namespace web_test
