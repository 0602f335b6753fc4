"""Time that passes only when a test says so."""


class Clock:
    """Seconds."""

    def __init__(self, now: float = 0.0) -> None:
        self.now = now

    def __call__(self) -> float:
        """Return the present."""
        return self.now
