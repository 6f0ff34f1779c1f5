"""COCO documents made by hand, and written ones read back by pycocotools."""

from __future__ import annotations

import copy
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from maskcore import rle
from maskcore.datasets.dataset import Contents, Dataset, Sample
from maskcore.datasets.formats import coco
from maskcore.datasets.formats.coco import masks as coco_masks
from maskcore.errors import DatasetError
from tests.core.datasets.items import decoded, instance, item, picture, read, source, write
from tests.grids import mask
from tests.memory import peak

# Of pycocotools' own arrays, under NumPy 2.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

DATA = Path(os.environ.get("MASKCORE_TEST_DATA", "") or "absent")
needs_coco = pytest.mark.skipif(
    not (DATA / "coco").is_dir(), reason="MASKCORE_TEST_DATA names no folder with coco/"
)

CAT, DOG = {"id": 1, "name": "cat"}, {"id": 7, "name": "dog", "supercategory": "animal"}
IMAGE = {"id": 3, "file_name": "a.png", "height": 3, "width": 4}
CORNER = [[0, 0, 2, 0, 2, 1, 0, 1]]
CORNER_MASK = mask("##..\n....\n....")
RING = mask("""
    .....
    .###.
    .#.#.
    .###.
""")
PARTS = mask("#..#\n#...\n....")


def annotation(segmentation: Any = CORNER, **more: Any) -> dict[str, Any]:
    stated = {"id": 8, "image_id": 3, "category_id": 1, "iscrowd": 0}
    return {**stated, "segmentation": segmentation, **more}


def document(*annotations: Any, **more: Any) -> dict[str, Any]:
    lists = {"images": [IMAGE], "annotations": list(annotations), "categories": [CAT, DOG]}
    return {"info": {}, **lists, **more}


def save(folder: Path, content: Any, name: str = "instances.json") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
    return folder


def save_picture(folder: Path, name: str, size_hw: tuple[int, int] = (3, 4)) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(picture(size_hw))


def contents(folder: Path, *annotations: Any, **more: Any) -> Contents:
    """What is read of the first image of a document."""
    return read(coco, save(folder, document(*annotations, **more))).samples[0].read()


def reasons(found: Contents | Dataset) -> list[tuple[str, str]]:
    return [(problem.where, problem.reason) for problem in found.problems]


def found(folder: Path) -> list[str]:
    return coco.find(source(folder))


# Found


def test_a_document_is_found_by_what_is_in_it_not_by_its_name(tmp_path: Path):
    save(tmp_path, document(annotation()), "deep/any name.json")
    save(tmp_path, {"version": "5.0", "shapes": [], "imagePath": "a.png"}, "labelme.json")
    save(tmp_path, [{"id": 1, "annotations": [{"result": []}], "data": {}}], "label studio.json")
    save(tmp_path, "[1, 2", "broken.json")
    save(tmp_path, {"images": 3, "annotations": 4}, "numbers.json")
    assert found(tmp_path) == ["deep/any name.json"]


def test_captions_and_panoptic_segments_are_no_masks(tmp_path: Path):
    caption = {"id": 1, "image_id": 3, "caption": "a cat"}
    segments = {"image_id": 3, "file_name": "a.png", "segments_info": []}
    save(tmp_path, document(caption), "captions_val2017.json")
    save(tmp_path, document(segments), "panoptic_val2017.json")
    save(tmp_path, {"images": [IMAGE], "categories": []}, "image_info_test2017.json")
    assert found(tmp_path) == []


def test_keypoints_count_where_there_are_no_instances(tmp_path: Path):
    save(tmp_path, document(annotation(keypoints=[1, 2, 2])), "person_keypoints.json")
    assert found(tmp_path) == ["person_keypoints.json"]
    save(tmp_path, document(annotation()))
    assert found(tmp_path) == ["instances.json"]


def test_a_document_without_annotations_is_one_too(tmp_path: Path):
    assert found(save(tmp_path, document())) == ["instances.json"]


def test_a_broken_document_is_found_so_that_somebody_says_it_is_broken(tmp_path: Path):
    save(tmp_path, json.dumps(document(annotation()))[:-20])
    with pytest.raises(DatasetError, match=r"instances\.json is no JSON that can be read"):
        read(coco, tmp_path)


# Read


def test_polygons_counts_and_compressed_counts_are_the_same_mask(tmp_path: Path):
    compressed = coco_mask.encode(np.asfortranarray(CORNER_MASK, np.uint8))["counts"].decode()
    forms = (CORNER, {"size": [3, 4], "counts": [0, 1, 2, 1, 8]}, {"size": [3, 4]})
    got = contents(
        tmp_path,
        annotation(forms[0]),
        annotation(forms[1], id=9, category_id=7),
        annotation({**forms[2], "counts": compressed}, id=10),
    )
    assert got.problems == []
    assert [annotation.instance.label for annotation in got.annotations] == ["cat", "dog", "cat"]
    for entry in got.annotations:
        assert np.array_equal(rle.decode(entry.instance.mask), CORNER_MASK)


