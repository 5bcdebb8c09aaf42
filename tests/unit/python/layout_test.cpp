// SPDX-License-Identifier: BSD-2-Clause
// The table of offsets against what the compiler says for each release.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "python/layout.h"

namespace python {
namespace {

struct Compiled {
    std::vector<std::string> releases;
    std::map<std::string, std::vector<std::string>> rows;
};

Compiled compiled() {
    Compiled result;
    std::ifstream file(FIXTURES "/python_offsets.txt");
    for (std::string line; std::getline(file, line);) {
        if (line.empty() || line.front() == '#') continue;
        std::istringstream fields(line);
        std::string name;
        fields >> name;
        auto& row = name == "field" ? result.releases : result.rows[name];
        for (std::string field; fields >> field;) row.push_back(field);
    }
    return result;
}

// "PyThreadState.frame/cframe/current_frame" has the name PyThreadState.current_frame in the newest version.
std::string newest_name(std::string_view name) {
    const auto slash = name.rfind('/');
    if (slash == std::string_view::npos) return std::string(name);
    const auto owner = name.substr(0, name.rfind('.', name.find('/')) + 1);
    return fmt::format("{}{}", owner, name.substr(slash + 1));
}

Build build_of(const std::string& release) { return {std::stoi(release.substr(2)), release.ends_with('t')}; }

TEST(Layout, IsWhatTheCompilerSaysForEveryRelease) {
    const auto truth = compiled();
    ASSERT_EQ(truth.releases.size(), 15u);
    int compared = 0;
    for (const auto& field : fields()) {
        const auto row = truth.rows.find(newest_name(field.name));
        ASSERT_NE(row, truth.rows.end()) << field.name;
        ASSERT_EQ(row->second.size(), truth.releases.size()) << field.name;
        for (std::size_t i = 0; i < truth.releases.size(); ++i) {
            const auto& expected = row->second[i];
            if (expected == "?") continue;
            const auto [minor, free_threaded] = build_of(truth.releases[i]);
            const auto* layout = layout_of(minor, free_threaded);
            ASSERT_NE(layout, nullptr) << truth.releases[i];
            const auto offset = layout->*field.offset;
            EXPECT_EQ(offset == kAbsent ? "-" : std::to_string(offset), expected)
                << field.name << " in " << truth.releases[i];
            ++compared;
        }
    }
    EXPECT_GT(compared, 600);
}

TEST(Layout, KnowsWhereEachReleaseDescribesItself) {
    const std::map<std::string, std::string> description{
        {"_PyRuntimeState.interpreters.head", "runtime_state.interpreters_head"},
        {"PyInterpreterState.threads.head", "interpreter_state.threads_head"},
        {"PyThreadState.next", "thread_state.next"},
        {"PyThreadState.interp", "thread_state.interp"},
        {"PyThreadState.thread_id", "thread_state.thread_id"},
        {"PyThreadState.current_frame", "thread_state.current_frame"},
        {"_PyInterpreterFrame.previous", "interpreter_frame.previous"},
        {"_PyInterpreterFrame.f_executable", "interpreter_frame.executable"},
        {"_PyInterpreterFrame.localsplus", "interpreter_frame.localsplus"},
        {"_PyInterpreterFrame.instr_ptr", "interpreter_frame.instr_ptr"},
        {"_PyInterpreterFrame.owner", "interpreter_frame.owner"},
        {"_PyInterpreterFrame.tlbc_index", "interpreter_frame.tlbc_index"},
        {"PyCodeObject.co_qualname", "code_object.qualname"},
        {"PyCodeObject.co_firstlineno", "code_object.firstlineno"},
        {"PyCodeObject.co_linetable", "code_object.linetable"},
        {"PyCodeObject.co_code_adaptive", "code_object.co_code_adaptive"},
        {"PyCodeObject.co_tlbc", "code_object.co_tlbc"},
        {"PyBytesObject.ob_sval", "bytes_object.ob_sval"},
        {"PyCodeObject.co_filename", "code_object.filename"},
        {"PyCodeObject.co_name", "code_object.name"},
        {"PyObject.ob_type", "pyobject.ob_type"},
        {"PyTypeObject.tp_name", "type_object.tp_name"},
        {"PyTypeObject.tp_flags", "type_object.tp_flags"},
        {"PyTupleObject.ob_item", "tuple_object.ob_item"},
        {"PyListObject.ob_item", "list_object.ob_item"},
        {"PyDictObject.ma_keys", "dict_object.ma_keys"},
        {"PyDictObject.ma_values", "dict_object.ma_values"},
        {"PyLongObject.lv_tag", "long_object.lv_tag"},
        {"PyLongObject.ob_digit", "long_object.ob_digit"},
        {"PyASCIIObject.length", "unicode_object.length"},
        {"PyASCIIObject.state", "unicode_object.state"},
        {"sizeof(PyASCIIObject)", "unicode_object.asciiobject_size"},
    };
    const auto truth = compiled();
    std::size_t found = 0;
    for (const auto& field : fields()) {
        const auto name = description.find(newest_name(field.name));
        if (name == description.end()) {
            EXPECT_EQ(field.described_at, (std::array<Offset, 3>{})) << field.name;
            continue;
        }
        ++found;
        const auto& row = truth.rows.at("_Py_DebugOffsets." + name->second);
        for (const std::string release : {"3.13.0", "3.14.10", "3.15.2"}) {
            const auto column = std::ranges::find(truth.releases, release) - truth.releases.begin();
            const auto at = static_cast<std::size_t>(build_of(release).minor - kFirstSelfDescribed);
            const auto described_at = field.described_at[at];
            EXPECT_EQ(described_at == 0 ? "-" : std::to_string(described_at), row[static_cast<std::size_t>(column)])
                << field.name << " in " << release;
        }
    }
    EXPECT_EQ(found, description.size());
}

TEST(Layout, OtherVersionsAreNotKnown) {
    for (const auto minor : {-1, 0, 6, 7, 16, 99}) EXPECT_EQ(layout_of(minor, false), nullptr) << minor;
    EXPECT_EQ(layout_of(12, true), nullptr);
    EXPECT_EQ(layout_of(16, true), nullptr);
}

Description described_as(const Layout& layout) {
    Description description{};
    std::memcpy(description.data(), "xdebugpy", 8);
    for (const auto& field : fields()) {
        const std::uint64_t value = layout.*field.offset;
        const auto at = field.described_at[static_cast<std::size_t>(layout.minor - kFirstSelfDescribed)];
        if (at != 0) std::memcpy(description.data() + at, &value, sizeof value);
    }
    return description;
}

TEST(Layout, EveryFieldThatTheInterpreterDescribesIsCompared) {
    for (const auto& build : kBuilds) {
        if (build.minor < kFirstSelfDescribed) continue;
        const auto& layout = *layout_of(build.minor, build.free_threaded);
        EXPECT_TRUE(agree(layout, described_as(layout)));
        for (const auto& field : fields()) {
            const auto at = field.described_at[static_cast<std::size_t>(layout.minor - kFirstSelfDescribed)];
            if (at == 0 || layout.*field.offset == kAbsent) continue; // what is not there is not compared
            auto other = described_as(layout);
            const std::uint64_t moved = layout.*field.offset + 8u;
            std::memcpy(other.data() + at, &moved, sizeof moved);
            const auto result = agree(layout, other);
            ASSERT_FALSE(result) << field.name;
            EXPECT_NE(result.error().text.find(field.name), std::string::npos);
        }
    }
}

} // namespace
} // namespace python
