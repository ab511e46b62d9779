// What shoppers and staff do in the real Vendure, through its own APIs.
'use strict';

const { readFileSync } = require('node:fs');
const path = require('node:path');

const documents = readFileSync(path.join(__dirname, 'engine.graphql'), 'utf8');

/** The one document of this name, without the others. */
function document(name) {
    const parts = documents.split(/^# ----$/m);
    const found = parts.find(part => new RegExp(`(query|mutation) ${name}\\b`).test(part));
    if (!found) {
        throw new Error(`no document ${name}`);
    }
    return found;
}

class Engine {
    constructor(url) {
        this.url = url;
        this.token = undefined;
    }

    async send(api, name, variables, token) {
        const headers = { 'content-type': 'application/json', ...(token ? { authorization: `Bearer ${token}` } : {}) };
        const body = JSON.stringify({ query: document(name), variables });
        const answer = await fetch(`${this.url}/${api}`, { method: 'POST', headers, body });
        const { data, errors } = await answer.json();
        if (errors) {
            throw new Error(`${name}: ${errors[0].message}`);
        }
        for (const result of Object.values(data)) {
            if (result?.errorCode) {
                throw new Error(`${name}: ${result.errorCode}: ${result.message} ${result.transitionError ?? ''}`);
            }
        }
        return { data, token: answer.headers.get('vendure-auth-token') };
    }

    async admin(name, variables = {}) {
        if (!this.token) {
            this.token = (await this.send('admin-api', 'StaffLogin', {})).token;
        }
        return (await this.send('admin-api', name, variables, this.token)).data;
    }

    /** Everything that is for sale, by SKU. */
    async variants() {
        const { productVariants } = await this.admin('AllVariants');
        return new Map(productVariants.items.map(variant => [variant.sku, variant]));
    }

    async variant(sku) {
        const { productVariants } = await this.admin('VariantBySku', { sku });
        return productVariants.items[0];
    }

    async available(sku) {
        const variant = await this.variant(sku);
        return variant && variant.stockLevels[0].stockOnHand - variant.stockLevels[0].stockAllocated;
    }

    /** A guest buys: cart, address, shipping, payment. `method` is settled or authorized. */
    async buy(items, method = 'settled') {
        let token;
        const shop = async (name, variables) => {
            const answer = await this.send('shop-api', name, variables, token);
            token ??= answer.token;
            return answer.data;
        };
        for (const [sku, quantity] of Object.entries(items)) {
            const { id } = await this.variant(sku);
            await shop('AddItem', { id, quantity });
        }
        const address = { fullName: 'A. Guest', streetLine1: 'Hafen 1', city: 'Kiel', postalCode: '24103', countryCode: 'DE' };
        const guest = `${Math.random().toString(36).slice(2)}@example.com`;
        await shop('SetCustomer', { input: { firstName: 'A.', lastName: 'Guest', emailAddress: guest } });
        await shop('SetAddress', { input: address });
        const { eligibleShippingMethods } = await shop('Shipping', {});
        await shop('SetShipping', { ids: [eligibleShippingMethods[0].id] });
        await shop('ToPayment', {});
        const { addPaymentToOrder: order } = await shop('Pay', { input: { method, metadata: {} } });
        return this.order(order.id);
    }

    async order(id) {
        return (await this.admin('OneOrder', { id })).order;
    }

    /** Pack and ship the whole order. */
    async fulfil(order) {
        const lines = order.lines.map(({ id, quantity }) => ({ orderLineId: id, quantity }));
        const handler = { code: 'manual-fulfillment', arguments: [{ name: 'method', value: 'Post' }, { name: 'trackingCode', value: '1' }] };
        const { addFulfillmentToOrder: fulfilment } = await this.admin('Fulfil', { input: { lines, handler } });
        await this.admin('Ship', { id: fulfilment.id, state: 'Shipped' });
    }

    /** Cancel the whole order, or so many of its first line; after shipping this is a return. */
    async cancel(order, quantity) {
        const lines = quantity && [{ orderLineId: order.lines[0].id, quantity }];
        const input = { orderId: order.id, reason: 'test', cancelShipping: !quantity, ...(lines ? { lines } : {}) };
        await this.admin('Cancel', { input });
    }

    /** Pay back without taking anything back. */
    async refund(order, amount) {
        const input = { paymentId: order.payments[0].id, amount, lines: [], shipping: 0, adjustment: 0, reason: 'goodwill' };
        await this.admin('Refund', { input });
    }

    /** Staff type into Vendure's own fields. */
    async staff(sku, fields) {
        const { id } = await this.variant(sku);
        await this.admin('StaffUpdate', { input: [{ id, ...fields }] });
    }

    async adjust(key, changes) {
        return (await this.admin('Adjust', { key, changes })).shelfdAdjustStock;
    }
}

module.exports = { Engine };
