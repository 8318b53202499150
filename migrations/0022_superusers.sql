-- Superusers whose accounts are open: the last one stays.
INSERT INTO reservations (kind, value, owner)
SELECT 'superuser', uuid_send(id), id
FROM (SELECT aggregate_id::uuid AS id,
             (array_agg(payload ->> 'is_superuser' ORDER BY sequence DESC)
                 FILTER (WHERE event_type IN ('Registered', 'RolesChanged')))[1] = 'true' AS is_superuser,
             (array_agg(event_type ORDER BY sequence DESC)
                 FILTER (WHERE event_type IN ('Activated', 'Deactivated')))[1] IS DISTINCT FROM 'Deactivated' AS is_active,
             bool_or(event_type IN ('Deleted', 'SubjectErased')) AS is_gone
      FROM events
      WHERE aggregate_type = 'user'
      GROUP BY aggregate_id) AS users
WHERE is_superuser AND is_active AND NOT is_gone
ON CONFLICT DO NOTHING;

-- Usernames are one person's in any case.
CREATE INDEX users_by_username_in_any_case ON views.users (lower(username));
