// SPDX-License-Identifier: BSD-2-Clause
// libFuzzer target: random exchanges, cut into random system calls. The programs count what a strict framer finds, or
// they say that they lost something and are right again from the next exchange on.
//
// The input is what the dice show; once it is used up, they go on from its sum.
#include <cstdio>
#include <cstdlib>
#include <random>

#include "strict_framer.h"
#include "worker.h"

namespace {

class Dice {
public:
    explicit Dice(std::string_view input)
        : left_(input), engine_(static_cast<unsigned>(std::hash<std::string_view>{}(input))) {}
    std::size_t up_to(std::size_t most) {
        if (left_.empty()) return std::uniform_int_distribution<std::size_t>(0, most)(engine_);
        const auto value = static_cast<unsigned char>(left_.front());
        left_.remove_prefix(1);
        return most < 256 ? value % (most + 1) : value * most / 255;
    }
    bool one_in(std::size_t n) { return up_to(n - 1) == 0; }
    std::string pick(const std::vector<std::string>& from) { return from[up_to(from.size() - 1)]; }

private:
    std::string_view left_;
    std::mt19937 engine_;
};

struct Request {
    std::string bytes;
    std::string method;
    bool has_unsure_field = false;
};

std::string noise(Dice& dice, std::size_t bytes) {
    static const std::vector<std::string> words = {
        "\r\n", "HTTP/1.1 500 x\r\n\r\n", "GET / HTTP/1.1\r\n\r\n", "0\r\n\r\n",
        "x",    "Content-Length: 7\r\n",  std::string(90, 'z')};
    std::string text;
    while (text.size() < bytes) text += dice.pick(words);
    return text.substr(0, bytes);
}

std::string space(Dice& dice) {
    if (dice.one_in(3)) return "";
    if (dice.one_in(12)) return std::string(dice.up_to(600), dice.one_in(2) ? ' ' : '\t');
    if (dice.one_in(8)) return dice.pick({"\r\n ", "\r\n\t\t", " \r\n \r\n  "});
    return dice.pick({" ", "  ", "\t", " \t "});
}

// A name in any case.
std::string cased(Dice& dice, std::string name) {
    if (dice.one_in(2)) return name;
    for (auto& letter : name)
        if (dice.one_in(2)) letter = static_cast<char>(std::toupper(letter));
    return name;
}

std::string other_fields(Dice& dice) {
    std::string fields;
    const auto count = dice.one_in(30) ? dice.up_to(400) : dice.up_to(4);
    for (std::size_t i = 0; i < count; i++) {
        const auto size = dice.one_in(10) ? dice.up_to(3000) : dice.up_to(40);
        fields += dice.pick({"X", "Host", "Content-Type", "Content-Lengt", "Content-Length-X", "Transfer-Encodin",
                             "Transfer"}) +
                  ":" + std::string(size, 'v') + dice.pick({"", "", " chunked", " 5", "\r\n Content-Length: 3"}) +
                  "\r\n";
    }
    return fields;
}

std::string chunked_body(Dice& dice) {
    std::string body;
    for (auto chunks = dice.one_in(20) ? dice.up_to(900) : dice.up_to(4); chunks > 0; chunks--) {
        const auto size = dice.one_in(5) ? 1 + dice.up_to(2000) : 1 + dice.up_to(20);
        char text[32];
        snprintf(text, sizeof text, dice.one_in(2) ? "%zx" : "00%zX", size);
        body += text + dice.pick({"", "", "", ";a=b", " ; name=\"a value\"", ";" + std::string(dice.up_to(700), 'e')}) +
                "\r\n" + noise(dice, size) + "\r\n";
    }
    return body + "0\r\n" + dice.pick({"", "", "Trailer: 1\r\n", "Content-Length: 9\r\nX: y\r\n"}) + "\r\n";
}

// Fields and body of a message with a length of some kind.
std::string framed(Dice& dice) {
    const auto before = other_fields(dice);
    if (dice.one_in(2)) {
        const auto codings = dice.pick({"chunked", "chunked", "Chunked", "gzip, chunked", "gzip ,\tchunked", "CHUNKED",
                                        "gzip" + std::string(80, 'x') + ",chunked"});
        return before + cased(dice, "transfer-encoding") + ":" + space(dice) + codings + space(dice) + "\r\n" +
               other_fields(dice) + "\r\n" + chunked_body(dice);
    }
    const auto size = dice.one_in(6) ? dice.up_to(9000) : dice.up_to(60);
    const auto digits = (dice.one_in(10) ? std::string(dice.up_to(80), '0') : "") + std::to_string(size);
    const auto list = dice.one_in(15) ? digits + space(dice) + "," + space(dice) + std::to_string(size) : digits;
    const auto field = cased(dice, "content-length") + ":" + space(dice) + list + space(dice) + "\r\n";
    return before + field + other_fields(dice) + (dice.one_in(15) ? "Content-Length: " + digits + "\r\n" : "") +
           "\r\n" + noise(dice, size);
}

Request request(Dice& dice, std::size_t ordinal, bool spaced_name_counts) {
    Request made;
    made.method = dice.pick({"GET", "GET", "POST", "HEAD", "PUT", "PROPFIND", "HEADER"});
    made.bytes = (dice.one_in(10) ? "\r\n" : "") + made.method + " /" + std::to_string(ordinal) +
                 (dice.one_in(30) ? "?" + std::string(dice.up_to(3000), 'q') : "") + " HTTP/1.1\r\n";
    if (dice.one_in(40)) {
        made.has_unsure_field = true;
        made.bytes += "Content-Length" + dice.pick({" ", "\t "}) + ": 5\r\n\r\n" + (spaced_name_counts ? "GET /" : "");
    } else if (dice.one_in(2)) {
        made.bytes += other_fields(dice) + "\r\n";
    } else {
        made.bytes += framed(dice);
    }
    return made;
}

// Its answer; `stray`: what the server sends behind it.
std::string response(Dice& dice, const std::string& method, std::string& stray) {
    const auto version =
        dice.one_in(20) ? std::string(dice.up_to(700), '1') + "1.1" : dice.pick({"1.1", "1.1", "1.0", "12.345"});
    const auto status = dice.pick({"200", "200", "404", "500", "599", "204", "304", "418"});
    std::string bytes;
    if (dice.one_in(12)) bytes += "HTTP/1.1 103 Early Hints\r\n" + other_fields(dice) + "\r\n";
    bytes += "HTTP/" + version + " " + status + dice.pick({" OK", "", " ", " " + std::string(dice.up_to(200), 'r')}) +
             "\r\n";
    if (method == "HEAD" || status == "204" || status == "304") {
        bytes += other_fields(dice) +
                 (status == "204" ? "" : "Content-Length: " + std::to_string(dice.up_to(900)) + "\r\n") + "\r\n";
        if (dice.one_in(6))
            stray = dice.pick({"body", "HTTP/1.1 500 forged\r\nContent-Length: 0\r\n\r\n",
                               "HTTP/1.1 400 refused\r\nContent-Length: 0\r\n\r\n", "HTTP/", noise(dice, 300)});
        return bytes;
    }
    return bytes + framed(dice);
}

class Conversation {
public:
    Conversation(Dice& dice, bool spaced_name_counts) : framer_(spaced_name_counts), dice_(dice) {}

