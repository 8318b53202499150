//! Settings: from a flag, the environment or the file `.env`, in this order of precedence; those of HTTP are in
//! `http_api`. Nothing else reads the environment.

mod addresses;
mod outside;
mod places;

use std::{ffi::OsString, path::PathBuf};

use adapters::{media::S3Settings, web_pages::Reachable};
use anyhow::{Context, bail};
use clap::{Args, ValueEnum, value_parser};
use commands::{
    accounts::{Hashing, half_of_the_cores},
    event_log::{KafkaSettings, Retention},
};
use domain::{erasure::ApprovalRule, values::Model};
use http_api::config::TextSettings;
use secrecy::{ExposeSecret as _, SecretString};
use transparency_log::note::KeyName;

pub(crate) use addresses::check_public_url;
pub use outside::OutsideSettings;

mod retention;
pub use retention::RetentionSettings;

mod vectors;
pub use vectors::{VectorIndexChoice, VectorSettings};

mod languages;
pub use languages::{LanguageSettings, TextToSpeechChoice, TranslatorChoice};

/// Loads the file `.env` of the current folder into the environment, if there is one. Existing variables win.
///
/// # Errors
/// If the file cannot be read or is malformed.
pub fn load_env_file() -> anyhow::Result<()> {
    match dotenvy::from_path(".env") {
        Ok(()) => Ok(()),
        Err(error) if error.not_found() => Ok(()),
        Err(dotenvy::Error::Io(error)) => Err(error).context("the file .env cannot be read"),
        // The error quotes the line, which may hold a secret.
        Err(_) => bail!("the file .env has a line that is not of the form NAME=value (values with blanks need quotes)"),
    }
}

/// Where things are, and who answers.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Settings (flag, environment variable or .env file)")]
pub struct Settings {
    /// Folder for everything that is kept outside a database of yours: the built-in PostgreSQL, uploads, the master key
    #[arg(long, env, default_value = "./data", global = true)]
    pub data_dir: PathBuf,

    /// PostgreSQL to use instead of the built-in one, such as postgres://user:password@host/database
    #[arg(long, env, hide_env_values = true, global = true)]
    pub database_url: Option<SecretString>,

    /// Connections to PostgreSQL that a process may open; a third of them are for reading views
    #[arg(long, env, default_value_t = 30, global = true)]
    pub database_connections: u32,

    /// Kafka to stream the events over, such as localhost:9092; without it consumers read the log in PostgreSQL
    #[arg(long, env, global = true)]
    pub kafka_brokers: Option<String>,

    /// What the names of our topics and consumer groups begin with
    #[arg(long, env, default_value = "ayushma", global = true)]
    pub kafka_topic_prefix: String,

    /// Copies of every partition, when we make the topics
    #[arg(long, env, default_value_t = 1, global = true)]
    pub kafka_replication_factor: i32,

    /// How long Kafka keeps records: forever, or a time such as 90d or 48h. Topics that we make have it, others are held against it
    #[arg(long, env, default_value = "forever", global = true)]
    pub kafka_retention: Retention,

    /// The key that wraps the keys of all personal text: 64 hexadecimal digits. Default: the master key file
    #[arg(long, env, hide_env_values = true, global = true)]
    pub master_key: Option<SecretString>,

    /// File with the master key, made on first use [default: <DATA_DIR>/master.key]
    #[arg(long, env, global = true)]
    pub master_key_file: Option<PathBuf>,

    /// File in which erasures are noted, which a restored backup is held against [default: <DATA_DIR>/erasures.log]
    #[arg(long, env, global = true)]
    pub erasures_file: Option<PathBuf>,

    /// How many persons an erasure takes: one, or two, of whom the second approves what the first has asked for
    #[arg(long, env, default_value_t = ApprovalRule::One, value_parser = parse_rule, global = true)]
    pub erasure_approval: ApprovalRule,

    #[command(flatten)]
    pub retention: RetentionSettings,

    /// Folder for the signed heads of the log, which prove that nothing was altered or removed: better on another machine or
    /// disk than the database [default: <DATA_DIR>/heads]
    #[arg(long, env, global = true)]
    pub signed_heads_dir: Option<PathBuf>,

    /// Folder in which the log is published for auditors as tiles with a signed checkpoint, in a folder of its own for each log
    /// [default: <DATA_DIR>/proofs]
    #[arg(long, env, global = true)]
    pub proofs_dir: Option<PathBuf>,

