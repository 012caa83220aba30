"""Sensitivity, mechanisms, accounting, intervals and plain words."""
