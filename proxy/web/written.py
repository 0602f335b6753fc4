"""An answer whose headers are bytes already, as the connection sends them."""

from starlette.responses import Response

from proxy.core.hops import Header


class Written(Response):
    """A response of *headers*, names in lower case, and *body*; a length is added where it has one.

    Starlette's own takes text and encodes it, which takes as long as all the rest of an answer.
    """

    def __init__(self, headers: list[Header], body: bytes | None, *, status: int = 200) -> None:
        self.status_code = status
        self.background = None
        self.raw_headers = headers
        self.body = b""
        if body is not None:
            self.raw_headers = [*headers, (b"content-length", b"%d" % len(body))]
            self.body = body
