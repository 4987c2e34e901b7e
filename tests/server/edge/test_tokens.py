"""Tokens that do not hold, and keys that rotate."""

import asyncio
import base64
import time
from collections.abc import Iterator
from typing import Any

import jwt
import pytest

from modelyard_server.edge.jwks import UNKNOWN_KEY_SECONDS, IssuerKeys, fetch_document
from modelyard_server.edge.tokens import LEEWAY_SECONDS, Tokens
from modelyard_server.errors import ProblemError
from tests.server.edge.issuer import Issuer, issuing


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    with issuing() as issuer:
        yield issuer


def checker(issuer: Issuer, clock: Clock | None = None, wall: Any = time.time) -> Tokens:
    keys = IssuerKeys(issuer.url, None, fetch_document, clock or Clock())
    return Tokens(issuer.url, ["models"], keys, wall)


async def checked(tokens: Tokens, token: str) -> str | None:
    """As the gate does it: where the key is not known, fetch the keys and ask again."""
    subject = tokens.subject(token.encode())
    if subject is None:
        await tokens.keys.fetch()
        subject = tokens.subject(token.encode())
    return subject


async def refusal(tokens: Tokens, token: str) -> ProblemError:
    with pytest.raises(ProblemError) as raised:
        await checked(tokens, token)
    assert token not in str(raised.value)
    return raised.value


async def test_its_subject_is_told(issuer: Issuer) -> None:
    tokens = checker(issuer)

    assert await checked(tokens, issuer.token(sub="ada")) == "ada"


@pytest.mark.parametrize(
    ("claims", "says"),
    [
        ({"exp": 1}, "expired"),
        ({"exp": None}, "exp"),
        ({"exp": "soon"}, "exp"),
        ({"nbf": 9e9}, "not yet valid"),
        ({"iss": "https://somebody.else"}, "issuer"),
        ({"iss": None}, "iss"),
        ({"sub": None}, "sub"),
        ({"sub": ""}, "sub"),
    ],
)
async def test_a_token_that_does_not_hold_is_a_401(issuer: Issuer, claims: dict[str, Any], says: str) -> None:
    refused = await refusal(checker(issuer), issuer.token(**claims))

    assert refused.status == 401
    assert says in refused.detail.lower()
    assert 'error="invalid_token"' in refused.headers["www-authenticate"]


@pytest.mark.parametrize("audience", ["others", ["a", "b"]])
async def test_a_token_for_somebody_else_is_a_403(issuer: Issuer, audience: Any) -> None:
    refused = await refusal(checker(issuer), issuer.token(aud=audience))

    assert refused.status == 403


async def test_clocks_may_differ_a_little(issuer: Issuer) -> None:
    tokens = checker(issuer)

    assert await checked(tokens, issuer.token(exp=time.time() - LEEWAY_SECONDS / 2)) == "ada"
    assert await checked(tokens, issuer.token(nbf=time.time() + LEEWAY_SECONDS / 2)) == "ada"


async def test_other_signatures_are_refused(issuer: Issuer) -> None:
    tokens = checker(issuer)
    good = issuer.token()
    header, payload, signature = good.split(".")
    none = base64.urlsafe_b64encode(b'{"alg":"none","kid":"first"}').rstrip(b"=").decode()
    symmetric = jwt.encode({"sub": "eve"}, "x" * 32, "HS256", headers={"kid": "first"})
    with issuing("RS256") as other:
        other.url = issuer.url
        forged = other.token()
    for token in (
        f"{none}.{payload}.",
        symmetric,
        forged,
        f"{header}.{payload}.{signature[:-8]}AAAAAAAA",
        "a.b.c",
        "..",
        "x" * 20_000,
    ):
        assert (await refusal(tokens, token)).status == 401


async def test_what_was_checked_is_remembered_until_it_ends(issuer: Issuer) -> None:
    wall = Clock()
    wall.now = time.time()
    tokens = checker(issuer, wall=wall)
    token = issuer.token(exp=wall.now + 60)
    assert await checked(tokens, token) == "ada"
    find, asked = tokens.keys.find, []

    def counting(key_id: str | None) -> Any:
        asked.append(key_id)
        return find(key_id)

    tokens.keys.find = counting  # type: ignore[method-assign]
    assert tokens.subject(token.encode()) == "ada"
    assert asked == []

    wall.now += 60 + LEEWAY_SECONDS + 1
    tokens.subject(token.encode())
    assert asked == ["first"]


async def test_a_new_key_is_fetched_once_for_all_who_come_with_it(issuer: Issuer) -> None:
    clock = Clock()
    tokens = checker(issuer, clock)
    await checked(tokens, issuer.token())
    issuer.rotate("second")
    clock.now += UNKNOWN_KEY_SECONDS

    subjects = await asyncio.gather(
        *(checked(tokens, issuer.token("second", sub=f"s{n}")) for n in range(50))
    )

    assert subjects == [f"s{n}" for n in range(50)]
    assert issuer.fetched("/jwks") == 2
    assert await checked(tokens, issuer.token("first")) == "ada"


async def test_forged_key_ids_make_no_storm(issuer: Issuer) -> None:
    clock = Clock()
    tokens = checker(issuer, clock)
    await checked(tokens, issuer.token())
    forged = [jwt.encode({}, issuer.keys["first"], "ES256", headers={"kid": f"k{n}"}) for n in range(50)]
    clock.now += UNKNOWN_KEY_SECONDS
    for token in forged:
        await refusal(tokens, token)

    assert issuer.fetched("/jwks") == 2


async def test_a_key_that_was_withdrawn_admits_nobody_any_more(issuer: Issuer) -> None:
    tokens = checker(issuer)
    old = issuer.token()
    assert await checked(tokens, old) == "ada"
    issuer.rotate("second", keep=False)
    await tokens.keys.fetch()

    assert (await refusal(tokens, old)).status == 401


async def test_a_fetch_that_fails_leaves_the_keys(issuer: Issuer) -> None:
    tokens = checker(issuer)
    assert await checked(tokens, issuer.token()) == "ada"
    for document in (None, {"keys": []}, {"keys": "none"}, [1], {"keys": [{"kty": "oct", "k": "eA"}]}):
        issuer.documents["/jwks"] = document
        await tokens.keys.fetch()
        assert await checked(tokens, issuer.token(sub="bob")) == "bob"


@pytest.mark.parametrize(
    "document", [b"{", b"\xff", b'{"keys":' + b"[" * 100_000], ids=["cut", "text", "deep"]
)
async def test_a_document_that_is_no_json_leaves_the_keys(document: bytes) -> None:
    keys = IssuerKeys("https://issuer", "https://issuer/jwks", lambda _: document, Clock())
    await keys.fetch()

    assert not keys.known


async def test_without_keys_there_is_a_503_and_it_heals(issuer: Issuer) -> None:
    clock = Clock()
    documents = dict(issuer.documents)
    issuer.documents.clear()
    tokens = checker(issuer, clock)

    assert (await refusal(tokens, issuer.token())).status == 503
    issuer.documents |= documents
    clock.now += UNKNOWN_KEY_SECONDS
    assert await checked(tokens, issuer.token()) == "ada"


async def test_a_discovery_document_of_somebody_else_is_refused(issuer: Issuer) -> None:
    tokens = checker(issuer)
    issuer.documents["/.well-known/openid-configuration"]["issuer"] = "https://somebody.else"

    assert (await refusal(tokens, issuer.token())).status == 503
    assert issuer.fetched("/jwks") == 0
