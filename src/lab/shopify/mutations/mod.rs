//! Mutations, by name.

mod draft;
mod inventory;
mod kept;
mod moves;
mod options;
mod product;
mod product_set;
mod quantities;
mod subscriptions;
mod variant_input;
mod variants;

pub use draft::Draft;
pub use product::{add_variant, create, first_values};
pub use variant_input::apply;

use serde_json::{Map, Value};

use super::graphql::error::GraphError;
use super::graphql::schema::Rules;
use super::idempotency::Seen;
use super::resolve::{Node, Out};
use super::user_error::UserError;
use super::world::World;
use crate::clock::Time;

/// Arguments of a field, or fields of an input object.
type Args = Map<String, Value>;

/// A mutation that is asked for.
pub struct Call<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its arguments.
    pub args: &'a Args,
    /// The key of `@idempotent`.
    pub key: Option<&'a str>,
}

/// Run one mutation.
///
/// # Errors
/// Top-level ones; refusals are part of the payload.
pub fn run(world: &mut World, call: &Call<'_>, rules: Rules) -> Result<Out, GraphError> {
    let now = crate::clock::now();
    let Call { name, args, .. } = *call;
    let payload = match name {
        "inventoryAdjustQuantities"
        | "inventorySetQuantities"
        | "inventoryActivate"
        | "inventoryDeactivate"
        | moves::MOVE
        | quantities::SET_ON_HAND => {
            return once(world, call, rules, now);
        }
        "inventoryItemUpdate" => inventory::update(world, args, now),
        "productCreate" => product::product_create(world, args, now),
        "productUpdate" => product::product_update(world, args, now),
        "productDelete" => product::product_delete(world, args),
        "productOptionsCreate" => options::create(world, args, now),
        "productSet" => product_set::product_set(world, args, now),
        "productVariantsBulkCreate" => variants::bulk_create(world, args, now),
        "productVariantsBulkUpdate" => variants::bulk_update(world, args, now),
        "productVariantsBulkDelete" => variants::bulk_delete(world, args, now),
        "webhookSubscriptionCreate" => subscriptions::create(world, args, now),
        "webhookSubscriptionUpdate" => subscriptions::update(world, args, now),
        "webhookSubscriptionDelete" => subscriptions::delete(world, args),
        _ => return Err(GraphError::new("INTERNAL_SERVER_ERROR", format!("Internal error: no mutation {name}"))),
    };
    Ok(Out::one(payload))
}

/// Mutations that a key makes happen once.
fn once(world: &mut World, call: &Call<'_>, rules: Rules, now: Time) -> Result<Out, GraphError> {
    let Call { name, args, .. } = *call;
    if rules == Rules::Keyed {
        quantities::require_change_from(name, args)?;
    }
    let Some(key) = call.key else {
        if rules == Rules::Compared {
            return Ok(Out::one(quantity_mutation(world, name, args, now)));
        }
        let message = "The @idempotent directive is required for this mutation but was not provided.";
        return Err(GraphError::new("BAD_REQUEST", message));
    };
    match world.attempts.look_up(key, name, args, now) {
        Seen::Same(answer) => return Ok(answer),
        Seen::Different => {
            let message = "The same idempotency key cannot be used with different operation parameters.";
            let error = UserError::new("input", message, "IDEMPOTENCY_KEY_PARAMETER_MISMATCH");
            return Ok(Out::one(match name {
                "inventoryActivate" => inventory::activated(None, &[error]),
                "inventoryDeactivate" => moves::deactivated(&[error]),
                _ => quantities::adjusted(name, None, &[error]),
            }));
        }
        Seen::New => {}
    }
    let answer = Out::one(quantity_mutation(world, name, args, now));
    world.attempts.remember(key, name, args, answer.clone(), now);
    Ok(answer)
}

fn quantity_mutation(world: &mut World, name: &str, args: &Args, now: Time) -> Node {
    match name {
        "inventoryActivate" => inventory::activate(world, args, now),
        "inventoryDeactivate" => moves::deactivate(world, args, now),
        "inventorySetQuantities" | quantities::SET_ON_HAND => quantities::set(world, name, args, now),
        moves::MOVE => moves::move_quantities(world, args, now),
        _ => quantities::adjust(world, args, now),
    }
}

fn text<'a>(args: &'a Args, name: &str) -> Option<&'a str> {
    args.get(name)?.as_str()
}

fn object<'a>(args: &'a Args, name: &str) -> Option<&'a Args> {
    args.get(name)?.as_object()
}

fn list<'a>(args: &'a Args, name: &str) -> &'a [Value] {
    args.get(name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}
