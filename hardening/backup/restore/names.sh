## Names come as lines of one psql variable, so that none of them is ever SQL.
names=$(printf '%s\n' "$@")
run() { sql --dbname=postgres --set=names="$names"; }
