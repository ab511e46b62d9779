//! The endpoints below `/products/attributes`: attributes that products share, such as one colour chart for all.

use serde_json::{Map, Value, json};

use super::answer::{Answer, Refusal};
use super::php;
use super::product_write::{flag, text};
use super::terms::Taxonomy;
use super::world::World;

/// Names longer than this do not fit WordPress' taxonomy column.
const SLUG_MAX: usize = 28;

/// A shared attribute.
#[derive(Debug, Clone)]
pub(super) struct SharedAttribute {
    pub(super) id: u64,
    pub(super) label: String,
    /// Without the `pa_` that the API puts in front.
    pub(super) slug: String,
    kind: String,
    order_by: String,
    has_archives: bool,
}

impl SharedAttribute {
    /// `pa_color`.
    pub(super) fn taxonomy(&self) -> String {
        format!("pa_{}", self.slug)
    }
}

fn unknown() -> Refusal {
    Refusal::new(404, "woocommerce_rest_taxonomy_invalid", "Resource does not exist.")
}

impl World {
    fn show_attribute(&self, attribute: &SharedAttribute) -> Value {
        json!({
            "id": attribute.id, "name": attribute.label, "slug": attribute.taxonomy(), "type": attribute.kind,
            "order_by": attribute.order_by, "has_archives": attribute.has_archives,
            "_links": {
                "self": [{ "href": self.api(&format!("/products/attributes/{}", attribute.id)) }],
                "collection": [{ "href": self.api("/products/attributes") }],
            },
        })
    }

    /// All of them, by name; this list knows no pages.
    pub(super) fn list_attributes(&self) -> Answer {
        let mut all: Vec<&SharedAttribute> = self.attributes.values().collect();
        all.sort_by(|a, b| a.slug.cmp(&b.slug));
        let mut answer = Answer::ok(all.into_iter().map(|attribute| self.show_attribute(attribute)).collect());
        answer.headers.push(("x-wp-total", self.attributes.len().to_string()));
        answer.headers.push(("x-wp-totalpages", "1".to_owned()));
        answer
    }

    pub(super) fn get_attribute(&self, id: u64) -> Result<Answer, Refusal> {
        self.attributes.get(&id).map(|attribute| Answer::ok(self.show_attribute(attribute))).ok_or_else(unknown)
    }

    pub(super) fn create_attribute(&mut self, body: &Map<String, Value>) -> Result<Answer, Refusal> {
        let label = text(body, "name").ok_or_else(|| Refusal::missing(&["name"]))?;
        let refused = |message: String| Refusal::new(400, "woocommerce_rest_cannot_create", message);
        let label = php::clean(&label);
        if label.is_empty() {
            return Err(refused("Please, provide an attribute name.".to_owned()));
        }
        let slug = wanted_slug(body).unwrap_or_else(|| php::slug(&label));
        self.check_slug(&slug, 0).map_err(refused)?;
        let id = self.fresh_id();
        let said = |key: &str, default: &str| {
            text(body, key).filter(|text| !text.is_empty()).unwrap_or_else(|| default.to_owned())
        };
        let attribute = SharedAttribute {
            id,
            label,
            slug,
            kind: said("type", "select"),
            order_by: said("order_by", "menu_order"),
            has_archives: flag(body, "has_archives").unwrap_or_default(),
        };
        let shown = self.show_attribute(&attribute);
        self.attributes.insert(id, attribute);
        Ok(Answer::created(shown, self.api(&format!("/products/attributes/{id}"))))
    }

    fn check_slug(&self, slug: &str, besides: u64) -> Result<(), String> {
        if slug.len() > SLUG_MAX {
            return Err(format!("Slug \"{slug}\" is too long ({SLUG_MAX} characters max). Shorten it, please."));
        }
        if self.attributes.values().any(|attribute| attribute.id != besides && attribute.slug == slug) {
            return Err(format!("Slug \"{slug}\" is already in use. Change it, please."));
        }
        Ok(())
    }

    pub(super) fn update_attribute(&mut self, id: u64, body: &Map<String, Value>) -> Result<Answer, Refusal> {
        let mut attribute = self.attributes.get(&id).cloned().ok_or_else(unknown)?;
        if let Some(label) = text(body, "name").filter(|label| !label.is_empty()) {
            attribute.label = php::clean(&label);
        }
        if let Some(slug) = wanted_slug(body) {
            self.check_slug(&slug, id).map_err(|message| Refusal::new(400, "woocommerce_rest_cannot_edit", message))?;
            attribute.slug = slug;
        }
        for (key, field) in [("type", &mut attribute.kind), ("order_by", &mut attribute.order_by)] {
            if let Some(said) = text(body, key).filter(|text| !text.is_empty()) {
                *field = said;
            }
        }
        attribute.has_archives = flag(body, "has_archives").unwrap_or(attribute.has_archives);
        let shown = self.show_attribute(&attribute);
        self.attributes.insert(id, attribute);
        Ok(Answer::ok(shown))
    }

    /// Deletes its values along with it. `force` need not be given: it is a yes by default here.
    pub(super) fn delete_attribute(&mut self, id: u64, force: Option<bool>) -> Result<Answer, Refusal> {
        let answer = self.get_attribute(id)?;
        if force == Some(false) {
            return Err(Refusal::no_trash("Resource does not support trashing."));
        }
        self.attributes.remove(&id);
        self.terms.retain(|_, term| term.taxonomy != Taxonomy::Attribute(id));
        for product in self.products.values_mut() {
            product.attributes.retain(|attribute| attribute.id != id);
            product.terms.remove(&Taxonomy::Attribute(id));
        }
        Ok(answer)
    }
}

fn wanted_slug(body: &Map<String, Value>) -> Option<String> {
    let slug = php::slug(&text(body, "slug")?);
    let slug = slug.strip_prefix("pa_").unwrap_or(&slug);
    (!slug.is_empty()).then(|| slug.to_owned())
}
