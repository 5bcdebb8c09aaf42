// SPDX-License-Identifier: BSD-2-Clause
// What a strict client makes of a connection, written apart from the programs and without any of their bounds: whole
// heads in strings, fields unfolded and split. The calls are fed in order.
#pragma once

#include <algorithm>
#include <cctype>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fuzz {

struct Answer {
    int status;
    std::string line; // of the request that it answers
    bool operator==(const Answer&) const = default;
};

class StrictFramer {
public:
    // How the server takes a Content-Length with white space behind its name: as such, or as another field.
    explicit StrictFramer(bool spaced_name_counts) : spaced_name_counts_(spaced_name_counts) {}

    void from_client(std::string_view bytes) {
        client_.text += bytes;
        while (read_request()) {
        }
    }

    void to_client(std::string_view bytes) {
        if (server_.state == State::until_close) return;
        server_.text += bytes;
        while (read_response()) {
        }
    }

    void close() {
        if (server_.state == State::until_close) finish();
    }

    const std::vector<Answer>& answers() const { return answers_; }
    unsigned strays() const { return strays_; }

private:
    enum class State { start, body, chunk_size, chunk_data, trailer, until_close };
    struct Side {
        std::string text;
        State state = State::start;
        std::size_t left = 0;
    };
    struct Request {
        std::string line;
    };
    using Fields = std::vector<std::pair<std::string, std::string>>;

