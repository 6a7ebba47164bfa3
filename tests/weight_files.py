"""Files of weights as the frameworks write them, written without the frameworks."""

import io
import json
import pickle
import struct
import zipfile
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

TYPES = {"float32": "FloatStorage", "float64": "DoubleStorage", "int64": "LongStorage"}


def variables(module, size, seed=0):
    """Random variables of a module: biases everywhere, means of both signs, positive variances."""
    shapes = jax.eval_shape(module.init, jax.random.key(0), jnp.zeros((*size, 3)))
    rng = np.random.default_rng(seed)

    def draw(path, leaf):
        kind = path[-1].key
        if kind in ("scale", "var"):
            return jnp.asarray(rng.uniform(0.5, 2, leaf.shape), jnp.float32)
        deviation = (2 / np.prod(leaf.shape[:-1])) ** 0.5 if kind == "kernel" else 0.3
        return jnp.asarray(rng.normal(0, deviation, leaf.shape), jnp.float32)

    return jax.tree_util.tree_map_with_path(draw, shapes)


class Name:
    """Something that a pickle names, and calls if it has arguments; it need not exist here."""

    def __init__(self, module, attribute, *arguments, called=False, state=None):
        self.name, self.arguments, self.state = (module, attribute), arguments, state
        self.called = called or bool(arguments)


class Reference(tuple):
    """What lies outside the pickle."""


PYTHONS: Any = vars(pickle)["_Pickler"]
"""The pickler written in Python, whose steps can be changed."""


class Pickler(PYTHONS):
    """Writes names as they are, imported or not."""

    def save(self, obj, save_persistent_id=True):
        if isinstance(obj, Reference):
            self.save(tuple(obj))
            self.write(pickle.BINPERSID)
        elif isinstance(obj, Name):
            self.write(b"c%b\n%b\n" % tuple(part.encode() for part in obj.name))
            if obj.called:
                self.save(obj.arguments)
                self.write(pickle.REDUCE)
            if obj.state is not None:
                self.save(obj.state)
                self.write(pickle.BUILD)
        else:
            super().save(obj, save_persistent_id)


def pickled(value, protocol=2):
    """The bytes of a pickle."""
    file = io.BytesIO()
    Pickler(file, protocol).dump(value)
    return file.getvalue()


def storage(key, array):
    """The reference to a storage of as many elements as `array` has."""
    kind = Name("torch", TYPES[array.dtype.name])
    return Reference(("storage", kind, key, "cpu", array.size))


def tensor(reference, shape, strides, offset=0):
    """A tensor as PyTorch pickles it; strides in elements."""
    hooks = Name("collections", "OrderedDict", called=True)
    arguments = (reference, offset, tuple(shape), tuple(strides), False, hooks)
    return Name("torch._utils", "_rebuild_tensor_v2", *arguments)


def tensors(arrays):
    """Each array as a tensor on a storage of its own, called 0, 1, …, in an OrderedDict."""

    def described(key, array):
        strides = [step // array.itemsize for step in array.strides]
        return tensor(storage(str(key), array), array.shape, strides)

    described_arrays = {
        name: described(key, np.ascontiguousarray(array))
        for key, (name, array) in enumerate(arrays.items())
    }
    return described_arrays, [np.ascontiguousarray(array) for array in arrays.values()]


def zip_file(state, storages, byteorder=b"little"):
    """The container of PyTorch 1.6 and later."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("net/data.pkl", pickled(state))
        archive.writestr("net/byteorder", byteorder)
        for key, array in enumerate(storages):
            archive.writestr(f"net/data/{key}", array.tobytes())
        archive.writestr("net/version", b"3\n")
    return file.getvalue()


def legacy_file(state, storages, little_endian=True):
    """The container before PyTorch 1.6: pickles, then sizes and bytes."""
    sizes = {"short": 2, "int": 4, "long": 4}
    system = {"protocol_version": 1001, "little_endian": little_endian, "type_sizes": sizes}
    keys = [str(key) for key, _ in enumerate(storages)]
    head = [0x1950A86A20F9469CFC6C, 1001, system, state, keys]
    tail = [struct.pack("<q", array.size) + array.tobytes() for array in storages]
    return b"".join([*map(pickled, head), *tail])


def numpy_pickle(tree, protocol=3, kind="f4", order="<"):
    """Dictionaries of arrays as NumPy pickles them."""

    def described(node):
        if isinstance(node, dict):
            return {key: described(value) for key, value in node.items()}
        dtype = Name(
            "numpy", "dtype", kind, False, True, state=(3, order, None, None, None, -1, -1, 0)
        )
        columns_first = not node.flags.c_contiguous
        content = node.tobytes("F" if columns_first else "C")
        return Name(
            "numpy.core.multiarray", "_reconstruct", Name("numpy", "ndarray"), (0,), b"b",
            state=(1, node.shape, dtype, columns_first, content),
        )  # fmt: skip

    return pickled(described(tree), protocol)


def tfjs_files(arrays, shard_bytes=100):
    """`model.json` and its shards, by name; no shard ends where an array does."""
    content = b"".join(array.astype("<f4").tobytes() for array in arrays.values())
    parts = [content[i : i + shard_bytes] for i in range(0, len(content), shard_bytes)]
    names = [f"group1-shard{n}of{len(parts)}.bin" for n in range(1, len(parts) + 1)]
    weights = [
        {"name": name, "shape": list(array.shape), "dtype": "float32"}
        for name, array in arrays.items()
    ]
    model = {"format": "layers-model", "weightsManifest": [{"paths": names, "weights": weights}]}
    return {"model.json": json.dumps(model).encode(), **dict(zip(names, parts, strict=True))}
