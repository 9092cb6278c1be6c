--- The function that the watch calls: see elevation-guard.ts, which puts in the roles whose passwords are guarded. Its
--- owner ends sessions, so that the watch needs no right over anybody's: no pg_signal_backend.
CREATE OR REPLACE FUNCTION rampart.end_elevations() RETURNS SETOF text
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '1s' AS $$
DECLARE
  over record;
  known text := (SELECT shobj_description(oid, 'pg_authid') FROM pg_roles WHERE rolname = 'elevation_watch');
  changed name[] := ARRAY(SELECT rolname FROM pg_authid WHERE rolname = ANY (ARRAY[]::text[])
    AND position(encode(sha256(convert_to(rolpassword, 'UTF8')), 'hex') IN known) = 0 ORDER BY 1);
BEGIN
  PERFORM pg_stat_clear_snapshot();
  -- Sessions first: one that holds a lock on its own role must not be what keeps itself alive.
  FOR over IN
    SELECT a.pid, coalesce(r.rolname, 'a login that was dropped') AS login
    FROM pg_stat_activity a LEFT JOIN pg_roles r ON r.oid = a.usesysid
    WHERE a.backend_type = 'client backend' AND a.usesysid IS NOT NULL AND a.pid <> pg_backend_pid()
      AND (r.oid IS NULL OR r.rolname = ANY (changed) OR (starts_with(r.rolname, 'elevated_')
        AND (NOT r.rolcanlogin OR r.rolvaliduntil <= clock_timestamp()
          OR EXISTS (SELECT FROM pg_auth_members m JOIN pg_roles g ON g.oid = m.roleid
            WHERE m.member = r.oid AND g.rolname = ANY (changed)))))
    ORDER BY 2, 1
  LOOP
    IF pg_terminate_backend(over.pid) THEN
      RAISE LOG 'rampart: elevation ended: the session % of % was ended', over.pid, over.login;
      RETURN NEXT format('ended session %s of %s', over.pid, over.login);
    END IF;
  END LOOP;
  -- Said once, whether or not anybody was in: who may not log in is over.
  FOR over IN SELECT rolname AS login FROM pg_roles
    WHERE starts_with(rolname, 'elevated_') AND rolcanlogin AND rolvaliduntil <= clock_timestamp() ORDER BY 1 LOOP
    BEGIN
      EXECUTE format('ALTER ROLE %I NOLOGIN', over.login);
      RAISE LOG 'rampart: elevation ended: the time of % is over', over.login;
      RETURN NEXT format('the time of %s is over', over.login);
    EXCEPTION WHEN OTHERS THEN RAISE LOG 'rampart: %: %', over.login, SQLERRM;
    END;
  END LOOP;
  FOR over IN SELECT unnest(changed) AS login LOOP
    BEGIN
      EXECUTE format('ALTER ROLE %I PASSWORD NULL', over.login);
      RAISE LOG 'rampart: the password of % was changed by somebody: it is void until "pulumi up --refresh"',
        over.login;
      RETURN NEXT format('the changed password of %s is void', over.login);
    EXCEPTION WHEN OTHERS THEN RAISE LOG 'rampart: %: %', over.login, SQLERRM;
    END;
  END LOOP;
END $$;
