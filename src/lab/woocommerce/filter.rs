//! What a list of products can be cut down to.

use rust_decimal::Decimal;
use serde_json::Value;

use super::php::Params;
use super::product::Product;
use super::terms::Taxonomy;
use super::world::World;

/// The filters of one list call, besides those that every collection has.
#[derive(Default)]
pub(super) struct Wanted {
    /// Looking for a code (SKU, GTIN): variations are found too.
    pub(super) by_code: bool,
    skus: Vec<String>,
    sku_part: String,
    codes: Vec<String>,
    kinds: Vec<String>,
    slugs: Vec<String>,
    stock_status: Option<String>,
    terms: Vec<(Taxonomy, Vec<u64>)>,
    flags: Vec<(&'static str, bool)>,
    on_sale: Option<bool>,
    least: Option<Decimal>,
    most: Option<Decimal>,
    parents: Vec<u64>,
    no_parents: Vec<u64>,
}

impl Wanted {
    pub(super) fn read(world: &World, params: &Params) -> Self {
        let sku_part = params.text("search_sku").unwrap_or_default().to_lowercase();
        // A search for a part takes the place of one for the whole.
        let skus = if sku_part.is_empty() { wanted_skus(params) } else { Vec::new() };
        let codes = params.list("global_unique_id");
        let ids = |name: &str| params.list(name).iter().filter_map(|id| id.parse().ok()).collect::<Vec<u64>>();
        let mut terms = Vec::new();
        for (name, taxonomy) in [
            ("category", Taxonomy::Category),
            ("tag", Taxonomy::Tag),
            ("brand", Taxonomy::Brand),
            ("shipping_class", Taxonomy::ShippingClass),
        ] {
            if params.filled(name).is_some() {
                terms.push((taxonomy, world.with_children(taxonomy, ids(name))));
            }
        }
        let shared = params.filled("attribute").zip(params.filled("attribute_term"));
        let shared = shared.and_then(|(name, _)| world.attributes.values().find(|of| of.taxonomy() == name));
        terms.extend(shared.map(|shared| (Taxonomy::Attribute(shared.id), ids("attribute_term"))));
        let kinds = match params.list("include_types") {
            kinds if kinds.is_empty() => params.filled("type").map(str::to_owned).into_iter().collect(),
            kinds => kinds,
        };
        let said = |name: &str| params.filled(name).map(|_| params.flag(name));
        let flags = ["featured", "virtual", "downloadable"];
        Self {
            by_code: !skus.is_empty() || !sku_part.is_empty() || !codes.is_empty(),
            skus,
            sku_part,
            codes,
            kinds,
            slugs: params.list("slug"),
            stock_status: params.filled("stock_status").map(str::to_owned),
            terms,
            flags: flags.into_iter().filter_map(|name| Some((name, said(name)?))).collect(),
            on_sale: said("on_sale"),
            least: params.filled("min_price").and_then(|price| price.parse().ok()),
            most: params.filled("max_price").and_then(|price| price.parse().ok()),
            parents: ids("parent"),
            no_parents: ids("parent_exclude"),
        }
    }

    pub(super) fn fits(&self, world: &World, product: &Product) -> bool {
        let code = product.plain.get("global_unique_id").and_then(Value::as_str).unwrap_or_default();
        let has_term = |(taxonomy, ids): &(Taxonomy, Vec<u64>)| {
            product.terms.get(taxonomy).is_some_and(|has| has.iter().any(|id| ids.contains(id)))
        };
        (self.skus.is_empty() || self.skus.contains(&product.sku.to_lowercase()))
            && (self.sku_part.is_empty() || product.sku.to_lowercase().contains(&self.sku_part))
            && (self.codes.is_empty() || self.codes.iter().any(|wanted| wanted == code))
            && (self.kinds.is_empty() || self.kinds.iter().any(|kind| kind == product.kind.name()))
            && (self.slugs.is_empty() || self.slugs.contains(&product.slug))
            && self.stock_status.as_ref().is_none_or(|status| product.stock_status == *status)
            && self.terms.iter().all(has_term)
            && self.flags.iter().all(|(name, wanted)| product.is(name) == *wanted)
            && self.on_sale.is_none_or(|wanted| world.is_on_sale(product) == wanted)
            && self.in_range(world, product)
            && (self.parents.is_empty() || self.parents.contains(&product.parent))
            && (self.no_parents.is_empty() || !self.no_parents.contains(&product.parent))
    }

    fn in_range(&self, world: &World, product: &Product) -> bool {
        if self.least.is_none() && self.most.is_none() {
            return true;
        }
        let prices = world.prices_of(product);
        let mut prices = prices.iter().filter_map(|price| price.parse::<Decimal>().ok());
        prices.any(|price| self.least.is_none_or(|least| price >= least) && self.most.is_none_or(|most| price <= most))
    }
}

impl World {
    /// A category stands for those below it as well.
    fn with_children(&self, taxonomy: Taxonomy, mut ids: Vec<u64>) -> Vec<u64> {
        let mut at = 0;
        while let Some(id) = ids.get(at).copied() {
            let below = self.terms.values().filter(|term| term.taxonomy == taxonomy && term.parent == id);
            let new: Vec<u64> = below.map(|term| term.id).filter(|id| !ids.contains(id)).collect();
            ids.extend(new);
            at += 1;
        }
        ids
    }
}

/// The SKUs of `?sku=A,B`; the whole text is one too, as a SKU may have a comma.
fn wanted_skus(params: &Params) -> Vec<String> {
    let Some(text) = params.filled("sku") else { return Vec::new() };
    text.split(',').chain([text]).map(str::to_lowercase).collect()
}
