-- Projectors name their tables without a schema, so that the same statements can fill another version of a view. The
-- program asks for this path itself, whatever a restored database has been told; here it is set for tools that connect to it.
DO $$
BEGIN
    EXECUTE format('ALTER DATABASE %I SET search_path = public, views', current_database());
EXCEPTION
    WHEN insufficient_privilege THEN
        RAISE NOTICE 'the search path stays as it is: %', SQLERRM;
END
$$;

-- So no table of the views may be called as another one is.
ALTER TABLE views.api_keys RENAME TO service_keys;
ALTER INDEX views.api_keys_pkey RENAME TO service_keys_pkey;
ALTER INDEX views.api_keys_of_service RENAME TO service_keys_of_service;
