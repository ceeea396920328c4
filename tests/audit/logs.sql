-- Each tenant's log is gapless: its steps and changes are numbered together 0, 1, 2 … and none
-- twice, as far as the database says the log goes.
--
-- One line a discrepancy: tenant, what.
WITH numbered AS MATERIALIZED (
  SELECT tenant, number FROM nakadachi.step
   UNION ALL
  SELECT tenant, number FROM nakadachi.change
), counted AS MATERIALIZED (
  SELECT tenant, number, count(*) AS entries,
         lag(number, 1, -1::bigint) OVER (PARTITION BY tenant ORDER BY number) AS former
    FROM numbered
   GROUP BY tenant, number
), log AS (
  SELECT tenant, max(number) + 1 AS size FROM counted GROUP BY tenant
)
SELECT tenant, CASE WHEN number - former = 2 THEN format('number %s is missing', former + 1)
                    ELSE format('numbers %s to %s are missing', former + 1, number - 1) END
  FROM counted WHERE number <> former + 1
UNION ALL
SELECT tenant, format('number %s stands %s times', number, entries)
  FROM counted WHERE entries > 1
UNION ALL
SELECT tenant, format('the log ends at %s, its last number says %s',
                      coalesce(l.size, 0), coalesce(log.size, 0))
  FROM nakadachi.log_end AS l FULL JOIN log USING (tenant)
 WHERE coalesce(l.size, 0) <> coalesce(log.size, 0)
 ORDER BY 1, 2;
