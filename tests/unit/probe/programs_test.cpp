// SPDX-License-Identifier: BSD-2-Clause
// The table of programs against the object that holds them. Opening an object needs no privilege.
#include <bpf/libbpf.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <set>
#include <string>

#include "probe/kernel.h"
#include "probe/programs.h"

namespace probe {
namespace {

class Programs : public testing::Test {
protected:
    void SetUp() override { ASSERT_TRUE(skeleton_); }
    std::string section(const Program& program) const { return bpf_program__section_name(find(*skeleton_, program)); }
    const Object skeleton_ = open_object(Loops::bounded);
};

TEST_F(Programs, HaveOneRowEach) {
    std::set<const bpf_program*> listed;
    std::set<std::string_view> names;
    for (const auto& program : programs()) {
        EXPECT_TRUE(listed.insert(find(*skeleton_, program)).second) << program.name << " has two rows";
        EXPECT_TRUE(names.insert(program.name).second) << program.name << " names two programs";
    }
    bpf_program* program = nullptr;
    bpf_object__for_each_program(program, skeleton_->obj) EXPECT_TRUE(listed.contains(program))
        << bpf_program__name(program) << " has no row";
}

TEST_F(Programs, AreEnteredAsTheirSectionsSay) {
    for (const auto& program : programs()) {
        const auto in = section(program);
        EXPECT_EQ(in.starts_with("iter/"), program.entry == Entry::iterator) << program.name;
        EXPECT_EQ(in.starts_with("uprobe"), program.entry == Entry::uprobe) << program.name;
        EXPECT_EQ(in.starts_with("usdt"), program.entry == Entry::usdt) << program.name;
        EXPECT_EQ(python_probe_of(program).has_value(), program.entry == Entry::uprobe || program.entry == Entry::usdt)
            << program.name;
    }
}

TEST_F(Programs, NeedWhatThereIs) {
    std::set<contract::tail_call> indices;
    for (const auto& program : programs()) {
        EXPECT_EQ(program.needs.empty(), program.entry != Entry::tail_call && program.entry != Entry::usdt)
            << program.name;
        EXPECT_EQ(program.tail_call.has_value(), program.entry == Entry::tail_call) << program.name;
        if (program.entry != Entry::tail_call) continue;
        EXPECT_TRUE(indices.insert(*program.tail_call).second) << program.name << " has another's index";
        const auto caller = std::ranges::find(programs(), program.needs, &Program::name);
        ASSERT_NE(caller, programs().end()) << program.name;
        EXPECT_EQ(section(*caller), section(program)) << "a tail call stays within its program type and hook";
    }
    EXPECT_EQ(indices.size(), std::size_t{contract::TAIL_CALLS});
}

TEST_F(Programs, AreLoadedForTheirGroupOnly) {
    Options all;
    all.trace = all.groups.unlogged = all.groups.imports = true;
    Options none;
    none.groups = {.activity = false,
                   .waits = false,
                   .backlog = false,
                   .sizes = false,
                   .exceptions = false,
                   .collector = false,
                   .unlogged = false,
                   .imports = false};
    for (const auto& program : programs()) {
        EXPECT_TRUE(is_needed(program, all)) << program.name;
        EXPECT_EQ(is_needed(program, none), program.group == Group::core) << program.name;
    }
    prepare(*skeleton_, none);
    for (const auto& program : programs()) {
        EXPECT_EQ(bpf_program__autoload(find(*skeleton_, program)), program.group == Group::core) << program.name;
        EXPECT_EQ(bpf_program__autoattach(find(*skeleton_, program)), program.entry == Entry::hook) << program.name;
    }
}

TEST_F(Programs, AreReportedUnlessUserSpaceRunsThemOrTheyAreOptional) {
    for (const auto& program : programs()) {
        const bool is_optional =
            program.group == Group::trace || program.group == Group::unlogged || program.group == Group::imports;
        EXPECT_EQ(is_reported(program, Options{}), program.entry != Entry::user_space && !is_optional) << program.name;
    }
    Options tracing;
    tracing.trace = true;
    EXPECT_TRUE(is_reported(program_named("trace_switch"), tracing));
    Options less;
    less.groups.waits = false;
    EXPECT_TRUE(is_reported(program_named("sys_enter"), less)) << "as not attached";
}

} // namespace
} // namespace probe
