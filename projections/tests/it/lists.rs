//! What lists have in common, seen on projects: filters, search, ordering and pages.

use domain::{ids::ProjectId, project::ProjectEvent};
use projections::{
    Views,
    listing::{Ordering, Page, Window, search_words},
    projects::{Filter, list, ordering_column, staff_ordering_column},
};
use sqlx::PgPool;

use crate::history::{History, created, everything, json, number, title};

/// Projects with these titles, in this order; the first has number 0.
fn projects(titles: &[&str]) -> History {
    let mut history = History::default();
    for (place, title) in (0..).zip(titles) {
        history.project(project(place), created(title));
    }
    history
}

const fn project(place: u128) -> ProjectId {
    ProjectId::new(number(1000 + place))
}

fn staff() -> Filter {
    Filter { staff: true, ..Filter::default() }
}

async fn titles(history: &History, pool: &PgPool, filter: &Filter, window: &Window) -> Page<String> {
    let views = Views::beside(pool);
    history.shows(pool, async || list(&views, filter, window).await.expect("read").map(|project| project.title)).await
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn staff_see_all_projects_the_default_one_first(pool: PgPool) {
    let mut history = projects(&["B", "A", "C"]);
    history
        .project(project(2), ProjectEvent::MadeDefault {})
        .project(project(0), ProjectEvent::TitleChanged { title: title("B2") });
    assert_eq!(titles(&history, &pool, &staff(), &everything()).await.results, ["C", "B2", "A"]);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn others_see_the_default_project_only(pool: PgPool) {
    let mut history = projects(&["A", "B"]);
    history.project(project(1), ProjectEvent::MadeDefault {});
    let page = titles(&history, &pool, &Filter::default(), &everything()).await;
    assert_eq!((page.count, page.results), (1, vec!["B".to_owned()]));
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn projects_are_filtered_by_whether_they_are_archived(pool: PgPool) {
    let mut history = projects(&["A", "B"]);
    history.project(project(1), ProjectEvent::Archived {});
    let archived = Filter { archived: Some(true), ..staff() };
    assert_eq!(titles(&history, &pool, &archived, &everything()).await.results, ["B"]);
    let in_use = Filter { archived: Some(false), ..staff() };
    assert_eq!(titles(&history, &pool, &in_use, &everything()).await.results, ["A"]);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn deleted_projects_are_not_listed(pool: PgPool) {
    let mut history = projects(&["A", "B"]);
    history.project(project(0), ProjectEvent::Deleted {});
    assert_eq!(titles(&history, &pool, &staff(), &everything()).await.results, ["B"]);
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn every_word_of_a_search_must_occur_in_any_case(pool: PgPool) {
    let history = projects(&["Newborn Care", "Care of wounds", "Élan"]);
    for (search, found) in [
        ("care", vec!["Newborn Care", "Care of wounds"]),
        ("CARE, born", vec!["Newborn Care"]),
        ("care zinc", vec![]),
        ("élan", vec!["Élan"]),
        (" ", vec!["Newborn Care", "Care of wounds", "Élan"]),
    ] {
        let filter = Filter { search: search_words(search), ..staff() };
        assert_eq!(titles(&history, &pool, &filter, &everything()).await.results, found, "{search}");
    }
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_title_is_found_by_every_spelling_of_its_words(pool: PgPool) {
    let spellings = [
        &["\u{958}लम की जाँच", "क\u{93c}लम की जांच", "कलम की जाच"][..],
        &["पंद्रह बुख़ार", "पन्द्रह बुखार"],
        &["सम्बन्ध चाहिये", "संबंध चाहिए"],
        &["रक्\u{200d}त १०", "रक्त 10"],
        &["കർത്തവ്യം", "കർതവ്യം", "കര്\u{200d}ത്തവ്യം"],
        &["അവന്റെ രക്തസമ്മർദ്ദം", "അവൻ്റെ രക്തസമ്മർദം", "അവന്\u{200d}റെ രക്തസമ്മര്\u{200d}ദം"],
        &["പൗരൻ ൫൦൦", "പൌരന്\u{200d} 500"],
        &["ব্যাঙ্ক", "ব্যাংক"],
        &["సంబంధం", "సమ్బన్ధం"],
        &["ਬੱਚਾ", "ਬਚਾ"],
    ];
    let titles_of_all: Vec<&str> = spellings.concat();
    let history = projects(&titles_of_all);
    for same in spellings {
        let stored: Vec<String> = same.iter().map(|text| title(text).as_str().to_owned()).collect();
        for search in same {
            let filter = Filter { search: search_words(search), ..staff() };
            assert_eq!(titles(&history, &pool, &filter, &everything()).await.results, stored, "{search}");
        }
    }
    for search in ["रक", "(", "500.", "कलम५"] {
        let filter = Filter { search: search_words(search), ..staff() };
        let found = titles(&history, &pool, &filter, &everything()).await.results;
        assert!(found.iter().all(|title| search == "रक" && title.contains("रक")), "{search}: {found:?}");
    }
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_wildcard_or_quote_in_a_search_is_an_ordinary_character(pool: PgPool) {
    let history = projects(&["50% dextrose", "500 ml", "it's a\\b", "a_b"]);
    for (search, found) in
        [("50%", vec!["50% dextrose"]), ("it's", vec!["it's a\\b"]), ("a\\b", vec!["it's a\\b"]), ("a_b", vec!["a_b"])]
    {
        let filter = Filter { search: search_words(search), ..staff() };
        assert_eq!(titles(&history, &pool, &filter, &everything()).await.results, found, "{search}");
    }
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_list_follows_the_ordering_and_breaks_ties_by_creation(pool: PgPool) {
    let mut history = projects(&["B", "A", "B", "C"]);
    history.project(project(2), ProjectEvent::Archived {}).project(project(3), ProjectEvent::Archived {});
    let ordered = |text| Window { ordering: Ordering::parse(text, staff_ordering_column), ..everything() };
    for (text, found) in [
        ("title", ["A", "B", "B", "C"]),
        ("-title", ["C", "B", "B", "A"]),
        ("-created_at", ["C", "B", "A", "B"]),
        ("-archived,title", ["B", "C", "A", "B"]),
        ("prompt", ["B", "A", "B", "C"]),
        ("creator", ["B", "A", "B", "C"]),
    ] {
        assert_eq!(titles(&history, &pool, &staff(), &ordered(text)).await.results, found, "{text}");
    }
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn every_column_that_a_list_may_be_ordered_by_exists(pool: PgPool) {
    use projections::documents;
    let views = Views::beside(&pool);
    let all = "external_id,title,created_at,modified_at,description,stt_engine,tts_engine,model,is_default,archived,assistant_id,\
               prompt,key_set,preset_questions,document_type,file,text_content,uploading,failed,failure_reason,username";
    let by = |column| Window { ordering: Ordering::parse(all, column), ..everything() };
    list(&views, &staff(), &by(staff_ordering_column)).await.expect("staff's projects");
    list(&views, &Filter::default(), &by(ordering_column)).await.expect("projects");
    documents::page(&views, project(0), &by(documents::ordering_column)).await.expect("documents");
}

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn a_page_says_whether_there_is_more_on_either_side(pool: PgPool) {
    let history = projects(&["A", "B", "C"]);
    let window = |offset| Window { limit: 1, offset, ..Window::default() };
    for (offset, expected) in [
        (0, r#"{"count":3,"has_previous":false,"has_next":true,"results":["A"],"offset":0}"#),
        (1, r#"{"count":3,"has_previous":true,"has_next":true,"results":["B"],"offset":1}"#),
        (2, r#"{"count":3,"has_previous":true,"has_next":false,"results":["C"],"offset":2}"#),
        (9, r#"{"count":3,"has_previous":true,"has_next":false,"results":[],"offset":9}"#),
    ] {
        assert_eq!(json(&titles(&history, &pool, &staff(), &window(offset)).await), expected);
    }
}
