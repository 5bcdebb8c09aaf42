// SPDX-License-Identifier: BSD-2-Clause
// Which changes of files are seen. What a reload does to a server is tested from outside.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "commands/web_reload.h"

namespace {

class WebReload : public testing::Test {
protected:
    void SetUp() override {
        std::string pattern = testing::TempDir() + "web-reload-XXXXXX";
        directory = mkdtemp(pattern.data());
        const auto command = fmt::format("cd '{}' && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 "
                                         "-nodes -keyout key.pem -out cert.pem -days 2 -subj /CN=localhost 2>/dev/null",
                                         directory.string());
        ASSERT_EQ(std::system(command.c_str()), 0);
    }
    void TearDown() override { std::filesystem::remove_all(directory); }

    void name_certificate(const std::string& name) const {
        std::ofstream(directory / "web.yml")
            << fmt::format("tls_server_config:\n  cert_file: {}\n  key_file: key.pem\n", name);
    }

    std::filesystem::path directory;
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
