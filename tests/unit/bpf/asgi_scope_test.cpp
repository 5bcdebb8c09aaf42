// SPDX-License-Identifier: BSD-2-Clause
// Which request an ASGI server means that logs an exception, read from the scope in a frame of its traceback.
#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "interpreter_fixture.h"

namespace bpf_test {
namespace {

struct Entry {
    const void* key = nullptr;
    const void* value = nullptr;
};
// As many as are looked at.
struct Keys {
    std::uint64_t unused = 0;
    std::uint8_t log2_index_bytes = 6;
    std::uint64_t used = 0;
    std::array<std::uint64_t, 8> indices{};
    std::array<Entry, 64> entries{};
};
struct HashedEntry {
    std::uint64_t hash = 0x1234;
    Entry entry;
};
struct OldKeys { // up to 3.10
    std::uint64_t size = 8;
    std::uint64_t used = 0;
    std::uint64_t indices = 0x0706050403020100;
    std::array<HashedEntry, 8> entries{};
};
struct Dict {
    const void* type = nullptr;
    const void* keys = nullptr;
};

class AsgiScopeTest : public InterpreterTest {
protected:
    AsgiScopeTest() {
        layout_.sequence_size = offsetof(Tuple, size);
        layout_.tuple_items = offsetof(Tuple, items);
        layout_.int_digits = offsetof(Number, digit);
        layout_.object_frame = contract::OFFSET_ABSENT;
        layout_.dict_keys = offsetof(Dict, keys);
        layout_.keys_size = contract::OFFSET_ABSENT;
        layout_.keys_log2_index_bytes = offsetof(Keys, log2_index_bytes);
        layout_.keys_used = offsetof(Keys, used);
        layout_.keys_indices = offsetof(Keys, indices);
        layout_.bytes_items = offsetof(Text, characters);
        kernel_set_python(&layout_);
        thread_.frame = &record_;
        module_.code = reference(&main_);
        record_.previous = &module_;
        record_.code = reference(&init_);
        record_.locals = {
            reference(&module_),  reference(text("uvicorn.error")), reference(&level_), 0, 0, 0, reference(&arguments_),
            reference(&exc_info_)};
        application_.locals[1] = reference(&scope_);
    }

    const Text* bytes(const std::string& characters) {
        auto& made = *const_cast<Text*>(text(characters));
        made.type = &bytes_;
        return &made;
    }
    void add(const std::string& key, const void* value) { keys_.entries.at(keys_.used++) = {text(key), value}; }

    std::string request() {
        worker_.get_pid();
        if (worker_.logged().size() != 1) return "no record";
        const auto& record = worker_.logged().back();
        return argument(record, 1) + " " + argument(record, 0);
    }

    Type tuple_{&class_, kTuple, "tuple"};
    Type int_{&class_, 0, "int"};
    Type bytes_{&class_, kBytes, "bytes"};
    Type dict_{&class_, kDict, "dict"};
    Type key_error_{&class_, kException, "KeyError"};
    Type traceback_type_{&class_, 0, "traceback"};
    Object exception_{&key_error_};
    Code init_ = code("/usr/lib/python3.11/logging/__init__.py", "__init__");
    Code serve_ = code("/usr/lib/python3/dist-packages/uvicorn/protocols/http/h11_impl.py", "run_asgi");
    Code call_ = code("/usr/lib/python3/dist-packages/starlette/applications.py", "__call__");
    Number level_{&int_, 40};
    Keys keys_;
    Dict scope_{&dict_, &keys_};
    Frame application_{.previous = nullptr, .code = reference(&call_), .owner = 0, .locals = {}};
    Frame server_{.previous = nullptr, .code = reference(&serve_), .owner = 0, .locals = {}};
    Traceback inner_{&traceback_type_, nullptr, &application_};
    Traceback traceback_{&traceback_type_, &inner_, &server_};
    Tuple exc_info_{&tuple_, 3, {&key_error_, &exception_, &traceback_}};
    Tuple arguments_{&tuple_, 0, {}};
    Frame module_;
    Frame record_;
};

TEST_F(AsgiScopeTest, NamesTheRequest) {
    add("type", text("http"));
    add("path", text("/mounted"));
    add("method", text("POST"));
    add("raw_path", bytes("/app/mounted%20one"));
    EXPECT_EQ(request(), "POST /app/mounted%20one");
}

TEST_F(AsgiScopeTest, MayBeAFunctionsFirstArgument) {
    add("raw_path", bytes("/a"));
    application_.locals = {reference(&scope_), reference(&level_)};
    EXPECT_EQ(request(), " /a");
}

TEST_F(AsgiScopeTest, IsThatOfTheFirstFrameThatHasOne) {
    add("raw_path", bytes("/a"));
    Frame bare{.previous = nullptr, .code = reference(&call_), .owner = 0, .locals = {}};
    Traceback middle{&traceback_type_, &inner_, &bare};
    traceback_.next = &middle;
    EXPECT_EQ(request(), " /a");
    Keys others;
    others.used = 1;
    others.entries[0] = {text("raw_path"), bytes("/b")};
    const Dict other{&dict_, &others};
    bare.locals[1] = reference(&other);
    EXPECT_EQ(request(), " /b");
}

TEST_F(AsgiScopeTest, OfAnOlderPythonHasHashes) {
    OldKeys old;
    old.used = 2;
    old.entries[0].entry = {text("method"), text("GET")};
    old.entries[1].entry = {text("raw_path"), bytes("/old")};
    layout_.keys_size = offsetof(OldKeys, size);
    layout_.keys_log2_index_bytes = contract::OFFSET_ABSENT;
    layout_.keys_used = offsetof(OldKeys, used);
    layout_.keys_indices = offsetof(OldKeys, indices);
    kernel_set_python(&layout_);
    scope_.keys = &old;
    EXPECT_EQ(request(), "GET /old");
}

TEST_F(AsgiScopeTest, WhatTheMessageNamesComesFirst) {
    add("raw_path", bytes("/a"));
    arguments_ = {&tuple_, 1, {text("/said")}};
    worker_.get_pid();
    ASSERT_EQ(worker_.logged().size(), 1U);
    EXPECT_EQ(worker_.logged().back().of_scope, 0U);
}

TEST_F(AsgiScopeTest, WhatIsNoneSaysNothing) {
    add("raw_path", text("/text, no bytes"));
    add("raw_pat", bytes("/a"));
    add("raw_paths", bytes("/b"));
    add("method", bytes("GET"));
    EXPECT_EQ(request(), " ");
    keys_.entries[0].value = nullptr;
    EXPECT_EQ(request(), " ");
    scope_.keys = nullptr;
    EXPECT_EQ(request(), " ");
    application_.locals[1] = 0;
    EXPECT_EQ(request(), " ");
    traceback_.next = nullptr;
    EXPECT_EQ(request(), " ");
}

TEST_F(AsgiScopeTest, EntriesThatAreNotUsedAreNotRead) {
    add("type", text("http"));
    keys_.entries[1] = {text("raw_path"), bytes("/left behind")};
    EXPECT_EQ(request(), " ");
    keys_.entries[1] = {};
    keys_.used = 1'000'000'000;
    EXPECT_EQ(request(), " ");
}

} // namespace
} // namespace bpf_test
