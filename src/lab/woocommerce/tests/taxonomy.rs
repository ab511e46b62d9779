//! Categories, tags, attributes, notes, settings, and lists of products cut down by them.

use reqwest::Method;
use serde_json::{Value, json};

use super::Site;

#[tokio::test]
async fn categories_have_a_tree_and_a_default() {
    let site = Site::open().await;
    let top = site.post("/products/categories", json!({"name": "Food & Drink"})).await;
    assert_eq!(
        (top.status, &top.body["name"], &top.body["slug"]),
        (201, &json!("Food &amp; Drink"), &json!("food-drink"))
    );
    let top_id = top.body["id"].as_u64().unwrap();
    assert!(top.header("location").ends_with(&format!("/products/categories/{top_id}")));
    let below = site.post("/products/categories", json!({"name": "Tea", "parent": top_id})).await.body;
    assert_eq!(below["_links"]["up"][0]["href"], top.body["_links"]["self"][0]["href"]);
    let again = site.post("/products/categories", json!({"name": "tea", "parent": top_id})).await;
    assert_eq!(again.code(), (400, "term_exists"));
    assert_eq!(again.body["data"], json!({"status": 400, "resource_id": below["id"]}));
    let elsewhere = site.post("/products/categories", json!({"name": "Tea"})).await.body;
    assert_eq!(elsewhere["slug"], "tea-2");
    assert_eq!(site.post("/products/categories", json!({})).await.code(), (400, "rest_missing_callback_param"));

    let product =
        site.post("/products", json!({"name": "x", "categories": [{"id": below["id"]}, {"id": 999}]})).await.body;
    assert_eq!(product["categories"], json!([{"id": below["id"], "name": "Tea", "slug": "tea"}]));
    assert_eq!(site.get(&format!("/products?category={top_id}")).await.ids(), [product["id"].as_u64().unwrap()]);
    assert_eq!(site.get(&format!("/products/categories/{}", below["id"])).await.body["count"], 1);
    assert_eq!(site.post("/products", json!({"name": "y"})).await.body["categories"][0]["slug"], "uncategorized");

    let path = format!("/products/categories/{}", below["id"]);
    assert_eq!(site.delete(&path).await.code(), (501, "woocommerce_rest_trash_not_supported"));
    assert_eq!(site.delete(&format!("{path}?force=true")).await.status, 200);
    assert_eq!(site.get(&path).await.code(), (404, "woocommerce_rest_term_invalid"));
    let product = site.get(&format!("/products/{}", product["id"])).await.body;
    assert_eq!(product["categories"][0]["slug"], "uncategorized");
    let default = site.delete("/products/categories/15?force=true").await;
    assert_eq!(default.code(), (500, "woocommerce_rest_cannot_delete"));
}

