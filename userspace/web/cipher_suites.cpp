// SPDX-License-Identifier: BSD-2-Clause
#include "web/cipher_suites.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace web {
namespace {

struct Suite {
    std::string_view name;
    std::string_view key_exchange; // empty: TLS 1.3, which agrees on it apart
    std::string_view cipher;
    std::string_view mac;
};

constexpr std::array kSuites{
    Suite{"TLS_AES_128_GCM_SHA256", "", "AES-128-GCM", "AEAD"},
    Suite{"TLS_AES_256_GCM_SHA384", "", "AES-256-GCM", "AEAD"},
    Suite{"TLS_CHACHA20_POLY1305_SHA256", "", "CHACHA20-POLY1305", "AEAD"},
    Suite{"TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "ECDHE-ECDSA", "AES-128-GCM", "AEAD"},
    Suite{"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "ECDHE-RSA", "AES-128-GCM", "AEAD"},
    Suite{"TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "ECDHE-ECDSA", "AES-256-GCM", "AEAD"},
    Suite{"TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "ECDHE-RSA", "AES-256-GCM", "AEAD"},
    Suite{"TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-ECDSA", "CHACHA20-POLY1305", "AEAD"},
    Suite{"TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-RSA", "CHACHA20-POLY1305", "AEAD"},
    Suite{"TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA", "ECDHE-ECDSA", "AES-128-CBC", "SHA1"},
    Suite{"TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", "ECDHE-RSA", "AES-128-CBC", "SHA1"},
    Suite{"TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA", "ECDHE-ECDSA", "AES-256-CBC", "SHA1"},
    Suite{"TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA", "ECDHE-RSA", "AES-256-CBC", "SHA1"},
    Suite{"TLS_RSA_WITH_AES_128_GCM_SHA256", "RSA", "AES-128-GCM", "AEAD"},
    Suite{"TLS_RSA_WITH_AES_256_GCM_SHA384", "RSA", "AES-256-GCM", "AEAD"},
    Suite{"TLS_RSA_WITH_AES_128_CBC_SHA", "RSA", "AES-128-CBC", "SHA1"},
    Suite{"TLS_RSA_WITH_AES_256_CBC_SHA", "RSA", "AES-256-CBC", "SHA1"},
};

constexpr std::array<std::pair<std::string_view, std::string_view>, 4> kCurves{{{"CurveP256", "GROUP-SECP256R1"},
                                                                                {"CurveP384", "GROUP-SECP384R1"},
                                                                                {"CurveP521", "GROUP-SECP521R1"},
                                                                                {"X25519", "GROUP-X25519"}}};

bool listed(const std::vector<std::string>& list, std::string_view name) {
    return std::ranges::find(list, name) != list.end();
}

void add_once(std::vector<std::string_view>& words, std::string_view word) {
    if (!word.empty() && std::ranges::find(words, word) == words.end()) words.push_back(word);
}

bool is_of_tls13(const Suite& suite) { return suite.key_exchange.empty(); }

// Whether TLS 1.3 has a suite with one of the ciphers in this list.
bool has_suite_of_tls13(const std::vector<std::string>& list) {
    return std::ranges::any_of(kSuites, [&](const Suite& suite) {
        return listed(list, suite.name) && std::ranges::any_of(kSuites, [&](const Suite& other) {
                   return is_of_tls13(other) && other.cipher == suite.cipher;
               });
    });
}

bool has_older_suite(const std::vector<std::string>& list) {
    return std::ranges::any_of(kSuites,
                               [&](const Suite& suite) { return !is_of_tls13(suite) && listed(list, suite.name); });
}

// A version for which no suite is left: GnuTLS would agree on it all the same, and then find nothing to go on with.
Result<std::string> versions(const TlsConfig& config) {
    constexpr std::array kNames{"VERS-TLS1.0", "VERS-TLS1.1", "VERS-TLS1.2", "VERS-TLS1.3"};
    auto first = config.min_version;
    auto last = config.max_version;
    if (!config.cipher_suites.empty()) {
        if (!has_suite_of_tls13(config.cipher_suites)) last = std::min(last, TlsVersion::tls12);
        if (!has_older_suite(config.cipher_suites)) first = TlsVersion::tls13;
        if (first > last)
            return fail("cipher_suites: none of them is of a TLS version from min_version to max_version");
    }
    std::string text = ":-VERS-ALL";
    for (auto i = static_cast<int>(last); i >= static_cast<int>(first); --i)
        text.append(":+").append(kNames.at(static_cast<std::size_t>(i)));
    return text;
}

Result<std::string> suites(const TlsConfig& config) {
    // Without a list: forward secrecy always.
    if (config.cipher_suites.empty()) return std::string(":-KX-ALL:+ECDHE-ECDSA:+ECDHE-RSA");
    std::vector<std::string_view> exchanges;
    std::vector<std::string_view> ciphers;
    std::vector<std::string_view> macs;
    const bool old = has_older_suite(config.cipher_suites);
    for (const auto& name : config.cipher_suites) {
        const auto* const suite = std::ranges::find(kSuites, name, &Suite::name);
        if (suite == kSuites.end()) return fail(fmt::format("cipher_suites: {} is not known here", name));
        if (old && is_of_tls13(*suite)) continue;
        add_once(exchanges, suite->key_exchange);
        add_once(ciphers, suite->cipher);
        add_once(macs, suite->mac);
    }
    for (const auto& suite : kSuites) {
        const bool offered = std::ranges::find(exchanges, suite.key_exchange) != exchanges.end() &&
                             std::ranges::find(ciphers, suite.cipher) != ciphers.end();
        if (offered && !listed(config.cipher_suites, suite.name))
            return fail(
                fmt::format("cipher_suites: with these, GnuTLS would offer {} as well: add it, or leave out what "
                            "shares its key exchange or its cipher",
                            suite.name));
    }
    std::string text = ":-KX-ALL:-CIPHER-ALL:-MAC-ALL";
    for (const auto* words : {&exchanges, &ciphers, &macs})
        for (const auto word : *words) text.append(":+").append(word);
    return text;
}

std::string curves(const TlsConfig& config) {
    if (config.curves.empty()) return "";
    std::string text = ":-GROUP-ALL";
    for (const auto& name : config.curves)
        for (const auto& [known, group] : kCurves)
            if (known == name) text.append(":+").append(group);
    return text;
}

} // namespace

bool is_cipher_suite(std::string_view name) { return std::ranges::find(kSuites, name, &Suite::name) != kSuites.end(); }

bool is_curve(std::string_view name) {
    return std::ranges::any_of(kCurves, [&](const auto& curve) { return curve.first == name; });
}

Result<std::string> priority_string(const TlsConfig& config) {
    const auto chosen = suites(config);
    if (!chosen) return chosen;
    const auto spoken = versions(config);
    if (!spoken) return spoken;
    return "NORMAL" + *spoken + *chosen + curves(config) +
           (config.prefer_server_cipher_suites ? ":%SERVER_PRECEDENCE" : "");
}

} // namespace web
