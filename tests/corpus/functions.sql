SELECT COALESCE(sex, region, '?') AS k, COUNT(*) AS n FROM members GROUP BY k
SELECT IFNULL(age, 0) AS k, COUNT(*) AS n FROM members GROUP BY k
SELECT COALESCE(age, income, 0.5) AS k, COUNT(*) AS n FROM members GROUP BY k
SELECT COALESCE(since, '2024-03-01') AS k, COUNT(*) AS n FROM members GROUP BY k
SELECT NULLIF(age, 3) AS k, COUNT(*) AS n FROM members GROUP BY k
SELECT IF(age > 3, 'old', 'young') AS k, COUNT(*) AS n FROM members GROUP BY k
SELECT IF(age > 3, 'old', 'young'), COUNT(*) AS n, IF(COUNT(*) > 3, 1, 2) FROM members GROUP BY IF(age > 3, 'old', 'young')
SELECT GREATEST(age, 3) AS k, COUNT(*) AS n FROM members GROUP BY k
SELECT LEAST(age, 3, NULL) AS k, COUNT(*) AS n, SUM(GREATEST(age, income)) AS s FROM members GROUP BY k
SELECT GREATEST(sex, region) AS k, COUNT(*) AS n FROM members GROUP BY k
SELECT GREATEST(since, '2024-02-29') AS k, COUNT(*) AS n FROM members GROUP BY k
SELECT age % 4 AS k, COUNT(*) AS n, SUM(mod(income, 0.35)) AS s, COUNT(age % 0) AS z FROM members GROUP BY k
SELECT age // 4 AS k, COUNT(*) AS n, SUM(age // (age - 3)) AS z FROM members GROUP BY k
SELECT ABS(age) AS k, SIGN(age) AS g, COUNT(*) AS n, SUM(ABS(income)) AS s, SUM(SIGN(income)) AS t FROM members GROUP BY k, g
SELECT FLOOR(income / 7) AS k, COUNT(*) AS n, SUM(FLOOR(income)) AS f, SUM(CEIL(income)) AS c, SUM(CEILING(-income)) AS d FROM members GROUP BY k
SELECT ROUND(income) AS k, COUNT(*) AS n, SUM(ROUND(income, 1)) AS s, SUM(ROUND(income, -1)) AS t, SUM(ROUND(income, 4)) AS u FROM members GROUP BY k
SELECT TRUNC(income) AS k, COUNT(*) AS n, SUM(TRUNC(income, 1)) AS s, SUM(ROUND(age, -1)) AS t FROM members GROUP BY k
SELECT ROUND(income, -1) AS k, COUNT(*) AS n FROM members GROUP BY k
SELECT COUNT(*) AS n FROM members WHERE COALESCE(age > 3, TRUE) AND GREATEST(member, FALSE)
SELECT k, COUNT(*) AS n FROM (SELECT pid, COALESCE(SUM(days) % 3, -1) AS k FROM visits GROUP BY pid) GROUP BY k
SELECT SUM(k) AS s, COUNT(*) AS n FROM (SELECT pid, GREATEST(MAX(days), 2) AS k FROM visits GROUP BY pid)
SELECT -age % 4 AS k, COUNT(*) AS n FROM members GROUP BY k
SELECT COUNT(*) AS n FROM members WHERE age % 2 = 1 OR age // 2 * 2 = age
SELECT YEAR(since) AS k, MONTH(since) AS m, DAY(since) AS d, QUARTER(since) AS q, COUNT(*) AS n FROM members GROUP BY k, m, d, q
SELECT ISODOW(since) AS k, WEEK(since) AS w, DAYOFWEEK(since) AS d, DAYOFYEAR(since) AS y, COUNT(*) AS n FROM members GROUP BY k, w, d, y
SELECT EXTRACT(YEAR FROM since) AS k, EXTRACT('month' FROM since) AS m, EXTRACT(dow FROM since) AS d, extract(doy from GREATEST(since, DATE '2024-02-28')) AS e, COUNT(*) AS n FROM members GROUP BY k, m, d, e
SELECT date_part('quarter', since) AS k, date_part('isodow', since) AS m, COUNT(*) AS n FROM members GROUP BY k, m
SELECT COUNT(*) AS n FROM members WHERE date_trunc('month', since) = DATE '2024-03-01' OR date_trunc('week', since) = DATE '2024-02-26'
SELECT COUNT(*) AS n FROM members WHERE date_trunc('quarter', since) = DATE '2024-01-01' AND date_trunc('year', since) < '2025-01-01' AND date_trunc('day', since) = since
SELECT since + age AS k, COUNT(*) AS n FROM members GROUP BY k
SELECT since - 5 AS k, 3 + since AS l, COUNT(*) AS n FROM members GROUP BY k, l
SELECT SUM(since - DATE '2024-02-28') AS s, COUNT(*) AS n FROM members WHERE since - DATE '2024-02-28' > 1
SELECT SUM(date_diff('day', since, DATE '2024-02-28')) AS d, SUM(date_diff('week', DATE '2020-02-28', since)) AS w, SUM(datediff('month', DATE '2021-02-28', since)) AS m, SUM(date_diff('quarter', DATE '2025-02-28', since)) AS q, SUM(date_diff('year', DATE '2025-02-28', since)) AS y, COUNT(*) AS n FROM members
SELECT COUNT(*) AS n FROM members WHERE since + INTERVAL 1 MONTH = DATE '2024-03-29' OR since - INTERVAL '1' YEAR = DATE '2023-02-28' OR since + INTERVAL 3 DAYS = DATE '2024-03-03'
SELECT COUNT(*) AS n FROM members WHERE INTERVAL 2 WEEK + since > '2024-03-15' AND since - INTERVAL '2 years' < DATE '2022-03-01'
SELECT last_day(since) AS k, COUNT(*) AS n FROM members GROUP BY k
SELECT k, COUNT(*) AS n FROM (SELECT id, MONTH(since) AS k FROM members) GROUP BY k
SELECT k, COUNT(*) AS n FROM (SELECT id, MAX(since - 3) AS k FROM members GROUP BY id) GROUP BY k
SELECT COUNT(*) AS n FROM members WHERE since + 4 * age > '2024-03-01'
SELECT since + INTERVAL 1 MONTH AS k, COUNT(*) AS n FROM members GROUP BY 1
SELECT date_trunc('month', since) AS k, date_trunc('week', since) AS w, COUNT(*) AS n FROM members GROUP BY k, w
SELECT LENGTH(note) AS k, COUNT(*) AS n, SUM(LEN(note)) AS s, SUM(CHAR_LENGTH(note)) AS t FROM visits GROUP BY k
SELECT LOWER(sex) AS k, UPPER(region) AS r, COUNT(*) AS n FROM members GROUP BY k, r
SELECT COUNT(*) AS n FROM visits WHERE note ILIKE 'A%' OR note NOT ILIKE '%B'
SELECT COUNT(*) AS n FROM visits WHERE TRIM(note) = note AND LTRIM(' ' || note) = note AND RTRIM(note || '  ') = note AND TRIM('  ' || note || ' ') <> ''
SELECT SUBSTRING(sex || region, 2, 1) AS k, COUNT(*) AS n FROM members GROUP BY k
SELECT COUNT(*) AS n FROM visits WHERE SUBSTR(note, 2) = '_b' OR SUBSTRING(note, 1, 2) = 'ab' OR SUBSTRING(note, 3, 0) = ''
SELECT LEFT(sex || '!', 1) AS k, RIGHT(region || 'xyz', 3) AS r, COUNT(*) AS n FROM members GROUP BY k, r
SELECT COUNT(*) AS n FROM visits WHERE LEFT(note, 2) = 'a_' OR RIGHT(note, 2) = '_b' OR RIGHT(note, 0) = 'x' OR LEFT(note, 100) = note
SELECT CONCAT(sex, '-', region) AS k, COUNT(*) AS n FROM members GROUP BY k
SELECT sex || '-' || region AS k, COUNT(*) AS n FROM members GROUP BY k
SELECT REPLACE(sex, 'f', 'woman') AS k, COUNT(*) AS n FROM members GROUP BY k
SELECT COUNT(*) AS n FROM visits WHERE REPLACE(note, 'a', 'b') LIKE 'b%' OR REPLACE(note, '', 'b') = 'a' OR REPLACE(note, '%', '') = ''
SELECT POSITION('b' IN note) AS k, STRPOS(note, 'a') AS l, INSTR(note, '') AS m, COUNT(*) AS n FROM visits GROUP BY k, l, m
SELECT COUNT(*) AS n FROM visits WHERE STARTS_WITH(note, 'a') OR PREFIX(note, '%') OR ENDS_WITH(note, 'b') OR SUFFIX(note, 's') OR CONTAINS(note, '\')
SELECT COUNT(*) AS n FROM visits WHERE STARTS_WITH(note, ward) OR SUFFIX(ward || note, note) OR CONTAINS(ward, region) OR ENDS_WITH(note, LOWER(note))
SELECT REVERSE(sex || 'ab') AS k, COUNT(*) AS n FROM members GROUP BY k
SELECT k, COUNT(*) AS n FROM (SELECT pid, UPPER(ward) AS k FROM visits GROUP BY pid, UPPER(ward)) GROUP BY k
SELECT COUNT(*) AS n FROM visits WHERE TRIM(LEADING FROM note) = 'a' OR SUBSTRING(note FROM 2) = '_b'
SELECT CAST(age AS TEXT) AS k, COUNT(*) AS n FROM members GROUP BY k
SELECT income::TEXT AS k, COUNT(*) AS n FROM members GROUP BY k
SELECT COUNT(*) AS n FROM members WHERE CAST(income * 3 AS VARCHAR) LIKE '%.%5' OR (income + age)::TEXT LIKE '-%' OR LENGTH(CAST(age AS TEXT)) = 2
SELECT member::TEXT AS k, CAST(member AS INTEGER) AS i, COUNT(*) AS n FROM members GROUP BY k, i
SELECT since::TEXT AS k, CAST(since AS DATE) AS d, COUNT(*) AS n FROM members GROUP BY k, d
SELECT COUNT(*) AS n FROM members WHERE CAST(since AS TEXT) LIKE '2024-03%'
SELECT CAST(income AS INTEGER) AS k, COUNT(*) AS n FROM members GROUP BY k
SELECT SUM(CAST(income AS DECIMAL(5, 1))) AS s, SUM(CAST(days AS DECIMAL(6, 3))) AS t, SUM(CAST(cost * 7 AS DECIMAL(9))) AS u, COUNT(*) AS n FROM members JOIN visits ON id = pid
SELECT TRY_CAST(income AS DECIMAL(2, 1)) AS k, COUNT(*) AS n FROM members GROUP BY k
SELECT CAST(age AS BOOLEAN) AS k, income::BOOLEAN AS b, COUNT(*) AS n FROM members GROUP BY k, b
SELECT TRY_CAST(CASE WHEN age > 3 THEN '12' WHEN age > 0 THEN ' 3.5 ' ELSE 'x' END AS INTEGER) AS k, COUNT(*) AS n FROM members GROUP BY k
SELECT TRY_CAST(CASE WHEN age > 3 THEN '12.345' WHEN age > 0 THEN '+.05' WHEN age < 0 THEN '1234567' ELSE '-7.' END AS DECIMAL(6, 2)) AS k, COUNT(*) AS n FROM members GROUP BY k
SELECT TRY_CAST(CASE WHEN age > 3 THEN 'Yes' WHEN age > 0 THEN '0' WHEN age < 0 THEN 'FALSE' ELSE 'maybe' END AS BOOLEAN) AS k, COUNT(*) AS n FROM members GROUP BY k
SELECT TRY_CAST(CASE WHEN age > 3 THEN '2024-02-29' WHEN age > 0 THEN '2023-02-29' ELSE 'today?' END AS DATE) AS k, COUNT(*) AS n FROM members GROUP BY k
SELECT COUNT(*) AS n FROM visits WHERE TRY_CAST(note AS INTEGER) > 0 OR TRY_CAST(note AS DATE) IS NULL
SELECT date_trunc('month', since)::DATE AS k, COUNT(*) AS n FROM members GROUP BY k
SELECT CAST(days + 1 AS TEXT) || '/' || CAST(days AS TEXT) AS k, COUNT(*) AS n FROM visits GROUP BY k
SELECT (since + INTERVAL 1 MONTH)::DATE AS k, COUNT(*) AS n FROM members GROUP BY k
SELECT HOUR(met) AS k, MINUTE(met) % 3 AS m, COUNT(*) AS n, SUM(SECOND(met)) AS s, SUM(EPOCH(met)::INTEGER) AS e FROM members GROUP BY k, m
SELECT EXTRACT(HOUR FROM met) AS k, EXTRACT('year' FROM met) AS y, date_part('isodow', met) AS d, DAY(met) AS f, COUNT(*) AS n FROM members GROUP BY k, y, d, f
SELECT date_trunc('hour', met) AS k, COUNT(*) AS n, SUM(MINUTE(met)) AS m FROM (SELECT id, met FROM members) GROUP BY k
SELECT date_trunc('day', met) AS k, date_trunc('month', met) AS m, date_trunc('week', met) AS w, COUNT(*) AS n FROM members GROUP BY k, m, w
SELECT COUNT(*) AS n FROM members WHERE date_trunc('minute', met) = TIMESTAMP '1969-12-31 23:59:00' OR date_trunc('second', met) = met
SELECT SUM(date_diff('hour', met, TIMESTAMP '1970-01-01 00:00:00')) AS h, SUM(date_diff('minute', TIMESTAMP '1969-12-31 23:59:30', met)) AS m, SUM(date_diff('second', DATE '1970-01-01', met)) AS s, COUNT(*) AS n FROM members
SELECT SUM(date_diff('day', met, since)) AS d, SUM(date_diff('week', since, met)) AS w, SUM(date_diff('month', met, since)) AS m, SUM(date_diff('year', met, DATE '1970-01-01')) AS y, COUNT(*) AS n FROM members
SELECT COUNT(*) AS n FROM members WHERE met + INTERVAL 90 MINUTE > '1970-01-01 00:00:00' AND met - INTERVAL '30' SECOND < TIMESTAMP '1970-01-01' AND met + INTERVAL 1 MONTH > DATE '1970-01-31' AND met - INTERVAL 2 DAYS < '1969-12-30'
SELECT met::DATE AS k, CAST(since AS TIMESTAMP) AS t, COUNT(*) AS n FROM members GROUP BY k, t
SELECT COUNT(*) AS n, SUM(LENGTH(met::TEXT)) AS l FROM members WHERE CAST(met AS TEXT) LIKE '%:5_:%' OR CAST(met AS TEXT) > '1970-01-01 00:30:00'
SELECT COUNT(*) AS n FROM members WHERE GREATEST(met, TIMESTAMP '1970-01-01') < since AND COALESCE(met, TIMESTAMP '1970-01-01 00:00:01') <> TIMESTAMP '1970-01-01 00:00:00' AND met < since
SELECT COUNT(*) AS n FROM members WHERE DATE '1970-01-01' + INTERVAL 5 MINUTE > met AND met BETWEEN '1969-12-31 23:00:00' AND TIMESTAMP '1970-01-01 01:00:00'
SELECT k, COUNT(*) AS n FROM (SELECT id, HOUR(MAX(met + INTERVAL 1 HOUR)) AS k FROM members GROUP BY id) GROUP BY k
SELECT TRY_CAST(since::TEXT || ' 08:15' AS TIMESTAMP) AS k, COUNT(*) AS n FROM members GROUP BY k
SELECT HOUR(k) AS h, DATE_TRUNC('month', k) AS m, COUNT(*) AS n FROM (SELECT id, CAST(since::TEXT || 'T0' || GREATEST(age, 0)::TEXT || ':59:30.75' AS TIMESTAMP) AS k FROM members) GROUP BY h, m
SELECT COUNT(*) AS n, COUNT(TRY_CAST(met::TEXT AS TIMESTAMP)) AS k FROM members WHERE CAST(met::TEXT AS TIMESTAMP) = met AND TRY_CAST(CAST(met AS TEXT) || 'Z' AS TIMESTAMP) + INTERVAL 1 SECOND > met
SELECT TRY_CAST(CASE WHEN age > 6 THEN '2024-02-29 23:59:59' WHEN age > 4 THEN '2024-02-29' WHEN age > 2 THEN '2023-02-29 10:00' WHEN age > 0 THEN '2024-02-29 24:00:01' ELSE 'noon' END AS TIMESTAMP) AS k, COUNT(*) AS n FROM members GROUP BY k
SELECT COUNT(*) AS n FROM visits WHERE TRY_CAST(note AS TIMESTAMP) IS NULL AND TRY_CAST('2024-0' || days::TEXT || '-30 10:00+00' AS TIMESTAMP) > '2024-01-30 09:00:00'
SELECT SUM(DATE_DIFF('minute', TRY_CAST('2024-02-2' || days::TEXT || ' 1' || days::TEXT || ':30:00' AS TIMESTAMP), TIMESTAMP '2024-03-01')) AS m, COUNT(*) AS n FROM visits
SELECT SUBSTRING(note FROM 2 FOR 1) = 'b' AS k, SUBSTRING(sex FOR 1) AS s, COUNT(*) AS n FROM members JOIN visits ON id = pid GROUP BY k, s
SELECT COUNT(*) AS n FROM members WHERE sex IS DISTINCT FROM 'm' AND (age IS NOT DISTINCT FROM NULL OR income IS NOT DISTINCT FROM age)
SELECT sex IS DISTINCT FROM region AS k, since IS NOT DISTINCT FROM '2024-02-29' AS d, COUNT(*) AS n FROM members GROUP BY k, d
SELECT sex, COUNT(*) AS n FROM members GROUP BY sex HAVING sex IS DISTINCT FROM 'f' AND SUM(age) IS DISTINCT FROM NULL
SELECT age || '/' || sex AS k, COUNT(*) AS n FROM members GROUP BY k
SELECT YEAR(since) || '-Q' || QUARTER(since) AS k, CONCAT(member, ' ', since) AS c, COUNT(*) AS n FROM members GROUP BY k, c
SELECT COUNT(*) AS n FROM members WHERE CONCAT(age, ':', income, met) LIKE '%:_.%19%' OR since || ' 00:00:00' = met::DATE || ' 00:00:00'
SELECT sex, COUNT(*) AS n, n * 2 AS twice, twice - n AS again, again > 9 AS many FROM members GROUP BY sex ORDER BY twice DESC, sex
SELECT age + 1 AS age, age * 2 AS twice, COUNT(*) AS n FROM members GROUP BY members.age
SELECT sex AS s, region AS r, COUNT(*) AS n, SUM(n) OVER (PARTITION BY s) AS t, RANK() OVER (PARTITION BY s ORDER BY n DESC, r) AS p FROM members GROUP BY s, r QUALIFY p < 3 ORDER BY s, r
SELECT big, COUNT(*) AS n FROM (SELECT pid, days * 2 AS d, d + age AS e, e > 4 AS big FROM visits) GROUP BY big
SELECT k, COUNT(*) AS n FROM (SELECT pid, SUM(days) AS s, COUNT(*) AS c, s > 2 * c AS k FROM visits GROUP BY pid) GROUP BY k
SELECT SUM(c) AS n, n * 2 AS m, MAX(c) - n AS d FROM (SELECT sex, COUNT(*) AS c FROM members GROUP BY sex)
SELECT sex, COUNT(*) AS n, CAST(AVG(income) AS DECIMAL(9, 1)) AS a, SUM(income)::INTEGER AS s, ROUND(AVG(income) * 3)::INT + 1 AS r FROM members GROUP BY sex
SELECT COUNT(*) FILTER (WHERE age > 3)::DECIMAL(9, 2) / COUNT(*) AS share, COUNT(*) AS n FROM members
SELECT a, b, c, COUNT(*) AS n FROM (SELECT pid, COALESCE(COUNT_IF(ward = 'x'), 0) AS a, COUNT(note) FILTER (WHERE days > 1) AS b, COALESCE(COUNT_IF(days > 2) FILTER (WHERE ward <> 'y'), 0) AS c FROM visits GROUP BY pid) GROUP BY a, b, c
SELECT SUM(s) AS s, SUM(a) AS a, COUNT(s) AS cs, COUNT(lo) AS cl, SUM(hi - lo) AS d, COUNT(*) AS n FROM (SELECT pid, SUM(cost) FILTER (WHERE days > 1) AS s, AVG(days) FILTER (WHERE ward = 'x') AS a, MIN(days) FILTER (WHERE cost > 5) AS lo, MAX(days) AS hi FROM visits GROUP BY pid HAVING COUNT_IF(cost > 2) > 0)
SELECT k, COUNT(*) AS n FROM (SELECT id, COUNT(pid) FILTER (WHERE days > 1) AS k FROM members LEFT JOIN visits ON id = pid GROUP BY id) GROUP BY k
SELECT k, COUNT(*) AS n, SUM(d) AS d, SUM(x) AS x FROM (SELECT pid, COUNT(DISTINCT ward) AS k, COUNT(DISTINCT days) FILTER (WHERE cost > 5) AS d, COUNT(DISTINCT cost) + COUNT(DISTINCT note) - COUNT(DISTINCT LEFT(note, 1)) AS x FROM visits GROUP BY pid) GROUP BY k
SELECT a, b, COUNT(*) AS n FROM (SELECT id, COUNT(DISTINCT pid) AS a, COUNT(DISTINCT days > 2) AS b FROM members LEFT JOIN visits ON id = pid GROUP BY id HAVING COUNT(DISTINCT ward) <> 1) GROUP BY a, b
SELECT w, COUNT(*) AS n, SUM(k) AS k FROM (SELECT pid, ward AS w, COUNT(DISTINCT days) AS k, COUNT(DISTINCT pid) AS p FROM visits GROUP BY pid, ward) WHERE p = 1 GROUP BY w
SELECT k, COUNT(*) AS n FROM (SELECT id, COUNT(DISTINCT since) + COUNT(DISTINCT met) + COUNT(DISTINCT member) AS k FROM members GROUP BY id) GROUP BY k
SELECT a, z, COUNT(*) AS n FROM (SELECT pid, MIN(ward) AS a, MAX(region) AS z FROM visits GROUP BY pid) GROUP BY a, z
SELECT COUNT(*) AS n, COUNT(x) AS x, COUNT_IF(x > 'a') AS k, COUNT_IF(x LIKE 'a%') AS l, COUNT_IF(y < 'é') AS m, SUM(LENGTH(y)) AS s FROM (SELECT pid, MIN(note) AS x, MAX(note || 'é') FILTER (WHERE days > 1) AS y FROM visits GROUP BY pid)
SELECT t, f, COUNT(*) AS n FROM (SELECT pid, MAX(days > 2) AS t, MIN(days > 0) AS f FROM visits GROUP BY pid HAVING MAX(ward = 'x') OR MIN(ward) = 'y') GROUP BY t, f
SELECT m, COUNT(*) AS n FROM (SELECT pid, MAX(ward) OVER (PARTITION BY pid) AS m FROM visits) GROUP BY m
SELECT m, COUNT(*) AS n FROM (SELECT pid, MIN(ward) OVER (PARTITION BY pid ORDER BY days DESC NULLS LAST, ward, note, region, age, cost NULLS FIRST ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS m FROM visits) GROUP BY m ORDER BY m
SELECT m, COUNT(*) AS n FROM (SELECT pid, MIN(days > 2) OVER (PARTITION BY pid ORDER BY days DESC NULLS LAST, ward, note, region, age, cost NULLS FIRST ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS m FROM visits) GROUP BY m ORDER BY m
SELECT COUNT(*) AS n, SUM(v) AS v, SUM(w) AS w, COUNT(v) AS cv, COUNT(w) AS cw FROM (SELECT pid, VARIANCE(days) AS v, VAR_POP(cost) AS w FROM visits GROUP BY pid)
SELECT COUNT(*) AS n, SUM(v) AS v, SUM(w) AS w, COUNT(v) AS cv, COUNT(w) AS cw FROM (SELECT pid, COVAR_SAMP(cost, age) AS v, COVAR_POP(days, age) FILTER (WHERE ward <> 'x') AS w FROM visits GROUP BY pid)
SELECT COUNT(*) AS n, SUM(ROUND(v, 2)) AS v, COUNT(v) AS cv, COUNT_IF(v > 0) AS cw, SUM(ROUND(w, 2)) AS w FROM (SELECT pid, REGR_SLOPE(cost, age) AS v, REGR_INTERCEPT(cost, days) AS w FROM visits GROUP BY pid HAVING VAR_POP(IF(cost IS NULL, NULL, age)) > 0 AND VAR_POP(IF(cost IS NULL, NULL, days)) > 0)
SELECT COUNT(*) AS n, SUM(w) AS v, COUNT(w) AS cv FROM (SELECT pid, ward, VAR_SAMP(days * 2 - cost) AS w FROM visits GROUP BY pid, ward HAVING VARIANCE(days) > 0)
SELECT COUNT(*) AS n, SUM(v) AS v, SUM(w) AS w, COUNT(v) AS cv, COUNT(w) AS cw, SUM(c) AS c FROM (SELECT pid, MEDIAN(days) AS v, MEDIAN(age) FILTER (WHERE ward <> 'x') AS w, SUM(days) AS c FROM visits GROUP BY pid)
SELECT COUNT(*) AS n, SUM(v) AS v, SUM(w) AS w, COUNT(v) AS cv FROM (SELECT pid, QUANTILE_CONT(age, 0.9) AS v, QUANTILE_CONT(days, 0.25) - QUANTILE_CONT(days, 0.75) AS w FROM visits GROUP BY pid)
SELECT w, COUNT(*) AS n, SUM(v) AS v, SUM(a) AS a FROM (SELECT pid, ward AS w, MEDIAN(days) AS v, AVG(cost) AS a FROM visits GROUP BY pid, ward HAVING MEDIAN(age) > 2) GROUP BY w
SELECT COUNT(*) AS n, SUM(v) AS v, COUNT_IF(v > 2) AS big FROM (SELECT id, MEDIAN(days - visits.age) AS v, QUANTILE_CONT(days, 1) AS z, QUANTILE_CONT(days, 0) AS a, MAX(days) AS m FROM members LEFT JOIN visits ON id = pid GROUP BY id) WHERE z >= a AND z = m
SELECT COUNT(*) AS n, SUM(v) AS v, COUNT_IF(v > 2) AS big FROM (SELECT pid, PERCENTILE_CONT(0.3) WITHIN GROUP (ORDER BY days DESC) AS v FROM visits GROUP BY pid)
