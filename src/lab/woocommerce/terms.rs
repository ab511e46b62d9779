//! Categories, tags, brands, shipping classes and the values of shared attributes: WordPress calls all of them terms.

use rust_decimal::Decimal;
use serde_json::{Map, Value, json};

use super::answer::{Answer, Invalid, Refusal};
use super::php::{self, Params};
use super::product::Product;
use super::product_write::{text, whole};
use super::query::{Key, ListQuery, Listed};
use super::world::World;
use crate::clock::Time;

/// The category of whoever has none; it cannot be deleted.
pub(super) const UNCATEGORIZED: u64 = 15;

const ORDERBYS: [&str; 7] = ["id", "include", "name", "slug", "term_group", "description", "count"];
const DISPLAYS: [&str; 4] = ["default", "products", "subcategories", "both"];

/// What kind of term.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Taxonomy {
    Category,
    Tag,
    Brand,
    ShippingClass,
    /// A value of this shared attribute.
    Attribute(u64),
}

impl Taxonomy {
    fn path(self) -> String {
        match self {
            Self::Category => "/products/categories".to_owned(),
            Self::Tag => "/products/tags".to_owned(),
            Self::Brand => "/products/brands".to_owned(),
            Self::ShippingClass => "/products/shipping_classes".to_owned(),
            Self::Attribute(id) => format!("/products/attributes/{id}/terms"),
        }
    }

    /// May terms have terms below them?
    fn is_tree(self) -> bool {
        matches!(self, Self::Category | Self::Brand)
    }
}

/// A term.
#[derive(Debug, Clone)]
pub(super) struct Term {
    pub(super) id: u64,
    pub(super) taxonomy: Taxonomy,
    pub(super) name: String,
    pub(super) slug: String,
    pub(super) description: String,
    pub(super) parent: u64,
    pub(super) display: String,
    pub(super) image: Option<Value>,
    pub(super) menu_order: i64,
}

impl Term {
    pub(super) fn new(id: u64, taxonomy: Taxonomy, name: &str, slug: String) -> Self {
        Self {
            id,
            taxonomy,
            name: name.to_owned(),
            slug,
            description: String::new(),
            parent: 0,
            display: "default".to_owned(),
            image: None,
            menu_order: 0,
        }
    }

    /// As a product shows it.
    pub(super) fn in_product(&self) -> Value {
        json!({ "id": self.id, "name": self.name, "slug": self.slug })
    }
}

impl Listed for Term {
    fn key(&self) -> Key<'_> {
        Key { id: self.id, title: &self.name, slug: &self.slug, created: Time::UNIX_EPOCH, modified: Time::UNIX_EPOCH }
    }

    fn mentions(&self, word: &str) -> bool {
        self.name.to_lowercase().contains(word) || self.slug.contains(word)
    }
}

fn unknown() -> Refusal {
    Refusal::new(404, "woocommerce_rest_term_invalid", "Resource does not exist.")
}

impl World {
    fn taxonomy(&self, taxonomy: Taxonomy) -> Result<(), Refusal> {
        match taxonomy {
            Taxonomy::Attribute(id) if !self.attributes.contains_key(&id) => {
                Err(Refusal::new(404, "woocommerce_rest_taxonomy_invalid", "Taxonomy does not exist."))
            }
            _ => Ok(()),
        }
    }

    /// A term of that kind.
    pub(super) fn term(&self, taxonomy: Taxonomy, id: u64) -> Option<&Term> {
        self.terms.get(&id).filter(|term| term.taxonomy == taxonomy)
    }

    /// A term by its name, whatever its case.
    pub(super) fn term_named(&self, taxonomy: Taxonomy, name: &str) -> Option<&Term> {
        let mut all = self.terms.values().filter(|term| term.taxonomy == taxonomy);
        all.find(|term| term.name.to_lowercase() == name.to_lowercase())
    }

    /// A product's terms of one kind, by name.
    pub(super) fn terms_of(&self, product: &Product, taxonomy: Taxonomy) -> Vec<&Term> {
        let ids = product.terms.get(&taxonomy).map_or(&[][..], Vec::as_slice);
        let mut terms: Vec<&Term> = ids.iter().filter_map(|id| self.term(taxonomy, *id)).collect();
        terms.sort_by_key(|term| term.name.to_lowercase());
        terms
    }

    fn count_of(&self, term: &Term) -> usize {
        let has = |product: &&Product| {
            product.status == "publish" && product.terms.get(&term.taxonomy).is_some_and(|ids| ids.contains(&term.id))
        };
        self.products.values().filter(has).count()
    }

