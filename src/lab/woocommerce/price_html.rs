//! `price_html`: a price as the shop's pages show it.

use rust_decimal::Decimal;

use super::product::{Kind, Product};
use crate::clock::Time;

/// Two decimals, thousands parted by a comma.
fn amount(price: &str) -> String {
    let number: Decimal = price.parse().unwrap_or_default();
    let text = format!("{number:.2}");
    let (whole, decimals) = text.split_once('.').unwrap_or((&text, "00"));
    let (sign, digits) = whole.strip_prefix('-').map_or(("", whole), |digits| ("-", digits));
    let mut parted = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at) % 3 == 0 {
            parted.push(',');
        }
        parted.push(digit);
    }
    format!("{sign}{parted}.{decimals}")
}

fn tagged(price: &str) -> String {
    format!(
        "<span class=\"woocommerce-Price-amount amount\"><bdi><span class=\"woocommerce-Price-currencySymbol\">&#36;\
         </span>{}</bdi></span>",
        amount(price)
    )
}

/// `prices`: of what can be bought, the lowest first.
pub(super) fn price_html(product: &Product, prices: &[String], now: Time) -> String {
    let (Some(low), Some(high)) = (prices.first(), prices.last()) else { return String::new() };
    if low.is_empty() {
        return String::new();
    }
    let aside = |words: &str| format!("<span class=\"screen-reader-text\">{words}</span>");
    if product.kind != Kind::Variable && product.on_sale(now) {
        let (was, is) = (&product.regular_price, &product.sale_price);
        let before = aside(&format!("Original price was: &#036;{}.", amount(was)));
        let after = aside(&format!("Current price is: &#036;{}.", amount(is)));
        let (was, is) = (tagged(was), tagged(is));
        return format!("<del aria-hidden=\"true\">{was}</del> {before}<ins aria-hidden=\"true\">{is}</ins>{after}");
    }
    if low == high {
        return tagged(low);
    }
    let range = aside(&format!("Price range: &#036;{} through &#036;{}", amount(low), amount(high)));
    format!("{} <span aria-hidden=\"true\">&ndash;</span> {} {range}", tagged(low), tagged(high))
}

#[cfg(test)]
mod tests {
    use super::amount;

    #[test]
    fn thousands_are_parted() {
        let check = |price: &str, expect: &str| assert_eq!(amount(price), expect, "{price}");
        check("5", "5.00");
        check("1234.5", "1,234.50");
        check("1234567", "1,234,567.00");
        check("-1000", "-1,000.00");
    }
}
