"""Which of ImageNet's classes count as a class of another dataset.

Each row names the WordNet 3.0 synsets whose hyponyms, down to the last, are the classes listed:
the thousand classes of ILSVRC are such synsets themselves. Where a dataset's own guidelines draw
the line elsewhere, the row says so. A class of `()` has no counterpart. Rows are in the order of
the labels.
"""

CAT = tuple(range(281, 286))  # domestic_cat.n.01
DOG = tuple(range(151, 269))  # dog.n.01: without wolves, foxes, dingo, dhole
BIRD = (*range(7, 25), *range(80, 101), *range(127, 147))  # bird.n.01
CAR = (407, 436, 468, 511, 609, 627, 656, 661, 751, 817)  # car.n.01
BUS = (654, 779, 874)  # bus.n.01
BICYCLE = (444, 671)  # bicycle.n.01
MOTORCYCLE = (665, 670)  # moped.n.01, motor_scooter.n.01: a motorbike proper has no class
AEROPLANE = (404, 895)  # airplane.n.01, warplane.n.01
BOTTLE = (440, 720, 737, 898, 899, 901, 907)  # bottle.n.01
CHAIR = (423, 559, 765, 857)  # chair.n.01
SOFA = (831,)  # sofa.n.01
TABLE = (532,)  # dining_table.n.01
HORSE = (339,)  # horse.n.01: sorrel
SHEEP = (348,)  # sheep.n.01: ram; the bighorn is none
COW = (345,)  # cattle.n.01: ox
# vessel.n.02, which has boats and ships.
BOAT = (403, 472, 484, 510, 554, 576, 625, 628, 724, 780, 814, 833, 871, 913, 914)
# train.n.01, locomotive.n.01, car.n.02: carriages and engines are trains to both datasets.
TRAIN = (466, 547, 565, 705, 820)
TRUCK = (555, 569, 656, 675, 717, 734, 864, 867)  # truck.n.01
# monitor.n.05, screen.n.03, television.n.02: one class of both datasets.
SCREEN = (664, 782, 851)

PASCAL = {
    "aeroplane": AEROPLANE,
    "bicycle": BICYCLE,
    "bird": BIRD,
    "boat": BOAT,
    "bottle": BOTTLE,
    "bus": BUS,
    "car": CAR,
    "cat": CAT,
    "chair": CHAIR,
    "cow": COW,
    "diningtable": TABLE,
    "dog": DOG,
    "horse": HORSE,
    "motorbike": MOTORCYCLE,
    "person": (),
    "pottedplant": (),
    "sheep": SHEEP,
    "sofa": SOFA,
    "train": TRAIN,
    "tvmonitor": SCREEN,
}
"""Of PASCAL VOC. Persons have none: ImageNet's ballplayer, groom and scuba diver are occupations;
nor have potted plants: its flowerpot is the pot."""

COCO = {
    "person": (),
    "bicycle": BICYCLE,
    "car": CAR,
    "motorcycle": MOTORCYCLE,
    "airplane": AEROPLANE,
    "bus": BUS,
    "train": TRAIN,
    "truck": TRUCK,
    "boat": BOAT,
    "traffic light": (920,),  # traffic_light.n.01
    "fire hydrant": (),
    "stop sign": (),
    "parking meter": (704,),  # parking_meter.n.01
    "bench": (703,),  # bench.n.01
    "bird": BIRD,
    "cat": CAT,
    "dog": DOG,
    "horse": HORSE,
    "sheep": SHEEP,
    "cow": COW,
    "elephant": (385, 386),  # elephant.n.01
    "bear": (294, 295, 296, 297),  # bear.n.01
    "zebra": (340,),  # zebra.n.01
    "giraffe": (),
    "backpack": (414,),  # backpack.n.01
    "umbrella": (879,),  # umbrella.n.01
    "handbag": (),
    "tie": (451, 457, 906),  # necktie.n.01
    "suitcase": (),
    "frisbee": (),
    "skis": (795,),  # ski.n.01
    "snowboard": (),
    # ball.n.01 without the punching bag.
    "sports ball": (429, 430, 522, 574, 722, 768, 805, 852, 890),
    "kite": (),
    "baseball bat": (),
    "baseball glove": (),
    "skateboard": (),
    "surfboard": (),
    "tennis racket": (752,),  # racket.n.04
    "bottle": BOTTLE,
    "wine glass": (),
    "cup": (504, 968),  # mug.n.04; cup.n.06, of which ILSVRC's photographs show the vessel
    "fork": (),
    "knife": (499, 623),  # knife.n.01
    "spoon": (910,),  # spoon.n.01
    "bowl": (659, 809),  # bowl.n.03
    "banana": (954,),  # banana.n.02
    "apple": (948,),  # apple.n.01
    "sandwich": (933,),  # sandwich.n.01 without the hot dog, a class of its own
    "orange": (950,),  # orange.n.01
    "broccoli": (937,),  # broccoli.n.02
    "carrot": (),
    "hot dog": (934,),  # hotdog.n.02
    "pizza": (963,),  # pizza.n.01
    "donut": (),
    "cake": (),
    "chair": CHAIR,
    "couch": SOFA,
    "potted plant": (),
    "bed": (564,),  # bed.n.01
    "dining table": TABLE,
    "toilet": (),
    "tv": SCREEN,
    "laptop": (620, 681),  # laptop.n.01, notebook.n.02
    "mouse": (673,),  # mouse.n.04
    "remote": (761,),  # remote_control.n.01
    "keyboard": (508,),  # computer_keyboard.n.01
    "cell phone": (487,),  # cellular_telephone.n.01
    "microwave": (651,),  # microwave.n.02
    "oven": (),
    "toaster": (859,),  # toaster.n.02
    "sink": (896,),  # washbasin.n.02
    "refrigerator": (760,),  # refrigerator.n.01
    "book": (),
    "clock": (409, 530, 892),  # clock.n.01
    "vase": (883,),  # vase.n.01
    "scissors": (),
    "teddy bear": (850,),  # teddy.n.01
    "hair drier": (589,),  # hand_blower.n.01
    "toothbrush": (),
}
"""Of COCO, in the order of its 80 classes."""

