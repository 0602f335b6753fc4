"""The demo shop: a page that shows what the gateway answers to each shopper, and why."""
