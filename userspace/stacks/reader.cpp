// SPDX-License-Identifier: BSD-2-Clause
// Reads the Python stacks of one process's threads while they run.
#include "stacks/reader.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace stacks {
namespace {

// A look at a thread that calls every 50 ns on another processor mixes frames of two moments one time in four, and the
// next look agrees with a mix as readily as with what was there. Each further one makes both some ten times rarer: what
// eight agree on has lasted, for some 30 µs.
constexpr std::size_t kAgreeing = 8;
constexpr std::size_t kMaxLooks = 2 * kAgreeing; // room for one call that comes or goes meanwhile
constexpr std::size_t kMaxTries = 2 * kMaxLooks; // some fail where frames come and go

// A stack of kMaxFrames whose frames lie on a page each, and as many code objects.
constexpr python::Budget kBudget{.pages = 4 * kMaxFrames, .reads = 64 * kMaxFrames};

bool runs(char state) { return state == 'R'; }

} // namespace

Reader::Reader(const procfs::ProcFs& proc, pid_t pid, python::Memory memory, python::Interpreter interpreter)
    : proc_{proc}, pid_{pid}, memory_{std::move(memory)}, interpreter_{std::move(interpreter)} {}

Result<Reader> Reader::open(const procfs::ProcFs& proc, pid_t pid) {
    TRY(auto memory, python::Memory::open(proc, pid, kBudget));
    TRY(auto interpreter, python::find_interpreter(proc, pid, memory));
    return Reader{proc, pid, std::move(memory), std::move(interpreter)};
}

std::expected<Reader::Thread, Rejection> Reader::find_thread(pid_t tid) {
    const auto status = proc_.status(tid);
    if (!status || status->process != pid_ || status->namespace_pids.empty()) return std::unexpected(Rejection::kEnded);
    const auto own_id = status->namespace_pids.back();
    const auto found = python::threads_with_id(interpreter_, memory_, own_id);
    if (!found) return std::unexpected(Rejection::kUnreadable);
    if (found->empty()) return std::unexpected(Rejection::kNoPython);
    if (found->size() > 1) return std::unexpected(Rejection::kMalformed);
    return Thread{found->front(), own_id};
}

// The thread as it was found before, if that is still so.
std::expected<Reader::Thread, Rejection> Reader::thread(pid_t tid) {
    memory_.forget();
    if (const auto known = threads_.find(tid); known != threads_.end()) {
        const auto still = python::is_thread(interpreter_, memory_, known->second.at, known->second.own_id);
        if (still && *still) return known->second;
        threads_.erase(known);
    }
    const auto found = find_thread(tid);
    if (found) threads_.insert_or_assign(tid, *found);
    return found;
}

// Not a generator, which always has a caller that resumed it: it has yielded or ended meanwhile, and that caller is
// not to be seen any more.
bool Reader::may_be_outermost(const python::Frame& frame) {
    if (frame.of_interpreter || frame.code == outermost_) return true;
    const auto generator = python::is_generator(objects(), frame.code);
    if (!generator || *generator) return false;
    outermost_ = frame.code;
    return true;
}

std::expected<Look, Rejection> Reader::look(python::Address thread) {
    memory_.forget();
    auto frames = python::linked_frames(objects(), thread, kMaxFrames);
    if (!frames) return std::unexpected(Rejection::kUnreadable);
    if (frames->empty()) return std::unexpected(Rejection::kNoPython);
    if (frames->back().previous != 0) return std::unexpected(Rejection::kTooDeep);
    if (!may_be_outermost(frames->back())) return std::unexpected(Rejection::kMoved);
    return *std::move(frames);
}

// Looks one after the other that agree; where too few do, what all others have in common, if they are as many. A look
// that fails, or shows no frame, says only that the thread moved on meanwhile, unless all of them do.
std::expected<Reader::Agreed, Rejection> Reader::agreed(python::Address thread) {
    std::vector<Look> looks;
    outermost_ = 0; // whatever was there for the last sample, its memory may be used for something else
    auto why = Rejection::kMoved;
    std::size_t agreeing = 0;
    for (std::size_t i = 0; i < kMaxTries && looks.size() < kMaxLooks; ++i) {
        auto next = look(thread);
        if (!next) {
            why = next.error();
            agreeing = 0;
            continue;
        }
        agreeing = agreeing != 0 && agree(looks.back(), *next) ? agreeing + 1 : 1;
        if (agreeing == kAgreeing) return Agreed{*std::move(next), false};
        looks.push_back(*std::move(next));
    }
    if (looks.empty()) return std::unexpected(why);
    const auto whole = of_most_frequent_root(looks);
    auto common = whole.size() < kAgreeing ? Look{} : in_common(whole);
    if (common.empty()) return std::unexpected(Rejection::kMoved);
    return Agreed{std::move(common), true};
}

std::expected<Stack, Rejection> Reader::stack_of(const Look& look) {
    const auto objects = this->objects();
    Stack stack;
    for (const auto& frame : look) {
        if (frame.of_interpreter) continue;
        const auto code = codes_.code(objects, frame.code);
        if (!code) return std::unexpected(Rejection::kMalformed);
        const auto line = python::line_of(objects, **code, frame);
        if (!line) return std::unexpected(Rejection::kMalformed);
        stack.push_back({(*code)->function, (*code)->file, *line});
    }
    if (stack.empty()) return std::unexpected(Rejection::kNoPython);
    std::ranges::reverse(stack);
    return stack;
}

std::expected<Sample, Rejection> Reader::sample(pid_t tid) {
    const auto before = proc_.stat(tid);
    if (!before) return std::unexpected(Rejection::kEnded);
    const auto thread = this->thread(tid);
    const auto agreed = thread ? this->agreed(thread->at) : std::unexpected(thread.error());
    auto stack = agreed ? stack_of(agreed->look) : std::unexpected(agreed.error());
    // What could not be read of a thread that has ended is no fault of the reader.
    const auto after = proc_.stat(tid);
    if (!after || after->start_ticks != before->start_ticks || after->state == 'Z' || after->state == 'X')
        return std::unexpected(Rejection::kEnded);
    if (!stack) return std::unexpected(stack.error());
    const bool running = runs(before->state) || runs(after->state);
    return Sample{*std::move(stack), running ? State::kRunning : State::kWaiting, agreed->cut};
}

} // namespace stacks
