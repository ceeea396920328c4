-- What the database itself enforces about trains, whoever writes and by whatever statement:
-- only the lane's present epoch writes, numbers have no gaps, a statement brings as many steps as
-- its train says, in the train's own transaction, and only tenants of the lane are written.
--
-- SQLSTATEs of our own: NK001 the lane is another's, NK002 not the next number, NK003 a tenant
-- of another lane (DETAIL: its place in the train), NK004 steps that are not their train's.
--
-- The functions rely on READ COMMITTED: every statement sees what was committed before it,
-- also what it waited for. Under a stricter level the row locks below end in error 40001.

SET LOCAL ROLE nakadachi_owner;

-- Holds the lane's epoch in place until the transaction ends, or refuses.
CREATE FUNCTION nakadachi.fence(wanted_lane integer, wanted_epoch bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM FROM nakadachi.lane AS l
    WHERE l.lane = wanted_lane AND l.epoch = wanted_epoch AND l.epoch > 0 FOR SHARE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'lane % is not held with epoch %', wanted_lane, wanted_epoch
      USING ERRCODE = 'NK001';
  END IF;
END
$$;

CREATE FUNCTION nakadachi.check_train() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  next_number bigint;
BEGIN
  PERFORM nakadachi.fence(NEW.lane, NEW.epoch);
  SELECT coalesce(max(t.number), 0) + 1 INTO next_number
    FROM nakadachi.train AS t WHERE t.lane = NEW.lane;
  IF NEW.number <> next_number THEN
    RAISE EXCEPTION 'lane % expects train %, not %', NEW.lane, next_number, NEW.number
      USING ERRCODE = 'NK002';
  END IF;
  RETURN NEW;
END
$$;

CREATE TRIGGER check_train BEFORE INSERT ON nakadachi.train
FOR EACH ROW EXECUTE FUNCTION nakadachi.check_train();

-- The train's own row must be there already, written by this transaction: then the lane is
-- fenced, and no step can join a train afterwards.
CREATE FUNCTION nakadachi.check_steps() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  head record;
  arrived_rows integer;
  stray_rows integer;
  stranger integer;
BEGIN
  IF NOT EXISTS (SELECT FROM arrived) THEN
    RETURN NULL;
  END IF;
  SELECT t.lane, t.epoch, t.number, t.rows INTO head
    FROM (SELECT a.lane, a.train FROM arrived AS a LIMIT 1) AS first
    JOIN nakadachi.train AS t ON t.lane = first.lane AND t.number = first.train
   WHERE t.xmin = pg_current_xact_id()::xid;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'steps without their train' USING ERRCODE = 'NK004';
  END IF;

  SELECT count(*),
         count(*) FILTER (WHERE a.lane <> head.lane OR a.epoch <> head.epoch
                             OR a.train <> head.number OR a.leaf_index >= head.rows),
         min(a.leaf_index) FILTER (WHERE NOT EXISTS (
           SELECT FROM nakadachi.tenant AS n
            WHERE n.tenant = a.tenant AND n.lane = head.lane))
    INTO arrived_rows, stray_rows, stranger
    FROM arrived AS a;
  IF arrived_rows <> head.rows OR stray_rows > 0 THEN
    RAISE EXCEPTION 'train % of lane % is to have % steps of its own', head.number, head.lane,
      head.rows USING ERRCODE = 'NK004';
  END IF;
  IF stranger IS NOT NULL THEN
    RAISE EXCEPTION 'tenant of another lane' USING ERRCODE = 'NK003', DETAIL = stranger::text;
  END IF;
  RETURN NULL;
END
$$;

CREATE TRIGGER check_steps AFTER INSERT ON nakadachi.step_all
REFERENCING NEW TABLE AS arrived
FOR EACH STATEMENT EXECUTE FUNCTION nakadachi.check_steps();

-- Moving a tenant waits for trains under way in its old lane, and they for it. An update, not
-- a lock alone: it also ends transactions that look at an older state of the tables.
CREATE FUNCTION nakadachi.hold_old_lane() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  UPDATE nakadachi.lane AS l SET writer = l.writer WHERE l.lane = OLD.lane;
  RETURN NEW;
END
$$;

CREATE TRIGGER hold_old_lane BEFORE UPDATE OF lane ON nakadachi.tenant
FOR EACH ROW WHEN (OLD.lane <> NEW.lane) EXECUTE FUNCTION nakadachi.hold_old_lane();

-- Gives the lane to a new writer. The update waits for a train under way; the second statement
-- therefore sees that train, were it committed.
CREATE FUNCTION nakadachi.take_lane(
  wanted_lane integer, new_writer text,
  OUT granted_epoch bigint, OUT last_train bigint, OUT last_low_water bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  INSERT INTO nakadachi.lane AS l (lane, epoch, taken_epoch, writer)
  VALUES (wanted_lane, 1, 1, new_writer)
  ON CONFLICT (lane) DO UPDATE
    SET epoch = l.epoch + 1, taken_epoch = l.epoch + 1, writer = excluded.writer
  RETURNING l.epoch INTO granted_epoch;

  SELECT t.number, t.low_water_bucket INTO last_train, last_low_water
    FROM nakadachi.train AS t WHERE t.lane = wanted_lane ORDER BY t.number DESC LIMIT 1;
  last_train := coalesce(last_train, 0);
  last_low_water := coalesce(last_low_water, 0);
END
$$;

-- What became of a train. Raises the epoch first: whatever is not there now will never come.
-- May be asked again with the same epoch when its own answer was lost.
CREATE FUNCTION nakadachi.read_back(
  wanted_lane integer, held_epoch bigint, wanted_number bigint,
  OUT committed boolean, OUT granted_epoch bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  UPDATE nakadachi.lane AS l SET epoch = l.epoch + 1
   WHERE l.lane = wanted_lane AND held_epoch BETWEEN l.taken_epoch AND l.epoch AND held_epoch > 0
  RETURNING l.epoch INTO granted_epoch;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'lane % is no longer held since epoch %', wanted_lane, held_epoch
      USING ERRCODE = 'NK001';
  END IF;
  committed := EXISTS (SELECT FROM nakadachi.train AS t
                        WHERE t.lane = wanted_lane AND t.number = wanted_number);
END
$$;

-- The directory of tenants for those who run them: no row of a tenant's own.
CREATE FUNCTION nakadachi.tenants()
RETURNS TABLE (tenant integer, name text, population integer, lane integer)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT n.tenant, n.name, n.population, n.lane FROM nakadachi.tenant AS n ORDER BY n.tenant
$$;

-- The tenant this session is bound to, NULL when it is not. A setting that was local to an
-- earlier transaction reads as the empty text.
CREATE FUNCTION nakadachi.bound_tenant() RETURNS integer
LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT nullif(current_setting('nakadachi.tenant', true), '')::integer
$$;
