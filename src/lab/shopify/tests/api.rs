//! Calls as a client makes them.

use serde_json::{Value, json};

use super::{Lab, text};
use crate::lab::gate::{Fault, FaultKind, Kind};
use crate::lab::shopify::ShopifyOptions;
use crate::lab::{LabShop as _, ShopRefusal};

const ADJUST: &str = "mutation($input: InventoryAdjustQuantitiesInput!, $key: String!) { \
    inventoryAdjustQuantities(input: $input) @idempotent(key: $key) { \
    inventoryAdjustmentGroup { id changes { name delta } } userErrors { field message code } } }";

fn change(item: &str, location: &str, delta: i64, from: Value) -> Value {
    json!({ "inventoryItemId": item, "locationId": location, "delta": delta, "changeFromQuantity": from })
}

async fn adjust(lab: &Lab, key: &str, changes: &[Value]) -> Value {
    let input = json!({ "name": "available", "reason": "correction", "changes": changes });
    lab.data(ADJUST, json!({ "input": input, "key": key })).await["inventoryAdjustQuantities"].clone()
}

#[tokio::test]
async fn tokens_are_granted_and_checked() {
    let lab = Lab::stocked().await;
    let (status, answer) = lab.post("wrong", &json!({ "query": "{ shop { name } }" })).await;
    assert_eq!(status, 401);
    assert!(text(&answer["errors"]).starts_with("[API] Invalid API key or access token"));

    let url = format!("{}/admin/oauth/access_token", lab.url);
    let form = [("grant_type", "client_credentials"), ("client_id", "lab-client"), ("client_secret", "shpss_lab")];
    let granted: Value = lab.http.post(&url).form(&form).send().await.unwrap().json().await.unwrap();
    assert_eq!(granted["expires_in"], 86_399);
    assert!(text(&granted["scope"]).contains("write_inventory"));
    let token = text(&granted["access_token"]);
    let (status, answer) = lab.post(&token, &json!({ "query": "{ shop { myshopifyDomain } }" })).await;
    assert_eq!((status, &answer["data"]["shop"]["myshopifyDomain"]), (200, &json!("lab-shop.myshopify.com")));

    lab.face.expire_tokens();
    assert_eq!(lab.post(&token, &json!({ "query": "{ shop { name } }" })).await.0, 401);
    let refused = json!({ "grant_type": "client_credentials", "client_id": "lab-client", "client_secret": "no" });
    assert_eq!(lab.http.post(&url).json(&refused).send().await.unwrap().status(), 401);
}

#[tokio::test]
async fn a_product_is_made_changed_and_deleted() {
    let lab = Lab::stocked().await;
    let location = lab.face.location_id(0).unwrap();
    let set = "mutation($input: ProductSetInput!, $identifier: ProductSetIdentifiers) { \
        productSet(input: $input, identifier: $identifier) { product { id handle totalInventory hasOnlyDefaultVariant \
        variants(first: 10) { nodes { id title sku price inventoryQuantity inventoryItem { tracked } } } } \
        userErrors { field message code } } }";
    let variant = |size: &str, sku: &str, quantity: i64| {
        json!({ "optionValues": [{ "optionName": "Size", "name": size }], "sku": sku, "price": "9.9",
            "inventoryItem": { "tracked": true },
            "inventoryQuantities": [{ "locationId": location, "name": "available", "quantity": quantity }] })
    };
    let options = json!([{ "name": "Size", "values": [{ "name": "S" }, { "name": "M" }] }]);
    let input = json!({ "title": "Mug", "productOptions": options, "variants": [variant("S", "M-S", 3), variant("M", "M-M", 4)] });
    let made = lab.data(set, json!({ "input": input })).await["productSet"].clone();
    assert_eq!(made["userErrors"], json!([]));
    let product = &made["product"];
    // The handle of the mug that is there already.
    assert_eq!((&product["handle"], &product["totalInventory"]), (&json!("mug-1"), &json!(7)));
    let nodes = product["variants"]["nodes"].as_array().unwrap();
    assert_eq!(nodes[0]["price"], "9.90");
    assert_eq!(lab.face.shelf()["M-M"].stock, 4);

    // What is left out of a list is deleted; what has an id stays the same variant.
    let kept = json!({ "id": nodes[0]["id"], "optionValues": [{ "optionName": "Size", "name": "S" }], "price": "11" });
    let again = json!({ "productOptions": options, "variants": [kept] });
    let identifier = json!({ "id": product["id"] });
    let changed = lab.data(set, json!({ "input": again, "identifier": identifier })).await["productSet"].clone();
    let left = changed["product"]["variants"]["nodes"].as_array().unwrap();
    assert_eq!((left.len(), &left[0]["id"], &left[0]["price"]), (1, &nodes[0]["id"], &json!("11.00")));
    assert_eq!((&left[0]["sku"], &left[0]["inventoryQuantity"]), (&json!("M-S"), &json!(3)));

    let delete = "mutation($id: ID!) { productDelete(input: { id: $id }) { deletedProductId userErrors { message } } }";
    let id = json!({ "id": product["id"] });
    assert_eq!(lab.data(delete, id.clone()).await["productDelete"]["deletedProductId"], product["id"]);
    assert_eq!(lab.data(delete, id).await["productDelete"]["userErrors"][0]["message"], "Product does not exist");
    assert!(!lab.face.shelf().contains_key("M-S"));
}

