"""`curated:`: a list that marketers wrote down, for when OrderCloud can give none.

It stands in the rules file, or in a JSON file beside it. Everybody sees the same.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from proxy.core import listing
from proxy.core.query import PAGE_SIZE_MAX
from proxy.model import Json

_MEND = "write items as OrderCloud lists them, each with its ID"


class NotCurated(ValueError):
    """What was written down is no list; *mend* says how to make it one."""

    def __init__(self, what: str, mend: str = _MEND) -> None:
        super().__init__(what)
        self.mend = mend


@dataclass(frozen=True, slots=True)
class Curated:
    """A list in OrderCloud's shape that no upstream is needed for."""

    found: Json


def read_curated(written: str | list[dict[str, Any]], beside: Mapping[str, str]) -> Curated:
    """Return the list that is *written* down, or the one in the file so called.

    Shape: [item, …], in a file also {"Meta": {…}, "Items": [item, …]}; items have an `ID`.
    *beside* holds the texts of the JSON files beside the rules, by name.

    Raises:
        NotCurated: there is no such list.
    """
    found: Json = _parse(written, beside) if isinstance(written, str) else list(written)
    curated = Curated({"Items": found} if isinstance(found, list) else found)
    _check(curated)
    return curated


def _parse(name: str, beside: Mapping[str, str]) -> Json:
    try:
        found: Json = json.loads(beside[name])
    except KeyError:
        what = f"there is no text file '{name}' beside this one"
        raise NotCurated(what, "put it there, or mend the name") from None
    except json.JSONDecodeError as exc:
        what = f"{name}:{exc.lineno}:{exc.colno} is not JSON: {exc.msg}"
        raise NotCurated(what, "mend the file") from exc
    except RecursionError as exc:
        raise NotCurated(f"{name} is nested too deeply", "mend the file") from exc
    return found


def _check(curated: Curated) -> None:
    try:
        page = listing.embedded(curated.found, page=None, page_size=None)
        ids = [listing.id_of(item) for item in listing.parse(page.body).items]
    except listing.NotAList as exc:
        raise NotCurated(str(exc)) from exc
    if not ids:
        raise NotCurated("the list is empty")
    if len(ids) > PAGE_SIZE_MAX:
        raise NotCurated(f"the list has more than {PAGE_SIZE_MAX} items", "keep the best of them")
    if len({one.casefold() for one in ids}) < len(ids):
        raise NotCurated("an ID stands in the list twice", "keep one of them")
