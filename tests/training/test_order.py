"""Which pictures a step sees."""

import numpy as np

from vizjax.training.order import epochs_to_steps, order, places


def test_each_epoch_is_a_shuffle_of_its_own():
    seen = order(0, 50, range(150)).reshape(3, 50)
    for epoch in seen:
        assert sorted(epoch) == list(range(50))
    assert len({tuple(epoch) for epoch in seen}) == 3
    assert not np.array_equal(order(1, 50, range(50)), seen[0])


def test_any_piece_is_that_of_the_whole():
    whole = order(7, 23, range(100))
    np.testing.assert_array_equal(order(7, 23, range(37, 64)), whole[37:64])


def test_places_of_a_step():
    assert list(places(3, 4)) == [12, 13, 14, 15]


def test_steps_of_epochs():
    assert epochs_to_steps(2.0, 100, 10) == 20
    assert epochs_to_steps(1.0, 105, 10) == 11  # half a step is one
    assert epochs_to_steps(0.01, 100, 10) == 1
