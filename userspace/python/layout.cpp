// SPDX-License-Identifier: BSD-2-Clause
// Where CPython keeps what. Compiled from the headers of 3.8.18, 3.9.18, 3.10.13, 3.11.7, 3.12.1, 3.13.0, 3.14.10 and
// 3.15.2, the last three also with Py_GIL_DISABLED (columns "t"), on x86-64; 3.9.2, 3.11.2, 3.13.5 and 3.13.18 agree.
// Names before a slash are those of older versions; frames up to 3.10 are PyFrameObject's f_back, f_code, f_globals and
// f_localsplus.
#include "python/layout.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

namespace python {
namespace {

constexpr Offset kNo = kAbsent;

// clang-format off
constexpr Field kFields[] = {
    //                                                                                    3.8   3.9  3.10  3.11  3.12  3.13  3.14  3.15 3.13t 3.14t 3.15t   3.13 3.14 3.15
    {"_PyRuntimeState.interpreters.main",            &Layout::runtime_main_interpreter,  {  40,   40,   40,   48,   48,  640,  816,  944,  640,  816,  944}, {  0,   0,   0}},
    {"_PyRuntimeState.interpreters.head",            &Layout::runtime_first_interpreter, {  32,   32,   32,   40,   40,  632,  808,  936,  632,  808,  936}, { 40,  40,  40}},
    {"PyInterpreterState.threads.head",              &Layout::interpreter_first_thread,  {   8,    8,    8,   16,   72, 7344, 7344, 7336, 7344, 7344, 7336}, { 72,  72,  72}},
    {"PyThreadState.next",                           &Layout::thread_next,               {   8,    8,    8,    8,    8,    8,    8,    8,    8,    8,    8}, {168, 192, 192}},
    {"PyThreadState.interp",                         &Layout::thread_interpreter,        {  16,   16,   16,   16,   16,   16,   16,   16,   16,   16,   16}, {176, 200, 200}},
    {"PyThreadState.thread_id",                      &Layout::thread_id,                 { 176,  176,  176,  152,  136,  152,  152,  176,  152,  152,  176}, {192, 216, 240}},
    {"PyThreadState.frame/cframe/current_frame",     &Layout::thread_frame,              {  24,   24,   24,   56,   56,   72,   72,   72,   72,   72,   72}, {184, 208, 208}},
    {"_PyCFrame.current_frame",                      &Layout::c_frame_frame,             { kNo,  kNo,  kNo,    8,    0,  kNo,  kNo,  kNo,  kNo,  kNo,  kNo}, {  0,   0,   0}},
    {"PyThreadState.curexc_value/current_exception", &Layout::thread_raised,             {  96,   96,   96,  104,   96,  112,  112,  136,  112,  112,  136}, {  0,   0,   0}},
    {"PyThreadState.curexc_type",                    &Layout::thread_raised_type,        {  88,   88,   88,   96,  kNo,  kNo,  kNo,  kNo,  kNo,  kNo,  kNo}, {  0,   0,   0}},
    {"PyThreadState.exc_info",                       &Layout::thread_exc_info,            { 144,  144,  144,  120,  104,  120,  120,  144,  120,  120,  144}, {  0,   0,   0}},
    {"PyThreadState.context",                        &Layout::thread_context,            { 240,  240,  240,  224,  208,  208,  208,  232,  208,  208,  232}, {  0,   0,   0}},
    {"_PyErr_StackItem.exc_value",                   &Layout::exc_info_value,         {   8,    8,    8,    0,    0,    0,    0,    0,    0,    0,    0}, {  0,   0,   0}},
    {"_PyErr_StackItem.previous_item",               &Layout::exc_info_previous_item,          {  24,   24,   24,    8,    8,    8,    8,    8,    8,    8,    8}, {  0,   0,   0}},
    {"PyBaseExceptionObject.traceback",              &Layout::exception_traceback,             {  32,   32,   32,   40,   40,   40,   40,   40,   56,   56,   56}, {  0,   0,   0}},
    {"_PyInterpreterFrame.previous",                 &Layout::frame_previous,            {  24,   24,   24,   48,    8,    8,    8,    8,    8,    8,    8}, {232, 256, 320}},
    {"_PyInterpreterFrame.f_code/f_executable",      &Layout::frame_code,                {  32,   32,   32,   32,    0,    0,    0,    0,    0,    0,    0}, {240, 264, 328}},
    {"_PyInterpreterFrame.f_globals",                &Layout::frame_globals,             {  48,   48,   48,    8,   24,   24,   24,   24,   24,   24,   24}, {  0,   0,   0}},
    {"_PyInterpreterFrame.localsplus",               &Layout::frame_locals,              { 360,  360,  352,   72,   72,   72,   80,   80,   72,   80,   80}, {256, 280, 344}},
    {"_PyInterpreterFrame.owner",                    &Layout::frame_owner,               { kNo,  kNo,  kNo,   69,   70,   70,   74,   74,   70,   78,   78}, {264, 288, 352}},
    {"PyFrameObject.f_frame",                        &Layout::object_frame,              { kNo,  kNo,  kNo,   24,   24,   24,   24,   24,   40,   40,   40}, {  0,   0,   0}},
    {"_PyInterpreterFrame.f_lasti/instr_ptr",         &Layout::frame_instruction,         { 104,  104,   96,   56,   56,   56,   56,   56,   56,   56,   56}, {248, 272, 336}},
    {"_PyInterpreterFrame.tlbc_index",               &Layout::frame_bytecode_copy,       { kNo,  kNo,  kNo,  kNo,  kNo,  kNo,  kNo,  kNo,  kNo,   72,   72}, {  0, 304, 368}},
    {"PyCodeObject.co_filename",                     &Layout::code_filename,             { 104,  104,  104,  112,  112,  112,  112,  112,  128,  128,  128}, {280, 320, 384}},
    {"PyCodeObject.co_name",                         &Layout::code_name,                 { 112,  112,  112,  120,  120,  120,  120,  120,  136,  136,  136}, {288, 328, 392}},
    {"PyCodeObject.co_qualname",                     &Layout::code_qualified_name,       { kNo,  kNo,  kNo,  128,  128,  128,  128,  128,  144,  144,  144}, {296, 336, 400}},
    {"PyCodeObject.co_varnames/co_localsplusnames",  &Layout::code_local_names,          {  72,   72,   72,   96,   96,   96,   96,   96,  112,  112,  112}, {  0,   0,   0}},
    {"PyCodeObject.co_flags",                        &Layout::code_flags,                {  36,   36,   36,   48,   48,   48,   48,   48,   64,   64,   64}, {  0,   0,   0}},
    {"PyCodeObject.co_firstlineno",                  &Layout::code_first_line,           {  40,   40,   40,   72,   68,   68,   68,   68,   84,   84,   84}, {312, 352, 416}},
    {"PyCodeObject.co_lnotab/co_linetable",          &Layout::code_lines,                { 120,  120,  120,  136,  136,  136,  136,  136,  152,  152,  152}, {304, 344, 408}},
    {"PyCodeObject.co_code/co_code_adaptive",        &Layout::code_bytecode,             {  48,   48,   48,  184,  192,  200,  208,  208,  216,  232,  232}, {344, 384, 448}},
    {"PyCodeObject.co_tlbc",                         &Layout::code_bytecode_copies,      { kNo,  kNo,  kNo,  kNo,  kNo,  kNo,  kNo,  kNo,  kNo,  224,  224}, {  0, 392, 456}},
    {"PyBytesObject.ob_sval",                        &Layout::bytes_items,               {  32,   32,   32,   32,   32,   32,   32,   32,   48,   48,   48}, {528, 608, 704}},
    {"PyObject.ob_type",                             &Layout::object_type,               {   8,    8,    8,    8,    8,    8,    8,    8,   24,   24,   24}, {360, 408, 472}},
    {"PyVarObject.ob_size",                          &Layout::sequence_size,             {  16,   16,   16,   16,   16,   16,   16,   16,   32,   32,   32}, {  0,   0,   0}},
    {"PyTypeObject.tp_name",                         &Layout::type_name,                 {  24,   24,   24,   24,   24,   24,   24,   24,   40,   40,   40}, {376, 424, 488}},
    {"PyTypeObject.tp_basicsize",                    &Layout::type_instance_size,        {  32,   32,   32,   32,   32,   32,   32,   32,   48,   48,   48}, {  0,   0,   0}},
    {"PyTypeObject.tp_flags",                        &Layout::type_flags,                { 168,  168,  168,  168,  168,  168,  168,  168,  184,  184,  184}, {392, 440, 504}},
    {"PyTypeObject.tp_base",                         &Layout::type_base,                 { 256,  256,  256,  256,  256,  256,  256,  256,  272,  272,  272}, {  0,   0,   0}},
    {"PyTypeObject.tp_dict",                         &Layout::type_dict,                 { 264,  264,  264,  264,  264,  264,  264,  264,  280,  280,  280}, {  0,   0,   0}},
    {"PyTypeObject.tp_dictoffset",                   &Layout::type_dict_offset,          { 288,  288,  288,  288,  288,  288,  288,  288,  304,  304,  304}, {  0,   0,   0}},
    {"PyHeapTypeObject.ht_cached_keys",              &Layout::type_shared_keys,          { 872,  864,  872,  872,  880,  880,  880,  888,  896,  896,  904}, {  0,   0,   0}},
    {"PyTupleObject.ob_item",                        &Layout::tuple_items,               {  24,   24,   24,   24,   24,   24,   32,   32,   40,   48,   48}, {408, 456, 552}},
    {"PyListObject.ob_item",                         &Layout::list_items,                {  24,   24,   24,   24,   24,   24,   24,   24,   40,   40,   40}, {432, 480, 576}},
    {"PyDictObject.ma_keys",                         &Layout::dict_keys,                 {  32,   32,   32,   32,   32,   32,   32,   32,   48,   48,   48}, {456, 536, 632}},
    {"PyDictObject.ma_values",                       &Layout::dict_values,               {  40,   40,   40,   40,   40,   40,   40,   40,   56,   56,   56}, {464, 544, 640}},
    {"PyDictKeysObject.dk_size",                     &Layout::keys_size,                 {   8,    8,    8,  kNo,  kNo,  kNo,  kNo,  kNo,  kNo,  kNo,  kNo}, {  0,   0,   0}},
    {"PyDictKeysObject.dk_log2_index_bytes",         &Layout::keys_log2_index_bytes,     { kNo,  kNo,  kNo,    9,    9,    9,    9,    9,    9,    9,    9}, {  0,   0,   0}},
    {"PyDictKeysObject.dk_kind",                     &Layout::keys_kind,                 { kNo,  kNo,  kNo,   10,   10,   10,   10,   10,   10,   10,   10}, {  0,   0,   0}},
    {"PyDictKeysObject.dk_nentries",                 &Layout::keys_used,                 {  32,   32,   32,   24,   24,   24,   24,   24,   24,   24,   24}, {  0,   0,   0}},
    {"PyDictKeysObject.dk_indices",                  &Layout::keys_indices,              {  40,   40,   40,   32,   32,   32,   32,   32,   32,   32,   32}, {  0,   0,   0}},
    {"PyDictValues.values",                          &Layout::values_items,              {   0,    0,    0,    0,    0,    8,    8,    8,    8,    8,    8}, {  0,   0,   0}},
    {"PyLongObject.ob_size/lv_tag",                  &Layout::int_size,                  {  16,   16,   16,   16,   16,   16,   16,   16,   32,   32,   32}, {496, 576, 672}},
    {"PyLongObject.ob_digit",                        &Layout::int_digits,                {  24,   24,   24,   24,   24,   24,   24,   24,   40,   40,   40}, {504, 584, 680}},
    {"PyASCIIObject.length",                         &Layout::str_length,                {  16,   16,   16,   16,   16,   16,   16,   16,   32,   32,   32}, {552, 632, 728}},
    {"PyASCIIObject.state",                          &Layout::str_state,                 {  32,   32,   32,   32,   32,   32,   32,   32,   48,   48,   48}, {544, 624, 720}},
    {"sizeof(PyASCIIObject)",                        &Layout::str_ascii_text,            {  48,   48,   48,   48,   40,   40,   40,   40,   56,   56,   56}, {560, 640, 736}},
    {"sizeof(PyCompactUnicodeObject)",               &Layout::str_other_text,            {  72,   72,   72,   72,   56,   56,   56,   56,   72,   72,   72}, {  0,   0,   0}},
    {"PyASCIIObject.state.kind",                     &Layout::str_kind_bit,              {   2,    2,    2,    2,    2,    2,    2,    2,    2,    8,    8}, {  0,   0,   0}},
};
// clang-format on

constexpr Layout layout_in(std::size_t column) {
    Layout layout{.minor = kBuilds[column].minor, .free_threaded = kBuilds[column].free_threaded};
    for (const auto& field : kFields) layout.*field.offset = field.by_build[column];
    return layout;
}

constexpr std::array<Layout, kBuilds.size()> kLayouts = [] {
    std::array<Layout, kBuilds.size()> layouts;
    for (std::size_t i = 0; i < layouts.size(); ++i) layouts[i] = layout_in(i);
    return layouts;
}();

constexpr std::string_view kCookie = "xdebugpy";

} // namespace

std::span<const Field> fields() { return kFields; }

const Layout* layout_of(int minor, bool free_threaded) {
    const auto found = std::ranges::find_if(
        kLayouts, [&](const Layout& layout) { return layout.minor == minor && layout.free_threaded == free_threaded; });
    return found == kLayouts.end() ? nullptr : &*found;
}

bool begins_with_description(std::span<const std::byte> runtime) {
    return runtime.size() >= kCookie.size() && std::memcmp(runtime.data(), kCookie.data(), kCookie.size()) == 0;
}

std::uint64_t described(std::span<const std::byte, kDescriptionBytes> description, Offset at) {
    std::uint64_t value = 0;
    std::memcpy(&value, description.data() + at, sizeof value);
    return value;
}

Result<void> agree(const Layout& layout, std::span<const std::byte, kDescriptionBytes> description) {
    if (layout.minor < kFirstSelfDescribed) return {};
    const auto release = static_cast<std::size_t>(layout.minor - kFirstSelfDescribed);
    for (const auto& field : kFields) {
        const auto at = field.described_at.at(release);
        if (at == 0 || layout.*field.offset == kAbsent) continue;
        const auto said = described(description, at);
        if (said != layout.*field.offset)
            return fail(fmt::format("{} is at {} by the table for Python 3.{} and at {} by the interpreter", field.name,
                                    layout.*field.offset, layout.minor, said));
    }
    return {};
}

} // namespace python
