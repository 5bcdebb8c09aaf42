// SPDX-License-Identifier: BSD-2-Clause
// What an Arbiter's memory says of its Gunicorn.

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gunicorn/app_name.h"
#include "gunicorn/facts.h"
#include "python/objects.h"

namespace gunicorn {
namespace {

using python::Address;
using python::Objects;

// What cannot be read is left out: nothing depends on it.
std::optional<Address> attribute(const Objects& objects, Address object, std::string_view name) {
    const auto found = objects.attribute(object, name);
    return found ? *found : std::nullopt;
}

std::optional<std::string> text(const Objects& objects, std::optional<Address> object) {
    if (!object) return std::nullopt;
    auto found = objects.text(*object);
    return found ? std::optional{*std::move(found)} : std::nullopt;
}

// The value that -k takes: Gunicorn's own classes by their short names, others as "package.module.Class".
std::optional<std::string> worker_class(const Objects& objects, Address arbiter) {
    static constexpr std::array<std::pair<std::string_view, std::string_view>, 7> kOwn{{
        {"SyncWorker", "sync"},
        {"ThreadWorker", "gthread"},
        {"GeventWorker", "gevent"},
        {"GeventPyWSGIWorker", "gevent_pywsgi"},
        {"EventletWorker", "eventlet"},
        {"TornadoWorker", "tornado"},
        {"ASGIWorker", "asgi"},
    }};
    const auto type = attribute(objects, arbiter, "worker_class");
    const auto is_type = type ? objects.is_type(*type) : Result<bool>{false};
    if (!is_type || !*is_type) return std::nullopt;
    const auto name = objects.name_of_type(*type);
    if (!name) return std::nullopt;
    const auto in_module = objects.class_attribute(*type, "__module__");
    const auto module = text(objects, in_module ? *in_module : std::nullopt);
    if (!module) return *name;
    const auto own = std::ranges::find(kOwn, std::string_view{*name}, &decltype(kOwn)::value_type::first);
    if (own != kOwn.end() && module->starts_with("gunicorn.workers.")) return std::string{own->second};
    return *module + "." + *name;
}

// Which of Gunicorn's two classes that serve one connection at a time it is, or is derived from, by a method that only
// that one has, in all versions from 20.1 on.
std::optional<std::string> concurrency(const Objects& objects, Address arbiter) {
    const auto type = attribute(objects, arbiter, "worker_class");
    const auto is_type = type ? objects.is_type(*type) : Result<bool>{false};
    if (!is_type || !*is_type) return std::nullopt;
    for (const auto& [method, name] : {std::pair{"run_for_one", "sync"}, std::pair{"enqueue_req", "gthread"}}) {
        const auto found = objects.class_attribute(*type, method);
        if (!found) return std::nullopt;
        if (*found) return name;
    }
    return "other";
}

// ("127.0.0.1", 8000), ("::1", 8000, 0, 0), "/run/socket": as --bind takes them.
std::optional<std::string> address_text(const Objects& objects, Address address) {
    if (const auto path = text(objects, address)) {
        const bool is_abstract = path->starts_with('\0');
        return is_abstract ? fmt::format("unix:@{}", path->substr(1)) : fmt::format("unix:{}", *path);
    }
    const auto parts = objects.items(address);
    if (!parts || parts->size() < 2) return std::nullopt;
    const auto host = text(objects, (*parts)[0]);
    const auto port = objects.integer((*parts)[1]);
    if (!host || !port) return std::nullopt;
    return host->contains(':') ? fmt::format("[{}]:{}", *host, *port) : fmt::format("{}:{}", *host, *port);
}

// The addresses of the sockets that it holds; it holds none itself with --reuse-port of newer versions.
std::optional<std::string> bind(const Objects& objects, Address arbiter) {
    const auto listeners = attribute(objects, arbiter, "LISTENERS");
    const auto items = listeners ? objects.items(*listeners) : Result<std::vector<Address>>{fail("none")};
    if (!items || items->empty()) return std::nullopt;
    std::string all;
    for (const auto listener : *items) {
        const auto address = attribute(objects, listener, "cfg_addr");
        const auto one = address ? address_text(objects, *address) : std::nullopt;
        if (!one) return std::nullopt;
        all += (all.empty() ? "" : ",") + *one;
    }
    return all;
}

// The value of Config.is_ssl: "on" where a certificate or a key is set.
std::optional<std::string> tls(const Objects& objects, Address arbiter) {
    const auto config = attribute(objects, arbiter, "cfg");
    const auto settings = config ? attribute(objects, *config, "settings") : std::nullopt;
    if (!settings) return std::nullopt;
    for (const auto* name : {"certfile", "keyfile"}) {
        const auto setting = objects.item(*settings, name);
        const auto value = setting && *setting ? attribute(objects, **setting, "value") : std::nullopt;
        if (!value) return std::nullopt;
        if (const auto path = text(objects, value); path && !path->empty()) return "on";
    }
    return "off";
}

std::optional<Address> value_of_setting(const Objects& objects, Address arbiter, std::string_view name) {
    const auto config = attribute(objects, arbiter, "cfg");
    const auto settings = config ? attribute(objects, *config, "settings") : std::nullopt;
    const auto found = settings ? objects.item(*settings, name) : Result<std::optional<Address>>{std::nullopt};
    return found && *found ? attribute(objects, **found, "value") : std::nullopt;
}

std::optional<std::string> setting(const Objects& objects, Address arbiter, std::string_view name) {
    return text(objects, value_of_setting(objects, arbiter, name));
}

// A bool up to Gunicorn 24.0; since then "off", "v1", "v2" or "auto".
std::optional<std::string> proxy_protocol(const Objects& objects, Address arbiter) {
    const auto value = value_of_setting(objects, arbiter, "proxy_protocol");
    if (!value) return std::nullopt;
    if (const auto mode = text(objects, value)) return *mode == "off" ? "off" : "on";
    const auto flag = objects.integer(*value);
    if (!flag) return std::nullopt;
    return *flag == 0 ? "off" : "on";
}

// The name that Gunicorn has for itself: --name, else the application of its command line. Where only a configuration
// file names the application, that is Gunicorn's own default, so it is taken from the WSGIApplication or the setting.
std::optional<std::string> app(const Objects& objects, Address arbiter) {
    auto name = text(objects, attribute(objects, arbiter, "proc_name"));
    if (!name || without_generation(*name, true) != kNoName || setting(objects, arbiter, "proc_name")) return name;
    const auto application = attribute(objects, arbiter, "app");
    auto uri = application ? text(objects, attribute(objects, *application, "app_uri")) : std::nullopt;
    if (!uri) uri = setting(objects, arbiter, "wsgi_app");
    return uri ? uri : name;
}

} // namespace

Facts facts_of(const Objects& objects, Address arbiter, Address globals) {
    const auto version = objects.item(globals, "__version__");
    const std::pair<const char*, std::optional<std::string>> found[] = {
        {"version", version ? text(objects, *version) : std::nullopt},
        {"worker_class", worker_class(objects, arbiter)},
        {"concurrency", concurrency(objects, arbiter)},
        {"app", app(objects, arbiter)},
        {"bind", bind(objects, arbiter)},
        {"tls", tls(objects, arbiter)},
        {"proxy_protocol", proxy_protocol(objects, arbiter)},
    };
    Facts facts;
    for (const auto& [name, value] : found)
        if (value) facts[name] = *value;
    return facts;
}

} // namespace gunicorn
