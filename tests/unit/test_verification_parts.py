"""The verifier's own arithmetic, held against what writes releases, against other libraries, and against the specifications."""

from __future__ import annotations

import hashlib
import json
import math
import random
from fractions import Fraction
from typing import Any

import pytest
import rfc8785
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import ValidationError

from stillroom.client.verification.accounting import allowance, costs, distances, epsilon_span
from stillroom.client.verification.bounds import check_bounds
from stillroom.client.verification.canonical import encode, parse
from stillroom.client.verification.conversion import epsilon_of, guess, rho_of
from stillroom.client.verification.envelope import pae, unbase64
from stillroom.client.verification.noise import spread
from stillroom.client.verification.numerals import decimal_text, units_of
from stillroom.client.verification.outcome import Broken
from stillroom.client.verification.person import rows_of
from stillroom.client.verification.rows import labels
from stillroom.client.verification.sensitivity import add_remove, change
from stillroom.client.verification.sentences import check_sentences
from stillroom.client.verification.signature import read_key
from stillroom.client.verification.table import check_table
from stillroom.client.verification.tree import leaf_hash, root, root_by_path, roots
from stillroom.crypto import merkle
from stillroom.crypto.keys import SigningKey
from stillroom.model.charge import RHO_UNIT
from stillroom.model.measure import Measure
from stillroom.model.mechanism import Mechanism, NoiseKind
from stillroom.model.plan import Bounds, Plan
from stillroom.model.question import Terms
from stillroom.model.release import Table
from stillroom.privacy.accountant import epsilon_from, rho_from
from stillroom.privacy.intervals import quantile
from stillroom.privacy.words import attacker_sentences, guess_probability
from stillroom.query.price import promises
from stillroom.query.protected import marginal_sensitivities, protected
from stillroom.query.table.finish import finish
from tests import world
from tests.marginals import without_noise
from tests.noises import ADDED
from tests.plans import ONE

WHOLE = st.integers(-(2**53) + 1, 2**53 - 1)
DOUBLES = st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    st.none() | st.booleans() | WHOLE | DOUBLES | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=4),
    max_leaves=12,
)
PER_WARD = "SELECT patient, ward, SUM(cost) AS t, COUNT(*) AS n FROM visits GROUP BY patient, ward"
WORST = "SELECT patient, MAX(severity) AS hi FROM visits GROUP BY patient"
PLANS = (
    "SELECT COUNT(*) FROM members",
    "SELECT region, tariff, smoker, COUNT(*), SUM(age), AVG(income), SUM(rating) FROM members GROUP BY CUBE (region, tariff, smoker)",
    "SELECT ward, severity, COUNT(*), SUM(cost), SUM(change), AVG(cost), COUNT(DISTINCT patient) FROM visits GROUP BY ward, severity",
    "SELECT m.region, v.ward, COUNT(*), SUM(v.cost * m.age) FROM members m JOIN visits v ON m.member = v.patient GROUP BY 1, 2",
    "SELECT m.region, o.cured, COUNT(*), AVG(o.delta) FROM members m LEFT JOIN outcomes o ON m.member = o.patient GROUP BY 1, 2",
    "SELECT r.size, r.coast, COUNT(*), SUM(r.rate * v.severity) FROM visits v JOIN regions r ON v.region = r.region GROUP BY 1, 2",
    "SELECT r.shift, COUNT(*), SUM(r.nurses) FROM visits v JOIN rota r ON v.ward = r.ward AND v.urgent = r.urgent GROUP BY r.shift",
    f"SELECT ward, SUM(t), SUM(t / n) FROM ({PER_WARD}) x GROUP BY ward",
    f"SELECT x.hi, COUNT(*) FROM members m LEFT JOIN ({WORST}) x ON m.member = x.patient GROUP BY 1",
    "SELECT level, SUM(amount), COUNT(*) FROM linked GROUP BY level",
    "SELECT l.level, SUM(l.amount - v.severity * 10) FROM linked l JOIN visits v ON l.member = v.patient WHERE finding = 'good' GROUP BY 1",
    "SELECT v.seen, COUNT(*) FROM members m LEFT JOIN visits v ON m.member = v.patient AND v.urgent GROUP BY v.seen",
    "SELECT v.urgent, COUNT(*) FROM members m LEFT JOIN visits v ON m.member = v.patient AND v.severity < m.age GROUP BY v.urgent",
    "SELECT smoker, SUM(income / (age + 1)), SUM(3 - CASE WHEN smoker THEN 5 END), COUNT(income) FROM members GROUP BY smoker",
    "SELECT segment, since, COUNT(*) FROM members GROUP BY segment, since",
    "SELECT ward, COUNT(DISTINCT cost), COUNT(DISTINCT urgent), COUNT(DISTINCT cost * 2) FILTER (WHERE urgent) FROM visits GROUP BY ward",
    "SELECT ward, MEDIAN(severity), MAX(severity), COUNT(*) FROM visits GROUP BY ward",
)


