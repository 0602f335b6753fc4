"""What a marketplace's owner may read and write: products, catalogs, prices, companies, hooks."""
