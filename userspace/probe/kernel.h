// SPDX-License-Identifier: BSD-2-Clause
// What a Probe holds of the kernel. Included only within this folder.
#pragma once

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "contract.h"
#include "probe/link.h"
#include "probe/object.h"
#include "probe/probe.h"
#include "probe/usdt.h"

namespace probe {

struct Ring {
    void operator()(ring_buffer* ring) const { ring_buffer__free(ring); }
};

// Memory shared with the kernel: which slot a pid has. Entries are single aligned stores on both sides.
class SlotIndex {
public:
    SlotIndex() = default;
    static Result<SlotIndex> map(int map_fd, std::uint32_t pages);
    SlotIndex(SlotIndex&& other) noexcept;
    SlotIndex& operator=(SlotIndex&& other) noexcept;
    ~SlotIndex();

    // False for a pid beyond the pid_max that the index was made for.
    bool covers(pid_t pid) const;
    event::Slot get(pid_t pid) const; // 0: none
    void set(pid_t pid, event::Slot slot);

private:
    std::uint16_t* cells_ = nullptr;
    std::size_t count_ = 0;
};

// Memory shared with the kernel: what each process listens on, by slot. The half `found` is written here only.
class ListenerTables {
public:
    ListenerTables() = default;
    static Result<ListenerTables> map(int map_fd, std::uint32_t slots);
    ListenerTables(ListenerTables&& other) noexcept;
    ListenerTables& operator=(ListenerTables&& other) noexcept;
    ~ListenerTables();

    // False: the slot has as many as are kept of one.
    bool add(event::Slot slot, std::uint64_t inode);
    void clear(event::Slot slot);
    std::uint64_t entries() const;
    std::uint64_t capacity() const;

private:
    std::span<contract::listener_table> tables_;
};

struct PythonLinks {
    PythonProbe probe;
    Links links; // to one file
};

struct Program;

struct Drain {
    std::function<void(event::Event)> consumer;
    std::size_t undecodable = 0;
};

struct Probe::Kernel {
    // 0: no slot is free, or the pid is beyond pid_max, and counted.
    event::Slot take_slot(pid_t pid, contract::role role, event::Slot parent);
    bool is_attached(PythonProbe probe) const; // to any file
    bool is_attached(const Program& program) const;
    void forget_python(event::Slot slot) const;
    bool holds(event::Slot slot, pid_t pid) const; // the slot is this process's
    void clear(event::Slot slot);                  // what the maps have by slot

    // Destroyed in reverse order: the ring and the index before the maps that they look into.
    Object skeleton;
    SlotIndex slots;
    ListenerTables listeners;
    std::unique_ptr<ring_buffer, Ring> ring;
    Drain drain;                              // that is going on; the ring has its address
    std::unique_ptr<bpf_link, Link> backlogs; // the iterator; nothing when it is turned off
    std::unique_ptr<bpf_link, Link> mappings; // as attach_mappings()
    std::map<PythonProbeId, PythonLinks> python_links;
    PythonProbeId last_python_probe = 0;
    UsdtSpecs usdt_specs;
    Options options;
    std::uint64_t slots_refused = 0;     // by user space; the kernel counts its own
    std::uint64_t pids_refused = 0;      // likewise
    std::uint64_t listeners_refused = 0; // likewise
    std::uint64_t totals_torn = 0;
};

// In load.cpp.
void prepare(gunicorn_probes& skeleton, const Options& options); // what comes before loading: sizes and a choice
Error failure(std::string_view step, int error);                 // with a hint, and what libbpf said since prepare()
Result<void> open_and_load(gunicorn_probes& skeleton, const Options& options);
Result<void> attach(gunicorn_probes& skeleton);

// In iterator.cpp: reads what an iterator writes, in whole records of a kind.
Result<void> read_iterator(const bpf_link* link, std::size_t record_size,
                           const std::function<void(std::span<const std::byte>)>& consumer);

// In backlogs.cpp.
Result<std::unique_ptr<bpf_link, Link>> attach_backlogs(gunicorn_probes& skeleton);

// In mapped_file.cpp: the iterator over mapped files; nullptr before Linux 5.12.
std::unique_ptr<bpf_link, Link> attach_mappings(const gunicorn_probes& skeleton);

inline int map_fd(const bpf_map* map) { return bpf_map__fd(map); }

// Visits each key of a hash map. Keys that come and go meanwhile may be missed or seen twice.
template <typename Key, typename Visit> void for_each_key(int map, Visit visit) {
    Key key{};
    Key next{};
    void* previous = nullptr;
    while (!bpf_map_get_next_key(map, previous, &next)) {
        visit(next);
        key = next;
        previous = &key;
    }
}

// In grace.cpp.
// Runs one of the programs that wait for user space (BPF_PROG_TEST_RUN for raw tracepoints, Linux 5.10).
void run(const bpf_program* program, std::array<std::uint64_t, 4> arguments);

// "EPERM (Operation not permitted)".
// In interpreters.cpp: the same, with a hint for probes in files.
std::string describe_attach_error(int error);

} // namespace probe
