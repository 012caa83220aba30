"""The use cases of a room; the door is the only way out."""
