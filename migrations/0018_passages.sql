-- Where in its document a passage is.
ALTER TABLE chunks
    -- The headings above it, from the outermost, ' › ' between them.
    ADD COLUMN headings text    NOT NULL DEFAULT '',
    -- The page or slide on which it begins, from 1, if the document has any.
    ADD COLUMN page     integer CHECK (page > 0),
    -- Bytes at its beginning that the passage before it ends with.
    ADD COLUMN overlap  integer NOT NULL DEFAULT 0 CHECK (overlap >= 0);
-- The same content is embedded once in a project.
CREATE INDEX chunks_by_content ON chunks (project_id, content_hash);

-- Vectors of passages whose document is not complete: an embedding that was cut off goes on where it was. They go when it has
-- ended.
CREATE TABLE drafted_vectors
(
    document_id  uuid  NOT NULL,
    model        text  NOT NULL,
    -- SHA-256 of what was embedded.
    content_hash text  NOT NULL,
    -- As in chunks.
    embedding    bytea NOT NULL,
    PRIMARY KEY (document_id, model, content_hash)
);

-- How far the embedding of a document's newest version is. Only for people who wait: nothing is decided by it.
CREATE TABLE document_progress
(
    document_id uuid        PRIMARY KEY,
    version     integer     NOT NULL,
    stage       text        NOT NULL CHECK (stage IN ('queued', 'extracting', 'chunking', 'embedding')),
    -- Passages.
    done        integer     NOT NULL DEFAULT 0,
    total       integer,
    attempts    integer     NOT NULL DEFAULT 0,
    changed_at  timestamptz NOT NULL DEFAULT now()
);

-- Documents that were deleted and are not yet gone from the index: no search finds them. A row is written with the event.
CREATE TABLE hidden_documents
(
    document_id uuid PRIMARY KEY,
    project_id  uuid NOT NULL
);
CREATE INDEX hidden_documents_by_project ON hidden_documents (project_id);

ALTER TABLE views.documents
    -- The newest, and the one that is retrieved from.
    ADD COLUMN version         integer NOT NULL DEFAULT 1,
    ADD COLUMN indexed_version integer,
    -- Of the one that is retrieved from.
    ADD COLUMN passages        integer;
