"""Paint a mask by hand, or correct one that was made another way."""

import streamlit as st

from maskcore import rle
from pages.make.paint import mask_import
from pages.shared import canvas, links, workspace
from pages.shared.canvas import target as paint_target
from pages.shared.dataset import sample_images

st.title("Paint")
picture = workspace.current()
if picture is None:
    links.open_first()
else:
    sample_images.way_back(picture)
    target = paint_target.choose(picture)
    canvas.paint(
        picture,
        target.mask,
        key="paint",
        document=target.document,
        on_paint=target.take,
        color=target.color,
        others=target.others,
    )
    area = rle.area(target.mask)
    share = area / (picture.size_hw[0] * picture.size_hw[1])
    st.caption(f"{target.label}: {area:,} pixels, {share:.2%} of the image")
    with st.expander("Start from a mask file", icon=":material/upload_file:"):
        mask_import.offer(picture, then=paint_target.paint_on_last)
