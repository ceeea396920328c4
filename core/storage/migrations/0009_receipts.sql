-- What receipts of stored entries are made of (docs/records.md), beyond the tenant's own log.

SET LOCAL ROLE nakadachi_owner;

-- By whose word a train was signed: without it nobody can tell later that its signer was a node
-- of the tenant. Keys of nodes change with every start; these are kept as long as the trains.
CREATE TABLE nakadachi.delegation (
  institution bigint NOT NULL CHECK (institution BETWEEN 0 AND 9999999999999999),
  from_ms bigint NOT NULL,
  until_ms bigint NOT NULL CHECK (until_ms > from_ms),
  tenant integer NOT NULL REFERENCES nakadachi.tenant,
  node_key bytea NOT NULL CHECK (octet_length(node_key) = 32),
  signature bytea NOT NULL CHECK (octet_length(signature) = 64),
  PRIMARY KEY (tenant, node_key, institution, from_ms)
);

ALTER TABLE nakadachi.delegation ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY bound_tenant ON nakadachi.delegation TO nakadachi_node
  USING (tenant = nakadachi.bound_tenant());
GRANT SELECT, INSERT ON nakadachi.delegation TO nakadachi_node;

-- The leaves of a train's rows and changes, in the order of its tree. They are other tenants' too,
-- and salted: a hash says nothing of what it is of, not even whose. A row is found through the
-- heads: it is among the last ones before its log's head. Without sequential scans for the reason
-- given at add_changes in 0007_logs.sql.
CREATE FUNCTION nakadachi.train_leaves(of_lane integer, of_number bigint)
RETURNS TABLE (leaf bytea)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET enable_seqscan = off AS $$
  SELECT r.leaf
    FROM nakadachi.train AS t
   CROSS JOIN LATERAL nakadachi.heads_of(t.heads) AS h
   CROSS JOIN LATERAL (
     SELECT s.leaf_index, s.leaf FROM nakadachi.step AS s
      WHERE s.tenant = h.tenant AND s.number < h.size AND s.number >= h.size - t.rows - t.changes
        AND s.lane = t.lane AND s.train = t.number
      UNION ALL
     SELECT c.leaf_index, c.leaf FROM nakadachi.change AS c
      WHERE c.tenant = h.tenant AND c.number < h.size AND c.number >= h.size - t.rows - t.changes
        AND c.lane = t.lane AND c.train = t.number) AS r
   WHERE t.lane = of_lane AND t.number = of_number
   ORDER BY r.leaf_index
$$;
GRANT EXECUTE ON FUNCTION nakadachi.train_leaves TO nakadachi_node;
