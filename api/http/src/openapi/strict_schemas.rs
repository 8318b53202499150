//! Makes the schemas of views exact: a view has all of its fields and no others.
//!
//! A nullable field is present as null; an optional field that is left out instead has `nullable = false`. Schemas of
//! requests are not changed: a request may leave out nullable fields, and may have more fields.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::Value;
use utoipa::openapi::{
    OpenApi, RefOr, Schema, Type,
    path::Operation,
    schema::{AdditionalProperties, ArrayItems, Object, SchemaType},
};

use super::annotate::operations;

const SCHEMAS: &str = "#/components/schemas/";

pub(super) fn make_views_exact(document: &mut OpenApi) {
    merge_flattened(document);
    let bodies = schemas_of_bodies(document);
    for (_, _, operation) in operations(document) {
        make_answers_exact(operation);
    }
    let components = document.components.get_or_insert_default();
    for (name, schema) in &mut components.schemas {
        if !bodies.contains(name) {
            make_exact(schema);
        }
    }
}

/// Merges views with the objects that are flattened into them: as exact parts of an `allOf` they would exclude each
/// other's fields.
fn merge_flattened(document: &mut OpenApi) {
    let components = document.components.get_or_insert_default();
    let known = components.schemas.clone();
    components.schemas.values_mut().for_each(|schema| merge(schema, &known));
}

/// Merges a schema and the inline schemas in it, such as the rows of a page.
fn merge(schema: &mut RefOr<Schema>, known: &BTreeMap<String, RefOr<Schema>>) {
    let RefOr::T(inner) = schema else { return };
    match inner {
        Schema::AllOf(all_of) => {
            let parts = all_of.items.iter().map(|part| object_of(part, known)).collect::<Option<Vec<_>>>();
            let Some(parts) = parts else { return };
            let mut whole = Object::with_type(Type::Object);
            whole.description.clone_from(&all_of.description);
            for part in parts {
                whole.properties.extend(part.properties.clone());
                whole.required.extend(part.required.clone());
            }
            *schema = Schema::Object(whole).into();
        }
        Schema::Object(object) => object.properties.values_mut().for_each(|property| merge(property, known)),
        Schema::Array(array) => {
            if let ArrayItems::RefOrSchema(items) = &mut array.items {
                merge(items, known);
            }
        }
        _ => {}
    }
}

/// Returns the object schema of a part, which is inline or a reference.
fn object_of<'s>(part: &'s RefOr<Schema>, known: &'s BTreeMap<String, RefOr<Schema>>) -> Option<&'s Object> {
    match part {
        RefOr::T(Schema::Object(object)) => Some(object),
        RefOr::Ref(reference) => object_of(known.get(reference.ref_location.strip_prefix(SCHEMAS)?)?, known),
        RefOr::T(_) => None,
    }
}

/// Makes the inline schemas of responses exact.
fn make_answers_exact(operation: &mut Operation) {
    for response in operation.responses.responses.values_mut() {
        let RefOr::T(response) = response else { continue };
        for content in response.content.values_mut() {
            if let RefOr::T(content) = content
                && let Some(schema) = &mut content.schema
            {
                make_exact(schema);
            }
        }
    }
}

/// Returns the names of the schemas that request bodies use, directly or indirectly.
fn schemas_of_bodies(document: &mut OpenApi) -> BTreeSet<String> {
    let mut wanted: Vec<String> = operations(document)
        .flat_map(|(_, _, operation)| operation.request_body.as_ref().map(references).unwrap_or_default())
        .collect();
    let mut found = BTreeSet::new();
    let components = document.components.get_or_insert_default();
    while let Some(name) = wanted.pop() {
        if let Some(schema) = components.schemas.get(&name)
            && found.insert(name)
        {
            wanted.extend(references(schema));
        }
    }
    found
}

/// Returns the names of the schemas to which this part of the document refers.
fn references(part: &impl Serialize) -> Vec<String> {
    fn collect(value: &Value, names: &mut Vec<String>) {
        match value {
            Value::Object(entries) => {
                let name = entries.get("$ref").and_then(Value::as_str).and_then(|to| to.strip_prefix(SCHEMAS));
                names.extend(name.map(str::to_owned));
                entries.values().for_each(|value| collect(value, names));
            }
            Value::Array(items) => items.iter().for_each(|item| collect(item, names)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    let mut names = vec![];
    collect(&serde_json::to_value(part).unwrap_or_default(), &mut names);
    names
}

fn make_exact(schema: &mut RefOr<Schema>) {
    let RefOr::T(schema) = schema else { return };
    match schema {
        Schema::Object(object) => make_object_exact(object),
        Schema::Array(array) => {
            if let ArrayItems::RefOrSchema(items) = &mut array.items {
                make_exact(items);
            }
        }
        Schema::OneOf(one_of) => one_of.items.iter_mut().for_each(make_exact),
        Schema::AnyOf(any_of) => any_of.items.iter_mut().for_each(make_exact),
        // The parts of an `allOf` describe one object: exact ones would refuse each other's fields.
        _ => {}
    }
}

fn make_object_exact(object: &mut Object) {
    for (name, property) in &mut object.properties {
        make_exact(property);
        if can_be_null(property) && !object.required.contains(name) {
            object.required.push(name.clone());
        }
    }
    if !object.properties.is_empty() && object.additional_properties.is_none() {
        object.additional_properties = Some(Box::new(AdditionalProperties::FreeForm(false)));
    }
}

fn can_be_null(schema: &RefOr<Schema>) -> bool {
    let null = |of: &SchemaType| match of {
        SchemaType::Type(of) => *of == Type::Null,
        SchemaType::Array(types) => types.contains(&Type::Null),
        SchemaType::AnyValue => true,
    };
    match schema {
        RefOr::T(Schema::Object(object)) => null(&object.schema_type),
        RefOr::T(Schema::Array(array)) => null(&array.schema_type),
        RefOr::T(Schema::OneOf(one_of)) => one_of.items.iter().any(can_be_null),
        RefOr::T(Schema::AnyOf(any_of)) => any_of.items.iter().any(can_be_null),
        _ => false,
    }
}
