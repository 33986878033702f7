"""Description of the machine that figures are measured on."""

import datetime
import importlib.metadata
import os
import platform
from pathlib import Path

#: The instruction sets that decide the speed of matrix products.
INSTRUCTIONS = ("avx2", "avx512f", "avx512_bf16", "amx_bf16", "asimd", "bf16", "sve")


def description(threads: int) -> str:
    """Return date, processor, threads, load and versions, in Markdown.

    Args:
        threads: The number of threads that each library may use.
    """
    model, flags = _processor()
    names = [name for name in INSTRUCTIONS if name in flags]
    packages = {package.name: package.version for package in importlib.metadata.distributions()}
    versions = ", ".join(
        f"{name} {packages[name]}"
        for name in ("tensorflow", "keras", "torch", "numpy")
        if name in packages
    )
    return (
        f"{datetime.date.today()}; {model} ({' '.join(names) or 'instructions unknown'}); "
        f"threads of each library: {threads}; load before {os.getloadavg()[0]:.1f}; "
        f"{platform.system()}, Python {platform.python_version()}, {versions}"
    )


def _processor() -> tuple[str, set[str]]:
    """Return the processor's name and flags, where the system has them."""
    path = Path("/proc/cpuinfo")
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    facts = {
        key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)
    }
    flags = facts.get("flags", facts.get("Features", ""))  # on x86 and on Arm
    return facts.get("model name", platform.processor() or platform.machine()), {*flags.split()}
