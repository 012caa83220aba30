"""One rule a file; each is a function `answer(case) -> Answer`."""
