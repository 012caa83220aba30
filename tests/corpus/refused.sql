-- name: rows of a dataset
-- code: NOT_AGGREGATED
SELECT * FROM members

-- name: columns of a dataset
-- code: NOT_GROUPED
SELECT region, tariff FROM members

-- name: groups without an aggregate
-- code: NOT_AGGREGATED
SELECT region FROM members GROUP BY region

-- name: column beside an aggregate
-- code: NOT_GROUPED
SELECT region, COUNT(*) FROM members

-- name: column in HAVING
-- code: NOT_GROUPED
SELECT region, COUNT(*) FROM members GROUP BY region HAVING age > 3

-- name: column in ORDER BY
-- code: NOT_GROUPED
SELECT region, COUNT(*) FROM members GROUP BY region ORDER BY tariff

-- name: key in other units
-- code: NOT_GROUPED
SELECT CASE WHEN urgent THEN 15 ELSE 20 END AS w, COUNT(*) FROM visits GROUP BY CASE WHEN urgent THEN 1.5 ELSE 2.0 END

-- name: truth that is selected as a number
-- code: NOT_GROUPED
SELECT CASE WHEN urgent THEN 1 ELSE 0 END AS w, COUNT(*) FROM visits GROUP BY CASE WHEN urgent THEN TRUE ELSE FALSE END

-- name: GROUPING of a key in other units
-- code: NOT_GROUPED
SELECT GROUPING(CASE WHEN urgent THEN 15 ELSE 20 END), COUNT(*) FROM visits GROUP BY CASE WHEN urgent THEN 1.5 ELSE 2.0 END

-- name: person of the right side beside that of the left
-- code: NOT_GROUPED
SELECT COUNT(p) FROM (SELECT m.member, v.patient AS p FROM members m LEFT JOIN visits v ON m.member = v.patient GROUP BY m.member)

-- name: GROUPING of something that is no key
-- code: NOT_GROUPED
SELECT GROUPING(tariff), COUNT(*) FROM members GROUP BY region

-- name: dataset that is not there
-- code: DATASET_UNKNOWN
SELECT COUNT(*) FROM patients

-- name: schema before a dataset
-- code: CLAUSE_NOT_ALLOWED
SELECT COUNT(*) FROM main.members

-- name: table that is not in FROM
-- code: DATASET_UNKNOWN
SELECT COUNT(visits.cost) FROM members

-- name: column that is not there
-- code: COLUMN_UNKNOWN
SELECT shoe_size, COUNT(*) FROM members GROUP BY shoe_size

-- name: column of the wrong table
-- code: COLUMN_UNKNOWN
SELECT m.ward, COUNT(*) FROM members m GROUP BY m.ward

-- name: column of two tables
-- code: COLUMN_AMBIGUOUS
SELECT region, COUNT(*) FROM members JOIN visits ON member = patient GROUP BY region

-- name: two columns of one name
-- code: COLUMN_AMBIGUOUS
SELECT COUNT(*) FROM (SELECT ward AS a, severity AS a FROM visits)

-- name: all columns of two tables with one name
-- code: COLUMN_AMBIGUOUS
SELECT COUNT(*) FROM (SELECT * FROM members JOIN visits ON member = patient)

-- name: two tables of one name
-- code: COLUMN_AMBIGUOUS
SELECT COUNT(*) FROM members t JOIN visits t ON member = patient

-- name: position that is not there
-- code: COLUMN_UNKNOWN
SELECT region, COUNT(*) FROM members GROUP BY 3

-- name: position of an aggregate
-- code: AGGREGATE_NOT_ALLOWED
SELECT region, COUNT(*) FROM members GROUP BY 2

-- name: REPLACE by nothing
-- code: SQL_INVALID
SELECT COUNT(*) FROM visits WHERE REPLACE(note, 'a') = 'b'

-- name: buckets without ends
-- code: SQL_INVALID
SELECT COUNT(*) FROM visits WHERE WIDTH_BUCKET(cost, 0, 10) = 1

-- name: part of a text from nowhere
-- code: SQL_INVALID
SELECT COUNT(*) FROM visits WHERE SUBSTRING(note) = 'b'

-- name: FLOOR of nothing
-- code: SQL_INVALID
SELECT SUM(FLOOR()) FROM visits

-- name: constant as a key
-- code: EXPRESSION_NOT_ALLOWED
SELECT COUNT(*) FROM members GROUP BY 'x'

-- name: free text as a key
-- code: COLUMN_USE_NOT_ALLOWED
SELECT name, COUNT(*) FROM members GROUP BY name

-- name: key with too many values
-- code: KEY_WITHOUT_DOMAIN
SELECT CASE WHEN since > '2020-02-01' THEN age / 7 ELSE age END AS a, COUNT(*) FROM members GROUP BY a

-- name: total of many values as a key
-- code: KEY_WITHOUT_DOMAIN
SELECT total / 7 AS t, COUNT(*) FROM (SELECT member, SUM(level * 100000) AS total FROM linked GROUP BY member) GROUP BY t

-- name: values of a key that cannot be written
-- code: NUMBER_TOO_LARGE
SELECT severity * 999999999999999 * 1000 AS s, COUNT(*) FROM visits GROUP BY s

-- name: too many cells
-- code: TOO_MANY_CELLS
SELECT age, seen, since, COUNT(*) FROM members JOIN visits ON member = patient GROUP BY age, seen, since

-- name: too many grouping sets
-- code: TOO_MANY_CELLS
SELECT COUNT(*) FROM visits v JOIN members m ON patient = member GROUP BY CUBE (ward, severity, urgent, key0, seen), CUBE (tariff, smoker, age, segment)

-- name: too many grouping sets in one CUBE
-- code: TOO_MANY_CELLS
SELECT COUNT(*) FROM visits v JOIN members m ON patient = member GROUP BY CUBE (ward, severity, urgent, key0, seen, tariff, smoker, age, segment)

-- name: grouping sets inside each other
-- code: SQL_INVALID
SELECT COUNT(*) FROM visits GROUP BY ROLLUP (CUBE (ward, severity))

-- name: average of dates
-- code: TYPE_MISMATCH
SELECT AVG(paid) FROM linked

-- name: sum of text
-- code: COLUMN_USE_NOT_ALLOWED
SELECT SUM(note) FROM visits

-- name: sum of truth
-- code: TYPE_MISMATCH
SELECT SUM(urgent) FROM visits

-- name: number and text
-- code: TYPE_MISMATCH
SELECT COUNT(*) FROM visits WHERE severity = 'high'

-- name: number as a condition
-- code: TYPE_MISMATCH
SELECT COUNT(*) FROM visits WHERE severity

-- name: truth and number
-- code: TYPE_MISMATCH
SELECT COUNT(*) FROM visits WHERE urgent = 1

-- name: text that is no date
-- code: SQL_INVALID
SELECT COUNT(*) FROM visits WHERE seen > 'yesterday'

-- name: branches of unlike types
-- code: TYPE_MISMATCH
SELECT SUM(CASE WHEN urgent THEN 1 ELSE 'x' END) FROM visits

-- name: branches that are all NULL
-- code: TYPE_MISMATCH
SELECT COUNT(CASE WHEN urgent THEN NULL END) FROM visits

-- name: pattern that is not constant
-- code: TYPE_MISMATCH
SELECT COUNT(*) FROM visits WHERE note LIKE code

-- name: HAVING without a condition
-- code: TYPE_MISMATCH
SELECT ward, COUNT(*) FROM visits GROUP BY ward HAVING SUM(cost)

-- name: arithmetic on text after the noise
-- code: TYPE_MISMATCH
SELECT ward, ward + COUNT(*) FROM visits GROUP BY ward

-- name: NULL among the values of IN
-- code: EXPRESSION_NOT_ALLOWED
SELECT COUNT(*) FROM visits WHERE severity NOT IN (1, NULL)

-- name: unlike values of IN, of nothing
-- code: TYPE_MISMATCH
SELECT COUNT(*) FROM visits WHERE NULL IN (1, 'a')

-- name: unlike values of IN, of text
-- code: TYPE_MISMATCH
SELECT COUNT(*) FROM visits WHERE '2024-01-01' IN ('yesterday', DATE '2024-01-01')

-- name: column among the values of IN
-- code: EXPRESSION_NOT_ALLOWED
SELECT COUNT(*) FROM visits WHERE severity IN (1, cost)

-- name: scalar subquery
-- code: SUBQUERY_NOT_ALLOWED
SELECT (SELECT COUNT(*) FROM visits), COUNT(*) FROM members

-- name: MIN of text
-- code: TYPE_MISMATCH
SELECT MIN(tariff) FROM members

-- name: MAX without bounds
-- contract: unbounded
-- code: BOUND_MISSING
SELECT MAX(age) FROM members

-- name: quantile beyond the rows
-- code: AGGREGATE_NOT_ALLOWED
SELECT QUANTILE_CONT(age, 1.5) FROM members

-- name: quantile of a part that depends on the row
-- code: AGGREGATE_NOT_ALLOWED
SELECT QUANTILE_CONT(age, age) FROM members

-- name: quantile with seven decimal places
-- code: AGGREGATE_NOT_ALLOWED
SELECT QUANTILE_CONT(age, 0.1234567) FROM members

-- name: list of quantiles
-- code: EXPRESSION_NOT_ALLOWED
SELECT QUANTILE_CONT(age, [0.1, 0.9]) FROM members

-- name: quantile that is one of the values
-- code: FUNCTION_NOT_ALLOWED
SELECT QUANTILE_DISC(age, 0.5) FROM members

