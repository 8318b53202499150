-- Chats that hospitals' clients make with an API key: without a project and without a person.
ALTER TABLE views.chats
    ALTER COLUMN project_id DROP NOT NULL,
    ALTER COLUMN owner DROP NOT NULL,
    -- The key that owns the chat.
    ADD COLUMN key_id uuid,
    -- What a project would decide.
    ADD COLUMN prompt text,
    ADD COLUMN model  smallint,
    ADD CHECK ((owner IS NULL) <> (key_id IS NULL)),
    ADD CHECK ((project_id IS NULL) = (key_id IS NOT NULL));
CREATE INDEX chats_of_key ON views.chats (key_id, created_at DESC, position DESC) WHERE key_id IS NOT NULL;

-- Translated and spoken messages.
ALTER TABLE views.messages
    ADD COLUMN translate_start timestamptz,
    ADD COLUMN translate_end   timestamptz,
    ADD COLUMN tts_start       timestamptz,
    ADD COLUMN tts_end         timestamptz,
    ADD COLUMN upload_start    timestamptz,
    ADD COLUMN upload_end      timestamptz,
    -- The name of its speech in the media store.
    ADD COLUMN audio_name      text,
    -- A notice that answers no question has neither.
    ALTER COLUMN temperature DROP NOT NULL,
    ALTER COLUMN top_k DROP NOT NULL;

-- Ratings of messages.
CREATE TABLE views.chat_feedback (
    id          uuid PRIMARY KEY,
    position    bigint NOT NULL,
    chat_id     uuid NOT NULL,
    message_id  uuid NOT NULL,
    liked       boolean NOT NULL,
    message     text,
    created_at  timestamptz NOT NULL,
    modified_at timestamptz NOT NULL
);
CREATE INDEX chat_feedback_of_message ON views.chat_feedback (message_id, position);
CREATE INDEX chat_feedback_of_chat ON views.chat_feedback (chat_id, position);
