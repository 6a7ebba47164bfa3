"""What makes JAX faster on a CPU, for the whole process: `vizjax.cpu.tune()`."""

import ctypes
import os
import sys

import jaxlib

CONVOLUTIONS = "--xla_cpu_experimental_ynn_fusion_type"
"""XLA's flag that names what it hands to YNNPACK instead of Eigen."""

BUT_CONVOLUTIONS = "-individual_convolution"
"""Its value for all that it hands over by itself but convolutions. Matrix products stay: with
Eigen that of a fully connected layer's gradient takes up to twenty times as long."""

# The environment's name of a parameter, its number in glibc's malloc.h, and values: the first that
# is taken counts. Two gigabytes are the most that the call takes, and 32 MB of the threshold before
# glibc 2.35. One arena: those of XLA's threads give back what is above 64 MB.
_MALLOC = {
    "trim_threshold": (-1, [2**31 - 1]),
    "top_pad": (-2, [100 << 20]),
    "mmap_threshold": (-3, [2**31 - 1, 32 << 20]),
    "arena_max": (-8, [1]),
}


def tune() -> None:
    """Prepare this process for JAX on a CPU: call it before the first computation.

    Two settings, each only where it applies and the environment does not say otherwise:

    - Convolutions by Eigen instead of YNNPACK (`XLA_FLAGS`; JAX 0.10, not once it has started):
      saliency maps of 10 images took 0.73 to 0.78 of the time on 2 cores. Sums are in another
      order: results differ in their last bits, and where a rectifier or a maximum was undecided
      but for these, maps do so visibly.
    - glibc keeps large blocks that are freed, in one arena for all threads (`mallopt`; Linux): XLA
      allocates the results and temporaries of every execution anew, and fresh pages took a fifth
      to two fifths of the time of saliency maps. The process keeps what it had at its peak; blocks
      of changing sizes fit badly into one another, so bound them with `chunk`.

    No other platform is touched, nor is a GPU's work. The command line and the experiments call it.
    """
    if jaxlib.__version__.startswith("0.10.") and not _started():
        flags = os.environ.get("XLA_FLAGS", "")
        if CONVOLUTIONS not in flags:
            os.environ["XLA_FLAGS"] = f"{flags} {CONVOLUTIONS}={BUT_CONVOLUTIONS}".lstrip()
    if _is_glibc():
        library = ctypes.CDLL(None)
        for name, (parameter, values) in _MALLOC.items():
            if not _chosen(name):
                any(library.mallopt(parameter, value) for value in values)


def _started() -> bool:
    """Whether JAX has read its flags: what is said afterwards would only reach child processes."""
    bridge = sys.modules.get("jax._src.xla_bridge")
    return bridge is not None and bridge.backends_are_initialized()


def _is_glibc() -> bool:
    try:
        return (os.confstr("CS_GNU_LIBC_VERSION") or "").startswith("glibc")
    except (AttributeError, ValueError):  # Windows has no such question, musl and macOS no answer
        return False


def _chosen(name: str) -> bool:
    return f"MALLOC_{name.upper()}_" in os.environ or f"glibc.malloc.{name}=" in os.environ.get(
        "GLIBC_TUNABLES", ""
    )
