//! Products and variants.

use serde_json::Value;

use super::connection::Rows;
use super::{Ask, Node, Out, count, metafields, missing, money, money_v2, number, time};
use crate::lab::shopify::gid::gid;
use crate::lab::shopify::graphql::error::GraphError;
use crate::lab::shopify::user_error::user_errors;
use crate::lab::shopify::world::{Item, Kept, Metafield, Product, ProductOption, Variant, World};

/// A field of a product.
pub fn product(id: u64, name: &str, ask: &mut Ask<'_>) -> Result<Out, GraphError> {
    let world = ask.world;
    let Some(product) = world.products.get(&id) else { return Err(missing("Product", name)) };
    let variants = || product.variants.iter().filter_map(|id| world.variant(*id));
    Ok(match name {
        "id" => gid("Product", id).into(),
        "legacyResourceId" | "defaultCursor" => number(id),
        "title" => product.title.clone().into(),
        "handle" => product.handle.clone().into(),
        "status" => product.status.clone().into(),
        "description" => {
            let text = plain(&product.description_html);
            let longest = ask.int("truncateAt").and_then(|at| usize::try_from(at).ok()).unwrap_or(usize::MAX);
            text.chars().take(longest).collect::<String>().into()
        }
        "descriptionHtml" => product.description_html.clone().into(),
        "vendor" => product.vendor.clone().into(),
        "productType" => product.product_type.clone().into(),
        "tags" => product.tags.clone().into(),
        "createdAt" => time(product.created).into(),
        "updatedAt" => time(product.updated).into(),
        "publishedAt" => (product.status == "ACTIVE").then(|| time(product.created)).into(),
        "options" => {
            let first = ask.int("first").and_then(|first| usize::try_from(first).ok()).unwrap_or(usize::MAX);
            let positioned = product.options.iter().zip(1..).take(first);
            Out::many(positioned.map(|(option, position)| option_node(world, product, option, position)))
        }
        "variants" => {
            let nodes = product.variants.iter().map(|id| (*id, Node::Variant(*id)));
            let mut nodes: Vec<_> = nodes.collect();
            if ask.flag("reverse") {
                nodes.reverse();
            }
            match ask.text("sortKey") {
                None | Some("POSITION") => Rows::plain("ProductVariant", nodes).page(ask)?,
                Some(sort) => {
                    let sort = sort.to_owned();
                    Rows::searched("ProductVariant", nodes, &sort, ask).page(ask)?
                }
            }
        }
        "variantsCount" => count(product.variants.len()),
        "totalVariants" => product.variants.len().into(),
        "totalInventory" => world.total_inventory(product).into(),
        "tracksInventory" => variants().any(|(_, _, item)| item.tracked).into(),
        "hasOnlyDefaultVariant" => product.is_simple().into(),
        "hasOutOfStockVariants" => variants().any(|(_, _, item)| item.tracked && world.available(item) <= 0).into(),
        "priceRangeV2" | "priceRange" => {
            let prices = || variants().map(|(variant, _, _)| variant.price);
            Out::one(Node::record(
                if name == "priceRange" { "ProductPriceRange" } else { "ProductPriceRangeV2" },
                [
                    ("minVariantPrice", Out::one(money_v2(prices().min().unwrap_or_default()))),
                    ("maxVariantPrice", Out::one(money_v2(prices().max().unwrap_or_default()))),
                ],
            ))
        }
        _ => return kept_field(product, name, ask),
    })
}

/// A field that the shop keeps without making anything of it.
fn kept_field(product: &Product, name: &str, ask: &Ask<'_>) -> Result<Out, GraphError> {
    Ok(match name {
        "templateSuffix" | "giftCardTemplateSuffix" | "combinedListingRole" => kept(&product.kept, name),
        "requiresSellingPlan" => kept(&product.kept, name),
        "isGiftCard" => kept(&product.kept, "giftCard"),
        "bodyHtml" => product.description_html.clone().into(),
        "onlineStorePreviewUrl" => {
            format!("https://{}/products_preview?preview_key={}", ask.world.domain, product.id).into()
        }
        "seo" => {
            let part = |name: &str| product.kept.get("seo").and_then(|seo| seo.get(name)).cloned().unwrap_or_default();
            Out::one(Node::record(
                "SEO",
                [("title", part("title").into()), ("description", part("description").into())],
            ))
        }
        "category" => Out::One(product.kept.get("category").and_then(Value::as_str).map(category)),
        "metafield" => metafields::one(&product.metafields, ask),
        "metafields" => metafields::all(&product.metafields, ask)?,
        "availablePublicationsCount" | "mediaCount" | "resourcePublicationsCount" | "sellingPlanGroupsCount" => {
            count(0)
        }
        _ => Out::Unset,
    })
}

fn option_node(world: &World, product: &Product, option: &ProductOption, position: u64) -> Node {
    let index = usize::try_from(position - 1).unwrap_or_default();
    let taken = |value: &str| {
        let mut variants = product.variants.iter().filter_map(|id| world.variants.get(id));
        variants.any(|variant| variant.values.get(index).is_some_and(|taken| taken == value))
    };
    // `values` holds only those that variants have, `optionValues` all: observed on version 2026-04.
    let names: Vec<&str> = option.values.iter().map(|(_, name)| name.as_str()).filter(|name| taken(name)).collect();
    Node::record(
        "ProductOption",
        [
            ("id", gid("ProductOption", option.id).into()),
            ("name", option.name.clone().into()),
            ("position", position.into()),
            ("values", names.into()),
            ("optionValues", Out::many(option.values.iter().map(|(id, name)| value_node(*id, name, taken(name))))),
        ],
    )
}

