//! A product or variation, and how the API shows it.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde_json::{Map, Value, json};

use super::php;
use super::price_html::price_html;
use super::terms::Taxonomy;
use super::world::{World, dates};
use crate::clock::Time;

/// Product type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Simple,
    Grouped,
    External,
    Variable,
    Variation,
}

impl Kind {
    /// Types that may be asked for; a variation is made in its own place.
    pub(super) const CHOICES: [&str; 4] = ["simple", "grouped", "external", "variable"];

    pub(super) fn parse(text: &str) -> Self {
        match text {
            "grouped" => Self::Grouped,
            "external" => Self::External,
            "variable" => Self::Variable,
            _ => Self::Simple,
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Simple => "simple",
            Self::Grouped => "grouped",
            Self::External => "external",
            Self::Variable => "variable",
            Self::Variation => "variation",
        }
    }
}

/// An attribute of a product: its options; of a variation: the one option.
#[derive(Debug, Clone)]
pub(super) struct Attribute {
    pub(super) id: u64,
    pub(super) name: String,
    pub(super) position: u64,
    pub(super) visible: bool,
    pub(super) variation: bool,
    pub(super) options: Vec<String>,
}

/// A product or variation.
#[derive(Debug, Clone)]
pub(super) struct Product {
    pub(super) id: u64,
    pub(super) kind: Kind,
    pub(super) parent: u64,
    pub(super) children: Vec<u64>,
    pub(super) name: String,
    pub(super) slug: String,
    pub(super) status: String,
    pub(super) sku: String,
    pub(super) regular_price: String,
    pub(super) sale_price: String,
    pub(super) managed: bool,
    pub(super) stock: Option<i64>,
    pub(super) stock_status: String,
    pub(super) backorders: String,
    pub(super) attributes: Vec<Attribute>,
    pub(super) images: Vec<Value>,
    /// `(id, key, value)`.
    pub(super) meta: Vec<(u64, String, Value)>,
    pub(super) total_sales: i64,
    /// When the sale price begins to hold; `None`: at once.
    pub(super) sale_from: Option<Time>,
    /// When it ceases to; `None`: never.
    pub(super) sale_to: Option<Time>,
    /// Ids of terms by their kind.
    pub(super) terms: BTreeMap<Taxonomy, Vec<u64>>,
    pub(super) created: Time,
    pub(super) modified: Time,
    /// Fields that the lab keeps as they were written.
    pub(super) plain: Map<String, Value>,
}

/// Where a product is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum View {
    /// By `/products`; `edit`: texts as they were written.
    Product { edit: bool },
    /// By `/products/{id}/variations`, always as for viewing.
    Variation,
}

impl Product {
    /// Keep quantity, status and back orders in line, as WooCommerce does on each save.
    pub(super) fn align_stock(&mut self) {
        if !self.managed {
            self.stock = None;
            self.backorders = "no".to_owned();
            return;
        }
        let quantity = self.stock.unwrap_or_default();
        let status = match (quantity > 0, self.backorders.as_str()) {
            (true, _) => "instock",
            (false, "no") => "outofstock",
            (false, _) => "onbackorder",
        };
        self.stock_status = status.to_owned();
    }

    /// Does the sale price hold now?
    pub(super) fn on_sale(&self, now: Time) -> bool {
        let amount = |text: &str| text.parse::<Decimal>().unwrap_or_default();
        !self.sale_price.is_empty()
            && amount(&self.regular_price) > amount(&self.sale_price)
            && self.sale_from.is_none_or(|from| from <= now)
            && self.sale_to.is_none_or(|to| now <= to)
    }

    /// What a shopper pays now; empty when nothing was said.
    pub(super) fn price(&self, now: Time) -> &str {
        if self.on_sale(now) { &self.sale_price } else { &self.regular_price }
    }

    /// One of the fields that are yes or no.
    pub(super) fn is(&self, key: &str) -> bool {
        self.plain.get(key) == Some(&Value::Bool(true))
    }

    /// A variation's options in one line.
    pub(super) fn option_line(&self, between: &str) -> String {
        self.attributes.iter().flat_map(|attribute| attribute.options.iter()).cloned().collect::<Vec<_>>().join(between)
    }
}

impl World {
    /// Title as shown: a variation's is its parent's with its options.
    pub(super) fn title_of(&self, product: &Product) -> String {
        match self.products.get(&product.parent) {
            Some(parent) if product.kind == Kind::Variation => {
                format!("{} - {}", parent.name, product.option_line(", "))
            }
            _ => product.name.clone(),
        }
    }

    /// Prices of what can be bought under a product, the lowest first: one, or one for each variation that has one.
    pub(super) fn prices_of(&self, product: &Product) -> Vec<String> {
        let now = self.now();
        if product.kind != Kind::Variable {
            return vec![product.price(now).to_owned()];
        }
        let children = product.children.iter().filter_map(|id| self.products.get(id));
        let prices = children.filter(|child| child.status == "publish").map(|child| child.price(now).to_owned());
        let mut known: Vec<String> = prices.filter(|price| price.parse::<Decimal>().is_ok()).collect();
        known.sort_by_key(|price| price.parse::<Decimal>().unwrap_or_default());
        known
    }

