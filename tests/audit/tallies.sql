-- What each town asked and provided, by outcome: tenant, side, outcome, how often. Finds nothing
-- wrong by itself: whoever has another account of the same exchanges lays it beside this one, town by
-- town and side by side, as the demo does with what its clients were told.
--
-- A refusal that is no outcome of its key (docs/records.md) counts among those asked and refused:
-- no clear column tells it apart.
--
-- Outcomes: 1 answered, 2 no data, 3 no symbol, 4 refused, 5 lapsed, 6 answered in part.
SELECT tenant, CASE step WHEN 2 THEN 'provided' ELSE 'asked' END AS side, outcome, count(*)
  FROM nakadachi.step
 WHERE step IN (2, 3)
 GROUP BY tenant, step, outcome
 ORDER BY tenant, side, outcome;
