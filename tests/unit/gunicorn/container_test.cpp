// SPDX-License-Identifier: BSD-2-Clause
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "fixtures/proc_tree.h"
#include "gunicorn/container.h"

namespace gunicorn {
namespace {

const std::string kId(64, 'a');
const std::string kOther(64, 'b');
constexpr auto kUid = "0f3e1d2c-1111-2222-3333-444455556666";
constexpr auto kUidInSlice = "0f3e1d2c_1111_2222_3333_444455556666";

TEST(Container, NamesOfGroups) {
    const struct {
        std::string path;
        std::string id;
        std::string uid;
    } cases[] = {
        {"0::/system.slice/docker-" + kId + ".scope", kId, ""},
        {"12:memory:/docker/" + kId + "\n0::/", kId, ""},
        {"0::/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" + std::string(kUidInSlice) +
             ".slice/cri-containerd-" + kId + ".scope",
         kId, kUid},
        {"11:cpu,cpuacct:/kubepods/besteffort/pod" + std::string(kUid) + "/" + kId, kId, kUid},
        {"0::/kubepods.slice/kubepods-pod" + std::string(kUidInSlice) + ".slice/crio-" + kId + ".scope/container", kId,
         kUid},
        {"0::/machine.slice/libpod-" + kId + ".scope/container", kId, ""},
        {"0::/../../pod" + std::string(kUid) + "/" + kId, kId, kUid},
        {"0::/docker/" + kId + "/docker/" + kOther, kOther, ""}, // containers in containers: the innermost
    };
    for (const auto& each : cases) {
        const auto container = container_in(each.path);
        ASSERT_TRUE(container) << each.path;
        EXPECT_EQ(container->id, each.id) << each.path;
        EXPECT_EQ(container->pod_uid, each.uid) << each.path;
    }
}

TEST(Container, WhatIsNone) {
    for (const auto& path :
         {std::string(), std::string("0::/"), std::string("0::/user.slice/user-0.slice/session-1.scope"), "0::/x" + kId,
          "0::/" + kId.substr(1), "0::/libpod-conmon-" + kId + ".scope", std::string("garbage\n:::\n"),
          "0::/" + std::string(64, 'G')})
        EXPECT_FALSE(container_in(path)) << path;
}

class ContainerOf : public testing::Test {
protected:
    ContainerOf() {
        tree.put({.pid = 7});
        tree.write("7/cgroup", "0::/kubepods/pod" + std::string(kUid) + "/" + kId + "\n");
        logs = tree.root() / "log";
    }

    std::optional<Container> ask() { return container_of(procfs::ProcFs(tree.root()), 7, logs); }

    fixtures::ProcTree tree;
    std::filesystem::path logs;
};

TEST_F(ContainerOf, ByTheKubeletsContainerLogs) {
    tree.write("log/containers/web-5d_shop_app-" + kOther + ".log", "");
    tree.write("log/containers/web-5d_shop_sidecar-" + kId + ".log", "");
    tree.write("log/containers/nonsense-" + kId + ".txt", "");
    const auto container = ask();
    ASSERT_TRUE(container);
    EXPECT_EQ(container->kubernetes_namespace, "shop");
    EXPECT_EQ(container->pod_label(), "web-5d");
    EXPECT_EQ(container->container_label(), "sidecar");
}

TEST_F(ContainerOf, ByTheKubeletsPodLogs) {
    tree.write("log/pods/other_pod_00000000-0000-0000-0000-000000000000/x/0.log", "");
    tree.write(std::string("log/pods/shop_web-5d_") + kUid + "/app/0.log", "");
    auto container = ask();
    ASSERT_TRUE(container);
    EXPECT_EQ(container->kubernetes_namespace, "shop");
    EXPECT_EQ(container->pod_label(), "web-5d");
    EXPECT_EQ(container->container_label(), "app");
    // Of two containers it cannot be told which.
    tree.write(std::string("log/pods/shop_web-5d_") + kUid + "/sidecar/0.log", "");
    container = ask();
    EXPECT_EQ(container->pod_label(), "web-5d");
    EXPECT_EQ(container->container_label(), kId.substr(0, 12));
}

TEST_F(ContainerOf, ByWhatIsMountedInIt) {
    tree.write("7/root/var/run/secrets/kubernetes.io/serviceaccount/namespace", "shop");
    tree.write("7/root/etc/hostname", "web-5d\n");
    const auto container = ask();
    ASSERT_TRUE(container);
    EXPECT_EQ(container->kubernetes_namespace, "shop");
    EXPECT_EQ(container->pod_label(), "web-5d");
    EXPECT_EQ(container->container_label(), kId.substr(0, 12));
}

TEST_F(ContainerOf, OnlyIds) {
    const auto container = ask();
    ASSERT_TRUE(container);
    EXPECT_EQ(container->kubernetes_namespace, "");
    EXPECT_EQ(container->pod_label(), kUid);
    EXPECT_EQ(container->container_label(), kId.substr(0, 12));
}

TEST_F(ContainerOf, AHostileRootLeadsNowhere) {
    tree.write("secret", "of-the-host");
    tree.write("7/root/etc/other", "");
    std::filesystem::create_symlink(tree.root() / "secret", tree.root() / "7/root/etc/hostname");
    tree.write("7/root/var/run/secrets/kubernetes.io/serviceaccount/namespace", "Not A \"Name\"\xff");
    auto container = ask();
    ASSERT_TRUE(container);
    EXPECT_EQ(container->pod_label(), kUid);
    EXPECT_EQ(container->kubernetes_namespace, "");
    std::filesystem::remove(tree.root() / "7/root/etc/hostname");
    ASSERT_EQ(mkfifo((tree.root() / "7/root/etc/hostname").c_str(), 0600), 0);
    EXPECT_EQ(ask()->pod_label(), kUid); // and does not wait for a writer
}

} // namespace
} // namespace gunicorn
