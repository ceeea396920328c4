-- Each tenant's log: its steps and changes numbered together from 0 without gaps, what each is
-- metered with, and the heads of the logs in the row of every train.
--
-- No train is taken over from before there were logs: none was ever signed with its heads. A
-- database that has one is refused where trains get their heads, and stays as it is.

SET LOCAL ROLE nakadachi_owner;

-- Counts of steps were read through this; 0008_bills.sql puts roll-ups of units in its place.
DROP VIEW nakadachi.step_rollup;

-- Made anew, so that the new columns stand where they leave no gaps; nothing is in them.
DROP TABLE nakadachi.step, nakadachi.change;

-- One row a step: state, record (情報提供等記録) and units at once. Partitioned by the
-- time-ordered id, so that a year can be cut off when its retention ends. Readers go through
-- this parent and its row-level security; the train writer has a right on the leaf only.
CREATE TABLE nakadachi.step (
  epoch bigint NOT NULL,
  train bigint NOT NULL,
  number bigint NOT NULL CHECK (number >= 0),
  tenant integer NOT NULL,
  lane integer NOT NULL,
  outcome integer NOT NULL CHECK (outcome BETWEEN 0 AND 65535),
  bytes_in integer NOT NULL CHECK (bytes_in >= 0),
  bytes_out integer NOT NULL CHECK (bytes_out >= 0),
  step smallint NOT NULL CHECK (step BETWEEN 1 AND 4),
  leaf_index smallint NOT NULL CHECK (leaf_index BETWEEN 0 AND 1023),
  cause smallint NOT NULL CHECK (cause BETWEEN 1 AND 6),
  persons smallint NOT NULL CHECK (persons >= 0),
  messages_in smallint NOT NULL CHECK (messages_in >= 0),
  messages_out smallint NOT NULL CHECK (messages_out >= 0),
  exchange bytea NOT NULL CHECK (octet_length(exchange) = 16),
  salt bytea NOT NULL CHECK (octet_length(salt) = 16),
  leaf bytea NOT NULL CHECK (octet_length(leaf) = 32),
  sealed bytea NOT NULL CHECK (octet_length(sealed) <= 2097152),
  PRIMARY KEY (tenant, exchange, step)
) PARTITION BY RANGE (exchange);

ALTER TABLE nakadachi.step ALTER COLUMN sealed SET STORAGE EXTERNAL;
CREATE TABLE nakadachi.step_all PARTITION OF nakadachi.step DEFAULT;

-- The journal: one row a change, never touched again. It holds nothing of the value.
CREATE TABLE nakadachi.change (
  epoch bigint NOT NULL,
  train bigint NOT NULL,
  number bigint NOT NULL CHECK (number >= 0),
  tenant integer NOT NULL,
  lane integer NOT NULL,
  bytes_in integer NOT NULL CHECK (bytes_in >= 0),
  bytes_out integer NOT NULL CHECK (bytes_out >= 0),
  section smallint NOT NULL CHECK (section BETWEEN 1 AND 255),
  leaf_index smallint NOT NULL CHECK (leaf_index BETWEEN 0 AND 1023),
  cause smallint NOT NULL CHECK (cause BETWEEN 1 AND 6),
  persons smallint NOT NULL CHECK (persons >= 0),
  messages_in smallint NOT NULL CHECK (messages_in >= 0),
  messages_out smallint NOT NULL CHECK (messages_out >= 0),
  erase boolean NOT NULL,
  change bytea NOT NULL CHECK (octet_length(change) = 16),
  key bytea NOT NULL CHECK (octet_length(key) = 16),
  salt bytea NOT NULL CHECK (octet_length(salt) = 16),
  leaf bytea NOT NULL CHECK (octet_length(leaf) = 32),
  record bytea NOT NULL CHECK (octet_length(record) <= 2097152),
  PRIMARY KEY (tenant, change)
) PARTITION BY RANGE (change);

ALTER TABLE nakadachi.change ALTER COLUMN record SET STORAGE EXTERNAL;
CREATE TABLE nakadachi.change_all PARTITION OF nakadachi.change DEFAULT;

-- A log is read from a number on. Not unique: log_end below gives every number once.
CREATE INDEX step_log ON nakadachi.step (tenant, number);
CREATE INDEX change_log ON nakadachi.change (tenant, number);

