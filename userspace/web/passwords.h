// SPDX-License-Identifier: BSD-2-Clause
// Names and bcrypt hashes, as basic_auth_users lists them.
#pragma once

#include <array>
#include <cstddef>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "result.h"

namespace web {

// A bcrypt hash of a kind that is accepted: $2a$, $2b$ or $2y$, cost 4 to 31.
Result<void> check_hash(std::string_view hash);

struct Credentials {
    std::string user;
    std::string password;
};

// From the value of an Authorization header; nothing when it is no Basic one.
std::optional<Credentials> basic_credentials(std::string_view authorization);

// bcrypt takes about 100 ms on purpose. So a pair that was right once is remembered, as a keyed digest.
class Passwords {
public:
    // crypt(3): the hash of a password under the salt and cost of another hash; empty on failure.
    using Crypt = std::function<std::string(const std::string& password, const std::string& setting)>;

    // Each hash has passed check_hash().
    explicit Passwords(std::map<std::string, std::string> hashes, Crypt crypt = bcrypt);

    // Whether the pair is known to be right: quick, and false for one that was never verified.
    bool remembers(const Credentials& given) const;
    // Takes as long for a user that does not exist as for a wrong password. From any thread.
    bool verify(const Credentials& given);

    static std::string bcrypt(const std::string& password, const std::string& setting);

private:
    using Digest = std::array<unsigned char, 32>;
    Digest digest(const Credentials& given, const std::string& hash) const;

    std::map<std::string, std::string> hashes_;
    Crypt crypt_;
    std::string dummy_hash_; // of the highest cost among them
    Digest secret_;
    mutable std::mutex mutex_;
    std::set<Digest> right_; // guarded by mutex_
};

} // namespace web
