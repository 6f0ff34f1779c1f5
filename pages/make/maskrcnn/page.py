"""Find objects with Mask R-CNN; each becomes a layer or a cut-out."""

import streamlit as st

from maskcore.wording import counted
from pages.shared import cutouts, downloads, errors, links, markdown, view, workspace
from pages.shared.jobs import progress
from pages.shared.objects import controls as object_controls

st.title("Find objects")
st.markdown("A Mask R-CNN finds every object it knows; each one becomes a mask and a cut-out.")

picture = workspace.current()
if picture is None:
    links.open_first()
else:
    look, controls = view.beside(picture)
    with controls:
        request = object_controls.request()
        object_controls.start(request)
        progress.follow(object_controls.JOB)
        object_controls.ran()
    result = object_controls.outcome(picture)
    instances = result.instances if result else ()
    shown = view.Shown.of(picture, instances)
    with look:
        view.show(shown, alt="The objects on the image")
        view.legend(shown)
    if result and result.fault:
        st.error(markdown.plain(result.fault), icon=":material/error:")
    elif result and not instances:
        object_controls.nothing_found(request)
    elif instances:
        st.subheader(counted(len(instances), "object"), anchor=False)
        settings = cutouts.settings("found")
        with errors.shown():
            checked = cutouts.grid(shown, settings, key="found")
            kept = [instances[i] for i in checked]
            with st.container(horizontal=True):
                downloads.keep(kept, f"Keep {len(kept)} as layers", picture=picture, key="keep")
                cutouts.download_all(shown, checked, settings, key="found")
        downloads.same_in_python(object_controls.python(picture, request, settings))
