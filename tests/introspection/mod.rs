//! Published introspection results, as schema definition language; documents held against it.

use std::fmt::Write as _;

use apollo_compiler::validation::Valid;
use apollo_compiler::{ExecutableDocument, Schema};
use serde_json::Value;

/// What every GraphQL schema has, whether it says so or not.
const BUILT_IN: [&str; 10] =
    ["String", "Int", "Float", "Boolean", "ID", "include", "skip", "deprecated", "specifiedBy", "oneOf"];

/// The schema definition language for an introspection result, without descriptions.
pub fn sdl(schema: &Value) -> String {
    let mut out = String::new();
    let (query, mutation) = (text(&schema["queryType"]["name"]), text(&schema["mutationType"]["name"]));
    writeln!(out, "schema {{ query: {query} mutation: {mutation} }}").unwrap();
    for directive in list(&schema["directives"]).filter(|directive| !built_in(directive)) {
        let places: Vec<_> = list(&directive["locations"]).map(text).collect();
        let arguments = arguments(&directive["args"]);
        writeln!(out, "directive @{}{arguments} on {}", text(&directive["name"]), places.join(" | ")).unwrap();
    }
    for of in list(&schema["types"]).filter(|of| !built_in(of)) {
        write_type(&mut out, of);
    }
    out
}

fn write_type(out: &mut String, of: &Value) {
    let name = text(&of["name"]);
    let names = |part: &str| list(&of[part]).map(|one| text(&one["name"])).collect::<Vec<_>>();
    let interfaces = names("interfaces");
    let implements =
        if interfaces.is_empty() { String::new() } else { format!(" implements {}", interfaces.join(" & ")) };
    let keyword = match text(&of["kind"]) {
        "SCALAR" => return writeln!(out, "scalar {name}").unwrap(),
        "UNION" => return writeln!(out, "union {name} = {}", names("possibleTypes").join(" | ")).unwrap(),
        "ENUM" => return writeln!(out, "enum {name} {{ {} }}", names("enumValues").join(" ")).unwrap(),
        "INPUT_OBJECT" => {
            writeln!(out, "input {name} {{").unwrap();
            for field in list(&of["inputFields"]) {
                writeln!(out, "  {}", input_value(field)).unwrap();
            }
            return out.push_str("}\n");
        }
        "OBJECT" => "type",
        "INTERFACE" => "interface",
        other => panic!("{name} is a {other}"),
    };
    writeln!(out, "{keyword} {name}{implements} {{").unwrap();
    for field in list(&of["fields"]) {
        writeln!(out, "  {}{}: {}", text(&field["name"]), arguments(&field["args"]), type_text(&field["type"]))
            .unwrap();
    }
    out.push_str("}\n");
}

fn built_in(of: &Value) -> bool {
    let name = text(&of["name"]);
    name.starts_with("__") || BUILT_IN.contains(&name)
}

fn arguments(args: &Value) -> String {
    let args: Vec<_> = list(args).map(input_value).collect();
    if args.is_empty() { String::new() } else { format!("({})", args.join(", ")) }
}

fn input_value(of: &Value) -> String {
    let default = of["defaultValue"].as_str().map(|default| format!(" = {default}")).unwrap_or_default();
    format!("{}: {}{default}", text(&of["name"]), type_text(&of["type"]))
}

fn type_text(of: &Value) -> String {
    match text(&of["kind"]) {
        "NON_NULL" => format!("{}!", type_text(&of["ofType"])),
        "LIST" => format!("[{}]", type_text(&of["ofType"])),
        _ => text(&of["name"]).to_owned(),
    }
}

fn list(of: &Value) -> impl Iterator<Item = &Value> {
    of.as_array().into_iter().flatten()
}

/// A text that must be there.
pub fn text(of: &Value) -> &str {
    of.as_str().unwrap()
}

/// Hold a document, and the variables where given, against the schema.
pub fn check(schema: &Valid<Schema>, document: &str, variables: Option<&Value>) -> Result<(), String> {
    let parsed = ExecutableDocument::parse_and_validate(schema, document, "document.graphql")
        .map_err(|error| error.errors.to_string())?;
    let operation = parsed.operations.get(None).map_err(|_| "not exactly one operation".to_owned())?;
    if let Some(variables) = variables {
        let variables = serde_json::from_value(variables.clone()).map_err(|error| error.to_string())?;
        apollo_compiler::request::coerce_variable_values(schema, operation, &variables)
            .map_err(|error| format!("{error:?}"))?;
    }
    Ok(())
}
