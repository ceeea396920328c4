-- What finance sees: units rolled up a tenant, day and cause, and the months it has closed.

SET LOCAL ROLE nakadachi_owner;

-- A roll-up can be forgotten and made again from the rows, with the same figures.
CREATE TABLE nakadachi.meter_day (
  rows bigint NOT NULL,
  persons bigint NOT NULL,
  messages_in bigint NOT NULL,
  messages_out bigint NOT NULL,
  bytes_in bigint NOT NULL,
  bytes_out bigint NOT NULL,
  tenant integer NOT NULL,
  day date NOT NULL,
  cause smallint NOT NULL CHECK (cause BETWEEN 1 AND 6),
  PRIMARY KEY (tenant, day, cause)
);

-- The day in Japan in which the id's unit of 64 seconds begins; finer times are in no clear column.
CREATE FUNCTION nakadachi.day_of(id bytea) RETURNS date
LANGUAGE sql IMMUTABLE AS $$
  SELECT date '1970-01-01'
           + ((((get_byte(id, 0)::bigint << 24) + (get_byte(id, 1) << 16) + (get_byte(id, 2) << 8)
                + get_byte(id, 3)) * 64 + 9 * 3600) / 86400)::integer
$$;

-- The least id of a day: 1350 units are a day, and the first that begins in Japan's day 0 is -506.
-- Ids end with the 32 bits of their unit, in the year 10680.
CREATE FUNCTION nakadachi.first_id_of_day(day date) RETURNS bytea
LANGUAGE sql IMMUTABLE AS $$
  SELECT substring(int8send(least(greatest((day - date '1970-01-01')::bigint * 1350 - 506, 0),
                                  4294967295)) FROM 5)
           || decode(repeat('00', 12), 'hex')
$$;

-- Makes the roll-up of these days, both included, from the rows that are there now, in the place
-- of an earlier one. A row counts on the day its exchange began on this side, or its change was
-- made. Tenant by tenant, since ids are in order within a tenant.
CREATE FUNCTION nakadachi.roll_up(from_day date, until_day date) RETURNS void
LANGUAGE plpgsql STRICT SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET enable_seqscan = off AS $$
DECLARE
  first constant bytea := nakadachi.first_id_of_day(from_day);
  beyond constant bytea := nakadachi.first_id_of_day(until_day + 1);
BEGIN
  -- Two runs at once would both find the days empty.
  LOCK TABLE nakadachi.meter_day IN SHARE ROW EXCLUSIVE MODE;
  DELETE FROM nakadachi.meter_day AS m WHERE m.day BETWEEN from_day AND until_day;
  INSERT INTO nakadachi.meter_day
         (tenant, day, cause, rows, persons, messages_in, messages_out, bytes_in, bytes_out)
  SELECT n.tenant, nakadachi.day_of(r.id), r.cause, count(*), sum(r.persons), sum(r.messages_in),
         sum(r.messages_out), sum(r.bytes_in), sum(r.bytes_out)
    FROM nakadachi.tenant AS n
   CROSS JOIN LATERAL (
          SELECT s.exchange AS id, s.cause, s.persons, s.messages_in, s.messages_out, s.bytes_in,
                 s.bytes_out
            FROM nakadachi.step AS s
           WHERE s.tenant = n.tenant AND s.exchange >= first AND s.exchange < beyond
           UNION ALL
          SELECT c.change, c.cause, c.persons, c.messages_in, c.messages_out, c.bytes_in,
                 c.bytes_out
            FROM nakadachi.change AS c
           WHERE c.tenant = n.tenant AND c.change >= first AND c.change < beyond) AS r
   GROUP BY 1, 2, 3;
END
$$;

CREATE FUNCTION nakadachi.forget_roll_up() RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  DELETE FROM nakadachi.meter_day
$$;

-- A closed month, never changed. `digest` is over the bill as it was computed; money is whole yen.
CREATE TABLE nakadachi.billing_month (
  pool_cost bigint NOT NULL CHECK (pool_cost >= 0),
  closed_at timestamptz NOT NULL DEFAULT now(),
  month date PRIMARY KEY CHECK (extract(day FROM month) = 1),
  digest bytea NOT NULL CHECK (octet_length(digest) = 32),
  tariff text NOT NULL CHECK (octet_length(tariff) BETWEEN 1 AND 1048576)
);

CREATE TABLE nakadachi.billing_line (
  units bigint NOT NULL CHECK (units >= 0),
  yen bigint NOT NULL,
  tenant integer NOT NULL REFERENCES nakadachi.tenant,
  month date NOT NULL REFERENCES nakadachi.billing_month,
  line smallint NOT NULL CHECK (line >= 0),
  item text NOT NULL CHECK (octet_length(item) BETWEEN 1 AND 200),
  PRIMARY KEY (tenant, month, line)
);

-- Lines come with their month, in one transaction: none joins it afterwards. SQLSTATE NK006.
CREATE FUNCTION nakadachi.check_lines() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF EXISTS (SELECT FROM (SELECT DISTINCT a.month FROM arrived AS a) AS a
              WHERE NOT EXISTS (SELECT FROM nakadachi.billing_month AS m
                                 WHERE m.month = a.month
                                   AND m.xmin = pg_current_xact_id()::xid)) THEN
    RAISE EXCEPTION 'the month is closed' USING ERRCODE = 'NK006';
  END IF;
  RETURN NULL;
END
$$;

CREATE TRIGGER check_lines AFTER INSERT ON nakadachi.billing_line
REFERENCING NEW TABLE AS arrived
FOR EACH STATEMENT EXECUTE FUNCTION nakadachi.check_lines();

ALTER TABLE nakadachi.meter_day ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE nakadachi.billing_line ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own_functions ON nakadachi.meter_day TO nakadachi_owner USING (true);
CREATE POLICY all_tenants ON nakadachi.meter_day FOR SELECT TO nakadachi_finance USING (true);
CREATE POLICY all_tenants_read ON nakadachi.billing_line FOR SELECT TO nakadachi_finance
  USING (true);
CREATE POLICY all_tenants_add ON nakadachi.billing_line FOR INSERT TO nakadachi_finance
  WITH CHECK (true);

GRANT SELECT ON nakadachi.meter_day TO nakadachi_finance;
GRANT EXECUTE ON FUNCTION nakadachi.roll_up, nakadachi.forget_roll_up TO nakadachi_finance;
-- When a month was closed is what the database says.
GRANT SELECT, INSERT (month, pool_cost, tariff, digest) ON nakadachi.billing_month
  TO nakadachi_finance;
GRANT SELECT, INSERT ON nakadachi.billing_line TO nakadachi_finance;
