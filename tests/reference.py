"""The reference: runs any plan from its values alone, one person after the other, on lists of rows. No SQL, no engine.

It is what `model.expression`, `model.relation` and `model.plan` say, written down once more and as plainly as possible, to hold
engines against. It shares no code with them, nor with `query.evaluate`.
"""

from __future__ import annotations

import hashlib
import math
from collections import defaultdict
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any, TypeAlias

from stillroom.model.relation import Enrich, Filter, Join, JoinKind, Mark, PartRows, PerPerson, Scan, Union, Window, steps
from stillroom.model.selection import Occupation, Occupied
from tests.reference_functions import call

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from stillroom.model import expression as model
    from stillroom.model.expression import Expression
    from stillroom.model.measure import Measure
    from stillroom.model.plan import Plan
    from stillroom.model.relation import Relation, Windowed
    from stillroom.ports import AdmittedTable

Scalar: TypeAlias = bool | int | str | None
Row: TypeAlias = dict[str, Scalar]
Where: TypeAlias = tuple[Scalar, ...]
"""A cell: the value of each selected key, then the position of each other key in its domain."""
Sparse: TypeAlias = dict[Any, int]
"""What is not zero of a vector of cells, by the place in canonical order; where keys are selected, by combination and place in it."""
Part: TypeAlias = "Mapping[Any, int | frozenset[Scalar]]"
"""What a person has in the cells of a measure: totals for a sum, sets of values for a union."""


@dataclass(frozen=True)
class ReferenceTable:
    """Admitted rows. In a private table each row has the canonical identifier of its person under `person`."""

    rows: list[Row]
    salt: bytes = b""


# ---------------------------------------------------------------------------------------------------------- expressions


def evaluate(expression: Expression, row: Mapping[str, Scalar]) -> Scalar:
    """Return the value of an expression for one row."""
    return _MEANING[expression.op](expression, row)


def _strictly(function: Callable[..., Scalar]) -> Callable[..., Scalar]:
    """Make a function NULL where an operand is NULL."""
    return lambda *operands: None if any(operand is None for operand in operands) else function(*operands)


def _three_valued(truth: Scalar) -> int:
    """Order false, unknown, true, so that AND is the least and OR the greatest."""
    return {False: 0, None: 1, True: 2}[truth]  # type: ignore[index]


def _conjunction(node: model.All, row: Mapping[str, Scalar]) -> Scalar:
    return min((evaluate(operand, row) for operand in node.operands), key=_three_valued)


def _disjunction(node: model.Any, row: Mapping[str, Scalar]) -> Scalar:
    return max((evaluate(operand, row) for operand in node.operands), key=_three_valued)


def _case(node: model.Case, row: Mapping[str, Scalar]) -> Scalar:
    chosen = [branch.then for branch in node.branches if evaluate(branch.when, row) is True]
    return evaluate([*chosen, node.otherwise][0], row)


def _quotient(left: int, right: int, shift: int) -> int | None:
    if right == 0:
        return None
    exact = Fraction(left * int(10**shift), right)
    away = math.floor(abs(exact) + Fraction(1, 2))
    return away if exact >= 0 else -away


def _matches(text: str, pattern: str) -> bool:
    """Match LIKE by the set of places in the pattern that could be reached after each character."""

    def past_any(reached: set[int]) -> set[int]:
        for place in sorted(reached):
            while place < len(pattern) and pattern[place] == "%":
                place += 1  # noqa: PLW2901
                reached.add(place)
        return reached

    reached = past_any({0})
    for character in text:
        steps = {place + 1 for place in reached if place < len(pattern) and pattern[place] in {"_", character} - {"%"}}
        stays = {place for place in reached if place < len(pattern) and pattern[place] == "%"}
        reached = past_any(steps | stays)
    return len(pattern) in reached


_ARITHMETIC: dict[str, Callable[[int, int], int]] = {
    "add": lambda left, right: left + right,
    "subtract": lambda left, right: left - right,
    "multiply": lambda left, right: left * right,
}

_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "eq": lambda left, right: left == right,
    "ne": lambda left, right: left != right,
    "lt": lambda left, right: left < right,
    "le": lambda left, right: left <= right,
}

