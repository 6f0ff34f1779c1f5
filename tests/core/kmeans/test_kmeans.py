from __future__ import annotations

import os
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.cluster import KMeans
from sklearn.datasets import load_sample_images
from threadpoolctl import threadpool_limits

from maskcore import kmeans

PHOTOS = Path(os.environ.get("MASKCORE_TEST_DATA", "") or "absent") / "photos" / "large"
QUALITIES = ("fast", "nearest", "converged")
SPACES = ("rgb", "lab")
TINY_IMAGES = hnp.arrays(
    np.uint8,
    st.tuples(st.integers(1, 7), st.integers(1, 7), st.just(3)),
    elements=st.sampled_from([0, 1, 7, 8, 100, 101, 128, 254, 255]),
)


@pytest.fixture(scope="module", params=["china", "flower"])
def photo(request) -> np.ndarray:
    """214x320, with so many colors that it is not taken for an image with few."""
    china, flower = load_sample_images().images
    rng = np.random.default_rng(0)
    image = (china if request.param == "china" else flower)[::2, ::2]
    noisy = np.clip(image + rng.normal(0, 3, image.shape), 0, 255).astype(np.uint8)
    assert not kmeans.histogram(noisy).has_few_cells
    return noisy


@pytest.fixture(scope="module")
def noise() -> np.ndarray:
    """Colors from everywhere: a pixel's cell says little about its nearest center."""
    return np.random.default_rng(1).integers(0, 256, (120, 90, 3), np.uint8)


def blobs(seed: int, *, spread: float) -> np.ndarray:
    """An image of pixels around six colors."""
    rng = np.random.default_rng(seed)
    middles = rng.uniform(30, 225, (6, 3))
    pixels = middles[rng.integers(0, 6, 40 * 60)] + rng.normal(0, spread, (40 * 60, 3))
    return np.clip(pixels, 0, 255).astype(np.uint8).reshape(40, 60, 3)


def flags(*colors: tuple[int, int, int]) -> np.ndarray:
    """An image of one row of stripes, 4x as wide as there are colors."""
    return np.repeat(np.array([colors], np.uint8), 4, axis=1)


def in_space(image: np.ndarray, space: str) -> np.ndarray:
    """(H, W, 3) RGB, or L* 0-100, a*, b* from OpenCV's 8-bit Lab."""
    if space == "rgb":
        return image.astype(np.float64)
    lab = cv2.cvtColor(np.ascontiguousarray(image), cv2.COLOR_RGB2Lab).astype(np.float64)
    return (lab - [0, 128, 128]) * [100 / 255, 1, 1]


def squared_distances(image: np.ndarray, clusters: kmeans.Clusters) -> np.ndarray:
    """(H, W, K) from each pixel to each center."""
    gaps = in_space(image, clusters.space)[:, :, None] - clusters.positions
    return (gaps**2).sum(-1)


def is_true_of(clusters: kmeans.Clusters, image: np.ndarray) -> bool:
    """Whether labels, counts, inertia and order agree with each other, pixel by pixel."""
    n = len(clusters.centers)
    distances = squared_distances(image, clusters)
    own = np.take_along_axis(distances, clusters.labels[..., None].astype(int), -1)
    assert clusters.labels.shape == image.shape[:2]
    assert clusters.labels.dtype == np.uint8
    assert clusters.counts.tolist() == [np.count_nonzero(clusters.labels == k) for k in range(n)]
    assert clusters.counts.sum() == image.shape[0] * image.shape[1]
    assert clusters.inertia == pytest.approx(own.sum(), rel=1e-9, abs=1e-6)
    luma = clusters.centers @ [0.299, 0.587, 0.114]
    assert (np.diff(luma) >= 0).all()
    return True


def every_label_is_nearest(clusters: kmeans.Clusters, image: np.ndarray) -> bool:
    distances = squared_distances(image, clusters)
    if clusters.space == "rgb":  # exact in double precision, so that the first of equals wins
        return np.array_equal(clusters.labels, distances.argmin(-1))
    own = np.take_along_axis(distances, clusters.labels[..., None].astype(int), -1)[..., 0]
    return bool((own <= distances.min(-1) + 1e-9).all())


