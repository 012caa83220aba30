-- name: file by function
-- code: DATASET_UNKNOWN
SELECT COUNT(*) FROM read_csv('/etc/passwd')

-- name: parquet file by function
-- code: DATASET_UNKNOWN
SELECT COUNT(*) FROM members m JOIN read_parquet('x.parquet') p ON m.member = p.member

-- name: file as a table
-- code: DATASET_UNKNOWN
SELECT COUNT(*) FROM '/etc/passwd'

-- name: CSV file as a table
-- code: DATASET_UNKNOWN
SELECT COUNT(*) FROM members m JOIN 'members.csv' c ON m.member = c.member

-- name: file as a quoted name
-- code: DATASET_UNKNOWN
SELECT COUNT(*) FROM "members.csv"

-- name: file in a value
-- code: FUNCTION_NOT_ALLOWED
SELECT COUNT(*) FROM members WHERE name = read_text('/etc/passwd')

-- name: glob
-- code: CLAUSE_NOT_ALLOWED
SELECT COUNT(*) FROM glob('*')

-- name: catalogue
-- code: CLAUSE_NOT_ALLOWED
SELECT COUNT(*) FROM information_schema.tables

-- name: engine's own tables
-- code: DATASET_UNKNOWN
SELECT COUNT(*) FROM duckdb_settings()

-- name: COPY
-- code: STATEMENT_NOT_ALLOWED
COPY members TO '/tmp/x.csv'

-- name: COPY of a question
-- code: STATEMENT_NOT_ALLOWED
COPY (SELECT COUNT(*) FROM members) TO '/tmp/x.csv'

-- name: ATTACH
-- code: STATEMENT_NOT_ALLOWED
ATTACH '/tmp/x.db' AS x

-- name: INSTALL
-- code: STATEMENT_NOT_ALLOWED
INSTALL httpfs

-- name: LOAD
-- code: STATEMENT_NOT_ALLOWED
LOAD httpfs

-- name: EXPORT
-- code: STATEMENT_NOT_ALLOWED
EXPORT DATABASE '/tmp/x'

-- name: IMPORT
-- code: STATEMENT_NOT_ALLOWED
IMPORT DATABASE '/tmp/x'

-- name: CREATE
-- code: STATEMENT_NOT_ALLOWED
CREATE TABLE t AS SELECT * FROM members

-- name: CREATE MACRO
-- code: STATEMENT_NOT_ALLOWED
CREATE MACRO f(x) AS x

-- name: INSERT
-- code: STATEMENT_NOT_ALLOWED
INSERT INTO members VALUES (1)

-- name: UPDATE
-- code: STATEMENT_NOT_ALLOWED
UPDATE members SET age = 1

-- name: DELETE
-- code: STATEMENT_NOT_ALLOWED
DELETE FROM members

-- name: DROP
-- code: STATEMENT_NOT_ALLOWED
DROP TABLE members

-- name: SET
-- code: STATEMENT_NOT_ALLOWED
SET enable_external_access = true

-- name: RESET
-- code: STATEMENT_NOT_ALLOWED
RESET lock_configuration

-- name: PRAGMA
-- code: STATEMENT_NOT_ALLOWED
PRAGMA database_list

-- name: CALL
-- code: STATEMENT_NOT_ALLOWED
CALL pragma_version()

-- name: EXPLAIN
-- code: STATEMENT_NOT_ALLOWED
EXPLAIN ANALYZE SELECT COUNT(*) FROM members

-- name: DESCRIBE
-- code: STATEMENT_NOT_ALLOWED
DESCRIBE members

-- name: SUMMARIZE
-- code: STATEMENT_NOT_ALLOWED
SUMMARIZE members

-- name: SHOW
-- code: STATEMENT_NOT_ALLOWED
SHOW TABLES

-- name: PREPARE
-- code: STATEMENT_NOT_ALLOWED
PREPARE p AS SELECT COUNT(*) FROM members

-- name: PIVOT as a statement
-- code: STATEMENT_NOT_ALLOWED
PIVOT members ON region USING COUNT(*)

