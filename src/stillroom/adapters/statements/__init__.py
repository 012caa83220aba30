"""Plans as statements of SQL, in the words of whichever engine runs them."""
