exec pg_isready --quiet --host=127.0.0.1 --port=5432 --username="$POSTGRES_USER" --dbname=postgres
