-- A helpdesk in use for a year, for measuring: about as many tickets as psql's variable "tickets" says, ten comments
-- each, by 20,000 employees and 500 people of the staff. Run as superuser, with the helpdesk's search_path, in a
-- migrated database without tickets. The same number gives the same data. The tickets of a day (the first 28 of each month from
-- December 2025 on, 336 in all) are TX<date>000001 and so on, so that a random one can be named without asking.
\set ON_ERROR_STOP on
SET synchronous_commit = off;
SET work_mem = '256MB';
SET maintenance_work_mem = '1GB';

-- Inverted indexes are made at the end, all at once.
CREATE UNLOGGED TABLE bench_index AS
SELECT indexname, indexdef FROM pg_indexes
WHERE schemaname = current_schema AND indexdef LIKE '%USING gin%' AND tablename LIKE ANY ('{ticket%,search%}');
SELECT format('DROP INDEX %I', indexname) FROM bench_index \gexec

CREATE FUNCTION bench_random(seed bigint, salt bigint) RETURNS float8 LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT (hashint8extended(seed, salt) & 1073741823) / 1073741824.0
$$;
-- Sentences of six words. Few words are frequent, many are rare.
CREATE UNLOGGED TABLE bench_sentence AS
SELECT s AS id, string_agg(CASE WHEN bench_random(s * 8 + k, 1) < 0.7
    THEN ('{the,is,not,working,again,since,monday,after,update,please,help,with,my,new,laptop,printer,network,vpn,'
        'password,account,mail,outlook,server,screen,keyboard,mouse,login,error,message,cannot,open,file,folder,drive,'
        'shared,access,request,install,software,licence,projector,phone,headset,docking,station,slow,crash,restart,'
        'connection,wireless,office,floor,room,meeting,urgent,customer,budget,order,delivery,invoice,report,system,'
        'database,backup,restore,virus,browser,page,loading,certificate}'::text[])
        [1 + (power(bench_random(s * 8 + k, 2), 1.7) * 69)::int]
    ELSE 'w' || to_hex((power(bench_random(s * 8 + k, 3), 2) * 60000)::int) END, ' ') AS text
FROM generate_series(0, 99999) s, generate_series(1, 6) k GROUP BY s;
CREATE UNIQUE INDEX ON bench_sentence (id);
ANALYZE bench_sentence;

INSERT INTO person (id, email, name, department, active, version)
SELECT i, 'person' || i || '@company.example',
    (ARRAY['Ann', 'Bob', 'Carla', 'Dan', 'Eve', 'Finn', 'Grace', 'Hugo', 'Iris', 'Jan'])[1 + i % 10] || ' '
        || initcap(to_hex(i * 7919)),
    CASE WHEN i > 20000 THEN 'IT Department' ELSE (ARRAY['Engineering', 'Sales', 'Finance', 'Legal'])[1 + i % 4] END,
    true, 1
FROM generate_series(1, 20500) i ON CONFLICT DO NOTHING;

CREATE UNLOGGED TABLE bench_ticket AS
SELECT i AS id, i % per_day + 1 AS sequence,
    timestamptz '2025-12-01 00:00Z' + make_interval(months => (i / per_day / 28)::int, days => (i / per_day % 28)::int)
        + (i % per_day) * 86400.0 / per_day * interval '1 second' AS created_at,
    1 + (power(bench_random(i, 1), 2) * 19999)::bigint AS requester_id,
    20001 + (bench_random(i, 2) * 499)::bigint AS owner_id,
    (bench_random(i, 3) * 99)::int AS part,
    i / per_day AS day
FROM (SELECT ceil(:tickets / 336.0)::bigint AS per_day) p, generate_series(1, per_day * 336) n,
    LATERAL (SELECT n - 1 AS i) m;
UPDATE bench_ticket SET id = id + 1;
ANALYZE bench_ticket;

INSERT INTO ticket (id, number, subject, description, category, sub_category, department, priority, status,
    is_assigned, requester_id, requester_name, requester_email, requester_department, owner_id, owner_name,
    csat_rating, version, created_at, updated_at, first_response_at, completed_at, closed_at, tags)
SELECT b.id, 'TX' || to_char(b.created_at AT TIME ZONE 'UTC', 'YYYYMMDD') || lpad(b.sequence::text, 6, '0'),
    s1.text, s2.text || '. ' || s3.text || '. ' || s1.text || '.',
    (ARRAY['IT Support', 'IT Support', 'Asset Check Out', 'New Budget Proposal'])[1 + b.id % 4],
    CASE WHEN b.id % 4 < 2 THEN 'Technical Assistance' END,
    (ARRAY['IT Department', 'IT Department', 'Asset Department', 'Budget Department'])[1 + b.id % 4],
    (ARRAY['Low', 'Medium', 'Medium', 'High', 'Urgent'])[1 + b.id / 4 % 5]::ticket_priority,
    s.status, true, b.requester_id, p.name, p.email, p.department, b.owner_id, o.name,
    CASE WHEN s.status = 'Closed' AND b.part % 3 = 0 THEN 1 + b.part % 5 END,
    4, b.created_at, b.created_at + interval '1 day', b.created_at + (b.part + 1) * interval '3 minutes',
    CASE WHEN s.status IN ('Closed', 'Resolved', 'Rejected', 'Withdrawn') THEN b.created_at + (b.part + 1) * interval '20 minutes' END,
    CASE WHEN s.status = 'Closed' THEN b.created_at + interval '1 day' END,
    CASE WHEN b.id % 3 = 0 THEN ARRAY['tag' || b.part, 'vpn'] ELSE '{}' END
