// SPDX-License-Identifier: BSD-2-Clause
// What the name of one of the client's files says: "counter_4711.db", "gauge_livesum_4711.db".
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "multiprocess/metric.h"

namespace multiprocess {

enum class Mode { all, min, max, sum, most_recent };

struct FileName {
    Type type = Type::counter;
    Mode mode = Mode::all; // of a gauge
    bool live = false;     // of a gauge: only while the process lives
    std::string pid;       // usually a number: what os.getpid() says, unless the application says otherwise

    bool operator==(const FileName&) const = default;
};

// Whether the name begins like one of them. Other programs' *.db files may lie beside them.
bool is_client_file(std::string_view name);

// Nothing for a type or mode that is not known.
std::optional<FileName> parse_file_name(std::string_view name);

} // namespace multiprocess
