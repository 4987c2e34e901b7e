"""A web server with two pictures."""

from collections.abc import Iterator

import pytest

from tests.server.fetch.webserver import WebServer, serving
from tests.server.image_models import encoded, plain

RED, BLUE = encoded(plain("red")), encoded(plain("blue"), "JPEG")


@pytest.fixture
def web() -> Iterator[WebServer]:
    with serving() as server:
        server.put("/red.png", RED)
        server.put("/blue.jpg", BLUE)
        yield server
