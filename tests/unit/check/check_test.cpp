// SPDX-License-Identifier: BSD-2-Clause
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/capability.h>

#include <nlohmann/json.hpp>

#include "check/gunicorns.h"
#include "check/json.h"
#include "check/machine.h"
#include "check/measures.h"
#include "check/text.h"
#include "fixtures/proc_tree.h"

namespace {

using check::Mark;
using testing::HasSubstr;
using testing::Not;

const check::Held kAll{~0ull};
constexpr check::KernelVersion kOld{5, 10};
constexpr check::KernelVersion kNew{6, 1};

const check::Finding& named(const std::vector<check::Finding>& findings, std::string_view name) {
    const auto found = std::ranges::find(findings, name, &check::Finding::name);
    if (found == findings.end()) throw std::out_of_range(std::string(name));
    return *found;
}

check::Held without(std::initializer_list<int> capabilities) {
    auto held = ~0ull;
    for (const auto capability : capabilities) held &= ~(1ull << capability);
    return check::Held(held);
}

TEST(Capabilities, AllThere) {
    for (const auto& finding : check::findings_of_capabilities(kAll, kOld))
        EXPECT_EQ(finding.mark, Mark::fine) << finding.name;
}

TEST(Capabilities, AnAdministratorNeedsNoYoungerOnes) {
    const auto findings = check::findings_of_capabilities(without({CAP_BPF, CAP_PERFMON}), kNew);
    EXPECT_EQ(named(findings, "CAP_BPF").mark, Mark::fine);
    EXPECT_EQ(named(findings, "CAP_BPF").value, "held, by CAP_SYS_ADMIN");
    EXPECT_EQ(named(findings, "CAP_PERFMON").mark, Mark::fine);
}

TEST(Capabilities, EachMissingOneSaysWhatItTakesAway) {
    const struct {
        std::string name;
        std::initializer_list<int> dropped;
        Mark mark;
        std::string effect;
    } cases[] = {
        {"CAP_BPF", {CAP_BPF, CAP_SYS_ADMIN}, Mark::fatal, "nothing can be observed"},
        {"CAP_PERFMON", {CAP_PERFMON, CAP_SYS_ADMIN}, Mark::fatal, "nothing can be observed"},
        {"CAP_SYS_PTRACE", {CAP_SYS_PTRACE}, Mark::fatal, "no more capabilities"},
        {"CAP_DAC_READ_SEARCH", {CAP_DAC_READ_SEARCH, CAP_DAC_OVERRIDE}, Mark::fatal, "as this user"},
        {"CAP_CHECKPOINT_RESTORE", {CAP_CHECKPOINT_RESTORE, CAP_SYS_ADMIN}, Mark::limited, "unknown"},
        {"CAP_SYS_RESOURCE", {CAP_SYS_RESOURCE}, Mark::limited, "limit"},
    };
    for (const auto& each : cases) {
        const auto findings = check::findings_of_capabilities(without(each.dropped), kOld);
        EXPECT_EQ(named(findings, each.name).mark, each.mark) << each.name;
        EXPECT_THAT(named(findings, each.name).effect, HasSubstr(each.effect)) << each.name;
    }
}

TEST(Capabilities, OneThatTheKernelDoesWithoutIsNotMissed) {
    const auto finding = named(check::findings_of_capabilities(without({CAP_SYS_RESOURCE}), kNew), "CAP_SYS_RESOURCE");
    EXPECT_EQ(finding.mark, Mark::fine);
    EXPECT_EQ(finding.effect, "not needed by this kernel");
}

TEST(Machine, OldKernelsAndMissingBtfAreFatal) {
    fixtures::ProcTree tree;
    const procfs::ProcFs proc(tree.root());
    const auto findings =
        check::findings_of_machine(proc, tree.root() / "no-sys", "4.19.0-18-amd64", {.capabilities = kAll});
    EXPECT_EQ(named(findings, "kernel").mark, Mark::fatal);
    EXPECT_EQ(named(findings, "btf").mark, Mark::fatal);
    EXPECT_EQ(check::version_in("5.10.0-9-amd64"), (check::KernelVersion{5, 10}));
    EXPECT_EQ(check::version_in("nonsense"), (check::KernelVersion{}));
}

TEST(Machine, LockdownAndYamaCount) {
    fixtures::ProcTree tree;
    tree.write("sys/kernel/yama/ptrace_scope", "3\n");
    tree.write("sysfs/kernel/security/lockdown", "none integrity [confidentiality]\n");
    const procfs::ProcFs proc(tree.root());
    const auto findings = check::findings_of_machine(proc, tree.root() / "sysfs", "6.1.0", {.capabilities = kAll});
    EXPECT_EQ(named(findings, "lockdown").mark, Mark::fatal);
    EXPECT_EQ(named(findings, "yama").mark, Mark::limited);
    EXPECT_EQ(named(findings, "memlock").mark, Mark::fine);
}

TEST(Privileges, AreReadFromProc) {
    fixtures::ProcTree tree;
    tree.write("self/status", "Name:\tx\nCapPrm:\t0000000000000000\nCapEff:\t000001ffffffffff\nSeccomp:\t2\n");
    tree.write("self/uid_map", "         0       1000          1\n");
    const auto found = check::privileges_of_self(procfs::ProcFs(tree.root()));
    for (int number = 0; number < 64; number++) EXPECT_EQ(found.capabilities.has(number), number < 41) << number;
    EXPECT_EQ(found.seccomp, 2);
    EXPECT_FALSE(found.initial_user_namespace);
    tree.write("self/uid_map", "         0          0 4294967295\n");
    EXPECT_TRUE(check::privileges_of_self(procfs::ProcFs(tree.root())).initial_user_namespace);
}

TEST(Gunicorns, VersionsComeFromDirectoryNames) {
    EXPECT_EQ(check::version_in_directory_name("gunicorn-20.1.0.egg-info"), "20.1.0");
    EXPECT_EQ(check::version_in_directory_name("gunicorn-23.0.0.dist-info"), "23.0.0");
    EXPECT_FALSE(check::version_in_directory_name("gunicorn-.dist-info"));
    EXPECT_FALSE(check::version_in_directory_name("gunicorn"));
    EXPECT_FALSE(check::version_in_directory_name("gunicorn_utils-1.0.dist-info"));
}

TEST(Gunicorns, LibrariesSpeakForAWorkerClass) {
    const std::string map =
        "7f00-7f01 r-xp 00000000 fe:01 4711 /usr/lib/python3/dist-packages/gevent/libev/corecext.so\n"
        "7f02-7f03 r--p 00000000 fe:01 4712 /usr/lib/x86_64-linux-gnu/libssl.so.3\n";
    EXPECT_EQ(check::worker_class_of_libraries(map), "gevent");
    EXPECT_EQ(check::worker_class_of_libraries(""), "");
    EXPECT_EQ(check::mapped_library(map, "libssl"), "/usr/lib/x86_64-linux-gnu/libssl.so.3");
    EXPECT_EQ(check::mapped_library(map, "libcrypto"), "");
}

check::GunicornFound gunicorn() {
    check::GunicornFound found{.master_pid = 4711, .app = "shop:app", .version = "20.1.0", .worker_class = "sync"};
    found.workers.push_back({4712, "worker_1_1700000000", "arbiter"});
    found.python = {.version = "3.11.2", .layout = "ok"};
    found.tls = {"", "no"};
    found.listeners.push_back({"127.0.0.1:8000", 2048, 3});
    return found;
}

const check::Measure& measure(const std::vector<check::Measure>& measures, std::string_view name) {
    const auto found = std::ranges::find(measures, name, &check::Measure::name);
    if (found == measures.end()) throw std::out_of_range(std::string(name));
    return *found;
}

using State = check::Measure::State;

TEST(Measures, EverythingWhereNothingIsWrong) {
    for (const auto& each : check::measures_of(gunicorn(), {}, true)) EXPECT_EQ(each.state, State::yes) << each.name;
}

TEST(Measures, NothingWhereServingWouldNotWork) {
    const auto measures = check::measures_of(gunicorn(), {}, false);
    ASSERT_EQ(measures.size(), 1u);
    EXPECT_EQ(measures[0].state, State::no);
}

TEST(Measures, TlsHidesRequestsButNotWaits) {
    auto found = gunicorn();
    found.tls.used = "yes";
    const auto measures = check::measures_of(found, {}, true);
    EXPECT_EQ(measure(measures, "requests").state, State::no);
    EXPECT_EQ(measure(measures, "exceptions").state, State::no);
    EXPECT_EQ(measure(measures, "backlog").state, State::yes);
    EXPECT_EQ(measure(measures, "lifecycle").state, State::yes);
}

TEST(Measures, AnUnknownLayoutHidesExceptionsOnly) {
    auto found = gunicorn();
    found.python = {.version = "3.99", .layout = "unsupported"};
    const auto measures = check::measures_of(found, {}, true);
    EXPECT_EQ(measure(measures, "exceptions").state, State::no);
    EXPECT_THAT(measure(measures, "exceptions").why, HasSubstr("3.99"));
    EXPECT_EQ(measure(measures, "requests").state, State::yes);
}

TEST(Measures, ARefusedProgramTakesItsGroupAway) {
    const std::vector<event::ProgramCheck> programs{{.name = "read_backlogs", .group = "backlog", .error = "EPERM"}};
    const auto measures = check::measures_of(gunicorn(), programs, true);
    EXPECT_EQ(measure(measures, "backlog").state, State::no);
    EXPECT_THAT(measure(measures, "backlog").why, HasSubstr("read_backlogs"));
    EXPECT_EQ(measure(measures, "queue waits").state, State::yes);
}

TEST(Measures, WithoutTheArbiterIdsMayBeTooLow) {
    auto found = gunicorn();
    found.workers[0].age_source = "fork_order";
    EXPECT_EQ(measure(check::measures_of(found, {}, true), "worker ids").state, State::partly);
}

check::Findings findings() {
    check::Findings result{.version = "1.2.3"};
    result.machine = {{"kernel", Mark::fine, "6.1.0", ""}, {"CAP_BPF", Mark::fatal, "missing", "nothing is measured"}};
    result.programs = {{.name = "sys_exit", .group = "core", .loaded = true, .attached = true},
                       {.name = "stream_bytes", .group = "core", .loaded = true, .on_its_own = false},
                       {.name = "read_backlogs", .group = "backlog", .error = "load: EPERM\nmany\nlines"}};
    result.gunicorns = {gunicorn()};
    result.gunicorns[0].app = "a\x1b[31m\xff";
    result.gunicorns[0].measures = {{"requests", State::yes, ""}, {"backlog", State::no, "refused"}};
    result.reasons = {"CAP_BPF: missing"};
    return result;
}

TEST(Text, IsMarkedAndCannotGarbleATerminal) {
    const auto text = check::text_of(findings(), false);
    EXPECT_THAT(text, HasSubstr("OK kernel"));
    EXPECT_THAT(text, HasSubstr("!! CAP_BPF"));
    EXPECT_THAT(text, HasSubstr("-- backlog"));
    EXPECT_THAT(text, HasSubstr("load: EPERM"));
    EXPECT_THAT(text, Not(HasSubstr("many")));
    EXPECT_THAT(text, HasSubstr("would not work"));
    EXPECT_THAT(text, HasSubstr("backlog 3 of 2048"));
    EXPECT_EQ(text.find('\x1b'), std::string::npos);
    EXPECT_THAT(check::text_of(findings(), true), HasSubstr("\x1b[32mOK\x1b[0m"));
}

TEST(JsonReport, IsOneObjectWhateverTheNames) {
    const auto object = nlohmann::json::parse(check::json_of(findings()));
    EXPECT_EQ(object["serving"]["would_work"], false);
    EXPECT_EQ(object["serving"]["reasons"][0], "CAP_BPF: missing");
    EXPECT_EQ(object["machine"]["CAP_BPF"]["status"], "fatal");
    EXPECT_EQ(object["machine"]["kernel"]["effect"], nullptr);
    EXPECT_EQ(object["programs"][0]["attached"], true);
    EXPECT_EQ(object["programs"][1]["attached"], nullptr);
    EXPECT_EQ(object["gunicorns"][0]["python"]["usdt_probes"], nullptr);
    EXPECT_EQ(object["gunicorns"][0]["listeners"][0]["limit"], 2048);
    EXPECT_EQ(object["gunicorns"][0]["measures"]["backlog"]["measured"], "no");
}

TEST(JsonReport, SaysThatServingWouldWork) {
    EXPECT_EQ(nlohmann::json::parse(check::json_of({}))["serving"]["would_work"], true);
}

} // namespace
