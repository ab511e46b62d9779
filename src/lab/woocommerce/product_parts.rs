//! The parts of a product: its terms, attributes and images, read out of a request body.

use serde_json::{Map, Value, json};

use super::answer::Refusal;
use super::php;
use super::product::{Attribute, Kind, Product};
use super::product_write::{flag, text, whole};
use super::terms::{Taxonomy, UNCATEGORIZED};
use super::world::{World, dates};

impl World {
    /// Categories and brands by id, tags by id or name, the shipping class by slug. What is unknown is passed over.
    pub(super) fn write_terms(&mut self, product: &mut Product, body: &Map<String, Value>) {
        for (key, taxonomy) in
            [("categories", Taxonomy::Category), ("tags", Taxonomy::Tag), ("brands", Taxonomy::Brand)]
        {
            let Some(said) = body.get(key).and_then(Value::as_array) else { continue };
            let ids = said.iter().filter_map(|term| self.wanted_term(taxonomy, term)).collect();
            product.terms.insert(taxonomy, ids);
        }
        if let Some(slug) = text(body, "shipping_class") {
            let known = |term: &&super::terms::Term| term.taxonomy == Taxonomy::ShippingClass && term.slug == slug;
            let id = self.terms.values().find(known).map(|term| term.id);
            product.terms.insert(Taxonomy::ShippingClass, id.into_iter().collect());
        }
        if product.kind != Kind::Variation {
            let categories = product.terms.entry(Taxonomy::Category).or_default();
            if categories.is_empty() {
                categories.push(UNCATEGORIZED);
            }
        }
    }

    fn wanted_term(&mut self, taxonomy: Taxonomy, said: &Value) -> Option<u64> {
        let name = said.get("name").and_then(Value::as_str).filter(|_| taxonomy == Taxonomy::Tag);
        match name {
            Some(name) => {
                let name = php::title(&php::clean(name));
                let known = self.term_named(taxonomy, &name).map(|term| term.id);
                Some(known.unwrap_or_else(|| self.add_term(taxonomy, &name, None, 0)))
            }
            None => {
                whole(said.as_object()?, "id").map(i64::unsigned_abs).filter(|id| self.term(taxonomy, *id).is_some())
            }
        }
    }

    /// A product's attributes, or a variation's options.
    pub(super) fn write_attributes(&mut self, product: &mut Product, body: &Map<String, Value>) {
        let Some(said) = body.get("attributes").and_then(Value::as_array) else { return };
        let said = said.iter().filter_map(Value::as_object);
        product.attributes = if product.kind == Kind::Variation {
            let known = self.products.get(&product.parent).map_or(&[][..], |parent| &parent.attributes);
            said.filter_map(|attribute| chosen_option(attribute, known)).collect()
        } else {
            said.filter_map(product_attribute).collect()
        };
        if product.kind == Kind::Variation {
            return;
        }
        product.attributes.retain(|attribute| attribute.id == 0 || self.attributes.contains_key(&attribute.id));
        // Values of a shared attribute are terms, made where they are missing.
        for attribute in product.attributes.iter_mut().filter(|attribute| attribute.id != 0) {
            let taxonomy = Taxonomy::Attribute(attribute.id);
            let mut ids = Vec::new();
            for option in &attribute.options {
                let name = php::title(&php::clean(option));
                let known = self.term_named(taxonomy, &name).map(|term| term.id);
                ids.push(known.unwrap_or_else(|| self.add_term(taxonomy, &name, None, 0)));
            }
            product.terms.insert(taxonomy, ids);
        }
    }

    /// A product's images, or a variation's one.
    pub(super) fn write_images(&mut self, product: &mut Product, body: &Map<String, Value>) -> Result<(), Refusal> {
        let said = match (body.get("images"), body.get("image")) {
            (Some(Value::Array(images)), _) if product.kind != Kind::Variation => images.clone(),
            (_, Some(image)) if product.kind == Kind::Variation && image.is_object() => vec![image.clone()],
            (_, Some(_)) if product.kind == Kind::Variation => Vec::new(),
            _ => return Ok(()),
        };
        let images: Result<Vec<Value>, Refusal> = said.iter().map(|image| self.attach(image)).collect();
        product.images = images.map_err(|refusal| match product.kind {
            Kind::Variation => Refusal { code: refusal.code.replace("_product_", "_variation_"), ..refusal },
            _ => refusal,
        })?;
        Ok(())
    }

    /// An image by id, or a new one "downloaded" from its address into the site's own uploads.
    pub(super) fn attach(&mut self, image: &Value) -> Result<Value, Refusal> {
        let id = image.get("id").and_then(Value::as_u64).unwrap_or_default();
        let said = |key: &str| image.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
        let Some(source) = said("src").filter(|_| id == 0) else {
            let message = format!("#{id} is an invalid image ID.");
            let unknown = || Refusal::new(400, "woocommerce_product_invalid_image_id", message);
            let known = self.media.get_mut(&id).ok_or_else(unknown)?;
            for key in ["name", "alt"] {
                if let Some(text) = said(key) {
                    known[key] = json!(text);
                }
            }
            return Ok(known.clone());
        };
        let file = source.split(['?', '#']).next().unwrap_or_default().rsplit('/').next().unwrap_or_default();
        let (local, gmt) = dates(self.now());
        let id = self.fresh_id();
        let address = format!("{}/wp-content/uploads/{id}/{file}", self.site);
        let attached = json!({
            "id": id, "date_created": local, "date_created_gmt": gmt, "date_modified": local,
            "date_modified_gmt": gmt, "src": address, "name": said("name").unwrap_or(file),
            "alt": said("alt").unwrap_or_default(),
        });
        self.media.insert(id, attached.clone());
        Ok(attached)
    }
}

fn product_attribute(said: &Map<String, Value>) -> Option<Attribute> {
    let id = said.get("id").and_then(Value::as_u64).unwrap_or_default();
    let name = php::clean(&text(said, "name").unwrap_or_default());
    let options: Vec<String> = match said.get("options")? {
        Value::Array(options) => options.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        Value::String(options) => options.split('|').map(|option| option.trim().to_owned()).collect(),
        _ => return None,
    };
    if id == 0 && name.is_empty() || id != 0 && options.is_empty() {
        return None;
    }
    Some(Attribute {
        id,
        name,
        position: whole(said, "position").unwrap_or_default().unsigned_abs(),
        visible: flag(said, "visible").unwrap_or_default(),
        variation: flag(said, "variation").unwrap_or_default(),
        options,
    })
}

/// A variation's option, kept only where the parent has that attribute and uses it for variations.
fn chosen_option(said: &Map<String, Value>, known: &[Attribute]) -> Option<Attribute> {
    let id = said.get("id").and_then(Value::as_u64).unwrap_or_default();
    let name = php::slug(&text(said, "name").unwrap_or_default());
    let same = |attribute: &&Attribute| match id {
        0 => attribute.id == 0 && php::slug(&attribute.name) == name,
        id => attribute.id == id,
    };
    let parent = known.iter().find(same).filter(|attribute| attribute.variation)?;
    let option = php::clean(&text(said, "option").unwrap_or_default());
    Some(Attribute { options: vec![option], ..parent.clone() })
}
