use futures::future::join_all;

use super::*;

const MB: usize = 1_048_576;
const SOON: Duration = Duration::from_millis(50);

fn room(total: usize, body: usize) -> BodyMemoryBudget {
    BodyMemoryBudget::new(RoomSizes::new(total * MB, body * MB))
}

fn sender(number: u8) -> Sender {
    Sender { address: Some(IpAddr::from([192, 0, 2, number])), account: Some(Uuid::from_u128(number.into())) }
}

fn taken(room: &BodyMemoryBudget) -> usize {
    room.0.state.lock().taken
}

#[tokio::test]
async fn announced_and_small_bodies_take_nothing() {
    let room = room(8, 2);
    let places: Vec<_> = (0..100).map(|_| room.enter(sender(1))).collect();
    for place in &places {
        place.cover(SMALL_BYTES).await.expect("it is not counted");
    }
    assert_eq!(taken(&room), 0);
}

#[tokio::test]
async fn half_bodies_of_one_account_leave_room_for_others() {
    let room = room(8, 2);
    let half_bodies: Vec<_> = (0..50).map(|_| room.enter(sender(1))).collect();
    for body in &half_bodies {
        drop(body.cover_within(Duration::from_millis(1), MB).await);
    }
    // The oldest body is limited by the size of a body only (2 MB); the account's others share a quarter of the total.
    assert!(taken(&room) <= 4 * MB, "{}", taken(&room));
    let nurse = room.enter(sender(2));
    nurse.cover_within(SOON, 2 * MB).await.expect("there is room for somebody else");
}

#[tokio::test]
async fn bodies_that_grow_side_by_side_all_come_to_their_end() {
    let room = room(4, 2);
    let bodies = (0..40).map(|number| {
        let room = room.clone();
        async move {
            let place = room.enter(sender(number));
            for bytes in (0..=2 * MB).step_by(100_000) {
                place.cover(bytes).await.expect("its turn comes");
                assert!(taken(&room) <= 4 * MB);
                tokio::task::yield_now().await;
            }
        }
    });
    timeout(Duration::from_secs(20), join_all(bodies)).await.expect("they do not wait for each other");
    assert_eq!(taken(&room), 0);
}

#[tokio::test]
async fn bodies_of_one_account_come_to_their_end_one_after_the_other() {
    let room = room(4, 4);
    let bodies = (0..10).map(|_| {
        let room = room.clone();
        async move {
            let place = room.enter(sender(1));
            for bytes in (0..=4 * MB).step_by(500_000) {
                place.cover(bytes).await.expect("its turn comes");
                tokio::task::yield_now().await;
            }
        }
    });
    timeout(Duration::from_secs(20), join_all(bodies)).await.expect("they do not wait for each other");
}

#[tokio::test]
async fn who_finds_no_room_for_long_is_told_so() {
    let room = room(2, 1);
    let (eldest, other, late) = (room.enter(sender(1)), room.enter(sender(2)), room.enter(sender(3)));
    eldest.cover(MB).await.expect("there is room");
    other.cover(MB).await.expect("there is room");
    assert_eq!(late.cover_within(SOON, MB).await, Err(NoRoom));
    drop(other);
    late.cover_within(SOON, MB).await.expect("there is room again");
}

#[tokio::test]
async fn the_elder_of_those_who_wait_comes_first() {
    let room = room(2, 1);
    let (eldest, other) = (room.enter(sender(1)), room.enter(sender(2)));
    eldest.cover(MB).await.expect("there is room");
    other.cover(MB).await.expect("there is room");
    let (first, second) = (room.enter(sender(3)), room.enter(sender(4)));
    assert!(!first.take(MB) && !second.take(100_000));
    drop(other);
    assert!(!second.take(100_000), "the first one wants it all");
    assert!(first.take(MB));
}
