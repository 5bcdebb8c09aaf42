// SPDX-License-Identifier: BSD-2-Clause
// From what each target offers to what one page can show: a name has one type and one place, and a series the labels
// of its target.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "multiprocess/metric.h"

namespace multiprocess {

struct Offer {
    const Labels* target;         // labels to append
    std::vector<Family> families; // in order of name
    SeriesRefusals refused;       // what is left out is added here
};

// Every name that a metric of that name and type takes: those of its samples, and of the family in both formats.
std::vector<std::string> names_taken(const std::string& name, Type type);

using Names = std::set<std::string, std::less<>>;
using Clash = std::function<void(const std::string& metric, SeriesRefusal reason)>;

// The families of all offers, in order of name, each once. Names in `reserved` are the exporter's. Of two offers that
// do not agree the first counts. A label of the application's that the target has, too, becomes exported_…, as in
// Prometheus.
std::vector<Family> admit(std::vector<Offer>& offers, const Names& reserved, const Clash& clash);

} // namespace multiprocess
