CREATE OR REPLACE FUNCTION rampart.refuse_drop_owned() RETURNS event_trigger
  LANGUAGE plpgsql SECURITY INVOKER
  SET search_path = pg_catalog, pg_temp SET quote_all_identifiers = off SET standard_conforming_strings = on
  AS $rampart$
BEGIN
  IF NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
    RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege', MESSAGE = 'permission denied to drop what a role owns',
      HINT = 'Drop the objects one by one.';
  END IF;
END
$rampart$;
