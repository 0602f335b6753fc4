"""Everything that can go wrong, as one tree.

ProxyError
├── DocumentError           a YAML file or a setting: every problem found, with its place
├── RequestError            400  the caller's query cannot be read
│   ├── InvalidEvents       400  reported events: every mistake found
│   ├── TooLarge            413  more than is read
│   ├── HeadTooLarge        431  request line and headers are
│   └── CallerLeft          408  gone, or silent for too long
├── TooManyConnections      503
├── TokenError              401  missing, malformed, expired, foreign, wrongly signed
├── SignatureError          401  a webhook that is not OrderCloud's
├── UnknownPlacement        404
├── UnknownRevision         404
├── EditConflict            412  somebody else has edited the file meanwhile
├── RulesReadOnly           409
├── UpstreamError                OrderCloud or CDP
│   ├── UpstreamTimeout     504  did not answer within its limit
│   ├── UpstreamRefused     502  cannot be reached, or broke the connection
│   ├── UpstreamFailed      502  answered with an error status
│   ├── UpstreamBroken      502  answered with something that makes no sense
│   ├── UpstreamBusy        503  too many calls under way already
│   └── UpstreamOpen        503  keeps failing, and is left alone for a moment
├── RedisAway           503  Redis cannot be reached, is too slow, or refused
├── ScopeChanged                 who fetched a page for a scope is no longer of it
├── EventRefused                 CDP will never take this event
├── OutboxFull              503  no event can be kept now
└── OrderCloudRefused            OrderCloud's own error answer, shown as OrderCloud wrote it

`code` is stable and may be relied on; `status` is the HTTP status it becomes (web.problems).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import msgspec

UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What decoding JSON from outside may raise: it is not JSON, not UTF-8, or nested too deep."""

_SERVER_FAULT = 5  # hundred
_TRY_LATER = frozenset({408, 429})
_NOT_YOU = frozenset({401, 403})


class ProxyError(Exception):
    """A fault with a stable code, a title and an HTTP status; the message is for the reader."""

    code: ClassVar[str] = "internal"
    title: ClassVar[str] = "The gateway made a mistake"
    status: ClassVar[int] = 500

    @property
    def is_outage(self) -> bool:
        """Say whether trying again later may help, so that something older may stand in."""
        return False

    @property
    def is_personal(self) -> bool:
        """Say whether it is about who asked, so that it says nothing to anybody else."""
        return False


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake: where (line and column from 1; 0 for a setting), what, and how to mend it."""

    file: str
    line: int
    column: int
    what: str
    mend: str

    def __str__(self) -> str:
        """Write `file:line:col: what; how to mend`."""
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        return f"{place}: {self.what}" + (f"; {self.mend}" if self.mend else "")


class DocumentError(ProxyError):
    """A YAML file, or settings from the environment, that cannot be used."""

    code = "document-invalid"
    title = "A file is not valid"
    status = 422

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


class RequestError(ProxyError):
    """The caller's own mistake."""

    code = "bad-request"
    title = "The request cannot be read"
    status = 400


class InvalidEvents(RequestError):
    """Events that cannot be taken; nothing of the batch was."""

    code = "invalid-events"
    title = "The events cannot be taken"

    def __init__(self, mistakes: tuple[str, ...]) -> None:
        super().__init__("; ".join(mistakes))
        self.mistakes = mistakes


class TooLarge(RequestError):
    """The body is larger than what is read."""

    code = "too-large"
    title = "The request is too large"
    status = 413


class HeadTooLarge(RequestError):
    """Request line and headers are larger than what is read."""

    code = "head-too-large"
    title = "The request's headers are too large"
    status = 431


class CallerLeft(RequestError):
    """The caller has gone, or neither reads nor writes any more."""

    code = "caller-left"
    title = "The caller left"
    status = 408


class TooManyConnections(ProxyError):
    """As many connections are open as may be."""

    code = "too-many-connections"
    title = "Too many connections are open"
    status = 503


class TokenError(ProxyError):
    """The shopper's token was not accepted; nothing is shown."""

    code = "invalid-token"
    title = "The access token was not accepted"
    status = 401


