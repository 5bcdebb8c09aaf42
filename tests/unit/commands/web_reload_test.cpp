// SPDX-License-Identifier: BSD-2-Clause
// Which changes of files are seen. What a reload does to a server is tested from outside.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "certificate_test.h"
#include "commands/web_reload.h"

namespace {

class WebReload : public CertificateTest {
protected:
    void name_certificate(const std::string& name) const {
        std::ofstream(directory / "web.yml")
            << fmt::format("tls_server_config:\n  cert_file: {}\n  key_file: key.pem\n", name);
    }
};

TEST_F(WebReload, SeesACertificateThatComesAfterTheConfigurationThatNamesIt) {
    name_certificate("cert.pem");
    commands::WebReload reload(directory / "web.yml");
    auto protection = reload.load();
    ASSERT_TRUE(protection.has_value()) << protection.error().text;
    auto server = web::Server::start({.listen_addresses = {"127.0.0.1:0"}},
                                     {.metrics = {}, .ready = [] { return true; }}, std::move(*protection));
    ASSERT_TRUE(server.has_value()) << server.error().text;
    reload.attach(*server);
    name_certificate("renewed.pem");
    reload.look();
    EXPECT_FALSE(reload.state().successful);
    std::filesystem::copy(directory / "cert.pem", directory / "renewed.pem");
    reload.look();
    EXPECT_TRUE(reload.state().successful);
}

} // namespace
