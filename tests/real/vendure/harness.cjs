// Processes, ports, a proxy that loses answers, and the counting of cases.
'use strict';

const { execFileSync, spawn } = require('node:child_process');
const fs = require('node:fs');
const http = require('node:http');
const net = require('node:net');
const path = require('node:path');

const HERE = __dirname;

/** A port that was free a moment ago. */
function freePort() {
    return new Promise((resolve, reject) => {
        const server = net.createServer();
        server.on('error', reject);
        server.listen(0, '127.0.0.1', () => {
            const { port } = server.address();
            server.close(() => resolve(port));
        });
    });
}

const sleep = millis => new Promise(resolve => setTimeout(resolve, millis));

/** Look until it is so; says what was seen last when it never is. */
async function until(what, look, patience = 20_000) {
    const end = Date.now() + patience;
    let last;
    for (;;) {
        try {
            last = await look();
            if (last === true) {
                return;
            }
        } catch (error) {
            last = error.message;
        }
        if (Date.now() > end) {
            throw new Error(`${what}: not so after ${patience / 1000} s; last seen: ${JSON.stringify(last)}`);
        }
        await sleep(50);
    }
}

function equal(what, got, expected) {
    if (JSON.stringify(got) !== JSON.stringify(expected)) {
        throw new Error(`${what}: ${JSON.stringify(got)}, expected ${JSON.stringify(expected)}`);
    }
}

function contains(text, part) {
    if (!String(text).includes(part)) {
        throw new Error(`"${part}" is not in: ${text}`);
    }
}

/** Started processes, so that none outlives the suite. */
const running = new Set();

function start(command, args, options, name, log) {
    const out = fs.openSync(log, 'a');
    const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', out] });
    child.stdout.on('data', data => fs.writeSync(out, data));
    child.name = name;
    child.ended = new Promise(resolve => child.on('exit', code => resolve(code)));
    running.add(child);
    void child.ended.then(() => running.delete(child));
    return child;
}

async function stop(child, signal = 'SIGTERM') {
    if (child && child.exitCode === null && child.signalCode === null) {
        child.kill(signal);
        await child.ended;
    }
}

async function stopAll() {
    await Promise.all([...running].map(child => stop(child, 'SIGKILL')));
}

/** Install the pinned engine into the kept folder, unless these very versions are there. */
function install(work) {
    const wanted = fs.readFileSync(path.join(HERE, 'package.json'), 'utf8');
    const mark = path.join(work, 'installed.json');
    if (!fs.existsSync(mark) || fs.readFileSync(mark, 'utf8') !== wanted) {
        console.log('installing the engine (some minutes, once)');
        fs.writeFileSync(path.join(work, 'package.json'), wanted);
        execFileSync('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: work, stdio: 'inherit' });
        fs.writeFileSync(mark, wanted);
    }
    for (const file of ['tsconfig.json', 'server.cjs']) {
        fs.copyFileSync(path.join(HERE, file), path.join(work, file));
    }
}

/**
 * Between shelfd and the engine: counts GraphQL operations and, when asked, does the work and loses the answer, or answers
 * with an error before doing anything.
 */
class Proxy {
    constructor(target) {
        this.target = target;
        this.calls = new Map();
        this.faults = [];
        this.sockets = new Set();
    }

    /**
     * `kind` is drop_after, drop_before, html, status, or stranger (a session that the engine does not know); it meets the
     * next `times` calls of that operation.
     */
    fault(operation, kind, times = 1) {
        this.faults.push({ operation, kind, times });
    }

    /** Operations that were to meet a fault and were never called. */
    unmet() {
        return this.faults.filter(fault => fault.times > 0).map(fault => fault.operation);
    }

    async listen() {
        this.server = http.createServer((request, response) => void this.pass(request, response));
        this.server.on('connection', socket => {
            this.sockets.add(socket);
            socket.on('close', () => this.sockets.delete(socket));
        });
        await new Promise(resolve => this.server.listen(0, '127.0.0.1', resolve));
        this.url = `http://127.0.0.1:${this.server.address().port}`;
    }

    close() {
        this.sockets.forEach(socket => socket.destroy());
        this.server.close();
    }

    async pass(request, response) {
        const chunks = [];
        for await (const chunk of request) {
            chunks.push(chunk);
        }
        const body = Buffer.concat(chunks);
        const operation = JSON.parse(body.toString()).operationName;
        this.calls.set(operation, (this.calls.get(operation) ?? 0) + 1);
        const fault = this.faults.find(one => one.operation === operation && one.times > 0);
        if (fault) {
            fault.times -= 1;
        }
        if (fault?.kind === 'drop_before') {
            return request.socket.destroy();
        }
        if (fault?.kind === 'html') {
            return response.writeHead(200, { 'content-type': 'text/html' }).end('<!DOCTYPE html><p>Just a moment');
        }
        if (fault?.kind === 'status') {
            return response.writeHead(503).end('busy');
        }
        const { host, connection, ...headers } = request.headers;
        if (fault?.kind === 'stranger') {
            headers.authorization = 'Bearer 0123456789abcdef';
        }
        try {
            const answer = await fetch(this.target + request.url, { method: request.method, headers, body });
            const text = Buffer.from(await answer.arrayBuffer());
            if (fault?.kind === 'drop_after') {
                return request.socket.destroy();
            }
            const passed = ['content-type', 'vendure-auth-token'].filter(name => answer.headers.has(name));
            const named = Object.fromEntries(passed.map(name => [name, answer.headers.get(name)]));
            const cookies = answer.headers.getSetCookie();
            response.writeHead(answer.status, cookies.length ? { ...named, 'set-cookie': cookies } : named).end(text);
        } catch {
            request.socket.destroy();
        }
    }
}

/** Runs cases in order; a case that fails does not stop those after it. */
class Cases {
    constructor() {
        this.passed = [];
        this.failed = [];
    }

    async case(name, run) {
        const number = this.passed.length + this.failed.length + 1;
        try {
            await run();
            this.passed.push(name);
            console.log(`ok ${number} ${name}`);
        } catch (error) {
            this.failed.push(name);
            console.log(`not ok ${number} ${name}\n    ${error.stack.split('\n').slice(0, 4).join('\n    ')}`);
        }
    }
}

module.exports = { Cases, Proxy, contains, equal, freePort, install, sleep, start, stop, stopAll, until };
