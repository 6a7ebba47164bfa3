import jax
import jax.numpy as jnp
import numpy as np
import pytest
from matconvnet_files import STYLES, cell, conv, forward, pool, relu, small, vgg_f, write

from vizjax.errors import InputError
from vizjax.models import matconvnet
from vizjax.models.convnet import ConvNet
from vizjax.models.network import Network

WNIDS = ["n02129165", "n01440764", "n02123045", "n04254680", "n02979186", "n03000684", "n03028079"]
DESCRIPTIONS = [
    "lion, king of beasts, Panthera leo",
    "tench, Tinca tinca",
    "tabby, tabby cat",
    "soccer ball",
    "cassette player",
    "chain saw, chainsaw",
    "church, church building",
]
CLASSES = {"name": cell(WNIDS), "description": cell(DESCRIPTIONS, column=True)}


@pytest.fixture
def rng():
    return np.random.default_rng(20130612)


@pytest.fixture(scope="module")
def narrow():
    """VGG-F in its real geometry and a sixteenth of its width: layers, mean, image, outputs."""
    rng = np.random.default_rng(1312)
    layers = vgg_f(rng)
    mean = rng.uniform(80, 160, size=(224, 224, 3)).astype(np.single)
    image = rng.uniform(0, 255, size=(224, 224, 3)).astype(np.single)
    return layers, mean, jnp.asarray(image), forward(layers, image.astype(float) - mean)


def vgg_f_file(path, narrow, style="new", **options):
    layers, mean, *_ = narrow
    normalization = {
        "imageSize": np.array([224, 224, 3], np.uint8),
        "averageImage": mean,
        "border": np.array([32, 32], np.uint8),
        "keepAspect": True,
    }
    return write(path, layers, style=style, normalization=normalization, classes=CLASSES, **options)


def assert_close(actual, expected, name=""):
    """To float32's precision over some thousand terms, on the scale of the largest number."""
    tolerance = 1e-5 * float(np.abs(expected).max())
    np.testing.assert_allclose(actual, expected, rtol=0, atol=tolerance, err_msg=name)


@jax.jit
def gradient(score_fn, image):
    return jax.grad(lambda x: score_fn(x)[3])(image)


# What is read computes what the file says.


@pytest.mark.parametrize("compress", [False, True])
@pytest.mark.parametrize("style", STYLES)
def test_vgg_f_is_its_literal_forward_pass(tmp_path, narrow, style, compress):
    *_, image, expected = narrow
    network = matconvnet.load(vgg_f_file(tmp_path / "f.mat", narrow, style, compress=compress))
    assert_close(network(image), expected["fc8"][0, 0])
    activations = network.activations(image)
    assert list(activations) == list(expected)[:-1]  # all but prob, in order
    for name, activation in activations.items():
        assert_close(activation, expected[name], name)


def test_vgg_f_parameters_fit_the_convnet(tmp_path, narrow):
    *_, image, _ = narrow
    network = matconvnet.load(vgg_f_file(tmp_path / "f.mat", narrow))
    ours = Network(ConvNet(width=4, classes=7), network.variables, network.preprocessing)
    assert_close(ours(image), network(image))
    one, other = (gradient(each.with_rule("guided"), image) for each in (network, ours))
    assert_close(one, other)
    assert jnp.abs(one - gradient(network, image)).max() > 0.1 * jnp.abs(one).max()


def test_layers_are_addressable(tmp_path, narrow):
    *_, image, _ = narrow
    network = matconvnet.load(vgg_f_file(tmp_path / "f.mat", narrow))
    activation = network.layer("pool5")(image)
    assert activation.shape == (6, 6, 16)
    assert_close(network.after("pool5")(activation), network(image))
    assert network.layer_shapes()["norm2"] == (27, 27, 16)
    with pytest.raises(InputError, match=r"`layer` is conv9; expected one of: conv1, relu1"):
        network.layer("conv9")


