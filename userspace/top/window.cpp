// SPDX-License-Identifier: BSD-2-Clause
#include "top/window.h"

#include <utility>

namespace top {

void Window::add(Moment moment) {
    moments_.push_back(std::move(moment));
    while (moments_.size() > 2 && moments_.back().at - moments_[1].at >= length_) moments_.pop_front();
}

Span Window::narrow() const {
    return {moments_.size() > 1 ? &moments_[moments_.size() - 2] : nullptr, &moments_.back()};
}

Span Window::wide() const { return {moments_.size() > 1 ? &moments_.front() : nullptr, &moments_.back()}; }

} // namespace top
