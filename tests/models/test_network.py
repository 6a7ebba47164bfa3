"""A network as a value: a pytree, a score function, named layers, another rule."""

import dataclasses
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from vizjax import rules
from vizjax.errors import InputError
from vizjax.models import Labels, Network, Preprocessing
from vizjax.models.layers import Relu

NETWORKS = ["small_convnet", "small_squeezenet"]


@pytest.fixture(params=NETWORKS)
def network(request) -> Network:
    return request.getfixturevalue(request.param)


def photograph(network):
    uniform = np.random.default_rng(5).uniform(0, 255, (*network.preprocessing.size, 3))
    return jnp.asarray(uniform, jnp.float32)


@jax.jit
def scores_of(network, image):
    return network(image)


@jax.jit
def activations_of(network, image):
    return network.activations(image)


def close(one, other):
    """Float32 sums in another order, relative to the largest value."""
    np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5 * float(np.abs(other).max()))


# A module of a user's own: batch normalisation, one rectifier used twice, a skip ---------------


class Own(nn.Module):
    relu: Any = jax.nn.relu

    @nn.compact
    def __call__(self, x):
        rectify = Relu(self.relu, name="relu")
        x = nn.Conv(4, (3, 3), strides=2, name="conv1")(x)
        x = nn.BatchNorm(use_running_average=True, name="norm")(x)
        first = rectify(x)
        second = rectify(nn.Conv(4, (3, 3), name="conv2")(first))
        return nn.Dense(5, name="head")((first + second).mean(axis=(-3, -2)))


@pytest.fixture
def own(key) -> Network:
    module = Own()
    network = Network(module, jax.jit(module.init)(key, jnp.zeros((1, 10, 8, 3))), batched=True)
    network.variables["batch_stats"]["norm"]["mean"] += 0.5
    return dataclasses.replace(network, preprocessing=Preprocessing(size=(10, 8)))


def test_a_module_of_ones_own_in_one_line(key):
    module = nn.Sequential([nn.Conv(4, (3, 3)), nn.relu, lambda x: x.mean((0, 1)), nn.Dense(5)])
    image = jax.random.uniform(key, (10, 8, 3))
    network = Network(module, jax.jit(module.init)(key, image))
    np.testing.assert_array_equal(network(image), module.apply(network.variables, image))
    assert list(network.activations(image)) == ["layers_0", "layers_3"]


def test_batched_modules_with_batch_statistics(own):
    image = photograph(own)
    assert own(image).shape == (5,)
    np.testing.assert_array_equal(own(image), own.module.apply(own.variables, image[None])[0])
    assert own.activations(image)["conv1"].shape == (5, 4, 4)
    moved = jax.tree.map(lambda x: x + 1.0, own)
    assert not np.allclose(moved(image), own(image))  # the statistics are leaves


# A pytree ----------------------------------------------------------------------------------


def test_pytree_round_trip(network):
    leaves, treedef = jax.tree.flatten(network)
    again = jax.tree.unflatten(treedef, leaves)
    assert jax.tree.structure(again) == treedef
    assert (again.module, again.labels, again.name) == (
        network.module,
        network.labels,
        network.name,
    )
    image = photograph(network)
    np.testing.assert_array_equal(scores_of(again, image), scores_of(network, image))


def test_leaves_are_the_parameters_and_the_preprocessing(network):
    expected = len(jax.tree.leaves(network.variables)) + 2
    assert len(jax.tree.leaves(network)) == expected
    assert all(isinstance(leaf, jax.Array | np.ndarray) for leaf in jax.tree.leaves(network))


def test_parameters_are_arguments_and_not_constants(network):
    jaxpr = jax.make_jaxpr(Network.__call__)(network, photograph(network))
    assert sum(np.size(const) for const in jaxpr.consts) == 0
    assert len(jaxpr.in_avals) == len(jax.tree.leaves(network)) + 1