FROM bench_ticket b
JOIN bench_sentence s1 ON s1.id = b.id % 99991
JOIN bench_sentence s2 ON s2.id = b.id * 31 % 99989
JOIN bench_sentence s3 ON s3.id = b.id * 17 % 99971
CROSS JOIN LATERAL (SELECT (CASE
    WHEN b.part < (CASE WHEN b.day > 300 THEN 60 WHEN b.day > 200 THEN 94 ELSE 97 END) THEN 'Closed'
    WHEN b.part % 10 = 0 THEN 'Withdrawn' WHEN b.part % 10 = 1 THEN 'Rejected' WHEN b.part % 10 < 4 THEN 'Resolved'
    WHEN b.part % 10 < 6 THEN 'On Hold' WHEN b.part % 10 < 9 THEN 'In Progress' ELSE 'Open' END)::ticket_status AS status) s
JOIN person p ON p.id = b.requester_id JOIN person o ON o.id = b.owner_id
ORDER BY b.id;

INSERT INTO ticket_participant (user_id, ticket_id, created_at, is_requester, is_owner)
SELECT requester_id, id, created_at, true, false FROM bench_ticket
UNION ALL SELECT owner_id, id, created_at, false, true FROM bench_ticket;
INSERT INTO ticket_tag (ticket_id, tag, created_at) SELECT id, unnest(tags), created_at FROM ticket WHERE tags <> '{}';
INSERT INTO ticket_history (ticket_id, field_name, old_value, new_value, changed_by, changed_by_name, changed_at)
SELECT id, 'created', NULL, number, requester_id, requester_name, created_at FROM ticket
UNION ALL SELECT id, 'status', 'Open', status::text, owner_id, owner_name, updated_at FROM ticket WHERE status <> 'Open';
INSERT INTO feedback (ticket_id, user_id, rating, created_at)
SELECT id, requester_id, csat_rating, updated_at FROM ticket WHERE csat_rating IS NOT NULL;
INSERT INTO ticket_comment (ticket_id, author_id, author_name, comment, is_internal, created_at)
SELECT b.id, CASE WHEN k % 2 = 0 THEN b.requester_id ELSE b.owner_id END, CASE WHEN k % 2 = 0 THEN p.name ELSE o.name END,
    s1.text || '. ' || s2.text || '.', k = 3, b.created_at + k * interval '2 hours'
FROM bench_ticket b JOIN person p ON p.id = b.requester_id JOIN person o ON o.id = b.owner_id
CROSS JOIN generate_series(0, 9) k
JOIN bench_sentence s1 ON s1.id = (b.id * 10 + k) % 99961
JOIN bench_sentence s2 ON s2.id = (b.id * 10 + k) * 13 % 99929;
INSERT INTO ticket_search (ticket_id, is_internal, part, tsv)
SELECT t.id, c.is_internal, 0, CASE WHEN c.is_internal THEN ticket_day(t.created_at)
        ELSE ticket_vector(t.number, t.subject, t.description, t.requester_name || ' ' || t.requester_email, t.tags,
            t.created_at) END || to_tsvector('ticket_text', c.words)
FROM ticket t JOIN (SELECT ticket_id, is_internal, string_agg(comment, E'\n' ORDER BY id) AS words
    FROM ticket_comment GROUP BY 1, 2) c ON c.ticket_id = t.id
ORDER BY 1, 2;
INSERT INTO search_word SELECT word, ndoc
FROM ts_stat('SELECT tsv FROM ticket_search TABLESAMPLE SYSTEM (10) WHERE NOT is_internal', 'ab')
WHERE length(word) BETWEEN 4 AND 40 ON CONFLICT DO NOTHING;

SELECT setval('ticket_id_seq', max(id) + 1) FROM ticket;
INSERT INTO ticket_counter (day, last)
SELECT to_char(created_at AT TIME ZONE 'UTC', 'YYYYMMDD'), max(sequence) FROM bench_ticket GROUP BY 1;
SELECT indexdef FROM bench_index \gexec
DROP TABLE bench_ticket, bench_sentence, bench_index;
DROP FUNCTION bench_random;
VACUUM ANALYZE;