    /// `(manage_stock, stock_quantity, stock_status)` as shown.
    fn stock_of(&self, product: &Product) -> (Value, Option<i64>, String) {
        let holder = self.stock_holder(product.id);
        let managed = match holder {
            Some(holder) if holder.id == product.id => json!(true),
            Some(_) => json!("parent"),
            None => json!(false),
        };
        let children: Vec<&Product> = product.children.iter().filter_map(|id| self.products.get(id)).collect();
        let status = match holder {
            Some(holder) => holder.stock_status.clone(),
            None if product.kind == Kind::Variable && !children.is_empty() => {
                let any = |status: &str| children.iter().any(|child| child.stock_status == status);
                ["instock", "onbackorder"].into_iter().find(|status| any(status)).unwrap_or("outofstock").to_owned()
            }
            None => product.stock_status.clone(),
        };
        (managed, holder.and_then(|holder| holder.stock), status)
    }

    /// A product as JSON, with `_links`.
    pub(super) fn show_product(&self, product: &Product, view: View) -> Value {
        let mut shown = base_fields();
        shown.extend(product.plain.clone());
        if view != (View::Product { edit: true }) {
            for key in ["description", "short_description", "purchase_note"] {
                let text = php::paragraphs(shown.get(key).and_then(Value::as_str).unwrap_or_default());
                shown.insert(key.to_owned(), json!(text));
            }
        }
        let (created, created_gmt) = dates(product.created);
        let (modified, modified_gmt) = dates(product.modified);
        let (sale_from, sale_from_gmt) = product.sale_from.map(dates).unzip();
        let (sale_to, sale_to_gmt) = product.sale_to.map(dates).unzip();
        let (managed, quantity, stock_status) = self.stock_of(product);
        let price = self.prices_of(product).into_iter().next().unwrap_or_default();
        let backorders_allowed = product.backorders != "no";
        let class = self.terms_of(product, Taxonomy::ShippingClass).into_iter().next();
        let own = json!({
            "id": product.id,
            "date_created": created, "date_created_gmt": created_gmt,
            "date_modified": modified, "date_modified_gmt": modified_gmt,
            "date_on_sale_from": sale_from, "date_on_sale_from_gmt": sale_from_gmt,
            "date_on_sale_to": sale_to, "date_on_sale_to_gmt": sale_to_gmt,
            "permalink": self.permalink(product),
            "status": product.status,
            "sku": product.sku,
            "price": price,
            "regular_price": product.regular_price,
            "sale_price": product.sale_price,
            "on_sale": self.is_on_sale(product),
            "purchasable": !price.is_empty() && product.kind != Kind::External && product.kind != Kind::Grouped,
            "manage_stock": managed,
            "stock_quantity": quantity,
            "stock_status": stock_status,
            "backorders": product.backorders,
            "backorders_allowed": backorders_allowed,
            "backordered": stock_status == "onbackorder",
            "shipping_class": class.map_or("", |class| &class.slug),
            "shipping_class_id": class.map_or(0, |class| class.id),
            "meta_data": product.meta.iter().map(meta_json).collect::<Value>(),
        });
        extend(&mut shown, own);
        match view {
            View::Product { edit } => self.add_product_fields(product, edit, &mut shown),
            View::Variation => self.add_variation_fields(product, &mut shown),
        }
        Value::Object(shown)
    }

    /// A variable product is on sale when one of its variations is.
    pub(super) fn is_on_sale(&self, product: &Product) -> bool {
        let now = self.now();
        let mut children = product.children.iter().filter_map(|id| self.products.get(id));
        product.on_sale(now) || product.kind == Kind::Variable && children.any(|child| child.on_sale(now))
    }

    fn add_product_fields(&self, product: &Product, edit: bool, shown: &mut Map<String, Value>) {
        let mut links = json!({
            "self": [{ "href": self.api(&format!("/products/{}", product.id)) }],
            "collection": [{ "href": self.api("/products") }],
        });
        if product.parent != 0 {
            links["up"] = json!([{ "href": self.api(&format!("/products/{}", product.parent)) }]);
        }
        let terms = |taxonomy| -> Value {
            self.terms_of(product, taxonomy).into_iter().map(super::terms::Term::in_product).collect()
        };
        let virtual_goods = product.is("virtual");
        let taxed = shown.get("tax_status").is_some_and(|status| status == "taxable" || status == "shipping");
        let own = json!({
            "name": self.title_of(product),
            "slug": product.slug,
            "type": product.kind.name(),
            "total_sales": product.total_sales,
            "parent_id": product.parent,
            "images": product.images,
            "attributes": self.show_attributes(product),
            "categories": terms(Taxonomy::Category),
            "tags": terms(Taxonomy::Tag),
            "brands": terms(Taxonomy::Brand),
            "variations": product.children,
            "price_html": price_html(product, &self.prices_of(product), self.now()),
            "related_ids": [],
            "shipping_required": !virtual_goods,
            "shipping_taxable": !virtual_goods && taxed,
            "has_options": product.kind == Kind::Variable,
            "_links": links,
        });
        extend(shown, own);
        if product.kind != Kind::External {
            extend(shown, json!({ "external_url": "", "button_text": "" }));
        }
        if edit {
            // Shown to whoever may edit: in the answers to writes.
            let template = format!("{}/product/%pagename%/", self.site);
            extend(shown, json!({ "permalink_template": template, "generated_slug": php::slug(&product.name) }));
        }
    }

