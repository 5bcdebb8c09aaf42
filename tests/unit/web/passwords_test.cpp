// SPDX-License-Identifier: BSD-2-Clause
// Passwords: who gets in, how often bcrypt is asked, and what an Authorization header is taken for.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "web/passwords.h"

namespace {

using web::basic_credentials;
using web::Passwords;

// Of "secret", by the real thing.
std::string hash_of(const std::string& password, const std::string& setting = "$2b$04$abcdefghijklmnopqrstuu") {
    return Passwords::bcrypt(password, setting);
}

TEST(Passwords, LetInWhoKnowsThePassword) {
    for (const char* kind : {"$2a$", "$2b$", "$2y$"}) {
        const auto hash = hash_of("secret", std::string(kind) + "04$abcdefghijklmnopqrstuu");
        ASSERT_TRUE(web::check_hash(hash).has_value()) << hash;
        Passwords passwords({{"me", hash}});
        EXPECT_TRUE(passwords.verify({"me", "secret"}));
        EXPECT_FALSE(passwords.verify({"me", "Secret"}));
        EXPECT_FALSE(passwords.verify({"me", ""}));
        EXPECT_FALSE(passwords.verify({"you", "secret"}));
    }
}

TEST(Passwords, AskBcryptOnceForARightPairAndAlwaysForOthers) {
    std::vector<std::string> settings;
    const auto crypt = [&](const std::string& password, const std::string& setting) {
        settings.push_back(setting);
        return Passwords::bcrypt(password, setting);
    };
    Passwords passwords({{"me", hash_of("secret")}, {"other", hash_of("x", "$2b$05$abcdefghijklmnopqrstuu")}}, crypt);
    EXPECT_FALSE(passwords.remembers({"me", "secret"}));
    EXPECT_TRUE(passwords.verify({"me", "secret"}));
    EXPECT_TRUE(passwords.remembers({"me", "secret"}));
    EXPECT_FALSE(passwords.remembers({"me", "wrong"}));
    EXPECT_FALSE(passwords.remembers({"other", "secret"}));
    EXPECT_FALSE(passwords.verify({"me", "wrong"}));
    EXPECT_FALSE(passwords.remembers({"me", "wrong"}));
    EXPECT_EQ(settings.size(), 2U);
    // Whoever does not exist costs what the dearest of the others costs.
    EXPECT_FALSE(passwords.verify({"nobody", "x"}));
    ASSERT_EQ(settings.size(), 3U);
    EXPECT_EQ(settings.back().substr(0, 7), "$2b$05$");
}

TEST(Passwords, TakeWholeBcryptHashesOnly) {
    const auto good = hash_of("secret");
    EXPECT_TRUE(web::check_hash(good).has_value());
    for (const auto& bad :
         {std::string{}, good.substr(0, 59), good + "a", "$2x" + good.substr(3), "$2b$32" + good.substr(6),
          "$2b$0x" + good.substr(6), good.substr(0, 30) + "*" + good.substr(31)})
        EXPECT_FALSE(web::check_hash(bad).has_value()) << bad;
}

TEST(BasicCredentials, AreDecoded) {
    const auto given = basic_credentials("bAsIc bWU6YTpi"); // me:a:b
    ASSERT_TRUE(given.has_value());
    EXPECT_EQ(given->user, "me");
    EXPECT_EQ(given->password, "a:b");
}

TEST(BasicCredentials, AreNothingElse) {
    for (const char* other : {"", "Basic", "Basic ", "Bearer bWU6YTpi", "Basic !!!!",
                              "Basic bWU=", "Basic bWU6YQBi" /* a NUL in the password */})
        EXPECT_FALSE(basic_credentials(other).has_value()) << other;
}

} // namespace
