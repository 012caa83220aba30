"""The harness of the empirical audit: its bounds against exact sums and published figures, what it sees of outputs, and what it says.

All samples have seeds, and the harness has one: nothing here depends on luck.
"""

from __future__ import annotations

import itertools
import math
import random
from decimal import Decimal
from fractions import Fraction
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy import stats

from stillroom.audit.empirical import (
    Claim,
    Evidence,
    Report,
    Verdict,
    audit,
    audit_one_run,
    collect,
    gaussian_claims,
    judge,
    one_run_bound,
    one_run_p_value,
    power,
)
from stillroom.audit.evidence import at_least, at_most
from stillroom.audit.one_run import flips
from stillroom.audit.outputs import DISTINCT, see

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def laplace(centre: float, scale: float, seed: int) -> Callable[[], float]:
    numbers = np.random.default_rng(seed)
    return lambda: centre + float(numbers.laplace(0, scale))


def responding(truth: int, epsilon: float, seed: int) -> Callable[[], int]:
    """Return randomised response, for which the claim ε is exact."""
    numbers = random.Random(seed)
    return lambda: truth if numbers.random() < 1 / (1 + math.exp(-epsilon)) else 1 - truth


# -------------------------------------------------------------------------------------------------------------- bounds


@pytest.mark.parametrize("chance", [0.001, 0.02, 0.3, 0.5, 0.97])
@pytest.mark.parametrize("level", [0.05, 1e-4])
def test_bounds_of_a_probability_are_wrong_no_more_often_than_they_say(chance: float, level: float) -> None:
    """By exact summation over all that could be counted."""
    counts = np.arange(201)
    weights = stats.binom.pmf(counts, 200, chance)
    assert weights[at_least(counts, 200, level) > chance].sum() <= level
    assert weights[at_most(counts, 200, level) < chance].sum() <= level


@pytest.mark.parametrize("hits", [0, 1, 37, 199, 200])
def test_bounds_of_a_probability_are_those_of_clopper_and_pearson(hits: int) -> None:
    exact = stats.binomtest(hits, 200).proportion_ci(0.9, "exact")
    assert at_least(hits, 200, 0.05) == pytest.approx(exact.low, abs=1e-12)
    assert at_most(hits, 200, 0.05) == pytest.approx(exact.high, abs=1e-12)


def wrongly_refuted(chance: float, other: float, claim: Claim, level: float) -> float:
    return power(chance, other, claim=claim, trials=300, level=level)


@pytest.mark.parametrize("level", [0.05, 1e-3])
@pytest.mark.parametrize("epsilon", [0.0, 0.7, 2.0])
def test_claims_that_hold_exactly_are_refuted_no_more_often_than_stated(epsilon: float, level: float) -> None:
    """By exact summation, at every pair of probabilities on the edge of the claim."""
    for other in np.linspace(0.001, math.exp(-epsilon), 20):
        assert wrongly_refuted(math.exp(epsilon) * other, other, Claim(epsilon), level) <= level


def test_power_is_how_often_evidence_refutes() -> None:
    claim, level, numbers = Claim(1.0), 0.02, np.random.default_rng(1)
    hits = zip(numbers.binomial(200, 0.5, 4000), numbers.binomial(200, 0.09, 4000), strict=True)
    reports = [judge([Evidence("q", "D", "e", claim, int(a), int(b), 200, 200)], false_alarm=level) for a, b in hits]
    seen = sum(report.verdict is Verdict.VIOLATED for report in reports) / len(reports)
    expected = power(0.5, 0.09, claim=claim, trials=200, level=level)
    assert 0.2 < expected < 0.8
    assert seen == pytest.approx(expected, abs=0.03)


@pytest.mark.parametrize("shift", [0.3, 1.0, 3.0])
def test_the_curve_of_gaussian_noise_is_its_hockey_stick(shift: float) -> None:
    """Each δ is the integral of what one density exceeds e^ε times the other by."""
    points, step = np.linspace(-20, 20, 400_001, retstep=True)
    one, other = stats.norm.pdf(points, loc=shift), stats.norm.pdf(points)
    claims = gaussian_claims(shift)
    assert claims[0].epsilon == 0
    for claim in claims:
        assert claim.delta == pytest.approx(np.maximum(one - math.exp(claim.epsilon) * other, 0).sum() * step, abs=1e-8)
    assert gaussian_claims(shift, slack=0.01)[3].delta == pytest.approx(claims[3].delta + 0.01)


