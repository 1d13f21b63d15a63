"""Paths and URLs of state directories."""

from __future__ import annotations

import os
from urllib.parse import unquote, urlsplit

from ._errors import Unsupported, invalid


def directory_of(place: str | os.PathLike[str] | None) -> str:
    """The absolute path of a path, a "file:" URL or, for None, of MORTMAIN_DIR."""
    if place is None:
        place = os.environ.get("MORTMAIN_DIR") or None
        if place is None:
            raise invalid("directory", "give a directory, or set MORTMAIN_DIR")
    try:
        path = os.fspath(place)
    except TypeError:
        raise invalid("directory", f"a path or a URL, not {type(place).__name__}") from None
    if not isinstance(path, str) or not path or "\0" in path:
        raise invalid("directory", "a path that is not empty")
    if "://" in path:
        path = _path_of_url(path)
    # As the launcher does, so that every process means the same directory.
    return os.path.realpath(path)


def _path_of_url(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme != "file":
        raise Unsupported(f"this build has no engine for {parts.scheme}://", operation=parts.scheme)
    if parts.netloc not in ("", "localhost") or not parts.path:
        raise invalid("directory", "a file URL names an absolute path: file:///var/lib/state")
    return unquote(parts.path)
