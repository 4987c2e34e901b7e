"""One DNS question over UDP (RFC 1035), to prove that the cluster's DNS answers."""

import secrets
import socket
import struct

TIMEOUT_SECONDS = 2.0
_TYPE_A_CLASS_IN = struct.pack("!HH", 1, 1)


def question(name: str, identifier: int) -> bytes:
    """Encode a question for the IPv4 address of a name, recursion desired."""
    labels = b"".join(bytes([len(label)]) + label.encode("ascii") for label in name.strip(".").split("."))
    return struct.pack("!HHHHHH", identifier, 0x0100, 1, 0, 0, 0) + labels + b"\0" + _TYPE_A_CLASS_IN


def answers(reply: bytes, identifier: int) -> int:
    """Count the answers in a reply.

    Args:
        reply: The packet.
        identifier: Number of the question that it must belong to.

    Returns:
        How many records the answer holds; 0 if it is an error or belongs to another question.
    """
    if len(reply) < 12:
        return 0
    number, flags, _, count, _, _ = struct.unpack("!HHHHHH", reply[:12])
    return int(count) if number == identifier and flags & 0x000F == 0 else 0


def resolves(name: str, server: str) -> str | None:
    """Ask a server for a name; None if it answers with an address, else why not."""
    identifier = secrets.randbelow(1 << 16)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(TIMEOUT_SECONDS)
        try:
            sock.connect((server, 53))
            sock.send(question(name, identifier))
            reply = sock.recv(1232)
        except OSError as error:
            return f"DNS at {server} does not answer: {error}"
    return None if answers(reply, identifier) else f"DNS at {server} does not know {name}"
