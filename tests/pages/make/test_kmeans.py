"""The page that clusters colors."""

from __future__ import annotations

import csv
import hashlib
import io
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
import streamlit as st

from maskcore import image_io, rle
from maskcore.types import Instance
from pages.make.kmeans import clusters as kmeans_clusters, result as kmeans_result
from pages.make.kmeans.clusters import ClusterSettings
from pages.shared import canvas, downloads
from pages.shared.objects import controls as object_controls
from pages.shared.objects.job import DetectionResult
from pages.shared.pictures import Picture
from tests.pages.session import clean, go, instances, open_image, page_path

PAGE = page_path("kmeans")
# From the darkest to the lightest.
INK, BRICK, GRASS, SKY, SNOW = COLORS = [
    (10, 12, 30),
    (150, 60, 40),
    (70, 140, 60),
    (120, 170, 220),
    (245, 245, 250),
]


def flag() -> np.ndarray:
    """60 x 100 pixels in five colors: 10, 15, 20, 25 and 30 % of them."""
    image = np.zeros((60, 100, 3), np.uint8)
    for start, stop, color in zip((0, 10, 25, 45, 70), (10, 25, 45, 70, 100), COLORS, strict=True):
        image[:, start:stop] = color
    return image


FLAG = flag()


def is_of(color, image=FLAG):
    return (image == color).all(axis=2)


def large_image() -> np.ndarray:
    """Larger than a page: smooth areas, edges and grain in color."""
    rng = np.random.default_rng(7)
    rough = rng.integers(0, 256, (12, 18, 3), np.uint8)
    smooth = np.array(PIL.Image.fromarray(rough).resize((1800, 1200), PIL.Image.Resampling.BICUBIC))
    grainy = smooth + rng.normal(0, 4, smooth.shape)
    return grainy.round().clip(0, 255).astype(np.uint8)


def png(image: np.ndarray) -> bytes:
    target = io.BytesIO()
    PIL.Image.fromarray(image).save(target, "PNG")
    return target.getvalue()


def opened(content: bytes) -> np.ndarray:
    return np.array(PIL.Image.open(io.BytesIO(content)))


@pytest.fixture
def drawn_on(monkeypatch):
    """Stands for the canvas: keeps what it is given, and buttons do what a click would."""
    given = {}

    def pick(picture, *, key, on_pick, mask=None, color=""):
        given.update(picture=picture, mask=mask)
        for name, x in {"left": 0, "right": picture.size_hw[1] - 1}.items():
            st.button(name, key=name, on_click=on_pick, args=(x, 0))

    monkeypatch.setattr(canvas, "pick", pick)
    return given


@pytest.fixture
def compared(monkeypatch):
    """What the pictures before and after are."""
    given = []

    def compare(before, after, *, key, labels):
        given.append((before, after))

    monkeypatch.setattr(kmeans_result, "compare", compare)
    return given


@pytest.fixture
def files(monkeypatch):
    """What can be downloaded: the name and a function that makes it, by the key of its button."""
    offered, download = {}, downloads.file

    def noted(label, name, make, digest, *, key, **options):
        offered[key] = name, make
        return download(label, name, make, digest, key=key, **options)

    monkeypatch.setattr(downloads, "file", noted)
    return offered


@pytest.fixture
def visit(start, drawn_on):
    """Open an image in the app and go to the page."""

    def visit(image=FLAG):
        app = start()
        open_image(app, "image.png", png(image))
        return go(app, PAGE)

    return visit


def click(app, *keys):
    for key in keys:
        app.button(key=key).click()
        clean(app.run())


def cluster(app, count):
    app.slider(key="kmeans clusters").set_value(count)
    clean(app.run())


def choose(app, *clusters):
    app.pills[0].set_value(list(clusters))
    clean(app.run())


def look(app, mode):
    app.segmented_control(key="kmeans view").set_value(mode)
    clean(app.run())


