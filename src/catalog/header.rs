//! Columns are found by header name, never by position.

use super::Pool;

/// A pair of columns that gives one option of a variant (`Option1 Name` = Size, `Option1 Value` = L).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OptionColumns {
    /// Header of the column with the option's name; `None` when the header of the value column is itself the name.
    pub name: Option<String>,
    /// Header of the column with the value.
    pub value: String,
}

/// How one tab is laid out: which header carries what. Made by the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TabMapping {
    /// Tab title.
    pub tab: String,
    /// Headers of the key column, or of several that form the key together.
    pub key: Vec<String>,
    /// Header of the column that groups variants into one product; `None` when every row is a simple product.
    pub handle: Option<String>,
    /// Option columns, in order.
    pub options: Vec<OptionColumns>,
    /// Header of the title column.
    pub title: Option<String>,
    /// Header of the price column.
    pub price: Option<String>,
    /// Stock columns: pool and header.
    pub stock: Vec<(Pool, String)>,
    /// Pools whose stock column is for stock-takes: a typed number is what was counted, not a movement.
    pub counted: Vec<Pool>,
    /// Pools in counter columns, with the header of the counter (shelfd's own). Their stock column is what people received in
    /// all; shelfd never writes there.
    pub sold: Vec<(Pool, String)>,
    /// Header of the status column (shelfd's own).
    pub status: Option<String>,
    /// Header of the error column (shelfd's own).
    pub error: Option<String>,
    /// Header of the last-sync column (shelfd's own).
    pub last_sync: Option<String>,
}

impl TabMapping {
    /// Every header that must be there, each once, in a stable order.
    pub fn headers(&self) -> Vec<&str> {
        let options = self.options.iter().flat_map(|pair| pair.name.iter().chain([&pair.value]));
        let single =
            [&self.handle, &self.title, &self.price, &self.status, &self.error, &self.last_sync].into_iter().flatten();
        let stock = self.stock.iter().chain(&self.sold).map(|(_, header)| header);
        let mut all: Vec<&str> = Vec::new();
        for header in self.key.iter().chain(options).chain(stock).chain(single) {
            if !all.contains(&header.as_str()) {
                all.push(header);
            }
        }
        all
    }

    /// Header of the counter of a pool, where it is laid out in counter columns.
    pub fn sold_of(&self, pool: &Pool) -> Option<&str> {
        self.sold.iter().find(|(of, _)| of == pool).map(|(_, header)| header.as_str())
    }
}

/// Where each mapped header stands: its zero-based column.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Columns(Vec<(String, u32)>);

impl Columns {
    /// Zero-based column of a header.
    pub fn get(&self, header: &str) -> Option<u32> {
        self.0.iter().find(|(name, _)| name == header).map(|(_, column)| *column)
    }

    /// All headers with their columns.
    pub fn iter(&self) -> impl Iterator<Item = (&str, u32)> {
        self.0.iter().map(|(name, column)| (name.as_str(), *column))
    }
}

/// Why a tab cannot be read at all. It stops that tab, and nothing else.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HeaderProblem {
    /// The tab itself is not there.
    #[error("no tab is called \"{tab}\"; the spreadsheet has: {found}")]
    TabMissing {
        /// Tab title looked for.
        tab: String,
        /// Titles that are there.
        found: String,
    },
    /// A mapped header is not in the first row.
    #[error("tab \"{tab}\": no column is called \"{header}\"; the first row has: {found}")]
    Missing {
        /// Tab title.
        tab: String,
        /// The header looked for.
        header: String,
        /// What the first row holds.
        found: String,
    },
    /// A mapped header stands there more than once.
    #[error("tab \"{tab}\": two columns are called \"{header}\"; rename one")]
    Twice {
        /// Tab title.
        tab: String,
        /// The header looked for.
        header: String,
    },
}

/// Find every mapped header in the tab's first row. Compared after trimming: real exports pad their headers.
///
/// # Errors
/// All problems at once.
pub fn locate(mapping: &TabMapping, first_row: &[String]) -> Result<Columns, Vec<HeaderProblem>> {
    let mut columns = Vec::new();
    let mut problems = Vec::new();
    for header in mapping.headers() {
        let mut at = (0u32..).zip(first_row).filter(|(_, text)| text.trim() == header.trim()).map(|(at, _)| at);
        match (at.next(), at.next()) {
            (Some(column), None) => columns.push((header.to_owned(), column)),
            (Some(_), Some(_)) => {
                problems.push(HeaderProblem::Twice { tab: mapping.tab.clone(), header: header.to_owned() });
            }
            (None, _) => problems.push(HeaderProblem::Missing {
                tab: mapping.tab.clone(),
                header: header.to_owned(),
                found: first_row
                    .iter()
                    .map(|text| text.trim())
                    .filter(|t| !t.is_empty())
                    .collect::<Vec<_>>()
                    .join(", "),
            }),
        }
    }
    if problems.is_empty() { Ok(Columns(columns)) } else { Err(problems) }
}
