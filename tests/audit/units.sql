-- The roll-ups of closed months are the sums over the rows that are there now.
--
-- One line a discrepancy: tenant, what. A row counts for the day in Japan in which the unit of 64
-- seconds begins that its id starts with.
WITH metered AS (
  SELECT tenant, exchange AS id, cause, persons, messages_in, messages_out, bytes_in, bytes_out
    FROM nakadachi.step
   UNION ALL
  SELECT tenant, change, cause, persons, messages_in, messages_out, bytes_in, bytes_out
    FROM nakadachi.change
), dated AS (
  SELECT *, ((to_timestamp(('x' || encode(substring(id FROM 1 FOR 4), 'hex'))::bit(32)::bigint * 64)
              AT TIME ZONE 'UTC') + interval '9 hours')::date AS day
    FROM metered
), recounted AS MATERIALIZED (
  SELECT tenant, day, cause, count(*) AS rows, sum(persons) AS persons,
         sum(messages_in) AS messages_in, sum(messages_out) AS messages_out,
         sum(bytes_in) AS bytes_in, sum(bytes_out) AS bytes_out
    FROM dated
   WHERE date_trunc('month', day) IN (SELECT month FROM nakadachi.billing_month)
   GROUP BY tenant, day, cause
), rolled AS (
  SELECT * FROM nakadachi.meter_day
   WHERE date_trunc('month', day) IN (SELECT month FROM nakadachi.billing_month)
)
SELECT tenant, format('%s cause %s, %s: rolled up %s, the rows say %s', day, cause, f.name,
                      coalesce(f.kept, 0), coalesce(f.made, 0))
  FROM rolled AS k FULL JOIN recounted AS m USING (tenant, day, cause)
 CROSS JOIN LATERAL (VALUES
         ('rows', k.rows, m.rows), ('persons', k.persons, m.persons),
         ('messages in', k.messages_in, m.messages_in),
         ('messages out', k.messages_out, m.messages_out),
         ('bytes in', k.bytes_in, m.bytes_in), ('bytes out', k.bytes_out, m.bytes_out)
       ) AS f (name, kept, made)
 WHERE coalesce(f.kept, 0) <> coalesce(f.made, 0)
 ORDER BY tenant, day, cause, 2;
