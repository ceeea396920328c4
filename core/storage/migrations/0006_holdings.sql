-- What a town holds, and the journal of its changes. A change is a row of a train, as a step is:
-- its record is appended to the journal, its value becomes the present state of one holding.

-- Values reach the server inside the text of a train. That text never enters the server's log,
-- whatever the server is told to log of others: what is erased must not stay behind there.
DO $$
DECLARE
  setting text;
BEGIN
  FOREACH setting IN ARRAY ARRAY[
    'log_statement = none', 'log_min_error_statement = panic', 'log_min_duration_statement = -1',
    'log_min_duration_sample = -1', 'log_transaction_sample_rate = 0']
  LOOP
    EXECUTE format('ALTER ROLE nakadachi_train IN DATABASE %I SET %s', current_database(), setting);
  END LOOP;
END
$$;

SET LOCAL ROLE nakadachi_owner;

-- A train has steps, changes or both; changes have the leaves behind those of the steps.
ALTER TABLE nakadachi.train
  ADD COLUMN changes integer NOT NULL DEFAULT 0,
  DROP CONSTRAINT train_rows_check,
  ADD CONSTRAINT train_rows_check CHECK (
    rows BETWEEN 0 AND 1024 AND changes BETWEEN 0 AND 1024 AND rows + changes BETWEEN 1 AND 1024);

-- The journal: one row a change, never touched again. It holds nothing of the value.
-- Partitioned like `step`, so that a year can be cut off.
CREATE TABLE nakadachi.change (
  epoch bigint NOT NULL,
  train bigint NOT NULL,
  tenant integer NOT NULL,
  lane integer NOT NULL,
  section smallint NOT NULL CHECK (section BETWEEN 1 AND 255),
  leaf_index smallint NOT NULL CHECK (leaf_index BETWEEN 0 AND 1023),
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

-- The present state of each holding.
CREATE TABLE nakadachi.holding (
  tenant integer NOT NULL,
  section smallint NOT NULL CHECK (section BETWEEN 1 AND 255),
  key bytea NOT NULL CHECK (octet_length(key) = 16),
  value bytea NOT NULL CHECK (octet_length(value) <= 2097152),
  PRIMARY KEY (tenant, section, key)
) PARTITION BY LIST (section);

ALTER TABLE nakadachi.holding ALTER COLUMN value SET STORAGE EXTERNAL;
-- Pending acquisitions (取得番号) must vanish once they are used. They stand by themselves: the
-- table stays small enough to be rewritten (VACUUM FULL) beside running trains.
CREATE TABLE nakadachi.holding_acquisition PARTITION OF nakadachi.holding FOR VALUES IN (2)
  WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 50,
        toast.autovacuum_vacuum_scale_factor = 0, toast.autovacuum_vacuum_threshold = 50);
-- Former values are not to wait until a fifth of a large table is dead.
CREATE TABLE nakadachi.holding_other PARTITION OF nakadachi.holding DEFAULT
  WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000,
        toast.autovacuum_vacuum_scale_factor = 0.02, toast.autovacuum_vacuum_threshold = 1000);

-- Writes the changes of a train: journal and state at once, and only those of the train that this
-- transaction began. Elements with the same place in the arrays are one change; bytes are text
-- as bytea is written, '\x…'. SQLSTATEs as in 0003_trains.sql, and 23505 for a change that is
-- there already; DETAIL is the place in the train.
--
-- Without sequential scans: plans are kept for the session, also one made while a table was small.
CREATE FUNCTION nakadachi.add_changes(
  of_lane integer, of_epoch bigint, of_train bigint,
  tenants integer[], sections smallint[], erasures boolean[], ids text[], keys text[],
  salts text[], leaves text[], records text[], states text[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET enable_seqscan = off AS $$
DECLARE
  head record;
  added integer;
  place bigint;
BEGIN
  SELECT t.rows, t.changes INTO head FROM nakadachi.train AS t
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
         (epoch, train, tenant, lane, section, leaf_index, erase, change, key, salt, leaf, record)
  SELECT of_epoch, of_train, a.tenant, of_lane, a.section, head.rows + a.place - 1, a.erase,
         a.id::bytea, a.key::bytea, a.salt::bytea, a.leaf::bytea, a.record::bytea
    FROM unnest(tenants, sections, erasures, ids, keys, salts, leaves, records)
         WITH ORDINALITY AS a (tenant, section, erase, id, key, salt, leaf, record, place)
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

-- Nodes read their bound tenant; the train writer has the function and no right on a table.
ALTER TABLE nakadachi.change ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE nakadachi.holding ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own_functions_read ON nakadachi.change FOR SELECT TO nakadachi_owner USING (true);
CREATE POLICY own_functions_add ON nakadachi.change FOR INSERT TO nakadachi_owner
  WITH CHECK (true);
CREATE POLICY bound_tenant ON nakadachi.change FOR SELECT TO nakadachi_node
  USING (tenant = nakadachi.bound_tenant());
CREATE POLICY own_functions ON nakadachi.holding TO nakadachi_owner USING (true);
CREATE POLICY bound_tenant ON nakadachi.holding FOR SELECT TO nakadachi_node
  USING (tenant = nakadachi.bound_tenant());

GRANT SELECT ON nakadachi.change, nakadachi.holding TO nakadachi_node;
GRANT EXECUTE ON FUNCTION nakadachi.add_changes TO nakadachi_train;
