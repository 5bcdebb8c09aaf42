// SPDX-License-Identifier: BSD-2-Clause
// Accept headers as clients really send them, and odd ones.
#include <gtest/gtest.h>

#include "web/negotiation.h"

namespace {

using web::accepts_gzip;
using web::Format;
using web::preferred_format;

TEST(PreferredFormat, IsTextForCurlBrowsersAndSilence) {
    EXPECT_EQ(preferred_format(""), Format::text);
    EXPECT_EQ(preferred_format("*/*"), Format::text);
    EXPECT_EQ(preferred_format("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"), Format::text);
    EXPECT_EQ(preferred_format("application/*"), Format::text);
}

TEST(PreferredFormat, IsOpenMetricsForPrometheus) {
    // Prometheus 2.42, then 3.x.
    EXPECT_EQ(preferred_format("application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;"
                               "q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"),
              Format::openmetrics);
    EXPECT_EQ(preferred_format("application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
                               "application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;"
                               "escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2"),
              Format::openmetrics);
    EXPECT_EQ(preferred_format("application/openmetrics-text; version=\"1.0.0\""), Format::openmetrics);
    EXPECT_EQ(preferred_format("Application/OpenMetrics-Text ; Version=1.0.0 ; Q=0.9 , text/plain ; q=0.8"),
              Format::openmetrics);
}

TEST(PreferredFormat, FollowsTheQualityThenTheOrder) {
    EXPECT_EQ(preferred_format("application/openmetrics-text;q=0.3,text/plain;q=0.5"), Format::text);
    EXPECT_EQ(preferred_format("application/openmetrics-text;q=0.3,text/*;q=0.5"), Format::text);
    EXPECT_EQ(preferred_format("application/openmetrics-text,text/plain"), Format::openmetrics);
    EXPECT_EQ(preferred_format("text/plain,application/openmetrics-text"), Format::text);
    EXPECT_EQ(preferred_format("*/*,application/openmetrics-text"), Format::openmetrics);
}

TEST(PreferredFormat, PutsTheNamedTypeBeforeTheRange) {
    // text/plain is named with 0.1; the wider range does not raise it again.
    EXPECT_EQ(preferred_format("application/openmetrics-text;q=0.5,text/plain;q=0.1,*/*"), Format::openmetrics);
}

TEST(PreferredFormat, DoesNotSendOpenMetricsToOneWhoRefusesItOrKnowsTheDraftOnly) {
    EXPECT_EQ(preferred_format("application/openmetrics-text;q=0"), Format::text);
    EXPECT_EQ(preferred_format("application/openmetrics-text;version=0.0.1"), Format::text);
    EXPECT_EQ(preferred_format("application/openmetrics-text;q=abc"), Format::text);
    EXPECT_EQ(preferred_format("application/openmetrics-text;q=7"), Format::text);
    EXPECT_EQ(preferred_format(",;,=;q,application/openmetrics-textual"), Format::text);
}

TEST(AcceptsGzip, FollowsTheQuality) {
    EXPECT_TRUE(accepts_gzip("gzip"));
    EXPECT_TRUE(accepts_gzip("deflate, GZIP;q=0.5"));
    EXPECT_TRUE(accepts_gzip("x-gzip"));
    EXPECT_TRUE(accepts_gzip("br, *;q=0.1"));
    EXPECT_FALSE(accepts_gzip(""));
    EXPECT_FALSE(accepts_gzip("br"));
    EXPECT_FALSE(accepts_gzip("gzip;q=0"));
    EXPECT_FALSE(accepts_gzip("gzip;q=0, *"));
    EXPECT_FALSE(accepts_gzip("gzip;q=0.5, identity"));
}

} // namespace
