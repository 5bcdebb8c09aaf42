// SPDX-License-Identifier: BSD-2-Clause
// What Prometheus' own checker says of a scrape.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "metrics/families.h"
#include "metrics/page.h"
#include "sample_snapshot.h"

namespace {

struct Verdict {
    int exit_code;
    std::string said;
};

// A directory that goes with the test.
class Scratch {
public:
    Scratch() {
        std::string pattern = testing::TempDir() + "promtool-XXXXXX";
        path_ = mkdtemp(pattern.data());
    }
    ~Scratch() { std::filesystem::remove_all(path_); }
    std::string file(const std::string& name) const { return path_ / name; }

private:
    std::filesystem::path path_;
};

// `arguments` may name the files "in", which holds the text, and "out".
Verdict promtool(const std::string& arguments, const std::string& text) {
    const Scratch scratch;
    std::ofstream(scratch.file("in"), std::ios::binary) << text;
    const auto command = fmt::format("cd '{}' && promtool {} >said 2>&1", scratch.file("."), arguments);
    const int status = std::system(command.c_str());
    std::ostringstream said;
    said << std::ifstream(scratch.file("said")).rdbuf();
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, said.str()};
}

Verdict check_metrics(const std::string& text) { return promtool("check metrics <in", text); }

// Prometheus' parser of OpenMetrics, which this command alone makes use of; it wants a time with each sample.
Verdict read_openmetrics(const std::string& text) {
    return promtool("tsdb create-blocks-from openmetrics in out", text);
}

std::string openmetrics(const model::Snapshot& snapshot, std::int64_t timestamp_ms) {
    auto families = metrics::families(snapshot, kBuild);
    for (auto& family : families)
        for (auto& series : family.metric) series.timestamp_ms = timestamp_ms;
    return metrics::page_of(families, nullptr, metrics::Format::openmetrics);
}

std::string scrape(const model::Snapshot& snapshot) { return metrics::page(snapshot, kBuild, metrics::Format::text); }

class Promtool : public testing::Test {
protected:
    void SetUp() override {
        ASSERT_EQ(std::system("command -v promtool >/dev/null"), 0)
            << "promtool is missing: apt-get install prometheus (scripts/setup.sh --test)";
    }

    static void expect_clean(const model::Snapshot& snapshot) {
        const auto verdict = check_metrics(scrape(snapshot));
        EXPECT_EQ(verdict.exit_code, 0);
        EXPECT_EQ(verdict.said, "");
    }
};

TEST_F(Promtool, FindsNothingInAScrapeWithoutTargets) { expect_clean({}); }
TEST_F(Promtool, FindsNothingInTheDocumentedScrape) { expect_clean(documented_snapshot()); }
TEST_F(Promtool, FindsNothingInALargeScrape) { expect_clean(large_snapshot(3, 20)); }

TEST_F(Promtool, FindsNothingWhereLabelsHoldAnyBytes) {
    auto snapshot = large_snapshot(1, 1);
    for (auto& worker : snapshot.targets[0].workers)
        for (int byte = 0; byte < 256; ++byte) {
            const char c = static_cast<char>(byte);
            worker.failed[{"GET", std::string("/") + c + std::to_string(byte), 404}] = 1;
        }
    snapshot.targets[0].labels[0].second = "a\"b\\c\nd\xFF";
    expect_clean(snapshot);
    const auto verdict = read_openmetrics(openmetrics(snapshot, 1640995200123));
    EXPECT_EQ(verdict.exit_code, 0) << verdict.said;
}

TEST_F(Promtool, ReadsOpenMetrics) {
    const auto verdict = read_openmetrics(openmetrics(large_snapshot(2, 5), 1640995200123));
    EXPECT_EQ(verdict.exit_code, 0) << verdict.said;
}

TEST_F(Promtool, WouldFindWhatIsWrong) {
    EXPECT_NE(check_metrics("gunicorn_broken{le=} 1\n").exit_code, 0);
    EXPECT_NE(check_metrics("# TYPE gunicorn_requests counter\ngunicorn_requests 1\n").exit_code, 0);
    const auto text = openmetrics(documented_snapshot(), 1640995200123);
    EXPECT_NE(read_openmetrics(text.substr(0, text.size() - 6)).exit_code, 0) << "without # EOF";
}

} // namespace
