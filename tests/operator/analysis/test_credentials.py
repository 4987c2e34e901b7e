"""Secrets of the user's."""

import aiohttp
import pytest

from modelyard_operator.analysis.sources.base import SourceError
from modelyard_operator.analysis.sources.credentials import KEPT_SECONDS, Credentials
from modelyard_operator.kube.errors import ApiError
from modelyard_operator.kube.objects import Manifest
from tests.certificates import self_signed
from tests.operator.analysis.secrets import Vault


async def test_a_secret_is_read_once_in_a_while_and_its_change_seen():
    vault = Vault(hook={"token": "one"})
    credentials = vault.credentials()
    for _ in range(3):
        assert await credentials.headers("shop", "hook") == {"Authorization": "Bearer one"}
    assert vault.asked == [("shop", "hook")]
    vault.secrets["hook"] = {"token": "two"}
    vault.time = KEPT_SECONDS
    assert await credentials.headers("shop", "hook") == {"Authorization": "Bearer two"}


async def test_nothing_named_nothing_read():
    vault = Vault()
    assert await vault.credentials().headers("shop", None) == {}
    assert await vault.credentials().trust("shop", None) is True
    assert vault.asked == []


@pytest.mark.parametrize(
    "content", [{}, {"ca.crt": ""}, {"ca.crt": "no certificate"}, {"ca.crt": "certifié"}, {"ca.crt": "a\0b"}]
)
async def test_authorities_that_are_none(content):
    with pytest.raises(
        SourceError, match=r"Secret shop/ca has no certificates under `ca.crt`: add them as PEM"
    ):
        await Vault(ca=content).credentials().trust("shop", "ca")


@pytest.mark.parametrize(
    "error", [ApiError(403, "Forbidden", "secrets is forbidden"), aiohttp.ClientError("gone"), TimeoutError()]
)
async def test_an_api_server_that_gives_nothing(error):
    class Closed:
        async def get_secret(self, namespace: str, name: str) -> Manifest | None:
            raise error

    with pytest.raises(SourceError, match="Secret shop/hook could not be read"):
        await Credentials(Closed(), clock=lambda: 0.0).headers("shop", "hook")


async def test_bytes_that_are_no_text():
    class Odd:
        async def get_secret(self, namespace: str, name: str) -> Manifest | None:
            return {"data": {"token": "/w=="}}

    with pytest.raises(SourceError, match="holds what is no text") as caught:
        await Credentials(Odd(), clock=lambda: 0.0).headers("shop", "hook")
    assert "/w==" not in str(caught.value)


@pytest.mark.parametrize("token", ["ab\ncd", "ab\r\nX-Other: cd", "ab\x00cd"])
async def test_a_token_that_fits_into_no_header(token):
    with pytest.raises(SourceError) as caught:
        await Vault(hook={"token": token}).credentials().headers("shop", "hook")
    assert str(caught.value) == (
        "Secret shop/hook has a line break or a control character within `token`: write it on one line"
    )


async def test_authorities_with_words_between_them(tmp_path):
    pem = f"# Autorité de la maison\n{self_signed(tmp_path).authority.read_text()}"
    trusted = await Vault(ca={"ca.crt": pem}).credentials().trust("shop", "ca")
    assert len(trusted.get_ca_certs()) == 1
