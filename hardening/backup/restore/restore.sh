. ./superuser.sh
PGOPTIONS="$PGOPTIONS -c synchronous_commit=off" pg_restore --exit-on-error --no-password --dbname="$1"
