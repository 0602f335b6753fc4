"""Which request targets may be passed on to OrderCloud: those that are plainly a path there.

A path is judged decoded as often as anybody on the way might decode it, so that nothing turns into
another path later on.
"""

import re
from urllib.parse import unquote_to_bytes

_PREFIXES = (b"/v1/", b"/oauth/")
_WRITTEN = re.compile(rb"(?:[A-Za-z0-9/._~!$&'()*+,;=:@|-]|%(?![uU]))*")
"""RFC 3986 section 3.3, and the `|` and single `%` that the official SDK leaves as they are."""

_VISIBLE = re.compile(rb"[\x21-\x7e]*")
_DOTS = re.compile(rb"/\.{1,2}(;[^/]*)?(/|\Z)")
_ASTRAY = re.compile(rb"[\x00-\x1f\x7f\\]")


def is_plain(path: bytes, query: bytes) -> bool:
    """Say whether *path* and *query*, as they came in, name one path under `/v1/` or `/oauth/`."""
    return (
        path.startswith(_PREFIXES)
        and _WRITTEN.fullmatch(path) is not None
        and _VISIBLE.fullmatch(query) is not None
        and _means_one_path(path)
    )


def _means_one_path(path: bytes) -> bool:
    decoded = unquote_to_bytes(unquote_to_bytes(path))
    return (
        decoded == unquote_to_bytes(decoded)
        and decoded.count(b"/") == path.count(b"/")
        and not _ASTRAY.search(decoded)
        and not _DOTS.search(decoded)
        and _is_text(decoded)
    )


def _is_text(decoded: bytes) -> bool:
    """Say whether these bytes are UTF-8: an overlong slash, for one, is not."""
    try:
        decoded.decode()
    except UnicodeDecodeError:
        return False
    return True
