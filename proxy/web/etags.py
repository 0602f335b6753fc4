"""Entity tags in conditions: RFC 9110 section 13.1."""


def is_known(etag: str, if_none_match: str | None) -> bool:
    """Say whether the caller has this very body: RFC 9110 section 13.1.2."""
    if if_none_match is None:
        return False
    tags = [tag.removeprefix("W/") for tag in _listed(if_none_match)]
    return etag in tags or tags == ["*"]


def may_write(etag: str | None, if_match: str | None, if_none_match: str | None) -> bool:
    """Say whether both conditions of a write hold; *etag* is None where there is nothing yet.

    Source: RFC 9110 section 13.2.2; tags that are weak never match (13.1.1).
    """
    if if_match is not None:
        tags = _listed(if_match)
        return etag is not None and (etag in tags or tags == ["*"])
    return etag is None or not is_known(etag, if_none_match)


def _listed(tags: str) -> list[str]:
    return [tag.strip() for tag in tags.split(",")]
