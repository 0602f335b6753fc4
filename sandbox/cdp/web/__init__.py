"""The emulator's HTTP interface: one module per API."""