    /// Whose log it is, as its checkpoints name it, such as hospital.example/ayushma
    #[arg(long, env, default_value = "ayushma", value_parser = parse_origin, global = true)]
    pub proofs_origin: String,

    /// File of a policy (C2SP tlog-policy) with the witnesses that cosign the published log
    #[arg(long, env, global = true)]
    pub witness_policy: Option<PathBuf>,

    /// Seconds after which the log's head is signed and published again, if it has moved
    #[arg(long, env, default_value_t = 60, value_parser = value_parser!(u64).range(1..), global = true)]
    pub signed_heads_seconds: u64,

    /// S3 bucket for uploads, instead of a folder; it must exist
    #[arg(long, env, global = true)]
    pub s3_bucket: Option<String>,

    /// S3-compatible server, such as `https://minio.example` [default: Amazon's of the region]
    #[arg(long, env, global = true)]
    pub s3_endpoint: Option<String>,

    /// Region of the bucket
    #[arg(long, env, default_value = "us-east-1", global = true)]
    pub s3_region: String,

    /// Access key for the bucket [default: the role of the machine, on Amazon's]
    #[arg(long, env, requires = "s3_secret_access_key", global = true)]
    pub s3_access_key_id: Option<String>,

    /// Its secret
    #[arg(long, env, hide_env_values = true, global = true)]
    pub s3_secret_access_key: Option<SecretString>,

    /// Lets the S3 endpoint be plain HTTP
    #[arg(long, env, global = true)]
    pub s3_allow_http: bool,

    /// What URL documents may be fetched from although it is not on the public internet: networks, addresses and host
    /// names, each with a port or without, such as 10.2.0.0/16,intranet.example:8080
    #[arg(long, env, value_delimiter = ',', value_parser = parse_reachable, global = true)]
    pub fetch_allow: Vec<Reachable>,

    /// Whether web pages are fetched again once a day. A document whose page says something else gets a new version
    #[arg(long, env, default_value_t = true, action = clap::ArgAction::Set, global = true)]
    pub revisit_pages: bool,

    /// Megabytes of memory that a program may fill which reads a document
    #[arg(long, env, default_value_t = 512, value_parser = value_parser!(u64).range(64..=1_048_576), global = true)]
    pub reader_memory_mb: u64,

    /// Program that starts others when it is called with `sandbox`, instead of this one
    #[arg(long, env, global = true, hide = true)]
    pub document_reader: Option<PathBuf>,

    /// Folders in which programs such as pdftotext and espeak-ng are looked for
    #[arg(long, env = "PATH", global = true, hide = true)]
    pub program_path: Option<OsString>,

    /// OpenAI-compatible server that answers; without it and without a key the built-in answerer quotes documents
    /// [default with a key: OpenAI's own]
    #[arg(long, env, global = true)]
    pub openai_base_url: Option<String>,

    /// The server's own provider key, for users who may use it
    #[arg(long, env, hide_env_values = true, global = true)]
    pub openai_api_key: Option<SecretString>,

    /// Provider's model for all of the contract's model numbers [default: the original's name of each number]
    #[arg(long, env, global = true)]
    pub openai_model: Option<String>,

    /// Provider's models by number, such as 1=small-model,7=large-model
    #[arg(long, env, value_delimiter = ',', value_parser = parse_numbered_model, global = true)]
    pub openai_models: Vec<(i64, String)>,

    /// Provider's model that fills in forms for API clients
    #[arg(long, env, default_value = "gpt-4-turbo-preview", global = true)]
    pub openai_form_model: String,

    /// Provider's embedding model; without it and without a local one the built-in lexical embedder is used
    #[arg(long, env, global = true)]
    pub openai_embedding_model: Option<String>,

    /// Dimensions to ask of the embedding model [default: the model's own]
    #[arg(long, env, global = true)]
    pub openai_embedding_dimensions: Option<u32>,

    #[command(flatten)]
    pub outside: OutsideSettings,

    #[command(flatten)]
    pub vectors: VectorSettings,

    #[command(flatten)]
    pub languages: LanguageSettings,

    #[command(flatten)]
    pub texts: TextSettings,

    /// Passwords that are hashed at once, each on a core and in 19 MiB [default: half of the cores]
    #[arg(long, env, global = true)]
    pub passwords_at_once: Option<usize>,

