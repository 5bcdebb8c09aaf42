// SPDX-License-Identifier: BSD-2-Clause
#include "probe/probe.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <cerrno>
#include <span>
#include <utility>
#include <vector>

#include "clocks.h"
#include "errno_text.h"
#include "event/decode.h"
#include "probe/consistent_snapshot.h"
#include "probe/kernel.h"

namespace probe {

namespace {

std::uint64_t monotonic_ns() { return static_cast<std::uint64_t>(monotonic_time().count()); }

int decode_record(void* context, void* data, std::size_t bytes) {
    auto& drain = *static_cast<Drain*>(context);
    auto event = event::decode(std::span(static_cast<const std::byte*>(data), bytes));
    if (!event)
        drain.undecodable++;
    else if (drain.consumer)
        drain.consumer(std::move(*event));
    return 0;
}

} // namespace

Probe::Probe(std::unique_ptr<Kernel> kernel) : kernel_(std::move(kernel)) {}
Probe::~Probe() = default;

Result<std::unique_ptr<Probe>> Probe::load(const Options& options) {
    auto kernel = std::make_unique<Kernel>();
    kernel->skeleton = open_object(loops_of_kernel());
    if (!kernel->skeleton) return fail("open the BPF object: " + errno_name_and_text(errno));
    TRY_VOID(open_and_load(*kernel->skeleton, options));

    const auto& maps = kernel->skeleton->maps;
    TRY(auto slots, SlotIndex::map(map_fd(maps.slot_pages), bpf_map__max_entries(maps.slot_pages)));
    kernel->slots = std::move(slots);
    TRY(auto listeners, ListenerTables::map(map_fd(maps.listeners), bpf_map__max_entries(maps.listeners)));
    kernel->listeners = std::move(listeners);
    kernel->options = options;
    kernel->ring.reset(ring_buffer__new(map_fd(maps.records), decode_record, &kernel->drain, nullptr));
    if (!kernel->ring) return fail("open the ring buffer: " + errno_name_and_text(errno));
    TRY_VOID(attach(*kernel->skeleton));
    if (options.groups.backlog) {
        TRY(auto backlogs, attach_backlogs(*kernel->skeleton));
        kernel->backlogs = std::move(backlogs);
    }
    kernel->mappings = attach_mappings(*kernel->skeleton);
    return std::unique_ptr<Probe>(new Probe(std::move(kernel)));
}

event::Slot Probe::Kernel::take_slot(pid_t pid, contract::role role, event::Slot parent) {
    const auto& maps = skeleton->maps;
    if (!slots.covers(pid)) {
        pids_refused++;
        return 0;
    }
    event::Slot slot = slots.get(pid);
    if (!slot && bpf_map_lookup_and_delete_elem(map_fd(maps.free_slots), nullptr, &slot)) {
        slots_refused++;
        return 0;
    }
    const contract::process process{.tgid = static_cast<contract::u32>(pid),
                                    .role = role,
                                    .parent_slot = parent,
                                    .concurrency = contract::CONCURRENCY_OF_REQUESTS,
                                    .born_ns = monotonic_ns()};
    bpf_map_update_elem(map_fd(maps.processes), &slot, &process, BPF_ANY);
    slots.set(pid, slot);
    return slot;
}

event::Slot Probe::observe_master(pid_t pid, event::Slot expected) {
    if (expected && (!kernel_->slots.covers(pid) || kernel_->slots.get(pid) != expected)) return expected;
    return kernel_->take_slot(pid, contract::ROLE_MASTER, 0);
}

event::Slot Probe::observe_worker(pid_t pid, event::Slot master) {
    return kernel_->take_slot(pid, contract::ROLE_WORKER, master);
}

void Probe::set_concurrency(event::Slot master, event::Concurrency concurrency) {
    const int processes = map_fd(kernel_->skeleton->maps.processes);
    contract::process process{};
    if (bpf_map_lookup_elem(processes, &master, &process)) return;
    switch (concurrency) {
    case event::Concurrency::requests:
        process.concurrency = contract::CONCURRENCY_OF_REQUESTS;
        break;
    case event::Concurrency::processes:
        process.concurrency = contract::CONCURRENCY_OF_PROCESSES;
        break;
    case event::Concurrency::threads:
        process.concurrency = contract::CONCURRENCY_OF_THREADS;
        break;
    }
    bpf_map_update_elem(processes, &master, &process, BPF_EXIST);
}

void Probe::set_python(event::Slot master, const python::Layout& layout, python::Address first_thread_at,
                       std::optional<python::Address> ambient_exception, bool raises) {
    const int pythons = map_fd(kernel_->skeleton->maps.pythons);
    contract::python before{};
    bpf_map_lookup_elem(pythons, &master, &before);
    const auto raises_since_ns = before.raises_since_ns ? before.raises_since_ns : monotonic_ns();
    const contract::python python{.first_thread_at = first_thread_at,
                                  .thread_next = layout.thread_next,
                                  .thread_id = layout.thread_id,
                                  .thread_exc_info = layout.thread_exc_info,
                                  .exc_info_value = layout.exc_info_value,
                                  .exc_info_previous_item = layout.exc_info_previous_item,
                                  .object_type = layout.object_type,
                                  .type_name = layout.type_name,
                                  .type_flags = layout.type_flags,
                                  .thread_frame = layout.thread_frame,
                                  .c_frame_frame = layout.c_frame_frame,
                                  .thread_context = layout.thread_context,
                                  .frame_previous = layout.frame_previous,
                                  .frame_code = layout.frame_code,
                                  .frame_locals = layout.frame_locals,
                                  .frame_owner = layout.frame_owner,
                                  .code_filename = layout.code_filename,
                                  .code_name = layout.code_name,
                                  .sequence_size = layout.sequence_size,
                                  .tuple_items = layout.tuple_items,
                                  .int_digits = layout.int_digits,
                                  .str_length = layout.str_length,
                                  .str_state = layout.str_state,
                                  .str_ascii_text = layout.str_ascii_text,
                                  .str_kind_bit = layout.str_kind_bit,
                                  .reference_tags = layout.reference_tags(),
                                  .thread_raised = layout.thread_raised,
                                  .thread_raised_type = layout.thread_raised_type,
                                  .ambient_exception = ambient_exception.value_or(contract::AMBIENT_NOT_KNOWN),
                                  .raises_since_ns = raises ? raises_since_ns : 0,
                                  .object_frame = layout.object_frame,
                                  .dict_keys = layout.dict_keys,
                                  .keys_size = layout.keys_size,
                                  .keys_log2_index_bytes = layout.keys_log2_index_bytes,
                                  .keys_used = layout.keys_used,
                                  .keys_indices = layout.keys_indices,
                                  .bytes_items = layout.bytes_items,
                                  .exception_traceback = layout.exception_traceback,
                                  .str_other_text = layout.str_other_text,
                                  .reserved = {}};
    bpf_map_update_elem(pythons, &master, &python, BPF_ANY);
}

std::optional<event::Totals> Probe::totals(event::Slot slot, event::KernelTime now) const {
    const int map = map_fd(kernel_->skeleton->maps.totals);
    const int shared = map_fd(kernel_->skeleton->maps.busy_since);
    const auto totals = consistent_snapshot([&](contract::worker_totals& copy) {
        if (bpf_map_lookup_elem(map, &slot, &copy)) return false;
        // Workers with several threads have theirs in a map of its own.
        if (!copy.activity.busy_since_ns) bpf_map_lookup_elem(shared, &slot, &copy.activity.busy_since_ns);
        return true;
    });
    if (!totals) {
        kernel_->totals_torn++;
        return std::nullopt;
    }
    return event::decode(*totals, now);
}

int Probe::ring_fd() const { return ring_buffer__epoll_fd(kernel_->ring.get()); }

std::size_t Probe::drain(const std::function<void(event::Event)>& consumer) {
    kernel_->drain = {.consumer = consumer, .undecodable = 0};
    ring_buffer__consume(kernel_->ring.get());
    return std::exchange(kernel_->drain, {}).undecodable;
}

} // namespace probe
