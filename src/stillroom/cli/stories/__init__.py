"""The stories of `stillroom demo`: one file each, and what they share: the room that they play in, and how they are told."""