# JSON


@given(JSON)
@example([1e21, 1e20, 123456789012345680000.0, 1e-6, 1e-7, 1.5e-7, -0.0, 5e-324, 1.7976931348623157e308, 0.1, 333333333.33333329])
@example({"\u20ac": 1, "\r": 2, "\ufb33": 3, "1": 4, "\U0001f600": 5, "\x80": 6, "\xf6": 7, '"\\\x00\x1f\x7f/': 8})
def test_json_is_spelled_as_the_library_spells_it(value: Any) -> None:  # noqa: ANN401
    assert encode(value) == rfc8785.dumps(value)
    assert encode(parse(encode(value), "it")) == encode(value)


@pytest.mark.parametrize(
    "data",
    [
        *(b"", b" 1", b"1 ", b"[1, 2]", b'{"b":1,"a":2}', b'{"a":1,"a":1}', b"1.0", b"1e2", b"-0", b"01", b"NaN", b"Infinity", b"1e999"),
        *(b'"\\u0041"', b'"\\/"', b'"\xff"', b'"\\ud800"', b"[" * 200_000, b"9" * 5000, b"9007199254740993", b"{}{}", b"\xef\xbb\xbf{}"),
    ],
)
def test_any_other_spelling_is_refused(data: bytes) -> None:
    with pytest.raises(Broken, match="it is not canonical JSON"):
        parse(data, "it")


# signatures and trees


def test_what_is_signed_is_the_example_of_the_protocol() -> None:
    assert pae("http://example.com/HelloWorld", b"hello world") == b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"


@pytest.mark.parametrize("text", ["QQ", "QQ=", "QR==", "QQ==\n", " QQ==", "QQ==QQ==", "_-8=", "Q\u00e9=="])
def test_base64_has_one_spelling(text: str) -> None:
    with pytest.raises(Broken):
        unbase64(text, "it")


def test_keys_are_read_and_weak_or_odd_ones_are_not() -> None:
    key = SigningKey.from_seed(b"7" * 32)
    own = read_key(key.public.text, "x")
    assert (own.raw, own.id) == (key.public.raw, key.public.id)
    assert own.signed(key.sign(b"data"), b"data")
    assert not own.signed(key.sign(b"data"), b"date")
    assert not own.signed(b"", b"data")
    zero, one = "ed25519:" + "A" * 43, "ed25519:AQ" + "A" * 41
    for odd in (zero, one, "ed25519:" + "_" * 43, key.public.text + "=", key.public.text[:-1], key.public.text.upper(), ""):
        with pytest.raises(Broken, match="the key of x is not an Ed25519 public key"):
            read_key(odd, "x")


@pytest.mark.parametrize("size", [*range(20), 63, 64, 65, 100])
def test_trees_are_those_of_the_writer(size: int) -> None:
    """The writer's trees are held against the vectors of RFC 6962 and against pymerkle in tests/conformance."""
    leaves = [leaf_hash(bytes([number])) for number in range(size)]
    assert leaves == [merkle.leaf_hash(bytes([number])) for number in range(size)]
    assert root(leaves) == merkle.root(leaves)
    assert roots(leaves, range(size + 1)) == {number: merkle.root(leaves[:number]) for number in range(size + 1)}
    for index in range(size):
        path = merkle.inclusion_proof(index, leaves)
        assert root_by_path(leaves[index], index, size, path) == root(leaves)
        assert root_by_path(leaves[index], index, size, (*path, leaves[0])) is None
        assert path == () or root_by_path(leaves[index], index, size, path[:-1]) is None
        assert root_by_path(leaves[index], index + 1, size, path) != root(leaves)
    assert root_by_path(hashlib.sha256().digest(), size, size, ()) is None
    assert root_by_path(hashlib.sha256().digest(), -1, size, ()) is None


