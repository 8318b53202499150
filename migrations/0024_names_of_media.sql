-- Names of files are never given again: a file that is gone leaves its name, and when it was removed.
ALTER TABLE uploads ADD COLUMN removed_at timestamptz;

-- The files of documents that were deleted before.
INSERT INTO uploads (name, begun_at, is_kept, removed_at)
SELECT file.payload -> 'file' ->> 'name', min(deleted.at), true, min(deleted.at)
FROM events AS file
JOIN (SELECT aggregate_id, (metadata ->> 'recorded_at')::timestamptz AS at FROM events
      WHERE aggregate_type = 'document' AND event_type = 'Deleted') AS deleted USING (aggregate_id)
WHERE file.aggregate_type = 'document' AND file.event_type IN ('Added', 'VersionAdded')
  AND file.payload -> 'file' ->> 'name' IS NOT NULL
GROUP BY 1
ON CONFLICT (name) DO NOTHING;

-- Whose work the consumer "media_removal" does now, from the beginning of the log.
DELETE FROM checkpoints WHERE consumer = 'media_erasure';
DELETE FROM parked_events WHERE consumer = 'media_erasure';