def best_of_scikit_learn(image: np.ndarray, n_clusters: int, space: str = "rgb") -> float:
    points = in_space(image, space).reshape(-1, 3)
    colors, counts = np.unique(points, axis=0, return_counts=True)
    with threadpool_limits(1):
        fit = KMeans(n_clusters, n_init=10, random_state=0).fit(colors, sample_weight=counts)
    return float(fit.inertia_)


@pytest.mark.parametrize("quality", QUALITIES)
@pytest.mark.parametrize("space", SPACES)
@pytest.mark.parametrize("n_clusters", [1, 5, 17])
def test_all_that_is_said_of_the_clusters_is_true(photo, quality, space, n_clusters) -> None:
    clusters = kmeans.segment(photo, n_clusters, space=space, quality=quality)
    assert len(clusters.centers) == clusters.n_requested == n_clusters
    assert clusters.note == ""
    assert is_true_of(clusters, photo)


@pytest.mark.parametrize("quality", ["nearest", "converged"])
@pytest.mark.parametrize("space", SPACES)
@pytest.mark.parametrize("n_clusters", [2, 5, 40])
def test_every_pixel_has_its_nearest_center(photo, noise, quality, space, n_clusters) -> None:
    for image in (photo, noise):
        clusters = kmeans.segment(image, n_clusters, space=space, quality=quality)
        assert every_label_is_nearest(clusters, image)


@pytest.mark.parametrize("quality", QUALITIES)
def test_256_clusters_are_as_many_as_there_can_be(noise, quality) -> None:
    clusters = kmeans.segment(noise, 256, quality=quality)
    assert len(np.unique(clusters.labels)) == len(clusters.centers) == 256
    assert is_true_of(clusters, noise)


@pytest.mark.parametrize("quality", ["fast", "converged"])
@pytest.mark.parametrize("space", SPACES)
def test_centers_are_the_means_of_their_pixels(photo, quality, space) -> None:
    clusters = kmeans.segment(photo, 6, space=space, quality=quality)
    pixels = in_space(photo, space)
    is_exact = quality == "converged" or kmeans.histogram(photo, space=space).has_few_cells
    within = 0.05 if is_exact else 1e-4
    for k, center in enumerate(clusters.positions):
        assert np.abs(pixels[clusters.labels == k].mean(0) - center).max() <= within


@pytest.mark.parametrize("n_clusters", [2, 5, 8])
@pytest.mark.parametrize("space", SPACES)
def test_a_photo_is_clustered_as_well_as_by_scikit_learn(photo, n_clusters, space) -> None:
    best = best_of_scikit_learn(photo, n_clusters, space)
    for seed in range(3):
        clusters = kmeans.segment(photo, n_clusters, space=space, quality="converged", seed=seed)
        assert clusters.inertia <= 1.01 * best


def test_the_quick_ways_are_within_two_percent_of_scikit_learn(photo) -> None:
    best = best_of_scikit_learn(photo, 5)
    assert kmeans.segment(photo, 5).inertia <= 1.02 * best
    assert kmeans.segment(photo, 5, quality="nearest").inertia <= 1.01 * best


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("spread", [2, 12])
def test_blobs_are_found_whatever_the_seed(seed, spread) -> None:
    image = blobs(seed, spread=spread)
    best = best_of_scikit_learn(image, 6)
    for start in range(3):
        assert kmeans.segment(image, 6, seed=start).inertia <= 1.01 * best


@pytest.mark.skipif(not PHOTOS.exists(), reason="needs MASKCORE_TEST_DATA")
@pytest.mark.parametrize("n_clusters", [3, 5, 10])
def test_large_photos_are_clustered_as_well_as_by_scikit_learn(n_clusters) -> None:
    for path in sorted(PHOTOS.glob("*.jpg")):
        image = cv2.imread(str(path), cv2.IMREAD_REDUCED_COLOR_8)[::2, ::2, ::-1]
        best = best_of_scikit_learn(image, n_clusters)
        clusters = kmeans.segment(image, n_clusters, quality="converged")
        assert clusters.inertia <= 1.01 * best, path.name
        assert every_label_is_nearest(clusters, image)


@settings(deadline=None)
@given(TINY_IMAGES, st.integers(1, 9), st.sampled_from(SPACES))
def test_a_tiny_image_is_clustered_to_the_end(image, n_clusters, space) -> None:
    n_colors = len(np.unique(in_space(image, space).reshape(-1, 3), axis=0))
    clusters = kmeans.segment(image, n_clusters, space=space)
    assert len(clusters.centers) == min(n_clusters, n_colors)
    assert (clusters.counts > 0).all()
    assert is_true_of(clusters, image)
    assert every_label_is_nearest(clusters, image)
    if n_clusters >= n_colors:
        assert clusters.inertia == pytest.approx(0, abs=1e-6)


