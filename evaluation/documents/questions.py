"""Questions to the tables, each with the one cell that answers it and the values that would be another row's."""

import random

ASK = {
    "en": {
        "child": "What is the dose of {} for a child?", "adult": "What is the dose of {} for an adult?", "often": "How often is {} given?",
        "dose": "What is the dose of {}?", "route": "How is {} given?", "form": "In which form do we keep {}?",
        "strength": "What is the strength of {}?", "morning": "How much {} is given in the morning?", "noon": "How much {} is given at noon?",
        "night": "How much {} is given at night?", "most": "What is the most of {} in a day?", "dose mg": "How many milligrams of {} are given?",
        "stock": "How much {} is in stock?", "age": " The patient is: {}.", "section": " The list is: {}.",
    },
    "ml": {
        "child": "{} കുട്ടിക്ക് എത്ര ഡോസ് നൽകണം?", "adult": "{} മുതിർന്നവർക്ക് എത്ര ഡോസ് നൽകണം?", "often": "{} എത്ര തവണ നൽകണം?",
        "dose": "{} എത്ര ഡോസ് നൽകണം?", "route": "{} ഏതു വഴിയാണു നൽകേണ്ടത്?", "form": "{} ഏതു രൂപത്തിലാണുള്ളത്?", "strength": "{} എന്ന മരുന്നിന്റെ വീര്യം എത്ര?",
        "morning": "{} രാവിലെ എത്ര നൽകണം?", "noon": "{} ഉച്ചയ്ക്ക് എത്ര നൽകണം?", "night": "{} രാത്രി എത്ര നൽകണം?",
        "most": "{} ഒരു ദിവസം പരമാവധി എത്ര നൽകാം?", "dose mg": "{} എത്ര മില്ലിഗ്രാം നൽകണം?", "stock": "{} എത്ര ശേഖരത്തിലുണ്ട്?", "age": " രോഗി: {}.",
        "section": " പട്ടിക: {}.",
    },
    "hi": {
        "child": "बच्चे को {} की कितनी खुराक देनी है?", "adult": "वयस्क को {} की कितनी खुराक देनी है?", "often": "{} कितनी बार देना है?",
        "dose": "{} की खुराक कितनी है?", "route": "{} किस तरह दिया जाता है?", "form": "{} किस रूप में रखा है?", "strength": "{} की शक्ति कितनी है?",
        "morning": "{} सुबह कितना देना है?", "noon": "{} दोपहर को कितना देना है?", "night": "{} रात को कितना देना है?",
        "most": "{} एक दिन में अधिकतम कितना दे सकते हैं?", "dose mg": "{} कितने मिलीग्राम देना है?", "stock": "{} का भंडार कितना है?", "age": " रोगी: {}.",
        "section": " सूची: {}.",
    },
}


def of(document, words, truth, count=3):
    """Questions to a document: `table`, `row` and `cell` count from 0 in its truth."""
    draw, asked = random.Random(f"questions {document.name}"), []
    kinds = {text: kind for kind, text in words.items() if isinstance(text, str)}
    cells = [(table, row, cell) for table, one in enumerate(truth) for row, line in enumerate(one["rows"]) for cell, _ in enumerate(line["cells"])]
    draw.shuffle(cells)
    for table, row, cell in cells:
        rows = truth[table]["rows"]
        line, one = rows[row], rows[row]["cells"][cell]
        kind = kinds.get(one["columns"][-1])
        if not one["value"] or kind not in ASK[document.language] or len(asked) == count:
            continue
        ask = ASK[document.language]
        text = ask[kind].format(line["names"][0])
        text += ask["age"].format(line["names"][1]) if len(line["names"]) > 1 else ""
        text += ask["section"].format(line["section"]) if line["section"] else ""
        # What stands in the own row too confuses nothing.
        own = " ".join([*line["names"], *(other["value"] for other in line["cells"])])
        near = [rows[at]["cells"][cell]["value"] for at in (row - 1, row + 1) if 0 <= at < len(rows)]
        asked.append({
            "question": text, "document": document.name, "table": table, "row": row, "cell": cell, "answer": one["value"],
            "row_names": line["names"], "columns": one["columns"], "not": sorted({value for value in near if value and value not in own}),
        })
    return asked
