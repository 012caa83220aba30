"""Accounts and rooms in SQL (SQLAlchemy Core, Alembic). Imported only when a store is opened."""
