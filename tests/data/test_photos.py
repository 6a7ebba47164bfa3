import os
import zipfile

import pytest

from vizjax.data import packages, photos
from vizjax.data.images import read_photo
from vizjax.data.packages import _digest
from vizjax.data.photos import annotated_photos, fetch_photos, masked_photos, missing_photos
from vizjax.errors import InputError
from vizjax.types import Box

ANIMALS = [n for n in range(30) if n not in (5, 22)]


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("VIZJAX_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def downloads(tmp_path, monkeypatch):
    """Wheels laid out as the real ones, each file holding its own name; and what was fetched."""
    fetched = []
    names = [row["file"] for row in photos._annotations()]
    foolbox = {n.replace("foolbox/", "foolbox/data/") for n in names if "foolbox" in n}
    benchmark = {f"ai_benchmark/data/classification/{n}.jpg" for n in range(100)}
    benchmark |= {f"ai_benchmark/data/segmentation/{n}.jpg" for n in range(30)}
    extra = {
        "ai_benchmark/data/segmentation/3_segmented.jpg",
        "ai_benchmark/data/enhancement/3.jpg",
    }

    def download(requirement, sha256, *, progress):
        fetched.append(requirement)
        path = tmp_path / f"{requirement}.whl"
        with zipfile.ZipFile(path, "w") as archive:
            for member in foolbox if "foolbox" in requirement else benchmark | extra:
                archive.writestr(member, member)
        return path

    monkeypatch.setattr(photos, "download", download)
    return fetched


def test_fetching_unpacks_the_photographs_alone(downloads, cache):
    folder = fetch_photos()
    assert downloads == ["foolbox==3.3.4", "ai_benchmark==0.1.2"]
    files = {str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file()}
    assert len(files) == 120 + 28
    assert (
        folder / "foolbox/imagenet_00_243.jpg"
    ).read_text() == "foolbox/data/imagenet_00_243.jpg"
    whole = {f"ai_benchmark/{n}.jpg": f"classification/{n}.jpg" for n in range(100)}
    whole |= {f"ai_benchmark/segmentation/{n}.jpg": f"segmentation/{n}.jpg" for n in ANIMALS}
    assert {f for f in files if f.startswith("ai_benchmark")} == set(whole)
    for name, member in whole.items():
        assert (folder / name).read_text() == f"ai_benchmark/data/{member}"


def test_fetching_again_needs_no_network(downloads):
    folder = fetch_photos()
    downloads.clear()
    assert fetch_photos() == folder
    assert downloads == []


def test_fetching_resumes(downloads):
    folder = fetch_photos()
    downloads.clear()
    (folder / "ai_benchmark/7.jpg").unlink()
    (folder / "ai_benchmark/8.jpg").write_text("kept")
    fetch_photos()
    assert downloads == ["ai_benchmark==0.1.2"]
    assert (folder / "ai_benchmark/7.jpg").exists()
    assert (folder / "ai_benchmark/8.jpg").read_text() == "kept"


def test_fetching_into_a_folder_of_one_s_own(downloads, tmp_path, cache):
    folder = tmp_path / "mine"
    assert len(missing_photos(folder)) == 148
    assert fetch_photos(folder=folder) == folder
    assert missing_photos(folder) == set()
    assert not (cache / "photos").exists()


@pytest.fixture
def shelf(downloads, cache, monkeypatch):
    """The wheels where `download` keeps them, known by their digests; and no index in reach."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", "")
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    digests = {}
    for requirement in photos.WHEELS:
        wheel = photos.download(requirement, "", progress=print)
        digests[requirement] = _digest(wheel)
        kept = cache / "packages" / requirement / wheel.name
        kept.parent.mkdir(parents=True)
        wheel.replace(kept)
    monkeypatch.setattr(photos, "WHEELS", digests)
    monkeypatch.setattr(photos, "download", packages.download)
    return cache / "packages"


def test_wheels_in_the_cache_need_no_network(shelf):
    assert missing_photos(fetch_photos()) == set()


def test_another_wheel_than_the_examined_one_is_not_opened(shelf):
    (wheel,) = (shelf / "ai_benchmark==0.1.2").iterdir()
    with wheel.open("ab") as file:
        file.write(b"more")
    with pytest.raises(InputError, match=r"`ai_benchmark==0.1.2` cannot be fetched: "):
        fetch_photos()
    left = missing_photos(photos.photos_folder())
    assert len(left) == 128
    assert all(name.startswith("ai_benchmark/") for name in left)


def test_a_source_out_of_reach_is_told(monkeypatch):
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", "")
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    with pytest.raises(InputError, match=r"`foolbox==3.3.4` cannot be fetched: .*; expected pip"):
        fetch_photos()


@pytest.mark.usefixtures("downloads")
def test_annotations(cache):
    listed = annotated_photos()
    assert len(listed) == len({photo.path for photo in listed}) == 120
    assert sum(len(photo.boxes) for photo in listed) == 192
    assert sum(photo.certain for photo in listed) == 111
    assert sum(sum(photo.group) for photo in listed) == 7
    assert all(photo.path.is_file() for photo in listed)
    assert all(0 <= photo.label < 1000 for photo in listed)
    assert all(len(photo.boxes) == len(photo.group) for photo in listed)
    assert all(0 <= b.x0 < b.x1 and 0 <= b.y0 < b.y1 for photo in listed for b in photo.boxes)


@pytest.mark.usefixtures("downloads")
def test_one_annotation_by_hand(cache):
    first, second, *_ = annotated_photos()
    assert first.path == cache / "photos/foolbox/imagenet_00_243.jpg"
    assert first[1:] == (243, (Box(120, 0, 311, 457),), (False,), True)
    assert second.boxes[:2] == (Box(2, 36, 109, 172), Box(90, 34, 211, 172))


@pytest.mark.usefixtures("downloads")
def test_labels_of_foolbox_are_those_of_its_file_names():
    names = [(photo.path.stem, photo.label) for photo in annotated_photos()]
    foolbox = [(stem, label) for stem, label in names if stem.startswith("imagenet")]
    assert len(foolbox) == 20
    assert all(int(stem.split("_")[-1]) == label for stem, label in foolbox)


@pytest.mark.usefixtures("downloads")
def test_photographs_with_masks(cache):
    listed = masked_photos()
    assert [int(photo.path.stem) for photo in listed] == ANIMALS
    assert {photo.path.parent for photo in listed} == {cache / "photos/ai_benchmark/segmentation"}
    assert {photo.label for photo in listed} == {281, 282, 285, 348}
    flock = listed[ANIMALS.index(8)]
    assert (flock.label, len(flock.boxes), flock.certain) == (348, 18, True)
    assert not any(any(photo.group) for photo in listed)
    first = listed[0]
    assert first[1:] == (281, (Box(79, 168, 642, 531),), (False,), True)


@pytest.mark.slow
def test_the_real_photographs_hold_their_boxes():
    for photo in annotated_photos():
        height, width, _ = read_photo(photo.path).shape
        assert all(box.x1 <= width and box.y1 <= height for box in photo.boxes)
    assert len(list(fetch_photos().rglob("*.jpg"))) == 148
