-- name: free text
-- contract: selecting
SELECT code, COUNT(*) FROM visits GROUP BY code

-- name: free text, few groups of a person
-- contract: selecting tight
SELECT note, COUNT(*), SUM(cost), SUM(change) FROM visits GROUP BY note

-- name: free text of twins
-- contract: selecting twins
SELECT code, COUNT(*), COUNT(DISTINCT patient) FROM visits GROUP BY code

-- name: a function of the person
-- contract: selecting
SELECT UPPER(name) AS name, COUNT(*), AVG(income) FROM members GROUP BY 1

-- name: selected beside declared keys
-- contract: selecting
SELECT ward, code, COUNT(*), SUM(cost) FROM visits GROUP BY ward, code

-- name: selected beside declared keys, few groups of a person
-- contract: selecting tight
SELECT ward, urgent, code, COUNT(*), SUM(cost) FROM visits GROUP BY ward, urgent, code

-- name: two selected keys
-- contract: selecting tight
SELECT note, code, COUNT(*) FROM visits GROUP BY note, code

-- name: two selected keys of two owners
-- contract: selecting twins
SELECT m.name, v.code, COUNT(*), SUM(v.cost) FROM members AS m JOIN visits AS v ON m.member = v.patient GROUP BY m.name, v.code

-- name: totals beside a selected key
-- contract: selecting
SELECT code, ward, urgent, COUNT(*) FROM visits GROUP BY code, CUBE (ward, urgent)

-- name: large numbers
-- contract: selecting
SELECT amount, COUNT(*) FROM linked GROUP BY amount

-- name: large numbers of an outer join
-- contract: selecting tight
SELECT amount, region, COUNT(*) FROM members LEFT JOIN linked ON members.member = linked.member GROUP BY amount, region

-- name: a total of each person
-- contract: selecting
SELECT spent, COUNT(*) FROM (SELECT member, SUM(amount) AS spent FROM linked GROUP BY member) AS v GROUP BY spent

-- name: a selected key with HAVING, ORDER BY and LIMIT
-- contract: selecting
SELECT code, COUNT(*) AS n, SUM(severity) / COUNT(*) AS mean FROM visits GROUP BY code HAVING COUNT(*) > 2 ORDER BY n DESC, code LIMIT 3

-- name: windows over the rows that are shown
-- contract: selecting
SELECT code, ward, COUNT(*) AS n, RANK() OVER (PARTITION BY ward ORDER BY COUNT(*) DESC) AS place, COUNT(*) / SUM(COUNT(*)) OVER () AS share FROM visits GROUP BY code, ward

-- name: results of selected keys in a subquery
-- contract: selecting tight
SELECT COUNT(*) AS shown, MAX(n) AS most, SUM(cost) AS total FROM (SELECT note, COUNT(*) AS n, SUM(cost) AS cost FROM visits GROUP BY note) AS v

-- name: an error asked for
-- contract: selecting
-- terms: {"error": 20}
SELECT code, COUNT(*), SUM(severity) FROM visits GROUP BY code

-- name: the total of everybody beside a selected key
-- contract: selecting
SELECT code, COUNT(*), SUM(cost), AVG(severity) FROM visits GROUP BY ROLLUP (code)

-- name: all totals beside a selected key, few groups of a person
-- contract: selecting tight
SELECT code, ward, urgent, COUNT(*), SUM(change) FROM visits GROUP BY CUBE (code, ward, urgent)

-- name: totals of everybody that agree
-- contract: selecting twins
SELECT code, ward, urgent, COUNT(*) AS n, SUM(cost) FROM visits GROUP BY GROUPING SETS ((code, ward), (ward, urgent), (ward), ())

-- name: totals of everybody beside two selected keys
-- contract: selecting tight
SELECT note, code, COUNT(*), COUNT(DISTINCT patient) FROM visits GROUP BY GROUPING SETS ((note, code), ())

-- name: distinct values in selected groups
-- contract: selecting
SELECT code, COUNT(DISTINCT ward), COUNT(*) FROM visits GROUP BY code

-- name: distinct values alone in selected groups, few of a person
-- contract: selecting tight
SELECT note, COUNT(DISTINCT severity) FROM visits GROUP BY note

-- name: distinct values in selected groups and of everybody
-- contract: selecting tight
SELECT note, ward, COUNT(DISTINCT severity), COUNT(DISTINCT code), SUM(cost) FROM visits GROUP BY CUBE (note, ward)

-- name: quantiles in selected groups
-- contract: selecting
SELECT code, MEDIAN(severity), QUANTILE_CONT(cost, 0.9), COUNT(*) FROM visits GROUP BY code

-- name: quantiles alone in selected groups, few of a person
-- contract: selecting tight
SELECT note, MEDIAN(severity), MIN(severity), MAX(cost) FROM visits GROUP BY note

-- name: quantiles in selected groups and of everybody
-- contract: selecting tight
SELECT note, ward, MEDIAN(severity), COUNT(*) FROM visits GROUP BY ROLLUP (note, ward)

-- name: what clamping removes beside a selected key
-- contract: selecting tight
-- terms: {"epsilon": 1.0, "clamped": true}
SELECT code, SUM(cost), COUNT(*) FROM visits GROUP BY code

-- name: an error asked for of totals of everybody
-- contract: selecting
-- terms: {"error": 30}
SELECT code, ward, COUNT(*), SUM(severity) FROM visits GROUP BY CUBE (code, ward)

-- name: windows over totals of everybody
-- contract: selecting
SELECT code, COUNT(*) AS n, GROUPING(code) AS total, SUM(COUNT(*)) OVER () AS twice, RANK() OVER (PARTITION BY GROUPING(code) ORDER BY COUNT(*) DESC) AS place FROM visits GROUP BY ROLLUP (code)

-- name: medians, chosen, in selected groups
-- contract: selecting
-- terms: {"epsilon": 1.0, "quantiles": "exponential"}
SELECT code, MEDIAN(severity), COUNT(*) FROM visits GROUP BY code

-- name: quantiles, chosen, in selected groups and of everybody
-- contract: selecting tight
-- terms: {"epsilon": 1.0, "quantiles": "exponential"}
SELECT note, ward, MEDIAN(severity), QUANTILE_CONT(severity, 0.9), COUNT(*) FROM visits GROUP BY CUBE (note, ward)

-- name: one column of distinct rows, twice, in totals over selected keys
-- contract: selecting
SELECT code, SUM(x) AS s, SUM(y) AS t, AVG(y) AS a FROM (SELECT DISTINCT patient, code, severity AS x, severity AS y FROM visits) GROUP BY ROLLUP (code)
