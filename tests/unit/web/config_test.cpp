// SPDX-License-Identifier: BSD-2-Clause
// The web configuration: what is taken, what is refused and with which line, and whether Prometheus' own checker
// agrees.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "certificate_test.h"
#include "web/cipher_suites.h"
#include "web/config.h"
#include "web/protection.h"

namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

constexpr const char* kHash = "$2b$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW";

class WebConfig : public CertificateTest {
protected:
    std::string write(const std::string& text) const {
        const auto file = directory / "web.yml";
        std::ofstream(file) << text;
        return file;
    }
    // Empty when it is taken.
    std::string complaint(const std::string& text) const {
        const auto loaded = web::Protection::load(write(text));
        return loaded ? std::string{} : loaded.error().text;
    }
    bool promtool_takes(const std::string& text) const {
        return std::system(fmt::format("promtool check web-config '{}' >/dev/null 2>&1", write(text)).c_str()) == 0;
    }
};

constexpr const char* kTls = "tls_server_config:\n  cert_file: cert.pem\n  key_file: key.pem\n";

TEST_F(WebConfig, ReadsAllOfIt) {
    const auto config = web::read_config(write(fmt::format(
        "{}  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: /ca.pem\n  client_allowed_sans: [a, b]\n"
        "  min_version: TLS13\n  curve_preferences: [X25519]\n  prefer_server_cipher_suites: false\n"
        "http_server_config:\n  http2: false\n  headers:\n    X-Frame-Options: deny\n"
        "basic_auth_users:\n  me: {}\n",
        kTls, kHash)));
    ASSERT_TRUE(config.has_value()) << config.error().text;
    ASSERT_TRUE(config->tls.has_value());
    EXPECT_EQ(config->tls->certificate.file, directory / "cert.pem"); // resolved against the file's directory
    EXPECT_EQ(config->tls->client_ca.file, "/ca.pem");
    EXPECT_EQ(config->tls->client_auth, web::ClientAuth::require_and_verify);
    EXPECT_THAT(config->tls->client_allowed_sans, ElementsAre("a", "b"));
    EXPECT_EQ(config->tls->min_version, web::TlsVersion::tls13);
    EXPECT_FALSE(config->tls->prefer_server_cipher_suites);
    EXPECT_THAT(config->headers, ElementsAre(Pair("X-Frame-Options", "deny")));
    EXPECT_THAT(config->users, ElementsAre(Pair("me", kHash)));
}

// A header without a value is refused by libmicrohttpd together with the response that has it.
TEST_F(WebConfig, LeavesOutHeadersWithoutValue) {
    const auto config = web::read_config(write("http_server_config:\n  headers:\n    Content-Security-Policy:\n"
                                               "    Strict-Transport-Security: ''\n    X-XSS-Protection: '0'\n"));
    ASSERT_TRUE(config.has_value()) << config.error().text;
    EXPECT_THAT(config->headers, ElementsAre(Pair("X-XSS-Protection", "0")));
}

TEST_F(WebConfig, SaysFileLineAndWhatToDo) {
    EXPECT_THAT(complaint("\n\nbasic_auth_user: {}\n"),
                HasSubstr("web.yml: line 3: basic_auth_user is no key of the file; "
                          "there are: basic_auth_users, "));
    EXPECT_THAT(complaint("tls_server_config:\n  cert_file: cert.pem\n"), HasSubstr("key_file (or key) is missing"));
    EXPECT_THAT(complaint("basic_auth_users:\n  me: secret\n"),
                HasSubstr("line 2: basic_auth_users: me: not a bcrypt"));
    EXPECT_THAT(complaint("a: [\n"), HasSubstr("web.yml: line "));
    EXPECT_THAT(complaint(std::string(kTls) + "  min_version: TLS14\n"),
                HasSubstr("line 4: min_version TLS14: has to be one of TLS10, TLS11, TLS12, TLS13"));
    EXPECT_THAT(complaint("tls_server_config: {cert_file: none.pem, key_file: key.pem}\n"),
                HasSubstr("none.pem cannot be read"));
    EXPECT_THAT(complaint("tls_server_config: {cert_file: cert.pem, key_file: cert.pem}\n"), HasSubstr("cert.pem"));
    const auto nowhere = web::Protection::load("/nowhere/web.yml");
    ASSERT_FALSE(nowhere.has_value());
    EXPECT_EQ(nowhere.error().text, "--web.config.file /nowhere/web.yml: cannot be read");
    // What Docker makes of a mount whose source is missing. Taken for an empty file, it would protect nothing.
    const auto folder = web::Protection::load(directory);
    ASSERT_FALSE(folder.has_value());
    EXPECT_EQ(folder.error().text, fmt::format("--web.config.file {}: cannot be read", directory.string()));
}

