"""Which ImageNet class counts as which: checked by the names, which are another source."""

import re

import pytest

from vizjax.data.datasets.birds import species
from vizjax.data.datasets.classes import BIRDS, COCO, PASCAL, PETS
from vizjax.models.labels import imagenet

FACTS = {
    "aeroplane": "airliner, warplane",
    "bicycle": "bicycle-built-for-two, mountain bike",
    "boat": "aircraft carrier, canoe, catamaran, container ship, fireboat, gondola, lifeboat, "
    "liner, pirate, schooner, speedboat, submarine, trimaran, wreck, yawl",
    "bottle": "beer bottle, pill bottle, pop bottle, water bottle, water jug, whiskey jug, "
    "wine bottle",
    "bus": "minibus, school bus, trolleybus",
    "car": "ambulance, beach wagon, cab, convertible, jeep, limousine, minivan, Model T, racer, "
    "sports car",
    "cat": "tabby, tiger cat, Persian cat, Siamese cat, Egyptian cat",
    "chair": "barber chair, folding chair, rocking chair, throne",
    "cow": "ox",
    "diningtable": "dining table",
    "horse": "sorrel",
    "motorbike": "moped, motor scooter",
    "person": "",
    "pottedplant": "",
    "sheep": "ram",
    "sofa": "studio couch",
    "train": "bullet train, electric locomotive, freight car, passenger car, steam locomotive",
    "tvmonitor": "monitor, screen, television",
}
COCO_FACTS = {
    "truck": "fire engine, garbage truck, minivan, moving van, pickup, police van, tow truck, "
    "trailer truck",
    "elephant": "Indian elephant, African elephant",
    "bear": "brown bear, American black bear, ice bear, sloth bear",
    "tie": "bolo tie, bow tie, Windsor tie",
    "skis": "ski",
    "sports ball": "baseball, basketball, croquet ball, golf ball, ping-pong ball, rugby ball, "
    "soccer ball, tennis ball, volleyball",
    "tennis racket": "racket",
    "cup": "coffee mug, cup",
    "knife": "cleaver, letter opener",
    "spoon": "wooden spoon",
    "bowl": "mixing bowl, soup bowl",
    "apple": "Granny Smith",
    "sandwich": "cheeseburger",
    "hot dog": "hotdog",
    "bed": "four-poster",
    "laptop": "laptop, notebook",
    "sink": "washbasin",
    "clock": "analog clock, digital clock, wall clock",
    "vase": "vase",
    "teddy bear": "teddy",
    "hair drier": "hand blower",
    "bench": "park bench",
    "keyboard": "computer keyboard",
    "remote": "remote control",
    "cell phone": "cellular telephone",
}


def names(indices):
    return ", ".join(sorted(imagenet().name(index) for index in indices))


def by_name(text):
    return ", ".join(sorted(text.split(", ")))


@pytest.mark.parametrize(("name", "expected"), FACTS.items())
def test_pascal(name, expected):
    assert names(PASCAL[name]) == by_name(expected)


@pytest.mark.parametrize(("name", "expected"), COCO_FACTS.items())
def test_coco(name, expected):
    assert names(COCO[name]) == by_name(expected)


def test_the_rest_of_coco_is_called_alike_or_as_pascal_s():
    renamed = {"airplane": "aeroplane", "motorcycle": "motorbike", "couch": "sofa"}
    renamed |= {"dining table": "diningtable", "tv": "tvmonitor", "potted plant": "pottedplant"}
    for name, indices in COCO.items():
        if (pascal := renamed.get(name, name)) in PASCAL:
            assert indices == PASCAL[pascal]
        elif name not in COCO_FACTS and indices:
            (index,) = indices
            assert name in imagenet().names[index], name
    assert len(COCO) == 80


