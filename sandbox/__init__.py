"""Local OrderCloud, local CDP and a demo storefront: ordinary HTTP servers, usable without the gateway."""
