"""Run-length codes to masks: paste or upload rows, see them on the image, keep, download."""

import streamlit as st

from pages.make.rle import rows, source as rle_source
from pages.shared import downloads, errors, view

st.title("Run-length codes")
st.markdown("Paste rows of a Kaggle CSV, or any run-length codes, and see the masks on the image.")

rows_slot, options_slot = st.columns([3, 2], gap="large")
with rows_slot:
    source = rle_source.source()
with options_slot:
    size_hw, dialect = rle_source.options()

table = image_rows = None
if source is None:
    st.info("Paste or upload rows above, or try the example row.", icon=":material/arrow_upward:")
else:
    with errors.shown():
        table = rows.read(source, size_hw, dialect)
if table:
    image_rows = rows.choose(table)
    if image_rows is None:
        st.error("No row could be read; see why below.", icon=":material/error:")
        rows.listed([], table.problems)

if source and table and image_rows:
    picture = image_rows.picture
    if dialect is None:
        rows.show_candidates(image_rows.rows, table.dialect)
    instances = rows.instances(image_rows.rows)
    shown = view.Shown.of(picture, instances, rows.colors(image_rows.rows))
    view_slot, list_slot = view.beside(picture)
    with list_slot:
        selected = rows.listed(image_rows.rows, image_rows.problems)
        some = [instances[i] for i in selected]
        with st.container(horizontal=True):
            downloads.keep(instances, f"Keep all {len(instances)}", picture=picture, key="all")
            if some:
                downloads.keep(some, f"Keep {len(some)} selected", picture=picture, key="some")
            downloads.masks(shown, key="rle files")
    with view_slot:
        first = selected[0] if selected else None
        view.show(shown, alt="The masks on the image", highlight=first)
        view.legend(shown)
    downloads.same_in_python(rows.python(source, image_rows, table, size_hw))
