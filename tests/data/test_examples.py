import numpy as np
import pytest

from vizjax.data.examples import Dataset, Example, Instance
from vizjax.errors import InputError
from vizjax.types import Box

PHOTO = np.zeros((4, 6, 3), np.uint8)


@pytest.fixture
def read():
    """The numbers of the examples that were read, and a dataset of seven."""
    numbers = []

    def one(number):
        numbers.append(number)
        return Example(f"{number}.jpg", PHOTO, (number % 2,))

    return numbers, Dataset("numbers", ("even", "odd"), ((), (7, 9)), one, range(7))


def test_examples_are_read_when_they_are_asked_for(read):
    numbers, data = read
    assert (len(data), numbers) == (7, [])
    assert (data[2].name, data[-1].name, data[np.int64(3)].name) == ("2.jpg", "6.jpg", "3.jpg")
    assert numbers == [2, 6, 3]
    with pytest.raises(IndexError):
        data[7]


def test_a_slice_is_a_dataset_and_reads_nothing(read):
    numbers, data = read
    some = data[1::2]
    assert (len(some), some.name, some.classes, numbers) == (3, "numbers", ("even", "odd"), [])
    assert [example.name for example in some[::-1]] == ["5.jpg", "3.jpg", "1.jpg"]
    assert some.accepted(1) == (7, 9)
    assert repr(some) == "<numbers: 3 examples of 2 classes>"


def test_iteration_reads_one_at_a_time(read):
    numbers, data = read
    iterator = iter(data)
    next(iterator)
    assert numbers == [0]
    assert len(list(iterator)) == 6


def test_a_class_without_counterpart_accepts_nothing(read):
    _, data = read
    assert data.accepted(0) == ()
    for label in (2, -1):
        with pytest.raises(
            InputError, match=rf"`label` is {label}; expected a class of numbers, from 0 to 1"
        ):
            data.accepted(label)


def test_boxes_of_a_class():
    one, crowd, hard, other = (Box(i, 0, i + 1, 1) for i in range(4))
    instances = (
        Instance(3, one),
        Instance(3, crowd, crowd=True),
        Instance(3, hard, difficult=True),
        Instance(4, other),
    )
    example = Example("photo", PHOTO, (3, 4), instances)
    assert example.boxes(3) == (one, crowd, hard)
    assert example.boxes(3, crowd=False) == (one, hard)
    assert example.boxes(3, difficult=False) == (one, crowd)
    assert example.boxes(3, crowd=False, difficult=False) == (one,)
    assert (example.boxes(4), example.boxes(5)) == ((other,), ())
