"""The kernel's count of killings is found for both versions of control groups."""

from __future__ import annotations

import pytest

from docklet.droplet.killings import Killings, events_file, killed

V1_MOUNTS = """\
31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory
36 31 0:33 / /sys/fs/cgroup/devices rw,relatime - cgroup cgroup rw,devices
41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw
"""
V2_MOUNTS = """\
24 30 0:22 / /proc rw,nosuid shared:12 - proc proc rw
29 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate,memory_recursiveprot
"""
INNER_MOUNTS = """\
29 23 0:26 /docker/outer /sys/fs/cgroup/memory ro,nosuid - cgroup cgroup rw,memory
"""
V1_GROUPS = (
    "9:name=systemd:/docker/cafe\n4:memory:/docker/cafe\n1:cpu,cpuacct:/x\n0::/docker/cafe\n"
)
V2_GROUPS = "0::/system.slice/docker-cafe.scope\n"


@pytest.mark.parametrize(
    ("groups", "mounts", "file"),
    [
        (V1_GROUPS, V1_MOUNTS, "/sys/fs/cgroup/memory/docker/cafe/memory.oom_control"),
        (
            V2_GROUPS,
            V2_MOUNTS,
            "/sys/fs/cgroup/system.slice/docker-cafe.scope/memory.events",
        ),
        ("0::/\n", V2_MOUNTS, "/sys/fs/cgroup/./memory.events"),
        (
            "4:memory:/docker/outer/docker/inner\n",
            INNER_MOUNTS,
            "/sys/fs/cgroup/memory/docker/inner/memory.oom_control",
        ),
        ("", V1_MOUNTS, ""),
        (V1_GROUPS, "", ""),
        ("4:cpu:/x\n", V1_MOUNTS, ""),
        ("0::/a:b\n", V2_MOUNTS, "/sys/fs/cgroup/a:b/memory.events"),
    ],
    ids=["v1", "v2", "v2-root", "inside", "no-process", "no-mounts", "no-memory", "colon"],
)
def test_where_it_is_counted(groups: str, mounts: str, file: str) -> None:
    """The memory controller's own hierarchy goes first, else there is one for everything."""
    assert events_file(groups, mounts) == file


@pytest.mark.parametrize(
    ("events", "count"),
    [
        ("oom_kill_disable 0\nunder_oom 0\noom_kill 2\n", 2),
        ("low 0\nhigh 0\nmax 17\noom 5\noom_kill 3\noom_group_kill 9\n", 3),
        ("oom_kill_disable 1\nunder_oom 0\n", 0),
        ("", 0),
    ],
    ids=["v1", "v2", "old", "gone"],
)
def test_count(events: str, count: int) -> None:
    """Only processes that were killed count, not the times that memory was short."""
    assert killed(events) == count


def test_container_without_a_process() -> None:
    """Nothing is counted where nothing runs."""
    assert Killings(0).look() == 0
