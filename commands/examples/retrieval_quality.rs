use commands::{
    adapters::lexical::LexicalEmbedder,
    ports::*,
    retrieval::{passages::cut, ranking::*},
};
use domain::ids::DocumentId;
use std::{collections::HashMap, sync::Arc, time::Instant};
use uuid::Uuid;
#[tokio::main]
async fn main() {
    let folder = std::env::args().nth(1).unwrap();
    let mut segs = vec![];
    let mut names = HashMap::new();
    let mut n = 0;
    let mut files: Vec<_> =
        std::fs::read_dir(format!("{folder}/documents")).unwrap().map(|e| e.unwrap().path()).collect();
    files.sort();
    let t = Instant::now();
    for (i, f) in files.iter().enumerate() {
        let text = std::fs::read_to_string(f).unwrap();
        let title = text.lines().next().unwrap().trim_start_matches("# ").to_string();
        let body: String = text.lines().skip(1).filter(|l| !l.starts_with("## ")).map(|l| format!("{l}\n")).collect();
        let id = DocumentId::new(Uuid::from_u128(i as u128 * 7919 % 1009));
        names.insert(f.file_name().unwrap().to_str().unwrap().to_string(), id);
        let ps = cut(&title, &body);
        let texts: Vec<String> = ps.iter().map(|p| p.to_embed()).collect();
        let vs = LexicalEmbedder.embed(&texts, TextKind::Passage).await.unwrap();
        n += ps.len();
        let chunks = ps
            .into_iter()
            .zip(vs)
            .map(|(p, v)| IndexedChunk {
                chunk_id: p.chunk_id(id, 1),
                document_id: id,
                document_version: 1,
                title: p.title,
                text: p.text,
                content_hash: p.content_hash,
                model: LexicalEmbedder.model().into(),
                vector: v,
            })
            .collect();
        segs.push(Arc::new(Segment::new(id, chunks)));
    }
    println!("{n} passages {:?}", t.elapsed());
    let qs: Vec<serde_json::Value> = std::fs::read_to_string(format!("{folder}/questions.jsonl"))
        .unwrap()
        .lines()
        .map(|l| serde_json::from_str(l).unwrap())
        .collect();
    let texts: Vec<String> = qs.iter().map(|q| q["question"].as_str().unwrap().to_string()).collect();
    let vs = LexicalEmbedder.embed(&texts, TextKind::Question).await.unwrap();
    let p = |t, v, d| Weights { title: t, vector: v, document: d };
    for w in [
        p(3.0, 0.3, 0.5),
        p(0.0, 0.0, 0.0),
        p(3.0, 0.0, 0.0),
        p(0.0, 0.0, 0.5),
        p(0.0, 1.0, 0.0),
        p(3.0, 0.3, 0.0),
        p(3.0, 0.0, 0.5),
        p(3.0, 0.0, 0.8),
        p(6.0, 0.0, 0.5),
        p(3.0, 0.5, 0.5),
        p(6.0, 0.3, 0.5),
        p(3.0, 0.3, 0.8),
    ] {
        let (mut h1, mut h5, mut mrr) = (0, 0, 0.0);
        let t = Instant::now();
        let mut dd = 0;
        for (q, v) in qs.iter().zip(&vs) {
            let want = names[q["document"].as_str().unwrap()];
            let r = rank(
                &segs,
                &Query {
                    text: q["question"].as_str().unwrap().into(),
                    model: LexicalEmbedder.model().into(),
                    vector: v.clone(),
                },
                20,
                w,
            );
            let mut ds: Vec<DocumentId> = vec![];
            for x in r {
                if !ds.contains(&x.document_id) {
                    ds.push(x.document_id);
                }
            }
            dd += ds.len();
            if let Some(at) = ds.iter().position(|d| *d == want) {
                if at == 0 {
                    h1 += 1
                }
                if at < 5 {
                    h5 += 1
                }
                mrr += 1.0 / (at + 1) as f64;
            }
        }
        let n = qs.len() as f64;
        println!(
            "{w:?} hit1 {:.4} hit5 {:.4} mrr {:.4} docs {:.1} {:.2} ms",
            h1 as f64 / n,
            h5 as f64 / n,
            mrr / n,
            dd as f64 / n,
            t.elapsed().as_secs_f64() * 1000.0 / n
        );
    }
}
