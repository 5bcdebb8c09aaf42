// SPDX-License-Identifier: BSD-2-Clause
// The code objects of one process that were read before.
#include "stacks/code_cache.h"

#include <utility>

namespace stacks {

Result<const python::Code*> CodeCache::code(const python::Objects& objects, python::Address address) {
    TRY(const auto identity, python::identify_code(objects, address));
    const auto found = known_.find(address);
    if (found != known_.end() && found->second.uses_left > 0 && found->second.code.identity == identity) {
        --found->second.uses_left;
        return &found->second.code;
    }
    TRY(auto code, python::read_code(objects, identity));
    if (known_.size() >= kMaxEntries) known_.clear();
    return &known_.insert_or_assign(address, Known{std::move(code)}).first->second.code;
}

} // namespace stacks
