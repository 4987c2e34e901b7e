import pytest

from modelyard_server.inputs.allow import AllowList, Origin
from modelyard_server.settings import SettingsError


def origin(url: str) -> Origin:
    scheme, _, rest = url.partition("://")
    host, _, port = rest.partition(":")
    return Origin(scheme, host, int(port) if port else {"http": 80, "https": 443}[scheme])


@pytest.mark.parametrize(
    ("entry", "fits", "fits_not"),
    [
        (
            "images.example.org",
            ["http://images.example.org", "https://images.example.org"],
            [
                "http://images.example.org:8080",
                "http://example.org",
                "http://a.images.example.org",
                "http://images.example.org.evil.net",
                "http://images-example.org",
            ],
        ),
        (
            "*.example.org",
            ["https://a.example.org", "https://a.b.example.org"],
            ["https://example.org", "https://evilexample.org", "https://a.example.org:444"],
        ),
        (
            "images.example.org:8443",
            ["https://images.example.org:8443", "http://images.example.org:8443"],
            ["https://images.example.org"],
        ),
        (
            "http://store.images.svc:9000",
            ["http://store.images.svc:9000"],
            ["https://store.images.svc:9000", "http://store.images.svc"],
        ),
        ("10.0.0.5", ["http://10.0.0.5"], ["http://10.0.0.6", "http://10.0.0.5:81"]),
    ],
)
def test_an_entry_allows_what_it_says(entry: str, fits: list[str], fits_not: list[str]) -> None:
    allow = AllowList([entry])

    assert [url for url in fits if not allow.allows(origin(url))] == []
    assert [url for url in fits_not if allow.allows(origin(url))] == []


def test_nothing_is_allowed_unasked() -> None:
    assert not AllowList([])
    assert not AllowList([]).allows(origin("https://example.org"))


@pytest.mark.parametrize(
    ("entry", "host", "port", "private"),
    [
        ("http://store.images.svc:9000", "store.images.svc", 9000, True),
        ("http://store.images.svc:9000", "store.images.svc", 80, False),
        ("10.0.0.5", "10.0.0.5", 80, True),
        ("images.example.org", "images.example.org", 80, False),
        ("*.example.org", "a.example.org", 80, False),
    ],
)
def test_only_a_place_that_is_written_out_may_be_private(
    entry: str, host: str, port: int, private: bool
) -> None:
    assert AllowList([entry]).may_be_private(host, port) is private


@pytest.mark.parametrize(
    "entry",
    [
        *(
            "",
            "*",
            "*.",
            "ftp://a.example.org:21",
            "http://a.example.org",
            "https://*.example.org:443",
            "a b",
        ),
        *(
            "a.example.org/path",
            "a.example.org:99999",
            "user@a.example.org",
            "[::1]",
            "A.example.org",
            "-a.org",
        ),
    ],
)
def test_what_is_no_entry_is_refused_with_what_is(entry: str) -> None:
    with pytest.raises(SettingsError, match=r"spec\.inputs\.imageUrls\.allow.*write images\.example\.org"):
        AllowList([entry])
