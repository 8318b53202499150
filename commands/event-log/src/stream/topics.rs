//! The topics: creating missing ones, and inspecting existing ones, which others may have created or changed.

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use domain::AggregateType;
use rdkafka::{
    Offset, TopicPartitionList,
    admin::{AdminClient, AdminOptions, ConfigResource, NewTopic, ResourceSpecifier, TopicReplication},
    client::DefaultClientContext,
    consumer::{BaseConsumer, Consumer},
    error::{KafkaError, KafkaResult},
    types::RDKafkaErrorCode,
};

use crate::stream::{
    kafka::{KafkaSettings, MAX_MESSAGE_BYTES, StreamError},
    record,
    registry::{Offsets, Partition},
    retention::Retention,
};

/// How long a broker may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// The result of an inspection of the topics.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Survey {
    /// The maximum record size of each topic in bytes, by aggregate type, where it is known.
    pub limits: HashMap<String, usize>,
    /// The first and the next offset of each partition, as far as Kafka returns them.
    pub offsets: HashMap<Partition, Offsets>,
    /// Descriptions of problems that an operator should fix.
    pub problems: Vec<String>,
}

/// A connection to the cluster that inspects and creates topics, and never sends or reads records.
pub(crate) struct Cluster {
    settings: KafkaSettings,
    admin: AdminClient<DefaultClientContext>,
}

/// The number of replicas of each partition of a topic.
type Copies = Vec<usize>;

impl Cluster {
    pub(crate) fn new(settings: &KafkaSettings) -> KafkaResult<Self> {
        Ok(Self { settings: settings.clone(), admin: settings.client().create()? })
    }

    /// Returns the cluster's id, which never changes.
    pub(crate) async fn id(&self) -> Result<String, StreamError> {
        let brokers = self.settings.brokers.clone();
        self.ask(|consumer| Ok(consumer.client().fetch_cluster_id(PATIENCE)))
            .await?
            .ok_or(StreamError::Away { brokers })
    }

    /// Creates missing topics, and inspects all of them.
    ///
    /// # Errors
    /// [`StreamError`] if nothing must be sent to the topics, or Kafka does not answer.
    pub(crate) async fn survey(&self, partitions: i32) -> Result<Survey, StreamError> {
        let found = self.topics().await?;
        let missing = AggregateType::ALL
            .iter()
            .map(|each| each.name())
            .filter(|name| !found.contains_key(*name))
            .collect::<Vec<_>>();
        let made = self.make(&missing, partitions).await?;
        for (name, copies) in &found {
            if i32::try_from(copies.len()) != Ok(partitions) {
                let topic = record::topic(&self.settings.prefix, name);
                return Err(StreamError::Partitions { topic, found: copies.len(), wanted: partitions });
            }
        }
        let mut survey = self.describe(&found).await?;
        // A topic that was just created is known to be empty; its offsets are not requested.
        let empty = made.iter().flat_map(|name| (0..partitions).map(|number| ((*name).to_owned(), number)));
        survey.offsets = empty.map(|partition| (partition, Offsets { low: 0, high: 0 })).collect();
        survey.limits.extend(missing.iter().map(|name| ((*name).to_owned(), MAX_MESSAGE_BYTES)));
        if !found.is_empty() {
            survey.offsets.extend(self.offsets(found.into_keys().collect(), partitions).await?);
        }
        Ok(survey)
    }

    /// Returns the replicas of the existing topics, by aggregate type.
    async fn topics(&self) -> Result<BTreeMap<String, Copies>, StreamError> {
        let prefix = self.settings.prefix.clone();
        // Requests the metadata of all topics, because a request for a missing one would create it, with wrong
        // settings, at brokers that create topics automatically.
        self.ask(move |consumer| {
            let metadata = consumer.fetch_metadata(None, PATIENCE)?;
            let copies = |name: &str| {
                let topic = metadata.topics().iter().find(|topic| topic.name() == record::topic(&prefix, name))?;
                let copies: Copies = topic.partitions().iter().map(|partition| partition.replicas().len()).collect();
                Some(copies).filter(|copies| !copies.is_empty())
            };
            let names = AggregateType::ALL.iter().map(|each| each.name());
            Ok(names.filter_map(|name| Some((name.to_owned(), copies(name)?))).collect())
        })
        .await
    }

