"""The Python interface: open a room, ask, read releases."""