# ------------------------------------------------------------------------------------------------------------- verdicts


def test_a_right_claim_stands_and_a_wrong_one_falls() -> None:
    right = audit(laplace(1, 1, 1), laplace(0, 1, 2), epsilon=1.0)
    wrong = audit(laplace(1, 0.5, 3), laplace(0, 0.5, 4), epsilon=1.0)
    assert (right.verdict, right.violations) == (Verdict.CONSISTENT, ())
    assert (wrong.verdict, len(wrong.violations)) == (Verdict.VIOLATED, 2)
    assert all(0 < finding.bound <= 1 for finding in right.findings)
    assert all(1 < finding.bound <= 2 for finding in wrong.findings)


def test_a_wrong_claim_falls_nearly_always() -> None:
    """Power: at half the noise an ideal event refutes ε = 1 with 1,000 trials at a share of 5e-4 with probability above 0.9999."""
    assert power(0.5, 0.5 * math.exp(-2), claim=Claim(1.0), trials=1000, level=5e-4) > 0.9999
    verdicts = [audit(laplace(1, 0.5, seed), laplace(0, 0.5, -seed - 1 + 2**32), epsilon=1.0).verdict for seed in range(100)]
    assert verdicts == [Verdict.VIOLATED] * 100


@pytest.mark.parametrize("epsilon", [0.5, 1.5])
def test_a_right_claim_stands_as_often_as_stated(epsilon: float) -> None:
    """Randomised response meets its ε exactly. Among 300 audits that allow for 5 % of false alarms there are 15 or fewer."""
    reports = [
        audit(responding(1, epsilon, 2 * seed), responding(0, epsilon, 2 * seed + 1), epsilon=epsilon, trials=200, false_alarm=0.05)
        for seed in range(300)
    ]
    assert sum(report.verdict is Verdict.VIOLATED for report in reports) <= 15


def test_bounds_count_in_every_direction() -> None:
    """What is impossible on one input only, is found from the other: 'b' comes out of D' alone."""
    one, two = random.Random(1), random.Random(2)
    report = audit(lambda: one.choice("aaa"), lambda: two.choice("aab"), epsilon=1.0)
    assert [finding.evidence.direction for finding in report.violations] == ["D' over D"]


def test_the_report_states_what_it_rests_on() -> None:
    report = audit(laplace(1, 0.2, 1), laplace(0, 0.2, 2), epsilon=1.0, false_alarm=1e-4)
    text = str(report)
    assert text.startswith("Violated: 2 tests; if all claims hold, one of them says otherwise with probability 0.0001 at most.")
    assert "Claimed ε = 1 at δ = 0; ε ≥ " in text
    assert "of 1000 trials against " in text
    assert {finding.confidence for finding in report.findings} == {1 - 5e-5}
    assert "safe" not in text + str(list(Verdict))


def test_the_share_of_each_finding_shrinks_with_their_number() -> None:
    evidence = collect(laplace(1, 0.5, 1), laplace(0, 0.5, 2), [Claim(1.0)])
    alone, among = judge(evidence), judge(evidence * 50)
    assert alone.findings[0].bound > among.findings[0].bound
    assert among.findings[0].confidence == pytest.approx(1 - 1e-5)
    assert judge(()) == Report((), 1e-3)


def test_what_cannot_be_shown_is_said() -> None:
    """No 1,000 trials refute ε = 8, whatever happens in them; the finding says how far they could reach."""
    numbers = itertools.count()
    report = audit(lambda: next(numbers) * 0, lambda: 1, epsilon=8.0)
    assert report.verdict is Verdict.CONSISTENT
    assert [finding.bound for finding in report.findings] == [finding.reach for finding in report.findings]
    assert 4 < report.findings[0].reach < 5


def test_the_same_outputs_get_the_same_report() -> None:
    reports = [audit(laplace(1, 0.5, 1), laplace(0, 0.5, 2), epsilon=1.0, seed=seed) for seed in (7, 7, 8)]
    assert reports[0] == reports[1]


