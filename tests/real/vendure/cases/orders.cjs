// Shoppers and staff at Vendure; the sheet and the other shops follow, by webhook.
'use strict';

const { equal, sleep, until } = require('../harness.cjs');

module.exports = async (cases, world) => {
    const { engine } = world;
    let order;

    await cases.case('an order that is paid takes its units everywhere', async () => {
        await world.everywhere('TWL-STR-3', 45);
        order = await engine.buy({ 'TWL-STR-3': 3 });
        equal('state', order.state, 'PaymentSettled');
        await world.everywhere('TWL-STR-3', 42);
    });

    await cases.case('shipping it moves nothing', async () => {
        await engine.fulfil(order);
        const { stockOnHand, stockAllocated } = (await engine.variant('TWL-STR-3')).stockLevels[0];
        equal('on hand, allocated', [stockOnHand, stockAllocated], [42, 0]);
        await sleep(1000);
        await world.everywhere('TWL-STR-3', 42);
    });

    await cases.case('a return after shipping gives the unit back', async () => {
        await engine.cancel(order, 1);
        await world.everywhere('TWL-STR-3', 43);
    });

    await cases.case('a refund alone moves nothing', async () => {
        await engine.refund(await engine.order(order.id), 100);
        await sleep(1000);
        await world.everywhere('TWL-STR-3', 43);
    });

    await cases.case('an order whose payment is only authorised takes its units too', async () => {
        order = await engine.buy({ 'CDL-BEE-10': 4 }, 'authorized');
        equal('state', order.state, 'PaymentAuthorized');
        await world.everywhere('CDL-BEE-10', 31);
    });

    await cases.case('cancelling a part gives that part back', async () => {
        await engine.cancel(order, 1);
        await world.everywhere('CDL-BEE-10', 32);
    });

    await cases.case('cancelling the order gives the rest back', async () => {
        await engine.cancel(await engine.order(order.id));
        await world.everywhere('CDL-BEE-10', 35);
    });

    await cases.case('an order of several articles', async () => {
        await engine.buy({ 'NTB-PLN': 2, 'NTB-DOT': 1, '00417': 6 });
        await world.everywhere('NTB-PLN', 18);
        await world.everywhere('NTB-DOT', 30);
        await world.everywhere('00417', 30);
    });

    await cases.case('a cart that is not paid takes nothing', async () => {
        const { id } = await engine.variant('JMP-FSH-S');
        await engine.send('shop-api', 'AddItem', { id, quantity: 2 });
        await sleep(500);
        equal('stock', await engine.available('JMP-FSH-S'), (await world.row('JMP-FSH-S')).stock);
    });

    await cases.case('the last units are sold, and nobody can buy more anywhere', async () => {
        await world.everywhere('JMP-FSH-XL', 2);
        await engine.buy({ 'JMP-FSH-XL': 2 });
        await world.everywhere('JMP-FSH-XL', 0);
        const refused = await engine.buy({ 'JMP-FSH-XL': 1 }).then(() => 'sold', error => error.message);
        equal('Vendure', refused.includes('INSUFFICIENT_STOCK_ERROR'), true);
        const sold = { shop: 'shopify-lab', sku: 'JMP-FSH-XL', quantity: 1 };
        equal('the other', await world.control('POST', '/sell', sold).then(() => 'sold', () => 'refused'), 'refused');
    });

    await cases.case('a sale in another shop takes its units from Vendure', async () => {
        await world.control('POST', '/sell', { shop: 'shopify-lab', sku: 'SPN-WAL', quantity: 2 });
        await world.everywhere('SPN-WAL', 26);
        await world.control('POST', '/sell', { shop: 'woo-lab', sku: 'SPN-WAL', quantity: 3 });
        await world.everywhere('SPN-WAL', 23);
    });

    await cases.case('units that orders hold stay allocated when stock is written', async () => {
        await engine.buy({ 'SPN-WAL': 2 });
        await world.everywhere('SPN-WAL', 21);
        await world.edit('SPN-WAL', 'Stock', '50');
        await world.everywhere('SPN-WAL', 50);
        const { stockOnHand, stockAllocated } = (await engine.variant('SPN-WAL')).stockLevels[0];
        equal('on hand, allocated', [stockOnHand, stockAllocated], [52, 2]);
    });

    await cases.case('what staff count in Vendure is taken over', async () => {
        await engine.staff('SPN-WAL', { stockOnHand: 40 });
        await world.everywhere('SPN-WAL', 38);
    });

    await cases.case('a price that staff change in Vendure is put back at the next full look, because the sheet owns it', async () => {
        await engine.staff('SPN-WAL', { prices: [{ currencyCode: 'USD', price: 999 }] });
        await world.stopDaemon();
        await world.startDaemon();
        await until('1100', async () => (await engine.variant('SPN-WAL')).prices[0].price === 1100);
    });

    await cases.case('from a sale to the sheet in well under two seconds', async () => {
        const waits = [];
        for (let round = 0; round < 5; round++) {
            const { stock } = await world.row('TWL-STR-3');
            await engine.buy({ 'TWL-STR-3': 1 });
            const from = Date.now();
            await until('sold', async () => (await world.row('TWL-STR-3')).stock === stock - 1);
            waits.push(Date.now() - from);
        }
        const slowest = Math.max(...waits);
        if (slowest > 2000) {
            throw new Error(`${waits.join(', ')} ms`);
        }
    });
};
