"""Find objects with Mask R-CNN; each becomes a layer or a cut-out."""

import streamlit as st

from pages.shared import cutouts, errors, finder, job_view, links, markdown, results, workspace

st.title("Find objects")
st.markdown("A Mask R-CNN finds every object it knows; each one becomes a mask and a cut-out.")

picture = workspace.current()
if picture is None:
    links.open_first()
else:
    look, controls = results.beside(picture)
    with controls:
        wish = finder.wish()
        finder.start(wish)
        job_view.follow(finder.JOB)
        finder.ran()
    found = finder.outcome(picture)
    instances = found.instances if found else ()
    shown = results.Shown.of(picture, instances)
    with look:
        results.view(shown, alt="The objects on the image")
        results.legend(shown)
    if found and found.fault:
        st.error(markdown.plain(found.fault), icon=":material/error:")
    elif found and not instances:
        finder.nothing_found(wish)
    elif instances:
        st.subheader(f"{len(instances)} object{'s' * (len(instances) != 1)}", anchor=False)
        how = cutouts.style("found")
        with errors.shown():
            checked = cutouts.grid(shown, how, key="found")
            chosen = [instances[i] for i in checked]
            with st.container(horizontal=True):
                results.keep(chosen, f"Keep {len(chosen)} as layers", picture=picture, key="keep")
                cutouts.downloads(shown, checked, how, key="found")
        results.same_in_python(finder.python(picture, wish, how))
