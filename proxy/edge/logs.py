"""Log lines: for machines or for people, and no more of a kind than anybody reads."""

import json
import logging
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from proxy.sections import Log

_STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime"}


class Sampled:
    """Logs what may happen thousands of times a second: one line per kind and interval, counted."""

    def __init__(
        self, logger: logging.Logger, *, every_s: float = 10.0, clock: Callable[[], float]
    ) -> None:
        self._logger = logger
        self._every_s = every_s
        self._clock = clock
        self._kinds: dict[tuple[str, ...], tuple[float, int]] = {}

    def warning(self, message: str, **kind: str) -> None:
        """Log *message* about *kind* (bounded words), or count it for the next line."""
        key = (message, *kind.values())
        since, times = self._kinds.get(key, (float("-inf"), 0))
        times += 1
        if self._clock() - since >= self._every_s:
            self._logger.warning(message, extra={**kind, "times": times})
            since, times = self._clock(), 0
        self._kinds[key] = since, times


class _JsonFormatter(logging.Formatter):
    """One JSON object per line; what was given as `extra` stands beside the message."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        line |= _extra(record)
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


class _TextFormatter(logging.Formatter):
    """For people: time, level, message, then `key=value`."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(message)s", "%H:%M:%S")

    def format(self, record: logging.LogRecord) -> str:
        extra = " ".join(f"{key}={_one_line(value)}" for key, value in _extra(record).items())
        return f"{super().format(record)} {extra}".rstrip()


def _one_line(value: object) -> str:
    """Write *value* so that nothing a caller sent can begin a line of its own."""
    text = str(value)
    return text if text.isprintable() else ascii(text)


def _extra(record: logging.LogRecord) -> dict[str, Any]:
    return {key: value for key, value in record.__dict__.items() if key not in _STANDARD}


def configure_logging(config: Log) -> None:
    """Send the process's logs to standard error in the configured form."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JsonFormatter() if config.format == "json" else _TextFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(config.level.upper())
    for noisy in ("asyncio", "httpcore2", "httpx2", "uvicorn"):
        logging.getLogger(noisy).setLevel("WARNING")