-- name: VALUES as a statement
-- code: STATEMENT_NOT_ALLOWED
VALUES (1)

-- name: nothing
-- code: STATEMENT_NOT_ALLOWED
;

-- name: two statements
-- code: STATEMENT_NOT_ALLOWED
SELECT COUNT(*) FROM members; DROP TABLE members

-- name: two questions
-- code: STATEMENT_NOT_ALLOWED
SELECT COUNT(*) FROM members; SELECT COUNT(*) FROM visits

-- name: statement behind a comment
-- code: STATEMENT_NOT_ALLOWED
SELECT COUNT(*) FROM members; -- the end
DROP TABLE members

-- name: error function
-- code: FUNCTION_NOT_ALLOWED
SELECT COUNT(*) FROM members WHERE CASE WHEN age > 90 THEN error('over ninety') END = 1

-- name: cast that fails
SELECT COUNT(*) FROM members WHERE CAST(name AS INTEGER) > 0

-- name: cast by colons
SELECT COUNT(*) FROM members WHERE name::INTEGER > 0

-- name: cast that does not fail
SELECT COUNT(*) FROM members WHERE TRY_CAST(name AS INTEGER) > 0

-- name: settings
-- code: FUNCTION_NOT_ALLOWED
SELECT current_setting('secret_directory'), COUNT(*) FROM members

-- name: environment
-- code: FUNCTION_NOT_ALLOWED
SELECT getenv('HOME'), COUNT(*) FROM members

-- name: variable
-- code: FUNCTION_NOT_ALLOWED
SELECT COUNT(*) FROM members WHERE age > getvariable('x')

-- name: version
-- code: FUNCTION_NOT_ALLOWED
SELECT version(), COUNT(*) FROM members

-- name: random
-- code: FUNCTION_NOT_ALLOWED
SELECT COUNT(*) FROM members WHERE random() < 0.5

-- name: time
-- code: FUNCTION_NOT_ALLOWED
SELECT COUNT(*) FROM visits WHERE seen < now()

-- name: today without parentheses
-- code: CLAUSE_NOT_ALLOWED
SELECT COUNT(*) FROM visits WHERE seen < CURRENT_DATE

-- name: identifier of its own
-- code: FUNCTION_NOT_ALLOWED
SELECT COUNT(*) FROM members WHERE uuid() = name

-- name: sequence
-- code: FUNCTION_NOT_ALLOWED
SELECT nextval('s'), COUNT(*) FROM members

-- name: slow function
-- code: FUNCTION_NOT_ALLOWED
SELECT COUNT(*) FROM members WHERE repeat(name, 1000000000) = 'x'

-- name: regular expression
-- code: FUNCTION_NOT_ALLOWED
SELECT COUNT(*) FROM members WHERE regexp_matches(name, '(a+)+$')

-- name: row number of storage
-- code: COLUMN_UNKNOWN
SELECT COUNT(*) FROM members WHERE rowid = 1

-- name: overflow in a row
-- code: NUMBER_TOO_LARGE
SELECT SUM(amount * amount * amount * amount) FROM linked

-- name: overflow by constants
-- code: NUMBER_TOO_LARGE
SELECT COUNT(*) FROM members WHERE 999999999999999 * 999999999999999 * 999999999999999 > age

-- name: number of many digits
-- code: NUMBER_TOO_LARGE
SELECT COUNT(*) FROM members WHERE age > 99999999999999999999999999999999999999

-- name: number with a large exponent
-- code: NUMBER_TOO_LARGE
SELECT COUNT(*) FROM members WHERE age > 1e400

-- name: number with a very large exponent
-- code: NUMBER_TOO_LARGE
SELECT COUNT(*) FROM members WHERE age > 1e99999999999999999999

-- name: number with a small exponent
-- code: NUMBER_TOO_LARGE
SELECT COUNT(*) FROM members WHERE age > 1e-400

-- name: decimals that multiply
-- code: NUMBER_TOO_LARGE
SELECT COUNT(*) FROM visits WHERE severity > 0.000000000001 * 0.000000000001