-- name: quantile of two columns
-- code: EXPRESSION_NOT_ALLOWED
SELECT PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY age, income) FROM members

-- name: median of a filter-only column
-- code: COLUMN_USE_NOT_ALLOWED
SELECT MEDIAN(CASE WHEN finding = 'bad' THEN 1 ELSE 2 END), MEDIAN(LENGTH(note)) FROM visits

-- name: median to an error
-- code: PRICE_INVALID
-- terms: {"error": 5}
SELECT MEDIAN(age) FROM members

-- name: median of distinct values
-- code: AGGREGATE_NOT_ALLOWED
SELECT MEDIAN(DISTINCT age) FROM members

-- name: words after WITHIN
-- code: FUNCTION_NOT_ALLOWED
SELECT COUNT(*) GROUP (ORDER BY age) FROM members

-- name: distinct pairs of values
-- code: AGGREGATE_NOT_ALLOWED
SELECT COUNT(DISTINCT ward, severity) FROM visits

-- name: distinct values of a column for filters
-- code: COLUMN_USE_NOT_ALLOWED
SELECT COUNT(DISTINCT note) FROM visits

-- name: distinct values that depend on the person
-- code: PERSON_NOT_RELEASED
SELECT COUNT(DISTINCT CASE WHEN patient = 'a1' THEN 1 END) FROM visits

-- name: sum of distinct values
-- code: AGGREGATE_NOT_ALLOWED
SELECT SUM(DISTINCT cost) FROM visits

-- name: sum of how many values a person has of a column that may not be measured
-- code: COLUMN_USE_NOT_ALLOWED
SELECT SUM(n) FROM (SELECT patient, COUNT(DISTINCT ward) AS n FROM visits GROUP BY patient)

-- name: aggregate of an aggregate
-- code: AGGREGATE_NOT_ALLOWED
SELECT SUM(COUNT(*)) FROM visits

-- name: aggregate in WHERE
-- code: AGGREGATE_NOT_ALLOWED
SELECT COUNT(*) FROM visits WHERE COUNT(*) > 1

-- name: count of nothing
-- code: AGGREGATE_NOT_ALLOWED
SELECT COUNT() FROM visits

-- name: count of nothing for each person
-- code: AGGREGATE_NOT_ALLOWED
SELECT SUM(n) FROM (SELECT patient, COUNT() AS n FROM visits GROUP BY patient)

-- name: least text of each person as a key that may not be grouped by
-- code: COLUMN_USE_NOT_ALLOWED
SELECT k, COUNT(*) FROM (SELECT patient, MIN(finding) AS k FROM visits GROUP BY patient) GROUP BY k

-- name: aggregate filtered by what may not be filtered
-- code: COLUMN_USE_NOT_ALLOWED
SELECT COUNT(*) FILTER (WHERE rating > 0) FROM members

-- name: counted by what may not be filtered
-- code: COLUMN_USE_NOT_ALLOWED
SELECT COUNT_IF(segment = 1) FROM members

-- name: aggregate filtered by a number
-- code: TYPE_MISMATCH
SELECT COUNT(*) FILTER (WHERE severity) FROM visits

-- name: aggregate filtered by an aggregate
-- code: AGGREGATE_NOT_ALLOWED
SELECT SUM(cost) FILTER (WHERE COUNT(*) > 1) FROM visits

-- name: aggregate filtered by the person
-- code: PERSON_NOT_RELEASED
SELECT COUNT(*) FILTER (WHERE patient = 'a1') FROM visits

-- name: filter of what is no aggregate
-- code: FUNCTION_NOT_ALLOWED
SELECT FILTER(cost), COUNT(*) FROM visits

-- name: filter of GROUPING
-- code: AGGREGATE_NOT_ALLOWED
SELECT GROUPING(ward) FILTER (WHERE urgent), COUNT(*) FROM visits GROUP BY ward

-- name: sum of truth values
-- code: TYPE_MISMATCH
SELECT SUM(urgent) FROM visits

-- name: average of truth values
-- code: TYPE_MISMATCH
SELECT AVG(urgent) FROM visits

-- name: count of numbers that are true
-- code: TYPE_MISMATCH
SELECT COUNT_IF(severity) FROM visits

-- name: join without the person
-- code: JOIN_WITHOUT_PERSON
SELECT COUNT(*) FROM members JOIN visits ON members.region = visits.region

-- name: join by an inequality of persons
-- code: PERSON_NOT_RELEASED
SELECT COUNT(*) FROM members JOIN visits ON member < patient

-- name: public table alone
-- code: PERSON_LOST
SELECT COUNT(*) FROM regions

-- name: public table on the preserved side
-- code: JOIN_NOT_ALLOWED
SELECT COUNT(*) FROM regions LEFT JOIN members ON regions.region = members.region

-- name: public table by part of its key
-- code: JOIN_NOT_ALLOWED
SELECT COUNT(*) FROM visits v JOIN rota r ON v.ward = r.ward

-- name: public table not by its key
-- code: JOIN_NOT_ALLOWED
SELECT COUNT(*) FROM visits v JOIN regions r ON v.severity = r.size

-- name: public table of several rows of a key with a condition, left
-- code: JOIN_NOT_ALLOWED
SELECT COUNT(*) FROM visits v LEFT JOIN rota r ON v.ward = r.ward AND v.urgent = r.urgent AND r.nurses > 2

-- name: public table by a key of another type
-- code: TYPE_MISMATCH
SELECT COUNT(*) FROM visits v JOIN regions r ON v.severity = r.region

-- name: two public tables
-- code: JOIN_NOT_ALLOWED
SELECT COUNT(*) FROM regions JOIN codes ON regions.region = codes.code

-- name: subquery without the person in its groups
-- code: PERSON_LOST
SELECT AVG(n) FROM members JOIN (SELECT ward, COUNT(*) AS n FROM visits GROUP BY ward) ON n = age

-- name: subquery with one total
-- code: PERSON_LOST
SELECT COUNT(*) FROM members WHERE EXISTS (SELECT n FROM (SELECT COUNT(*) AS n FROM visits) WHERE n = member)

-- name: position of a total in the groups of a subquery
-- code: AGGREGATE_NOT_ALLOWED
SELECT COUNT(*) FROM (SELECT patient, COUNT(*) AS n FROM visits GROUP BY patient, 2)

-- name: subquery without its person, joined
-- code: JOIN_WITHOUT_PERSON
SELECT COUNT(*) FROM members JOIN (SELECT ward, region FROM visits) v ON members.region = v.region

-- name: order in a subquery
-- code: CLAUSE_NOT_ALLOWED
SELECT COUNT(*) FROM (SELECT patient FROM visits ORDER BY cost)

-- name: limit in a subquery
-- code: CLAUSE_NOT_ALLOWED
SELECT COUNT(*) FROM (SELECT patient FROM visits LIMIT 1)

-- name: DISTINCT
-- code: CLAUSE_NOT_ALLOWED
SELECT DISTINCT ward FROM visits

-- name: recursion
-- code: CLAUSE_NOT_ALLOWED
WITH RECURSIVE t AS (SELECT patient FROM visits) SELECT COUNT(*) FROM t

-- name: no FROM
-- code: CLAUSE_NOT_ALLOWED
SELECT 1

-- name: limit that is not constant
-- code: CLAUSE_NOT_ALLOWED
SELECT COUNT(*) FROM visits LIMIT 1 + 1

-- name: filter by a measure
-- code: COLUMN_USE_NOT_ALLOWED
SELECT COUNT(*) FROM members WHERE rating > 0

-- name: filter by a key
-- code: COLUMN_USE_NOT_ALLOWED
SELECT COUNT(*) FROM members WHERE segment = 1

-- name: measure of a key
-- code: COLUMN_USE_NOT_ALLOWED
SELECT SUM(segment) FROM members

-- name: key of a filter
-- code: COLUMN_USE_NOT_ALLOWED
SELECT finding, COUNT(*) FROM visits GROUP BY finding

-- name: column without any use
-- code: COLUMN_USE_NOT_ALLOWED
SELECT COUNT(*) FROM members WHERE broker = 'ann'

-- name: unbounded number
-- code: BOUND_MISSING
-- contract: unbounded
SELECT SUM(age) FROM members

-- name: one person with too many rows
-- code: BOUND_TOO_LARGE
-- contract: narrow
SELECT COUNT(*) FROM visits JOIN linked ON patient = member

-- name: numbers that grow
-- code: NUMBER_TOO_LARGE
SELECT SUM(amount * amount * amount * amount) FROM linked

-- name: total of one person that is too large
-- code: BOUND_TOO_LARGE
SELECT SUM(amount * amount * 4) FROM linked

-- name: neither price nor error
-- code: PRICE_INVALID
-- terms: {}
SELECT COUNT(*) FROM members

-- name: price and error
-- code: PRICE_INVALID
-- terms: {"epsilon": 1.0, "error": 5.0}
SELECT COUNT(*) FROM members

-- name: error of something computed
-- code: PRICE_INVALID
-- terms: {"error": 5.0}
SELECT COUNT(*) * 2 FROM members

-- name: error of an average without a group size
-- code: PRICE_INVALID
-- terms: {"error": 5.0}
SELECT AVG(age) FROM members

-- name: error that no noise keeps
-- code: PRICE_NOT_REACHABLE
-- terms: {"error": 0.000000001, "group_size": 1}
SELECT AVG(age) FROM members

