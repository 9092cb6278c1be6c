## psql inside the Postgres container, over the server's own socket. The password's file never leaves the container.
PGPASSWORD=$(cat /run/secrets/postgres_password) && export PGPASSWORD
exec psql -h /var/run/postgresql -U "$POSTGRES_USER" -d "$RAMPART_DATABASE" "$@"
