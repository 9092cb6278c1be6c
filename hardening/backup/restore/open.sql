SELECT format('ALTER DATABASE %I WITH ALLOW_CONNECTIONS true', datname) FROM pg_database
  WHERE NOT datallowconn AND datname IN (SELECT string_to_table(:'names', E'\n')) AND NOT datistemplate \gexec
