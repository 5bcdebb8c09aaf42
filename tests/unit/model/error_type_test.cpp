// SPDX-License-Identifier: BSD-2-Clause
#include <gtest/gtest.h>

#include "model/error_type.h"

namespace model {
namespace {

TEST(ErrorType, OfServerErrorsIsTheException) {
    EXPECT_EQ(error_type_of(500, "ValueError"), "ValueError");
    EXPECT_EQ(error_type_of(503, "zlib.error"), "error");
    EXPECT_EQ(error_type_of(999, "KeyError"), "KeyError");
    EXPECT_EQ(error_type_of(500, ""), "unknown");
}

TEST(ErrorType, OfAnAnswerThatNothingWasRaisedForIsNone) {
    EXPECT_EQ(error_type_of(503, "", true), "");
    EXPECT_EQ(error_type_of(503, "KeyError", true), "KeyError") << "logged, by a framework that is not known";
    EXPECT_EQ(error_type_of(404, "", true), "");
}

TEST(ErrorType, OfClientErrorsIsWhatGunicornAnswers) {
    EXPECT_EQ(error_type_of(400, "InvalidRequestLine"), "InvalidRequestLine");
    EXPECT_EQ(error_type_of(400, "ChunkMissingTerminator"), "ChunkMissingTerminator");
    EXPECT_EQ(error_type_of(400, "OfALaterVersion"), "OfALaterVersion");
    EXPECT_EQ(error_type_of(404, ""), "");
}

TEST(PlainName, IsTextThatALabelCanHold) {
    EXPECT_EQ(plain_name("django.core.exceptions.PermissionDenied"), "PermissionDenied");
    EXPECT_EQ(plain_name("Größenfehler"), "Größenfehler");
    EXPECT_EQ(plain_name("Bad\xff\xfeName"), "Bad??Name");
    EXPECT_EQ(plain_name("Cut\xc3"), "Cut?");
    EXPECT_EQ(plain_name("Quote\"d\n\\"), "Quote?d??");
    EXPECT_EQ(plain_name(""), "");
}

} // namespace
} // namespace model
