from pathlib import Path

import pytest

from modelyard_server.runtime import Runtime, RuntimeFileError, RuntimeWatcher, read_runtime
from tests.server.conftest import PASSWORD, RuntimeVolume

MANAGED = {"ttlSeconds": 180, "mode": "managed", "host": "cache", "port": 6379}


def test_no_volume_is_no_cache(tmp_path: Path) -> None:
    assert read_runtime(tmp_path / "absent") == Runtime()


def test_the_volume_is_read(runtime: RuntimeVolume) -> None:
    runtime.write(MANAGED, cache_url="redis://elsewhere")
    read = read_runtime(runtime.directory)

    assert read.cache is not None
    assert (read.cache.ttl_seconds, read.cache.mode, read.cache.host, read.cache.port) == (
        180,
        "managed",
        "cache",
        6379,
    )
    assert read.cache_key == bytes.fromhex(runtime.files["cache-key"])
    assert read.cache_password == PASSWORD
    assert read.cache_url == "redis://elsewhere"
    assert read.admin_token == "letmein"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("runtime.json", "{"),
        ("runtime.json", '{"cache": {"ttlSeconds": 0, "mode": "managed"}}'),
        ("runtime.json", '{"cache": {"ttlSeconds": 1, "mode": "other"}}'),
        ("cache-key", "short"),
    ],
)
def test_a_wrong_file_is_named(tmp_path: Path, name: str, content: str) -> None:
    (tmp_path / name).write_text(content)

    with pytest.raises(RuntimeFileError, match=name):
        read_runtime(tmp_path)


async def test_changes_are_told_once_and_wrong_states_leave_what_was(runtime: RuntimeVolume) -> None:
    states: list[Runtime] = []

    async def note(state: Runtime) -> None:
        states.append(state)

    watcher = RuntimeWatcher(runtime.directory, note)
    runtime.write(MANAGED)
    await watcher.check()
    await watcher.check()
    runtime.write(None)
    await watcher.check()
    runtime.write({"ttlSeconds": -1})
    await watcher.check()
    runtime.write(MANAGED)
    await watcher.check()

    assert [state.cache.ttl_seconds if state.cache else None for state in states] == [180, None, 180]