-- Where each tenant's log ends: how long it is, the train that wrote to it last, and how many
-- entries that train brought. The only row of a log that trains update, and what makes sure of the
-- numbers: they are given out by moving `size`.
CREATE TABLE nakadachi.log_end (
  size bigint NOT NULL CHECK (size >= 0),
  train bigint NOT NULL DEFAULT 0,
  tenant integer PRIMARY KEY REFERENCES nakadachi.tenant,
  lane integer NOT NULL DEFAULT 0,
  entries integer NOT NULL DEFAULT 0
) WITH (fillfactor = 40);

INSERT INTO nakadachi.log_end (tenant, size) SELECT n.tenant, 0 FROM nakadachi.tenant AS n;

CREATE FUNCTION nakadachi.begin_log() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  INSERT INTO nakadachi.log_end (tenant, size) VALUES (NEW.tenant, 0);
  RETURN NULL;
END
$$;

CREATE TRIGGER begin_log AFTER INSERT ON nakadachi.tenant
FOR EACH ROW EXECUTE FUNCTION nakadachi.begin_log();

-- The heads after the train, ascending by tenant: tenant (4 bytes), size (8), root (32).
-- Up to 180 of them stay in the row. Without a default: with a train there already this fails.
ALTER TABLE nakadachi.train
  ADD COLUMN heads bytea NOT NULL
    CHECK (octet_length(heads) % 44 = 0 AND octet_length(heads) <= 44 * 1024),
  ALTER COLUMN heads SET STORAGE EXTERNAL,
  SET (toast_tuple_target = 8160);

-- Without a search_path of its own it is made part of the query that calls it.
CREATE FUNCTION nakadachi.heads_of(heads bytea)
RETURNS TABLE (tenant integer, size bigint)
LANGUAGE sql IMMUTABLE AS $$
  SELECT ('x' || encode(substring(heads FROM 44 * n + 1 FOR 4), 'hex'))::bit(32)::integer,
         ('x' || encode(substring(heads FROM 44 * n + 5 FOR 8), 'hex'))::bit(64)::bigint
    FROM generate_series(0, octet_length(heads) / 44 - 1) AS n
$$;

-- Roots of the complete subtrees of a log (RFC 9162 2.1.1), the largest first, from which a
-- writer goes on without reading the log from its beginning.
CREATE TABLE nakadachi.log_checkpoint (
  size bigint NOT NULL CHECK (size > 0),
  tenant integer NOT NULL,
  frontier bytea NOT NULL CHECK (octet_length(frontier) = 32 * bit_count(size::bit(64))),
  PRIMARY KEY (tenant, size)
);

ALTER TABLE nakadachi.log_checkpoint ALTER COLUMN frontier SET STORAGE EXTERNAL;

-- When a train commits, its heads must be those of exactly the tenants it wrote to, and all its
-- rows must be there. SQLSTATE NK005, here and below: numbers or heads that do not continue a log.
-- Functions of the logs go without sequential scans for the reason given at add_changes.
CREATE FUNCTION nakadachi.check_heads() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET enable_seqscan = off AS $$
DECLARE
  wrong boolean;
  brought bigint;
BEGIN
  SELECT bool_or(h.tenant <= h.former OR l.size IS DISTINCT FROM h.size
                 OR l.lane <> NEW.lane OR l.train <> NEW.number),
         sum(l.entries)
    INTO wrong, brought
    FROM (SELECT tenant, size, lag(tenant) OVER () AS former
            FROM nakadachi.heads_of(NEW.heads)) AS h
    LEFT JOIN nakadachi.log_end AS l ON l.tenant = h.tenant;
  IF wrong OR brought IS DISTINCT FROM NEW.rows + NEW.changes THEN
    RAISE EXCEPTION 'train % of lane % does not have the heads of its logs', NEW.number, NEW.lane
      USING ERRCODE = 'NK005';
  END IF;
  RETURN NULL;
END
$$;

CREATE CONSTRAINT TRIGGER check_heads AFTER INSERT ON nakadachi.train
DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW EXECUTE FUNCTION nakadachi.check_heads();

