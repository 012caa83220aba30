"""Rewrites of questions: each keeps what is measured, and brings equal questions to one plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillroom.query.rewrites.name_columns import name_columns
from stillroom.query.rewrites.order_operands import order_operands
from stillroom.query.rewrites.prune_columns import prune_columns
from stillroom.query.rewrites.push_filters import push_filters
from stillroom.query.rewrites.settle_nulls import settle_nulls

if TYPE_CHECKING:
    from stillroom.query.draft import Draft

RULES = (push_filters, prune_columns, name_columns, settle_nulls, order_operands)


def apply(draft: Draft) -> Draft:
    """Apply all rewrites, in order."""
    for rule in RULES:
        draft = rule(draft)
    return draft