struct Case {
    std::string text;
    bool good;
};

std::vector<Case> cases() {
    const auto tls = [](const std::string& more) { return std::string(kTls) + more; };
    const auto user = [](const std::string& hash) { return "basic_auth_users:\n  me: " + hash + "\n"; };
    return {
        {"", true},
        {"{}\n", true},
        {"tls_server_config: {}\n", true},
        {"tls_server_config: {min_version: TLS10}\n", true},
        {"basic_auth_users:\n", true},
        {tls(""), true},
        {tls("  min_version: TLS10\n  max_version: TLS12\n"), true},
        {tls("  client_auth_type: RequestClientCert\n"), true},
        {tls("  client_auth_type: RequireClientCert\n"), true},
        {tls("  client_auth_type: NoClientCert\n"), true},
        {tls("  client_auth_type: VerifyClientCertIfGiven\n  client_ca_file: cert.pem\n"), true},
        {tls("  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: cert.pem\n"), true},
        {tls("  cipher_suites: [TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, TLS_AES_128_GCM_SHA256]\n"), true},
        {tls("  curve_preferences: [CurveP256, CurveP384, CurveP521, X25519]\n"), true},
        {tls("  prefer_server_cipher_suites: true\n"), true},
        {"http_server_config: {http2: on}\n", true},
        {"http_server_config: {http2: }\n", true},
        {"http_server_config:\n  headers:\n    Strict-Transport-Security: max-age=1\n    X-XSS-Protection: '1'\n"
         "    Content-Security-Policy: default-src 'none'\n    X-Content-Type-Options: nosniff\n",
         true},
        {"http_server_config: {headers: {Strict-Transport-Security: ''}}\n", true},
        {user(kHash), true},
        {user("$2y$10$QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi"), true},
        {"foo: 1\n", false},
        {"- a\n", false},
        {"tls_server_config: {foo: 1}\n", false},
        {"tls_server_config: [a]\n", false},
        {"tls_server_config: {cert_file: cert.pem}\n", false},
        {"tls_server_config: {key_file: key.pem}\n", false},
        {"tls_server_config: {cert_file: none.pem, key_file: key.pem}\n", false},
        {"tls_server_config: {cert_file: key.pem, key_file: key.pem}\n", false},
        {tls("  client_ca_file: cert.pem\n"), false},
        {tls("  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: none.pem\n"), false},
        {tls("  client_auth_type: requireandverifyclientcert\n"), false},
        {tls("  min_version: 1.2\n"), false},
        {tls("  cipher_suites: [TLS_RSA_WITH_RC4_128_SHA]\n"), false},
        {tls("  cipher_suites: TLS_AES_128_GCM_SHA256\n"), false},
        {tls("  curve_preferences: [P256]\n"), false},
        {tls("  prefer_server_cipher_suites: maybe\n"), false},
        {"http_server_config: {http2: maybe}\n", false},
        {"http_server_config: {http2: \"true\"}\n", false},
        {"http_server_config: {headers: {X-Frame-Options: Deny}}\n", false},
        {"http_server_config: {headers: {x-frame-options: deny}}\n", false},
        {"http_server_config: {headers: {Server: x}}\n", false},
        {"basic_auth_users: [a]\n", false},
        {user("secret"), false},
        {user("$2b$03$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW"), false},
        {user("$1$abcdefgh$aaaaaaaaaaaaaaaaaaaaaa"), false},
        {"basic_auth_users: {}\nbasic_auth_users: {}\n", false},
    };
}

