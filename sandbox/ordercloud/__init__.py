"""A local OrderCloud: what a storefront and its admin scripts use of the API, from memory."""
