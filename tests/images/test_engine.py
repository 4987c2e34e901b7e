from pathlib import Path

import pytest

from images.engine import Engine, choose
from images.errors import ImageError

BUILDAH = Engine("buildah", ("buildah", "--root", "/c"), ("--layers",), ("https_proxy",))


@pytest.mark.parametrize(
    ("working", "chosen"),
    [
        ({"docker", "podman", "buildah"}, "docker"),
        ({"podman", "buildah"}, "podman"),
        ({"buildah"}, "buildah"),
        (set(), None),
    ],
)
def test_the_first_that_works_is_chosen(working: set[str], chosen: str | None) -> None:
    assert choose(None, working.__contains__) == chosen


def test_what_was_asked_for_goes_first() -> None:
    assert choose("buildah", {"docker", "buildah"}.__contains__) == "buildah"


def test_a_silent_engine_is_named() -> None:
    with pytest.raises(ImageError, match="docker was asked for and does not answer"):
        choose("docker", {"buildah"}.__contains__)


def test_an_unknown_engine_is_named_with_the_known_ones() -> None:
    with pytest.raises(ImageError, match="'kaniko': it is one of docker, podman, buildah"):
        choose("kaniko", lambda _: True)


def test_the_build_line_hands_over_values_secrets_and_stages() -> None:
    line = BUILDAH.build(
        Path("/ctx"),
        dockerfile="server/Dockerfile",
        reference="localhost/x:1",
        target="image",
        arguments={"BASE_IMAGE": "base:1"},
        secrets={"pip.conf": Path("/tmp/pip.conf")},
        stages={"runtime": "localhost/r:1"},
    )
    assert line[:4] == ["buildah", "--root", "/c", "build"]
    text = " ".join(line)
    assert "--build-arg BASE_IMAGE=base:1 --build-arg https_proxy" in text
    assert "--secret id=pip.conf,src=/tmp/pip.conf" in text
    assert "--build-context runtime=container-image://localhost/r:1" in text
    assert line[-3:] == ["--file", "/ctx/server/Dockerfile", "/ctx"]


@pytest.mark.parametrize(
    ("engine", "line"),
    [
        (BUILDAH, "buildah --root /c push x:1 docker-archive:/a.tar:x:1"),
        (Engine("podman", ("podman",)), "podman save --format docker-archive --output /a.tar x:1"),
        (Engine("docker", ("docker",)), "docker save --output /a.tar x:1"),
    ],
)
def test_each_engine_saves_a_docker_archive(engine: Engine, line: str) -> None:
    assert engine.save("x:1", Path("/a.tar")) == line.split()
