-- Passages of documents with their vectors: what the built-in vector index searches. All of it can be made again from
-- the documents, so it is neither part of the log nor a view.
CREATE TABLE chunks (
    chunk_id         uuid    PRIMARY KEY,
    project_id       uuid    NOT NULL,
    document_id      uuid    NOT NULL,
    document_version integer NOT NULL,
    ordinal          integer NOT NULL,
    title            text    NOT NULL,
    body             text    NOT NULL,
    content_hash     text    NOT NULL,
    -- Which embedder made the vector: those of different models are never compared.
    model            text    NOT NULL,
    -- 32-bit floats, little-endian. Never searched by the database, so no extension is needed.
    embedding        bytea   NOT NULL,
    -- The value of chunk_changes when the row was written.
    change           bigint  NOT NULL
);

-- Which documents of a project changed is answered from this index alone.
CREATE INDEX chunks_by_document ON chunks (project_id, document_id, change);
CREATE INDEX chunks_of_document ON chunks (document_id);

-- One counter a project, raised by every write to its chunks: a process compares it to know whether what it holds in
-- memory is stale. Its row lock makes the changes of one project commit in the order of their numbers.
CREATE TABLE chunk_changes (
    project_id uuid   PRIMARY KEY,
    change     bigint NOT NULL
);