-- name: quotient by decimals that multiply
-- code: NUMBER_TOO_LARGE
SELECT COUNT(*) FROM visits WHERE severity / (0.000000000001 * 0.000000000001) > 1

-- name: hexadecimal number
-- code: SQL_INVALID
SELECT COUNT(*) FROM members WHERE age > 0x10

-- name: not a number
-- code: COLUMN_UNKNOWN
SELECT SUM(NaN) FROM members

-- name: infinity
-- code: TYPE_MISMATCH
SELECT SUM('infinity') FROM members

-- name: division by zero, kept
SELECT COUNT(*), SUM(severity / 0), SUM(1 / (severity - severity)) FROM visits WHERE severity / 0 IS NULL

-- name: division by a column that is zero for somebody, kept
SELECT COUNT(*) FROM visits WHERE 1 / (severity - 5) < 0 OR 100 / change > 3

-- name: identifiers released
-- code: PERSON_NOT_RELEASED
SELECT member FROM members

-- name: identifiers beside a count
-- code: PERSON_NOT_RELEASED
SELECT member, COUNT(*) FROM members GROUP BY member

-- name: identifiers grouped by an alias
-- code: PERSON_NOT_RELEASED
SELECT member AS m, COUNT(*) FROM members GROUP BY m

-- name: identifiers grouped by position
-- code: PERSON_NOT_RELEASED
SELECT member, COUNT(*) FROM members GROUP BY 1

-- name: one person sought out
-- code: PERSON_NOT_RELEASED
SELECT COUNT(*) FROM members WHERE member = 'a1'

-- name: one person sought out in a list
-- code: PERSON_NOT_RELEASED
SELECT COUNT(*) FROM members WHERE member IN ('a1')

-- name: one person sought out by a pattern
-- code: PERSON_NOT_RELEASED
SELECT COUNT(*) FROM members WHERE member LIKE 'a1%'

-- name: identifier in CASE
-- code: PERSON_NOT_RELEASED
SELECT SUM(CASE WHEN member = 'a1' THEN 1 ELSE 0 END) FROM members

-- name: identifier as the value of CASE
-- code: PERSON_NOT_RELEASED
SELECT CASE WHEN age > 1 THEN member END AS k, COUNT(*) FROM members GROUP BY k

-- name: identifier in the order
-- code: PERSON_NOT_RELEASED
SELECT COUNT(*) FROM members ORDER BY member

-- name: identifier in HAVING
-- code: PERSON_NOT_RELEASED
SELECT COUNT(*) FROM members HAVING member = 'a1'

-- name: identifier in an aggregate
-- code: PERSON_NOT_RELEASED
SELECT MIN(member) FROM members

-- name: identifier in an aggregate of each person
-- code: PERSON_NOT_RELEASED
SELECT COUNT(*) FROM (SELECT member, MAX(member) AS m FROM members GROUP BY member)

-- name: identifier from a subquery, renamed
-- code: PERSON_NOT_RELEASED
SELECT x, COUNT(*) FROM (SELECT member AS x FROM members) GROUP BY x

-- name: identifier from two subqueries
-- code: PERSON_NOT_RELEASED
WITH a AS (SELECT member AS x FROM members), b AS (SELECT x AS y FROM a) SELECT COUNT(*) FROM b WHERE y > 'm'

-- name: identifier as a public key
-- code: PERSON_NOT_RELEASED
SELECT COUNT(*) FROM members m JOIN codes c ON m.member = c.code

-- name: identifier against another column in a join
-- code: PERSON_NOT_RELEASED
SELECT COUNT(*) FROM members m JOIN visits v ON m.member = v.patient AND v.note = m.member

-- name: identifier concatenated
-- code: PERSON_NOT_RELEASED
SELECT member || '', COUNT(*) FROM members GROUP BY 1

-- name: identifier in a tuple
-- code: PERSON_NOT_RELEASED
SELECT COUNT(*) FROM members GROUP BY (member, region), ((member))

