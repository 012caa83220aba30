"""Models whose training needs nothing but sums over persons of bounded vectors of whole numbers."""
