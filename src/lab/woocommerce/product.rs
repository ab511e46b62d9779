//! A product or variation, and how the API shows it.

use rust_decimal::Decimal;
use serde_json::{Map, Value, json};

use super::php;
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
    /// By `/products/{id}/variations`.
    Variation { edit: bool },
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

    fn on_sale(&self) -> bool {
        let amount = |text: &str| text.parse::<Decimal>().unwrap_or_default();
        !self.sale_price.is_empty() && amount(&self.regular_price) > amount(&self.sale_price)
    }

    /// What a shopper pays now; empty when nothing was said.
    pub(super) fn price(&self) -> &str {
        if self.on_sale() { &self.sale_price } else { &self.regular_price }
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

    fn price_of(&self, product: &Product) -> String {
        if product.kind != Kind::Variable {
            return product.price().to_owned();
        }
        let prices = product.children.iter().filter_map(|id| self.products.get(id)).map(Product::price);
        let amount = |price: &&str| price.parse::<Decimal>().ok();
        prices.filter(|price| amount(price).is_some()).min_by_key(amount).unwrap_or_default().to_owned()
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
        let (View::Product { edit } | View::Variation { edit }) = view;
        if !edit {
            for key in ["description", "short_description"] {
                let text = php::paragraphs(shown.get(key).and_then(Value::as_str).unwrap_or_default());
                shown.insert(key.to_owned(), json!(text));
            }
        }
        let (created, created_gmt) = dates(product.created);
        let (modified, modified_gmt) = dates(product.modified);
        let (managed, quantity, stock_status) = self.stock_of(product);
        let price = self.price_of(product);
        let backorders_allowed = product.backorders != "no";
        let own = json!({
            "id": product.id,
            "date_created": created, "date_created_gmt": created_gmt,
            "date_modified": modified, "date_modified_gmt": modified_gmt,
            "permalink": self.permalink(product),
            "status": product.status,
            "sku": product.sku,
            "price": price,
            "regular_price": product.regular_price,
            "sale_price": product.sale_price,
            "on_sale": product.on_sale(),
            "purchasable": !price.is_empty(),
            "manage_stock": managed,
            "stock_quantity": quantity,
            "stock_status": stock_status,
            "backorders": product.backorders,
            "backorders_allowed": backorders_allowed,
            "backordered": stock_status == "onbackorder",
            "meta_data": product.meta.iter().map(meta_json).collect::<Value>(),
        });
        extend(&mut shown, own);
        match view {
            View::Product { .. } => self.add_product_fields(product, &price, &mut shown),
            View::Variation { .. } => self.add_variation_fields(product, &mut shown),
        }
        Value::Object(shown)
    }

    fn add_product_fields(&self, product: &Product, price: &str, shown: &mut Map<String, Value>) {
        let mut links = json!({
            "self": [{ "href": self.api(&format!("/products/{}", product.id)) }],
            "collection": [{ "href": self.api("/products") }],
        });
        if product.parent != 0 {
            links["up"] = json!([{ "href": self.api(&format!("/products/{}", product.parent)) }]);
        }
        let attributes: Value = match product.kind {
            Kind::Variation => product.attributes.iter().map(option_json).collect(),
            _ => product.attributes.iter().map(attribute_json).collect(),
        };
        let price_html = match price {
            "" => String::new(),
            price => format!("<span class=\"woocommerce-Price-amount amount\"><bdi>&#36;{price}</bdi></span>"),
        };
        let own = json!({
            "name": self.title_of(product),
            "slug": product.slug,
            "type": product.kind.name(),
            "total_sales": product.total_sales,
            "parent_id": product.parent,
            "images": product.images,
            "attributes": attributes,
            "variations": product.children,
            "price_html": price_html,
            "related_ids": [],
            "has_options": product.kind == Kind::Variable,
            "_links": links,
        });
        extend(shown, own);
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
            "categories",
            "tags",
            "brands",
            "default_attributes",
            "grouped_products",
            "post_password",
        ] {
            shown.remove(key);
        }
        let base = format!("/products/{}", product.parent);
        let own = json!({
            "image": product.images.first(),
            "attributes": product.attributes.iter().map(option_json).collect::<Value>(),
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

fn attribute_json(attribute: &Attribute) -> Value {
    json!({
        "id": attribute.id, "name": attribute.name, "position": attribute.position, "visible": attribute.visible,
        "variation": attribute.variation, "options": attribute.options,
    })
}

fn option_json(attribute: &Attribute) -> Value {
    json!({ "id": attribute.id, "name": attribute.name, "option": attribute.options.first() })
}

pub(super) fn extend(shown: &mut Map<String, Value>, more: Value) {
    if let Value::Object(more) = more {
        shown.extend(more);
    }
}

/// What the API shows of a product about which nothing was said (documented example of "Create a product").
fn base_fields() -> Map<String, Value> {
    let fields = json!({
        "featured": false, "catalog_visibility": "visible", "description": "", "short_description": "",
        "global_unique_id": "",
        "date_on_sale_from": null, "date_on_sale_from_gmt": null, "date_on_sale_to": null,
        "date_on_sale_to_gmt": null, "virtual": false, "downloadable": false, "downloads": [], "download_limit": -1,
        "download_expiry": -1, "external_url": "", "button_text": "", "tax_status": "taxable", "tax_class": "",
        "low_stock_amount": null, "sold_individually": false, "weight": "",
        "dimensions": { "length": "", "width": "", "height": "" }, "shipping_required": true,
        "shipping_taxable": true, "shipping_class": "", "shipping_class_id": 0, "reviews_allowed": true,
        "average_rating": "0.00", "rating_count": 0, "upsell_ids": [], "cross_sell_ids": [], "purchase_note": "",
        "categories": [{ "id": 15, "name": "Uncategorized", "slug": "uncategorized" }], "tags": [], "brands": [],
        "default_attributes": [], "grouped_products": [], "menu_order": 0, "post_password": "",
    });
    match fields {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}