-- name: identifier by whole row
-- code: COLUMN_UNKNOWN
SELECT m, COUNT(*) FROM members m GROUP BY m

-- name: persons equated with a constant alone
-- code: PERSON_NOT_RELEASED
SELECT COUNT(*) FROM members JOIN visits ON member = 'a1' AND patient = 'a1'

-- name: persons equated within one side
-- code: JOIN_WITHOUT_PERSON
SELECT COUNT(*) FROM members m JOIN visits v ON v.patient IS NULL AND TRUE

-- name: persons equated with themselves
-- code: PERSON_NOT_RELEASED
SELECT COUNT(*) FROM members m JOIN visits v ON m.member = m.member

-- name: persons equated in an alternative
-- code: PERSON_NOT_RELEASED
SELECT COUNT(*) FROM members m JOIN visits v ON m.member = v.patient OR TRUE

-- name: persons not equated
-- code: PERSON_NOT_RELEASED
SELECT COUNT(*) FROM members m JOIN visits v ON NOT m.member = v.patient

-- name: cross join
-- code: JOIN_NOT_ALLOWED
SELECT COUNT(*) FROM members CROSS JOIN visits

-- name: comma join
-- code: JOIN_WITHOUT_PERSON
SELECT COUNT(*) FROM members, visits WHERE member = patient OR severity > 1

-- name: comma join with a public table
-- code: JOIN_WITHOUT_PERSON
SELECT COUNT(*) FROM members, regions

-- name: natural join
-- code: JOIN_NOT_ALLOWED
SELECT COUNT(*) FROM members NATURAL JOIN visits

-- name: semi join, kept
SELECT COUNT(*) FROM members SEMI JOIN visits ON member = patient

-- name: anti join, kept
SELECT COUNT(*) FROM members ANTI JOIN visits ON member = patient

-- name: as-of join
-- code: JOIN_NOT_ALLOWED
SELECT COUNT(*) FROM members ASOF JOIN visits ON member = patient AND since >= seen

-- name: positional join
-- code: CLAUSE_NOT_ALLOWED
SELECT COUNT(*) FROM members POSITIONAL JOIN visits

-- name: lateral join
-- code: CLAUSE_NOT_ALLOWED
SELECT COUNT(*) FROM members m JOIN LATERAL (SELECT m.member AS p) l ON m.member = l.p

-- name: join of a public table that is always true
-- code: JOIN_NOT_ALLOWED
SELECT COUNT(*) FROM members JOIN rota ON TRUE

-- name: correlated subquery, kept
SELECT COUNT(*) FROM members m WHERE (SELECT COUNT(*) FROM visits v WHERE v.patient = m.member) > 3

-- name: EXISTS, kept
SELECT COUNT(*) FROM members m WHERE EXISTS (SELECT 1 FROM visits v WHERE v.patient = m.member)

-- name: ANY
-- code: CLAUSE_NOT_ALLOWED
SELECT COUNT(*) FROM members WHERE age = ANY (SELECT severity FROM visits)

-- name: NOT IN with a NULL
-- code: EXPRESSION_NOT_ALLOWED
SELECT COUNT(*) FROM visits WHERE ward NOT IN ('er', NULL)

-- name: NOT IN a subquery with NULL, kept
SELECT COUNT(*) FROM members WHERE member NOT IN (SELECT patient FROM visits)

-- name: UNION
-- code: STATEMENT_NOT_ALLOWED
SELECT COUNT(*) FROM members UNION ALL SELECT COUNT(*) FROM visits

-- name: UNION of persons, kept
SELECT COUNT(DISTINCT p) FROM (SELECT member AS p FROM members UNION ALL SELECT patient FROM visits)

-- name: window function
-- code: NOT_GROUPED
SELECT SUM(age) OVER (ORDER BY age) FROM members

-- name: window function of each person, kept
SELECT COUNT(*) FROM (SELECT patient, row_number() OVER (PARTITION BY patient ORDER BY seen) AS n FROM visits)

-- name: QUALIFY
-- code: CLAUSE_NOT_ALLOWED
SELECT COUNT(*) FROM visits QUALIFY 1 = 1

