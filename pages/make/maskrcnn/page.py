"""Find objects with Mask R-CNN; each becomes a layer or a cut-out."""

import streamlit as st

from maskcore.wording import counted
from pages.shared import cutouts, downloads, errors, links, markdown, view, workspace
from pages.shared.jobs import progress
from pages.shared.objects import controls as finder

st.title("Find objects")
st.markdown("A Mask R-CNN finds every object it knows; each one becomes a mask and a cut-out.")

picture = workspace.current()
if picture is None:
    links.open_first()
else:
    look, controls = view.beside(picture)
    with controls:
        wish = finder.wish()
        finder.start(wish)
        progress.follow(finder.JOB)
        finder.ran()
    found = finder.outcome(picture)
    instances = found.instances if found else ()
    shown = view.Shown.of(picture, instances)
    with look:
        view.show(shown, alt="The objects on the image")
        view.legend(shown)
    if found and found.fault:
        st.error(markdown.plain(found.fault), icon=":material/error:")
    elif found and not instances:
        finder.nothing_found(wish)
    elif instances:
        st.subheader(counted(len(instances), "object"), anchor=False)
        how = cutouts.style("found")
        with errors.shown():
            checked = cutouts.grid(shown, how, key="found")
            chosen = [instances[i] for i in checked]
            with st.container(horizontal=True):
                downloads.keep(chosen, f"Keep {len(chosen)} as layers", picture=picture, key="keep")
                cutouts.download_all(shown, checked, how, key="found")
        downloads.same_in_python(finder.python(picture, wish, how))
