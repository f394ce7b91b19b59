-- What people type into psql; :tag keeps two runs apart. test_drivers.py compares the output of two runs.
\set ON_ERROR_STOP off
\set VERBOSITY verbose
DROP TABLE IF EXISTS psql_:tag;
CREATE TABLE psql_:tag (id serial PRIMARY KEY, name text NOT NULL, amount numeric(10, 2) DEFAULT 0, at timestamptz);
INSERT INTO psql_:tag (name, amount) VALUES ('one', 1), ('zwei ü', 2.5), ('🐘', NULL) RETURNING *;
SELECT * FROM psql_:tag ORDER BY id;
SELECT * FROM psql_:tag ORDER BY id \gx
SELECT name AS first_name FROM psql_:tag WHERE id = 1 \gset
\echo :first_name
SELECT id, amount FROM psql_:tag \gdesc
BEGIN;
DELETE FROM psql_:tag;
SELECT 1/0;
SELECT 'refused';
ROLLBACK;
SELECT count(*) FROM psql_:tag;
\copy (SELECT id, name FROM psql_:tag ORDER BY id) TO STDOUT
\copy psql_:tag (name) FROM STDIN
four
five
\.
SELECT 1 AS a \; SELECT 2 AS b \; SELECT 3 AS c;
DO $$ BEGIN RAISE NOTICE 'a notice'; END $$;
SET DateStyle = 'German';
SELECT DATE '2024-02-29';
SET client_encoding = 'LATIN1';
SELECT 'ü' AS umlaut, length('ü');
RESET client_encoding;
SHOW DateStyle;
\set AUTOCOMMIT off
UPDATE psql_:tag SET amount = 100;
SELECT sum(amount) FROM psql_:tag;
ROLLBACK;
\set AUTOCOMMIT on
SELECT sum(amount) FROM psql_:tag;
\set FETCH_COUNT 2
SELECT generate_series(1, 7) AS n;
\unset FETCH_COUNT
SELECT relname FROM pg_class WHERE relname LIKE 'no such%';
\dn
\df pg_catalog.now
\conninfo_is_not_a_command
DROP TABLE psql_:tag;
