"""Reads what the gateway says of an answer in its headers, and waits for what comes about."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import TypeVar

import httpx2

T = TypeVar("T")

_PATIENCE_S = 10.0

_MEMBER = re.compile(r'(\w+)=(?:"([^"]*)"|([\w-]+))')


def personalization(answer: httpx2.Response) -> dict[str, str]:
    """Return the members of `Personalization`: placement, rule, segment, decision, reason."""
    return {
        name: text or token
        for name, text, token in _MEMBER.findall(answer.headers["personalization"])
    }


def caches(answer: httpx2.Response) -> dict[str, str]:
    """Return what `Cache-Status` says of each cache: `hit`, or why it was asked further."""
    members = [member.split(";") for member in answer.headers["cache-status"].split(", ")]
    return {member[-1].removeprefix("detail="): member[1] for member in members}


def ids(answer: httpx2.Response) -> list[str]:
    """Return the IDs of the listed items."""
    return [item["ID"] for item in answer.json()["Items"]]


async def until(
    ask: Callable[[], Awaitable[T]], holds: Callable[[T], bool], *, within_s: float = _PATIENCE_S
) -> T:
    """Ask again and again until what is said *holds*; for what comes about by itself."""
    async with asyncio.timeout(within_s):
        while True:
            said = await ask()
            if holds(said):
                return said
            await asyncio.sleep(0.01)
