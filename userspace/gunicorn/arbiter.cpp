// SPDX-License-Identifier: BSD-2-Clause
// The walk from the interpreter to the Arbiter and its workers.
#include "gunicorn/arbiter.h"

#include <fmt/format.h>

#include <limits>
#include <optional>
#include <set>
#include <string_view>

#include "gunicorn/facts.h"
#include "python/objects.h"
#include "python/stack.h"

namespace gunicorn {
namespace {

using python::Address;
using python::Objects;

// The master sleeps in a method of its Arbiter, in whichever thread and however deep.
struct Method {
    Address self;
    Address globals; // of the module gunicorn.arbiter
};

bool is_arbiter_module(std::string_view file) {
    constexpr std::string_view kFile = "gunicorn/arbiter.py";
    if (!file.ends_with(kFile)) return false;
    return file.size() == kFile.size() || file[file.size() - kFile.size() - 1] == '/';
}

Result<std::optional<Method>> method_in(const Objects& objects, Address thread) {
    TRY(const auto stack, python::frames(objects, thread));
    for (const auto& frame : stack) {
        const auto file = python::file_of(objects, frame);
        if (!file || !is_arbiter_module(*file)) continue;
        const auto self = python::first_local(objects, frame);
        if (!self || *self == 0) continue;
        const auto workers = objects.attribute(*self, "WORKERS");
        if (workers && *workers) return Method{*self, frame.globals};
    }
    return std::nullopt;
}

// A thread that is running while it is read may show nonsense; the Arbiter's sleeps nearly always.
Result<Method> find_method(const python::Interpreter& interpreter, const Objects& objects) {
    TRY(const auto threads, python::threads(interpreter, objects.memory()));
    std::string unreadable;
    for (const auto thread : threads) {
        const auto method = method_in(objects, thread);
        if (method && *method) return **method;
        if (!method) unreadable = method.error().text;
    }
    return fail(unreadable.empty() ? "no thread is in gunicorn/arbiter.py" : unreadable);
}

Result<std::int64_t> number(const Objects& objects, Address object, std::string_view attribute) {
    TRY(const auto found, objects.attribute(object, attribute));
    if (!found) return fail(fmt::format("no attribute {}", attribute));
    return objects.integer(*found);
}

// Error: the worker says that it has another pid than the one it is listed under.
Result<std::uint32_t> age_of(const Objects& objects, Address worker, std::int64_t pid, std::uint32_t worker_age) {
    TRY(const auto age, number(objects, worker, "age"));
    TRY(const auto own_pid, number(objects, worker, "pid"));
    if (own_pid != pid) return fail(fmt::format("WORKERS lists {} as {}", own_pid, pid));
    if (age < 1 || age > worker_age) return fail(fmt::format("age {} of {} workers", age, worker_age));
    return static_cast<std::uint32_t>(age);
}

Result<std::map<pid_t, std::uint32_t>> ages_of(const Objects& objects, Address workers, std::uint32_t worker_age) {
    TRY(const auto entries, objects.entries(workers));
    std::map<pid_t, std::uint32_t> ages;
    std::set<std::uint32_t> distinct;
    for (const auto& [key, worker] : entries) {
        TRY(const auto pid, objects.integer(key));
        TRY(const auto age, age_of(objects, worker, pid, worker_age));
        ages[static_cast<pid_t>(pid)] = age;
        if (!distinct.insert(age).second) return fail(fmt::format("two workers of age {}", age));
    }
    return ages;
}

Result<Arbiter> read_arbiter(const Objects& objects, const Method& method, std::optional<pid_t> own_pid) {
    TRY(const auto pid, number(objects, method.self, "pid"));
    // The Arbiter that a fork of a master inherited is not its own.
    if (own_pid && pid != *own_pid) return fail(fmt::format("the Arbiter is that of the process {}", pid));
    TRY(const auto worker_age, number(objects, method.self, "worker_age"));
    if (worker_age < 0 || worker_age > std::numeric_limits<std::uint32_t>::max())
        return fail(fmt::format("worker_age is {}", worker_age));
    TRY(const auto workers, objects.attribute(method.self, "WORKERS"));
    Arbiter arbiter{.worker_age = static_cast<std::uint32_t>(worker_age)};
    TRY(auto ages, ages_of(objects, *workers, arbiter.worker_age));
    arbiter.ages = std::move(ages);
    arbiter.facts = facts_of(objects, method.self, method.globals);
    const auto wanted = number(objects, method.self, "_num_workers");
    if (wanted && *wanted >= 0 && *wanted <= std::numeric_limits<std::uint32_t>::max())
        arbiter.num_workers = static_cast<std::uint32_t>(*wanted);
    return arbiter;
}

} // namespace

Result<python::Interpreter> ArbiterReader::interpreter_of(pid_t master, python::Memory& memory) {
    if (const auto known = interpreters_.find(master); known != interpreters_.end()) return known->second;
    auto found = python::find_interpreter(*proc_, master, memory);
    if (found) interpreters_[master] = *found;
    return found;
}

Result<Arbiter> ArbiterReader::operator()(pid_t master) {
    auto memory = python::Memory::open(*proc_, master);
    if (!memory) {
        interpreters_.erase(master);
        return std::unexpected(memory.error());
    }
    TRY(const auto interpreter, interpreter_of(master, *memory));
    std::optional<pid_t> own_pid;
    if (const auto status = proc_->status(master); status && !status->namespace_pids.empty())
        own_pid = status->namespace_pids.back();

    const Objects objects(*memory, *interpreter.layout);
    const auto method = find_method(interpreter, objects);
    auto arbiter = method ? read_arbiter(objects, *method, own_pid) : Result<Arbiter>{std::unexpected(method.error())};
    if (arbiter) arbiter->facts["python"] = interpreter.version;
    if (!arbiter) interpreters_.erase(master); // perhaps it has executed something else
    return arbiter;
}

} // namespace gunicorn
