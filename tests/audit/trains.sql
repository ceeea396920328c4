-- What each train's signature covers is there: its root is that of RFC 9162 2.1 over the leaves of
-- its steps, its changes and its heads, in this order.
--
-- One line a discrepancy: tenant (none: a train is of many), what. The signature itself takes
-- Ed25519, which SQL has not: docs/audit.md.
SET work_mem = '256MB';
SET jit = off;
SET enable_nestloop = off;

WITH RECURSIVE leaf AS MATERIALIZED (
  SELECT lane, train, leaf_index::bigint AS place, leaf AS hash FROM nakadachi.step
   UNION ALL
  SELECT lane, train, leaf_index, leaf FROM nakadachi.change
   UNION ALL
  SELECT t.lane, t.number, t.rows + t.changes + n,
         sha256('\x00'::bytea || decode(repeat('00', 16), 'hex') || '\x1e'::bytea
                || substring(t.heads FROM 44 * n + 1 FOR 44))
    FROM nakadachi.train AS t, generate_series(0, octet_length(t.heads) / 44 - 1) AS n
), counted AS MATERIALIZED (
  SELECT lane, train, count(*) AS leaves, count(DISTINCT place) AS places, max(place) + 1 AS size
    FROM leaf GROUP BY lane, train
), node AS (  -- all complete subtrees: of 2^level leaves, the place-th of them
  SELECT lane, train, 0 AS level, place, hash FROM leaf
   UNION ALL
  SELECT lane, train, level + 1, place / 2, sha256('\x01'::bytea || hash || right_hash)
    FROM (SELECT lane, train, level, place, hash,
                 lead(hash) OVER (PARTITION BY lane, train ORDER BY place) AS right_hash,
                 lead(place) OVER (PARTITION BY lane, train ORDER BY place) AS right_place
            FROM node) AS pair
   WHERE place % 2 = 0 AND right_place = place + 1
), subtree AS MATERIALIZED (
  SELECT * FROM node
), wanted AS MATERIALIZED (
  SELECT lane, train, level, (size >> (level + 1)) << 1 AS place
    FROM counted CROSS JOIN generate_series(0, 11) AS level
   WHERE size >> level & 1 = 1
), peak AS MATERIALIZED (
  SELECT lane, train, hash, row_number() OVER (PARTITION BY lane, train ORDER BY level) AS rank
    FROM wanted JOIN subtree USING (lane, train, level, place)
), fold AS (
  SELECT lane, train, rank, hash FROM peak WHERE rank = 1
   UNION ALL
  SELECT f.lane, f.train, p.rank, sha256('\x01'::bytea || p.hash || f.hash)
    FROM fold AS f JOIN peak AS p ON p.lane = f.lane AND p.train = f.train AND p.rank = f.rank + 1
), made AS (
  SELECT DISTINCT ON (lane, train) lane, train, hash FROM fold ORDER BY lane, train, rank DESC
), numbered AS (
  SELECT lane, number, lag(number, 1, 0::bigint) OVER (PARTITION BY lane ORDER BY number) AS former
    FROM nakadachi.train
)
SELECT NULL::integer, format('train %s of lane %s: %s leaves, its row says %s',
                             number, lane, coalesce(leaves, 0), stated)
  FROM (SELECT t.lane, t.number, c.leaves, c.places, c.size,
               t.rows + t.changes + octet_length(t.heads) / 44 AS stated
          FROM nakadachi.train AS t
          LEFT JOIN counted AS c ON c.lane = t.lane AND c.train = t.number) AS row
 WHERE (leaves, places, size) IS DISTINCT FROM (stated::bigint, stated::bigint, stated::bigint)
UNION ALL
SELECT NULL, format('train %s of lane %s: its leaves do not make the root that was signed',
                    t.number, t.lane)
  FROM nakadachi.train AS t JOIN made AS m ON m.lane = t.lane AND m.train = t.number
 WHERE m.hash <> t.root
UNION ALL
SELECT NULL, format('train %s of lane %s is missing, its rows are there', c.train, c.lane)
  FROM counted AS c LEFT JOIN nakadachi.train AS t ON t.lane = c.lane AND t.number = c.train
 WHERE t.number IS NULL
UNION ALL
SELECT NULL, format('lane %s: no train between %s and %s', lane, former, number)
  FROM numbered WHERE number <> former + 1
 ORDER BY 2;
