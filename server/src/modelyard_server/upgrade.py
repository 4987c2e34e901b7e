"""Offers to change the protocol (`Upgrade`), which a server may pass over.

RFC 9110, section 7.8. The JDK's HttpClient and `curl --http2` offer HTTP/2 with every request in plain text.
llhttp takes all that follows such a head for the other protocol, so what is to be answered in this one is
parsed again, by a fresh parser, without the offer.
"""

from collections.abc import Iterable

import httptools


def fresh_parser(protocol: object) -> httptools.HttpRequestParser:
    """A parser in the state of a new connection, as lenient as uvicorn's.

    Args:
        protocol: What it calls.
    """
    parser = httptools.HttpRequestParser(protocol)
    parser.set_dangerous_leniencies(lenient_data_after_close=True)
    return parser


def offers(parser: httptools.HttpRequestParser) -> bool:
    """Whether the request whose head was parsed offers another protocol, and can be answered without it."""
    return bool(parser.should_upgrade()) and parser.get_method() != b"CONNECT"


def without_offer(
    parser: httptools.HttpRequestParser, target: bytes, headers: Iterable[tuple[bytes, bytes]]
) -> bytes:
    """The head of a request again, less its offer.

    Args:
        parser: What parsed it.
        target: Its target.
        headers: Its headers, names in lower case.
    """
    first = b"%b %b HTTP/%b" % (parser.get_method(), target, parser.get_http_version().encode())
    kept = (b"%b: %b" % header for header in headers if header[0] != b"upgrade")
    return b"\r\n".join((first, *kept, b"", b""))
