//! The demo: a first admin, a project with real documents, and commands to try.
//!
//! It is created once, however often it is asked for; what users change or delete afterwards stays changed or deleted.

use commands::{
    accounts::{AccountError, Registration},
    documents::{NewContent, NewDocument},
    execute::Context,
    projects::ProjectUpdate,
    uploads::NewFile,
};
use domain::{
    document::Document,
    ids::{DocumentId, ProjectId, UserId},
    project::{Project, Settings},
    user::Roles,
    values::{DocumentType, Email, FullName, Title, Username},
};
use projections::{listing::Window, projects::Filter};
use rand::{distr::Alphanumeric, distr::SampleString};
use secrecy::{ExposeSecret, SecretString};
use uuid::Uuid;

use crate::{app::App, terminal::say};

const EMAIL: &str = "admin@example.com";
const USERNAME: &str = "admin";
const PROJECT_TITLE: &str = "Demo: common conditions";
const QUESTION: &str = "What are the symptoms of hypothyroidism?";
/// The namespace of the ids, which are derived from names, so that the next start completes one that was interrupted.
const NAMESPACE: Uuid = Uuid::from_u128(0x6ad3_7c5e_9f0b_5b0e_8c7e_2f6f_6f53_1d10);

macro_rules! documents {
    ($($name:literal)*) => {
        [$(($name, include_str!(concat!("../../demo/documents/", $name)))),*]
    };
}

/// File names and texts; `demo/README.md` says where they come from.
const DOCUMENTS: [(&str, &str); 12] = documents! {
    "celiac-disease.md"
    "copd.md"
    "gallstones.md"
    "gout.md"
    "heart-attack.md"
    "high-blood-pressure.md"
    "hypoglycemia.md"
    "hypothyroidism.md"
    "kidney-stones-in-adults.md"
    "stroke.md"
    "urinary-tract-infection-in-adults.md"
    "viral-gastroenteritis.md"
};

/// Creates what is missing of the demo, and prints the first steps to standard output.
///
/// # Errors
/// An error of the log or of the database.
pub async fn prepare(app: &App, base_url: &str) -> anyhow::Result<()> {
    // The views must be up to date, because they tell whether there are accounts and projects.
    app.settle().await?;
    let context = Context::system("demo", app.clock.new_id());
    let password = make_admin(app, &context).await?;
    // Printed at once, because the password cannot be shown again if a later step fails.
    say(&account(password.as_ref().map(ExposeSecret::expose_secret)));
    let project = make_project(app, &context).await?;
    app.settle().await?;
    say(&invitation(base_url, password.as_ref().map(ExposeSecret::expose_secret), project));
    Ok(())
}

