"""Every network of our own takes its rectifier from the rule, all of them and nothing else."""

from typing import NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest
import weight_files

from vizjax.models import Network, Preprocessing
from vizjax.models.mobilenet import MobileNetV2, Stage
from vizjax.models.resnet import ResNet


class Case(NamedTuple):
    """A small network, its input's size, its rectifiers, and whether it has other maxima."""

    module: nn.Module
    size: tuple[int, int]
    rectifiers: int
    pools: bool


MOBILE = MobileNetV2(classes=5, first=4, stages=(Stage(1, 3, 1, 1), Stage(6, 5, 2, 2)), last=7)
CASES = {
    "mobilenet": Case(MOBILE, (29, 22), 2 + 1 + 2 * 2, False),  # 35 at full size
    "resnet": Case(ResNet(classes=5, width=3, blocks=(2, 1)), (37, 30), 1 + 3 * 3, True),  # 49
}


@pytest.fixture(scope="module", params=CASES)
def case(request):
    return CASES[request.param]


def test_a_rule_changes_gradients_and_not_scores(key, case):
    variables = weight_files.variables(case.module, case.size)
    network = Network(case.module, variables, Preprocessing(size=case.size))
    image = jax.random.normal(key, (*case.size, 3))

    @jax.jit
    def score_and_gradient(network):
        return jax.value_and_grad(lambda image: network(image)[2])(image)

    guided = network.with_rule("guided")
    (score, plain), (other, changed) = map(score_and_gradient, (network, guided))
    np.testing.assert_allclose(score, other, rtol=1e-6)
    assert np.corrcoef(plain.ravel(), changed.ravel())[0, 1] < 0.9


def test_every_rectifier_is_the_rules(case):
    """With the identity in its place no ReLU is left."""
    called = []

    def identity(x):
        called.append(x.shape)
        return x

    variables = weight_files.variables(case.module, case.size)
    image = jnp.zeros((*case.size, 3))
    jaxpr = jax.make_jaxpr(case.module.clone(relu=identity).apply)(variables, image)
    assert len(called) == case.rectifiers
    assert "relu" not in str(jaxpr)
    assert (" max " in str(jaxpr)) == case.pools
    assert "relu" in str(jax.make_jaxpr(case.module.apply)(variables, image))
