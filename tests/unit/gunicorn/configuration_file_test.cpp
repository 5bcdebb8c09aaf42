// SPDX-License-Identifier: BSD-2-Clause
// The application's name in a configuration file: plain assignments, and nothing where there is any doubt.
#include <gtest/gtest.h>

#include "fixtures/proc_tree.h"
#include "gunicorn/arguments.h"
#include "gunicorn/configuration_file.h"

namespace gunicorn {
namespace {

TEST(NameInConfiguration, IsAPlainAssignment) {
    EXPECT_EQ(name_in_configuration("bind = ':80'\nwsgi_app = 'shop.wsgi:app'\n"), "shop.wsgi:app");
    EXPECT_EQ(name_in_configuration("wsgi_app=\"shop:make_app('x')\"  # ours\r\nworkers = 2"), "shop:make_app('x')");
    EXPECT_EQ(name_in_configuration("# wsgi_app = 'old:app'\nmy_wsgi_app = 'no:no'\nwsgi_app = 'shop:app'"),
              "shop:app");
    EXPECT_EQ(name_in_configuration("wsgi_app = 'shop:app'\nproc_name = 'shop'\n"), "shop");
    EXPECT_EQ(name_in_configuration("\"\"\"\nwsgi_app = 'example:app'\n\"\"\"\nwsgi_app = 'shop:app'\n"), "shop:app");
}

TEST(NameInConfiguration, IsUnknownWhereTheFileHasADoubt) {
    for (const char* text :
         {"", "bind = ':80'", "wsgi_app = os.environ['APP']", "if production:\n    wsgi_app = 'shop:app'\n",
          "wsgi_app = 'a:app'\nwsgi_app = 'b:app'\n", "wsgi_app = 'a:app'\nwsgi_app += '2'\n",
          "wsgi_app = 'a:app' if x else 'b:app'", "wsgi_app = f'{x}:app'", "wsgi_app = 'a' + ':app'", "wsgi_app = ''",
          "wsgi_app == 'a:app'", "wsgi_app = 'a\\x41:app'", "wsgi_app = '''a:app'''", "wsgi_app: str = 'a:app'",
          "wsgi_app = 'shop:app'\nproc_name = socket.gethostname()\n", "x = '''\nwsgi_app = 'example:app'\n'''\n",
          "wsgi_app = 'a:app'\ndel wsgi_app\n", "wsgi_app = 'a:app", "wsgi_app"})
        EXPECT_EQ(name_in_configuration(text), "") << text;
}

class ConfiguredName : public testing::Test {
protected:
    std::string name(std::vector<std::string> arguments, const std::string& variable = "") {
        tree_.put({.pid = 7});
        tree_.write("7/environ",
                    variable.empty() ? "A=1" : "A=1" + std::string(1, '\0') + "GUNICORN_CMD_ARGS=" + variable);
        tree_.write("7/cwd/gunicorn.conf.py", "wsgi_app = 'standard:app'\n");
        tree_.write("7/cwd/conf/other", "wsgi_app = 'other:app'\n");
        tree_.write("7/root/etc/gunicorn.py", "wsgi_app = 'absolute:app'\n");
        tree_.write("outside.py", "wsgi_app = 'outside:app'\n");
        std::vector<std::string> command{"/usr/bin/python3", "/usr/bin/gunicorn"};
        command.insert(command.end(), arguments.begin(), arguments.end());
        return configured_name(procfs::ProcFs(tree_.root()), 7, command);
    }
    fixtures::ProcTree tree_;
};

TEST_F(ConfiguredName, ComesFromTheFileThatGunicornReads) {
    EXPECT_EQ(name({}), "standard:app");
    EXPECT_EQ(name({"-c", "conf/other"}), "other:app");
    EXPECT_EQ(name({"--config=file:conf/other"}), "other:app");
    EXPECT_EQ(name({"-c/etc/gunicorn.py"}), "absolute:app");
    EXPECT_EQ(name({}, "--bind :80 -c 'conf/other'"), "other:app");
    EXPECT_EQ(name({"-c", "/etc/gunicorn.py"}, "-c conf/other"), "absolute:app") << "the command line wins";
    EXPECT_EQ(name({"-c", "conf/other"}, "--name=shop"), "shop");
    EXPECT_EQ(name({"--chdir", "/srv", "-c", "/etc/gunicorn.py"}), "absolute:app");
}

TEST_F(ConfiguredName, IsUnknownWhereTheFileIs) {
    EXPECT_EQ(name({"-c", "python:shop.settings"}), "");
    EXPECT_EQ(name({"-c", "missing.py"}), "");
    EXPECT_EQ(name({"--chdir", "/srv"}), "");
    EXPECT_EQ(name({}, "--chdir=/srv"), "");
    EXPECT_EQ(name({"-c", "../../outside.py"}), "") << "outside of its working directory";
    tree_.put({.pid = 7});
    EXPECT_EQ(configured_name(procfs::ProcFs(tree_.root()), 7, {"gunicorn: master [gunicorn]"}), "");
}

TEST(Arguments, AreSplitAsAShellDoes) {
    using Expected = std::vector<std::string>;
    EXPECT_EQ(split_arguments("  -c  'a b' --name=\"x \\\" y\" c\\ d ''"),
              (Expected{"-c", "a b", "--name=x \" y", "c d", ""}));
    EXPECT_EQ(split_arguments(""), Expected{});
    EXPECT_EQ(split_arguments("-c 'a"), Expected{});
}

} // namespace
} // namespace gunicorn
