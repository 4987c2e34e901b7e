"""Collect a root file system that holds Python and nothing else: `runtime.py DESTINATION APP...`.

`runtime.py --compile DESTINATION` only compiles what is below DESTINATION.

Runs inside the build, under the base image's own Python, and copies from the base image to DESTINATION

- the interpreter and its standard library, less the parts that need a terminal, a display or a compiler;
- each shared library that the interpreter or an extension module below an APP links to, and the loader;
- CA certificates, OpenSSL's configuration, the UTC time zone, name-service configuration, one user (65532);
- for each Debian package that a copied file came from: its copyright and, in /var/lib/dpkg/status.d, its
  status and file list, where vulnerability scanners look for them in images without a package manager.

No shell, no package manager, no C tools. It works on any Debian-like base, whether Python stands in
/usr/local (the official Python images) or in /usr (Debian's own package).
"""

import compileall
import hashlib
import os
import py_compile
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from pathlib import Path

UID = 65532
"""User and group of the service; the number that distroless images use."""

STDLIB_UNUSED = {
    *("test", "idlelib", "tkinter", "turtledemo", "turtle.py", "ensurepip", "lib2to3", "pydoc_data"),
    *("site-packages", "dist-packages", "__pycache__", "sitecustomize.py", "EXTERNALLY-MANAGED"),
}
STDLIB_UNUSED_PATTERN = re.compile(r"^(config-\d|_test|_ctypes_test|_xx|xx|_tkinter|_curses|readline|_g?dbm)")
"""Build configuration, test helpers, and modules that need a terminal or a display."""

COPIED_AS_IS = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/ssl/openssl.cnf",
    "/usr/lib/ssl/cert.pem",
    "/usr/lib/ssl/openssl.cnf",
    "/usr/share/zoneinfo/UTC",
    "/usr/share/zoneinfo/Etc/UTC",
    "/etc/os-release",
    "/usr/lib/os-release",
)
WRITTEN = {
    "etc/passwd": "root:x:0:0:root:/root:/sbin/nologin\n"
    f"modelyard:x:{UID}:{UID}:modelyard:/tmp:/sbin/nologin\n",
    "etc/group": f"root:x:0:\nmodelyard:x:{UID}:\n",
    "etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\nservices: files\n",
    "etc/ld.so.conf": "/usr/local/lib\n",
}
LDD_LINE = re.compile(r"^\s*(?:(?P<name>\S+) => )?(?P<path>/\S+|not found)")


class Collector:
    """Copies files of the base image below one destination, each at its own path."""

    def __init__(self, destination: Path) -> None:
        self.destination = destination
        self.copied: set[Path] = set()
        """Real paths in the base image of all files copied."""

    def add(self, path: Path) -> None:
        """Copy the file or link `path`, and what the link leads to; a path that is not there is left out."""
        if not path.exists():
            return
        # /lib and /lib64 are links into /usr: the copy stands at the real place, reached by the same links.
        place = path.parent.resolve() / path.name
        target = self.destination / place.relative_to("/")
        if place in self.copied or target.exists():
            return
        self.copied.add(place)
        target.parent.mkdir(parents=True, exist_ok=True)
        if place.is_symlink():
            target.symlink_to(place.readlink())
            self.add(place.parent / place.readlink())
        else:
            shutil.copy2(place, target)

    def add_tree(self, root: Path, *, skipped: Iterable[str], pattern: re.Pattern[str]) -> None:
        """Copy every file below `root` but those with a skipped name or a name that the pattern matches."""
        names = set(skipped)
        for folder, folders, files in os.walk(root):
            folders[:] = [name for name in folders if name not in names and not pattern.match(name)]
            for name in files:
                if name not in names and not pattern.match(name):
                    self.add(Path(folder) / name)


def elf_files(roots: Iterable[Path]) -> Iterator[Path]:
    """Yield the ELF files below `roots`, links left out."""
    for root in roots:
        for path in sorted(root.rglob("*")):
            if path.is_file() and not path.is_symlink():
                with path.open("rb") as file:
                    if file.read(4) == b"\x7fELF":
                        yield path


def linked_libraries(roots: list[Path]) -> set[Path]:
    """Return the shared libraries outside `roots` that ELF files below them link to, directly or not.

    Raises:
        SystemExit: A library is neither in the base image nor shipped below `roots`.
    """
    files = list(elf_files(roots))
    shipped = {path.name for path in files}
    libraries: set[Path] = set()
    missing: set[str] = set()
    for path in files:
        output = subprocess.run(["ldd", str(path)], capture_output=True, text=True, check=False).stdout
        for line in output.splitlines():
            match = LDD_LINE.match(line)
            if match is None:
                continue
            if match["path"] == "not found":
                # Wheels ship libraries that find each other only once the module that needs them is loaded.
                if match["name"] not in shipped:
                    missing.add(f"{path} needs {match['name']}")
            elif not any(Path(match["path"]).is_relative_to(root) for root in roots):
                libraries.add(Path(match["path"]))
    if missing:
        raise SystemExit("the base image lacks shared libraries: " + "; ".join(sorted(missing)))
    return libraries