#[tokio::test]
async fn variants_are_made_changed_and_deleted() {
    let lab = Lab::stocked().await;
    let create = "mutation($options: [OptionCreateInput!]) { productCreate(product: { title: \"Cap\", \
        productOptions: $options }) { product { id variants(first: 2) { nodes { title } } } userErrors { message } } }";
    let options = json!([{ "name": "Color", "values": [{ "name": "Red" }, { "name": "Blue" }] }]);
    let made = lab.data(create, json!({ "options": options })).await["productCreate"]["product"].clone();
    assert_eq!(made["variants"]["nodes"], json!([{ "title": "Red" }]));

    let bulk = "mutation($id: ID!, $variants: [ProductVariantsBulkInput!]!) { productVariantsBulkCreate(productId: $id, \
        variants: $variants) { productVariants { id title sku } userErrors { field message code } } }";
    let location = lab.face.location_id(0);
    let blue = json!({ "optionValues": [{ "optionName": "Color", "name": "Blue" }], "price": "5",
        "inventoryItem": { "sku": "CAP-B", "tracked": true },
        "inventoryQuantities": [{ "locationId": location, "availableQuantity": 6 }] });
    let variables = json!({ "id": made["id"], "variants": [blue] });
    let made_blue = lab.data(bulk, variables.clone()).await["productVariantsBulkCreate"].clone();
    assert_eq!(made_blue["productVariants"][0]["title"], "Blue");
    assert_eq!(lab.face.shelf()["CAP-B"].stock, 6);
    let twice = lab.data(bulk, variables).await["productVariantsBulkCreate"].clone();
    assert_eq!(twice["userErrors"][0]["code"], "VARIANT_ALREADY_EXISTS");

    let update = "mutation($id: ID!, $variants: [ProductVariantsBulkInput!]!, $partial: Boolean) { \
        productVariantsBulkUpdate(productId: $id, variants: $variants, allowPartialUpdates: $partial) { \
        productVariants { id price } userErrors { field code } } }";
    let changes = json!([
        { "id": made_blue["productVariants"][0]["id"], "price": "6" },
        { "id": "gid://shopify/ProductVariant/1", "price": "6" },
    ]);
    for (partial, price) in [(false, "5.00"), (true, "6.00")] {
        let variables = json!({ "id": made["id"], "variants": changes, "partial": partial });
        let answer = lab.data(update, variables).await["productVariantsBulkUpdate"].clone();
        assert_eq!(answer["userErrors"][0]["code"], "PRODUCT_VARIANT_DOES_NOT_EXIST");
        assert_eq!(lab.face.shelf()["CAP-B"].price, price);
    }

    // The SKU is the inventory item's; Shopify lets two variants have the same.
    let rename = "mutation($id: ID!, $variants: [ProductVariantsBulkInput!]!) { productVariantsBulkUpdate(productId: $id, \
        variants: $variants, allowPartialUpdates: true) { productVariants { sku price inventoryItem { sku } } \
        userErrors { field code } } }";
    let blue = &made_blue["productVariants"][0]["id"];
    let rename_to = async |sku: &str, price: &str| {
        let input = json!({ "id": blue, "price": price, "inventoryItem": { "sku": sku } });
        lab.data(rename, json!({ "id": made["id"], "variants": [input] })).await["productVariantsBulkUpdate"].clone()
    };
    let refused = rename_to("CAP", "-1").await;
    assert_eq!(refused["userErrors"][0]["code"], "GREATER_THAN_OR_EQUAL_TO");
    assert_eq!(lab.face.shelf()["CAP-B"].price, "6.00", "price and SKU share their fate");
    let node = json!({ "sku": "MUG", "price": "7.00", "inventoryItem": { "sku": "MUG" } });
    assert_eq!(rename_to("MUG", "7").await["productVariants"], json!([node]));
    rename_to("CAP-B", "7").await;
    assert_eq!(lab.face.shelf()["CAP-B"].price, "7.00");

    let delete = "mutation($id: ID!, $ids: [ID!]!) { productVariantsBulkDelete(productId: $id, variantsIds: $ids) { \
        userErrors { code } } }";
    let ids = json!([made_blue["productVariants"][0]["id"]]);
    lab.data(delete, json!({ "id": made["id"], "ids": ids })).await;
    assert!(!lab.face.shelf().contains_key("CAP-B"));
    let (mug, _) = lab.ids("MUG").await;
    let wrong = lab.data(delete, json!({ "id": made["id"], "ids": [mug] })).await;
    let code = &wrong["productVariantsBulkDelete"]["userErrors"][0]["code"];
    assert_eq!(code, "AT_LEAST_ONE_VARIANT_DOES_NOT_BELONG_TO_THE_PRODUCT");
}