-- name: sample
-- code: CLAUSE_NOT_ALLOWED
SELECT COUNT(*) FROM members TABLESAMPLE 1 PERCENT

-- name: sample at the end
-- code: CLAUSE_NOT_ALLOWED
SELECT COUNT(*) FROM members USING SAMPLE 1

-- name: UNNEST
-- code: CLAUSE_NOT_ALLOWED
SELECT COUNT(*) FROM unnest(members)

-- name: list
-- code: EXPRESSION_NOT_ALLOWED
SELECT COUNT(*) FROM members WHERE age IN [1, 2]

-- name: struct
-- code: EXPRESSION_NOT_ALLOWED
SELECT {'a': age}, COUNT(*) FROM members GROUP BY 1

-- name: lambda
-- code: EXPRESSION_NOT_ALLOWED
SELECT COUNT(*) FROM members WHERE list_filter([age], x -> x > 1) = [1]

-- name: all values in a list
-- code: FUNCTION_NOT_ALLOWED
SELECT list(age) FROM members

-- name: any value
-- code: AGGREGATE_NOT_ALLOWED
SELECT any_value(age) FROM members

-- name: text of all values
-- code: FUNCTION_NOT_ALLOWED
SELECT string_agg(name, ',') FROM members

-- name: quantile
-- code: FUNCTION_NOT_ALLOWED
SELECT approx_quantile(income, 0.5) FROM members

-- name: PIVOT
-- code: CLAUSE_NOT_ALLOWED
SELECT COUNT(*) FROM members PIVOT (COUNT(*) FOR region IN ('north'))

-- name: VALUES as a table
-- code: CLAUSE_NOT_ALLOWED
SELECT COUNT(*) FROM (VALUES ('a1')) AS t(member)

-- name: columns by pattern
-- code: FUNCTION_NOT_ALLOWED
SELECT COUNT(*) FROM (SELECT COLUMNS('.*') FROM members)

-- name: everything but a column
-- code: FUNCTION_NOT_ALLOWED
SELECT COUNT(*) FROM (SELECT * EXCLUDE (broker) FROM members)

-- name: names for the columns of a table
-- code: FUNCTION_NOT_ALLOWED
SELECT COUNT(*) FROM members AS m(a, b) WHERE b = 'x'

-- name: parameter
-- code: EXPRESSION_NOT_ALLOWED
SELECT COUNT(*) FROM members WHERE age > ?

-- name: numbered parameter
-- code: EXPRESSION_NOT_ALLOWED
SELECT COUNT(*) FROM members WHERE age > $1

-- name: named parameter
-- code: SQL_INVALID
SELECT COUNT(*) FROM members WHERE age > :s0

-- name: template
-- code: EXPRESSION_NOT_ALLOWED
SELECT COUNT(*) FROM members WHERE {% if x %} TRUE {% endif %}

-- name: hint, kept as a comment
SELECT /*+ PARALLEL(8) */ COUNT(*) FROM members

-- name: column without use, in a subquery
-- code: COLUMN_USE_NOT_ALLOWED
SELECT COUNT(*) FROM (SELECT patient, staff FROM visits)

-- name: column without use, as a key of each person
-- code: COLUMN_USE_NOT_ALLOWED
SELECT COUNT(*) FROM (SELECT patient, staff FROM visits GROUP BY patient, staff)

-- name: column without use, as a counted key of each person
-- code: COLUMN_USE_NOT_ALLOWED
SELECT AVG(n) FROM (SELECT patient, staff, COUNT(*) AS n FROM visits GROUP BY patient, staff)

-- name: column without use, as a computed key of each person
-- code: COLUMN_USE_NOT_ALLOWED
SELECT SUM(n) FROM (SELECT patient, COUNT(*) AS n FROM visits GROUP BY patient, CASE WHEN staff > 1 THEN 1 ELSE 0 END)

-- name: column without use, in a total that is selected
-- code: COLUMN_USE_NOT_ALLOWED
SELECT COUNT(*) FROM (SELECT patient, MAX(staff) AS s FROM visits GROUP BY patient) WHERE s > 1

