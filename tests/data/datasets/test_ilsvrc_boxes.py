import pytest

from vizjax.data.datasets.ilsvrc_boxes import csv_boxes, xml_boxes
from vizjax.errors import InputError
from vizjax.types import Box

XML = """<annotation><filename>x</filename><size><width>{width}</width><height>{height}</height>
<depth>3</depth></size>{objects}</annotation>"""
OBJECT = """<object><name>{}</name><pose>Unspecified</pose><bndbox><xmin>{}</xmin><ymin>{}</ymin>
<xmax>{}</xmax><ymax>{}</ymax></bndbox></object>"""


def write(folder, *objects, width=50, height=30, name="ILSVRC2012_val_00000007"):
    folder.mkdir(parents=True, exist_ok=True)
    text = "".join(OBJECT.format(*one) for one in objects)
    (folder / f"{name}.xml").write_text(XML.format(width=width, height=height, objects=text))
    return folder


def test_files_of_the_challenge(tmp_path):
    write(tmp_path / "val", ("n02129165", 3, 4, 20, 10), ("n02123045", 0, 0, 49, 29))
    boxes = xml_boxes(tmp_path)("ILSVRC2012_val_00000007", 30, 50)
    # The last pixel is inside.
    assert boxes == [("n02129165", Box(3, 4, 21, 11)), ("n02123045", Box(0, 0, 50, 30))]
    assert xml_boxes(tmp_path)("ILSVRC2012_val_00000008", 30, 50) == []


def test_a_box_drawn_at_another_size_is_scaled(tmp_path):
    write(tmp_path, ("n02129165", 10, 20, 49, 39), width=100, height=60)
    boxes = xml_boxes(tmp_path)("ILSVRC2012_val_00000007", 30, 50)
    assert boxes == [("n02129165", Box(5, 10, 25, 20))]


def test_a_box_beyond_the_photograph_is_cut_off(tmp_path):
    write(tmp_path, ("n02129165", -4, 2, 80, 40))
    boxes = xml_boxes(tmp_path)("ILSVRC2012_val_00000007", 30, 50)
    assert boxes == [("n02129165", Box(0, 2, 50, 30))]


def test_the_table_says_the_same(tmp_path):
    objects = [("n02129165", 3, 4, 20, 10), ("n02123045", 0, 0, 49, 29)]
    write(tmp_path, *objects)
    table = tmp_path / "table.csv"
    words = " ".join(str(word) for one in objects for word in one)
    table.write_text(f"ImageId,PredictionString\nILSVRC2012_val_00000007,{words} \n")
    name = "ILSVRC2012_val_00000007"
    assert csv_boxes(table)(name, 30, 50) == xml_boxes(tmp_path)(name, 30, 50)
    assert csv_boxes(table)("other", 30, 50) == []


@pytest.mark.parametrize("text", ["<annotation>", "<annotation/>", XML.format(
    width=0, height=0, objects=OBJECT.format("n02129165", 1, 1, 2, 2))])  # fmt: skip
def test_damaged_files(tmp_path, text):
    (tmp_path / "a.xml").write_text(text)
    with pytest.raises(InputError, match=r"a\.xml` cannot be read: .*; expected size and objects"):
        xml_boxes(tmp_path)("a", 30, 50)


@pytest.mark.parametrize(
    "text", ["", "a,b\n1,2\n", "ImageId,PredictionString\nx,n1 1 2 3\n",
             "ImageId,PredictionString\nx,n1 1 2 3 four\n", "ImageId,PredictionString\nx\n"]
)  # fmt: skip
def test_damaged_tables(tmp_path, text):
    table = tmp_path / "table.csv"
    table.write_text(text)
    with pytest.raises(InputError, match=r"table.csv` cannot be read: .*five words a box"):
        csv_boxes(table)


def test_a_folder_without_files(tmp_path):
    with pytest.raises(InputError, match="holds no XML file; expected ILSVRC's"):
        xml_boxes(tmp_path)
