"""Methods by name: their hyperparameters, their captions, and one value a pixel."""

import inspect

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import tiny

from vizjax.attribution import METHODS, Bound, bind, gradient, saliency
from vizjax.errors import InputError
from vizjax.rules import RULES


def test_refuses_an_unknown_method():
    with pytest.raises(InputError, match="`method` is gradcam; expected one of: saliency, "):
        bind("gradcam")


def test_refuses_an_unknown_option_and_a_missing_one():
    with pytest.raises(InputError, match=r"`option` is step of integrated_gradients; .*steps"):
        bind("integrated_gradients", step=3)
    with pytest.raises(InputError, match="`layer` is missing; grad_cam expects one"):
        bind("grad_cam")


def test_bound_methods_are_equal_by_value():
    one, other = bind("rise", masks=3, cells=2), bind("rise", cells=2, masks=3)
    assert one == other
    assert hash(one) == hash(other)
    assert one != bind("rise", masks=4, cells=2)


@pytest.mark.parametrize("name", METHODS)
def test_every_parameter_is_in_the_caption_but_for_the_chunk(name):
    layer = {"layer": "head"} if "layer" in METHODS[name].hyperparameters else {}
    method = bind(name, **layer)
    assert inspect.Parameter.empty not in method.hyperparameters.values()
    for option, value in method.hyperparameters.items():
        shown = option != "chunk" and value is not None
        assert (f"{option} " in method.caption()) == shown
    assert method.caption().startswith(name)


def test_one_value_a_pixel():
    attribution = np.array([[[1.0, -5.0, 2.0], [0.0, 3.0, 3.0]]])
    assert bind("gradient").plane(attribution).tolist() == [[5, 3]]
    assert bind("gradient_times_input").plane(attribution).tolist() == [[-2, 6]]
    assert bind("gradient").plane(attribution[..., 1]).tolist() == [[5, 3]]
    assert bind("occlusion").plane(attribution[..., 1]).tolist() == [[-5, 3]]


def test_the_map_is_the_plane_of_the_attribution(key):
    network, image = tiny.network(), tiny.image()
    np.testing.assert_array_equal(
        bind("gradient").map(key, network, image, 4), saliency(network, image, 4)
    )


@pytest.mark.parametrize(
    ("name", "rule"), [("deconvnet", "deconvnet"), ("guided_backprop", "guided")]
)
def test_a_rule_as_a_method_is_the_gradient_under_that_rule(name, rule, key):
    """Whatever rule the network has of its own."""
    image = tiny.image()
    wanted = gradient(tiny.network().with_rule(rule), image, 4)
    for own in RULES:
        found = Bound(name)(key, tiny.network().with_rule(own), image, 4)
        np.testing.assert_array_equal(found, wanted)


def test_compiled_once_for_equal_methods(key):
    network, image = tiny.network(), tiny.image()
    traces = []

    def call(key, network, image, method):
        traces.append(method)
        return method(key, network, image, 4)

    compiled = jax.jit(call, static_argnums=3)
    one = compiled(key, network, image, bind("smoothgrad", samples=3, sigma=9.0))
    other = compiled(key, network, image, bind("smoothgrad", sigma=9.0, samples=3))
    np.testing.assert_array_equal(one, other)
    assert len(traces) == 1
    assert not jnp.array_equal(one, compiled(key, network, image, bind("smoothgrad", samples=4)))
