"""One request, one answer: on sockets that speak HTTP, and on those that do not."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from modelyard_cli.loadtest.asking import Answer, Unanswered, ask
from tests.ports import free_port


@contextmanager
def answering(words: bytes) -> Iterator[tuple[str, Callable[[], bytes]]]:
    """Somebody who says the same to the first who comes; the address, and what was heard."""
    heard: list[bytes] = []

    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            heard.append(connection.recv(65536))
            connection.sendall(words)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}", lambda: heard[0]
        finally:
            thread.join(10)


def test_a_refusal_is_an_answer() -> None:
    with answering(b"HTTP/1.1 503 No\r\nContent-Length: 4\r\n\r\nbusy") as (url, heard):
        assert ask(f"{url}/health", headers={"Host": "a.example.org"}, patience=10) == Answer(503, b"busy")
    assert heard().startswith(b"GET /health HTTP/1.1\r\n")
    assert b"Host: a.example.org\r\n" in heard()


def test_a_form_is_posted() -> None:
    with answering(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}") as (url, heard):
        assert ask(url, form={"query": "up > 0", "step": 5}, patience=10) == Answer(200, b"{}")
    assert heard().startswith(b"POST ")


def test_other_tongues_silence_and_other_schemes_are_no_answer() -> None:
    with (
        answering(b"220 mail.example.org ESMTP\r\n") as (url, _),
        pytest.raises(Unanswered, match="220 mail"),
    ):
        ask(url, patience=10)
    with pytest.raises(Unanswered, match="refused"):
        ask(f"http://127.0.0.1:{free_port()}", patience=10)
    with pytest.raises(Unanswered, match="begin with http"):
        ask("file:///etc/hostname", patience=10)
