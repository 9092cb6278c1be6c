## Loads the dump. The superuser exists already, and so do two databases, which are dropped and made again.
. ./client.sh
sed "/^CREATE ROLE \"\{0,1\}$POSTGRES_USER\"\{0,1\};\$/d" /tmp/upgrade/globals.sql > /tmp/upgrade/roles.sql
psql -X -q -o /dev/null -v ON_ERROR_STOP=1 -d postgres -f /tmp/upgrade/roles.sql
while IFS='|' read -r oid name; do
  printf 'restore of %s\n' "$name"
  case $name in
    template1) set -- --clean --if-exists --dbname=postgres ;;
    postgres) set -- --clean --if-exists --dbname=template1 ;;
    *) set -- --dbname=postgres ;;
  esac
  pg_restore --exit-on-error --create "$@" /tmp/upgrade/"$oid".dump </dev/null
done < /tmp/upgrade/databases