PETS = {
    "Abyssinian": (),
    "american_bulldog": (),
    "american_pit_bull_terrier": (180,),  # a name of American_Staffordshire_terrier.n.01
    "basset_hound": (161,),
    "beagle": (162,),
    "Bengal": (),
    "Birman": (),
    "Bombay": (),
    "boxer": (242,),
    "British_Shorthair": (),
    "chihuahua": (151,),
    "Egyptian_Mau": (285,),  # Egyptian_cat.n.01
    "english_cocker_spaniel": (219,),
    "english_setter": (212,),
    "german_shorthaired": (210,),
    "great_pyrenees": (257,),
    "havanese": (),
    "japanese_chin": (152,),  # Japanese_spaniel.n.01
    "keeshond": (261,),
    "leonberger": (255,),
    "Maine_Coon": (),
    "miniature_pinscher": (237,),
    "newfoundland": (256,),
    "Persian": (283,),
    "pomeranian": (259,),
    "pug": (254,),
    "Ragdoll": (),
    "Russian_Blue": (),
    "saint_bernard": (247,),
    "samoyed": (258,),
    "scottish_terrier": (199,),
    "shiba_inu": (),
    "Siamese": (284,),
    "Sphynx": (),
    "staffordshire_bull_terrier": (179,),
    "wheaten_terrier": (202,),
    "yorkshire_terrier": (187,),
}
"""Of the 37 breeds of the Oxford-IIIT pets: the breed itself, or none. Names that differ are
those of one breed."""

BIRDS = {
    "Black_footed_Albatross": (146,),  # albatross.n.02
    "Laysan_Albatross": (146,),
    "Sooty_Albatross": (146,),
    "Indigo_Bunting": (14,),
    "European_Goldfinch": (11,),  # Carduelis carduelis: the American goldfinch is none
    "Anna_Hummingbird": (94,),  # hummingbird.n.01
    "Ruby_throated_Hummingbird": (94,),
    "Rufous_Hummingbird": (94,),
    "Green_Violetear": (94,),
    "Blue_Jay": (17,),  # jay.n.02
    "Florida_Jay": (17,),
    "Green_Jay": (17,),
    "Dark_eyed_Junco": (13,),  # junco.n.01
    "Red_breasted_Merganser": (98,),
    "Brown_Pelican": (144,),  # pelican.n.01
    "White_Pelican": (144,),
}
"""Of the 200 species of Caltech-UCSD: the species, or the family that is one class, or none."""

CIFAR10 = {
    "airplane": AEROPLANE,
    "automobile": CAR,
    "bird": BIRD,
    "cat": CAT,
    "deer": (),
    "dog": DOG,
    "frog": (30, 31, 32),  # frog.n.01
    "horse": HORSE,
    "ship": (403, 510, 628, 724, 833, 871, 913),  # ship.n.01
    "truck": TRUCK,
}
"""Of CIFAR-10."""
