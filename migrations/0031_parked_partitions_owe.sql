-- A partition that waits owes the event that it waits for. A relay that parked an event while the end of what its partition owed before
-- was still being written down has lost sight of it: such a partition is published again from its beginning. Consumers know what they
-- have by its position.
UPDATE relay_partitions
SET resend_from = 0, first_offset = NULL, error = NULL, parked_at = NULL, requests = requests + 1
WHERE error IS NOT NULL AND resend_from IS NULL;

ALTER TABLE relay_partitions
    ADD CONSTRAINT parked_partitions_owe CHECK (error IS NULL OR resend_from IS NOT NULL);