_MEANING: dict[str, Callable[[Any, Mapping[str, Scalar]], Scalar]] = {
    "column": lambda node, row: row[node.name],
    "constant": lambda node, _row: node.value,
    "arithmetic": lambda node, row: _strictly(_ARITHMETIC[node.operation])(evaluate(node.left, row), evaluate(node.right, row)),
    "divide": lambda node, row: _strictly(_quotient)(evaluate(node.left, row), evaluate(node.right, row), node.shift),
    "compare": lambda node, row: _strictly(_COMPARE[node.comparison])(evaluate(node.left, row), evaluate(node.right, row)),
    "among": lambda node, row: _strictly(lambda value: value in [listed.value for listed in node.values])(evaluate(node.operand, row)),
    "like": lambda node, row: _strictly(_matches)(evaluate(node.operand, row), node.pattern),
    "is_null": lambda node, row: evaluate(node.operand, row) is None,
    "not": lambda node, row: _strictly(lambda truth: not truth)(evaluate(node.operand, row)),
    "all": _conjunction,
    "any": _disjunction,
    "case": _case,
    "call": lambda node, row: call(node.function, [evaluate(operand, row) for operand in node.operands]),
}

# ------------------------------------------------------------------------------------------------------------ relations


@dataclass
class _World:
    """Tables, looked up by person and by key; and where each value of a grouping key stands in its domain."""

    tables: Mapping[str, ReferenceTable]
    positions: list[dict[Scalar, int]]
    persons: dict[str, dict[str, list[Row]]] = field(default_factory=dict)
    keys: dict[tuple[str, ...], dict[tuple[Scalar, ...], list[Row]]] = field(default_factory=dict)

    def of_person(self, dataset: str, person: str) -> list[Row]:
        if dataset not in self.persons:
            self.persons[dataset] = defaultdict(list)
            for row in self.tables[dataset].rows:
                self.persons[dataset][str(row["person"])].append(row)
        return self.persons[dataset].get(person, [])

    def of_key(self, dataset: str, columns: tuple[str, ...], key: tuple[Scalar, ...]) -> list[Row]:
        index = (dataset, *columns)
        if index not in self.keys:
            self.keys[index] = defaultdict(list)
            for row in self.tables[dataset].rows:
                self.keys[index][tuple(row[column] for column in columns)].append(row)
        return [] if None in key else self.keys[index].get(key, [])


