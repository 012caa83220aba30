"""The figures of a contract: what may be revealed, what that means to an attacker, and what of it is spent."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

from stillroom.client.report.markdown import bound_text, bullets, delta_text, listed, quoted, rho_text, share_text, table, time_text
from stillroom.model.charge import RHO_UNIT
from stillroom.policy.allowance import allowance, contract_allowance, most_for_one
from stillroom.privacy.accountant import epsilon_from
from stillroom.privacy.promises import cap_promise
from stillroom.privacy.words import attacker_sentences, percent

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stillroom.client.report.ledger import Ledger
    from stillroom.client.report.record import Record
    from stillroom.model.contract import Contract
    from stillroom.model.release import Promise


class Bounds(NamedTuple):
    """What a contract guarantees: for the costliest release that it allows, and for all releases together."""

    one: Promise
    all: Promise


def bounds(contract: Contract) -> Bounds:
    """Return what a contract guarantees, whatever is asked under it."""
    caps, delta = contract.caps, Fraction(str(contract.caps.delta))
    pairs = ((_costliest(contract), caps.release_selection_delta), (caps.epsilon, caps.selection_delta))
    one, ever = (cap_promise(Fraction(str(epsilon)), delta, Fraction(str(selection))) for epsilon, selection in pairs)
    return Bounds(one, ever)


def _costliest(contract: Contract) -> float:
    """Return the ε that no release goes beyond."""
    return min(most_for_one(contract), contract.caps.epsilon)


def caps_table(contract: Contract) -> str:
    """Return the caps, and how often an attacker who starts at 50:50 is right at most."""
    rows = {"the costliest release": bounds(contract).one, "all releases together": bounds(contract).all}
    heads = ("", "ε (presence)", "ε (a change)", "δ", "right about presence, at most", "right about a fact, at most")
    return table(heads, ([name, *_cells(promise)] for name, promise in rows.items()))


def _cells(promise: Promise) -> list[str]:
    """Return the figures of a guarantee."""
    numbers = map(bound_text, (promise.epsilon, promise.change_epsilon, promise.delta))
    return [*numbers, percent(promise.epsilon, promise.delta), percent(promise.change_epsilon, promise.delta)]


def sentences(contract: Contract) -> str:
    """Return what the costliest release and the cap mean, in the words that a release of that price is printed with."""
    return bullets(attacker_sentences(*bounds(contract)))


def allowances(contract: Contract) -> str:
    """Return the caps as charges."""
    caps = contract.caps
    whole, one = contract_allowance(caps), allowance(_costliest(contract), caps.delta, caps.release_selection_delta)
    lines = [f"Under the contract: ρ = {rho_text(whole.rho)}. Of one release: ρ = {rho_text(one.rho)}."]
    if whole.delta:
        lines.append(
            f"For selecting keys without a declared domain, beyond δ: {delta_text(whole.delta)} in all, {delta_text(one.delta)} of "
            "a release."
        )
    return bullets(lines)


def spent(record: Record, counted: Ledger) -> str:
    """Return what the log says was spent of the contract's cap, and by whom."""
    cap, (rho, delta) = contract_allowance(record.agreed.contract.caps), record.standing.history.spent
    lines = [
        f"Commits: {len(counted.commits)}. Releases stored: {len(counted.releases)}.",
        (
            f"Spent: ρ = {rho_text(rho)}, which is {share_text(Fraction(rho, max(1, cap.rho)))} of the cap. Left: ρ = "
            f"{rho_text(max(0, cap.rho - rho))}."
        ),
    ]
    if cap.delta:
        lines.append(f"Spent for selecting keys: δ = {delta_text(delta)}. Left: δ = {delta_text(max(0, cap.delta - delta))}.")
    lines += [f"Commits for {quoted(name)}: {runs}, which spent ρ = {rho_text(units)}." for name, runs, units in _askers(counted)]
    lines.append(
        "No ε is stated for what is spent: questions are chosen in view of earlier answers, and what holds then is the guarantee "
        "of the cap."
    )
    return bullets(lines)


def _askers(counted: Ledger) -> Iterator[tuple[str, int, int]]:
    """Yield each party that has asked, how many charges were committed for it, and what they add up to."""
    commits = counted.commits.values()
    for name in sorted({one.asked_by for one in commits}):
        own = [one.charge.rho for one in commits if one.asked_by == name]
        yield name, len(own), sum(own)


def releases(record: Record, counted: Ledger) -> str:
    """Return a line for each commit: when, who, which plan, what it cost, and the file that came of it."""
    if not counted.commits:
        return "Nothing was committed: there are no releases."
    delta = Fraction(str(record.agreed.contract.caps.delta))
    heads = ("entry", "committed at (UTC)", "asked by", "accounts", "ρ", "ε by itself, at most", "plan", "release")
    rows = (
        (
            str(index),
            time_text(one.at),
            quoted(one.asked_by),
            listed(f"{account.owner}/{account.population}" for account in one.accounts),
            rho_text(one.charge.rho),
            bound_text(epsilon_from(one.charge.rho * RHO_UNIT, delta)),
            quoted(one.plan),
            quoted(counted.releases[one.reservation]) if one.reservation in counted.releases else "none",
        )
        for index, one in counted.commits.items()
    )
    return table(heads, rows)