def test_the_order_of_runs_follows_from_the_seed() -> None:
    def order(seed: int) -> str:
        runs: list[str] = []
        audit(lambda: runs.append("1"), lambda: runs.append("2"), epsilon=1.0, trials=40, seed=seed)
        return "".join(runs)

    assert order(1) == order(1) != order(2)
    assert {order(1)[at : at + 2] for at in range(0, 80, 2)} == {"12", "21"}


def test_several_claims_are_tested_by_the_one_that_falls() -> None:
    """Gaussian noise of a scale 30 % too small breaks its curve at some ε, though not (8, 1e-6), which is all that is tested otherwise."""
    numbers = np.random.default_rng(1)
    one, other = (lambda: 1 + float(numbers.normal(0, 0.35)), lambda: float(numbers.normal(0, 0.35)))
    assert judge(collect(one, other, [Claim(11.0, 1e-6)])).verdict is Verdict.CONSISTENT
    report = judge(collect(one, other, [Claim(11.0, 1e-6), *gaussian_claims(2.0)]))
    assert report.verdict is Verdict.VIOLATED
    assert report.violations[0].evidence.claim.delta > 0.1


@pytest.mark.parametrize(("trials", "claims"), [(39, [Claim(1.0)]), (100, [])])
def test_an_audit_of_nothing_is_refused(trials: int, claims: list[Claim]) -> None:
    with pytest.raises(ValueError, match="at least 40 trials"):
        collect(lambda: 0, lambda: 0, claims, trials=trials)


# -------------------------------------------------------------------------------------------------------------- outputs


def test_all_of_an_output_is_seen() -> None:
    seen = see({"b": [1, 2.5, None], "a": {"x": Decimal("0.10"), "y": True}, "c": Fraction(1, 3), "d": np.array([4, math.nan])})
    assert {path: number for path, number in seen.numbers.items() if not path.startswith(("place", "length"))} == {
        "output['b'][0]": 1,
        "output['b'][1]": 2.5,
        "output['a']['x']": Fraction(1, 10),
        "output['c']": Fraction(1, 3),
        "output['d'][0]": 4.0,
        DISTINCT: 5,
    }
    assert (seen.numbers["place of output['a']"], seen.numbers["length of output['b']"]) == (1, 3)
    words = ["['b']", "['b'][2] = None", "['a']", "['a']['x']", "['a']['y']", "['a']['y'] = True", "['c']", "['d']", "['d'][1] = nan"]
    assert seen.words.split("\n") == [f"output{word}" for word in words]


def _same(numbers: random.Random, *centres: int) -> list[float]:
    noise = numbers.gauss(0, 20)
    return [centre + noise for centre in centres]


TELLING: dict[str, tuple[Callable[[random.Random], object], Callable[[random.Random], object]]] = {
    "a value": (lambda r: [r.random(), 5], lambda r: [r.random(), 6]),
    "the last digit of a large number": (lambda r: 10**30 + r.choice([0, 1]), lambda r: 10**30 + r.choice([5, 6])),
    "a key": (lambda r: {"a": r.random(), "b": r.random()}, lambda r: {"a": r.random()}),
    "the order of keys": (lambda r: {"a": r.random(), "b": r.random()}, lambda r: {"b": r.random(), "a": r.random()}),
    "a length": (lambda r: [r.random()] * 3, lambda r: [r.random()] * 2),
    "a word": (lambda r: (r.random(), "x"), lambda r: (r.random(), "y")),
    "nothing": (lambda _: None, lambda r: r.random()),
    "equal numbers": (lambda r: [r.choice(range(100))] * 2, lambda r: [r.choice(range(100)), r.choice(range(100))]),
    "one draw for all": (lambda r: _same(r, 0, 1), lambda r: _same(r, 1, 1)),
    "a spread": (lambda r: r.gauss(0, 1), lambda r: r.gauss(0, 50)),
    "many small steps": (lambda r: [r.gauss(0, 1) for _ in range(20)], lambda r: [r.gauss(0.8, 1) for _ in range(20)]),
}


@pytest.mark.parametrize("what", TELLING)
def test_whatever_tells_inputs_apart_is_found(what: str) -> None:
    one, other = TELLING[what]
    numbers = random.Random(what)
    assert audit(lambda: one(numbers), lambda: other(numbers), epsilon=1.0, trials=1000, false_alarm=1e-6).verdict is Verdict.VIOLATED


