// SPDX-License-Identifier: BSD-2-Clause
// The code objects of one process that were read before. Each use looks whether the object is still the same one: a
// process makes and frees code objects, and their addresses are used again.
#pragma once

#include <unordered_map>

#include "python/code.h"
#include "python/objects.h"
#include "result.h"

namespace stacks {

class CodeCache {
public:
    // A process with more has them read again.
    static constexpr std::size_t kMaxEntries = 1 << 14;
    // So many uses later the texts and lines are read again too: those of another object may lie at the same places.
    static constexpr unsigned kUses = 256;

    // The code at `address`, valid until the next call. Errors: there is none.
    Result<const python::Code*> code(const python::Objects& objects, python::Address address);

private:
    struct Known {
        python::Code code;
        unsigned uses_left = kUses;
    };
    std::unordered_map<python::Address, Known> known_;
};

} // namespace stacks
