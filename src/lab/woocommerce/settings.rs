//! What the shop tells about itself: settings, currencies, tax classes, system status, the API's index.

use serde_json::{Map, Value, json};

use super::answer::{Answer, Refusal};
use super::place::Facts;
use super::world::{WOOCOMMERCE_VERSION, WORDPRESS_VERSION, World};

/// A setting as the shop comes with it.
struct Setting {
    group: &'static str,
    id: &'static str,
    label: &'static str,
    kind: &'static str,
    default: &'static str,
    value: &'static str,
}

const fn setting(
    group: &'static str,
    id: &'static str,
    label: &'static str,
    kind: &'static str,
    default: &'static str,
) -> Setting {
    Setting { group, id, label, kind, default, value: default }
}

/// The settings that catalog tools read. A real shop has more, and other groups.
static SETTINGS: [Setting; 15] = [
    setting("general", "woocommerce_store_address", "Address line 1", "text", ""),
    setting("general", "woocommerce_store_city", "City", "text", ""),
    setting("general", "woocommerce_default_country", "Country / State", "select", "US:CA"),
    setting("general", "woocommerce_calc_taxes", "Enable taxes", "checkbox", "no"),
    setting("general", "woocommerce_currency", "Currency", "select", "USD"),
    setting("general", "woocommerce_currency_pos", "Currency position", "select", "left"),
    setting("general", "woocommerce_price_thousand_sep", "Thousand separator", "text", ","),
    setting("general", "woocommerce_price_decimal_sep", "Decimal separator", "text", "."),
    setting("general", "woocommerce_price_num_decimals", "Number of decimals", "number", "2"),
    setting("products", "woocommerce_weight_unit", "Weight unit", "select", "kg"),
    setting("products", "woocommerce_dimension_unit", "Dimensions unit", "select", "cm"),
    setting("products", "woocommerce_manage_stock", "Manage stock", "checkbox", "yes"),
    setting("products", "woocommerce_hold_stock_minutes", "Hold stock (minutes)", "number", "60"),
    setting("products", "woocommerce_notify_low_stock_amount", "Low stock threshold", "number", "2"),
    setting("products", "woocommerce_notify_no_stock_amount", "Out of stock threshold", "number", "0"),
];

const GROUPS: [(&str, &str); 2] = [("general", "General"), ("products", "Products")];

/// Code, name, symbol as WooCommerce keeps it.
const CURRENCIES: [(&str, &str, &str); 8] = [
    ("AUD", "Australian dollar", "&#36;"),
    ("CAD", "Canadian dollar", "&#36;"),
    ("CHF", "Swiss franc", "&#67;&#72;&#70;"),
    ("EUR", "Euro", "&euro;"),
    ("GBP", "Pound sterling", "&pound;"),
    ("JPY", "Japanese yen", "&yen;"),
    ("PLN", "Polish z\u{142}oty", "&#122;&#322;"),
    ("USD", "United States (US) dollar", "&#36;"),
];

const TAX_CLASSES: [(&str, &str); 3] =
    [("standard", "Standard rate"), ("reduced-rate", "Reduced rate"), ("zero-rate", "Zero rate")];

fn no_group() -> Refusal {
    Refusal::new(404, "rest_setting_setting_group_invalid", "Invalid setting group.")
}

fn no_setting() -> Refusal {
    Refusal::new(404, "rest_setting_setting_invalid", "Invalid setting.")
}