fn value_node(id: u64, name: &str, has_variants: bool) -> Node {
    Node::record(
        "ProductOptionValue",
        [("id", gid("ProductOptionValue", id).into()), ("name", name.into()), ("hasVariants", has_variants.into())],
    )
}

/// A field of a variant.
pub fn variant(id: u64, name: &str, ask: &Ask<'_>) -> Result<Out, GraphError> {
    let world = ask.world;
    let Some((variant, product, item)) = world.variant(id) else { return Err(missing("ProductVariant", name)) };
    Ok(match name {
        "id" => gid("ProductVariant", id).into(),
        "legacyResourceId" | "defaultCursor" => number(id),
        "title" => variant.title().into(),
        "displayName" => format!("{} - {}", product.title, variant.title()).into(),
        "sku" => item.sku.clone().into(),
        "barcode" => variant.barcode.clone().into(),
        "price" => money(variant.price).into(),
        "compareAtPrice" => variant.compare_at.map(money).into(),
        "position" => product.variants.iter().position(|other| *other == id).map(|at| at + 1).into(),
        "inventoryQuantity" => world.available(item).into(),
        "sellableOnlineQuantity" => world.available(item).max(0).into(),
        "availableForSale" => for_sale(world, variant, item).into(),
        "inventoryPolicy" => variant.policy.clone().into(),
        "taxable" => variant.taxable.into(),
        "createdAt" => time(variant.created).into(),
        "updatedAt" => time(variant.updated).into(),
        "requiresComponents" | "showUnitPrice" => kept(&variant.kept, name),
        "taxCode" => variant.kept.get(name).cloned().unwrap_or_else(|| "".into()).into(),
        "unitPriceMeasurement" => Out::one(measured(variant.kept.get(name))),
        "metafield" => metafields::one(&variant_metafields(variant, item), ask),
        "metafields" => metafields::all(&variant_metafields(variant, item), ask)?,
        "product" => Out::one(Node::Product(product.id)),
        "inventoryItem" => Out::one(Node::Item(item.id)),
        "selectedOptions" => Out::many(product.options.iter().zip(&variant.values).map(|(option, value)| {
            let value_id = option.values.iter().find(|(_, name)| name == value).map_or(0, |(id, _)| *id);
            Node::record(
                "SelectedOption",
                [
                    ("name", option.name.clone().into()),
                    ("value", value.clone().into()),
                    ("optionValue", Out::one(value_node(value_id, value, true))),
                ],
            )
        })),
        _ => Out::Unset,
    })
}

fn kept(kept: &Kept, name: &str) -> Out {
    kept.get(name).filter(|value| !value.is_null()).map_or(Out::Unset, |value| value.clone().into())
}

/// A place in Shopify's taxonomy. Its names are not known here.
fn category(id: &str) -> Node {
    let name = id.rsplit('/').next().unwrap_or_default();
    Node::record("TaxonomyCategory", [("id", id.into()), ("name", name.into()), ("fullName", name.into())])
}

/// What a unit price is measured in; nothing is measured as zero of no unit.
fn measured(given: Option<&Value>) -> Node {
    let part = |name: &str| given.and_then(|given| given.get(name)).cloned();
    let number = |name: &str| part(name).unwrap_or_else(|| 0.into()).into();
    Node::record(
        "UnitPriceMeasurement",
        [
            ("quantityUnit", part("quantityUnit").unwrap_or_default().into()),
            ("quantityValue", number("quantityValue")),
            ("referenceUnit", part("referenceUnit").unwrap_or_default().into()),
            ("referenceValue", number("referenceValue")),
        ],
    )
}

/// The customs number of an item is kept among its variant's metafields too: observed on version 2025-01.
fn variant_metafields(variant: &Variant, item: &Item) -> Vec<Metafield> {
    let customs = item.customs.get("harmonizedSystemCode").map(|code| Metafield {
        id: item.id,
        namespace: "global".to_owned(),
        key: "harmonized_system_code".to_owned(),
        kind: "string".to_owned(),
        value: code.clone(),
        owner: "PRODUCTVARIANT",
        created: item.updated,
        updated: item.updated,
    });
    customs.into_iter().chain(variant.metafields.iter().cloned()).collect()
}

fn for_sale(world: &World, variant: &Variant, item: &Item) -> bool {
    !item.tracked || variant.policy == "CONTINUE" || world.available(item) > 0
}

/// An asynchronous `productSet`, as `productOperation` shows it afterwards.
pub fn operation(world: &World, id: u64) -> Option<Node> {
    let (product, errors) = world.operations.get(&id)?;
    let product = product.filter(|product| world.products.contains_key(product)).map(Node::Product);
    Some(Node::record(
        "ProductSetOperation",
        [
            ("id", gid("ProductSetOperation", id).into()),
            ("status", "COMPLETE".into()),
            ("product", Out::One(product)),
            ("userErrors", user_errors("ProductSetUserError", errors)),
        ],
    ))
}

/// HTML without its tags.
fn plain(html: &str) -> String {
    let mut text = String::new();
    let mut inside = false;
    for c in html.chars() {
        match c {
            '<' => inside = true,
            '>' if inside => inside = false,
            c if !inside => text.push(c),
            _ => {}
        }
    }
    text
}
