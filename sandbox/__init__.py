"""Local OrderCloud, local CDP and a demo storefront: HTTP servers, usable without the gateway."""
