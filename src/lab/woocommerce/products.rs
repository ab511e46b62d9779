//! The endpoints below `/products`, for products and for the variations of one.

use rust_decimal::Decimal;
use serde_json::{Map, Value};

use super::answer::{Answer, Invalid, Refusal};
use super::filter::Wanted;
use super::php::Params;
use super::product::{Kind, Product, View};
use super::product_write::validate;
use super::query::{Key, ListQuery, Listed};
use super::world::World;

/// What products can be sorted by.
const ORDERBYS: [&str; 10] =
    ["date", "id", "include", "title", "slug", "modified", "menu_order", "price", "popularity", "rating"];
const STATUSES: [&str; 8] = ["any", "future", "trash", "auto-draft", "draft", "pending", "private", "publish"];

/// Which of the two collections is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shelf {
    Products,
    /// Of this parent.
    Variations(u64),
}

impl Shelf {
    pub(super) fn path(self) -> String {
        match self {
            Self::Products => "/products".to_owned(),
            Self::Variations(parent) => format!("/products/{parent}/variations"),
        }
    }

    fn post_type(self) -> &'static str {
        match self {
            Self::Products => "product",
            Self::Variations(_) => "product_variation",
        }
    }

    fn view(self, edit: bool) -> View {
        match self {
            Self::Products => View::Product { edit },
            Self::Variations(_) => View::Variation,
        }
    }
}

fn use_variations_endpoint() -> Refusal {
    let message = "To manipulate product variations you should use the \
                   /products/&lt;product_id&gt;/variations/&lt;id&gt; endpoint.";
    Refusal::new(404, "woocommerce_rest_invalid_product_id", message)
}

impl Listed for Product {
    fn key(&self) -> Key<'_> {
        Key { id: self.id, title: &self.name, slug: &self.slug, created: self.created, modified: self.modified }
    }

    fn mentions(&self, word: &str) -> bool {
        let texts = ["description", "short_description"].into_iter().filter_map(|key| self.plain.get(key)?.as_str());
        texts.chain([self.name.as_str()]).any(|text| text.to_lowercase().contains(word))
    }
}

impl World {
    pub(super) fn list_products(&self, shelf: Shelf, params: &Params) -> Result<Answer, Refusal> {
        let mut invalid = Invalid::default();
        let status = params.filled("status").unwrap_or("any");
        if !STATUSES.contains(&status) {
            invalid.choice("status", &STATUSES);
        }
        if params.filled("type").is_some_and(|kind| !Kind::CHOICES.contains(&kind)) {
            invalid.choice("type", &Kind::CHOICES);
        }
        let stocks = ["instock", "outofstock", "onbackorder"];
        if params.filled("stock_status").is_some_and(|status| !stocks.contains(&status)) {
            invalid.choice("stock_status", &stocks);
        }
        let query = ListQuery::read(params, &ORDERBYS, invalid)?;
        let wanted = Wanted::read(self, params);
        let fits = |product: &&Product| {
            let here = match shelf {
                // A search by SKU finds variations too (observed on WooCommerce 10.0.2).
                Shelf::Products => product.kind != Kind::Variation || wanted.by_code,
                Shelf::Variations(parent) => product.kind == Kind::Variation && product.parent == parent,
            };
            here && (product.status == status || status == "any" && product.status != "trash")
                && wanted.fits(self, product)
        };
        let rank = |product: &Product, by: &str| match by {
            "price" => self.prices_of(product).first().and_then(|price| price.parse().ok()),
            "popularity" => Some(Decimal::from(product.total_sales)),
            "menu_order" => Some(product.plain.get("menu_order").and_then(Value::as_i64).unwrap_or_default().into()),
            _ => None,
        };
        let (page, total) = query.select_by(self.products.values().filter(fits), rank);
        let edit = params.text("context") == Some("edit");
        let items = page.into_iter().map(|product| self.show_product(product, shelf.view(edit))).collect();
        Ok(query.answer(self, &shelf.path(), params, items, total))
    }