-- name: column without use, in a condition of a total
-- code: COLUMN_USE_NOT_ALLOWED
SELECT SUM(n) FROM (SELECT patient, COUNT(CASE WHEN staff > 1 THEN 1 END) AS n FROM visits GROUP BY patient)

-- name: column without use, in HAVING of a subquery
-- code: COLUMN_USE_NOT_ALLOWED
SELECT COUNT(*) FROM (SELECT patient FROM visits GROUP BY patient HAVING MAX(staff) > 1)

-- name: column without use, in the condition of a join
-- code: COLUMN_USE_NOT_ALLOWED
SELECT COUNT(*) FROM members m LEFT JOIN visits v ON m.member = v.patient AND v.staff = 1

-- name: column without use, behind everything
-- code: COLUMN_USE_NOT_ALLOWED
SELECT COUNT(*) FROM (SELECT * FROM visits) WHERE staff = 1

-- name: column without use, counted
-- code: COLUMN_USE_NOT_ALLOWED
SELECT COUNT(staff) FROM visits

-- name: column without use, tested for NULL
-- code: COLUMN_USE_NOT_ALLOWED
SELECT SUM(CASE WHEN staff IS NULL THEN 1 ELSE 0 END) FROM visits

-- name: column without use, in a branch that is never taken
-- code: COLUMN_USE_NOT_ALLOWED
SELECT SUM(CASE WHEN FALSE THEN staff ELSE 0 END) FROM visits

-- name: column without use, in an alias
-- code: COLUMN_USE_NOT_ALLOWED
SELECT CASE WHEN staff = 1 THEN 'x' ELSE 'y' END AS k, COUNT(*) FROM visits GROUP BY k

-- name: column without use, among the columns of everything that are averaged
-- code: COLUMN_USE_NOT_ALLOWED
WITH t AS (SELECT * FROM visits), u AS (SELECT patient, AVG(staff) AS a FROM t GROUP BY patient) SELECT AVG(a) FROM u

-- name: filter-only column as a key, through CASE
-- code: COLUMN_USE_NOT_ALLOWED
SELECT CASE finding WHEN 'bad' THEN 1 ELSE 0 END AS k, COUNT(*) FROM visits GROUP BY k

-- name: filter-only column as a key, through each person
-- code: COLUMN_USE_NOT_ALLOWED
SELECT k, COUNT(*) FROM (SELECT patient, MAX(CASE WHEN finding = 'bad' THEN 1 ELSE 0 END) AS k FROM visits GROUP BY patient) GROUP BY k

-- name: filter-only column as a key, through a public table
-- code: COLUMN_USE_NOT_ALLOWED
SELECT r.size, COUNT(*) FROM members m JOIN regions r ON m.zone = r.region GROUP BY r.size

-- name: filter-only column as a measure, through a public table
-- code: COLUMN_USE_NOT_ALLOWED
SELECT SUM(r.rate) FROM members m LEFT JOIN regions r ON m.zone = r.region

-- name: filter-only column as a key, through a public table and each person
-- code: COLUMN_USE_NOT_ALLOWED
SELECT s, COUNT(*) FROM (SELECT member, MAX(r.size) AS s FROM members m JOIN regions r ON m.zone = r.region GROUP BY member) GROUP BY s

-- name: group-only column as a filter, in the condition of a public join
-- code: COLUMN_USE_NOT_ALLOWED
SELECT COUNT(*) FROM members m JOIN regions r ON m.region = r.region AND m.segment = 1

-- name: group-only column as a filter, through the key of a public join
-- code: COLUMN_USE_NOT_ALLOWED
SELECT COUNT(*) FROM members m JOIN regions r ON r.region = CASE WHEN m.rating > 0 THEN 'north' END

-- name: group-only column as a filter, in HAVING of a subquery
-- code: COLUMN_USE_NOT_ALLOWED
SELECT COUNT(*) FROM (SELECT member, segment FROM members GROUP BY member, segment HAVING segment = 1)

