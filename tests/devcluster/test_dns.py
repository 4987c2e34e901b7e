import struct

from devcluster.dns import answers, question


def test_the_question_is_as_the_rfc_has_it() -> None:
    packet = question("a.example.", 0x1234)
    assert packet == b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x01a\x07example\x00\x00\x01\x00\x01"


def test_only_a_good_answer_to_this_question_counts() -> None:
    def header(number: int, flags: int, count: int) -> bytes:
        return struct.pack("!HHHHHH", number, flags, 1, count, 0, 0)

    assert answers(header(7, 0x8180, 1), 7) == 1
    assert answers(header(8, 0x8180, 1), 7) == 0
    assert answers(header(7, 0x8183, 1), 7) == 0
    assert answers(b"short", 7) == 0
