// Products and variants, as an app keeps a catalog.

const SET = `mutation Set($input: ProductSetInput!, $identifier: ProductSetIdentifiers) {
  productSet(input: $input, identifier: $identifier, synchronous: true) {
    product {
      id title handle totalInventory
      variants(first: 10) { nodes { id title sku price inventoryQuantity inventoryItem { id tracked } } }
    }
    userErrors { code field message }
  }
}`;

function mug(locationId) {
  const variant = (color, sku, price, quantity) => ({
    optionValues: [{ optionName: 'Color', name: color }],
    sku,
    price,
    inventoryItem: { tracked: true },
    inventoryQuantities: [{ locationId, name: 'available', quantity }],
  });
  return {
    title: 'Harbour Mug',
    handle: 'harbour-mug',
    status: 'ACTIVE',
    productOptions: [{ name: 'Color', position: 1, values: [{ name: 'Green' }, { name: 'Red' }] }],
    variants: [variant('Green', 'MUG-G', '14.50', 10), variant('Red', 'MUG-R', '14.50', 4)],
  };
}

export const catalogCases = [
  ['a session by the client-credentials grant', async (w) => {
    const session = await w.login();
    w.assert.equal(session.shop, w.shop.domain);
    w.assert.match(session.scope, /write_inventory/);
    w.assert.ok(session.expires > new Date());
  }],
  ['the shop and the app', async (w) => {
    const { data, headers } = await w.request('{ shop { name myshopifyDomain currencyCode } currentAppInstallation { accessScopes { handle } } }');
    w.assert.equal(data.shop.myshopifyDomain, w.shop.domain);
    w.assert.ok(data.currentAppInstallation.accessScopes.some(({ handle }) => handle === 'write_products'));
    w.assert.deepEqual(headers['X-Shopify-Api-Version'], ['2026-07']);
  }],
  ['locations', async (w) => {
    const data = await w.data('{ locations(first: 5) { nodes { id name isActive } } locationsCount { count } }');
    w.location = data.locations.nodes[0].id;
    w.assert.equal(w.location, w.shop.location_id);
    w.assert.equal(data.locationsCount.count, data.locations.nodes.length);
  }],
  ['one location', async (w) => {
    const data = await w.data('query($id: ID!) { location(id: $id) { name address { countryCode formatted } fulfillsOnlineOrders } }', { id: w.location });
    w.assert.equal(data.location.address.countryCode, 'US');
  }],
  ['a product with options, variants and stock in one call', async (w) => {
    const { data } = await w.request(SET, { input: mug(w.location) });
    w.assert.deepEqual(data.productSet.userErrors, []);
    w.product = data.productSet.product;
    w.assert.equal(w.product.totalInventory, 14);
    w.assert.deepEqual(w.product.variants.nodes.map(({ sku }) => sku), ['MUG-G', 'MUG-R']);
    w.item = w.product.variants.nodes[0].inventoryItem.id;
  }],
  ['the same product again by its handle, without a double', async (w) => {
    const input = { ...mug(w.location), title: 'Harbour Mug, big' };
    for (const variant of input.variants) delete variant.inventoryQuantities;
    input.variants.forEach((variant, index) => { variant.id = w.product.variants.nodes[index].id; });
    const { productSet } = await w.data(SET, { input, identifier: { handle: 'harbour-mug' } });
    w.assert.deepEqual(productSet.userErrors, []);
    w.assert.equal(productSet.product.id, w.product.id);
    w.assert.equal(productSet.product.title, 'Harbour Mug, big');
    w.assert.equal(productSet.product.totalInventory, 14);
  }],
  ['two variants of the same options are refused', async (w) => {
    const input = mug(w.location);
    input.variants[1].optionValues = input.variants[0].optionValues;
    input.handle = 'twice';
    const { productSet } = await w.data(SET, { input });
    w.assert.equal(productSet.product, null);
    w.assert.deepEqual(productSet.userErrors[0].field, ['input', 'variants', '1']);
  }],
  ['list and page through products', async (w) => {
    for (const title of ['Plate', 'Bowl', 'Jug']) {
      const { productCreate } = await w.data(
        'mutation($product: ProductCreateInput!) { productCreate(product: $product) { product { id handle variants(first: 1) { nodes { title price } } } userErrors { field message } } }',
        { product: { title, status: 'DRAFT', vendor: 'Kiln', tags: ['b', 'a'], seo: { title: `${title}!` }, metafields: [{ namespace: 'custom', key: 'care', type: 'single_line_text_field', value: 'dishwasher' }] } },
      );
      w.assert.deepEqual(productCreate.userErrors, []);
      w[title] = productCreate.product.id;
    }
    const page = 'query($after: String) { products(first: 3, after: $after) { edges { cursor node { title } } pageInfo { hasNextPage endCursor } } }';
    const first = (await w.data(page, {})).products;
    w.assert.equal(first.pageInfo.hasNextPage, true);
    const second = (await w.data(page, { after: first.pageInfo.endCursor })).products;
    w.assert.deepEqual([...first.edges, ...second.edges].map(({ node }) => node.title), ['Harbour Mug, big', 'Plate', 'Bowl', 'Jug']);
    w.assert.equal(second.pageInfo.hasNextPage, false);
  }],
  ['search products', async (w) => {
    const data = await w.data('query($q: String!) { products(first: 9, query: $q, sortKey: TITLE, reverse: true) { nodes { title tags } } productsCount(query: $q) { count precision } }', { q: 'vendor:Kiln status:draft' });
    w.assert.deepEqual(data.products.nodes.map(({ title }) => title), ['Plate', 'Jug', 'Bowl']);
    w.assert.deepEqual(data.products.nodes[0].tags, ['a', 'b']);
    w.assert.deepEqual(data.productsCount, { count: 3, precision: 'EXACT' });
  }],
  ['one product, with what is rarely asked', async (w) => {
    const data = await w.data('query($id: ID!) { product(id: $id) { seo { title description } metafield(namespace: "custom", key: "care") { value type } metafields(first: 5) { nodes { key } } media(first: 5) { nodes { id } } collections(first: 2) { nodes { id } } featuredMedia { id } variantsCount { count } } }', { id: w.Plate });
    w.assert.deepEqual(data.product.seo, { title: 'Plate!', description: null });
    w.assert.deepEqual(data.product.metafield, { value: 'dishwasher', type: 'single_line_text_field' });
    w.assert.deepEqual(data.product.media.nodes, []);
    w.assert.equal(data.product.featuredMedia, null);
  }],
  ['a product by handle and by identifier', async (w) => {
    const data = await w.data('{ productByIdentifier(identifier: { handle: "plate" }) { id } productByHandle(handle: "nothing") { id } }');
    w.assert.equal(data.productByIdentifier.id, w.Plate);
    w.assert.equal(data.productByHandle, null);
  }],
  ['a title', async (w) => {
    const { productUpdate } = await w.data('mutation($product: ProductUpdateInput!) { productUpdate(product: $product) { product { title } userErrors { field message } } }', { product: { id: w.Plate, title: 'Dinner Plate' } });
    w.assert.equal(productUpdate.product.title, 'Dinner Plate');
  }],
  ['options, then variants for them', async (w) => {
    const { productOptionsCreate } = await w.data('mutation($id: ID!, $options: [OptionCreateInput!]!) { productOptionsCreate(productId: $id, options: $options) { product { options { name values } } userErrors { code field message } } }', { id: w.Bowl, options: [{ name: 'Size', values: [{ name: 'S' }, { name: 'L' }] }] });
    w.assert.deepEqual(productOptionsCreate.product.options, [{ name: 'Size', values: ['S'] }]);
    const variants = [{ optionValues: [{ optionName: 'Size', name: 'L' }], price: '9.90', inventoryItem: { sku: 'BOWL-L', tracked: true }, inventoryQuantities: [{ locationId: w.location, availableQuantity: 6 }] }];
    const { productVariantsBulkCreate } = await w.data('mutation($id: ID!, $variants: [ProductVariantsBulkInput!]!) { productVariantsBulkCreate(productId: $id, variants: $variants) { productVariants { id title sku inventoryQuantity } userErrors { code field message } } }', { id: w.Bowl, variants });
    w.assert.deepEqual(productVariantsBulkCreate.userErrors, []);
    w.bowl = productVariantsBulkCreate.productVariants[0];
    w.assert.equal(w.bowl.sku, 'BOWL-L');
  }],
  ['prices, one of them wrong', async (w) => {
    const [green, red] = w.product.variants.nodes;
    const variants = [{ id: green.id, price: '15.00' }, { id: red.id, price: '-1' }];
    const { productVariantsBulkUpdate } = await w.data('mutation($id: ID!, $variants: [ProductVariantsBulkInput!]!) { productVariantsBulkUpdate(productId: $id, variants: $variants, allowPartialUpdates: true) { productVariants { id price } userErrors { code field message } } }', { id: w.product.id, variants });
    w.assert.deepEqual(productVariantsBulkUpdate.userErrors.map(({ code, field }) => [code, ...field]), [['GREATER_THAN_OR_EQUAL_TO', 'variants', '1', 'price']]);
    w.assert.deepEqual(productVariantsBulkUpdate.productVariants.map(({ price }) => price), ['15.00', '14.50']);
  }],
  ['variants by SKU', async (w) => {
    const data = await w.data('{ productVariants(first: 5, query: "sku:\'MUG-R\' OR sku:BOWL-L") { nodes { sku selectedOptions { name value } product { handle } } } productVariantsCount(query: "sku:MUG-R") { count } }');
    w.assert.deepEqual(data.productVariants.nodes.map(({ sku }) => sku), ['MUG-R', 'BOWL-L']);
    w.assert.equal(data.productVariantsCount.count, 1);
  }],
  ['one variant, and things by id', async (w) => {
    const [green] = w.product.variants.nodes;
    const data = await w.data('query($id: ID!, $ids: [ID!]!) { productVariant(id: $id) { displayName price } node(id: $id) { __typename } nodes(ids: $ids) { __typename id ... on Product { title } } }', { id: green.id, ids: [w.product.id, 'gid://shopify/Product/1', w.item] });
    w.assert.equal(data.productVariant.price, '15.00');
    w.assert.equal(data.node.__typename, 'ProductVariant');
    w.assert.deepEqual(data.nodes.map((node) => node?.__typename ?? null), ['Product', null, 'InventoryItem']);
  }],
  ['delete a variant and a product', async (w) => {
    const { productVariantsBulkDelete } = await w.data('mutation($id: ID!, $ids: [ID!]!) { productVariantsBulkDelete(productId: $id, variantsIds: $ids) { userErrors { code field } } }', { id: w.Bowl, ids: [w.bowl.id] });
    w.assert.deepEqual(productVariantsBulkDelete.userErrors, []);
    const gone = 'mutation($id: ID!) { productDelete(input: { id: $id }) { deletedProductId userErrors { field message } } }';
    w.assert.equal((await w.data(gone, { id: w.Jug })).productDelete.deletedProductId, w.Jug);
    w.assert.deepEqual((await w.data(gone, { id: w.Jug })).productDelete, { deletedProductId: null, userErrors: [{ field: ['id'], message: 'Product does not exist' }] });
  }],
];
