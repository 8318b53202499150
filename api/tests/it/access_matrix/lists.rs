//! What those who may read a list find in it, and what is kept back from those who may read an object.

use serde_json::{Value, json};
use sqlx::PgPool;

use super::{PEOPLE, world::World};
use crate::support::Person;

/// Whether the answer, a page or an array, holds an object with this id.
fn holds(answer: &Value, path: &str) -> bool {
    let id = path.rsplit('/').next().expect("a path ends with an id");
    let objects = answer.as_array().or_else(|| answer["results"].as_array()).expect("a list has objects");
    objects.iter().any(|object| object["external_id"] == id)
}

/// Of these callers, those who find the object in the list.
async fn finders<'n>(world: &World, callers: &[&'n str], list: &str, object: &str) -> Vec<&'n str> {
    let mut finders = vec![];
    for caller in callers {
        let person: &Person = world.caller(caller);
        let request = person.request(reqwest::Method::GET, list).header("x-forwarded-for", "203.0.113.7");
        if holds(&person.send(request).await.json(200), object) {
            finders.push(*caller);
        }
    }
    finders
}

const CHATTERS: [&str; 8] = ["owner", "other", "reviewer", "staff", "colleague", "superuser", "root", "temp-token"];

#[sqlx::test(migrator = "migrations::MIGRATOR")]
async fn lists_and_views_show_each_caller_no_more_than_is_theirs(db: PgPool) {
    let world = Box::pin(World::start(&db)).await;
    chats_are_listed_to_their_owner_and_on_demand_to_superusers(&world).await;
    chats_of_a_key_are_listed_to_it_alone(&world).await;
    feedback_is_listed_to_owners_and_to_those_who_review(&world).await;
    projects_are_listed_to_staff_and_defaults_to_everybody(&world).await;
    prompts_are_for_staff(&world).await;
    superusers_are_out_of_reach_of_staff(&world).await;
    services_are_listed_to_their_owner_and_to_superusers_who_are_staff(&world).await;
    a_chat_is_found_in_its_own_project_only(&world).await;
    a_service_may_do_nothing_when_its_owner_is_gone(&world).await;
}

async fn chats_are_listed_to_their_owner_and_on_demand_to_superusers(world: &World) {
    let chats = format!("/projects/{}/chats", world.project);
    let chat = world.path("/api/projects/{}/chats/{}");
    let finders = async |query: &str| finders(world, &CHATTERS, &format!("{chats}{query}"), chat).await;
    assert_eq!(finders("").await, ["owner", "temp-token"]);
    assert_eq!(finders("?fetch=all").await, ["owner", "superuser", "root", "temp-token"]);
    assert_eq!(finders("?search=zinc").await, ["owner", "temp-token"]);
    assert_eq!(finders("/list_all").await, ["owner", "superuser", "root", "temp-token"]);
    for caller in ["other", "reviewer", "staff"] {
        let page = world.caller(caller).get(&format!("{chats}?fetch=all")).await.json(200);
        assert_eq!((&page["count"], &page["results"]), (&json!(0), &json!([])), "{caller}");
    }
}

async fn chats_of_a_key_are_listed_to_it_alone(world: &World) {
    let chat = world.path("/api/chats/{}");
    assert_eq!(finders(world, &["key", "other-key"], "/chats", chat).await, ["key"]);
    let everybodys = format!("/projects/{}/chats?fetch=all", world.project);
    assert_eq!(finders(world, &CHATTERS, &everybodys, chat).await, [""; 0]);
    // Nor are those of people to keys, in any way.
    let chat = world.path("/api/projects/{}/chats/{}").rsplit('/').next().expect("an id");
    for caller in ["key", "other-key"] {
        let key = world.caller(caller);
        assert_eq!(finders(world, &[caller], "/chats", chat).await, [""; 0]);
        key.get(&format!("/chats/{chat}")).await.json(404);
        key.patch(&format!("/chats/{chat}"), json!({ "title": "Mine" })).await.json(404);
        key.ask(&format!("/chats/{chat}"), "Zinc?").await.json(404);
    }
}

async fn feedback_is_listed_to_owners_and_to_those_who_review(world: &World) {
    let feedback = world.path("/api/feedback/{}");
    let who = finders(world, &PEOPLE, "/feedback", feedback).await;
    assert_eq!(who, ["owner", "reviewer", "staff", "colleague", "superuser", "root"]);
    assert_eq!(world.caller("other").get("/feedback").await.json(200)["count"], 0);
}

async fn projects_are_listed_to_staff_and_defaults_to_everybody(world: &World) {
    let staff = world.caller("staff");
    let body = json!({ "title": "Main", "is_default": true, "prompt": "Secret ward rules. {reference}" });
    let standard = staff.post("/projects", body).await.id();
    assert_eq!(finders(world, &PEOPLE, "/projects", &world.project).await, ["staff", "colleague", "root"]);
    assert_eq!(finders(world, &PEOPLE, "/projects", &standard).await, PEOPLE);
    let hidden = staff.project("Old").await;
    let hidden = format!("/projects/{hidden}");
    staff.patch(&hidden, json!({ "archived": true })).await.json(200);
    for caller in ["owner", "other", "reviewer", "superuser"] {
        world.caller(caller).get(&hidden).await.json(404);
    }
}

