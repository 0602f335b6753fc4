"""HTTP in: parse, call, render. Nothing is decided here."""
