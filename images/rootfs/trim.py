"""Remove from an environment what a running service never reads: `trim.py /app`.

Runs inside the build, before the byte-code is compiled. What goes: test suites, Cython and C sources, type
stubs, the engines' model-conversion tools and what they need for other devices than the CPU, commands of the
dependencies, and the symbol tables of extension modules. Libraries that `auditwheel` put into `*.libs`
folders are left whole: stripping those moves the segments that it patched, and numpy's OpenBLAS then fails to
load.
"""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

TEST_FOLDERS = ("tests", "test", "_tests", "e2e_test")
SOURCE_SUFFIXES = (".pyx", ".pxd", ".pxi", ".pyi", ".c", ".h", ".a")
UNUSED = (
    "hf_xet",
    "hf_xet-*.dist-info",
    "onnxruntime/datasets",
    "onnxruntime/quantization",
    "onnxruntime/tools",
    "onnxruntime/transformers",
    "numpy/f2py",
    "openvino/cmake",
    "openvino/frontend/[!_]*/",
    "openvino/include",
    "openvino/libs/cache.json",
    "openvino/libs/libopenvino_[!io]*",
    "openvino/libs/libopenvino_intel_[gn]pu_plugin*",
    "openvino/tools",
    "openvino/torch",
    "openvino_telemetry",
    "openvino_telemetry-*.dist-info",
)
"""Parts of packages that are tools for a developer's machine, relative to site-packages; hf_xet and
openvino_telemetry, which their users do without when they are not there; and of OpenVINO all but its core,
the CPU and the readers of ONNX and of its own IR: GPU (`cache.json` is its kernels' timings), NPU, the
plugins that spread work over devices, the readers of other frameworks, and the C interface."""

ELF_MAGIC = b"\x7fELF"


def unused(site: Path) -> Iterator[Path]:
    """Yield the files and folders under `site` that go."""
    for pattern in UNUSED:
        yield from site.glob(pattern)
    for folder in sorted(site.rglob("*")):
        if folder.name in TEST_FOLDERS and folder.is_dir() and (folder.parent / "__init__.py").exists():
            yield folder


def extension_modules(site: Path) -> Iterator[Path]:
    """Yield the ELF files under `site` that may be stripped."""
    for path in sorted(site.rglob("*.so*")):
        if path.is_symlink() or not path.is_file() or path.parent.name.endswith(".libs"):
            continue
        with path.open("rb") as file:
            if file.read(4) == ELF_MAGIC:
                yield path


def trim(app: Path) -> None:
    """Remove what is unused from the environment `app`, then strip its extension modules."""
    (site,) = app.glob("lib/python3*/site-packages")
    for script in (app / "bin").iterdir():
        if not script.name.startswith("python"):
            script.unlink()
    for path in list(unused(site)):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            # One inside a folder that went before is no longer there.
            path.unlink(missing_ok=True)
    for path in sorted(site.rglob("*")):
        if path.suffix in SOURCE_SUFFIXES and path.is_file():
            path.unlink()
    modules = list(extension_modules(site))
    if modules:
        subprocess.run(["strip", "--strip-unneeded", *map(str, modules)], check=True)


if __name__ == "__main__":
    trim(Path(sys.argv[1]))
