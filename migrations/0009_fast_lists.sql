-- Lists of many chats: every list wants living chats only, counts them, and cuts a page out of their order.
DROP INDEX views.chats_of_owner;
DROP INDEX views.chats_of_project;
CREATE INDEX chats_of_owner ON views.chats (project_id, owner, created_at DESC, position DESC) WHERE NOT is_deleted;
CREATE INDEX chats_of_project ON views.chats (project_id, created_at DESC, position DESC) WHERE NOT is_deleted;

-- A search through everybody's chats, which only superusers do. Without the extension (PostgreSQL's own, but in a package of
-- its own on some systems, or not allowed to us) it goes through all titles of the project.
DO $$
BEGIN
    CREATE EXTENSION IF NOT EXISTS pg_trgm WITH SCHEMA public;
    CREATE INDEX chats_by_title ON views.chats USING gin (title public.gin_trgm_ops) WHERE NOT is_deleted;
EXCEPTION
    WHEN undefined_file OR feature_not_supported OR insufficient_privilege OR undefined_object THEN
        RAISE NOTICE 'pg_trgm cannot be used: %', SQLERRM;
END
$$;