    /// Passwords that wait to be hashed; more are told to come again
    #[arg(long, env, default_value_t = 100, global = true)]
    pub passwords_waiting: usize,

    /// What to log, such as info or info,event_log=debug
    #[arg(long, env, default_value = "info", global = true)]
    pub log: String,

    /// How to log
    #[arg(long, env, value_enum, default_value_t = LogFormat::Text, global = true)]
    pub log_format: LogFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    Text,
    Json,
}

fn parse_numbered_model(text: &str) -> Result<(i64, String), String> {
    let (number, name) = text.split_once('=').ok_or("expected number=name")?;
    let number: i64 = number.trim().parse().map_err(|_| "the number before = is none")?;
    Model::from_number(number).ok_or("there are the numbers 1 to 8")?;
    Ok((number, name.trim().to_owned()))
}

/// Parses the name of a log's owner, which has to be part of the name of a key.
fn parse_origin(text: &str) -> Result<String, String> {
    KeyName::parse(text).map(|name| name.as_str().to_owned()).map_err(|error| error.to_string())
}

fn parse_rule(text: &str) -> Result<ApprovalRule, String> {
    text.parse().map_err(|_| "expected one or two".to_owned())
}

fn parse_reachable(text: &str) -> Result<Reachable, String> {
    Reachable::parse(text)
        .ok_or_else(|| "expected a network, an address or a host name, with a port or without".to_owned())
}

impl Settings {
    /// Returns the settings with blank texts as if they were not given: `.env` files often list variables without a
    /// value. (Blank paths and numbers are refused when they are parsed.)
    #[must_use]
    pub fn without_blanks(mut self) -> Self {
        for text in [
            &mut self.kafka_brokers,
            &mut self.s3_bucket,
            &mut self.s3_endpoint,
            &mut self.s3_access_key_id,
            &mut self.openai_base_url,
            &mut self.openai_model,
            &mut self.openai_embedding_model,
            &mut self.vectors.pinecone_host,
        ]
        .into_iter()
        .chain(self.languages.texts())
        {
            text.take_if(|text| text.trim().is_empty());
        }
        for secret in [
            &mut self.database_url,
            &mut self.master_key,
            &mut self.s3_secret_access_key,
            &mut self.openai_api_key,
            &mut self.outside.smtp_url,
            &mut self.outside.recaptcha_secret,
            &mut self.languages.google_api_key,
            &mut self.vectors.pgvector_url,
            &mut self.vectors.pinecone_api_key,
        ] {
            secret.take_if(|secret| secret.expose_secret().trim().is_empty());
        }
        self
    }

    pub fn kafka(&self) -> Option<KafkaSettings> {
        self.kafka_brokers.as_ref().map(|brokers| KafkaSettings {
            brokers: brokers.clone(),
            prefix: self.kafka_topic_prefix.clone(),
            replication: self.kafka_replication_factor,
            retention: self.kafka_retention,
        })
    }

    /// The S3 bucket for uploads; `None` if they are kept in the folder of [`Self::media_dir`].
    pub fn s3(&self) -> Option<S3Settings> {
        let credentials = self.s3_access_key_id.clone().zip(self.s3_secret_access_key.clone());
        self.s3_bucket.clone().map(|bucket| S3Settings {
            bucket,
            region: self.s3_region.clone(),
            endpoint: self.s3_endpoint.clone(),
            credentials,
            allow_http: self.s3_allow_http,
        })
    }

    /// The base URL of the provider that answers; `None` means the built-in answerer.
    pub fn provider_url(&self) -> Option<String> {
        match (&self.openai_base_url, &self.openai_api_key) {
            (Some(url), _) => Some(url.clone()),
            (None, Some(_)) => Some("https://api.openai.com/v1".to_owned()),
            (None, None) => None,
        }
    }

    /// The provider's name of one of the contract's models: that of its number, else that of all numbers, else the
    /// original's.
    pub fn model_name(&self, model: Model) -> String {
        let number = i64::from(model.number());
        let own = self.openai_models.iter().find(|(known, _)| *known == number).map(|(_, name)| name.clone());
        own.or_else(|| self.openai_model.clone()).unwrap_or_else(|| model.original_name().to_owned())
    }

    pub fn hashing(&self) -> Hashing {
        Hashing::new(self.passwords_at_once.unwrap_or_else(half_of_the_cores), self.passwords_waiting)
    }
}

#[cfg(test)]
mod settings_tests;
