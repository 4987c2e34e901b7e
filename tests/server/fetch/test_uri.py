import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelyard_server.fetch.uri import ModelUri, parse
from modelyard_server.report import SourceError

HEX = "0123456789abcdef" * 4


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("s3://bucket/a/b/", ModelUri("s3", "bucket", "a/b")),
        ("S3://bucket", ModelUri("s3", "bucket", "")),
        (f"s3://bucket/a@manifest:{HEX}", ModelUri("s3", "bucket", "a", pin=f"manifest:{HEX}")),
        ("hf://org/repo@refs/pr/1/onnx", ModelUri("hf", "org", "repo@refs/pr/1/onnx")),
        ("https://host:8443/m.onnx?sig=1%2F2", ModelUri("https", "host:8443", "m.onnx", query="sig=1%2F2")),
        (
            f"https://host/m.onnx?sig=1@manifest:{HEX}",
            ModelUri("https", "host", "m.onnx", query="sig=1", pin=f"manifest:{HEX}"),
        ),
        ("gs://my_bucket/a", ModelUri("gs", "my_bucket", "a")),
        ("az://acc.blob.core.windows.net/c/a/", ModelUri("az", "acc.blob.core.windows.net", "c/a")),
        ("file:/models/x", ModelUri("file", "", "models/x")),
        ("file:///models/x", ModelUri("file", "", "models/x")),
        (f"pvc://claim/x@sha256:{HEX}", ModelUri("pvc", "claim", "x", pin=f"sha256:{HEX}")),
    ],
)
def test_parts(text: str, expected: ModelUri) -> None:
    assert parse(text) == expected
    assert parse(str(expected)) == expected


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("bert-base", "needs a scheme"),
        ("s3:bucket/x", "two slashes"),
        ("s3://bucket/../other", "'..'"),
        ("https://host/a b", "space"),
        ("https://host/a\nb", "control character"),
        ("https://host/a#b", "#fragment"),
        ("", "needs a scheme"),
    ],
)
def test_refused(text: str, word: str) -> None:
    with pytest.raises(SourceError, match=word) as caught:
        parse(text)
    assert caught.value.reason == "InvalidURI"
    assert caught.value.permanent


def test_a_password_is_refused_and_not_repeated() -> None:
    with pytest.raises(SourceError) as caught:
        parse("https://me:hunter22@host/x")
    assert "secretRef" in caught.value.message
    assert "hunter22" not in caught.value.message


def test_what_is_shown_has_neither_query_nor_pin() -> None:
    assert parse(f"https://host/m.onnx?X-Amz-Signature=abc@manifest:{HEX}").shown == "https://host/m.onnx"


def test_kinds_of_sources() -> None:
    assert parse("https://host/a.TAR.GZ").is_archive
    assert parse("https://host/a.zip?x=1").is_file
    assert parse("s3://b/a.onnx").is_file
    assert not parse("s3://b/a").is_file


@given(st.one_of(st.text(), st.from_regex(r"(s3|gs|az|hf|https|pvc|file):/{0,3}[ -~]*", fullmatch=True)))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        uri = parse(text)
    except SourceError as error:
        assert error.reason == "InvalidURI"
    else:
        assert parse(str(uri)) == uri