impl World {
    /// Look something up; `words` are the parts of the path below `wc/v3`.
    pub(super) fn view_facts(&self, facts: Facts, words: &[&str]) -> Result<Answer, Refusal> {
        let word = |at: usize| words.get(at).copied().unwrap_or_default();
        Ok(Answer::ok(match facts {
            Facts::SystemStatus => self.system_status(),
            Facts::SettingGroups => GROUPS.iter().map(|(id, label)| self.show_group(id, label)).collect(),
            Facts::SettingGroup => {
                let all: Vec<Value> =
                    SETTINGS.iter().filter(|of| of.group == word(1)).map(|of| self.show_setting(of)).collect();
                if all.is_empty() {
                    return Err(no_group());
                }
                Value::Array(all)
            }
            Facts::Setting => self.show_setting(find_setting(word(1), word(2))?),
            Facts::Data => self.data_index(),
            Facts::Currencies => CURRENCIES.iter().map(|of| self.show_currency(of)).collect(),
            Facts::CurrentCurrency | Facts::Currency => {
                let code = if facts == Facts::Currency { word(2).to_uppercase() } else { self.currency() };
                let message = "There are no currencies matching these parameters.";
                let found = CURRENCIES.iter().find(|(known, ..)| *known == code).map(|of| self.show_currency(of));
                found.ok_or_else(|| Refusal::new(404, "woocommerce_rest_data_invalid_currency", message))?
            }
            Facts::TaxClasses => TAX_CLASSES
                .iter()
                .map(|(slug, name)| {
                    let links = json!({ "collection": [{ "href": self.api("/taxes/classes") }] });
                    json!({ "slug": slug, "name": name, "_links": links })
                })
                .collect(),
            Facts::SettingBatch => return Err(no_setting()),
        }))
    }

    /// Change a setting.
    pub(super) fn edit_setting(&mut self, words: &[&str], body: &Map<String, Value>) -> Result<Answer, Refusal> {
        let word = |at: usize| words.get(at).copied().unwrap_or_default();
        let setting = find_setting(word(1), word(2))?;
        let value = body.get("value").cloned().unwrap_or_default();
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let known = match setting.id {
            "woocommerce_currency" => CURRENCIES.iter().any(|(code, ..)| *code == text),
            _ => setting.kind != "checkbox" || matches!(text.as_str(), "yes" | "no"),
        };
        if !known {
            let message = "An invalid setting value was passed.";
            return Err(Refusal::new(400, "rest_setting_value_invalid", message));
        }
        self.settings.insert(setting.id, text);
        Ok(Answer::ok(self.show_setting(setting)))
    }

    /// Several settings of one group.
    pub(super) fn edit_settings(&mut self, words: &[&str], body: &Map<String, Value>) -> Result<Answer, Refusal> {
        let group = words.get(1).copied().unwrap_or_default();
        let mut done = Vec::new();
        for item in body.get("update").and_then(Value::as_array).into_iter().flatten() {
            let id = item.get("id").and_then(Value::as_str).unwrap_or_default();
            let said = item.as_object().cloned().unwrap_or_default();
            let result = self.edit_setting(&["settings", group, id], &said);
            done.push(result.map_or_else(|refusal| refusal.in_batch(&json!(id)), |answer| answer.body));
        }
        Ok(Answer::ok(json!({ "update": done })))
    }

    fn value_of(&self, setting: &Setting) -> String {
        self.settings.get(setting.id).cloned().unwrap_or_else(|| setting.value.to_owned())
    }

    fn currency(&self) -> String {
        self.settings.get("woocommerce_currency").cloned().unwrap_or_else(|| "USD".to_owned())
    }

    fn show_group(&self, id: &str, label: &str) -> Value {
        let links = json!({ "options": [{ "href": self.api(&format!("/settings/{id}")) }] });
        json!({ "id": id, "label": label, "description": "", "parent_id": "", "sub_groups": [], "_links": links })
    }

    fn show_setting(&self, setting: &Setting) -> Value {
        let base = format!("/settings/{}", setting.group);
        let mut shown = json!({
            "id": setting.id, "label": setting.label, "description": "", "type": setting.kind,
            "default": setting.default, "value": self.value_of(setting), "group_id": setting.group,
            "_links": {
                "self": [{ "href": self.api(&format!("{base}/{}", setting.id)) }],
                "collection": [{ "href": self.api(&base) }],
            },
        });
        if setting.id == "woocommerce_currency" {
            shown["options"] = CURRENCIES.iter().map(|(code, name, _)| ((*code).to_owned(), json!(name))).collect();
        }
        shown
    }

