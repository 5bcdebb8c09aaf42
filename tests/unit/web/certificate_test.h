// SPDX-License-Identifier: BSD-2-Clause
// Tests with a folder of their own in which a certificate lies: cert.pem, key.pem.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <cstdlib>
#include <filesystem>
#include <string>

class CertificateTest : public testing::Test {
protected:
    void SetUp() override {
        std::string pattern = testing::TempDir() + "certificate-XXXXXX";
        directory = mkdtemp(pattern.data());
        const auto command = fmt::format("cd '{}' && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 "
                                         "-nodes -keyout key.pem -out cert.pem -days 2 -subj /CN=localhost 2>/dev/null",
                                         directory.string());
        ASSERT_EQ(std::system(command.c_str()), 0);
    }
    void TearDown() override { std::filesystem::remove_all(directory); }

    std::filesystem::path directory;
};