# numbers


@given(st.integers(), st.integers(0, 30))
def test_decimal_text_says_the_number_with_its_decimal_places(units: int, digits: int) -> None:
    text = decimal_text(units, digits)
    assert Fraction(text) == Fraction(units, 10**digits)
    assert len(text.partition(".")[2]) == digits
    assert units_of(text, digits) == units


@pytest.mark.parametrize("text", ["", "-", "-0", "01", "1.", ".5", "1.50", "+1", "1e3", "1_0", "\u0661", " 1", "-0.0", None, "9" * 2000])
def test_numbers_have_one_spelling(text: str | None) -> None:
    with pytest.raises(Broken, match="is not a number with 1 decimal places"):
        units_of(text, 1)
    with pytest.raises(Broken):
        units_of(text, 0)


# accounting


@pytest.mark.parametrize("delta", ["1e-3", "1e-6", "1e-9", "1e-18", "1e-30"])
@pytest.mark.parametrize("rho", ["1e-12", "1e-9", "1e-6", "0.001", "0.1", "1", "10", "9000"])
def test_epsilon_is_that_of_the_accountant(rho: str, delta: str) -> None:
    stated = epsilon_from(Fraction(rho), Fraction(delta))
    assert math.isclose(epsilon_of(float(rho), float(delta)), stated, rel_tol=1e-12, abs_tol=1e-12)


@pytest.mark.parametrize("delta", [1e-300, 3e-308, 1e-310, 5e-324])
def test_the_smallest_deltas_end_no_search_early_and_keep_none_going(delta: float) -> None:
    stated = epsilon_from(Fraction(1), Fraction(delta))
    assert math.isclose(epsilon_of(1.0, delta), stated, rel_tol=1e-9)
    assert math.isclose(epsilon_of(rho_of(30.0, delta), delta), 30.0, rel_tol=1e-9)


def test_nothing_costs_nothing() -> None:
    assert epsilon_of(0, 1e-9) == 0


@pytest.mark.parametrize("delta", ["1e-3", "1e-9", "1e-18"])
@pytest.mark.parametrize("epsilon", ["0.001", "0.1", "0.3", "1", "2", "10", "100"])
def test_allowances_are_within_a_unit_of_the_accountants(epsilon: str, delta: str) -> None:
    assert abs(allowance(float(epsilon), float(delta)) - rho_from(Fraction(epsilon), Fraction(delta)) / RHO_UNIT) <= 1
    assert math.isclose(epsilon_of(rho_of(float(epsilon), float(delta)), float(delta)), float(epsilon), rel_tol=1e-9)


@given(st.floats(0, 60), st.sampled_from([0.0, 1e-9, 1e-3]))
def test_guessing_is_as_likely_as_the_sentences_say(epsilon: float, delta: float) -> None:
    assert 0 <= guess_probability(epsilon, delta) - float(guess(epsilon, delta)) < 1e-12


@given(
    bounds=st.tuples(st.integers(-50, 0), st.integers(0, 50), st.integers(-50, 0), st.integers(0, 50)),
    limits=st.tuples(st.integers(1, 20), st.integers(1, 20), st.integers(1, 3), st.integers(1, 30)),
)
def test_sensitivities_are_those_of_the_compiler(bounds: tuple[int, int, int, int], limits: tuple[int, int, int, int]) -> None:
    """The compiler's are held against all vectors of small cases in tests/property."""
    measure = Measure(value=ONE, row_low=bounds[0], row_high=bounds[1], low=bounds[2], high=bounds[3])
    person = Bounds(rows=limits[0], groups=limits[1], keep_groups=True, identifiers=limits[2])
    written = marginal_sensitivities(measure, person, (limits[3],), (0,))
    for own, other in zip((add_remove, change), written, strict=True):
        assert tuple(own(measure, person, limits[3])) == (other.l1, other.l2_squared)


@pytest.mark.parametrize("terms", [1, 2, 7, 100, 10_000])
@pytest.mark.parametrize("scale", [2.0**-6, 0.5, 1.0, 3.7, 250.0, 9e4, 2.0**53])
@pytest.mark.parametrize("noise", ADDED)
def test_half_widths_are_those_of_the_intervals(noise: NoiseKind, scale: float, terms: int) -> None:
    """Both compute the least half-width that covers 95 %: by Fourier inversion of a formula there, by convolution here."""
    mechanism = Mechanism(noise=noise, scale=scale)
    half_width, known = quantile(mechanism, terms, Fraction(95, 100)), spread(mechanism, terms)
    assert known.coverage(half_width) >= 0.95 - known.tolerance
    assert known.coverage(half_width - 1) < 0.95 + known.tolerance