def test_what_an_annotation_says_besides(tmp_path: Path):
    got = contents(
        tmp_path,
        annotation(iscrowd=1, bbox=[0.5, 0, 2, 1.25], score=0.75, area=99),
        {"image_id": 3, "category_id": 1, "segmentation": CORNER},
    )
    crowd, plain = got.annotations
    assert (crowd.instance.is_crowd, crowd.instance.score) == (True, 0.75)
    assert crowd.box == (0.5, 0, 2.5, 1.25)
    assert crowd.where == "annotation 8 in instances.json"
    assert (plain.instance.is_crowd, plain.instance.score, plain.box) == (False, None, None)
    assert plain.where == "annotation no. 2 in instances.json"
    assert got.size_hw == (3, 4)


def test_holes_parts_overlaps_and_empty_masks_are_kept(tmp_path: Path):
    column_major = RING.T.ravel().tolist()
    counts = [6, 3, 1, 1, 1, 1, 1, 3, 3]
    assert sum(counts) == len(column_major)
    image = {**IMAGE, "height": 4, "width": 5}
    got = contents(
        tmp_path,
        annotation({"size": [4, 5], "counts": counts}, id=1),
        annotation([[0, 0, 1, 0, 1, 2, 0, 2], [3, 0, 4, 0, 4, 1, 3, 1]], id=2),
        annotation({"size": [4, 5], "counts": [20]}, id=3),
        images=[image],
    )
    hole, parts, empty = (rle.decode(annotation.instance.mask) for annotation in got.annotations)
    assert hole.T.ravel().tolist() == [bool(i % 2) for i, n in enumerate(counts) for _ in range(n)]
    assert parts.tolist() == mask("#..#.\n#....\n.....\n.....").tolist()
    assert not empty.any()


def test_the_image_is_found_and_the_others_are_samples_without_masks(tmp_path: Path):
    for name in ("train/a.png", "train/other.png"):
        save_picture(tmp_path, name)
    images = [IMAGE, {**IMAGE, "id": 4, "file_name": "gone.png"}]
    save(tmp_path, document(annotation(), images=images), "annotations/instances.json")
    dataset = read(coco, tmp_path)
    names = ["train/a.png", "gone.png", "train/other.png"]
    assert [sample.name for sample in dataset.samples] == names
    assert [sample.picture is None for sample in dataset.samples] == [False, True, False]
    assert [len(sample.instances) for sample in dataset.samples] == [1, 0, 0]
    assert dataset.samples[0].image().shape == (3, 4, 3)
    assert dataset.labels == ("cat", "dog")
    assert dataset.problems == []


def test_a_sample_is_decoded_when_it_is_read_and_each_time_anew(tmp_path: Path):
    (sample,) = read(coco, save(tmp_path, document(annotation()))).samples
    (tmp_path / "instances.json").unlink()
    first, second = sample.instances, sample.instances
    assert first == second
    assert first[0] is not second[0]


def test_documents_have_their_own_ids_and_folders(tmp_path: Path):
    for folder in ("train", "val"):
        save_picture(tmp_path, f"{folder}/a.png")
        label = {"id": 1, "name": f"{folder} cat"}
        content = document(annotation(), categories=[label, DOG])
        save(tmp_path, content, f"annotations/instances_{folder}.json")
    dataset = read(coco, tmp_path)
    assert dataset.labels == ("train cat", "dog", "val cat")
    assert [
        (sample.name, [one.label for one in sample.instances]) for sample in dataset.samples
    ] == [
        ("train/a.png", ["train cat"]),
        ("val/a.png", ["val cat"]),
    ]


def test_documents_beside_their_images_have_those(tmp_path: Path):
    for folder in ("one", "two"):
        save_picture(tmp_path, f"{folder}/a.png")
        save(tmp_path, document(annotation()), f"{folder}/_annotations.coco.json")
    assert [sample.name for sample in read(coco, tmp_path).samples] == ["one/a.png", "two/a.png"]


def test_what_two_documents_say_of_an_image_is_joined(tmp_path: Path):
    save_picture(tmp_path, "a.png")
    save(tmp_path, document(annotation()), "cats.json")
    save(tmp_path, document(annotation(category_id=7)), "dogs.json")
    (sample,) = read(coco, tmp_path).samples
    assert decoded(sample) == [("cat", CORNER_MASK.tolist()), ("dog", CORNER_MASK.tolist())]


def test_images_that_differ_by_folders_do_not_share_a_picture(tmp_path: Path):
    save_picture(tmp_path, "a.png")
    names = ("x/a.png", "y/a.png")
    images = [{**IMAGE, "id": i, "file_name": name} for i, name in enumerate(names, start=3)]
    dataset = read(coco, save(tmp_path, document(annotation(), images=images)))
    assert [(sample.name, sample.picture is None) for sample in dataset.samples] == [
        ("a.png", False),
        ("y/a.png", True),
    ]