    pub(super) fn get_product(&self, shelf: Shelf, id: u64, params: &Params) -> Result<Answer, Refusal> {
        let product = self.products.get(&id).filter(|product| match shelf {
            Shelf::Products => true,
            Shelf::Variations(parent) => product.parent == parent,
        });
        let product = product.ok_or_else(|| Refusal::invalid_id(404, shelf.post_type()))?;
        Ok(Answer::ok(self.show_product(product, shelf.view(params.text("context") == Some("edit")))))
    }

    /// Create. `strict`: a single call, whose types WordPress checks; items of a batch are not checked.
    pub(super) fn create_product(
        &mut self,
        shelf: Shelf,
        body: &Map<String, Value>,
        strict: bool,
    ) -> Result<Answer, Refusal> {
        if strict {
            validate(body, shelf != Shelf::Products)?;
        }
        if body.get("id").and_then(Value::as_u64).unwrap_or_default() != 0 {
            let kind = shelf.post_type();
            let message = format!("Cannot create existing {kind}.");
            return Err(Refusal::new(400, format!("woocommerce_rest_{kind}_exists"), message));
        }
        let mut product = match shelf {
            Shelf::Products => self.new_product(Kind::Simple, 0),
            Shelf::Variations(parent) if self.products.contains_key(&parent) => {
                self.new_product(Kind::Variation, parent)
            }
            Shelf::Variations(_) => {
                let message = "Cannot set attributes due to invalid parent product.";
                return Err(Refusal::new(404, "woocommerce_rest_product_variation_invalid_parent", message));
            }
        };
        self.write_product(&mut product, body)?;
        let id = product.id;
        if let Some(parent) = self.products.get_mut(&product.parent) {
            parent.children.push(id);
        }
        self.save_product(product, "product.created");
        let location = self.api(&format!("{}/{id}", shelf.path()));
        let shown = self.products.get(&id).map(|product| self.show_product(product, shelf.view(true)));
        Ok(Answer::created(shown.unwrap_or_default(), location))
    }

    pub(super) fn update_product(
        &mut self,
        shelf: Shelf,
        id: u64,
        body: &Map<String, Value>,
        strict: bool,
    ) -> Result<Answer, Refusal> {
        if strict {
            validate(body, shelf != Shelf::Products)?;
        }
        let found = self.products.get(&id).cloned();
        let mut product = found.ok_or_else(|| Refusal::invalid_id(400, shelf.post_type()))?;
        match shelf {
            Shelf::Products if product.kind == Kind::Variation => return Err(use_variations_endpoint()),
            Shelf::Variations(parent) if product.parent != parent => {
                let message = "Parent product does not match current variation.";
                return Err(Refusal::new(403, "woocommerce_rest_cannot_edit", message));
            }
            _ => {}
        }
        self.write_product(&mut product, body)?;
        // Also when nothing changed (observed on WooCommerce 10.0.2).
        self.save_product(product, "product.updated");
        let shown = self.products.get(&id).map(|product| self.show_product(product, shelf.view(true)));
        Ok(Answer::ok(shown.unwrap_or_default()))
    }

    pub(super) fn delete_product(&mut self, shelf: Shelf, id: u64, force: bool) -> Result<Answer, Refusal> {
        let kind = shelf.post_type();
        let product = self.products.get(&id).ok_or_else(|| Refusal::invalid_id(404, kind))?;
        if shelf == Shelf::Products && product.kind == Kind::Variation {
            return Err(use_variations_endpoint());
        }
        let shown = self.show_product(product, shelf.view(true));
        if force {
            self.remove_product(id);
            return Ok(Answer::ok(shown));
        }
        if product.status == "trash" {
            let message = format!("The {kind} has already been deleted.");
            return Err(Refusal::new(410, "woocommerce_rest_already_trashed", message));
        }
        let now = self.now();
        if let Some(product) = self.products.get_mut(&id) {
            product.status = "trash".to_owned();
            product.modified = now;
            self.events.push(("product.deleted", id));
        }
        Ok(Answer::ok(shown))
    }
}