    /// A product's attributes with their options; a variation's options.
    fn show_attributes(&self, product: &Product) -> Value {
        let show = |attribute: &Attribute| {
            let shared = self.attributes.get(&attribute.id);
            let variation = product.kind == Kind::Variation;
            let name = shared.map_or(&attribute.name, |shared| &shared.label);
            let slug = match shared {
                Some(shared) => shared.taxonomy(),
                None if variation => php::slug(&attribute.name),
                None => attribute.name.clone(),
            };
            let mut shown = json!({ "id": attribute.id, "name": name, "slug": slug });
            if variation {
                let option = attribute.options.first().cloned().unwrap_or_default();
                let term = self.term_named(Taxonomy::Attribute(attribute.id), &option);
                shown["option"] = json!(term.map_or(option.as_str(), |term| &term.name));
                return shown;
            }
            let options: Value = match shared {
                Some(_) => {
                    let terms = self.terms_of(product, Taxonomy::Attribute(attribute.id));
                    terms.into_iter().map(|term| json!(term.name)).collect()
                }
                None => json!(attribute.options),
            };
            extend_value(&mut shown, json!({ "position": attribute.position, "visible": attribute.visible }));
            extend_value(&mut shown, json!({ "variation": attribute.variation, "options": options }));
            shown
        };
        // "Any" is not shown among a variation's options.
        let said = |attribute: &&Attribute| {
            product.kind != Kind::Variation || attribute.options.first().is_some_and(|option| !option.is_empty())
        };
        product.attributes.iter().filter(said).map(show).collect()
    }

    fn add_variation_fields(&self, product: &Product, shown: &mut Map<String, Value>) {
        // A variation's own endpoint shows fewer fields than the product endpoint (documented examples).
        for key in [
            "featured",
            "catalog_visibility",
            "short_description",
            "external_url",
            "button_text",
            "sold_individually",
            "shipping_required",
            "shipping_taxable",
            "reviews_allowed",
            "average_rating",
            "rating_count",
            "upsell_ids",
            "cross_sell_ids",
            "purchase_note",
            "default_attributes",
            "grouped_products",
            "post_password",
        ] {
            shown.remove(key);
        }
        let base = format!("/products/{}", product.parent);
        let own = json!({
            "type": product.kind.name(),
            "name": product.option_line(", "),
            "parent_id": product.parent,
            "image": product.images.first(),
            "attributes": self.show_attributes(product),
            "_links": {
                "self": [{ "href": self.api(&format!("{base}/variations/{}", product.id)) }],
                "collection": [{ "href": self.api(&format!("{base}/variations")) }],
                "up": [{ "href": self.api(&base) }],
            },
        });
        extend(shown, own);
    }

    fn permalink(&self, product: &Product) -> String {
        match self.products.get(&product.parent) {
            Some(parent) if product.kind == Kind::Variation => {
                let pairs = product.attributes.iter().map(|attribute| {
                    let option = attribute.options.first().map_or("", String::as_str);
                    format!("attribute_{}={}", php::slug(&attribute.name), php::encode(option))
                });
                format!("{}/product/{}/?{}", self.site, parent.slug, pairs.collect::<Vec<_>>().join("&"))
            }
            _ => format!("{}/product/{}/", self.site, product.slug),
        }
    }
}

pub(super) fn meta_json((id, key, value): &(u64, String, Value)) -> Value {
    json!({ "id": id, "key": key, "value": value })
}

pub(super) fn extend(shown: &mut Map<String, Value>, more: Value) {
    if let Value::Object(more) = more {
        shown.extend(more);
    }
}

fn extend_value(shown: &mut Value, more: Value) {
    if let (Value::Object(shown), Value::Object(more)) = (shown, more) {
        shown.extend(more);
    }
}

/// What the API shows of a product about which nothing was said (documented example of "Create a product").
fn base_fields() -> Map<String, Value> {
    let fields = json!({
        "featured": false, "catalog_visibility": "visible", "description": "", "short_description": "",
        "global_unique_id": "",
        "virtual": false, "downloadable": false, "downloads": [], "download_limit": -1,
        "download_expiry": -1, "external_url": "", "button_text": "", "tax_status": "taxable", "tax_class": "",
        "low_stock_amount": null, "sold_individually": false, "weight": "",
        "dimensions": { "length": "", "width": "", "height": "" }, "reviews_allowed": true,
        "average_rating": "0.00", "rating_count": 0, "upsell_ids": [], "cross_sell_ids": [], "purchase_note": "",
        "default_attributes": [], "grouped_products": [], "menu_order": 0, "post_password": "",
    });
    match fields {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}
