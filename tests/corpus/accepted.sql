-- name: one number
SELECT COUNT(*) FROM members

-- name: persons by region
SELECT region, COUNT(*) FROM members GROUP BY region

-- name: rows and persons of visits
SELECT COUNT(*) AS visits, COUNT(DISTINCT patient) AS patients FROM visits

-- name: rows and persons by ward
SELECT ward, COUNT(*), COUNT(DISTINCT patient), COUNT(patient) FROM visits GROUP BY ward

-- name: count of values
SELECT ward, COUNT(cost), COUNT(urgent), COUNT(change) FROM visits GROUP BY ward

-- name: sum with a declared total
SELECT ward, SUM(cost) FROM visits GROUP BY ward

-- name: sum of an expression has no declared total
SELECT ward, SUM(cost + 0) FROM visits GROUP BY ward

-- name: signed sum
SELECT ward, SUM(change) FROM visits GROUP BY ward

-- name: negative sum
SELECT region, SUM(-age), SUM(income), SUM(rating) FROM members GROUP BY region

-- name: very large numbers
SELECT level, SUM(amount), AVG(amount) FROM linked GROUP BY level

-- name: average by ward
SELECT ward, AVG(cost), AVG(severity) FROM visits GROUP BY ward

-- name: average alone
SELECT AVG(change) FROM visits

-- name: average of truth as numbers
SELECT region, AVG(CASE WHEN smoker THEN 1 ELSE 0 END) AS rate FROM members GROUP BY region

-- name: sum of a constant
SELECT SUM(5), SUM(-2) FROM visits

-- name: sum that is always zero
SELECT SUM(age * 0) FROM members

-- name: count of null
SELECT COUNT(NULL), COUNT(*) FROM visits

-- name: several keys
SELECT ward, severity, urgent, COUNT(*) FROM visits GROUP BY ward, severity, urgent

-- name: key with null
SELECT tariff, COUNT(*) FROM members GROUP BY tariff

-- name: boolean key
SELECT smoker, COUNT(*), AVG(age) FROM members GROUP BY smoker

-- name: condition as key
SELECT age >= 40 AS old, COUNT(*) FROM members GROUP BY age >= 40

-- name: test for null as key
SELECT tariff IS NULL AS unknown, COUNT(*) FROM members GROUP BY unknown

-- name: date key
SELECT seen, COUNT(*) FROM visits GROUP BY seen

-- name: integer key listed out of order
SELECT segment, COUNT(*) FROM members GROUP BY segment

-- name: integer key with a step
SELECT level, COUNT(*) FROM linked GROUP BY level

-- name: band as key
SELECT CASE WHEN age < 18 THEN 'minor' WHEN age < 65 THEN 'adult' ELSE 'senior' END AS band, COUNT(*) FROM members GROUP BY band

-- name: band with null
SELECT CASE WHEN age < 18 THEN 'minor' WHEN age >= 65 THEN 'senior' END AS band, COUNT(*) FROM members GROUP BY 1

-- name: CASE of a value as key
SELECT CASE ward WHEN 'er' THEN 'urgent' WHEN 'icu' THEN 'urgent' ELSE 'planned' END AS kind, COUNT(*) FROM visits GROUP BY kind

-- name: arithmetic as key
SELECT severity * 2 + 1 AS s, COUNT(*) FROM visits GROUP BY severity * 2 + 1

-- name: quotient as key
SELECT severity / 2 AS half, COUNT(*) FROM visits GROUP BY half

-- name: key of several rows that is folded together
SELECT CASE WHEN severity > 2 THEN 'bad' ELSE 'fair' END AS s, COUNT(*), SUM(cost) FROM visits GROUP BY s

-- name: sum as key
SELECT severity + CASE WHEN urgent THEN 10 ELSE 0 END AS score, COUNT(*) FROM visits GROUP BY score

-- name: decimal constants in a key
SELECT CASE WHEN urgent THEN 0.5 ELSE 1.25 END AS weight, COUNT(*) FROM visits GROUP BY weight

-- name: equal keys twice
SELECT ward, COUNT(*) FROM visits GROUP BY ward, ward, (ward)

-- name: comparisons
SELECT COUNT(*) FROM visits WHERE severity = 5 OR severity <> 5 AND cost > 50 OR cost <= 0.5 OR change >= 1.5 OR severity < 1

-- name: comparison of unlike decimals
SELECT COUNT(*) FROM visits WHERE cost > change AND cost < 99.75 AND change >= -2.505

-- name: IN and NOT IN
SELECT COUNT(*) FROM visits WHERE ward IN ('er', 'icu') AND severity NOT IN (0, 1) AND cost IN (0, 0.5, 99.5, 100, 12.125)

-- name: BETWEEN
SELECT COUNT(*) FROM visits WHERE cost BETWEEN 0.5 AND 99.5 AND severity NOT BETWEEN 4 AND 2 AND seen BETWEEN '2024-01-02' AND DATE '2024-01-06'

-- name: LIKE
SELECT COUNT(*) FROM visits WHERE note LIKE 'pain%' OR note LIKE '%\%' OR note LIKE '_' OR NOT note LIKE '%o%'

-- name: LIKE of names
SELECT COUNT(*) FROM members WHERE name LIKE 'B_b%' OR name LIKE '%''%' OR name LIKE 'Zo_' OR name LIKE '\'

-- name: text comparison
SELECT COUNT(*) FROM members WHERE name < 'a' OR name >= 'x'

-- name: three-valued logic
SELECT COUNT(*) FROM visits WHERE NOT (urgent AND cost > 50) OR urgent IS NOT TRUE AND NOT urgent IS FALSE

-- name: IS NULL
SELECT ward, COUNT(*) FROM visits WHERE cost IS NULL OR code IS NOT NULL GROUP BY ward

-- name: filter by date
SELECT ward, COUNT(*) FROM visits WHERE seen >= DATE '2024-01-03' AND seen < '2024-01-09' GROUP BY ward

-- name: filter that keeps nobody
SELECT ward, COUNT(*), SUM(cost) FROM visits WHERE severity > 5 GROUP BY ward

-- name: filter that is never true
SELECT COUNT(*) FROM visits WHERE 1 / 0 > 1 OR NULL = 1 OR FALSE

-- name: filter by a filter-only column
SELECT ward, COUNT(*) FROM visits WHERE finding = 'bad' GROUP BY ward

-- name: division in a row
SELECT ward, SUM(cost / severity), SUM(cost / 3), SUM(severity / change) FROM visits GROUP BY ward

-- name: division of negative numbers
SELECT SUM(change / -7), SUM(-1 / severity), AVG(delta / 3) FROM visits JOIN outcomes ON visits.patient = outcomes.patient

-- name: arithmetic in a row
SELECT SUM(cost * severity - 2 * change + 1), AVG((cost - 50) * (cost - 50)) FROM visits

-- name: product of many
SELECT SUM(amount * amount / 1000000000000) FROM linked

-- name: CASE in a sum
SELECT ward, SUM(CASE WHEN urgent THEN cost WHEN severity > 3 THEN -change ELSE 0 END) FROM visits GROUP BY ward

-- name: CASE with null in a sum
SELECT SUM(CASE severity WHEN 1 THEN cost WHEN 2 THEN NULL WHEN 5 THEN 0.125 END) FROM visits

-- name: inner join
SELECT m.region, COUNT(*), COUNT(DISTINCT m.member), COUNT(DISTINCT v.patient) FROM members m JOIN visits v ON m.member = v.patient GROUP BY m.region

-- name: inner join written the other way round
SELECT m.region, v.ward, SUM(v.cost) FROM visits v INNER JOIN members m ON v.patient = m.member GROUP BY m.region, v.ward

-- name: conditions on constants
SELECT arm, ward, COUNT(*) FROM outcomes JOIN members ON outcomes.patient = members.member JOIN rota ON 1 = 1 AND rota.ward = 'er' AND rota.urgent = members.smoker GROUP BY arm, ward

-- name: join of one owner by USING
SELECT tariff, level, COUNT(*), SUM(amount) FROM members JOIN linked USING (member) GROUP BY tariff, level

-- name: USING with a further column
SELECT o.arm, COUNT(*) FROM visits v JOIN outcomes o USING (patient, region) GROUP BY o.arm

-- name: extra conditions of an inner join
SELECT m.region, COUNT(*) FROM members m JOIN visits v ON m.member = v.patient AND m.region = v.region AND v.severity > 1 AND m.age > v.cost GROUP BY m.region

-- name: left join
SELECT m.region, COUNT(*), COUNT(v.patient), COUNT(DISTINCT v.patient), SUM(v.cost) FROM members m LEFT JOIN visits v ON m.member = v.patient GROUP BY m.region

-- name: left join keyed by the right side
SELECT v.ward, COUNT(*), AVG(m.age) FROM members m LEFT JOIN visits v ON m.member = v.patient GROUP BY v.ward

-- name: left join of functional sides
SELECT m.region, o.arm, COUNT(*), AVG(o.delta) FROM members m LEFT JOIN outcomes o ON m.member = o.patient GROUP BY m.region, o.arm

-- name: left join with conditions on both sides
SELECT v.ward, COUNT(*) FROM members m LEFT JOIN visits v ON m.member = v.patient AND v.urgent AND m.smoker AND v.severity > m.age GROUP BY v.ward

-- name: left join with a condition that depends on the row
SELECT o.arm, COUNT(*) FROM visits v LEFT JOIN outcomes o ON v.patient = o.patient AND v.region = o.region GROUP BY o.arm

-- name: left join filtered afterwards
SELECT m.region, COUNT(*) FROM members m LEFT JOIN visits v ON m.member = v.patient WHERE v.severity > 2 OR v.severity IS NULL GROUP BY m.region

-- name: left join and a filter on the left side
SELECT o.arm, COUNT(*) FROM members m LEFT JOIN outcomes o ON m.member = o.patient WHERE m.age > 20 AND m.tariff = 'basic' GROUP BY o.arm

-- name: anti join
SELECT m.region, COUNT(*) FROM members m LEFT JOIN outcomes o ON m.member = o.patient WHERE o.patient IS NULL GROUP BY m.region

-- name: anti join with conditions
SELECT m.region, COUNT(*) FROM members m LEFT JOIN visits v ON m.member = v.patient AND v.ward = 'icu' WHERE v.patient IS NULL AND m.age > 18 GROUP BY m.region

-- name: semi join
SELECT m.region, COUNT(*) FROM members m LEFT JOIN outcomes o ON m.member = o.patient WHERE o.patient IS NOT NULL GROUP BY m.region

-- name: matched as a key
SELECT o.patient IS NULL AS missing, COUNT(*) FROM members m LEFT JOIN outcomes o ON m.member = o.patient GROUP BY o.patient IS NULL

-- name: matched as a key, in words
SELECT CASE WHEN v.patient IS NULL THEN 'none' ELSE v.ward END AS place, COUNT(*) FROM members m LEFT JOIN visits v ON m.member = v.patient GROUP BY place

-- name: left join with a computed column
SELECT s.grade, COUNT(*) FROM members m LEFT JOIN (SELECT patient, CASE WHEN arm = 'drug' THEN 'up' ELSE 'down' END AS grade FROM outcomes) s ON m.member = s.patient GROUP BY s.grade

-- name: left join with a computed count
SELECT COUNT(*), SUM(s.n), AVG(s.n) FROM members m LEFT JOIN (SELECT patient, COUNT(*) + 1 AS n FROM visits GROUP BY patient) s ON m.member = s.patient

-- name: left join with a constant column
SELECT s.here, COUNT(*) FROM members m LEFT JOIN (SELECT patient, CASE WHEN arm = 'drug' THEN 1 ELSE 1 END AS here FROM outcomes) s ON m.member = s.patient GROUP BY s.here

-- name: several rows on both sides
SELECT v.ward, l.level, COUNT(*), SUM(l.amount) FROM visits v JOIN linked l ON v.patient = l.member GROUP BY v.ward, l.level

-- name: several rows on both sides, left
SELECT l.level, COUNT(*), COUNT(DISTINCT v.patient) FROM visits v LEFT JOIN linked l ON v.patient = l.member AND l.amount > v.severity GROUP BY l.level

-- name: public table
SELECT r.size, COUNT(*), SUM(r.rate) FROM members m JOIN regions r ON m.region = r.region GROUP BY r.size

-- name: public table by USING
SELECT size, coast, region, COUNT(*) FROM members JOIN regions USING (region) GROUP BY size, coast, region

-- name: public table first
SELECT size, COUNT(*) FROM regions JOIN members ON regions.region = members.region GROUP BY size

-- name: public table, left
SELECT r.size, r.coast, COUNT(*) FROM members m LEFT JOIN regions r ON m.region = r.region GROUP BY r.size, r.coast

-- name: public table of several rows
SELECT r.size, COUNT(*), SUM(v.cost * r.rate) FROM visits v JOIN regions r ON v.region = r.region GROUP BY r.size

-- name: public table by free text
SELECT chapter, COUNT(*), COUNT(DISTINCT patient) FROM visits JOIN codes ON visits.code = codes.code GROUP BY chapter

-- name: public table with several rows of one key
SELECT shift, COUNT(*), SUM(nurses), COUNT(DISTINCT patient) FROM visits v JOIN rota r ON v.ward = r.ward AND v.urgent = r.urgent GROUP BY shift

-- name: public table with several rows of one key, left
SELECT shift, COUNT(*), SUM(nurses), SUM(cost) FROM visits v LEFT JOIN rota r ON v.ward = r.ward AND v.urgent = r.urgent GROUP BY shift

-- name: fan-out of one row a person
SELECT shift, COUNT(*), COUNT(DISTINCT member) FROM members m JOIN rota r ON r.ward = CASE WHEN m.age > 30 THEN 'er' ELSE 'icu' END AND r.urgent = m.smoker GROUP BY shift

