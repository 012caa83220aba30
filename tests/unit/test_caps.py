"""Caps of what one person adds: given by the analyst, or chosen by a first measurement; what is refused, and what a price says."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest

from stillroom.adapters.engine.features import lacking
from stillroom.client.verification.sizes import like
from stillroom.client.verification.table import check_table
from stillroom.errors import Code, StillroomError
from stillroom.model.advice import Advised
from stillroom.model.codec import digest_of, encode
from stillroom.model.expression import Average
from stillroom.model.measure import PERSONS, alike, telling
from stillroom.model.plan import Plan
from stillroom.model.question import Terms
from stillroom.privacy.promises import Noised, release_promise
from stillroom.privacy.words import cap_sentence
from stillroom.protections.server import ServerProtection
from stillroom.query.advised import shares_beyond, with_caps
from stillroom.query.price import price
from stillroom.query.protected import drawn, plan_charge, protected
from stillroom.query.table.finish import finish
from tests.fakes import Listing, ListTables, ZeroNoise
from tests.marginals import made_up_cells
from tests.questions import CONTRACT, compiled

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from stillroom.ports import AdmittedTable

COUNTED = "SELECT ward, COUNT(*) AS n, SUM(cost) AS costs FROM visits GROUP BY ward"
BY_PERSON = "SELECT gender, COUNT(*) AS n, SUM(cost) AS costs FROM members JOIN visits ON id = pid GROUP BY gender"


def plan(sql: str, **terms: Any) -> Plan:  # noqa: ANN401 - terms of a question
    return compiled(sql, **{"epsilon": 1.0, **terms}).plan


def refusal(sql: str, **terms: Any) -> StillroomError:  # noqa: ANN401 - terms of a question
    with pytest.raises(StillroomError) as caught:
        plan(sql, **terms)
    return caught.value


# ---------------------------------------------------------------------------------------------------------------- given


def test_a_cap_narrows_its_measure_as_if_the_contract_had() -> None:
    found = plan(BY_PERSON, caps={"costs": 120.5, "n": 2})
    assert [(one.low, one.high) for one in found.measures] == [(0, 2), (0, 12_050)]
    before = plan(BY_PERSON)
    assert [(one.low, one.high) for one in before.measures] == [(0, 5), (0, 50_000)]
    pairs = zip(found.strategies, before.strategies, strict=True)
    assert all(one[0].mechanism.scale < other[0].mechanism.scale / 2 for one, other in pairs)
    assert (found.advice, found.bounds) == ((), before.bounds)


def test_a_cap_beyond_the_contract_changes_nothing() -> None:
    assert digest_of(plan(COUNTED, caps={"costs": 10**6, "n": 5})) == digest_of(plan(COUNTED))


def test_a_signed_total_is_capped_on_both_sides() -> None:
    found = plan("SELECT SUM(cost - 40) AS s FROM visits", caps={"s": 100})
    assert (found.measures[0].low, found.measures[0].high) == (-10_000, 10_000)


def test_an_average_of_what_is_cut_reaches_to_zero() -> None:
    average = "SELECT AVG(age) AS mean, SUM(age) AS total FROM members"
    (before, after) = (plan(average, **terms).finish.outputs[0].value for terms in ({}, {"caps": {"total": 50}}))
    assert isinstance(before, Average)
    assert isinstance(after, Average)
    assert (before.low, before.high) == (12, 90)
    assert (after.low, after.high) == (0, 90)


@pytest.mark.parametrize(
    ("sql", "caps", "code"),
    [
        (COUNTED, {"nothing": 1}, Code.PRICE_INVALID),
        (COUNTED, {"ward": 1}, Code.PRICE_INVALID),
        (COUNTED, {"n": 1.5}, Code.PRICE_INVALID),
        (COUNTED, {"costs": 0.001}, Code.PRICE_INVALID),
        ("SELECT AVG(cost) AS mean FROM visits", {"mean": 5}, Code.PRICE_INVALID),
        ("SELECT COUNT(DISTINCT pid) AS n FROM visits", {"n": 1}, Code.AGGREGATE_NOT_ALLOWED),
        ("SELECT COUNT(DISTINCT ward) AS n FROM visits", {"n": 1}, Code.AGGREGATE_NOT_ALLOWED),
        ("SELECT COUNT(cost) AS n, AVG(cost) FROM visits", {"n": 1}, Code.AGGREGATE_NOT_ALLOWED),
    ],
)
def test_what_cannot_be_capped_is_refused(sql: str, caps: dict[str, float], code: Code) -> None:
    assert refusal(sql, caps=caps).code is code


@pytest.mark.parametrize(
    "wrong", [{"n": 0}, {"n": -1}, {"n": float("inf")}, {"n": float("nan")}, {"n": "2"}, {f"c{n}": 1 for n in range(201)}]
)
def test_caps_are_numbers_above_zero(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="caps"):
        Terms.model_validate({"epsilon": 1.0, "caps": wrong})


# --------------------------------------------------------------------------------------------------------------- chosen


def test_without_advice_nothing_is_different() -> None:
    assert b"advice" not in encode(plan(COUNTED))
    assert b"advise" not in encode(Terms(epsilon=1.0))
    assert b"caps" not in encode(Terms(epsilon=1.0))


def test_what_is_to_be_chosen() -> None:
    """Cells where a person may be in several, and totals that are not given; never the number by which an average divides."""
    assert [one.measure for one in plan(COUNTED, advise=0.05).advice] == [None, 0, 1]
    assert [one.measure for one in plan(BY_PERSON, advise=0.05).advice] == [0, 1]
    assert [one.measure for one in plan(BY_PERSON, advise=0.05, caps={"n": 2}).advice] == [1]
    assert [one.measure for one in plan(COUNTED, advise=0.05, groups_per_person=2).advice] == [0, 1]
    assert [one.measure for one in plan("SELECT COUNT(cost) AS n, AVG(cost) FROM visits", advise=0.05).advice] == [1]
    assert [one.measure for one in plan("SELECT MEDIAN(cost), COUNT(*) FROM visits", advise=0.05).advice] == [1]
    assert [one.measure for one in plan("SELECT VARIANCE(cost), SUM(-cost) FROM visits", advise=0.05).advice] == [3]


@pytest.mark.parametrize(
    ("sql", "terms", "code"),
    [
        ("SELECT ward, SUM(cost * 0) AS nothing FROM visits GROUP BY ward", {}, Code.PRICE_INVALID),
        ("SELECT COUNT(*) FROM members", {}, Code.PRICE_INVALID),
        ("SELECT COUNT(DISTINCT pid), COUNT(DISTINCT ward) FROM visits", {}, Code.PRICE_INVALID),
        ("SELECT VARIANCE(cost) FROM visits", {}, Code.PRICE_INVALID),
        (BY_PERSON, {"caps": {"n": 1, "costs": 1}}, Code.PRICE_INVALID),
        (COUNTED, {"epsilon": None, "error": 10.0}, Code.PRICE_INVALID),
        (f"SELECT {', '.join(f'SUM(cost + {number})' for number in range(17))} FROM visits", {}, Code.PRICE_INVALID),
        (COUNTED, {"clamped": True}, Code.PRICE_INVALID),
    ],
)
def test_where_nothing_can_be_chosen_it_is_refused(sql: str, terms: dict[str, Any], code: Code) -> None:
    assert refusal(sql, **{"advise": 0.05, **terms}).code is code


@pytest.mark.parametrize("share", [0, 0.0001, 0.51, 1, -0.1, float("nan"), "0.05"])
def test_the_share_is_small_and_not_nothing(share: object) -> None:
    with pytest.raises(ValueError, match="advise"):
        Terms.model_validate({"epsilon": 1.0, "advise": share})


@pytest.mark.parametrize("pure", [False, True])
def test_the_price_is_that_without_advice_and_the_slice_is_as_declared(pure: bool) -> None:  # noqa: FBT001 - a parameter of the test
    for share in (0.05, 0.3):
        found, plain = compiled(COUNTED, epsilon=1.0, pure=pure, advise=share), compiled(COUNTED, epsilon=1.0, pure=pure)
        if pure:
            votes = [Fraction(one.add_remove.l1) / Fraction(one.marginal.mechanism.scale) for one in drawn(found.plan)[-3:]]
            assert float(sum(votes)) == pytest.approx(share, rel=1e-9)
            assert float(found.pure_epsilon or 0) == pytest.approx(float(plain.pure_epsilon or 0), rel=1e-9)
        else:
            assert found.charge.rho == pytest.approx(plain.charge.rho, rel=1e-9)
            assert sum(one.charge.rho for one in price(CONTRACT, found).caps) == pytest.approx(share * plain.charge.rho, rel=1e-6)
        assert found.charge == plan_charge(found.plan)


def test_a_price_shows_the_caps_and_the_error_under_each() -> None:
    found = compiled(COUNTED, epsilon=1.0, advise=0.05)
    shown = price(CONTRACT, found)
    groups, count, costs = shown.caps
    assert (groups.columns, count.columns, costs.columns) == (None, ("n",), ("costs",))
    assert (groups.caps, count.caps) == (("1", "2", "3"), ("1", "2", "3", "4", "5"))
    assert (costs.caps[-1], len(costs.caps)) == ("500.00", 32)
    for one in shown.caps:
        widths = [float(width) for width in one.half_widths]
        assert widths == sorted(widths)
        assert widths[0] < widths[-1] / 1.5
    assert [one.half_width for one in shown.errors] == [count.half_widths[-1], costs.half_widths[-1]]
    assert price(CONTRACT, compiled(COUNTED, epsilon=1.0)).caps == ()


def test_how_much_a_chosen_cap_cuts_off_is_said_where_it_may_matter() -> None:
    """More than a hundredth; and that nobody knows where votes cannot tell."""
    small = (Fraction(1, 1000), Fraction(1, 100))
    assert cap_sentence(("n",), "3", small) == (
        "Chosen by a first measurement: one person adds at most 3 to a cell of n; what is beyond is cut off."
    )
    ends = {
        "that is about 5 % of persons' largest totals, and hardly more than 8 %; no interval covers it.": (
            Fraction(47, 1000),
            Fraction(71, 1000),
        ),
        "that is less than 1 % of persons' largest totals, and hardly more than 3 %; no interval covers it.": (
            Fraction(0),
            Fraction(1, 40),
        ),
        "The votes are too few to tell how much that is; no interval covers it.": None,
    }
    assert all(cap_sentence(("n",), "3", beyond).endswith(words) for words, beyond in ends.items())
    assert cap_sentence(None, "1", (Fraction(1, 5), Fraction(1, 4))).endswith(
        "of further ones, nothing is counted. By the votes, that is about 20 % of persons' cells, and hardly more than 25 %; no interval"
        " covers it."
    )


def test_the_contracts_bound_cuts_off_nothing_and_lower_caps_what_votes_say() -> None:
    asked = plan("SELECT COUNT(*) AS n FROM visits", advise=0.5)
    (advice,) = asked.advice
    numbers = (10**6, 0, 0, 0, 10**6)
    found = [one for cap in advice.caps for one in shares_beyond(asked, [Advised(votes=numbers, cap=cap)]) if one is not None]
    assert [round(float(about), 2) for about, _ in found] == [0.67, 0.5, 0.33, 0.17, 0]
    assert all(0 < about < most < about + Fraction(1, 1000) for about, most in found[:-1])
    assert found[-1] == (Fraction(0), Fraction(0))
    assert shares_beyond(asked, [Advised(votes=(1, 0, 0, 0, 0), cap=1)]) == [None]


def test_the_promise_for_a_change_holds_whatever_is_chosen() -> None:
    for sql in (COUNTED, "SELECT ward, SUM(cost - 40) FROM visits GROUP BY ward", BY_PERSON):
        for pure in (False, True):
            found = compiled(sql, epsilon=1.0, advise=0.05, pure=pure)
            promise = price(CONTRACT, found).promise
            votes = drawn(found.plan)[len(protected(found.plan)) :]
            for place in (0, 1, -1):
                chosen = drawn(with_caps(found.plan, [one.caps[place] for one in found.plan.advice]))
                noised = [Noised(one.marginal.mechanism, one.add_remove, one.change) for one in [*chosen, *votes]]
                own = release_promise(noised, Fraction(1, 10**9))
                assert own.epsilon <= promise.epsilon * (1 + 1e-9)
                assert own.change_epsilon <= promise.change_epsilon * (1 + 1e-9)


class Lacking(Listing):
    """An engine that lacks some of what plans may ask for."""

    name = "lacking"

    def __init__(self, *lacks: str) -> None:
        """Name what it lacks."""
        self._lacks = frozenset(lacks)

    def lacking(self, plan: Plan) -> tuple[str, ...]:
        """Return what a plan asks for of that."""
        return lacking(plan, self._lacks)

    def measure_exactly(self, plan: Plan, tables: Mapping[str, AdmittedTable]) -> Sequence[Sequence[int]]:
        """Return nothing: nobody gets so far."""
        del plan, tables
        return []


@pytest.mark.parametrize("feature", ["per_person", "total max", "kept groups"])
def test_what_only_the_votes_or_lower_caps_ask_of_an_engine_is_lacking_too(feature: str) -> None:
    """Otherwise the question would be charged, and its run fail."""
    protection = ServerProtection(Lacking(feature), ZeroNoise(), ListTables({}))
    assert protection.lacking(plan(COUNTED)) == ()
    assert protection.lacking(plan(COUNTED, advise=0.05)) == (feature,)


def test_plans_whose_caps_make_no_sense_are_no_plans() -> None:
    document = plan(COUNTED, advise=0.05).to_json()
    assert Plan.model_validate_json(encode(plan(COUNTED, advise=0.05))) == plan(COUNTED, advise=0.05)
    advice: Any = document["advice"]
    for wrong in (
        [advice[1], advice[1]],
        [{**advice[1], "measure": 9}],
        [{**advice[1], "measure": -1}],
        [{**advice[1], "caps": advice[1]["caps"][::-1]}],
        [{**advice[1], "caps": advice[1]["caps"][:-1]}],
        [{**advice[1], "caps": ["5"]}],
        [{**advice[1], "caps": ["0", "5"]}],
    ):
        with pytest.raises(ValueError, match=r"advice|cap"):
            Plan.model_validate_json(encode_json({**document, "advice": wrong}))


def encode_json(document: Any) -> bytes:  # noqa: ANN401 - a plan as JSON
    from stillroom.crypto.canonical import canonical

    return canonical(document)


@pytest.mark.parametrize("sets", ["ward", "GROUPING SETS (ward, (ward))"])
def test_measures_that_a_cap_leaves_equal_keep_noise_of_their_own(sets: str) -> None:
    """A count with a cap of 1 counts persons, as the one beside it does."""
    asked = compiled(f"SELECT ward, COUNT(DISTINCT pid) AS p, COUNT(*) AS n FROM visits GROUP BY {sets}", epsilon=1.0, advise=0.05)
    capped = with_caps(asked.plan, [one.caps[0] for one in asked.plan.advice])
    assert capped.measures[0] == capped.measures[1]
    leaves = iter([40] * 3 + [90] * 3)
    cells = made_up_cells(capped, 0, lambda: next(leaves), lambda _: 0)
    table = finish(capped, asked.headings, cells)
    assert {(row[1].value, row[2].value) for row in table.rows} >= {("40", "90")}
    check_table(capped, table)


def test_equal_measures_belong_with_those_of_other_sets_in_order() -> None:
    one = PERSONS.model_copy(update={"kept": ()})
    measures = (PERSONS, PERSONS, one, one)
    assert [alike(measures, number) for number in range(4)] == [[0, 2], [1, 3], [0, 2], [1, 3]]
    assert [telling(measures, number, ()) for number in (0, 1)] == [2, 3]
    held = plan("SELECT COUNT(*) FROM visits").model_copy(update={"measures": measures})
    assert [like(held, number) for number in range(4)] == [[0, 2], [1, 3], [0, 2], [1, 3]]
