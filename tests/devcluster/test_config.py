from pathlib import Path

from devcluster.config import Settings


def test_state_is_outside_any_work_tree_and_the_cache_in_the_home() -> None:
    settings = Settings.from_environment({"HOME": "/home/eve"})
    assert settings.state_dir == Path("/var/lib/modelyard-devcluster")
    assert settings.cache_dir == Path("/home/eve/.cache/modelyard")


def test_both_folders_can_be_chosen() -> None:
    environ = {
        "MODELYARD_CACHE": "/c",
        "MODELYARD_DEVCLUSTER_DIR": "/s",
        "XDG_CACHE_HOME": "/x",
        "HOME": "/h",
    }
    settings = Settings.from_environment(environ)
    assert (settings.state_dir, settings.cache_dir) == (Path("/s"), Path("/c"))
    assert Settings.from_environment({"XDG_CACHE_HOME": "/x"}).cache_dir == Path("/x/modelyard")


def test_the_lock_survives_the_state_folder(settings: Settings) -> None:
    assert settings.state_dir not in settings.lock_file.parents
