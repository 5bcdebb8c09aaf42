// SPDX-License-Identifier: BSD-2-Clause
// Property: however the bytes of a conversation are cut into system calls, the same requests and responses come out.
#include <gtest/gtest.h>

#include <random>

#include "worker.h"

namespace bpf_test {
namespace {

class Dice {
public:
    explicit Dice(unsigned seed) : engine_(seed) {}
    std::size_t up_to(std::size_t most) { return std::uniform_int_distribution<std::size_t>(0, most)(engine_); }
    bool one_in(std::size_t n) { return up_to(n - 1) == 0; }
    template <typename T> const T& pick(const std::vector<T>& from) { return from[up_to(from.size() - 1)]; }
    // Bytes among which line ends and framing words are likely.
    std::string noise(std::size_t bytes) {
        static const std::vector<std::string> words = {"\r\n",
                                                       "\n",
                                                       "\r\n\r\n",
                                                       "0\r\n\r\n",
                                                       "HTTP/1.1 500 x\r\n\r\n",
                                                       "GET / HTTP/1.1\r\n\r\n",
                                                       "a",
                                                       "Content-Length: 3\r\n",
                                                       ":"};
        std::string result;
        while (result.size() < bytes) result += one_in(3) ? pick(words) : std::string(1, static_cast<char>(up_to(255)));
        result.resize(bytes);
        return result;
    }

private:
    std::mt19937 engine_;
};

struct Conversation {
    std::string requests;
    std::string responses;
    std::vector<std::string> expected; // summaries
};

std::string field_lines(Dice& dice) {
    std::string lines;
    for (auto i = dice.up_to(6); i > 0; i--)
        lines += "X-" + std::string(dice.up_to(80), 'n') + ": " + std::string(dice.up_to(150), 'v') + "\r\n";
    return lines;
}

std::string chunked(Dice& dice) {
    std::string body;
    for (auto i = dice.up_to(8); i > 0; i--) {
        const auto data = dice.noise(1 + dice.up_to(dice.one_in(4) ? 2000 : 40));
        char size[32];
        snprintf(size, sizeof size, dice.one_in(2) ? "%zx" : "%04zX", data.size());
        body += size + std::string(dice.one_in(4) ? ";ext=0\r\n" : "\r\n") + data + "\r\n";
    }
    return body + "0\r\n" + (dice.one_in(4) ? "X-Trailer: 1\r\n\r\n" : "\r\n");
}

// Framing fields and the body that fits them.
std::string framed(Dice& dice) {
    if (dice.one_in(3)) return "Transfer-Encoding: chunked\r\n" + field_lines(dice) + "\r\n" + chunked(dice);
    const auto body = dice.noise(dice.up_to(dice.one_in(5) ? 5000 : 60));
    return "Content-Length: " + std::to_string(body.size()) + "\r\n" + field_lines(dice) + "\r\n" + body;
}

Conversation talk(Dice& dice) {
    static const std::vector<std::string> methods = {"GET", "POST", "HEAD", "DELETE", "PROPFIND"};
    static const std::vector<int> statuses = {200, 201, 204, 304, 302, 404, 418, 500, 503};
    Conversation all;
    for (auto i = 1 + dice.up_to(9); i > 0; i--) {
        const auto& method = dice.pick(methods);
        const auto line = method + " /" + std::string(dice.up_to(dice.one_in(4) ? 400 : 20), 'p') + " HTTP/1.1";
        all.requests += std::string(dice.one_in(5) ? "\r\n" : "") + line + "\r\n" + field_lines(dice);
        all.requests += dice.one_in(2) ? framed(dice) : "\r\n";

        const int status = dice.pick(statuses);
        if (dice.one_in(6)) all.responses += "HTTP/1.1 103 Early Hints\r\n" + field_lines(dice) + "\r\n";
        all.responses += "HTTP/1.1 " + std::to_string(status) + " Reason\r\n" + field_lines(dice);
        if (method == "HEAD" || status == 204 || status == 304)
            all.responses += "Content-Length: 7\r\n\r\n";
        else
            all.responses += framed(dice);
        all.expected.push_back(std::to_string(status) + " " + line);
    }
    return all;
}

// The same bytes in parts of 1 to `most`, each by some system call and some number of segments.
void move(Dice& dice, std::string_view bytes, std::size_t most, auto&& whole, auto&& pieces) {
    while (!bytes.empty()) {
        const auto portion = bytes.substr(0, 1 + dice.up_to(most - 1));
        bytes.remove_prefix(portion.size());
        if (dice.one_in(2)) {
            whole(portion);
            continue;
        }
        Pieces segments;
        for (auto left = portion; !left.empty() && segments.size() < 20;) {
            segments.emplace_back(left.substr(0, segments.size() == 19 ? left.size() : dice.up_to(left.size())));
            left.remove_prefix(segments.back().size());
        }
        pieces(segments);
    }
}

// What is kept of an unfinished line ends somewhere; lines around that length mean the same in one piece and in two.
TEST(FragmentationOfFields, AroundWhatIsCarriedOver) {
    for (const std::string field : {"Transfer-Encoding:%chunked", "Content-Length:%5", "X:%chunked"}) {
        for (std::size_t spaces = 36; spaces < 60; spaces++) {
            auto line = field;
            line.replace(line.find('%'), 1, spaces, ' ');
            const auto message = "POST / HTTP/1.1\r\n" + line + "\r\n\r\n0\r\n\r\nGET / HTTP/1.1\r\n\r\n";
            std::vector<std::pair<std::uint32_t, bool>> outcomes;
            for (std::size_t cut = 1; cut <= message.size(); cut++) {
                Worker worker;
                const int fd = worker.accept();
                worker.receive(fd, message.substr(0, cut));
                if (cut < message.size()) worker.receive(fd, message.substr(cut));
                outcomes.emplace_back(worker.connection(fd)->queued, worker.connection(fd)->ignored[0]);
                ASSERT_EQ(outcomes.back(), outcomes.front()) << line << " cut at " << cut;
            }
        }
    }
}

class Fragmentation : public testing::TestWithParam<unsigned> {};

TEST_P(Fragmentation, ChangesNothing) {
    Dice dice(GetParam());
    for (int round = 0; round < 20; round++) {
        const auto conversation = talk(dice);
        for (const std::size_t most :
             {std::size_t{1}, std::size_t{3}, std::size_t{70}, std::size_t{600}, std::size_t{9000}}) {
            Worker worker;
            const int fd = worker.accept();
            move(
                dice, conversation.requests, most, [&](auto bytes) { worker.receive(fd, bytes); },
                [&](const auto& segments) { worker.read_vector(fd, segments); });
            ASSERT_EQ(worker.connection(fd)->queued, conversation.expected.size());
            ASSERT_FALSE(worker.connection(fd)->inside[0]);
            move(
                dice, conversation.responses, most, [&](auto bytes) { worker.send(fd, bytes); },
                [&](const auto& segments) { worker.write_vector(fd, segments); });
            ASSERT_EQ(worker.summaries(), conversation.expected) << "parts up to " << most;
            worker.close(fd);
            ASSERT_EQ(worker.counted(), conversation.expected.size());
            ASSERT_EQ(worker.drops(), 0u);
            ASSERT_EQ(kernel_pipelined_requests(), 0u);
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Seeds, Fragmentation, testing::Range(1u, 9u));

} // namespace
} // namespace bpf_test
