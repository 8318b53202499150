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
