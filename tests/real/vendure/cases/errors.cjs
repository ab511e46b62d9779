// Bad items are refused by themselves; what the engine or the network does wrong is waited out.
'use strict';

const { contains, equal, until } = require('../harness.cjs');

module.exports = async (cases, world) => {
    const { engine } = world;
    const price = async sku => (await engine.variant(sku))?.prices[0].price;

    await cases.case('a price of three decimals is refused in its row, the rest goes on', async () => {
        await world.edit('BRD-OAK-40', 'Price', '31.999');
        await world.edit('TWL-STR-3', 'Price', '19.90');
        await until('1990', async () => (await price('TWL-STR-3')) === 1990);
        await until('refused', async () => {
            const { status, error } = await world.row('BRD-OAK-40');
            return `${status} ${error}`.includes('decimals') || [status, error];
        });
        equal('kept', await price('BRD-OAK-40'), 3200);
        await world.edit('BRD-OAK-40', 'Price', '33.00');
        await until('3300', async () => (await price('BRD-OAK-40')) === 3300);
        await until('Synced', async () => (await world.row('BRD-OAK-40')).status === 'Synced');
    });

    await cases.case('one variant that is gone does not hold up the nine beside it', async () => {
        const { id } = await engine.variant('KTL-ENA-15');
        await engine.admin('DeleteVariant', { id });
        const others = ['MUG-HAR-GRN', 'MUG-HAR-CHK', 'APR-FLX-R', 'APR-FLX-L', 'CDL-BEE-10', 'CDL-BEE-20', 'NTB-PLN', 'NTB-DOT', '00417'];
        await Promise.all([...others, 'KTL-ENA-15'].map(key => world.edit(key, 'Price', '21.00')));
        for (const sku of others) {
            await until(`${sku} is 2100`, async () => (await price(sku)) === 2100);
        }
    });

    await cases.case('and is made again, with its stock', async () => {
        const { stock } = await world.row('KTL-ENA-15');
        await until('there', async () => (await engine.available('KTL-ENA-15')) === stock, 60_000);
    });

    await cases.case('a row whose options do not fit its product is refused in plain words', async () => {
        await world.insert({
            Handle: 'harbour-mug', Title: 'Harbour Mug', 'Option1 Name': 'Size', 'Option1 Value': 'Big',
            SKU: 'MUG-BIG', Price: 14.5, Stock: 1,
        });
        await until('refused', async () => {
            const { status, error } = await world.row('MUG-BIG');
            return `${status} ${error}`.includes('options') || [status, error];
        });
        equal('not made', await engine.variant('MUG-BIG'), undefined);
    });

    await cases.case('stock that Vendure does not track is left alone', async () => {
        await engine.staff('BOX-GFT', { trackInventory: 'FALSE' });
        const before = (await engine.variant('BOX-GFT')).stockLevels[0].stockOnHand;
        await world.edit('BOX-GFT', 'Stock', '11');
        await until('the other shop has it', async () => (await world.stock('BOX-GFT'))[2] === 11);
        equal('Vendure', (await engine.variant('BOX-GFT')).stockLevels[0].stockOnHand, before);
        await engine.staff('BOX-GFT', { trackInventory: 'TRUE' });
        await world.replay('BOX-GFT');
        await world.everywhere('BOX-GFT', 11, 30_000);
    });

    for (const [kind, words] of [
        ['drop_after', 'whose answer is lost is done once'],
        ['drop_before', 'that never arrives is sent again'],
        ['status', 'that meets a busy server is sent again'],
        ['html', 'that meets a page of HTML is sent again'],
    ]) {
        await cases.case(`a stock write ${words}`, async () => {
            const { stock } = await world.row('CDL-BEE-20');
            world.proxy.fault('AdjustStock', kind);
            await world.control('POST', '/sell', { shop: 'shopify-lab', sku: 'CDL-BEE-20', quantity: 2 });
            await world.everywhere('CDL-BEE-20', stock - 2, 30_000);
            const { items } = (await engine.variant('CDL-BEE-20')).stockMovements;
            equal('faults that were not met', world.proxy.unmet(), []);
            equal('last movement', items.filter(item => item.type === 'ADJUSTMENT').at(-1).quantity, -2);
        });
    }

    await cases.case('a stock write is lost and a sale of as many units falls in: both count', async () => {
        const { stock } = await world.row('CDL-BEE-20');
        world.proxy.fault('AdjustStock', 'drop_before', 2);
        await world.control('POST', '/sell', { shop: 'shopify-lab', sku: 'CDL-BEE-20', quantity: 2 });
        await engine.buy({ 'CDL-BEE-20': 2 });
        await world.everywhere('CDL-BEE-20', stock - 4, 30_000);
        equal('faults that were not met', world.proxy.unmet(), []);
    });

    for (const operation of ['CreateProduct', 'CreateOptionGroup', 'AddOptionGroup', 'CreateVariants']) {
        await cases.case(`the answer to ${operation} is lost: one product all the same`, async () => {
            const sku = `LOST-${operation}`.toUpperCase();
            world.proxy.fault(operation, 'drop_after');
            await world.insert({
                Handle: sku.toLowerCase(), Title: `Lost ${operation}`, 'Option1 Name': 'Size', 'Option1 Value': 'M', SKU: sku, Price: 9, Stock: 2,
            });
            await until('made', async () => (await engine.available(sku)) === 2, 60_000);
            const { products } = await engine.admin('AllProducts');
            const named = products.items.filter(product => product.name === `Lost ${operation}`);
            equal('faults that were not met', world.proxy.unmet(), []);
            equal('products and variants', named.map(product => product.variants.length), [1]);
        });
    }

    await cases.case('a session that the server has forgotten is renewed', async () => {
        const before = world.proxy.calls.get('Login');
        world.proxy.fault('UpdateVariants', 'stranger');
        await world.edit('TWL-STR-3', 'Price', '20.00');
        await until('2000', async () => (await price('TWL-STR-3')) === 2000);
        equal('log-ins', world.proxy.calls.get('Login') > before, true);
    });

    await cases.case('status tells of nothing but the row that was refused', async () => {
        const { text } = await world.run('dead', 'list');
        contains(text, 'MUG-BIG');
    });
};
