-- Versions of the vector index: the vectors of one model in one store. The current one is searched; one that is being built
-- takes its place when it has every document.
CREATE TABLE index_versions
(
    version_id uuid        PRIMARY KEY,
    -- Which embedder made the vectors: those of different models are never compared.
    model      text        NOT NULL,
    -- Where they are searched: exact, pgvector or pinecone.
    store      text        NOT NULL,
    -- A retired one goes when its store has let go of it.
    state      text        NOT NULL CHECK (state IN ('building', 'current', 'retired')),
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX index_versions_in_use ON index_versions (state) WHERE state <> 'retired';

-- The vectors of passages, whatever the store: it can be filled from here. The exact search reads them.
CREATE TABLE passage_vectors
(
    chunk_id    uuid   NOT NULL,
    model       text   NOT NULL,
    project_id  uuid   NOT NULL,
    document_id uuid   NOT NULL,
    -- 32-bit floats, little-endian. Never searched by the database, so no extension is needed.
    embedding   bytea  NOT NULL,
    -- The value of chunk_changes when the row was written.
    change      bigint NOT NULL,
    PRIMARY KEY (chunk_id, model)
);
CREATE INDEX passage_vectors_by_document ON passage_vectors (project_id, model, document_id, change);
CREATE INDEX passage_vectors_of_document ON passage_vectors (document_id);

-- Which documents are wholly in which version.
CREATE TABLE indexed_documents
(
    version_id  uuid NOT NULL REFERENCES index_versions ON DELETE CASCADE,
    document_id uuid NOT NULL,
    PRIMARY KEY (version_id, document_id)
);

INSERT INTO index_versions (version_id, model, store, state)
SELECT gen_random_uuid(), model, 'exact', 'current' FROM chunks GROUP BY model ORDER BY count(*) DESC LIMIT 1;
INSERT INTO passage_vectors (chunk_id, model, project_id, document_id, embedding, change)
SELECT chunk_id, model, project_id, document_id, embedding, change FROM chunks;
INSERT INTO indexed_documents (version_id, document_id)
SELECT DISTINCT version_id, document_id FROM chunks JOIN index_versions USING (model);

ALTER TABLE chunks DROP COLUMN model, DROP COLUMN embedding;
