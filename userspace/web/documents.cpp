// SPDX-License-Identifier: BSD-2-Clause
#include "web/documents.h"

#include <fmt/format.h>
#include <zlib.h>

#include <array>

#include "web/gzip.h"
#include "web/negotiation.h"

namespace web {
namespace {

constexpr std::string_view kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

std::string_view content_type_of(std::string_view path) {
    struct Kind {
        std::string_view ending;
        std::string_view type;
    };
    constexpr std::array kKinds = {
        Kind{".js", "text/javascript; charset=utf-8"},
        Kind{".css", "text/css; charset=utf-8"},
        Kind{".svg", "image/svg+xml"},
        Kind{".txt", "text/plain; charset=utf-8"},
        Kind{".json", "application/json"},
    };
    for (const auto& [ending, type] : kKinds)
        if (path.ends_with(ending)) return type;
    return "text/html; charset=utf-8";
}

// Weak, because both encodings of a document have it. A checksum will do: nobody forges their own page.
std::string tag_of(std::string_view body) {
    const auto sum = crc32_z(0, reinterpret_cast<const Bytef*>(body.data()), body.size());
    return fmt::format("W/\"{:08x}-{:x}\"", sum, body.size());
}

} // namespace

void add_page_policy(Answer& answer) {
    answer.headers.emplace_back("Content-Security-Policy", kPolicy);
    answer.headers.emplace_back("X-Content-Type-Options", "nosniff");
    answer.headers.emplace_back("Referrer-Policy", "no-referrer");
}

Documents::Documents(std::vector<Document> documents) {
    for (auto& [path, body] : documents) {
        Kept kept{
            .content_type = std::string(content_type_of(path)), .tag = tag_of(body), .plain = {}, .compressed = {}};
        if (auto compressed = gzip(body); compressed && compressed->size() < body.size())
            kept.compressed = std::move(*compressed);
        kept.plain = std::move(body);
        kept_.insert_or_assign(std::move(path), std::move(kept));
    }
}

Answer Documents::answer(const Request& request) const {
    const auto found = kept_.find(request.path);
    if (found == kept_.end())
        return Answer{
            .status = 404, .content_type = "text/plain; charset=utf-8", .body = "Not found.\n", .headers = {}};
    const auto& kept = found->second;
    Answer answer{.status = 200, .content_type = kept.content_type, .body = {}, .headers = {}};
    answer.headers = {{"ETag", kept.tag}, {"Cache-Control", "no-cache"}, {"Vary", "Accept-Encoding"}};
    add_page_policy(answer);
    // The tag without its W/: RFC 9110 section 13.1.2 compares weakly.
    if (request.if_none_match == "*" || request.if_none_match.find(kept.tag.substr(2)) != std::string_view::npos) {
        answer.status = 304;
        return answer;
    }
    const bool compressed = !kept.compressed.empty() && accepts_gzip(request.accept_encoding);
    answer.body = compressed ? kept.compressed : kept.plain;
    if (compressed) answer.headers.emplace_back("Content-Encoding", "gzip");
    return answer;
}

} // namespace web
