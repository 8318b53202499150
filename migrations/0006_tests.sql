-- The read side of test suites, their runs and the feedback on results.

CREATE TABLE views.test_suites (
    id          uuid PRIMARY KEY,
    position    bigint NOT NULL,
    name        text NOT NULL,
    temperature double precision NOT NULL,
    top_k       integer NOT NULL,
    created_at  timestamptz NOT NULL,
    modified_at timestamptz NOT NULL,
    is_deleted  boolean NOT NULL DEFAULT false
);

CREATE TABLE views.test_questions (
    id           uuid PRIMARY KEY,
    position     bigint NOT NULL,
    suite_id     uuid NOT NULL,
    question     text NOT NULL,
    human_answer text NOT NULL,
    language     text NOT NULL,
    created_at   timestamptz NOT NULL,
    modified_at  timestamptz NOT NULL,
    -- Results of earlier runs go on showing it.
    is_deleted   boolean NOT NULL DEFAULT false
);
CREATE INDEX test_questions_of_suite ON views.test_questions (suite_id, position);

CREATE TABLE views.test_attachments (
    id            uuid PRIMARY KEY,
    position      bigint NOT NULL,
    suite_id      uuid NOT NULL,
    question_id   uuid NOT NULL,
    title         text NOT NULL,
    description   text,
    document_type smallint NOT NULL,
    file_name     text,
    text_content  text,
    created_at    timestamptz NOT NULL,
    is_deleted    boolean NOT NULL DEFAULT false
);
CREATE INDEX test_attachments_of_question ON views.test_attachments (question_id, position);

CREATE TABLE views.test_runs (
    id              uuid PRIMARY KEY,
    -- The number that results name their run by.
    position        bigint NOT NULL,
    suite_id        uuid NOT NULL,
    project_id      uuid NOT NULL,
    status          smallint NOT NULL,
    models          smallint[] NOT NULL,
    with_references boolean NOT NULL,
    created_at      timestamptz NOT NULL,
    modified_at     timestamptz NOT NULL,
    is_deleted      boolean NOT NULL DEFAULT false
);
CREATE INDEX test_runs_of_suite ON views.test_runs (suite_id, position);

CREATE TABLE views.test_results (
    id           uuid PRIMARY KEY,
    -- The number that the contract shows as its id.
    position     bigint NOT NULL,
    run_id       uuid NOT NULL,
    question_id  uuid NOT NULL,
    model        smallint NOT NULL,
    question     text NOT NULL,
    human_answer text NOT NULL,
    answer       text NOT NULL,
    -- The documents that the answer names as its sources, best first.
    document_ids uuid[] NOT NULL,
    -- Null where there is nothing to compare.
    cosine_sim   double precision,
    bleu_score   double precision,
    created_at   timestamptz NOT NULL
);
CREATE INDEX test_results_of_run ON views.test_results (run_id, position);

CREATE TABLE views.run_feedback (
    id          uuid PRIMARY KEY,
    -- The number that it is addressed by.
    position    bigint NOT NULL UNIQUE,
    author      uuid NOT NULL,
    result_id   uuid NOT NULL,
    rating      smallint NOT NULL,
    notes       text NOT NULL,
    created_at  timestamptz NOT NULL,
    modified_at timestamptz NOT NULL,
    is_deleted  boolean NOT NULL DEFAULT false
);
CREATE INDEX run_feedback_on_result ON views.run_feedback (result_id, position);
