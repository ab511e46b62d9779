//! Option groups (Size) and their options (M, L) of a product.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::catalog::OptionValue;
use crate::stores::{ProductDraft, StoreError, VariantDraft};

use super::Vendure;
use super::answer::refused;
use super::convert::slug;
use super::place::Place;
use super::queries::{ADD_OPTION_GROUP, CREATE_OPTION, CREATE_OPTION_GROUP};

/// An option group as a product has it.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Group {
    id: String,
    name: String,
    #[serde(default)]
    options: Vec<Named>,
}

#[derive(Debug, Clone, Deserialize)]
struct Named {
    id: String,
    name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct GroupData {
    create_product_option_group: Group,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OptionData {
    create_product_option: Named,
}

impl Vendure {
    /// Give a product without variants the groups that the draft's variants name, with all their options.
    pub(super) async fn add_groups(
        &self,
        product: &str,
        draft: &ProductDraft,
        groups: &mut Vec<Group>,
        place: &Place,
    ) -> Result<(), StoreError> {
        for (name, values) in wanted(&draft.variants) {
            if groups.iter().any(|group| group.name == name) {
                continue;
            }
            let options: Vec<Value> = values.iter().map(|value| named_input(value, &place.language)).collect();
            let mut input = named_input(name, &place.language);
            if let Some(fields) = input.as_object_mut() {
                fields.insert("options".to_owned(), json!(options));
            }
            let data: GroupData = self.api.call(&CREATE_OPTION_GROUP, &json!({ "input": input })).await?;
            let group = data.create_product_option_group;
            let variables = json!({ "product": product, "group": group.id });
            self.api.call::<Value>(&ADD_OPTION_GROUP, &variables).await?;
            groups.push(group);
        }
        Ok(())
    }

    /// Add the options that the groups do not have yet. What has no group is told by variant, later.
    pub(super) async fn add_options(
        &self,
        draft: &ProductDraft,
        groups: &mut [Group],
        place: &Place,
    ) -> Result<(), StoreError> {
        for (name, values) in wanted(&draft.variants) {
            let Some(group) = groups.iter_mut().find(|group| group.name == name) else { continue };
            for value in values {
                if group.options.iter().any(|option| option.name == value) {
                    continue;
                }
                let mut input = named_input(value, &place.language);
                if let Some(fields) = input.as_object_mut() {
                    fields.insert("productOptionGroupId".to_owned(), json!(group.id));
                }
                let data: OptionData = self.api.call(&CREATE_OPTION, &json!({ "input": input })).await?;
                group.options.push(data.create_product_option);
            }
        }
        Ok(())
    }
}

/// Ids of a variant's options, one for each of the product's groups.
///
/// # Errors
/// [`StoreError::Refused`] when the variant has other options than the product has groups.
pub(super) fn option_ids(shop: &str, variant: &VariantDraft, groups: &[Group]) -> Result<Vec<String>, StoreError> {
    let id = |group: &Group| {
        let OptionValue { value, .. } = variant.options.iter().find(|option| option.name == group.name)?;
        group.options.iter().find(|option| option.name == *value).map(|option| option.id.clone())
    };
    let ids: Option<Vec<String>> = groups.iter().map(id).collect();
    ids.filter(|ids| ids.len() == variant.options.len()).ok_or_else(|| {
        let names = |names: Vec<&str>| if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        let there = names(groups.iter().map(|group| group.name.as_str()).collect());
        let ours = names(variant.options.iter().map(|option| option.name.as_str()).collect());
        refused(shop, "OPTIONS", format!("the product's options are: {there}; the row's are: {ours}"))
    })
}

/// Names of options and their values, each in the order in which the variants first name them.
fn wanted(variants: &[VariantDraft]) -> Vec<(&str, Vec<&str>)> {
    let mut wanted: Vec<(&str, Vec<&str>)> = Vec::new();
    for OptionValue { name, value } in variants.iter().flat_map(|variant| &variant.options) {
        match wanted.iter_mut().find(|(known, _)| known == name) {
            Some((_, values)) if values.contains(&value.as_str()) => {}
            Some((_, values)) => values.push(value),
            None => wanted.push((name, vec![value])),
        }
    }
    wanted
}

/// A group or an option. Codes need not be unique.
fn named_input(name: &str, language: &str) -> Value {
    let code = Some(slug(name)).filter(|code| !code.is_empty()).unwrap_or_else(|| hex::encode(name));
    json!({ "code": code, "translations": [{ "languageCode": language, "name": name }] })
}

#[cfg(test)]
mod tests {
    use crate::catalog::{Money, Sku};

    use super::*;

    fn variant(options: &[(&str, &str)]) -> VariantDraft {
        let option =
            |(name, value): &(&str, &str)| OptionValue { name: (*name).to_owned(), value: (*value).to_owned() };
        VariantDraft {
            sku: Sku::new("A").unwrap(),
            options: options.iter().map(option).collect(),
            price: Money::from_store("1").unwrap(),
        }
    }

    fn groups() -> Vec<Group> {
        let named = |id: &str, name: &str| Named { id: id.to_owned(), name: name.to_owned() };
        let group = |id: &str, name: &str, options| Group { id: id.to_owned(), name: name.to_owned(), options };
        vec![
            group("1", "Size", vec![named("11", "M"), named("12", "L")]),
            group("2", "Color", vec![named("21", "Red"), named("22", "M")]),
        ]
    }

    #[test]
    fn options_keep_the_order_of_the_sheet() {
        let variants = [variant(&[("Size", "M"), ("Color", "Red")]), variant(&[("Size", "S"), ("Color", "Red")])];
        assert_eq!(wanted(&variants), [("Size", vec!["M", "S"]), ("Color", vec!["Red"])]);
        assert_eq!(wanted(&[variant(&[])]), []);
    }

    #[test]
    fn a_variant_has_one_option_of_each_group() {
        let check = |options: &[(&str, &str)], expect: Result<&[&str], &str>| match (
            option_ids("eu", &variant(options), &groups()),
            expect,
        ) {
            (Ok(ids), Ok(expect)) => assert_eq!(ids, expect),
            (Err(error), Err(part)) => assert!(error.to_string().contains(part), "{error}"),
            (got, _) => panic!("{options:?} gives {got:?}"),
        };
        check(&[("Color", "M"), ("Size", "L")], Ok(&["12", "22"]));
        check(&[("Size", "L")], Err("the product's options are: Size, Color; the row's are: Size"));
        check(&[("Size", "L"), ("Color", "Red"), ("Fit", "Slim")], Err("the row's are: Size, Color, Fit"));
        check(&[], Err("the row's are: none"));
        assert_eq!(option_ids("eu", &variant(&[]), &[]).unwrap(), Vec::<String>::new());
    }

    #[test]
    fn codes_are_never_blank() {
        assert_eq!(named_input("Taille", "fr")["code"], "taille");
        assert_eq!(named_input("色", "ja")["code"], "e889b2");
    }
}
