## Runs the SQL on its standard input; the database is its first argument.
. ./client.sh
exec psql -X -q -A -t -F '|' -v ON_ERROR_STOP=1 -d "$1"
