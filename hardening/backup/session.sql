\set QUIET 1
\set ON_ERROR_STOP 1
\pset format unaligned
\pset tuples_only on
\pset pager off
BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY;
\o /dev/null
--- All is read with search_path empty, so that PostgreSQL itself qualifies and quotes names; in output forms on which a
--- checksum depends; without a time-out, as a table may take hours; and with row_security off: rows that a policy hides
--- would be missing without a word, and with this, reading them is an error.
SELECT set_config('bytea_output', 'hex', false), set_config('DateStyle', 'ISO, MDY', false),
  set_config('default_transaction_read_only', 'off', false), set_config('extra_float_digits', '1', false),
  set_config('idle_in_transaction_session_timeout', '0', false), set_config('IntervalStyle', 'postgres', false),
  set_config('lc_monetary', 'C', false), set_config('lock_timeout', '300000', false),
  set_config('row_security', 'off', false), set_config('search_path', '', false),
  set_config('statement_timeout', '0', false), set_config('TimeZone', 'UTC', false),
  set_config('xmloption', 'content', false);
