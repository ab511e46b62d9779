// People at the sheet; Vendure follows.
'use strict';

const { equal, until } = require('../harness.cjs');

module.exports = async (cases, world) => {
    // Of the lab's shops as well: nothing is swept here. Before the daemon does it itself, so that they do not meet.
    equal('webhooks register', (await world.run('webhooks', 'register')).status, 0);
    await world.startDaemon();
    const { engine } = world;
    const price = async sku => (await engine.variant(sku)).prices[0].price;

    await cases.case('a price follows', async () => {
        await world.edit('MUG-HAR-GRN', 'Price', '13.00');
        await until('1300', async () => (await price('MUG-HAR-GRN')) === 1300);
        equal('its neighbour', await price('MUG-HAR-CHK'), 1450);
    });

    await cases.case('a price of whole units and one of zero cents', async () => {
        await world.edit('BLK-WOL-01', 'Price', '120');
        await world.edit('BOX-GFT', 'Price', '0.05');
        await until('12000', async () => (await price('BLK-WOL-01')) === 12_000);
        await until('5', async () => (await price('BOX-GFT')) === 5);
    });

    await cases.case('a title renames the product and its variants, and keeps the slug', async () => {
        for (const key of ['TOT-NAT', 'TOT-RUS']) {
            await world.edit(key, 'Title', 'Harbour Tote');
        }
        await until('renamed', async () => {
            const { name, product } = await engine.variant('TOT-RUS');
            return (name === 'Harbour Tote Rust' && product.name === 'Harbour Tote') || [name, product.name];
        });
        equal('slug', (await engine.variant('TOT-RUS')).product.slug, 'market-tote');
    });

    await cases.case('stock that is typed arrives everywhere', async () => {
        await world.edit('SPN-WAL', 'Stock', '31');
        await world.everywhere('SPN-WAL', 31);
        await world.edit('SPN-WAL', 'Stock', '0');
        await world.everywhere('SPN-WAL', 0);
        // Not 27 again: a number that was left a moment ago may be a stale answer, so it waits (docs/guarantees.md).
        await world.edit('SPN-WAL', 'Stock', '28');
        await world.everywhere('SPN-WAL', 28);
    });

    await cases.case('stock of many rows at once', async () => {
        const rows = [...(await world.rows())].slice(0, 12);
        const wanted = rows.map(([key, row]) => [key, row.stock + 5]);
        await Promise.all(wanted.map(([key, stock]) => world.edit(key, 'Stock', String(stock))));
        for (const [key, stock] of wanted) {
            await world.everywhere(key, stock);
        }
    });

    await cases.case('a new row becomes a simple product with its stock', async () => {
        await world.insert({ Title: 'Rope Mat', SKU: 'MAT-ROP', Price: 22.5, Stock: 6 });
        await until('made', async () => (await engine.available('MAT-ROP')) === 6);
        const variant = await engine.variant('MAT-ROP');
        equal('slug', variant.product.slug, 'rope-mat-mat-rop');
        equal('price', variant.prices[0].price, 2250);
    });

    await cases.case('a SKU follows, and its variant and stock stay', async () => {
        const before = await engine.variant('MAT-ROP');
        await world.edit('MAT-ROP', 'SKU', 'MAT-JUTE');
        await until('the new SKU', async () => (await engine.variant('MAT-JUTE'))?.id === before.id);
        equal('nothing is called MAT-ROP any more', await engine.variant('MAT-ROP'), undefined);
        await world.edit('MAT-JUTE', 'Stock', '9');
        await world.everywhere('MAT-JUTE', 9);
    });

    await cases.case('a new row of a known handle becomes a variant, with a new option', async () => {
        await world.insert({
            Handle: 'harbour-mug', Title: 'Harbour Mug', 'Option1 Name': 'Glaze', 'Option1 Value': 'Ochre',
            SKU: 'MUG-HAR-OCH', Price: 14.5, Stock: 3,
        });
        await until('made', async () => (await engine.available('MUG-HAR-OCH')) === 3);
        const [ochre, green] = [await engine.variant('MUG-HAR-OCH'), await engine.variant('MUG-HAR-GRN')];
        equal('product', ochre.product.id, green.product.id);
        equal('name', ochre.name, 'Harbour Mug Ochre');
    });

    await cases.case('a new product with variants of two options', async () => {
        for (const [colour, size, sku] of [['Sand', 'S', 'SCK-S-S'], ['Sand', 'L', 'SCK-S-L'], ['Moss', 'S', 'SCK-M-S']]) {
            await world.insert({
                Handle: 'wool-socks', Title: 'Wool Socks', 'Option1 Name': 'Colour', 'Option1 Value': colour,
                'Option2 Name': 'Size', 'Option2 Value': size, SKU: sku, Price: 16, Stock: 8,
            });
        }
        for (const sku of ['SCK-S-S', 'SCK-S-L', 'SCK-M-S']) {
            await world.everywhere(sku, 8);
        }
        equal('name', (await engine.variant('SCK-S-L')).name, 'Wool Socks Sand L');
    });

    await cases.case('rows that are sorted meanwhile change nothing', async () => {
        const before = [...(await engine.variants()).values()].map(({ id, name, prices }) => [id, name, prices]);
        await world.control('POST', '/sheet/sort', { header: 'Price', ascending: false });
        await world.edit('KTL-ENA-15', 'Stock', '4');
        await world.everywhere('KTL-ENA-15', 4);
        const after = [...(await engine.variants()).values()].map(({ id, name, prices }) => [id, name, prices]);
        equal('variants', after, before);
    });
};
