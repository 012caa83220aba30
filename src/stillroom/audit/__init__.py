"""What published tables leak, and what outputs betray: attacks on tables, and tests of claims of differential privacy."""
