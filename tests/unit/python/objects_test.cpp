// SPDX-License-Identifier: BSD-2-Clause
// Objects of every interpreter of this machine, read while it waits in sample.py.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cctype>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "python/interpreter.h"
#include "python/objects.h"
#include "python/stack.h"
#include "python_process.h"

namespace python {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const std::string kSample = SOURCE_ROOT "/tests/unit/python/sample.py";

template <typename Value> Value must(Result<Value> result) {
    if (!result) throw std::runtime_error(result.error().text);
    return *std::move(result);
}

// One process an interpreter serves all tests with it.
class ObjectsTest : public testing::TestWithParam<Command> {
protected:
    void SetUp() override {
        auto& process = processes_[GetParam()];
        if (!process) {
            process = std::make_unique<PythonProcess>(GetParam(), std::vector<std::string>{"-S", "-B", kSample});
            ASSERT_EQ(process->line(), "ready");
        }
        pid_ = process->pid();
        memory_.emplace(must(Memory::open(proc_, pid_)));
        interpreter_ = must(find_interpreter(proc_, pid_, *memory_));
        objects_.emplace(*memory_, *interpreter_.layout);
        frames_ = waiting_frames();
        ASSERT_FALSE(frames_.empty());
        holder_ = must(first_local(*objects_, frames_.front()));
        samples_ = attribute(holder_, "samples");
    }
    static void TearDownTestSuite() { processes_.clear(); }

    // The frames in sample.py of the thread that waits in Holder.wait().
    std::vector<Frame> waiting_frames() {
        std::vector<Frame> most;
        for (const auto thread : must(threads(interpreter_, *memory_))) {
            std::vector<Frame> own;
            for (const auto& frame : must(frames(*objects_, thread)))
                if (must(file_of(*objects_, frame)) == kSample) own.push_back(frame);
            if (own.size() > most.size()) most = own;
        }
        return most;
    }

    Address attribute(Address object, std::string_view name) {
        const auto found = must(objects_->attribute(object, name));
        if (!found) throw std::runtime_error(fmt::format("no attribute {}", name));
        return *found;
    }
    Address sample(std::string_view name) { return attribute(samples_, name); }
    std::int64_t integer(Address object, std::string_view name) {
        return must(objects_->integer(attribute(object, name)));
    }
    std::string text(Address object, std::string_view name) { return must(objects_->text(attribute(object, name))); }
    std::string type_name(Address object) { return must(objects_->name_of_type(must(objects_->type_of(object)))); }

