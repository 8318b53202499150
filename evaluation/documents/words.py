"""The words of the tables in each language: names of medicines, headings, ways to say how often, prose."""

from words_hi import HINDI
from words_ml import MALAYALAM

ENGLISH = {
    "drugs": """Paracetamol|Amoxicillin|Gentamicin|Ceftriaxone|Ibuprofen|Zinc sulfate|Morphine|Adrenaline|Salbutamol|Metronidazole
        |Azithromycin|Cotrimoxazole|Furosemide|Diazepam|Phenobarbital|Prednisolone|Dexamethasone|Hydrocortisone|Metformin
        |Glibenclamide|Amlodipine|Atenolol|Enalapril|Aspirin|Warfarin|Heparin|Digoxin|Omeprazole|Ranitidine|Ondansetron|Folic acid
        |Ferrous sulfate|Vitamin K|Albendazole|Artesunate|Quinine|Insulin|Oxytocin|Magnesium sulfate|Calcium gluconate|Codeine
        |Tramadol|Ketamine|Atropine|Naloxone""",
    "long drugs": """Amoxicillin with clavulanic acid, dispersible tablets|Oral rehydration solution of low osmolarity
        |Artemether with lumefantrine, coated tablets|Benzathine benzylpenicillin, powder for injection
        |Ferrous sulfate with folic acid, tablets|Magnesium sulfate for eclampsia, ampoules|Isoniazid with rifampicin, tablets for children
        |Salbutamol solution for the nebuliser""",
    "long doses": """{} mg/kg per day in two divided doses, at most {} mg in a day|{} mg at once, then {} mg after every loose stool
        |{} mg twice a day for three days, with food that has fat|{} mg deep into the muscle, one half in each side, never within {} days
        |{} mg each day from the fourth month until {} weeks after birth""",
    "drug": "Drug", "dose": "Dose", "child": "Child", "adult": "Adult", "often": "How often", "route": "Route", "most": "Most in a day",
    "age": "Age", "strength": "Strength", "dose mg": "Dose (mg)", "form": "Form", "stock": "Stock",
    "ages": "newborn|infant|school child|grown-up",
    "routes": "by mouth|into a vein|into a muscle|under the skin|inhaled",
    "oftens": "once daily|every 4 hours|every 6 hours|every 8 hours|every 12 hours|at night|when needed|twice daily|three times daily",
    "forms": "tablet|syrup|ampoule|capsule|suspension|inhaler",
    "unit": "mg", "unit kg": "mg/kg",
    "sections": "Antibiotics of the ward|Medicines against pain|Medicines for the heart",
    "morning": "Morning", "noon": "Noon", "night": "Night", "by age": "Daily amount",
    "ask": "ask the doctor first",
    "title": "Ward list {}, valid from March",
    "heading": "Medicine list {}",
    "notes": "Not in the first week of life.|Less when the kidneys are weak.|Only with a monitor.",
    "prose": """Wash your hands before you prepare a medicine and read the label twice before you open it.
        |Ask a second person to check the calculation whenever the patient weighs less than ten kilograms.
        |Write down the time at which the medicine was given and sign the sheet at once.
        |Keep the keys of the cupboard with the person in charge of the shift and count the stock each evening.
        |Tell the doctor without delay when the patient vomits, becomes drowsy or breathes with effort.
        |Throw away what is left in an opened bottle after the date that is written on its label.
        |Explain to the family why the treatment has to go on after the fever has gone down.
        |Look at the skin around the needle at each round and move the line when it is red or hard.""",
}

LANGUAGES = {"en": ENGLISH, "ml": MALAYALAM, "hi": HINDI}


def words(language):
    """The words of a language; several of a kind as a list."""
    found = {}
    for kind, text in LANGUAGES[language].items():
        parts = [" ".join(part.split()) for part in text.split("|")]
        found[kind] = parts if len(parts) > 1 else parts[0]
    return found
