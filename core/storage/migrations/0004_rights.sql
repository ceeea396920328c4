-- Who may do what. Row-level security is forced on every table with a tenant in it, so it also
-- holds for the owner, whose functions and view get policies of their own.
--
--   nakadachi_train     adds trains and steps, reads nothing
--   nakadachi_node      reads steps and keys of the tenant it is bound to, adds keys of it
--   nakadachi_operator  tenants and lanes; no steps, no keys
--   nakadachi_finance   the roll-up only

SET LOCAL ROLE nakadachi_owner;

GRANT USAGE ON SCHEMA nakadachi
  TO nakadachi_train, nakadachi_node, nakadachi_operator, nakadachi_finance;

ALTER TABLE nakadachi.tenant ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE nakadachi.tenant_key ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE nakadachi.step ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;

CREATE POLICY own_functions ON nakadachi.tenant FOR SELECT TO nakadachi_owner USING (true);
CREATE POLICY all_tenants ON nakadachi.tenant TO nakadachi_operator USING (true);
CREATE POLICY bound_tenant ON nakadachi.tenant FOR SELECT TO nakadachi_node
  USING (tenant = nakadachi.bound_tenant());
CREATE POLICY bound_tenant ON nakadachi.tenant_key TO nakadachi_node
  USING (tenant = nakadachi.bound_tenant());
CREATE POLICY own_view ON nakadachi.step FOR SELECT TO nakadachi_owner USING (true);
CREATE POLICY bound_tenant ON nakadachi.step FOR SELECT TO nakadachi_node
  USING (tenant = nakadachi.bound_tenant());

-- COPY refuses tables whose row-level security holds for the writer: hence a leaf without it,
-- on which nothing but INSERT is granted, to this role alone, behind the trigger.
GRANT INSERT ON nakadachi.train, nakadachi.step_all TO nakadachi_train;
GRANT EXECUTE ON FUNCTION nakadachi.take_lane, nakadachi.read_back TO nakadachi_train;

GRANT SELECT ON nakadachi.step, nakadachi.tenant TO nakadachi_node;
GRANT SELECT, INSERT ON nakadachi.tenant_key TO nakadachi_node;
GRANT EXECUTE ON FUNCTION nakadachi.bound_tenant, nakadachi.tenants TO nakadachi_node;

GRANT SELECT, INSERT, UPDATE (name, population, lane) ON nakadachi.tenant TO nakadachi_operator;
GRANT SELECT, INSERT (lane) ON nakadachi.lane TO nakadachi_operator;
GRANT EXECUTE ON FUNCTION nakadachi.tenants TO nakadachi_operator;

-- Steps a tenant, day, step and outcome. The day is the one in Japan in which the id's unit of
-- 64 seconds begins; finer times are in no clear column.
CREATE VIEW nakadachi.step_rollup WITH (security_barrier) AS
SELECT s.tenant,
       date '1970-01-01'
         + ((((get_byte(s.exchange, 0)::bigint << 24) + (get_byte(s.exchange, 1) << 16)
              + (get_byte(s.exchange, 2) << 8) + get_byte(s.exchange, 3)) * 64
             + 9 * 3600) / 86400)::integer AS day,
       s.step, s.outcome, count(*) AS steps
  FROM nakadachi.step AS s
 GROUP BY 1, 2, 3, 4;

GRANT SELECT ON nakadachi.step_rollup TO nakadachi_finance;