    fn data_index(&self) -> Value {
        let entry = |slug: &str, description: &str| {
            let links = json!({ "collection": [{ "href": self.api(&format!("/data/{slug}")) }] });
            json!({ "slug": slug, "description": description, "_links": links })
        };
        json!([
            entry("continents", "List of supported continents, countries, and states."),
            entry("countries", "List of supported states in a given country."),
            entry("currencies", "List of supported currencies."),
        ])
    }

    fn show_currency(&self, (code, name, symbol): &(&str, &str, &str)) -> Value {
        json!({
            "code": code, "name": name, "symbol": symbol,
            "_links": {
                "self": [{ "href": self.api(&format!("/data/currencies/{code}")) }],
                "collection": [{ "href": self.api("/data/currencies") }],
            },
        })
    }

    fn system_status(&self) -> Value {
        let setting = |id: &str| SETTINGS.iter().find(|of| of.id == id).map(|of| self.value_of(of)).unwrap_or_default();
        let decimals: u32 = setting("woocommerce_price_num_decimals").parse().unwrap_or(2);
        json!({
            "environment": {
                "home_url": self.site, "site_url": self.site, "version": WOOCOMMERCE_VERSION,
                "log_directory_writable": true, "wp_version": WORDPRESS_VERSION, "wp_multisite": false,
                "wp_memory_limit": 268_435_456, "wp_debug_mode": false, "wp_cron": true, "language": "en_US",
                "external_object_cache": null, "server_info": "Apache/2.4.65 (Debian)", "php_version": "8.2.29",
                "php_post_max_size": 8_388_608, "php_max_execution_time": 30, "php_max_input_vars": 1000,
                "mysql_version": "10.11.14-MariaDB", "mysql_version_string": "10.11.14-MariaDB",
                "default_timezone": "UTC", "remote_post_successful": true, "remote_get_successful": true,
            },
            "database": { "wc_database_version": WOOCOMMERCE_VERSION, "database_prefix": "wp_" },
            "active_plugins": [],
            "inactive_plugins": [],
            "dropins_mu_plugins": { "dropins": [], "mu_plugins": [] },
            "theme": { "name": "Twenty Twenty-Five", "version": "1.2", "is_child_theme": false },
            "settings": {
                "api_enabled": false, "force_ssl": false, "currency": self.currency(), "currency_symbol": "&#36;",
                "currency_position": "left", "thousand_separator": ",", "decimal_separator": ".",
                "number_of_decimals": decimals, "geolocation_enabled": false, "taxonomies": {},
                "product_visibility_terms": {}, "HPOS_enabled": true, "order_datastore": "OrdersTableDataStore",
                "HPOS_sync_enabled": false,
            },
            "security": { "secure_connection": false, "hide_errors": true },
            "pages": [],
            "post_type_counts": [],
        })
    }

    /// `/wp-json/`.
    pub(super) fn index(&self) -> Value {
        json!({
            "name": "Lab shop", "description": "", "url": self.site, "home": self.site, "gmt_offset": "2",
            "timezone_string": "", "namespaces": ["oembed/1.0", "wc/v1", "wc/v2", "wc/v3", "wp/v2"],
            "authentication": {}, "routes": {},
        })
    }

    /// `/wp-json/wc/v3`.
    pub(super) fn namespace(&self) -> Value {
        let route = |path: &str| (format!("/wc/v3{path}"), json!({ "namespace": "wc/v3" }));
        let paths = [
            "",
            "/products",
            "/products/batch",
            "/products/categories",
            "/products/tags",
            "/products/attributes",
            "/orders",
            "/orders/batch",
            "/webhooks",
            "/settings",
            "/system_status",
        ];
        let routes: Map<String, Value> = paths.into_iter().map(route).collect();
        json!({ "namespace": "wc/v3", "routes": routes })
    }
}

fn find_setting(group: &str, id: &str) -> Result<&'static Setting, Refusal> {
    if !SETTINGS.iter().any(|setting| setting.group == group) {
        return Err(no_group());
    }
    SETTINGS.iter().find(|setting| setting.group == group && setting.id == id).ok_or_else(no_setting)
}
