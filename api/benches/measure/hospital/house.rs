//! The people of a hospital, its projects and their documents.

use domain::{
    chat::RetrievedPassage,
    document::{Document, DocumentCommand, Source},
    ids::{ChunkId, DocumentId, ProjectId, UserId},
    project::{Project, ProjectChanges, ProjectCommand, Settings},
    user::{Roles, User, UserChanges, UserCommand},
    values::{DocumentType, Email, FullName, Model, Title, Username},
};
use rand::RngExt as _;
use uuid::Uuid;

use super::{
    teller::{Living, Teller},
    texts,
};

const STAFF: usize = 4;
const REVIEWERS: usize = 3;
const WARDS: usize = 8;
const DOCUMENTS: usize = 12;
/// The passages of a document.
const PASSAGES: u32 = 40;

pub(crate) struct House {
    /// Staff first, then reviewers, an auditor, and those who only ask.
    people: Vec<Living<User>>,
    wards: Vec<Ward>,
}

/// A project and what its answers are made from.
pub(crate) struct Ward {
    project: Living<Project>,
    documents: Vec<Living<Document>>,
}

impl House {
    /// Founds the hospital: so many people who ask, and those who look after projects.
    pub(crate) async fn found(teller: &mut Teller, nurses: usize) -> anyhow::Result<Self> {
        let mut house = Self { people: Vec::new(), wards: Vec::new() };
        for number in 0..=STAFF + REVIEWERS + nurses {
            let person = register(teller, number).await?;
            house.people.push(person);
        }
        for _ in 0..WARDS {
            let ward = Ward::open(teller, house.people[1].id).await?;
            house.wards.push(ward);
        }
        Ok(house)
    }

    pub(crate) fn a_nurse(&self, teller: &mut Teller) -> usize {
        let others = STAFF + REVIEWERS + 1;
        others + teller.place(self.people.len() - others)
    }

    pub(crate) fn one_of_the_staff(&self, teller: &mut Teller) -> Uuid {
        self.people[teller.place(STAFF)].id
    }

    pub(crate) fn a_reviewer(&self, teller: &mut Teller) -> Uuid {
        self.people[STAFF + teller.place(REVIEWERS)].id
    }

    pub(crate) fn a_ward(&self, teller: &mut Teller) -> usize {
        teller.place(self.wards.len())
    }

    pub(crate) fn person(&mut self, number: usize) -> &mut Living<User> {
        &mut self.people[number]
    }

    pub(crate) fn ward(&self, number: usize) -> &Ward {
        &self.wards[number]
    }

    /// Something that happens seldom: an account or a project is changed, or a document gets a new version.
    pub(crate) async fn change(&mut self, teller: &mut Teller) -> anyhow::Result<()> {
        let staff = self.one_of_the_staff(teller);
        let request = teller.by_person(staff);
        let ward = teller.place(self.wards.len());
        match teller.place(6) {
            0 => {
                let prompt = format!("Answer from the passages only. {}", texts::text(&mut teller.chance, 4..12));
                let changes = ProjectChanges { prompt: Some(prompt), ..ProjectChanges::default() };
                let change = [ProjectCommand::Change(Box::new(changes))];
                teller.execute(&mut self.wards[ward].project, &request, change).await
            }
            1 => {
                let models = [Model::Gpt4Omni, Model::Gpt4OmniMini, Model::Gpt4Turbo];
                let changes =
                    ProjectChanges { model: Some(models[teller.place(models.len())]), ..ProjectChanges::default() };
                let change = [ProjectCommand::Change(Box::new(changes))];
                teller.execute(&mut self.wards[ward].project, &request, change).await
            }
            2 => {
                let person = self.a_nurse(teller);
                let (full_name, _) = texts::person(&mut teller.chance, person);
                let person = &mut self.people[person];
                let request = teller.by_person(person.id);
                let rename = [UserCommand::ChangeFullName(Some(FullName::parse(&full_name)?))];
                teller.execute(person, &request, rename).await
            }
            3 => {
                let person = self.a_nurse(teller);
                let allow_key = Some(teller.is_likely(0.5));
                let changes = UserChanges { allow_key, ..UserChanges::default() };
                let administer =
                    UserCommand::Administer { authority: domain::user::Authority::Staff, changes, keep: None };
                teller.execute(&mut self.people[person], &request, [administer]).await
            }
            _ => self.wards[ward].renew_document(teller, staff).await,
        }
    }
}

