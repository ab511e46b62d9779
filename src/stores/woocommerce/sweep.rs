//! Reading orders, all of those asked for, while shoppers and staff keep changing them.

use std::collections::BTreeMap;

use crate::clock::Time;
use crate::stores::{OrderEvidence, OrderEvidencePage, OrderQuery, StoreError};

use super::api::{Api, PER_PAGE, Query, Said};
use super::orders::{ORDER_FIELDS, Order, after};

/// Statuses an order may be in while its stock is still to be taken or given back. `checkout-draft` is left out: such
/// an order has taken nothing, and leaving that status changes its date, so that it is found among the changed ones.
const OPEN: [&str; 4] = ["pending", "on-hold", "processing", "failed"];

/// By which date a sweep goes forward.
#[derive(Clone, Copy)]
enum By {
    /// Creation, which never changes: for a set of orders that others enter and leave meanwhile.
    Created,
    /// Last change: an order changed meanwhile moves to the end, where it is still met.
    Modified,
}

impl By {
    fn parameters(self) -> (&'static str, &'static str) {
        match self {
            Self::Created => ("after", "date"),
            Self::Modified => ("modified_after", "modified"),
        }
    }

    fn of(self, order: &Order) -> Option<Time> {
        match self {
            Self::Created => order.created(),
            Self::Modified => order.modified(),
        }
    }
}

/// Orders read so far, by id: one met twice counts as it was met last.
#[derive(Default)]
struct Found {
    orders: BTreeMap<u64, OrderEvidence>,
    store_time: Option<Time>,
}

impl Found {
    /// An order that cannot be placed in time fails the look: a sale that nobody can see is overwritten by the next write.
    fn take(&mut self, shop: &str, orders: &[Order], said: Said) -> Result<(), StoreError> {
        for order in orders {
            let Some(evidence) = order.evidence() else {
                let why = format!("order {} has no readable date", order.id);
                return Err(StoreError::Unexpected { shop: shop.to_owned(), why });
            };
            self.orders.insert(order.id, evidence);
        }
        // The first answer's time: what changed after it may have been missed, what changed before it was not.
        self.store_time = self.store_time.or(said.date);
        Ok(())
    }

    fn page(self) -> OrderEvidencePage {
        let mut orders: Vec<OrderEvidence> = self.orders.into_values().collect();
        // Stable: within one second the lower id comes first.
        orders.sort_by_key(|order| order.modified);
        OrderEvidencePage { orders, store_time: self.store_time }
    }
}

/// Read orders. `store_time` is the shop's clock at the first of the calls made.
pub(super) async fn read(api: &Api, query: &OrderQuery) -> Result<OrderEvidencePage, StoreError> {
    let mut found = Found::default();
    match query {
        OrderQuery::Open => read_open(api, &mut found).await?,
        OrderQuery::Changed { since, also } => {
            sweep(api, By::Modified, Some(*since), None, &mut found).await?;
            read_by_id(api, also, &mut found).await?;
        }
    }
    Ok(found.page())
}

async fn read_open(api: &Api, found: &mut Found) -> Result<(), StoreError> {
    match sweep(api, By::Created, None, Some(&OPEN.join(",")), found).await {
        // A plugin has removed one of the statuses, and unknown ones are refused with the whole list.
        Err(StoreError::Refused { code, .. }) if code == "rest_invalid_param" => {}
        done => return done,
    }
    for status in OPEN {
        match sweep(api, By::Created, None, Some(status), found).await {
            Err(StoreError::Refused { code, .. }) if code == "rest_invalid_param" => {}
            done => done?,
        }
    }
    Ok(())
}

/// Go through orders by date, each call beginning where the last one's answer ended. Going by page number instead
/// would pass over an order for each one that leaves an earlier page meanwhile.
async fn sweep(
    api: &Api,
    by: By,
    since: Option<Time>,
    status: Option<&str>,
    found: &mut Found,
) -> Result<(), StoreError> {
    let (bound_name, order_by) = by.parameters();
    let mut bound = since.map(after);
    let mut page = 1;
    loop {
        let mut query = base_query();
        query.extend([("orderby", order_by.to_owned()), ("order", "asc".to_owned()), ("page", page.to_string())]);
        query.extend([("dates_are_gmt", "true".to_owned())]);
        query.extend(bound.clone().map(|bound| (bound_name, bound)));
        query.extend(status.map(|status| ("status", status.to_owned())));
        let (orders, said) = api.get::<Vec<Order>>("/orders", query).await?;
        found.take(api.shop(), &orders, said)?;
        if !said.goes_on(page, orders.len()) {
            return Ok(());
        }
        // The last second is read again: its other orders may be on the next page. Bounds compare as text.
        let next = orders.last().and_then(|order| by.of(order)).map(after);
        if next > bound {
            bound = next;
            page = 1;
        } else {
            // A whole page before the next possible bound (a bulk change within one second).
            page += 1;
        }
    }
}

async fn read_by_id(api: &Api, ids: &[String], found: &mut Found) -> Result<(), StoreError> {
    // Not an id of this shop's: then there is no such order.
    let ids: Vec<u64> = ids.iter().filter_map(|id| id.parse().ok()).filter(|id| *id != 0).collect();
    for ids in ids.chunks(PER_PAGE) {
        let list: Vec<String> = ids.iter().map(ToString::to_string).collect();
        let mut query = base_query();
        query.extend([("orderby", "id".to_owned()), ("order", "asc".to_owned()), ("include", list.join(","))]);
        let (orders, said) = api.get::<Vec<Order>>("/orders", query).await?;
        found.take(api.shop(), &orders, said)?;
    }
    Ok(())
}

fn base_query() -> Query {
    vec![("per_page", PER_PAGE.to_string()), ("_fields", ORDER_FIELDS.to_owned())]
}