def test_dogs_and_birds_end_where_other_animals_begin():
    last_dog, first_dog = PASCAL["dog"][-1], PASCAL["dog"][0]
    assert imagenet().name(first_dog) == "Chihuahua"
    assert imagenet().name(last_dog) == "Mexican hairless"
    assert imagenet().name(last_dog + 1) == "timber wolf"
    assert len(PASCAL["dog"]) == 118
    assert len(PASCAL["bird"]) == 59
    ends = [7, 24, 80, 100, 127, 146]
    expected = ["cock", "great grey owl", "black grouse", "black swan", "white stork", "albatross"]
    assert [imagenet().name(index) for index in ends] == expected
    neighbours = [6, 25, 79, 101, 126, 147]
    expected = ["stingray", "European fire salamander", "centipede", "tusker", "isopod"]
    assert [imagenet().name(index) for index in neighbours] == [*expected, "grey whale"]
    assert set(ends) <= set(PASCAL["bird"])
    assert not set(neighbours) & set(PASCAL["bird"])


def test_tables_are_in_the_order_of_the_labels():
    pytest.importorskip("tensorflow_datasets")
    from tensorflow_datasets.datasets.oxford_iiit_pet import oxford_iiit_pet_dataset_builder
    from tensorflow_datasets.object_detection import voc

    assert tuple(PASCAL) == voc._VOC_LABELS
    assert list(PETS) == oxford_iiit_pet_dataset_builder._LABEL_CLASSES


@pytest.mark.parametrize(("breed", "indices"), PETS.items())
def test_breeds_have_the_names_of_their_classes(breed, indices):
    differ = {"Egyptian_Mau": "Egyptian cat", "japanese_chin": "Japanese spaniel"}
    differ |= {"german_shorthaired": "German short-haired pointer"}
    differ |= {"leonberger": "Leonberg", "staffordshire_bull_terrier": "Staffordshire bull terrier"}
    wanted = str(differ.get(breed, breed.replace("_", " "))).lower()
    found = [i for i, known in enumerate(imagenet().names)
             if any(re.search(rf"\b{wanted}\b", name.lower()) for name in known)]  # fmt: skip
    assert tuple(i for i in found if 151 <= i <= 285) == indices


# Of the folders of the dataset, `130.Tree_Sparrow`.
FOLDERS = """
1 Black_footed_Albatross 13 Bobolink 14 Indigo_Bunting 28 Brown_Creeper 44 Frigatebird
50 Eared_Grebe 55 Evening_Grosbeak 61 Heermann_Gull 70 Green_Violetear 75 Green_Jay 86 Pacific_Loon
91 Mockingbird 99 Ovenbird 101 White_Pelican 102 Western_Wood_Pewee 105 Whip_poor_Will
107 Common_Raven 110 Geococcyx 111 Loggerhead_Shrike 115 Brewer_Sparrow 119 Field_Sparrow
124 Le_Conte_Sparrow 130 Tree_Sparrow 134 Cape_Glossy_Starling 138 Tree_Swallow 143 Caspian_Tern
149 Brown_Thrasher 152 Blue_headed_Vireo 157 Yellow_throated_Vireo 159 Black_and_white_Warbler
163 Cape_May_Warbler 166 Golden_winged_Warbler 169 Magnolia_Warbler 173 Orange_crowned_Warbler
177 Prothonotary_Warbler 180 Wilson_Warbler 185 Bohemian_Waxwing 188 Pileated_Woodpecker
191 Red_headed_Woodpecker 195 Carolina_Wren 198 Rock_Wren 200 Common_Yellowthroat
"""


def test_birds_are_numbered_as_the_folders_of_the_dataset():
    listed = species()
    assert len(listed) == len(set(listed)) == 200
    words = FOLDERS.split()
    for number, name in zip(words[::2], words[1::2], strict=True):
        assert listed[int(number) - 1] == name


@pytest.mark.parametrize(("bird", "indices"), BIRDS.items())
def test_birds_have_the_names_of_their_classes(bird, indices):
    assert bird in species()
    (index,) = indices
    group = "hummingbird" if bird == "Green_Violetear" else bird.split("_")[-1].lower()
    assert group in " ".join(imagenet().names[index]).lower()