def test_one_compilation_for_other_parameters(small_convnet):
    traced = []

    @jax.jit
    def scores(network, image):
        traced.append(network.name)
        return network(image)

    image = photograph(small_convnet)
    one = scores(small_convnet, image)
    other = scores(jax.tree.map(lambda x: 1.1 * x, small_convnet), image)
    assert not np.allclose(one, other)
    assert len(traced) == 1


def test_vmap_is_a_loop(network):
    images = jnp.stack([photograph(network), 255 - photograph(network)])
    mapped = jax.jit(jax.vmap(Network.__call__, in_axes=(None, 0)))(network, images)
    close(mapped, jnp.stack([scores_of(network, image) for image in images]))


def test_gradient_reaches_the_parameters(small_convnet):
    image = photograph(small_convnet)
    gradient = jax.jit(jax.grad(lambda network: network(image)[2]))(small_convnet)
    assert isinstance(gradient, Network)
    np.testing.assert_allclose(gradient.variables["params"]["fc8"]["bias"], np.eye(7)[2])


# Preprocessing -----------------------------------------------------------------------------


class Identity(nn.Module):
    def __call__(self, x):
        return x


MEANS = {
    "one number": np.float32(100),
    "one a channel": np.array([10, 20, 30], np.float32),
    "a whole image": np.arange(18, dtype=np.float32).reshape(3, 2, 3),
}


@pytest.mark.parametrize("channels", ["rgb", "bgr"])
@pytest.mark.parametrize("mean", MEANS)
def test_preprocessing_in_closed_form(mean, channels):
    image = photograph(dataclasses_network())
    scale = np.array([1, 2, 4], np.float32)
    network = dataclasses_network(mean=MEANS[mean], scale=scale, channels=channels)
    expected = (np.asarray(image) - MEANS[mean]) / scale
    # The mean is RGB whatever the module's order is; only the result is turned.
    expected = expected[..., [2, 1, 0]] if channels == "bgr" else expected
    np.testing.assert_allclose(network(image), expected, rtol=1e-6)
    np.testing.assert_array_equal(network.mean_image, np.broadcast_to(MEANS[mean], (3, 2, 3)))


def dataclasses_network(**preprocessing):
    return Network(Identity(), {}, Preprocessing(size=(3, 2), **preprocessing))


def test_the_mean_image_is_the_modules_zero(network):
    module_input = network.preprocessing(network.mean_image)
    np.testing.assert_array_equal(module_input, np.zeros((*network.preprocessing.size, 3)))


# Layers ------------------------------------------------------------------------------------


def test_activations_come_in_the_order_in_which_layers_finish(small_convnet, small_squeezenet):
    names = " ".join(small_convnet.layer_shapes())
    assert names.startswith("conv1 relu1 norm1 pool1 conv2 relu2 norm2 pool2 conv3 relu3 ")
    assert names.endswith(" pool5 fc6 relu6 drop6 fc7 relu7 drop7 fc8")
    names = list(small_squeezenet.layer_shapes())
    fire2 = "squeeze1x1 relu_squeeze1x1 expand1x1 relu_expand1x1 expand3x3 relu_expand3x3"
    inside = [f"fire2/{name}" for name in fire2.split()]
    assert names[:10] == ["conv1", "relu_conv1", "pool1", *inside, "fire2"]
    assert names[-2:] == ["conv10", "pool10"]


def test_layer_shapes_are_those_of_the_activations(network):
    activations = activations_of(network, photograph(network))
    shapes = {name: activation.shape for name, activation in activations.items()}
    assert network.layer_shapes() == shapes


def test_layer_and_channels_are_the_activations(network):
    image = photograph(network)
    name = "relu3" if "relu3" in network.layer_shapes() else "fire4/expand3x3"
    expected = activations_of(network, image)[name]
    close(jax.jit(lambda f, x: f(x))(network.layer(name), image), expected)
    means = jax.jit(lambda f, x: f(x))(network.channels(name), image)
    assert means.shape == expected.shape[-1:]
    close(means, np.asarray(expected).mean(axis=(0, 1)))


def assert_the_scores_after_are_the_scores(network, image, names):
    """The scores when each layer's own activation is put back in its place."""

    @jax.jit
    def both(network, image):
        activations = network.activations(image)
        after = {name: network.after(name, image)(activations[name]) for name in names}
        return network(image), after

    scores, after = both(network, image)
    for found in after.values():
        close(found, scores)


