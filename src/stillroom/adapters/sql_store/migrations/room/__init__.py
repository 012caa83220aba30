"""Steps of the room database."""