-- name: public table with a condition
SELECT size, COUNT(*) FROM members m JOIN regions r ON m.region = r.region AND r.coast AND m.age < 20 * r.size GROUP BY size

-- name: public table after a join of persons
SELECT r.size, v.ward, COUNT(*) FROM members m JOIN visits v ON m.member = v.patient JOIN regions r ON v.region = r.region GROUP BY r.size, v.ward

-- name: public table before a join of persons
SELECT size, arm, COUNT(*) FROM members m JOIN regions r ON m.region = r.region JOIN outcomes o ON o.patient = m.member GROUP BY size, arm

-- name: two public tables
SELECT chapter, size, COUNT(*) FROM visits v JOIN codes c ON v.code = c.code LEFT JOIN regions r ON r.region = v.region GROUP BY chapter, size

-- name: public tables on either side
SELECT c.chapter, r.size, COUNT(*) FROM members m JOIN regions r ON m.region = r.region JOIN (SELECT patient, chapter FROM visits JOIN codes ON visits.code = codes.code) c ON m.member = c.patient GROUP BY c.chapter, r.size

-- name: fan-out before a join of persons
SELECT s.shift, o.arm, COUNT(*) FROM (SELECT patient, shift FROM visits v JOIN rota r ON v.ward = r.ward AND v.urgent = r.urgent) s JOIN outcomes o ON s.patient = o.patient GROUP BY s.shift, o.arm

-- name: subquery that renames
SELECT w, COUNT(*) FROM (SELECT patient AS p, ward AS w, cost AS c FROM visits WHERE severity > 0) t WHERE c > 1 GROUP BY w

-- name: subquery of everything
SELECT ward, COUNT(*) FROM (SELECT * FROM visits) t GROUP BY ward

-- name: subquery without the person
SELECT w, COUNT(*) FROM (SELECT ward AS w FROM visits) GROUP BY w

-- name: subquery with expressions
SELECT band, SUM(double) FROM (SELECT patient, CASE WHEN severity > 2 THEN 'high' ELSE 'low' END AS band, cost * 2 AS double FROM visits) GROUP BY band

-- name: common table expressions
WITH severe AS (SELECT patient, cost FROM visits WHERE severity > 2), dear AS (SELECT patient AS p, cost FROM severe WHERE cost > 1) SELECT COUNT(*), SUM(cost) FROM dear

-- name: common table expression that is used inside another
WITH a AS (SELECT member, region FROM members), b AS (SELECT patient, ward FROM visits), c AS (SELECT a.member, a.region, b.ward FROM a JOIN b ON a.member = b.patient) SELECT region, ward, COUNT(*) FROM c GROUP BY region, ward

-- name: common table expression named like a dataset
WITH visits AS (SELECT patient, ward FROM visits WHERE urgent) SELECT ward, COUNT(*) FROM visits GROUP BY ward

-- name: totals of a person
SELECT COUNT(*), SUM(n), SUM(total), AVG(mean), SUM(least), SUM(most) FROM (SELECT patient, COUNT(*) AS n, SUM(change) AS total, AVG(change) AS mean, MIN(severity) AS least, MAX(severity) AS most FROM visits GROUP BY patient) t

-- name: number of rows as a key
SELECT n, COUNT(*) FROM (SELECT patient, COUNT(*) AS n FROM visits GROUP BY patient) GROUP BY n

-- name: greatest value as a key
SELECT worst, COUNT(*), AVG(total) FROM (SELECT patient, MAX(severity) AS worst, SUM(cost) AS total FROM visits GROUP BY patient) GROUP BY worst

-- name: first day as a key
SELECT first, COUNT(*) FROM (SELECT patient, MIN(seen) AS first FROM visits GROUP BY patient) GROUP BY first

-- name: average of a person in a filter
SELECT COUNT(*) FROM (SELECT patient, AVG(cost) AS mean FROM visits GROUP BY patient) WHERE mean > 20.25

-- name: totals of a person and a key
SELECT ward, COUNT(*), SUM(n), SUM(total) FROM (SELECT patient, ward, COUNT(*) AS n, SUM(cost) AS total FROM visits GROUP BY patient, ward) GROUP BY ward

-- name: keys of a person without totals
SELECT ward, severity, COUNT(*) FROM (SELECT patient, ward, severity FROM visits GROUP BY patient, ward, severity) GROUP BY ward, severity

-- name: computed key of a person
SELECT bad, COUNT(*) FROM (SELECT patient, severity > 2 AS bad, COUNT(*) AS n FROM visits GROUP BY patient, severity > 2) WHERE n > 1 GROUP BY bad

-- name: totals of one number in two units
SELECT SUM(a), SUM(b), AVG(c), AVG(d) FROM (SELECT patient, SUM(CASE WHEN urgent THEN 1.5 END) AS a, SUM(CASE WHEN urgent THEN 15 END) AS b, AVG(CASE WHEN urgent THEN 0.25 ELSE 1 END) AS c, AVG(CASE WHEN urgent THEN 25 ELSE 100 END) AS d FROM visits GROUP BY patient)

-- name: positions in a subquery
SELECT ward, COUNT(*), SUM(n) FROM (SELECT patient, ward, COUNT(*) AS n FROM visits GROUP BY 1, 2) GROUP BY ward

-- name: key of a person named like a column that is filtered by
SELECT COUNT(*) FROM (SELECT patient, severity AS s, COUNT(*) AS n FROM visits WHERE key0 = 'x' GROUP BY patient, severity) WHERE s > 2

-- name: HAVING in a subquery
SELECT COUNT(*), SUM(n) FROM (SELECT patient, COUNT(*) AS n FROM visits GROUP BY patient HAVING SUM(cost) > 50 AND n < 4 AND MAX(severity) IS NOT NULL) t

-- name: counts of values of a person
SELECT SUM(a), SUM(b), SUM(c) FROM (SELECT patient, COUNT(urgent) AS a, COUNT(patient) AS b, COUNT(CASE WHEN cost > 1 THEN 1 END) AS c FROM visits GROUP BY patient)

-- name: totals of totals
SELECT COUNT(*), AVG(m) FROM (SELECT patient, MAX(t) AS m FROM (SELECT patient, ward, SUM(cost) AS t FROM visits GROUP BY patient, ward) a GROUP BY patient) b

-- name: totals of a person, functional key
SELECT arm, COUNT(*), SUM(n) FROM (SELECT patient, arm, COUNT(*) AS n FROM outcomes GROUP BY patient, arm) GROUP BY arm

-- name: totals joined
SELECT m.region, s.n, COUNT(*), AVG(s.total) FROM members m JOIN (SELECT patient, COUNT(*) AS n, SUM(cost) AS total FROM visits GROUP BY patient) s ON m.member = s.patient GROUP BY m.region, s.n

-- name: totals of both sides
SELECT COUNT(*), SUM(a.n * b.n), SUM(b.total) FROM (SELECT patient, COUNT(*) AS n FROM visits GROUP BY patient) a LEFT JOIN (SELECT member, COUNT(*) AS n, SUM(amount) AS total FROM linked GROUP BY member) b ON a.patient = b.member

-- name: totals after a join
SELECT n, COUNT(*), SUM(t) FROM (SELECT m.member, COUNT(*) AS n, SUM(v.cost) AS t FROM members m JOIN visits v ON m.member = v.patient WHERE m.age > 10 GROUP BY m.member) GROUP BY n

-- name: totals after a left join
SELECT n, COUNT(*) FROM (SELECT m.member, COUNT(v.patient) AS n FROM members m LEFT JOIN visits v ON m.member = v.patient GROUP BY m.member) GROUP BY n

-- name: totals after a join, of totals before
SELECT COUNT(*), SUM(x), SUM(y) FROM (SELECT l.member, SUM(l.most) AS x, COUNT(*) AS y FROM (SELECT member, MAX(amount) AS most FROM linked GROUP BY member) l JOIN visits v ON l.member = v.patient GROUP BY l.member)

-- name: totals after a fan-out
SELECT SUM(n), AVG(n) FROM (SELECT patient, COUNT(*) AS n, MAX(nurses) AS most FROM visits v JOIN rota r ON v.ward = r.ward AND v.urgent = r.urgent GROUP BY patient) WHERE most > 3

-- name: totals and a public table
SELECT size, COUNT(*) FROM (SELECT patient, region, COUNT(*) AS n FROM visits GROUP BY patient, region) t JOIN regions r ON t.region = r.region WHERE t.n >= 1 GROUP BY size

-- name: ROLLUP
SELECT ward, severity, COUNT(*) FROM visits GROUP BY ROLLUP (ward, severity)

-- name: persons of totals, who are in several parts
SELECT ward, urgent, COUNT(DISTINCT patient) AS people, COUNT(DISTINCT patient) FILTER (WHERE severity > 1) AS ill, COUNT(*) FROM visits GROUP BY CUBE (ward, urgent)

-- name: CUBE with GROUPING
SELECT region, smoker, GROUPING(region), GROUPING(smoker), COUNT(*) FROM members GROUP BY CUBE (region, smoker)

-- name: GROUPING SETS
SELECT region, tariff, smoker, COUNT(*), AVG(age) FROM members GROUP BY GROUPING SETS ((region, tariff), (smoker), ())

-- name: mixed grouping
SELECT region, tariff, smoker, COUNT(*) FROM members GROUP BY region, ROLLUP ((tariff, smoker))

-- name: only a grand total
SELECT COUNT(*), SUM(cost) FROM visits GROUP BY GROUPING SETS ((), ())

-- name: totals of averages
SELECT ward, AVG(cost), SUM(cost), COUNT(cost) FROM visits GROUP BY ROLLUP (ward)

-- name: HAVING
SELECT ward, COUNT(*) AS n FROM visits GROUP BY ward HAVING n > 2 AND SUM(cost) >= 0 AND ward <> 'day'

-- name: ORDER BY and LIMIT
SELECT ward, COUNT(*) AS n FROM visits GROUP BY ward ORDER BY n DESC, ward LIMIT 2 OFFSET 1

-- name: ORDER BY something else
SELECT ward, severity FROM visits GROUP BY ward, severity HAVING COUNT(*) > 1 ORDER BY SUM(cost) DESC NULLS LAST, 2, 1 DESC LIMIT 5

-- name: arithmetic after the noise
SELECT ward, SUM(cost) / COUNT(*) AS each, 100 * COUNT(DISTINCT patient) / COUNT(*) AS share, -SUM(change) + 1.5 FROM visits GROUP BY ward

-- name: CASE after the noise
SELECT ward, CASE WHEN COUNT(*) > 5 THEN 'many' WHEN COUNT(*) > 0 THEN 'few' ELSE 'none' END AS size, CASE ward WHEN 'er' THEN COUNT(*) ELSE 0 END FROM visits GROUP BY ward

-- name: keys after the noise
SELECT CASE WHEN seen IN ('2024-01-01', '2024-01-02') THEN 'early' ELSE 'late' END AS time, seen, COUNT(*), seen > DATE '2024-01-05' AS second FROM visits GROUP BY seen HAVING seen BETWEEN '2024-01-01' AND '2024-01-08'

-- name: aliases and positions
SELECT ward AS place, severity AS grade, COUNT(*) AS total FROM visits AS v GROUP BY place, 2 ORDER BY total, 1

-- name: quoted and capital names
SELECT "V"."Ward" AS "Where?", Count(*) FROM VISITS AS "V" GROUP BY v.WARD

-- name: comments and spaces
SELECT /* first */ ward, -- second
       COUNT(*) FROM visits /* third /* nested */ */ GROUP BY ward ;

-- name: FROM first
FROM visits SELECT ward, COUNT(*) GROUP BY ward

-- name: words that are types as names
SELECT date, COUNT(*) AS text FROM (SELECT patient, seen AS date, ward AS year FROM visits) AS text WHERE text.year = 'er' GROUP BY date

-- name: few groups of each person
-- terms: {"epsilon": 1.0, "groups_per_person": 2}
SELECT ward, severity, COUNT(*), SUM(cost) FROM visits GROUP BY ward, severity

-- name: one group of each person
-- terms: {"epsilon": 1.0, "groups_per_person": 1}
SELECT v.ward, m.region, l.urgent, COUNT(*) FROM (SELECT patient, ward, urgent FROM visits) v JOIN members m ON v.patient = m.member JOIN rota l ON l.ward = v.ward AND l.urgent = v.urgent GROUP BY v.ward, m.region, l.urgent

-- name: persons of totals, in few groups of each person
-- terms: {"epsilon": 1.0, "groups_per_person": 2}
SELECT ward, urgent, COUNT(DISTINCT patient) AS people, COUNT(*) AS n FROM visits GROUP BY CUBE (ward, urgent)

-- name: few groups after a join
-- terms: {"epsilon": 1.0, "groups_per_person": 2}
SELECT v.ward, l.level, COUNT(*), SUM(l.amount), COUNT(DISTINCT v.patient) FROM visits v LEFT JOIN linked l ON v.patient = l.member GROUP BY v.ward, l.level

-- name: the contract keeps two groups
-- contract: tight
SELECT ward, seen, COUNT(*), SUM(change) FROM visits GROUP BY ward, seen

-- name: the contract's limit does not matter for one group
-- contract: tight
SELECT region, COUNT(*) FROM members GROUP BY region

-- name: the contract keeps two groups of totals
-- contract: tight
SELECT seen, ward, SUM(n) FROM (SELECT patient, seen, ward, COUNT(*) AS n FROM visits GROUP BY patient, seen, ward) GROUP BY seen, ward

-- name: twins in one dataset
-- contract: twins
SELECT ward, COUNT(*), COUNT(DISTINCT patient), SUM(change) FROM visits GROUP BY ward

