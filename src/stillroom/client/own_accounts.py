"""A party's own lifetime accounts, as it opens and raises them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillroom import bootstrap
from stillroom.client.caps import cap_of
from stillroom.errors import Code, InvalidInput

if TYPE_CHECKING:
    from stillroom.adapters.home import Home


def raise_account(home: Home, population: str, epsilon: float | None, delta: float, selection_delta: float | None) -> bool:
    """Raise the lifetime cap of an account, or open a new one; return whether it is new. Arguments are those of `Session.raise_account`.

    Raises:
        InvalidInput: `PRICE_INVALID` if the new cap is missing.
        Refusal: `CAP_LOWERED`.
    """
    if epsilon is None:
        raise InvalidInput(Code.PRICE_INVALID, "The new cap is missing.", "Add --epsilon.")
    accounts = bootstrap.accounts_of(home)
    known = [account.cap for account in accounts.all() if account.name.population == population]
    cap = cap_of(epsilon, delta, selection_delta or 0.0)
    if selection_delta is None and known:
        cap = cap.model_copy(update={"delta": known[0].delta})
    if known:
        accounts.raise_cap(population, cap)
        return False
    accounts.add(population, cap)
    return True
