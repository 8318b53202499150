//! The conversion of an event to a Kafka record (CloudEvents 1.0 in binary mode) and back.

use std::collections::BTreeMap;

use rdkafka::{
    Message,
    message::{BorrowedMessage, Header, Headers, OwnedHeaders},
};
use uuid::Uuid;

use crate::{consume::consumer::Delivery, stored::StoredEvent};

/// Returns the topic of an aggregate type.
pub(crate) fn topic(prefix: &str, aggregate_type: &str) -> String {
    format!("{prefix}.{aggregate_type}.v1")
}

/// The error for an event whose stored metadata are malformed, so that no record can be made of it.
#[derive(Debug, thiserror::Error)]
#[error("the metadata of the event at position {0} is malformed")]
pub(crate) struct MalformedMetadata(i64);

/// Returns the headers of an event's record. The record's value is the payload, its key the aggregate's id.
pub(crate) fn headers(event: &StoredEvent, previous: i64, log_id: Uuid) -> Result<OwnedHeaders, MalformedMetadata> {
    let metadata: BTreeMap<String, String> =
        serde_json::from_str(&event.metadata).map_err(|_| MalformedMetadata(event.position))?;
    let id = metadata.get("event_id").ok_or(MalformedMetadata(event.position))?;
    let time = metadata.get("recorded_at").ok_or(MalformedMetadata(event.position))?;
    let event_type = format!("ayushma.{}.{}", event.aggregate_type, event.event_type);
    let source = format!("/ayushma/log/{log_id}");
    let own = [
        ("ce_specversion", "1.0"),
        ("ce_id", id),
        ("ce_source", &source),
        ("ce_type", &event_type),
        ("ce_subject", &event.aggregate_id),
        ("ce_time", time),
        ("content-type", "application/json"),
        ("ce_eventversion", &event.event_version),
        ("ce_logid", &log_id.to_string()),
        ("ce_position", &event.position.to_string()),
        ("ce_previousposition", &previous.to_string()),
        ("ce_sequence", &event.sequence.to_string()),
        ("ce_commandid", &event.command_id.to_string()),
        ("ayushma_metadata", &event.metadata),
    ];
    let mut headers = OwnedHeaders::new_with_capacity(own.len() + 1);
    for (key, value) in own {
        headers = headers.insert(Header { key, value: Some(value) });
    }
    if let Some(traceparent) = metadata.get("traceparent") {
        headers = headers.insert(Header { key: "ce_traceparent", value: Some(traceparent) });
    }
    Ok(headers)
}

/// Parses the event in a record; `None` if the record is not an event of this log.
pub(crate) fn parse(record: &BorrowedMessage<'_>, log_id: Uuid) -> Option<Delivery> {
    let headers: BTreeMap<&str, &str> = record
        .headers()?
        .iter()
        .filter_map(|header| Some((header.key, std::str::from_utf8(header.value?).ok()?)))
        .collect();
    let get = |name: &str| headers.get(name).copied();
    if get("ce_logid")? != log_id.to_string() {
        return None;
    }
    let (aggregate_type, event_type) = get("ce_type")?.strip_prefix("ayushma.")?.split_once('.')?;
    Some(Delivery {
        event: StoredEvent {
            position: get("ce_position")?.parse().ok()?,
            aggregate_type: aggregate_type.to_owned(),
            aggregate_id: get("ce_subject")?.to_owned(),
            sequence: get("ce_sequence")?.parse().ok()?,
            event_type: event_type.to_owned(),
            event_version: get("ce_eventversion")?.to_owned(),
            payload: std::str::from_utf8(record.payload()?).ok()?.to_owned(),
            metadata: get("ayushma_metadata")?.to_owned(),
            partition: record.partition(),
            command_id: Uuid::try_parse(get("ce_commandid")?).ok()?,
        },
        previous: Some(get("ce_previousposition")?.parse().ok()?),
    })
}
