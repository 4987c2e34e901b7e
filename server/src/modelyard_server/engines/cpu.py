"""What kind of CPU this is: measurements made on one kind say nothing of another."""

import platform
import re
from pathlib import Path

CPU_INFO = Path("/proc/cpuinfo")

# What decides which kernels the engines take, on x86-64 and on Arm.
_FLAGS = (
    *("avx2", "avx_vnni", "avx512f", "avx512_vnni", "avx512_bf16", "amx_int8", "amx_bf16"),
    *("asimddp", "i8mm", "bf16", "sve", "sve2"),
)
_IDENTITY = (
    *("vendor_id", "cpu family", "model"),
    *("CPU implementer", "CPU part"),
)


def fingerprint(threads: int, cpu_info: Path = CPU_INFO) -> str:
    """Name a CPU's kind and how many threads of it may be used.

    Args:
        threads: The most that an engine may use here.
        cpu_info: What the kernel says of the CPU (https://man7.org/linux/man-pages/man5/proc_cpuinfo.5.html).

    Returns:
        Such as `x86_64:AuthenticAMD-26-2:avx2+avx512f+avx512_vnni:2 threads`.
    """
    try:
        first = cpu_info.read_text(errors="replace").split("\n\n", 1)[0]
    except OSError:
        first = ""
    said = {
        name.strip(): value.strip() for name, _, value in (line.partition(":") for line in first.splitlines())
    }
    words = set((said.get("flags") or said.get("Features") or "").split())
    identity = "-".join(re.sub(r"\W+", "", said[name]) for name in _IDENTITY if said.get(name))
    flags = "+".join(flag for flag in _FLAGS if flag in words)
    return f"{platform.machine()}:{identity or 'unknown'}:{flags or 'none'}:{threads} threads"
