"""Ways to measure a plan so that only noisy cells come out."""
