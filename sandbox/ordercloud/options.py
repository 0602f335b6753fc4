"""What can be switched while the emulator runs: `GET` and `PUT /_sandbox/options`."""

from typing import Annotated

import msgspec

NotNegative = Annotated[float, msgspec.Meta(ge=0)]
Positive = Annotated[float, msgspec.Meta(gt=0)]


class Throttle(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """At most *requests* within any *per_s* seconds, all callers together."""

    requests: Annotated[int, msgspec.Meta(ge=1)]
    per_s: Positive = 1.0


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the emulator behaves; the defaults are OrderCloud at its best."""

    index_lag_s: NotNegative = 0.0
    """How long product lists trail behind writes."""
    webhook_copies: Annotated[int, msgspec.Meta(ge=0, le=10)] = 1
    """How often each post-hook is delivered: 2 shows what receivers do with duplicates."""
    throttle: Throttle | None = None
    token_kid: bool = True
    """Whether new tokens name the key that signs them; those of OrderCloud's portal may not."""


def changed(options: Options, change: bytes) -> Options:
    """Return *options* with a JSON object laid over them; raise ValueError saying what is wrong."""
    known = msgspec.to_builtins(options)
    wanted = msgspec.json.decode(change, type=dict[str, object])
    return msgspec.convert({**known, **wanted}, Options)