TEST_F(WebConfig, IsJudgedAsPrometheusJudgesIt) {
    ASSERT_EQ(std::system("command -v promtool >/dev/null"), 0);
    for (const auto& each : cases()) {
        const auto said = complaint(each.text);
        EXPECT_EQ(said.empty(), each.good) << each.text << said;
        EXPECT_EQ(promtool_takes(each.text), each.good) << each.text;
    }
}

// Where Go would take it and mean something that nobody wants, and keys that came after Debian's promtool.
TEST_F(WebConfig, IsStricterWhereThatIsSafer) {
    EXPECT_NE(complaint(std::string(kTls) + "  min_version: TLS13\n  max_version: TLS12\n"), "");
    EXPECT_NE(complaint(std::string(kTls) + "  client_auth_type: VerifyClientCertIfGiven\n"), "");
    EXPECT_NE(complaint(std::string(kTls) + "  client_allowed_sans: [a]\n"), "");
    EXPECT_NE(complaint("basic_auth_users: {me: $2x$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW}\n"), "");
    EXPECT_NE(complaint("http_server_config: {headers: {Content-Security-Policy: \"a\\0b\"}}\n"), "");
    EXPECT_EQ(complaint("http_server_config: {headers: {Content-Security-Policy: \"a\\tb\"}}\n"), "");
    std::string inline_pem = "tls_server_config:\n";
    for (const auto& [key, file] : {std::pair{"cert", "cert.pem"}, std::pair{"key", "key.pem"}}) {
        inline_pem += fmt::format("  {}: |\n", key);
        std::ifstream stream(directory / file);
        for (std::string line; std::getline(stream, line);) inline_pem += "    " + line + "\n";
    }
    EXPECT_EQ(complaint(inline_pem), "");
}

TEST(CipherSuites, AreOfferedExactlyOrNotAtAll) {
    web::TlsConfig config;
    config.cipher_suites = {"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256"};
    const auto product = web::priority_string(config);
    ASSERT_TRUE(product.has_value());
    EXPECT_THAT(*product, HasSubstr(":-KX-ALL:-CIPHER-ALL:-MAC-ALL:+ECDHE-RSA:+AES-128-GCM:+CHACHA20-POLY1305:+AEAD"));
    config.cipher_suites = {"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "TLS_RSA_WITH_AES_256_CBC_SHA"};
    const auto more = web::priority_string(config);
    ASSERT_FALSE(more.has_value());
    EXPECT_THAT(more.error().text, HasSubstr("would offer TLS_"));
}

TEST(CipherSuites, LeaveNoVersionWithoutAny) {
    const auto priorities = [](std::vector<std::string> suites, web::TlsVersion least, web::TlsVersion most) {
        const auto priority =
            web::priority_string({.min_version = least, .max_version = most, .cipher_suites = std::move(suites)});
        return priority ? priority->substr(0, priority->find(":-KX")) : priority.error().text;
    };
    using enum web::TlsVersion;
    const std::string old = "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA";
    EXPECT_EQ(priorities({old}, tls12, tls13), "NORMAL:-VERS-ALL:+VERS-TLS1.2");
    EXPECT_EQ(priorities({"TLS_AES_128_GCM_SHA256"}, tls12, tls13), "NORMAL:-VERS-ALL:+VERS-TLS1.3");
    EXPECT_EQ(priorities({"TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"}, tls12, tls13),
              "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2");
    EXPECT_THAT(priorities({old}, tls13, tls13), HasSubstr("none of them is of a TLS version"));
    EXPECT_THAT(priorities({"TLS_AES_128_GCM_SHA256"}, tls12, tls12), HasSubstr("none of them is of a TLS version"));
}

} // namespace
