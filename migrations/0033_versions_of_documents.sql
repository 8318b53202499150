-- What each version of a document was: an answer shows the version that it was made from.
CREATE TABLE views.document_versions
(
    document_id   uuid     NOT NULL,
    version       integer  NOT NULL,
    document_type smallint NOT NULL,
    file_name     text,
    text_content  text,
    PRIMARY KEY (document_id, version)
);
INSERT INTO views.document_versions (document_id, version, document_type, file_name, text_content)
SELECT aggregate_id::uuid,
       coalesce((payload ->> 'version')::integer, 1),
       CASE payload ->> 'document_type' WHEN 'file' THEN 1 WHEN 'url' THEN 2 ELSE 3 END,
       payload -> 'file' ->> 'name',
       payload ->> 'text_content'
FROM events
WHERE aggregate_type = 'document' AND event_type IN ('Added', 'VersionAdded')
ON CONFLICT DO NOTHING;

-- The versions of the documents in document_ids, in the same order; null where it is not known.
ALTER TABLE views.messages
    ADD COLUMN document_versions integer[],
    -- The versions of the passages that were retrieved for a question, by document, until its answer is there; null if
    -- both came at once.
    ADD COLUMN retrieved_versions jsonb;
UPDATE views.messages
SET document_versions = known.versions
FROM (
    SELECT answer.id, array_agg(retrieved.version ORDER BY cited.place) AS versions
    FROM views.messages AS answer
    CROSS JOIN LATERAL unnest(answer.document_ids) WITH ORDINALITY AS cited (document_id, place)
    LEFT JOIN (
        SELECT payload ->> 'answer_id' AS answer_id, passage ->> 'document_id' AS document_id,
               max((passage ->> 'document_version')::integer) AS version
        FROM events, json_array_elements(payload -> 'passages') AS passage
        WHERE aggregate_type = 'chat' AND event_type = 'PassagesRetrieved'
        GROUP BY 1, 2
    ) AS retrieved ON retrieved.answer_id = answer.id::text AND retrieved.document_id = cited.document_id::text
    GROUP BY answer.id
) AS known
WHERE messages.id = known.id;
