from __future__ import annotations

from maskcore.datasets.dataset import Contents, Sample
from maskcore.datasets.pictures import EmbeddedPicture
from tests.core.datasets.items import picture


def test_an_embedded_picture_is_a_file_too() -> None:
    content = picture((2, 3))
    one = EmbeddedPicture(lambda: content)
    with one.open() as file:
        assert file.read() == one.read() == content
    assert one.n_bytes() == len(content)
    sample = Sample("a", one, Contents)
    assert sample.size_hw == sample.image().shape[:2] == (2, 3)
