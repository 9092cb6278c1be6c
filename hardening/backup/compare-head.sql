\set QUIET 1
\set ON_ERROR_STOP 1
\pset format unaligned
\pset tuples_only on
SET client_min_messages = warning;
SET statement_timeout = 0;
CREATE TEMPORARY TABLE expected (line text);
CREATE TEMPORARY TABLE found (line text);
--- A JSON line has no control characters, so these can be neither a quote nor a delimiter by accident.
COPY expected FROM STDIN (FORMAT csv, QUOTE E'\x01', ESCAPE E'\x01', DELIMITER E'\x02');
