"""The outside world behind the ports: engines, stores, noise, clock and entropy."""
