"""From the text of a question, in any of its dialects, to a syntax tree in which everything is on a list."""
