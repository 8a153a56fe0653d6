-- One role and one schema for each service that owns data; safe to repeat. Run by a superuser in the
-- database that the fleet uses: deploy/local/postgres, the tests, and compose's first start do so.
-- The passwords are for development. Elsewhere set others (ALTER ROLE … PASSWORD) and give each
-- program its own DB_URL.
DO $$
DECLARE
    service text;
BEGIN
    FOREACH service IN ARRAY ARRAY['auth', 'helpdesk', 'workflow', 'messaging', 'notification', 'registry'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = service) THEN
            EXECUTE format('CREATE ROLE %I LOGIN PASSWORD %L', service, service);
            EXECUTE format('ALTER ROLE %I SET search_path = %I, public', service, service);
        END IF;
        EXECUTE format('CREATE SCHEMA IF NOT EXISTS %I AUTHORIZATION %I', service, service);
    END LOOP;
END
$$;

-- Creating an extension takes more rights than a service has.
CREATE EXTENSION IF NOT EXISTS pg_trgm WITH SCHEMA public;
CREATE EXTENSION IF NOT EXISTS unaccent WITH SCHEMA public;
