import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from images.rootfs.runtime import LDD_LINE, Collector, compile_bytecode, linked_libraries
from images.rootfs.trim import trim


@pytest.fixture
def app(tmp_path: Path) -> Path:
    site = tmp_path / "app/lib/python3.13/site-packages"
    for name in (
        "pkg/__init__.py",
        "pkg/tests/__init__.py",
        "pkg/tests/test_a.py",
        "pkg/module.pyx",
        "pkg/module.pyi",
        "pkg/data/tests/kept.json",
        "onnxruntime/__init__.py",
        "onnxruntime/tools/convert.py",
        "hf_xet/__init__.py",
        "hf_xet-1.8.0.dist-info/METADATA",
        "openvino/__init__.py",
        "openvino/frontend/__init__.py",
        "openvino/frontend/frontend.py",
        "openvino/frontend/onnx/__init__.py",
        "openvino/libs/cache.json",
        "openvino/libs/libopenvino.so.2641",
        "openvino/libs/libopenvino_auto_plugin.so",
        "openvino/libs/libopenvino_c.so.2641",
        "openvino/libs/libopenvino_intel_cpu_plugin.so",
        "openvino/libs/libopenvino_intel_gpu_plugin.so",
        "openvino/libs/libopenvino_intel_npu_plugin.so",
        "openvino/libs/libopenvino_ir_frontend.so.2641",
        "openvino/libs/libopenvino_onnx_frontend.so.2641",
        "openvino/libs/libopenvino_pytorch_frontend.so.2641",
        "openvino/libs/libtbb.so.12",
        "openvino/tools/ovc/tests/__init__.py",
        "openvino_telemetry/__init__.py",
    ):
        (site / name).parent.mkdir(parents=True, exist_ok=True)
        (site / name).touch()
    (tmp_path / "app/bin").mkdir()
    for name in ("python3", "tqdm", "activate"):
        (tmp_path / "app/bin" / name).touch()
    return tmp_path / "app"


def test_trimming_leaves_what_a_service_reads(app: Path) -> None:
    trim(app)
    files = sorted(str(path.relative_to(app)) for path in app.rglob("*") if path.is_file())
    site = "lib/python3.13/site-packages"
    assert files == [
        "bin/python3",
        f"{site}/onnxruntime/__init__.py",
        f"{site}/openvino/__init__.py",
        f"{site}/openvino/frontend/__init__.py",
        f"{site}/openvino/frontend/frontend.py",
        f"{site}/openvino/libs/libopenvino.so.2641",
        f"{site}/openvino/libs/libopenvino_intel_cpu_plugin.so",
        f"{site}/openvino/libs/libopenvino_ir_frontend.so.2641",
        f"{site}/openvino/libs/libopenvino_onnx_frontend.so.2641",
        f"{site}/openvino/libs/libtbb.so.12",
        f"{site}/pkg/__init__.py",
        f"{site}/pkg/data/tests/kept.json",
    ]


def test_a_link_is_copied_with_what_it_leads_to(tmp_path: Path) -> None:
    source = tmp_path / "source"
    (source / "real").mkdir(parents=True)
    (source / "real/lib.so.1.2").write_text("x")
    (source / "real/lib.so.1").symlink_to("lib.so.1.2")
    (source / "folder").symlink_to("real")
    collector = Collector(tmp_path / "out")
    collector.add(source / "folder/lib.so.1")
    collector.add(source / "missing")
    copied = tmp_path / "out" / (source / "real").relative_to("/")
    assert sorted(path.name for path in copied.iterdir()) == ["lib.so.1", "lib.so.1.2"]
    assert (copied / "lib.so.1").read_text() == "x"


@pytest.mark.parametrize(
    ("line", "name", "path"),
    [
        (
            "\tlibc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x7f)",
            "libc.so.6",
            "/lib/x86_64-linux-gnu/libc.so.6",
        ),
        ("\t/lib64/ld-linux-x86-64.so.2 (0x7f)", None, "/lib64/ld-linux-x86-64.so.2"),
        ("\tlibgone.so => not found", "libgone.so", "not found"),
    ],
)
def test_ldd_lines(line: str, name: str | None, path: str) -> None:
    match = LDD_LINE.match(line)
    assert match is not None
    assert (match["name"], match["path"]) == (name, path)


def test_ldd_lines_of_the_kernel_and_of_static_programs_are_passed_over() -> None:
    assert LDD_LINE.match("\tlinux-vdso.so.1 (0x7ffd)") is None
    assert LDD_LINE.match("\tstatically linked") is None


@pytest.mark.skipif(sys.platform != "linux", reason="ldd is of Linux")
def test_linked_libraries_hold_the_c_library_and_the_loader(tmp_path: Path) -> None:
    program = shutil.which("ls")
    assert program is not None
    shutil.copy(program, tmp_path / "ls")
    names = {path.name for path in linked_libraries([tmp_path])}
    assert "libc.so.6" in names
    assert any(name.startswith("ld-") for name in names)


def test_bytecode_holds_whatever_the_time_stamps_say(tmp_path: Path) -> None:
    module = tmp_path / "module.py"
    module.write_text("print(__file__, __cached__)\nprint(len.__name__)\n")
    compile_bytecode(tmp_path, prefix=tmp_path)
    (pyc,) = tmp_path.rglob("*.pyc")
    # PEP 552: bit 0 hash-based, bit 1 check the source.
    assert int.from_bytes(pyc.read_bytes()[4:8], "little") == 0b01
    module.write_text("print('changed')\n")
    done = subprocess.run(
        [sys.executable, "-c", "import module"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert "changed" not in done.stdout


def test_a_module_that_does_not_compile_ends_the_build(tmp_path: Path) -> None:
    (tmp_path / "bad.py").write_text("def\n")
    with pytest.raises(SystemExit, match="do not compile"):
        compile_bytecode(tmp_path, prefix=tmp_path)
