// Rules that hold for all roles, tables and functions, also those that are added later.

#include "tests/pg/storage/rights.hpp"

namespace nakadachi::storage {
namespace {

using testing::Answer;
using testing::column;
using testing::Sql;
using testing::TestDatabase;

TEST_CASE("no login role is superuser, owner, past row-level security or a member of any") {
  const TestDatabase database;
  Sql admin(database.login("postgres"));
  CHECK(column(admin.run("SELECT rolname FROM pg_roles WHERE rolname LIKE 'nakadachi\\_%'")) ==
        std::set<std::string>{"nakadachi_owner", "nakadachi_train", "nakadachi_node",
                              "nakadachi_operator", "nakadachi_finance"});
  CHECK(admin
            .run("SELECT count(*) FROM pg_roles WHERE rolname LIKE 'nakadachi\\_%' AND"
                 " (rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb OR rolreplication)")
            .value() == "0");
  CHECK(column(admin.run("SELECT rolname FROM pg_roles WHERE rolname LIKE 'nakadachi\\_%'"
                         " AND NOT rolcanlogin")) == std::set<std::string>{"nakadachi_owner"});
  CHECK(admin
            .run("SELECT count(*) FROM pg_auth_members WHERE"
                 " member::regrole::text LIKE 'nakadachi\\_%'"
                 " OR roleid::regrole::text LIKE 'nakadachi\\_%'")
            .value() == "0");
  CHECK(column(admin.run("SELECT DISTINCT relowner::regrole FROM pg_class"
                         " WHERE relnamespace = 'nakadachi'::regnamespace")) ==
        std::set<std::string>{"nakadachi_owner"});
  CHECK(column(admin.run("SELECT DISTINCT proowner::regrole FROM pg_proc"
                         " WHERE pronamespace = 'nakadachi'::regnamespace")) ==
        std::set<std::string>{"nakadachi_owner"});
}

TEST_CASE("a right that the migration finds on a role is taken away") {
  Sql admin(testing::test_cluster().login("postgres"));
  const TestDatabase first;
  admin.must(
      "ALTER ROLE nakadachi_finance BYPASSRLS CREATEDB;"
      "GRANT nakadachi_owner TO nakadachi_finance");
  const TestDatabase second;
  CHECK(admin
            .run("SELECT rolbypassrls OR rolcreatedb OR pg_has_role(rolname, 'nakadachi_owner',"
                 " 'MEMBER') FROM pg_roles WHERE rolname = 'nakadachi_finance'")
            .value() == "f");
}

TEST_CASE("every table with a tenant in it forces row-level security or is the train's leaf") {
  const TestDatabase database;
  Sql admin(database.login("postgres"));
  const std::string unprotected =
      "SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid"
      " WHERE c.relkind IN ('r', 'p', 'm', 'f') AND a.attname = 'tenant' AND NOT a.attisdropped"
      " AND c.relnamespace = 'nakadachi'::regnamespace"
      " AND NOT (c.relrowsecurity AND c.relforcerowsecurity)"
      // A leaf on which besides the owner only the train writer has a right, and that is INSERT.
      " AND NOT (c.relispartition AND NOT EXISTS (SELECT FROM aclexplode(c.relacl) g"
      "   WHERE g.grantee <> c.relowner AND (g.grantee <> 'nakadachi_train'::regrole"
      "     OR g.privilege_type <> 'INSERT' OR g.is_grantable))"
      "   AND NOT EXISTS (SELECT FROM pg_attribute x WHERE x.attrelid = c.oid"
      "     AND x.attacl IS NOT NULL))";
  CHECK(column(admin.run(unprotected)).empty());
  // The query itself finds what it is for.
  admin.must("CREATE TABLE nakadachi.careless (tenant integer)");
  CHECK(column(admin.run(unprotected)) == std::set<std::string>{"careless"});
  admin.must("DROP TABLE nakadachi.careless; GRANT SELECT ON nakadachi.step_all TO nakadachi_node");
  CHECK(column(admin.run(unprotected)) == std::set<std::string>{"step_all"});
}

TEST_CASE("the rights that are granted are exactly these") {
  const TestDatabase database;
  Sql admin(database.login("postgres"));
  const Answer granted = admin.run(
      "SELECT c.relname || ' ' || CASE g.grantee WHEN 0 THEN 'PUBLIC' ELSE"
      "   g.grantee::regrole::text END || ' ' || g.privilege_type"
      "  FROM pg_class c CROSS JOIN aclexplode(c.relacl) g"
      " WHERE c.relnamespace = 'nakadachi'::regnamespace AND g.grantee <> c.relowner"
      " UNION ALL"
      " SELECT c.relname || '.' || a.attname || ' ' || g.grantee::regrole || ' '"
      "   || g.privilege_type FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid"
      "  CROSS JOIN aclexplode(a.attacl) g WHERE c.relnamespace = 'nakadachi'::regnamespace"
      " UNION ALL"
      " SELECT p.proname || '() ' || CASE g.grantee WHEN 0 THEN 'PUBLIC' ELSE"
      "   g.grantee::regrole::text END || ' ' || g.privilege_type"
      "  FROM pg_proc p CROSS JOIN aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) g"
      " WHERE p.pronamespace = 'nakadachi'::regnamespace AND g.grantee <> p.proowner");
  CHECK(column(granted) == std::set<std::string>{
                               "add_changes() nakadachi_train EXECUTE",
                               "add_checkpoints() nakadachi_train EXECUTE",
                               "billing_line nakadachi_finance INSERT",
                               "billing_line nakadachi_finance SELECT",
                               "billing_month nakadachi_finance SELECT",
                               "billing_month.digest nakadachi_finance INSERT",
                               "billing_month.month nakadachi_finance INSERT",
                               "billing_month.pool_cost nakadachi_finance INSERT",
                               "billing_month.tariff nakadachi_finance INSERT",
                               "bound_tenant() nakadachi_node EXECUTE",
                               "change nakadachi_node SELECT",
                               "delegation nakadachi_node INSERT",
                               "delegation nakadachi_node SELECT",
                               "forget_roll_up() nakadachi_finance EXECUTE",
                               "holding nakadachi_node SELECT",
                               "lane nakadachi_operator SELECT",
                               "lane.lane nakadachi_operator INSERT",
                               "log_checkpoint nakadachi_node SELECT",
                               "meter_day nakadachi_finance SELECT",
                               "read_back() nakadachi_train EXECUTE",
                               "roll_up() nakadachi_finance EXECUTE",
                               "step nakadachi_node SELECT",
                               "step_all nakadachi_train INSERT",
                               "take_lane() nakadachi_train EXECUTE",
                               "tenant nakadachi_node SELECT",
                               "tenant nakadachi_operator INSERT",
                               "tenant nakadachi_operator SELECT",
                               "tenant.lane nakadachi_operator UPDATE",
                               "tenant.name nakadachi_operator UPDATE",
                               "tenant.population nakadachi_operator UPDATE",
                               "used_by_kind() nakadachi_finance EXECUTE",
                               "tenant_key nakadachi_node INSERT",
                               "tenant_key nakadachi_node SELECT",
                               "tenants() nakadachi_node EXECUTE",
                               "tenants() nakadachi_operator EXECUTE",
                               "train nakadachi_train INSERT",
                               "train_leaves() nakadachi_node EXECUTE",
                               "trains() nakadachi_node EXECUTE",
                           });
}

TEST_CASE("functions that run with the owner's rights fix where they look for names") {
  const TestDatabase database;
  Sql admin(database.login("postgres"));
  CHECK(column(admin.run("SELECT proname FROM pg_proc WHERE prosecdef"
                         " AND pronamespace = 'nakadachi'::regnamespace AND NOT"
                         " coalesce('search_path=pg_catalog, pg_temp' = ANY (proconfig), false)"))
            .empty());
}

TEST_CASE("every unique key of a table with a tenant begins with the tenant") {
  const TestDatabase database;
  Sql admin(database.login("postgres"));
  CHECK(column(admin.run("SELECT i.indexrelid::regclass::text FROM pg_index i"
                         " JOIN pg_attribute t ON t.attrelid = i.indrelid AND t.attname = 'tenant'"
                         " JOIN pg_class c ON c.oid = i.indrelid"
                         " WHERE i.indisunique AND c.relnamespace = 'nakadachi'::regnamespace"
                         " AND i.indkey[0] <> t.attnum"))
            .empty());
}

}  // namespace
}  // namespace nakadachi::storage
