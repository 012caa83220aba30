"""What an owner hands into a round: its contribution, with its share of the noise."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from stillroom.learning.fitting import model_of
from stillroom.learning.noise_table import drawn, noise_table
from stillroom.model.mechanism import Mechanism, NoiseKind
from stillroom.privacy.mechanisms import guarantee_of
from stillroom.privacy.noise_shares import norm_sensitivity, scale_of

if TYPE_CHECKING:
    from stillroom.learning.models.model import Step
    from stillroom.learning.rows import Rows, Whole
    from stillroom.model.training import TrainingPlan
    from stillroom.ports import Entropy, Noise


def contribution_of(plan: TrainingPlan, owner: str, step: Step, rows: Rows) -> Whole:
    """Return what an owner's rows add up to in a round, exactly: it never leaves the owner as it is.

    Raises:
        InvalidInput: As the model's `measure`.
    """
    return model_of(plan.fit, plan.sources[owner], plan.clip, plan.bound).measure(step, rows)


def noisy(plan: TrainingPlan, contribution: Whole, noise: Noise, entropy: Entropy) -> Whole:
    """Return a contribution with the owner's share of the noise in each number.

    Each draw is independent of the data and of every other one. The sampler's own account of a single share is confirmed as for a question;
    what all shares together guarantee is `stillroom.privacy.noise_shares`.

    Args:
        plan: The plan, which says how much.
        contribution: The contribution.
        noise: The exact sampler.
        entropy: Random bytes, for the table.

    Raises:
        Failed: The sampler does not confirm its noise.
    """
    length = len(contribution)
    if plan.tabled:
        return contribution + drawn(noise_table(plan.share.squared), length, entropy)
    mechanism = Mechanism(noise=NoiseKind.DISCRETE_GAUSSIAN, scale=scale_of(plan.share))
    sensitivity = norm_sensitivity(plan.norm**2, length)
    draws = noise.draw(mechanism, length, guarantee_of(mechanism, sensitivity))
    return contribution + np.array(draws, dtype=np.int64)