def test_results_belong_to_the_images_of_a_document(tmp_path: Path):
    result = {"image_id": 3, "category_id": 7, "segmentation": CORNER, "score": 0.5}
    save(tmp_path, [result], "results.json")
    assert found(tmp_path) == []
    without_masks = {"images": [IMAGE], "categories": [CAT, DOG]}
    save(tmp_path, without_masks, "image_info.json")
    assert found(tmp_path) == ["image_info.json", "results.json"]
    dataset = read(coco, tmp_path)
    (sample,) = dataset.samples[0].instances
    assert (sample.label, sample.score, dataset.problems) == ("dog", 0.5, [])


def test_results_go_to_the_document_that_knows_their_images(tmp_path: Path):
    save(tmp_path, document(images=[{**IMAGE, "id": 5, "file_name": "5.png"}]), "a.json")
    save(tmp_path, document(), "b.json")
    save(tmp_path, [annotation()], "c.json")
    assert [len(sample.instances) for sample in read(coco, tmp_path).samples] == [0, 1]


def test_a_size_that_is_missing_is_that_of_the_image(tmp_path: Path):
    save_picture(tmp_path, "a.png", (3, 4))
    bare = {"id": 3, "file_name": "a.png"}
    counts = {"counts": [0, 1, 2, 1, 8]}
    got = contents(tmp_path, annotation(), annotation(counts, id=9), images=[bare])
    assert got.size_hw is None
    assert [annotation.instance.mask.size_hw for annotation in got.annotations] == [(3, 4), (3, 4)]


def test_a_size_that_run_lengths_state_is_kept(tmp_path: Path):
    got = contents(tmp_path, annotation({"size": [2, 2], "counts": [0, 4]}))
    assert (got.annotations[0].instance.mask.size_hw, got.size_hw) == ((2, 2), (3, 4))


@needs_coco
def test_the_real_annotations_are_read_as_pycocotools_reads_them():
    dataset = read(coco, DATA / "coco")
    peer = COCO(DATA / "coco" / "instances.json")
    assert (len(dataset.samples), dataset.problems) == (59, [])
    n_read = 0
    for sample in dataset.samples:
        got = sample.read()
        assert got.problems == []
        assert sample.picture is not None
        for entry in got.annotations:
            theirs = peer.anns[int(entry.where.split()[1])]
            assert np.array_equal(peer.annToMask(theirs), rle.decode(entry.instance.mask))
            assert entry.instance.label == peer.cats[theirs["category_id"]]["name"]
            assert entry.instance.is_crowd == theirs["iscrowd"]
            x, y, width, height = theirs["bbox"]
            assert entry.box == (x, y, x + width, y + height)
            n_read += 1
    assert n_read == 583


# What is wrong is told, and the rest is read


NAN = float("nan")


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (annotation([]), "has no mask"),
        (annotation(None), "has no mask"),
        ({"id": 8, "image_id": 3, "category_id": 1, "bbox": [0, 0, 1, 1]}, "has no mask"),
        (annotation("abc"), "neither polygons nor run lengths"),
        (annotation(7), "neither polygons nor run lengths"),
        (annotation([1, 2, 3, 4, 5, 6]), "not a plain list of numbers"),
        (annotation([[1, 2, 3, "4", 5, 6]]), "not a plain list of numbers"),
        (annotation([[[1, 2], [3, 4], [5, 6]]]), "not a plain list of numbers"),
        (annotation([[1, 2, 3, 4]]), "needs 3 points"),
        (annotation([*CORNER, []]), "needs 3 points"),
        (annotation([[1, 2, 3, 4, 5, NAN]]), "no finite number"),
        (annotation([[1, 2, 3, 4, 5, 10**9]]), "beyond 1,000,000 pixels"),
        (annotation([[1, 2, 3, 4, 5, 10**400]]), "not a plain list of numbers"),
        (annotation({}), "neither a list nor a text"),
        (annotation({"size": [3, 4]}), "neither a list nor a text"),
        (annotation({"size": [3, 4], "counts": None}), "neither a list nor a text"),
        (annotation({"size": [3, 4], "counts": [5, 5]}), "do not add up to 4 x 3"),
        (annotation({"size": [3, 4], "counts": []}), "do not add up"),
        (annotation({"size": [3, 4], "counts": [-1, 13]}), "negative"),
        (annotation({"size": [3, 4], "counts": [5.0, 7.0]}), "whole numbers"),
        (annotation({"size": [3, 4], "counts": [12, "0"]}), "whole numbers"),
        (annotation({"size": [3, 4], "counts": [10**30]}), "whole numbers"),
        (annotation({"size": [3, 4], "counts": "~~~"}), "characters"),
        (annotation({"size": [3, 4], "counts": ""}), "no counts"),
        (annotation({"size": [3], "counts": [12]}), "height and width"),
        (annotation({"size": 12, "counts": [12]}), "height and width"),
        (annotation({"size": [3, "four"], "counts": [12]}), "whole numbers"),
        (annotation({"size": [0, 4], "counts": [0]}), "too small or too large"),
        (annotation({"size": [-3, -4], "counts": [12]}), "too small or too large"),
        (annotation({"size": [10**6, 10**6], "counts": [10**12]}), "too small or too large"),
        (annotation({"size": [10**300, 1], "counts": [1]}), "whole numbers"),
    ],
)
def test_a_mask_that_cannot_be_read_is_told_and_the_others_are_read(
    tmp_path: Path, bad: dict[str, Any], reason: str
):
    others = [annotation(id=number) for number in (9, 10)]
    save(tmp_path, document(others[0], bad, others[1]))
    dataset = read(coco, tmp_path)
    got = dataset.samples[0].read()
    assert [annotation.where.split()[1] for annotation in got.annotations] == ["9", "10"]
    assert all(
        np.array_equal(rle.decode(annotation.instance.mask), CORNER_MASK)
        for annotation in got.annotations
    )
    (problem,) = got.problems
    assert problem.where == "annotation 8 in instances.json"
    assert problem.sample == dataset.samples[0].name == "a.png"
    assert len(problem.reason) < 200
    assert reason in problem.reason


