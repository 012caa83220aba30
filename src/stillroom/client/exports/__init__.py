"""What comes out of a training, for people and for other programs."""