@dataclass(frozen=True)
class _Life:
    """All that happens to one person's rows. Nobody else's rows are in sight."""

    plan: Plan
    world: _World
    person: str

    def rows(self, relation: Relation) -> list[Row]:
        """Return the person's rows of a relation."""
        match relation:
            case Scan():
                mine = self.world.of_person(relation.dataset, self.person)
                return [{f"{relation.name}.{column}": row[column] for column in relation.columns} for row in mine]
            case PartRows():
                return self.rows(self.plan.parts[relation.part].relation)
            case Join():
                return self.joined(relation)
            case Mark():
                return self.marked(relation)
            case Filter():
                return [row for row in self.rows(relation.source) if evaluate(relation.condition, row) is True]
            case Enrich():
                return [wider for row in self.rows(relation.source) for wider in self.enriched(relation, row)]
            case PerPerson():
                return self.per_person(relation)
            case Union():
                arms = [(arm, row) for arm in relation.arms for row in self.rows(arm.relation)]
                return [dict(zip(relation.columns, (evaluate(value, row) for value in arm.values), strict=True)) for arm, row in arms]
            case Window():
                return self.windowed(relation)

    def joined(self, relation: Join) -> list[Row]:
        """Return the pairs of rows, and those without a match that an outer join keeps."""
        left, right = ([{**row, **mark} for row in self.rows(side)] for side, mark in self.sides(relation))
        pairs = [(one, other) for one in range(len(left)) for other in range(len(right)) if self.match(relation, left[one], right[other])]
        rows = [{**left[one], **right[other]} for one, other in pairs]
        if relation.kind in {"left", "full"}:
            absent: Row = dict.fromkeys(self.columns(relation.right, relation.has_right))
            rows += [{**row, **absent} for at, row in enumerate(left) if at not in {one for one, _ in pairs}]
        if relation.kind == "full":
            absent = dict.fromkeys(self.columns(relation.left, relation.has_left))
            rows += [{**absent, **row} for at, row in enumerate(right) if at not in {other for _, other in pairs}]
        return rows

    def sides(self, relation: Join) -> list[tuple[Relation, Row]]:
        """Return the two sides of a join, each with the mark that its rows carry."""
        named = ((relation.left, relation.has_left), (relation.right, relation.has_right))
        return [(side, {} if name is None else {name: True}) for side, name in named]

    def match(self, relation: Join | Mark, one: Row, other: Row) -> bool:
        """Tell whether two rows of the person belong together."""
        return relation.condition is None or evaluate(relation.condition, {**one, **other}) is True

    def marked(self, relation: Mark) -> list[Row]:
        """Return the rows, each told whether it has a match."""
        among = self.rows(relation.among)
        return [{**row, relation.name: any(self.match(relation, row, other) for other in among)} for row in self.rows(relation.source)]

    def columns(self, relation: Relation, mark: str | None = None) -> list[str]:
        """Return the names of the columns of a relation."""
        own = [] if mark is None else [mark]
        match relation:
            case Scan():
                return own + [f"{relation.name}.{column}" for column in relation.columns]
            case PartRows():
                return own + self.columns(self.plan.parts[relation.part].relation)
            case Join():
                return own + self.columns(relation.left, relation.has_left) + self.columns(relation.right, relation.has_right)
            case Mark():
                return own + self.columns(relation.source, relation.name)
            case Enrich():
                return own + self.columns(relation.source) + [f"{relation.name}.{column}" for column in relation.columns]
            case PerPerson():
                return own + [key.name for key in relation.keys] + [total.name for total in relation.totals]
            case Union():
                return own + list(relation.columns)
            case Window():
                return own + self.columns(relation.source) + [column.name for column in relation.columns]
            case Filter():
                return own + self.columns(relation.source)

    def enriched(self, relation: Enrich, row: Row) -> list[Row]:
        """Return a row once for each match in a public table."""
        key = tuple(evaluate(on.left, row) for on in relation.on)
        matches = self.world.of_key(relation.dataset, tuple(on.column for on in relation.on), key)
        if not matches and relation.kind is JoinKind.LEFT:
            matches = [dict.fromkeys(relation.columns)]
        return [{**row, **{f"{relation.name}.{column}": match[column] for column in relation.columns}} for match in matches]

    def per_person(self, relation: PerPerson) -> list[Row]:
        """Return one row for each combination of keys."""
        groups: dict[tuple[Scalar, ...], list[Row]] = defaultdict(list)
        for row in self.rows(relation.source):
            groups[tuple(evaluate(key.value, row) for key in relation.keys)].append(row)
        result = []
        for values, rows in groups.items():
            totalled: Row = {key.name: value for key, value in zip(relation.keys, values, strict=True)}
            for total in relation.totals:
                known = [value for row in rows if (value := evaluate(total.value, row)) is not None]
                totalled[total.name] = _TOTALS[total.function](known)
            result.append(totalled)
        return result

    def windowed(self, relation: Window) -> list[Row]:
        """Return the rows in their order, within each combination of keys, each with what the window says of it."""
        groups: dict[tuple[Scalar, ...], list[Row]] = defaultdict(list)
        for row in self.rows(relation.source):
            groups[tuple(evaluate(key, row) for key in relation.keys)].append(row)
        found = []
        for rows in groups.values():
            for term in reversed(relation.order):
                known = [row for row in rows if evaluate(term.value, row) is not None]
                known.sort(key=lambda row: evaluate(term.value, row), reverse=term.descending)  # type: ignore[arg-type,return-value]
                missing = [row for row in rows if evaluate(term.value, row) is None]
                rows[:] = missing + known if term.nulls_first else known + missing
            said = [[_said(column, rows, at) for column in relation.columns] for at in range(len(rows))]
            names = [column.name for column in relation.columns]
            found += [{**row, **dict(zip(names, values, strict=True))} for row, values in zip(rows, said, strict=True)]
        return found

    def contribution(self) -> tuple[Part, ...]:
        """Return the person's bounded part of each cell of each measure; last, where keys are selected, of numbers of persons."""
        groups: dict[Where, list[Row]] = defaultdict(list)
        grouping = list(range(len(self.plan.grouping)))
        for row in self.rows(self.plan.rows):
            group = self.cell(row, grouping)
            if group is not None:
                groups[group].append(row)
        mine = {group: groups[group] for group in self.kept(list(groups))}
        persons = [dict.fromkeys((group[: self.plan.selected] for group in mine), 1)] if self.plan.selection else []
        return (*(self.part(one, mine) for one in self.plan.measures), *persons)

    def part(self, measure: Measure, groups: Mapping[Where, list[Row]]) -> Part:
        """Return the person's part of the cells of one measure, given the rows in the groups that the person keeps."""
        cells: dict[Where, list[Row]] = defaultdict(list)
        for group, rows in groups.items():
            for row in rows:
                cell = self.cell(row, measure.grid)
                if cell is not None:
                    cells[(*group, *cell)].append(row)
        if measure.aggregate == "removed":
            return {0: lost} if (lost := sum(map(self.lost, [measure] * len(cells), cells.values()))) else {}
        if measure.aggregate == "union":
            return self.values(measure, cells)
        return self.once(measure, cells) if measure.aggregate == "persons" else self.vector(measure, cells)

    def lost(self, measure: Measure, rows: list[Row]) -> int:
        """Return what clamping takes from the total of one cell."""
        total = sum(int(evaluate(measure.value, row) or 0) for row in rows)
        return max(total - measure.high, 0) - max(measure.low - total, 0)

    def cell(self, row: Row, keys: Sequence[int]) -> Where | None:
        """Return the value of selected keys and the position of others in their domains, unless one is not in it."""
        found = [(key, evaluate(self.plan.keys[key].value, row)) for key in keys]
        if any(key >= self.plan.selected and value not in self.world.positions[key] for key, value in found):
            return None
        return tuple(value if key < self.plan.selected else self.world.positions[key][value] for key, value in found)

    def kept(self, cells: list[Where]) -> list[Where]:
        """Return the cells that count, as `Bounds.keep_groups` says."""
        if not self.plan.bounds.keep_groups:
            return cells
        salt = self.world.tables[self.plan.datasets[0]].salt

        def order(cell: Where) -> str:
            positions = ",".join(written(value, key < self.plan.selected) for key, value in enumerate(cell))
            return hashlib.sha256(f"{salt.hex()}|{self.person}|{positions}".encode()).hexdigest()

        return sorted(cells, key=order)[: self.plan.bounds.groups]

    def vector(self, measure: Measure, cells: Mapping[Where, list[Row]]) -> Sparse:
        """Return the clamped totals of one measure."""
        vector: Sparse = {}
        for cell, rows in cells.items():
            total = sum(int(evaluate(measure.value, row) or 0) for row in rows)
            place = self.place(measure, cell)
            vector[place] = vector.get(place, 0) + min(max(total, measure.low), measure.high)
        return {place: total for place, total in vector.items() if total}

    def once(self, measure: Measure, cells: Mapping[Where, list[Row]]) -> Sparse:
        """Return 1 for each cell of one measure in which the person has a row that counts, in whichever groups."""
        return {self.place(measure, cell): 1 for cell, rows in cells.items() if any(evaluate(measure.value, row) == 1 for row in rows)}

    def values(self, measure: Measure, cells: Mapping[Where, list[Row]]) -> dict[int, frozenset[Scalar]]:
        """Return the values of one measure that are not NULL."""
        found: dict[int, frozenset[Scalar]] = {}
        for cell, rows in cells.items():
            place = self.place(measure, cell)
            found[place] = found.get(place, frozenset()) | (frozenset(evaluate(measure.value, row) for row in rows) - {None})
        return {place: values for place, values in found.items() if values}

    def place(self, measure: Measure, cell: Where) -> Any:  # noqa: ANN401 - as the keys of `Sparse`
        """Return where a cell stands in canonical order: the last key varies fastest."""
        place, selected = 0, self.plan.selected
        own = (*self.plan.grouping, *(self.plan.keys[key] for key in measure.grid))
        for number, (key, position) in enumerate(zip(own[selected:], cell[selected:], strict=True), selected):
            if measure.kept is not None and number < len(self.plan.grouping) and number not in measure.kept:
                continue
            place = place * len(key.listed) + int(position or 0)
        return (cell[:selected], place) if _selects(self.plan, measure) else place