def test_numbers_may_be_texts(tmp_path: Path):
    """Some tools quote all values."""
    counts = {"size": ["3", "4.0"], "counts": [0, 12]}
    image = {**IMAGE, "height": "3", "width": "4"}
    marks = [annotation(counts, score="0.5"), annotation(score=" 1 ", id=9)]
    (sample,) = read(coco, save(tmp_path, document(*marks, images=[image]))).samples
    got = sample.read()
    assert got.problems == []
    assert got.size_hw == (3, 4)
    assert [found.instance.score for found in got.annotations] == [0.5, 1]
    assert rle.decode(got.annotations[0].instance.mask).all()


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"bbox": [1, 2, 3]}, "Its bbox is not made of x, y, width and height."),
        ({"bbox": [1, 2, 3, NAN]}, "Its bbox is not made of x, y, width and height."),
        ({"bbox": [1, 2, -3, 4]}, "Its bbox is not made of x, y, width and height."),
        ({"bbox": "1 2 3 4"}, "Its bbox is not made of x, y, width and height."),
        ({"score": NAN}, "Its score is not between 0 and 1: nan."),
        ({"score": "73"}, "Its score is not between 0 and 1: 73."),
        ({"score": True}, "Its score is not between 0 and 1: yes."),
        ({"score": 73}, "Its score is not between 0 and 1: 73."),
        ({"score": "high"}, "Its score is not between 0 and 1: high."),
        ({"iscrowd": "yes"}, "Its iscrowd is neither 0 nor 1: yes."),
        ({"iscrowd": [1] * 99}, "Its iscrowd is neither 0 nor 1: a list."),
        ({"category_id": 99}, "Its category has no name in the list of categories."),
        ({"category_id": None}, "It has no category_id."),
        ({"category_id": [1]}, "It has no category_id."),
    ],
)
def test_a_mask_is_read_though_something_beside_it_is_wrong(
    tmp_path: Path, more: dict[str, Any], reason: str
):
    got = contents(tmp_path, annotation(**more))
    assert reasons(got) == [("annotation 8 in instances.json", reason)]
    (entry,) = got.annotations
    assert np.array_equal(rle.decode(entry.instance.mask), CORNER_MASK)
    assert (entry.box, entry.instance.score, entry.instance.is_crowd) == (None, None, False)


def test_categories_without_names_are_told_apart_by_their_ids(tmp_path: Path):
    save(tmp_path, document(annotation(), annotation(id=9, category_id=99)))
    dataset = read(coco, tmp_path)
    assert [instance.label for instance in dataset.samples[0].instances] == ["cat", "category 99"]
    assert dataset.labels == ("cat", "dog", "category 99")


def test_without_categories_a_mask_is_a_mask(tmp_path: Path):
    nothing = annotation()
    del nothing["category_id"]
    save(tmp_path, document(nothing, annotation(id=9), categories=None))
    dataset = read(coco, tmp_path)
    assert reasons(dataset) == [("instances.json", "It has no list of categories.")]
    assert dataset.samples[0].read().problems == []
    assert dataset.labels == ("mask", "category 1")


def test_an_annotation_of_an_image_that_nobody_knows(tmp_path: Path):
    nowhere = annotation(id=9)
    del nowhere["image_id"]
    others = (annotation(image_id=77), nowhere, annotation(image_id={"a": 1}, id=10), "x", None)
    dataset = read(coco, save(tmp_path, document(annotation(id=1), *others)))
    assert len(dataset.samples[0].instances) == 1
    assert reasons(dataset) == [
        ("annotation 8 in instances.json", "Its image, 77, is not in the list of images."),
        ("annotation 9 in instances.json", "It has no image_id."),
        ("annotation 10 in instances.json", "It has no image_id."),
        ("annotation no. 5 in instances.json", "It is not an object with names and values."),
        ("annotation no. 6 in instances.json", "It is not an object with names and values."),
    ]