class SignatureError(ProxyError):
    """A webhook's signature is not OrderCloud's."""

    code = "invalid-signature"
    title = "The signature was not accepted"
    status = 401


class UnknownPlacement(ProxyError):
    """No rules file defines a placement of that name."""

    code = "unknown-placement"
    title = "There is no such placement"
    status = 404


class UnknownRevision(ProxyError):
    """A rules file has had no such text, or it is not kept any more."""

    code = "unknown-revision"
    title = "There is no such revision"
    status = 404


class EditConflict(ProxyError):
    """A rules file is not as it was when an edit of it began."""

    code = "edit-conflict"
    title = "Somebody else has edited the file"
    status = 412


class RulesReadOnly(ProxyError):
    """The rules folder cannot be written by the gateway."""

    code = "rules-read-only"
    title = "The rules cannot be edited here"
    status = 409


class UpstreamError(ProxyError):
    """OrderCloud or CDP did not give a usable answer."""

    code = "upstream"
    title = "An upstream service failed"
    status = 502
    retry_after_s: float = 0.0
    """Seconds for which the upstream asked to be left alone."""

    @property
    def is_outage(self) -> bool:
        """Say yes: the upstream may come back."""
        return True


class UpstreamTimeout(UpstreamError):
    """The upstream did not answer within its limit."""

    code = "upstream-timeout"
    title = "An upstream service did not answer in time"
    status = 504


class UpstreamRefused(UpstreamError):
    """The upstream cannot be reached, or broke the connection off.

    *unsent* when no connection came about, so that it cannot have seen the request.
    """

    code = "upstream-unreachable"
    title = "An upstream service cannot be reached"

    def __init__(self, message: str, *, unsent: bool = False) -> None:
        super().__init__(message)
        self.unsent = unsent


class UpstreamFailed(UpstreamError):
    """The upstream answered with an error status."""

    code = "upstream-failed"
    title = "An upstream service answered with an error"

    def __init__(self, message: str, *, retry_after_s: float = 0.0) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class UpstreamBroken(UpstreamError):
    """The upstream answered with something that makes no sense."""

    code = "upstream-broken"
    title = "An upstream service gave an unusable answer"


class UpstreamBusy(UpstreamError):
    """So many calls are under way that one more would only wait."""

    code = "upstream-busy"
    title = "Too many calls to an upstream service are under way"
    status = 503


class UpstreamOpen(UpstreamError):
    """The upstream keeps failing, so it is not called for a moment."""

    code = "upstream-open"
    title = "An upstream service keeps failing"
    status = 503


class RedisAway(ProxyError):
    """Redis did not do what it was asked; each replica goes on by itself."""

    code = "redis-away"
    title = "What replicas share is out of reach"
    status = 503

    @property
    def is_outage(self) -> bool:
        """Say yes: Redis may come back."""
        return True


class ScopeChanged(ProxyError):
    """Who fetched a page for all of a scope may not be of it any more, so the page is nobody's."""

    code = "scope-changed"
    title = "The shopper sees another catalogue by now"

    @property
    def is_personal(self) -> bool:
        """Say yes: another shopper of the scope may fetch the page."""
        return True


class EventRefused(ProxyError):
    """CDP refused an event for what it is, so that sending it again would not help."""

    code = "event-refused"
    title = "CDP refused an event"


class OutboxFull(ProxyError):
    """The outbox has no room, or its disk has none."""

    code = "outbox-full"
    title = "No event can be kept at the moment"
    status = 503


class OrderCloudRefused(ProxyError):
    """OrderCloud answered with an error, which the caller gets untouched."""

    code = "ordercloud-refused"
    title = "OrderCloud refused the list"

    def __init__(self, *, status: int, headers: Mapping[str, str], body: bytes) -> None:
        super().__init__(f"OrderCloud answered {status}")
        self.answer_status = status
        self.headers = headers
        self.body = body

    @property
    def is_outage(self) -> bool:
        """Say whether OrderCloud failed, rather than said no."""
        return self.answer_status // 100 == _SERVER_FAULT or self.answer_status in _TRY_LATER

    @property
    def is_personal(self) -> bool:
        """Say whether it was the token that OrderCloud did not like, rather than the query."""
        return self.answer_status in _NOT_YOU