    static inline std::map<Command, std::unique_ptr<PythonProcess>> processes_;
    procfs::ProcFs proc_;
    pid_t pid_ = 0;
    std::optional<Memory> memory_;
    Interpreter interpreter_;
    std::optional<Objects> objects_;
    std::vector<Frame> frames_;
    Address holder_ = 0;
    Address samples_ = 0;
};

TEST_P(ObjectsTest, TheVersionIsTheOneThatItSays) {
    PythonProcess process(GetParam(), {"-S", "-c", "import sys, sysconfig; print('%d.%d.%d' % sys.version_info[:3])"});
    auto said = process.line();
    if (interpreter_.layout->minor < 11) said = said.substr(0, said.rfind('.')); // the file's name has no more
    EXPECT_EQ(interpreter_.version, said);
    EXPECT_FALSE(interpreter_.layout->free_threaded);
}

TEST_P(ObjectsTest, Frames) {
    std::vector<std::string> names;
    for (const auto& frame : frames_) names.push_back(must(function_of(*objects_, frame)));
    EXPECT_THAT(names, ElementsAre("wait", "wait", "wait", "wait", "<module>"));
    for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(must(first_local(*objects_, frames_[i])), holder_);
    const auto mark = must(objects_->item(frames_.front().globals, "MARK"));
    ASSERT_TRUE(mark);
    EXPECT_EQ(must(objects_->text(*mark)), "a global");
    const auto all = must(threads(interpreter_, *memory_));
    ASSERT_EQ(all.size(), 2u);
    EXPECT_THAT(must(threads_with_id(interpreter_, *memory_, pid_)), ElementsAre(all.back())) << "the main thread";
    EXPECT_TRUE(must(threads_with_id(interpreter_, *memory_, 1)).empty());
}

TEST_P(ObjectsTest, HandledExceptions) {
    std::vector<std::string> handled;
    for (const auto thread : must(threads(interpreter_, *memory_))) {
        const auto exception = must(exc_info_value(*objects_, thread));
        handled.push_back(exception == 0 ? "" : type_name(exception));
    }
    EXPECT_THAT(handled, ElementsAre("", "LookupError")) << "the newest thread first";
}

TEST_P(ObjectsTest, Numbers) {
    const auto plain = sample("plain");
    EXPECT_EQ(integer(plain, "number"), 42);
    EXPECT_EQ(integer(plain, "zero"), 0);
    EXPECT_EQ(integer(plain, "negative"), -7);
    EXPECT_EQ(integer(plain, "digit"), (1LL << 30) - 1);
    EXPECT_EQ(integer(plain, "two_digits"), (1LL << 30) + 5);
    EXPECT_EQ(integer(plain, "large"), (1LL << 59) + 1);
    EXPECT_EQ(integer(plain, "truth"), 1);
    EXPECT_FALSE(objects_->integer(attribute(plain, "too_large")));
    EXPECT_FALSE(objects_->integer(attribute(plain, "nothing")));
    EXPECT_FALSE(objects_->integer(attribute(plain, "ascii")));
}

TEST_P(ObjectsTest, Texts) {
    const auto plain = sample("plain");
    EXPECT_EQ(text(plain, "ascii"), "gunicorn/arbiter.py");
    EXPECT_EQ(text(plain, "latin"), "caf\u00e9");
    EXPECT_EQ(text(plain, "greek"), "\u03a9mega");
    EXPECT_EQ(text(plain, "emoji"), "\U0001f40d!");
    EXPECT_EQ(text(plain, "empty"), "");
    EXPECT_FALSE(objects_->text(attribute(plain, "number")));
    EXPECT_FALSE(objects_->text(attribute(plain, "pair")));
}

TEST_P(ObjectsTest, Sequences) {
    const auto plain = sample("plain");
    const auto pair = must(objects_->items(attribute(plain, "pair")));
    ASSERT_EQ(pair.size(), 2u);
    EXPECT_EQ(must(objects_->text(pair[0])), "127.0.0.1");
    EXPECT_EQ(must(objects_->integer(pair[1])), 8000);
    const auto list = must(objects_->items(attribute(plain, "list")));
    ASSERT_EQ(list.size(), 3u);
    EXPECT_EQ(must(objects_->text(list[1])), "two");
    EXPECT_EQ(must(objects_->integer(must(objects_->items(list[2])).at(0))), 3);
    EXPECT_FALSE(objects_->items(attribute(plain, "ascii")));
}

TEST_P(ObjectsTest, Types) {
    const auto plain = sample("plain");
    EXPECT_EQ(type_name(plain), "Plain");
    EXPECT_EQ(type_name(attribute(plain, "nothing")), "NoneType");
    EXPECT_TRUE(must(objects_->is_type(attribute(plain, "kind"))));
    EXPECT_FALSE(must(objects_->is_type(attribute(plain, "nothing"))));
    EXPECT_EQ(must(objects_->name_of_type(attribute(plain, "kind"))), "Base");
}

TEST_P(ObjectsTest, AttributesOfTheClassAndItsBases) {
    const auto plain = sample("plain");
    EXPECT_EQ(text(plain, "of_base"), "inherited");
    const auto registry = must(objects_->entries(attribute(plain, "registry")));
    ASSERT_EQ(registry.size(), 2u);
    EXPECT_EQ(must(objects_->integer(registry[1].key)), 202);
    EXPECT_EQ(must(objects_->text(registry[1].value)), "second");
    EXPECT_FALSE(must(objects_->attribute(plain, "no_such_attribute")));
}

TEST_P(ObjectsTest, AttributesOfInstancesOfEveryKind) {
    const auto deleted = sample("deleted");
    EXPECT_EQ(must(objects_->attributes(deleted)).size(), 2u);
    EXPECT_EQ(integer(deleted, "third"), 3);
    EXPECT_FALSE(must(objects_->attribute(deleted, "second")));

    const auto many = sample("many");
    EXPECT_EQ(must(objects_->attributes(many)).size(), 40u);
    for (const auto i : {0, 29, 30, 39}) EXPECT_EQ(integer(many, fmt::format("attribute_{}", i)), i);

    const auto shown = sample("shown");
    EXPECT_EQ(text(shown, "first"), "a");
    EXPECT_EQ(text(shown, "second"), "b");
    EXPECT_EQ(integer(shown, "seen"), 2);

    const auto unset = sample("unset");
    EXPECT_EQ(must(objects_->attributes(unset)).size(), 1u);
    EXPECT_EQ(integer(unset, "two"), 22);

    EXPECT_FALSE(objects_->attributes(sample("slots")));
}

TEST_P(ObjectsTest, Dicts) {
    const auto by_pid = must(objects_->entries(sample("by_pid")));
    ASSERT_EQ(by_pid.size(), 300u);
    for (std::size_t i = 0; i < by_pid.size(); ++i) {
        EXPECT_EQ(must(objects_->integer(by_pid[i].key)), static_cast<std::int64_t>(1000 + i));
        EXPECT_EQ(must(objects_->text(by_pid[i].value)), fmt::format("worker {}", i));
    }
    const auto mixed = must(objects_->entries(sample("mixed")));
    ASSERT_EQ(mixed.size(), 4u);
    EXPECT_EQ(must(objects_->text(mixed[0].key)), "name");
    EXPECT_EQ(must(objects_->integer(mixed[3].key)), 6);
    EXPECT_EQ(must(objects_->integer(*must(objects_->item(sample("mixed"), "name")))), 1);
    EXPECT_TRUE(must(objects_->entries(sample("empty"))).empty());
    EXPECT_EQ(must(objects_->integer(*must(objects_->item(sample("derived"), "a")))), 1);
    EXPECT_FALSE(objects_->entries(samples_));
}

// Anything may lie where an object is expected.
TEST_P(ObjectsTest, GarbageIsAnErrorAndNeverALoop) {
    const auto& layout = *interpreter_.layout;
    std::vector<Address> places{0, 8, 4096, interpreter_.runtime, interpreter_.runtime + 8, holder_ + 8, samples_ - 24};
    for (std::size_t i = 0; i < 200; ++i) places.push_back(interpreter_.runtime + 64 * i);
    for (const auto place : places) {
        auto memory = must(Memory::open(proc_, pid_, {.pages = 256, .reads = 20000}));
        const Objects objects(memory, layout);
        (void)objects.entries(place);
        (void)objects.attributes(place);
        (void)objects.attribute(place, "age");
        (void)objects.items(place);
        (void)objects.integer(place);
        (void)frames(objects, place);
        EXPECT_FALSE(objects.text(place).has_value() && place < 4096);
    }
}

TEST_P(ObjectsTest, WhatContradictsTheLayoutIsRefused) {
    auto moved = interpreter_;
    moved.runtime += 8;
    EXPECT_FALSE(first_thread(moved, *memory_));

    const auto description = must(memory_->value<Description>(interpreter_.runtime));
    EXPECT_EQ(begins_with_description(description), interpreter_.layout->minor >= kFirstSelfDescribed);
    for (const auto& build : kBuilds) {
        if (build.minor < kFirstSelfDescribed) continue;
        const auto& layout = *layout_of(build.minor, build.free_threaded);
        EXPECT_EQ(agree(layout, description).has_value(), &layout == interpreter_.layout) << build.minor;
    }
}

std::string name_of_parameter(const testing::TestParamInfo<Command>& info) {
    std::string name = std::to_string(info.index);
    for (const char each : info.param.back()) name += std::isalnum(static_cast<unsigned char>(each)) != 0 ? each : '_';
    return name;
}

INSTANTIATE_TEST_SUITE_P(Python, ObjectsTest, testing::ValuesIn(interpreters_here()), name_of_parameter);

} // namespace
} // namespace python
