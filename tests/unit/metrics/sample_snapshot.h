// SPDX-License-Identifier: BSD-2-Clause
// Snapshots to test with: the numbers of the metrics documentation, and a large one.
#pragma once

#include <cstddef>

#include "metrics/families.h"
#include "model/snapshot.h"

// One Gunicorn observed by --pid, with the worker of the metrics documentation and one that has ended.
model::Snapshot documented_snapshot();

// `targets` Gunicorns with target labels and eight workers each, with `endpoints` failed endpoints a worker.
model::Snapshot large_snapshot(std::size_t targets, std::size_t endpoints);

inline const metrics::Build kBuild{"0.1.0", "1.1", "6.1.0-test"};