@given(TINY_IMAGES)
def test_the_histogram_counts_every_color_and_every_cell(image) -> None:
    histogram = kmeans.histogram(image, exact=True)
    colors, counts = np.unique(image.reshape(-1, 3), axis=0, return_counts=True)
    wanted = {tuple(color): n for color, n in zip(colors.tolist(), counts.tolist(), strict=True)}
    found = histogram.colors
    assert wanted == {
        tuple(color): n
        for color, n in zip(found.values.T.tolist(), found.counts.tolist(), strict=True)
    }
    cells: dict[tuple[int, ...], int] = {}
    for (red, green, blue), n in wanted.items():
        cell = red // 8, green // 4, blue // 8
        cells[cell] = cells.get(cell, 0) + n
    bits = np.stack([histogram.cells & 31, histogram.cells >> 5 & 63, histogram.cells >> 11], 1)
    assert cells == {
        tuple(cell): n for cell, n in zip(bits.tolist(), histogram.counts.tolist(), strict=True)
    }


@pytest.mark.parametrize("quality", QUALITIES)
def test_few_colors_become_exactly_themselves(quality) -> None:
    image = flags((255, 255, 255), (100, 100, 100), (0, 0, 0), (101, 101, 101))
    clusters = kmeans.segment(image, 4, quality=quality)
    assert clusters.centers.tolist() == [[0] * 3, [100] * 3, [101] * 3, [255] * 3]
    assert clusters.counts.tolist() == [4, 4, 4, 4]
    assert clusters.labels.tolist() == [[3] * 4 + [1] * 4 + [0] * 4 + [2] * 4]
    assert clusters.inertia == 0
    assert np.array_equal(clusters.image(), image)


@pytest.mark.parametrize("quality", QUALITIES)
@pytest.mark.parametrize("space", SPACES)
def test_an_image_of_one_color_is_one_cluster(quality, space) -> None:
    image = np.full((3, 5, 3), (10, 20, 30), np.uint8)
    clusters = kmeans.segment(image, 3, quality=quality, space=space)
    assert clusters.counts.tolist() == [15]
    assert not clusters.labels.any()
    assert clusters.inertia == pytest.approx(0, abs=1e-6)
    assert clusters.note == "The image has only 1 color, so there are not 3 clusters."
    assert np.abs(clusters.image().astype(int) - image).max() <= (space == "lab") * 2


def test_two_pixels_in_one_cluster_meet_in_the_middle() -> None:
    image = np.array([[[0, 0, 0], [10, 20, 30]]], np.uint8)
    clusters = kmeans.segment(image, 1)
    assert clusters.centers.tolist() == [[5, 10, 15]]
    assert clusters.inertia == 2 * (5**2 + 10**2 + 15**2)
    assert clusters.image().tolist() == [[[5, 10, 15], [5, 10, 15]]]


def test_fewer_colors_than_clusters_are_said_so() -> None:
    image = flags((0, 0, 0), (255, 0, 0), (255, 255, 255))
    clusters = kmeans.segment(image, 5)
    assert clusters.n_requested == 5
    assert len(clusters.centers) == 3
    assert clusters.note == "The image has only 3 colors, so there are not 5 clusters."


@pytest.mark.parametrize("quality", QUALITIES)
@pytest.mark.parametrize("space", SPACES)
def test_the_image_shows_the_centers(photo, quality, space) -> None:
    clusters = kmeans.segment(photo, 7, quality=quality, space=space)
    painted = clusters.image()
    assert painted.dtype == np.uint8
    assert np.abs(painted - clusters.centers[clusters.labels]).max() <= 0.5


def test_lab_centers_are_colors_of_the_screen() -> None:
    # CIE L*a*b* of the sRGB primaries under D65, as tables have it.
    image = flags((255, 0, 0), (0, 255, 0), (0, 0, 255))
    clusters = kmeans.segment(image, 3, space="lab")
    assert np.abs(clusters.centers - [[0, 0, 255], [255, 0, 0], [0, 255, 0]]).max() < 8
    table = [[32.3, 79.2, -107.9], [53.2, 80.1, 67.2], [87.7, -86.2, 83.2]]
    assert np.abs(clusters.positions - table).max() < 0.6


