//! Register and login.

use super::{REQUIRED, error, json};
use crate::contract::{input::Input, problem::ApiError};

const USERNAME: &str =
    "Enter a valid username. This value may contain only letters, numbers, and @/./+/-/_ characters.";

fn register(input: &Input) -> Result<[String; 5], ApiError> {
    // What the reservations would say.
    let taken = |text: &str| text == "usera" || text == "usera@example.com";
    input.create(|fields| {
        [
            fields
                .text("username")
                .check(USERNAME, |name| name.chars().all(|c| c.is_alphanumeric() || "_@.+-".contains(c)))
                .check("A user with that username already exists.", move |name| !taken(name))
                .max(150)
                .required(),
            fields.text("full_name").max(80).required(),
            fields.text("password").required(),
            fields
                .email("email")
                .check("user with this email address already exists.", move |email| !taken(email))
                .required(),
            fields.text("recaptcha").required(),
        ]
    })
}

fn login(input: &Input) -> Result<(String, String), ApiError> {
    input.create(|fields| (fields.text("password").untrimmed().required(), fields.email("email").required()))
}

#[tokio::test]
async fn register_names_every_missing_field_in_order() {
    assert_eq!(
        error(register(&json("{}").await)).await,
        format!(
            r#"{{"username":{REQUIRED},"full_name":{REQUIRED},"password":{REQUIRED},"email":{REQUIRED},"recaptcha":{REQUIRED}}}"#
        )
    );
}

#[tokio::test]
async fn register_refuses_blank_and_null_in_their_own_words() {
    for (value, word) in [("\"\"", "blank"), ("null", "null"), ("\"  \"", "blank")] {
        let body = format!(
            r#"{{"username":{value},"full_name":{value},"password":{value},"email":{value},"recaptcha":{value}}}"#
        );
        let message = format!(r#"["This field may not be {word}."]"#);
        assert_eq!(
            error(register(&json(&body).await)).await,
            format!(
                r#"{{"username":{message},"full_name":{message},"password":{message},"email":{message},"recaptcha":{message}}}"#
            )
        );
    }
}

#[tokio::test]
async fn register_takes_numbers_for_text_and_nothing_else() {
    let body = r#"{"username":1,"full_name":true,"email":5,"password":[],"recaptcha":{}}"#;
    assert_eq!(
        error(register(&json(body).await)).await,
        r#"{"full_name":["Not a valid string."],"password":["Not a valid string."],"email":["Enter a valid email address."],"recaptcha":["Not a valid string."]}"#
    );
}

#[tokio::test]
async fn register_names_taken_values_together() {
    let body = r#"{"username":"usera","full_name":"N","email":"usera@example.com","password":"p","recaptcha":"x"}"#;
    assert_eq!(
        error(register(&json(body).await)).await,
        r#"{"username":["A user with that username already exists."],"email":["user with this email address already exists."]}"#
    );
}

#[tokio::test]
async fn register_checks_usernames_and_lengths() {
    let with = |username: &str, email: &str| {
        format!(r#"{{"username":"{username}","full_name":"N","email":"{email}","password":"p","recaptcha":"x"}}"#)
    };
    assert_eq!(
        error(register(&json(&with("bad name", "c@example.com")).await)).await,
        format!(r#"{{"username":["{USERNAME}"]}}"#)
    );
    assert_eq!(
        error(register(&json(&with(&"u".repeat(151), "c@example.com")).await)).await,
        r#"{"username":["Ensure this field has no more than 150 characters."]}"#
    );
    let long = format!("{}@example.com", "e".repeat(243));
    assert_eq!(
        error(register(&json(&with("c", &long)).await)).await,
        r#"{"email":["Ensure this field has no more than 254 characters."]}"#
    );
    assert_eq!(error(register(&json(&with("c", "nope")).await)).await, r#"{"email":["Enter a valid email address."]}"#);
}

#[tokio::test]
async fn login_asks_for_the_password_first() {
    assert_eq!(error(login(&json("{}").await)).await, format!(r#"{{"password":{REQUIRED},"email":{REQUIRED}}}"#));
    assert_eq!(
        error(login(&json(r#"{"email":"nurse","password":"p"}"#).await)).await,
        r#"{"email":["Enter a valid email address."]}"#
    );
}

#[tokio::test]
async fn login_trims_the_address_and_not_the_password() {
    let input = json(r#"{"email":" nurse@example.com ","password":" p "}"#).await;
    let (password, email) = login(&input).expect("accepted");
    assert_eq!((password.as_str(), email.as_str()), (" p ", "nurse@example.com"));
}