def test_compiles_once_for_all_rules_of_one_network(tmp_path, narrow):
    *_, image, expected = narrow
    network = matconvnet.load(vgg_f_file(tmp_path / "f.mat", narrow))
    traces = []

    @jax.jit
    def scores(network, image):
        traces.append(1)
        return network(image)

    for _ in range(2):
        assert_close(scores(network, image), expected["fc8"][0, 0])
    assert len(traces) == 1


def chains(rng):
    """Layers that VGG-F has not, or not so: `(name, layers before the last, channels after)`."""

    def first(features=6, **fields):
        return conv(rng, "conv1", 3, 2, channels=3, features=features, **fields)

    def second(channels, features=4, **fields):
        return conv(rng, "conv2", 2, 2, channels=channels, features=features, **fields)

    no_bias = first()
    no_bias["weights"][1] = np.zeros((0, 0), np.single)
    pads = [2, 1, 0, 3]  # top, bottom, left, right
    return {
        "conv pads": [first(pad=pads)],
        "conv pads in a column of uint8": [first(pad=np.array([pads], np.uint8).T)],
        "conv strides": [first(stride=[2, 3], pad=1)],
        "conv dilation": [first(dilate=[2, 3], pad=pads)],
        "conv without biases": [no_bias],
        "groups": [first(), second(3)],
        "one feature": [first(features=1), second(1)],
        "one channel and one feature": [first(features=1), second(1, features=1)],
        "max pool pads": [pool("pool", [2, 3], pad=[1, 0, 2, 1], stride=[1, 2], method="max")],
        "max pool defaults": [pool("pool", [3, 2])],
        "average pool pads": [pool("pool", [2, 3], pad=[1, 0, 2, 1], stride=[2, 1], method="avg")],
        "lrn defaults": [first(), {"type": "lrn", "name": "norm"}],
        "lrn even window": [
            first(),
            {"type": "lrn", "name": "norm", "param": np.array([4, 1, 0.01, 0.5], np.single)},
        ],
        "dropout": [first(), {"type": "dropout", "name": "drop", "rate": 0.5}, relu("rectified")],
        "relu that does not leak": [first(), {**relu("rectified"), "leak": 0}],
    }


@pytest.mark.parametrize("case", list(chains(np.random.default_rng(0))))
def test_layer_is_its_literal_re_implementation(tmp_path, rng, case):
    # All below zero: padding a maximum with 0 would show.
    image = jnp.asarray(rng.uniform(-200, -50, size=(9, 12, 3)), jnp.float32)
    layers = chains(rng)[case]
    *_, before = forward(layers, image).values()
    height, width, channels = before.shape
    layers.append(conv(rng, "fc", height, width, channels=channels, features=5))
    expected = forward(layers, image)
    network = matconvnet.load(small(tmp_path / "net.mat", layers))
    assert_close(network(image), expected["fc"][0, 0])
    for name, activation in network.activations(image).items():
        assert_close(activation, expected[name], name)


def test_last_loss_of_a_trained_net_is_left_out(tmp_path, rng):
    layers = [conv(rng, "fc", 9, 12, channels=3, features=5)]
    loss = {"type": "softmaxloss", "name": "loss"}
    one, other = (
        matconvnet.load(small(tmp_path / f"{k}.mat", each))
        for k, each in enumerate((layers, [*layers, loss]))
    )
    image = jnp.ones((9, 12, 3))
    np.testing.assert_array_equal(one(image), other(image))


# What belongs to the network.


@pytest.mark.parametrize("style", STYLES)
def test_what_belongs_to_the_network(tmp_path, narrow, style):
    network = matconvnet.load(vgg_f_file(tmp_path / "imagenet-vgg-f.mat", narrow, style))
    np.testing.assert_array_equal(network.mean_image, narrow[1])
    assert network.preprocessing.size == (224, 224)
    assert network.preprocessing.short_side == 256
    assert network.name == "imagenet-vgg-f"
    assert network.labels.wnids == tuple(WNIDS)
    assert network.labels.names[0] == ("lion", "king of beasts", "Panthera leo")
    assert network.labels.index("soccer ball") == network.labels.index("n04254680") == 3


