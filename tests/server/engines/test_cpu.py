from pathlib import Path

from modelyard_server.engines.cpu import fingerprint

X86 = """processor\t: 0
vendor_id\t: AuthenticAMD
cpu family\t: 26
model\t\t: 2
flags\t\t: fpu avx2 avx512f avx512_vnni sse2

processor\t: 1
vendor_id\t: Other
"""
ARM = """processor\t: 0
Features\t: fp asimd asimddp i8mm
CPU implementer\t: 0x41
CPU part\t: 0xd4f
"""


def test_it_names_kind_flags_and_threads(tmp_path: Path) -> None:
    (tmp_path / "x86").write_text(X86)
    (tmp_path / "arm").write_text(ARM)

    assert fingerprint(2, tmp_path / "x86").endswith(":AuthenticAMD-26-2:avx2+avx512f+avx512_vnni:2 threads")
    assert fingerprint(8, tmp_path / "arm").endswith(":0x41-0xd4f:asimddp+i8mm:8 threads")


def test_a_machine_that_does_not_say_is_unknown(tmp_path: Path) -> None:
    assert fingerprint(1, tmp_path / "none").endswith(":unknown:none:1 threads")


def test_this_machine_has_one_name() -> None:
    assert fingerprint(2) == fingerprint(2)
    assert fingerprint(2) != fingerprint(1)