def unfold(app, key):
    app.session_state[key] = True
    clean(app.run())


def kept(app):
    return {instance.label: rle.decode(instance.mask) for instance in instances(app)}


def texts(app):
    return [text.value for text in app.markdown]


def shows(given, inside):
    return np.array_equal(rle.decode(given["mask"]), inside)


def test_it_opens_alone_and_asks_for_an_image(start):
    app = start(PAGE)
    assert app.title[0].value == "Color clusters"
    assert [info.value for info in app.info] == ["Open an image first."]


def test_the_palette_says_how_much_of_the_image_each_color_is(visit):
    app = visit()
    shares = {INK: "10.0%", BRICK: "15.0%", GRASS: "20.0%", SKY: "25.0%", SNOW: "30.0%"}
    options = app.pills[0].options
    assert len(options) == len(COLORS)
    for number, (color, option) in enumerate(zip(COLORS, options, strict=True), start=1):
        assert option.startswith(f"{number} ")
        assert option.endswith("#{:02x}{:02x}{:02x} {}".format(*color, shares[color]))


def test_a_click_on_the_image_chooses_its_cluster_and_another_lets_it_go(visit, drawn_on):
    app = visit()
    assert rle.area(drawn_on["mask"]) == 0
    assert app.button(key="keep clusters").disabled
    click(app, "right")
    assert shows(drawn_on, is_of(SNOW))
    assert app.pills[0].value == [4]
    assert "**30.0%** of the image is inside." in texts(app)
    click(app, "left")
    assert shows(drawn_on, is_of(SNOW) | is_of(INK))
    assert "**40.0%** of the image is inside." in texts(app)
    click(app, "right")
    assert shows(drawn_on, is_of(INK))


def test_the_chosen_clusters_are_kept_as_a_layer_each(visit):
    app = visit()
    click(app, "left")
    choose(app, 0, 3)
    click(app, "keep clusters")
    found = kept(app)
    assert list(found) == ["cluster 1", "cluster 4"]
    assert np.array_equal(found["cluster 1"], is_of(INK))
    assert np.array_equal(found["cluster 4"], is_of(SKY))


def test_they_can_be_joined_into_one_layer(visit):
    app = visit()
    choose(app, 1, 2)
    app.toggle(key="kmeans joined").set_value(True)
    clean(app.run())
    click(app, "keep clusters")
    app.text_input(key="kmeans name").set_value(" earth ")
    clean(app.run())
    click(app, "keep clusters")
    found = kept(app)
    assert list(found) == ["clusters 2 + 3", "earth"]
    for inside in found.values():
        assert np.array_equal(inside, is_of(BRICK) | is_of(GRASS))


def test_a_name_is_numbered_only_where_there_are_several(visit):
    app = visit()
    app.text_input(key="kmeans name").set_value("part")
    clean(app.run())
    choose(app, 2)
    click(app, "keep clusters")
    choose(app, 0, 4)
    click(app, "keep clusters")
    assert list(kept(app)) == ["part", "part 1", "part 5"]


def test_another_number_of_clusters_begins_with_none_chosen(visit, drawn_on):
    app = visit()
    choose(app, 4)
    cluster(app, 2)
    assert len(app.pills[0].options) == 2
    assert rle.area(drawn_on["mask"]) == 0
    cluster(app, 5)
    assert shows(drawn_on, is_of(SNOW))


def test_it_says_so_if_the_image_has_fewer_colors(visit):
    app = visit()
    assert not app.info
    cluster(app, 16)
    (note,) = app.info
    assert "only 5 colo" in note.value
    assert len(app.pills[0].options) == 5


