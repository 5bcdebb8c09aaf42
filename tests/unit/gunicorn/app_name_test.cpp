// SPDX-License-Identifier: BSD-2-Clause
// What an application is called.
#include <gtest/gtest.h>

#include "gunicorn/app_name.h"

namespace gunicorn {
namespace {

struct Case {
    std::vector<std::string> command_line;
    std::string name;
    bool successor = false;
};

class AppName : public testing::TestWithParam<Case> {};

TEST_P(AppName, IsReadFromTheCommandLine) {
    EXPECT_EQ(app_name(GetParam().command_line, GetParam().successor), GetParam().name);
}

INSTANTIATE_TEST_SUITE_P(
    CommandLines, AppName,
    testing::Values(Case{{}, ""}, Case{{"python3"}, ""}, Case{{"python3", "embed.py"}, ""},
                    Case{{"gunicorn: master [wapp:app]"}, "wapp:app"}, Case{{"gunicorn: master [shop]"}, "shop"},
                    Case{{"gunicorn: master [gunicorn]"}, ""}, Case{{"gunicorn: master [gunicorn.2]"}, "", true},
                    Case{{"gunicorn: master [gunicorn-shop]"}, "gunicorn-shop"},
                    Case{{"gunicorn: master [a[0]]"}, "a[0]"}, Case{{"gunicorn: master ["}, ""},
                    Case{{"gunicorn: master []"}, ""}, Case{{"gunicorn: master [wapp:app.2]"}, "wapp:app", true},
                    Case{{"gunicorn: master [wapp:app].2"}, "wapp:app", true},
                    Case{{"gunicorn: master [v1.2]"}, "v1.2"},
                    Case{{"/usr/bin/python3", "/usr/bin/gunicorn", "-b", "localhost:8000", "wapp:app"}, "wapp:app"},
                    Case{{"python3", "-m", "gunicorn", "wapp:app", "-b", "0.0.0.0:80"}, "wapp:app"},
                    Case{{"python3", "/usr/bin/gunicorn", "-c", "python:settings", "pkg.sub:make_app('x:y')"},
                         "pkg.sub:make_app('x:y')"},
                    Case{{"python3", "/usr/bin/gunicorn", "wapp:app", "-b", "unix:sock", "-c", "file:conf"},
                         "wapp:app"},
                    Case{{"python3", "/usr/bin/gunicorn", "-n", "shop", "wapp:app"}, "shop"},
                    Case{{"python3", "/usr/bin/gunicorn", "-nshop", "wapp:app"}, "shop"},
                    Case{{"python3", "/usr/bin/gunicorn", "wapp:app", "--name", "shop"}, "shop"},
                    Case{{"python3", "/usr/bin/gunicorn", "--name=shop", "wapp:app"}, "shop"},
                    Case{{"python3", "/usr/bin/gunicorn", "wapp:app", "--name"}, "wapp:app"},
                    Case{{"python3", "/usr/bin/gunicorn", "wapp"}, ""},
                    Case{{"python3", "/usr/bin/gunicorn", "-b", "[::1]:8000", "-b", "127.0.0.1:80"}, ""}));

} // namespace
} // namespace gunicorn
