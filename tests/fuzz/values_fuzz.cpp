// SPDX-License-Identifier: BSD-2-Clause
// libFuzzer target: any bytes as two of the client's files. They are refused or make families that can be written,
// twice the same.
//
// The input: the first file's type (one byte), where the second begins (two bytes), the bytes of both.
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <span>
#include <vector>

#include "multiprocess/aggregation.h"
#include "multiprocess/number.h"
#include "multiprocess/offered.h"
#include "multiprocess/values_file.h"

namespace {

using namespace multiprocess;

void require(bool holds) {
    if (!holds) std::abort();
}

std::vector<Reading> readings_of(std::span<const std::byte> bytes, const FileName& name, SeriesTable& table) {
    std::vector<Reading> readings;
    const auto decoded = decode_values(bytes);
    const auto* values = std::get_if<Values>(&decoded);
    if (values == nullptr) return readings;
    for (const auto& entry : values->entries) {
        require(entry.key.data() >= reinterpret_cast<const char*>(bytes.data()));
        require(entry.key.data() + entry.key.size() <= reinterpret_cast<const char*>(bytes.data() + bytes.size()));
        readings.push_back({table.id_of(name.type, entry.key, SeriesTable::kNone), entry.value, entry.timestamp});
        require(table.id_of(name.type, entry.key, readings.back().key) == readings.back().key);
    }
    return readings;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static constexpr std::array<const char*, 8> kNames{"counter_1.db",       "histogram_1.db",       "summary_1.db",
                                                       "gauge_all_1.db",     "gauge_min_1.db",       "gauge_max_1.db",
                                                       "gauge_livesum_1.db", "gauge_mostrecent_1.db"};
    if (size < 3) return 0;
    const auto name = *parse_file_name(kNames[data[0] % kNames.size()]);
    const auto other = *parse_file_name(kNames[data[0] / kNames.size() % kNames.size()]);
    const auto bytes = std::as_bytes(std::span(data, size)).subspan(3);
    const auto cut = (data[1] | std::size_t{data[2]} << 8) % (bytes.size() + 1);
    // Copies: a read beyond the end is found.
    const std::vector<std::byte> first(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(cut));
    const std::vector<std::byte> second(bytes.begin() + static_cast<std::ptrdiff_t>(cut), bytes.end());
    if (const auto used = used_bytes(first)) require(*used % 8 == 0);

    SeriesTable table(16);
    const auto one = readings_of(first, name, table);
    const auto two = readings_of(second, other, table);
    const std::array parts{Part{&name, one}, Part{&other, two}, Part{&name, one}};
    SeriesRefusals refused;
    std::vector<Offer> offers{{nullptr, aggregate(table, parts, refused), refused}};
    const Labels target{{"app", "a"}, {"master_pid", "1"}};
    offers[0].target = &target;
    for (const auto& family : admit(offers, {"ours"}, [](const auto&, auto) {})) {
        require(!family.name.empty() && family.name != "ours");
        for (const auto& sample : family.samples) {
            require(sample.name.starts_with(family.name) && !client_number(sample.value).empty());
            for (std::size_t i = 1; i < sample.labels.size(); ++i)
                require(sample.labels[i - 1].first < sample.labels[i].first);
        }
    }
    return 0;
}
