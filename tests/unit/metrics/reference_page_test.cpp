// SPDX-License-Identifier: BSD-2-Clause
// docs/reference/metrics.md says what the catalogue says.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>

#include "metrics/catalogue.h"
#include "metrics/reference_page.h"

namespace {

const std::string kPage = SOURCE_ROOT "/docs/reference/metrics.md";

TEST(ReferencePage, NamesEveryMetric) {
    const auto page = metrics::reference_page();
    for (const auto& metric : metrics::catalogue()) {
        const auto section = page.find("### " + std::string(metric.text) + "\n");
        ASSERT_NE(section, std::string::npos) << metric.text;
        EXPECT_NE(page.find(metric.help, section), std::string::npos) << metric.text;
    }
}

// GBE_WRITE_REFERENCE=1 makes this test write the page instead of comparing it.
TEST(ReferencePage, IsTheOneInDocs) {
    const auto page = metrics::reference_page();
    if (std::getenv("GBE_WRITE_REFERENCE") != nullptr) std::ofstream(kPage) << page;
    std::ostringstream there;
    there << std::ifstream(kPage).rdbuf();
    EXPECT_EQ(there.str(), page) << "docs/reference/metrics.md is not what the catalogue says. To write it anew:\n"
                                    "  GBE_WRITE_REFERENCE=1 <build>/tests/unit/metrics/metrics_test "
                                    "--gtest_filter='ReferencePage.*'";
}

} // namespace