def test_ids_that_are_there_twice(tmp_path: Path):
    images = [IMAGE, {**IMAGE, "file_name": "b.png"}]
    categories = [CAT, {"id": 1, "name": "lion"}, {"id": 2}, {"name": "nobody"}]
    content = document(annotation(), annotation(), images=images, categories=categories)
    dataset = read(coco, save(tmp_path, content))
    assert [(sample.name, len(sample.instances)) for sample in dataset.samples] == [("a.png", 2)]
    assert dataset.labels == ("cat", "lion", "category 2", "nobody")
    where = "category 1 in instances.json", "category no. 4 in instances.json"
    same = "Several annotations have the same id, and all are read: 8."
    assert reasons(dataset) == [
        (where[0], "Another category has the same id."),
        (where[1], "It has no id."),
        ("image 3 in instances.json", "Another image has the same id."),
        ("instances.json", same),
    ]


def test_images_that_lack_what_they_need(tmp_path: Path):
    images = [
        {"id": 3},
        {"file_name": "b.png", "height": 3, "width": 4},
        {"id": 5, "file_name": "c.png", "height": 10**6, "width": 10**6},
        {"id": 6, "file_name": "d.png", "height": "3", "width": None},
        {"id": 7, "file_name": 7, "height": 3.0, "width": 4},
        "e.png",
    ]
    marks = [annotation(image_id=number, id=number) for number in (3, 5, 6, 7)]
    dataset = read(coco, save(tmp_path, document(*marks, images=images)))
    first, no_id, huge, no_number, unnamed = dataset.samples
    unknown = "The size of its image is not known."
    assert reasons(first.read()) == [
        ("image 3 in instances.json", "It has no file_name."),
        ("annotation 3 in instances.json", unknown),
    ]
    assert reasons(no_id.read()) == [
        ("image no. 2 in instances.json", "It has no id, so that no mask can belong to it.")
    ]
    told = "An image of 1,000,000 × 1,000,000 pixels is too small or too large."
    assert reasons(huge.read())[0] == ("image 5 in instances.json", told)
    told = "The size nothing × 3 is not made of whole numbers."
    assert reasons(no_number.read())[0] == ("image 6 in instances.json", told)
    assert reasons(unnamed.read()) == [("image 7 in instances.json", "It has no file_name.")]
    assert [instance.mask.size_hw for instance in unnamed.instances] == [(3, 4)]
    assert reasons(dataset) == [
        ("image no. 6 in instances.json", "It is not an object with names and values.")
    ]


def test_names_that_climb_out_are_only_names(tmp_path: Path):
    save_picture(tmp_path, "secret.png")
    inside = tmp_path / "set"
    names = ["../secret.png", str(tmp_path / "secret.png"), "\0", "a\nb.png"]
    images = [{**IMAGE, "id": i, "file_name": name} for i, name in enumerate(names)]
    dataset = read(coco, save(inside, document(images=images)))
    assert [(sample.name, sample.picture) for sample in dataset.samples] == [
        (name, None) for name in names
    ]


@pytest.mark.parametrize(
    "content", [{}, {"images": {}}, {"images": None, "annotations": [3]}, [], 7, None, [[[]]]]
)
def test_a_document_of_something_else_is_read_as_nothing(tmp_path: Path, content: Any):
    folder = save(tmp_path, content)
    if isinstance(content, dict):
        dataset = coco.read(source(folder), ["instances.json"])
        assert (dataset.samples, len(dataset.problems) > 0) == ([], True)
    else:
        with pytest.raises(
            DatasetError, match=r"instances\.json: .* no document with a list of im"
        ):
            coco.read(source(folder), ["instances.json"])


JSON = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-5, 12),
        st.sampled_from([10**9, 10**400, 1e308, -0.5, 2.0, NAN, float("inf")]),
        st.sampled_from(["", "a.png", "7", "\0", "0", "..", "猫"]),
    ),
    lambda children: st.one_of(
        st.lists(children, max_size=7),
        st.dictionaries(
            st.sampled_from(["id", "size", "counts", "image_id", "segmentation"]), children
        ),
    ),
    max_leaves=8,
)


