from pathlib import Path

import pytest

from modelyard_server import contract
from modelyard_server.artifact.source import source_dir
from modelyard_server.report import SourceError

MODEL, MOUNT = Path("/model"), Path("/source")
PIN = "@sha256:" + "0" * 64


@pytest.mark.parametrize(
    ("uri", "place"),
    [
        (None, MODEL),
        ("s3://bucket/prefix@manifest:" + "0" * 64, MODEL),
        ("hf://org/repo@" + "0" * 40, MODEL),
        ("pvc://claim/models/a", MOUNT / "models/a"),
        (f"pvc://claim/models/a{PIN}", MOUNT / "models/a"),
        (f"pvc://claim{PIN}", MOUNT),
        ("file:///models/a", Path("/models/a")),
        (f"file:///models/my%20model{PIN}", Path("/models/my model")),
    ],
)
def test_where_a_model_is_read(uri: str | None, place: Path) -> None:
    assert source_dir(uri, MODEL, MOUNT) == place


@pytest.mark.parametrize("uri", ["pvc://claim/../other", "file://host/models", "file:models"])
def test_paths_that_lead_elsewhere_are_refused(uri: str) -> None:
    with pytest.raises(SourceError) as caught:
        source_dir(uri, MODEL, MOUNT)
    assert caught.value.reason == contract.REASON_INVALID_URI
