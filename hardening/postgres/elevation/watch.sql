--- The watch's loop, in one session: a login every few seconds would fill the server's log.
DO $$
DECLARE ended text;
BEGIN
  LOOP
    FOR ended IN SELECT rampart.end_elevations() LOOP RAISE NOTICE '%', ended; END LOOP;
    RAISE NOTICE 'looked';
    COMMIT;
    PERFORM pg_sleep(5);
  END LOOP;
END $$;
