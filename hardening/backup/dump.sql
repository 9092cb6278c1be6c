--- For psql: within one snapshot of the database writes its facts to `:manifest` and has pg_dump write the same rows to
--- $RAMPART_FILE. Both run at a time: pg_dump reports its exit code in $RAMPART_RESULT.
\ir session.sql
SELECT pg_export_snapshot() AS snapshot \gset
\setenv RAMPART_SNAPSHOT :snapshot
\o :manifest
\ir sequences-before.sql
\! (pg_dump --dbname="$RAMPART_CONNECTION" --no-password --format=custom --compress=0 --lock-wait-timeout=300s --snapshot="$RAMPART_SNAPSHOT" --file="$RAMPART_FILE" 2>"$RAMPART_RESULT.log" & echo $! >"$RAMPART_RESULT.pid"; wait $!; echo $? >"$RAMPART_RESULT") &
\ir facts.sql
\! while [ ! -s "$RAMPART_RESULT" ]; do sleep 0.2; done
\ir sequences-after.sql
\o
COMMIT;