-- name: measure-only column as a filter, through each person
-- code: COLUMN_USE_NOT_ALLOWED
SELECT COUNT(*) FROM (SELECT member, SUM(rating) AS r FROM members GROUP BY member) WHERE r > 2

-- name: measure-only column as a filter, after a left join
-- code: COLUMN_USE_NOT_ALLOWED
SELECT COUNT(*) FROM visits v LEFT JOIN (SELECT member, rating AS r FROM members) m ON v.patient = m.member WHERE m.r > 2

-- name: measure-only column as a key, through a left join
-- code: COLUMN_USE_NOT_ALLOWED
SELECT b, COUNT(*) FROM visits v LEFT JOIN (SELECT member, rating > 0 AS b FROM members) m ON v.patient = m.member GROUP BY b

-- name: join-only use as a filter
-- code: COLUMN_USE_NOT_ALLOWED
SELECT COUNT(*) FROM members m JOIN visits v ON m.member = v.patient AND m.segment > v.severity

-- name: place-holder of a measure
-- code: DATASET_UNKNOWN
SELECT COUNT(*) + "#"."m0" FROM members

-- name: place-holder of a key
-- code: DATASET_UNKNOWN
SELECT region, "#"."k0", COUNT(*) FROM members GROUP BY region

-- name: place-holder behind an alias of its name
-- code: COLUMN_UNKNOWN
SELECT COUNT(*) + "#"."m0" FROM members AS "#"

-- name: place-holder of the person in a subquery
-- code: DATASET_UNKNOWN
SELECT COUNT(*) FROM (SELECT member, "#"."person" AS p, COUNT(*) AS n FROM members GROUP BY member)

-- name: name of a column inside the plan
-- code: COLUMN_UNKNOWN
SELECT SUM("visits.cost") FROM visits

-- name: name of a total inside the plan
-- code: COLUMN_UNKNOWN
SELECT SUM("visits.#0") FROM (SELECT patient, SUM(cost) AS c FROM visits GROUP BY patient)

-- name: mark of a left join
-- code: COLUMN_UNKNOWN
SELECT COUNT("#present") FROM members m LEFT JOIN visits v ON m.member = v.patient

-- name: engine's code of a person
-- code: COLUMN_UNKNOWN
SELECT person, COUNT(*) FROM members GROUP BY person

-- name: engine's table of a person
-- code: DATASET_UNKNOWN
SELECT COUNT(*) FROM persons

-- name: engine's name of a table
-- code: DATASET_UNKNOWN
SELECT COUNT(*) FROM t0

-- name: full-width letters
-- code: DATASET_UNKNOWN
SELECT COUNT(*) FROM ｍｅｍｂｅｒｓ

-- name: homoglyph
-- code: DATASET_UNKNOWN
SELECT COUNT(*) FROM mеmbers

-- name: Kelvin sign
-- code: COLUMN_UNKNOWN
SELECT "ǩey0", COUNT(*) FROM visits WHERE "Key0" = 'x' GROUP BY "Key0"

-- name: dotless i
-- code: DATASET_UNKNOWN
SELECT COUNT(*) FROM vısıts

-- name: zero-width space
-- code: DATASET_UNKNOWN
SELECT COUNT(*) FROM mem​bers

-- name: right-to-left override
-- code: DATASET_UNKNOWN
SELECT COUNT(*) FROM "‮members"

-- name: combining mark
-- code: COLUMN_UNKNOWN
SELECT COUNT(*) FROM members WHERE "age̲" > 1

-- name: superscript number
-- code: COLUMN_UNKNOWN
SELECT COUNT(*) FROM members WHERE age > ²

-- name: superscript limit
-- code: CLAUSE_NOT_ALLOWED
SELECT COUNT(*) FROM members LIMIT ²

-- name: Arabic digits
-- code: COLUMN_UNKNOWN
SELECT COUNT(*) FROM members WHERE age > ٣

-- name: long s
-- code: DATASET_UNKNOWN
SELECT COUNT(*) FROM memberſ