@pytest.mark.parametrize("what", TELLING)
def test_the_same_on_both_sides_is_not_found(what: str) -> None:
    for made in TELLING[what]:
        numbers = random.Random(what)
        run = partial(made, numbers)
        report = audit(run, run, epsilon=0.0, trials=1000, false_alarm=1e-6)
        assert report.verdict is Verdict.CONSISTENT


def test_what_chose_the_event_does_not_count_for_it() -> None:
    """An input is recognised on the first half of the trials only, where the event is chosen; the other half counts."""
    numbers = itertools.count()
    report = audit(lambda: int(next(numbers) < 500), lambda: 0, epsilon=0.0, trials=1000)
    assert report.verdict is Verdict.CONSISTENT
    assert report.findings[0].evidence.hits == 0


# -------------------------------------------------------------------------------------------------------------- one run


@pytest.mark.parametrize(
    ("persons", "guesses", "correct", "delta", "published"),
    [(100, 100, 75, 0, 0.702), (100, 100, 75, 1e-4, 0.699), (1_000, 100, 75, 1e-4, 0.673), (100_000, 1_510, 1_439, 1e-5, 2.675)],
)
def test_one_run_gives_the_published_figures(persons: int, guesses: int, correct: int, delta: float, published: float) -> None:
    """Steinke, Nasr and Jagielski 2023, arXiv:2305.08846: the examples of appendix D and of the experiments, at 95 %."""
    assert one_run_bound(persons, guesses, correct, delta=delta, level=0.05) == pytest.approx(published, abs=1e-3)


def test_the_p_value_of_one_run_is_its_formula() -> None:
    """Summed up once more, term by term."""
    q, v, r, m, delta = 1 / (1 + math.exp(-0.5)), 70, 90, 200, 1e-3
    tail = sum(stats.binom.pmf(k, r, q) for k in range(v, r + 1))
    slope = max(sum(stats.binom.pmf(k, r, q) for k in range(v - i, v)) / i for i in range(1, v + 1))
    assert one_run_p_value(m, r, v, Claim(0.5, delta)) == pytest.approx(tail + 2 * m * delta * slope, rel=1e-9)
    assert one_run_p_value(m, r, 0, Claim(0.5, delta)) == 1
    assert one_run_bound(100, 100, 50, delta=0, level=0.05) == 0


def noisy(scale: float, seed: int) -> Callable[[Sequence[bool]], list[float]]:
    """Return an algorithm with one person in each of many cells."""
    numbers = np.random.default_rng(seed)
    return lambda coins: (np.array(coins, dtype=float) + numbers.laplace(0, scale, len(coins))).tolist()


def test_one_run_over_many_persons() -> None:
    """Power: at half the noise, 1,000 guesses of 2,000 persons are right in 88 of 100 cases, where ε = 1 allows for 73."""
    right = audit_one_run(noisy(1, 1), 2_000, Claim(1.0), false_alarm=1e-6)
    wrong = audit_one_run(noisy(0.5, 2), 2_000, Claim(1.0), false_alarm=1e-6)
    assert (right.verdict, wrong.verdict) == (Verdict.CONSISTENT, Verdict.VIOLATED)
    assert 0.5 < right.bound < 1 < wrong.bound < 2
    assert (wrong.persons, wrong.guesses) == (2_000, 1_000)
    assert str(wrong).startswith("Violated: claimed ε = 1 at δ = 0; ε ≥ 1.")
    caught = [audit_one_run(noisy(0.5, seed), 2_000, Claim(1.0), false_alarm=1e-6, seed=seed).verdict for seed in range(100)]
    assert caught == [Verdict.VIOLATED] * 100


def test_one_run_wants_a_score_for_each_person() -> None:
    with pytest.raises(ValueError, match="one score for each person"):
        audit_one_run(lambda _: [1.0], 2, Claim(1.0))
    with pytest.raises(ValueError, match="no more guesses than persons"):
        audit_one_run(lambda coins: [0.0] * len(coins), 2, Claim(1.0), guesses=3)


def test_coins_are_fair_and_follow_from_the_seed() -> None:
    coins = flips(1, "persons", 10_000)
    assert coins == flips(1, "persons", 10_000)
    assert len({tuple(flips(seed, purpose, 64)) for seed in (1, 2) for purpose in ("persons", "order")}) == 4
    assert stats.binomtest(sum(coins), 10_000).pvalue > 1e-3
    assert len(flips(1, "persons", 257)) == 257
