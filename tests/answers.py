"""Reads what the gateway says of an answer in its headers."""

import re

import httpx2

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