-- name: twins and one row each
-- contract: twins
SELECT region, COUNT(*), SUM(income) FROM members GROUP BY region

-- name: twins joined
-- contract: twins
SELECT m.region, v.ward, COUNT(*), AVG(v.cost) FROM members m JOIN visits v ON m.member = v.patient GROUP BY m.region, v.ward

-- name: twins and few groups
-- contract: twins
-- terms: {"epsilon": 1.0, "groups_per_person": 2}
SELECT ward, severity, COUNT(*) FROM visits GROUP BY ward, severity

-- name: pure
-- terms: {"epsilon": 0.5, "pure": true}
SELECT ward, COUNT(*), SUM(change) FROM visits GROUP BY ward

-- name: by error
-- terms: {"error": 5.0}
SELECT region, COUNT(*) FROM members GROUP BY region

-- name: by error of an average
-- terms: {"error": 50.0, "group_size": 100}
SELECT ward, AVG(cost) FROM visits GROUP BY ward

-- name: sums beyond doubles
-- terms: {"epsilon": 50.0}
SELECT SUM(CASE WHEN amount > 0 THEN amount * 3000000 + 1 END) FROM linked

-- name: full join
SELECT COUNT(*), COUNT(member), COUNT(patient), COUNT(DISTINCT member), COUNT(DISTINCT patient) FROM members FULL JOIN visits ON member = patient

-- name: full join by columns of both sides
SELECT m.region, arm, COUNT(*), SUM(age), AVG(delta) FROM members m FULL OUTER JOIN outcomes o ON m.member = o.patient GROUP BY m.region, arm

-- name: full join with a condition
SELECT v.ward, l.level, COUNT(*), SUM(v.cost), SUM(l.amount) FROM visits v FULL JOIN linked l ON v.patient = l.member AND v.severity > l.level GROUP BY v.ward, l.level

-- name: full join with a condition on one side
SELECT m.tariff, o.arm, COUNT(*) FROM members m FULL JOIN outcomes o ON m.member = o.patient AND m.age > 40 GROUP BY m.tariff, o.arm

-- name: rows without one side of a full join
SELECT ward, COUNT(*) FROM outcomes FULL JOIN visits USING (patient) WHERE arm IS NULL GROUP BY ward

-- name: person of a full join
SELECT COUNT(patient), COUNT(DISTINCT patient), COUNT(visits.patient), COUNT(DISTINCT outcomes.patient) FROM outcomes FULL JOIN visits USING (patient)

-- name: full join, then the person of either side
SELECT n, COUNT(*) FROM (SELECT COALESCE(member, patient) AS who, COUNT(*) AS n FROM members FULL JOIN visits ON member = patient GROUP BY COALESCE(member, patient)) GROUP BY n

-- name: full join of three by the person of either side
SELECT arm, COUNT(*) FROM members FULL JOIN visits ON member = patient FULL JOIN outcomes o ON COALESCE(member, visits.patient) = o.patient GROUP BY arm

-- name: full joins by a name
SELECT arm, COUNT(*), COUNT(ward) FROM visits FULL JOIN outcomes USING (patient) FULL JOIN (SELECT member AS patient, age FROM members) m USING (patient) WHERE age IS NULL OR age > 30 GROUP BY arm

-- name: computed column of a side that may be missing
SELECT young, ward, COUNT(*) FROM (SELECT member, age IS NULL OR age < 40 AS young FROM members) m FULL JOIN visits ON member = patient GROUP BY young, ward

-- name: right join
SELECT m.region, COUNT(*), SUM(age) FROM members m RIGHT JOIN visits v ON member = patient GROUP BY m.region

-- name: right join with conditions
SELECT m.region, v.ward, COUNT(*), COUNT(member) FROM members m RIGHT JOIN visits v ON member = patient AND m.age > 30 AND v.severity > 1 GROUP BY m.region, v.ward

-- name: right join of a public table
SELECT size, COUNT(*) FROM regions r RIGHT JOIN members m ON m.region = r.region GROUP BY size

-- name: left join, then a join by the side that may be missing
SELECT COUNT(*) FROM members LEFT JOIN visits ON member = patient AND severity > 2 JOIN outcomes o ON visits.patient = o.patient

-- name: left join, then groups of the side that may be missing
SELECT n, COUNT(*) FROM (SELECT patient, COUNT(*) AS n FROM members LEFT JOIN visits ON member = patient AND severity > 2 GROUP BY patient) WHERE patient IS NOT NULL GROUP BY n

-- name: three private datasets
SELECT m.region, arm, COUNT(*), SUM(cost), AVG(delta) FROM members m JOIN visits ON member = patient JOIN outcomes o ON member = o.patient GROUP BY m.region, arm

-- name: four private datasets
SELECT tariff, COUNT(*), SUM(amount) FROM members m JOIN visits v ON m.member = v.patient LEFT JOIN outcomes o ON m.member = o.patient LEFT JOIN linked l ON l.member = o.patient GROUP BY tariff

-- name: join of a join
SELECT arm, COUNT(*) FROM outcomes o JOIN (SELECT m.member, v.ward FROM members m JOIN visits v ON m.member = v.patient WHERE m.smoker) x ON x.member = o.patient GROUP BY arm

-- name: totals of a join, joined
SELECT arm, SUM(n), AVG(worst) FROM outcomes o LEFT JOIN (SELECT m.member, COUNT(*) AS n, MAX(severity) AS worst FROM members m JOIN visits v ON m.member = v.patient GROUP BY m.member) x ON x.member = o.patient GROUP BY arm

-- name: dataset joined with itself
SELECT a.ward, b.ward, COUNT(*) FROM visits a JOIN visits b ON a.patient = b.patient AND a.seen < b.seen GROUP BY a.ward, b.ward

-- name: dataset left joined with itself
SELECT a.ward, COUNT(*), COUNT(b.patient) FROM visits a LEFT JOIN visits b ON a.patient = b.patient AND a.seen < b.seen AND b.urgent GROUP BY a.ward

-- name: dataset joined with its totals
WITH t AS (SELECT patient, COUNT(*) AS n, SUM(cost) AS spent FROM visits GROUP BY patient) SELECT n, COUNT(*), SUM(cost) FROM visits JOIN t ON visits.patient = t.patient AND cost * 2 > spent GROUP BY n

-- name: common table expression used three times
WITH t AS (SELECT patient, MAX(severity) AS worst, MIN(severity) AS best FROM visits WHERE severity IS NOT NULL GROUP BY patient) SELECT a.worst, COUNT(*) FROM t a JOIN t b ON a.patient = b.patient AND a.worst > b.best LEFT JOIN t c ON a.patient = c.patient AND c.worst < 3 GROUP BY a.worst

-- name: public table joined twice
SELECT r.size, s.size, COUNT(*) FROM visits v JOIN members m ON v.patient = m.member JOIN regions r ON v.region = r.region JOIN regions s ON m.region = s.region GROUP BY r.size, s.size

-- name: public table on both sides of a join
SELECT r.size, COUNT(*), SUM(s.other) FROM members m JOIN regions r ON m.region = r.region JOIN (SELECT v.patient, q.size AS other FROM visits v JOIN regions q ON v.region = q.region) s ON m.member = s.patient GROUP BY r.size

-- name: persons in a subquery
SELECT region, COUNT(*), SUM(age) FROM members WHERE member IN (SELECT patient FROM visits WHERE ward = 'er') GROUP BY region

-- name: persons not in a subquery
SELECT region, COUNT(*), SUM(age) FROM members WHERE member NOT IN (SELECT patient FROM visits WHERE ward = 'er') GROUP BY region

-- name: persons in a subquery of totals
SELECT ward, COUNT(*) FROM visits WHERE patient IN (SELECT patient FROM visits GROUP BY patient HAVING COUNT(*) > 2) GROUP BY ward

-- name: persons in one subquery or not in another
SELECT tariff, COUNT(*) FROM members WHERE smoker OR member IN (SELECT patient FROM outcomes WHERE cured) OR NOT member IN (SELECT patient FROM visits) GROUP BY tariff

-- name: persons of a side that may be missing, in a subquery
SELECT COUNT(*) FROM members LEFT JOIN visits ON member = patient AND urgent WHERE patient NOT IN (SELECT member FROM linked)

-- name: persons in a subquery whose person may be missing
SELECT COUNT(*) FROM members WHERE member IN (SELECT patient FROM linked LEFT JOIN visits ON member = patient AND severity > 2)

-- name: EXISTS
SELECT region, COUNT(*) FROM members m WHERE EXISTS (SELECT 1 FROM visits v WHERE v.patient = m.member AND v.urgent) GROUP BY region

-- name: NOT EXISTS with a condition over both
SELECT ward, COUNT(*), SUM(cost) FROM visits v WHERE NOT EXISTS (SELECT 1 FROM visits w WHERE w.patient = v.patient AND w.seen < v.seen) GROUP BY ward

-- name: EXISTS by a matching column
SELECT COUNT(*), SUM(severity) FROM visits v WHERE EXISTS (SELECT * FROM members m WHERE m.member = v.patient AND m.region = v.region)

-- name: EXISTS inside EXISTS
SELECT tariff, COUNT(*) FROM members m WHERE EXISTS (SELECT 1 FROM visits v WHERE v.patient = m.member AND EXISTS (SELECT 1 FROM outcomes o WHERE o.patient = v.patient AND o.cured)) GROUP BY tariff

-- name: EXISTS in a subquery
SELECT n, COUNT(*) FROM (SELECT v.patient, COUNT(*) AS n FROM visits v WHERE EXISTS (SELECT 1 FROM linked l WHERE l.member = v.patient AND l.level < v.severity) GROUP BY v.patient) GROUP BY n

-- name: EXISTS of a join
SELECT region, COUNT(*) FROM members m WHERE EXISTS (SELECT 1 FROM visits v LEFT JOIN outcomes o ON v.patient = o.patient WHERE v.patient = m.member AND (o.arm = 'drug' OR v.severity > 3)) GROUP BY region

-- name: number of a row
SELECT r, COUNT(*), SUM(cost) FROM (SELECT patient, cost, ROW_NUMBER() OVER (PARTITION BY patient ORDER BY seen DESC) AS r FROM visits) GROUP BY r

-- name: first row of each person
SELECT ward, COUNT(*), AVG(cost) FROM (SELECT patient, ward, cost FROM visits QUALIFY ROW_NUMBER() OVER (PARTITION BY patient ORDER BY seen) = 1) GROUP BY ward

-- name: first rows of each person and key
SELECT ward, COUNT(*) FROM (SELECT patient, ward, ROW_NUMBER() OVER (PARTITION BY patient, ward ORDER BY cost DESC NULLS LAST, seen) AS r FROM visits) WHERE r <= 2 GROUP BY ward

-- name: row before and row after
SELECT COUNT(*), SUM(b), SUM(a) FROM (SELECT patient, cost, LAG(cost) OVER (PARTITION BY patient ORDER BY seen, severity) AS b, LEAD(severity, 2) OVER (PARTITION BY patient ORDER BY seen NULLS FIRST) AS a FROM visits) WHERE b IS NULL OR b < cost