    fn show_term(&self, term: &Term) -> Value {
        let base = term.taxonomy.path();
        let mut links = json!({
            "self": [{ "href": self.api(&format!("{base}/{}", term.id)) }],
            "collection": [{ "href": self.api(&base) }],
        });
        if let Some(parent) = self.term(term.taxonomy, term.parent) {
            links["up"] = json!([{ "href": self.api(&format!("{base}/{}", parent.id)) }]);
        }
        let mut shown = json!({
            "id": term.id, "name": term.name, "slug": term.slug, "description": term.description,
            "count": self.count_of(term), "_links": links,
        });
        if term.taxonomy.is_tree() {
            shown["parent"] = json!(term.parent);
            shown["display"] = json!(term.display);
            shown["image"] = json!(term.image);
            shown["menu_order"] = json!(term.menu_order);
        } else if matches!(term.taxonomy, Taxonomy::Attribute(_)) {
            shown["menu_order"] = json!(term.menu_order);
        }
        shown
    }

    pub(super) fn list_terms(&self, taxonomy: Taxonomy, params: &Params) -> Result<Answer, Refusal> {
        self.taxonomy(taxonomy)?;
        let query = ListQuery::read_with(params, &ORDERBYS, ("name", "asc"), Invalid::default())?;
        let parent = params.filled("parent").and_then(|id| id.parse::<u64>().ok()).filter(|_| taxonomy.is_tree());
        let product = params.filled("product").and_then(|id| id.parse::<u64>().ok());
        let fits = |term: &&Term| {
            let on_product = |id| {
                let product: Option<&Product> = self.products.get(&id);
                let terms = product.and_then(|product| product.terms.get(&taxonomy));
                terms.is_some_and(|terms| terms.contains(&term.id))
            };
            term.taxonomy == taxonomy
                && parent.is_none_or(|parent| term.parent == parent)
                && params.filled("slug").is_none_or(|slug| term.slug == slug)
                && product.is_none_or(on_product)
                && !(params.flag("hide_empty") && self.count_of(term) == 0)
        };
        let rank = |term: &Term, by: &str| match by {
            "count" => Some(Decimal::from(self.count_of(term))),
            _ => None,
        };
        let (page, total) = query.select_by(self.terms.values().filter(fits), rank);
        let items = page.into_iter().map(|term| self.show_term(term)).collect();
        Ok(query.answer(self, &taxonomy.path(), params, items, total))
    }

    pub(super) fn get_term(&self, taxonomy: Taxonomy, id: u64) -> Result<Answer, Refusal> {
        self.taxonomy(taxonomy)?;
        self.term(taxonomy, id).map(|term| Answer::ok(self.show_term(term))).ok_or_else(unknown)
    }

    pub(super) fn create_term(&mut self, taxonomy: Taxonomy, body: &Map<String, Value>) -> Result<Answer, Refusal> {
        let name = text(body, "name").ok_or_else(|| Refusal::missing(&["name"]))?;
        self.taxonomy(taxonomy)?;
        let name = php::title(&php::clean(&name));
        if name.is_empty() {
            return Err(Refusal::new(400, "empty_term_name", "A name is required for this term."));
        }
        let parent = self.wanted_parent(taxonomy, body)?.unwrap_or_default();
        let slug = text(body, "slug").map(|slug| php::slug(&slug)).filter(|slug| !slug.is_empty());
        if let Some(twin) = self.twin(taxonomy, &name, slug.as_deref(), parent) {
            let what = if taxonomy.is_tree() { "with this parent" } else { "in this taxonomy" };
            let message = format!("A term with the name provided already exists {what}.");
            let mut refusal = Refusal::new(400, "term_exists", message);
            refusal.data = json!({ "status": 400, "resource_id": twin });
            return Err(refusal);
        }
        let id = self.add_term(taxonomy, &name, slug, parent);
        self.write_term(id, body)?;
        let answer = self.get_term(taxonomy, id)?;
        Ok(Answer::created(answer.body, self.api(&format!("{}/{id}", taxonomy.path()))))
    }

    /// A new term; its slug is made from the name unless given, and made unique.
    pub(super) fn add_term(&mut self, taxonomy: Taxonomy, name: &str, slug: Option<String>, parent: u64) -> u64 {
        let slug = self.free_term_slug(taxonomy, &slug.unwrap_or_else(|| php::slug(name)), parent);
        let id = self.fresh_id();
        self.terms.insert(id, Term { parent, ..Term::new(id, taxonomy, name, slug) });
        id
    }

    /// A term that is in the way of a new one.
    fn twin(&self, taxonomy: Taxonomy, name: &str, slug: Option<&str>, parent: u64) -> Option<u64> {
        let taken = |slug: &str| self.terms.values().any(|term| term.taxonomy == taxonomy && term.slug == slug);
        if slug.is_some_and(|slug| !taken(slug)) {
            return None;
        }
        let same = |term: &&Term| {
            term.taxonomy == taxonomy
                && term.name.to_lowercase() == name.to_lowercase()
                && (!taxonomy.is_tree() || term.parent == parent)
        };
        self.terms.values().find(same).map(|term| term.id)
    }

