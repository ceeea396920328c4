-- Plans of what runs for every train are made once a session. PostgreSQL otherwise weighs a plan
-- for the values at hand against one for any, and planned anew for every train: a tenth of its
-- time. What is looked up here goes by indexes for any values.

SET LOCAL ROLE nakadachi_owner;

ALTER FUNCTION nakadachi.fence(integer, bigint) SET plan_cache_mode = force_generic_plan;
ALTER FUNCTION nakadachi.check_train() SET plan_cache_mode = force_generic_plan;
ALTER FUNCTION nakadachi.check_steps() SET plan_cache_mode = force_generic_plan;
ALTER FUNCTION nakadachi.check_heads() SET plan_cache_mode = force_generic_plan;
