-- name: rows by ward
-- terms: {"epsilon": 1.0, "advise": 0.05}
SELECT ward, COUNT(*) FROM visits GROUP BY ward

-- name: one number
-- terms: {"epsilon": 1.0, "advise": 0.5}
SELECT COUNT(*) FROM visits

-- name: a function of the person
-- terms: {"epsilon": 1.0, "advise": 0.05}
SELECT members.region, COUNT(*), SUM(cost) FROM members JOIN visits ON member = patient GROUP BY members.region

-- name: signed sum
-- terms: {"epsilon": 1.0, "advise": 0.1}
SELECT ward, SUM(change), COUNT(DISTINCT patient) FROM visits GROUP BY ward

-- name: negative sum
-- terms: {"epsilon": 1.0, "advise": 0.1}
SELECT ward, SUM(-severity), SUM(cost) FROM visits GROUP BY ward

-- name: few groups of a person
-- contract: tight
-- terms: {"epsilon": 1.0, "advise": 0.05}
SELECT ward, urgent, COUNT(*), SUM(change) FROM visits GROUP BY ward, urgent

-- name: twins
-- contract: twins
-- terms: {"epsilon": 1.0, "advise": 0.05}
SELECT ward, COUNT(*), SUM(cost), COUNT(DISTINCT severity) FROM visits GROUP BY ward

-- name: pure
-- contract: twins
-- terms: {"epsilon": 1.0, "advise": 0.05, "pure": true}
SELECT ward, COUNT(*), SUM(change) FROM visits GROUP BY ward

-- name: totals of several sets
-- terms: {"epsilon": 1.0, "advise": 0.05}
SELECT ward, urgent, COUNT(*), SUM(cost) FROM visits GROUP BY CUBE (ward, urgent)

-- name: average and ratio
-- terms: {"epsilon": 1.0, "advise": 0.05}
SELECT ward, AVG(cost), SUM(change) / COUNT(DISTINCT patient) AS each FROM visits GROUP BY ward

-- name: beside a quantile
-- terms: {"epsilon": 1.0, "advise": 0.05}
SELECT ward, MEDIAN(severity), COUNT(*) FROM visits GROUP BY ward

-- name: some rows only
-- terms: {"epsilon": 1.0, "advise": 0.05}
SELECT ward, SUM(cost) FILTER (WHERE urgent) AS cost FROM visits GROUP BY ward HAVING COUNT(*) > 3

-- name: one cap is given
-- terms: {"epsilon": 1.0, "advise": 0.05, "caps": {"n": 2}}
SELECT ward, COUNT(*) AS n, SUM(cost) AS cost FROM visits GROUP BY ward

-- name: groups of a person are given
-- terms: {"epsilon": 1.0, "advise": 0.05, "groups_per_person": 1}
SELECT ward, COUNT(*) AS n FROM visits GROUP BY ward

-- name: very large numbers
-- terms: {"epsilon": 1.0, "advise": 0.05}
SELECT level, SUM(amount), COUNT(*) FROM linked GROUP BY level

-- name: medians, chosen
-- terms: {"epsilon": 1.0, "advise": 0.1, "quantiles": "exponential"}
SELECT ward, MEDIAN(severity), COUNT(*) FROM visits GROUP BY ward

-- name: selected keys
-- contract: selecting
-- terms: {"epsilon": 1.0, "advise": 0.05}
SELECT code, COUNT(*), SUM(cost) FROM visits GROUP BY code

-- name: selected keys, few groups of a person, and totals of everybody
-- contract: selecting tight
-- terms: {"epsilon": 1.0, "advise": 0.05}
SELECT code, ward, COUNT(*), SUM(change) FROM visits GROUP BY CUBE (code, ward)

-- name: selected keys of twins
-- contract: selecting twins
-- terms: {"epsilon": 1.0, "advise": 0.1}
SELECT note, COUNT(*), COUNT(DISTINCT severity) FROM visits GROUP BY ROLLUP (note)

-- name: selected keys and no cap but that of cells
-- contract: selecting
-- terms: {"epsilon": 1.0, "advise": 0.25}
SELECT code, VARIANCE(severity) FROM visits GROUP BY code
