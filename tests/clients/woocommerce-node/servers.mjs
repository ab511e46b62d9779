// What stands around the lab in this suite: a web server that ends TLS in front of it, and a receiver of webhooks.
import http from 'node:http';
import https from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';

/// Listen on a free port.
const listen = (server) => new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server.address().port)));

/// Serve `target` over https, as real sites are: X-Forwarded-Proto says so.
export async function front(target, pems) {
  const to = new URL(target);
  const server = https.createServer({ key: pems.private, cert: pems.cert }, (request, response) => {
    const headers = { ...request.headers, host: to.host, 'x-forwarded-proto': 'https' };
    const options = { host: to.hostname, port: to.port, method: request.method, path: request.url, headers };
    const back = http.request(options, (answer) => {
      response.writeHead(answer.statusCode, answer.headers);
      answer.pipe(response);
    });
    back.on('error', () => response.destroy());
    request.pipe(back);
  });
  const port = await listen(server);
  return { url: `https://127.0.0.1:${port}`, close: () => server.close() };
}

/// Somebody who receives webhooks; keeps headers and raw bodies.
export async function ear() {
  const heard = [];
  const server = http.createServer((request, response) => {
    const parts = [];
    request.on('data', (part) => parts.push(part));
    request.on('end', () => {
      heard.push({ version: request.httpVersion, headers: request.headers, body: Buffer.concat(parts) });
      response.end();
    });
  });
  const port = await listen(server);
  /// The first delivery of a topic whose body fits, within ten seconds.
  const wait = async (topic, fits = () => true) => {
    for (let tries = 0; tries < 200; tries += 1) {
      const found = heard.find(
        (one) => one.headers['x-wc-webhook-topic'] === topic && fits(JSON.parse(one.body.toString())),
      );
      if (found) return found;
      await sleep(50);
    }
    throw new Error(`no ${topic} came`);
  };
  return { url: `http://127.0.0.1:${port}/hook`, heard, wait, close: () => server.close() };
}
