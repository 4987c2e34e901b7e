import dataclasses
import re
import zipfile
from pathlib import Path

import pytest

from devcluster import wheels
from devcluster.build import TOOLS_DIR
from devcluster.errors import DevclusterError
from devcluster.extras import EXTRAS

WHEELS = [wheel for extra in EXTRAS.values() for wheel in extra.wheels]


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    path = tmp_path / "some-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("some/bin/prog", b"\x7fELF")
    return path


def test_the_program_alone_is_taken_and_can_be_run(wheel: Path, tmp_path: Path) -> None:
    target = tmp_path / "prog"
    wheels.extract(wheel, "some/bin/prog", target)
    assert target.read_bytes() == b"\x7fELF"
    assert target.stat().st_mode & 0o777 == 0o755


def test_a_wheel_of_another_layout_is_told(wheel: Path, tmp_path: Path) -> None:
    with pytest.raises(DevclusterError, match=r"some-1\.0-py3-none-any\.whl holds no some/prog"):
        wheels.extract(wheel, "some/prog", tmp_path / "prog")


@pytest.mark.parametrize("item", WHEELS, ids=lambda item: item.name)
def test_every_wheel_is_pinned_by_version_and_hash(item: wheels.Wheel) -> None:
    text = (TOOLS_DIR / item.folder / "requirements.lock").read_text()
    assert re.match(r"[a-z-]+==[\d.]+ \\\n( +--hash=sha256:[0-9a-f]{64}( \\)?\n)+$", text)


def test_the_key_changes_with_the_lock_and_the_member(tmp_path: Path) -> None:
    item = wheels.Wheel("prog", "some", "some/bin/prog")
    lock = tmp_path / "some" / "requirements.lock"
    lock.parent.mkdir()
    keys = set()
    for text in ("some==1.0", "some==1.1"):
        lock.write_text(text)
        keys.add(wheels.cache_key(item, tmp_path))
    keys.add(wheels.cache_key(dataclasses.replace(item, member="some/prog"), tmp_path))
    assert len(keys) == 3
