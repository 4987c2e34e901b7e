from pathlib import Path

from devcluster.mounts import mount_points

MOUNTINFO = """\
22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
90 22 0:50 / /state/kubelet/pods/a/volumes/mem rw - tmpfs tmpfs rw
91 22 0:51 / /state/containerd/rootfs rw - overlay overlay rw
92 91 0:52 / /state/containerd/rootfs/with\\040blank rw - tmpfs tmpfs rw
93 22 0:53 / /state-of-another rw - tmpfs tmpfs rw
"""


def test_inner_mounts_come_first_and_neighbours_are_spared() -> None:
    assert mount_points(MOUNTINFO, Path("/state")) == [
        Path("/state/containerd/rootfs/with blank"),
        Path("/state/containerd/rootfs"),
        Path("/state/kubelet/pods/a/volumes/mem"),
    ]
