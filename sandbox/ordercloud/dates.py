"""OrderCloud's way of writing a moment: ISO 8601, UTC as an offset, no trailing zeros."""

from datetime import UTC, datetime


def write(at: float) -> str:
    """Return epoch seconds as OrderCloud writes them: `2021-02-08T23:09:14.82+00:00`."""
    moment = datetime.fromtimestamp(at, UTC)
    fraction = f"{moment.microsecond:06d}".rstrip("0")
    return f"{moment:%Y-%m-%dT%H:%M:%S}{'.' if fraction else ''}{fraction}+00:00"


def read(text: str) -> float:
    """Return epoch seconds; a moment without offset is UTC. Raises ValueError."""
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def is_date(text: str) -> bool:
    """Say whether `read` understands the text."""
    try:
        read(text)
    except ValueError:
        return False
    return True
