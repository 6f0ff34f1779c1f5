"""Open an image: upload, camera or a sample; and what the file is."""

import streamlit as st

from maskcore import rle
from maskcore.image_io import ImageFile
from maskcore.samples import SAMPLES
from maskcore.types import Instance
from pages.shared import downloads, errors, links, markdown, pictures, view, workspace
from pages.start.open import inputs

_MODES = {
    "1": "black and white",
    "L": "gray",
    "LA": "gray with transparency",
    "P": "palette",
    "RGB": "RGB color",
    "RGBA": "RGB color with transparency",
    "CMYK": "CMYK (print colors)",
    "I;16": "gray, 16-bit",
    "F": "gray, floating point",
}


def facts(file: ImageFile) -> dict[str, str]:
    """Say in a few words what an image file is."""
    height, width = file.image.shape[:2]
    turned = f"turned upright (EXIF {file.orientation})"
    return {
        "Size": f"{width:,} × {height:,} pixels, {width * height / 1e6:.2f} megapixels",
        "File": f"{file.format}, {file.n_bytes / 1e6:,.2f} MB",
        "Pixels": _MODES.get(file.mode, file.mode),
        "Orientation": "upright as stored" if file.orientation == 1 else turned,
    }


st.title("Mask Studio")
opened = st.container()

upload, photo = st.tabs(
    [":material/upload: Upload", ":material/photo_camera: Camera"], key="source", on_change="rerun"
)
with upload:
    inputs.image_uploader("JPEG, PNG, WebP, TIFF, BMP, GIF or AVIF: one, or many at once")
with photo:
    if photo.open:
        inputs.camera("Take a photo")
with opened:
    inputs.open_waiting()

st.markdown("**Or start with a sample**")
for column, (name, sample) in zip(st.columns(len(SAMPLES)), SAMPLES.items(), strict=True):
    card = column.container(border=True, height="stretch", vertical_alignment="distribute")
    with card, errors.shown():
        st.image(inputs.sample_thumbnail(name), width="stretch", alt=sample.title)
        st.markdown(f"**{sample.title}**  \n{sample.caption}")
        st.button(
            "Open",
            key=f"sample {name}",
            on_click=inputs.open_sample,
            args=(name,),
            width="stretch",
        )

picture = workspace.current()
with opened:
    if picture is None:
        st.markdown("Make image masks, correct them, use them. **Open an image to begin.**")
    else:
        file = pictures.read(picture)
        left, right = view.beside(picture)
        with left:
            view.show(view.layers_shown(picture), alt=picture.name)
        with right:
            st.subheader(markdown.plain(picture.name), anchor=False)
            st.table(facts(file), border="horizontal", hide_header=True)
            for note in file.notes:
                st.caption(f":material/info: {note}")
            if file.alpha is not None:
                downloads.keep(
                    [Instance(rle.encode(file.alpha), "opaque")],
                    "Keep its transparency as a mask",
                    picture=picture,
                    key="keep alpha",
                )
            links.to(*links.MAKE, *links.USE)
        st.subheader("Open another", anchor=False, divider="gray")