-- As in 0003_trains.sql, and the steps must continue the logs of their tenants up to the heads of
-- the train: whoever has the check of heads made at once can add nothing behind them afterwards.
CREATE OR REPLACE FUNCTION nakadachi.check_steps() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET enable_seqscan = off AS $$
DECLARE
  head record;
  brought record;
BEGIN
  IF NOT EXISTS (SELECT FROM arrived) THEN
    RETURN NULL;
  END IF;
  SELECT t.lane, t.epoch, t.number, t.rows, t.heads INTO head
    FROM (SELECT a.lane, a.train FROM arrived AS a LIMIT 1) AS first
    JOIN nakadachi.train AS t ON t.lane = first.lane AND t.number = first.train
   WHERE t.xmin = pg_current_xact_id()::xid;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'steps without their train' USING ERRCODE = 'NK004';
  END IF;

  -- A tenant's changes come before its steps: an end that this train moved already is moved on.
  WITH part AS MATERIALIZED (
    SELECT a.tenant, count(*) AS entries, min(a.number) AS first, min(a.leaf_index) AS leaf,
           count(DISTINCT a.number) AS numbers, max(a.number) AS last,
           count(*) FILTER (WHERE a.lane <> head.lane OR a.epoch <> head.epoch
                               OR a.train <> head.number OR a.leaf_index >= head.rows) AS strays
      FROM arrived AS a GROUP BY a.tenant),
  moved AS (
    UPDATE nakadachi.log_end AS l
       SET size = p.last + 1, lane = head.lane, train = head.number,
           entries = p.entries
             + CASE WHEN l.lane = head.lane AND l.train = head.number THEN l.entries ELSE 0 END
      FROM part AS p
      JOIN nakadachi.heads_of(head.heads) AS h ON h.tenant = p.tenant AND h.size = p.last + 1
     WHERE l.tenant = p.tenant AND l.size = p.first
       AND p.numbers = p.entries AND p.last - p.first + 1 = p.entries
    RETURNING l.tenant)
  SELECT sum(p.entries) AS entries, sum(p.strays) AS strays, count(*) AS logs,
         (SELECT count(*) FROM moved) AS continued,
         min(p.leaf) FILTER (WHERE NOT EXISTS (
           SELECT FROM nakadachi.tenant AS n
            WHERE n.tenant = p.tenant AND n.lane = head.lane)) AS stranger
    INTO brought FROM part AS p;
  IF brought.entries <> head.rows OR brought.strays > 0 THEN
    RAISE EXCEPTION 'train % of lane % is to have % steps of its own', head.number, head.lane,
      head.rows USING ERRCODE = 'NK004';
  END IF;
  IF brought.stranger IS NOT NULL THEN
    RAISE EXCEPTION 'tenant of another lane'
      USING ERRCODE = 'NK003', DETAIL = brought.stranger::text;
  END IF;
  IF brought.continued <> brought.logs THEN
    RAISE EXCEPTION 'steps of train % of lane % do not continue a log', head.number, head.lane
      USING ERRCODE = 'NK005';
  END IF;
  RETURN NULL;
END
$$;

CREATE TRIGGER check_steps AFTER INSERT ON nakadachi.step_all
REFERENCING NEW TABLE AS arrived
FOR EACH STATEMENT EXECUTE FUNCTION nakadachi.check_steps();

-- Writes the changes of a train: journal and state at once, and only those of the train that this
-- transaction began. Elements with the same place in the arrays are one change; bytes are text
-- as bytea is written, '\x…'. They must continue the logs of their tenants, not beyond the heads of
-- the train. SQLSTATEs as in 0003_trains.sql, NK005, and 23505 for a change that is there already;
-- DETAIL is the place in the train.
--
-- Without sequential scans: plans are kept for the session, also one made while a table was small.
DROP FUNCTION nakadachi.add_changes;
CREATE FUNCTION nakadachi.add_changes(
  of_lane integer, of_epoch bigint, of_train bigint,
  tenants integer[], numbers bigint[], sections smallint[], erasures boolean[],
  causes smallint[], persons smallint[], messages_in smallint[], messages_out smallint[],
  bytes_in integer[], bytes_out integer[],
  ids text[], keys text[], salts text[], leaves text[], records text[], states text[])
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET enable_seqscan = off AS $$
DECLARE
  head record;
  added integer;
  logs integer;
  continued integer;
  place bigint;
