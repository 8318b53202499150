//! What people write in a hospital, as long as they write it.

use rand::{RngExt as _, rngs::StdRng};

const PATIENTS: [&str; 8] = [
    "a child of eight months with diarrhoea",
    "a woman of 29 in the second trimester",
    "a man of 74 with chronic kidney disease",
    "a newborn of 2,100 g",
    "a child of four years with pneumonia",
    "a patient who came with chest pain an hour ago",
    "a woman of 56 with diabetes and a foot ulcer",
    "a patient with dengue fever on the fifth day",
];
const THINGS: [&str; 12] = [
    "zinc",
    "oral rehydration solution",
    "amoxicillin",
    "paracetamol",
    "magnesium sulphate",
    "oxytocin",
    "salbutamol by spacer",
    "insulin by infusion",
    "noradrenaline",
    "gentamicin",
    "vitamin A",
    "tranexamic acid",
];
const QUESTIONS: [&str; 6] = [
    "How much {thing} is given to {patient}, and how often?",
    "Which signs mean that {patient} has to be seen by a doctor at once, and may {thing} be given until then?",
    "Is {thing} safe for {patient}?",
    "What is done before {thing} is started for {patient}? The family asks whether it can be given at home, too.",
    "How long does {patient} need {thing}?",
    "What is observed while {patient} gets {thing}, and when is it stopped?",
];
const SENTENCES: [&str; 12] = [
    "For {patient}, {thing} is given once a day for ten to fourteen days, also when the complaints have stopped.",
    "The dose follows from the weight: it is checked by a second person and written into the chart before {thing} is given.",
    "Temperature, pulse, breathing and blood pressure are taken every four hours, and every hour while {thing} runs.",
    "Come back at once if there is blood in the stool, if the child drinks poorly or has a fever.",
    "A doctor is called if the saturation falls below 92 % or the pulse rises above 130.",
    "The tablet is dissolved in breast milk, in oral rehydration solution or in clean water.",
    "{thing} is not given if there was a reaction to it before; ask, and look into the record.",
    "The family is told what to look for, in their own language, and shown how it is done.",
    "Laboratory values are taken before the first dose and again after 24 hours.",
    "If {patient} does not get better in three days, the diagnosis is questioned.",
    "Wash hands before and after; used needles go into the yellow box.",
    "See the protocol of the ward for the steps when a dose was missed.",
];
const HINDI_QUESTIONS: [&str; 3] = [
    "आठ महीने के बच्चे को दस्त में जिंक कितना और कितनी बार देना है?",
    "क्या गर्भावस्था में यह दवा सुरक्षित है, और कब डॉक्टर को बुलाना चाहिए?",
    "नवजात शिशु का तापमान कितनी बार लेना चाहिए?",
];
const HINDI_SENTENCES: [&str; 4] = [
    "जिंक दिन में एक बार दस से चौदह दिन तक दिया जाता है, दस्त रुक जाने पर भी।",
    "मल में खून आए, बच्चा कम पिए या बुखार हो तो तुरंत वापस आएँ।",
    "खुराक वजन के अनुसार होती है और दूसरे व्यक्ति द्वारा जाँची जाती है।",
    "तापमान, नाड़ी और साँस हर चार घंटे में देखी जाती है।",
];
const NAMES: [&str; 16] = [
    "Asha", "Binu", "Chitra", "Deepa", "Esther", "Fathima", "Geetha", "Hari", "Indira", "Jacob", "Kavya", "Lakshmi",
    "Meera", "Nisha", "Omana", "Priya",
];

fn pick<'a>(chance: &mut StdRng, of: &[&'a str]) -> &'a str {
    of[chance.random_range(0..of.len())]
}

fn filled(chance: &mut StdRng, text: &str) -> String {
    text.replace("{patient}", pick(chance, &PATIENTS)).replace("{thing}", pick(chance, &THINGS))
}

pub(crate) fn question(chance: &mut StdRng) -> String {
    let question = pick(chance, &QUESTIONS);
    filled(chance, question)
}

/// A text of so many sentences.
pub(crate) fn text(chance: &mut StdRng, sentences: std::ops::Range<usize>) -> String {
    let count = chance.random_range(sentences);
    let mut text = String::new();
    for number in 0..count {
        if number > 0 {
            text.push_str(if number % 4 == 0 { "\n\n" } else { " " });
        }
        let sentence = pick(chance, &SENTENCES);
        text.push_str(&filled(chance, sentence));
    }
    text
}

pub(crate) fn hindi_question(chance: &mut StdRng) -> String {
    pick(chance, &HINDI_QUESTIONS).to_owned()
}

pub(crate) fn hindi_text(chance: &mut StdRng) -> String {
    (0..chance.random_range(2..6)).map(|_| pick(chance, &HINDI_SENTENCES)).collect::<Vec<_>>().join(" ")
}

pub(crate) fn remark(chance: &mut StdRng) -> String {
    let remarks = [
        "Clear and short.",
        "The dose for children is missing.",
        "This is what the ward needed.",
        "Too long to read at the bed.",
    ];
    pick(chance, &remarks).to_owned()
}

/// A person's name, and a word for the login that nobody else has.
pub(crate) fn person(chance: &mut StdRng, number: usize) -> (String, String) {
    let (first, last) = (pick(chance, &NAMES), pick(chance, &NAMES));
    (format!("{first} {last}"), format!("{}.{number}", first.to_lowercase()))
}

pub(crate) fn subject(chance: &mut StdRng) -> String {
    format!("Protocol: {}", pick(chance, &THINGS))
}