-- name: broken SQL
-- code: SQL_INVALID
SELECT COUNT(* FROM members

-- name: number that is none
-- code: SQL_INVALID
SELECT COUNT(*) FROM members WHERE age > 1e

-- name: heading that is too long
-- code: SQL_INVALID
SELECT COUNT(*) AS xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx FROM members

-- name: rows of a public table kept
-- code: JOIN_NOT_ALLOWED
SELECT COUNT(*) FROM visits v RIGHT JOIN regions r ON v.region = r.region

-- name: rows of a public table kept on both sides
-- code: JOIN_NOT_ALLOWED
SELECT COUNT(*) FROM visits v FULL JOIN regions r ON v.region = r.region

-- name: full join with many rows of one person
-- code: BOUND_TOO_LARGE
-- contract: narrow
SELECT COUNT(*) FROM visits FULL JOIN linked ON patient = member AND severity > level

-- name: IN of another column
-- code: SUBQUERY_NOT_ALLOWED
SELECT COUNT(*) FROM members WHERE age IN (SELECT severity FROM visits)

-- name: IN of another column by the person
-- code: SUBQUERY_NOT_ALLOWED
SELECT COUNT(*) FROM members WHERE member IN (SELECT ward FROM visits)

-- name: IN of two columns
-- code: SUBQUERY_NOT_ALLOWED
SELECT COUNT(*) FROM members WHERE member IN (SELECT patient, ward FROM visits)

-- name: EXISTS about anybody
-- code: SUBQUERY_NOT_ALLOWED
SELECT COUNT(*) FROM members m WHERE EXISTS (SELECT 1 FROM visits v WHERE v.severity > m.age)

-- name: EXISTS without a condition
-- code: SUBQUERY_NOT_ALLOWED
SELECT COUNT(*) FROM members WHERE EXISTS (SELECT 1 FROM visits)

-- name: EXISTS about others
-- code: PERSON_NOT_RELEASED
SELECT COUNT(*) FROM members m WHERE EXISTS (SELECT 1 FROM visits v WHERE v.patient <> m.member)

-- name: EXISTS of a total
-- code: SUBQUERY_NOT_ALLOWED
SELECT COUNT(*) FROM members m WHERE EXISTS (SELECT COUNT(*) FROM visits v WHERE v.patient = m.member)

-- name: EXISTS that tests what may not be filtered
-- code: COLUMN_USE_NOT_ALLOWED
SELECT COUNT(*) FROM visits v WHERE EXISTS (SELECT 1 FROM members m WHERE m.member = v.patient AND m.rating > 0)

-- name: EXISTS that tests an outer column that may not be filtered
-- code: COLUMN_USE_NOT_ALLOWED
SELECT COUNT(*) FROM members m WHERE EXISTS (SELECT 1 FROM visits v WHERE m.member = v.patient AND m.rating > v.severity)

-- name: EXISTS in a condition of a join
-- code: SUBQUERY_NOT_ALLOWED
SELECT COUNT(*) FROM members m JOIN outcomes o ON m.member = o.patient AND EXISTS (SELECT 1 FROM visits v WHERE m.member = v.patient)

-- name: person of a side that may be missing, as a value
-- code: PERSON_NOT_RELEASED
SELECT COALESCE(member, patient), COUNT(*) FROM members FULL JOIN visits ON member = patient GROUP BY 1

-- name: window over everybody
-- code: PERSON_LOST
SELECT COUNT(*) FROM (SELECT patient, ROW_NUMBER() OVER (ORDER BY seen) AS r FROM visits) WHERE r = 1

-- name: window by another key
-- code: PERSON_LOST
SELECT COUNT(*) FROM (SELECT patient, COUNT(*) OVER (PARTITION BY ward) AS r FROM visits) WHERE r > 3

-- name: window in the outer SELECT
-- code: NOT_GROUPED
SELECT COUNT(*), ROW_NUMBER() OVER (PARTITION BY patient ORDER BY seen) FROM visits

-- name: window with another frame
-- code: CLAUSE_NOT_ALLOWED
SELECT COUNT(*) FROM (SELECT patient, SUM(cost) OVER (PARTITION BY patient ORDER BY seen ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS s FROM visits) WHERE s > 3

-- name: window by a range of values
-- code: CLAUSE_NOT_ALLOWED
SELECT COUNT(*) FROM (SELECT patient, SUM(cost) OVER (PARTITION BY patient ORDER BY severity RANGE BETWEEN 2 PRECEDING AND CURRENT ROW) AS s FROM visits) WHERE s > 3

-- name: window function that is not supported
-- code: FUNCTION_NOT_ALLOWED
SELECT COUNT(*) FROM (SELECT patient, NTILE(4) OVER (PARTITION BY patient ORDER BY seen) AS s FROM visits) WHERE s > 3

-- name: window that looks by a column
-- code: EXPRESSION_NOT_ALLOWED
SELECT COUNT(*) FROM (SELECT patient, LAG(cost, severity) OVER (PARTITION BY patient ORDER BY seen) AS s FROM visits) WHERE s > 3

-- name: window ordered by a column without use
-- code: COLUMN_USE_NOT_ALLOWED
SELECT COUNT(*) FROM (SELECT patient, ROW_NUMBER() OVER (PARTITION BY patient ORDER BY staff) AS s FROM visits) WHERE s = 3

-- name: window of a column that may not be measured
-- code: COLUMN_USE_NOT_ALLOWED
SELECT SUM(CASE WHEN f = 'good' THEN 1 ELSE 0 END), SUM(s) FROM (SELECT patient, finding AS f, ROW_NUMBER() OVER (PARTITION BY patient ORDER BY key0) AS s FROM visits) GROUP BY f

-- name: QUALIFY of groups
-- code: CLAUSE_NOT_ALLOWED
SELECT COUNT(*) FROM (SELECT patient, COUNT(*) AS n FROM visits GROUP BY patient QUALIFY n > 1)

-- name: QUALIFY outside
-- code: CLAUSE_NOT_ALLOWED
SELECT COUNT(*) FROM visits QUALIFY COUNT(*) > 1

-- name: UNION of two questions
-- code: STATEMENT_NOT_ALLOWED
SELECT COUNT(*) FROM visits UNION ALL SELECT COUNT(*) FROM members

-- name: UNION of unlike columns
-- code: TYPE_MISMATCH
SELECT COUNT(*) FROM (SELECT patient, ward FROM visits UNION ALL SELECT member, age FROM members)

-- name: UNION with fewer columns
-- code: TYPE_MISMATCH
SELECT COUNT(*) FROM (SELECT patient, ward FROM visits UNION ALL SELECT member FROM members)

-- name: UNION with the person elsewhere
-- code: TYPE_MISMATCH
SELECT COUNT(*) FROM (SELECT patient, ward FROM visits UNION ALL SELECT tariff, member FROM members)

-- name: UNION whose first columns have one name
-- code: COLUMN_AMBIGUOUS
SELECT COUNT(*) FROM (SELECT patient, cost, cost FROM visits UNION ALL SELECT patient, cost, severity FROM visits)

-- name: UNION of groups, with a name that could be either of two columns
-- code: COLUMN_AMBIGUOUS
SELECT COUNT(*) FROM (SELECT patient, 1 AS a, 2 AS b FROM visits UNION ALL SELECT patient, severity AS x, COUNT(*) AS x FROM visits GROUP BY patient, severity)

-- name: UNION without the person, each row once
-- code: PERSON_LOST
SELECT COUNT(*) FROM (SELECT ward FROM visits UNION SELECT region FROM members)

-- name: EXCEPT
-- code: CLAUSE_NOT_ALLOWED
SELECT COUNT(*) FROM (SELECT patient FROM visits EXCEPT SELECT member FROM members)

-- name: rows of a union of one person
-- code: BOUND_TOO_LARGE
-- contract: narrow
SELECT COUNT(*) FROM (SELECT v.patient FROM visits v UNION ALL SELECT w.patient FROM visits w UNION ALL SELECT x.patient FROM visits x)

-- name: each row once, without the person
-- code: PERSON_LOST
SELECT COUNT(*) FROM (SELECT DISTINCT ward FROM visits)

-- name: each row once, by some columns
-- code: PERSON_LOST
SELECT COUNT(*) FROM (SELECT DISTINCT ON (ward) patient, ward FROM visits)

-- name: greatest of unlike values
-- code: TYPE_MISMATCH
SELECT SUM(GREATEST(severity, 'x')) FROM visits

-- name: first of unlike values
-- code: TYPE_MISMATCH
SELECT COUNT(COALESCE(severity, ward)) FROM visits

-- name: first value and the person
-- code: PERSON_NOT_RELEASED
SELECT COUNT(COALESCE(patient, 'x')) FROM visits

-- name: one value only
-- code: FUNCTION_NOT_ALLOWED
SELECT SUM(IF(urgent, 1)) FROM visits

-- name: number as a choice
-- code: TYPE_MISMATCH
SELECT SUM(IF(severity, 1, 2)) FROM visits

-- name: whole quotient of decimals
-- code: TYPE_MISMATCH
SELECT SUM(cost // 2) FROM visits

-- name: absolute text
-- code: TYPE_MISMATCH
SELECT COUNT(ABS(ward)) FROM visits

-- name: sign of text
-- code: TYPE_MISMATCH
SELECT COUNT(SIGN(ward)) FROM visits

-- name: places that are not constant
-- code: EXPRESSION_NOT_ALLOWED
SELECT SUM(ROUND(cost, severity)) FROM visits

-- name: too many places
-- code: EXPRESSION_NOT_ALLOWED
SELECT SUM(ROUND(cost, 13)) FROM visits

-- name: buckets from right to left
-- code: EXPRESSION_NOT_ALLOWED
SELECT SUM(WIDTH_BUCKET(age, 80, 20, 6)) FROM members JOIN visits ON member = patient

-- name: buckets that are not constant
-- code: TYPE_MISMATCH
SELECT SUM(WIDTH_BUCKET(severity, 0, cost, 6)) FROM visits

-- name: no buckets
-- code: EXPRESSION_NOT_ALLOWED
SELECT SUM(WIDTH_BUCKET(severity, 0, 5, 0)) FROM visits

-- name: floor of text
-- code: TYPE_MISMATCH
SELECT SUM(FLOOR(ward)) FROM visits

-- name: remainder by something that may not be measured
-- code: COLUMN_USE_NOT_ALLOWED
SELECT SUM(severity % staff) FROM visits

-- name: powers
-- code: FUNCTION_NOT_ALLOWED
SELECT SUM(POW(income, 5)) FROM members

-- name: logarithms
-- code: FUNCTION_NOT_ALLOWED
SELECT SUM(LN(income)) FROM members

-- name: regular expressions
-- code: FUNCTION_NOT_ALLOWED
SELECT COUNT(*) FROM visits WHERE regexp_matches(note, 'a')

-- name: the time
-- code: FUNCTION_NOT_ALLOWED
SELECT COUNT(*) FROM visits WHERE seen < now()

-- name: chance
-- code: FUNCTION_NOT_ALLOWED
SELECT COUNT(*) FROM visits WHERE random() < 0.5

-- name: collations
-- code: CLAUSE_NOT_ALLOWED
SELECT COUNT(*) FROM visits WHERE note COLLATE NOCASE = 'a'

-- name: part of a number
-- code: TYPE_MISMATCH
SELECT COUNT(*) FROM visits WHERE YEAR(severity) = 2024

-- name: part of a date that is not there
-- code: EXPRESSION_NOT_ALLOWED
SELECT COUNT(*) FROM visits WHERE EXTRACT(hour FROM seen) = 0

-- name: part of a date by a column
-- code: EXPRESSION_NOT_ALLOWED
SELECT COUNT(*) FROM visits WHERE date_part(ward, seen) = 0

-- name: unit of a date that is not there
-- code: EXPRESSION_NOT_ALLOWED
SELECT COUNT(*) FROM visits WHERE date_trunc('decade', seen) > '2020-01-01'

-- name: difference in hours
-- code: EXPRESSION_NOT_ALLOWED
SELECT COUNT(*) FROM visits WHERE date_diff('hour', seen, DATE '2024-01-01') > 3

-- name: sum of dates
-- code: TYPE_MISMATCH
SELECT COUNT(*) FROM visits WHERE seen + seen > '2024-01-01'

-- name: product with a date
-- code: TYPE_MISMATCH
SELECT COUNT(*) FROM visits WHERE seen * 2 > '2024-01-01'

-- name: days from a number
-- code: TYPE_MISMATCH
SELECT COUNT(*) FROM visits WHERE 3 - seen > '2024-01-01'

-- name: half a day later
-- code: TYPE_MISMATCH
SELECT COUNT(*) FROM visits WHERE seen + 0.5 > '2024-01-01'

-- name: interval of milliseconds
-- code: EXPRESSION_NOT_ALLOWED
SELECT COUNT(*) FROM visits WHERE seen + INTERVAL 5 MILLISECOND > '2024-01-01'

-- name: interval beside an interval
-- code: EXPRESSION_NOT_ALLOWED
SELECT COUNT(*) FROM linked WHERE stamped > INTERVAL 5 HOUR

-- name: timestamp less timestamp
-- code: TYPE_MISMATCH
SELECT COUNT(*) FROM linked WHERE stamped - stamped > 5

-- name: cast of a number to timestamp
-- code: TYPE_MISMATCH
SELECT COUNT(*) FROM visits WHERE CAST(severity AS TIMESTAMP) > '2024-01-01'

-- name: group by seconds
-- code: KEY_WITHOUT_DOMAIN
SELECT stamped, COUNT(*) FROM linked GROUP BY stamped

-- name: current timestamp
-- code: CLAUSE_NOT_ALLOWED
SELECT COUNT(*) FROM linked WHERE stamped > CURRENT_TIMESTAMP

-- name: timestamp without a text
-- code: SQL_INVALID
SELECT COUNT(*) FROM linked WHERE stamped > TIMESTAMP 5

-- name: interval of two units
-- code: EXPRESSION_NOT_ALLOWED
SELECT COUNT(*) FROM visits WHERE seen + INTERVAL '1 month 2 days' > '2024-01-01'

-- name: interval of a column
-- code: CLAUSE_NOT_ALLOWED
SELECT COUNT(*) FROM visits WHERE seen + INTERVAL severity DAY > '2024-01-01'

-- name: interval before a date
-- code: EXPRESSION_NOT_ALLOWED
SELECT COUNT(*) FROM visits WHERE INTERVAL 5 DAY - seen > '2024-01-01'

-- name: interval of intervals
-- code: CLAUSE_NOT_ALLOWED
SELECT COUNT(*) FROM visits WHERE seen + INTERVAL INTERVAL INTERVAL 5 DAY > '2024-01-01'

-- name: interval alone
-- code: EXPRESSION_NOT_ALLOWED
SELECT COUNT(INTERVAL 5 DAY) FROM visits

-- name: eternity
-- code: EXPRESSION_NOT_ALLOWED
SELECT COUNT(*) FROM visits WHERE seen + INTERVAL 999999 YEAR > '2024-01-01'

-- name: sum of dates that are moved
-- code: COLUMN_USE_NOT_ALLOWED
SELECT SUM(seen - DATE '2024-01-01') FROM visits

-- name: today
-- code: CLAUSE_NOT_ALLOWED
SELECT COUNT(*) FROM visits WHERE seen < CURRENT_DATE

-- name: variance of each value once
-- code: AGGREGATE_NOT_ALLOWED
SELECT VARIANCE(DISTINCT cost) FROM visits

-- name: variance of text
-- code: TYPE_MISMATCH
SELECT VARIANCE(tariff) FROM members

-- name: variance of truth values
-- code: TYPE_MISMATCH
SELECT STDDEV(urgent) FROM visits

-- name: correlation with what may not be measured
-- code: COLUMN_USE_NOT_ALLOWED
SELECT CORR(cost, ward) FROM visits

-- name: correlation without bounds
-- code: BOUND_MISSING
-- contract: unbounded
SELECT CORR(income, age) FROM members

-- name: correlation of one column
-- code: SQL_INVALID
SELECT CORR(cost) FROM visits

-- name: variance of huge numbers
-- code: NUMBER_TOO_LARGE
SELECT VARIANCE(amount * amount) FROM linked

-- name: variance of large numbers
-- code: BOUND_TOO_LARGE
SELECT VARIANCE(amount / 1000) FROM linked

-- name: variance that needs too much noise
-- code: PRICE_NOT_REACHABLE
SELECT VARIANCE(amount) FROM linked

-- name: error of a variance
-- code: PRICE_INVALID
-- terms: {"error": 10}
SELECT COUNT(cost), VARIANCE(cost) FROM visits

-- name: error of a function
-- code: PRICE_INVALID
-- terms: {"error": 10}
SELECT ABS(COUNT(*)) FROM visits

-- name: rounded to a noisy place
-- code: EXPRESSION_NOT_ALLOWED
SELECT ROUND(SUM(cost), COUNT(*)) FROM visits

-- name: rounded to a place that is too far
-- code: EXPRESSION_NOT_ALLOWED
SELECT ROUND(SUM(cost), 13) FROM visits

-- name: rounded in another way
-- code: CLAUSE_NOT_ALLOWED
SELECT ROUND(SUM(cost), 1, 1) FROM visits

-- name: root of text
-- code: TYPE_MISMATCH
SELECT SQRT(ward), COUNT(*) FROM visits GROUP BY ward

-- name: greatest of unlike values after the noise
-- code: TYPE_MISMATCH
SELECT GREATEST(COUNT(*), ward) FROM visits GROUP BY ward

-- name: first of nothing
-- code: TYPE_MISMATCH
SELECT COALESCE(NULL, NULL), COUNT(*) FROM visits

-- name: function of what is not grouped by
-- code: NOT_GROUPED
SELECT ROUND(cost), COUNT(*) FROM visits

-- name: function of the person
-- code: PERSON_NOT_RELEASED
SELECT COALESCE(patient, 'x'), COUNT(*) FROM visits

-- name: text from before its beginning
-- code: EXPRESSION_NOT_ALLOWED
SELECT COUNT(*) FROM visits WHERE SUBSTRING(note, -2) = 'a'

-- name: text of a length that is not constant
-- code: EXPRESSION_NOT_ALLOWED
SELECT COUNT(*) FROM visits WHERE LEFT(note, severity) = 'a'

-- name: length of a number
-- code: TYPE_MISMATCH
SELECT COUNT(*) FROM visits WHERE LENGTH(severity) = 1

-- name: number in lower case
-- code: TYPE_MISMATCH
SELECT COUNT(*) FROM visits WHERE note || LOWER(severity) = 'a1'

-- name: a column in the place of a text
-- code: TYPE_MISMATCH
SELECT COUNT(*) FROM visits WHERE REPLACE(note, code, '') = 'a'

-- name: letters other than spaces trimmed
-- code: CLAUSE_NOT_ALLOWED
SELECT COUNT(*) FROM visits WHERE TRIM(note, 'x') = 'a'

-- name: pattern in any case that is not constant
-- code: TYPE_MISMATCH
SELECT COUNT(*) FROM visits WHERE note ILIKE code

-- name: free text in upper case as a key
-- code: KEY_WITHOUT_DOMAIN
SELECT UPPER(chapter || codes.code) AS k, COUNT(*) FROM visits JOIN codes ON visits.code = codes.code GROUP BY k

-- name: text over and over
-- code: FUNCTION_NOT_ALLOWED
SELECT COUNT(*) FROM visits WHERE REPEAT(note, 1000) = 'a'

-- name: text filled up
-- code: FUNCTION_NOT_ALLOWED
SELECT COUNT(*) FROM visits WHERE LPAD(note, 1000, 'x') = 'a'

-- name: columns replaced
-- code: CLAUSE_NOT_ALLOWED
SELECT COUNT(*) FROM (SELECT * REPLACE (1 AS note) FROM visits)

-- name: person in lower case
-- code: PERSON_NOT_RELEASED
SELECT COUNT(*) FROM visits WHERE LOWER(patient) = 'a1'

-- name: beginning of the person
-- code: PERSON_NOT_RELEASED
SELECT COUNT(*) FROM visits WHERE STARTS_WITH(patient, 'a')

-- name: regression without its first column
-- code: SQL_INVALID
SELECT REGR_SLOPE(, severity) FROM visits

-- name: cast to doubles
-- code: EXPRESSION_NOT_ALLOWED
SELECT COUNT(*) FROM visits WHERE note::DOUBLE > 0

-- name: cast to a list
-- code: EXPRESSION_NOT_ALLOWED
SELECT COUNT(*) FROM visits WHERE note::INTEGER[] > 0

-- name: cast to many digits
-- code: EXPRESSION_NOT_ALLOWED
SELECT COUNT(*) FROM visits WHERE CAST(note AS DECIMAL(38, 10)) > 0

-- name: cast to a type in a type
-- code: FUNCTION_NOT_ALLOWED
SELECT COUNT(*) FROM visits WHERE CAST(note AS DECIMAL(DECIMAL(3, 1))) > 0

-- name: cast to a made-up type
-- code: EXPRESSION_NOT_ALLOWED
SELECT COUNT(*) FROM visits WHERE CAST(note AS visits) > 0

-- name: cast to a type in quotes
-- code: EXPRESSION_NOT_ALLOWED
SELECT COUNT(*) FROM visits WHERE note::"INTEGER" > 0

-- name: cast of a date to a number
-- code: TYPE_MISMATCH
SELECT COUNT(*) FROM visits WHERE CAST(seen AS INTEGER) > 0

-- name: cast of a number to a date
-- code: TYPE_MISMATCH
SELECT COUNT(*) FROM visits WHERE CAST(severity AS DATE) > '2024-01-01'

-- name: cast in another format
-- code: CLAUSE_NOT_ALLOWED
SELECT COUNT(*) FROM visits WHERE CAST(seen AS TEXT FORMAT 'YYYY') = '2024'

-- name: cast of the person
-- code: PERSON_NOT_RELEASED
SELECT COUNT(*) FROM visits WHERE patient::TEXT = 'a1'

-- name: cast of text to doubles after the noise
-- code: EXPRESSION_NOT_ALLOWED
SELECT ward::DOUBLE, COUNT(*) FROM visits GROUP BY ward

-- name: some keys without a declared domain in a total
-- contract: selecting
-- code: KEY_WITHOUT_DOMAIN
SELECT code, note, COUNT(*) FROM visits GROUP BY ROLLUP (code, note)

-- name: each key without a declared domain by itself
-- contract: selecting
-- code: KEY_WITHOUT_DOMAIN
SELECT code, note, COUNT(*) FROM visits GROUP BY GROUPING SETS ((code), (note))

-- name: pure question with a key without a declared domain
-- contract: selecting
-- code: PRICE_INVALID
-- terms: {"epsilon": 1.0, "pure": true}
SELECT code, COUNT(*) FROM visits GROUP BY code

-- name: key without a declared domain that is too large a number
-- contract: selecting
-- code: KEY_WITHOUT_DOMAIN
SELECT amount * amount AS square, COUNT(*) FROM linked GROUP BY square

-- name: key without a declared domain that may not be grouped by
-- contract: selecting
-- code: COLUMN_USE_NOT_ALLOWED
SELECT finding || note AS text, COUNT(*) FROM visits GROUP BY 1

-- name: window in HAVING
-- code: CLAUSE_NOT_ALLOWED
SELECT region, COUNT(*) FROM members GROUP BY region HAVING RANK() OVER (ORDER BY COUNT(*)) < 3

-- name: window inside a window
-- code: EXPRESSION_NOT_ALLOWED
SELECT region, SUM(RANK() OVER (ORDER BY region)) OVER () AS s, COUNT(*) FROM members GROUP BY region

-- name: person in a window over the table
-- code: PERSON_NOT_RELEASED
SELECT region, COUNT(*), ROW_NUMBER() OVER (PARTITION BY member) FROM members GROUP BY region

-- name: windows over rows of persons in the outer SELECT
-- code: NOT_GROUPED
SELECT ROW_NUMBER() OVER (ORDER BY age) FROM members

-- name: frame with a distance of values
-- code: CLAUSE_NOT_ALLOWED
SELECT region, SUM(COUNT(*)) OVER (ORDER BY region RANGE BETWEEN 1 PRECEDING AND CURRENT ROW) FROM members GROUP BY region

-- name: frame that ends before it begins
-- code: CLAUSE_NOT_ALLOWED
SELECT region, SUM(COUNT(*)) OVER (ORDER BY region ROWS BETWEEN 1 FOLLOWING AND 1 PRECEDING) FROM members GROUP BY region

-- name: distinct values in a window
-- code: AGGREGATE_NOT_ALLOWED
SELECT region, COUNT(DISTINCT region) OVER () FROM members GROUP BY region

-- name: rows dealt out to nothing
-- code: EXPRESSION_NOT_ALLOWED
SELECT region, COUNT(*), NTILE(0) OVER (ORDER BY region) FROM members GROUP BY region

-- name: LAG without regard to NULL
-- code: EXPRESSION_NOT_ALLOWED
SELECT region, LAG(COUNT(*) IGNORE NULLS) OVER (ORDER BY region) FROM members GROUP BY region

-- name: condition of QUALIFY that is none
-- code: TYPE_MISMATCH
SELECT region, COUNT(*) AS n FROM members GROUP BY region QUALIFY RANK() OVER (ORDER BY n) + 1

-- name: window of no name
-- code: CLAUSE_NOT_ALLOWED
SELECT region, SUM(COUNT(*)) OVER w FROM members GROUP BY region

-- name: window of a name that comes later
-- code: CLAUSE_NOT_ALLOWED
SELECT region, SUM(COUNT(*)) OVER w FROM members GROUP BY region WINDOW w AS (v), v AS (ORDER BY region)

-- name: two windows of one name
-- code: CLAUSE_NOT_ALLOWED
SELECT region, SUM(COUNT(*)) OVER w FROM members GROUP BY region WINDOW w AS (), W AS (ORDER BY region)

-- name: named window with other partitions
-- code: CLAUSE_NOT_ALLOWED
SELECT region, SUM(COUNT(*)) OVER (w PARTITION BY region) FROM members GROUP BY region WINDOW w AS (ORDER BY region)

-- name: named window with another order
-- code: CLAUSE_NOT_ALLOWED
SELECT region, SUM(COUNT(*)) OVER (w ORDER BY COUNT(*)) FROM members GROUP BY region WINDOW w AS (ORDER BY region)

-- name: named window with another frame
-- code: CLAUSE_NOT_ALLOWED
SELECT region, SUM(COUNT(*)) OVER (w ROWS 1 PRECEDING) FROM members GROUP BY region WINDOW w AS (ORDER BY region ROWS 2 PRECEDING)

-- name: named window of the outer SELECT in a subquery
-- code: CLAUSE_NOT_ALLOWED
SELECT n, COUNT(*) FROM (SELECT patient, COUNT(*) OVER w AS n FROM visits) GROUP BY n WINDOW w AS (PARTITION BY patient)

-- name: windows that stand for too much
-- code: SQL_TOO_LARGE
SELECT region, COUNT(*) OVER w, COUNT(*) OVER w, COUNT(*) OVER w, COUNT(*) OVER w, COUNT(*) OVER w, COUNT(*) OVER w, COUNT(*) OVER w FROM members
GROUP BY region WINDOW w AS (ORDER BY region > '0', region > '1', region > '2', region > '3', region > '4', region > '5', region > '6', region > '7', region > '8', region > '9', region > '10', region > '11', region > '12', region > '13', region > '14', region > '15', region > '16', region > '17', region > '18', region > '19', region > '20', region > '21', region > '22', region > '23', region > '24', region > '25', region > '26', region > '27', region > '28', region > '29', region > '30', region > '31', region > '32', region > '33', region > '34', region > '35', region > '36', region > '37', region > '38', region > '39', region > '40', region > '41', region > '42', region > '43', region > '44', region > '45', region > '46', region > '47', region > '48', region > '49', region > '50', region > '51', region > '52', region > '53', region > '54', region > '55', region > '56', region > '57', region > '58', region > '59', region > '60', region > '61', region > '62', region > '63', region > '64', region > '65', region > '66', region > '67', region > '68', region > '69', region > '70', region > '71', region > '72', region > '73', region > '74', region > '75', region > '76', region > '77', region > '78', region > '79', region > '80', region > '81', region > '82', region > '83', region > '84', region > '85', region > '86', region > '87', region > '88', region > '89', region > '90', region > '91', region > '92', region > '93', region > '94', region > '95', region > '96', region > '97', region > '98', region > '99', region > '100', region > '101', region > '102', region > '103', region > '104', region > '105', region > '106', region > '107', region > '108', region > '109', region > '110', region > '111', region > '112', region > '113', region > '114', region > '115', region > '116', region > '117', region > '118', region > '119', region > '120', region > '121', region > '122', region > '123', region > '124', region > '125', region > '126', region > '127', region > '128', region > '129', region > '130', region > '131', region > '132', region > '133', region > '134', region > '135', region > '136', region > '137', region > '138', region > '139', region > '140', region > '141', region > '142', region > '143', region > '144', region > '145', region > '146', region > '147', region > '148', region > '149', region > '150', region > '151', region > '152', region > '153', region > '154', region > '155', region > '156', region > '157', region > '158', region > '159', region > '160', region > '161', region > '162', region > '163', region > '164', region > '165', region > '166', region > '167', region > '168', region > '169', region > '170', region > '171', region > '172', region > '173', region > '174', region > '175', region > '176', region > '177', region > '178', region > '179')

-- name: two tables of results, joined
-- code: JOIN_NOT_ALLOWED
WITH a AS (SELECT ward, COUNT(*) AS n FROM visits GROUP BY ward), b AS (SELECT ward, AVG(cost) AS m FROM visits GROUP BY ward)
SELECT a.ward, n, m FROM a JOIN b ON a.ward = b.ward

-- name: table of results in a subquery of rows
-- code: JOIN_NOT_ALLOWED
WITH a AS (SELECT ward, COUNT(*) AS n FROM visits GROUP BY ward) SELECT COUNT(*) FROM visits WHERE cost IN (SELECT n FROM a)

-- name: column beside an aggregate of results
-- code: NOT_GROUPED
SELECT ward, AVG(n) FROM (SELECT ward, COUNT(*) AS n FROM visits GROUP BY ward)

-- name: column that results do not have
-- code: COLUMN_UNKNOWN
SELECT cost FROM (SELECT ward, COUNT(*) AS n FROM visits GROUP BY ward)

-- name: column that results have twice
-- code: COLUMN_AMBIGUOUS
SELECT n FROM (SELECT COUNT(*) AS n, SUM(cost) AS n FROM visits)

-- name: table that results are not
-- code: DATASET_UNKNOWN
SELECT visits.n FROM (SELECT ward, COUNT(*) AS n FROM visits GROUP BY ward) AS t

-- name: aggregate in WHERE over results
-- code: AGGREGATE_NOT_ALLOWED
SELECT ward, n FROM (SELECT ward, COUNT(*) AS n FROM visits GROUP BY ward) WHERE n > AVG(n)

-- name: window in WHERE over results
-- code: CLAUSE_NOT_ALLOWED
SELECT ward, n FROM (SELECT ward, COUNT(*) AS n FROM visits GROUP BY ward) WHERE RANK() OVER (ORDER BY n) = 1

-- name: HAVING over results without groups
-- code: CLAUSE_NOT_ALLOWED
SELECT ward, n FROM (SELECT ward, COUNT(*) AS n FROM visits GROUP BY ward) HAVING n > 3

-- name: grouping sets of results
-- code: EXPRESSION_NOT_ALLOWED
SELECT ward, SUM(n) FROM (SELECT ward, COUNT(*) AS n FROM visits GROUP BY ward) GROUP BY ROLLUP (ward)

-- name: correlation of results
-- code: AGGREGATE_NOT_ALLOWED
SELECT CORR(n, s) FROM (SELECT ward, COUNT(*) AS n, SUM(cost) AS s FROM visits GROUP BY ward)

-- name: distinct values of results
-- code: AGGREGATE_NOT_ALLOWED
SELECT COUNT(DISTINCT n) FROM (SELECT ward, COUNT(*) AS n FROM visits GROUP BY ward)

-- name: subquery beside results
-- code: SUBQUERY_NOT_ALLOWED
SELECT ward FROM (SELECT ward, COUNT(*) AS n FROM visits GROUP BY ward) WHERE n > (SELECT AVG(n) FROM (SELECT ward, COUNT(*) AS n FROM visits GROUP BY ward))

-- name: order inside results
-- code: CLAUSE_NOT_ALLOWED
SELECT ward FROM (SELECT ward, COUNT(*) AS n FROM visits GROUP BY ward ORDER BY n)

-- name: distinct results
-- code: CLAUSE_NOT_ALLOWED
SELECT COUNT(*) FROM (SELECT DISTINCT ward, COUNT(*) AS n FROM visits GROUP BY ward)

-- name: results that grow
-- code: SQL_TOO_LARGE
WITH t0 AS (SELECT ward, COUNT(*) AS n FROM visits GROUP BY ward), t1 AS (SELECT ward, n + n + n + n AS n FROM t0), t2 AS (SELECT ward, n + n + n + n AS n FROM t1), t3 AS (SELECT ward, n + n + n + n AS n FROM t2), t4 AS (SELECT ward, n + n + n + n AS n FROM t3), t5 AS (SELECT ward, n + n + n + n AS n FROM t4), t6 AS (SELECT ward, n + n + n + n AS n FROM t5), t7 AS (SELECT ward, n + n + n + n AS n FROM t6), t8 AS (SELECT ward, n + n + n + n AS n FROM t7), t9 AS (SELECT ward, n + n + n + n AS n FROM t8), t10 AS (SELECT ward, n + n + n + n AS n FROM t9), t11 AS (SELECT ward, n + n + n + n AS n FROM t10) SELECT n FROM t11

-- name: results that are nested deeply
-- code: SQL_TOO_LARGE
WITH t0 AS (SELECT ward, COUNT(*) AS n FROM visits GROUP BY ward), t1 AS (SELECT ward, -(-(-(-n))) AS n FROM t0), t2 AS (SELECT ward, -(-(-(-n))) AS n FROM t1), t3 AS (SELECT ward, -(-(-(-n))) AS n FROM t2), t4 AS (SELECT ward, -(-(-(-n))) AS n FROM t3), t5 AS (SELECT ward, -(-(-(-n))) AS n FROM t4), t6 AS (SELECT ward, -(-(-(-n))) AS n FROM t5), t7 AS (SELECT ward, -(-(-(-n))) AS n FROM t6), t8 AS (SELECT ward, -(-(-(-n))) AS n FROM t7), t9 AS (SELECT ward, -(-(-(-n))) AS n FROM t8), t10 AS (SELECT ward, -(-(-(-n))) AS n FROM t9), t11 AS (SELECT ward, -(-(-(-n))) AS n FROM t10), t12 AS (SELECT ward, -(-(-(-n))) AS n FROM t11), t13 AS (SELECT ward, -(-(-(-n))) AS n FROM t12), t14 AS (SELECT ward, -(-(-(-n))) AS n FROM t13), t15 AS (SELECT ward, -(-(-(-n))) AS n FROM t14), t16 AS (SELECT ward, -(-(-(-n))) AS n FROM t15), t17 AS (SELECT ward, -(-(-(-n))) AS n FROM t16), t18 AS (SELECT ward, -(-(-(-n))) AS n FROM t17), t19 AS (SELECT ward, -(-(-(-n))) AS n FROM t18), t20 AS (SELECT ward, -(-(-(-n))) AS n FROM t19), t21 AS (SELECT ward, -(-(-(-n))) AS n FROM t20), t22 AS (SELECT ward, -(-(-(-n))) AS n FROM t21), t23 AS (SELECT ward, -(-(-(-n))) AS n FROM t22), t24 AS (SELECT ward, -(-(-(-n))) AS n FROM t23), t25 AS (SELECT ward, -(-(-(-n))) AS n FROM t24), t26 AS (SELECT ward, -(-(-(-n))) AS n FROM t25), t27 AS (SELECT ward, -(-(-(-n))) AS n FROM t26), t28 AS (SELECT ward, -(-(-(-n))) AS n FROM t27), t29 AS (SELECT ward, -(-(-(-n))) AS n FROM t28), t30 AS (SELECT ward, -(-(-(-n))) AS n FROM t29), t31 AS (SELECT ward, -(-(-(-n))) AS n FROM t30), t32 AS (SELECT ward, -(-(-(-n))) AS n FROM t31), t33 AS (SELECT ward, -(-(-(-n))) AS n FROM t32), t34 AS (SELECT ward, -(-(-(-n))) AS n FROM t33), t35 AS (SELECT ward, -(-(-(-n))) AS n FROM t34), t36 AS (SELECT ward, -(-(-(-n))) AS n FROM t35), t37 AS (SELECT ward, -(-(-(-n))) AS n FROM t36), t38 AS (SELECT ward, -(-(-(-n))) AS n FROM t37), t39 AS (SELECT ward, -(-(-(-n))) AS n FROM t38) SELECT n FROM t39

-- name: nothing selected
-- code: NOT_AGGREGATED
SELECT FROM members

-- name: nothing between two commas
-- code: SQL_INVALID
SELECT region, , COUNT(*) FROM members GROUP BY region

-- name: operand left out before the last
-- code: SQL_INVALID
SELECT COUNT(*) FROM visits WHERE SUBSTRING(ward, , 1) = 'e'

-- name: operand left out at the end
-- code: SQL_INVALID
SELECT COUNT(*) FROM visits WHERE LEFT(ward,) = 'e'

-- name: replacement left out
-- code: SQL_INVALID
SELECT COUNT(*) FROM visits WHERE REPLACE(ward, 'e') = 'r'

-- name: beginning left out
-- code: SQL_INVALID
SELECT COUNT(*) FROM visits WHERE SUBSTR(ward) = 'er'

-- name: number of buckets left out
-- code: SQL_INVALID
SELECT COUNT(*) FROM visits WHERE WIDTH_BUCKET(severity, 0, 5) = 1

-- name: function of nothing
-- code: SQL_INVALID
SELECT COUNT(*) FROM visits WHERE FLOOR() = 1

-- name: window over counts that are kept from being negative
-- code: EXPRESSION_NOT_ALLOWED
-- terms: {"epsilon": 1.0, "nonnegative": true}
SELECT region, SUM(COUNT(*)) OVER (ORDER BY region) FROM members GROUP BY region

-- name: extremes, chosen
-- code: AGGREGATE_NOT_ALLOWED
-- terms: {"epsilon": 1.0, "quantiles": "exponential"}
SELECT MEDIAN(age), MAX(age) FROM members

-- name: median, chosen, to an error
-- code: PRICE_INVALID
-- terms: {"error": 5, "quantiles": "exponential"}
SELECT MEDIAN(age) FROM members

-- name: all keys without a name
-- code: CLAUSE_NOT_ALLOWED
SELECT * FROM visits GROUP BY ALL

-- name: name of a later item of SELECT
-- code: COLUMN_UNKNOWN
SELECT n * 2 AS twice, COUNT(*) AS n FROM visits

-- name: the person by the name of an earlier item
-- code: PERSON_NOT_RELEASED
SELECT member AS m, m FROM members

-- name: column without a use, by the name of an earlier item
-- code: COLUMN_USE_NOT_ALLOWED
SELECT SUM(twice) FROM (SELECT patient, staff AS s, s * 2 AS twice FROM visits)

-- name: persons that are not distinct
-- code: PERSON_NOT_RELEASED
SELECT COUNT(*) FROM visits v JOIN visits w ON v.patient IS NOT DISTINCT FROM w.patient

-- name: tables by commas beside a join that keeps rows of its right side
-- code: JOIN_WITHOUT_PERSON
SELECT COUNT(*) FROM members m, visits v RIGHT JOIN visits w ON v.patient = w.patient WHERE m.member = v.patient

-- name: text as a large whole number
-- code: EXPRESSION_NOT_ALLOWED
SELECT SUM(CAST(note AS BIGINT)) FROM visits

-- name: tables by commas behind a comparison
-- code: JOIN_WITHOUT_PERSON
SELECT COUNT(*) FROM visits WHERE ward IS DISTINCT FROM 'er', members

-- name: FOR outside a call
-- code: CLAUSE_NOT_ALLOWED
SELECT COUNT(*) FROM visits FOR UPDATE

-- name: a file in EXTRACT
-- code: FUNCTION_NOT_ALLOWED
SELECT EXTRACT(YEAR FROM read_csv('visits.csv')) AS y, COUNT(*) FROM visits GROUP BY y

-- name: one group of each person by DISTINCT ON
-- code: CLAUSE_NOT_ALLOWED
SELECT COUNT(*) FROM (SELECT DISTINCT ON (patient) patient, ward, COUNT(*) AS n FROM visits GROUP BY patient, ward ORDER BY patient, n)

-- name: condition of an aggregate per person on a column without a use
-- code: COLUMN_USE_NOT_ALLOWED
SELECT SUM(k) FROM (SELECT patient, COUNT(*) FILTER (WHERE staff > 1) AS k FROM visits GROUP BY patient)

-- name: COUNT_IF per person of a column without a use
-- code: COLUMN_USE_NOT_ALLOWED
SELECT COUNT(*) FROM (SELECT patient FROM visits GROUP BY patient HAVING COUNT_IF(staff = 1) > 0)

-- name: key made of what may not be grouped by, with a condition per person
-- code: COLUMN_USE_NOT_ALLOWED
SELECT k, COUNT(*) FROM (SELECT patient, MAX(severity) FILTER (WHERE cost > 5) AS k FROM visits GROUP BY patient) GROUP BY k

-- name: distinct combinations of each person
-- code: AGGREGATE_NOT_ALLOWED
SELECT k, COUNT(*) FROM (SELECT patient, COUNT(DISTINCT ward, seen) AS k FROM visits GROUP BY patient) GROUP BY k

-- name: sum of distinct values of each person
-- code: AGGREGATE_NOT_ALLOWED
SELECT SUM(k) FROM (SELECT patient, SUM(DISTINCT cost) AS k FROM visits GROUP BY patient)

-- name: distinct values of each person of a column that may not be grouped by
-- code: COLUMN_USE_NOT_ALLOWED
SELECT k, COUNT(*) FROM (SELECT patient, COUNT(DISTINCT note) AS k FROM visits GROUP BY patient) GROUP BY k

-- name: median of each person's dates
-- code: TYPE_MISMATCH
SELECT COUNT(*) FROM (SELECT patient FROM visits GROUP BY patient HAVING MEDIAN(seen) > '2024-01-03')

-- name: median of each person of what may not be filtered by
-- code: COLUMN_USE_NOT_ALLOWED
SELECT COUNT(*) FROM (SELECT patient FROM visits GROUP BY patient HAVING MEDIAN(staff) > 1)

-- name: quantile of each person that is no constant
-- code: AGGREGATE_NOT_ALLOWED
SELECT SUM(q) FROM (SELECT patient, QUANTILE_CONT(cost, severity) AS q FROM visits GROUP BY patient)

-- name: several quantiles of each person at once
-- code: EXPRESSION_NOT_ALLOWED
SELECT SUM(q) FROM (SELECT patient, QUANTILE_CONT(cost, [0.1, 0.9]) AS q FROM visits GROUP BY patient)

-- name: union of results
-- code: STATEMENT_NOT_ALLOWED
SELECT ward, COUNT(*) FROM visits GROUP BY ward UNION ALL SELECT 'all', COUNT(*) FROM visits

-- name: variance of each person that is too large to compute
-- code: BOUND_TOO_LARGE
SELECT SUM(v) FROM (SELECT patient, VARIANCE(cost * 1000000000 * cost * 1000) AS v FROM visits GROUP BY patient)

-- name: variance of what a person may not be measured by
-- code: COLUMN_USE_NOT_ALLOWED
SELECT SUM(v) FROM (SELECT patient, VARIANCE(CAST(LENGTH(note) AS INTEGER)) AS v FROM visits GROUP BY patient)

-- name: variance of dates of each person
-- code: TYPE_MISMATCH
SELECT COUNT(v) FROM (SELECT patient, VAR_POP(seen) AS v FROM visits GROUP BY patient)

-- name: power of two columns
-- code: EXPRESSION_NOT_ALLOWED
SELECT SUM(POWER(severity, severity)) FROM visits

-- name: exponential larger than numbers are
-- code: NUMBER_TOO_LARGE
SELECT SUM(EXP(age)) FROM members

-- name: logarithm of what is never above 0
-- code: TYPE_MISMATCH
SELECT SUM(LN(-severity)) FROM visits

-- name: logarithm of a date
-- code: TYPE_MISMATCH
SELECT SUM(LN(seen)) FROM visits

-- name: logarithm to another base, in a row
-- code: EXPRESSION_NOT_ALLOWED
SELECT SUM(LOG(3, severity)) FROM visits

-- name: root of a date
-- code: TYPE_MISMATCH
SELECT SUM(SQRT(seen)) FROM visits

-- name: root of a person's text
-- code: TYPE_MISMATCH
SELECT COUNT(*) FROM visits WHERE SQRT(ward) > 1

-- name: deviation of a person's text
-- code: TYPE_MISMATCH
SELECT SUM(v) FROM (SELECT patient, STDDEV(ward) AS v FROM visits GROUP BY patient)

-- name: correlation of one column of a person
-- code: SQL_INVALID
SELECT SUM(v) FROM (SELECT patient, CORR(cost) AS v FROM visits GROUP BY patient)

-- name: groups of which conditions leave none
-- code: KEY_WITHOUT_VALUES
SELECT ward, COUNT(*) FROM visits WHERE ward = 'nowhere' GROUP BY ward

-- name: value that is about nobody
-- code: SUBQUERY_NOT_ALLOWED
SELECT COUNT(*) FROM members WHERE age > (SELECT AVG(severity) FROM visits)

-- name: value without FROM
-- code: SUBQUERY_NOT_ALLOWED
SELECT COUNT(*) FROM members WHERE age > (SELECT 30)

-- name: value that compares rows by more than the person
-- code: SUBQUERY_NOT_ALLOWED
SELECT COUNT(*) FROM visits v WHERE (SELECT COUNT(*) FROM visits w WHERE w.patient = v.patient AND w.seen < v.seen) = 0

-- name: value that reads the outer row
-- code: SUBQUERY_NOT_ALLOWED
SELECT SUM((SELECT MAX(v.severity) + m.age FROM visits v WHERE v.patient = m.member)) FROM members m

-- name: value of several rows
-- code: SUBQUERY_NOT_ALLOWED
SELECT (SELECT ward FROM visits v WHERE v.patient = m.member) AS ward, COUNT(*) FROM members m GROUP BY ward

-- name: value of several groups
-- code: SUBQUERY_NOT_ALLOWED
SELECT SUM((SELECT COUNT(*) FROM visits v WHERE v.patient = m.member GROUP BY ward)) FROM members m

-- name: value of groups without an aggregate
-- code: SUBQUERY_NOT_ALLOWED
SELECT SUM((SELECT delta FROM outcomes o WHERE o.patient = m.member GROUP BY delta)) FROM members m

-- name: value of two columns
-- code: SUBQUERY_NOT_ALLOWED
SELECT SUM((SELECT delta, arm FROM outcomes o WHERE o.patient = m.member)) FROM members m

-- name: value beside an aggregate
-- code: NOT_GROUPED
SELECT SUM((SELECT COUNT(*) + severity FROM visits v WHERE v.patient = m.member)) FROM members m

-- name: value that is a person
-- code: PERSON_NOT_RELEASED
SELECT (SELECT o.patient FROM outcomes o WHERE o.patient = m.member) AS p, COUNT(*) FROM members m GROUP BY p

-- name: value in a condition of groups
-- code: SUBQUERY_NOT_ALLOWED
SELECT region, COUNT(*) FROM members GROUP BY region HAVING COUNT(*) > (SELECT COUNT(*) FROM visits)

-- name: value that tests what may not be filtered
-- code: COLUMN_USE_NOT_ALLOWED
SELECT COUNT(*) FROM visits v WHERE (SELECT rating FROM members m WHERE m.member = v.patient) > 0

-- name: value of rows that are chosen by what may not be filtered
-- code: COLUMN_USE_NOT_ALLOWED
SELECT SUM((SELECT MAX(age) FROM members m WHERE m.member = v.patient AND rating > 0)) FROM visits v

-- name: value to group by that may not be
-- code: COLUMN_USE_NOT_ALLOWED
SELECT (SELECT rating FROM members m WHERE m.member = v.patient) AS r, COUNT(*) FROM visits v GROUP BY r

-- name: value of a public table with several rows of a key
-- code: SUBQUERY_NOT_ALLOWED
SELECT SUM((SELECT nurses FROM rota r WHERE r.ward = v.ward AND r.urgent = v.urgent)) FROM visits v

-- name: IN of a public table with several rows of a key
-- code: SUBQUERY_NOT_ALLOWED
SELECT COUNT(*) FROM visits WHERE ward IN (SELECT ward FROM rota)

-- name: IN of a column of a public table that is no key
-- code: JOIN_NOT_ALLOWED
SELECT COUNT(*) FROM members WHERE age IN (SELECT size FROM regions)

-- name: IN of a column of anybody
-- code: SUBQUERY_NOT_ALLOWED
SELECT COUNT(*) FROM members WHERE region IN (SELECT region FROM visits)

-- name: IN of groups of a person
-- code: CLAUSE_NOT_ALLOWED
SELECT COUNT(*) FROM members m WHERE region IN (SELECT region FROM visits v WHERE v.patient = m.member GROUP BY region HAVING COUNT(*) > 1)

-- name: groups of a public table
-- code: CLAUSE_NOT_ALLOWED
SELECT COUNT(*) FROM visits v JOIN (SELECT region, SUM(size) AS s FROM regions GROUP BY region) r ON r.region = v.region

-- name: aggregate of a public table
-- code: AGGREGATE_NOT_ALLOWED
SELECT COUNT(*) FROM visits v JOIN (SELECT MAX(region) AS region FROM regions) r ON r.region = v.region

-- name: distinct rows of a public table without its key
-- code: CLAUSE_NOT_ALLOWED
SELECT COUNT(*) FROM visits v JOIN (SELECT DISTINCT size FROM regions) r ON r.size = v.severity

-- name: two columns of one name of a public table
-- code: COLUMN_AMBIGUOUS
SELECT COUNT(*) FROM visits v JOIN (SELECT region, size AS region FROM regions) r ON r.region = v.region

-- name: subquery over a public table, without its key
-- code: COLUMN_UNKNOWN
SELECT COUNT(*) FROM visits v JOIN (SELECT size FROM regions) r ON r.region = v.region

-- name: rows of a public table that nobody matches, in a subquery
-- code: JOIN_NOT_ALLOWED
SELECT COUNT(*) FROM visits v RIGHT JOIN (SELECT region FROM regions) r ON r.region = v.region

-- name: some rows of each key in an outer join
-- code: JOIN_NOT_ALLOWED
SELECT shift, COUNT(*) FROM visits v LEFT JOIN (SELECT * FROM rota WHERE nurses > 1) r ON v.ward = r.ward AND v.urgent = r.urgent GROUP BY shift

-- name: public table that filters by what it is matched by, in a condition of the join
-- code: COLUMN_USE_NOT_ALLOWED
SELECT COUNT(*) FROM members m JOIN regions r ON CASE segment WHEN 1 THEN 'north' ELSE 'south' END = r.region AND r.size > 1

-- name: public table that filters by what it is matched by, in an outer join
-- code: COLUMN_USE_NOT_ALLOWED
SELECT size, COUNT(*) FROM members m LEFT JOIN regions r ON CASE segment WHEN 1 THEN 'north' ELSE 'south' END = r.region AND r.size > 1 GROUP BY size

-- name: public table that filters by what it is matched by, in a subquery
-- code: COLUMN_USE_NOT_ALLOWED
SELECT COUNT(*) FROM members m JOIN (SELECT * FROM regions WHERE size > 1) r ON CASE segment WHEN 1 THEN 'north' ELSE 'south' END = r.region

-- name: truth of everybody
-- code: AGGREGATE_NOT_ALLOWED
SELECT ward, BOOL_OR(urgent) FROM visits GROUP BY ward

-- name: most frequent value of everybody
-- code: AGGREGATE_NOT_ALLOWED
SELECT MODE(ward) FROM visits

-- name: most frequent value of everybody, within a group
-- code: AGGREGATE_NOT_ALLOWED
SELECT MODE() WITHIN GROUP (ORDER BY severity) FROM visits

-- name: any value of everybody
-- code: AGGREGATE_NOT_ALLOWED
SELECT ANY_VALUE(severity), COUNT(*) FROM visits

-- name: row with the most, of everybody
-- code: AGGREGATE_NOT_ALLOWED
SELECT ARG_MAX(severity, cost) FROM visits

-- name: first of no order
-- code: AGGREGATE_NOT_ALLOWED
SELECT COUNT(*) FROM (SELECT patient, FIRST(ward) AS w FROM visits GROUP BY patient) WHERE w = 'er'

-- name: several rows with the most
-- code: CLAUSE_NOT_ALLOWED
SELECT COUNT(*) FROM (SELECT patient, ARG_MAX(ward, cost, 2) AS w FROM visits GROUP BY patient) WHERE w = 'er'

-- name: person of the row with the most
-- code: PERSON_NOT_RELEASED
SELECT COUNT(*) FROM (SELECT member, ARG_MAX(v.patient, v.cost) AS p FROM members m JOIN visits v ON m.member = v.patient GROUP BY member) WHERE p = '1'

-- name: column without any use, of the row with the most
-- code: COLUMN_USE_NOT_ALLOWED
SELECT SUM(s) FROM (SELECT patient, ARG_MAX(severity, staff) AS s FROM visits GROUP BY patient)

-- name: key of what the row with the most may not be grouped by
-- code: COLUMN_USE_NOT_ALLOWED
SELECT s, COUNT(*) FROM (SELECT patient, ARG_MAX(severity, cost) AS s FROM visits GROUP BY patient) GROUP BY s

-- name: truth of a number
-- code: TYPE_MISMATCH
SELECT COUNT(*) FROM (SELECT patient, BOOL_OR(severity) AS s FROM visits GROUP BY patient) WHERE s

-- name: rank without an order
-- code: CLAUSE_NOT_ALLOWED
SELECT COUNT(*) FROM (SELECT patient, RANK() OVER (PARTITION BY patient) AS r FROM visits) WHERE r = 1

-- name: row before, filtered
-- code: FUNCTION_NOT_ALLOWED
SELECT COUNT(*) FROM (SELECT patient, LAG(severity) FILTER (WHERE urgent) OVER (PARTITION BY patient ORDER BY seen) AS r FROM visits) WHERE r = 1

-- name: distinct pairs beside rows
-- code: EXPRESSION_NOT_ALLOWED
SELECT COUNT(*) FROM (SELECT patient, COUNT(DISTINCT ward, urgent) OVER (PARTITION BY patient) AS r FROM visits) WHERE r = 1

-- name: window over rows that are chosen by a column without any use
-- code: COLUMN_USE_NOT_ALLOWED
SELECT COUNT(*) FROM (SELECT patient, COUNT_IF(staff > 1) OVER (PARTITION BY patient) AS r FROM visits) WHERE r = 1

-- name: semi join that is not on the person
-- code: SUBQUERY_NOT_ALLOWED
SELECT COUNT(*) FROM members m SEMI JOIN visits v ON m.age = v.severity

-- name: semi join after rows without a left side
-- code: JOIN_NOT_ALLOWED
SELECT COUNT(*) FROM members m FULL JOIN outcomes o ON m.member = o.patient SEMI JOIN visits v ON m.member = v.patient

-- name: all columns of a table that is not there
-- code: DATASET_UNKNOWN
SELECT COUNT(*) FROM (SELECT x.* FROM visits v)

-- name: columns behind the name of a subquery
-- code: FUNCTION_NOT_ALLOWED
SELECT COUNT(*) FROM (SELECT patient, ward FROM visits) AS t(p, w)

-- name: columns behind the name of a subquery without AS
-- code: FUNCTION_NOT_ALLOWED
SELECT COUNT(*) FROM (SELECT patient, ward FROM visits) t(p, w)

-- name: columns behind the name of a common table expression
-- code: FUNCTION_NOT_ALLOWED
WITH t(p, w) AS (SELECT patient, ward FROM visits) SELECT COUNT(*) FROM t