def written(value: Scalar, selected: bool) -> str:  # noqa: FBT001 - as the key says
    """Write where a cell is along a key, for the hash: a position, or the value of a selected key."""
    if not selected:
        return str(value)
    if isinstance(value, str):
        return value.encode().hex().upper()
    return "-" if value is None else str(int(value))


def _said(column: Windowed, rows: list[Row], at: int) -> Scalar:
    """Return what a window says of the row at a place in the order."""
    values = [evaluate(column.value, row) for row in (rows[: at + 1] if column.running else rows)]
    match column.function:
        case "row_number":
            return at + 1
        case "lag":
            return values[at - column.offset] if at >= column.offset else None
        case "lead":
            return values[at + column.offset] if at + column.offset < len(rows) else None
        case "first":
            return values[0]
        case "last":
            return values[-1]
        case _:
            return _TOTALS[column.function]([value for value in values if value is not None])


_TOTALS: dict[str, Callable[[list[Any]], Scalar]] = {
    "count": len,
    "distinct": lambda known: len({*known}),
    "sum": lambda known: sum(known) if known else None,
    "min": lambda known: min(known) if known else None,
    "max": lambda known: max(known) if known else None,
}

# -------------------------------------------------------------------------------------------------------------- measures


def contributions(plan: Plan, tables: Mapping[str, ReferenceTable]) -> dict[str, tuple[Part, ...]]:
    """Return what each person of any private dataset has in each measure."""
    world = _World(tables, [{value: position for position, value in enumerate(key.listed)} for key in plan.keys])
    persons = {str(row["person"]) for dataset in plan.datasets for row in tables[dataset].rows}
    return {person: _Life(plan, world, person).contribution() for person in sorted(persons)}