#[tokio::test]
async fn a_key_happens_once() {
    let lab = Lab::stocked().await;
    let (_, mug) = lab.ids("MUG").await;
    let location = lab.face.location_id(0).unwrap();
    let first = adjust(&lab, "k1", &[change(&mug, &location, -3, json!(10))]).await;
    assert_eq!(first["inventoryAdjustmentGroup"]["changes"][0], json!({ "name": "available", "delta": -3 }));
    lab.face.sell("MUG", 1).unwrap();
    // Though 10 is stale by now: the first answer, and nothing happens.
    assert_eq!(adjust(&lab, "k1", &[change(&mug, &location, -3, json!(10))]).await, first);
    assert_eq!(lab.face.shelf()["MUG"].stock, 6);
    let other = adjust(&lab, "k1", &[change(&mug, &location, -2, json!(6))]).await;
    assert_eq!(other["userErrors"][0]["code"], "IDEMPOTENCY_KEY_PARAMETER_MISMATCH");
    assert_eq!(lab.face.shelf()["MUG"].stock, 6);
}

#[tokio::test]
async fn a_call_is_all_or_nothing() {
    let lab = Lab::stocked().await;
    let ((_, mug), (_, tee)) = (lab.ids("MUG").await, lab.ids("TEE-S").await);
    let location = lab.face.location_id(0).unwrap();
    let changes = [change(&mug, &location, 5, json!(10)), change(&tee, &location, 5, json!(4))];
    let answer = adjust(&lab, "k1", &changes).await;
    assert_eq!(answer["inventoryAdjustmentGroup"], Value::Null);
    let error = &answer["userErrors"][0];
    assert_eq!(error["code"], "CHANGE_FROM_QUANTITY_STALE");
    assert_eq!(error["field"], json!(["input", "changes", "1", "changeFromQuantity"]));
    assert_eq!(lab.face.shelf()["MUG"].stock, 10);
    // Null skips the comparison; two changes of one level add up.
    let changes = [change(&mug, &location, 5, json!(null)), change(&mug, &location, -1, json!(15))];
    assert_eq!(adjust(&lab, "k2", &changes).await["userErrors"], json!([]));
    assert_eq!(lab.face.shelf()["MUG"].stock, 14);
}

