//! The part of the Admin API's schema that this face answers, indexed for validation and execution.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::LazyLock;

use graphql_parser::query::{Type, Value as Literal};
use graphql_parser::schema::{Definition, Document, Field, InputValue, TypeDefinition, TypeExtension};

/// Names and types follow the published introspection of version 2026-10; `tests::is_part_of_the_published_schema` holds
/// them to it.
const TEXT: &str = concat!(
    include_str!("roots.graphql"),
    include_str!("objects.graphql"),
    include_str!("inputs.graphql"),
    include_str!("more_objects.graphql"),
    include_str!("more_inputs.graphql"),
);

/// What versions before 2026-04 take in addition.
const OLDER: &str = "
extend input InventorySetQuantitiesInput { ignoreCompareQuantity: Boolean = false }
extend input InventoryQuantityInput { compareQuantity: Int }
extend input InventorySetQuantityInput { compareQuantity: Int }
";

static SCHEMA: LazyLock<Schema> = LazyLock::new(|| Schema::read(TEXT, Rules::Keyed));
static OLDER_SCHEMA: LazyLock<Schema> = LazyLock::new(|| Schema::read(&format!("{TEXT}{OLDER}"), Rules::Compared));

/// The schema of this face.
pub fn schema() -> &'static Schema {
    &SCHEMA
}

/// The schema for a version: versions before 2026-04 take more.
pub fn schema_of(version: &str) -> &'static Schema {
    if version < "2026-04" { &OLDER_SCHEMA } else { &SCHEMA }
}

/// How stock is written safely, by version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rules {
    /// Before 2026-04: keys are welcome; the expected quantity is given in one of two ways or waived.
    Compared,
    /// Keys are required, and `changeFromQuantity` is.
    Keyed,
}

/// A type as it is referred to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TypeRef {
    /// By name; may be null.
    Named(String),
    /// A list; may be null.
    List(Box<TypeRef>),
    /// Never null.
    NonNull(Box<TypeRef>),
}

impl TypeRef {
    /// From the parser's tree.
    pub fn from_ast(of: &Type<'_, String>) -> Self {
        match of {
            Type::NamedType(name) => Self::Named(name.clone()),
            Type::ListType(inner) => Self::List(Box::new(Self::from_ast(inner))),
            Type::NonNullType(inner) => Self::NonNull(Box::new(Self::from_ast(inner))),
        }
    }

    /// The innermost name.
    pub fn name(&self) -> &str {
        match self {
            Self::Named(name) => name,
            Self::List(inner) | Self::NonNull(inner) => inner.name(),
        }
    }

    /// True when null is not allowed.
    pub fn is_non_null(&self) -> bool {
        matches!(self, Self::NonNull(_))
    }

    /// The type without its outer `!`.
    pub fn nullable(&self) -> &Self {
        match self {
            Self::NonNull(inner) => inner,
            other => other,
        }
    }

    /// True for a list, whether or not it may be null.
    pub fn is_list(&self) -> bool {
        matches!(self.nullable(), Self::List(_))
    }
}

impl fmt::Display for TypeRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Named(name) => f.write_str(name),
            Self::List(inner) => write!(f, "[{inner}]"),
            Self::NonNull(inner) => write!(f, "{inner}!"),
        }
    }
}

/// An argument or a field of an input object.
#[derive(Debug)]
pub struct Input {
    /// What it takes.
    pub kind: TypeRef,
    /// What it is when it is not given.
    pub default: Option<Literal<'static, String>>,
}

/// A field of an object.
#[derive(Debug)]
pub struct FieldDef {
    /// What it takes.
    pub args: BTreeMap<String, Input>,
    /// What it gives.
    pub kind: TypeRef,
}

/// A type.
#[derive(Debug)]
pub enum TypeDef {
    /// A leaf of any shape.
    Scalar,
    /// A leaf with fixed values.
    Enum(Vec<String>),
    /// Fields, and the interfaces it has.
    Object(BTreeMap<String, FieldDef>, Vec<String>),
    /// Fields that several objects have.
    Interface(BTreeMap<String, FieldDef>),
    /// One of several objects.
    Union(Vec<String>),
    /// An argument with fields.
    Input(BTreeMap<String, Input>),
}

/// All types by name, and the rules that go with them.
#[derive(Debug)]
pub struct Schema(BTreeMap<String, TypeDef>, Rules);

impl Schema {
    fn read(text: &str, rules: Rules) -> Self {
        match graphql_parser::parse_schema::<String>(text) {
            Ok(document) => Self::index(&document.into_static(), rules),
            Err(error) => unreachable!("the schema is part of the program: {error}"),
        }
    }