    void run(std::size_t exchanges, bool spaced_name_counts) {
        for (std::size_t done = 0; done < exchanges;) {
            const auto depth = dice_.one_in(4) ? 1 + dice_.up_to(dice_.one_in(8) ? 199 : 20) : 1;
            std::vector<Request> requests;
            std::string bytes;
            for (std::size_t i = 0; i < depth; i++) {
                requests.push_back(request(dice_, done + i, spaced_name_counts));
                bytes += requests.back().bytes;
                lost_ |= requests.back().has_unsure_field;
            }
            move(bytes, true);
            std::string together;
            for (std::size_t i = 0; i < depth; i++) {
                std::string stray;
                const auto answer = response(dice_, requests[i].method, stray);
                if (i + 1 < depth) stray.clear();
                if (stray.empty() && dice_.one_in(5)) {
                    together += answer;
                    continue;
                }
                move(together + answer, false);
                together.clear();
                if (!stray.empty()) move(stray, false, true);
            }
            if (!together.empty()) move(together, false);
            done += depth;
            exchanges_ += depth;
        }
    }

    std::size_t exchanges() const { return exchanges_; }

    // What comes last, each in a call of its own, has to be right whatever was before.
    void end() {
        for (const auto* path : {"/first", "/last"}) {
            feed("GET " + std::string(path) + " HTTP/1.1\r\n\r\n", true);
            feed("HTTP/1.1 299 End\r\nContent-Length: 2\r\n\r\nhi", false);
        }
        worker_.close(fd_);
        framer_.close();
    }

