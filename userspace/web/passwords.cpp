// SPDX-License-Identifier: BSD-2-Clause
// bcrypt by libxcrypt; base64, random bytes and digests by GnuTLS.
#include "web/passwords.h"

#include <crypt.h>
#include <fmt/format.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <strings.h>

#include <algorithm>
#include <charconv>
#include <memory>

namespace web {
namespace {

constexpr std::size_t kSettingLength = 29; // $2b$12$ and 22 characters of salt
constexpr std::size_t kHashLength = 60;

int cost_of(std::string_view hash) {
    int cost = 0;
    std::from_chars(hash.data() + 4, hash.data() + 6, cost);
    return cost;
}

// In a time that does not tell where they differ.
bool same(std::string_view left, std::string_view right) {
    return left.size() == right.size() && gnutls_memcmp(left.data(), right.data(), left.size()) == 0;
}

} // namespace

Result<void> check_hash(std::string_view hash) {
    constexpr std::string_view kAdvice = "make one with: mkpasswd -m bcrypt -R 10";
    const bool kind = hash.starts_with("$2a$") || hash.starts_with("$2b$") || hash.starts_with("$2y$");
    if (!kind) return fail(fmt::format("not a bcrypt hash ($2b$…, $2y$… or $2a$…); {}", kAdvice));
    constexpr std::string_view kAlphabet = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    const bool whole = hash.size() == kHashLength && hash[6] == '$' &&
                       hash.substr(7).find_first_not_of(kAlphabet) == std::string_view::npos;
    if (!whole)
        return fail(fmt::format("a bcrypt hash has {} characters, this one is damaged; {}", kHashLength, kAdvice));
    if (const int cost = cost_of(hash); cost < 4 || cost > 31)
        return fail(fmt::format("bcrypt's cost has to be 4 to 31; {}", kAdvice));
    return {};
}

std::optional<Credentials> basic_credentials(std::string_view authorization) {
    constexpr std::string_view kScheme = "Basic ";
    if (authorization.size() < kScheme.size() || strncasecmp(authorization.data(), kScheme.data(), kScheme.size()) != 0)
        return std::nullopt;
    const std::string encoded(authorization.substr(kScheme.size()));
    const gnutls_datum_t input{reinterpret_cast<unsigned char*>(const_cast<char*>(encoded.data())),
                               static_cast<unsigned>(encoded.size())};
    gnutls_datum_t output{};
    if (encoded.empty() || gnutls_base64_decode2(&input, &output) < 0) return std::nullopt;
    const std::string pair(reinterpret_cast<const char*>(output.data), output.size);
    gnutls_free(output.data);
    const auto colon = pair.find(':');
    // crypt(3) would take the part before a NUL for the password.
    if (colon == std::string::npos || pair.find('\0') != std::string::npos) return std::nullopt;
    return Credentials{.user = pair.substr(0, colon), .password = pair.substr(colon + 1)};
}

std::string Passwords::bcrypt(const std::string& password, const std::string& setting) {
    const auto data = std::make_unique<crypt_data>(); // 32 KiB
    const char* const hash = crypt_r(password.c_str(), setting.c_str(), data.get());
    return hash == nullptr || *hash == '*' ? std::string{} : std::string(hash);
}

Passwords::Passwords(std::map<std::string, std::string> hashes, Crypt crypt)
    : hashes_(std::move(hashes)), crypt_(std::move(crypt)), secret_{} {
    gnutls_rnd(GNUTLS_RND_KEY, secret_.data(), secret_.size());
    for (const auto& [user, hash] : hashes_)
        if (dummy_hash_.empty() || cost_of(hash) > cost_of(dummy_hash_)) dummy_hash_ = hash;
}

Passwords::Digest Passwords::digest(const Credentials& given, const std::string& hash) const {
    // User names have no colon, hashes a fixed length: no two pairs make the same text.
    const auto text = fmt::format("{}:{}:{}", given.user, hash, given.password);
    Digest result{};
    gnutls_hmac_fast(GNUTLS_MAC_SHA256, secret_.data(), secret_.size(), text.data(), text.size(), result.data());
    return result;
}

bool Passwords::remembers(const Credentials& given) const {
    const auto found = hashes_.find(given.user);
    if (found == hashes_.end()) return false;
    const auto key = digest(given, found->second);
    const std::lock_guard lock(mutex_);
    return right_.contains(key);
}

bool Passwords::verify(const Credentials& given) {
    const auto found = hashes_.find(given.user);
    const bool known = found != hashes_.end();
    const std::string& hash = known ? found->second : dummy_hash_;
    const auto made = crypt_(given.password, hash.substr(0, kSettingLength));
    // Without the setting, of which crypt(3) returns the last character with its unused bits cleared.
    const bool right = made.size() == kHashLength && same(std::string_view(made).substr(kSettingLength),
                                                          std::string_view(hash).substr(kSettingLength));
    if (!right || !known) return false;
    const auto key = digest(given, hash);
    const std::lock_guard lock(mutex_);
    right_.insert(key); // at most one for each user, give or take passwords that bcrypt takes for the same
    constexpr std::size_t kMax = 1000;
    if (right_.size() > kMax) right_.clear();
    return true;
}

} // namespace web