    /// How stock is written.
    pub fn rules(&self) -> Rules {
        self.1
    }

    fn index(document: &Document<'static, String>, rules: Rules) -> Self {
        let mut types: BTreeMap<String, TypeDef> =
            ["String", "Int", "Float", "Boolean", "ID"].map(|name| (name.to_owned(), TypeDef::Scalar)).into();
        for definition in &document.definitions {
            if let Definition::TypeDefinition(definition) = definition {
                let (name, def) = match definition {
                    TypeDefinition::Scalar(def) => (&def.name, TypeDef::Scalar),
                    TypeDefinition::Enum(def) => {
                        (&def.name, TypeDef::Enum(def.values.iter().map(|value| value.name.clone()).collect()))
                    }
                    TypeDefinition::Object(def) => {
                        (&def.name, TypeDef::Object(fields(&def.fields), def.implements_interfaces.clone()))
                    }
                    TypeDefinition::Interface(def) => (&def.name, TypeDef::Interface(fields(&def.fields))),
                    TypeDefinition::Union(def) => (&def.name, TypeDef::Union(def.types.clone())),
                    TypeDefinition::InputObject(def) => (&def.name, TypeDef::Input(inputs(&def.fields))),
                };
                types.insert(name.clone(), def);
            }
        }
        for definition in &document.definitions {
            if let Definition::TypeExtension(extension) = definition {
                extend(&mut types, extension);
            }
        }
        Self(types, rules)
    }

    /// A type by name.
    pub fn get(&self, name: &str) -> Option<&TypeDef> {
        self.0.get(name)
    }

    /// Fields of an object or an interface.
    pub fn fields(&self, name: &str) -> Option<&BTreeMap<String, FieldDef>> {
        match self.0.get(name)? {
            TypeDef::Object(fields, _) | TypeDef::Interface(fields) => Some(fields),
            TypeDef::Scalar | TypeDef::Enum(_) | TypeDef::Union(_) | TypeDef::Input(_) => None,
        }
    }

    /// True for types that are selected from.
    pub fn is_composite(&self, name: &str) -> bool {
        matches!(self.0.get(name), Some(TypeDef::Object(..) | TypeDef::Interface(_) | TypeDef::Union(_)))
    }

    /// True for interfaces and unions.
    pub fn is_abstract(&self, name: &str) -> bool {
        matches!(self.0.get(name), Some(TypeDef::Interface(_) | TypeDef::Union(_)))
    }

    /// True when the object `concrete` is a `condition`.
    pub fn is_a(&self, concrete: &str, condition: &str) -> bool {
        let implements = || match self.0.get(concrete) {
            Some(TypeDef::Object(_, interfaces)) => interfaces.iter().any(|name| name == condition),
            _ => false,
        };
        let member = || match self.0.get(condition) {
            Some(TypeDef::Union(members)) => members.iter().any(|name| name == concrete),
            _ => false,
        };
        concrete == condition || implements() || member()
    }

    /// All types.
    pub fn types(&self) -> &BTreeMap<String, TypeDef> {
        &self.0
    }
}

/// What `extend type` and `extend input` add.
fn extend(types: &mut BTreeMap<String, TypeDef>, extension: &TypeExtension<'static, String>) {
    match extension {
        TypeExtension::Object(more) => {
            if let Some(TypeDef::Object(known, _)) = types.get_mut(&more.name) {
                known.extend(fields(&more.fields));
            }
        }
        TypeExtension::InputObject(more) => {
            if let Some(TypeDef::Input(known)) = types.get_mut(&more.name) {
                known.extend(inputs(&more.fields));
            }
        }
        TypeExtension::Scalar(_) | TypeExtension::Interface(_) | TypeExtension::Union(_) | TypeExtension::Enum(_) => {}
    }
}

fn fields(of: &[Field<'static, String>]) -> BTreeMap<String, FieldDef> {
    of.iter()
        .map(|field| {
            let def = FieldDef { args: inputs(&field.arguments), kind: TypeRef::from_ast(&field.field_type) };
            (field.name.clone(), def)
        })
        .collect()
}

fn inputs(of: &[InputValue<'static, String>]) -> BTreeMap<String, Input> {
    of.iter()
        .map(|input| {
            let def = Input { kind: TypeRef::from_ast(&input.value_type), default: input.default_value.clone() };
            (input.name.clone(), def)
        })
        .collect()
}
