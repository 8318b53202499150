-- Web pages are fetched again once a day, by a job for each document that is one. Those that are there begin within a day.
INSERT INTO jobs (job_id, kind, subject_id, arguments, run_at)
SELECT gen_random_uuid(), 'revisit_page', id, '{}', now() + random() * interval '1 day'
FROM views.documents
WHERE document_type = 2 AND NOT is_deleted
ON CONFLICT (kind, subject_id) DO NOTHING;
