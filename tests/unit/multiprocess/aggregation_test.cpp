// SPDX-License-Identifier: BSD-2-Clause
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <deque>
#include <limits>

#include "multiprocess/aggregation.h"
#include "multiprocess/number.h"

namespace multiprocess {
namespace {

// Files of a target, one after the other.
class Files {
public:
    explicit Files(std::size_t most_keys = 1000) : table(most_keys) {}

    struct Value {
        std::string key;
        double value;
        double timestamp = 0;
    };

    void add(const std::string& name, const std::vector<Value>& values) {
        const auto& parsed = names.emplace_back(*parse_file_name(name));
        auto& file = readings.emplace_back();
        for (const auto& each : values)
            file.push_back({table.id_of(parsed.type, each.key, SeriesTable::kNone), each.value, each.timestamp});
        parts.push_back({&parsed, file});
    }

    // "name{label=value,…} number" each, after "name type help".
    std::vector<std::string> lines() {
        std::vector<std::string> lines;
        for (const auto& family : aggregate(table, parts, refused)) {
            lines.push_back(fmt::format("{} {} {}", family.name, static_cast<int>(family.type), family.help));
            for (const auto& sample : family.samples) {
                std::string labels;
                for (const auto& [label, value] : sample.labels) labels += label + "=" + value + ",";
                lines.push_back(fmt::format("{}{{{}}} {}", sample.name, labels, client_number(sample.value)));
            }
        }
        return lines;
    }