#[tokio::test]
async fn what_is_not_stocked_there_becomes_an_inactive_level() {
    let lab = Lab::stocked().await;
    let (_, mug) = lab.ids("MUG").await;
    let second = lab.face.location_id(1).unwrap();
    assert_eq!(adjust(&lab, "k1", &[change(&mug, &second, 2, json!(0))]).await["userErrors"], json!([]));
    let query = "query($id: ID!, $at: ID!) { inventoryItem(id: $id) { inventoryLevel(locationId: $at) { id } \
        hidden: inventoryLevel(locationId: $at, includeInactive: true) { isActive quantities(names: [\"available\"]) \
        { quantity } } } }";
    let item = lab.data(query, json!({ "id": mug, "at": second })).await["inventoryItem"].clone();
    assert_eq!(item["inventoryLevel"], Value::Null);
    assert_eq!(item["hidden"], json!({ "isActive": false, "quantities": [{ "quantity": 2 }] }));
}

#[tokio::test]
async fn paging_goes_on_where_it_stopped() {
    let lab = Lab::stocked().await;
    let query = "query($after: String) { productVariants(first: 2, after: $after) { nodes { sku } \
        pageInfo { hasNextPage endCursor } } }";
    let first = lab.data(query, json!({})).await["productVariants"].clone();
    assert_eq!(first["nodes"], json!([{ "sku": "MUG" }, { "sku": "TEE-S" }]));
    assert_eq!(first["pageInfo"]["hasNextPage"], true);
    let second = lab.data(query, json!({ "after": first["pageInfo"]["endCursor"] })).await["productVariants"].clone();
    assert_eq!(second["nodes"], json!([{ "sku": "TEE-M" }]));
    assert_eq!(second["pageInfo"]["hasNextPage"], false);
    let none = lab.ask("{ products { nodes { id } } }", json!({})).await;
    assert_eq!(none["errors"][0]["message"], "you must provide one of first or last");
}