    /// WordPress appends the parents' slugs first and numbers after.
    fn free_term_slug(&self, taxonomy: Taxonomy, wanted: &str, parent: u64) -> String {
        let taken = |slug: &str| self.terms.values().any(|term| term.taxonomy == taxonomy && term.slug == slug);
        if !taken(wanted) {
            return wanted.to_owned();
        }
        let mut base = wanted.to_owned();
        if let Some(parent) = self.term(taxonomy, parent) {
            base = format!("{wanted}-{}", parent.slug);
            if !taken(&base) {
                return base;
            }
        }
        (2..).map(|number| format!("{base}-{number}")).find(|slug| !taken(slug)).unwrap_or(base)
    }

    fn wanted_parent(&self, taxonomy: Taxonomy, body: &Map<String, Value>) -> Result<Option<u64>, Refusal> {
        let Some(parent) = whole(body, "parent") else { return Ok(None) };
        if !taxonomy.is_tree() {
            let message = "Can not set resource parent, taxonomy is not hierarchical.";
            return Err(Refusal::new(400, "woocommerce_rest_taxonomy_not_hierarchical", message));
        }
        let parent = parent.unsigned_abs();
        if parent != 0 && self.term(taxonomy, parent).is_none() {
            return Err(Refusal::new(400, "missing_parent", "Parent term does not exist."));
        }
        Ok(Some(parent))
    }

    pub(super) fn update_term(
        &mut self,
        taxonomy: Taxonomy,
        id: u64,
        body: &Map<String, Value>,
    ) -> Result<Answer, Refusal> {
        self.get_term(taxonomy, id)?;
        let parent = self.wanted_parent(taxonomy, body)?;
        let slug = text(body, "slug").map(|slug| php::slug(&slug)).filter(|slug| !slug.is_empty());
        let holder = self
            .terms
            .values()
            .find(|term| term.taxonomy == taxonomy && term.id != id && Some(term.slug.as_str()) == slug.as_deref());
        if let (Some(slug), Some(_)) = (&slug, holder) {
            let message = format!("The slug &#8220;{slug}&#8221; is already in use by another term.");
            // WordPress gives no status along, and an error without one is a 500.
            return Err(Refusal { data: Value::Null, ..Refusal::new(500, "duplicate_term_slug", message) });
        }
        if let Some(term) = self.terms.get_mut(&id) {
            if let Some(name) = text(body, "name") {
                term.name = php::title(&php::clean(&name));
            }
            term.slug = slug.unwrap_or_else(|| std::mem::take(&mut term.slug));
            term.parent = parent.unwrap_or(term.parent);
        }
        self.write_term(id, body)?;
        self.get_term(taxonomy, id)
    }

    fn write_term(&mut self, id: u64, body: &Map<String, Value>) -> Result<(), Refusal> {
        let mut invalid = Invalid::default();
        let display = text(body, "display").filter(|display| !display.is_empty());
        if display.as_ref().is_some_and(|display| !DISPLAYS.contains(&display.as_str())) {
            invalid.choice("display", &DISPLAYS);
        }
        invalid.into_result()?;
        let image = match body.get("image").filter(|image| !image.is_null()) {
            Some(image) if image.get("src").is_some() || image.get("id").is_some() => Some(Some(self.attach(image)?)),
            Some(_) => Some(None),
            None => None,
        };
        let Some(term) = self.terms.get_mut(&id) else { return Ok(()) };
        term.description = text(body, "description").unwrap_or_else(|| std::mem::take(&mut term.description));
        term.display = display.unwrap_or_else(|| std::mem::take(&mut term.display));
        term.menu_order = whole(body, "menu_order").unwrap_or(term.menu_order);
        if let Some(image) = image {
            term.image = image;
        }
        Ok(())
    }

    pub(super) fn delete_term(&mut self, taxonomy: Taxonomy, id: u64, force: bool) -> Result<Answer, Refusal> {
        let answer = self.get_term(taxonomy, id)?;
        if !force {
            return Err(Refusal::no_trash("Resource does not support trashing."));
        }
        if id == UNCATEGORIZED {
            let message = "Default product category cannot be deleted.";
            return Err(Refusal::new(500, "woocommerce_rest_cannot_delete", message));
        }
        self.terms.remove(&id);
        let parent = answer.body.get("parent").and_then(Value::as_u64).unwrap_or_default();
        for term in self.terms.values_mut().filter(|term| term.parent == id) {
            term.parent = parent;
        }
        for ids in self.products.values_mut().filter_map(|product| product.terms.get_mut(&taxonomy)) {
            ids.retain(|of| *of != id);
            if ids.is_empty() && taxonomy == Taxonomy::Category {
                ids.push(UNCATEGORIZED);
            }
        }
        Ok(answer)
    }
}
