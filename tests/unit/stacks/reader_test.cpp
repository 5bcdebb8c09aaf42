// SPDX-License-Identifier: BSD-2-Clause
// Stacks of every interpreter of this machine, read while it runs busy.py.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <chrono>
#include <fstream>
#include <map>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <thread>

#include "python_process.h"
#include "stacks/folded.h"
#include "stacks/profile.h"
#include "stacks/reader.h"

namespace stacks {
namespace {

using testing::AnyOf;
using testing::Contains;
using testing::Key;

const std::string kBusy = SOURCE_ROOT "/tests/unit/stacks/busy.py";
constexpr int kSamples = 100;

// Under a sanitizer a look takes so long that what it looks at has often moved on; that nothing is invented holds
// there, too.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr unsigned kLeastPercent = 50;
constexpr unsigned kMostUnreadablePercent = 5;
#else
constexpr unsigned kLeastPercent = 95;
constexpr unsigned kMostUnreadablePercent = 0;
#endif

// The lines of busy.py that end with the comment "# what".
std::set<int> lines_marked(const std::string& what) {
    std::set<int> found;
    std::ifstream file(kBusy);
    int number = 1;
    for (std::string line; std::getline(file, line); ++number)
        if (line.ends_with("# " + what)) found.insert(number);
    return found;
}

class ReaderTest : public testing::TestWithParam<python::Command> {
protected:
    // Until it is in the function `work`, or sleeps in the one that it calls last.
    void start(const std::string& work, const std::string& sleeps_in = "") {
        process_.emplace(GetParam(), std::vector<std::string>{"-S", "-B", kBusy, work});
        for (auto line = process_->line(); line != "ready"; line = process_->line()) {
            const auto tab = line.find('\t');
            std::istringstream numbers(line.substr(tab + 1));
            for (int number = 0; numbers >> number;) lines_[line.substr(0, tab)].insert(number);
        }
        auto reader = Reader::open(proc_, process_->pid());
        ASSERT_TRUE(reader) << reader.error().text;
        reader_.emplace(*std::move(reader));
        qualified_ = reader_->interpreter().layout->minor >= 11;
        const auto there = [&] { return sleeps_in.empty() ? calls(work) : sleeps(sleeps_in); };
        for (int i = 0; i < 2000 && !there(); ++i) pause();
    }

    // They are many, so that what is rare is seen: one after the other.
    static constexpr int kManySamples = 2000;

    static void pause() { std::this_thread::sleep_for(std::chrono::milliseconds(1)); }

    bool sleeps(const std::string& function) {
        const auto sample = reader_->sample(process_->pid());
        return sample && sample->state == State::kWaiting && sample->stack.back().function == function;
    }
    bool calls(const std::string& function) {
        const auto sample = reader_->sample(process_->pid());
        return sample && std::ranges::find(sample->stack, function, &Place::function) != sample->stack.end();
    }

    Profile profile(int samples = kSamples, bool pauses = true) {
        Profile profile;
        for (int i = 0; i < samples; ++i) {
            const auto sample = reader_->sample(process_->pid());
            if (sample) {
                profile.add(*sample);
            } else {
                profile.add(sample.error());
            }
            if (pauses) pause();
        }
        return profile;
    }

    // In how many samples the innermost places have these functions and the last one of `lines`.
    static std::uint64_t ending_with(const Profile& profile, std::vector<std::string> functions,
                                     const std::set<int>& lines) {
        std::uint64_t found = 0;
        for (const auto& [stack, counts] : profile.stacks()) {
            std::vector<std::string> names;
            for (const auto& place : stack) names.push_back(place.function);
            const auto from = names.size() - std::min(names.size(), functions.size());
            if (std::vector(names.begin() + static_cast<std::ptrdiff_t>(from), names.end()) != functions) continue;
            if (lines.contains(stack.back().line)) found += counts.total();
        }
        return found;
    }

    static std::string sampled(const Profile& profile) {
        std::string text;
        for (std::size_t i = 0; i < kRejections; ++i)
            text += std::string(kRejectionNames[i]) + " " + std::to_string(profile.rejections().counts[i]) + "\n";
        return text + folded(profile);
    }

    // Every place in busy.py is one that Python says is there.
    void expect_nothing_invented(const Profile& profile) {
        for (const auto& [stack, counts] : profile.stacks()) {
            EXPECT_EQ(stack.front().function, "<module>") << folded(profile);
            for (const auto& place : stack) {
                if (place.file != kBusy) continue;
                const auto known = lines_.find(place.function);
                ASSERT_NE(known, lines_.end()) << frame_name(place);
                EXPECT_THAT(known->second, Contains(place.line)) << frame_name(place);
            }
        }
    }

    std::string pay() const { return qualified_ ? "Shop.pay" : "pay"; }

