"""Pure thinking: no await, no clock, no network, no files, no logging."""
