-- Every question has one outcome, and what asking and answering towns keep of it agrees.
--
-- One line a discrepancy: tenant, what. Who asked whom is in no clear column, so the two sides are
-- compared over the whole pool: as many conclusions as provisions of each outcome and length. Row
-- by row they are compared by whoever has the keys (docs/audit.md).
--
-- Steps: 1 asked, 2 provided, 3 concluded, 4 held. Outcomes: 1 answered, 2 no data, 3 no symbol,
-- 4 refused, 5 lapsed, 6 answered in part. Causes: docs/metering.md; sections of changes: 1 and 2
-- are of symbols.
WITH leg AS MATERIALIZED (
  SELECT tenant, exchange, min(number) AS first,
         count(*) FILTER (WHERE step = 1) AS asked,
         count(*) FILTER (WHERE step = 2) AS provided,
         count(*) FILTER (WHERE step = 3) AS concluded,
         count(*) FILTER (WHERE step = 4) AS held,
         sum(persons) AS persons
    FROM nakadachi.step
   GROUP BY tenant, exchange
), told AS (
  SELECT outcome, bytes_in AS bytes, count(*) AS conclusions
    FROM nakadachi.step
   WHERE step = 3 AND outcome IN (1, 2, 6)
   GROUP BY outcome, bytes_in
), given AS (
  SELECT outcome, bytes_out AS bytes, count(*) AS provisions
    FROM nakadachi.step
   WHERE step = 2 AND outcome IN (1, 2, 6)
   GROUP BY outcome, bytes_out
)
SELECT tenant, format('number %s: asked and never concluded', first)
  FROM leg WHERE asked > 0 AND concluded = 0
UNION ALL
SELECT tenant, format('leg from number %s: %s conclusions of one question', first, concluded)
  FROM leg WHERE concluded > 1
UNION ALL
SELECT tenant, format('leg from number %s: asked and answered under one id', first)
  FROM leg WHERE asked + concluded > 0 AND provided + held > 0
UNION ALL
SELECT tenant, format('leg from number %s: %s persons, not 1', first, persons)
  FROM leg WHERE persons <> 1
UNION ALL
SELECT tenant, format('number %s: step %s with outcome %s', number, step, outcome)
  FROM nakadachi.step
 WHERE CASE WHEN step IN (1, 4) THEN outcome <> 0 ELSE outcome NOT BETWEEN 1 AND 6 END
UNION ALL
SELECT s.tenant, format('number %s: step %s with cause %s', s.number, s.step, s.cause)
  FROM nakadachi.step AS s JOIN leg USING (tenant, exchange)
 WHERE CASE WHEN s.step IN (1, 3) THEN s.cause <> 1
            -- Within one body nothing travels. What staff had before them is an approval.
            WHEN s.step = 4 THEN s.cause <> ALL (
              CASE WHEN s.messages_in = 0 THEN ARRAY[1] ELSE ARRAY[3, 6] END)
            ELSE s.cause <> ALL (
              CASE WHEN s.messages_out = 0 THEN ARRAY[1]
                   WHEN leg.held > 0 THEN ARRAY[3, 6] ELSE ARRAY[2, 6] END) END
UNION ALL
SELECT tenant, format('number %s: change of section %s with cause %s', number, section, cause)
  FROM nakadachi.change
 WHERE cause <> ALL (CASE WHEN section IN (1, 2) THEN ARRAY[4, 6] ELSE ARRAY[5, 6] END)
UNION ALL
SELECT NULL, format('outcome %s with %s bytes: %s conclusions, %s provisions',
                    outcome, bytes, coalesce(conclusions, 0), coalesce(provisions, 0))
  FROM told FULL JOIN given USING (outcome, bytes)
 WHERE conclusions IS DISTINCT FROM provisions
 ORDER BY 1, 2;