def test_half_widths_that_are_one_off_do_not_pass() -> None:
    known = spread(Mechanism(noise=NoiseKind.DISCRETE_GAUSSIAN, scale=20.0), 1)
    half_width = quantile(Mechanism(noise=NoiseKind.DISCRETE_GAUSSIAN, scale=20.0), 1, Fraction(95, 100))
    assert known.coverage(half_width - 1) < 0.95 - known.tolerance
    assert known.coverage(half_width) > 0.95 + known.tolerance


def test_coverage_is_exact_where_it_can_be_written_down() -> None:
    """One draw of Laplace noise: P(|X| ≤ t) = 1 - 2a^(t+1)/(1 + a), a = exp(-1/b). Nothing lies below 0, everything within reach."""
    known, a = spread(Mechanism(noise=NoiseKind.DISCRETE_LAPLACE, scale=3.0), 1), math.exp(-1 / 3)
    assert all(math.isclose(known.coverage(t), 1 - 2 * a ** (t + 1) / (1 + a), abs_tol=1e-12) for t in range(60))
    assert (known.coverage(-1), known.coverage(10**30)) == (0, 1)


# bounds from the contract


QUESTIONS = [
    *world.ACCEPTED,
    *(world.Entry(sql, sql, Terms(epsilon=1.0), variant) for sql in PLANS for variant in ("plain", "twins", "tight")),
]


@pytest.mark.parametrize("entry", QUESTIONS, ids=[f"{entry.name[:60]} {entry.variant}" for entry in QUESTIONS])
def test_bounds_are_derived_from_the_contract_as_the_compiler_did(entry: world.Entry) -> None:
    compiled, agreed = entry.compile(), world.contract(entry.variant)
    check_bounds(compiled.plan, agreed)
    assert rows_of(compiled.plan, agreed).most == compiled.plan.bounds.rows
    cost, _ = costs(compiled.plan)
    assert cost.rho <= compiled.charge.rho * RHO_UNIT <= cost.most
    for written, (added, changed) in zip(protected(compiled.plan), distances(compiled.plan), strict=True):
        assert [(one.l1, one.l2_squared) for one in (written.add_remove, written.change)] == [added, changed]


@pytest.mark.parametrize("entry", world.ACCEPTED, ids=[entry.name for entry in world.ACCEPTED])
def test_tables_and_promises_of_the_corpus_are_found_right(entry: world.Entry) -> None:
    compiled, agreed = entry.compile(), world.contract(entry.variant)
    plan, draw = compiled.plan, random.Random(entry.name)
    leaves = tuple(tuple(draw.randrange(-50, 5000) for _ in range(plan.cells_of(one))) for one in plan.measures)
    table = finish(plan, compiled.headings, without_noise(plan, leaves))
    check_table(plan, table)
    promise, cap = promises(agreed, plan)
    for stated, cost in zip((promise.epsilon, promise.change_epsilon), costs(plan), strict=True):
        least, most = epsilon_span(cost, promise.delta)
        assert least - 1e-12 <= stated <= most + 1e-9
    check_sentences(attacker_sentences(promise, cap), promise, cap)


def bent(number: int, **changes: object) -> Plan:
    """Return the plan of a question with other bounds."""
    plan = world.Entry("", PLANS[number], Terms(epsilon=1.0)).compile().plan.to_json()
    for path, value in changes.items():
        *way, last = path.split("__")
        place: Any = plan
        for step in way:
            place = place[int(step) if step.isdigit() else step]
        place[last] = value
    return Plan.model_validate_json(json.dumps(plan))


def product(*factors: int) -> dict[str, Any]:
    """Return the product of constants, as an expression of a plan."""
    left, *rest = [{"op": "constant", "value": factor, "digits": 0} for factor in factors]
    for right in rest:
        left = {"op": "arithmetic", "operation": "multiply", "left": left, "right": right, "bound": "0"}
    return left


