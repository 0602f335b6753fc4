"""IDs that OrderCloud makes up where a request names none."""

import secrets

_BYTES = 16


def new_id() -> str:
    """Return 22 characters of base64url."""
    return secrets.token_urlsafe(_BYTES)