def test_the_image_in_few_colors_is_shown_and_the_image_itself(visit, drawn_on, compared):
    app = visit()
    cluster(app, 2)
    few = drawn_on["picture"].image.astype(int)
    assert few.shape == FLAG.shape
    assert np.abs(few[:, 2] - few[:, 20]).max() < 12
    assert np.abs(few[:, 20] - few[:, 98]).min() > 50
    look(app, "Image")
    same = drawn_on["picture"].image.astype(int)
    assert np.abs(same - FLAG).mean() < 3
    click(app, "left")
    look(app, "Compare")
    ((before, after),) = compared
    for file, shown in ((before, same), (after, few)):
        jpeg = image_io.encode_jpeg(shown.astype(np.uint8), quality=92)
        assert np.array_equal(opened(file), opened(jpeg))


def at_middles(whole: np.ndarray) -> np.ndarray:
    """What the map has at the middle of each pixel of the page."""
    rows = ((np.arange(800) + 0.5) * 1200 / 800).astype(int)
    columns = ((np.arange(1200) + 0.5) * 1800 / 1200).astype(int)
    return whole[rows][:, columns]


@pytest.mark.parametrize("space", ["rgb", "lab"])
@pytest.mark.parametrize("count", [2, 7, 16])
def test_what_is_shown_is_a_part_of_what_is_kept(count, space):
    image = large_image()
    content = png(image)
    identity = hashlib.sha256(content).hexdigest()
    picture = Picture(identity, "image.png", content, image.shape[:2])
    settings = ClusterSettings(count, space, 0)
    preview = kmeans_clusters.preview(settings, picture)
    whole = kmeans_clusters.whole(settings, picture)
    assert preview.labels.shape == preview.raster.size_hw == (800, 1200)
    assert np.array_equal(preview.labels, at_middles(whole.labels))
    assert preview.counts.tolist() == np.bincount(whole.labels.ravel()).tolist()
    means = [image[whole.labels == i].mean(axis=0) for i in range(count)]
    colors = [tuple(bytes.fromhex(color[1:])) for color in preview.colors]
    if space == "rgb":  # the mean of Lab values is another color
        assert np.abs(np.array(colors) - means).max() < 0.51


def test_a_mask_holds_the_pixels_of_all_the_labels_given():
    labels = np.array([[0, 1, 2], [2, 255, 1]], np.uint8)
    assert rle.decode(kmeans_clusters.mask_of(labels, [2, 255])).tolist() == [
        [False, False, True],
        [True, True, False],
    ]
    assert rle.area(kmeans_clusters.mask_of(labels, [])) == 0
    assert rle.area(kmeans_clusters.mask_of(labels.T[::-1], [1])) == 2


def test_layers_and_files_are_of_the_size_of_the_image(visit, files, drawn_on):
    image = large_image()
    app = visit(image)
    cluster(app, 6)
    choose(app, 3)
    click(app, "keep clusters")
    inside = kept(app)["cluster 4"]
    labels = opened(files["kmeans label_map.png"][1]())
    assert drawn_on["mask"].size_hw == (800, 1200)
    assert np.array_equal(labels == 4, inside)
    assert set(np.unique(labels)) == {1, 2, 3, 4, 5, 6}
    share = f"**{inside.mean():.1%}** of the image is inside."
    assert share in texts(app)


def test_the_files_agree_with_each_other_and_with_the_image(visit, files):
    visit()
    name, make = files["kmeans palette.csv"]
    assert name == "image_palette.csv"
    rows = list(csv.DictReader(io.StringIO(make().decode())))
    labels = opened(files["kmeans label_map.png"][1]())
    recolored = opened(files["kmeans clusters.png"][1]())
    assert np.array_equal(recolored, FLAG)
    assert [
        tuple(int(row[channel]) for channel in ("red", "green", "blue")) for row in rows
    ] == COLORS
    for row in rows:
        inside = labels == int(row["cluster"])
        color = tuple(bytes.fromhex(row["hex"].removeprefix("#")))
        assert np.array_equal(inside, is_of(color))
        assert int(row["pixels"]) == inside.sum()
        assert float(row["share"]) == pytest.approx(inside.mean())