def test_the_scores_after_a_layer_are_the_scores(small_convnet):
    names = list(small_convnet.layer_shapes())
    assert len(names) == 22
    image = photograph(small_convnet)
    assert_the_scores_after_are_the_scores(small_convnet, image, names)


def test_the_scores_after_a_layer_are_the_scores_beside_branches(small_squeezenet):
    names = [name for name in small_squeezenet.layer_shapes() if name.startswith("fire8/")]
    names += ["conv1", "pool1", "fire8", "conv10", "pool10"]
    image = photograph(small_squeezenet)
    assert_the_scores_after_are_the_scores(small_squeezenet, image, names)


def test_after_needs_no_image_where_all_passes_through(small_convnet):
    image = photograph(small_convnet)
    activation = jax.jit(lambda layer, x: layer(x))(small_convnet.layer("pool2"), image)
    close(
        jax.jit(lambda after, y: after(y))(small_convnet.after("pool2"), activation),
        scores_of(small_convnet, image),
    )


def test_after_is_differentiable_by_the_activation(small_convnet):
    """The chain rule through a layer: the gradient at the image in two steps."""
    network, image = small_convnet, photograph(small_convnet)

    @jax.jit
    def in_two_steps(network, image):
        activation, pull = jax.vjp(network.layer("norm2"), image)
        return pull(jax.grad(lambda y: network.after("norm2")(y)[3])(activation))[0]

    close(in_two_steps(network, image), jax.jit(jax.grad(lambda x: network(x)[3]))(image))


def test_a_layer_that_is_called_again_is_there_again(own):
    image = photograph(own)
    activations = own.activations(image)
    assert list(activations) == ["conv1", "norm", "relu", "conv2", "relu#2", "head"]
    np.testing.assert_array_equal(activations["relu"], jax.nn.relu(activations["norm"]))
    np.testing.assert_array_equal(activations["relu#2"], jax.nn.relu(activations["conv2"]))
    # What follows the first call contains the second.
    close(own.after("relu")(activations["relu"]), own(image))
    doubled = own.after("relu#2", image)(2 * activations["relu#2"])
    head = own.variables["params"]["head"]
    features = (activations["relu"] + 2 * activations["relu#2"]).mean(axis=(0, 1))
    close(doubled, features @ head["kernel"] + head["bias"])


def test_a_layer_as_an_argument_of_a_compiled_function(network):
    """Layers are pytrees too: their parameters are no constants either."""
    name = list(network.layer_shapes())[3]
    image = photograph(network)
    for function in (network.layer(name), network.channels(name)):
        jaxpr = jax.make_jaxpr(lambda f, x: f(x))(function, image)
        assert sum(np.size(const) for const in jaxpr.consts) == 0


# Rules -------------------------------------------------------------------------------------


def rectifiers(jaxpr):
    """How many rectifiers of its own backward rule, and how many plain ones, a jaxpr has."""
    custom = plain = 0
    for eqn in jaxpr.eqns:
        inner = jax.tree.leaves(list(eqn.params.values()), is_leaf=is_jaxpr)
        bodies = [getattr(p, "jaxpr", p) for p in inner if is_jaxpr(p)]
        primitives = [[e.primitive.name for e in body.eqns] for body in bodies]
        if eqn.primitive.name == "custom_vjp_call" and primitives == [["max"]]:
            custom += 1
        elif eqn.primitive.name == "custom_jvp_call" and "name=relu" in str(bodies[0]):
            plain += 1
        elif eqn.primitive.name != "custom_vjp_call":  # max-pooling: it is full of max
            plain += eqn.primitive.name == "max"
            for body in bodies:
                of_body = rectifiers(body)
                custom, plain = custom + of_body[0], plain + of_body[1]
    return custom, plain


def is_jaxpr(value):
    return hasattr(value, "eqns") or hasattr(getattr(value, "jaxpr", None), "eqns")