def places(content: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The way to everything in a document."""
    found = [path]
    items = content.items() if isinstance(content, dict) else enumerate(content)
    for key, inner in items:
        deeper = (*path, key)
        found += places(inner, deeper) if isinstance(inner, dict | list) else [deeper]
    return found


@settings(deadline=None, max_examples=100)
@given(st.data())
def test_whatever_stands_in_a_document_nothing_is_raised_but_what_is_told(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
):
    counts = annotation({"size": [3, 4], "counts": [12]}, id=9, bbox=[1, 2, 3, 4], score=0.5)
    content: Any = copy.deepcopy(document(annotation(), counts, annotation(id=10)))
    for _ in range(data.draw(st.integers(1, 3))):
        *way, last = data.draw(st.sampled_from(places(content)[1:]))
        inner = content
        for key in way:
            inner = inner[key]
        inner[last] = data.draw(JSON)
    folder = save(tmp_path_factory.mktemp("set"), content)
    files = source(folder)
    coco.find(files)
    dataset = coco.read(files, ["instances.json"])
    for sample in dataset.samples:
        for one in sample.read().annotations:
            assert rle.decode(one.instance.mask).shape == one.instance.mask.size_hw
    assert all(isinstance(label, str) for label in dataset.labels)


def test_one_broken_document_does_not_spoil_the_other(tmp_path: Path):
    save(tmp_path, document(annotation()))
    save(tmp_path, json.dumps(document())[:-5], "broken.json")
    dataset = read(coco, tmp_path)
    assert len(dataset.samples[0].instances) == 1
    assert reasons(dataset) == [("broken.json", "broken.json is no JSON that can be read.")]


# Read in little memory


def as_text(lists: dict[str, Any]) -> str:
    """Write an object of which names may come twice."""
    members = (f"{json.dumps(name.strip())}: {json.dumps(value)}" for name, value in lists.items())
    return "{" + ", ".join(members) + "}"


@pytest.mark.parametrize(
    "order",
    [
        ["annotations", "images", "categories"],
        ["images", "annotations", "categories"],
        ["categories", "annotations", "images"],
    ],
)
def test_the_lists_of_a_document_come_in_any_order(tmp_path: Path, order: list[str]):
    bad = annotation(id=9, category_id=99), "x", annotation(id=10, image_id=77)
    lists = document(annotation(category_id=7), *bad, annotation("abc", id=11))
    dataset = read(coco, save(tmp_path, as_text({name: lists[name] for name in order})))
    assert dataset.labels == ("cat", "dog", "category 99")
    assert decoded(dataset.samples[0]) == [
        ("dog", CORNER_MASK.tolist()),
        ("category 99", CORNER_MASK.tolist()),
    ]
    assert [where.split()[1] for where, _ in reasons(dataset.samples[0].read())] == ["9", "11"]
    assert [where for where, _ in reasons(dataset)] == [
        "annotation no. 3 in instances.json",
        "annotation 10 in instances.json",
    ]


def test_of_a_list_that_is_there_twice_the_last_counts(tmp_path: Path):
    first = document(annotation(), annotation(id=9), images=[IMAGE, {**IMAGE, "id": 4}])
    last = document(annotation(category_id=7))
    text = as_text({**first, **{f"{name} ": value for name, value in last.items()}})
    assert json.loads(text) == last
    dataset = read(coco, save(tmp_path, text))
    assert [decoded(sample) for sample in dataset.samples] == [[("dog", CORNER_MASK.tolist())]]
    nothing = as_text({**last, "annotations ": None})
    dataset = coco.read(source(save(tmp_path, nothing)), ["instances.json"])
    assert (dataset.samples[0].instances, reasons(dataset)) == (
        [],
        [("instances.json", "It has no list of annotations.")],
    )


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32-be"])
def test_documents_in_every_encoding_of_json(tmp_path: Path, encoding: str):
    names = {"猫😀": "ñ.png", "\ud800": "é.png"}
    labels = [{"id": i, "name": name} for i, name in enumerate(names)]
    images = [{**IMAGE, "id": i, "file_name": name} for i, name in enumerate(names.values())]
    marks = [annotation(id=f"é{i}", image_id=i, category_id=i, note="ü" * i) for i in range(2)]
    text = json.dumps(document(*marks, images=images, categories=labels), ensure_ascii=False)
    (tmp_path / "instances.json").write_bytes(text.encode(encoding, "surrogatepass"))
    dataset = coco.read(source(tmp_path), ["instances.json"])
    assert [(sample.name, decoded(sample)) for sample in dataset.samples] == [
        (image, [(label, CORNER_MASK.tolist())]) for label, image in names.items()
    ]
    assert [sample.read().annotations[0].where for sample in dataset.samples] == [
        "annotation é0 in instances.json",
        "annotation é1 in instances.json",
    ]


@pytest.mark.parametrize("end", ["", "]", "} 7", "}}", "\0"])
def test_nothing_is_kept_of_a_document_that_is_damaged_at_its_end(tmp_path: Path, end: str):
    save(tmp_path, json.dumps(document(annotation()))[:-1] + end)
    save(tmp_path, document(categories=[DOG], images=[]), "whole.json")
    dataset = read(coco, tmp_path)
    assert (dataset.samples, dataset.labels) == ([], ("dog",))
    assert reasons(dataset) == [
        ("instances.json", "instances.json is no JSON that can be read."),
    ]


def test_a_document_is_looked_through_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    seen: list[bytes] = []

    class Counted(coco.CocoDocument):
        def __init__(self, content: bytes) -> None:
            seen.append(content)
            super().__init__(content)

    monkeypatch.setattr(coco, "CocoDocument", Counted)
    (sample,) = read(coco, save(tmp_path, document(annotation()))).samples
    assert (len(seen), len(sample.instances)) == (1, 1)


def test_the_first_items_tell_what_a_list_is_of(tmp_path: Path):
    caption = {"id": 1, "image_id": 3, "caption": "a cat"}
    for n in (49, 50):
        save(tmp_path, document(*[caption] * n, annotation()), f"{n}.json")
    assert found(tmp_path) == ["49.json"]


def test_an_annotation_too_deep_for_where_it_is_read_is_told(tmp_path: Path):
    deep: Any = []
    for _ in range(500):
        deep = [deep]
    save(tmp_path, document(annotation(), annotation(id=9, note=deep)))
    (sample,) = read(coco, tmp_path).samples

    def read_below(n_calls: int) -> Contents:
        return read_below(n_calls - 1) if n_calls else sample.read()

    assert len(read_below(0).annotations) == 2
    got = read_below(450)
    # How deep is too deep differs from one version of Python to the next.
    too_deep = [("annotation no. 2 in instances.json", "It is nested too deep to be read.")]
    assert reasons(got) == too_deep[len(got.annotations) - 1 :]


def test_a_document_is_read_in_little_more_memory_than_its_text_takes(tmp_path: Path):
    ring = [round(i * 1.37 % 640, 2) for i in range(100)]
    marks = [annotation([ring], id=i, image_id=i % 500) for i in range(4_000)]
    images = [{**IMAGE, "id": i, "file_name": f"{i}.png"} for i in range(500)]
    path = save(tmp_path, document(*marks, images=images)) / "instances.json"
    n_bytes = path.stat().st_size
    assert peak(lambda: read(coco, tmp_path)) < 1.6 * n_bytes
    assert peak(lambda: json.loads(path.read_bytes())) > 4 * n_bytes


def test_what_is_kept_of_a_document_does_not_change_it(tmp_path: Path):
    content = document(
        annotation(), annotation({"size": [3, 4], "counts": [12]}, bbox=[1, 2, 3, 4])
    )
    files = source(save(tmp_path, content))
    coco.read(files, coco.find(files)).samples[0].read()
    assert files.json("instances.json") == content
    assert coco_masks.decode([], None) == ([], [])


# Written


def written(folder: Path, *items: Any, labels: tuple[str, ...] = ()) -> COCO:
    write(folder, coco.CocoWriter(labels), items)
    return COCO(folder / "annotations" / "instances.json")


def test_a_mask_without_holes_is_written_as_polygons(tmp_path: Path):
    peer = written(tmp_path, item("train/a", instance(PARTS, "dog")), labels=("cat",))
    assert peer.dataset["images"] == [
        {"id": 1, "file_name": "train/a.png", "width": 4, "height": 3}
    ]
    assert [(category["id"], category["name"]) for category in peer.dataset["categories"]] == [
        (1, "cat"),
        (2, "dog"),
    ]
    assert peer.dataset["annotations"] == [
        {
            "id": 1,
            "image_id": 1,
            "category_id": 2,
            "iscrowd": 0,
            "area": 3,
            "bbox": [0, 0, 4, 2],
            "segmentation": [[0, 0, 1, 0, 1, 2, 0, 2], [3, 0, 4, 0, 4, 1, 3, 1]],
        }
    ]
    assert (tmp_path / "images" / "train" / "a.png").is_file()


def test_a_hole_is_written_as_counts_and_is_no_crowd(tmp_path: Path):
    peer = written(tmp_path, item("a", instance(RING)))
    (entry,) = peer.dataset["annotations"]
    assert (entry["iscrowd"], entry["segmentation"]["size"]) == (0, [4, 5])
    assert (entry["area"], entry["bbox"]) == (8, [1, 1, 3, 3])
    assert np.array_equal(peer.annToMask(entry), RING)


def test_a_crowd_is_written_as_counts_and_stays_a_crowd(tmp_path: Path):
    peer = written(tmp_path, item("a", instance(PARTS, is_crowd=True)))
    (entry,) = peer.dataset["annotations"]
    assert (entry["iscrowd"], entry["segmentation"]["size"]) == (1, [3, 4])
    assert np.array_equal(peer.annToMask(entry), PARTS)


def test_an_empty_mask_and_a_full_one_are_kept(tmp_path: Path):
    full = np.ones((3, 4), np.bool_)
    peer = written(tmp_path, item("a", instance(~full), instance(full, score=0.25)))
    empty, whole = peer.dataset["annotations"]
    assert (empty["area"], empty["bbox"]) == (0, [0, 0, 0, 0])
    assert not peer.annToMask(empty).any()
    assert peer.annToMask(whole).all()
    assert (whole["score"], "score" in empty) == (0.25, False)


def test_an_outline_that_would_be_filled_otherwise_is_written_as_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def moved(outlines: Any, size_hw: tuple[int, int]) -> list[rle.RLE]:
        assert len(outlines) == 1
        return [rle.empty(size_hw)]

    monkeypatch.setattr("maskcore.datasets.formats.coco.writer.from_polygons", moved)
    peer = written(tmp_path, item("a", instance(PARTS)))
    (entry,) = peer.dataset["annotations"]
    assert entry["iscrowd"] == 0
    assert isinstance(entry["segmentation"], dict)
    assert np.array_equal(peer.annToMask(entry), PARTS)


def test_an_outline_that_is_too_long_is_written_as_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("maskcore.rle.polygons._AT_ONCE", 1)
    monkeypatch.setattr("maskcore.rle.polygons.MOST_PASSAGES", 1)
    peer = written(tmp_path, item("a", instance(PARTS)))
    (entry,) = peer.dataset["annotations"]
    assert np.array_equal(peer.annToMask(entry), PARTS)


def test_a_data_set_without_masks_and_one_without_images(tmp_path: Path):
    peer = written(tmp_path / "one", item("a", size_hw=(3, 4)), item("b", size_hw=(1, 1)))
    assert [image["file_name"] for image in peer.dataset["images"]] == ["a.png", "b.png"]
    assert peer.dataset["annotations"] == []
    assert written(tmp_path / "none").dataset["images"] == []


def test_labels_and_names_in_any_script(tmp_path: Path):
    peer = written(tmp_path, item("gató/猫", instance(PARTS, 'a "猫"\n')))
    assert peer.dataset["images"][0]["file_name"] == "gató/猫.png"
    assert peer.dataset["categories"][0]["name"] == 'a "猫"\n'
    ((label, _),) = decoded(read(coco, tmp_path).samples[0])
    assert label == 'a "猫"\n'


def test_the_same_masks_make_the_same_file(tmp_path: Path):
    documents = []
    for folder in (tmp_path / "one", tmp_path / "two"):
        written(
            folder, item("a", instance(RING), instance(PARTS.repeat(2, 0)[:4].repeat(2, 1)[:, :5]))
        )
        documents.append((folder / "annotations" / "instances.json").read_bytes())
    assert documents[0] == documents[1]


def random_masks(n: int, size_hw: tuple[int, int]) -> list[np.ndarray]:
    """Noise, coarse and fine: parts, holes, and pixels that touch at corners."""
    rng = np.random.default_rng(5)
    masks = []
    for number in range(n):
        step = 1 + number % 4
        coarse = rng.random((size_hw[0], size_hw[1])) < rng.random()
        masks.append(coarse.repeat(step, 0).repeat(step, 1)[: size_hw[0], : size_hw[1]])
    return masks


def test_pycocotools_and_we_read_back_the_very_masks(tmp_path: Path):
    masks = random_masks(60, (17, 23))
    labels = [f"class {i % 5}" for i in range(60)]
    items = [
        item(f"im/{first}", *map(instance, masks[first : first + 6], labels[first : first + 6]))
        for first in range(0, 60, 6)
    ]
    peer = written(tmp_path, *items)
    kinds = set()
    for entry, original, label in zip(peer.dataset["annotations"], masks, labels, strict=True):
        again = peer.annToMask(entry)
        assert np.array_equal(again, original)
        assert entry["area"] == original.sum()
        expected = coco_mask.toBbox(coco_mask.encode(np.asfortranarray(original, np.uint8)))
        assert entry["bbox"] == expected.tolist()
        assert peer.cats[entry["category_id"]]["name"] == label
        kinds.add(type(entry["segmentation"]))
    assert kinds == {list, dict}
    ours = [pair for sample in read(coco, tmp_path).samples for pair in decoded(sample)]
    assert ours == [(label, pixels.tolist()) for label, pixels in zip(labels, masks, strict=True)]


def test_results_of_the_written_masks_are_evaluated_as_perfect(tmp_path: Path):
    masks = [pixels for pixels in random_masks(12, (20, 30)) if pixels.any()]
    peer = written(tmp_path, *(item(str(i), instance(pixels)) for i, pixels in enumerate(masks)))
    results = [
        {
            "image_id": annotation["image_id"],
            "category_id": annotation["category_id"],
            "segmentation": peer.annToRLE(annotation),
            "score": 0.9,
        }
        for annotation in peer.dataset["annotations"]
    ]
    evaluation = COCOeval(peer, peer.loadRes(results), "segm")
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summarize()
    assert evaluation.stats[0] == pytest.approx(1)


def test_crowds_scores_and_labels_come_back(tmp_path: Path):
    instances = [
        instance(PARTS, "dog", score=0.125),
        instance(PARTS, "cat", is_crowd=True),
        instance(~PARTS, "cat"),
    ]
    write(tmp_path, coco.CocoWriter(["cat"]), [item("a", *instances)])
    dataset = read(coco, tmp_path)
    assert dataset.samples[0].instances == instances
    assert dataset.labels == ("cat", "dog")
    assert isinstance(dataset.samples[0], Sample)
