"""Procedures by name: which layers they read, and what is said of them."""

import dataclasses
import functools

import jax
import numpy as np
import pytest
import tiny

from vizjax.attribution import bind
from vizjax.errors import InputError
from vizjax.evidence import Averaged, Middle, Pyramid
from vizjax.localisation import SoftSeeds, above_share, localise, middle_box
from vizjax.models import Network
from vizjax.procedures import Procedure, procedures


@pytest.fixture(scope="module")
def known(squeezenet):
    return procedures(squeezenet)


def test_the_order_of_a_table(known):
    assert list(known) == [
        "vizjax", "paper", "saliency_1", "smoothgrad", "integrated_gradients", "deconvnet",
        "guided", "occlusion", "cam", "grad_cam", "middle", "whole",
    ]  # fmt: skip
    assert len({one.summary for one in known.values()}) == len(known)


def test_the_papers_procedure(known):
    paper = known["paper"]
    assert paper.evidence == Averaged(bind("saliency"), "gradient", 10)
    assert paper.segment is localise


def test_layers_of_squeezenet(known):
    # `conv10` has a channel a class, and fire9 is the last plane of features.
    assert known["cam"].evidence == Averaged(bind("cam", layer="conv10"))
    assert known["grad_cam"].evidence == Averaged(bind("grad_cam", layer="fire9"))
    assert known["vizjax"].evidence == Pyramid("fire8")


def test_layers_of_a_network_whose_last_plane_has_features():
    found = procedures(tiny.network())
    assert found["cam"].evidence == Averaged(bind("cam", layer="relu2"))
    assert found["grad_cam"].evidence == Averaged(bind("grad_cam", layer="relu2"))
    assert found["vizjax"].evidence == Pyramid("relu2")


def test_rules_belong_to_the_evidence(known):
    assert known["deconvnet"].evidence == dataclasses.replace(
        known["paper"].evidence, rule="deconvnet"
    )
    assert known["guided"].evidence == dataclasses.replace(known["paper"].evidence, rule="guided")


def test_baselines_share_their_evidence(known):
    assert known["middle"].evidence == known["whole"].evidence == Middle()
    shape = np.zeros((20, 30), np.float32)
    assert known["whole"].segment(jax.random.key(0), None, shape).mask.all()
    assert 0 < known["middle"].segment(jax.random.key(0), None, shape).mask.mean() < 0.6


def test_procedures_can_be_told_apart_by_their_parameters(known):
    assert len({one.parameters() for one in known.values()}) == len(known)
    assert {one.parameters() for one in known.values()} == {
        one.parameters() for one in procedures_again(known).values()
    }


def procedures_again(known):
    return {name: dataclasses.replace(one, summary="") for name, one in known.items()}


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (SoftSeeds(), SoftSeeds(trust=2.0)),
        (functools.partial(localise, smoothness=1.0), functools.partial(localise, smoothness=2.0)),
        (functools.partial(localise, smoothness=1.0), localise),
        (functools.partial(above_share, share=0.2), functools.partial(above_share, share=0.15)),
        (middle_box, above_share),
    ],
)
def test_parameters_name_what_the_segmentation_depends_on(first, second):
    one, two = (Procedure("", Middle(), segment).parameters() for segment in (first, second))
    assert one != two
    assert " at 0x" not in one + two  # the address of an object is another in every process


@pytest.mark.parametrize(
    "evidence", [Averaged(smoothing=2.0), Averaged(bind("gradient")), Pyramid("fire8", peak=0.9)]
)
def test_parameters_leave_out_what_bounds_the_memory(evidence):
    one = Procedure("", evidence, localise).parameters()
    two = Procedure("", dataclasses.replace(evidence, chunk=3), localise).parameters()
    assert one == two
    other = dataclasses.replace(evidence, chunk=3, **(
        {"views": 1} if isinstance(evidence, Averaged) else {"step": 0.25}
    ))  # fmt: skip
    assert Procedure("", other, localise).parameters() != one


def test_a_network_without_a_size_is_refused():
    network = tiny.network()
    with pytest.raises(InputError, match=r"`preprocessing\.size` is None"):
        procedures(Network(network.module, network.variables))
