"""Aggregates of one person's rows, in subqueries that group by the person: what is added up, and what is made of that."""
