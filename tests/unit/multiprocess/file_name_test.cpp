// SPDX-License-Identifier: BSD-2-Clause
#include <gtest/gtest.h>

#include "multiprocess/file_name.h"

namespace multiprocess {
namespace {

TEST(FileName, TypesAndModes) {
    EXPECT_EQ(parse_file_name("counter_17.db"), (FileName{Type::counter, Mode::all, false, "17"}));
    EXPECT_EQ(parse_file_name("histogram_17.db"), (FileName{Type::histogram, Mode::all, false, "17"}));
    EXPECT_EQ(parse_file_name("summary_worker_1.db"), (FileName{Type::summary, Mode::all, false, "worker_1"}));
    EXPECT_EQ(parse_file_name("gauge_all_17.db"), (FileName{Type::gauge, Mode::all, false, "17"}));
    EXPECT_EQ(parse_file_name("gauge_liveall_17.db"), (FileName{Type::gauge, Mode::all, true, "17"}));
    EXPECT_EQ(parse_file_name("gauge_min_17.db"), (FileName{Type::gauge, Mode::min, false, "17"}));
    EXPECT_EQ(parse_file_name("gauge_livemax_17.db"), (FileName{Type::gauge, Mode::max, true, "17"}));
    EXPECT_EQ(parse_file_name("gauge_livesum_17.db"), (FileName{Type::gauge, Mode::sum, true, "17"}));
    EXPECT_EQ(parse_file_name("gauge_mostrecent_17.db"), (FileName{Type::gauge, Mode::most_recent, false, "17"}));
    EXPECT_EQ(parse_file_name("gauge_livemostrecent_17.db"), (FileName{Type::gauge, Mode::most_recent, true, "17"}));
}

TEST(FileName, NotKnown) {
    for (const auto* name : {"gauge_17.db", "gauge_mean_17.db", "gauge_live_17.db", "counter_.db", "gauge_sum_.db"}) {
        EXPECT_TRUE(is_client_file(name)) << name;
        EXPECT_EQ(parse_file_name(name), std::nullopt) << name;
    }
}

TEST(FileName, OtherFiles) {
    for (const auto* name :
         {"counter_17.db-journal", "counter.db", "counters_1.db", ".counter_1.db", "shop.db", "", ".db"}) {
        EXPECT_FALSE(is_client_file(name)) << name;
        EXPECT_EQ(parse_file_name(name), std::nullopt) << name;
    }
}

} // namespace
} // namespace multiprocess
