## Dumps roles and every database; the file `done` tells a later run that the dump is whole.
. ./client.sh
rm -rf /tmp/upgrade
mkdir /tmp/upgrade
pg_dumpall --globals-only --no-tablespaces > /tmp/upgrade/globals.sql
psql -X -q -A -t -F '|' -v ON_ERROR_STOP=1 -d postgres > /tmp/upgrade/databases <<'SQL'
\ir databases.sql
SQL
while IFS='|' read -r oid name; do
  printf 'dump of %s\n' "$name"
  pg_dump --format=custom --compress=1 --create --no-tablespaces \
    --file=/tmp/upgrade/"$oid".dump --dbname="$name" </dev/null
done < /tmp/upgrade/databases
sync
touch /tmp/upgrade/done
