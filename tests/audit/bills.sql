-- Each closed month's bill is what the rows, the populations and the tariff come to, in whole yen
-- by largest remainder: where remainders are equal the smaller body code comes first, and within a
-- statement the earlier line (docs/billing.md).
--
-- One line a discrepancy: tenant, what. Populations and members are those of the directory as it
-- is now: run it when a month is closed. The tariff is read from its text as people write it: one
-- key a line, the causes as [weights.CAUSE].
SET jit = off;

WITH month AS MATERIALIZED (
  SELECT month, pool_cost::numeric AS cost, tariff,
         replace(substring(tariff FROM '(?n)^\s*base_ppm\s*=\s*([0-9_]+)'), '_', '')::numeric
           AS base_ppm,
         substring(tariff FROM '(?n)^\s*asker_pays\s*=\s*(true|false)')::boolean AS asker_pays,
         substring(tariff FROM '(?n)^\s*outside\s*=\s*["'']([a-z_]+)') = 'by_population'
           AS by_population
    FROM nakadachi.billing_month
), weight AS MATERIALIZED (
  SELECT m.month, c.cause,
         replace(substring(s.text FROM '(?n)^\s*person\s*=\s*([0-9_]+)'), '_', '')::numeric
           AS person,
         replace(substring(s.text FROM '(?n)^\s*message\s*=\s*([0-9_]+)'), '_', '')::numeric
           AS message,
         replace(substring(s.text FROM '(?n)^\s*kib\s*=\s*([0-9_]+)'), '_', '')::numeric AS kib
    FROM month AS m
   CROSS JOIN (VALUES (1, 'own_query'), (2, 'answered'), (3, 'approval'), (4, 'symbols'),
                      (5, 'holdings'), (6, 'outside')) AS c (cause, name)
   CROSS JOIN LATERAL substring(m.tariff FROM '\[weights\.' || c.name || '\]([^[]*)') AS s (text)
), metered AS (
  SELECT tenant, exchange AS id, cause, persons, messages_in, messages_out, bytes_in, bytes_out
    FROM nakadachi.step
   UNION ALL
  SELECT tenant, change, cause, persons, messages_in, messages_out, bytes_in, bytes_out
    FROM nakadachi.change
), dated AS (
  SELECT *, date_trunc('month', (to_timestamp(
              ('x' || encode(substring(id FROM 1 FOR 4), 'hex'))::bit(32)::bigint * 64)
              AT TIME ZONE 'UTC') + interval '9 hours')::date AS month
    FROM metered
), used AS MATERIALIZED (
  SELECT tenant, month, cause, count(*) AS rows, sum(persons) AS persons,
         sum(messages_in) AS messages_in, sum(messages_out) AS messages_out,
         sum(bytes_in) AS bytes_in, sum(bytes_out) AS bytes_out
    FROM dated GROUP BY tenant, month, cause
), line (line, name, measured, weighed) AS (  -- causes by which a line is measured and weighed
  VALUES (1, 'base', NULL::integer, NULL::integer), (2, 'own_query', 1, 1), (3, 'answers', 1, 2),
         (4, 'answered', 2, 2), (5, 'approval', 3, 3), (6, 'symbols', 4, 4),
         (7, 'holdings', 5, 5), (8, 'outside', 6, 6)
), pointed AS MATERIALIZED (  -- points in parts of 1024, so that bytes need no rounding
  SELECT m.month, n.tenant, n.population, l.line, l.name, u.rows, u.persons, u.messages_in,
         u.messages_out, u.bytes_in, u.bytes_out,
         CASE WHEN l.line = 4 AND m.asker_pays THEN 0
              ELSE coalesce(1024 * (w.person * u.persons
                                    + w.message * (u.messages_in + u.messages_out))
                            + w.kib * (u.bytes_in + u.bytes_out), 0) END AS points
    FROM month AS m
   CROSS JOIN nakadachi.tenant AS n
   CROSS JOIN line AS l
    LEFT JOIN used AS u ON u.tenant = n.tenant AND u.month = m.month AND u.cause = l.measured
                       AND (l.line <> 3 OR m.asker_pays)
    LEFT JOIN weight AS w ON w.month = m.month AND w.cause = l.weighed
), pool AS (
  SELECT month, sum(points) AS points,
         coalesce(sum(points) FILTER (WHERE line = 8 AND by_population), 0) AS outside,
         (SELECT sum(population)::numeric FROM nakadachi.tenant) AS population
    FROM pointed JOIN month USING (month) GROUP BY month
), weighed AS (  -- a member's share in whole numbers, times population, points and a million
  SELECT p.*, m.cost,
         CASE WHEN s.points = 0 THEN CASE WHEN p.line = 1 THEN p.population ELSE 0 END
              ELSE CASE WHEN p.line = 8 AND m.by_population
                        THEN p.population * (1000000 - m.base_ppm) * s.outside
                        ELSE p.points * (1000000 - m.base_ppm) * s.population END
                   + CASE WHEN p.line = 1 THEN p.population * m.base_ppm * s.points ELSE 0 END
         END AS weight
    FROM pointed AS p JOIN month AS m USING (month) JOIN pool AS s USING (month)
), member AS (
  SELECT month, tenant, cost, sum(weight) AS weight, sum(sum(weight)) OVER (PARTITION BY month) AS whole
    FROM weighed GROUP BY month, tenant, cost
), total AS (
  SELECT month, tenant, weight,
         div(cost * weight, whole)
           + CASE WHEN row_number() OVER (PARTITION BY month
                                          ORDER BY cost * weight % whole DESC, tenant)
                       <= cost - sum(div(cost * weight, whole)) OVER (PARTITION BY month)
                  THEN 1 ELSE 0 END AS yen
    FROM member
), shared AS (
  SELECT w.month, w.tenant, w.line, w.name, w.rows, w.persons, w.messages_in, w.messages_out,
         w.bytes_in, w.bytes_out,
         coalesce(div(t.yen * w.weight, nullif(t.weight, 0)), 0)
           + CASE WHEN row_number() OVER (PARTITION BY w.month, w.tenant
                                          ORDER BY t.yen * w.weight % nullif(t.weight, 0) DESC,
                                                   w.line)
                       <= t.yen - sum(coalesce(div(t.yen * w.weight, nullif(t.weight, 0)), 0))
                                    OVER (PARTITION BY w.month, w.tenant)
                  THEN 1 ELSE 0 END AS yen
    FROM weighed AS w JOIN total AS t USING (month, tenant)
), expected AS (
  SELECT m.month, n.tenant, 0 AS line, n.name AS item, n.population::numeric AS units,
         0::numeric AS yen
    FROM month AS m CROSS JOIN nakadachi.tenant AS n
   UNION ALL
  SELECT month, tenant, 10 * line, name, coalesce(rows, 0), yen FROM shared
   UNION ALL
  SELECT s.month, s.tenant, 10 * s.line + u.place, s.name || '.' || u.name, u.units, 0
    FROM shared AS s
   CROSS JOIN LATERAL (VALUES (1, 'persons', s.persons), (2, 'messages_in', s.messages_in),
                              (3, 'messages_out', s.messages_out), (4, 'bytes_in', s.bytes_in),
                              (5, 'bytes_out', s.bytes_out)) AS u (place, name, units)
   WHERE u.units > 0
)
SELECT tenant, format('%s line %s (%s): billed %s units, %s yen; recounted %s units, %s yen',
                      to_char(month, 'YYYY-MM'), line, coalesce(e.item, b.item),
                      coalesce(b.units, 0), coalesce(b.yen, 0), coalesce(e.units, 0),
                      coalesce(e.yen, 0))
  FROM expected AS e FULL JOIN nakadachi.billing_line AS b USING (month, tenant, line)
 WHERE (e.item, e.units, e.yen) IS DISTINCT FROM (b.item, b.units::numeric, b.yen::numeric)
UNION ALL
SELECT NULL, format('%s: statements come to %s yen, the pool''s cost is %s',
                    to_char(m.month, 'YYYY-MM'), coalesce(sum(b.yen), 0), m.pool_cost)
  FROM nakadachi.billing_month AS m LEFT JOIN nakadachi.billing_line AS b USING (month)
 GROUP BY m.month, m.pool_cost HAVING coalesce(sum(b.yen), 0) <> m.pool_cost
UNION ALL
SELECT NULL, format('%s: the tariff cannot be read by this script', to_char(month, 'YYYY-MM'))
  FROM month AS m
 WHERE m.base_ppm IS NULL OR m.asker_pays IS NULL OR m.by_population IS NULL
    OR EXISTS (SELECT FROM weight AS w WHERE w.month = m.month
                AND (w.person IS NULL OR w.message IS NULL OR w.kib IS NULL))
 ORDER BY 1, 2;