def md5sum_line(path: Path) -> str:
    """Return the line of `path` in a Debian package's md5sums file."""
    digest = hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()
    return f"{digest}  {path.relative_to('/')}\n"


def record_packages(collector: Collector, info: Path = Path("/var/lib/dpkg/info")) -> None:
    """Write status, file list and copyright of each Debian package that a copied file came from."""
    destination = collector.destination
    owned: dict[str, list[Path]] = {}
    for listing in sorted(info.glob("*.list")):
        package = listing.stem.split(":")[0]
        for line in listing.read_text().splitlines():
            path = Path(line)
            # Packages list /lib/x where the file system has /usr/lib/x.
            for candidate in (path, Path("/usr") / path.relative_to("/")):
                if candidate in collector.copied:
                    owned.setdefault(package, []).append(candidate)
    stanzas = {
        stanza.split("\n", 1)[0].removeprefix("Package: "): stanza
        for stanza in (info.parent / "status").read_text().split("\n\n")
        if stanza.startswith("Package: ")
    }
    folder = destination / "var/lib/dpkg/status.d"
    folder.mkdir(parents=True, exist_ok=True)
    for package, paths in owned.items():
        (folder / package).write_text(stanzas[package].strip() + "\n")
        regular = [path for path in paths if not path.is_symlink()]
        (folder / f"{package}.md5sums").write_text("".join(map(md5sum_line, regular)))
        licence = Path("/usr/share/doc") / package / "copyright"
        if licence.exists():
            target = destination / licence.relative_to("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(licence.read_bytes())


def compile_bytecode(root: Path, *, prefix: Path) -> None:
    """Compile all modules below `root`, for a root file system whose `/` is `prefix`.

    Unchecked-hash files (PEP 552) are valid whatever the time stamps say, and Python never tries to replace
    them, so they hold on a read-only root file system and in layers whose times an image tool rewrote.

    Raises:
        SystemExit: A module does not compile.
    """
    mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
    strip = None if prefix == Path("/") else str(prefix)
    done = compileall.compile_dir(
        root,
        maxlevels=50,
        quiet=1,
        stripdir=strip,
        prependdir="/" if strip else None,
        invalidation_mode=mode,
        workers=0,
    )
    if not done:
        raise SystemExit(f"some modules below {root} do not compile")


def lay_top(destination: Path) -> None:
    """Make `destination` with the base image's links from /bin, /lib and the like into /usr."""
    destination.mkdir(parents=True, exist_ok=True)
    for name in ("bin", "sbin", "lib", "lib64"):
        if Path("/", name).is_symlink():
            (destination / name).symlink_to(Path("/", name).readlink())


def finish(collector: Collector) -> None:
    """Add what each image needs besides its program: certificates, users, mount points, the loader cache."""
    destination = collector.destination
    for name in COPIED_AS_IS:
        collector.add(Path(name))
    for name, content in WRITTEN.items():
        path = destination / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    for name, mode in (("proc", 0o555), ("sys", 0o555), ("dev", 0o755), ("run", 0o755), ("tmp", 0o1777)):
        (destination / name).mkdir(exist_ok=True)
        (destination / name).chmod(mode)
    record_packages(collector)
    subprocess.run(["ldconfig", "-r", str(destination)], check=True)


def collect(destination: Path, apps: list[Path]) -> None:
    """Lay the root file system below `destination` for the environments `apps`."""
    lay_top(destination)
    collector = Collector(destination)
    stdlib = Path(sysconfig.get_path("stdlib"))
    collector.add_tree(stdlib, skipped=STDLIB_UNUSED, pattern=STDLIB_UNUSED_PATTERN)
    binary = Path(sys.executable).parent
    for name in ("python3", f"python3.{sys.version_info.minor}"):
        collector.add(binary / name)
    for library in sorted(linked_libraries([destination, *apps])):
        collector.add(library)
    finish(collector)
    compile_bytecode(destination, prefix=destination)


if __name__ == "__main__" and sys.argv[1] == "--compile":
    compile_bytecode(Path(sys.argv[2]), prefix=Path(sys.argv[2]))
elif __name__ == "__main__":
    collect(Path(sys.argv[1]), [Path(name) for name in sys.argv[2:]])
    for app in sys.argv[2:]:
        compile_bytecode(Path(app), prefix=Path("/"))