def test_lab_groups_by_what_is_seen() -> None:
    # Dark green is nearer to black in RGB than to light green, and it is the other way in Lab.
    dark, green, light = (0, 60, 0), (0, 128, 0), (0, 190, 0)
    image = flags((60, 0, 60), dark, green, light, (190, 0, 190))
    lab = kmeans.segment(image, 2, space="lab").labels[0, ::4]
    assert len(set(lab[1:4].tolist())) == 1
    assert lab[0] == lab[4] != lab[1]


@pytest.mark.parametrize("quality", QUALITIES)
@pytest.mark.parametrize("space", SPACES)
def test_the_same_seed_gives_the_same_clusters(photo, quality, space) -> None:
    runs = [kmeans.segment(photo, 9, seed=3, quality=quality, space=space) for _ in range(2)]
    assert np.array_equal(runs[0].labels, runs[1].labels)
    assert np.array_equal(runs[0].centers, runs[1].centers)
    assert runs[0].inertia == runs[1].inertia


@pytest.mark.parametrize("quality", QUALITIES)
@pytest.mark.parametrize("space", SPACES)
def test_a_known_histogram_changes_nothing_but_the_time(photo, quality, space) -> None:
    histogram = kmeans.histogram(photo, space=space, exact=quality == "converged")
    known = kmeans.segment(photo, 4, quality=quality, space=space, histogram=histogram)
    alone = kmeans.segment(photo, 4, quality=quality, space=space)
    assert np.array_equal(known.labels, alone.labels)
    assert known.inertia == alone.inertia


@pytest.mark.parametrize("quality", QUALITIES)
@pytest.mark.parametrize("space", SPACES)
@pytest.mark.parametrize(
    "view",
    [
        np.asfortranarray,
        lambda image: np.repeat(image, 2, axis=1)[:, ::2],
        lambda image: image[::-1].copy()[::-1],
        lambda image: np.dstack([image, image[..., :1]])[..., :3],
        lambda image: image[..., ::-1].copy()[..., ::-1],
    ],
    ids=["column-major", "every second column", "upside down", "of RGBA", "of BGR"],
)
def test_the_memory_order_does_not_matter(photo, quality, space, view) -> None:
    image = photo[:200, :233]
    wanted = kmeans.segment(image.copy(), 5, quality=quality, space=space)
    got = kmeans.segment(view(image), 5, quality=quality, space=space)
    assert np.array_equal(got.labels, wanted.labels)
    assert got.inertia == wanted.inertia


def test_the_image_is_not_changed(photo) -> None:
    before = photo.copy()
    image = photo.copy()
    image.flags.writeable = False
    for quality in QUALITIES:
        for space in SPACES:
            kmeans.segment(image, 3, quality=quality, space=space).image()
    kmeans.curve(image, n_clusters=[2, 3])
    assert np.array_equal(image, before)


@pytest.mark.parametrize("shape", [(1, 3000, 3), (3000, 1, 3)])
def test_one_row_or_one_column_is_an_image(shape) -> None:
    image = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    for quality in QUALITIES:
        assert is_true_of(kmeans.segment(image, 5, quality=quality), image)


def test_an_image_of_several_strips_is_clustered_as_one() -> None:
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (2100, 2100, 3), np.uint8)
    image[1000:, :900] = (3, 5, 7)
    clusters = kmeans.segment(image, 7, quality="nearest")
    colors, counts = np.unique(clusters.labels, return_counts=True)
    assert colors.tolist() == list(range(7))
    assert counts.tolist() == clusters.counts.tolist()
    gaps = image.astype(np.float32) - clusters.centers.astype(np.float32)[clusters.labels]
    assert clusters.inertia == pytest.approx(float((gaps**2).sum(dtype=np.float64)), rel=1e-5)


def test_the_curve_is_made_of_what_segment_finds(photo) -> None:
    for space in SPACES:
        curve = kmeans.curve(photo, n_clusters=[7, 2, 4, 2], space=space)
        assert curve.n_clusters == (2, 4, 7)
        for n, inertia in zip(curve.n_clusters, curve.inertias, strict=True):
            found = kmeans.segment(photo, n, space=space)
            assert inertia == pytest.approx(found.inertia, rel=1e-9)