@pytest.mark.parametrize("space", ["rgb", "lab"])
def test_the_code_shown_makes_the_very_mask(visit, space, tmp_path, monkeypatch):
    image = large_image()[:300, :400]
    app = visit(image)
    app.segmented_control(key="kmeans space").set_value(space)
    app.number_input(key="kmeans seed").set_value(3)
    clean(app.run())
    choose(app, 0, 2)
    app.toggle(key="kmeans joined").set_value(True)
    clean(app.run())
    click(app, "keep clusters")
    (inside,) = kept(app).values()
    (tmp_path / "image.png").write_bytes(png(image))
    monkeypatch.chdir(tmp_path)
    exec(compile(app.code[0].value, "shown", "exec"), {})
    assert np.array_equal(image_io.read_image(Path("mask.png"))[..., 0] == 255, inside)
    means = image_io.read_image(Path("clusters.png"))[inside]
    assert len(np.unique(means, axis=0)) == 2


def test_the_code_makes_no_mask_while_nothing_is_chosen(visit, tmp_path, monkeypatch):
    app = visit()
    (tmp_path / "image.png").write_bytes(png(FLAG))
    monkeypatch.chdir(tmp_path)
    exec(compile(app.code[0].value, "shown", "exec"), {})
    assert np.array_equal(image_io.read_image(Path("clusters.png")), FLAG)
    assert not Path("mask.png").exists()


def test_the_curve_suggests_as_many_clusters_as_the_image_has_colors(visit, monkeypatch):
    rng = np.random.default_rng(1)
    four = np.array([INK, GRASS, (230, 60, 40), SNOW])[rng.integers(0, 4, (80, 120))]
    noisy = (four + rng.normal(0, 3, four.shape)).round().clip(0, 255).astype(np.uint8)
    app = visit(noisy)
    assert "use suggested" not in [button.key for button in app.button]
    unfold(app, "kmeans curve")
    assert app.button(key="use suggested").label.startswith("Use 4")
    click(app, "use suggested")
    assert app.slider(key="kmeans clusters").value == 4
    assert app.button(key="use suggested").disabled


def test_what_was_chosen_survives_a_page_change(visit, drawn_on):
    app = visit()
    cluster(app, 3)
    app.segmented_control(key="kmeans space").set_value("lab")
    clean(app.run())
    click(app, "right")
    before = drawn_on["mask"]
    assert rle.area(before)
    go(app, page_path("open"))
    go(app, PAGE)
    assert app.slider(key="kmeans clusters").value == 3
    assert drawn_on["mask"] == before


@pytest.mark.parametrize("size_hw", [(1, 1), (3, 2000), (2000, 1)])
def test_an_image_of_one_color_is_no_trouble(visit, compared, size_hw):
    app = visit(np.full((*size_hw, 3), 128, np.uint8))
    unfold(app, "kmeans curve")
    unfold(app, "families")
    for mode in ("Compare", "Image", "Clusters"):
        look(app, mode)
    click(app, "right")
    click(app, "keep clusters")
    assert kept(app)["cluster 1"].all()


def test_the_families_are_shown_on_the_image(visit):
    app = visit()
    unfold(app, "families")
    text = next(text for text in texts(app) if "semantic" in text)
    assert text.count("\n- ") + text.startswith("- ") == 3
    assert "instance" in text
    captions = [text for text in texts(app) if text.startswith("By ")]
    assert captions[:3] == ["By region", "By edge", "By cluster"]
    assert "not run here yet" in captions[3]
    links = [link.proto.page for link in app.get("page_link")]
    assert len(links) == 4


def test_the_objects_that_were_found_are_shown_once_there_are_any(visit, monkeypatch):
    found = Instance(rle.encode(is_of(GRASS)), "meadow", 0.9)
    monkeypatch.setattr(
        object_controls, "outcome", lambda picture: DetectionResult(picture.id, (found,))
    )
    app = visit()
    unfold(app, "families")
    assert "By CNN" in texts(app)
