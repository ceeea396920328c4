-- Roles. A cluster has them once for all its databases: made where missing, and their
-- attributes forced, so that a role left over from elsewhere brings no right with it.
-- nakadachi_owner owns every object and never logs in; nobody who logs in is a member of it.
-- How the four others prove who they are (pg_hba.conf, passwords) is not decided here.

DO $$
DECLARE
  wanted record;
  membership record;
  attributes constant text :=
    'NOSUPERUSER NOBYPASSRLS NOCREATEROLE NOCREATEDB NOREPLICATION NOINHERIT';
BEGIN
  FOR wanted IN
    SELECT name, login
      FROM (VALUES ('nakadachi_owner', false), ('nakadachi_train', true), ('nakadachi_node', true),
                   ('nakadachi_operator', true), ('nakadachi_finance', true)) AS r (name, login)
  LOOP
    BEGIN
      IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = wanted.name) THEN
        EXECUTE format('CREATE ROLE %I %s %s', wanted.name, attributes,
                       CASE WHEN wanted.login THEN 'LOGIN' ELSE 'NOLOGIN' END);
      END IF;
    EXCEPTION WHEN duplicate_object OR unique_violation THEN
      NULL;  -- made at this moment by the migration of another database
    END;
    IF EXISTS (SELECT FROM pg_roles
                WHERE rolname = wanted.name
                  AND (rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb
                       OR rolreplication OR rolinherit OR rolcanlogin <> wanted.login)) THEN
      EXECUTE format('ALTER ROLE %I %s %s', wanted.name, attributes,
                     CASE WHEN wanted.login THEN 'LOGIN' ELSE 'NOLOGIN' END);
    END IF;
  END LOOP;

  FOR membership IN
    SELECT r.rolname AS role, m.rolname AS member
      FROM pg_auth_members AS a
      JOIN pg_roles AS r ON r.oid = a.roleid
      JOIN pg_roles AS m ON m.oid = a.member
     WHERE m.rolname IN ('nakadachi_owner', 'nakadachi_train', 'nakadachi_node',
                         'nakadachi_operator', 'nakadachi_finance')
  LOOP
    EXECUTE format('REVOKE %I FROM %I', membership.role, membership.member);
  END LOOP;

  -- No temporary tables for anyone: nothing can be put before our own names.
  EXECUTE format('REVOKE CREATE, TEMPORARY ON DATABASE %I FROM PUBLIC', current_database());
END
$$;

ALTER SCHEMA nakadachi OWNER TO nakadachi_owner;
ALTER TABLE nakadachi.migration OWNER TO nakadachi_owner;
REVOKE ALL ON SCHEMA nakadachi FROM PUBLIC;
-- Functions are executable by everybody unless this says otherwise beforehand.
ALTER DEFAULT PRIVILEGES FOR ROLE nakadachi_owner REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
