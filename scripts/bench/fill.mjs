// Fills the views, for measurements only: the rows follow from no events, so a rebuild would throw them away.

const MESSAGES_A_CHAT = 10;

// Chats spread over a thousand people, the caller and two projects, each with as many questions as answers.
export function fill(sql, { project }, count) {
    const projectId = project.split("/").at(-1);
    console.log(`filling the views with ${count} chats of ${MESSAGES_A_CHAT} messages`);
    sql(`
        INSERT INTO views.users (id, position, username, full_name, email, is_staff, is_reviewer, is_superuser, allow_key, date_joined)
        SELECT gen_random_uuid(), 0, 'nurse' || n, 'Nurse ' || n, 'nurse' || n || '@example.com', false, false, false, true, now()
        FROM generate_series(1, 1000) AS n;

        CREATE TEMP TABLE people AS SELECT id, row_number() OVER () - 1 AS place FROM views.users;
        CREATE TEMP TABLE wards AS SELECT id, row_number() OVER (ORDER BY id <> '${projectId}') - 1 AS place FROM views.projects;

        INSERT INTO views.chats (id, position, project_id, owner, title, created_at, modified_at)
        SELECT gen_random_uuid(), -n, wards.id, people.id, 'Question ' || n || ' about zinc', at, at
        FROM generate_series(1, ${count}) AS n
        JOIN people ON people.place = n % 1001
        JOIN wards ON wards.place = n % 2
        CROSS JOIN LATERAL (SELECT now() - n * interval '1 minute' AS at) AS times;

        INSERT INTO views.messages (id, position, chat_id, answer_id, message_type, text, original_text, language, temperature,
                                    top_k, document_ids, created_at, modified_at)
        SELECT gen_random_uuid(), -n, chats.id, CASE WHEN n % 2 = 1 THEN gen_random_uuid() END, 3 - 2 * (n % 2), said, said, 'en', 0.1, 100,
               ARRAY(SELECT id FROM views.documents LIMIT 1), created_at, created_at
        FROM views.chats
        CROSS JOIN generate_series(1, ${MESSAGES_A_CHAT}) AS n
        CROSS JOIN LATERAL (SELECT 'Message ' || n || ' of ' || title || repeat(', and what else there is to say', 8) AS said) AS texts
        WHERE position < 0;
    `);
    sql("VACUUM ANALYZE");
    console.log(sql("SELECT format('%s chats, %s messages', (SELECT count(*) FROM views.chats), (SELECT count(*) FROM views.messages))").trim());
}