    /// Creates topics, and returns those that nobody else has created meanwhile.
    async fn make<'a>(&self, types: &[&'a str], partitions: i32) -> Result<Vec<&'a str>, StreamError> {
        if types.is_empty() {
            return Ok(vec![]);
        }
        let names: Vec<String> = types.iter().map(|name| record::topic(&self.settings.prefix, name)).collect();
        let (limit, retention) = (MAX_MESSAGE_BYTES.to_string(), self.settings.retention.millis());
        // With three replicas, one may be unreachable, and what was acknowledged is still on two.
        let in_sync = if self.settings.replication >= 3 { "2" } else { "1" };
        let topics = names.iter().map(|name| {
            NewTopic::new(name, partitions, TopicReplication::Fixed(self.settings.replication))
                .set("max.message.bytes", &limit)
                .set("retention.ms", &retention)
                .set("retention.bytes", "-1")
                .set("cleanup.policy", "delete")
                .set("min.insync.replicas", in_sync)
        });
        let topics: Vec<NewTopic<'_>> = topics.collect();
        let mut made = Vec::new();
        for (name, result) in types.iter().zip(self.admin.create_topics(&topics, &patient()).await?) {
            match result {
                Ok(_) => made.push(*name),
                Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
                Err((topic, code)) => {
                    let reason = KafkaError::AdminOp(code).to_string();
                    return Err(StreamError::NotMade { topic, partitions, reason });
                }
            }
        }
        Ok(made)
    }

    /// Inspects the settings of the topics.
    async fn describe(&self, topics: &BTreeMap<String, Copies>) -> Result<Survey, StreamError> {
        let mut survey = Survey::default();
        let mut complaints: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (name, copies) in topics {
            let topic = record::topic(&self.settings.prefix, name);
            let asked = [ResourceSpecifier::Topic(&topic)];
            match self.admin.describe_configs(&asked, &patient()).await?.pop() {
                Some(Ok(resource)) => {
                    let described = Described::of(&resource);
                    if let Some(problem) = described.refusal(copies) {
                        return Err(StreamError::Unfit { topic, problem });
                    }
                    survey.limits.extend(described.limit.map(|limit| (name.clone(), limit)));
                    for complaint in described.complaints(self.settings.retention) {
                        complaints.entry(complaint).or_default().push(topic.clone());
                    }
                }
                Some(Err(code)) => {
                    let complaint =
                        format!("the settings cannot be read, and so not checked: {}", KafkaError::AdminOp(code));
                    complaints.entry(complaint).or_default().push(topic);
                }
                None => {}
            }
        }
        survey.problems =
            complaints.into_iter().map(|(complaint, topics)| format!("{}: {complaint}", topics.join(", "))).collect();
        Ok(survey)
    }

    /// Returns the first and the next offset of each partition. A partition that does not return them is left out.
    async fn offsets(&self, names: Vec<String>, partitions: i32) -> Result<HashMap<Partition, Offsets>, StreamError> {
        let prefix = self.settings.prefix.clone();
        self.ask(move |consumer| {
            // The protocol has two special values for times: the offset of the first record, and that of the next one.
            let look = |time: Offset| {
                let mut list = TopicPartitionList::new();
                for name in &names {
                    for number in 0..partitions {
                        list.add_partition_offset(&record::topic(&prefix, name), number, time)?;
                    }
                }
                consumer.offsets_for_times(list, PATIENCE)
            };
            let (low, high) = (look(Offset::Beginning)?, look(Offset::End)?);
            let offset = |list: &TopicPartitionList, name: &str, number| {
                let found = list.find_partition(&record::topic(&prefix, name), number)?;
                match (found.error(), found.offset()) {
                    (Ok(()), Offset::Offset(offset)) => Some(offset),
                    _ => None,
                }
            };
            let all = names.iter().flat_map(|name| (0..partitions).map(move |number| (name, number)));
            Ok(all
                .filter_map(|(name, number)| {
                    let (low, high) = (offset(&low, name, number)?, offset(&high, name, number)?);
                    Some(((name.clone(), number), Offsets { low, high }))
                })
                .collect())
        })
        .await
    }

    /// Runs a blocking call of the client library on a separate thread, so that the end of the process does not wait
    /// for it.
    async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&BaseConsumer) -> KafkaResult<T> + Send + 'static,
    ) -> Result<T, StreamError> {
        let client = self.settings.client();
        let (answer, answered) = tokio::sync::oneshot::channel();
        let thread = std::thread::Builder::new().name("kafka".to_owned()).spawn(move || {
            // If nobody receives the answer, it is not needed any more.
            drop(answer.send(client.create().and_then(|consumer| question(&consumer))));
        });
        thread.map_err(StreamError::Thread)?;
        Ok(answered.await.map_err(|_| KafkaError::Canceled)??)
    }
}

