"""A subset of Apache FreeMarker, the language of response templates (docs/sandbox-cdp.md)."""
