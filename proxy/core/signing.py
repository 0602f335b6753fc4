"""OrderCloud's webhook signature, over the body as it came.

Source: docs/sources.md#webhook-signature.
"""

import base64
import hashlib
import hmac


def sign(body: bytes, key: str) -> str:
    """Return what OrderCloud sends as `X-oc-hash`: the HMAC-SHA256 of *body*, in base64."""
    return base64.b64encode(hmac.digest(key.encode(), body, hashlib.sha256)).decode()


def is_signed(body: bytes, signature: str, key: str) -> bool:
    """Say whether *signature* is that of *body*; the time it takes tells nothing of the key."""
    return hmac.compare_digest(sign(body, key).encode(), signature.encode())