@pytest.mark.parametrize(
    ("given", "mean"),
    [
        (np.array([[[123.5, 117.0, 104.0]]]), [123.5, 117, 104]),
        (np.array([[123], [117], [104]], np.uint8), [123, 117, 104]),
        (np.array(120.0), [120, 120, 120]),
        (np.zeros((0, 0)), [0, 0, 0]),
    ],
    ids=["1 × 1 × 3", "a column of uint8", "one number", "none"],
)
def test_mean_of_channels(tmp_path, rng, given, mean):
    layers = [conv(rng, "fc", 9, 12, channels=3, features=5)]
    network = matconvnet.load(small(tmp_path / "net.mat", layers, averageImage=given))
    image = jnp.asarray(rng.uniform(0, 255, size=(9, 12, 3)), jnp.float32)
    expected = forward(layers, np.asarray(image) - np.array(mean))["fc"][0, 0]
    assert_close(network(image), expected)
    np.testing.assert_array_equal(network.mean_image[2, 3], np.array(mean, np.single))


@pytest.mark.parametrize(
    ("normalization", "short_side"),
    [
        ({}, 224),
        ({"border": np.uint8(32)}, 256),
        ({"border": [32, 32], "keepAspect": False}, 256),
        ({"cropSize": 0.875}, 256),
        ({"cropSize": [0.875, 0.875], "border": [32, 32]}, 256),
        ({"cropSize": 1, "border": [0, 0]}, 224),
    ],
)
def test_short_side(tmp_path, rng, normalization, short_side):
    layers = [conv(rng, "fc", 224, 224, channels=3, features=5)]
    path = small(tmp_path / "net.mat", layers, size=(224, 224), **normalization)
    assert matconvnet.load(path).preprocessing.short_side == short_side


@pytest.mark.parametrize(
    ("classes", "wnids", "names"),
    [
        (None, (), ()),
        ({"name": cell(["cat", "dog"])}, (), (("cat",), ("dog",))),
        ({"name": cell(WNIDS[:2])}, WNIDS[:2], ((WNIDS[0],), (WNIDS[1],))),
        ({"name": cell([]), "description": np.array([[0.0]])}, (), ()),
        (
            {"description": cell(["tench, Tinca tinca", "cat"])},
            (),
            (("tench", "Tinca tinca"), ("cat",)),
        ),
    ],
    ids=["none", "plain names", "wnids alone", "left empty", "descriptions alone"],
)
def test_classes(tmp_path, rng, classes, wnids, names):
    layers = [conv(rng, "fc", 9, 12, channels=3, features=2)]
    labels = matconvnet.load(small(tmp_path / "net.mat", layers, classes=classes)).labels
    assert (labels.wnids, labels.names) == (tuple(wnids), names)


def test_names_missing_twice_or_taken(tmp_path, rng):
    layers = [
        conv(rng, "conv", 2, 2, channels=3, features=4),
        {"type": "relu"},
        conv(rng, "conv", 2, 2, channels=4, features=4),
        relu("relu"),
        relu("layers"),
        conv(rng, "init", 7, 10, channels=4, features=5),
    ]
    network = matconvnet.load(small(tmp_path / "net.mat", layers))
    names = ["conv", "layer2", "conv_2", "relu_2", "layers_2", "init_2"]
    assert list(network.layer_shapes()) == names
    assert network.after("layer2")(jnp.ones((8, 11, 4))).shape == (5,)


@pytest.mark.slow
def test_vgg_f_at_full_size(tmp_path):
    """60.8 million parameters, 240 MB: the shapes and the sizes of the published file."""
    rng = np.random.default_rng(2013)
    layers = vgg_f(rng, width=64, classes=1000)
    path = write(
        tmp_path / "imagenet-vgg-f.mat",
        layers,
        normalization={"imageSize": [224, 224, 3], "border": [32, 32]},
        classes={"description": cell([f"class {k}" for k in range(1000)])},
    )
    image = jnp.asarray(rng.uniform(-128, 128, size=(224, 224, 3)), jnp.float32)
    expected = forward(layers, image)["fc8"][0, 0]
    network = matconvnet.load(path)
    assert sum(leaf.size for leaf in jax.tree.leaves(network.variables)) == 60_834_536
    assert_close(network(image), expected)