-- name: quote in a name
-- code: DATASET_UNKNOWN
SELECT COUNT(*) FROM "members""; DROP TABLE x; --"

-- name: heading with a line feed
-- code: SQL_INVALID
SELECT COUNT(*) AS "a
b" FROM members

-- name: unclosed comment
-- code: SQL_INVALID
SELECT COUNT(*) FROM members /* and so on

-- name: unclosed text
-- code: SQL_INVALID
SELECT COUNT(*) FROM members WHERE name = 'x

-- name: backslash in text, kept
SELECT COUNT(*) FROM members WHERE name = '\' OR name = 'x''y' OR name = ''' OR 1=1 --'

-- name: comment in text, kept
SELECT COUNT(*) FROM members WHERE name = '/* x */ -- y' OR name LIKE '%;%'

-- name: comments everywhere, kept
/**/SELECT/**/COUNT/**/(/**/*/**/)/**/FROM/**/members/**/--

-- name: everybody selected twice by an alternative, kept
SELECT COUNT(*), COUNT(DISTINCT patient) FROM visits WHERE severity > 2 OR TRUE OR NULL

-- name: no condition at all after a left join, kept
SELECT COUNT(*) FROM members m LEFT JOIN visits v ON m.member = v.patient AND FALSE

-- name: nobody matches, kept
SELECT v.ward, COUNT(*), SUM(v.cost) FROM members m LEFT JOIN visits v ON m.member = v.patient AND NULL GROUP BY v.ward

-- name: key that is NULL for all but one, kept
SELECT CASE WHEN age = 99 AND smoker AND region = 'south' THEN 'it is she' END AS who, COUNT(*), SUM(rating) FROM members WHERE age = 99 AND income > 899 GROUP BY 1

-- name: one person picked out by several conditions, kept
SELECT COUNT(*), SUM(income), AVG(rating) FROM members WHERE age = 0 AND region = 'north' AND tariff = 'basic' AND smoker AND name = 'Ann'

-- name: difference of two questions in one, kept
SELECT COUNT(*) - COUNT(CASE WHEN name = 'Ann' THEN NULL ELSE 1 END) AS ann, SUM(CASE WHEN name = 'Ann' THEN rating ELSE 0 END) AS hers FROM members

-- name: threshold on exact values that is none, kept
SELECT ward, severity, COUNT(*) FROM visits GROUP BY ward, severity HAVING COUNT(*) = 1 ORDER BY COUNT(*) LIMIT 1

-- name: fan-out in the key alone, kept
SELECT shift, COUNT(DISTINCT member) FROM (SELECT member, shift, ward FROM members m JOIN rota r ON r.ward = CASE WHEN m.smoker THEN 'er' ELSE 'icu' END AND r.urgent = TRUE) GROUP BY shift

-- name: functional key after a fan-out, kept
SELECT tariff, COUNT(*), SUM(age) FROM (SELECT member, tariff, age, shift FROM members m JOIN rota r ON r.ward = 'er' AND r.urgent = m.smoker) GROUP BY tariff

-- name: key of each person that is no function of the person, kept
SELECT big, COUNT(*) FROM (SELECT patient, ward, SUM(severity) > 3 AS big FROM visits GROUP BY patient, ward) GROUP BY big

-- name: key of a left join whose condition depends on the row, kept
SELECT o.patient IS NULL AS missing, COUNT(*) FROM visits v LEFT JOIN outcomes o ON v.patient = o.patient AND v.severity > 2 GROUP BY o.patient IS NULL

-- name: computed key of a left join whose condition depends on the row, kept
SELECT k, COUNT(*) FROM visits v LEFT JOIN (SELECT patient, CASE WHEN arm = 'drug' THEN 'd' ELSE 'p' END AS k FROM outcomes) o ON v.patient = o.patient AND v.severity > 2 GROUP BY k

-- name: average of a constant, kept
SELECT AVG(1), AVG(severity - severity), SUM(0 - 0) FROM visits

-- name: total that cancels out, kept
SELECT SUM(amount - amount), SUM(amount * 0), SUM(amount + amount - 2 * amount) FROM linked
