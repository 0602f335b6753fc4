"""What a tenant's marketers and administrators have set up, as the files under `data/` say it.

Keys are written in camelCase, as in Sitecore's own JSON; docs/sandbox-cdp.md describes the files.
"""