@pytest.mark.parametrize(
    ("number", "changes", "words"),
    [
        (2, {"bounds__rows": 3}, "rows of one person: got 3, expected 4"),
        (3, {"bounds__rows": 3}, "rows of one person: got 3, expected 4"),
        (6, {"bounds__rows": 4}, "rows of one person: got 4, expected 12"),
        (2, {"bounds__groups": 1}, "cells of one person: got 1, expected 4"),
        (2, {"bounds__groups": 200}, "cells of one person: got 200, expected at most 100"),
        (2, {"bounds__identifiers": 2}, "identifiers: got 2, expected 1"),
        (1, {"measures__1__row_high": "98"}, "values of measure 1: got 0 to 98, expected 0 to 99"),
        (13, {"measures__1__row_low": "-1"}, "values of measure 1: got -1 to 0, expected -2 to -2"),
        (1, {"keys__0__domain": ["north", "south", "east", None]}, "the values of members.region are not those that the contract declares"),
        (14, {"keys__0__domain": [1, 2, None]}, "the values of members.segment"),
        (14, {"keys__1__domain": [18262, None]}, "the values of members.since"),
        (1, {"keys__2__domain": [0, 1, None]}, "the values of members.smoker"),
        (0, {"parts__0__owner": "hospital"}, "no private dataset members of hospital about people"),
        (0, {"parts__0__population": "dogs"}, "no private dataset members of insurer about dogs"),
        (0, {"parts__0__relation__dataset": "visits"}, "no private dataset visits of insurer"),
        (0, {"parts__0__relation__dataset": "linked"}, "one has the name of another dataset"),
        (0, {"parts__0__relation__name": "members#x"}, "one has the name of another dataset"),
        (0, {"parts__0__relation__dataset": "regions"}, "no private dataset regions"),
        (3, {"parts__1__relation__name": "members", "parts__1__relation__dataset": "members"}, "no private dataset members of hospital"),
        (1, {"measures__1__value": {"op": "column", "name": "members.broker"}}, "the contract gives no bounds for members.broker"),
        (1, {"measures__1__value": {"op": "is_null", "operand": {"op": "column", "name": "members.age"}}}, "is not a number"),
        (1, {"measures__1__value": product(2**52, 2**52, 2**52)}, "a number of the plan could become too large"),
        (5, {"parts__0__relation__dataset": "codes", "parts__0__relation__name": "codes"}, "codes is not joined as a public table on its"),
        (15, {"measures__0__high": "3"}, "distinct values of measure 0: got 3, expected 4"),
        (15, {"measures__1__high": "1"}, "distinct values of measure 1: got 1, expected 2"),
        (15, {"measures__2__high": "3"}, "distinct values of measure 2: got 3, expected 4"),
        (15, {"measures__1__row_high": "0"}, "measure 1 counts distinct values, and has other bounds"),
        (15, {"measures__2__digits": 2}, "measure 2 counts distinct values, and has other bounds"),
        (5, {"parts__0__relation__dataset": "codes"}, "one has the name of another dataset"),
    ],
)
def test_bounds_that_the_contract_does_not_prove_are_refused(number: int, changes: dict[str, object], words: str) -> None:
    with pytest.raises(Broken, match=words):
        check_bounds(bent(number, **changes), world.contract())


@pytest.mark.parametrize(
    ("number", "changes"),
    [
        (0, {"rows": {"op": "scan", "dataset": "visits", "name": "visits", "columns": []}}),
        (0, {"rows": {"op": "part", "part": 1}}),
        (3, {"rows": {"op": "part", "part": 0}}),
        (3, {"rows__right": {"op": "part", "part": 0}}),
        (0, {"parts__0__relation": {"op": "part", "part": 0}}),
        (3, {"parts__0__relation": {"op": "part", "part": 0}}),
    ],
)
def test_a_plan_that_is_not_made_of_its_parts_is_none(number: int, changes: dict[str, object]) -> None:
    with pytest.raises(ValidationError, match="each once and in order"):
        bent(number, **changes)


def test_keys_are_shown_as_they_are_or_not_at_all() -> None:
    empty = Table(headings=(), rows=())
    with pytest.raises(Broken, match="a key is shown with fewer decimal places than it has"):
        labels(bent(14, keys__0__digits=2, finish__limit=0), empty)
    with pytest.raises(Broken, match="a value of the plan is not a date"):
        labels(bent(14, keys__1__domain=[10**9], finish__limit=0), empty)
    assert labels(bent(14, finish__limit=0), empty) == []
