from pathlib import Path

from images.index import KEPT, BuiltImage, Index


def image(folder: Path, tag: str, part: str = "server") -> BuiltImage:
    archive = folder / f"{part}-{tag}.tar"
    archive.write_bytes(b"")
    return BuiltImage(part, f"localhost/modelyard-{part}", tag, f"sha256:{tag}", str(archive), 1)


def test_what_was_put_is_read_back_as_the_current_one(tmp_path: Path) -> None:
    Index(tmp_path).put(image(tmp_path, "a"))
    Index(tmp_path).put(image(tmp_path, "b"))
    current = Index(tmp_path).current("server")
    assert current is not None
    assert current.reference == "localhost/modelyard-server:b"
    assert Index(tmp_path).find("server", "a") is not None
    assert Index(tmp_path).current("operator") is None


def test_the_oldest_archives_of_each_part_go(tmp_path: Path) -> None:
    for tag in "abcd":
        Index(tmp_path).put(image(tmp_path, tag))
        Index(tmp_path).put(image(tmp_path, tag, "operator"))
    kept = sorted(path.name for path in tmp_path.glob("server-*.tar"))
    assert kept == ["server-b.tar", "server-c.tar", "server-d.tar"]
    assert len(list(tmp_path.glob("operator-*.tar"))) == KEPT
    assert Index(tmp_path).find("server", "a") is None


def test_an_image_whose_archive_is_gone_is_not_found(tmp_path: Path) -> None:
    built = image(tmp_path, "a")
    Index(tmp_path).put(built)
    Path(built.archive).unlink()
    assert Index(tmp_path).find("server", "a") is None


def test_an_older_image_becomes_current_again_without_losing_others(tmp_path: Path) -> None:
    for tag in "abca":
        Index(tmp_path).put(image(tmp_path, tag))
    current = Index(tmp_path).current("server")
    assert current is not None
    assert current.tag == "a"
    assert len(list(tmp_path.glob("server-*.tar"))) == 3
