"""`/rules` on the admin listener: files read, tried out and published; `/preview` of what they do.

`PUT` takes and `GET` gives a file as it stands in the folder. Source: RFC 9110, RFC 9512.
"""

from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from proxy import document
from proxy.core.diff import Change
from proxy.core.examples import read_given
from proxy.core.impact import Impact
from proxy.core.placement import Placement
from proxy.desk import Desk, Edit, Review
from proxy.errors import UNREADABLE, ProxyError, RequestError
from proxy.folder import BESIDE
from proxy.preview import Window, preview
from proxy.revisions import Revision, etag_of
from proxy.ruleset import RuleSet
from proxy.web.body import read_body
from proxy.web.etags import is_known, may_write

_LOOKED_AT_MAX = 20
"""So many changes are looked at: each is two lists and more."""

_PREVIEW_SHAPE = '{"file": "home-hero", "given": {"segment": "vip"}, "text": "…"}'
_PRIVATE = {"cache-control": "private, no-cache"}


class _Wanted(msgspec.Struct, forbid_unknown_fields=True):
    file: str
    given: msgspec.Raw = msgspec.Raw(b"{}")
    variant: str | None = None
    text: str | None = None


class Shelf(Window, Protocol):
    """Lists as test shoppers see them, and as they would."""

    async def impacts(self, change: Change) -> list[Impact]:
        """Return how lists change, or raise ProxyError; none where nobody can look."""


class RulesEndpoints:
    """What marketers' tools call, the studio among them; OrderCloud is at *base_url*."""

    def __init__(self, desk: Desk, shelf: Shelf, *, base_url: str) -> None:
        self._desk = desk
        self._shelf = shelf
        self._base_url = base_url

    async def listed(self, _: Request) -> Response:
        """List the files that serve, and what is wrong with any."""
        return _json(_listed(self._desk.rules))

    async def read(self, request: Request) -> Response:
        """Give a file, or one of its revisions, as it stands."""
        name = request.path_params["name"]
        if (revision_id := request.query_params.get("revision")) is not None:
            return _text(name, await self._desk.revision(name, revision_id), request)
        return _text(*await self._desk.text(name), request)

    async def write(self, request: Request) -> Response:
        """Publish the body as the file; with `dry_run=true` only say what that would do.

        Raises:
            DocumentError: with every mistake; nothing has changed.
            EditConflict: a condition of the request does not hold.
        """
        body = await read_body(request, document.MAX_BYTES)
        try:
            text = body.decode()
        except UnicodeDecodeError as exc:
            raise RequestError(f"send UTF-8: {exc}") from exc
        review = await self._do(request, Edit(request.path_params["name"], text))
        is_made = review.is_new and not _is_dry(request)
        told = await self._told(request, review)
        return _json(told, 201 if is_made else 200, etag=etag_of(text))

    async def remove(self, request: Request) -> Response:
        """Take the file away; with `dry_run=true` only say what that would do."""
        review = await self._do(request, Edit(request.path_params["name"], None))
        return _json(await self._told(request, review))

    async def _told(self, request: Request, review: Review) -> dict[str, Any]:
        """Return the review, and with `impacts=true` what test shoppers see of its changes."""
        told = review.as_json()
        if request.query_params.get("impacts") == "true":
            looked_at = zip(review.changes, told["changes"][:_LOOKED_AT_MAX], strict=False)
            for change, beside in looked_at:
                beside.update(await self._impacts(change))
        return told

    async def _impacts(self, change: Change) -> dict[str, Any]:
        try:
            return {"impacts": [one.as_json() for one in await self._shelf.impacts(change)]}
        except ProxyError as exc:
            return {"impacts": [], "why_not": str(exc)}

    async def _do(self, request: Request, edit: Edit) -> Review:
        do = self._desk.review if _is_dry(request) else self._desk.publish
        if_match = request.headers.get("if-match")
        if_none_match = request.headers.get("if-none-match")
        return await do(edit, expects=lambda etag: may_write(etag, if_match, if_none_match))

    async def revisions(self, request: Request) -> Response:
        """List a file's former texts, the newest first."""
        kept = await self._desk.revisions(request.path_params["name"])
        return _json({"revisions": [_revision(one) for one in kept]})

    async def preview(self, request: Request) -> Response:
        """Show what a placement lists for whom is given, by the text in the body or as it serves.

        Raises:
            RequestError: the body is not of that shape.
            DocumentError: with every mistake in the text or in what is given.
        """
        wanted = _wanted(await read_body(request, 2 * document.MAX_BYTES))
        given = read_given(bytes(wanted.given).decode(), "given")
        placement = await self._placement(wanted)
        shown = await preview(
            placement, given, self._shelf, base_url=self._base_url, variant=wanted.variant
        )
        return _json(shown.as_json())

    async def _placement(self, wanted: _Wanted) -> Placement:
        if wanted.text is None:
            return self._desk.placement(wanted.file)
        path, drafted = await self._desk.draft(Edit(wanted.file, wanted.text))
        return drafted.of_file(path)


def _is_dry(request: Request) -> bool:
    return request.query_params.get("dry_run") == "true"


def _wanted(body: bytes) -> _Wanted:
    try:
        return msgspec.json.decode(body, type=_Wanted)
    except UNREADABLE as exc:
        raise RequestError(f"{exc}; send {_PREVIEW_SHAPE}") from exc


def _listed(rules: RuleSet) -> dict[str, Any]:
    placements = {placement.file: placement for placement in rules.placements.values()}
    return {
        "version": rules.version,
        "loaded_at": datetime.fromtimestamp(rules.loaded_at, UTC).isoformat(),
        "files": [_file(file, placements.get(file), rules) for file in rules.files],
        "problems": [asdict(problem) for problem in rules.problems],
    }


def _file(file: str, placement: Placement | None, rules: RuleSet) -> dict[str, Any]:
    about = {"file": Path(file).name, "problems": sum(one.file == file for one in rules.problems)}
    return about | (_about(placement) if placement else {"placement": None})


def _about(placement: Placement) -> dict[str, Any]:
    """Tell what a placement is, and what its rules tell shoppers apart by."""
    return {
        "placement": placement.name,
        "description": placement.description,
        "resource": placement.resource,
        "flow": placement.flow.friendly_id if placement.flow else None,
        "rules": [rule.name for rule in placement.rules],
        "named": {subject: sorted(values) for subject, values in placement.named.items()},
    }


def _revision(revision: Revision) -> dict[str, str]:
    return {"id": revision.id, "at": revision.at.isoformat(), "etag": revision.etag}


def _json(told: dict[str, Any], status: int = 200, *, etag: str | None = None) -> Response:
    headers = _PRIVATE if etag is None else {**_PRIVATE, "etag": etag}
    return Response(msgspec.json.encode(told), status, headers, "application/json")


def _text(name: str, text: str, request: Request) -> Response:
    headers = {**_PRIVATE, "etag": etag_of(text)}
    if is_known(headers["etag"], request.headers.get("if-none-match")):
        return Response(status_code=304, headers=headers)
    kind = "application/json" if name.endswith(BESIDE) else "application/yaml"
    return Response(text, headers=headers, media_type=f"{kind}; charset=utf-8")