async fn register(teller: &mut Teller, number: usize) -> anyhow::Result<Living<User>> {
    teller.pass_time();
    let (full_name, word) = texts::person(&mut teller.chance, number);
    let is_staff = number < STAFF;
    let roles = Roles {
        is_staff,
        is_superuser: number == 0,
        is_reviewer: (STAFF..STAFF + REVIEWERS).contains(&number),
        allow_key: is_staff,
    };
    let register = UserCommand::Register {
        username: Username::parse(&word)?,
        email: Email::parse(&format!("{word}@hospital.example"))?,
        full_name: FullName::parse(&full_name)?,
        roles,
    };
    let mut person = Living::absent(teller.new_id());
    let request = if number == 0 { teller.by_system("command-line") } else { teller.by_person(person.id) };
    let appointed = (number == STAFF + REVIEWERS).then_some(UserCommand::SetAuditor(true));
    teller.execute(&mut person, &request, std::iter::once(register).chain(appointed)).await?;
    Ok(person)
}

impl Ward {
    async fn open(teller: &mut Teller, staff: Uuid) -> anyhow::Result<Self> {
        teller.pass_time();
        let mut project = Living::absent(teller.new_id());
        let request = teller.by_person(staff);
        let title = Title::parse(&texts::subject(&mut teller.chance))?;
        let settings = Settings::new(title, texts::text(&mut teller.chance, 4..12));
        let create = ProjectCommand::Create { creator: Some(UserId::new(staff)), settings };
        teller.execute(&mut project, &request, [create]).await?;
        let mut ward = Self { project, documents: Vec::new() };
        for _ in 0..DOCUMENTS {
            let document = ward.add_document(teller, staff).await?;
            ward.documents.push(document);
        }
        Ok(ward)
    }

    pub(crate) const fn project(&self) -> ProjectId {
        ProjectId::new(self.project.id)
    }

    async fn add_document(&self, teller: &mut Teller, staff: Uuid) -> anyhow::Result<Living<Document>> {
        teller.pass_time();
        let mut document = Living::absent(teller.new_id());
        let add = DocumentCommand::Add {
            project_id: self.project(),
            creator: Some(UserId::new(staff)),
            title: Title::parse(&texts::subject(&mut teller.chance))?,
            description: None,
            source: source(teller),
        };
        let request = teller.by_person(staff);
        teller.execute(&mut document, &request, [add]).await?;
        embed(teller, &mut document, 1).await?;
        Ok(document)
    }

    async fn renew_document(&mut self, teller: &mut Teller, staff: Uuid) -> anyhow::Result<()> {
        let place = teller.place(self.documents.len());
        let document = &mut self.documents[place];
        let request = teller.by_person(staff);
        let add = DocumentCommand::AddVersion { creator: Some(UserId::new(staff)), source: source(teller) };
        teller.execute(document, &request, [add]).await?;
        let version = version_of(&document.aggregate);
        embed(teller, document, version).await
    }

    /// Passages that a search could have found here, best first.
    pub(crate) fn passages(&self, teller: &mut Teller) -> Vec<RetrievedPassage> {
        let count = teller.chance.random_range(3..7);
        let mut score = 0.9;
        let passage = |_| {
            let document = &self.documents[teller.place(self.documents.len())];
            let number = teller.chance.random_range(0..PASSAGES);
            score *= 0.8;
            RetrievedPassage {
                document_id: DocumentId::new(document.id),
                document_version: version_of(&document.aggregate),
                chunk_id: ChunkId::new(Uuid::from_u128(document.id.as_u128() ^ u128::from(number))),
                content_hash: teller.digest(),
                score,
            }
        };
        (0..count).map(passage).collect()
    }
}

const fn version_of(document: &Document) -> u32 {
    match document {
        Document::Added { version, .. } => *version,
        Document::Absent | Document::Deleted { .. } => 0,
    }
}

/// A file, or a text of some thousand characters.
fn source(teller: &mut Teller) -> Source {
    if teller.is_likely(0.6) {
        let file = Some(teller.file("pdf", 40_000..4_000_000));
        Source { document_type: DocumentType::File, file, text_content: None }
    } else {
        let text_content = Some(texts::text(&mut teller.chance, 20..120));
        Source { document_type: DocumentType::Text, file: None, text_content }
    }
}

async fn embed(teller: &mut Teller, document: &mut Living<Document>, version: u32) -> anyhow::Result<()> {
    teller.stage(500..20_000);
    let model = "text-embedding-3-small".to_owned();
    let record = DocumentCommand::RecordEmbedding { version, passages: PASSAGES, model, notes: vec![] };
    let request = teller.by_system("embedding");
    teller.execute(document, &request, [record]).await
}
