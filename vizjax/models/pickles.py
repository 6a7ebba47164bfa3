"""What a pickle says, read without running it: weights are data, and a pickle is a program.

Unpickling calls whatever the file names. Here the file's opcodes are decoded (`pickletools`) and
carried out on plain values; the few names that a file of arrays needs stand for functions of
ours, and any other name or opcode is an error.
"""

import io
import pickletools
from collections.abc import Callable, Mapping
from typing import Any

from vizjax.errors import InputError

LITERALS = frozenset({
    "BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT", "BINUNICODE", "SHORT_BINUNICODE",
    "BINBYTES", "BINBYTES8", "SHORT_BINBYTES",
})  # fmt: skip
"""Opcodes that push their own argument."""

CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
EMPTY: dict[str, Callable[[], Any]] = {"EMPTY_DICT": dict, "EMPTY_LIST": list, "EMPTY_TUPLE": tuple}
TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
IGNORED = frozenset({"PROTO", "FRAME"})


def read(
    file: io.BytesIO,
    names: Mapping[str, Callable[..., Any]],
    persistent: Callable[[Any], Any] | None = None,
) -> Any:
    """The value that the next pickle in a file describes.

    Args:
      file: positioned at the pickle, and left behind its end.
      names: functions of ours by the full names that they stand for, `module.attribute`. What one
        returns may have a method `build(state)`, for the state that a pickle sets afterwards.
      persistent: takes a reference to what lies outside the pickle.

    Returns:
      Dicts, lists, tuples, strings, bytes and numbers, and what the functions return.

    Raises:
      InputError: the pickle is damaged, names anything else or has another opcode.
    """
    try:
        machine = _Machine(names, persistent)
        for opcode, argument, _ in pickletools.genops(file):
            if opcode.name == "STOP":
                return machine.pop()
            machine.step(opcode.name, argument)
    except InputError:
        raise
    except (ValueError, TypeError, KeyError, IndexError, AttributeError) as error:
        raise InputError(f"it is damaged: {error}; expected a whole pickle of arrays") from error
    raise InputError("it is cut off; expected a whole pickle of arrays")


class _Machine:
    """The pickle machine of the arrays: a stack, the stacks below its marks, and a memory."""

    def __init__(self, names, persistent):
        self.names, self.persistent = names, persistent
        self.stack: list[Any] = []
        self.below: list[list[Any]] = []
        self.memo: dict[int, Any] = {}

    def pop(self) -> Any:
        return self.stack.pop()

    def marked(self) -> list[Any]:
        """What was pushed since the last mark."""
        items, self.stack = self.stack, self.below.pop()
        return items

    def step(self, name: str, argument: Any) -> None:
        if name in IGNORED:
            return
        if name in LITERALS:
            self.stack.append(argument)
        elif name in CONSTANTS:
            self.stack.append(CONSTANTS[name])
        elif name in EMPTY:
            self.stack.append(EMPTY[name]())
        elif name in TUPLES:
            start = len(self.stack) - TUPLES[name]
            if start < 0:
                raise IndexError("a tuple of more than there is")
            self.stack[start:] = [tuple(self.stack[start:])]
        elif name in ("BINGET", "LONG_BINGET"):
            self.stack.append(self.memo[argument])
        elif name in ("BINPUT", "LONG_BINPUT"):
            self.memo[argument] = self.stack[-1]
        elif name == "GLOBAL":
            self.stack.append(self.named(*argument.split(" ", 1)))
        elif (special := getattr(self, f"do_{name.lower()}", None)) is not None:
            special()
        else:
            raise InputError(f"it has the opcode {name}, which no file of plain arrays has")

    def named(self, module: str, attribute: str) -> Callable[..., Any]:
        if (name := f"{module}.{attribute}") not in self.names:
            raise InputError(
                f"it names {name}, which was not run; a file of plain arrays names only "
                f"{', '.join(self.names)}"
            )
        return self.names[name]

    def do_mark(self):
        self.below.append(self.stack)
        self.stack = []

    def do_memoize(self):
        self.memo[len(self.memo)] = self.stack[-1]

    def do_tuple(self):
        items = tuple(self.marked())
        self.stack.append(items)

    def do_append(self):
        _of(list, self.stack[-2]).append(self.pop())

    def do_appends(self):
        items = self.marked()
        _of(list, self.stack[-1]).extend(items)

    def do_setitem(self):
        value, key = self.pop(), self.pop()
        _of(dict, self.stack[-1])[key] = value

    def do_setitems(self):
        items = self.marked()
        _of(dict, self.stack[-1]).update(zip(items[::2], items[1::2], strict=True))

    def do_stack_global(self):
        attribute, module = self.pop(), self.pop()
        self.stack.append(self.named(module, attribute))

    def do_reduce(self):
        arguments, function = self.pop(), self.pop()
        if not any(function is known for known in self.names.values()):
            raise InputError("it calls what is no function")
        self.stack.append(function(*arguments))

    def do_build(self):
        state = self.pop()
        # What has no `build` is a state dict: PyTorch sets an attribute of it, of no use here.
        if hasattr(self.stack[-1], "build"):
            self.stack[-1].build(state)

    def do_binpersid(self):
        if self.persistent is None:
            raise InputError("it refers to data outside itself")
        self.stack.append(self.persistent(self.pop()))


def _of(kind: type, value: Any) -> Any:
    if not isinstance(value, kind):
        raise InputError(f"it treats a {type(value).__name__} as a {kind.__name__}")
    return value