fn patient() -> AdminOptions {
    AdminOptions::new().operation_timeout(Some(PATIENCE)).request_timeout(Some(PATIENCE))
}

/// The relevant settings of a topic.
#[derive(Debug, Default)]
struct Described {
    limit: Option<usize>,
    retention_ms: Option<i64>,
    retention_bytes: Option<i64>,
    cleanup: String,
    in_sync: Option<usize>,
}

impl Described {
    fn of(resource: &ConfigResource) -> Self {
        let text = |name| resource.get(name).and_then(|entry| entry.value.clone()).unwrap_or_default();
        Self {
            limit: text("max.message.bytes").parse().ok(),
            retention_ms: text("retention.ms").parse().ok(),
            retention_bytes: text("retention.bytes").parse().ok(),
            cleanup: text("cleanup.policy"),
            in_sync: text("min.insync.replicas").parse().ok(),
        }
    }

    /// Returns the reason why nothing may be sent to the topic, if there is one.
    fn refusal(&self, copies: &Copies) -> Option<String> {
        if self.cleanup.contains("compact") {
            return Some(format!(
                "is compacted (cleanup.policy={}): of each aggregate only the last event would stay. Set cleanup.policy=delete",
                self.cleanup
            ));
        }
        let (wanted, fewest) = (self.in_sync?, *copies.iter().min()?);
        (wanted > fewest).then(|| {
            format!(
                "wants {wanted} copies in sync (min.insync.replicas) and has {fewest}: nothing can be written. Add copies, or lower \
                 min.insync.replicas"
            )
        })
    }

    /// Returns the problems of the settings that an operator should fix.
    fn complaints(&self, wanted: Retention) -> Vec<String> {
        let mut complaints = Vec::new();
        if let Some(limit) = self.limit.filter(|limit| *limit < MAX_MESSAGE_BYTES) {
            complaints.push(format!(
                "records above {limit} bytes are refused, and documents may be larger: set max.message.bytes={MAX_MESSAGE_BYTES}"
            ));
        }
        let retention = self.retention_ms.map(Retention::of_millis);
        if let Some(found) = retention.filter(|found| found.is_shorter_than(wanted)) {
            complaints.push(format!(
                "records are kept for {found} and KAFKA_RETENTION is {wanted}: set retention.ms={} there, or KAFKA_RETENTION={found} \
                 here",
                wanted.millis()
            ));
        }
        if let Some(bytes) = self.retention_bytes.filter(|bytes| *bytes >= 0) {
            complaints.push(format!("of each partition only {bytes} bytes are kept: set retention.bytes=-1"));
        }
        complaints
    }
}

#[cfg(test)]
#[path = "topics_tests.rs"]
mod tests;
