-- What people type into psql with a SQLite file behind it; :tag keeps two runs apart.
\set ON_ERROR_STOP off
CREATE TABLE psql_:tag (id serial PRIMARY KEY, name text NOT NULL, amount numeric(10, 2) DEFAULT 0, at timestamptz);
INSERT INTO psql_:tag (name, amount, at) VALUES ('one', 1, '2024-01-01 12:00+00'), ('zwei ü', 2.5, NULL), ('🐘', NULL, NULL) RETURNING *;
SELECT * FROM psql_:tag ORDER BY id;
SELECT name AS first_name FROM psql_:tag WHERE id = 1 \gset
\echo :first_name
SELECT id, amount, at FROM psql_:tag \gdesc
BEGIN;
DELETE FROM psql_:tag;
SELECT 1/0;
SELECT 'refused';
ROLLBACK;
SELECT count(*) FROM psql_:tag;
SELECT 1 AS a \; SELECT 2 AS b \; SELECT 3 AS c;
UPDATE psql_:tag SET amount = amount * 2 WHERE id < 3;
SELECT sum(amount) FROM psql_:tag;
SELECT name, length(name) FROM psql_:tag ORDER BY name DESC;
\set VERBOSITY terse
INSERT INTO psql_:tag (id, name) VALUES (1, 'twice');
\set VERBOSITY default
SELECT nothing FROM psql_:tag;
DROP TABLE psql_:tag;