    procfs::ProcFs proc_;
    std::optional<python::PythonProcess> process_;
    std::map<std::string, std::set<int>> lines_;
    std::optional<Reader> reader_;
    bool qualified_ = false;
};

TEST_P(ReaderTest, NamesTheSleepingLine) {
    start("sleep_here", "sleep_here");
    const auto found = profile();
    EXPECT_EQ(ending_with(found, {"<module>", pay(), "sleep_here"}, lines_marked("the sleeping line")), kSamples)
        << folded(found);
    EXPECT_EQ(found.counts().of(State::kWaiting), kSamples);
    ASSERT_EQ(found.stacks().size(), 1u);
    const auto& stack = found.stacks().begin()->first;
    EXPECT_EQ(stack[0].file, kBusy);
    EXPECT_THAT(lines_marked("called from here"), Contains(stack[1].line));
}

TEST_P(ReaderTest, NamesTheBurningLines) {
    start("burn_here");
    const auto found = profile();
    auto lines = lines_marked("burning");
    EXPECT_GE(
        ending_with(found, {"<module>", pay(), "burn_here"}, {*lines.begin() - 1, *lines.begin(), *lines.rbegin()}),
        kSamples * kLeastPercent / 100)
        << folded(found);
    EXPECT_GT(ending_with(found, {"burn_here"}, lines), 0u);
    EXPECT_GE(found.counts().of(State::kRunning), kSamples * kLeastPercent / 100);
    expect_nothing_invented(found);
}

TEST_P(ReaderTest, FramesThatComeAndGoAreNotMixed) {
    start("calls");
    const auto found = profile(kManySamples, false);
    expect_nothing_invented(found);
    std::uint64_t mixed = 0;
    for (const auto& [stack, counts] : found.stacks()) {
        for (std::size_t i = 1; i < stack.size(); ++i) {
            const auto lines = lines_marked("calls " + stack[i].function);
            if (!lines.empty() && !lines.contains(stack[i - 1].line)) mixed += counts.total();
        }
    }
    EXPECT_EQ(mixed, 0u) << folded(found);
    EXPECT_GE(found.counts().total(), kManySamples * (kLeastPercent - 5) / 100) << folded(found);
}

TEST_P(ReaderTest, Generators) {
    start("generators");
    const auto found = profile();
    EXPECT_GE(ending_with(found, {"generators", "generate"}, lines_marked("generating")),
              kSamples * kLeastPercent / 100)
        << folded(found);
    expect_nothing_invented(found);
}

TEST_P(ReaderTest, GeneratorsThatComeAndGo) {
    start("encodes");
    constexpr int kSome = 1000;
    const auto found = profile(kSome, false);
    expect_nothing_invented(found);
    EXPECT_GE(found.counts().total(), kSome * kLeastPercent / 100) << sampled(found);
    EXPECT_LE(found.rejections().of(Rejection::kUnreadable), kSome * kMostUnreadablePercent / 100) << sampled(found);
    EXPECT_LE(found.rejections().of(Rejection::kNoPython), kSome * kMostUnreadablePercent / 100) << sampled(found);
}

TEST_P(ReaderTest, CallsThatGoThroughC) {
    start("through_c");
    const auto found = profile();
    EXPECT_GE(ending_with(found, {pay(), "through_c", "keyed"}, lines_marked("keyed")), kSamples * kLeastPercent / 100)
        << folded(found);
    expect_nothing_invented(found);
}

TEST_P(ReaderTest, DeepStacks) {
    start("deep", "sleep_here");
    const auto found = profile(20);
    ASSERT_EQ(found.stacks().size(), 1u) << found.rejections().of(Rejection::kTooDeep);
    EXPECT_EQ(found.stacks().begin()->first.size(), 504u);
    EXPECT_EQ(found.counts().total(), 20u);
}

TEST_P(ReaderTest, HostileNamesAreEscaped) {
    start("hostile");
    const auto found = profile(20);
    ASSERT_EQ(found.stacks().size(), 1u);
    const auto& innermost = found.stacks().begin()->first.back();
    EXPECT_EQ(innermost.function, "pay;\x1b[31m\nnow");
    EXPECT_EQ(innermost.file, "/srv/\u2028shop;1\\.py");
    const auto text = folded(found);
    EXPECT_EQ(std::ranges::count(text, '\n'), 1);
    EXPECT_EQ(text.find('\x1b'), std::string::npos);
    EXPECT_THAT(text, testing::HasSubstr("pay\\x3b\\x1b[31m\\x0anow (/srv/\\xe2\\x80\\xa8shop\\x3b1\\x5c.py:"));
}

TEST_P(ReaderTest, CodeThatIsMadeAndFreedIsNotTakenForAnother) {
    start("churn");
    const auto found = profile();
    std::uint64_t made = 0;
    for (const auto& [stack, counts] : found.stacks()) {
        const auto& place = stack.back();
        if (!place.function.starts_with("made_")) continue;
        made += counts.total();
        EXPECT_EQ(place.file, "/made/" + place.function + ".py");
        const int first = 1 + std::stoi(place.function.substr(5));
        EXPECT_THAT(place.line, AnyOf(first, first + 1, first + 2)) << folded(found);
    }
    EXPECT_GE(made, kSamples / 2u) << folded(found);
    expect_nothing_invented(found);
}

TEST_P(ReaderTest, AProcessThatEndsEndsTheSamples) {
    start("dies");
    bool ended = false;
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (!ended && std::chrono::steady_clock::now() < deadline) {
        const auto sample = reader_->sample(process_->pid());
        ended = !sample && sample.error() == Rejection::kEnded;
    }
    EXPECT_TRUE(ended);
    EXPECT_EQ(reader_->sample(process_->pid()).error(), Rejection::kEnded);
}

TEST_P(ReaderTest, AThreadOfAnotherProcessIsNotRead) {
    start("sleep_here", "sleep_here");
    const auto sample = reader_->sample(getpid());
    ASSERT_FALSE(sample);
    EXPECT_EQ(sample.error(), Rejection::kEnded);
}

std::string name_of_parameter(const testing::TestParamInfo<python::Command>& info) {
    std::string name = std::to_string(info.index);
    for (const char each : info.param.back()) name += std::isalnum(static_cast<unsigned char>(each)) != 0 ? each : '_';
    return name;
}

INSTANTIATE_TEST_SUITE_P(Python, ReaderTest, testing::ValuesIn(python::interpreters_here()), name_of_parameter);

} // namespace
} // namespace stacks