def together(parts: Iterable[Part]) -> Part:
    """Return what several persons have together: totals are added up, sets of values are united."""
    result: dict[int, Any] = {}
    for part in parts:
        for place, own in part.items():
            there = result.get(place)
            result[place] = own if there is None else there | own if isinstance(own, frozenset) else there + own
    return result


def counted(part: Mapping[int, int | frozenset[Scalar]]) -> Sparse:
    """Return totals as they are, and sets by their sizes."""
    return {place: len(own) if isinstance(own, frozenset) else own for place, own in part.items()}


def measure(plan: Plan, tables: Mapping[str, ReferenceTable]) -> tuple[tuple[int, ...], ...]:
    """Return the exact cells of each measure in canonical order."""
    everybody = contributions(plan, tables).values()
    vectors = [counted(together(parts[number] for parts in everybody)) for number in range(len(plan.measures))]
    sizes = [plan.cells_of(measure) for measure in plan.measures]
    return tuple(tuple(vector.get(place, 0) for place in range(size)) for vector, size in zip(vectors, sizes, strict=True))


def occupation(plan: Plan, tables: Mapping[str, ReferenceTable]) -> Occupation:
    """Return the combinations of selected keys that somebody is in, and the totals of measures that these keys do not tell about."""
    everybody = contributions(plan, tables).values()
    *vectors, persons = [counted(together(parts[number] for parts in everybody)) for number in range(len(plan.measures) + 1)]
    sizes = [plan.cells_of(measure) for measure in plan.measures]
    starts = [sum(sizes[:number]) for number in range(len(sizes))]
    cells: dict[Where, dict[int, int]] = {keys: {} for keys in persons}
    totals: list[tuple[int, ...]] = []
    for measure, vector, start, size in zip(plan.measures, vectors, starts, sizes, strict=True):
        apart = _selects(plan, measure)
        totals.append(() if apart else tuple(vector.get(place, 0) for place in range(size)))
        for (keys, place), total in vector.items() if apart else ():
            cells[keys].update({start + place: total} if total else {})
    return Occupation([Occupied(keys, number, cells[keys]) for keys, number in persons.items()], tuple(totals))


def _selects(plan: Plan, measure: Measure) -> bool:
    """Tell whether selected keys tell the cells of a measure apart."""
    return plan.selection is not None and measure.aggregate != "removed" and (measure.kept is None or 0 in measure.kept)


def read_tables(plan: Plan, tables: Mapping[str, AdmittedTable]) -> dict[str, ReferenceTable]:
    """Return what a plan reads, as lists of rows."""
    wanted: dict[str, list[str]] = defaultdict(list)
    for step in steps(plan.whole):
        if isinstance(step, Scan | Enrich):
            wanted[step.dataset] += [*step.columns, *(on.column for on in (step.on if isinstance(step, Enrich) else ()))]
    return {
        dataset: _read(tables[dataset], list(dict.fromkeys(columns)), private=dataset in plan.datasets)
        for dataset, columns in wanted.items()
    }


def _read(table: AdmittedTable, columns: list[str], *, private: bool) -> ReferenceTable:
    stored = table.rows(columns)
    rows: list[Row] = stored.select(columns).to_pylist() if columns else [{} for _ in range(stored.num_rows)]
    if private:
        identifiers = table.persons().to_pylist()
        codes = stored.column("person").to_pylist()
        rows = [{**row, "person": identifiers[code]} for row, code in zip(rows, codes, strict=True)]
    return ReferenceTable(rows, table.salt)


class ReferenceEngine:
    """The reference as an engine, wherever a test wants one that is slow and obvious."""

    name = "reference"

    def lacking(self, plan: Plan) -> tuple[str, ...]:
        """Return nothing."""
        del plan
        return ()

    def measure_exactly(self, plan: Plan, tables: Mapping[str, AdmittedTable]) -> tuple[tuple[int, ...], ...]:
        """Return the exact cells of each measure in canonical order."""
        return measure(plan, read_tables(plan, tables))

    def measure_occupied(self, plan: Plan, tables: Mapping[str, AdmittedTable]) -> Occupation:
        """Return the combinations of selected keys that somebody is in, and totals."""
        return occupation(plan, read_tables(plan, tables))