    static std::string lower(std::string text) {
        std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::tolower(c); });
        return text;
    }
    static std::string trim(std::string text) {
        const auto first = text.find_first_not_of(" \t");
        if (first == std::string::npos) return "";
        return text.substr(first, text.find_last_not_of(" \t") - first + 1);
    }
    static std::vector<std::string> split(const std::string& list) {
        std::vector<std::string> parts;
        for (std::size_t at = 0; at <= list.size();) {
            const auto comma = std::min(list.find(',', at), list.size());
            if (auto part = trim(list.substr(at, comma - at)); !part.empty()) parts.push_back(part);
            at = comma + 1;
        }
        return parts;
    }

    // The head at the text's beginning, taken off it: first line and fields. Nothing: it is not complete.
    std::optional<std::pair<std::string, Fields>> take_head(Side& side) {
        const auto end = side.text.find("\r\n\r\n");
        if (end == std::string::npos) return std::nullopt;
        std::vector<std::string> lines;
        has_folded_coding_ = false;
        for (std::size_t at = 0; at <= end;) {
            const auto next = side.text.find("\r\n", at);
            auto line = side.text.substr(at, next - at);
            if (!lines.empty() && !line.empty() && (line[0] == ' ' || line[0] == '\t')) {
                has_folded_coding_ |= lower(lines.back()).starts_with("transfer-encoding:");
                lines.back() += line;
            } else {
                lines.push_back(std::move(line));
            }
            at = next + 2;
        }
        side.text.erase(0, end + 4);
        Fields fields;
        for (std::size_t i = 1; i < lines.size(); i++) {
            const auto colon = lines[i].find(':');
            auto name = lower(lines[i].substr(0, colon));
            if (spaced_name_counts_) name = trim(name);
            fields.emplace_back(name, trim(lines[i].substr(colon + 1)));
        }
        return std::pair{lines[0], fields};
    }

    static std::vector<std::string> codings_of(const Fields& fields) {
        std::vector<std::string> codings;
        for (const auto& [name, value] : fields) {
            if (name != "transfer-encoding") continue;
            for (auto& coding : split(value)) codings.push_back(lower(coding));
        }
        return codings;
    }

    static bool is_chunked(const Fields& fields) {
        const auto codings = codings_of(fields);
        return !codings.empty() && codings.back() == "chunked";
    }

    static std::optional<std::size_t> length_of(const Fields& fields) {
        for (const auto& [name, value] : fields)
            if (name == "content-length") return std::stoul(split(value).at(0));
        return std::nullopt;
    }

    static std::string status_text(const std::string& line) { return line.substr(line.find(' ') + 1, 3); }

    // One step of a body. Nothing: more bytes are needed. True: the message is complete.
    static std::optional<bool> step_body(Side& side) {
        if (side.state == State::body || side.state == State::chunk_data) {
            const auto taken = std::min(side.left, side.text.size());
            side.text.erase(0, taken);
            side.left -= taken;
            if (side.left) return std::nullopt;
            if (side.state == State::body) return true;
            side.state = State::chunk_size;
            return false;
        }
        const auto end = side.text.find("\r\n");
        if (end == std::string::npos) return std::nullopt;
        const auto line = side.text.substr(0, end);
        side.text.erase(0, end + 2);
        if (side.state == State::trailer) return line.empty();
        const auto size = std::stoul(line, nullptr, 16);
        side.left = size + 2;
        side.state = size ? State::chunk_data : State::trailer;
        return false;
    }

    // True: something was read, try again.
    bool read_request() {
        if (client_.state != State::start) {
            const bool in_trailer = client_.state == State::trailer;
            const auto done = step_body(client_);
            if (in_trailer && done.has_value() && !*done) is_disputed_ = true;
            if (done.value_or(false)) client_.state = State::start;
            return done.has_value();
        }
        while (client_.text.starts_with("\r\n")) client_.text.erase(0, 2);
        if (client_.text.empty()) return false;
        if (!is_begun_) waiting_.emplace_back();
        is_begun_ = true;
        const auto head = take_head(client_);
        if (!head) return false;
        is_begun_ = false;
        waiting_.back().line = head->first;
        is_disputed_ = has_folded_coding_ || codings_of(head->second).size() > 1;
        if (is_chunked(head->second)) {
            client_.state = State::chunk_size;
        } else if (const auto length = length_of(head->second).value_or(0)) {
            client_.state = State::body;
            client_.left = length;
        }
        return true;
    }

    void finish() {
        answers_.push_back({status_, waiting_.empty() ? "" : waiting_.front().line});
        if (waiting_.empty())
            is_disputed_ = false;
        else
            waiting_.pop_front();
        server_.state = State::start;
        is_stray_ = false;
    }

    bool read_response() {
        if (server_.state == State::until_close) return false;
        if (server_.state != State::start) {
            const auto done = step_body(server_);
            if (done.value_or(false)) finish();
            return done.has_value();
        }
        if (server_.text.empty()) return false;
        const auto beginning = std::string_view("HTTP/").substr(0, server_.text.size());
        const bool is_refusal = server_.text.size() > 9 && server_.text.substr(8, 2) == " 4";
        if ((waiting_.empty() && !answers_.empty() && !(is_disputed_ && is_refusal)) ||
            !server_.text.starts_with(beginning)) {
            server_.text.clear();
            strays_ += !is_stray_;
            is_stray_ = true;
            return false;
        }
        const auto head = take_head(server_);
        if (!head) return false;
        status_ = std::stoi(status_text(head->first));
        if (status_ < 200) return true;
        const bool to_head = !waiting_.empty() && waiting_.front().line.starts_with("HEAD ");
        if (to_head || status_ == 204 || status_ == 304) {
            finish();
        } else if (is_chunked(head->second)) {
            server_.state = State::chunk_size;
        } else if (const auto length = length_of(head->second)) {
            server_.state = State::body;
            server_.left = *length;
            if (!*length) finish();
        } else {
            server_.state = State::until_close;
        }
        return true;
    }

    bool spaced_name_counts_;
    Side client_;
    Side server_;
    bool is_begun_ = false; // the last of `waiting_` has a head that is not complete
    bool is_stray_ = false;
    bool has_folded_coding_ = false;
    bool is_disputed_ = false; // a server may take the end of the last request for another one, and answer that
    int status_ = 0;
    unsigned strays_ = 0;
    std::deque<Request> waiting_;
    std::vector<Answer> answers_;
};

} // namespace fuzz
