//! Every GraphQL document shelfd sends, each in its own file under `queries/`.

/// One document.
#[derive(Debug, Clone, Copy)]
pub(super) struct Operation {
    /// Name, as in the document.
    pub(super) name: &'static str,
    /// The document.
    pub(super) document: &'static str,
}

macro_rules! operation {
    ($name:literal, $file:literal) => {
        Operation { name: $name, document: include_str!(concat!("queries/", $file, ".graphql")) }
    };
}

pub(super) const LOGIN: Operation = operation!("Login", "login");
pub(super) const PLACE: Operation = operation!("Place", "place");
pub(super) const CHECK_ACCESS: Operation = operation!("CheckAccess", "check_access");
pub(super) const PLUGIN: Operation = operation!("Plugin", "plugin");
pub(super) const VARIANTS_PAGE: Operation = operation!("VariantsPage", "variants_page");
pub(super) const VARIANTS_BY_ID: Operation = operation!("VariantsById", "variants_by_id");
pub(super) const PRODUCT_NAMES: Operation = operation!("ProductNames", "product_names");
pub(super) const UPDATE_PRODUCTS: Operation = operation!("UpdateProducts", "update_products");
pub(super) const UPDATE_VARIANTS: Operation = operation!("UpdateVariants", "update_variants");
pub(super) const PRODUCT_BY_SLUG: Operation = operation!("ProductBySlug", "product_by_slug");
pub(super) const PRODUCT_OPTIONS: Operation = operation!("ProductOptions", "product_options");
pub(super) const CREATE_PRODUCT: Operation = operation!("CreateProduct", "create_product");
pub(super) const CREATE_OPTION_GROUP: Operation = operation!("CreateOptionGroup", "create_option_group");
pub(super) const ADD_OPTION_GROUP: Operation = operation!("AddOptionGroup", "add_option_group");
pub(super) const CREATE_OPTION: Operation = operation!("CreateOption", "create_option");
pub(super) const CREATE_VARIANTS: Operation = operation!("CreateVariants", "create_variants");
pub(super) const ADJUST_STOCK: Operation = operation!("AdjustStock", "adjust_stock");
