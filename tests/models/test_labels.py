"""Class names: every way of naming a class finds it, every other says what was meant."""

from collections import defaultdict

import pytest

from vizjax.errors import InputError
from vizjax.models.labels import Labels, imagenet, parse_synsets


@pytest.mark.parametrize(
    "label",
    [
        *[291, "291", " 291 ", "n02129165", "N02129165"],
        *["lion", "LION", " Lion", "king of beasts", "Panthera leo", "panthera LEO"],
    ],
)
def test_every_way_to_name_the_lion(label):
    assert imagenet().index(label) == 291


def test_the_thousand_classes():
    labels = imagenet()
    assert len(labels) == len(labels.names) == len(labels.wnids) == len(set(labels.wnids)) == 1000
    assert list(labels.wnids) == sorted(labels.wnids)  # the standard order is that of the ids
    assert (labels.name(0), labels.wnid(0)) == ("tench", "n01440764")
    assert (labels.name(999), labels.wnid(999)) == ("toilet tissue", "n15075141")
    assert all(
        names and all(name == name.strip() != "" for name in names) for names in labels.names
    )


def test_every_wnid_and_every_name_leads_home():
    labels = imagenet()
    assert [labels.index(wnid) for wnid in labels.wnids] == list(range(1000))
    classes = defaultdict(set)
    for index, names in enumerate(labels.names):
        for name in names:
            classes[name.lower()].add(index)
    ambiguous = {name for name, indices in classes.items() if len(indices) > 1}
    assert len(ambiguous) == 19
    assert classes["crane"] == {134, 517}
    for name in classes.keys() - ambiguous:
        assert {labels.index(name)} == classes[name]
    for name in ambiguous:
        with pytest.raises(InputError) as error:
            labels.index(name)
        assert all(f"{index} (" in str(error.value) for index in classes[name])


def test_ambiguous_name_lists_its_classes():
    with pytest.raises(InputError) as error:
        imagenet().index("Crane")
    message = str(error.value)
    assert message.startswith("`label` is 'Crane', which names several classes: ")
    assert "134 (crane" in message
    assert "517 (crane" in message
    assert message.endswith("give the index or the WordNet id")


@pytest.mark.parametrize(
    ("label", "nearest"),
    [
        ("egyptain cat", "egyptian cat"),  # a misspelling
        ("cat", "egyptian cat"),  # a part of a name
        ("goldfsh", "goldfish"),
        ("n02129166", "n02129165"),
    ],
)
def test_unknown_name_offers_the_nearest(label, nearest):
    with pytest.raises(InputError, match="names no class; nearest: ") as error:
        imagenet().index(label)
    assert nearest in str(error.value)


@pytest.mark.parametrize("label", ["", "qqqqqqqq", "--5", "1.5", "²"])
def test_nothing_similar(label):
    with pytest.raises(InputError, match=f"`label` is '{label}', which names no class"):
        imagenet().index(label)


@pytest.mark.parametrize("label", [-1, 1000, "-1", "1000"])
def test_index_out_of_range(label):
    with pytest.raises(InputError, match=f"`label` is {label}; expected a class from 0 to 999"):
        imagenet().index(label)


def test_a_network_without_names():
    labels = Labels()
    assert (labels.index(12345), labels.name(7), labels.wnid(7)) == (12345, "7", None)
    with pytest.raises(InputError, match="names no class"):
        labels.index("lion")


def test_names_without_wnids():
    labels = Labels(names=(("square",), ("disc", "circle")))
    assert (labels.index("circle"), labels.wnid(1), len(labels)) == (1, None, 2)


def test_parse_synsets():
    labels = parse_synsets(["n02129165 lion, king of beasts, Panthera leo\n", "\n", "n1 cat\n"])
    assert labels.wnids == ("n02129165", "n1")
    assert labels.names == (("lion", "king of beasts", "Panthera leo"), ("cat",))


def test_labels_are_a_key_by_identity():
    # A compiled function compares what is static at every call: not a thousand names.
    assert imagenet() is imagenet()
    one, same = Labels(names=(("a",),)), Labels(names=(("a",),))
    assert one == one
    assert one != same
    assert {one: 1}[one] == 1