    SeriesTable table;
    std::deque<FileName> names;
    std::deque<std::vector<Reading>> readings;
    std::vector<Part> parts;
    SeriesRefusals refused;
};

using Lines = std::vector<std::string>;

const std::string kOrders = R"(["a", "a_total", {"s": "x"}, "h"])";
const std::string kSimpleGauge = R"(["g", "g", {}, "h"])";

std::string bucket(const std::string& bound, const std::string& labels = "") {
    return fmt::format(R"(["d", "d_bucket", {{{}"le": "{}"}}, "h"])", labels, bound);
}

TEST(Aggregation, CountersAreAddedUp) {
    Files files;
    files.add("counter_1.db", {{kOrders, 1}, {R"(["a", "a_total", {"s": "b"}, "h"])", 5}});
    files.add("counter_2.db", {{kOrders, 2.5}});
    EXPECT_EQ(files.lines(), (Lines{"a 0 h", "a_total{s=b,} 5.0", "a_total{s=x,} 3.5"}));
}

TEST(Aggregation, InTheOrderOfTheFiles) {
    Files one;
    for (const double value : {0.1, 0.2, 0.3}) one.add("counter_1.db", {{kOrders, value}});
    Files other;
    for (const double value : {0.3, 0.2, 0.1}) other.add("counter_1.db", {{kOrders, value}});
    EXPECT_EQ(one.lines().back(), "a_total{s=x,} 0.6000000000000001");
    EXPECT_EQ(other.lines().back(), "a_total{s=x,} 0.6");
}

TEST(Aggregation, BucketsAreAccumulatedByBound) {
    Files files;
    const std::string sum = R"(["d", "d_sum", {}, "h"])";
    files.add("histogram_1.db", {{sum, 2}, {bucket("10.0"), 1}, {bucket("0.5"), 2}, {bucket("+Inf"), 0}});
    files.add("histogram_2.db",
              {{sum, 3}, {bucket("2.0"), 4}, {bucket("+Inf"), 1}, {R"(["d", "d_count", {}, "h"])", 99}});
    EXPECT_EQ(files.lines(), (Lines{"d 2 h", "d_bucket{le=0.5,} 2.0", "d_bucket{le=2.0,} 6.0", "d_bucket{le=10.0,} 7.0",
                                    "d_bucket{le=+Inf,} 8.0", "d_sum{} 5.0", "d_count{} 8.0"}));
}

TEST(Aggregation, ABoundIsANumberAndNoText) {
    Files files;
    files.add("histogram_1.db", {{bucket("1"), 1}, {bucket("1.0"), 2}, {bucket("1e+010"), 3}});
    EXPECT_EQ(files.lines(), (Lines{"d 2 h", "d_bucket{le=1.0,} 3.0", "d_bucket{le=1e+010,} 6.0", "d_count{} 6.0"}));
}

TEST(Aggregation, HistogramsStandTogether) {
    Files files;
    files.add("histogram_1.db", {{R"(["d", "d_sum", {"z": "2"}, "h"])", 7},
                                 {R"(["d", "d_sum", {"z": "3"}, "h"])", 9},
                                 {bucket("1.0", R"("z": "1", )"), 1},
                                 {bucket("1.0", R"("z": "2", )"), 2}});
    EXPECT_EQ(files.lines(),
              (Lines{"d 2 h", "d_bucket{le=1.0,z=1,} 1.0", "d_count{z=1,} 1.0", "d_bucket{le=1.0,z=2,} 2.0",
                     "d_sum{z=2,} 7.0", "d_count{z=2,} 2.0", "d_sum{z=3,} 9.0"}));
}

struct ModeCase {
    std::string mode;
    Lines lines;
};

TEST(Aggregation, GaugesByTheirMode) {
    const std::vector<ModeCase> cases{
        {"all", {"g 1 h", "g{pid=1,} 2.0", "g{pid=2,} -1.0", "g{pid=3,} 5.0"}},
        {"liveall", {"g 1 h", "g{pid=1,} 2.0", "g{pid=2,} -1.0", "g{pid=3,} 5.0"}},
        {"min", {"g 1 h", "g{} -1.0"}},
        {"livemin", {"g 1 h", "g{} -1.0"}},
        {"max", {"g 1 h", "g{} 5.0"}},
        {"livemax", {"g 1 h", "g{} 5.0"}},
        {"sum", {"g 1 h", "g{} 6.0"}},
        {"livesum", {"g 1 h", "g{} 6.0"}},
        {"mostrecent", {"g 1 h", "g{} 2.0"}},
        {"livemostrecent", {"g 1 h", "g{} 2.0"}},
    };
    for (const auto& [mode, lines] : cases) {
        Files files;
        files.add("gauge_" + mode + "_1.db", {{kSimpleGauge, 2, 300}});
        files.add("gauge_" + mode + "_2.db", {{kSimpleGauge, -1, 200}});
        files.add("gauge_" + mode + "_3.db", {{kSimpleGauge, 5, 100}});
        EXPECT_EQ(files.lines(), lines) << mode;
    }
}

TEST(Aggregation, AMostRecentValueWithoutATimeIsNone) {
    Files files;
    files.add("gauge_mostrecent_1.db", {{kSimpleGauge, 2, 0}});
    EXPECT_EQ(files.lines(), (Lines{"g 1 h"}));
}

TEST(Aggregation, OfEqualTimesTheFirstCounts) {
    Files files;
    files.add("gauge_mostrecent_1.db", {{kSimpleGauge, 2, 100}});
    files.add("gauge_mostrecent_2.db", {{kSimpleGauge, 3, 100}});
    EXPECT_EQ(files.lines().back(), "g{} 2.0");
}

TEST(Aggregation, NoNumberIsComparedAsThere) {
    const auto nan = std::numeric_limits<double>::quiet_NaN();
    Files first;
    first.add("gauge_min_1.db", {{kSimpleGauge, nan}});
    first.add("gauge_min_2.db", {{kSimpleGauge, 1}});
    EXPECT_EQ(first.lines().back(), "g{} NaN");
    Files later;
    later.add("gauge_min_1.db", {{kSimpleGauge, 1}});
    later.add("gauge_min_2.db", {{kSimpleGauge, nan}});
    EXPECT_EQ(later.lines().back(), "g{} 1.0");
}

TEST(Aggregation, TheModeOfTheLastFileAndTheHelpOfTheFirst) {
    Files files;
    files.add("gauge_all_1.db", {{R"(["g", "g", {}, "first"])", 2}});
    files.add("gauge_max_2.db", {{R"(["g", "g", {}, "second"])", 7}});
    EXPECT_EQ(files.lines(), (Lines{"g 1 first", "g{} 7.0"}));
}

TEST(Aggregation, AnOwnLabelPidIsReplaced) {
    Files files;
    files.add("gauge_all_8.db", {{R"(["g", "g", {"pid": "mine"}, "h"])", 2}});
    EXPECT_EQ(files.lines(), (Lines{"g 1 h", "g{pid=8,} 2.0"}));
}

TEST(Aggregation, ANameHasTheTypeThatComesFirst) {
    Files files;
    files.add("gauge_sum_1.db", {{R"(["a", "a", {}, "h"])", 2}});
    files.add("counter_1.db", {{kOrders, 7}});
    files.add("counter_2.db", {{kOrders, 7}});
    EXPECT_EQ(files.lines(), (Lines{"a 1 h", "a{} 2.0"}));
    EXPECT_EQ(files.refused.of(SeriesRefusal::type_clash), 1u); // one key, however many files have it
}

TEST(Aggregation, WhatCannotBeShownIsCounted) {
    Files files(3);
    files.add("counter_1.db",
              {{kOrders, 1}, {R"(["b", )", 1}, {R"(["b c", "b c_total", {}])", 1}, {R"(["c", "c_total", {}])", 1}});
    files.add("counter_2.db", {{kOrders, 1}, {R"(["b", )", 1}});
    EXPECT_EQ(files.lines(), (Lines{"a 0 h", "a_total{s=x,} 2.0"}));
    EXPECT_EQ(files.refused.of(SeriesRefusal::key), 1u);
    EXPECT_EQ(files.refused.of(SeriesRefusal::name), 1u);
    EXPECT_EQ(files.refused.of(SeriesRefusal::too_many_series), 1u);
}

} // namespace
} // namespace multiprocess