-- name: running and whole totals
SELECT COUNT(*), SUM(run), SUM(n) FROM (SELECT patient, SUM(cost) OVER (PARTITION BY patient ORDER BY seen, cost ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS run, AVG(cost) OVER (PARTITION BY patient) AS a, COUNT(*) OVER (PARTITION BY patient, urgent) AS n FROM visits) WHERE a > 10

-- name: first and last value
SELECT w, l, COUNT(*) FROM (SELECT patient, FIRST_VALUE(ward) OVER (PARTITION BY patient ORDER BY seen NULLS FIRST, ward) AS w, LAST_VALUE(ward) OVER (PARTITION BY patient, urgent ORDER BY severity, ward ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS l FROM visits) GROUP BY w, l

-- name: least and greatest so far
SELECT COUNT(*) FROM (SELECT patient, severity, MIN(severity) OVER (PARTITION BY patient ORDER BY seen) AS lo, MAX(severity) OVER (PARTITION BY patient ORDER BY seen ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS hi FROM visits) WHERE hi > lo + 1

-- name: windows that order every row
SELECT COUNT(*), SUM(cost), SUM(b), SUM(a), SUM(hi) FROM (SELECT patient, cost, ROW_NUMBER() OVER (PARTITION BY patient ORDER BY seen DESC, severity, cost, ward, urgent, region) AS r, LAG(cost) OVER (PARTITION BY patient ORDER BY seen DESC, severity, cost, ward, urgent, region) AS b, LEAD(severity, 2) OVER (PARTITION BY patient ORDER BY seen DESC, severity, cost, ward, urgent, region) AS a, MAX(severity) OVER (PARTITION BY patient ORDER BY seen DESC, severity, cost, ward, urgent, region ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS hi FROM visits) WHERE r <= 3

-- name: window over a join
SELECT arm, COUNT(*) FROM (SELECT o.patient, arm, ROW_NUMBER() OVER (PARTITION BY o.patient ORDER BY v.cost, v.seen) AS r FROM outcomes o LEFT JOIN visits v ON o.patient = v.patient) WHERE r = 1 GROUP BY arm

-- name: windows, then totals
SELECT gaps, COUNT(*) FROM (SELECT patient, COUNT(*) AS gaps FROM (SELECT patient, severity, LAG(severity) OVER (PARTITION BY patient ORDER BY seen) AS before FROM visits) WHERE before < severity GROUP BY patient) GROUP BY gaps

-- name: rows of two datasets
SELECT k, COUNT(*), COUNT(DISTINCT p), SUM(x) FROM (SELECT patient AS p, region AS k, cost AS x FROM visits UNION ALL SELECT member, region, age FROM members) GROUP BY k

-- name: rows of one dataset twice
SELECT k, COUNT(*), AVG(x) FROM (SELECT patient AS p, ward AS k, severity AS x FROM visits WHERE urgent UNION ALL SELECT patient, ward, -severity FROM visits) GROUP BY k

-- name: rows of three datasets, with NULL
SELECT k, COUNT(*) FROM (SELECT patient AS p, NULL AS k FROM visits UNION ALL SELECT member, tariff FROM members UNION ALL SELECT patient, arm FROM outcomes) GROUP BY k

-- name: rows of two datasets, of which the second has one column twice
SELECT k, COUNT(*), SUM(x), SUM(y) FROM (SELECT patient AS p, region AS k, cost AS x, severity AS y FROM visits UNION ALL SELECT member, region, age, age FROM members) GROUP BY k

-- name: totals over two datasets
SELECT n, COUNT(*) FROM (SELECT p, COUNT(*) AS n FROM (SELECT patient AS p FROM visits UNION ALL SELECT member FROM linked) GROUP BY p) GROUP BY n

-- name: persons of two datasets
SELECT COUNT(*) FROM (SELECT patient FROM visits UNION SELECT member FROM members)

-- name: persons of a side that may be missing, in a union
SELECT COUNT(*) FROM (SELECT patient AS p, age FROM members LEFT JOIN visits ON member = patient AND urgent UNION ALL SELECT patient, delta FROM outcomes) WHERE age > 0 AND p IS NOT NULL

-- name: each row once
SELECT ward, COUNT(*) FROM (SELECT DISTINCT patient, ward, urgent FROM visits) GROUP BY ward

-- name: each person once
SELECT COUNT(*), SUM(age) FROM members WHERE member IN (SELECT DISTINCT patient FROM visits UNION ALL SELECT patient FROM outcomes WHERE cured)

-- name: common table expression of a union
WITH e AS (SELECT patient AS p, seen AS d, 1 AS kind FROM visits UNION ALL SELECT member, paid, 2 FROM linked) SELECT a.kind, b.kind, COUNT(*) FROM e a JOIN e b ON a.p = b.p AND a.d < b.d GROUP BY a.kind, b.kind

-- name: subquery grouped by the person of the right side
SELECT COUNT(p), COUNT(DISTINCT p) FROM (SELECT v.patient AS p, COUNT(*) AS n FROM members m LEFT JOIN visits v ON m.member = v.patient GROUP BY v.patient)

-- name: first rows by a list of numbers
SELECT ward, COUNT(*), SUM(cost) FROM (SELECT patient, ward, cost, ROW_NUMBER() OVER (PARTITION BY patient ORDER BY seen, cost, ward) AS r FROM visits) WHERE r IN (1, 3) GROUP BY ward

-- name: first row of each person, joined
SELECT f.ward, COUNT(*), SUM(v.cost) FROM (SELECT patient, ward FROM visits QUALIFY 1 >= ROW_NUMBER() OVER (PARTITION BY patient ORDER BY seen, ward)) f JOIN visits v ON f.patient = v.patient GROUP BY f.ward

-- name: row number before a public join that repeats rows
SELECT r.shift, COUNT(*) FROM (SELECT patient, ward, urgent, ROW_NUMBER() OVER (PARTITION BY patient ORDER BY seen, ward, urgent) AS n FROM visits) x JOIN rota r ON r.ward = x.ward AND r.urgent = x.urgent WHERE n = 1 GROUP BY r.shift

-- name: numbers of rows in two orders
SELECT a, COUNT(*) FROM (SELECT patient, ROW_NUMBER() OVER (PARTITION BY patient ORDER BY seen, ward, severity, urgent) AS a, ROW_NUMBER() OVER (PARTITION BY patient ORDER BY severity DESC, seen, ward, urgent) AS b FROM visits) WHERE b < 3 AND a <> b GROUP BY a

-- name: windows over rows that are equal
SELECT r, COUNT(*), SUM(c) FROM (SELECT patient, severity, AVG(severity) OVER (PARTITION BY patient ORDER BY urgent, severity ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS m, ROW_NUMBER() OVER (PARTITION BY patient ORDER BY severity, urgent) AS r, COUNT(severity) OVER (PARTITION BY patient ORDER BY urgent, severity ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS c FROM (SELECT patient, severity, urgent FROM visits)) WHERE r < 4 AND m >= 0 GROUP BY r

-- name: first row, of whichever side has it
SELECT COUNT(*), COUNT(who) FROM (SELECT x.patient AS who, COALESCE(x.patient, y.patient) AS either FROM (SELECT patient, severity FROM visits) x FULL JOIN (SELECT patient, severity FROM visits WHERE urgent) y ON x.patient = y.patient AND x.severity = y.severity QUALIFY ROW_NUMBER() OVER (PARTITION BY COALESCE(x.patient, y.patient) ORDER BY x.severity NULLS FIRST, y.severity, x.patient IS NULL) = 1)

-- name: window over rows that another owner's rows choose
SELECT COUNT(*), SUM(r), VARIANCE(r) FROM (SELECT patient, ROW_NUMBER() OVER (PARTITION BY patient ORDER BY seen DESC, severity, cost, ward, urgent, region) AS r FROM visits v WHERE EXISTS (SELECT 1 FROM members m WHERE m.member = v.patient AND m.age > v.severity))

-- name: windows over the rows of the side that may be absent
SELECT COUNT(*), SUM(n), SUM(t) FROM (SELECT m.member AS p, COUNT(*) OVER (PARTITION BY v.patient) AS n, SUM(v.severity) OVER (PARTITION BY v.patient ORDER BY v.severity ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS t FROM visits v RIGHT JOIN members m ON m.member = v.patient AND v.severity > 2) WHERE t IS NOT NULL

-- name: each row of a full join, by the person of one side
SELECT COUNT(*), SUM(n) FROM (SELECT COALESCE(a.patient, b.patient) AS p, a.severity AS s, COUNT(*) OVER (PARTITION BY a.patient) AS n FROM visits a FULL JOIN visits b ON a.patient = b.patient AND a.severity < b.severity) WHERE s IS NOT NULL

-- name: greatest of one value twice
SELECT GREATEST(ward, ward) AS k, COUNT(*), SUM(LEAST(cost, cost)), SUM(GREATEST(severity, severity, NULL)) FROM visits GROUP BY k

-- name: lengths of listed texts that change
SELECT SUM(LENGTH(REPLACE(tariff, 's', 'yy'))), SUM(STRPOS(RTRIM(REPLACE(COALESCE(tariff, 'o'), 'ic', '  ')), 'a')) FROM members

-- name: beginning that the other side of a join must have
SELECT COUNT(*) FROM members m LEFT JOIN visits v ON m.member = v.patient WHERE STARTS_WITH(m.region, LEFT(v.region, 1))

-- name: texts as truth in a union
SELECT k, COUNT(*) FROM (SELECT patient AS p, TRY_CAST(key0 AS BOOLEAN) AS k FROM visits UNION SELECT member, smoker FROM members) GROUP BY k

-- name: first value that is there
SELECT COALESCE(tariff, region, '?') AS k, COUNT(*), SUM(COALESCE(income, age, 0)) FROM members GROUP BY k

-- name: measure with something in the place of NULL
SELECT SUM(COALESCE(rating, 0)), SUM(ABS(rating)), SUM(SIGN(rating)) FROM members

-- name: value that becomes NULL
SELECT NULLIF(severity, 0) AS k, COUNT(*), SUM(cost / NULLIF(severity, 2)) FROM visits GROUP BY k

-- name: one of two values
SELECT IF(urgent, 'now', 'later') AS k, COUNT(*), SUM(IIF(cost > 10, severity, -1)) FROM visits GROUP BY k

-- name: greatest and least
SELECT GREATEST(ward, key0, 'f') AS k, COUNT(*), SUM(GREATEST(cost, severity, 1)), SUM(LEAST(change, 0.005, severity)) FROM visits GROUP BY k

-- name: greatest date
SELECT GREATEST(seen, '2024-01-05') AS k, COUNT(*) FROM visits GROUP BY k

-- name: remainders
SELECT severity % 2 AS k, COUNT(*), SUM(change % 0.7), SUM(mod(amount, 7)), COUNT(severity % 0) FROM visits JOIN linked ON patient = member GROUP BY k

-- name: whole quotients
SELECT severity // 2 AS k, COUNT(*), SUM(amount // (severity - 2)) FROM visits JOIN linked ON patient = member GROUP BY k

-- name: rounding
SELECT ROUND(severity * 1.5) AS k, SUM(ROUND(change, 1)), SUM(TRUNC(change)), SUM(FLOOR(change)), SUM(CEIL(change)), SUM(ROUND(cost, -1)) FROM visits GROUP BY k

-- name: ages in tens
SELECT FLOOR(age / 10) * 10 AS k, COUNT(*) FROM members GROUP BY k

-- name: rounded to tens
SELECT ROUND(income, -2) AS k, COUNT(*) FROM (SELECT member, CASE WHEN smoker THEN 12.5 ELSE 250 END AS income FROM members) GROUP BY k

-- name: buckets
SELECT WIDTH_BUCKET(age, 20, 80, 6) AS k, COUNT(*), SUM(WIDTH_BUCKET(income, -10.5, 500, 20)) FROM members GROUP BY k

-- name: functions of totals
SELECT k, COUNT(*), SUM(s) FROM (SELECT patient, COALESCE(SUM(severity) % 3, -1) AS k, GREATEST(MAX(cost), 7) AS s FROM visits GROUP BY patient) GROUP BY k

-- name: functions of windows
SELECT SUM(LEAST(before, severity)), COUNT(COALESCE(before, severity)) FROM (SELECT patient, severity, LAG(severity) OVER (PARTITION BY patient ORDER BY seen) AS before FROM visits)

-- name: condition with something in the place of NULL
SELECT ward, COUNT(*) FROM visits WHERE COALESCE(urgent, severity > 2, FALSE) GROUP BY ward

-- name: parts of dates
SELECT EXTRACT(year FROM seen) AS y, MONTH(seen) AS m, DAY(seen) AS d, COUNT(*) FROM visits GROUP BY y, m, d

-- name: weekdays
SELECT ISODOW(paid) AS i, date_part('dow', paid) AS d, COUNT(*), SUM(WEEK(paid)), SUM(DAYOFYEAR(paid)) FROM linked GROUP BY i, d

-- name: quarters that visits fall into
SELECT QUARTER(seen) AS q, WEEKOFYEAR(seen) AS w, DAYOFWEEK(seen) AS d, DAYOFMONTH(seen) AS m, COUNT(*) FROM visits GROUP BY q, w, d, m

-- name: months as keys
SELECT date_trunc('month', since) AS k, COUNT(*) FROM members GROUP BY k ORDER BY k

-- name: weeks as keys
SELECT date_trunc('week', seen) AS k, COUNT(*), COUNT(DISTINCT patient) FROM visits GROUP BY k

-- name: year, quarter and day of a date
SELECT COUNT(*) FROM linked WHERE date_trunc('year', paid) = '2024-01-01' AND date_trunc('quarter', paid) > DATE '2024-01-01' AND date_trunc('day', paid) = paid

-- name: days later and earlier
SELECT seen + 2 AS k, COUNT(*) FROM visits WHERE seen - 3 < '2024-01-05' GROUP BY k

-- name: days between
SELECT age > 40 AS k, SUM(paid - DATE '2024-03-01'), AVG(date_diff('day', DATE '2024-12-31', paid)) FROM members JOIN linked USING (member) GROUP BY k

-- name: weeks, months, quarters and years between
SELECT SUM(date_diff('week', DATE '2024-03-01', paid)), SUM(date_diff('month', paid, DATE '2023-03-01')), SUM(datediff('quarter', DATE '2023-12-31', paid)), SUM(date_diff('year', DATE '2023-12-31', paid)) FROM linked

-- name: days between two columns
SELECT date_diff('month', since, seen) AS k, COUNT(*) FROM members JOIN visits ON member = patient WHERE seen - since > 1400 GROUP BY k

-- name: an interval later
SELECT COUNT(*) FROM visits WHERE seen + INTERVAL 1 MONTH >= '2024-02-03' AND seen - INTERVAL '2' YEAR < DATE '2022-01-09' AND INTERVAL 1 WEEK + seen > '2024-01-09'

-- name: last days
SELECT last_day(since) AS k, COUNT(*) FROM members GROUP BY k

-- name: within three days of the last visit
SELECT COUNT(*) FROM (SELECT patient, seen, LAG(seen) OVER (PARTITION BY patient ORDER BY seen) AS before FROM visits) WHERE seen - before <= 3

-- name: months per person
SELECT m, COUNT(*), SUM(d) FROM (SELECT member, MONTH(MAX(paid)) AS m, MAX(paid) - MIN(paid) AS d FROM linked GROUP BY member) GROUP BY m

-- name: counts of some rows
SELECT ward, COUNT(*) FILTER (WHERE urgent) AS n, COUNT(cost) FILTER (WHERE urgent OR severity > 2), COUNT(DISTINCT patient) FILTER (WHERE severity > 1 AND note LIKE 'p%') AS p FROM visits GROUP BY ward

-- name: sums and averages of some rows
SELECT ward, SUM(cost) FILTER (WHERE urgent), AVG(cost) FILTER (WHERE NOT urgent), SUM(change) FILTER (WHERE change < 0 AND seen > '2024-01-02'), COUNT(*) AS n FROM visits GROUP BY ward

-- name: rows for which something holds
SELECT region, COUNT_IF(age >= 18) AS adults, countif(smoker) AS smokers, COUNT_IF(smoker) FILTER (WHERE age < 30), COUNT(*) AS n FROM members GROUP BY region

-- name: shares of some rows
SELECT ward, 100 * COUNT(*) FILTER (WHERE urgent) / COUNT(*) AS share FROM visits GROUP BY ward HAVING COUNT(*) FILTER (WHERE urgent) > -3 ORDER BY COUNT_IF(severity > 2), 1

-- name: some rows after a left join
SELECT m.region, COUNT(*) FILTER (WHERE v.patient IS NULL) AS none, SUM(m.age) FILTER (WHERE v.severity > 1), COUNT(DISTINCT v.patient) FILTER (WHERE v.ward = 'er') FROM members m LEFT JOIN visits v ON m.member = v.patient GROUP BY ROLLUP (m.region)

-- name: variances
SELECT ward, VARIANCE(cost) AS a, VAR_SAMP(severity) AS b, VAR_POP(change) AS c, COUNT(*) AS n, COUNT(cost) AS k FROM visits GROUP BY ward

-- name: deviations
SELECT region, STDDEV(age), STDDEV_SAMP(income), STDDEV_POP(rating), COUNT(*) AS n FROM members GROUP BY ROLLUP (region)

-- name: deviation of some rows
SELECT STDDEV(cost) FILTER (WHERE urgent) AS u, STDDEV(cost) AS all_of_them, AVG(cost), COUNT(*) AS n FROM visits

-- name: covariances
SELECT ward, COVAR_POP(cost, severity), COVAR_SAMP(severity, change), COUNT(*) AS n FROM visits GROUP BY ward

-- name: covariance of what is never missing
SELECT COVAR_POP(size, rate), VARIANCE(size), COUNT(*) AS n FROM members m JOIN regions r ON m.region = r.region

-- name: correlations
SELECT smoker, CORR(age, income), CORR(income, age + rating), COUNT(*) AS n FROM members GROUP BY smoker

-- name: regressions
SELECT REGR_SLOPE(cost, severity) AS slope, REGR_INTERCEPT(cost, severity) AS intercept, COUNT(*) AS n FROM visits

-- name: correlation of two owners
SELECT arm, CORR(age, delta) AS r, COUNT(*) AS n FROM members JOIN outcomes ON member = patient GROUP BY arm ORDER BY VARIANCE(age)

-- name: variance of a total of each person
SELECT VARIANCE(n), STDDEV_POP(total) FROM (SELECT patient, COUNT(*) AS n, SUM(cost) AS total FROM visits GROUP BY patient)

-- name: variance with few groups of a person
-- contract: tight
SELECT seen, VAR_POP(severity), COUNT(*) AS n FROM visits GROUP BY seen

-- name: rounding after the noise
SELECT ward, ROUND(AVG(cost), 1) AS a, ROUND(SUM(cost)) AS b, ROUND(COUNT(*), -1) AS c, FLOOR(AVG(cost)) AS d, CEIL(SUM(change)) AS e, CEILING(severity / 2) AS f, COUNT(*) AS n FROM visits GROUP BY ward, severity

-- name: signs and roots
SELECT ward, ABS(SUM(change)) AS a, SIGN(SUM(change)) AS s, SQRT(ABS(SUM(cost))) AS r, COUNT(*) AS n FROM visits GROUP BY ward ORDER BY ABS(SUM(change))

-- name: greatest and least after the noise
SELECT ward, severity, GREATEST(COUNT(*), 2) AS a, LEAST(COUNT(*), COUNT(cost) / 2, NULL) AS b, GREATEST(severity, 2) AS c, LEAST(ward, 'f') AS d, COUNT(*) AS n FROM visits GROUP BY ward, severity HAVING GREATEST(COUNT(*), severity) > -9

-- name: what is missing
SELECT tariff, COALESCE(tariff, 'none') AS t, NULLIF(tariff, 'basic') AS u, COALESCE(SUM(age) / COUNT(*), 0) AS a, SUM(age) / NULLIF(COUNT(*), 0) AS b, COUNT(*) AS n FROM members GROUP BY tariff ORDER BY COALESCE(tariff, 'c')

-- name: functions of dates
SELECT seen, COALESCE(seen, '2024-01-01') AS a, LEAST(seen, DATE '2024-01-05') AS b, NULLIF(seen, '2024-01-02') AS c, COUNT(*) AS n FROM visits GROUP BY seen

-- name: dates that noise decides about
SELECT seen, CASE WHEN COUNT(*) > 5 THEN seen ELSE DATE '2024-01-01' END AS a, GREATEST(seen, CASE WHEN COUNT(*) > 3 THEN DATE '2024-01-05' END) AS b, COUNT(*) AS n FROM visits GROUP BY seen

-- name: lower and upper case
SELECT UPPER(ward) AS u, LOWER(key0 || 'X') AS l, COUNT(*) FROM visits GROUP BY u, l

-- name: pattern in any case
SELECT ward, COUNT(*) FROM visits WHERE note ILIKE '%A%' OR ward NOT ILIKE 'ER' GROUP BY ward

-- name: lengths of texts
SELECT LENGTH(ward) AS k, COUNT(*) FROM visits WHERE CHAR_LENGTH(note) > 3 GROUP BY k

-- name: length of a measured text
SELECT SUM(LENGTH(tariff)), AVG(LENGTH(tariff || 'é')) FROM members

-- name: texts together
SELECT CONCAT(ward, '-', key0) AS c, ward || '/' || key0 AS p, COUNT(*) FROM visits GROUP BY c, p

-- name: parts of texts
SELECT LEFT(region, 1) AS l, RIGHT(ward, 2) AS r, SUBSTRING(ward, 2, 1) AS s, COUNT(*) FROM visits GROUP BY l, r, s

-- name: spaces around texts
SELECT COUNT(*) FROM visits WHERE TRIM(note) = note AND LTRIM('  ' || code) = code AND RTRIM(note || ' ') <> ''

-- name: other texts in their place
SELECT REPLACE(region, 'th', '.') AS k, REVERSE(ward) AS r, COUNT(*) FROM visits GROUP BY k, r

-- name: where a text stands
SELECT POSITION('r' IN ward) AS p, STRPOS(region, 'th') AS s, COUNT(*) FROM visits WHERE INSTR(note, 'a') > 0 GROUP BY p, s

-- name: beginnings and ends
SELECT COUNT(*) FROM visits WHERE STARTS_WITH(note, 'a') OR ENDS_WITH(note, code) OR CONTAINS(note, 'x') OR PREFIX(ward, 'i') OR SUFFIX(code, '1')

-- name: chapter of a code in another case
SELECT chapter, COUNT(*) FROM visits JOIN codes ON LOWER(visits.code) = codes.code GROUP BY chapter

-- name: text of a total
SELECT k, COUNT(*) FROM (SELECT patient, CONCAT(LEFT(ward, 1), '?') AS k FROM visits GROUP BY patient, CONCAT(LEFT(ward, 1), '?')) GROUP BY k

-- name: numbers as text
SELECT CAST(severity AS TEXT) AS k, COUNT(*) FROM visits WHERE change::TEXT LIKE '-%' OR CAST(cost AS VARCHAR) LIKE '%.5' GROUP BY k

-- name: months as text
SELECT LEFT(seen::TEXT, 7) AS k, smoker::TEXT AS s, COUNT(*) FROM members JOIN visits ON member = patient GROUP BY k, s

-- name: text as numbers
SELECT COUNT(*) FROM visits WHERE TRY_CAST(RIGHT(code, 1) AS INTEGER) >= 1 AND TRY_CAST(note AS DECIMAL(6, 2)) IS NULL

-- name: text as a number that is cut off
SELECT SUM(LEAST(GREATEST(TRY_CAST(CASE WHEN smoker THEN '12.5' ELSE tariff END AS INTEGER), 0), 10)) FROM members

-- name: numbers as other numbers
SELECT CAST(severity * 1.5 AS INTEGER) AS k, SUM(change::INTEGER), COUNT(*), SUM(CAST(cost / 3 AS DECIMAL(5, 1))), SUM(severity::DECIMAL(3, 2)) FROM visits GROUP BY k

-- name: numbers that do not fit
SELECT COUNT(TRY_CAST(amount AS DECIMAL(3))), COUNT(TRY_CAST(amount * 10 AS INTEGER)), COUNT(amount) FROM linked

-- name: truth as numbers
SELECT AVG(smoker::INTEGER), SUM(CAST(age > 40 AS INTEGER)) FROM members

-- name: numbers and text as truth
SELECT severity::BOOLEAN AS k, COUNT(*) FROM visits WHERE TRY_CAST(note AS BOOLEAN) IS NULL GROUP BY k

-- name: text as dates
SELECT COUNT(*) FROM visits WHERE TRY_CAST(note AS DATE) IS NULL AND TRY_CAST('2024-01-0' || severity::TEXT AS DATE) <= seen

-- name: shares of a total after the noise
SELECT ward, COUNT(*) AS n, COUNT(*) * 100.0 / SUM(COUNT(*)) OVER () AS share, AVG(COUNT(*)) OVER () AS usual, COUNT(*) OVER () AS wards
FROM visits GROUP BY ward

-- name: running totals after the noise
SELECT severity, SUM(cost) AS costs, SUM(SUM(cost)) OVER (ORDER BY severity) AS so_far,
SUM(SUM(cost)) OVER (PARTITION BY CASE WHEN severity > 3 THEN 1 ELSE 0 END ORDER BY severity DESC ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING) AS around,
MAX(SUM(cost)) OVER (ORDER BY severity ROWS UNBOUNDED PRECEDING) AS peak, SUM(cost) - LAG(SUM(cost)) OVER (ORDER BY severity) AS step,
LEAD(severity, 2, -1) OVER (ORDER BY severity) AS later FROM visits GROUP BY severity

-- name: ranks after the noise
SELECT severity, COUNT(*) AS n, RANK() OVER (ORDER BY severity > 2) AS r, DENSE_RANK() OVER (ORDER BY severity > 2 DESC) AS d,
PERCENT_RANK() OVER (ORDER BY severity > 2) AS p, CUME_DIST() OVER (ORDER BY severity > 2) AS c, NTILE(3) OVER (ORDER BY severity) AS t,
ROW_NUMBER() OVER (ORDER BY severity DESC NULLS FIRST) AS i, FIRST_VALUE(severity) OVER (PARTITION BY severity > 2 ORDER BY severity DESC) AS f,
LAST_VALUE(COUNT(*)) OVER (ORDER BY severity ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) AS l,
NTH_VALUE(severity, 2) OVER (PARTITION BY severity > 2 ORDER BY severity) AS h FROM visits GROUP BY severity

-- name: the largest groups by their rank
SELECT ward, COUNT(*) AS n, RANK() OVER (ORDER BY COUNT(*) DESC, ward) AS place FROM visits GROUP BY ward QUALIFY place <= 2 ORDER BY place

-- name: named windows over the table
SELECT severity, COUNT(*) AS n, SUM(COUNT(*)) OVER w AS so_far, SUM(COUNT(*)) OVER (w ROWS BETWEEN CURRENT ROW AND 1 FOLLOWING) AS two,
RANK() OVER (v ORDER BY severity DESC) AS place FROM visits GROUP BY severity WINDOW v AS (), w AS (v ORDER BY severity) ORDER BY severity

-- name: named windows over the rows of each person
SELECT ward, COUNT(*) FROM (SELECT patient, ward, ROW_NUMBER() OVER w AS place, COUNT(*) OVER (w ROWS UNBOUNDED PRECEDING) AS so_far FROM visits
WINDOW w AS (PARTITION BY patient ORDER BY seen, cost, ward, severity, urgent, change)) WHERE place = so_far AND place <= 2 GROUP BY ward

-- name: results of results
SELECT AVG(n) AS usual, MAX(n) AS most, COUNT(*) AS wards, SUM(c) AS costs FROM (SELECT ward, COUNT(*) AS n, SUM(cost) AS c FROM visits GROUP BY ward)

-- name: groups of groups
WITH fine AS (SELECT severity, ward, COUNT(*) AS n FROM visits GROUP BY severity, ward),
bands AS (SELECT ward, severity > 2 AS bad, SUM(n) AS n FROM fine WHERE ward <> 'er' GROUP BY ward, bad)
SELECT bad, MAX(n) AS most, SUM(n) * 1.0 / SUM(SUM(n)) OVER () AS share FROM bands GROUP BY bad ORDER BY bad

-- name: first of each group of results
SELECT ward, severity, n FROM (SELECT ward, severity, COUNT(*) AS n, ROW_NUMBER() OVER (PARTITION BY ward ORDER BY COUNT(*) DESC, severity) AS place
FROM visits GROUP BY ward, severity) AS ranked WHERE ranked.place = 1 ORDER BY n DESC, ward

-- name: distinct values
SELECT COUNT(DISTINCT ward), COUNT(DISTINCT severity), COUNT(DISTINCT urgent), COUNT(DISTINCT seen), COUNT(DISTINCT NULL) FROM visits

-- name: distinct values by ward, beside other aggregates
SELECT ward, COUNT(DISTINCT severity) AS grades, COUNT(*), SUM(cost), COUNT(DISTINCT patient), COUNT(DISTINCT cost) FROM visits GROUP BY ward

-- name: distinct values of some rows
SELECT ward, COUNT(DISTINCT cost) FILTER (WHERE severity > 1), COUNT(DISTINCT cost + change) FILTER (WHERE urgent) FROM visits GROUP BY ward

-- name: distinct values of expressions
SELECT COUNT(DISTINCT CASE WHEN severity > 2 THEN 'bad' ELSE 'fair' END), COUNT(DISTINCT cost > 50), COUNT(DISTINCT cost / severity) FROM visits

-- name: distinct values of a function of the person
SELECT smoker, COUNT(DISTINCT age), COUNT(DISTINCT tariff) FROM members GROUP BY smoker

-- name: distinct values after a join
SELECT m.region, COUNT(DISTINCT v.ward), COUNT(DISTINCT l.amount), COUNT(*) FROM members m JOIN visits v ON m.member = v.patient LEFT JOIN linked l ON l.member = m.member GROUP BY m.region

-- name: distinct values in few groups of each person
-- contract: tight
SELECT ward, severity, COUNT(DISTINCT seen), COUNT(*) FROM visits GROUP BY ward, severity

-- name: distinct values of a person with two identifiers
-- contract: twins
SELECT ward, COUNT(DISTINCT cost) FROM visits GROUP BY ward

-- name: distinct values of the first rows of each person
SELECT ward, COUNT(DISTINCT severity) FROM (SELECT patient, ward, severity FROM visits QUALIFY ROW_NUMBER() OVER (PARTITION BY patient ORDER BY seen, severity, ward, cost, change, urgent, code, note, region) <= 2) GROUP BY ward

-- name: distinct totals of persons
SELECT COUNT(DISTINCT total), COUNT(DISTINCT n) FROM (SELECT patient, SUM(cost) AS total, COUNT(*) AS n FROM visits GROUP BY patient)

-- name: distinct values, few groups, to an error
-- contract: tight
-- terms: {"error": 20}
SELECT ward, COUNT(DISTINCT cost) FROM visits GROUP BY ward

-- name: median
SELECT MEDIAN(age), QUANTILE_CONT(age, 0.9), COUNT(*) FROM members

-- name: quantiles by ward
SELECT ward, MEDIAN(cost) AS middle, PERCENTILE_CONT(0.1) WITHIN GROUP (ORDER BY cost DESC) AS dear, QUANTILE_CONT(change, 0.25) FROM visits GROUP BY ward

-- name: quantiles in totals
SELECT region, smoker, MEDIAN(age), COUNT(*) FROM members GROUP BY CUBE (region, smoker)

-- name: quantiles of some rows
SELECT ward, MEDIAN(cost) FILTER (WHERE urgent) AS urgent, MEDIAN(cost) FROM visits GROUP BY ward

-- name: extremes
SELECT smoker, MIN(age), MAX(age), MIN(rating) FROM members GROUP BY smoker

-- name: quantiles of large numbers
SELECT MEDIAN(amount), MAX(amount), MEDIAN(amount * 2 + 1) FROM linked

-- name: median after the noise
SELECT ward, MEDIAN(severity) - AVG(severity) AS skew, ROUND(MEDIAN(cost / 3), 1), COUNT(*) FROM visits GROUP BY ward HAVING MEDIAN(severity) >= 0 ORDER BY ward

-- name: quantiles in few groups of each person
-- contract: tight
SELECT ward, urgent, MEDIAN(cost), COUNT(*), COUNT(DISTINCT severity) FROM visits GROUP BY ward, urgent

-- name: quantiles of a person with two identifiers
-- contract: twins
SELECT ward, MEDIAN(severity) FROM visits GROUP BY ward

-- name: quantiles, pure
-- terms: {"epsilon": 2.0, "pure": true}
SELECT arm, MEDIAN(delta), QUANTILE_CONT(delta, 0.9) FROM outcomes GROUP BY arm

-- name: quantile of totals of persons
SELECT region, MEDIAN(total), QUANTILE_CONT(total, 0.99) FROM members LEFT JOIN (SELECT patient, SUM(cost) AS total FROM visits GROUP BY patient) ON member = patient GROUP BY region

-- name: histogram
SELECT WIDTH_BUCKET(age, 0, 100, 8) AS bucket, COUNT(*), AVG(income) FROM members GROUP BY bucket

-- name: quantiles of visits, by a function of the person
SELECT m.smoker, MEDIAN(v.severity), COUNT(DISTINCT v.severity) FROM members m JOIN visits v ON m.member = v.patient GROUP BY m.smoker

-- name: dates in the middle and at the ends
SELECT level, MEDIAN(paid), MIN(paid) AS first, MAX(paid) AS last, COUNT(*) FROM linked GROUP BY level

-- name: no negative counts
-- terms: {"epsilon": 0.5, "nonnegative": true}
SELECT region, smoker, COUNT(*), SUM(age), SUM(rating), AVG(income), COUNT(*) * 2 AS twice FROM members GROUP BY CUBE (region, smoker)

-- name: what clamping removes
-- terms: {"epsilon": 1.0, "clamped": true}
SELECT ward, COUNT(*), SUM(cost), COUNT(DISTINCT patient) FROM visits GROUP BY ward

-- name: what clamping removes from averages, variances and sums of some rows
-- terms: {"epsilon": 1.0, "clamped": true, "pure": true}
SELECT AVG(cost), SUM(cost) FILTER (WHERE urgent), VARIANCE(cost), MEDIAN(severity), COUNT(DISTINCT severity) FROM visits HAVING SUM(cost) > 10

-- name: what clamping removes from persons who keep some groups
-- terms: {"epsilon": 1.0, "clamped": true, "groups_per_person": 2, "nonnegative": true}
SELECT ward, urgent, SUM(cost), AVG(change), COUNT(*) FROM visits GROUP BY CUBE (ward, urgent)

-- name: the first visit of each, by a condition of an inner join
SELECT v.ward, COUNT(*), SUM(v.cost) FROM members m JOIN (SELECT patient, ward, cost, ROW_NUMBER() OVER (PARTITION BY patient ORDER BY seen, ward, cost, urgent) AS place FROM visits) v ON m.member = v.patient AND v.place = 1 GROUP BY v.ward

-- name: two visits at most of each, by a condition of a left join
SELECT v.ward, COUNT(*) FROM linked l LEFT JOIN (SELECT patient, ward, cost, ROW_NUMBER() OVER (PARTITION BY patient ORDER BY seen, ward, cost, urgent) AS place FROM visits) v ON l.member = v.patient AND v.place <= 2 GROUP BY v.ward

-- name: first and second visits, by conditions on both sides
SELECT v.ward AS first, w.ward AS second, COUNT(*) FROM (SELECT patient, ward, cost, ROW_NUMBER() OVER (PARTITION BY patient ORDER BY seen, ward, cost, urgent) AS place FROM visits) v JOIN (SELECT patient, ward, cost, ROW_NUMBER() OVER (PARTITION BY patient ORDER BY seen, ward, cost, urgent) AS place FROM visits) w ON v.patient = w.patient AND v.place = 1 AND w.place IN (2, 3) GROUP BY v.ward, w.ward

-- name: first visits of the side that is kept limit nothing
SELECT v.ward, COUNT(*) FROM (SELECT patient, ward, cost, ROW_NUMBER() OVER (PARTITION BY patient ORDER BY seen, ward, cost, urgent) AS place FROM visits) v LEFT JOIN linked l ON l.member = v.patient AND v.place = 1 AND l.amount > v.cost GROUP BY v.ward

-- name: the first visit of each, by a filter of an outer join
SELECT v.ward, COUNT(*), COUNT(DISTINCT l.member) FROM linked l LEFT JOIN (SELECT patient, ward, cost, ROW_NUMBER() OVER (PARTITION BY patient ORDER BY seen, ward, cost, urgent) AS place FROM visits) v ON l.member = v.patient WHERE v.place = 1 GROUP BY v.ward

-- name: the first visit of each, after a full join with a condition
SELECT v.ward, COUNT(*) FROM linked l FULL JOIN (SELECT patient, ward, cost, ROW_NUMBER() OVER (PARTITION BY patient ORDER BY seen, ward, cost, urgent) AS place FROM visits) v ON l.member = v.patient AND l.amount > v.cost WHERE v.place = 1 GROUP BY v.ward

-- name: the first visit of each, after a public table of several rows
SELECT shift, COUNT(*) FROM (SELECT patient, ward, urgent, ROW_NUMBER() OVER (PARTITION BY patient ORDER BY seen, ward, cost, urgent) AS place FROM visits) v JOIN rota r ON v.ward = r.ward AND v.urgent = r.urgent WHERE place = 1 GROUP BY shift

-- name: distinct values in totals
SELECT region, COUNT(DISTINCT ward) AS wards, COUNT(*) AS n FROM visits GROUP BY ROLLUP (region)

-- name: distinct values in all totals, of persons who keep some groups
-- terms: {"epsilon": 1.0, "groups_per_person": 2}
SELECT ward, urgent, COUNT(DISTINCT severity), COUNT(DISTINCT cost) FILTER (WHERE severity > 1), AVG(cost) FROM visits GROUP BY CUBE (ward, urgent)

-- name: distinct values of grouping sets beside each other, pure and not negative
-- terms: {"epsilon": 1.0, "pure": true, "nonnegative": true}
SELECT ward, urgent, COUNT(DISTINCT severity) + 1 AS more FROM visits GROUP BY GROUPING SETS ((ward), (urgent)) HAVING COUNT(DISTINCT severity) > 1 ORDER BY more

-- name: distinct values in totals, over the table
SELECT ward, COUNT(DISTINCT severity) AS n, SUM(COUNT(DISTINCT severity)) OVER (PARTITION BY GROUPING(ward)) AS whole FROM visits GROUP BY ROLLUP (ward)

-- name: a merged key of a side that may be absent
SELECT region, COUNT(DISTINCT v.patient) FROM outcomes o LEFT JOIN regions USING (region) RIGHT JOIN visits v ON o.patient = v.patient AND v.cost > 5 GROUP BY region

-- name: a sum that matters more than other columns
-- terms: {"epsilon": 0.5, "weights": {"total": 4, "twice": 0.5}}
SELECT ward, urgent, COUNT(*) * 2 AS twice, SUM(cost) AS total, AVG(severity) FROM visits GROUP BY ROLLUP (ward, urgent)

-- name: weights of pure noise
-- terms: {"epsilon": 1.0, "pure": true, "weights": {"n": 0.25, "people": 2.5}}
SELECT ward, COUNT(*) AS n, COUNT(DISTINCT patient) AS people FROM visits GROUP BY ward

-- name: no negative counts, pure
-- terms: {"epsilon": 1.0, "pure": true, "nonnegative": true}
SELECT ward, urgent, COUNT(*), SUM(cost), COUNT(change) FROM visits GROUP BY ROLLUP (ward, urgent)

-- name: no negative counts of one grouping set
-- terms: {"epsilon": 1.0, "nonnegative": true}
SELECT ward, COUNT(*) AS n, COUNT(DISTINCT cost), MEDIAN(severity), VARIANCE(cost), SUM(change) / COUNT(*) AS per_visit FROM visits GROUP BY ward HAVING n > 1 ORDER BY n DESC, ward

-- name: hours of the day
SELECT EXTRACT(HOUR FROM stamped) AS h, COUNT(*) AS n, COUNT(DISTINCT member) AS people FROM linked GROUP BY h

-- name: timestamps cut to hours and days
SELECT DATE_TRUNC('day', stamped) AS day, COUNT(*) FILTER (WHERE DATE_TRUNC('hour', stamped) = TIMESTAMP '2024-01-01 08:00:00') AS early FROM linked GROUP BY ROLLUP (day)

-- name: times between dates and timestamps
SELECT level, SUM(DATE_DIFF('minute', stamped, paid)) AS m, SUM(DATE_DIFF('hour', TIMESTAMP '2024-01-02 00:30:00', stamped)) AS h FROM linked WHERE stamped < paid AND stamped + INTERVAL 90 MINUTE > '2024-01-01 02:00:00' GROUP BY level

-- name: the last timestamp of a person, and the middle one of all
SELECT COUNT(*) AS n, MEDIAN(last) AS middle FROM (SELECT member, MAX(stamped) AS last FROM linked GROUP BY member)

-- name: extremes of timestamps
SELECT MIN(stamped) AS first, MAX(stamped - INTERVAL 1 MONTH) AS latest FROM linked

-- name: sessions of a person
SELECT new, COUNT(*) AS n FROM (SELECT member, DATE_DIFF('second', LAG(stamped) OVER (PARTITION BY member ORDER BY stamped), stamped) > 1800 AS new FROM linked) GROUP BY new

-- name: text and dates of timestamps
SELECT stamped::DATE AS day, COUNT(*) AS n, SUM(LENGTH(CAST(stamped AS TEXT))) AS s, COUNT(*) FILTER (WHERE CAST(stamped AS TEXT) LIKE '%:30:%') AS half, SUM(EPOCH(stamped) - EPOCH(GREATEST(stamped, paid))) AS e FROM linked GROUP BY day

-- name: median, chosen
-- terms: {"epsilon": 1.0, "quantiles": "exponential"}
SELECT MEDIAN(age), QUANTILE_CONT(age, 0.9), COUNT(*) FROM members

-- name: quantiles by ward, chosen
-- terms: {"epsilon": 1.0, "quantiles": "exponential"}
SELECT ward, MEDIAN(cost) AS middle, QUANTILE_CONT(change, 0.25), COUNT(DISTINCT severity) FROM visits GROUP BY ward

-- name: quantiles in totals, chosen
-- terms: {"epsilon": 1.0, "quantiles": "exponential"}
SELECT region, smoker, MEDIAN(age), COUNT(*) FROM members GROUP BY CUBE (region, smoker)

-- name: quantiles in few groups of each person, chosen
-- contract: tight
-- terms: {"epsilon": 1.0, "quantiles": "exponential"}
SELECT ward, urgent, MEDIAN(cost), MEDIAN(severity) FILTER (WHERE urgent) FROM visits GROUP BY ROLLUP (ward, urgent)

-- name: quantiles of a person with two identifiers, chosen
-- contract: twins
-- terms: {"epsilon": 1.0, "quantiles": "exponential"}
SELECT ward, MEDIAN(severity), QUANTILE_CONT(severity, 0.05) FROM visits GROUP BY ward

-- name: quantiles, pure, chosen
-- terms: {"epsilon": 2.0, "pure": true, "quantiles": "exponential"}
SELECT arm, MEDIAN(delta), QUANTILE_CONT(delta, 0.9), COUNT(*) FROM outcomes GROUP BY arm

-- name: median after the noise, chosen
-- terms: {"epsilon": 1.0, "quantiles": "exponential", "weights": {"skew": 2.0}}
SELECT ward, MEDIAN(severity) - AVG(severity) AS skew, COUNT(*) FROM visits GROUP BY ward HAVING MEDIAN(severity) >= 0 ORDER BY ward

-- name: dates in the middle, chosen
-- terms: {"epsilon": 1.0, "quantiles": "exponential"}
SELECT level, MEDIAN(paid), COUNT(*) FROM linked GROUP BY level

-- name: timestamps that texts spell
SELECT HOUR(told) AS h, COUNT(*) AS n, SUM(DATE_DIFF('hour', paid, LEAST(GREATEST(told, TIMESTAMP '2024-01-01'), '2024-12-31'))) AS s, MAX(GREATEST(told, '2024-01-01')) AS latest FROM (SELECT member, paid, TRY_CAST(CAST(paid AS TEXT) || CASE WHEN level > 8 THEN ' 23:60' WHEN level > 0 THEN 'T08:15:30.5Z' ELSE '' END AS TIMESTAMP) AS told FROM linked) GROUP BY h

-- name: notes that may spell timestamps
SELECT ward, COUNT(*) AS n FROM visits WHERE TRY_CAST(note AS TIMESTAMP) >= '2024-01-01' OR CAST(CAST(seen AS TEXT) || ' 08:15' AS TIMESTAMP) < TIMESTAMP '2024-01-03 08:15:00' GROUP BY ward

-- name: names of earlier items of SELECT
SELECT ward, COUNT(*) AS n, SUM(cost) AS total, total / NULLIF(n, 0) AS mean, n * 1.0 / SUM(n) OVER () AS share FROM visits GROUP BY ward HAVING n > 0 ORDER BY mean

-- name: names of earlier items of a person's SELECT
SELECT times, COUNT(*) AS n FROM (SELECT patient, SUM(cost) AS total, COUNT(*) AS times, total / times > 50 AS dear FROM visits GROUP BY patient) WHERE dear GROUP BY times

-- name: distinct from another value, or from NULL
SELECT v.region IS DISTINCT FROM m.region AS moved, COUNT(*) AS n, COUNT(*) FILTER (WHERE severity IS NOT DISTINCT FROM NULL) AS unknown FROM visits v JOIN members m ON v.patient = m.member GROUP BY moved

-- name: casts after the noise
SELECT ward, AVG(cost)::DECIMAL(9, 1) AS mean, CAST(SUM(cost) AS INTEGER) AS total, COUNT(*)::DECIMAL(9, 2) / 2 AS half FROM visits GROUP BY ward

-- name: numbers and dates in texts
SELECT YEAR(seen) || '-' || severity AS k, COUNT(*) AS n, COUNT(*) FILTER (WHERE CONCAT(cost, '/', urgent) LIKE '%.5/true') AS m FROM visits GROUP BY k

-- name: aggregates per person with conditions
SELECT icu, COUNT(*) AS n, SUM(paid) AS s FROM (SELECT patient, COUNT_IF(ward = 'icu') AS icu, SUM(cost) FILTER (WHERE urgent) AS paid, AVG(severity) FILTER (WHERE cost > 50) AS usual FROM visits GROUP BY patient HAVING MAX(severity) FILTER (WHERE NOT urgent) > 1 OR COUNT(*) > 1) WHERE usual IS DISTINCT FROM 0 GROUP BY icu

-- name: distinct values of a person as a key
SELECT k, COUNT(*) AS n FROM (SELECT patient, COUNT(DISTINCT ward) AS k FROM visits GROUP BY patient) GROUP BY k

-- name: distinct values of a person of every kind
SELECT SUM(w) AS w, SUM(c) AS c, SUM(d) AS d, SUM(t) AS t, SUM(p) AS p, AVG(s) AS s FROM (SELECT patient, COUNT(DISTINCT CASE WHEN cost > 20 THEN severity END) AS w, COUNT(DISTINCT cost) AS c, COUNT(DISTINCT severity + 1) FILTER (WHERE ward <> 'er') AS d, COUNT(DISTINCT urgent) AS t, COUNT(DISTINCT patient) AS p, COUNT(DISTINCT severity) * COUNT(severity) AS s FROM visits GROUP BY patient HAVING COUNT(DISTINCT code) > 0 OR COUNT(DISTINCT seen) < 3)

-- name: distinct values of a person and key after an outer join
SELECT ward, k, COUNT(*) AS n FROM (SELECT member, ward, COUNT(DISTINCT severity) AS k, COUNT(DISTINCT patient) AS p FROM members LEFT JOIN visits ON member = patient GROUP BY member, ward) WHERE p = 1 GROUP BY ward, k

-- name: least and greatest text of a person as keys
SELECT first, last, COUNT(*) AS n FROM (SELECT patient, MIN(ward) AS first, MAX(region) AS last FROM visits GROUP BY patient) GROUP BY first, last

-- name: least and greatest text and truth of a person
SELECT k, COUNT(*) AS n, COUNT_IF(x > 'b') AS late, COUNT_IF(y IS NULL) AS none, SUM(CASE WHEN LENGTH(x) > 2 THEN w END) AS w FROM (SELECT patient, MIN(code) AS x, MAX(LOWER(note)) FILTER (WHERE NOT urgent) AS y, MAX(urgent) AS k, MIN(severity > 2) AS never, MAX(severity) AS w FROM visits GROUP BY patient HAVING MIN(urgent) OR MAX(ward = 'er')) WHERE never IS NOT TRUE GROUP BY k

-- name: running extremes of texts and truth values
SELECT m, t, COUNT(*) AS n FROM (SELECT patient, MIN(ward) OVER (PARTITION BY patient ORDER BY seen DESC) AS m, MAX(urgent) OVER (PARTITION BY patient ORDER BY severity, seen NULLS FIRST) AS t, MAX(region) OVER (PARTITION BY patient, ward) AS r FROM visits) WHERE r <> 'east' GROUP BY m, t

-- name: variances of a person
SELECT ward, COUNT(*) AS n, SUM(v) AS v, AVG(w) AS w, COUNT(v) AS k, COUNT_IF(w > 100) AS wide FROM (SELECT patient, ward, VARIANCE(severity) AS v, VAR_POP(cost) FILTER (WHERE severity IS NOT NULL) AS w FROM visits GROUP BY patient, ward) GROUP BY ward

-- name: covariances and regressions of a person
SELECT COUNT(*) AS n, SUM(c) AS c, SUM(s) AS s, SUM(b) AS b, AVG(a) AS a, COUNT_IF(b > 0) AS up FROM (SELECT patient, COVAR_POP(cost, severity) AS c, COVAR_SAMP(change, cost - 20) AS s, REGR_SLOPE(change, severity) AS b, REGR_INTERCEPT(severity, change) AS a FROM visits GROUP BY patient)

-- name: persons by whether their values vary
SELECT smoker, v IS NULL AS one, v > 1 AS vary, COUNT(*) AS n FROM members LEFT JOIN (SELECT patient, VAR_SAMP(severity) AS v FROM visits GROUP BY patient HAVING COUNT(severity) > 1 OR VAR_POP(cost) >= 0) ON member = patient GROUP BY 1, 2, 3

-- name: medians and quantiles of a person
SELECT COUNT(*) AS n, SUM(m) AS m, AVG(q) AS q, SUM(lo) AS lo, COUNT(e) AS e, SUM(c) AS c FROM (SELECT patient, MEDIAN(cost) AS m, QUANTILE_CONT(change, 0.9) AS q, QUANTILE_CONT(severity, 0) AS lo, PERCENTILE_CONT(0.35) WITHIN GROUP (ORDER BY cost DESC) FILTER (WHERE urgent) AS e, SUM(severity) AS c FROM visits GROUP BY patient)

-- name: medians of a person and key, filtered by them
SELECT ward, COUNT(*) AS n, SUM(m) AS m, COUNT_IF(m > 2) AS k FROM (SELECT patient, ward, MEDIAN(severity) AS m, MAX(code) AS c FROM visits GROUP BY patient, ward HAVING MEDIAN(cost) > 5 OR c < 'b') GROUP BY ward

-- name: medians of a person after an outer join
SELECT smoker, COUNT(*) AS n, SUM(m) AS m, SUM(k) AS k FROM (SELECT member, smoker, MEDIAN(severity) AS m, COUNT(DISTINCT ward) AS w, COUNT(urgent) AS k, MEDIAN(age - severity) AS d FROM members LEFT JOIN visits ON member = patient GROUP BY member, smoker) WHERE m IS NULL OR m < d GROUP BY smoker

-- name: roots of rows
SELECT ward, SUM(SQRT(cost)) AS s, COUNT(SQRT(ABS(change))) AS n, COUNT_IF(SQRT(severity) > 1.5) AS c FROM visits GROUP BY ward

-- name: roots as keys
SELECT SQRT(severity) AS k, COUNT(*) FROM visits GROUP BY k

-- name: logarithms, exponentials and powers of rows
SELECT ward, SUM(LN(severity + 1)) AS l, SUM(LOG2(severity + 2)) AS b, AVG(EXP(severity)) AS e, SUM(POWER(severity, 5)) AS p, SUM(CBRT(severity - 3)) AS c, COUNT(*) FROM visits GROUP BY ward

-- name: a power of rows that is a product
SELECT region, SUM(POWER(age, 2)) AS s, SUM(POWER(rating, 3)) AS c FROM members GROUP BY region

-- name: a logarithm as a key and in a condition
SELECT LOG10(severity * 10 + 1) AS k, COUNT(*) FROM visits WHERE LN(severity + 1) < 1.6 GROUP BY k

-- name: logarithms of totals of a person
SELECT COUNT(*), SUM(l) FROM (SELECT patient, LN(COUNT(*)) AS l FROM visits GROUP BY patient)

-- name: a logarithm where there is none
SELECT ward, SUM(LN(severity)) AS s, COUNT(LN(severity)) AS n, COUNT(*) - COUNT(LN(-severity + 2)) AS none FROM visits GROUP BY ward

-- name: deviations and correlations of a person
SELECT SUM(a), SUM(b), COUNT(a), COUNT_IF(r > 0.5), SUM(r), COUNT(r) FROM (SELECT patient, STDDEV_POP(cost) AS a, STDDEV(change) AS b, CORR(change, severity) AS r FROM visits GROUP BY patient)

-- name: clamped sum of one side by keys of the other
SELECT smoker, segment, SUM(cost) AS total, AVG(cost) AS mean, COUNT(*) AS n FROM members JOIN visits ON member = patient GROUP BY smoker, segment

-- name: clamped sum of one side by keys that the other may lack
SELECT smoker, SUM(cost) AS total, COUNT(cost) AS n FROM visits LEFT JOIN members ON patient = member GROUP BY smoker

-- name: clamped sum of one side, and another owner's filter
SELECT segment, SUM(cost) AS total FROM visits JOIN members ON patient = member WHERE cost > 2 AND age BETWEEN 20 AND 70 GROUP BY segment

-- name: one column of distinct rows, twice
SELECT COVAR_POP(x, y) AS c, SUM(x) AS s, SUM(y) AS t, AVG(y) AS a FROM (SELECT DISTINCT member, rating AS x, rating AS y FROM members)

-- name: one sum of distinct rows in two orders, in totals
SELECT smoker, SUM(x) AS s, SUM(y) AS t, COUNT(x) AS n FROM (SELECT DISTINCT member, smoker, rating + 1 AS x, 1 + rating AS y FROM members) GROUP BY ROLLUP (smoker)

-- name: one window by a side of an outer join, and another by what two of its sides have been merged to
SELECT w, COUNT(*), SUM(b) FROM (
    SELECT COALESCE(patient, member) AS p,
           MAX(a.severity) OVER (PARTITION BY member ORDER BY a.seen ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS w,
           LAG(v.severity) OVER (PARTITION BY patient ORDER BY v.seen) AS b
    FROM visits AS a FULL JOIN visits AS v USING (patient) FULL JOIN members ON patient = member
) GROUP BY w

-- name: functions of keys after the noise
SELECT ward, seen, MONTH(seen) AS m, LOWER(ward) || '-' || seen AS label, LEFT(seen::TEXT, 7) AS month, seen - DATE '2024-01-03' AS d, CONCAT(ward, ': ', LENGTH(ward)) AS c,
    COUNT(*) AS n FROM visits GROUP BY ward, seen HAVING NOT ward ILIKE 'zz%' AND DATE_TRUNC('week', seen) > DATE '2023-01-01' ORDER BY ISODOW(seen), REVERSE(ward), seen

-- name: rows before, or a default
SELECT COUNT(*), SUM(b), SUM(a) FROM (SELECT patient, LAG(severity, 1, -1) OVER (PARTITION BY patient ORDER BY seen DESC, severity, cost, ward, urgent, region) AS b, LEAD(cost, 2, severity) OVER (PARTITION BY patient ORDER BY seen DESC, severity, cost, ward, urgent, region) AS a FROM visits)

-- name: tables by commas
SELECT m.region, COUNT(*) AS n, COUNT(DISTINCT CASE WHEN severity > 1 THEN patient END) AS ill FROM members m, visits v WHERE v.patient = m.member AND urgent GROUP BY ALL

-- name: public table with a further condition, left
SELECT r.coast, COUNT(*) AS n, COUNT(r.size) AS known FROM visits v LEFT JOIN regions r ON v.region = r.region AND r.size > v.severity GROUP BY r.coast

-- name: totals of groups of a person, in these groups
SELECT ward, SUM(n) AS rows, SUM(c) AS c, COUNT(*) AS persons FROM (SELECT patient, ward, COUNT(*) AS n, SUM(change) AS c FROM visits GROUP BY patient, ward) GROUP BY ward

-- name: totals of groups of a person that are positive
SELECT SUM(c) AS c, SUM(m) FILTER (WHERE m < 0) AS m, SUM(CASE WHEN n > 1 THEN n ELSE 0 END) AS n FROM (SELECT patient, seen, SUM(change) AS c, MIN(change) AS m, COUNT(*) AS n FROM visits GROUP BY patient, seen) WHERE c > 0

-- name: groups of a person beside groups in another dataset, some alone
SELECT urgent, level, COUNT(*) AS n, SUM(c) AS c FROM (SELECT patient, urgent, SUM(change) AS c FROM visits GROUP BY patient, urgent) AS v FULL JOIN (SELECT DISTINCT member, level FROM linked) AS l ON patient = member AND urgent = (level > 4) GROUP BY urgent, level

-- name: groups of a person, from two sources
SELECT urgent, COUNT(*) AS n FROM (SELECT DISTINCT patient, urgent FROM visits UNION ALL SELECT DISTINCT patient, urgent FROM visits WHERE severity > 2) GROUP BY urgent

-- name: groups that conditions leave
SELECT ward, urgent, seen > DATE '2024-01-05' AS late, severity, COUNT(*) AS n, SUM(change) AS c FROM visits WHERE ward <> 'icu' AND urgent AND seen >= '2024-01-03' AND severity IN (1, 2, 3) GROUP BY ward, urgent, late, severity

-- name: sums, averages and quantiles of numbers that conditions limit
SELECT ward, SUM(cost) AS c, AVG(change) AS m, MEDIAN(severity) AS s, COUNT(*) AS n FROM visits WHERE cost BETWEEN 10 AND 20 AND severity < 3 AND change > -0.5 GROUP BY ward

-- name: columns of a public table in a subquery
SELECT w.size, COUNT(*), SUM(v.cost) FROM visits v JOIN (SELECT region AS place, size FROM regions WHERE size > 1) w ON v.region = w.place GROUP BY w.size

-- name: computed columns of a public table in an outer join
WITH w AS (SELECT region, size * 2 AS twice, COALESCE(coast, TRUE) AS wet, 'here' AS known FROM regions WHERE rate > 0.25)
SELECT twice, wet, known, COUNT(*), COUNT(DISTINCT member) FROM members m LEFT JOIN w USING (region) GROUP BY twice, wet, known

-- name: public table in common table expressions, twice
WITH w AS (SELECT * FROM regions), u AS (SELECT region, size + 1 AS more FROM (SELECT * FROM w WHERE NOT coast IS TRUE) x WHERE size < 3)
SELECT u.more, w.size, COUNT(*) FROM members m JOIN w ON m.region = w.region LEFT JOIN u ON u.region = m.region GROUP BY 1, 2

-- name: public table before a private one, in a subquery
SELECT shift, COUNT(*) FROM (SELECT ward, urgent, shift FROM rota WHERE nurses > 1) r JOIN visits v ON v.ward = r.ward AND v.urgent = r.urgent GROUP BY shift

-- name: each row of a public table once
SELECT size, COUNT(*) FROM visits v JOIN (SELECT DISTINCT region, size FROM regions) r ON v.region = r.region GROUP BY size

-- name: public table inside a subquery of persons
WITH s AS (SELECT v.patient, SUM(r.size) AS total, MAX(r.rate) AS most FROM visits v JOIN regions r ON v.region = r.region GROUP BY v.patient)
SELECT most, COUNT_IF(total > 2) AS large, COUNT(*) FROM s GROUP BY most

-- name: key of a public table
SELECT region IN (SELECT region FROM regions WHERE coast) AS wet, COUNT(*) FROM visits WHERE code IN (SELECT code FROM codes) GROUP BY 1

-- name: row of a public table
SELECT ward, COUNT(*) FROM visits v WHERE NOT EXISTS (SELECT 1 FROM regions r WHERE r.region = v.region AND r.size > v.severity) GROUP BY ward

-- name: value of a public table
SELECT (SELECT COALESCE(coast, FALSE) FROM regions r WHERE r.region = v.region AND size < 3) AS wet, COUNT(*), SUM((SELECT rate * 4 FROM regions r WHERE r.region = v.region))
FROM visits v GROUP BY 1

-- name: total of a person as a condition
SELECT region, COUNT(*) FROM members m WHERE (SELECT SUM(cost) FROM visits v WHERE v.patient = m.member AND v.severity > 0) > 50 GROUP BY region

-- name: none of a person's rows
SELECT tariff, COUNT(*) FROM members m WHERE (SELECT COUNT(*) FROM visits v WHERE m.member = v.patient AND urgent) = 0 GROUP BY tariff

-- name: values of a person
SELECT (SELECT COUNT(*) FROM visits v WHERE v.patient = m.member) AS n, COUNT(*), SUM((SELECT MAX(severity) FROM visits WHERE patient = m.member)) AS worst
FROM members m GROUP BY n

-- name: value of a person in other rows of the person
SELECT ward, COUNT(*) FROM visits v WHERE cost > (SELECT AVG(cost) FROM visits w WHERE w.patient = v.patient) GROUP BY ward

-- name: values of a person who has no rows
SELECT (SELECT COUNT(*) + COALESCE(SUM(severity), 7) FROM visits v WHERE v.patient = m.member) AS n,
(SELECT COUNT(*) FROM visits v WHERE v.patient = m.member GROUP BY v.patient) AS k, COUNT(*) FROM members m GROUP BY n, k

-- name: value of a person, where HAVING leaves it
SELECT (SELECT COUNT(*) FROM visits v WHERE v.patient = m.member HAVING COUNT(*) <> 1) AS n, COUNT(*) FROM members m GROUP BY n

-- name: one row of a person as a value
SELECT (SELECT arm FROM outcomes o WHERE o.patient = v.patient) AS arm, COUNT(*), COUNT(DISTINCT v.patient) FROM visits v GROUP BY arm

-- name: values of a person inside a subquery
SELECT n, wet, COUNT(*) FROM (SELECT member, (SELECT COUNT(DISTINCT ward) FROM visits v WHERE v.patient = m.member) AS n,
EXISTS (SELECT 1 FROM outcomes o WHERE o.patient = m.member AND cured) AS wet FROM members m) GROUP BY n, wet

-- name: memberships that are counted
SELECT COUNT_IF(EXISTS (SELECT 1 FROM visits v WHERE v.patient = m.member AND v.cost > m.age)) AS dear,
COUNT(*) FILTER (WHERE member IN (SELECT patient FROM outcomes)) AS treated, COUNT_IF(member NOT IN (SELECT patient FROM visits)) AS never FROM members m

-- name: value among those of a person's rows
SELECT COUNT(*) FROM members m WHERE m.region IN (SELECT v.region FROM visits v WHERE v.patient = m.member)

-- name: groups that a person has
SELECT COUNT(*) FROM members m WHERE EXISTS (SELECT patient FROM visits v WHERE v.patient = m.member GROUP BY patient HAVING COUNT(*) > 1)
OR EXISTS (SELECT DISTINCT ward FROM visits v WHERE v.patient = m.member AND ward = 'icu')

-- name: computed columns of a public table where nothing matches
SELECT wet, known, COUNT(*) FROM members m LEFT JOIN (SELECT region AS place, COALESCE(coast, TRUE) AS wet, 'here' AS known FROM regions) r ON m.region = place GROUP BY wet, known

-- name: truths of a person
SELECT once, always, COUNT(*), COUNT_IF(ill) AS ill FROM (SELECT patient, BOOL_OR(urgent) AS once, BOOL_AND(severity > 1) AS always,
BOOL_OR(severity > 3) FILTER (WHERE ward <> 'er') AS ill FROM visits GROUP BY patient) GROUP BY once, always

-- name: first and last of a person
SELECT early, late, COUNT(*), SUM(most) AS most FROM (SELECT patient, FIRST(urgent ORDER BY seen, severity, ward, urgent, region) AS early,
LAST(ward ORDER BY seen, severity, ward) AS late, FIRST(cost ORDER BY severity DESC NULLS LAST, cost) FILTER (WHERE cost > 1) AS most FROM visits GROUP BY patient)
GROUP BY early, late

-- name: rows with the least and the most of a person
SELECT early, late, COUNT(*), SUM(c) AS c FROM (SELECT patient, ARG_MIN(ward, severity) AS early, MAX_BY(severity, seen) FILTER (WHERE urgent IS NOT NULL) AS late,
ARG_MIN(cost, change) AS c FROM visits GROUP BY patient) GROUP BY early, late

-- name: rows with the most of a person's groups
SELECT ward, worst, COUNT(*), SUM(c) AS c FROM (SELECT patient, ward, ARG_MAX(urgent, severity) AS worst, ARG_MAX(cost, change) AS c FROM visits GROUP BY patient, ward)
GROUP BY ward, worst

-- name: most frequent value of a person
SELECT usual, COUNT(*), SUM(often) AS often FROM (SELECT patient, MODE(ward) AS usual, MODE(severity) FILTER (WHERE cost > 5) AS often FROM visits GROUP BY patient) GROUP BY usual

-- name: most frequent value of a person's groups
SELECT urgent, SUM(often) AS often, COUNT(often) AS n FROM (SELECT patient, urgent, MODE() WITHIN GROUP (ORDER BY severity) AS often FROM visits GROUP BY patient, urgent) GROUP BY urgent

-- name: a value of a person
SELECT one, COUNT(*) FROM (SELECT patient, ANY_VALUE(urgent) AS one FROM visits GROUP BY patient) GROUP BY one

-- name: truths so far
SELECT so_far, COUNT(*) FROM (SELECT patient, BOOL_OR(urgent) OVER (PARTITION BY patient ORDER BY seen, severity, ward, urgent, region) AS so_far FROM visits) GROUP BY so_far

-- name: ranks among a person's rows
SELECT rank, dense, COUNT(*) FROM (SELECT patient, RANK() OVER (PARTITION BY patient ORDER BY severity DESC NULLS LAST) AS rank,
DENSE_RANK() OVER (PARTITION BY patient, urgent ORDER BY seen, ward) AS dense FROM visits) GROUP BY rank, dense

-- name: distinct values of a person beside rows
SELECT ward, wards, COUNT(*), SUM(so_far) AS so_far FROM (SELECT patient, ward, COUNT(DISTINCT ward) OVER (PARTITION BY patient) AS wards,
COUNT(DISTINCT severity) OVER (PARTITION BY patient ORDER BY seen, severity, ward, urgent, region) AS so_far FROM visits) GROUP BY ward, wards

-- name: windows over some of a person's rows
SELECT ill, urgents, COUNT(*), SUM(COALESCE(s, 7)) AS s FROM (SELECT patient, SUM(cost) FILTER (WHERE urgent) OVER (PARTITION BY patient) AS s, COALESCE(COUNT_IF(urgent) OVER (PARTITION BY patient), 0) AS urgents,
COUNT(*) FILTER (WHERE severity > 2) OVER (PARTITION BY patient ORDER BY seen, severity, ward, urgent, region ROWS UNBOUNDED PRECEDING) AS ill FROM visits) GROUP BY ill, urgents

-- name: first rows by DISTINCT ON
SELECT ward, COUNT(*) FROM (SELECT DISTINCT ON (patient) patient, ward, severity FROM visits ORDER BY patient, seen, 3, ward) GROUP BY ward

-- name: first rows of groups by DISTINCT ON
WITH f AS (SELECT DISTINCT ON (p, 2) patient AS p, ward, -severity AS severity FROM visits ORDER BY p, ward, severity DESC NULLS LAST) SELECT ward, COUNT(*), SUM(severity) AS s FROM f GROUP BY ward

-- name: all columns of one table
SELECT age > 30 AS old, COUNT(*), SUM(cost) AS cost FROM (SELECT v.*, m.age FROM visits v JOIN members m ON m.member = v.patient) GROUP BY old

-- name: unknown
SELECT COUNT(*) FROM visits WHERE urgent IS UNKNOWN OR (cost > 20) IS NOT UNKNOWN

-- name: joins that keep or leave out
SELECT m.region, COUNT(*) FROM members m SEMI JOIN visits v ON m.member = v.patient AND v.cost > m.age LEFT JOIN outcomes o ON m.member = o.patient
ANTI JOIN linked l ON l.member = m.member AND l.level > 4 GROUP BY m.region

-- name: rows with the least and the most of a person, which are told apart
SELECT early, late, COUNT(*) FROM (SELECT patient, ARG_MIN(ward, seen::TEXT || severity || ward) AS early, ARG_MAX(urgent, severity::TEXT || ward || urgent) AS late
FROM visits GROUP BY patient) GROUP BY early, late

-- name: truth that is never NULL, in a union
SELECT late, COUNT(*) AS n, COUNT(DISTINCT patient) AS persons FROM (SELECT patient, FALSE AS late FROM visits UNION ALL SELECT patient, COALESCE(severity > 2, FALSE) AS late FROM visits) GROUP BY late

-- name: truth that is never NULL, in a union without equal rows
SELECT late, SUM(severe) AS s FROM (SELECT patient, FALSE AS late, 0 AS severe FROM visits UNION SELECT patient, COALESCE(urgent, FALSE), CASE WHEN severity > 2 THEN severity ELSE 0 END FROM visits) GROUP BY late

-- name: totals up to a row and those that are equal to it
SELECT ward, SUM(s), SUM(c), SUM(a), COUNT(l) FROM (SELECT patient, ward, SUM(cost) OVER w AS s, COUNT(*) OVER w AS c, AVG(severity) OVER w AS a, LAST_VALUE(severity) OVER w AS l FROM visits WINDOW w AS (PARTITION BY patient ORDER BY urgent DESC)) GROUP BY ward