def test_the_curve_bends_where_the_image_has_its_colors() -> None:
    # Four colors far apart, with some grain, as an image with few cells and one with many.
    rng = np.random.default_rng(0)
    middles = np.array([[30, 30, 30], [220, 40, 40], [40, 220, 40], [60, 60, 225]])
    for spread, size in ((3, 30), (14, 200)):
        pixels = middles[rng.integers(0, 4, (size, size))] + rng.normal(0, spread, (size, size, 3))
        image = np.clip(pixels, 0, 255).astype(np.uint8)
        curve = kmeans.curve(image)
        assert curve.n_clusters == tuple(range(2, 13))
        assert curve.suggested == 4
        assert curve.inertias[2] < curve.inertias[1] / 2


def test_the_curve_of_two_colors_is_flat() -> None:
    curve = kmeans.curve(flags((0, 0, 0), (0, 9, 0)))
    assert curve.inertias == (0,) * 11
    assert curve.suggested == 2
    assert kmeans.curve(flags((0, 0, 0), (0, 9, 0)), n_clusters=[1]).inertias == (8 * 4.5**2,)


@pytest.mark.parametrize("n_clusters", [0, -1, 257])
def test_the_number_of_clusters_has_limits(n_clusters) -> None:
    message = f"n_clusters must be 1 to 256, got {n_clusters}"
    with pytest.raises(ValueError, match=message):
        kmeans.segment(flags((0, 0, 0)), n_clusters)
    with pytest.raises(ValueError, match=message):
        kmeans.curve(flags((0, 0, 0)), n_clusters=[2, n_clusters])


@pytest.mark.parametrize("n_clusters", ["5", True, 2.0, None])
def test_the_number_of_clusters_is_an_integer(n_clusters) -> None:
    with pytest.raises(TypeError, match=f"n_clusters must be an integer, got {n_clusters!r}"):
        kmeans.segment(flags((0, 0, 0)), n_clusters)


def test_numpy_integers_are_integers() -> None:
    assert len(kmeans.segment(flags((0, 0, 0), (9, 9, 9)), np.int64(2)).centers) == 2


def test_unknown_options_are_named() -> None:
    image = flags((0, 0, 0))
    with pytest.raises(ValueError, match="space must be 'rgb' or 'lab', got 'hsv'"):
        kmeans.segment(image, 2, space="hsv")
    with pytest.raises(ValueError, match="space must be 'rgb' or 'lab', got 'hsv'"):
        kmeans.histogram(image, space="hsv")
    with pytest.raises(ValueError, match=r"quality must be .*, got 'best'"):
        kmeans.segment(image, 2, quality="best")
    with pytest.raises(ValueError, match="n_clusters must hold at least one number"):
        kmeans.curve(image, n_clusters=[])


def test_a_histogram_that_does_not_match_is_refused(photo) -> None:
    histogram = kmeans.histogram(photo)
    with pytest.raises(ValueError, match="histogram must have size"):
        kmeans.segment(photo[1:], 2, histogram=histogram)
    with pytest.raises(ValueError, match="histogram must be of space 'lab', got 'rgb'"):
        kmeans.segment(photo, 2, space="lab", histogram=histogram)
    with pytest.raises(ValueError, match="histogram must be counted with exact=True"):
        kmeans.segment(photo, 2, quality="converged", histogram=histogram)
    with pytest.raises(ValueError, match="histogram must be counted with exact=True"):
        kmeans.curve(photo, histogram=histogram)
    with pytest.raises(TypeError, match="histogram must be a Histogram, got ndarray"):
        kmeans.segment(photo, 2, histogram=histogram.counts)


@pytest.mark.parametrize("image", [np.zeros((2, 2), np.uint8), np.zeros((0, 2, 3), np.uint8)])
def test_only_color_images_are_clustered(image) -> None:
    for work in (kmeans.histogram, kmeans.curve, lambda image: kmeans.segment(image, 2)):
        with pytest.raises(ValueError, match="image must have shape"):
            work(image)


def test_opencv_keeps_its_number_of_threads(photo) -> None:
    before = cv2.getNumThreads()
    cv2.setNumThreads(2)
    try:
        kmeans.segment(photo, 5, quality="converged")
        assert cv2.getNumThreads() == 2
    finally:
        cv2.setNumThreads(before)
