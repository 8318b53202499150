-- Assistants, as each project that has or had one knows it.
CREATE TABLE views.assistants (
    project_id   uuid NOT NULL,
    id           text NOT NULL,
    -- Of the event that defined it last.
    position     bigint NOT NULL,
    name         text NOT NULL,
    instructions text NOT NULL,
    model        text NOT NULL,
    PRIMARY KEY (project_id, id)
);
CREATE INDEX assistants_by_id ON views.assistants (id, position DESC);

-- Filters of the contract name messages and chats by number: the position of the event that made them.
CREATE INDEX messages_by_position ON views.messages (position);
CREATE INDEX chats_by_position ON views.chats (position);
