"""The rules by which rows enter a room, applied on their owner's side."""
