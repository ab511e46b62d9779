// The whole world of the suite: the lab (the sheet and two other shops), the real Vendure, shelfd between them.
'use strict';

const { execFile, execFileSync, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const { Proxy, freePort, install, start, stop, until } = require('./harness.cjs');
const { Engine } = require('./engine.cjs');

const SECRET = 'whsec_c2hlbGZkIGFuZCBhIHJlYWwgVmVuZHVyZSAz';
const NAME = 'vendure-real';

class World {
    static async create() {
        const world = new World();
        world.work = process.env.WORK ?? path.join(__dirname, '../../../target/real/vendure');
        world.shelfd = process.env.SHELFD;
        fs.mkdirSync(world.work, { recursive: true });
        install(world.work);
        world.dir = fs.mkdtempSync(path.join(world.work, 'run-'));
        for (const port of ['engine', 'listener', 'admin']) {
            world[`${port}Port`] = await freePort();
        }
        world.engine = new Engine(`http://127.0.0.1:${world.enginePort}`);
        world.proxy = new Proxy(world.engine.url);
        await world.proxy.listen();
        return world;
    }

    /** Print the plugin with shelfd and compile it against the engine's own types, strictly. */
    buildPlugin() {
        const project = path.join(this.work, 'project');
        fs.rmSync(project, { recursive: true, force: true });
        execFileSync(this.shelfd, ['webhooks', 'snippet', 'vendure', '--into', project], { stdio: 'pipe' });
        const built = spawnSync('npx', ['tsc', '-p', '.'], { cwd: this.work, encoding: 'utf8' });
        if (built.status !== 0) {
            throw new Error(`the plugin does not compile: ${built.stdout}`);
        }
    }

    async startEngine(more = {}) {
        const env = {
            ...process.env,
            PORT: this.enginePort,
            DB: path.join(this.dir, 'vendure.sqlite'),
            HOOK_URL: `${this.listener}/webhooks/${NAME}`,
            HOOK_SECRET: SECRET,
            TOKENS: 'cookie,bearer',
            ...more,
        };
        const log = path.join(this.dir, 'engine.log');
        this.engineProcess = start('node', ['server.cjs'], { cwd: this.work, env }, 'engine', log);
        const ready = new Promise(resolve => {
            this.engineProcess.stdout.on('data', data => data.toString().includes('ready') && resolve(true));
        });
        const first = await Promise.race([ready, this.engineProcess.ended]);
        if (first !== true) {
            throw new Error(`the engine ended (${first}): ${fs.readFileSync(log, 'utf8').slice(-2000)}`);
        }
    }

    stopEngine(signal) {
        return stop(this.engineProcess, signal);
    }

    get listener() {
        return `http://127.0.0.1:${this.listenerPort}`;
    }

    async startLab() {
        const args = ['lab', '--no-quota', '--write-config', this.dir];
        this.labProcess = start(this.shelfd, args, {}, 'lab', path.join(this.dir, 'lab.log'));
        this.lab = await new Promise((resolve, reject) => {
            let text = '';
            this.labProcess.stdout.on('data', data => {
                text += data;
                if (text.includes('\n')) {
                    resolve(JSON.parse(text.split('\n')[0]));
                }
            });
            void this.labProcess.ended.then(code => reject(new Error(`the lab ended (${code})`)));
        });
        this.writeConfig();
    }

    /** The lab's own configuration, quicker, on free ports, with the Vendure shop added. */
    writeConfig({ url = this.proxy.url, password = 'superadmin' } = {}) {
        this.config = path.join(this.dir, 'shelfd.toml');
        const base = path.join(this.dir, 'lab.toml');
        if (!fs.existsSync(base)) {
            fs.renameSync(this.config, base);
        }
        const secret = (name, value) => {
            const file = path.join(this.dir, name);
            fs.writeFileSync(file, value);
            return `{ file = ${JSON.stringify(file)} }`;
        };
        const text = fs
            .readFileSync(base, 'utf8')
            .replaceAll('127.0.0.1:8080', `127.0.0.1:${this.listenerPort}`)
            .replaceAll('127.0.0.1:9090', `127.0.0.1:${this.adminPort}`)
            // Rarely swept, so that what arrives has come by webhook.
            .replace('[sheet]\n', '[schedule]\nsweep = "0 0 0 1 1 *"\n\n[sheet]\nsettle_secs = 0.1\npoll_secs = 0.2\n');
        const shop = [
            '[[shops]]',
            `name = "${NAME}"`,
            'kind = "vendure"',
            `url = "${url}"`,
            'username = "superadmin"',
            `password = ${secret('vendure-password', password)}`,
            `webhook_secret = ${secret('vendure-webhook-secret', SECRET)}`,
        ];
        fs.writeFileSync(this.config, `${text}\n${shop.join('\n')}\n`);
    }

    /** Run a command of shelfd to its end. Not `spawnSync`: the proxy must go on answering. */
    run(...args) {
        return new Promise(resolve => {
            const options = { encoding: 'utf8', timeout: 60_000 };
            execFile(this.shelfd, [...args, '--config', this.config], options, (error, stdout, stderr) => {
                resolve({ status: error ? (error.code ?? error.signal) : 0, text: `${stdout}${stderr}` });
            });
        });
    }

    /** As a merchant who has mended the cause: try what was given up on for this SKU again. */
    async replay(sku) {
        const { text } = await this.run('dead', 'list', '--json');
        for (const { id } of JSON.parse(text).filter(letter => letter.sku === sku)) {
            await this.run('dead', 'replay', String(id));
        }
    }

    async startDaemon() {
        const log = path.join(this.dir, 'shelfd.log');
        this.daemon = start(this.shelfd, ['run', '--config', this.config], {}, 'shelfd', log);
        await until('shelfd is ready', async () => {
            const answer = await fetch(`http://127.0.0.1:${this.adminPort}/readyz`);
            return answer.ok || answer.status;
        });
    }

    stopDaemon(signal) {
        return stop(this.daemon, signal);
    }

    /** Call the lab's control API (docs/lab.md). */
    async control(method, call, body) {
        const headers = { 'content-type': 'application/json' };
        const answer = await fetch(this.lab.control + call, { method, headers, body: body && JSON.stringify(body) });
        const json = await answer.json();
        if (!answer.ok) {
            throw new Error(`${call}: ${json.error}`);
        }
        return json;
    }

    edit(key, header, value) {
        return this.control('POST', '/sheet/edit', { key, header, value });
    }

    insert(cells) {
        return this.control('POST', '/sheet/insert', { cells });
    }

    async rows() {
        const { rows } = await this.control('GET', '/state?grid=false');
        return new Map(rows.map(row => [row.key, row]));
    }

    async row(key) {
        return (await this.rows()).get(key);
    }

    /** Stock of one SKU wherever it is kept. */
    async stock(sku) {
        const { skus } = await this.control('GET', '/state?grid=false');
        const { sheet, shops } = skus[sku];
        const others = Object.values(shops).map(shop => shop.stock);
        return [sheet[0].stock, await this.engine.available(sku), ...others];
    }

    /** Wait until the sheet, Vendure and the other shops all show this stock. */
    everywhere(sku, expected, patience) {
        return until(`${sku} is ${expected} everywhere`, async () => {
            const stock = await this.stock(sku);
            return stock.every(one => one === expected) || stock;
        }, patience);
    }

    log(name) {
        return fs.readFileSync(path.join(this.dir, `${name}.log`), 'utf8');
    }
}

module.exports = { NAME, SECRET, World };