BEGIN
  SELECT t.rows, t.changes, t.heads INTO head FROM nakadachi.train AS t
   WHERE t.lane = of_lane AND t.number = of_train AND t.epoch = of_epoch
     AND t.xmin = pg_current_xact_id()::xid;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'changes without their train' USING ERRCODE = 'NK004';
  END IF;
  IF cardinality(tenants) IS DISTINCT FROM head.changes THEN
    RAISE EXCEPTION 'train % of lane % is to have % changes', of_train, of_lane, head.changes
      USING ERRCODE = 'NK004';
  END IF;

  SELECT head.rows + min(a.place) - 1 INTO place
    FROM unnest(tenants) WITH ORDINALITY AS a (tenant, place)
   WHERE NOT EXISTS (SELECT FROM nakadachi.tenant AS n
                      WHERE n.tenant = a.tenant AND n.lane = of_lane);
  IF place IS NOT NULL THEN
    RAISE EXCEPTION 'tenant of another lane' USING ERRCODE = 'NK003', DETAIL = place::text;
  END IF;

  INSERT INTO nakadachi.change
         (epoch, train, number, tenant, lane, bytes_in, bytes_out, section, leaf_index, cause,
          persons, messages_in, messages_out, erase, change, key, salt, leaf, record)
  SELECT of_epoch, of_train, a.number, a.tenant, of_lane, a.bytes_in, a.bytes_out, a.section,
         head.rows + a.place - 1, a.cause, a.persons, a.messages_in, a.messages_out, a.erase,
         a.id::bytea, a.key::bytea, a.salt::bytea, a.leaf::bytea, a.record::bytea
    FROM unnest(tenants, numbers, sections, erasures, causes, persons, messages_in, messages_out,
                bytes_in, bytes_out, ids, keys, salts, leaves, records)
         WITH ORDINALITY AS a (tenant, number, section, erase, cause, persons, messages_in,
                               messages_out, bytes_in, bytes_out, id, key, salt, leaf, record,
                               place)
  ON CONFLICT DO NOTHING;
  GET DIAGNOSTICS added = ROW_COUNT;
  IF added <> head.changes THEN
    -- The first whose row in the journal is not its own.
    SELECT head.rows + min(a.place) - 1 INTO place
      FROM unnest(tenants, ids) WITH ORDINALITY AS a (tenant, id, place)
     WHERE NOT EXISTS (SELECT FROM nakadachi.change AS c
                        WHERE c.tenant = a.tenant AND c.change = a.id::bytea
                          AND c.lane = of_lane AND c.train = of_train
                          AND c.leaf_index = head.rows + a.place - 1);
    RAISE EXCEPTION 'a change is there already'
      USING ERRCODE = 'unique_violation', CONSTRAINT = 'change_pkey', DETAIL = place::text;
  END IF;

  SELECT count(DISTINCT a) INTO logs FROM unnest(tenants) AS a;
  UPDATE nakadachi.log_end AS l
     SET size = p.last + 1, lane = of_lane, train = of_train,
         entries = p.entries
           + CASE WHEN l.lane = of_lane AND l.train = of_train THEN l.entries ELSE 0 END
    FROM (SELECT a.tenant, count(*) AS entries, min(a.number) AS first, max(a.number) AS last,
                 count(DISTINCT a.number) AS numbers
            FROM unnest(tenants, numbers) AS a (tenant, number)
           GROUP BY a.tenant) AS p
    JOIN nakadachi.heads_of(head.heads) AS h ON h.tenant = p.tenant AND h.size > p.last
   WHERE l.tenant = p.tenant AND l.size = p.first
     AND p.numbers = p.entries AND p.last - p.first + 1 = p.entries;
  GET DIAGNOSTICS continued = ROW_COUNT;
  IF continued <> logs THEN
    RAISE EXCEPTION 'changes of train % of lane % do not continue a log', of_train, of_lane
      USING ERRCODE = 'NK005';
  END IF;

  IF true = ANY (erasures) THEN
    DELETE FROM nakadachi.holding AS h
     USING unnest(tenants, sections, keys, erasures) AS a (tenant, section, key, erase)
     WHERE a.erase AND h.tenant = a.tenant AND h.section = a.section AND h.key = a.key::bytea;
  END IF;
  -- The last change of a holding wins.
  INSERT INTO nakadachi.holding AS h (tenant, section, key, value)
  SELECT l.tenant, l.section, l.key, l.state::bytea
    FROM (SELECT DISTINCT ON (a.tenant, a.section, a.key::bytea)
                 a.tenant, a.section, a.key::bytea AS key, a.erase, a.state
            FROM unnest(tenants, sections, keys, erasures, states)
                 WITH ORDINALITY AS a (tenant, section, key, erase, state, place)
           ORDER BY a.tenant, a.section, a.key::bytea, a.place DESC) AS l
   WHERE NOT l.erase
  ON CONFLICT (tenant, section, key) DO UPDATE SET value = excluded.value;
