"""Uploaded patches: many files, or zips of them, with a manifest among them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from maskcore.files.zips import ZipFiles
from maskcore.patches import manifest as patch_manifest


@dataclass(frozen=True)
class Uploads:
    """What was uploaded.

    Attributes:
        files: Name -> file that is no zip.
        zips: The zips, opened.
        digest: Identifies all of that.
    """

    files: dict[str, UploadedFile]
    zips: tuple[tuple[UploadedFile, ZipFiles], ...]
    digest: str

    @classmethod
    def taken(cls) -> Uploads | None:
        """Show the uploader; return what is in it, None if that is nothing.

        Raises:
            MaskcoreError: If a zip cannot be opened.
        """
        uploaded = st.file_uploader(
            "Patches and manifest: many files, or a zip",
            accept_multiple_files=True,
            key="join files",
            help="Predicted patches must have the names of those that were cut",
        )
        if not uploaded:
            return None
        said = [(file.name, file.file_id) for file in uploaded]
        digest = hashlib.sha256(repr(said).encode()).hexdigest()
        zips = [file for file in uploaded if file.name.lower().endswith(".zip")]
        files = {file.name: file for file in uploaded if file not in zips}
        return cls(
            files, tuple((archive, ZipFiles(archive.getvalue())) for archive in zips), digest
        )

    @property
    def names(self) -> tuple[str, ...]:
        """Of all files, those in the zips included."""
        return tuple(
            dict.fromkeys(
                [*self.files, *(name for _, zipped in self.zips for name in zipped.names)]
            )
        )

    def manifest(self) -> bytes | None:
        """Return the content of the manifest, of the outermost one if there are several."""
        for wanted in patch_manifest.NAMES:
            found = [name for name in self.names if name.rpartition("/")[2] == wanted]
            if found:
                name = min(found, key=lambda path: path.count("/"))
                if name in self.files:
                    return self.files[name].getvalue()
                return next(archive.read(name) for _, archive in self.zips if name in archive.names)
        return None

    def contents(self, names: Iterable[str]) -> tuple[dict[str, bytes], list[bytes]]:
        """Return the content of these files, as far as they are in no zip, and the zips."""
        found = {name: self.files[name].getvalue() for name in names if name in self.files}
        return found, [archive.getvalue() for archive, _ in self.zips]
