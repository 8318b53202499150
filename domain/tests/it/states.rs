//! The states of aggregates as snapshots hold them, held against `tests/states/<aggregate>.v<version>.json`: those after each of
//! the sample events. Each must also be the same when it comes back from a snapshot.
//!
//! If this fails, a state has another shape, or events make something else of it: raise the aggregate's `SNAPSHOT_VERSION`, and
//! let `UPDATE_GOLDEN=1 cargo test -p domain --test it` write the new file. The old one can be deleted then.

use std::{env, fmt::Debug, fs, path::PathBuf};

use domain::{
    access::AccessRecord, aggregate::StoredAggregate, chat::Chat, document::Document, erasure::ErasureCase,
    event::Event, feedback::Feedback, project::Project, service::Service, test_run::TestRun, test_suite::TestSuite,
    user::User,
};

use crate::samples::samples;

fn assert_is_as_in_its_file<A: StoredAggregate + PartialEq + Debug>(only: fn(Event) -> Option<A::Event>) {
    let mut state = A::default();
    let mut states = Vec::new();
    for event in samples().into_iter().filter_map(|sample| only(sample.event)) {
        state.apply(event);
        let packed = rmp_serde::to_vec_named(&state).expect("a state can be packed");
        assert_eq!(rmp_serde::from_slice::<A>(&packed).expect("and unpacked"), state);
        states.push(serde_json::to_value(&state).expect("a state is JSON"));
    }
    let text = serde_json::to_string_pretty(&states).expect("states are JSON") + "\n";
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/states");
    let path = folder.join(format!("{}.v{}.json", A::TYPE, A::SNAPSHOT_VERSION));
    if env::var_os("UPDATE_GOLDEN").is_some() && !path.exists() {
        fs::create_dir_all(&folder).and_then(|()| fs::write(&path, &text)).expect("a writable folder");
    }
    let known = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(text, known, "{}: see this file's head", path.display());
}

#[test]
fn the_states_of_a_version_are_always_the_same() {
    assert_is_as_in_its_file::<User>(|event| if let Event::User(event) = event { Some(event) } else { None });
    assert_is_as_in_its_file::<Project>(|event| if let Event::Project(event) = event { Some(event) } else { None });
    assert_is_as_in_its_file::<Document>(|event| if let Event::Document(event) = event { Some(event) } else { None });
    assert_is_as_in_its_file::<Chat>(|event| if let Event::Chat(event) = event { Some(event) } else { None });
    assert_is_as_in_its_file::<Service>(|event| if let Event::Service(event) = event { Some(event) } else { None });
    assert_is_as_in_its_file::<TestSuite>(|event| if let Event::TestSuite(event) = event { Some(event) } else { None });
    assert_is_as_in_its_file::<TestRun>(|event| if let Event::TestRun(event) = event { Some(event) } else { None });
    assert_is_as_in_its_file::<Feedback>(|event| if let Event::Feedback(event) = event { Some(event) } else { None });
    assert_is_as_in_its_file::<AccessRecord>(|event| if let Event::Access(event) = event { Some(event) } else { None });
    assert_is_as_in_its_file::<ErasureCase>(|event| if let Event::Erasure(event) = event { Some(event) } else { None });
}
