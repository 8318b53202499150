-- Snapshots are packed in another way now. They are a cache: new ones are written as aggregates are seen.
TRUNCATE snapshots;