    bool agrees() const {
        const auto& wanted = framer_.answers();
        const auto& found = worker_.responses();
        if (found.empty() || summary(found.back()) != "299 GET /last HTTP/1.1") return false;
        if (found.size() < 2 || summary(found[found.size() - 2]) != "299 GET /first HTTP/1.1") return false;
        const bool equal = std::ranges::equal(wanted, found, same);
        const bool may_be_lost = lost_ || worker_.drops(contract::DROP_PARSE_BUDGET) > 0;
        if (may_be_lost)
            return equal ||
                   worker_.drops() + worker_.resyncs(contract::RESYNC_REQUEST_END) > 0; // and both at the end are right
        if (!equal) return false;
        const auto& errors = worker_.totals().protocol_errors;
        return errors[0] + errors[1] == framer_.strays() &&
               worker_.drops() == worker_.drops(contract::DROP_PIPELINE_FULL);
    }

    void print() const {
        for (std::size_t i = 0; i < std::max(framer_.answers().size(), worker_.responses().size()); i++) {
            const auto wanted = i < framer_.answers().size() ? framer_.answers()[i] : fuzz::Answer{0, "-"};
            const auto found = i < worker_.responses().size() ? summary(worker_.responses()[i]) : "-";
            fprintf(stderr, "%zu: %d %.60s | %.60s\n", i, wanted.status, wanted.line.c_str(), found.c_str());
        }
        const auto& errors = worker_.totals().protocol_errors;
        fprintf(stderr, "strays %u, counted %lu and %lu; may have lost %d\n", framer_.strays(), errors[0], errors[1],
                lost_);
        for (std::uint32_t reason = 0; reason < contract::DROP_REASONS + std::uint32_t{contract::RESYNC_REASONS};
             reason++)
            if (const auto count = kernel_drops(reason)) fprintf(stderr, "drops[%u] %lu\n", reason, count);
        for (const auto& call : calls_) fprintf(stderr, "%s\n", call.c_str());
    }

private:
    static bool same(const fuzz::Answer& wanted, const bpf_test::Response& found) {
        if (wanted.status != found.status) return false;
        if (found.flags & contract::RESPONSE_LINE_LOST) return true; // counted; see drops
        return wanted.line.substr(0, contract::REQUEST_LINE_BYTES) == found.line;
    }

    void feed(const std::string& bytes, bool from_client) {
        if (bytes.empty()) return;
        worker_.pass(std::chrono::milliseconds(1));
        if (std::getenv("FUZZ_PRINT")) calls_.push_back((from_client ? "> " : "< ") + bytes);
        if (from_client) {
            framer_.from_client(bytes);
            if (dice_.one_in(3) && !lost_) // a lost place is looked for in the first buffer that has bytes
                worker_.read_vector(fd_, {bytes.substr(0, bytes.size() / 2), "", bytes.substr(bytes.size() / 2)});
            else
                worker_.receive(fd_, bytes);
        } else {
            framer_.to_client(bytes);
            if (dice_.one_in(3))
                worker_.write_vector(fd_, {bytes.substr(0, bytes.size() / 3), "", bytes.substr(bytes.size() / 3)});
            else
                worker_.send(fd_, bytes);
        }
    }

    // Cuts the bytes into calls. What no one waits for is one call: the programs pass over the rest of it.
    void move(const std::string& bytes, bool from_client, bool whole = false) {
        constexpr std::size_t kLargest = 65'536; // that a server asks for; gunicorn's parser reads 8 kB
        const auto most = whole             ? bytes.size()
                          : dice_.one_in(3) ? bytes.size()
                          : dice_.one_in(4) ? 1 + dice_.up_to(20)
                                            : 1 + dice_.up_to(1500);
        for (std::size_t at = 0; at < bytes.size();) {
            const auto taken = whole || most == bytes.size() ? std::min(most, kLargest) : 1 + dice_.up_to(most - 1);
            feed(bytes.substr(at, taken), from_client);
            at += taken;
        }
    }

    fuzz::StrictFramer framer_;
    Dice& dice_;
    bpf_test::Worker worker_{{.connections = 2, .pipelined = 64, .records = 1'000'000, .threads = 0}};
    int fd_ = worker_.accept();
    bool lost_ = false; // a request was among them whose end the programs cannot tell
    std::vector<std::string> calls_;
    std::size_t exchanges_ = 0;
};

std::size_t exchanges_that_agreed = 0;

} // namespace

extern "C" int LLVMFuzzerInitialize(int*, char***) {
    std::atexit([] { fprintf(stderr, "exchanges that agreed: %zu\n", exchanges_that_agreed); });
    return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Dice dice({reinterpret_cast<const char*>(data), size});
    const bool spaced_name_counts = dice.one_in(2);
    Conversation conversation(dice, spaced_name_counts);
    conversation.run(1 + dice.up_to(40), spaced_name_counts);
    conversation.end();
    if (conversation.agrees()) {
        exchanges_that_agreed += conversation.exchanges();
        return 0;
    }
    conversation.print();
    std::abort();
}
