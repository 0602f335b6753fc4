"""Decision proxy: the gateway between a storefront, Sitecore CDP and Sitecore OrderCloud."""

__version__ = "0.1.0"
