// SPDX-License-Identifier: BSD-2-Clause
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <locale.h>

#include <algorithm>

#include "terminal/printable.h"
#include "top/columns.h"
#include "top/page.h"
#include "top/text.h"
#include "top/view.h"

namespace {

using testing::HasSubstr;
using testing::Not;

class InUtf8 : public testing::Test {
protected:
    void SetUp() override { ASSERT_NE(setlocale(LC_CTYPE, "C.UTF-8"), nullptr); }
};

TEST(Numbers, AreShortAndSayTheirUnit) {
    EXPECT_EQ(top::duration_text(0.00042), "0.4ms");
    EXPECT_EQ(top::duration_text(0.0123), "12ms");
    EXPECT_EQ(top::duration_text(0.9996), "1.00s");
    EXPECT_EQ(top::duration_text(2.5), "2.50s");
    EXPECT_EQ(top::duration_text(95), "95s");
    EXPECT_EQ(top::duration_text(7200), "120m");
    EXPECT_EQ(top::duration_text({}), "-");
    EXPECT_EQ(top::bound_text(top::Bound{0.025, false}), "25ms");
    EXPECT_EQ(top::bound_text(top::Bound{10, true}), ">10s");
    EXPECT_EQ(top::bytes_text(512), "512B");
    EXPECT_EQ(top::bytes_text(1536), "1.5K");
    EXPECT_EQ(top::bytes_text(25'600'000), "24M");
    EXPECT_EQ(top::age_text(42.9), "42s");
    EXPECT_EQ(top::age_text(303), "5m03s");
    EXPECT_EQ(top::age_text(11520), "3h12m");
    EXPECT_EQ(top::age_text(356'400), "4d03h");
}

std::vector<top::WorkerRow> some_workers(int count) {
    std::vector<top::WorkerRow> rows;
    for (int i = 1; i <= count; i++) {
        top::WorkerRow row{.id = "worker_" + std::to_string(i) + "_1700000000", .pid = 1000 + i, .state = "idle"};
        row.requests_per_second = i % 7;
        rows.push_back(std::move(row));
    }
    return rows;
}

top::Content content(int workers, int routes = 0) {
    top::Content result;
    top::TargetRows target{.master_pid = 100, .name = "shop:app"};
    target.workers = some_workers(workers);
    target.listeners.push_back({"127.0.0.1:8000", {.waiting = 3, .limit = 2048, .dropped = 0}, 0.0});
    for (int i = 0; i < routes; i++)
        target.routes.push_back({"GET", "/route/" + std::to_string(i), 1.0, 0.0, {.count = 1, .average = 1.0}});
    result.targets.push_back(std::move(target));
    return result;
}

std::string joined(const std::vector<top::Line>& lines) {
    std::string text;
    for (const auto& line : lines) (text += line.text) += '\n';
    return text;
}

std::size_t column_named(std::string_view name) {
    const auto all = top::columns();
    return static_cast<std::size_t>(std::ranges::find(all, name, &top::Column::name) - all.begin());
}

TEST(Columns, NumbersSortFromTheGreatestAndIdsFromTheOldest) {
    auto rows = some_workers(12);
    top::sort(rows, column_named("REQ/S"), false);
    EXPECT_EQ(rows.front().id, "worker_6_1700000000");
    top::sort(rows, column_named("WORKER"), false);
    EXPECT_EQ(rows[1].id, "worker_2_1700000000"); // and not worker_10
    EXPECT_EQ(rows.back().id, "worker_12_1700000000");
    top::sort(rows, column_named("WORKER"), true);
    EXPECT_EQ(rows.front().id, "worker_12_1700000000");
}

TEST(Columns, WhatIsNotKnownComesLast) {
    auto rows = some_workers(3);
    rows[0].requests_per_second.reset();
    rows[1].requests_per_second = 0;
    top::sort(rows, column_named("REQ/S"), false);
    EXPECT_EQ(rows.back().id, "worker_1_1700000000");
}

TEST(Columns, TheLessImportantGoWhenItIsNarrow) {
    EXPECT_EQ(top::fitting_columns(200).size(), top::columns().size());
    const auto eighty = top::fitting_columns(80);
    const auto has = [&](std::string_view name) {
        return std::ranges::find(eighty, column_named(name)) != eighty.end();
    };
    EXPECT_TRUE(has("WORKER") && has("BUSY%") && has("REQ/S") && has("P95<=") && has("ERR/S"));
    EXPECT_FALSE(has("REQS"));
    EXPECT_FALSE(top::fitting_columns(5).empty());
}

TEST(Columns, EachHasAKeyOfItsOwn) {
    std::string keys = "qhprt? <>";
    for (const auto& column : top::columns()) {
        EXPECT_EQ(keys.find(column.key), std::string::npos) << column.key;
        keys += column.key;
    }
}

TEST(Keys, ChooseSortingTargetsAndPages) {
    top::View view;
    top::press(view, 'c', {}, 5);
    EXPECT_EQ(top::columns()[view.sorted_by].name, "CPU%");
    EXPECT_FALSE(view.reversed);
    top::press(view, 'c', {}, 5);
    EXPECT_TRUE(view.reversed);
    top::press(view, '>', {}, 5);
    EXPECT_EQ(top::columns()[view.sorted_by].name, "RSS");
    EXPECT_FALSE(view.reversed);
    top::press(view, '\t', {100, 200}, 5);
    EXPECT_EQ(view.target, 100);
    top::press(view, '\t', {100, 200}, 5);
    EXPECT_EQ(view.target, 200);
    top::press(view, '\t', {100, 200}, 5);
    EXPECT_FALSE(view.target);
    top::press(view, top::Key::page_down, {}, 5);
    EXPECT_EQ(view.scrolled, 5u);
    top::press(view, top::Key::up, {}, 5);
    EXPECT_EQ(view.scrolled, 4u);
    top::press(view, top::Key::page_up, {}, 5);
    EXPECT_EQ(view.scrolled, 0u);
    top::press(view, 'Z', {}, 5);
    top::press(view, 0, {}, 5);
    EXPECT_FALSE(view.quit);
    top::press(view, 'q', {}, 5);
    EXPECT_TRUE(view.quit);
}

TEST_F(InUtf8, NoLineIsWiderAndNoPageHigherThanTheTerminal) {
    auto all = content(40, 30);
    all.targets[0].name = "\x1b[31m価格価格価格価格価格価格価格価格価格価格価格価格価格価格価格価格";
    for (const bool help : {false, true}) {
        for (std::size_t width = 1; width < 130; width += 7) {
            for (std::size_t height = 1; height < 60; height++) {
                const auto page = screenful(all, {.help = help}, {width, height});
                ASSERT_EQ(page.lines.size(), height) << width << "x" << height;
                for (const auto& line : page.lines) {
                    ASSERT_LE(terminal::columns(line.text), width) << line.text;
                    ASSERT_EQ(line.text.find('\x1b'), std::string::npos);
                }
            }
        }
    }
}

TEST(Screenful, KeepsRoomForEverySection) {
    const auto text = joined(screenful(content(40, 30), {}, {80, 24}).lines);
    EXPECT_THAT(text, HasSubstr("worker_1_"));
    EXPECT_THAT(text, HasSubstr("127.0.0.1:8000"));
    EXPECT_THAT(text, HasSubstr("/route/0"));
    EXPECT_THAT(text, HasSubstr(" of 40 "));
}

TEST(Screenful, ReachesTheLastWorkerByScrolling) {
    top::View view;
    top::press(view, top::Key::end_key, {}, 5);
    const auto page = screenful(content(40, 30), view, {80, 24});
    EXPECT_EQ(page.scrolled + page.worker_rows, 40u);
    EXPECT_THAT(joined(page.lines), HasSubstr("worker_40_"));
    EXPECT_THAT(joined(page.lines), Not(HasSubstr("worker_1_")));
}

TEST(Screenful, ShowsTheChosenTargetOnly) {
    auto both = content(2);
    auto other = content(0).targets[0];
    other.master_pid = 200;
    other.name = "other:app";
    both.targets.push_back(other);
    EXPECT_THAT(joined(screenful(both, {}, {80, 24}).lines), HasSubstr("other:app"));
    EXPECT_THAT(joined(screenful(both, {.target = 100}, {80, 24}).lines), Not(HasSubstr("other:app")));
}

TEST(Screenful, SaysThatItIsOldHoweverNarrowItIs) {
    auto all = content(1);
    all.narrow_seconds = all.wide_seconds = 1;
    EXPECT_THAT(screenful(all, {.paused = true}, {40, 10}).lines.front().text, HasSubstr("PAUSED"));
    EXPECT_THAT(screenful(all, {}, {200, 10}).lines.front().text, Not(HasSubstr("PAUSED")));
}

TEST(Screenful, SaysWhatWentWrong) {
    auto all = content(1);
    all.remark = "worker_1 ended\x1b[0m with a request in flight";
    EXPECT_THAT(screenful(all, {}, {80, 24}).lines.back().text, HasSubstr("worker_1 ended\\x1b[0m with"));
}

TEST(Block, HasAllWorkersAndTheExceptionsOfTheInterval) {
    auto all = content(40);
    all.taken_at = std::chrono::system_clock::time_point(std::chrono::seconds(1000));
    all.exceptions.push_back({.by = all.taken_at, .master = 100, .worker = "w", .type = "KeyError"});
    all.exceptions.push_back({.by = {}, .master = 100, .worker = "w", .type = "OldError"});
    const auto text = joined(block(all, {}, 200));
    EXPECT_THAT(text, HasSubstr("worker_40_"));
    EXPECT_THAT(text, HasSubstr("KeyError"));
    EXPECT_THAT(text, Not(HasSubstr("OldError")));
}

} // namespace
