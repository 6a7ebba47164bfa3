"""One score out of many: the right one, or an error; never its neighbour."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from vizjax.errors import InputError
from vizjax.targets import check, select

CLASSES = jnp.array([3.0, 5.0, 7.0])
NEURONS = jnp.arange(24.0).reshape(2, 3, 4)


@pytest.mark.parametrize(("label", "score"), [(0, 3), (1, 5), (2, 7), ((1,), 5)])
def test_a_class(label, score):
    assert select(CLASSES, label) == score


@pytest.mark.parametrize("label", list(np.ndindex(2, 3, 4)))
def test_a_neuron_by_row_column_and_channel(label):
    row, column, channel = label
    assert select(NEURONS, label) == 12 * row + 4 * column + channel


def test_a_single_score_has_no_index():
    assert select(jnp.float32(3), ()) == 3


def test_a_thousand_classes_and_a_narrow_integer():
    # 1000 does not fit into the label's type.
    assert select(jnp.arange(1000.0), jnp.array(100, jnp.int8)) == 100


def test_the_score_keeps_its_type():
    scores = CLASSES.astype(jnp.bfloat16)
    assert select(scores, 1).dtype == jnp.bfloat16
    assert jax.jit(select)(scores, 1).dtype == jnp.bfloat16


def test_labels_as_arrays_compiled_and_mapped():
    labels = jnp.array([2, 0, 1])
    expected = [7, 3, 5]
    assert [jax.jit(select)(CLASSES, label).item() for label in labels] == expected
    assert jax.vmap(select, (None, 0))(CLASSES, labels).tolist() == expected
    scores = jnp.stack([CLASSES, 10 * CLASSES, 100 * CLASSES])
    assert jax.vmap(select)(scores, labels).tolist() == [7, 30, 500]


def test_neurons_as_arrays_compiled_and_mapped():
    labels = jnp.array([[1, 2, 3], [0, 1, 2]])
    assert jax.vmap(select, (None, 0))(NEURONS, labels).tolist() == [23, 6]
    assert jax.jit(select)(NEURONS, labels[1]) == 6


def test_the_derivative_is_one_there_and_zero_elsewhere():
    one_hot = np.zeros(NEURONS.shape)
    one_hot[1, 0, 2] = 1
    np.testing.assert_array_equal(jax.grad(select)(NEURONS, (1, 0, 2)), one_hot)
    traced = jax.jit(jax.grad(select))(NEURONS, jnp.array([1, 0, 2]))
    np.testing.assert_array_equal(traced, one_hot)


WRONG = [
    (CLASSES, 3, "0 to 2"),
    (CLASSES, -1, "0 to 2"),
    (CLASSES, (2**40,), "0 to 2"),
    (CLASSES, 2**80, "integers"),
    (CLASSES, True, "integers"),
    (CLASSES, (0, 1), "1 index into scores of shape .3,."),
    (CLASSES, (), "1 index"),
    (NEURONS, 1, "3 indices into scores of shape .2, 3, 4."),
    (NEURONS, (1, 1), "3 indices"),
    (NEURONS, (2, 0, 0), "0 to 1, 0 to 2, 0 to 3"),
    (NEURONS, (0, 3, 0), "0 to 1, 0 to 2, 0 to 3"),
    (NEURONS, (0, 0, -1), "0 to 1, 0 to 2, 0 to 3"),
    (jnp.float32(3), 0, "0 indices"),
]


@pytest.mark.parametrize(("scores", "label", "message"), WRONG)
def test_refuses(scores, label, message):
    with pytest.raises(InputError, match=f"`label` is .*; expected {message}"):
        select(scores, label)
    with pytest.raises(InputError, match=f"`label` is .*; expected {message}"):
        check(label, scores.shape)


@pytest.mark.parametrize(("scores", "label", "message"), WRONG)
def test_refuses_what_a_compiled_function_closes_over(scores, label, message):
    with pytest.raises(InputError, match=message):
        jax.jit(lambda s: select(s, label))(scores)
    with pytest.raises(InputError, match=message):
        jax.grad(lambda s: select(s, label))(scores)
    with pytest.raises(InputError, match=message):
        jax.vmap(lambda s: select(s, label))(scores[None])


def test_refuses_traced_labels_of_the_wrong_shape():
    with pytest.raises(InputError, match="3 indices"):
        jax.vmap(select, (None, 0))(NEURONS, jnp.array([0, 1]))
    with pytest.raises(InputError, match="1 index"):
        jax.jit(select)(CLASSES, jnp.array([0, 1]))
    with pytest.raises(InputError, match="1 index"):
        jax.jit(select)(CLASSES, jnp.array([[1]]))


@pytest.mark.parametrize("label", [-1, 3, 1000, -(2**31)])
def test_traced_out_of_range_is_nan_and_so_is_its_derivative(label):
    label = jnp.array(label)
    assert np.isnan(jax.jit(select)(CLASSES, label))
    assert np.isnan(jax.jit(jax.grad(select))(CLASSES, label)).any()
    mapped = jax.vmap(select, (None, 0))(CLASSES, jnp.stack([jnp.array(1), label]))
    np.testing.assert_array_equal(mapped, [5, np.nan])


def test_a_traced_neuron_is_out_of_range_by_any_of_its_indices():
    labels = jnp.array([[1, 2, 3], [2, 0, 0], [0, 3, 0], [0, 0, -1]])
    found = jax.vmap(select, (None, 0))(NEURONS, labels)
    np.testing.assert_array_equal(found, [23, np.nan, np.nan, np.nan])
