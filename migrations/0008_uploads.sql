-- The names of files that were put into the media store. A row is there before its file: an upload that was interrupted
-- before its event leaves a row that is not kept, by which its file is found and removed.
CREATE TABLE uploads (
    name     text        PRIMARY KEY,
    begun_at timestamptz NOT NULL DEFAULT now(),
    is_kept  boolean     NOT NULL DEFAULT false
);

CREATE INDEX uploads_unfinished ON uploads (begun_at) WHERE NOT is_kept;
