// SPDX-License-Identifier: BSD-2-Clause
// The memory of another process, read page by page. The process is neither stopped nor told: what is read may change
// while it is being read, so nothing found here is believed before it was checked.
#pragma once

#include <sys/types.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <type_traits>
#include <utility>

#include "descriptor.h"
#include "procfs/procfs.h"
#include "result.h"

namespace python {

using Address = std::uint64_t;

// What one look may cost at most. Garbage that leads in circles ends with an Error.
struct Budget {
    std::size_t pages = 4096;    // read from the process: 16 MiB
    std::size_t reads = 1 << 18; // answered, from pages that were read before too
};

class Memory {
public:
    static constexpr std::size_t kPage = 4096;

    // Through /proc/<pid>/mem, not process_vm_readv(2): the open file stays with this address space, whoever gets the
    // pid next and whatever the process executes, and it is one of `proc`'s. Both ask for the same privilege.
    // Errors: no such process; no CAP_SYS_PTRACE, or Yama's ptrace_scope is 3.
    static Result<Memory> open(const procfs::ProcFs& proc, pid_t pid, Budget budget = {});

    // All of `into`. Errors: an address that is not mapped, a process that has ended, a budget that is used up.
    Result<void> read(Address address, std::span<std::byte> into);

    template <typename Value>
        requires std::is_trivially_copyable_v<Value>
    Result<Value> value(Address address) {
        Value value{};
        TRY_VOID(read(address, std::as_writable_bytes(std::span(&value, 1))));
        return value;
    }
    Result<Address> pointer(Address address) { return value<Address>(address); }

    // The next reads are of what memory holds then, and have the whole budget again.
    void forget();

    // Up to the NUL. Error: there is none within `longest` bytes.
    Result<std::string> c_string(Address address, std::size_t longest = 256);

private:
    using Page = std::array<std::byte, kPage>;

    Memory(Descriptor file, pid_t pid, Budget budget)
        : file_{std::move(file)}, pid_{pid}, budget_{budget}, left_{budget} {}
    Result<const Page*> page(Address begin);

    Descriptor file_;
    pid_t pid_;
    Budget budget_;
    Budget left_;
    std::map<Address, Page> pages_;
};

} // namespace python
