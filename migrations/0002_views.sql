-- The read side. Every row here follows from the events and can be thrown away and made again.
--
-- `position` is the place in the log of the event that made the row: the creation order, also where two times are equal.
-- Rows are marked as deleted and kept, because what belongs to them stays readable: the chats of a deleted project,
-- the answers that a deleted document was used for.
CREATE SCHEMA views;

CREATE TABLE views.users (
    id           uuid PRIMARY KEY,
    position     bigint NOT NULL,
    username     text NOT NULL,
    full_name    text NOT NULL,
    email        text NOT NULL,
    is_staff     boolean NOT NULL,
    is_reviewer  boolean NOT NULL,
    is_superuser boolean NOT NULL,
    allow_key    boolean NOT NULL,
    date_joined  timestamptz NOT NULL
);

CREATE TABLE views.projects (
    id               uuid PRIMARY KEY,
    position         bigint NOT NULL,
    title            text NOT NULL,
    description      text,
    prompt           text NOT NULL,
    model            smallint NOT NULL,
    stt_engine       smallint NOT NULL,
    tts_engine       smallint NOT NULL,
    preset_questions text[],
    assistant_id     text,
    key_set          boolean NOT NULL DEFAULT false,
    is_default       boolean NOT NULL DEFAULT false,
    is_archived      boolean NOT NULL DEFAULT false,
    created_at       timestamptz NOT NULL,
    modified_at      timestamptz NOT NULL,
    is_deleted       boolean NOT NULL DEFAULT false
);

CREATE TABLE views.documents (
    id             uuid PRIMARY KEY,
    position       bigint NOT NULL,
    project_id     uuid NOT NULL,
    title          text NOT NULL,
    description    text,
    document_type  smallint NOT NULL,
    file_name      text,
    text_content   text,
    -- The newest version waits for its embedding.
    is_uploading   boolean NOT NULL DEFAULT true,
    -- Why the newest version cannot be retrieved from, in words; null unless it failed.
    failure_reason text,
    created_at     timestamptz NOT NULL,
    modified_at    timestamptz NOT NULL,
    is_deleted     boolean NOT NULL DEFAULT false
);
CREATE INDEX documents_of_project ON views.documents (project_id, position);

CREATE TABLE views.chats (
    id          uuid PRIMARY KEY,
    position    bigint NOT NULL,
    project_id  uuid NOT NULL,
    owner       uuid NOT NULL,
    title       text NOT NULL,
    created_at  timestamptz NOT NULL,
    modified_at timestamptz NOT NULL,
    is_deleted  boolean NOT NULL DEFAULT false
);
CREATE INDEX chats_of_owner ON views.chats (project_id, owner, created_at DESC, position DESC);
CREATE INDEX chats_of_project ON views.chats (project_id, created_at DESC, position DESC);

-- A question, an answer, or the notice that stands in an answer's place.
CREATE TABLE views.messages (
    id                 uuid PRIMARY KEY,
    position           bigint NOT NULL,
    chat_id            uuid NOT NULL,
    -- Of a question: the message that its answer will be.
    answer_id          uuid UNIQUE,
    message_type       smallint NOT NULL,
    text               text NOT NULL,
    -- The text in English.
    original_text      text NOT NULL,
    language           text NOT NULL,
    -- Of the question; its answer repeats them.
    temperature        double precision NOT NULL,
    top_k              bigint NOT NULL,
    -- The documents that the answer names as its sources, best first.
    document_ids       uuid[] NOT NULL DEFAULT '{}',
    reference_start    timestamptz,
    reference_end      timestamptz,
    response_start     timestamptz,
    response_end       timestamptz,
    created_at         timestamptz NOT NULL,
    modified_at        timestamptz NOT NULL
);
CREATE INDEX messages_of_chat ON views.messages (chat_id, position);
