"""Pickles are read and never run."""

import io
import pickle
import pickletools

import numpy as np
import pytest
from weight_files import Name, pickled

from vizjax.errors import InputError
from vizjax.models import numpy_pickle, pickles

PLAIN = {
    "numbers": [0, 255, 65_536, -3, 2**70, 2.5, True, False, None],
    "texts": ("a", b"b", "ü" * 300, b"c" * 300),
    "tuples": ((), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4)),
    "nested": {"one": {}, "two": {"three": [[4], []]}},
}


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_plain_values_are_read_as_python_does(protocol):
    value = PLAIN if protocol > 2 else {**PLAIN, "texts": ("a", "ü" * 300)}
    assert pickles.read(io.BytesIO(pickle.dumps(value, protocol)), {}) == value


def test_pickles_stand_behind_one_another():
    file = io.BytesIO(pickle.dumps([1], 2) + pickle.dumps({2: 3}, 2) + b"rest")
    assert pickles.read(file, {}) == [1]
    assert pickles.read(file, {}) == {2: 3}
    assert file.read() == b"rest"


def test_what_is_said_twice_is_one_object():
    shared = [1]
    first, second = pickles.read(io.BytesIO(pickle.dumps([shared, shared], 4)), {})
    assert first is second


class Attack:
    """What a malicious file does: it calls what it likes when it is unpickled."""

    def __init__(self, function, *arguments):
        self.call = (function, arguments)

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize("protocol", [0, 1, 2, 3, 4, 5])
def test_a_malicious_pickle_is_not_run(tmp_path, protocol):
    victim = tmp_path / "made"
    code = f"import pathlib; pathlib.Path({str(victim)!r}).touch()"
    content = pickle.dumps({"weights": Attack(exec, code)}, protocol)
    with pytest.raises(InputError, match=r"names .*builtin.*exec|has the opcode"):
        pickles.read(io.BytesIO(content), {})
    assert not victim.exists()
    pickle.loads(content)  # the attack is a real one
    assert victim.exists()


@pytest.mark.parametrize("name", ["os.system", "torch.load", "numpy.load", "builtins.getattr"])
def test_names_that_arrays_do_not_need(name):
    module, attribute = name.split(".")
    with pytest.raises(InputError, match=f"it names {name}, which was not run; .* only numpy.core"):
        numpy_pickle.read(pickled({"a": Name(module, attribute, "x")}))


def test_a_function_cannot_be_changed_or_built_from_what_was_read():
    """What may be called is ours alone: neither text nor a dictionary from the file."""
    for callee in ("os.system", {"a": 1}, 5):
        content = pickle.PROTO + b"\x02" + pickled(callee)[2:-1] + b")R."
        with pytest.raises(InputError, match="calls what is no function"):
            pickles.read(io.BytesIO(content), {})
    built = pickled(Name("a", "f", called=False, state={"__defaults__": (1,)}))

    def function(x=0):
        return x

    assert pickles.read(io.BytesIO(built), {"a.f": function}) is function
    assert function() == 0
    assert function.__dict__ == {}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "damaged"),
        (b"\x80\x02]q", "damaged"),
        (b"\x80\x02.", "damaged"),  # nothing on the stack
        (b"\x80\x02K\x01u.", "damaged"),  # no mark
        (b"\x80\x02K\x01\x86.", "damaged"),  # a pair of one
        (b"\x80\x02h\x05.", "damaged"),  # nothing remembered
        (b"\x80\x02K\x01K\x02K\x03s.", "treats a int as a dict"),
        (b"\x80\x02}K\x02a.", "treats a dict as a list"),
        (b"\x80\x02}]K\x01s.", "damaged"),  # a list as a key
        (b"\x80\x02K\x01Q.", "refers to data outside"),
        (b"\x80\x02cos\nsystem\n.", "names os.system"),
        (b"\x80\x02(X\x01\x00\x00\x00aios\nsystem\n.", "opcode INST"),
        (b"\x80\x02\x82\x01.", "opcode EXT1"),
        (b"\x80\x02cos\nsystem\n)\x81.", "names os.system"),
        (b"P1\n.", "opcode PERSID"),
        (b"\xff", "damaged"),
    ],
)
def test_damaged_and_foreign_pickles(content, reason):
    with pytest.raises(InputError, match=reason):
        pickles.read(io.BytesIO(content), {})


def test_every_cut_and_every_changed_byte_is_read_or_refused():
    """Nothing else is raised, and nothing is run: there is nothing to call but our functions."""
    content = bytearray(np.arange(6, dtype=np.float32).reshape(2, 3).dumps())
    for position in range(len(content)):
        for changed in (content[:position], _changed(content, position, 0x40)):
            try:
                numpy_pickle.read(bytes(changed))
            except InputError:
                continue
    assert len(list(pickletools.genops(bytes(content)))) > 10


def _changed(content, position, bit):
    changed = bytearray(content)
    changed[position] ^= bit
    return changed


def test_no_opcode_runs_what_python_would():
    """The opcodes that make or call objects of a class are none of those that are carried out."""
    refused = {"INST", "OBJ", "NEWOBJ", "NEWOBJ_EX", "EXT1", "EXT2", "EXT4", "PERSID"}
    known = pickles.LITERALS | pickles.CONSTANTS.keys() | pickles.EMPTY.keys()
    specials = {name[3:].upper() for name in vars(pickles._Machine) if name.startswith("do_")}
    assert not refused & (known | specials)
    assert known | specials <= {op.name for op in pickletools.opcodes}
