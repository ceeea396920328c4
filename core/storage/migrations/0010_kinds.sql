-- What rows were metered with by kind of message, for finance: sums, no row.

SET LOCAL ROLE nakadachi_owner;

-- Of these days, both included, from the rows that are there now. The kind is the step of an
-- exchange, 1 to 4, or 16 and the section of a change. Tenant by tenant, as in roll_up; without
-- sequential scans for the reason given at add_changes in 0007_logs.sql.
CREATE FUNCTION nakadachi.used_by_kind(from_day date, until_day date)
RETURNS TABLE (tenant integer, kind integer, rows bigint, persons bigint, messages_in bigint,
               messages_out bigint, bytes_in bigint, bytes_out bigint)
LANGUAGE sql STABLE STRICT SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET enable_seqscan = off AS $$
  SELECT n.tenant, r.kind, count(*), sum(r.persons), sum(r.messages_in), sum(r.messages_out),
         sum(r.bytes_in), sum(r.bytes_out)
    FROM nakadachi.tenant AS n
   CROSS JOIN LATERAL (
          SELECT s.step::integer AS kind, s.persons, s.messages_in, s.messages_out, s.bytes_in,
                 s.bytes_out
            FROM nakadachi.step AS s
           WHERE s.tenant = n.tenant AND s.exchange >= nakadachi.first_id_of_day(from_day)
             AND s.exchange < nakadachi.first_id_of_day(until_day + 1)
           UNION ALL
          SELECT 16 + c.section, c.persons, c.messages_in, c.messages_out, c.bytes_in, c.bytes_out
            FROM nakadachi.change AS c
           WHERE c.tenant = n.tenant AND c.change >= nakadachi.first_id_of_day(from_day)
             AND c.change < nakadachi.first_id_of_day(until_day + 1)) AS r
   GROUP BY 1, 2
   ORDER BY 1, 2
$$;

GRANT EXECUTE ON FUNCTION nakadachi.used_by_kind TO nakadachi_finance;
