-- What was read of each document that answers are made from, and what its reader had to say of it: for people who compare it with the
-- document. Written and removed with its passages; documents that were indexed before have none.
CREATE TABLE readings
(
    document_id      uuid    PRIMARY KEY,
    document_version integer NOT NULL,
    -- As in the event Embedded.
    notes            jsonb   NOT NULL
);
CREATE TABLE read_parts
(
    document_id uuid    NOT NULL REFERENCES readings ON DELETE CASCADE,
    ordinal     integer NOT NULL,
    -- The page or slide, from 1, if the document has any.
    page        integer CHECK (page > 0),
    body        text    NOT NULL,
    PRIMARY KEY (document_id, ordinal)
);

-- Of the version that is retrieved from.
ALTER TABLE views.documents ADD COLUMN notes jsonb NOT NULL DEFAULT '[]';
