"""What a command leaves for the next one: programs that need not be compiled again."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from vizjax.cli import startup

ROOT = Path(__file__).parents[2]

COUNTED = """
import sys, jax
from collections import Counter
from vizjax.cli import main
events = Counter()
jax.monitoring.register_event_listener(lambda event, **_: events.update([event]))
sys.argv = ["vizjax", *sys.argv[1:]]
try:
    main()
finally:
    print(*(events["/jax/compilation_cache/" + e] for e in ("cache_hits", "cache_misses")))
"""


def run(photo, out, network, cache, **environment):
    """The files written, the programs found in the cache and those not, and what was said."""
    options = ["--out", out, "--network", network, "--top", 2]
    kept = {k: v for k, v in os.environ.items() if not k.startswith("JAX_")}
    done = subprocess.run(
        [sys.executable, "-c", COUNTED, "explain", *map(str, [photo, *options])],
        cwd=ROOT,
        env={**kept, "VIZJAX_CACHE": str(cache), **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    written = {path.name: path.read_bytes() for path in sorted(out.rglob("*")) if path.is_file()}
    hits, misses = map(int, done.stdout.split())
    said = [line for line in done.stderr.splitlines() if not line.startswith("photographs: ")]
    return written, hits, misses, said  # but for the progress, which a slow machine reports


def test_a_second_run_compiles_nothing_and_writes_the_same(photo, network_file, tmp_path):
    cache = tmp_path / "cache"
    first, hits, misses, _ = run(photo, tmp_path / "1", network_file, cache)
    assert (hits, misses) == (0, len(list(cache.rglob("*-cache"))))
    assert 0 < misses < 20
    second, hits, none, said = run(photo, tmp_path / "2", network_file, cache)
    assert (hits, none) == (misses, 0)
    assert second == first
    assert len(said) == 1  # of what it has done, and nothing of the cache


def test_a_folder_that_cannot_be_used_is_no_failure(photo, network_file, tmp_path):
    (tmp_path / "cache").write_text("a file")
    written, hits, _, said = run(photo, tmp_path / "out", network_file, tmp_path / "cache")
    assert "result.json" in written
    assert hits == 0
    assert len(said) == 1


def test_damaged_programs_are_no_failure(photo, network_file, tmp_path):
    cache = tmp_path / "cache"
    first, *_ = run(photo, tmp_path / "1", network_file, cache)
    for path in cache.rglob("*-cache"):
        path.write_bytes(path.read_bytes()[:100])
    second, hits, _, said = run(photo, tmp_path / "2", network_file, cache)
    assert second == first
    assert hits == 0
    assert len(said) == 1


def test_a_cache_of_one_s_own_is_kept(photo, network_file, tmp_path):
    own, ours = tmp_path / "own", tmp_path / "ours"
    environment = {
        "JAX_COMPILATION_CACHE_DIR": str(own),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
    }
    _, _, misses, _ = run(photo, tmp_path / "out", network_file, ours, **environment)
    assert len(list(own.iterdir())) == misses > 0
    assert not ours.exists()


def test_import_leaves_jax_as_it_is():
    code = "import vizjax, jax; vizjax.saliency; print(jax.config.jax_compilation_cache_dir)"
    environment = {k: v for k, v in os.environ.items() if not k.startswith("JAX_")}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, check=True
    )
    assert done.stdout.strip() == b"None"


def test_the_entry_point_is_ready_for_interrupts_before_jax_is_imported():
    code = "import vizjax.cli, sys; print({'jax', 'tyro'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=True)
    assert done.stdout.strip() == b"set()"


def test_the_oldest_programs_are_deleted_to_half(tmp_path):
    for number in range(8):
        path = tmp_path / f"{number}-cache"
        path.write_bytes(bytes(100))
        os.utime(path, (1000 + number, 0))  # when it was used, and when it was made
    startup._prune(tmp_path, 800)
    assert len(list(tmp_path.iterdir())) == 8
    startup._prune(tmp_path, 799)
    kept = sorted(path.name for path in tmp_path.iterdir())
    assert kept == ["5-cache", "6-cache", "7-cache"]


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="there are no owners here")
def test_a_folder_that_others_write_into_is_not_used(tmp_path, monkeypatch):
    monkeypatch.setenv("VIZJAX_CACHE", str(tmp_path))
    folder = startup.programs_folder.__wrapped__()
    assert folder is not None
    folder.chmod(0o777)
    assert startup.programs_folder.__wrapped__() is None


def test_a_link_is_not_followed(tmp_path, monkeypatch):
    """What lies where it leads would be deleted as old programs."""
    monkeypatch.setenv("VIZJAX_CACHE", str(tmp_path))
    folder = startup.programs_folder.__wrapped__()
    assert folder is not None
    folder.rmdir()
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    folder.symlink_to(tmp_path / "elsewhere")
    assert startup.programs_folder.__wrapped__() is None


@pytest.mark.slow
def test_a_second_run_of_a_shipped_network_traces_nothing_and_writes_the_same(photo, tmp_path):
    cache = tmp_path / "cache"
    first, *_ = run(photo, tmp_path / "1", "squeezenet1_1", cache)
    traced = {path.name for path in cache.rglob("*.stablehlo")}
    assert 5 <= len(traced) <= 8
    second, _, misses, _ = run(photo, tmp_path / "2", "squeezenet1_1", cache)
    assert second == first
    assert misses == 0
    assert {path.name for path in cache.rglob("*.stablehlo")} == traced