/// Creates the first admin and returns its password; `None` if there is an account already.
async fn make_admin(app: &App, context: &Context) -> anyhow::Result<Option<SecretString>> {
    if projections::users::any(&app.views).await? {
        return Ok(None);
    }
    let password = SecretString::from(Alphanumeric.sample_string(&mut rand::rng(), 20));
    let registration = Registration {
        username: Username::parse(USERNAME)?,
        email: Email::parse(EMAIL)?,
        full_name: FullName::parse("First admin")?,
        password: password.clone(),
        roles: Roles::ALL,
    };
    match app.accounts.register(UserId::new(app.clock.new_id()), registration, context).await {
        Ok(_) => Ok(Some(password)),
        // Another process was faster.
        Err(AccountError::Taken { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Creates the demo project or completes it, and returns its id; `None` if there are other projects, or it was deleted.
async fn make_project(app: &App, context: &Context) -> anyhow::Result<Option<ProjectId>> {
    let id = ProjectId::new(Uuid::new_v5(&NAMESPACE, b"project"));
    match app.projects.load(id).await? {
        Project::Existing { .. } => {}
        Project::Deleted { .. } => return Ok(None),
        Project::Absent => {
            let everything = Filter { staff: true, ..Filter::default() };
            let window = Window { limit: 1, ..Window::default() };
            if projections::projects::list(&app.views, &everything, &window).await?.count > 0 {
                return Ok(None);
            }
            let update = ProjectUpdate { is_default: Some(true), ..ProjectUpdate::default() };
            let settings = Settings::new(Title::parse(PROJECT_TITLE)?, String::new());
            app.projects.create(id, settings, update, context).await?;
        }
    }
    for (name, text) in DOCUMENTS {
        let document = DocumentId::new(Uuid::new_v5(&id.value(), name.as_bytes()));
        if app.commands.log().load::<Document>(document.value()).await?.aggregate != Document::Absent {
            continue;
        }
        app.documents.add(id, document, new_document(name, text)?, context).await?;
    }
    Ok(Some(id))
}

fn new_document(name: &str, text: &str) -> anyhow::Result<NewDocument> {
    let heading = text.lines().next().unwrap_or_default().trim_start_matches("# ");
    Ok(NewDocument {
        title: Title::parse(heading)?,
        description: Some(
            "From MedQuAD (Ben Abacha and Demner-Fushman, 2019), CC BY 4.0, without its questions".to_owned(),
        ),
        content: NewContent {
            document_type: DocumentType::File,
            text_content: None,
            file: Some(NewFile { name: name.to_owned(), bytes: text.as_bytes().to_vec().into() }),
        },
    })
}

fn account(new_password: Option<&str>) -> String {
    match new_password {
        Some(password) => format!(
            "
The first admin was made just now. The password is shown this once, so keep it:
    e-mail    {EMAIL}
    password  {password}
"
        ),
        None => "
There is an account already. To make another admin:
    echo 'a long pass phrase' | ayushma createsuperuser --email you@example.com --username you --password-stdin
"
        .to_owned(),
    }
}

fn invitation(base_url: &str, new_password: Option<&str>, project: Option<ProjectId>) -> String {
    let try_it = match project {
        Some(project) => commands_to_try(base_url, new_password.unwrap_or("YOUR PASSWORD"), project),
        None => "There is no demo project, because there are projects of your own or it was deleted.".to_owned(),
    };
    format!("\nAyushma is at {base_url} (Ctrl-C stops it).\n\n{try_it}\n")
}

fn commands_to_try(base_url: &str, password: &str, project: ProjectId) -> String {
    let count = DOCUMENTS.len();
    format!(
        r#"Try the project "{PROJECT_TITLE}" ({count} documents) in another terminal:

1. Log in:
    TOKEN=$(curl -sS {base_url}/api/auth/login -H 'Content-Type: application/json' \
        -d '{{"email": "{EMAIL}", "password": "{password}"}}' | sed 's/.*"token":"\([^"]*\)".*/\1/')

2. Begin a chat:
    CHATS={base_url}/api/projects/{project}/chats
    CHAT=$(curl -sS $CHATS -H "Authorization: Token $TOKEN" \
        -H 'Content-Type: application/json' -d '{{"title": "First questions"}}' | sed 's/^{{"external_id":"\([^"]*\)".*/\1/')

3. Ask, and see the answer come in:
    curl -sSN $CHATS/$CHAT/converse -H "Authorization: Token $TOKEN" -F 'text={QUESTION}'"#
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_document_has_a_title_and_no_question_left_in() {
        for (name, text) in DOCUMENTS {
            assert!(new_document(name, text).is_ok(), "{name}");
            assert!(!text.lines().any(|line| line.starts_with("## ")), "{name}");
        }
    }

    #[test]
    fn the_password_is_in_the_commands_to_try_only_when_it_is_new() {
        let project = Some(ProjectId::new(Uuid::nil()));
        assert!(invitation("http://h", Some("s3cret"), project).contains(r#""password": "s3cret""#));
        assert!(account(Some("s3cret")).contains("s3cret"));
        let later = format!("{}{}", account(None), invitation("http://h", None, project));
        assert!(later.contains("YOUR PASSWORD") && later.contains("createsuperuser"), "{later}");
    }
}
