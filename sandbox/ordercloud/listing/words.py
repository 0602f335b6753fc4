"""Texts as the premium search index sees them: folded words, reduced to their stems.

OrderCloud publishes neither its analyser nor its synonyms; this light English stemmer is assumed.
"""

import re
from functools import lru_cache

_WORD = re.compile(r"\w+")
_RULES = tuple(
    (re.compile(ending + r"\Z"), rest)
    for ending, rest in (
        (r"(?<=\w\w)ies", "y"),  # cities
        (r"(?<=ss|sh|ch)es", ""),  # glasses, watches
        (r"(?<=[xz])es", ""),  # boxes
        (r"(?<=\w[^sui])s", ""),  # shoes, but not dress, bus or tennis
        (r"(\w*[aeiouy]\w*)(?<=\w{3})(ing|ed)", r"\1"),  # watching, but not string or red
        (r"([^aeioulsz])\1", r"\1"),  # running, by now with a double n
        (r"(?<=\w[aeiouy][^aeiouy])e", ""),  # love, like lov(ing)
    )
)


def stems(text: str) -> list[str]:
    """Return the stems of a text's words, in order."""
    return [_stem(word) for word in _WORD.findall(text.casefold())]


@lru_cache(maxsize=65_536)
def _stem(word: str) -> str:
    for ending, rest in _RULES:
        word = ending.sub(rest, word)
    return word
