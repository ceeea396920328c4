-- Each head that a train states is what the entries of the log come down to: entry hashes from the
-- clear columns (docs/records.md, 114 bytes), the Merkle tree of RFC 9162 2.1 over them.
--
-- One line a discrepancy: tenant, what.
--
-- A tree of n leaves is folded from its complete subtrees, one for each bit of n that is set, the
-- smallest first: root = H(01 ‖ larger ‖ smaller so far).
SET work_mem = '256MB';
SET jit = off;
SET enable_nestloop = off;

WITH RECURSIVE entry AS MATERIALIZED (
  SELECT tenant, number, lane, train,
         sha256('\x00'::bytea || 'nakadachi entry v1'::bytea
           || int4send(tenant) || int8send(number) || '\x01'::bytea || exchange
           || substring(int2send(step) FROM 2) || substring(int4send(outcome) FROM 3)
           || decode(repeat('00', 17), 'hex') || substring(int2send(cause) FROM 2)
           || int2send(persons) || int2send(messages_in) || int2send(messages_out)
           || int4send(bytes_in) || int4send(bytes_out) || leaf) AS hash
    FROM nakadachi.step
   UNION ALL
  SELECT tenant, number, lane, train,
         sha256('\x00'::bytea || 'nakadachi entry v1'::bytea
           || int4send(tenant) || int8send(number) || '\x02'::bytea || change
           || substring(int2send(section) FROM 2) || '\x0000'::bytea
           || CASE WHEN erase THEN '\x01'::bytea ELSE '\x00'::bytea END || key
           || substring(int2send(cause) FROM 2)
           || int2send(persons) || int2send(messages_in) || int2send(messages_out)
           || int4send(bytes_in) || int4send(bytes_out) || leaf)
    FROM nakadachi.change
), node AS (  -- all complete subtrees: of 2^level leaves, the place-th of them
  SELECT tenant, 0 AS level, number AS place, hash FROM entry
   UNION ALL
  SELECT tenant, level + 1, place / 2, sha256('\x01'::bytea || hash || right_hash)
    FROM (SELECT tenant, level, place, hash,
                 lead(hash) OVER (PARTITION BY tenant ORDER BY place) AS right_hash,
                 lead(place) OVER (PARTITION BY tenant ORDER BY place) AS right_place
            FROM node) AS pair
   WHERE place % 2 = 0 AND right_place = place + 1
), subtree AS MATERIALIZED (
  SELECT * FROM node
), stated AS MATERIALIZED (
  SELECT t.lane, t.number AS train,
         ('x' || encode(substring(t.heads FROM 44 * n + 1 FOR 4), 'hex'))::bit(32)::integer
           AS tenant,
         ('x' || encode(substring(t.heads FROM 44 * n + 5 FOR 8), 'hex'))::bit(64)::bigint
           AS size,
         substring(t.heads FROM 44 * n + 13 FOR 32) AS root
    FROM nakadachi.train AS t, generate_series(0, octet_length(t.heads) / 44 - 1) AS n
), wanted AS MATERIALIZED (
  SELECT tenant, size, level, (size >> (level + 1)) << 1 AS place
    FROM (SELECT DISTINCT tenant, size FROM stated) AS s CROSS JOIN generate_series(0, 40) AS level
   WHERE size >> level & 1 = 1
), peak AS MATERIALIZED (
  SELECT tenant, size, hash, row_number() OVER (PARTITION BY tenant, size ORDER BY level) AS rank
    FROM wanted JOIN subtree USING (tenant, level, place)
), fold AS (
  SELECT tenant, size, rank, hash FROM peak WHERE rank = 1
   UNION ALL
  SELECT f.tenant, f.size, p.rank, sha256('\x01'::bytea || p.hash || f.hash)
    FROM fold AS f
    JOIN peak AS p ON p.tenant = f.tenant AND p.size = f.size AND p.rank = f.rank + 1
), made AS MATERIALIZED (
  SELECT DISTINCT ON (tenant, size) tenant, size, rank, hash
    FROM fold ORDER BY tenant, size, rank DESC
), compared AS MATERIALIZED (
  SELECT s.*, lag(s.size, 1, 0::bigint) OVER log AS former,
         m.hash IS NOT DISTINCT FROM s.root AND m.rank = bit_count(s.size::bit(64)) AS good
    FROM stated AS s LEFT JOIN made AS m USING (tenant, size)
  WINDOW log AS (PARTITION BY s.tenant ORDER BY s.size)
), judged AS MATERIALIZED (
  SELECT *, lag(good, 1, true) OVER log AS former_good, lead(good, 1, false) OVER log AS next_good,
         count(*) FILTER (WHERE NOT good)
           OVER (PARTITION BY tenant ORDER BY size ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING)
           AS bad
    FROM compared
  WINDOW log AS (PARTITION BY tenant ORDER BY size)
), brought AS (
  SELECT tenant, lane, train, max(number) + 1 AS size, min(number) AS first
    FROM entry GROUP BY tenant, lane, train
)
SELECT tenant, CASE
         WHEN next_good THEN format(
           'the head of size %s in train %s of lane %s is not that of the log, later heads are',
           size, train, lane)
         WHEN former = size - 1 THEN format(
           'number %s: not what train %s of lane %s signed (%s heads differ from here on)',
           former, train, lane, bad)
         ELSE format(
           'numbers %s to %s: one is not what train %s of lane %s signed '
           '(%s heads differ from here on)', former, size - 1, train, lane, bad) END
  FROM judged WHERE NOT good AND former_good
UNION ALL
SELECT tenant, format('numbers %s to %s: train %s of lane %s states %s',
                      b.first, b.size - 1, train, lane,
                      CASE WHEN s.size IS NULL THEN 'no head of this log'
                           ELSE 'a head of size ' || s.size END)
  FROM brought AS b LEFT JOIN stated AS s USING (tenant, lane, train)
 WHERE s.size IS DISTINCT FROM b.size
UNION ALL
SELECT tenant, format('train %s of lane %s states a head of size %s and has no entry of the log',
                      train, lane, s.size)
  FROM stated AS s LEFT JOIN brought AS b USING (tenant, lane, train)
 WHERE b.size IS NULL
 ORDER BY 1, 2;