#[tokio::test]
async fn searches_find_many_skus_at_once() {
    let lab = Lab::stocked().await;
    let check = async |query: &str, expect: &[&str]| {
        let data = lab
            .data(
                "query($q: String!) { productVariants(first: 9, query: $q) { nodes { sku } } }",
                json!({ "q": query }),
            )
            .await;
        let found: Vec<&str> =
            data["productVariants"]["nodes"].as_array().unwrap().iter().map(|n| n["sku"].as_str().unwrap()).collect();
        assert_eq!(found, expect, "{query}");
    };
    check("sku:'MUG' OR sku:\"TEE-M\"", &["MUG", "TEE-M"]).await;
    check("sku:tee* -sku:TEE-S", &["TEE-M"]).await;
    check("inventory_quantity:>=7", &["MUG", "TEE-M"]).await;
    check("sku:nothing", &[]).await;
    let unknown = lab.ask("{ products(first: 9, query: \"colour:red\") { nodes { id } } }", json!({})).await;
    assert_eq!(unknown["extensions"]["search"][0]["warnings"][0]["code"], "invalid_field");
    assert_eq!(unknown["data"]["products"]["nodes"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn mistakes_are_told_as_the_real_one_tells_them() {
    let lab = Lab::stocked().await;
    let check = async |query: &str, variables: Value, code: &str, message: &str| {
        let answer = lab.ask(query, variables).await;
        let error = &answer["errors"][0];
        assert_eq!((&error["extensions"]["code"], &error["message"]), (&json!(code), &json!(message)), "{query}");
    };
    let none = json!({});
    check("{ shop { nmae } }", none.clone(), "undefinedField", "Field 'nmae' doesn't exist on type 'Shop'").await;
    check(
        "{ products(frist: 1) { nodes { id } } }",
        none.clone(),
        "argumentNotAccepted",
        "Field 'products' doesn't accept argument 'frist'",
    )
    .await;
    check("{ product(id: \"42\") { id } }", none.clone(), "argumentLiteralsIncompatible", "Invalid global id '42'")
        .await;
    check(
        "query($id: String!) { product(id: $id) { id } }",
        json!({ "id": "gid://shopify/Product/1" }),
        "variableMismatch",
        "Type mismatch on variable $id and argument id (String! / ID!)",
    )
    .await;
    check(
        "query($id: ID!) { product(id: $id) { id } }",
        none.clone(),
        "INVALID_VARIABLE",
        "Variable $id of type ID! was provided invalid value",
    )
    .await;
    check(
        "{ product(id: \"gid://shopify/Order/1\") { id } }",
        none.clone(),
        "RESOURCE_NOT_FOUND",
        "Invalid id: gid://shopify/Order/1",
    )
    .await;
    let ids: Vec<String> = (0..251).map(|id| format!("gid://shopify/Product/{id}")).collect();
    check(
        "query($ids: [ID!]!) { nodes(ids: $ids) { id } }",
        json!({ "ids": ids }),
        "MAX_INPUT_SIZE_EXCEEDED",
        "The input array size of 251 is greater than the maximum allowed of 250.",
    )
    .await;
    let answer = lab.ask("{ shop { ", none).await;
    assert!(text(&answer["errors"][0]["message"]).starts_with("syntax error"));
}

#[tokio::test]
async fn fragments_and_directives_are_obeyed() {
    let lab = Lab::stocked().await;
    let (variant, _) = lab.ids("MUG").await;
    let query = "query Q($id: ID!, $with: Boolean! = false) { node(id: $id) { __typename ...V ... on Product { handle } \
        } again: node(id: $id) { ... on ProductVariant { code: sku price @include(if: $with) title @skip(if: true) } } } \
        fragment V on ProductVariant { sku product { handle } }";
    let data = lab.data(query, json!({ "id": variant })).await;
    assert_eq!(data["node"], json!({ "__typename": "ProductVariant", "sku": "MUG", "product": { "handle": "mug" } }));
    assert_eq!(data["again"], json!({ "code": "MUG" }));
}

#[tokio::test]
async fn an_empty_bucket_throttles_and_a_query_can_be_too_dear() {
    let lab = Lab::open(ShopifyOptions { bucket_max: 60.0, restore_rate: 0.0, ..ShopifyOptions::default() }).await;
    let query = "{ products(first: 250) { nodes { id } } }";
    let first = lab.ask(query, json!({})).await;
    let cost = &first["extensions"]["cost"];
    assert_eq!((&cost["requestedQueryCost"], &cost["actualQueryCost"]), (&json!(13), &json!(3)));
    assert_eq!(
        cost["throttleStatus"],
        json!({ "maximumAvailable": 60.0, "currentlyAvailable": 57, "restoreRate": 0.0 })
    );
    let five = "mutation { a: productDelete(input: { id: \"gid://shopify/Product/1\" }) { userErrors { message } } \
        b: productDelete(input: { id: \"gid://shopify/Product/1\" }) { userErrors { message } } \
        c: productDelete(input: { id: \"gid://shopify/Product/1\" }) { userErrors { message } } \
        d: productDelete(input: { id: \"gid://shopify/Product/1\" }) { userErrors { message } } \
        e: productDelete(input: { id: \"gid://shopify/Product/1\" }) { userErrors { message } } }";
    assert_eq!(lab.ask(five, json!({})).await["extensions"]["cost"]["actualQueryCost"], 50);
    let throttled = lab.ask(query, json!({})).await;
    assert_eq!(throttled["errors"][0]["extensions"]["code"], "THROTTLED");
    assert_eq!(throttled["extensions"]["cost"]["throttleStatus"]["currentlyAvailable"], 7);
    assert!(throttled.get("data").is_none());
    let dear = "{ products(first: 250) { nodes { variants(first: 250) { nodes { inventoryItem { inventoryLevels(first: \
        50) { nodes { location { id } } } } } } } } }";
    assert_eq!(lab.ask(dear, json!({})).await["errors"][0]["extensions"]["code"], "MAX_COST_EXCEEDED");
}

#[tokio::test]
async fn calls_pass_the_gate() {
    let lab = Lab::stocked().await;
    let (_, mug) = lab.ids("MUG").await;
    let location = lab.face.location_id(0).unwrap();
    let (gate, name) = (lab.face.gate(), "inventoryAdjustQuantities");
    gate.add_fault(Fault { fault: FaultKind::DropAfter, call: name.to_owned(), times: Some(1), skip: 0 });
    let input =
        json!({ "name": "available", "reason": "correction", "changes": [change(&mug, &location, 1, json!(10))] });
    let body = json!({ "query": ADJUST, "variables": { "input": input, "key": "k1" } });
    let url = format!("{}/admin/api/2026-10/graphql.json", lab.url);
    let lost = lab.http.post(url).header("X-Shopify-Access-Token", "shpat_lab").json(&body).send().await;
    assert!(lost.is_err() || lost.unwrap().bytes().await.is_err(), "the answer is lost");
    assert_eq!(lab.face.shelf()["MUG"].stock, 11, "but it was done");
    assert_eq!(adjust(&lab, "k1", &[change(&mug, &location, 1, json!(10))]).await["userErrors"], json!([]));
    assert_eq!(lab.face.shelf()["MUG"].stock, 11, "once");
    assert_eq!(gate.counts()[&(name.to_owned(), Kind::Write)], 2);
    assert_eq!(gate.counts()[&("productVariants".to_owned(), Kind::Read)], 1);
}

#[tokio::test]
async fn shoppers_and_staff_do_their_part() {
    let lab = Lab::stocked().await;
    let face = &lab.face;
    assert_eq!(face.sell("NONE", 1), Err(ShopRefusal::UnknownSku));
    assert_eq!(face.sell("MUG", 11), Err(ShopRefusal::OutOfStock(10)));
    let first = face.sell("MUG", 4).unwrap();
    assert!(first.order.parse::<u64>().unwrap() > 1 << 53);
    let second = face.sell("MUG", 5).unwrap();
    assert_eq!((face.shelf()["MUG"].stock, face.sold()["MUG"]), (1, 9));
    face.refund(&first.order, 1, true).unwrap();
    face.refund(&first.order, 1, false).unwrap();
    assert_eq!((face.shelf()["MUG"].stock, face.sold()["MUG"]), (2, 8));
    assert_eq!(face.cancel(&second.order).unwrap().quantity, 5);
    assert_eq!(face.cancel(&second.order), Err(ShopRefusal::UnknownOrder));
    assert_eq!((face.shelf()["MUG"].stock, face.sold()["MUG"]), (7, 3));
    face.cancel(&first.order).unwrap();
    // One unit was refunded without coming back.
    assert_eq!((face.shelf()["MUG"].stock, face.sold()["MUG"]), (9, 1));
    face.set_stock("MUG", 20).unwrap();
    face.set_price("MUG", "13.5").unwrap();
    let mug = face.shelf()["MUG"].clone();
    assert_eq!((mug.stock, mug.price.as_str(), mug.variant.as_str()), (20, "13.50", ""));
    assert_eq!(face.shelf()["TEE-M"].variant, "M");
    face.set_sku("TEE-M", "TEE-S").unwrap();
    assert!(!face.shelf().contains_key("TEE-M"), "Shopify lets two variants have one SKU");
    assert_eq!(face.set_sku("TEE-M", "TEE"), Err(ShopRefusal::UnknownSku));
    let (_, item) = lab.ids("MUG").await;
    let query = "query($id: ID!) { inventoryItem(id: $id) { inventoryLevels(first: 1) { nodes { quantities(names: \
        [\"available\", \"committed\", \"on_hand\"]) { quantity } } } } }";
    let item = lab.data(query, json!({ "id": item })).await["inventoryItem"].clone();
    let quantities = &item["inventoryLevels"]["nodes"][0]["quantities"];
    assert_eq!(*quantities, json!([{ "quantity": 20 }, { "quantity": 0 }, { "quantity": 20 }]));
}
