//! Documents that were not recorded, but that the answers leave no doubt about.

/// The document of a call, where it is known.
pub fn document(file: &str, at: &str) -> Option<&'static str> {
    Some(match (file, at) {
        ("2026-04__webhooks__webhook-subscription-topic-enum-validation", "validation.createBogusTopicRejected") => {
            "mutation WebhookSubscriptionBogusTopic {
  webhookSubscriptionCreate(topic: NOT_A_REAL_TOPIC, webhookSubscription: { uri: \"https://example.com/a\" }) {
    userErrors { field message } } }"
        }
        ("2026-04__webhooks__webhook-subscription-topic-enum-validation", "validation.createHiddenTopicRejected") => {
            "mutation WebhookSubscriptionHiddenTopic {
  webhookSubscriptionCreate(topic: CUSTOMER_INTERACTIONS, webhookSubscription: { uri: \"https://example.com/a\" }) {
    userErrors { field message } } }"
        }
        ("2026-04__webhooks__webhook-subscription-list-connection", "validation.invalidSortKey") => {
            "query InvalidWebhookSubscriptionSortKey {
  webhookSubscriptions(first: 1, sortKey: TOPIC) { nodes { id } } }"
        }
        ("2026-04__webhooks__webhook-subscription-conformance", "graphqlValidation.missingCreateTopic") => {
            "mutation MissingCreateWebhookTopic {
  webhookSubscriptionCreate(webhookSubscription: { uri: \"https://example.com/a\" }) { userErrors { message } } }"
        }
        ("2026-04__webhooks__webhook-subscription-conformance", "graphqlValidation.nullUpdateInput") => {
            "mutation NullUpdateWebhookInput {
  webhookSubscriptionUpdate(id: \"gid://shopify/WebhookSubscription/1\", webhookSubscription: null) {
    userErrors { message } } }"
        }
        ("2026-04__webhooks__webhook-subscription-conformance", "catalog") => {
            "query Catalog($first: Int!, $missingQuery: String!, $unknownId: ID!) {
  webhookSubscriptions(first: $first) { nodes { id } edges { cursor node { id } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor } }
  webhookSubscriptionsCount { count precision }
  filteredCount: webhookSubscriptionsCount(query: $missingQuery) { count precision }
  unknown: webhookSubscription(id: $unknownId) { id } }"
        }
        ("2026-04__webhooks__webhook-subscription-conformance", "validation") => {
            "mutation Branches($unknownId: ID!, $unknownUpdateInput: WebhookSubscriptionInput!) {
  createMissingUri: webhookSubscriptionCreate(topic: SHOP_UPDATE, webhookSubscription: { format: JSON }) {
    webhookSubscription { id } userErrors { field message } }
  updateUnknown: webhookSubscriptionUpdate(id: $unknownId, webhookSubscription: $unknownUpdateInput) {
    webhookSubscription { id } userErrors { field message } }
  deleteUnknown: webhookSubscriptionDelete(id: $unknownId) {
    deletedWebhookSubscriptionId userErrors { field message } } }"
        }
        ("2026-04__products__product-variants-bulk-update-allow-partial-and-error-order", "partialRead") => {
            "query Partial($productId: ID!, $redVariantId: ID!, $blueVariantId: ID!) {
  red: productVariant(id: $redVariantId) { id sku price }
  blue: productVariant(id: $blueVariantId) { id sku price }
  product(id: $productId) { variants(first: 10) { nodes { id sku price } } } }"
        }
        ("2026-04__products__product-variants-bulk-update-allow-partial-and-error-order", "partialUpdate") => {
            "mutation Partial($productId: ID!, $variants: [ProductVariantsBulkInput!]!) {
  productVariantsBulkUpdate(productId: $productId, variants: $variants, allowPartialUpdates: true) {
    product { id totalInventory tracksInventory } productVariants { id sku price }
    userErrors { field message code } } }"
        }
        _ => return None,
    })
}
