-- Rows of an earlier schema; see record. Foreign keys and triggers rest meanwhile.
SET session_replication_role = replica;
DELETE FROM registry.directory_revision;
COPY registry.directory_revision ("only_row", "revision") FROM stdin;
t	7
\.
SELECT setval('auth.outbox_id_seq', 48);
SELECT setval('auth.user_account_id_seq', 22);
DELETE FROM auth.credential;
COPY auth.credential ("user_id", "password_hash", "changed_at") FROM stdin;
1	$y$j9T$YANE7keJYjRwYzhUF9pbx/$3ukeOqMTMYEm2LqGIQPh8cbPg9mfQVPpS01M.bk/xOA	2026-11-28 19:42:20.173562+00
10	$y$j9T$QvywwH4M5iCOLlfPICTgn.$wePUucb480.77MFhx7wtf3R1CW3pztipmlccAaeoL09	2026-11-28 19:42:23.679135+00
11	$y$j9T$hw89wEIcePUOt3.ejKhgZ/$73AHtKH9kKMdOD.5GPmM96rs45N.fXN5vmV4IKrfN37	2026-11-28 19:42:24.17986+00
12	$y$j9T$1mLHRUvk6IGwSfi0yZAHH0$3jtvpCfVFWzqrnACRJfkfBvj.5l5tjSYyypqf2Isrh6	2026-11-28 19:42:24.67609+00
13	$y$j9T$J4cJVIFsN8VMjN/5F8Ebu1$eZqWY7ZZMeMGDU1uuQjNuswJofFyB9VBZzBjf/BjVL3	2026-11-28 19:42:25.063103+00
14	$y$j9T$sRCxVeeXsARb37Unsbf6e/$j32J.1kLESUe2AytSR/qiP4B0umJs9TDPum5pMDgHy8	2026-11-28 19:42:25.434567+00
15	$y$j9T$YLHrwjOrZ4Nj1DJfrNr5W1$8PbNnhmzm.TE9p1S6uYJYDoiDHOVXpEIP3c/eV9NB6/	2026-11-28 19:42:25.895691+00
16	$y$j9T$ZVbxtzpUlO8Yp840Lclou1$jHC4kdbv5g/zODA2dZOVo2R4NAi.GB3vatWBiuqoDoB	2026-11-28 19:42:26.41129+00
17	$y$j9T$DxSEdRFo4M9awCdWW5Vhs/$5mEXOjAku0RK7JTgnjv/GoS5bsM.9ITjSFJ.IViqb51	2026-11-28 19:42:26.658219+00
18	$y$j9T$SER/wuEaUnElW5lid1tR..$fnIGQ6w16bCQlxpVpwb6ssytqDChGluNV51CesoGnn6	2026-11-28 19:42:26.98724+00
19	$y$j9T$C3.iCsgiRJvPgpLkcyowd0$CResK4Qnm4xbZPX/T9v80Yw/j7gHVifkh/RXlyLsKT5	2026-11-28 19:42:27.474264+00
2	$y$j9T$H.1AHt5PA4UgBfHnrGI560$Z29vpoLCC9sqLB9IiZTQYbMz3VDFvj6fCa.m6JbtkTC	2026-11-28 19:42:21.060972+00
20	$y$j9T$yfPJS.eNSPNeM39eenckb/$mbegJBjt3ALZjbLmLsrPyU0IwMiFILFUq9Eq2XfWli3	2026-11-28 19:42:27.751416+00
21	$y$j9T$81ZqiFeEpZ7HqVLx3janT/$txaYL3r0XGJScw/8y6u.QXaCRcjKZPRyGn8TdUwdj9A	2026-11-28 19:42:27.978526+00
22	$y$j9T$F0TCblBtCrjWPaaypcZOy0$hahL6niGFoVD7jsVtmpCNLgC44fip7mjqrzwSK0gkO2	2026-11-28 19:42:28.210392+00
3	$y$j9T$F1P4kI3cZSLXc1fEsWIaO.$mdrnCqkDiWV0pmZJUb5UTC4dzOcBc7tnlWtpE74t1bD	2026-11-28 19:42:21.330912+00
4	$y$j9T$qTxuwG6PSJQNH..mpiB4F1$FA1TDvM5ADLyC7wiTxVIgNizW4LIJ1DT8F4fouGcif.	2026-11-28 19:42:21.837115+00
5	$y$j9T$agZO2xgjA8LM2ZZcyANvG.$o9yU0X4Eo7i.Qzx1JCM/v1wJYd9ZKmhBT4JVE/3uqZ/	2026-11-28 19:42:22.18054+00
6	$y$j9T$Ps292GTtcfK8D2HX5dE9r1$fBmp3bdQsVYvYQiYJxuhKb0/m1WHR4xi3q/KhIyd2V7	2026-11-28 19:42:22.416693+00
7	$y$j9T$dyooYQQn3HP7dh5Z./Zy..$RTfHFsXvMphgUT4FXJYh.iAuNK/QJeKfgOQ5I/xN8l.	2026-11-28 19:42:22.777741+00
8	$y$j9T$SU6RzohNN56sWAtMazHKO1$Dmy/BWwOokhjioQQNX814pNuwcYJCUTPtWNbNc8GDS/	2026-11-28 19:42:23.093954+00
9	$y$j9T$rAwc9qCpOn8Ocp/aJL0lQ0$dR8GkcAO/ll.ZHjvc0ta5Mm5c/ino5ztLaxhkZB5UW2	2026-11-28 19:42:23.429873+00
\.
DELETE FROM auth.email_code;
DELETE FROM auth.invitation;
DELETE FROM auth.invitation_role;
DELETE FROM auth.login_challenge;
DELETE FROM auth.recovery_code;
DELETE FROM auth.role;
COPY auth.role ("id", "system_id", "name", "description", "is_custom") FROM stdin;
1	1	Employee	Creates tickets and sees their own	f
2	1	Ticket Coordinator	Owns tickets and works on them	f
3	1	Admin	Manages every ticket and all people	f
4	2	Reviewer	Reviews tasks	f
5	2	Approver	Gives the final approval	f
6	2	Admin	Manages workflows and every task	f
\.
DELETE FROM auth.second_factor;
DELETE FROM auth.system;
COPY auth.system ("id", "slug", "name") FROM stdin;
1	hdts	Helpdesk Ticketing System
2	tts	Ticket Tracking System
\.
DELETE FROM auth.user_account;
COPY auth.user_account ("id", "email", "first_name", "last_name", "full_name", "department", "phone", "active", "version", "created_at", "updated_at", "last_login_at", "email_verified_at", "proof_version") FROM stdin;
1	admin@example.com	Ada	Admin	Ada Admin	IT Department		t	1	2026-11-28 19:42:20.173562+00	2026-11-28 19:42:20.173562+00	2026-11-28 19:42:34.30558+00	2026-11-28 19:42:20.173562+00	2
10	employee2@example.com	Elena	Novak	Elena Novak	Finance		t	1	2026-11-28 19:42:23.679135+00	2026-11-28 19:42:23.679135+00	\N	2026-11-28 19:42:23.679135+00	2
11	employee3@example.com	Farid	Haddad	Farid Haddad	Sales		t	1	2026-11-28 19:42:24.17986+00	2026-11-28 19:42:24.17986+00	\N	2026-11-28 19:42:24.17986+00	2
12	employee4@example.com	Grace	Okafor	Grace Okafor	Engineering		t	1	2026-11-28 19:42:24.67609+00	2026-11-28 19:42:24.67609+00	\N	2026-11-28 19:42:24.67609+00	2
13	employee5@example.com	Hugo	Martin	Hugo Martin	Finance		t	1	2026-11-28 19:42:25.063103+00	2026-11-28 19:42:25.063103+00	\N	2026-11-28 19:42:25.063103+00	2
14	employee6@example.com	Ines	Costa	Ines Costa	Sales		t	1	2026-11-28 19:42:25.434567+00	2026-11-28 19:42:25.434567+00	\N	2026-11-28 19:42:25.434567+00	2
15	employee7@example.com	Jonas	Berg	Jonas Berg	Engineering		t	1	2026-11-28 19:42:25.895691+00	2026-11-28 19:42:25.895691+00	\N	2026-11-28 19:42:25.895691+00	2
16	employee8@example.com	Kavya	Iyer	Kavya Iyer	Engineering		t	1	2026-11-28 19:42:26.41129+00	2026-11-28 19:42:26.41129+00	\N	2026-11-28 19:42:26.41129+00	2
17	employee9@example.com	Liam	Walsh	Liam Walsh	Sales		t	1	2026-11-28 19:42:26.658219+00	2026-11-28 19:42:26.658219+00	\N	2026-11-28 19:42:26.658219+00	2
18	employee10@example.com	Mariana	Lopez	Mariana Lopez	Finance		t	1	2026-11-28 19:42:26.98724+00	2026-11-28 19:42:26.98724+00	\N	2026-11-28 19:42:26.98724+00	2
19	employee11@example.com	Noor	Rahman	Noor Rahman	IT Department		t	1	2026-11-28 19:42:27.474264+00	2026-11-28 19:42:27.474264+00	\N	2026-11-28 19:42:27.474264+00	2
2	coordinator@example.com	Carla	Coordinator	Carla Coordinator	IT Department		t	1	2026-11-28 19:42:21.060972+00	2026-11-28 19:42:21.060972+00	\N	2026-11-28 19:42:21.060972+00	2
20	employee12@example.com	Olga	Petrova	Olga Petrova	Asset Department		t	1	2026-11-28 19:42:27.751416+00	2026-11-28 19:42:27.751416+00	\N	2026-11-28 19:42:27.751416+00	2
21	employee13@example.com	Paul	Schmidt	Paul Schmidt	Budget Department		t	1	2026-11-28 19:42:27.978526+00	2026-11-28 19:42:27.978526+00	\N	2026-11-28 19:42:27.978526+00	2
22	employee14@example.com	Quynh	Tran	Quynh Tran	Engineering		t	1	2026-11-28 19:42:28.210392+00	2026-11-28 19:42:28.210392+00	\N	2026-11-28 19:42:28.210392+00	2
3	coordinator2@example.com	Colin	Cruz	Colin Cruz	Asset Department		t	1	2026-11-28 19:42:21.330912+00	2026-11-28 19:42:21.330912+00	\N	2026-11-28 19:42:21.330912+00	2
4	coordinator3@example.com	Chen	Li	Chen Li	Budget Department		t	1	2026-11-28 19:42:21.837115+00	2026-11-28 19:42:21.837115+00	\N	2026-11-28 19:42:21.837115+00	2
5	reviewer@example.com	Rita	Reviewer	Rita Reviewer	IT Department		t	1	2026-11-28 19:42:22.18054+00	2026-11-28 19:42:22.18054+00	\N	2026-11-28 19:42:22.18054+00	2
6	reviewer2@example.com	Ravi	Rao	Ravi Rao	Asset Department		t	1	2026-11-28 19:42:22.416693+00	2026-11-28 19:42:22.416693+00	\N	2026-11-28 19:42:22.416693+00	2
7	approver@example.com	Anton	Approver	Anton Approver	IT Department		t	1	2026-11-28 19:42:22.777741+00	2026-11-28 19:42:22.777741+00	\N	2026-11-28 19:42:22.777741+00	2
8	approver2@example.com	Aiko	Abe	Aiko Abe	Budget Department		t	1	2026-11-28 19:42:23.093954+00	2026-11-28 19:42:23.093954+00	\N	2026-11-28 19:42:23.093954+00	2
9	employee@example.com	Emil	Employee	Emil Employee	Engineering		t	1	2026-11-28 19:42:23.429873+00	2026-11-28 19:42:23.429873+00	2026-11-28 19:42:34.013459+00	2026-11-28 19:42:23.429873+00	2
\.
DELETE FROM auth.user_role;
COPY auth.user_role ("user_id", "role_id", "granted_by", "granted_at") FROM stdin;
1	3	\N	2026-11-28 19:42:20.173562+00
1	6	\N	2026-11-28 19:42:20.173562+00
10	1	\N	2026-11-28 19:42:23.679135+00
11	1	\N	2026-11-28 19:42:24.17986+00
12	1	\N	2026-11-28 19:42:24.67609+00
13	1	\N	2026-11-28 19:42:25.063103+00
14	1	\N	2026-11-28 19:42:25.434567+00
15	1	\N	2026-11-28 19:42:25.895691+00
16	1	\N	2026-11-28 19:42:26.41129+00
17	1	\N	2026-11-28 19:42:26.658219+00
18	1	\N	2026-11-28 19:42:26.98724+00
19	1	\N	2026-11-28 19:42:27.474264+00
2	2	\N	2026-11-28 19:42:21.060972+00
20	1	\N	2026-11-28 19:42:27.751416+00
21	1	\N	2026-11-28 19:42:27.978526+00
22	1	\N	2026-11-28 19:42:28.210392+00
3	2	\N	2026-11-28 19:42:21.330912+00
4	2	\N	2026-11-28 19:42:21.837115+00
5	4	\N	2026-11-28 19:42:22.18054+00
6	4	\N	2026-11-28 19:42:22.416693+00
7	5	\N	2026-11-28 19:42:22.777741+00
8	5	\N	2026-11-28 19:42:23.093954+00
9	1	\N	2026-11-28 19:42:23.429873+00
\.
SELECT setval('helpdesk.category_id_seq', 9);
SELECT setval('helpdesk.department_id_seq', 3);
SELECT setval('helpdesk.outbox_id_seq', 15);
SELECT setval('helpdesk.sub_category_id_seq', 15);
SELECT setval('helpdesk.ticket_attachment_id_seq', 3);
SELECT setval('helpdesk.ticket_comment_id_seq', 3);
SELECT setval('helpdesk.ticket_history_id_seq', 15);
SELECT setval('helpdesk.ticket_id_seq', 64);
DELETE FROM helpdesk.category;
COPY helpdesk.category ("id", "name", "department_id", "expects_workflow", "is_active", "version", "needs_approval") FROM stdin;
1	IT Support	1	t	t	1	f
2	Asset Check Out	2	t	t	1	f
3	Asset Check In	2	t	t	1	f
4	New Budget Proposal	3	t	t	1	f
5	other	\N	f	t	1	f
6	support	\N	f	t	1	f
7	feature	\N	f	t	1	f
8	bug	\N	f	t	1	f
9	Others	\N	t	t	1	f
\.
DELETE FROM helpdesk.custom_field;
DELETE FROM helpdesk.custom_field_category;
DELETE FROM helpdesk.dead_letter;
DELETE FROM helpdesk.dead_queue;
COPY helpdesk.dead_queue ("name") FROM stdin;
helpdesk.audit
helpdesk.people
helpdesk.tasks
ticket_status-default
\.
DELETE FROM helpdesk.department;
COPY helpdesk.department ("id", "name", "is_active", "version") FROM stdin;
1	IT Department	t	1
2	Asset Department	t	1
3	Budget Department	t	1
\.
DELETE FROM helpdesk.feedback;
DELETE FROM helpdesk.feedback_delta;
DELETE FROM helpdesk.feedback_party;
DELETE FROM helpdesk.feedback_party_tally;
COPY helpdesk.feedback_party_tally ("kind", "n") FROM stdin;
ticket	0
user	0
\.
DELETE FROM helpdesk.feedback_tally;
DELETE FROM helpdesk.kb_article;
DELETE FROM helpdesk.kb_category;
DELETE FROM helpdesk.kb_gap;
DELETE FROM helpdesk.kb_shown;
DELETE FROM helpdesk.kb_slug;
DELETE FROM helpdesk.kb_stat;
DELETE FROM helpdesk.kb_tally;
DELETE FROM helpdesk.kb_version;
DELETE FROM helpdesk.kb_vote;
DELETE FROM helpdesk.media_blob;
COPY helpdesk.media_blob ("sha256", "size", "unused_since") FROM stdin;
f39fc671557e90148206150bb46ac206a1c1dec63dd038149c5fc78eb49170db	29	2026-11-28 19:42:33.134534+00
\.
DELETE FROM helpdesk.media_chunk;
DELETE FROM helpdesk.media_file;
COPY helpdesk.media_file ("id", "ticket_id", "filename", "url", "content_type", "size", "sha256", "uploader_id", "uploader_name", "uploaded_at", "entity_type", "entity_id", "alt_text", "sort_order", "is_public", "updated_at") FROM stdin;
1	1	a.png	/media/tickets/TX20261128000001/a.png	image/png	29	f39fc671557e90148206150bb46ac206a1c1dec63dd038149c5fc78eb49170db	9	Emil Employee	2026-11-28 19:42:32.158939+00	\N	\N	\N	0	f	2026-11-28 19:42:32.158939+00
2	2	a.png	/media/tickets/TX20261128000002/a.png	image/png	29	f39fc671557e90148206150bb46ac206a1c1dec63dd038149c5fc78eb49170db	9	Emil Employee	2026-11-28 19:42:32.669087+00	\N	\N	\N	0	f	2026-11-28 19:42:32.669087+00
3	3	a.png	/media/tickets/TX20261128000003/a.png	image/png	29	f39fc671557e90148206150bb46ac206a1c1dec63dd038149c5fc78eb49170db	9	Emil Employee	2026-11-28 19:42:33.109841+00	\N	\N	\N	0	f	2026-11-28 19:42:33.109841+00
\.
DELETE FROM helpdesk.media_upload;
DELETE FROM helpdesk.person;
COPY helpdesk.person ("id", "email", "name", "department", "active", "version") FROM stdin;
1	admin@example.com	Ada Admin	IT Department	t	1
10	employee2@example.com	Elena Novak	Finance	t	1
11	employee3@example.com	Farid Haddad	Sales	t	1
12	employee4@example.com	Grace Okafor	Engineering	t	1
13	employee5@example.com	Hugo Martin	Finance	t	1
14	employee6@example.com	Ines Costa	Sales	t	1
15	employee7@example.com	Jonas Berg	Engineering	t	1
16	employee8@example.com	Kavya Iyer	Engineering	t	1
17	employee9@example.com	Liam Walsh	Sales	t	1
18	employee10@example.com	Mariana Lopez	Finance	t	1
19	employee11@example.com	Noor Rahman	IT Department	t	1
2	coordinator@example.com	Carla Coordinator	IT Department	t	1
20	employee12@example.com	Olga Petrova	Asset Department	t	1
21	employee13@example.com	Paul Schmidt	Budget Department	t	1
22	employee14@example.com	Quynh Tran	Engineering	t	1
3	coordinator2@example.com	Colin Cruz	Asset Department	t	1
4	coordinator3@example.com	Chen Li	Budget Department	t	1
5	reviewer@example.com	Rita Reviewer	IT Department	t	1
6	reviewer2@example.com	Ravi Rao	Asset Department	t	1
7	approver@example.com	Anton Approver	IT Department	t	1
8	approver2@example.com	Aiko Abe	Budget Department	t	1
9	employee@example.com	Emil Employee	Engineering	t	1
\.
DELETE FROM helpdesk.person_role;
COPY helpdesk.person_role ("person_id", "system", "role", "system_role_id") FROM stdin;
1	hdts	Admin	3
1	tts	Admin	6
10	hdts	Employee	1
11	hdts	Employee	1
12	hdts	Employee	1
13	hdts	Employee	1
14	hdts	Employee	1
15	hdts	Employee	1
16	hdts	Employee	1
17	hdts	Employee	1
18	hdts	Employee	1
19	hdts	Employee	1
2	hdts	Ticket Coordinator	2
20	hdts	Employee	1
21	hdts	Employee	1
22	hdts	Employee	1
3	hdts	Ticket Coordinator	2
4	hdts	Ticket Coordinator	2
5	tts	Reviewer	4
6	tts	Reviewer	4
7	tts	Approver	5
8	tts	Approver	5
9	hdts	Employee	1
\.
DELETE FROM helpdesk.search_delta;
DELETE FROM helpdesk.search_word;
COPY helpdesk.search_word ("word", "n") FROM stdin;
000001	1
000002	1
000003	1
emil	3
employee	3
employee@example.com	3
previous	3
ticket	3
tx20261128000001	1
tx20261128000002	1
tx20261128000003	1
\.
DELETE FROM helpdesk.sub_category;
COPY helpdesk.sub_category ("id", "category_id", "name", "is_active") FROM stdin;
1	1	Data Backup/Restore	t
10	1	Software Installation/Update	t
11	1	Technical Assistance	t
12	4	Charging	t
13	4	Reimbursement	t
14	4	Operational Expenses (OpEx)	t
15	4	Capital Expenses (CapEx)	t
2	1	IT Consultation Request	t
3	1	Virus/Malware Check	t
4	1	System Performance Issue	t
5	1	Printer/Scanner Setup or Issue	t
6	1	Network Connectivity Issue	t
7	1	Internet/Network Connectivity Issue	t
8	1	Email/Account Access Issue	t
9	1	Hardware Troubleshooting	t
\.
DELETE FROM helpdesk.tag_delta;
DELETE FROM helpdesk.tag_tally;
DELETE FROM helpdesk.ticket;
COPY helpdesk.ticket ("id", "number", "subject", "description", "category", "sub_category", "department", "priority", "status", "is_assigned", "held_status", "requester_id", "requester_name", "requester_email", "requester_department", "owner_id", "owner_name", "csat_rating", "csat_feedback", "version", "created_at", "updated_at", "first_response_at", "completed_at", "closed_at", "approval", "custom_fields", "tags") FROM stdin;
1	TX20261128000001	Previous's “ticket” <b> 0	Line one\nLine two\t\\.	IT Support	Technical Assistance	IT Department	High	Open	t	\N	9	Emil Employee	employee@example.com	Engineering	2	Carla Coordinator	\N	\N	4	2026-11-28 19:42:31.832325+00	2026-11-28 19:42:32.235659+00	\N	\N	\N	\N	{}	{}
2	TX20261128000002	Previous's “ticket” <b> 1	Line one\nLine two\t\\.	IT Support	Technical Assistance	IT Department	High	Open	t	\N	9	Emil Employee	employee@example.com	Engineering	3	Colin Cruz	\N	\N	4	2026-11-28 19:42:32.376694+00	2026-11-28 19:42:32.757379+00	\N	\N	\N	\N	{}	{}
3	TX20261128000003	Previous's “ticket” <b> 2	Line one\nLine two\t\\.	IT Support	Technical Assistance	IT Department	High	Open	t	\N	9	Emil Employee	employee@example.com	Engineering	4	Chen Li	\N	\N	4	2026-11-28 19:42:32.890997+00	2026-11-28 19:42:33.181962+00	\N	\N	\N	\N	{}	{}
\.
DELETE FROM helpdesk.ticket_article;
DELETE FROM helpdesk.ticket_author;
COPY helpdesk.ticket_author ("user_id", "last_at") FROM stdin;
9	2026-11-28 19:42:32.890997+00
\.
DELETE FROM helpdesk.ticket_comment;
COPY helpdesk.ticket_comment ("id", "ticket_id", "author_id", "author_name", "comment", "is_internal", "created_at", "version", "edited_at", "search_part") FROM stdin;
1	1	9	Emil Employee	A comment 0: it's "so"	f	2026-11-28 19:42:32.235659+00	1	\N	0
2	2	9	Emil Employee	A comment 1: it's "so"	f	2026-11-28 19:42:32.757379+00	1	\N	0
3	3	9	Emil Employee	A comment 2: it's "so"	f	2026-11-28 19:42:33.181962+00	1	\N	0
\.
DELETE FROM helpdesk.ticket_counter;
COPY helpdesk.ticket_counter ("day", "last") FROM stdin;
20261128	64
\.
DELETE FROM helpdesk.ticket_delta;
DELETE FROM helpdesk.ticket_history;
COPY helpdesk.ticket_history ("id", "ticket_id", "field_name", "old_value", "new_value", "note", "changed_by", "changed_by_name", "changed_at", "is_internal") FROM stdin;
1	1	created	\N	TX20261128000001	\N	9	Emil Employee	2026-11-28 19:42:31.832325+00	f
10	2	comment	\N	2	public	9	Emil Employee	2026-11-28 19:42:32.757379+00	f
11	3	created	\N	TX20261128000003	\N	9	Emil Employee	2026-11-28 19:42:32.890997+00	f
12	3	owner	\N	4	Chen Li	\N	System	2026-11-28 19:42:32.987373+00	f
13	3	is_assigned	false	true	\N	\N	System	2026-11-28 19:42:32.987373+00	f
14	3	attachment	\N	a.png	\N	9	Emil Employee	2026-11-28 19:42:33.109841+00	f
15	3	comment	\N	3	public	9	Emil Employee	2026-11-28 19:42:33.181962+00	f
2	1	owner	\N	2	Carla Coordinator	\N	System	2026-11-28 19:42:32.048944+00	f
3	1	is_assigned	false	true	\N	\N	System	2026-11-28 19:42:32.048944+00	f
4	1	attachment	\N	a.png	\N	9	Emil Employee	2026-11-28 19:42:32.158939+00	f
5	1	comment	\N	1	public	9	Emil Employee	2026-11-28 19:42:32.235659+00	f
6	2	created	\N	TX20261128000002	\N	9	Emil Employee	2026-11-28 19:42:32.376694+00	f
7	2	owner	\N	3	Colin Cruz	\N	System	2026-11-28 19:42:32.522218+00	f
8	2	is_assigned	false	true	\N	\N	System	2026-11-28 19:42:32.522218+00	f
9	2	attachment	\N	a.png	\N	9	Emil Employee	2026-11-28 19:42:32.669087+00	f
\.
DELETE FROM helpdesk.ticket_hour;
COPY helpdesk.ticket_hour ("hour", "n") FROM stdin;
2026-11-28 19:00:00+00	3
\.
DELETE FROM helpdesk.ticket_link;
DELETE FROM helpdesk.ticket_participant;
COPY helpdesk.ticket_participant ("user_id", "ticket_id", "created_at", "is_requester", "is_owner", "is_assignee", "is_watcher") FROM stdin;
2	1	2026-11-28 19:42:31.832325+00	f	t	f	f
3	2	2026-11-28 19:42:32.376694+00	f	t	f	f
4	3	2026-11-28 19:42:32.890997+00	f	t	f	f
5	1	2026-11-28 19:42:31.832325+00	f	f	t	f
5	3	2026-11-28 19:42:32.890997+00	f	f	t	f
6	2	2026-11-28 19:42:32.376694+00	f	f	t	f
9	1	2026-11-28 19:42:31.832325+00	t	f	f	f
9	2	2026-11-28 19:42:32.376694+00	t	f	f	f
9	3	2026-11-28 19:42:32.890997+00	t	f	f	f
\.
DELETE FROM helpdesk.ticket_search;
COPY helpdesk.ticket_search ("ticket_id", "is_internal", "part", "tsv") FROM stdin;
1	f	0	'0':7A,17 '000001':2A '1':3A 'a':15 'comment':16 'emil':8B 'employee':9B 'employee@example.com':10B 'it':18 'line':11C,13C 'one':12C 'previous':4A 's':5A,19 'so':20 'ticket':6A 'two':14C 'tx20261128000001':1A '~20261128'
2	f	0	'000002':2A '1':7A,17 '2':3A 'a':15 'comment':16 'emil':8B 'employee':9B 'employee@example.com':10B 'it':18 'line':11C,13C 'one':12C 'previous':4A 's':5A,19 'so':20 'ticket':6A 'two':14C 'tx20261128000002':1A '~20261128'
3	f	0	'000003':2A '2':7A,17 '3':3A 'a':15 'comment':16 'emil':8B 'employee':9B 'employee@example.com':10B 'it':18 'line':11C,13C 'one':12C 'previous':4A 's':5A,19 'so':20 'ticket':6A 'two':14C 'tx20261128000003':1A '~20261128'
\.
DELETE FROM helpdesk.ticket_tag;
DELETE FROM helpdesk.ticket_tally;
COPY helpdesk.ticket_tally ("status", "is_assigned", "priority", "category", "n") FROM stdin;
Open	t	High	IT Support	3
\.
DELETE FROM helpdesk.ticket_view;
SELECT setval('workflow.assignment_cursor_number', 6);
SELECT setval('workflow.assignment_decision_id_seq', 6);
SELECT setval('workflow.assignment_turn_1', 2);
CREATE SEQUENCE workflow.assignment_turn_4;
ALTER SEQUENCE workflow.assignment_turn_4 OWNER TO workflow;
CREATE SEQUENCE workflow.assignment_turn_5;
ALTER SEQUENCE workflow.assignment_turn_5 OWNER TO workflow;
CREATE SEQUENCE workflow.assignment_turn_6;
ALTER SEQUENCE workflow.assignment_turn_6 OWNER TO workflow;
SELECT setval('workflow.assignment_turn_6', 2);
SELECT setval('workflow.outbox_id_seq', 6);
SELECT setval('workflow.ownership_change_id_seq', 3);
SELECT setval('workflow.sla_clock_id_seq', 6);
SELECT setval('workflow.sla_event_id_seq', 6);
SELECT setval('workflow.step_id_seq', 12);
SELECT setval('workflow.task_id_seq', 3);
SELECT setval('workflow.task_item_history_id_seq', 3);
SELECT setval('workflow.task_item_id_seq', 3);
SELECT setval('workflow.ticket_id_seq', 3);
SELECT setval('workflow.transition_id_seq', 25);
SELECT setval('workflow.workflow_id_seq', 4);
SELECT setval('workflow.workflow_version_id_seq', 4);
DELETE FROM workflow.agent;
DELETE FROM workflow.agent_load;
DELETE FROM workflow.assignment_cursor;
COPY workflow.assignment_cursor ("purpose", "role_system", "role_name", "turns") FROM stdin;
escalation	hdts	Admin	workflow.assignment_turn_2
escalation	tts	Admin	workflow.assignment_turn_3
owner	hdts	Ticket Coordinator	workflow.assignment_turn_1
step	tts	Admin	workflow.assignment_turn_4
step	tts	Approver	workflow.assignment_turn_5
step	tts	Reviewer	workflow.assignment_turn_6
\.
DELETE FROM workflow.assignment_decision;
COPY workflow.assignment_decision ("id", "task_id", "task_item_id", "role_system", "role_name", "candidates", "chosen_id", "reason", "created_at", "policy", "scores", "actor_id") FROM stdin;
1	1	\N	hdts	Ticket Coordinator	{2,3,4}	2	round robin	2026-11-28 19:42:31.864374+00	round_robin	\N	\N
2	1	1	tts	Reviewer	{5,6}	5	round robin	2026-11-28 19:42:31.864374+00	round_robin	\N	\N
3	2	\N	hdts	Ticket Coordinator	{2,3,4}	3	round robin	2026-11-28 19:42:32.417858+00	round_robin	\N	\N
4	2	2	tts	Reviewer	{5,6}	6	round robin	2026-11-28 19:42:32.417858+00	round_robin	\N	\N
5	3	\N	hdts	Ticket Coordinator	{2,3,4}	4	round robin	2026-11-28 19:42:32.912486+00	round_robin	\N	\N
6	3	3	tts	Reviewer	{5,6}	5	round robin	2026-11-28 19:42:32.912486+00	round_robin	\N	\N
\.
DELETE FROM workflow.assignment_policy;
DELETE FROM workflow.calendar;
DELETE FROM workflow.calendar_exception;
DELETE FROM workflow.calendar_slot;
DELETE FROM workflow.dead_letter;
DELETE FROM workflow.dead_queue;
COPY workflow.dead_queue ("name") FROM stdin;
TICKET_TASKS_PRODUCTION
workflow.people
workflow.tickets
\.
DELETE FROM workflow.matching;
COPY workflow.matching ("is_only", "epoch") FROM stdin;
t	5
\.
DELETE FROM workflow.ownership_change;
COPY workflow.ownership_change ("id", "task_id", "kind", "old_owner_id", "new_owner_id", "actor_id", "reason", "urgency", "created_at") FROM stdin;
1	1	assigned	\N	2	\N	round robin	\N	2026-11-28 19:42:31.864374+00
2	2	assigned	\N	3	\N	round robin	\N	2026-11-28 19:42:32.417858+00
3	3	assigned	\N	4	\N	round robin	\N	2026-11-28 19:42:32.912486+00
\.
DELETE FROM workflow.person;
COPY workflow.person ("id", "email", "name", "department", "active", "version") FROM stdin;
1	admin@example.com	Ada Admin	IT Department	t	1
10	employee2@example.com	Elena Novak	Finance	t	1
11	employee3@example.com	Farid Haddad	Sales	t	1
12	employee4@example.com	Grace Okafor	Engineering	t	1
13	employee5@example.com	Hugo Martin	Finance	t	1
14	employee6@example.com	Ines Costa	Sales	t	1
15	employee7@example.com	Jonas Berg	Engineering	t	1
16	employee8@example.com	Kavya Iyer	Engineering	t	1
17	employee9@example.com	Liam Walsh	Sales	t	1
18	employee10@example.com	Mariana Lopez	Finance	t	1
19	employee11@example.com	Noor Rahman	IT Department	t	1
2	coordinator@example.com	Carla Coordinator	IT Department	t	1
20	employee12@example.com	Olga Petrova	Asset Department	t	1
21	employee13@example.com	Paul Schmidt	Budget Department	t	1
22	employee14@example.com	Quynh Tran	Engineering	t	1
3	coordinator2@example.com	Colin Cruz	Asset Department	t	1
4	coordinator3@example.com	Chen Li	Budget Department	t	1
5	reviewer@example.com	Rita Reviewer	IT Department	t	1
6	reviewer2@example.com	Ravi Rao	Asset Department	t	1
7	approver@example.com	Anton Approver	IT Department	t	1
8	approver2@example.com	Aiko Abe	Budget Department	t	1
9	employee@example.com	Emil Employee	Engineering	t	1
\.
DELETE FROM workflow.person_role;
COPY workflow.person_role ("person_id", "system", "role", "system_role_id") FROM stdin;
1	hdts	Admin	3
1	tts	Admin	6
10	hdts	Employee	1
11	hdts	Employee	1
12	hdts	Employee	1
13	hdts	Employee	1
14	hdts	Employee	1
15	hdts	Employee	1
16	hdts	Employee	1
17	hdts	Employee	1
18	hdts	Employee	1
19	hdts	Employee	1
2	hdts	Ticket Coordinator	2
20	hdts	Employee	1
21	hdts	Employee	1
22	hdts	Employee	1
3	hdts	Ticket Coordinator	2
4	hdts	Ticket Coordinator	2
5	tts	Reviewer	4
6	tts	Reviewer	4
7	tts	Approver	5
8	tts	Approver	5
9	hdts	Employee	1
\.
DELETE FROM workflow.sla_clock;
COPY workflow.sla_clock ("id", "task_id", "metric", "state", "started_at", "warn_at", "due_at", "breach_at", "warned_at", "breached_at", "stopped_at", "next_wake", "cycle", "step_id", "workflow_id", "sla_version", "target_us", "breach_us", "consumed_us", "anchor_at", "warn_percents", "warned_percent") FROM stdin;
1	1	resolution	running	2026-11-28 19:42:31+00	2026-11-29 02:06:31+00	2026-11-29 03:42:31+00	2026-11-29 19:42:31+00	\N	\N	\N	2026-11-29 02:06:31+00	1	\N	1	1	28800000000	86400000000	0	2026-11-28 19:42:31+00	{80}	0
2	1	step	running	2026-11-28 19:42:31.864374+00	2026-11-28 22:54:31.864374+00	2026-11-28 23:42:31.864374+00	2026-11-29 07:42:31.864374+00	\N	\N	\N	2026-11-28 22:54:31.864374+00	1	1	1	1	14400000000	43200000000	0	2026-11-28 19:42:31.864374+00	{80}	0
3	2	resolution	running	2026-11-28 19:42:32+00	2026-11-29 02:06:32+00	2026-11-29 03:42:32+00	2026-11-29 19:42:32+00	\N	\N	\N	2026-11-29 02:06:32+00	1	\N	1	1	28800000000	86400000000	0	2026-11-28 19:42:32+00	{80}	0
4	2	step	running	2026-11-28 19:42:32.417858+00	2026-11-28 22:54:32.417858+00	2026-11-28 23:42:32.417858+00	2026-11-29 07:42:32.417858+00	\N	\N	\N	2026-11-28 22:54:32.417858+00	1	1	1	1	14400000000	43200000000	0	2026-11-28 19:42:32.417858+00	{80}	0
5	3	resolution	running	2026-11-28 19:42:32+00	2026-11-29 02:06:32+00	2026-11-29 03:42:32+00	2026-11-29 19:42:32+00	\N	\N	\N	2026-11-29 02:06:32+00	1	\N	1	1	28800000000	86400000000	0	2026-11-28 19:42:32+00	{80}	0
6	3	step	running	2026-11-28 19:42:32.912486+00	2026-11-28 22:54:32.912486+00	2026-11-28 23:42:32.912486+00	2026-11-29 07:42:32.912486+00	\N	\N	\N	2026-11-28 22:54:32.912486+00	1	1	1	1	14400000000	43200000000	0	2026-11-28 19:42:32.912486+00	{80}	0
\.
DELETE FROM workflow.sla_event;
COPY workflow.sla_event ("id", "clock_id", "kind", "detail", "consumed_us", "due_at", "breach_at", "created_at") FROM stdin;
1	1	activate	priority High, no policy, around the clock	0	2026-11-29 03:42:31+00	2026-11-29 19:42:31+00	2026-11-28 19:42:31.864374+00
2	2	activate	priority High, no policy, around the clock	0	2026-11-28 23:42:31.864374+00	2026-11-29 07:42:31.864374+00	2026-11-28 19:42:31.864374+00
3	3	activate	priority High, no policy, around the clock	0	2026-11-29 03:42:32+00	2026-11-29 19:42:32+00	2026-11-28 19:42:32.417858+00
4	4	activate	priority High, no policy, around the clock	0	2026-11-28 23:42:32.417858+00	2026-11-29 07:42:32.417858+00	2026-11-28 19:42:32.417858+00
5	5	activate	priority High, no policy, around the clock	0	2026-11-29 03:42:32+00	2026-11-29 19:42:32+00	2026-11-28 19:42:32.912486+00
6	6	activate	priority High, no policy, around the clock	0	2026-11-28 23:42:32.912486+00	2026-11-29 07:42:32.912486+00	2026-11-28 19:42:32.912486+00
\.
DELETE FROM workflow.sla_policy;
DELETE FROM workflow.sla_response_target;
DELETE FROM workflow.sla_target;
COPY workflow.sla_target ("version_id", "priority", "target_minutes", "breach_minutes") FROM stdin;
1	High	480	1440
1	Low	4320	7200
1	Medium	1440	4320
1	Urgent	120	480
2	High	480	1440
2	Low	4320	7200
2	Medium	1440	4320
2	Urgent	120	480
3	High	480	1440
3	Low	4320	7200
3	Medium	1440	4320
3	Urgent	120	480
4	High	480	1440
4	Low	4320	7200
4	Medium	1440	4320
4	Urgent	120	480
\.
DELETE FROM workflow.step;
COPY workflow.step ("id", "version_id", "position", "name", "role_system", "role_name", "escalation_system", "escalation_role", "weight", "instruction", "is_start") FROM stdin;
1	1	1	Review	tts	Reviewer	tts	Admin	2	Understand the request and solve it, or hand it on.	t
10	4	1	Proposal Review	tts	Reviewer	tts	Admin	2	Check figures and justification.	t
11	4	2	Finance Approval	tts	Approver	tts	Admin	2	Check the proposal against the budget.	f
12	4	3	Final Decision	tts	Admin	tts	Admin	1	Decide on the proposal.	f
2	1	2	Quality Assurance	tts	Approver	tts	Admin	1	Check the solution with the requester's eyes.	f
3	1	3	Admin Review	tts	Admin	tts	Admin	1	Decide what a Reviewer could not.	f
4	2	1	Request Review	tts	Reviewer	tts	Admin	1	Is the asset free, and the request complete?	t
5	2	2	Approval	tts	Approver	tts	Admin	1	Approve the loan and its return date.	f
6	2	3	Handover	tts	Reviewer	tts	Admin	2	Hand the asset over and note its state.	f
7	3	1	Inspection	tts	Reviewer	tts	Admin	2	Inspect the returned asset.	t
8	3	2	Damage Assessment	tts	Admin	tts	Admin	2	Assess damage and decide who bears it.	f
9	3	3	Confirmation	tts	Approver	tts	Admin	1	Confirm the return and free the asset.	f
\.
DELETE FROM workflow.task;
COPY workflow.task ("id", "ticket_id", "version_id", "current_step_id", "status", "owner_id", "target_resolution", "sla_breach_at", "escalated_at", "escalated_by", "resolved_at", "version", "submitted_at", "created_at", "updated_at", "sla_breached_at") FROM stdin;
1	1	1	1	active	2	2026-11-29 03:42:31+00	2026-11-29 19:42:31+00	\N	\N	\N	1	2026-11-28 19:42:31+00	2026-11-28 19:42:31.864374+00	2026-11-28 19:42:31.864374+00	\N
2	2	1	1	active	3	2026-11-29 03:42:32+00	2026-11-29 19:42:32+00	\N	\N	\N	1	2026-11-28 19:42:32+00	2026-11-28 19:42:32.417858+00	2026-11-28 19:42:32.417858+00	\N
3	3	1	1	active	4	2026-11-29 03:42:32+00	2026-11-29 19:42:32+00	\N	\N	\N	1	2026-11-28 19:42:32+00	2026-11-28 19:42:32.912486+00	2026-11-28 19:42:32.912486+00	\N
\.
DELETE FROM workflow.task_item;
COPY workflow.task_item ("id", "task_id", "step_id", "assignee_id", "status", "origin", "notes", "transition_id", "assigned_on", "acted_on", "target_at", "is_escalated", "is_told") FROM stdin;
1	1	1	5	new	System		\N	2026-11-28 19:42:31.864374+00	\N	2026-11-28 23:42:31.864374+00	f	f
2	2	1	6	new	System		\N	2026-11-28 19:42:32.417858+00	\N	2026-11-28 23:42:32.417858+00	f	f
3	3	1	5	new	System		\N	2026-11-28 19:42:32.912486+00	\N	2026-11-28 23:42:32.912486+00	f	f
\.
DELETE FROM workflow.task_item_history;
COPY workflow.task_item_history ("id", "task_item_id", "status", "origin", "notes", "actor_id", "created_at") FROM stdin;
1	1	new	System	Task assigned	\N	2026-11-28 19:42:31.864374+00
2	2	new	System	Task assigned	\N	2026-11-28 19:42:32.417858+00
3	3	new	System	Task assigned	\N	2026-11-28 19:42:32.912486+00
\.
DELETE FROM workflow.ticket;
COPY workflow.ticket ("id", "number", "subject", "description", "category", "sub_category", "department", "priority", "status", "requester_id", "requester_name", "requester_email", "is_matched", "rating", "feedback", "submitted_at", "completed_at", "closed_at", "created_at", "updated_at", "matched_epoch") FROM stdin;
1	TX20261128000001	Previous's “ticket” <b> 0	Line one\nLine two\t\\.	IT Support	Technical Assistance	IT Department	High	Open	9	Emil Employee	employee@example.com	t	\N	\N	2026-11-28 19:42:31+00	\N	\N	2026-11-28 19:42:31.864374+00	2026-11-28 19:42:32.239374+00	0
2	TX20261128000002	Previous's “ticket” <b> 1	Line one\nLine two\t\\.	IT Support	Technical Assistance	IT Department	High	Open	9	Emil Employee	employee@example.com	t	\N	\N	2026-11-28 19:42:32+00	\N	\N	2026-11-28 19:42:32.417858+00	2026-11-28 19:42:32.785343+00	0
3	TX20261128000003	Previous's “ticket” <b> 2	Line one\nLine two\t\\.	IT Support	Technical Assistance	IT Department	High	Open	9	Emil Employee	employee@example.com	t	\N	\N	2026-11-28 19:42:32+00	\N	\N	2026-11-28 19:42:32.912486+00	2026-11-28 19:42:33.208857+00	0
\.
DELETE FROM workflow.transition;
COPY workflow.transition ("id", "version_id", "name", "from_step_id", "to_step_id", "outcome") FROM stdin;
1	1	approve	1	2	\N
10	2	approve	5	6	\N
11	2	return	5	4	\N
12	2	reject	5	\N	rejected
13	2	hand over	6	\N	resolved
14	3	accept	7	9	\N
15	3	report damage	7	8	\N
16	3	settle	8	9	\N
17	3	refuse	8	\N	rejected
18	3	confirm	9	\N	resolved
19	3	return	9	7	\N
2	1	reject	1	\N	rejected
20	4	forward	10	11	\N
21	4	reject	10	\N	rejected
22	4	approve	11	12	\N
23	4	return	11	10	\N
24	4	approve	12	\N	resolved
25	4	reject	12	\N	rejected
3	1	escalate	1	3	\N
4	1	approve	2	\N	resolved
5	1	reject	2	1	\N
6	1	approve	3	\N	resolved
7	1	reject	3	\N	rejected
8	2	submit	4	5	\N
9	2	reject	4	\N	rejected
\.
DELETE FROM workflow.workflow;
COPY workflow.workflow ("id", "public_id", "name", "description", "created_at", "updated_at", "sla_policy_id", "sla_version", "revision", "deleted_at") FROM stdin;
1	be7b8f48-9249-4d61-b9ce-12339282a906	IT Support Workflow	Support requests of every kind to the IT department.	2026-11-28 19:42:23.368355+00	2026-11-28 19:42:23.368355+00	\N	1	2	\N
2	669b8008-a77f-48a7-b1e2-d91274e87702	Asset Check Out Workflow	Lending an asset to an employee.	2026-11-28 19:42:23.519608+00	2026-11-28 19:42:23.519608+00	\N	1	2	\N
3	b0dbb209-a1e6-464e-80ea-e8b440162e15	Asset Check In Workflow	Taking a lent asset back.	2026-11-28 19:42:23.558752+00	2026-11-28 19:42:23.558752+00	\N	1	2	\N
4	e53a6667-54c9-45d8-a2a7-896c5fb0ac2c	Budget Proposal Workflow	Deciding on a budget proposal.	2026-11-28 19:42:23.577341+00	2026-11-28 19:42:23.577341+00	\N	1	2	\N
\.
DELETE FROM workflow.workflow_draft;
DELETE FROM workflow.workflow_version;
COPY workflow.workflow_version ("id", "workflow_id", "version", "state", "department", "category", "sub_category", "priority", "created_at", "published_at", "name", "description", "published_by") FROM stdin;
1	1	1	published	IT Department	IT Support	\N	\N	2026-11-28 19:42:23.368355+00	2026-11-28 19:42:23.368355+00	IT Support Workflow	Support requests of every kind to the IT department.	\N
2	2	1	published	Asset Department	Asset Check Out	\N	\N	2026-11-28 19:42:23.519608+00	2026-11-28 19:42:23.519608+00	Asset Check Out Workflow	Lending an asset to an employee.	\N
3	3	1	published	Asset Department	Asset Check In	\N	\N	2026-11-28 19:42:23.558752+00	2026-11-28 19:42:23.558752+00	Asset Check In Workflow	Taking a lent asset back.	\N
4	4	1	published	Budget Department	New Budget Proposal	\N	\N	2026-11-28 19:42:23.577341+00	2026-11-28 19:42:23.577341+00	Budget Proposal Workflow	Deciding on a budget proposal.	\N
\.
SELECT setval('messaging.conversation_id_seq', 9);
SELECT setval('messaging.message_id_seq', 3);
SELECT setval('messaging.outbox_id_seq', 3);
DELETE FROM messaging.conversation;
COPY messaging.conversation ("id", "type", "ticket_number", "title", "direct_pair", "requester_id", "owner_id", "owner_since", "assignee_id", "assignee_since", "created_at", "updated_at") FROM stdin;
1	support	TX20261128000001	Previous's “ticket” <b> 0	\N	9	2	2026-11-28 19:42:32.048+00	5	2026-11-28 19:42:31.864+00	2026-11-28 19:42:31.887823+00	2026-11-28 19:42:32.315897+00
4	support	TX20261128000002	Previous's “ticket” <b> 1	\N	9	3	2026-11-28 19:42:32.522+00	6	2026-11-28 19:42:32.417+00	2026-11-28 19:42:32.415101+00	2026-11-28 19:42:32.841728+00
7	support	TX20261128000003	Previous's “ticket” <b> 2	\N	9	4	2026-11-28 19:42:32.987+00	5	2026-11-28 19:42:32.912+00	2026-11-28 19:42:32.933484+00	2026-11-28 19:42:33.230619+00
\.
DELETE FROM messaging.dead_letter;
DELETE FROM messaging.dead_queue;
COPY messaging.dead_queue ("name") FROM stdin;
messaging.people
messaging.tickets
\.
DELETE FROM messaging.message;
COPY messaging.message ("id", "conversation_id", "sender_id", "sender_name", "content", "client_id", "created_at") FROM stdin;
1	1	9	Emil Employee	Hello 0	\N	2026-11-28 19:42:32.315897+00
2	4	9	Emil Employee	Hello 1	\N	2026-11-28 19:42:32.841728+00
3	7	9	Emil Employee	Hello 2	\N	2026-11-28 19:42:33.230619+00
\.
DELETE FROM messaging.participant;
COPY messaging.participant ("conversation_id", "user_id", "by_ticket", "joined_at", "last_read_id") FROM stdin;
1	2	t	2026-11-28 19:42:32.089981+00	0
1	5	t	2026-11-28 19:42:32.053353+00	0
1	9	t	2026-11-28 19:42:31.887823+00	1
4	3	t	2026-11-28 19:42:32.615836+00	0
4	6	t	2026-11-28 19:42:32.524807+00	0
4	9	t	2026-11-28 19:42:32.415101+00	2
7	4	t	2026-11-28 19:42:33.045318+00	0
7	5	t	2026-11-28 19:42:33.022921+00	0
7	9	t	2026-11-28 19:42:32.933484+00	3
\.
DELETE FROM messaging.person;
COPY messaging.person ("id", "email", "name", "department", "active", "version") FROM stdin;
1	admin@example.com	Ada Admin	IT Department	t	1
10	employee2@example.com	Elena Novak	Finance	t	1
11	employee3@example.com	Farid Haddad	Sales	t	1
12	employee4@example.com	Grace Okafor	Engineering	t	1
13	employee5@example.com	Hugo Martin	Finance	t	1
14	employee6@example.com	Ines Costa	Sales	t	1
15	employee7@example.com	Jonas Berg	Engineering	t	1
16	employee8@example.com	Kavya Iyer	Engineering	t	1
17	employee9@example.com	Liam Walsh	Sales	t	1
18	employee10@example.com	Mariana Lopez	Finance	t	1
19	employee11@example.com	Noor Rahman	IT Department	t	1
2	coordinator@example.com	Carla Coordinator	IT Department	t	1
20	employee12@example.com	Olga Petrova	Asset Department	t	1
21	employee13@example.com	Paul Schmidt	Budget Department	t	1
22	employee14@example.com	Quynh Tran	Engineering	t	1
3	coordinator2@example.com	Colin Cruz	Asset Department	t	1
4	coordinator3@example.com	Chen Li	Budget Department	t	1
5	reviewer@example.com	Rita Reviewer	IT Department	t	1
6	reviewer2@example.com	Ravi Rao	Asset Department	t	1
7	approver@example.com	Anton Approver	IT Department	t	1
8	approver2@example.com	Aiko Abe	Budget Department	t	1
9	employee@example.com	Emil Employee	Engineering	t	1
\.
DELETE FROM messaging.person_role;
COPY messaging.person_role ("person_id", "system", "role", "system_role_id") FROM stdin;
1	hdts	Admin	3
1	tts	Admin	6
10	hdts	Employee	1
11	hdts	Employee	1
12	hdts	Employee	1
13	hdts	Employee	1
14	hdts	Employee	1
15	hdts	Employee	1
16	hdts	Employee	1
17	hdts	Employee	1
18	hdts	Employee	1
19	hdts	Employee	1
2	hdts	Ticket Coordinator	2
20	hdts	Employee	1
21	hdts	Employee	1
22	hdts	Employee	1
3	hdts	Ticket Coordinator	2
4	hdts	Ticket Coordinator	2
5	tts	Reviewer	4
6	tts	Reviewer	4
7	tts	Approver	5
8	tts	Approver	5
9	hdts	Employee	1
\.
SELECT setval('notification.delivery_id_seq', 35);
SELECT setval('notification.notification_id_seq', 41);
SELECT setval('notification.outbox_id_seq', 41);
DELETE FROM notification.dead_letter;
DELETE FROM notification.dead_queue;
COPY notification.dead_queue ("name") FROM stdin;
notification.events
notification.people
notification.webhooks
\.
DELETE FROM notification.delivery;
COPY notification.delivery ("id", "notification_id", "channel", "recipient", "status", "attempts", "next_attempt_at", "last_error", "sent_at", "created_at", "user_id", "recipient_key", "target", "not_before", "digest_id", "device_id") FROM stdin;
1	1	email	\N	sent	1	2026-11-28 19:43:22.194053+00	\N	2026-11-28 19:42:22.259038+00	2026-11-28 19:42:22.058755+00	3	user:3	example.com	2026-11-28 19:42:22.058755+00	\N	\N
10	10	email	\N	sent	1	2026-11-28 19:43:25.34099+00	\N	2026-11-28 19:42:25.367831+00	2026-11-28 19:42:25.175038+00	12	user:12	example.com	2026-11-28 19:42:25.175038+00	\N	\N
11	11	email	\N	sent	1	2026-11-28 19:43:25.517373+00	\N	2026-11-28 19:42:25.540303+00	2026-11-28 19:42:25.447366+00	13	user:13	example.com	2026-11-28 19:42:25.447366+00	\N	\N
12	12	email	\N	sent	1	2026-11-28 19:43:26.034981+00	\N	2026-11-28 19:42:26.068836+00	2026-11-28 19:42:25.961971+00	14	user:14	example.com	2026-11-28 19:42:25.961971+00	\N	\N
13	13	email	\N	sent	1	2026-11-28 19:43:26.459279+00	\N	2026-11-28 19:42:26.486248+00	2026-11-28 19:42:26.41512+00	15	user:15	example.com	2026-11-28 19:42:26.41512+00	\N	\N
14	14	email	\N	sent	1	2026-11-28 19:43:26.728492+00	\N	2026-11-28 19:42:26.747732+00	2026-11-28 19:42:26.690305+00	16	user:16	example.com	2026-11-28 19:42:26.690305+00	\N	\N
15	15	email	\N	sent	1	2026-11-28 19:43:27.057289+00	\N	2026-11-28 19:42:27.079803+00	2026-11-28 19:42:27.004986+00	17	user:17	example.com	2026-11-28 19:42:27.004986+00	\N	\N
16	16	email	\N	sent	1	2026-11-28 19:43:27.565344+00	\N	2026-11-28 19:42:27.584288+00	2026-11-28 19:42:27.50856+00	18	user:18	example.com	2026-11-28 19:42:27.50856+00	\N	\N
17	17	email	\N	sent	1	2026-11-28 19:43:27.773416+00	\N	2026-11-28 19:42:27.795448+00	2026-11-28 19:42:27.760543+00	19	user:19	example.com	2026-11-28 19:42:27.760543+00	\N	\N
18	18	email	\N	sent	1	2026-11-28 19:43:28.012379+00	\N	2026-11-28 19:42:28.03441+00	2026-11-28 19:42:27.987393+00	20	user:20	example.com	2026-11-28 19:42:27.987393+00	\N	\N
19	19	email	\N	sent	1	2026-11-28 19:43:28.241753+00	\N	2026-11-28 19:42:28.248963+00	2026-11-28 19:42:28.214036+00	21	user:21	example.com	2026-11-28 19:42:28.214036+00	\N	\N
2	2	email	\N	sent	1	2026-11-28 19:43:22.296733+00	\N	2026-11-28 19:42:22.328204+00	2026-11-28 19:42:22.1931+00	4	user:4	example.com	2026-11-28 19:42:22.1931+00	\N	\N
20	20	email	\N	sent	1	2026-11-28 19:43:28.472362+00	\N	2026-11-28 19:42:28.498414+00	2026-11-28 19:42:28.417473+00	22	user:22	example.com	2026-11-28 19:42:28.417473+00	\N	\N
21	21	email	\N	sent	1	2026-11-28 19:43:31.878481+00	\N	2026-11-28 19:42:31.894207+00	2026-11-28 19:42:31.869555+00	9	user:9	example.com	2026-11-28 19:42:31.869555+00	\N	\N
22	22	email	\N	sent	1	2026-11-28 19:43:32.071092+00	\N	2026-11-28 19:42:32.081377+00	2026-11-28 19:42:32.052573+00	5	user:5	example.com	2026-11-28 19:42:32.052573+00	\N	\N
23	23	email	\N	sent	1	2026-11-28 19:43:32.143952+00	\N	2026-11-28 19:42:32.15128+00	2026-11-28 19:42:32.089815+00	2	user:2	example.com	2026-11-28 19:42:32.089815+00	\N	\N
24	24	email	\N	sent	1	2026-11-28 19:43:32.147614+00	\N	2026-11-28 19:42:32.167616+00	2026-11-28 19:42:32.089815+00	9	user:9	example.com	2026-11-28 19:42:32.089815+00	\N	\N
25	25	email	\N	sent	1	2026-11-28 19:43:32.323363+00	\N	2026-11-28 19:42:32.334988+00	2026-11-28 19:42:32.296313+00	2	user:2	example.com	2026-11-28 19:42:32.296313+00	\N	\N
26	28	email	\N	sent	1	2026-11-28 19:43:32.429122+00	\N	2026-11-28 19:42:32.443218+00	2026-11-28 19:42:32.414303+00	9	user:9	example.com	2026-11-28 19:42:32.414303+00	\N	\N
27	29	email	\N	sent	1	2026-11-28 19:43:32.566399+00	\N	2026-11-28 19:42:32.592855+00	2026-11-28 19:42:32.525025+00	6	user:6	example.com	2026-11-28 19:42:32.525025+00	\N	\N
28	30	email	\N	sent	1	2026-11-28 19:43:32.687883+00	\N	2026-11-28 19:42:32.700904+00	2026-11-28 19:42:32.615784+00	3	user:3	example.com	2026-11-28 19:42:32.615784+00	\N	\N
29	31	email	\N	sent	1	2026-11-28 19:43:32.695364+00	\N	2026-11-28 19:42:32.719696+00	2026-11-28 19:42:32.615784+00	9	user:9	example.com	2026-11-28 19:42:32.615784+00	\N	\N
3	3	email	\N	sent	1	2026-11-28 19:43:22.489641+00	\N	2026-11-28 19:42:22.519806+00	2026-11-28 19:42:22.42222+00	5	user:5	example.com	2026-11-28 19:42:22.42222+00	\N	\N
30	32	email	\N	sent	1	2026-11-28 19:43:32.884342+00	\N	2026-11-28 19:42:32.910194+00	2026-11-28 19:42:32.836701+00	3	user:3	example.com	2026-11-28 19:42:32.836701+00	\N	\N
31	34	email	\N	sent	1	2026-11-28 19:43:32.968369+00	\N	2026-11-28 19:42:32.982305+00	2026-11-28 19:42:32.932346+00	9	user:9	example.com	2026-11-28 19:42:32.932346+00	\N	\N
32	36	email	\N	sent	1	2026-11-28 19:43:33.079318+00	\N	2026-11-28 19:42:33.103298+00	2026-11-28 19:42:33.024057+00	5	user:5	example.com	2026-11-28 19:42:33.024057+00	\N	\N
33	37	email	\N	sent	1	2026-11-28 19:43:33.114659+00	\N	2026-11-28 19:42:33.163554+00	2026-11-28 19:42:33.049236+00	4	user:4	example.com	2026-11-28 19:42:33.049236+00	\N	\N
34	38	email	\N	sent	1	2026-11-28 19:43:33.122649+00	\N	2026-11-28 19:42:33.174732+00	2026-11-28 19:42:33.049236+00	9	user:9	example.com	2026-11-28 19:42:33.049236+00	\N	\N
35	39	email	\N	sent	1	2026-11-28 19:43:33.275197+00	\N	2026-11-28 19:42:33.296767+00	2026-11-28 19:42:33.245082+00	4	user:4	example.com	2026-11-28 19:42:33.245082+00	\N	\N
4	4	email	\N	sent	1	2026-11-28 19:43:22.915937+00	\N	2026-11-28 19:42:22.948813+00	2026-11-28 19:42:22.824283+00	6	user:6	example.com	2026-11-28 19:42:22.824283+00	\N	\N
5	5	email	\N	sent	1	2026-11-28 19:43:23.213242+00	\N	2026-11-28 19:42:23.251375+00	2026-11-28 19:42:23.122574+00	7	user:7	example.com	2026-11-28 19:42:23.122574+00	\N	\N
6	6	email	\N	sent	1	2026-11-28 19:43:23.480628+00	\N	2026-11-28 19:42:23.502008+00	2026-11-28 19:42:23.451335+00	8	user:8	example.com	2026-11-28 19:42:23.451335+00	\N	\N
7	7	email	\N	sent	1	2026-11-28 19:43:23.769581+00	\N	2026-11-28 19:42:23.80298+00	2026-11-28 19:42:23.728476+00	9	user:9	example.com	2026-11-28 19:42:23.728476+00	\N	\N
8	8	email	\N	sent	1	2026-11-28 19:43:24.34205+00	\N	2026-11-28 19:42:24.357182+00	2026-11-28 19:42:24.226554+00	10	user:10	example.com	2026-11-28 19:42:24.226554+00	\N	\N
9	9	email	\N	sent	1	2026-11-28 19:43:24.853372+00	\N	2026-11-28 19:42:24.887679+00	2026-11-28 19:42:24.768816+00	11	user:11	example.com	2026-11-28 19:42:24.768816+00	\N	\N
\.
DELETE FROM notification.delivery_attempt;
COPY notification.delivery_attempt ("delivery_id", "number", "ended_at", "error") FROM stdin;
1	1	2026-11-28 19:42:22.259038+00	\N
10	1	2026-11-28 19:42:25.367831+00	\N
11	1	2026-11-28 19:42:25.540303+00	\N
12	1	2026-11-28 19:42:26.068836+00	\N
13	1	2026-11-28 19:42:26.486248+00	\N
14	1	2026-11-28 19:42:26.747732+00	\N
15	1	2026-11-28 19:42:27.079803+00	\N
16	1	2026-11-28 19:42:27.584288+00	\N
17	1	2026-11-28 19:42:27.795448+00	\N
18	1	2026-11-28 19:42:28.03441+00	\N
19	1	2026-11-28 19:42:28.248963+00	\N
2	1	2026-11-28 19:42:22.328204+00	\N
20	1	2026-11-28 19:42:28.498414+00	\N
21	1	2026-11-28 19:42:31.894207+00	\N
22	1	2026-11-28 19:42:32.081377+00	\N
23	1	2026-11-28 19:42:32.15128+00	\N
24	1	2026-11-28 19:42:32.167616+00	\N
25	1	2026-11-28 19:42:32.334988+00	\N
26	1	2026-11-28 19:42:32.443218+00	\N
27	1	2026-11-28 19:42:32.592855+00	\N
28	1	2026-11-28 19:42:32.700904+00	\N
29	1	2026-11-28 19:42:32.719696+00	\N
3	1	2026-11-28 19:42:22.519806+00	\N
30	1	2026-11-28 19:42:32.910194+00	\N
31	1	2026-11-28 19:42:32.982305+00	\N
32	1	2026-11-28 19:42:33.103298+00	\N
33	1	2026-11-28 19:42:33.163554+00	\N
34	1	2026-11-28 19:42:33.174732+00	\N
35	1	2026-11-28 19:42:33.296767+00	\N
4	1	2026-11-28 19:42:22.948813+00	\N
5	1	2026-11-28 19:42:23.251375+00	\N
6	1	2026-11-28 19:42:23.502008+00	\N
7	1	2026-11-28 19:42:23.80298+00	\N
8	1	2026-11-28 19:42:24.357182+00	\N
9	1	2026-11-28 19:42:24.887679+00	\N
\.
DELETE FROM notification.delivery_delta;
DELETE FROM notification.delivery_tally;
COPY notification.delivery_tally ("channel", "status", "n") FROM stdin;
email	queued	0
email	sent	35
in_app	sent	41
\.
DELETE FROM notification.device;
DELETE FROM notification.digest;
DELETE FROM notification.mailbox;
COPY notification.mailbox ("user_id", "unread") FROM stdin;
10	1
11	1
12	1
13	1
14	1
15	1
16	1
17	1
18	1
19	1
2	3
20	1
21	1
22	1
3	4
4	4
5	5
6	3
7	1
8	1
9	7
\.
DELETE FROM notification.notification;
COPY notification.notification ("id", "user_id", "type", "title", "message", "ticket_id", "ticket_number", "channel", "data", "is_read", "read_at", "created_at", "event_id", "template", "facts", "language", "event_group", "is_urgent") FROM stdin;
1	3	welcome	Welcome to the helpdesk	Hello Colin Cruz, your account is ready.	\N	\N	in_app	{}	f	\N	2026-11-28 19:42:22.058755+00	4daf7803-6e6c-446c-9d11-14ec7d3f2ca6	welcome	{}	en	account	t
10	12	welcome	Welcome to the helpdesk	Hello Grace Okafor, your account is ready.	\N	\N	in_app	{}	f	\N	2026-11-28 19:42:25.175038+00	2e9e96be-f673-4ac0-a74e-936a61886c13	welcome	{}	en	account	t
11	13	welcome	Welcome to the helpdesk	Hello Hugo Martin, your account is ready.	\N	\N	in_app	{}	f	\N	2026-11-28 19:42:25.447366+00	26387d70-2fdd-470b-89c1-da1cc4ccbcae	welcome	{}	en	account	t
12	14	welcome	Welcome to the helpdesk	Hello Ines Costa, your account is ready.	\N	\N	in_app	{}	f	\N	2026-11-28 19:42:25.961971+00	e9d2e6b2-2391-478b-88f0-e737b71daf32	welcome	{}	en	account	t
13	15	welcome	Welcome to the helpdesk	Hello Jonas Berg, your account is ready.	\N	\N	in_app	{}	f	\N	2026-11-28 19:42:26.41512+00	068d8f05-5356-4256-81e6-c98b92d46ae0	welcome	{}	en	account	t
14	16	welcome	Welcome to the helpdesk	Hello Kavya Iyer, your account is ready.	\N	\N	in_app	{}	f	\N	2026-11-28 19:42:26.690305+00	557748fb-592f-431f-a839-4fe67cddbef5	welcome	{}	en	account	t
15	17	welcome	Welcome to the helpdesk	Hello Liam Walsh, your account is ready.	\N	\N	in_app	{}	f	\N	2026-11-28 19:42:27.004986+00	81d4352a-11ef-45bf-8bed-46734d0bfdf4	welcome	{}	en	account	t
16	18	welcome	Welcome to the helpdesk	Hello Mariana Lopez, your account is ready.	\N	\N	in_app	{}	f	\N	2026-11-28 19:42:27.50856+00	66de5fed-3d29-4ce0-a7ba-266bef734500	welcome	{}	en	account	t
17	19	welcome	Welcome to the helpdesk	Hello Noor Rahman, your account is ready.	\N	\N	in_app	{}	f	\N	2026-11-28 19:42:27.760543+00	366d32ea-573c-4371-9ec0-86b5117ae363	welcome	{}	en	account	t
18	20	welcome	Welcome to the helpdesk	Hello Olga Petrova, your account is ready.	\N	\N	in_app	{}	f	\N	2026-11-28 19:42:27.987393+00	d7583d00-2ab9-4503-9c7b-da2ca865f8d8	welcome	{}	en	account	t
19	21	welcome	Welcome to the helpdesk	Hello Paul Schmidt, your account is ready.	\N	\N	in_app	{}	f	\N	2026-11-28 19:42:28.214036+00	83a53ee8-f2b6-4751-ad8d-10012ba31923	welcome	{}	en	account	t
2	4	welcome	Welcome to the helpdesk	Hello Chen Li, your account is ready.	\N	\N	in_app	{}	f	\N	2026-11-28 19:42:22.1931+00	710b2249-4c69-425a-a47f-d6162ff61079	welcome	{}	en	account	t
20	22	welcome	Welcome to the helpdesk	Hello Quynh Tran, your account is ready.	\N	\N	in_app	{}	f	\N	2026-11-28 19:42:28.417473+00	f576178b-4478-45b9-bc17-9e4305400db2	welcome	{}	en	account	t
21	9	ticket_created	We received your ticket TX20261128000001	Your ticket TX20261128000001 "Previous's “ticket” <b> 0" has been received and will be worked on.	1	TX20261128000001	in_app	{}	f	\N	2026-11-28 19:42:31.869555+00	41dc12e8-5814-4872-8b97-2b1a4164cab7	ticket_created	{"actor": "Emil Employee", "status": "Open", "subject": "Previous's “ticket” <b> 0", "priority": "High", "ticket_number": "TX20261128000001"}	en	tickets	f
22	5	task_assigned	Review: ticket TX20261128000001 waits for you	You have been assigned the step Review of ticket TX20261128000001 "Previous's “ticket” <b> 0" as Reviewer.	\N	TX20261128000001	in_app	{}	f	\N	2026-11-28 19:42:32.052573+00	840999f1-3fd9-47d6-a400-5db5c725f0ab	task_assigned	{"role": "Reviewer", "step": "Review", "actor": "System", "owner": "Carla Coordinator", "status": "active", "subject": "Previous's “ticket” <b> 0", "ticket_number": "TX20261128000001"}	en	assignments	f
23	2	ticket_assigned	You now own ticket TX20261128000001	Ticket TX20261128000001 "Previous's “ticket” <b> 0" is now yours.	1	TX20261128000001	in_app	{}	f	\N	2026-11-28 19:42:32.089815+00	b1d89a6f-22bf-4fb3-9972-cf65c0ce9cef	ticket_assigned_owner	{"actor": "System", "owner": "Carla Coordinator", "status": "Open", "subject": "Previous's “ticket” <b> 0", "priority": "High", "ticket_number": "TX20261128000001"}	en	assignments	f
24	9	ticket_assigned	Carla Coordinator takes care of your ticket TX20261128000001	Carla Coordinator now takes care of your ticket TX20261128000001 "Previous's “ticket” <b> 0".	1	TX20261128000001	in_app	{}	f	\N	2026-11-28 19:42:32.089815+00	b1d89a6f-22bf-4fb3-9972-cf65c0ce9cef	ticket_assigned	{"actor": "System", "owner": "Carla Coordinator", "status": "Open", "subject": "Previous's “ticket” <b> 0", "priority": "High", "ticket_number": "TX20261128000001"}	en	tickets	f
25	2	comment_added	New comment on ticket TX20261128000001	Emil Employee wrote on TX20261128000001 "Previous's “ticket” <b> 0": A comment 0: it's "so"	1	TX20261128000001	in_app	{}	f	\N	2026-11-28 19:42:32.296313+00	4e367d04-0043-458a-96cd-28639ec13c03	comment_added	{"text": "A comment 0: it's \\"so\\"", "actor": "Emil Employee", "owner": "Carla Coordinator", "status": "Open", "subject": "Previous's “ticket” <b> 0", "priority": "High", "ticket_number": "TX20261128000001"}	en	comments	f
26	2	message_received	New message from Emil Employee	Hello 0	\N	TX20261128000001	in_app	{}	f	\N	2026-11-28 19:42:32.360387+00	01a4b721-4272-46a8-bdb4-524f65b57819	message_received	{"text": "Hello 0", "actor": "Emil Employee", "ticket_number": "TX20261128000001"}	en	messages	f
27	5	message_received	New message from Emil Employee	Hello 0	\N	TX20261128000001	in_app	{}	f	\N	2026-11-28 19:42:32.360387+00	01a4b721-4272-46a8-bdb4-524f65b57819	message_received	{"text": "Hello 0", "actor": "Emil Employee", "ticket_number": "TX20261128000001"}	en	messages	f
28	9	ticket_created	We received your ticket TX20261128000002	Your ticket TX20261128000002 "Previous's “ticket” <b> 1" has been received and will be worked on.	2	TX20261128000002	in_app	{}	f	\N	2026-11-28 19:42:32.414303+00	faa70994-874f-4f7d-8879-f96956994851	ticket_created	{"actor": "Emil Employee", "status": "Open", "subject": "Previous's “ticket” <b> 1", "priority": "High", "ticket_number": "TX20261128000002"}	en	tickets	f
29	6	task_assigned	Review: ticket TX20261128000002 waits for you	You have been assigned the step Review of ticket TX20261128000002 "Previous's “ticket” <b> 1" as Reviewer.	\N	TX20261128000002	in_app	{}	f	\N	2026-11-28 19:42:32.525025+00	11f19655-a260-47e0-bdc2-d129e498d8a6	task_assigned	{"role": "Reviewer", "step": "Review", "actor": "System", "owner": "Colin Cruz", "status": "active", "subject": "Previous's “ticket” <b> 1", "ticket_number": "TX20261128000002"}	en	assignments	f
3	5	welcome	Welcome to the helpdesk	Hello Rita Reviewer, your account is ready.	\N	\N	in_app	{}	f	\N	2026-11-28 19:42:22.42222+00	47be4c18-53ff-44ab-a2ee-ca6a07b685a9	welcome	{}	en	account	t
30	3	ticket_assigned	You now own ticket TX20261128000002	Ticket TX20261128000002 "Previous's “ticket” <b> 1" is now yours.	2	TX20261128000002	in_app	{}	f	\N	2026-11-28 19:42:32.615784+00	fdb2141f-2531-4a4a-833f-540d7cde9aef	ticket_assigned_owner	{"actor": "System", "owner": "Colin Cruz", "status": "Open", "subject": "Previous's “ticket” <b> 1", "priority": "High", "ticket_number": "TX20261128000002"}	en	assignments	f
31	9	ticket_assigned	Colin Cruz takes care of your ticket TX20261128000002	Colin Cruz now takes care of your ticket TX20261128000002 "Previous's “ticket” <b> 1".	2	TX20261128000002	in_app	{}	f	\N	2026-11-28 19:42:32.615784+00	fdb2141f-2531-4a4a-833f-540d7cde9aef	ticket_assigned	{"actor": "System", "owner": "Colin Cruz", "status": "Open", "subject": "Previous's “ticket” <b> 1", "priority": "High", "ticket_number": "TX20261128000002"}	en	tickets	f
32	3	comment_added	New comment on ticket TX20261128000002	Emil Employee wrote on TX20261128000002 "Previous's “ticket” <b> 1": A comment 1: it's "so"	2	TX20261128000002	in_app	{}	f	\N	2026-11-28 19:42:32.836701+00	923702e1-a768-473c-9ac1-6e888528d5fe	comment_added	{"text": "A comment 1: it's \\"so\\"", "actor": "Emil Employee", "owner": "Colin Cruz", "status": "Open", "subject": "Previous's “ticket” <b> 1", "priority": "High", "ticket_number": "TX20261128000002"}	en	comments	f
33	3	message_received	New message from Emil Employee	Hello 1	\N	TX20261128000002	in_app	{}	f	\N	2026-11-28 19:42:32.913277+00	cc2ba0b2-b126-4ca5-855f-1f948e43ceca	message_received	{"text": "Hello 1", "actor": "Emil Employee", "ticket_number": "TX20261128000002"}	en	messages	f
34	9	ticket_created	We received your ticket TX20261128000003	Your ticket TX20261128000003 "Previous's “ticket” <b> 2" has been received and will be worked on.	3	TX20261128000003	in_app	{}	f	\N	2026-11-28 19:42:32.932346+00	8d0069fd-3686-4f4f-b4a8-436d6daf3b0c	ticket_created	{"actor": "Emil Employee", "status": "Open", "subject": "Previous's “ticket” <b> 2", "priority": "High", "ticket_number": "TX20261128000003"}	en	tickets	f
35	6	message_received	New message from Emil Employee	Hello 1	\N	TX20261128000002	in_app	{}	f	\N	2026-11-28 19:42:32.913277+00	cc2ba0b2-b126-4ca5-855f-1f948e43ceca	message_received	{"text": "Hello 1", "actor": "Emil Employee", "ticket_number": "TX20261128000002"}	en	messages	f
36	5	task_assigned	Review: ticket TX20261128000003 waits for you	You have been assigned the step Review of ticket TX20261128000003 "Previous's “ticket” <b> 2" as Reviewer.	\N	TX20261128000003	in_app	{}	f	\N	2026-11-28 19:42:33.024057+00	d8bb79b1-387e-4480-a586-1da50a3a35f2	task_assigned	{"role": "Reviewer", "step": "Review", "actor": "System", "owner": "Chen Li", "status": "active", "subject": "Previous's “ticket” <b> 2", "ticket_number": "TX20261128000003"}	en	assignments	f
37	4	ticket_assigned	You now own ticket TX20261128000003	Ticket TX20261128000003 "Previous's “ticket” <b> 2" is now yours.	3	TX20261128000003	in_app	{}	f	\N	2026-11-28 19:42:33.049236+00	20e26464-8a21-4c06-9e6d-ea96b2afa073	ticket_assigned_owner	{"actor": "System", "owner": "Chen Li", "status": "Open", "subject": "Previous's “ticket” <b> 2", "priority": "High", "ticket_number": "TX20261128000003"}	en	assignments	f
38	9	ticket_assigned	Chen Li takes care of your ticket TX20261128000003	Chen Li now takes care of your ticket TX20261128000003 "Previous's “ticket” <b> 2".	3	TX20261128000003	in_app	{}	f	\N	2026-11-28 19:42:33.049236+00	20e26464-8a21-4c06-9e6d-ea96b2afa073	ticket_assigned	{"actor": "System", "owner": "Chen Li", "status": "Open", "subject": "Previous's “ticket” <b> 2", "priority": "High", "ticket_number": "TX20261128000003"}	en	tickets	f
39	4	comment_added	New comment on ticket TX20261128000003	Emil Employee wrote on TX20261128000003 "Previous's “ticket” <b> 2": A comment 2: it's "so"	3	TX20261128000003	in_app	{}	f	\N	2026-11-28 19:42:33.245082+00	be65bac9-2132-4e48-9180-1ebe5c2e4462	comment_added	{"text": "A comment 2: it's \\"so\\"", "actor": "Emil Employee", "owner": "Chen Li", "status": "Open", "subject": "Previous's “ticket” <b> 2", "priority": "High", "ticket_number": "TX20261128000003"}	en	comments	f
4	6	welcome	Welcome to the helpdesk	Hello Ravi Rao, your account is ready.	\N	\N	in_app	{}	f	\N	2026-11-28 19:42:22.824283+00	4d6c843c-f51d-4397-ae80-262733ef414c	welcome	{}	en	account	t
40	4	message_received	New message from Emil Employee	Hello 2	\N	TX20261128000003	in_app	{}	f	\N	2026-11-28 19:42:33.344487+00	0810f6be-b758-4296-88a2-fc41d332c5d6	message_received	{"text": "Hello 2", "actor": "Emil Employee", "ticket_number": "TX20261128000003"}	en	messages	f
41	5	message_received	New message from Emil Employee	Hello 2	\N	TX20261128000003	in_app	{}	f	\N	2026-11-28 19:42:33.344487+00	0810f6be-b758-4296-88a2-fc41d332c5d6	message_received	{"text": "Hello 2", "actor": "Emil Employee", "ticket_number": "TX20261128000003"}	en	messages	f
5	7	welcome	Welcome to the helpdesk	Hello Anton Approver, your account is ready.	\N	\N	in_app	{}	f	\N	2026-11-28 19:42:23.122574+00	bee36467-bbdc-4302-8dfa-5fb37c196a48	welcome	{}	en	account	t
6	8	welcome	Welcome to the helpdesk	Hello Aiko Abe, your account is ready.	\N	\N	in_app	{}	f	\N	2026-11-28 19:42:23.451335+00	cc086a5a-2bfb-4fe8-be48-6f6b59fe090e	welcome	{}	en	account	t
7	9	welcome	Welcome to the helpdesk	Hello Emil Employee, your account is ready.	\N	\N	in_app	{}	f	\N	2026-11-28 19:42:23.728476+00	58e59141-34de-43cd-bc41-b548b5b41001	welcome	{}	en	account	t
8	10	welcome	Welcome to the helpdesk	Hello Elena Novak, your account is ready.	\N	\N	in_app	{}	f	\N	2026-11-28 19:42:24.226554+00	15799d41-8125-4b48-9081-aa1e1e3dbdb6	welcome	{}	en	account	t
9	11	welcome	Welcome to the helpdesk	Hello Farid Haddad, your account is ready.	\N	\N	in_app	{}	f	\N	2026-11-28 19:42:24.768816+00	8091d7fe-1090-4573-8dfc-d2cf522f9958	welcome	{}	en	account	t
\.
DELETE FROM notification.person;
COPY notification.person ("id", "email", "name", "department", "active", "version") FROM stdin;
1	admin@example.com	Ada Admin	IT Department	t	1
10	employee2@example.com	Elena Novak	Finance	t	1
11	employee3@example.com	Farid Haddad	Sales	t	1
12	employee4@example.com	Grace Okafor	Engineering	t	1
13	employee5@example.com	Hugo Martin	Finance	t	1
14	employee6@example.com	Ines Costa	Sales	t	1
15	employee7@example.com	Jonas Berg	Engineering	t	1
16	employee8@example.com	Kavya Iyer	Engineering	t	1
17	employee9@example.com	Liam Walsh	Sales	t	1
18	employee10@example.com	Mariana Lopez	Finance	t	1
19	employee11@example.com	Noor Rahman	IT Department	t	1
2	coordinator@example.com	Carla Coordinator	IT Department	t	1
20	employee12@example.com	Olga Petrova	Asset Department	t	1
21	employee13@example.com	Paul Schmidt	Budget Department	t	1
22	employee14@example.com	Quynh Tran	Engineering	t	1
3	coordinator2@example.com	Colin Cruz	Asset Department	t	1
4	coordinator3@example.com	Chen Li	Budget Department	t	1
5	reviewer@example.com	Rita Reviewer	IT Department	t	1
6	reviewer2@example.com	Ravi Rao	Asset Department	t	1
7	approver@example.com	Anton Approver	IT Department	t	1
8	approver2@example.com	Aiko Abe	Budget Department	t	1
9	employee@example.com	Emil Employee	Engineering	t	1
\.
DELETE FROM notification.person_role;
COPY notification.person_role ("person_id", "system", "role", "system_role_id") FROM stdin;
1	hdts	Admin	3
1	tts	Admin	6
10	hdts	Employee	1
11	hdts	Employee	1
12	hdts	Employee	1
13	hdts	Employee	1
14	hdts	Employee	1
15	hdts	Employee	1
16	hdts	Employee	1
17	hdts	Employee	1
18	hdts	Employee	1
19	hdts	Employee	1
2	hdts	Ticket Coordinator	2
20	hdts	Employee	1
21	hdts	Employee	1
22	hdts	Employee	1
3	hdts	Ticket Coordinator	2
4	hdts	Ticket Coordinator	2
5	tts	Reviewer	4
6	tts	Reviewer	4
7	tts	Approver	5
8	tts	Approver	5
9	hdts	Employee	1
\.
DELETE FROM notification.preference;
DELETE FROM notification.template;
