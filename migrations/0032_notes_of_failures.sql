-- The reader's notes on the newest version, if its embedding has failed. Those on the version that answers are made from stay in notes.
ALTER TABLE views.documents ADD COLUMN failure_notes jsonb NOT NULL DEFAULT '[]';
