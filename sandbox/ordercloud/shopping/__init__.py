"""Carts and orders: line items, promotions, payments, addresses, submit."""
