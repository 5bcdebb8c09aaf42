// SPDX-License-Identifier: BSD-2-Clause
// The parts of the benchmark that need BPF or exact timing; bench.py starts them, reads what they print and ends them
// by closing their standard input.
#include <bpf/bpf.h>
#include <fmt/format.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <charconv>
#include <span>
#include <string_view>

#include "exchange.h"
#include "probes.h"
#include "stopwatch.h"
#include "unobserved.h"

namespace {

constexpr std::string_view kUsage =
    "usage: bench_probe empty              an empty program on sys_exit\n"
    "       bench_probe stopwatch PID      times PID's visits of sys_exit\n"
    "       bench_probe statistics         switches the kernel's run-time statistics on\n"
    "       bench_probe unobserved ROUNDS  times system calls of its own\n"
    "       bench_probe exchange ROUNDS    a child times a server's system calls\n";

void say(std::string_view text) {
    fmt::print("{}\n", text);
    fflush(stdout);
}

// Returns when standard input has a line, or has ended.
void wait_for_line() {
    char byte = 0;
    while (read(STDIN_FILENO, &byte, 1) == 1 && byte != '\n') {
    }
}

Result<int> number(std::string_view text) {
    int value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size() || value < 1) {
        return fail(fmt::format("{}: a number from 1 is expected", text));
    }
    return value;
}

Result<void> keep_empty_program() {
    auto probes = bench::load(0);
    if (!probes) return std::unexpected(probes.error());
    auto link = bench::attach(*probes, bench::Program::empty);
    if (!link) return std::unexpected(link.error());
    say("attached");
    wait_for_line();
    return {};
}

// Begins; a line later ends: what the caller attaches in between is timed. Another line later it prints.
Result<void> run_stopwatch(pid_t process) {
    auto probes = bench::load(process);
    if (!probes) return std::unexpected(probes.error());
    auto begin = bench::attach(*probes, bench::Program::stopwatch_begin);
    if (!begin) return std::unexpected(begin.error());
    say("begun");
    wait_for_line();
    auto end = bench::attach(*probes, bench::Program::stopwatch_end);
    if (!end) return std::unexpected(end.error());
    say("running");
    wait_for_line();
    end->reset();
    auto times = bench::read_times(*probes);
    if (!times) return std::unexpected(times.error());
    for (const auto& [call, time] : *times) {
        fmt::print("{}\t{}\t{}\t{}\n", bench::name_of_call(call), time.visits, time.sum_ns, time.interrupted);
    }
    return {};
}

// The kernel counts how many descriptors of this kind are open, so that nothing stays switched on behind us.
Result<void> keep_statistics_on() {
    const int enabled = bpf_enable_stats(BPF_STATS_RUN_TIME);
    if (enabled < 0) return fail("switch the kernel's BPF statistics on: needs root and Linux 5.8");
    say("on");
    wait_for_line();
    close(enabled);
    return {};
}

Result<void> run_unobserved(int rounds) {
    const auto costs = bench::time_calls(rounds);
    if (!costs) return std::unexpected(costs.error());
    fmt::print("{:.1f}\t{:.1f}\t{:.4f}\n", costs->read_ns, costs->getppid_ns, costs->calibration_ns);
    return {};
}

// The child of a process that listens is a worker to the exporter's programs, until its user space looks closer.
Result<void> be_a_server(int rounds) {
    const auto listener = bench::listen_anywhere();
    if (!listener) return std::unexpected(listener.error());
    const pid_t child = fork();
    if (child < 0) return fail("fork failed");
    if (child) {
        int status = 0;
        waitpid(child, &status, 0);
        return status ? fail("the child failed") : Result<void>{};
    }
    const auto costs = bench::time_exchanges(*listener, rounds);
    if (!costs) return std::unexpected(costs.error());
    fmt::print("{:.1f}\t{:.1f}\t{:.1f}\t{:.1f}\t{:.1f}\t{:.4f}\n", costs->accept_ns, costs->read_ns,
               costs->write_head_ns, costs->write_body_ns, costs->close_ns, costs->calibration_ns);
    return {};
}

Result<void> run(std::span<char*> arguments) {
    const std::string_view mode = arguments.size() > 1 ? arguments[1] : "";

    if (mode == "empty" && arguments.size() == 2) return keep_empty_program();
    if (mode == "statistics" && arguments.size() == 2) return keep_statistics_on();
    if ((mode != "stopwatch" && mode != "unobserved" && mode != "exchange") || arguments.size() != 3) {
        return fail(std::string(kUsage));
    }
    const auto value = number(arguments[2]);
    if (!value) return std::unexpected(value.error());
    if (mode == "stopwatch") return run_stopwatch(*value);
    return mode == "unobserved" ? run_unobserved(*value) : be_a_server(*value);
}

} // namespace

int main(int argc, char** argv) {
    const auto done = run(std::span(argv, static_cast<std::size_t>(argc)));
    if (done) return 0;
    fmt::print(stderr, "{}\n", done.error().text);
    return 1;
}
