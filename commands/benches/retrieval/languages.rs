//! How well the model on this machine finds passages for the questions of `make bench-retrieval`, and English passages for questions
//! in Hindi and Malayalam; see `evaluation/cross_language/README.md`.

use std::{collections::BTreeMap, fs, path::PathBuf, time::Instant};

use adapters::{launcher::Launcher, local_model::LocalModel};
use knowledge::retrieval::ranking::{Parameters, rank};
use ports::{Embedder as _, TextKind};
use serde::Deserialize;

use super::{FOLDER, Library, PASSAGES, Tally, report_heading};

#[derive(Deserialize)]
struct Asked {
    language: String,
    question: String,
    english: String,
    /// Each of them answers it.
    documents: Vec<String>,
}

pub(crate) async fn measure(model: PathBuf) {
    let questions = fs::read_to_string(format!("{FOLDER}/../cross_language/questions.jsonl")).expect("they are there");
    let questions: Vec<Asked> =
        questions.lines().map(|line| serde_json::from_str(line).expect("a question a line")).collect();
    let model = LocalModel::in_folder(&model, Launcher::unconfined()).expect("`make models` makes the folder");
    let started = Instant::now();
    let library = Library::embedded_by(&model).await;
    println!("{} passages embedded in {:.0} s\n", library.count, started.elapsed().as_secs_f64());

    report_heading("two cores");
    super::measure(&library, &model, &super::questions()).await;
    let mut asked: BTreeMap<String, Vec<(&str, &[String])>> = BTreeMap::new();
    for question in &questions {
        let name = &question.language;
        asked.entry(name.clone()).or_default().push((&question.question, &question.documents));
        asked.entry(format!("{name}, the same in English")).or_default().push((&question.english, &question.documents));
    }
    let by_vectors = Parameters { words: 0.0, vectors: 1.0, ..Parameters::default() };
    for (name, questions) in asked {
        let (started, mut tally) = (Instant::now(), Tally::default());
        for (question, documents) in questions {
            let vector = model.embed(&[question.to_owned()], TextKind::Question).await.expect("the model works");
            let near = library.near(&vector[0], &by_vectors);
            let found = rank(&library.segments, question, &near, PASSAGES, &by_vectors);
            tally.count(library.names_of(&found), |name| documents.iter().any(|document| document == name));
        }
        tally.report(&name, started);
    }
}
