// SPDX-License-Identifier: BSD-2-Clause
#include <gtest/gtest.h>

#include "http/endpoint.h"

namespace {

using http::EndpointFolding;

TEST(EndpointFolding, FoldsIdentifiers) {
    const EndpointFolding folding;
    const std::pair<const char*, const char*> rows[] = {
        {"/", "/"},
        {"/users/7", "/users/{id}"},
        {"/users/7/", "/users/{id}/"},
        {"/7", "/{id}"},
        {"/users/7/orders/20240131", "/users/{id}/orders/{id}"},
        {"//7", "//{id}"},
        {"/api/v1/users", "/api/v1/users"},
        {"/page-7", "/page-7"},
        {"/-7", "/-7"},
        {"/7.5", "/7.5"},
        {"/o/123e4567-e89b-12d3-a456-426614174000", "/o/{uuid}"},
        {"/o/123E4567-E89B-12D3-A456-426614174000/x", "/o/{uuid}/x"},
        {"/o/123e4567-e89b-12d3-a456-42661417400", "/o/123e4567-e89b-12d3-a456-42661417400"},
        {"/o/123e4567-e89b-12d3-a456-42661417400g", "/o/123e4567-e89b-12d3-a456-42661417400g"},
        {"/d/2024-01-31", "/d/{date}"},
        {"/d/2024-01", "/d/{date}"},
        {"/d/2024-01-31T10:00:00Z", "/d/{date}"},
        {"/d/2024-01-31T10:00:00.123+02:00", "/d/{date}"},
        {"/d/2024-13-01", "/d/2024-13-01"},
        {"/d/2024-00", "/d/2024-00"},
        {"/d/2024-01-32", "/d/2024-01-32"},
        {"/d/2024-01T10", "/d/2024-01T10"},
        {"/d/2024-01-31Talk", "/d/2024-01-31Talk"},
        {"/h/d41d8cd98f00b204e9800998ecf8427e", "/h/{hash}"},
        {"/h/507F1F77BCF86CD799439011", "/h/{hash}"},
        {"/h/0123456789abcdef", "/h/{hash}"},
        {"/h/0123456789abcde", "/h/0123456789abcde"},
        {"/h/abcdefabcdefabcdef", "/h/abcdefabcdefabcdef"},
        {"/h/1234567890123456", "/h/{id}"},
        {"/h/0123456789abcdeg", "/h/0123456789abcdeg"},
        {"*", "*"},
        {"10:443", "10:443"},
        {"invalid", "invalid"},
        {"", ""},
    };
    for (const auto& [path, endpoint] : rows) {
        EXPECT_EQ(folding.endpoint_of(path), endpoint);
        EXPECT_EQ(folding.endpoint_of(endpoint), endpoint) << "folding is idempotent";
    }
}

TEST(EndpointFolding, CanBeOff) {
    const EndpointFolding folding(EndpointFolding::Identifiers::keep);
    EXPECT_EQ(folding.endpoint_of("/users/7"), "/users/7");
}

TEST(EndpointFolding, RoutesOfTheUserWinInTheirOrder) {
    std::vector<http::RouteTemplate> routes;
    for (const auto* text : {"/users/me", "/users/{name}", "/users/*"})
        routes.push_back(*http::RouteTemplate::parse(text));
    for (const auto identifiers : {EndpointFolding::Identifiers::fold, EndpointFolding::Identifiers::keep}) {
        const EndpointFolding folding(identifiers, routes);
        EXPECT_EQ(folding.endpoint_of("/users/me"), "/users/me");
        EXPECT_EQ(folding.endpoint_of("/users/7"), "/users/{name}");
        EXPECT_EQ(folding.endpoint_of("/users/7/a/b"), "/users/*");
    }
    EXPECT_EQ(EndpointFolding(EndpointFolding::Identifiers::fold, routes).endpoint_of("/orders/7"), "/orders/{id}");
}

} // namespace
