"""The process is prepared where it helps, and left alone where the person has said otherwise."""

import ctypes
import os
import subprocess
import sys
from pathlib import Path

import pytest

from vizjax import cpu

ROOT = Path(__file__).parents[1]
FLAG = f"{cpu.CONVOLUTIONS}={cpu.BUT_CONVOLUTIONS}"


def after(code, **environment):
    """What a new process prints after `code`."""
    kept = {k: v for k, v in os.environ.items() if k != "XLA_FLAGS" and "MALLOC" not in k}
    run = [sys.executable, "-c", code]
    done = subprocess.run(
        run, cwd=ROOT, env={**kept, **environment}, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_sets_the_flag_before_jax_is_imported_and_jax_takes_it():
    """An unknown flag, or one misspelt, would end the process."""
    code = (
        "import os, sys; from vizjax.cpu import tune; tune(); "
        "print('jax' in sys.modules); "
        "import jax; print(jax.numpy.arange(3).sum(), os.environ['XLA_FLAGS'])"
    )
    assert after(code).split() == ["False", "3", FLAG]


@pytest.mark.parametrize("own", [f"{cpu.CONVOLUTIONS}=LIBRARY_FUSION_TYPE_DOT", "--xla_dump_to=x"])
def test_keeps_the_flags_that_are_there(monkeypatch, own):
    monkeypatch.setattr(cpu, "_MALLOC", {})
    monkeypatch.setattr(cpu, "_started", lambda: False)
    monkeypatch.setenv("XLA_FLAGS", own)
    cpu.tune()
    expected = own if cpu.CONVOLUTIONS in own else f"{own} {FLAG}"
    assert os.environ["XLA_FLAGS"] == expected


def test_another_version_knows_no_such_flag(monkeypatch):
    monkeypatch.setattr(cpu, "_MALLOC", {})
    monkeypatch.setattr(cpu, "_started", lambda: False)
    monkeypatch.setattr(cpu.jaxlib, "__version__", "0.11.0")
    monkeypatch.delenv("XLA_FLAGS", raising=False)
    cpu.tune()
    assert "XLA_FLAGS" not in os.environ


def test_sets_no_flag_once_jax_has_started():
    code = (
        "import os, jax; jax.devices(); from vizjax import cpu; cpu.tune(); "
        "print(os.environ.get('XLA_FLAGS'))"
    )
    assert after(code) == "None"


class Calls:
    """Stands for the C library."""

    def __init__(self):
        self.made = []
        self.most = 2**31 - 1

    def mallopt(self, parameter, value):
        self.made.append((parameter, value))
        return int(value <= self.most)


@pytest.fixture
def library(monkeypatch):
    calls = Calls()
    monkeypatch.setattr(ctypes, "CDLL", lambda name: calls)
    monkeypatch.setattr(cpu, "_started", lambda: True)
    monkeypatch.setattr(cpu, "_is_glibc", lambda: True)
    for name in [name for name in os.environ if "MALLOC" in name or name == "GLIBC_TUNABLES"]:
        monkeypatch.delenv(name)
    return calls


def test_the_environment_s_malloc_is_kept(monkeypatch, library):
    monkeypatch.setenv("MALLOC_TOP_PAD_", "0")
    monkeypatch.setenv("GLIBC_TUNABLES", "glibc.malloc.arena_max=4:glibc.malloc.check=0")
    cpu.tune()
    assert sorted(parameter for parameter, _ in library.made) == [-3, -1]


def test_an_older_glibc_gets_the_largest_threshold_that_it_takes(library):
    """Refused, it would stay at 128 kB: the other calls switch off that it grows by itself."""
    library.most = 100 << 20
    cpu.tune()
    assert [value for parameter, value in library.made if parameter == -3] == [2**31 - 1, 32 << 20]


@pytest.mark.parametrize("error", [AttributeError, ValueError])
def test_no_other_c_library_is_called(monkeypatch, library, error):
    def refuse(name):
        raise error(name)

    monkeypatch.undo()
    monkeypatch.setattr(cpu, "_started", lambda: True)
    monkeypatch.setattr(ctypes, "CDLL", None)
    monkeypatch.setattr(os, "confstr", refuse)
    cpu.tune()
    assert library.made == []


@pytest.mark.skipif(not cpu._is_glibc(), reason="mallopt is glibc's")
def test_a_block_that_is_freed_is_used_again():
    """By the page faults of filling 64 MB once more, each of them a page of 4 kB."""
    code = """
import ctypes, resource
from vizjax import cpu
cpu.tune()
c = ctypes.CDLL(None)
c.malloc.restype = ctypes.c_void_p
c.free.argtypes = [ctypes.c_void_p]
def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    block = c.malloc(1 << 26)
    ctypes.memset(block, 1, 1 << 26)
    c.free(block)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
print(faults(), faults())
"""
    first, second = map(int, after(code).split())
    assert first > 1000
    assert second < first / 10
