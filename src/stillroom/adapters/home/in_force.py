"""Which contract a home takes for the one in force, whatever a server says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillroom.adapters.home.membership import membership_of, see_contract
from stillroom.errors import Code, Refusal
from stillroom.room import contracts

if TYPE_CHECKING:
    from stillroom.adapters.home.home import Home
    from stillroom.model.contract import Contract


def contract_in_force(home: Home, envelope: bytes, *, newcomer: bool = False) -> Contract:
    """Return a contract that all its parties have signed for this room, this party with this home's key, and that no later one replaces.

    Args:
        home: The party's home.
        envelope: What the server shows.
        newcomer: Whether a home that has seen no contract yet may read one that does not name it, as who is to become a party has to.

    Raises:
        InvalidInput: `CONTRACT_INVALID`; `HOME_INVALID` if the home has joined no server.
        Refusal: `KEY_MISMATCH` if it is for another room, or does not name this party by this home's key; `CONTRACT_REPLACED` if the home
            has seen a later one.
        Unverified: A party has not signed it.
    """
    membership = membership_of(home.path)
    contract = contracts.signed_by_all(envelope, membership.key)
    mine = contract.party(home.party)
    if mine is not None and mine.key == home.signing_key.public.text:
        see_contract(home.path, home.party, contract)
    elif not newcomer or membership.contracts:
        raise Refusal(Code.KEY_MISMATCH, "The contract does not name this party by the key of its home.", "Use the home that has signed.")
    return contract
