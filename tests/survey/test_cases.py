"""Which classes of a photograph a survey measures, and against what."""

import few_photos
import numpy as np
import pytest

from vizjax.data.examples import Dataset, Example, Instance
from vizjax.survey import cases_of
from vizjax.types import Box

CAT, DOG, SOFA = 0, 1, 2
PHOTO = np.zeros((6, 8, 3), np.uint8)
NEAR, FAR, SMALL = Box(0, 0, 3, 3), Box(4, 1, 8, 5), Box(1, 1, 2, 2)
SCORES = np.array([[1.0, 5.0, 3.0, 4.0, 2.0, 5.0]])


def opened(counterparts=((2, 0, 3), (4,), ())):
    """Three of the network's classes are a cat, one is a dog, none is a sofa."""
    return Dataset("d", ("cat", "dog", "sofa"), counterparts, few_photos.example, range(0))


def example(labels, *instances, **fields):
    return Example("a.jpg", PHOTO, labels, instances, **fields)


def test_the_accepted_class_of_the_highest_score_stands_for_the_class():
    (case,) = cases_of(opened(), [example((CAT,), Instance(CAT, NEAR))], SCORES)
    # Two classes score 5, then comes 3, a cat; of equal scores the first is first.
    assert (case.name, case.label, case.target, case.rank) == ("a.jpg", CAT, 3, 3)
    assert case.boxes == (NEAR,)
    np.testing.assert_array_equal(case.photo, PHOTO)


@pytest.mark.parametrize(("accepted", "rank"), [((1,), 1), ((5,), 2), ((0,), 6)])
def test_ranks_are_counted_from_1_and_ties_by_number(accepted, rank):
    data = opened((accepted, (4,), ()))
    (case,) = cases_of(data, [example((CAT,))], SCORES)
    assert (case.target, case.rank) == (accepted[0], rank)


def test_every_class_of_a_photograph_is_a_case_of_its_own():
    one = example(
        (CAT, DOG), Instance(DOG, NEAR), Instance(CAT, FAR), Instance(DOG, SMALL, crowd=True)
    )
    cat, dog = cases_of(opened(), [one], SCORES)
    assert (cat.label, cat.target, cat.boxes) == (CAT, 3, (FAR,))
    assert (dog.label, dog.target, dog.rank, dog.boxes) == (DOG, 4, 5, (NEAR, SMALL))


def test_a_class_that_no_network_knows_is_no_case():
    assert cases_of(opened(), [example((SOFA,), Instance(SOFA, NEAR))], SCORES) == []
    (case,) = cases_of(opened(), [example((SOFA, DOG), Instance(SOFA, NEAR))], SCORES)
    assert (case.label, case.boxes) == (DOG, ())


def test_classes_beyond_those_of_the_network_do_not_count():
    data = opened(((2, 999), (998,), ()))
    (case,) = cases_of(data, [example((CAT, DOG))], SCORES)
    assert (case.label, case.target) == (CAT, 2)


def test_difficult_objects_count_where_there_are_no_others():
    hard, easy = Instance(CAT, NEAR, difficult=True), Instance(CAT, FAR)
    both, alone = cases_of(
        opened(), [example((CAT,), hard, easy), example((CAT,), hard)], SCORES.repeat(2, axis=0)
    )
    assert (both.boxes, alone.boxes) == ((FAR,), (NEAR,))


def test_what_is_uncertain_is_no_case():
    unsure = example((CAT,), Instance(CAT, NEAR), certain=False)
    sure = example((CAT,))._replace(name="b.jpg")
    (case,) = cases_of(opened(), [unsure, sure], SCORES.repeat(2, axis=0))
    assert case.name == "b.jpg"


def test_the_mask_is_that_of_the_only_class():
    mask, ignored = np.zeros((2, 6, 8), bool)
    mask[1, 1] = ignored[2, 2] = True
    one, two = (example(labels, mask=mask, ignored=ignored) for labels in ((CAT,), (CAT, DOG)))
    alone, *others = cases_of(opened(), [one, two], SCORES.repeat(2, axis=0))
    np.testing.assert_array_equal(alone.mask, mask)
    np.testing.assert_array_equal(alone.ignored, ignored)
    assert [case.mask for case in others] == [None, None]


def test_each_example_has_scores_of_its_own():
    scores = np.stack([SCORES[0], -SCORES[0]])
    first, second = cases_of(opened(), [example((CAT,)), example((CAT,))], scores)
    assert ((first.target, first.rank), (second.target, second.rank)) == ((3, 3), (0, 1))
