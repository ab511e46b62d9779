//! What every endpoint speaks of, told to the ledger before the first pass.

use std::collections::{BTreeMap, BTreeSet};

use super::{Engine, PassError, SheetPlan};
use crate::catalog::{Pool, TabMapping};
use crate::clock;
use crate::db::{PoolColumns, Recognised, SHEET, Want, identity_of_columns, identity_of_shop, unchanged_tabs};
use crate::planted;

/// What the configuration says that numbers speak of. No secrets: it is kept, and told to people.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Identities {
    /// The spreadsheet's id.
    pub spreadsheet: String,
    /// By shop: platform, site, place and pool.
    pub shops: BTreeMap<String, String>,
}

/// What a sync would meet as for the first time.
#[derive(Debug, Default)]
pub(super) struct Strange {
    /// Shops.
    pub shops: BTreeSet<String>,
    /// Stock columns, by pool and tab.
    pub columns: BTreeSet<(Pool, String)>,
}

impl Engine {
    /// Say what the endpoints speak of.
    #[must_use]
    pub fn speaking_of(self, identities: Identities) -> Self {
        Self { identities, ..self }
    }

    /// Tell the ledger what every endpoint speaks of, before any pass: where that is another thing than before, the endpoint is
    /// met as for the first time. Else the difference between both would be folded as if people had moved stock.
    ///
    /// # Errors
    /// When the ledger fails.
    pub async fn recognise(&self) -> Result<(), PassError> {
        if planted!(IdentityIgnored) {
            return Ok(());
        }
        let now = clock::now();
        for (shop, identity) in &self.identities.shops {
            let recognised = self.ledger.recognise_shop(shop, identity, now).await?;
            if let Recognised::Another { before, numbers } = recognised {
                tracing::warn!(
                    endpoint = %shop, before = %before, now = %identity, numbers,
                    "the configuration names another shop, place or pool: it is met as for the first time; what it has in stock \
                     moves nothing and is set to what the pool says"
                );
            }
        }
        for pool in self.sheet.pools() {
            let columns = self.sheet.columns_of(&self.identities.spreadsheet, &pool);
            let recognised = self.ledger.recognise_columns(&pool, &columns, now).await?;
            if let Recognised::Another { before, numbers } = recognised {
                let now = columns.into_values().collect::<Vec<_>>().join("; ");
                tracing::warn!(
                    endpoint = SHEET, pool = %pool, before = %before, now = %now, numbers,
                    "the configuration names other stock columns: they are met as for the first time; what stands there moves \
                     nothing and is set to what the pool says"
                );
            }
        }
        self.clear_up_after_removed().await
    }

    /// What shops that are no longer in the configuration said of rows leaves these.
    async fn clear_up_after_removed(&self) -> Result<(), PassError> {
        let here: BTreeSet<String> = self.shop_names().into_iter().chain([SHEET.to_owned()]).collect();
        let mut letters = self.ledger.dead_letters().await?;
        letters.retain(|letter| !here.contains(&letter.endpoint));
        let now = clock::now();
        let hints: Vec<_> = letters.into_iter().map(|letter| (letter.sku, Want::CONTENT, now)).collect();
        Ok(self.ledger.hint(SHEET, &hints).await?)
    }

    /// What [`recognise`](Self::recognise) would meet as for the first time; changes nothing.
    pub(super) async fn strange(&self) -> Result<Strange, PassError> {
        let mut strange = Strange::default();
        for (shop, identity) in &self.identities.shops {
            let kept = self.ledger.fact(&identity_of_shop(shop)).await?;
            if kept.is_some_and(|kept| kept != *identity) {
                strange.shops.insert(shop.clone());
            }
        }
        for pool in self.sheet.pools() {
            let Some(kept) = self.ledger.fact(&identity_of_columns(&pool)).await? else { continue };
            let columns = self.sheet.columns_of(&self.identities.spreadsheet, &pool);
            let same = unchanged_tabs(&kept, &columns);
            let others = columns.keys().filter(|tab| !same.contains(&tab.as_str()));
            strange.columns.extend(others.map(|tab| (pool.clone(), tab.clone())));
        }
        Ok(strange)
    }
}

impl SheetPlan {
    /// A pool's columns, by tab, in words. Headers and titles are quoted: what people call them cannot look like another.
    fn columns_of(&self, spreadsheet: &str, pool: &Pool) -> PoolColumns {
        let words = |mapping: &TabMapping, header: &str| {
            let kind = match mapping.sold_of(pool) {
                Some(sold) => format!("counters with {sold:?}"),
                None if mapping.counted.contains(pool) => "counted".to_owned(),
                None => "edited".to_owned(),
            };
            format!("{spreadsheet}, tab {:?}, column {header:?}, {kind}", mapping.tab)
        };
        let column = |mapping: &TabMapping| {
            let (_, header) = mapping.stock.iter().find(|(of, _)| of == pool)?;
            Some((mapping.tab.clone(), words(mapping, header)))
        };
        self.tabs.iter().filter_map(column).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tab(name: &str, stock: &[(&str, &str)], counted: &[&str], sold: &[(&str, &str)]) -> TabMapping {
        let pairs =
            |of: &[(&str, &str)]| of.iter().map(|(pool, header)| ((*pool).to_owned(), (*header).to_owned())).collect();
        TabMapping {
            tab: name.to_owned(),
            key: vec!["SKU".to_owned()],
            handle: None,
            options: Vec::new(),
            title: None,
            price: None,
            stock: pairs(stock),
            counted: counted.iter().map(|pool| (*pool).to_owned()).collect(),
            sold: pairs(sold),
            status: None,
            error: None,
            last_sync: None,
        }
    }

    #[test]
    fn a_pools_columns_are_named_with_all_that_their_numbers_hang_on() {
        let tabs = vec![
            tab("Mugs", &[("main", "Stock"), ("north", "North")], &["north"], &[]),
            tab("A \"b\"\n", &[("main", "Stock in")], &[], &[("main", "Sold")]),
            tab("Notes", &[], &[], &[]),
        ];
        let plan = SheetPlan { tabs, block_rows: 1, decimals: 2, zone: chrono_tz::Tz::UTC };
        let words = |pool: &str| plan.columns_of("id", &pool.to_owned()).into_values().collect::<Vec<_>>();
        let counters = "id, tab \"A \\\"b\\\"\\n\", column \"Stock in\", counters with \"Sold\"";
        assert_eq!(words("main"), [counters, "id, tab \"Mugs\", column \"Stock\", edited"]);
        assert_eq!(words("north"), ["id, tab \"Mugs\", column \"North\", counted"]);
        assert!(words("south").is_empty());
    }
}