#[tokio::test]
async fn tags_are_made_by_name_and_lists_are_by_name() {
    let site = Site::open().await;
    let product = site.post("/products", json!({"name": "x", "tags": [{"name": "Soft"}, {"name": "blue"}]})).await.body;
    let names: Vec<&str> =
        product["tags"].as_array().unwrap().iter().map(|tag| tag["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["blue", "Soft"]);
    let batch = json!({"create": [{"name": "Zebra"}, {"name": "soft"}], "delete": [product["tags"][0]["id"]]});
    let done = site.post("/products/tags/batch", batch).await.body;
    assert_eq!(done["create"][1]["error"]["code"], "term_exists");
    assert_eq!(done["delete"][0]["name"], "blue");
    let list = site.get("/products/tags?_fields=name").await;
    assert_eq!(list.body, json!([{"name": "Soft"}, {"name": "Zebra"}]));
    assert_eq!((list.header("x-wp-total"), list.header("x-wp-totalpages")), ("2", "1"));
    let used = site.get("/products/tags?hide_empty=true&_fields=name").await.body;
    assert_eq!(used, json!([{"name": "Soft"}]));
    assert_eq!(site.post("/products/tags", json!({"name": "a", "parent": 1})).await.code().0, 400);
    assert_eq!(site.get("/products/tags?orderby=weight").await.code(), (400, "rest_invalid_param"));
}

#[tokio::test]
async fn shared_attributes_have_terms_that_products_use() {
    let site = Site::open().await;
    let made = site.post("/products/attributes", json!({"name": "Colour", "has_archives": true})).await;
    let attribute = &made.body;
    let shape = json!({"name": "Colour", "slug": "pa_colour", "type": "select", "order_by": "menu_order", "has_archives": true});
    for (key, value) in shape.as_object().unwrap() {
        assert_eq!(&attribute[key], value, "{key}");
    }
    let twice = site.post("/products/attributes", json!({"name": "Colour"})).await;
    assert_eq!(twice.code(), (400, "woocommerce_rest_cannot_create"));
    let terms = format!("/products/attributes/{}/terms", attribute["id"]);
    let red = site.post(&terms, json!({"name": "Red"})).await.body;
    assert_eq!(red["menu_order"], 0);
    let said = json!([{"id": attribute["id"], "variation": true, "options": ["red", "Green"]}]);
    let parent = site.post("/products", json!({"name": "x", "type": "variable", "attributes": said})).await.body;
    assert_eq!(parent["attributes"][0]["slug"], "pa_colour");
    assert_eq!(parent["attributes"][0]["options"], json!(["Green", "Red"]));
    assert_eq!(site.get(&terms).await.ids().len(), 2, "the missing one was made");
    let variations = format!("/products/{}/variations", parent["id"]);
    let option = json!({"attributes": [{"id": attribute["id"], "option": "green"}]});
    let variation = site.post(&variations, option).await.body;
    let expect = json!([{"id": attribute["id"], "name": "Colour", "slug": "pa_colour", "option": "Green"}]);
    assert_eq!((&variation["attributes"], &variation["name"]), (&expect, &json!("green")));
    let filtered = site.get(&format!("/products?attribute=pa_colour&attribute_term={}", red["id"])).await;
    assert_eq!(filtered.ids(), [parent["id"].as_u64().unwrap()]);
    assert_eq!(site.get("/products/attributes/999/terms").await.code(), (404, "woocommerce_rest_taxonomy_invalid"));
    let path = format!("/products/attributes/{}", attribute["id"]);
    assert_eq!(site.put(&path, json!({"order_by": "name"})).await.body["order_by"], "name");
    assert_eq!(site.delete(&path).await.status, 200, "forced unless said otherwise");
}

#[tokio::test]
async fn products_are_filtered_and_sorted() {
    let site = Site::open().await;
    let make = async |body: Value| site.post("/products", body).await.body["id"].as_u64().unwrap();
    let tea = make(json!({
        "name": "Green tea", "sku": "T-1", "regular_price": "4", "featured": true, "description": "From Uji.",
        "weight": "0.1",
    }))
    .await;
    let pot = make(json!({
        "name": "Tea pot", "sku": "P-1", "regular_price": "40", "sale_price": "30", "global_unique_id": "978-1 x",
    }))
    .await;
    let cup = make(json!({"name": "Cup", "sku": "C-1", "regular_price": "9", "virtual": true, "weight": "3"})).await;
    let check = async |query: &str, expect: &[u64]| {
        assert_eq!(site.get(&format!("/products?{query}")).await.ids(), expect, "{query}");
    };
    check("search=tea&orderby=id&order=asc", &[tea, pot]).await;
    check("search=uji", &[tea]).await;
    check("search=tea+pot", &[pot]).await;
    check("featured=true", &[tea]).await;
    check("on_sale=true", &[pot]).await;
    check("on_sale=false&order=asc&orderby=id", &[tea, cup]).await;
    check("min_price=5&max_price=35&orderby=price&order=asc", &[cup, pot]).await;
    check("orderby=price&order=desc", &[pot, cup, tea]).await;
    check("search_sku=-1&orderby=slug&order=asc", &[cup, tea, pot]).await;
    check("global_unique_id=978-1", &[pot]).await;
    check("virtual=true", &[cup]).await;
    check(&format!("exclude={tea},{pot}"), &[cup]).await;
    check("type=variable", &[]).await;
    let shown = site.get(&format!("/products/{cup}")).await.body;
    assert_eq!((&shown["weight"], &shown["shipping_required"]), (&json!(""), &json!(false)));
    assert_eq!(site.get("/products?stock_status=many").await.code(), (400, "rest_invalid_param"));
    let shown = site.get(&format!("/products/{pot}")).await.body;
    assert_eq!((&shown["price"], &shown["on_sale"]), (&json!("30"), &json!(true)));
    assert!(shown["price_html"].as_str().unwrap().starts_with("<del aria-hidden=\"true\"><span"));
}

#[tokio::test]
async fn sales_have_their_time() {
    let site = Site::open().await;
    let later = json!({
        "name": "x", "regular_price": "10", "sale_price": "8", "date_on_sale_from": "2099-01-01T00:00:00",
        "date_on_sale_to_gmt": "2099-02-01T00:00:00",
    });
    let shown = site.post("/products", later).await.body;
    assert_eq!((&shown["price"], &shown["sale_price"], &shown["on_sale"]), (&json!("10"), &json!("8"), &json!(false)));
    assert_eq!(shown["date_on_sale_from_gmt"], "2098-12-31T22:00:00", "the site lies two hours east");
    assert_eq!(shown["date_on_sale_to"], "2099-02-01T02:00:00");
    let path = format!("/products/{}", shown["id"]);
    let now = site.put(&path, json!({"date_on_sale_from": "", "date_on_sale_to": ""})).await.body;
    assert_eq!((&now["price"], &now["date_on_sale_from"]), (&json!("8"), &json!(null)));
    let none = site.put(&path, json!({"sale_price": "12"})).await.body;
    assert_eq!((&none["sale_price"], &none["price"]), (&json!(""), &json!("10")));
}

#[tokio::test]
async fn orders_have_notes() {
    let site = Site::open().await;
    let id = site.product("A", "10.00", 10).await;
    let line = json!([{"product_id": id, "quantity": 3}]);
    let order = site.post("/orders", json!({"status": "processing", "line_items": line})).await.body["id"].clone();
    let notes = format!("/orders/{order}/notes");
    let told: Vec<String> = site
        .get(&notes)
        .await
        .body
        .as_array()
        .unwrap()
        .iter()
        .map(|note| note["note"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(
        told,
        ["Stock levels reduced: Product A (A) 10&rarr;7", "Order status changed from Pending payment to Processing.",]
    );
    let made = site.post(&notes, json!({"note": "Gift", "customer_note": true, "added_by_user": true})).await;
    assert_eq!((made.status, &made.body["author"], &made.body["customer_note"]), (201, &json!("admin"), &json!(true)));
    assert_eq!(site.get(&format!("{notes}?type=customer")).await.ids().len(), 1);
    let path = format!("{notes}/{}", made.body["id"]);
    assert_eq!(site.get(&path).await.body["note"], "Gift");
    assert_eq!(site.put(&path, json!({})).await.code(), (404, "rest_no_route"));
    assert_eq!(site.delete(&path).await.status, 501);
    assert_eq!(site.delete(&format!("{path}?force=true")).await.status, 200);
    assert_eq!(site.get(&path).await.code(), (404, "woocommerce_rest_invalid_id"));
    assert_eq!(site.post(&notes, json!({})).await.code(), (400, "rest_missing_callback_param"));
    assert_eq!(site.get("/orders/9/notes").await.code(), (404, "woocommerce_rest_shop_order_invalid_id"));
    assert_eq!(site.get("/orders/9/notes/1").await.code(), (404, "woocommerce_rest_order_invalid_id"));
}

#[tokio::test]
async fn the_shop_tells_about_itself() {
    let site = Site::open().await;
    let stock = site.get("/settings/products/woocommerce_manage_stock").await.body;
    assert_eq!((&stock["value"], &stock["type"]), (&json!("yes"), &json!("checkbox")));
    assert_eq!(site.get("/settings/nothing").await.code(), (404, "rest_setting_setting_group_invalid"));
    assert_eq!(site.get("/settings/general/x").await.code(), (404, "rest_setting_setting_invalid"));
    let bad = site.put("/settings/products/woocommerce_manage_stock", json!({"value": "maybe"})).await;
    assert_eq!(bad.code(), (400, "rest_setting_value_invalid"));
    let done = json!({"update": [{"id": "woocommerce_currency", "value": "EUR"}, {"id": "x", "value": "1"}]});
    let done = site.post("/settings/general/batch", done).await.body;
    assert_eq!(
        (&done["update"][0]["value"], &done["update"][1]["error"]["code"]),
        (&json!("EUR"), &json!("rest_setting_setting_invalid"))
    );
    assert_eq!(site.get("/data/currencies/current").await.body["code"], "EUR");
    assert_eq!(site.get("/data/currencies/usd").await.body["symbol"], "&#36;");
    assert_eq!(site.get("/data/currencies/XYZ").await.code(), (404, "woocommerce_rest_data_invalid_currency"));
    assert_eq!(site.get("/taxes/classes").await.body[1]["slug"], "reduced-rate");
    assert_eq!(site.get("/system_status").await.body["settings"]["currency"], "EUR");
}

#[tokio::test]
async fn answers_say_what_may_be_done() {
    let site = Site::open().await;
    let id = site.product("A", "1", 1).await;
    let got = site.get(&format!("/products/{id}")).await;
    assert_eq!(got.header("allow"), "GET, POST, PUT, PATCH, DELETE");
    let hints = json!({"allow": ["GET", "POST", "PUT", "PATCH", "DELETE"]});
    assert_eq!(got.body["_links"]["self"][0]["targetHints"], hints);
    let list = site.get("/products").await;
    assert_eq!(list.header("allow"), "GET, POST");
    assert_eq!(list.body[0]["_links"]["self"][0]["targetHints"], hints);
    assert_eq!(list.body[0]["_links"]["collection"][0].get("targetHints"), None);
    let nobody =
        super::take(site.http.get(format!("{}/wp-json/wc/v3/products", site.base)).send().await.unwrap()).await;
    assert_eq!((nobody.status, nobody.header("allow")), (401, ""));
    let made = site.post("/products", json!({"name": "x y"})).await.body;
    assert_eq!(made["generated_slug"], "x-y");
    assert_eq!(site.get(&format!("/products/{}", made["id"])).await.body.get("generated_slug"), None);
    assert_eq!(
        site.call(Method::PATCH, &format!("/products/{id}"), Some(&json!({"name": "z"}))).await.body["name"],
        "z"
    );
}

#[tokio::test]
async fn a_refund_can_be_taken_back() {
    let site = Site::open().await;
    let id = site.product("A", "10.00", 10).await;
    let line = json!([{"product_id": id, "quantity": 3}]);
    let order = site.post("/orders", json!({"status": "processing", "line_items": line})).await.body;
    let refunds = format!("/orders/{}/refunds", order["id"]);
    let part = json!([{"id": order["line_items"][0]["id"], "quantity": 1, "refund_total": 10}]);
    let refund = site.post(&refunds, json!({"api_refund": false, "line_items": part})).await.body;
    let path = format!("{refunds}/{}", refund["id"]);
    assert_eq!(site.delete(&path).await.code(), (501, "woocommerce_rest_trash_not_supported"));
    assert_eq!(site.delete(&format!("{path}?force=true")).await.status, 200);
    assert_eq!(site.get(&refunds).await.body, json!([]));
    assert_eq!(site.stock(id).await, 8, "the units stay where they were put");
}