async fn prompts_are_for_staff(world: &World) {
    let project = format!("/projects/{}", world.project);
    let run = world.path("/api/tests/suites/{}/runs/{}");
    let (runs, _) = run.rsplit_once('/').expect("a run is in a list");
    let mut told = vec![];
    for (caller, paths) in [
        ("owner", &[project.as_str(), "/projects"][..]),
        ("superuser", &[&project, "/projects"]),
        ("reviewer", &[&project, "/projects", run, runs]),
        ("staff", &[&project, "/projects", run, runs]),
    ] {
        for path in paths {
            let answer = world.caller(caller).get(path).await;
            answer.json(200);
            if answer.body.contains("Secret ward rules") {
                told.push((caller, *path));
            }
        }
    }
    assert_eq!(told, [("staff", project.as_str()), ("staff", "/projects"), ("staff", run), ("staff", runs)]);
}

async fn superusers_are_out_of_reach_of_staff(world: &World) {
    let staff = world.caller("staff");
    let before = staff.get("/users/superuser").await.json(200);
    for changes in [
        json!({ "full_name": "Renamed" }),
        json!({ "email": "mine@example.com" }),
        json!({ "allow_key": false }),
        json!({ "is_staff": true }),
    ] {
        staff.patch("/users/superuser", changes).await.json(403);
    }
    staff.delete("/users/superuser").await.json(403);
    assert_eq!(staff.get("/users/superuser").await.json(200), before);
    for caller in ["owner", "reviewer", "superuser"] {
        let person = world.caller(caller);
        let promoted = json!({ "is_staff": true, "is_reviewer": true, "is_superuser": true, "allow_key": false });
        let before = person.get("/users/me").await.json(200);
        assert_eq!(person.patch("/users/me", promoted).await.json(200), before, "{caller}");
    }
}

async fn services_are_listed_to_their_owner_and_to_superusers_who_are_staff(world: &World) {
    let staff = ["staff", "colleague", "root"];
    let who = finders(world, &staff, "/services", world.path("/api/services/{}")).await;
    assert_eq!(who, ["staff", "root"]);
    let who = finders(world, &staff, "/services?ordering=-owner", &world.service_of_owner).await;
    assert_eq!(who, ["root"]);
    for caller in ["staff", "colleague"] {
        let person = world.caller(caller);
        for body in [json!({ "owner": person.id }), json!({ "name": "Mine" }), json!({ "allow_key": false })] {
            person.patch(&world.service_of_owner, body).await.json(404);
        }
        person.post(&format!("{}/keys", world.service_of_owner), json!({ "title": "Mine" })).await.json(404);
        person.get(&format!("{}/keys", world.service_of_owner)).await.json(404);
        person.delete(&world.service_of_owner).await.json(404);
        for victim in ["owner", "reviewer", "superuser", "root"] {
            let body = json!({ "name": "Mine", "owner": world.caller(victim).id });
            person.post("/services", body).await.json(403);
        }
    }
}

async fn a_chat_is_found_in_its_own_project_only(world: &World) {
    let (_, chat) = world.path("/api/projects/{}/chats/{}").rsplit_once('/').expect("a chat is in a list");
    let elsewhere = format!("/projects/{}/chats/{chat}", world.caller("staff").project("Elsewhere").await);
    let recording = reqwest::multipart::Part::bytes(b"RIFF".as_slice()).file_name("audio.wav");
    let recording = reqwest::multipart::Form::new().part("audio", recording);
    let owner = world.caller("owner");
    for answer in [
        owner.get(&elsewhere).await,
        owner.patch(&elsewhere, json!({ "title": "New" })).await,
        owner.get(&format!("{elsewhere}/feedbacks")).await,
        owner.ask(&elsewhere, "Zinc?").await,
        owner.post_form(&format!("{elsewhere}/speech_to_text"), recording).await,
        owner.delete(&elsewhere).await,
        world.caller("superuser").get(&format!("{elsewhere}?fetch=all")).await,
    ] {
        answer.is(404, r#"{"detail":"Not found."}"#);
    }
}

async fn a_service_may_do_nothing_when_its_owner_is_gone(world: &World) {
    let chats = format!("/projects/{}/chats", world.project);
    let guest = world.caller("temp-token");
    let guest = async || {
        let request = guest.request(reqwest::Method::GET, &chats).header("x-forwarded-for", "203.0.113.7");
        guest.send(request).await
    };
    guest().await.json(200);
    world.app.set_active("owner@example.com", false).await;
    guest().await.json(401);
    world.caller("owner").get(&chats).await.json(401);
    world.caller("key").get("/chats").await.json(401);
    world.caller("key").post("/temptokens", json!({ "ip": "203.0.113.7" })).await.json(401);
    world.caller("other-key").get("/chats").await.json(200);
}