END
$$;

-- Checkpoints of a train, at heads of that same train.
CREATE FUNCTION nakadachi.add_checkpoints(
  of_lane integer, of_epoch bigint, of_train bigint,
  tenants integer[], sizes bigint[], frontiers text[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  added integer;
BEGIN
  INSERT INTO nakadachi.log_checkpoint (size, tenant, frontier)
  SELECT a.size, a.tenant, a.frontier::bytea
    FROM nakadachi.train AS t
   CROSS JOIN nakadachi.heads_of(t.heads) AS h
    JOIN unnest(tenants, sizes, frontiers) AS a (tenant, size, frontier)
      ON a.tenant = h.tenant AND a.size = h.size
   WHERE t.lane = of_lane AND t.number = of_train AND t.epoch = of_epoch
     AND t.xmin = pg_current_xact_id()::xid;
  GET DIAGNOSTICS added = ROW_COUNT;
  IF added IS DISTINCT FROM cardinality(tenants) THEN
    RAISE EXCEPTION 'checkpoints that are no heads of train % of lane %', of_train, of_lane
      USING ERRCODE = 'NK005';
  END IF;
END
$$;

-- Trains of a lane for those who check signatures: no row of a tenant's own.
CREATE FUNCTION nakadachi.trains(of_lane integer, from_number bigint, most bigint)
RETURNS TABLE (number bigint, epoch bigint, low_water_bucket bigint, rows integer,
               changes integer, signed_at_ms bigint, root bytea, signer bytea, signature bytea,
               heads bytea)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT t.number, t.epoch, t.low_water_bucket, t.rows, t.changes, t.signed_at_ms, t.root,
         t.signer, t.signature, t.heads
    FROM nakadachi.train AS t
   WHERE t.lane = of_lane AND t.number >= from_number ORDER BY t.number LIMIT most
$$;

-- Rights and row-level security of the tables made anew are as they were (0004_rights.sql,
-- 0006_holdings.sql). The ends of logs are for the functions here alone.
ALTER TABLE nakadachi.step ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE nakadachi.change ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE nakadachi.log_end ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE nakadachi.log_checkpoint ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own_functions ON nakadachi.step FOR SELECT TO nakadachi_owner USING (true);
CREATE POLICY bound_tenant ON nakadachi.step FOR SELECT TO nakadachi_node
  USING (tenant = nakadachi.bound_tenant());
CREATE POLICY own_functions_read ON nakadachi.change FOR SELECT TO nakadachi_owner USING (true);
CREATE POLICY own_functions_add ON nakadachi.change FOR INSERT TO nakadachi_owner
  WITH CHECK (true);
CREATE POLICY bound_tenant ON nakadachi.change FOR SELECT TO nakadachi_node
  USING (tenant = nakadachi.bound_tenant());
CREATE POLICY own_functions ON nakadachi.log_end TO nakadachi_owner USING (true);
CREATE POLICY own_functions_add ON nakadachi.log_checkpoint FOR INSERT TO nakadachi_owner
  WITH CHECK (true);
CREATE POLICY bound_tenant ON nakadachi.log_checkpoint FOR SELECT TO nakadachi_node
  USING (tenant = nakadachi.bound_tenant());

GRANT INSERT ON nakadachi.step_all TO nakadachi_train;
GRANT EXECUTE ON FUNCTION nakadachi.add_changes, nakadachi.add_checkpoints TO nakadachi_train;
GRANT SELECT ON nakadachi.step, nakadachi.change, nakadachi.log_checkpoint TO nakadachi_node;
GRANT EXECUTE ON FUNCTION nakadachi.trains TO nakadachi_node;
