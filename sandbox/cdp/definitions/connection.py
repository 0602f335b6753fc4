"""HTTP endpoints outside: data systems and destinations."""

from typing import Literal

from pydantic import Field

from sandbox.cdp.definitions.base import Definition, ref_of


class Auth(Definition):
    """How a connection signs in; OAuth 2 means client credentials."""

    auth_type: Literal["NONE", "BASIC", "OAUTH2"] = "NONE"
    username: str = ""
    password: str = ""
    token_url: str = ""
    client_id: str = ""
    client_secret: str = ""


class Connection(Definition):
    """An HTTP endpoint: a data system that decisions ask, or a destination of triggered flows.

    `${key}` in *url*, *headers* and *body* is filled from the caller's mappings; `$(ordercloud)`
    and `$(sandbox)` are where the emulators run. *outputs* are the top-level keys of the reply
    that a decision gets; a reply that is an array is called `result`. Timeouts in milliseconds.
    """

    name: str = Field(pattern=r"^[^-]+$")  # a hyphen would break references to it
    system_type: Literal["DATA_SYSTEM", "DESTINATION"] = "DATA_SYSTEM"
    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"] = "GET"
    url: str
    headers: dict[str, str] = Field(default_factory=dict)
    body: str | None = None
    auth: Auth = Auth()
    outputs: tuple[str, ...] = ()
    connection_timeout: int = 1000
    socket_timeout: int = 1000

    @property
    def ref(self) -> str:
        """The connection's reference."""
        return ref_of("connection", self.name)