@pytest.mark.parametrize("rule", ["deconvnet", "guided"])
@pytest.mark.parametrize(("name", "count"), [("small_convnet", 7), ("small_squeezenet", 25)])
def test_no_rectifier_is_missed(request, name, count, rule):
    network = request.getfixturevalue(name)
    trace = jax.make_jaxpr(Network.__call__)
    assert rectifiers(trace(network, network.blank()).jaxpr) == (0, count)
    assert rectifiers(trace(network.with_rule(rule), network.blank()).jaxpr) == (count, 0)


def test_a_reused_rectifier_is_not_missed(own):
    trace = jax.make_jaxpr(Network.__call__)
    assert rectifiers(trace(own.with_rule("guided"), own.blank()).jaxpr) == (2, 0)


@pytest.mark.parametrize("rule", ["deconvnet", "guided"])
def test_a_rule_changes_the_way_back_and_not_the_scores(small_convnet, rule):
    network, image = small_convnet, photograph(small_convnet)
    ruled = network.with_rule(rule)
    assert jax.tree.leaves(ruled)[0] is jax.tree.leaves(network)[0]

    @jax.jit
    def scores_and_gradient(image, network):
        scores, pull = jax.vjp(lambda image: network(image), image)
        return scores, pull(jnp.eye(7)[1])[0]

    scores, gradient = scores_and_gradient(image, network)
    ruled_scores, ruled_gradient = scores_and_gradient(image, ruled)
    close(ruled_scores, scores)
    assert float(jnp.abs(ruled_gradient - gradient).max()) > 0.1 * float(jnp.abs(gradient).max())


def test_gradient_rule_is_the_network_itself(small_convnet):
    again = small_convnet.with_rule("guided").with_rule("gradient")
    assert jax.tree.structure(again) == jax.tree.structure(small_convnet)


def test_a_rule_of_ones_own(own):
    """A gate that lets everything through makes the net linear backwards."""
    image = photograph(own)
    everything = own.with_rule(rules.rectifier(lambda x, g: g))
    slope = jax.jit(jax.grad(lambda x: everything(x)[0]))
    one, other = slope(image), slope(-image)
    close(one, other)


# Errors ------------------------------------------------------------------------------------


def test_wrong_image_size(small_convnet):
    expected = r"`image` is 80 × 79 × 3; expected height × width × channels of 80 × 80 × 3: .*vmap"
    with pytest.raises(InputError, match=expected):
        small_convnet(jnp.zeros((80, 79, 3)))


@pytest.mark.parametrize("method", ["layer", "channels", "after"])
def test_unknown_layer_lists_the_known(small_convnet, method):
    with pytest.raises(InputError, match="`layer` is conv9; expected one of: conv1, relu1, norm1"):
        getattr(small_convnet, method)("conv9")


def test_unknown_layer_of_a_network_of_any_size(key):
    module = nn.Sequential([nn.Dense(4)])
    image = jax.random.uniform(key, (3, 2, 3))
    network = Network(module, module.init(key, image))
    assert network.layer("layers_0")(image).shape == (3, 2, 4)
    with pytest.raises(InputError, match="`layer` is conv9; expected one of: layers_0"):
        network.layer("conv9")(image)
    with pytest.raises(InputError, match=r"`preprocessing\.size` is None"):
        network.layer_shapes()


def test_unknown_rule(small_convnet):
    with pytest.raises(InputError, match="`rule` is deconv; expected one of: gradient, deconvnet"):
        small_convnet.with_rule("deconv")


def test_a_module_without_a_rectifier_field(key):
    module = nn.Dense(4)
    network = Network(module, module.init(key, jnp.zeros((3, 2, 3))))
    with pytest.raises(InputError, match="`module` is Dense, which has no field `relu`"):
        network.with_rule("guided")


def test_labels_and_name_are_static(small_convnet):
    named = dataclasses.replace(small_convnet, name="mine", labels=Labels(names=(("a",),)))
    assert jax.tree.structure(named) != jax.tree.structure(small_convnet)
    assert jax.tree.map(lambda x: x, named).labels is named.labels
